"""close() of key packages, commits and groups: what is called then, what goes on, what is left in memory, ends in any order."""

from __future__ import annotations

import gc
import os
import pathlib
import subprocess
import sys
import textwrap
import threading
import weakref
from typing import Any, Callable, Dict, List, Optional, Tuple

import mychat
import mychat.mls as mls
import pytest
from mls_people import Person, found

HERE = pathlib.Path(__file__).resolve().parent
HANDSHAKE = b"not read"

# Of each class what may be called, with arguments that would do; None: it is no call on a handle.
CALLS: Dict[type, Dict[str, Optional[Callable[[Any], Any]]]] = {
    mls.KeyPackage: {
        "create": None, "load": None, "close": None, "closed": None,
        "message": lambda it: it.message,
        "ref": lambda it: it.ref,
        "is_last_resort": lambda it: it.is_last_resort,
        "save": lambda it: it.save(),
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
    what, prefix = {mls.KeyPackage: ("key package", "key_package"), mls.Commit: ("commit", "commit"), mls.Group: ("group", "group")}[kind]
    with pytest.raises(mychat.ClosedError, match=f"^The {what} is closed.$") as caught:
        call(it)
    assert (caught.value.status, caught.value.domain, caught.value.operation) == (
        mychat.Status.CLOSED, mychat.Domain.API, f"mls_{prefix}_{name}",
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


# ---- In processes of their own

PROLOGUE = """
import faulthandler, gc, os, sys, threading, time
sys.path.insert(0, sys.argv[1])
import mychat
import mychat.mls as mls
from mls_people import Person, found
faulthandler.enable()
faulthandler.dump_traceback_later(100, exit=True)
"""


def program(code: str) -> List[str]:
    return [sys.executable, "-c", PROLOGUE + textwrap.dedent(code), str(HERE)]


def run(code: str) -> None:
    done = subprocess.run(program(code), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    for word in ("Fatal", "terminate called", "Segmentation", "Traceback", "Error"):
        assert word not in done.stderr, done.stderr


ENDS = {
    "closed": "a, b = found('alice', 'bob'); a.group.close(); b.group.close()",
    "never closed": "a, b = found('alice', 'bob'); c = a.group.commit(); k = mls.KeyPackage.create(a.leaf)",
    "in a cycle": "a, b = found('alice', 'bob'); a.itself = a; a.commit = a.group.commit(); del a",
    "the module taken away": """
        a, b = found('alice', 'bob'); c = a.group.commit()
        for name in list(sys.modules):
            if name.startswith("mychat") or name == "mls_people": del sys.modules[name]
        del mychat, mls
    """,
    "an exception": "a, b = found('alice', 'bob')\ntry:\n    raise SystemExit(0)\nfinally:\n    a.group.commit()",
    "an atexit function before ours": """
        import atexit
        a, b = found('alice', 'bob')
        atexit.register(lambda: b.group.process(a.group.commit([mls.propose_add(Person("carol@c.example").publish())]).message))
    """,
    "a finaliser that calls": """
        class Last:
            def __del__(self): self.a.group.protect(b"x"); self.a.group.close()
        last = Last(); last.a, last.b = found('alice', 'bob')
        sys.last = last
    """,
    "daemon threads that call": """
        people = [Person(f"person{i}@a.example") for i in range(40)]
        a = people[0]; a.founded()
        welcome = a.group.commit([mls.propose_add(other.publish()) for other in people[1:]]).welcome
        def calls(person):
            while True:
                person.founded().commit()
                mls.Group.join(person.options, welcome, person.packages)
        for person in people[1:5]: threading.Thread(target=calls, args=[person], daemon=True).start()
        time.sleep(0.2)
    """,
    "a daemon thread that is asked": """
        asked = threading.Event()
        def accept(credential, key, group):
            asked.set(); time.sleep(0.2); mls.verify_account; return True
        leaf = Person("alice@a.example").leaf
        def calls():
            while True: mls.Group.create(mls.Options(accept=accept), leaf)
        threading.Thread(target=calls, daemon=True).start()
        asked.wait()
    """,
    "closed by a daemon thread": """
        def calls():
            while True:
                for person in found('alice', 'bob'): person.group.close()
        for _ in range(3): threading.Thread(target=calls, daemon=True).start()
        time.sleep(0.1)
    """,
    "a fork": """
        a, b = found('alice', 'bob')
        faulthandler.cancel_dump_traceback_later()  # A child's waits for ever for the thread behind it.
        child = os.fork()
        a.group.close(); b.group.protect(b"x"); del a, b; gc.collect()
        if child: assert os.waitpid(child, 0)[1] == 0
    """,
    "a fork by what is asked": """
        children = []
        def accept(credential, key, group):
            children.append(os.fork()); return True
        faulthandler.cancel_dump_traceback_later()
        with mls.Group.create(mls.Options(accept=accept), Person("alice@a.example").leaf) as group: group.protect(b"x")
        for child in children:
            if child: assert os.waitpid(child, 0)[1] == 0
    """,
}


@pytest.mark.parametrize("end", list(ENDS))
def test_the_interpreter_ends(end: str) -> None:
    run(ENDS[end])


def test_nothing_leaks() -> None:
    run("""
    def rss():
        gc.collect()
        with open("/proc/self/statm") as file: return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    class Refused(Exception): pass
    def refuse(*asked): raise Refused
    alice, bob, carol = found("alice", "bob", "carol")
    add, package = mls.propose_add(bob.publish()), mls.KeyPackage.create(bob.leaf)
    refusing = mls.Options(accept=refuse)
    # One who lets Carol's proposal wait, and then refuses whom it adds: C makes a commit without it, Python raises.
    answers = [True]
    def until_told(*asked):
        if answers[0]: return True
        raise Refused
    dave, erin = Person("dave@d.example", accept=until_told), Person("erin@e.example")
    commit = alice.group.commit([mls.propose_add(dave.publish())])
    for person in (bob, carol): person.group.process(commit.message)
    alice.group.apply(commit)
    dave.join(commit.welcome)
    dave.group.process(carol.group.propose(mls.propose_add(erin.publish())))
    answers[0] = False
    def raises(call, *arguments, **more):
        try: call(*arguments, **more)
        except Refused: return
        raise AssertionError
    def once():
        with mls.Group.create(alice.options, alice.leaf): pass
        mls.Group.create(alice.options, alice.leaf)
        mls.KeyPackage.create(alice.leaf).close()
        raises(mls.Group.create, refusing, alice.leaf)
        raises(mls.Group.join_external, refusing, alice.group.export_info(), bob.leaf)
        raises(dave.group.commit)
        alice.group.commit().close()
        alice.group.branch(alice.leaf, []).group().close()
        mls.Group.load(alice.options, {r.id: r.content for r in alice.group.save()}).close()
    for _ in range(300): once()
    before = rss()
    for _ in range(1500): once()
    assert rss() - before < 2_000_000, (before, rss())
    """)


# A child in which there is one thing with a secret that its parent knows; and whether the secret is in its memory.
LIVES: Dict[str, str] = {
    "group": """
        say(alice.group)
    """,
    "commit": """
        commit = alice.group.commit()
        alice.group.close()
        print(commit.message.hex(), flush=True)
        say(commit)
    """,
}
LIFE = """
alice, bob = Person("alice@a.example"), Person("bob@b.example")
package = bytes.fromhex(sys.stdin.readline())
alice.founded()
first = alice.group.commit([mls.propose_add(package)])
alice.group.apply(first)
print(first.welcome.hex(), flush=True)
first.close()
def say(it):
    print("here", flush=True); sys.stdin.readline()
    it.close()
    print("closed", flush=True); sys.stdin.readline()
"""


def occurs(secret: bytes, pid: int) -> bool:
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            places, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            begin, end = (int(place, 16) for place in places.split("-"))
            try:
                memory.seek(begin)
                if secret in memory.read(end - begin):
                    return True
            except (OSError, ValueError, OverflowError):
                continue
    return False


@pytest.mark.parametrize("what", list(LIVES))
def test_closing_wipes(what: str) -> None:
    bob = Person("bob@b.example")
    with subprocess.Popen(
        program(LIFE + textwrap.dedent(LIVES[what])), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None and child.stdout is not None

        def tell(line: str) -> None:
            assert child.stdin is not None
            print(line, file=child.stdin, flush=True)

        tell(bob.publish().hex())
        bob.join(bytes.fromhex(child.stdout.readline()))
        if what == "commit":
            bob.group.process(bytes.fromhex(child.stdout.readline()))
        secret = bytes(bob.group.resumption_psk(bob.group.describe().epoch))
        assert child.stdout.readline() == "here\n"
        try:
            assert occurs(secret, child.pid)
        except PermissionError:
            pytest.skip("the memory of a child may not be read here")
        tell("close it")
        assert child.stdout.readline() == "closed\n"
        assert not occurs(secret, child.pid)
        tell("go")
    assert child.returncode == 0


def test_closing_a_key_package_wipes() -> None:
    code = """
    package = mls.KeyPackage.create(Person("alice@a.example").leaf)
    print(package.message.hex(), flush=True)
    saved = package.save()
    for octet in saved: print(octet ^ 0x55, end=" ")   # Not as bytes, of which a copy would stay.
    print(flush=True)
    saved.wipe()
    sys.stdin.readline()
    package.close()
    print("closed", flush=True); sys.stdin.readline()
    """
    with subprocess.Popen(program(code), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        public = bytes.fromhex(child.stdout.readline())[4:]  # Behind version and format.
        saved = bytes(int(octet) ^ 0x55 for octet in child.stdout.readline().split())
        private = saved[saved.index(public) + len(public) :]
        pieces = [private[at : at + 24] for at in range(len(private) - 24)]
        try:
            here = [piece for piece in pieces if occurs(piece, child.pid)]
        except PermissionError:
            pytest.skip("the memory of a child may not be read here")
        assert len(here) >= 2 * (32 - 24), len(here)  # Two keys of 32 bytes at least.
        print("close it", file=child.stdin, flush=True)
        assert child.stdout.readline() == "closed\n"
        assert not [piece for piece in here if occurs(piece, child.pid)]
        print("go", file=child.stdin, flush=True)
    assert child.returncode == 0


def test_these_programs_use_the_package_that_is_tested() -> None:
    run(f"assert mychat.__file__ == {os.path.abspath(mychat.__file__)!r}")
