"""For programs that are nodes: who a node is, the handshake, signed requests and answers, trust. Clients need none of it.

``mychat_federation_NAME`` of the C ABI is here under NAME: as a function, or as a method of `Node` or `Handshake`. The
protocol is ``docs/federation.md``; ``mychat-server`` is built on the same code.

Nothing here listens or keeps files. Statements (documents, hello, welcome, confirm) are JSON texts as they travel. What is
known of another node is a text too (``known``): keep it as it is, and give it back. ``now`` is the present unless given.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from types import TracebackType
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Type, Union

from . import _core, _mychat  # noqa: F401  (_core teaches the extension its errors.)
from ._core import Buffer, PathInput, milliseconds
from ._enums import Status, _Open
from ._errors import InvalidArgumentError
from ._types import Secret

__all__ = [
    "Agreement", "Continuity", "Document", "Flags", "Handshake", "Headers", "KEY_SIZE", "Mode", "Node", "Verdict",
    "address_kind", "confirm_id", "judge", "new_key", "public_key", "request_origin", "verify_document", "verify_response",
]

KEY_SIZE = 32
"""Bytes of a node's private key: an Ed25519 seed."""

Headers = Union[Mapping[str, str], Iterable[Tuple[str, str]]]
"""Headers of a request or answer: a mapping, or pairs of name and value."""


class Flags(enum.IntFlag):
    """What is allowed for development."""

    ALLOW_HTTP = 1
    ALLOW_NON_PUBLIC = 2


class Continuity(_Open):
    """Whether a document follows from what was known of its node."""

    FIRST = 1
    SAME = 2
    RENEWED = 3
    ROTATED = 4


class Mode(_Open):
    """Which nodes an operator lets in."""

    OPEN = 1
    ALLOW_LIST = 2
    APPROVAL = 3


class Verdict(_Open):
    """What the rules say of a node."""

    ALLOWED = 1
    BLOCKED = 2
    NOT_LISTED = 3
    AWAITS_APPROVAL = 4


@dataclasses.dataclass(frozen=True)
class Document:
    """A node's verified document."""

    continuity: Continuity
    """What it is to what was known."""
    domain: str
    api_url: str
    """Where it takes requests."""
    key: str
    """Base64 of its public key."""
    key_id: str
    """The ``keyid`` of its signatures."""
    next_key: str
    """Base64 of the key that will follow; "" when it does not say."""
    capabilities: Tuple[str, ...]
    protocol: int
    """The newest protocol that it speaks."""
    rotations: int
    """Number of changes of key that it proves."""
    sequence: int
    """Never decreases."""
    issued_at: Optional[datetime.datetime]
    valid_until: Optional[datetime.datetime]
    max_message_size: int
    """Bytes of a message's content that it takes."""
    max_transaction_items: int
    max_transaction_bytes: int
    clock_ahead: datetime.timedelta
    """How far its clock is ahead of ours, by its answer; 0 when that is less than 10 seconds or not known."""
    json: str
    """The document as it was signed, for the calls that take one."""
    known: str
    """What to keep of the node from now on."""


@dataclasses.dataclass(frozen=True)
class Agreement:
    """What both sides of a handshake agreed on."""

    peer: str
    """Domain of the other node."""
    protocol: int
    """The newest protocol that both speak."""
    capabilities: Tuple[str, ...]
    """Those that both have."""
    confirm: str
    """What the side that began sends last; "" on the side that answered."""
    clock_ahead: datetime.timedelta
    """How far the other clock is ahead, as the side that began saw it; 0 on the other."""
    max_message_size: int
    max_transaction_items: int
    max_transaction_bytes: int
    known: str
    """What to keep of the node from now on: less is a downgrade."""


def _stamp(time: Optional[datetime.datetime]) -> int:
    if time is None:
        time = datetime.datetime.now(datetime.timezone.utc)
    elif time.tzinfo is None:
        raise InvalidArgumentError("A time has no time zone.", Status.INVALID_ARGUMENT)
    return round(time.timestamp() * 1000)


def _bits(flags: Flags) -> int:
    if not isinstance(flags, Flags):
        raise TypeError(f"flags must be mychat.federation.Flags, not {type(flags).__name__}")
    return int(flags)


def _values(made: Dict[str, Any]) -> Dict[str, Any]:
    made["capabilities"] = tuple(made["capabilities"].split())
    made["clock_ahead"] = datetime.timedelta(milliseconds=made["clock_ahead"])
    return made


def _document(made: Dict[str, Any]) -> Document:
    made["continuity"] = Continuity(made["continuity"])
    return Document(**_values(made))


