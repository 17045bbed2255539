"""What mychat.mls says to what is wrong: by name, without a secret, and before anything changed."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import traceback
from typing import Any, Callable, Dict, List, Tuple

import mychat
import mychat.mls as mls
import pytest
from mls_people import ACCOUNT, Person, accept, found

HUGE = 2**70
ALL = mls.Options(flags=mls.Flags.ACCEPT_ALL)
KEY = bytes(range(100, 132))
LEAF = mls.Leaf(mls.basic_credential(b"anna"), mls.new_signature_key())


def leaf(**more: Any) -> mls.Leaf:
    return mls.Leaf(**{"credential": LEAF.credential, "private_key": LEAF.private_key, **more})


def create(**more: Any) -> mls.Group:
    return mls.Group.create(mls.Options(**{"flags": mls.Flags.ACCEPT_ALL, **more}), LEAF)


WRONG_TYPES: List[Tuple[Callable[[Any], Any], Any, str]] = [
    # A call with one argument of a wrong type, that argument, and what the error says.
    (lambda it: mls.rule_text(it), "1", "rule must be an int, not str"),
    (lambda it: mls.rule_section(it), None, "rule must be an int, not NoneType"),
    (lambda it: mls.new_signature_key(it), None, "suite must be an int, not NoneType"),
    (lambda it: mls.new_signature_key(it), 1.0, "suite must be an int, not float"),
    (lambda it: mls.signature_public_key(it), KEY.hex(), "private_key must be bytes, not str"),
    (lambda it: mls.basic_credential(it), "anna", "identity must be bytes, not str"),
    (lambda it: mls.account_credential(it, "phone", ACCOUNT, KEY), b"a", "handle must be a str, not bytes"),
    (lambda it: mls.account_credential("anna@a.example", it, ACCOUNT, KEY), 7, "device_id must be a str, not int"),
    (lambda it: mls.account_credential("anna@a.example", "phone", it, KEY), "key", "account_key must be bytes, not str"),
    (lambda it: mls.account_credential("an@a.example", "x", ACCOUNT, it), None, "signature_key must be bytes, not NoneType"),
    (lambda it: mls.verify_account(it, KEY, KEY), LEAF, "credential must be bytes, not Leaf"),
    (lambda it: mls.verify_account(b"", KEY, it), 5, "account_public_key must be bytes, not int"),
    (lambda it: mls.read_credential(it), None, "credential must be bytes, not NoneType"),
    (lambda it: mls.extension(it, b""), b"1", "type must be an int, not bytes"),
    (lambda it: mls.extension(1, it), [1], "data must be bytes, not list"),
    (lambda it: mls.required_capabilities(extension_types=it), "12", "extension_types must be a sequence of int, not str"),
    (lambda it: mls.required_capabilities(proposal_types=it), ["1"], "proposal_types must hold int, not str"),
    (lambda it: mls.propose_add(it), 1, "key_package must be bytes, not int"),
    (lambda it: mls.propose_remove(it), "1", "leaf_index must be an int, not str"),
    (lambda it: mls.propose_psk(it), "name", "id must be bytes, not str"),
    (lambda it: mls.propose_resumption_psk(b"", it), 1.5, "epoch must be an int, not float"),
    (lambda it: mls.propose_reinit(extensions=it), b"x", "extensions must be a sequence of bytes, not bytes"),
    (lambda it: mls.propose_extensions(it), [3], "extensions must hold bytes, not int"),
    (lambda it: mls.read_proposal(it), None, "proposal must be bytes, not NoneType"),
    (lambda it: mls.read_message(it), "x", "message must be bytes, not str"),
    (lambda it: mls.KeyPackage.create(it), LEAF.credential, "leaf must be mychat.mls.Leaf, not bytes"),
    (lambda it: mls.KeyPackage.create(leaf(credential=it)), "anna", "credential must be bytes, not str"),
    (lambda it: mls.KeyPackage.create(leaf(private_key=it)), "key", "private_key must be bytes, not str"),
    (lambda it: mls.KeyPackage.create(leaf(flags=it)), 1, "flags must be mychat.mls.LeafFlags, not int"),
    (lambda it: mls.KeyPackage.create(leaf(lifetime=it)), 86400, "lifetime must be a timedelta, not int"),
    (lambda it: mls.KeyPackage.load(it), "x", "secret must be bytes, not str"),
    (lambda it: mls.Group.create(it, LEAF), {}, "options must be mychat.mls.Options, not dict"),
    (lambda it: mls.Group.create(ALL, LEAF, group_id=it), "group", "group_id must be bytes, not str"),
    (lambda it: create(flags=it), 1, "flags must be mychat.mls.Flags, not int"),
    (lambda it: create(flags=mls.Flags(0), accept=it), True, "accept must be a function, not bool"),
    (lambda it: create(psk=it), b"key", "psk must be a function, not bytes"),
    (lambda it: create(past_epochs=it), None, "past_epochs must be an int, not NoneType"),
    (lambda it: create(max_lifetime=it), 1, "max_lifetime must be a timedelta, not int"),
    (lambda it: mls.Group.join(ALL, it, []), "welcome", "welcome must be bytes, not str"),
    (lambda it: mls.Group.join(ALL, b"", it), [b"package"], "Each of packages must be mychat.mls.KeyPackage, not bytes"),
    (lambda it: mls.Group.join(ALL, b"", [], tree=it), None, "tree must be bytes, not NoneType"),
    (lambda it: mls.Group.join(ALL, b"", [], predecessor=it), LEAF, "predecessor must be mychat.mls.Group, not Leaf"),
    (lambda it: mls.Group.join_external(ALL, b"", LEAF, replaces=it), "1", "replaces must be an int, not str"),
    (lambda it: mls.Group.load(ALL, it), create().save(), "records must be a mapping of ids to contents, not list"),
    (lambda it: mls.Group.load(ALL, it), {1: b""}, "An id of records must be a str, not int"),
    (lambda it: mls.Group.load(ALL, it), {"a": "b"}, "A content of records must be bytes, not str"),
    (lambda it: create().protect(it), "text", "data must be bytes, not str"),
    (lambda it: create().protect(b"", it), "text", "aad must be bytes, not str"),
    (lambda it: create().protect(b"", padding=it), "1", "padding must be an int, not str"),
    (lambda it: create().process(it), None, "message must be bytes, not NoneType"),
    (lambda it: create().propose(it), "x", "proposal must be bytes, not str"),
    (lambda it: create().propose(b"", flags=it), mls.InfoFlags.TREE, "flags must be mychat.mls.HandshakeFlags, not InfoFlags"),
    (lambda it: create().propose_update(it), KEY, "leaf must be mychat.mls.Leaf, not bytes"),
    (lambda it: create().commit(it), mls.propose_remove(1), "proposals must be a sequence of bytes, not bytes"),
    (lambda it: create().commit([it]), 3, "proposals must hold bytes, not int"),
    (lambda it: create().commit(it), None, "proposals must be a sequence of bytes, not NoneType"),
    (lambda it: create().apply(it), b"commit", "commit must be mychat.mls.Commit, not bytes"),
    (lambda it: create().branch(LEAF, it), b"package", "key_packages must be a sequence of bytes, not bytes"),
    (lambda it: create().branch(LEAF, [], options=it), {}, "options must be mychat.mls.Options, not dict"),
    (lambda it: create().reinitialise(it, []), None, "leaf must be mychat.mls.Leaf, not NoneType"),
    (lambda it: create().export_secret(it), b"label", "label must be a str, not bytes"),
    (lambda it: create().export_secret("label", it), "context", "context must be bytes, not str"),
    (lambda it: create().resumption_psk(it), None, "epoch must be an int, not NoneType"),
    (lambda it: create().export_info(it), 3, "flags must be mychat.mls.InfoFlags, not int"),
    (lambda it: create().compare(it), "info", "group_info must be bytes, not str"),
]


@pytest.mark.parametrize("call, wrong, message", WRONG_TYPES, ids=lambda it: it if isinstance(it, str) else "")
def test_wrong_types_are_named(call: Callable[[Any], Any], wrong: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        call(wrong)
    assert str(caught.value) == message


@pytest.mark.parametrize("wrong", [-1, HUGE])
def test_numbers_out_of_range_are_named(wrong: int) -> None:
    group = create()
    calls: Dict[str, Callable[[], Any]] = {
        "suite": lambda: mls.new_signature_key(wrong),
        "type": lambda: mls.extension(wrong, KEY),
        "leaf_index": lambda: mls.propose_remove(wrong),
        "epoch": lambda: mls.propose_resumption_psk(KEY, wrong),
        "replaces": lambda: mls.Group.join_external(ALL, b"", LEAF, replaces=wrong),
        "padding": lambda: group.protect(KEY, padding=wrong),
        "size": lambda: group.export_secret("label", KEY, wrong),
    }
    for name, call in calls.items():
        with pytest.raises(mychat.InvalidArgumentError, match=f"^{name} must be 0 to [0-9]+.$"):
            call()
    for name in ("past_epochs", "resumption_epochs", "max_waiting_proposals", "max_messages_ahead"):
        with pytest.raises(mychat.InvalidArgumentError, match=name):
            create(**{name: wrong if wrong > 0 else -2})
    with pytest.raises(mychat.InvalidArgumentError):
        mls.required_capabilities(extension_types=[wrong])
    with pytest.raises(mychat.InvalidArgumentError):
        mls.KeyPackage.create(leaf(proposal_types=[wrong]))
    with pytest.raises(mychat.InvalidArgumentError):
        group.export_secret("label", size=0)


def test_lifetimes_are_longer_than_nothing() -> None:
    for wrong in (datetime.timedelta(0), datetime.timedelta(days=-1), datetime.timedelta.min):
        with pytest.raises(mychat.InvalidArgumentError, match="lifetime must be longer than nothing"):
            mls.KeyPackage.create(leaf(lifetime=wrong))
        with pytest.raises(mychat.InvalidArgumentError, match="max_lifetime must be longer than nothing"):
            create(max_lifetime=wrong)
    assert leaf(lifetime=datetime.timedelta(microseconds=1))._given()[-1] == 1  # ms; 0 would be 90 days.
    day, others = datetime.timedelta(days=1), Person("bob@b.example").leaf
    with pytest.raises(mychat.StaleError):
        create(max_lifetime=day)
    alice = mls.Group.create(mls.Options(flags=mls.Flags.ACCEPT_ALL, max_lifetime=day), leaf(lifetime=day / 2))
    package = mls.KeyPackage.create(dataclasses.replace(others, lifetime=day / 2))
    assert alice.commit([mls.propose_add(package.message)]).welcome is not None
    with pytest.raises(mychat.StaleError):
        alice.commit([mls.propose_add(mls.KeyPackage.create(others).message)])


def test_an_answer_is_yes_or_no() -> None:
    """A coroutine that nobody waits for would be true."""

    async def later(*asked: Any) -> bool:
        return False

    alice, bob = found("alice", "bob")
    with pytest.raises(TypeError, match="^accept must return a bool, not coroutine$"):
        mls.Group.create(mls.Options(accept=later), LEAF)  # type: ignore[arg-type]
    for answer in (None, 1, "yes"):
        with pytest.raises(TypeError, match="^accept must return a bool, not "):
            mls.Group.create(mls.Options(accept=lambda *asked: answer), LEAF)  # type: ignore[arg-type]
    bob.disk = {record.id: record.content for record in bob.group.save()}
    bob.options = mls.Options(accept=accept, is_successor=later, accept_commit=later)  # type: ignore[arg-type]
    bob.restart()
    with pytest.raises(TypeError, match="^accept_commit must return a bool, not coroutine$"):
        bob.group.process(alice.group.commit().message)
    renamed = mls.Leaf(mls.account_credential("alice@n.example", "phone", ACCOUNT, alice.public_key), alice.key)
    alice.disk = {record.id: record.content for record in alice.group.save()}
    alice.options = mls.Options(accept=accept, is_successor=lambda before, after: True)
    alice.restart()
    with pytest.raises(TypeError, match="^is_successor must return a bool, not coroutine$"):
        bob.group.process(alice.group.commit(leaf=renamed).message)
    assert bob.group.describe().epoch == 1
    bob.options = mls.Options(accept=accept, psk=lambda id: "text")  # type: ignore[arg-type,return-value]
    bob.restart()
    with pytest.raises(TypeError, match="^psk must return bytes or None, not str$"):
        bob.group.commit([mls.propose_psk(b"name")])
    with pytest.raises(TypeError, match="^psk must return bytes or None, not coroutine$"):
        mls.Group.create(mls.Options(accept=accept, psk=later), bob.leaf).commit(  # type: ignore[arg-type]
            [mls.propose_psk(b"name")]
        )


def test_packages_may_come_from_a_generator() -> None:
    alice, bob = found("alice", "bob")
    package = mls.KeyPackage.create(bob.leaf)
    founded = alice.group.branch(alice.leaf, [package.message])
    _, used = mls.Group.join(
        bob.options, founded.welcome or b"", (one for one in [package]), predecessor=bob.group  # type: ignore[arg-type]
    )
    assert used is package


def test_errors_name_the_call_and_hide_secrets() -> None:
    alice, bob = found("alice", "bob")
    key, wrong = bytes(alice.key), b"\xee" * 33
    message = alice.group.protect(b"the plaintext")
    bob.group.process(message)
    calls: Dict[str, Callable[[], Any]] = {
        "mls_signature_public_key": lambda: mls.signature_public_key(wrong),
        "mls_key_package_create": lambda: mls.KeyPackage.create(mls.Leaf(alice.leaf.credential, wrong)),
        "mls_key_package_load": lambda: mls.KeyPackage.load(key),
        "mls_group_create": lambda: mls.Group.create(alice.options, mls.Leaf(b"\xee" * 9, key)),
        "mls_group_load": lambda: mls.Group.load(alice.options, {"head": key}),
        "mls_group_join": lambda: mls.Group.join(alice.options, message, []),
        "mls_group_process": lambda: bob.group.process(message),
        "mls_group_commit": lambda: alice.group.commit([mls.propose_remove(7)]),
        "mls_group_export_secret": lambda: alice.group.export_secret("label", key, 10_000),
        "mls_account_credential": lambda: mls.account_credential("anna@a.example", "phone", wrong, key),
        "mls_read_message": lambda: mls.read_message(key),
    }
    for operation, call in calls.items():
        with pytest.raises(mychat.Error) as caught:
            call()
        error = caught.value
        assert error.operation == operation and str(error).endswith(".") and operation in repr(error)
        shown = "".join(traceback.format_exception(type(error), error, None)) + repr(error.args)
        for secret in (key, wrong, b"the plaintext"):
            assert secret.hex() not in shown and repr(secret)[2:-1] not in shown


def test_asyncio_may_be_used_as_the_documents_say() -> None:
    async def main() -> bytes:
        alice, bob = found("alice", "bob")
        with alice.group, bob.group:
            return (await asyncio.to_thread(bob.group.process, await asyncio.to_thread(alice.group.protect, b"x"))).data

    assert asyncio.run(main()) == b"x"


def test_what_is_given_may_be_any_buffer() -> None:
    alice, bob = found("alice", "bob")
    with memoryview(bytearray(b"..x..")) as view:
        assert bob.group.process(memoryview(bytearray(alice.group.protect(view[2:3])))).data == b"x"
    with pytest.raises(BufferError):
        alice.group.protect(memoryview(b"abcd")[::2])
    assert isinstance(Person("carol@c.example").key, mychat.Secret)
