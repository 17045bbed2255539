"""MLS in several threads: the interpreter's lock is free while a call works; one group is for one thread, and says so."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, Iterator, List, Tuple

import mychat
import mychat.mls as mls
import pytest
from mls_people import ACCOUNT, ACCOUNT_PUBLIC, Person, found

ALL = mls.Options(flags=mls.Flags.ACCEPT_ALL)


class Crowd:
    """A group of some hundred members, and one whom its founder just added."""

    def __init__(self, size: int) -> None:
        self.founder, self.last = Person("founder@f.example"), Person("last@l.example")
        self.founder.options = self.last.options = ALL
        self.founder.founded()
        adds = []
        for number in range(size - 2):
            key = mls.new_signature_key()
            leaf = mls.Leaf(mls.basic_credential(b"member %d" % number), key)
            with mls.KeyPackage.create(leaf) as package:
                adds.append(mls.propose_add(package.message))
        self.founder.group.apply(self.founder.group.commit(adds))
        self.package = mls.KeyPackage.create(self.last.leaf)
        self.commit = self.founder.group.commit([mls.propose_add(self.package.message)])
        self.founder.group.apply(self.commit)
        assert self.commit.welcome is not None
        self.welcome = self.commit.welcome

    def join(self, options: mls.Options = ALL) -> mls.Group:
        return mls.Group.join(options, self.welcome, [self.package])[0]


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    return Crowd(500)


@pytest.fixture
def counter() -> Iterator[Callable[[], int]]:
    """How often another thread had the interpreter's lock, which it gets from this one only where that gives it up."""
    before = sys.getswitchinterval()
    count, stop = 0, threading.Event()

    def run() -> None:
        nonlocal count
        while not stop.is_set():
            count += 1
            time.sleep(0)

    thread = threading.Thread(target=run)
    sys.setswitchinterval(1000)
    try:
        thread.start()
        yield lambda: count
    finally:
        stop.set()
        sys.setswitchinterval(before)
        thread.join()


def test_the_counter_stands_while_python_works(counter: Callable[[], int]) -> None:
    before = counter()
    sum(range(3_000_000))
    assert mls.supported_suites() and mls.rule_text(1) == ""
    assert counter() == before


FREE: Dict[str, Callable[[Crowd], Any]] = {
    "new_signature_key": lambda crowd: mls.new_signature_key(),
    "signature_public_key": lambda crowd: mls.signature_public_key(crowd.last.key),
    "account_credential": lambda crowd: mls.account_credential("anna@a.example", "phone", ACCOUNT, crowd.last.public_key),
    "verify_account": lambda crowd: mls.verify_account(crowd.last.leaf.credential, crowd.last.public_key, ACCOUNT_PUBLIC),
    "read_message": lambda crowd: mls.read_message(crowd.welcome),
    "KeyPackage.create": lambda crowd: mls.KeyPackage.create(crowd.last.leaf),
    "Group.create": lambda crowd: mls.Group.create(ALL, crowd.last.leaf),
    "Group.join": lambda crowd: crowd.join(),
    "Group.join_external": lambda crowd: mls.Group.join_external(
        ALL, crowd.founder.group.export_info(), crowd.last.leaf, replaces=499
    ),
    "Group.load": lambda crowd: mls.Group.load(ALL, {one.id: one.content for one in crowd.founder.group.save()}),
    "Group.members": lambda crowd: crowd.founder.group.members(),
    "Group.export_info": lambda crowd: crowd.founder.group.export_info(),
    "Group.export_tree": lambda crowd: crowd.founder.group.export_tree(),
    "Group.compare": lambda crowd: crowd.founder.group.compare(crowd.founder.group.export_info()),
    "Group.protect": lambda crowd: crowd.founder.group.protect(b"x" * 1000),
    "Group.propose": lambda crowd: crowd.founder.group.propose(mls.propose_remove(1)),
    "Group.propose_update": lambda crowd: crowd.founder.group.propose_update(),
    "Group.commit": lambda crowd: crowd.founder.group.commit(flags=mls.HandshakeFlags.NO_WAITING),
    "Group.branch": lambda crowd: crowd.founder.group.branch(crowd.founder.leaf, [crowd.package.message]),
    "Group.save": lambda crowd: crowd.founder.group.save(),
    "Commit.message": lambda crowd: crowd.commit.message,
    "Commit.welcome": lambda crowd: crowd.commit.welcome,
}


@pytest.mark.parametrize("name", list(FREE))
def test_other_threads_run_while_a_call_works(name: str, crowd: Crowd, counter: Callable[[], int]) -> None:
    before, end = counter(), time.monotonic() + 60
    while counter() == before and time.monotonic() < end:  # A short call may be over before the other thread is awake.
        FREE[name](crowd)
    crowd.founder.group.drop_waiting()
    assert counter() != before


