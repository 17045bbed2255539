"""The ends of MLS in processes of their own: what is left in memory, interpreters that go in any order, leaks."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap
from typing import Dict, List

import mychat
import pytest
from mls_people import Person

HERE = pathlib.Path(__file__).resolve().parent

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
