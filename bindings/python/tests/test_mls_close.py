"""close() of key packages, commits and groups: what is called then, what goes on, what is under way."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any, Callable, Dict, List, Optional, Tuple

import mychat
import mychat.mls as mls
import pytest
from mls_people import Person, found

HANDSHAKE = b"not read"

# Of each class what may be called, with arguments that would do; None: it is no call on a handle.
CALLS: Dict[type, Dict[str, Optional[Callable[[Any], Any]]]] = {
    mls.KeyPackage: {
        "create": None, "load": None, "close": None, "closed": None,
        "message": lambda it: it.message,
        "ref": lambda it: it.ref,
        "is_last_resort": lambda it: it.is_last_resort,
        "save": lambda it: it.save(),
        "join_proposal": lambda it: it.join_proposal(b"group", 1),
    },
    mls.Commit: {
        "close": None, "closed": None,
        "message": lambda it: it.message,
        "welcome": lambda it: it.welcome,
        "summary": lambda it: it.summary,
        "save": lambda it: it.save(),
        "group": lambda it: it.group(),
    },
    mls.Group: {
        "create": None, "join": None, "join_external": None, "load": None, "close": None, "closed": None,
        "describe": lambda it: it.describe(),
        "members": lambda it: it.members(),
        "epoch_authenticator": lambda it: it.epoch_authenticator(),
        "export_secret": lambda it: it.export_secret("label"),
        "resumption_psk": lambda it: it.resumption_psk(0),
        "export_info": lambda it: it.export_info(),
        "compare": lambda it: it.compare(HANDSHAKE),
        "export_tree": lambda it: it.export_tree(),
        "protect": lambda it: it.protect(b"x"),
        "process": lambda it: it.process(HANDSHAKE),
        "propose": lambda it: it.propose(HANDSHAKE),
        "propose_update": lambda it: it.propose_update(),
        "waiting": lambda it: it.waiting(),
        "drop_waiting": lambda it: it.drop_waiting(),
        "commit": lambda it: it.commit(),
        "apply": lambda it: it.apply(Person("someone@s.example").founded().commit()),
        "reinitialise": lambda it: it.reinitialise(Person("someone@s.example").leaf, []),
        "branch": lambda it: it.branch(Person("someone@s.example").leaf, []),
        "save": lambda it: it.save(),
        "take_changes": lambda it: it.take_changes(),
    },
}


def one_of(kind: type) -> Any:
    person = Person("alice@a.example")
    if kind is mls.KeyPackage:
        return mls.KeyPackage.create(person.leaf)
    return person.founded() if kind is mls.Group else person.founded().commit()


@pytest.mark.parametrize("kind, name", [(kind, name) for kind, calls in CALLS.items() for name in calls])
def test_what_is_closed_says_so(kind: type, name: str) -> None:
    assert set(CALLS[kind]) == {name for name in dir(kind) if not name.startswith("_")}
    call = CALLS[kind][name]
    if call is None:
        return
    it = one_of(kind)
    assert not it.closed
    it.close()
    it.close()
    assert it.closed
    what = {mls.KeyPackage: "key package", mls.Commit: "commit", mls.Group: "group"}[kind]
    with pytest.raises(mychat.ClosedError, match=f"^The {what} is closed.$") as caught:
        call(it)
    operation = "mls_join_proposal" if name == "join_proposal" else f"mls_{what.replace(' ', '_')}_{name}"
    assert (caught.value.status, caught.value.domain, caught.value.operation) == (
        mychat.Status.CLOSED, mychat.Domain.API, operation,
    )
    assert repr(it) == f"<mychat.mls.{kind.__name__} closed>"


@pytest.mark.parametrize("kind", list(CALLS))
def test_with_closes(kind: type) -> None:
    with one_of(kind) as it:
        assert not it.closed and "closed" not in repr(it)
    assert it.closed
    with pytest.raises(KeyError), it, one_of(kind) as other:
        raise KeyError
    assert other.closed


def test_what_is_closed_is_no_argument() -> None:
    alice, bob = found("alice", "bob")
    package = mls.KeyPackage.create(bob.leaf)
    founded = alice.group.branch(alice.leaf, [package.message])
    welcome = founded.welcome or b""
    bob.group.close()
    with pytest.raises(mychat.ClosedError, match="The group is closed") as caught:
        mls.Group.join(bob.options, welcome, [package], predecessor=bob.group)
    assert caught.value.operation == "mls_group_join"
    package.close()
    with pytest.raises(mychat.ClosedError, match="The key package is closed"):
        mls.Group.join(bob.options, welcome, [package])
    commit = alice.group.commit()
    commit.close()
    with pytest.raises(mychat.ClosedError, match="The commit is closed") as caught:
        alice.group.apply(commit)
    assert caught.value.operation == "mls_group_apply"
    assert alice.group.describe().epoch == 1


def test_each_is_closed_by_itself() -> None:
    alice, bob = found("alice", "bob")
    commit = alice.group.commit()
    records = {record.id: record.content for record in commit.save()}
    alice.group.close()
    assert bob.group.process(commit.message).commit is not None
    assert {record.id: record.content for record in commit.save()}.keys() == records.keys()
    commit.close()
    coming = mls.Group.join_external(alice.options, bob.group.export_info(), alice.leaf, replaces=0)
    bob.group.process(coming.message)
    with coming:
        alice.group = coming.group()
    assert bob.group.process(alice.group.protect(b"x")).data == b"x"
    with bob.group:
        bob.packages.append(mls.KeyPackage.create(bob.leaf))
        founded = bob.group.branch(bob.leaf, [])
    assert founded.group().describe().member_count == 1


def test_a_group_may_be_closed_by_what_it_asks() -> None:
    """The call under way is finished, and what it gives is whole."""
    alice, bob = found("alice", "bob")
    seen: List[str] = []

    def close_it(summary: mls.Summary) -> bool:
        bob.group.close()
        assert bob.group.closed
        for call in (bob.group.describe, bob.group.take_changes):
            try:
                call()
            except mychat.ClosedError as error:
                seen.append(error.operation)
        gc.collect()
        return True

    bob.options = mls.Options(accept=bob.options.accept, accept_commit=close_it)
    bob.disk = {record.id: record.content for record in bob.group.save()}
    bob.restart()
    commit = alice.group.commit([mls.propose_remove(1)])
    got = bob.group.process(commit.message)
    assert got.commit is not None and got.commit.removed == (1,) and got.commit.removes_us
    assert seen == ["mls_group_describe", "mls_group_take_changes"] and bob.group.closed


def test_what_a_call_uses_may_be_closed_by_what_it_asks() -> None:
    alice, bob = found("alice", "bob")
    package = mls.KeyPackage.create(bob.leaf)
    founded = alice.group.branch(alice.leaf, [package.message])

    def close_all(credential: mls.Credential, key: bytes, group: bytes) -> bool:
        package.close()
        bob.group.close()
        return True

    branch, used = mls.Group.join(mls.Options(accept=close_all), founded.welcome or b"", [package], predecessor=bob.group)
    assert used is package and package.closed and bob.group.closed
    assert branch.process(founded.group().protect(b"x")).data == b"x"

    def close_alice(credential: mls.Credential, key: bytes, group: bytes) -> bool:
        alice.group.close()
        return True

    again = alice.group.branch(alice.leaf, [], options=mls.Options(accept=close_alice))
    assert alice.group.closed and again.group().describe().member_count == 1


def test_a_group_may_be_closed_under_the_call_of_another_thread() -> None:
    alice, bob = found("alice", "bob")
    asked, closed = threading.Event(), threading.Event()

    def wait(summary: mls.Summary) -> bool:
        asked.set()
        return closed.wait(60)

    bob.disk = {record.id: record.content for record in bob.group.save()}
    bob.options = mls.Options(accept=bob.options.accept, accept_commit=wait)
    bob.restart()
    got: List[mls.Received] = []
    message = alice.group.commit().message
    thread = threading.Thread(target=lambda: got.append(bob.group.process(message)))
    thread.start()
    assert asked.wait(60)
    bob.group.close()
    with pytest.raises(mychat.ClosedError):
        bob.group.describe()
    closed.set()
    thread.join()
    assert got[0].commit is not None and got[0].commit.epoch == 2


def test_all_is_closed_under_the_calls_of_many_threads() -> None:
    for _ in range(20):
        alice, bob = found("alice", "bob")
        package, commit = mls.KeyPackage.create(bob.leaf), alice.group.commit()
        ends: List[Tuple[str, str]] = []

        def call(it: Any, what: Callable[[Any], Any]) -> None:
            while True:
                try:
                    what(it)
                except mychat.InvalidStateError as error:
                    assert "in use" in str(error) or "counts already" in str(error), error
                except mychat.ClosedError as error:
                    ends.append((type(it).__name__, str(error)))
                    return

        calls: List[Tuple[Any, Callable[[Any], Any]]] = [
            (alice.group, lambda it: it.protect(b"x")), (alice.group, lambda it: it.save()), (package, lambda it: it.save()),
            (package, lambda it: it.message), (commit, lambda it: it.save()), (commit, lambda it: it.message),
        ]
        threads = [threading.Thread(target=call, args=pair) for pair in calls]
        for thread in threads:
            thread.start()
        for it in (alice.group, commit, package):
            it.close()
        for thread in threads:
            thread.join()
        assert sorted(ends) == [("Commit", "The commit is closed.")] * 2 + [("Group", "The group is closed.")] * 2 + [
            ("KeyPackage", "The key package is closed.")] * 2


def test_what_is_forgotten_in_a_cycle_goes() -> None:
    class Owner:
        group: mls.Group

        def accept(self, credential: mls.Credential, key: bytes, group: bytes) -> bool:
            return True

    owner = Owner()
    owner.group = mls.Group.create(mls.Options(accept=owner.accept), Person("alice@a.example").leaf)
    commit = owner.group.commit()
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is not None  # The commit's group would ask it.
    del commit
    gc.collect()
    assert gone() is None
