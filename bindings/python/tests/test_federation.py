"""Nodes of one's own, in Python, with each other; with a real one in test_federation_node.py."""

from __future__ import annotations

import datetime
import gc
import json
import threading
from typing import Any, Callable, List

import mychat
import mychat.federation as federation
import pytest

NOW = datetime.datetime(2027, 1, 15, 8, tzinfo=datetime.timezone.utc)
URI = "https://b.example/api/federation/transactions"


class One:
    """A node, and what others know of it."""

    def __init__(self, domain: str) -> None:
        self.key = federation.new_key()
        self.node = federation.Node(domain, f"https://{domain}/f", self.key, capabilities=("messages", "receipts"))
        self.json = self.node.sign_document(1, now=NOW)
        self.document = federation.verify_document(self.json, domain, now=NOW)


@pytest.fixture
def a() -> One:
    return One("a.example")


@pytest.fixture
def b() -> One:
    return One("b.example")


def later(seconds: float) -> datetime.datetime:
    return NOW + datetime.timedelta(seconds=seconds)


def test_a_document_says_who_a_node_is(b: One) -> None:
    shown = b.document
    assert shown.continuity is federation.Continuity.FIRST
    assert (shown.domain, shown.api_url, shown.protocol) == ("b.example", "https://b.example/f", 2)
    assert shown.capabilities == ("messages", "receipts")
    assert shown.issued_at == NOW and shown.valid_until == NOW + datetime.timedelta(days=7)
    assert shown.key == federation.public_key(b.key) and shown.next_key == "" and shown.rotations == 0
    assert shown.json == b.json
    assert shown.clock_ahead == datetime.timedelta(0)
    again = federation.verify_document(json.dumps({"federation": json.loads(b.json)}), "b.example", shown.known, now=NOW)
    assert again.continuity is federation.Continuity.SAME


def test_documents_that_do_not_hold_are_refused(b: One) -> None:
    with pytest.raises(mychat.KeyMismatchError) as raised:
        federation.verify_document(b.json, "a.example", now=NOW)
    assert raised.value.domain is mychat.Domain.FEDERATION
    assert raised.value.operation == "federation_verify_document"
    with pytest.raises(mychat.StaleError):
        federation.verify_document(b.json, "b.example", now=later(8 * 86400))
    with pytest.raises(mychat.UnsupportedError):
        federation.verify_document("{}", "b.example", now=NOW)
    with pytest.raises(mychat.DowngradeError):
        federation.verify_document("{}", "b.example", b.document.known, now=NOW)
    with pytest.raises(mychat.MalformedError):
        federation.verify_document("{", "b.example", now=NOW)
    with pytest.raises(mychat.InvalidArgumentError):
        federation.verify_document(b.json, "b.example", now=datetime.datetime(2027, 1, 15))


def test_a_key_is_handed_over(b: One) -> None:
    key = federation.new_key()
    after = federation.Node("b.example", "https://b.example/f", key)
    announced = b.node.sign_document(2, next_key=federation.public_key(key), previous=b.json, now=NOW)
    assert federation.verify_document(announced, "b.example", now=NOW).next_key == federation.public_key(key)
    with pytest.raises(mychat.KeyMismatchError):
        after.sign_document(3, previous=announced, now=NOW)
    rotated = after.sign_document(3, previous=announced, previous_private_key=b.key, now=NOW)
    shown = federation.verify_document(rotated, "b.example", b.document.known, now=NOW)
    assert (shown.continuity, shown.rotations) == (federation.Continuity.ROTATED, 1)
    with pytest.raises(mychat.KeyChangedError):
        federation.verify_document(after.sign_document(4, now=NOW), "b.example", b.document.known, now=NOW)


