"""The scenario of bindings/SCENARIOS.md that is about groups of MLS, between peers that use the low-level interface."""

from __future__ import annotations

from typing import Any

from driver import World
from scenarios import TEXTS, equal, fails, scenario, true


def hears(receiver: Any, message: str, text: str, name: str) -> None:
    got = receiver.mls_process(message=message)
    equal([got["content"], got["text"], got["name"]], ["application", text, name], "a message of a group")


def same_group(*peers: Any) -> None:
    states = [peer.mls_state() for peer in peers]
    for state in states:
        equal([state["epoch"], state["members"]], [states[0]["epoch"], states[0]["members"]], "the state of a group")
        equal(state["authenticator"], states[0]["authenticator"], "the epoch's authenticator")


@scenario(2)
def groups(world: World, first: str, second: str) -> None:
    a, b, c = world.peer(first), world.peer(second), world.peer(first)
    a.mls_create(name="Änne")
    made = a.mls_commit(add=b.mls_package(name="Борис")["message"])
    b.mls_join(welcome=made["welcome"])
    same_group(a, b)
    equal(b.mls_state()["members"], ["Änne", "Борис"], "members")
    for text in TEXTS:
        hears(b, a.mls_protect(text=text)["message"], text, "Änne")
        hears(a, b.mls_protect(text=text)["message"], text, "Борис")
    once = a.mls_protect(text=TEXTS[0])["message"]
    hears(b, once, TEXTS[0], "Änne")
    error = fails("REPLAY", lambda: b.mls_process(message=once), "mls_group_process", domain=4)
    true(not error["retryable"], "a replay can be sent again")
    # New keys, by both; then somebody comes in by himself, and is put out again.
    for maker, other in ((b, a), (a, b)):
        commit = maker.mls_commit()
        equal(commit["welcome"], None, "nobody was added")
        equal(other.mls_process(message=commit["commit"])["content"], "commit", "a commit")
    coming = c.mls_join_external(name="世界", group_info=b.mls_export_info()["group_info"])["commit"]
    for member in (a, b):
        equal(member.mls_process(message=coming)["sender"], 2, "who came in")
        member.mls_restart()
    same_group(a, b, c)
    hears(a, c.mls_protect(text=TEXTS[2])["message"], TEXTS[2], "世界")
    removal = b.mls_commit(remove=2)["commit"]
    for member in (a, c):
        member.mls_process(message=removal)
    fails("INVALID_STATE", lambda: c.mls_protect(text="x"), "mls_group_protect")
    same_group(a, b)
    hears(a, b.mls_protect(text=TEXTS[1])["message"], TEXTS[1], "Борис")
