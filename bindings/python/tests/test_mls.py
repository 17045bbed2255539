"""MLS groups in Python, over a delivery service that is a list."""

from __future__ import annotations

import datetime
import gc
import weakref
from typing import Any, Callable, Dict, List, Optional

import mychat
import mychat.mls as mls
import pytest
from mls_people import ACCOUNT, ACCOUNT_PUBLIC, Person, accept, deliver, found


@pytest.fixture(params=[mls.DEFAULT_SUITE, mls.HYBRID_SUITE], ids=["default", "hybrid"])
def three(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> List[Person]:
    if request.param not in mls.supported_suites():
        pytest.skip("OpenSSL has no ML-KEM")
    monkeypatch.setattr(Person, "suite", request.param)
    return found("alice", "bob", "carol")


def expect_talk(people: List[Person]) -> None:
    for sender in people:
        message = sender.group.protect("Grüße".encode(), aad=b"seen", padding=64)
        for receiver in people:
            if receiver is sender:
                continue
            got = receiver.group.process(message)
            assert (got.content, got.data, got.aad) == (mls.Content.APPLICATION, "Grüße".encode(), b"seen")
            assert got.credential is not None and got.credential.encoded == sender.leaf.credential
    authenticators = {bytes(person.group.epoch_authenticator()) for person in people}
    assert len(authenticators) == 1


def test_three_members_add_remove_and_come_in(three: List[Person]) -> None:
    alice, bob, carol = three
    expect_talk(three)
    assert [member.credential.handle for member in carol.group.members()] == [
        "alice@a.example", "bob@b.example", "carol@c.example",
    ]
    state = bob.group.describe()
    assert (state.epoch, state.own_leaf, state.member_count, state.is_active) == (1, 1, 3, True)
    assert bob.group.export_secret("label", b"x", 40) == carol.group.export_secret("label", b"x", 40)
    assert bob.group.resumption_psk(1) == carol.group.resumption_psk(1)

    for person in three:
        person.disk = {record.id: record.content for record in person.group.save()}
        assert person.group.take_changes() == []

    # Bob is put out, and Dave comes in by himself.
    commit = alice.group.commit([mls.propose_remove(1)])
    assert commit.welcome is None
    assert (commit.summary.removed, commit.summary.updated, commit.summary.epoch) == ((1,), (0,), 2)
    got = bob.group.process(commit.message)
    assert got.commit is not None and got.commit.removes_us
    assert bob.group.describe().was_removed
    deliver(commit, alice, carol)
    with pytest.raises(mychat.InvalidStateError):
        bob.group.protect(b"x")
    dave = Person("dave@d.example")
    coming = mls.Group.join_external(dave.options, alice.group.export_info(), dave.leaf)
    for person in (alice, carol):
        got = person.group.process(coming.message)
        assert got.sender_type is mls.SenderType.NEW_MEMBER_COMMIT and got.commit is not None and got.commit.added == (1,)
    dave.group = coming.group()
    with pytest.raises(mychat.InvalidStateError):
        coming.group()

    # All of them are stored and loaded, and go on.
    dave.disk = {record.id: record.content for record in dave.group.save()}
    people = [alice, carol, dave]
    for _ in range(3):
        expect_talk(people)
        for person in people:
            person.restart()
    expect_talk(people)

    # And again, in the place of his old leaf.
    again = mls.Group.join_external(
        dave.options, alice.group.export_info(mls.InfoFlags.EXTERNAL_PUB), dave.leaf, replaces=1, tree=alice.group.export_tree()
    )
    for person in (alice, carol):
        person.group.process(again.message)
    dave.group = again.group()
    expect_talk(people)


def test_proposals_wait_for_a_commit(three: List[Person]) -> None:
    alice, bob, carol = three
    dave = Person("dave@d.example")
    messages = [
        (bob, bob.group.propose_update(flags=mls.HandshakeFlags.PUBLIC)),
        (carol, carol.group.propose(mls.propose_add(dave.publish()), aad=b"why")),
    ]
    for sender, message in messages:
        for person in three:
            if person is not sender:
                got = person.group.process(message)
                assert got.proposal is not None and got.proposal.sender == sender.group.describe().own_leaf
    assert {proposal.type for proposal in alice.group.waiting()} == {mls.ProposalType.UPDATE, mls.ProposalType.ADD}
    commit = alice.group.commit()
    deliver(commit, alice, bob, carol)
    dave.join(commit.welcome)
    expect_talk([*three, dave])
    dave.group.propose_update()
    dave.group.drop_waiting()
    assert dave.group.waiting() == []


def test_a_commit_that_was_sent_survives_a_crash(three: List[Person]) -> None:
    alice, bob, carol = three
    commit = alice.group.commit()
    disk = {record.id: record.content for record in commit.save()}
    for person in (bob, carol):
        person.group.process(commit.message)
    alice.group = mls.Group.load(alice.options, disk)
    expect_talk(three)
    info = bob.group.export_info()
    assert alice.group.compare(info) is mls.Relation.SAME
    alice.group.apply(alice.group.commit())
    assert alice.group.compare(info) is mls.Relation.AHEAD
    bob.group.apply(bob.group.commit())
    assert alice.group.compare(bob.group.export_info()) is mls.Relation.FORKED
    with pytest.raises(mychat.InvalidStateError):
        alice.group.apply(commit)


def test_the_program_decides_who_is_in(three: List[Person]) -> None:
    alice, bob, carol = three
    stranger = Person("stranger@s.example")
    stranger.leaf = mls.Leaf(mls.account_credential("stranger@s.example", "x", b"\x08" * 32, stranger.public_key), stranger.key)
    with pytest.raises(mychat.SignatureError):  # What accept() raised.
        alice.group.commit([mls.propose_add(stranger.publish())])
    refusing = Person("dave@d.example", accept=lambda credential, key, group: credential.handle != "bob@b.example")
    commit = alice.group.commit([mls.propose_add(refusing.publish())])
    with pytest.raises(mychat.SignatureError) as caught:
        refusing.join(commit.welcome)
    assert caught.value.detail == 102 and mls.rule_text(102) in str(caught.value)
    assert mls.rule_section(102) == "7.3" and mls.rule_text(1) == mls.rule_section(1) == ""

    seen: List[mls.Summary] = []

    def not_now(summary: mls.Summary) -> bool:
        seen.append(summary)
        return False

    erin = Person("erin@e.example", accept_commit=not_now)
    commit = alice.group.commit([mls.propose_add(erin.publish())])
    deliver(commit, alice, bob, carol)
    erin.join(commit.welcome)
    commit = bob.group.commit()
    with pytest.raises(mychat.PolicyError):
        erin.group.process(commit.message)
    assert seen[0].committer == 1 and erin.group.describe().epoch == 2

    with pytest.raises(mychat.InvalidArgumentError):
        mls.Group.create(mls.Options(), alice.leaf)
    with pytest.raises(mychat.InvalidArgumentError):
        mls.Group.create(mls.Options(accept=accept, flags=mls.Flags.ACCEPT_ALL), alice.leaf)
    mls.Group.create(mls.Options(flags=mls.Flags.ACCEPT_ALL), stranger.leaf)


def test_what_is_asked_may_not_use_the_group(three: List[Person]) -> None:
    alice, bob, _ = three
    failures: List[mychat.Error] = []
    dave = Person("dave@d.example")

    def meddle(summary: mls.Summary) -> bool:
        try:
            dave.group.describe()
        except mychat.Error as error:
            failures.append(error)
        return True

    dave.options = mls.Options(accept=accept, accept_commit=meddle)
    commit = alice.group.commit([mls.propose_add(dave.publish())])
    deliver(commit, alice, bob)
    dave.join(commit.welcome)
    dave.group.process(alice.group.commit().message)
    assert [type(failure) for failure in failures] == [mychat.InvalidStateError]


def test_names_and_keys_change(three: List[Person]) -> None:
    alice, bob, carol = three
    key = mls.new_signature_key()
    credential = mls.account_credential("bob@new.example", "phone", ACCOUNT, mls.signature_public_key(key))
    leaf = mls.Leaf(credential, key)
    with pytest.raises(mychat.SignatureError):
        bob.group.commit(leaf=leaf)
    for person in three:
        person.disk = {record.id: record.content for record in person.group.save()}
        person.options = mls.Options(accept=accept, is_successor=lambda before, after: after.device_id == before.device_id)
        person.restart()
    commit = bob.group.commit(leaf=leaf)
    deliver(commit, bob, alice, carol)
    bob.leaf = leaf
    expect_talk(three)
    assert alice.group.members()[1].credential.handle == "bob@new.example"


def test_pre_shared_keys_go_in() -> None:
    known: Dict[bytes, bytes] = {b"name": b"secret"}
    asked: List[mls.PskId] = []

    def psk(id: mls.PskId) -> Optional[bytes]:
        asked.append(id)
        return known.get(id.id)

    alice = Person("alice@a.example", psk=psk)
    alice.group = mls.Group.create(alice.options, alice.leaf, group_id=b"group")
    alice.group.apply(alice.group.commit([mls.propose_psk(b"name")]))
    assert (asked[0].type, asked[0].usage, asked[0].id) == (mls.PskType.EXTERNAL, mls.PskUsage.NONE, b"name")
    with pytest.raises(mychat.NotFoundError) as caught:
        alice.group.commit([mls.propose_psk(b"other")])
    assert caught.value.detail == 604
    alice.group.commit([mls.propose_resumption_psk(b"group", 0)])
    known[b"name"] = b"x" * (mls.PSK_MAX_SIZE + 1)
    with pytest.raises(mychat.InvalidArgumentError):
        alice.group.commit([mls.propose_psk(b"name")])


def test_groups_follow_others(three: List[Person], monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob, carol = three
    founded = alice.group.branch(alice.leaf, [bob.publish()], group_id=b"branch")
    branch, _ = mls.Group.join(bob.options, founded.welcome or b"", bob.packages, predecessor=bob.group)
    mine = founded.group()
    assert branch.process(mine.protect(b"x")).data == b"x"
    assert branch.describe().group_id == b"branch"

    with pytest.raises(mychat.InvalidStateError):
        alice.group.reinitialise(alice.leaf, [])
    required = mls.required_capabilities(credential_types=[1])
    # From the default suite to the hybrid one, where it is supported.
    there = Person.suite == mls.DEFAULT_SUITE and mls.HYBRID_SUITE in mls.supported_suites()
    suite = mls.HYBRID_SUITE if there else mls.DEFAULT_SUITE
    commit = bob.group.commit([mls.propose_reinit(group_id=b"new", suite=suite, extensions=[required])])
    deliver(commit, bob, alice, carol)
    reinit = alice.group.describe().reinit
    assert reinit is not None and (reinit.group_id, reinit.suite, reinit.extensions) == (b"new", suite, required)
    monkeypatch.setattr(Person, "suite", suite)
    with pytest.raises(mychat.InvalidStateError) as caught:
        alice.group.protect(b"x")
    assert caught.value.detail == 709
    founded = alice.group.reinitialise(alice.leaf, [bob.publish(), carol.publish()])
    alice.group = founded.group()
    for person in (bob, carol):
        person.join(founded.welcome, predecessor=person.group)
    expect_talk(three)


def test_proposals_come_from_outside(three: List[Person]) -> None:
    alice, bob, carol = three
    node, dave = Person("node@n.example"), Person("dave@d.example")
    named = mls.external_sender(node.leaf.credential, node.public_key, Person.suite)
    deliver(alice.group.commit([mls.propose_extensions([mls.external_senders([named])])]), alice, bob, carol)
    is_now = alice.group.describe()

    def propose(by: Person, sender: int, proposal: bytes) -> bytes:
        return mls.external_proposal(
            is_now.group_id, is_now.epoch, sender, by.key, proposal, aad=b"why", suite=Person.suite
        )

    with pytest.raises(mychat.SignatureError) as caught:
        bob.group.process(propose(dave, 0, mls.propose_remove(2)))
    assert caught.value.detail == 404
    with pytest.raises(mychat.MalformedError) as malformed:
        bob.group.process(propose(node, 1, mls.propose_remove(2)))
    assert malformed.value.detail == 403
    with pytest.raises(mychat.MalformedError) as refused:
        propose(node, 0, mls.propose_self_remove())
    assert refused.value.detail == 607

    put_out = propose(node, 0, mls.propose_remove(2))
    dave.publish()
    wish = dave.packages[0].join_proposal(is_now.group_id, is_now.epoch)
    for person in three:
        got = person.group.process(put_out)
        assert (got.sender_type, got.sender, got.aad) == (mls.SenderType.EXTERNAL, 0, b"why")
        assert person.group.process(wish).sender_type == mls.SenderType.NEW_MEMBER_PROPOSAL
    commit = bob.group.commit()
    deliver(commit, bob, alice, carol)
    assert carol.group.describe().was_removed
    dave.join(commit.welcome)
    expect_talk([alice, bob, dave])

    with pytest.raises(mychat.MalformedError):
        mls.external_sender(node.leaf.credential, b"x", Person.suite)
    with pytest.raises(mychat.MalformedError):
        mls.external_senders([b"x"])
    with pytest.raises(mychat.ClosedError):
        package = mls.KeyPackage.create(dave.leaf, Person.suite)
        package.close()
        package.join_proposal(b"g", 1)


def test_a_member_goes() -> None:
    alice, bob = Person("alice@a.example"), Person("bob@b.example")
    for person in (alice, bob):
        person.leaf = mls.Leaf(person.leaf.credential, person.key, flags=mls.LeafFlags.SELF_REMOVE)
    alice.group = mls.Group.create(alice.options, alice.leaf)
    commit = alice.group.commit([mls.propose_add(bob.publish())])
    alice.group.apply(commit)
    bob.join(commit.welcome)
    alice.group.process(bob.group.propose(mls.propose_self_remove(), flags=mls.HandshakeFlags.PUBLIC))
    commit = alice.group.commit()
    deliver(commit, alice, bob)
    assert bob.group.describe().was_removed


def test_messages_are_seen_from_outside(three: List[Person]) -> None:
    alice, bob, _ = three
    package = mls.KeyPackage.create(mls.Leaf(bob.leaf.credential, bob.key, flags=mls.LeafFlags.LAST_RESORT))
    seen = mls.read_message(package.message)
    assert seen.format is mls.Format.KEY_PACKAGE and seen.references == (package.ref,) and package.is_last_resort
    assert seen.credential is not None and seen.credential.handle == "bob@b.example"
    again = mls.KeyPackage.load(package.save())
    assert again.ref == package.ref and again.message == package.message
    seen = mls.read_message(alice.group.protect(b"x"))
    assert (seen.format, seen.content, seen.epoch) == (mls.Format.PRIVATE_MESSAGE, mls.Content.APPLICATION, 1)
    dave = Person("dave@d.example")
    commit = alice.group.commit([mls.propose_add(dave.publish())])
    assert commit.welcome is not None
    assert mls.read_message(commit.welcome).references == (dave.packages[0].ref,)
    for wrong in (b"", b"x", commit.welcome[:-1]):
        with pytest.raises(mychat.MalformedError):
            mls.read_message(wrong)


def test_values_are_encoded_and_read() -> None:
    assert mls.DEFAULT_SUITE in mls.supported_suites()
    credential = mls.read_credential(mls.basic_credential(b"anything"))
    assert (credential.type, credential.identity, credential.handle) == (mls.CredentialType.BASIC, b"anything", "")
    assert mls.extension(0xF001, b"abc") == b"\xf0\x01\x03abc"
    proposal = mls.read_proposal(mls.propose_remove(3))
    assert (proposal.type, proposal.leaf_index, proposal.sender) == (mls.ProposalType.REMOVE, 3, mls.NO_LEAF)
    proposal = mls.read_proposal(mls.propose_extensions([mls.extension(1, b"x"), mls.extension(2, b"y")]))
    assert proposal.type is mls.ProposalType.GROUP_CONTEXT_EXTENSIONS
    assert proposal.extensions == mls.extension(1, b"x") + mls.extension(2, b"y")
    with pytest.raises(TypeError):
        mls.propose_extensions(b"x")  # type: ignore[arg-type]
    with pytest.raises(mychat.UnsupportedError):
        mls.new_signature_key(99)
    if mls.HYBRID_SUITE not in mls.supported_suites():
        with pytest.raises(mychat.UnsupportedError, match="needs an OpenSSL with ML-KEM"):
            mls.new_signature_key(mls.HYBRID_SUITE)
    with pytest.raises(mychat.InvalidArgumentError):
        mls.account_credential("bob", "x", ACCOUNT, b"key")
    with pytest.raises(mychat.SignatureError):
        mls.verify_account(mls.basic_credential(b"x"), b"key", ACCOUNT_PUBLIC)
    leaf = mls.Leaf(b"", lifetime=datetime.timedelta(days=-1))
    with pytest.raises(mychat.InvalidArgumentError):
        mls.KeyPackage.create(leaf)


def test_secrets_do_not_show(three: List[Person]) -> None:
    alice, bob, _ = three
    got = bob.group.process(alice.group.protect(b"plaintext"))
    shown = [repr(x) for x in (alice.leaf, alice.group.save()[0], got, alice.group, bob.publish(), bob.packages[0])]
    secret = alice.group.export_secret("x")
    shown.append(repr(secret))
    assert repr(secret) == "<Secret of 32 bytes>"
    assert "plaintext" not in "".join(shown) and repr(bytes(alice.key)) not in "".join(shown)


def test_what_is_asked_is_not_kept_by_the_group() -> None:
    alice = Person("alice@a.example")

    class Judge:
        def accept(self, credential: mls.Credential, key: bytes, group: bytes) -> bool:
            return True

        group: Optional[mls.Group] = None

    judge = Judge()
    judge.group = mls.Group.create(mls.Options(accept=judge.accept), alice.leaf)
    gone: Callable[[], Optional[Judge]] = weakref.ref(judge)
    del judge
    gc.collect()
    assert gone() is None


def test_a_number_out_of_range_shows_no_secret() -> None:
    key, wrong = bytes(range(32)), 2**70
    leaf = mls.Leaf(mls.basic_credential(b"anna"), key)
    group = mls.Group.create(mls.Options(flags=mls.Flags.ACCEPT_ALL), mls.Leaf(leaf.credential, mls.new_signature_key()))
    calls: List[Callable[[], Any]] = [
        lambda: mls.signature_public_key(key, wrong),
        lambda: mls.KeyPackage.create(leaf, wrong),
        lambda: mls.Group.create(mls.Options(flags=mls.Flags.ACCEPT_ALL), leaf, wrong),
        lambda: group.protect(key, padding=-1),
        lambda: group.export_secret("label", key, size=-1),
        lambda: mls.Options(flags=mls.Flags.ACCEPT_ALL, past_epochs=wrong)._host(),
    ]
    for call in calls:
        with pytest.raises(mychat.InvalidArgumentError, match=" to ") as caught:
            call()
        assert "x1f" not in str(caught.value)