def test_two_nodes_shake_hands_and_speak(a: One, b: One) -> None:
    begun = a.node.begin_handshake("b.example", now=NOW)
    assert begun.id == ""
    assert b.node.hello_origin(begun.message) == "a.example"
    answered = b.node.answer_handshake(begun.message, a.json, a.document.known, now=later(1))
    agreed = begun.finish(answered.message, b.json, b.document.known, now=NOW)
    assert (agreed.peer, agreed.protocol, agreed.capabilities) == ("b.example", 2, ("messages", "receipts"))
    assert agreed.clock_ahead == datetime.timedelta(seconds=1)
    assert federation.confirm_id(agreed.confirm) == answered.id
    assert answered.confirm(agreed.confirm, a.document.known, now=NOW).peer == "a.example"
    with pytest.raises(mychat.InvalidStateError):
        answered.finish(answered.message, b.json, b.document.known, now=NOW)
    with pytest.raises(mychat.StaleError):
        begun.finish(answered.message, b.json, b.document.known, now=later(61))

    headers = a.node.sign_request("b.example", "POST", URI, b"{}", now=NOW)
    assert federation.request_origin(headers) == "a.example"
    assert federation.request_origin({name.upper(): value for name, value in headers}) == "a.example"
    with pytest.raises(mychat.SignatureError):
        b.node.verify_request("POST", URI, headers, b"[]", a.document.known, now=NOW)
    b.node.verify_request("POST", URI, headers, b"{}", a.document.known, now=NOW)
    with pytest.raises(mychat.ReplayError):
        b.node.verify_request("POST", URI, headers, b"{}", a.document.known, now=NOW)
    answer = b.node.sign_response("POST", URI, headers, 200, b"yes", now=NOW)
    federation.verify_response("POST", URI, headers, 200, answer, b"yes", b.document.known, now=NOW)
    with pytest.raises(mychat.SignatureError):
        federation.verify_response("POST", URI, headers, 200, answer, b"no", b.document.known, now=NOW)


def test_what_is_no_header_is_refused(b: One) -> None:
    for name, value in (("A", "b\r\nC: d"), ("A\n", "b"), ("A:", "b"), ("A", "b\0")):
        with pytest.raises(mychat.InvalidArgumentError):
            federation.request_origin([(name, value)])
    with pytest.raises(mychat.SignatureError):
        federation.request_origin({})


def test_an_earlier_life_is_remembered(a: One, b: One) -> None:
    for began_at, seconds in ((NOW, -5.0), (None, -400 * 86400.0)):  # Without a time: the present.
        restarted = federation.Node("b.example", "https://b.example/f", b.key, began_at=began_at)
        then = later(seconds)
        headers = a.node.sign_request("b.example", "GET", URI, now=then)
        with pytest.raises(mychat.StaleError):
            restarted.verify_request("GET", URI, headers, b"", a.document.known, now=then)


def test_rules_and_addresses() -> None:
    judge = federation.judge
    assert judge(federation.Mode.OPEN, "x.example") is federation.Verdict.ALLOWED
    assert judge(federation.Mode.OPEN, "x.example", blocked=["*.example"]) is federation.Verdict.BLOCKED
    assert judge(federation.Mode.ALLOW_LIST, "x.example", allowed=["y.example"]) is federation.Verdict.NOT_LISTED
    assert judge(federation.Mode.APPROVAL, "x.example") is federation.Verdict.AWAITS_APPROVAL
    with pytest.raises(mychat.InvalidArgumentError):
        judge(federation.Mode.OPEN, "x.example", blocked=["a/b"])
    with pytest.raises(TypeError):
        judge(federation.Mode.OPEN, "x.example", blocked="x.example")
    with pytest.raises(mychat.InvalidArgumentError):
        judge(federation.Mode.ALLOW_LIST, "x.example", allowed=["y.example *"])
    assert federation.address_kind("93.184.216.34") == "public"
    assert federation.address_kind("::ffff:127.0.0.1") == "loopback"
    with pytest.raises(mychat.InvalidArgumentError):
        federation.address_kind("127.1")


def test_secrets_are_not_shown_and_nodes_are_collected() -> None:
    key = federation.new_key()
    assert isinstance(key, mychat.Secret) and len(key) == federation.KEY_SIZE
    assert key.hex() not in repr(key)
    node = federation.Node("a.example", "https://a.example/f", key)
    assert repr(node) == "<mychat.federation.Node 'a.example'>"
    handshake = node.begin_handshake("b.example")
    del node
    gc.collect()
    assert handshake.message  # It goes on without its node.
    with pytest.raises(mychat.InvalidArgumentError):
        federation.Node("a.example", "https://b.example/f", key)
    with pytest.raises(mychat.InvalidArgumentError):
        federation.Node("a.example", "https://a.example/f", key[:31])