def _lines(headers: Headers) -> str:
    pairs = headers.items() if hasattr(headers, "items") else headers
    lines: List[str] = []
    for name, value in pairs:
        if ":" in name:
            raise InvalidArgumentError(f"{name!r} is no name of a header.", Status.INVALID_ARGUMENT)
        if any(mark in name + value for mark in "\r\n\0"):
            raise InvalidArgumentError("A header holds a line break or a NUL.", Status.INVALID_ARGUMENT)
        lines.append(f"{name}: {value}\n")
    return "".join(lines)


def _joined(words: Sequence[str], name: str) -> str:
    if isinstance(words, str):
        raise TypeError(f"{name} must be a sequence of str, not str")
    for word in words:
        if not word or any(mark in word for mark in " \r\n\0"):
            raise InvalidArgumentError(f"{name} holds {word!r}, which is no name.", Status.INVALID_ARGUMENT)
    return " ".join(words)


def _pairs(lines: str) -> List[Tuple[str, str]]:
    return [(name, value) for name, _, value in (line.partition(": ") for line in lines.split("\n") if line)]


def new_key() -> Secret:
    """Make a private key for a node."""
    key = _mychat.federation_new_key()
    secret = Secret(key)
    key[:] = bytes(len(key))
    return secret


def public_key(private_key: Buffer) -> str:
    """The public key of a private one, in base64: for ``next_key`` of a document."""
    return _mychat.federation_public_key(private_key)


def verify_document(
    json: str, domain: str, known: Optional[str] = None, *, flags: Flags = Flags(0), now: Optional[datetime.datetime] = None
) -> Document:
    """Verify a document, or the whole of ``/.well-known/mychat-node``, and that it follows from what is known of its node.

    `MalformedError`, `TooLargeError`, `SignatureError`, `UnsupportedError` (a node of protocol 1), `KeyMismatchError` (another
    domain's), `StaleError`, `KeyChangedError` (another key without a signed rotation: stop, and ask the operator),
    `DowngradeError`.
    """
    return _document(_mychat.federation_verify_document(json, domain, known, _bits(flags), _stamp(now)))


def request_origin(headers: Headers) -> str:
    """Who a request says that it is from, so that what is known of that node can be looked up. Nothing is proven yet.

    `SignatureError` when it does not say, `MalformedError`.
    """
    return _mychat.federation_request_origin(_lines(headers))


def confirm_id(confirm: str) -> str:
    """Which handshake a confirm ends: the one whose `Handshake.id` is the same. `MalformedError`."""
    return _mychat.federation_confirm_id(confirm)


def verify_response(
    method: str, target_uri: str, request_headers: Headers, status: int, headers: Headers, body: Buffer, known: str, *,
    now: Optional[datetime.datetime] = None,
) -> None:
    """Verify the response to a request of one's own; ``request_headers`` are what `Node.sign_request` gave.

    `SignatureError`, `MalformedError`, `UnsupportedError`, `KeyMismatchError`, `StaleError`.
    """
    _mychat.federation_verify_response(
        method, target_uri, _lines(request_headers), status, _lines(headers), body, known, _stamp(now)
    )


def judge(mode: Mode, domain: str, *, allowed: Sequence[str] = (), blocked: Sequence[str] = ()) -> Verdict:
    """What an operator's rules say of a node. Patterns: a domain, ``*.example.org`` (everything below it) or ``*``."""
    return Verdict(_mychat.federation_judge(int(mode), _joined(allowed, "allowed"), _joined(blocked, "blocked"), domain))


def address_kind(address: str) -> str:
    """What an IP address is: "public", "loopback", "private", ... Others' names should be asked at public ones only."""
    return _mychat.federation_address_kind(address)


class Handshake:
    """One side of a handshake under way; see `Node.begin_handshake` and `Node.answer_handshake`.

    `close` it, use it as a context manager, or leave it to the garbage collector. Once closed it raises `ClosedError`.
    """

    def __init__(self, handle: _mychat.FederationHandshake) -> None:
        self._handle = handle

    def __enter__(self) -> Handshake:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free it, and wipe what is secret of it. Harmless the second time; a call under way in another thread is finished."""
        self._handle.close()

    @property
    def id(self) -> str:
        """Its name on the side that answered; "" on the other. See `confirm_id`."""
        return self._handle.id

    @property
    def message(self) -> str:
        """The hello or the welcome that began this side."""
        return self._handle.message

    def finish(
        self, welcome: str, peer_document: str, known: str, *, now: Optional[datetime.datetime] = None
    ) -> Agreement:
        """End it on the side that began, with the other's welcome. ``confirm`` of the result is to be sent.

        `MalformedError`, `SignatureError`, `KeyMismatchError`, `StaleError` (60 seconds), `DowngradeError`.
        """
        return Agreement(**_values(self._handle.finish(welcome, peer_document, known, _stamp(now))))

    def confirm(self, confirm: str, known: str, *, now: Optional[datetime.datetime] = None) -> Agreement:
        """End it on the side that answered, with the other's confirm. Errors as of `finish`."""
        return Agreement(**_values(self._handle.confirm(confirm, known, _stamp(now))))