def test_other_threads_run_while_messages_are_taken(crowd: Crowd, counter: Callable[[], int]) -> None:
    ran, end = False, time.monotonic() + 60
    while not ran and time.monotonic() < end:
        group = crowd.join()
        messages = [crowd.founder.group.protect(b"x") for _ in range(100)]
        before = counter()
        for message in messages:
            group.process(message)
        ran = counter() != before
    assert ran


def test_a_loop_goes_on_while_a_large_group_is_joined(crowd: Crowd) -> None:
    async def lag(call: Callable[[], Any]) -> Tuple[float, float, int]:
        """How long the call took, the longest time between two beats of the loop meanwhile, and how many there were."""
        beats = [time.perf_counter()]
        task = asyncio.ensure_future(asyncio.to_thread(call))
        while not task.done():
            await asyncio.sleep(0.001)
            beats.append(time.perf_counter())
        await task
        return beats[-1] - beats[0], max(b - a for a, b in zip(beats, beats[1:])), len(beats) - 1

    def accept(credential: mls.Credential, key: bytes, group: bytes) -> bool:
        return True

    for options in (ALL, mls.Options(accept=accept)):
        seen = []
        for _ in range(10):  # A busy machine has a loop wait, too; a call that keeps the lock has it wait every time.
            took, longest, beats = asyncio.run(lag(lambda: crowd.join(options)))
            seen.append((took, longest, beats))
            if longest < took / 3 and beats >= 5:
                break
        else:
            raise AssertionError(seen)


def test_it_is_asked_on_the_thread_that_calls(crowd: Crowd) -> None:
    threads: List[int] = []

    def accept(credential: mls.Credential, key: bytes, group: bytes) -> bool:
        threads.append(threading.get_ident())
        return True

    def call() -> int:
        crowd.join(mls.Options(accept=accept))
        return threading.get_ident()

    with ThreadPoolExecutor(1) as pool:
        caller = pool.submit(call).result()
    assert len(threads) >= 500 and set(threads) == {caller} and caller != threading.get_ident()


class Waiting:
    """What a group asks, which is answered when the test says so."""

    def __init__(self) -> None:
        self.asked, self.answered = threading.Event(), threading.Event()

    def accept_commit(self, summary: mls.Summary) -> bool:
        self.asked.set()
        return self.answered.wait(60)


def with_options(person: Person, **more: Any) -> None:
    person.disk = {record.id: record.content for record in person.group.save()}
    person.options = mls.Options(accept=person.options.accept, **more)
    person.restart()


def test_a_second_call_on_a_group_is_refused() -> None:
    alice, bob = found("alice", "bob")
    waiting = Waiting()
    with_options(bob, accept_commit=waiting.accept_commit)
    mine = bob.group.commit()
    commit, founded = alice.group.commit(), alice.group.branch(alice.leaf, [bob.publish()])
    calls: Dict[str, Callable[[], Any]] = {
        "group_protect": lambda: bob.group.protect(b"x"),
        "group_process": lambda: bob.group.process(commit.message),
        "group_commit": lambda: bob.group.commit(),
        "group_apply": lambda: bob.group.apply(mine),
        "group_propose": lambda: bob.group.propose(mls.propose_remove(0)),
        "group_propose_update": lambda: bob.group.propose_update(),
        "group_branch": lambda: bob.group.branch(bob.leaf, []),
        "group_describe": lambda: bob.group.describe(),
        "group_members": lambda: bob.group.members(),
        "group_waiting": lambda: bob.group.waiting(),
        "group_drop_waiting": lambda: bob.group.drop_waiting(),
        "group_export_secret": lambda: bob.group.export_secret("label"),
        "group_epoch_authenticator": lambda: bob.group.epoch_authenticator(),
        "group_resumption_psk": lambda: bob.group.resumption_psk(1),
        "group_export_info": lambda: bob.group.export_info(),
        "group_export_tree": lambda: bob.group.export_tree(),
        "group_compare": lambda: bob.group.compare(alice.group.export_info()),
        "group_save": lambda: bob.group.save(),
        "group_take_changes": lambda: bob.group.take_changes(),
        "group_join": lambda: mls.Group.join(bob.options, founded.welcome or b"", bob.packages, predecessor=bob.group),
    }
    with ThreadPoolExecutor(1) as pool:
        processed = pool.submit(bob.group.process, commit.message)
        assert waiting.asked.wait(60)
        for name, call in calls.items():
            with pytest.raises(mychat.InvalidStateError, match="The handle is in use") as caught:
                call()
            assert caught.value.operation == f"mls_{name}"
        assert repr(bob.group) == "<mychat.mls.Group in use>"
        assert mine.message and mine.summary.epoch == 2  # A handle of its own.
        waiting.answered.set()
        assert processed.result().commit is not None
    assert bob.group.describe().epoch == 2
    alice.group.apply(commit)
    assert alice.group.process(bob.group.protect(b"x")).data == b"x"