def test_addresses_that_are_not_public_are_not_asked() -> None:
    node = federation.Node("a.example", "https://a.example/f", federation.new_key())
    with pytest.raises(mychat.PolicyError):
        node.discover("127.0.0.1:9", timeout=5)


def test_a_closed_node_says_so_and_its_handshakes_go_on(a: One, b: One) -> None:
    begun = a.node.begin_handshake("b.example", now=NOW)
    answered = b.node.answer_handshake(begun.message, a.json, a.document.known, now=NOW)
    with a.node as same:
        assert same is a.node
    b.node.close()
    b.node.close()
    assert repr(a.node) == "<mychat.federation.Node 'a.example' closed>"
    calls: List[Callable[[], Any]] = [
        lambda: a.node.sign_document(2, now=NOW),
        lambda: a.node.discover("b.example"),
        lambda: a.node.begin_handshake("b.example", now=NOW),
        lambda: a.node.hello_origin(begun.message),
        lambda: a.node.answer_handshake(begun.message, b.json, b.document.known, now=NOW),
        lambda: a.node.sign_request("b.example", "GET", URI, now=NOW),
        lambda: a.node.verify_request("GET", URI, {}, b"", b.document.known, now=NOW),
        lambda: a.node.sign_response("GET", URI, {}, 200, b"", now=NOW),
    ]
    for call in calls:
        with pytest.raises(mychat.ClosedError, match="The node is closed") as caught:
            call()
        assert caught.value.operation.startswith("federation_")
    # Both sides are known by what they hold themselves.
    agreed = begun.finish(answered.message, b.json, b.document.known, now=NOW)
    assert answered.confirm(agreed.confirm, a.document.known, now=NOW).peer == "a.example"


def test_a_closed_handshake_says_so(a: One, b: One) -> None:
    begun = a.node.begin_handshake("b.example", now=NOW)
    with b.node.answer_handshake(begun.message, a.json, a.document.known, now=NOW) as answered:
        welcome = answered.message
    answered.close()
    for call in (lambda: answered.id, lambda: answered.message, lambda: answered.confirm("{}", "{}", now=NOW)):
        with pytest.raises(mychat.ClosedError, match="The handshake is closed"):
            call()
    assert begun.finish(welcome, b.json, b.document.known, now=NOW).peer == "b.example"
    begun.close()
    with pytest.raises(mychat.ClosedError):
        begun.finish(welcome, b.json, b.document.known, now=NOW)


def test_a_node_may_be_closed_under_the_calls_of_other_threads(a: One) -> None:
    ends: List[str] = []
    began = threading.Barrier(5)

    def signs() -> None:
        began.wait()
        try:
            while True:
                a.node.sign_request("b.example", "POST", URI, b"x" * 10_000, now=NOW)
        except mychat.ClosedError as error:
            ends.append(str(error))

    threads = [threading.Thread(target=signs) for _ in range(4)]
    for thread in threads:
        thread.start()
    began.wait()
    a.node.close()
    for thread in threads:
        thread.join(60)
    assert ends == ["The node is closed."] * 4


def test_flags_are_the_enum_and_numbers_are_named_when_they_are_out_of_range(b: One) -> None:
    flags: Any = 3
    with pytest.raises(TypeError, match="mychat.federation.Flags"):
        federation.Node("a.example", "https://a.example/f", b.key, flags=flags)
    with pytest.raises(TypeError, match="mychat.federation.Flags"):
        federation.verify_document(b.json, "b.example", flags=flags)
    key = bytes(range(32))
    with pytest.raises(mychat.InvalidArgumentError, match="max_message_size") as caught:
        federation.Node("a.example", "https://a.example/f", key, max_message_size=2**70)
    assert "\\x1f" not in str(caught.value)  # The key is not shown.
    with pytest.raises(mychat.InvalidArgumentError, match="sequence") as caught:
        b.node.sign_document(2**70, previous=b.json, previous_private_key=key)
    assert "\\x1f" not in str(caught.value)
