"""pytest fixtures, found by pytest itself where ``mychat`` is installed."""

from __future__ import annotations

from typing import Iterator

import pytest

from . import Node


@pytest.fixture(scope="session")
def mychat_node() -> Iterator[Node]:
    """One throw-away node for the whole run. Give each test users of its own names."""
    with Node() as node:
        yield node