class Node:
    """A node as it speaks with others: its name, its key, what it offers, and which requests it has taken.

    ``began_at``: requests signed before it are refused, as an earlier life of this node may have taken them: the present
    unless given. Any thread. `close` it, use it as a context manager, or leave it to the garbage collector.
    """

    def __init__(
        self,
        domain: str,
        api_url: str,
        private_key: Buffer,
        *,
        capabilities: Sequence[str] = (),
        flags: Flags = Flags(0),
        ca_file: Optional[PathInput] = None,
        began_at: Optional[datetime.datetime] = None,
        max_message_size: int = 0,
        max_transaction_items: int = 0,
        max_transaction_bytes: int = 0,
    ) -> None:
        self._domain = domain
        self._closed = False
        self._handle = _mychat.FederationNode(
            domain, api_url, private_key, _joined(capabilities, "capabilities"), _bits(flags), ca_file,
            _stamp(began_at), max_message_size, max_transaction_items, max_transaction_bytes,
        )

    def __repr__(self) -> str:
        return f"<mychat.federation.Node {self._domain!r}{' closed' if self._closed else ''}>"

    def __enter__(self) -> Node:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free it, and wipe its key; other calls raise `ClosedError` then. Handshakes that it began or answered go on.

        Harmless the second time; a call under way in another thread is finished.
        """
        self._closed = True
        self._handle.close()

    def sign_document(
        self,
        sequence: int,
        *,
        valid_for: datetime.timedelta = datetime.timedelta(days=7),
        next_key: Optional[str] = None,
        previous: Optional[str] = None,
        previous_private_key: Optional[Buffer] = None,
        now: Optional[datetime.datetime] = None,
    ) -> str:
        """Sign this node's document, for the member ``federation`` of its ``/.well-known/mychat-node``.

        ``sequence`` is higher than that of every earlier one. ``previous`` is the document before this one; when that has
        another key, ``previous_private_key`` hands over to this one. `InvalidArgumentError`, `KeyMismatchError`.
        """
        issued = _stamp(now)
        until = issued + round(valid_for.total_seconds() * 1000)
        return self._handle.sign_document(sequence, issued, until, next_key, previous, previous_private_key)

    def discover(
        self, domain: str, known: Optional[str] = None, *, timeout: float = 15, now: Optional[datetime.datetime] = None
    ) -> Document:
        """Fetch a node's document from its domain over verified TLS, and verify it. Blocks: call it in a thread of its own.

        Redirects are not followed, and addresses that are not public are not asked. As `verify_document`; `PolicyError` (an
        address that may not be asked), network errors, `NodeError`.
        """
        return _document(self._handle.discover(domain, known, milliseconds(timeout, "timeout"), _stamp(now)))

    def begin_handshake(self, peer: str, *, now: Optional[datetime.datetime] = None) -> Handshake:
        """Begin a handshake; ``message`` of the result is to be sent as ``{"hello": ...}``."""
        return Handshake(self._handle.begin(peer, _stamp(now)))

    def hello_origin(self, hello: str) -> str:
        """Who a hello says that it is from, so that its document can be fetched. Nothing is proven yet."""
        return self._handle.hello_origin(hello)

    def answer_handshake(
        self, hello: str, peer_document: str, known: str, *, now: Optional[datetime.datetime] = None
    ) -> Handshake:
        """Answer a hello; ``message`` of the result is to be sent as ``{"welcome": ...}``. Errors as of `Handshake.finish`."""
        return Handshake(self._handle.answer(hello, peer_document, known, _stamp(now)))

    def sign_request(
        self, destination: str, method: str, target_uri: str, body: Buffer = b"", *, now: Optional[datetime.datetime] = None
    ) -> List[Tuple[str, str]]:
        """Sign a request to another node: the headers to send with it. ``now`` is by the destination's clock."""
        return _pairs(self._handle.sign_request(destination, method, target_uri, body, _stamp(now)))

    def verify_request(
        self, method: str, target_uri: str, headers: Headers, body: Buffer, known: str, *,
        now: Optional[datetime.datetime] = None,
    ) -> None:
        """Verify a request, and take it once. ``target_uri`` is made of this node's own address, not of its Host header.

        `SignatureError`, `MalformedError`, `UnsupportedError`, `KeyMismatchError`, `StaleError`, `ReplayError`,
        `RateLimitedError`.
        """
        self._handle.verify_request(method, target_uri, _lines(headers), body, known, _stamp(now))

    def sign_response(
        self, method: str, target_uri: str, request_headers: Headers, status: int, body: Buffer, *,
        now: Optional[datetime.datetime] = None,
    ) -> List[Tuple[str, str]]:
        """Sign the response to a request that `verify_request` took: the headers to send with it."""
        return _pairs(
            self._handle.sign_response(method, target_uri, _lines(request_headers), status, body, _stamp(now))
        )
