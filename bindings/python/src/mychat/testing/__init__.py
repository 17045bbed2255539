"""Throw-away nodes and users, for the tests of programs that use MyChat.

::

    import mychat.testing

    with mychat.testing.Node() as node:
        with node.user("alice") as alice, node.user("bob") as bob:
            alice.send_text(node.handle("bob"), "hello")

With pytest, the fixture ``mychat_node`` is one node for the whole run (see `mychat.testing.plugin`).
"""

from ._node import Node, find_server

__all__ = ["Node", "find_server"]