def test_what_is_asked_may_use_other_groups_but_not_this_one() -> None:
    alice, bob = found("alice", "bob")
    other, another = found("other", "another")
    seen: List[Any] = []

    def use(summary: mls.Summary) -> bool:
        for call in (lambda: bob.group.process(b"x"), lambda: bob.group.commit(), lambda: bob.group.save()):
            try:
                call()
            except mychat.InvalidStateError as error:
                seen.append(error.operation)
        seen.append(another.group.process(other.group.protect(b"within")).data)
        try:  # An inner call's questions are its own.
            another.group.process(other.group.commit().message)
        except KeyError as error:
            seen.append(type(error))
        return True

    def raising(summary: mls.Summary) -> bool:
        raise KeyError

    with_options(bob, accept_commit=use)
    with_options(another, accept_commit=raising)
    got = bob.group.process(alice.group.commit().message)
    assert got.commit is not None and got.commit.epoch == 2
    assert seen == ["mls_group_process", "mls_group_commit", "mls_group_save", b"within", KeyError]


def test_groups_of_the_same_options_are_asked_at_once() -> None:
    """Each in its own thread, about its own, and what is raised comes out of the call that asked."""
    meeting = threading.Barrier(4, timeout=60)

    class Raised(Exception):
        pass

    def accept_commit(summary: mls.Summary) -> bool:
        meeting.wait()  # All four calls are under way.
        if len(summary.removed) == 1:
            raise Raised(threading.get_ident())
        return len(summary.updated) == 1

    alice, bob = found("alice", "bob")
    options = mls.Options(accept=bob.options.accept, accept_commit=accept_commit)
    founded = [alice.group.branch(alice.leaf, [bob.publish()], options=options) for _ in range(4)]
    pairs = []
    for commit in founded:
        group, used = mls.Group.join(options, commit.welcome or b"", bob.packages, predecessor=bob.group)
        pairs.append((commit.group(), group))
    messages = [own.commit([mls.propose_remove(0)] if i % 2 else []).message for i, (_, own) in enumerate(pairs)]

    def call(number: int) -> Tuple[int, Any]:
        try:
            return threading.get_ident(), pairs[number][0].process(messages[number])
        except Raised as error:
            return threading.get_ident(), error

    with ThreadPoolExecutor(4) as pool:
        for number, (thread, end) in enumerate(pool.map(call, range(4))):
            if number % 2:
                assert isinstance(end, Raised) and end.args == (thread,)
            else:
                assert end.commit.epoch == 2
    assert [group.describe().epoch for group, _ in pairs] == [2, 1, 2, 1]


def test_many_threads_on_one_group_break_nothing() -> None:
    alice, bob = found("alice", "bob", max_messages_ahead=1_000_000)
    stop = time.monotonic() + 2
    refused, done = [0], [0]

    def hammer(seed: int) -> None:
        chance = random.Random(seed)
        calls: List[Callable[[], Any]] = [
            lambda: alice.group.protect(b"x" * 100),
            lambda: alice.group.commit().message,
            lambda: alice.group.save(),
            lambda: alice.group.take_changes(),
            lambda: alice.group.propose_update(),
            lambda: alice.group.drop_waiting(),
            lambda: alice.group.describe(),
            lambda: repr(alice.group),
            lambda: alice.group.process(bob.group.protect(b"x")),
            lambda: alice.group.branch(alice.leaf, []).group().describe(),
        ]
        while time.monotonic() < stop:
            try:
                chance.choice(calls)()
                done[0] += 1
            except mychat.InvalidStateError as error:
                assert "in use" in str(error)
                refused[0] += 1

    with ThreadPoolExecutor(4) as pool:
        for end in [pool.submit(hammer, seed) for seed in range(4)]:
            end.result()
    assert done[0] > 100 and refused[0] > 0
    alice.group.drop_waiting()
    bob.group.drop_waiting()
    assert bob.group.process(alice.group.protect(b"after")).data == b"after"
    commit = alice.group.commit()
    bob.group.process(commit.message)
    alice.group.apply(commit)
    assert bob.group.describe().epoch == 2 and alice.group.epoch_authenticator() == bob.group.epoch_authenticator()


def test_a_group_and_its_commit_may_be_in_two_threads() -> None:
    alice, bob = found("alice", "bob")
    for epoch in range(2, 12):
        commit = alice.group.commit()
        with ThreadPoolExecutor(2) as pool:
            saved = pool.submit(lambda: [commit.save() for _ in range(20)])
            for _ in range(20):
                bob.group.process(alice.group.protect(b"x"))
                alice.group.take_changes()
            assert len(saved.result()) == 20
        bob.group.process(commit.message)
        alice.group.apply(commit)
        assert alice.group.describe().epoch == epoch
