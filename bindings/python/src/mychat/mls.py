"""MLS (RFC 9420), the low-level interface: for programs that bring their own delivery service. Clients need none of it.

``mychat_mls_NAME`` of the C ABI is here under NAME: as a function, or, without ``group_``, ``commit_`` or ``key_package_``,
as a method of `Group`, `Commit` or `KeyPackage`. ``docs/mls-api.md`` tells how they belong together.

Nothing here listens, sends or keeps files. What travels is bytes (an MLSMessage of the RFC); proposals, credentials and
extensions are bytes too, in the RFC's encoding. When a rule of the RFC is broken, ``Error.detail`` is its number, for
`rule_text`. Groups and commits are for one thread at a time.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from . import _core, _mychat  # noqa: F401  (_core teaches the extension its errors.)
from ._core import Buffer
from ._enums import Status, _Open
from ._errors import InvalidArgumentError, NotFoundError
from ._types import Secret

__all__ = [
    "ACCOUNT_KEY_SIZE", "Commit", "Content", "Credential", "CredentialType", "DEFAULT_SUITE", "Flags", "Format", "Group",
    "GroupState", "HYBRID_SUITE", "HandshakeFlags", "InfoFlags", "KeyPackage", "Leaf", "LeafFlags", "Member", "Message", "NO_LEAF", "Options",
    "PSK_MAX_SIZE", "Proposal", "ProposalType", "PskId", "PskType", "PskUsage", "Received", "Record", "Relation", "SenderType", "Summary",
    "account_credential", "basic_credential", "extension", "new_signature_key", "propose_add", "propose_extensions",
    "propose_psk", "propose_reinit", "propose_remove", "propose_resumption_psk", "propose_self_remove", "read_credential",
    "read_message", "read_proposal", "required_capabilities", "rule_section", "rule_text", "signature_public_key",
    "supported_suites", "verify_account",
]

DEFAULT_SUITE = 1
"""The cipher suite that every client has: X25519, AES-128-GCM, SHA-256, Ed25519."""
HYBRID_SUITE = 0xF00D
"""The cipher suite whose secrets also withstand quantum computers: X-Wing (X25519 with ML-KEM-768), AES-256-GCM, SHA-512,
Ed25519. Its signatures do not withstand them. It is one of `supported_suites()` where the OpenSSL that runs has ML-KEM (3.5
and later), and nowhere else. The number is of the range for private use (RFC 9420, section 17.1)."""
ACCOUNT_KEY_SIZE = 32
"""Bytes of an account's key, private or public: Ed25519."""
NO_LEAF = 0xFFFFFFFF
"""What stands for no leaf."""
PSK_MAX_SIZE = 1024
"""The longest pre-shared key, in bytes."""


class CredentialType(_Open):
    """Types of credentials."""

    BASIC = 1
    X509 = 2


class ProposalType(_Open):
    """Types of proposals."""

    ADD = 1
    UPDATE = 2
    REMOVE = 3
    PSK = 4
    REINIT = 5
    EXTERNAL_INIT = 6
    GROUP_CONTEXT_EXTENSIONS = 7
    SELF_REMOVE = 10


class SenderType(_Open):
    """Who a message is from."""

    MEMBER = 1
    EXTERNAL = 2
    NEW_MEMBER_PROPOSAL = 3
    NEW_MEMBER_COMMIT = 4


class PskType(_Open):
    """Kinds of pre-shared keys."""

    EXTERNAL = 1
    RESUMPTION = 2


class PskUsage(_Open):
    """What the key of an epoch is for."""

    NONE = 0
    APPLICATION = 1
    REINIT = 2
    BRANCH = 3


class Format(_Open):
    """Kinds of messages."""

    PUBLIC_MESSAGE = 1
    PRIVATE_MESSAGE = 2
    WELCOME = 3
    GROUP_INFO = 4
    KEY_PACKAGE = 5


class Content(_Open):
    """What a message of a group holds."""

    NONE = 0
    APPLICATION = 1
    PROPOSAL = 2
    COMMIT = 3


class Relation(_Open):
    """How one member's state of a group is to another's."""

    SAME = 1
    BEHIND = 2
    AHEAD = 3
    FORKED = 4


class LeafFlags(enum.IntFlag):
    """Flags of a leaf."""

    SELF_REMOVE = 1
    LAST_RESORT = 2


class Flags(enum.IntFlag):
    """Flags of a group."""

    ACCEPT_ALL = 1
    IGNORE_LIFETIMES = 2
    PRIVATE_HANDSHAKES = 4


class InfoFlags(enum.IntFlag):
    """What a group info holds."""

    TREE = 1
    EXTERNAL_PUB = 2


class HandshakeFlags(enum.IntFlag):
    """Flags of a proposal (``PUBLIC``) or a commit."""

    PUBLIC = 1
    NO_WAITING = 2
    NO_PATH = 4
    NO_TREE = 8


@dataclasses.dataclass(frozen=True)
class Credential:
    """Who somebody says he is."""

    type: CredentialType
    encoded: bytes
    """As the RFC encodes it, for `Leaf`."""
    identity: bytes
    """Of a basic one."""
    handle: str
    """``user@domain``, of one of `account_credential`; else ""."""
    device_id: str
    """The device, of one of `account_credential`; else ""."""


@dataclasses.dataclass(frozen=True)
class PskId:
    """Name of a pre-shared key."""

    type: PskType
    usage: PskUsage
    id: bytes
    """Of an external one."""
    group_id: bytes
    """Of one of an epoch: the group."""
    epoch: int


@dataclasses.dataclass(frozen=True)
class Proposal:
    """A proposal, read."""

    type: ProposalType
    sender_type: SenderType
    sender: int
    """Leaf or place of who it is from; else `NO_LEAF`."""
    leaf_index: int
    """The member that it changes or removes; else `NO_LEAF`."""
    suite: int
    """Of a ReInit: the new group's."""
    encoded: bytes
    reference: bytes
    """Its ProposalRef; empty when it stands in a commit itself."""
    credential: Optional[Credential]
    """Of an Add or Update: who."""
    signature_key: bytes
    psk: Optional[PskId]
    group_id: bytes
    """Of a ReInit: the new group."""
    extensions: bytes
    """Of a ReInit or GroupContextExtensions: the new ones."""


@dataclasses.dataclass(frozen=True)
class Message:
    """What can be seen of a message from outside. Nothing of it is proven."""

    format: Format
    content: Content
    suite: int
    """Of a welcome, group info or key package; else 0."""
    epoch: int
    group_id: bytes
    references: Tuple[bytes, ...]
    """Of a welcome: the key packages that it is for; of a key package: its own."""
    credential: Optional[Credential]
    """Of a key package: whose."""
    signature_key: bytes


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a commit does."""

    removes_us: bool
    has_path: bool
    committer_type: SenderType
    committer: int
    """Leaf of its maker in the new epoch."""
    epoch: int
    """The new one."""
    proposals: Tuple[Proposal, ...]
    added: Tuple[int, ...]
    updated: Tuple[int, ...]
    removed: Tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class GroupState:
    """What a group is at present."""

    suite: int
    is_active: bool
    """False after this member was put out, and after a ReInit."""
    was_removed: bool
    own_leaf: int
    member_count: int
    epoch: int
    group_id: bytes
    extensions: bytes
    reinit: Optional[Proposal]
    """The ReInit that ended it."""


@dataclasses.dataclass(frozen=True)
class Member:
    """A member of a group."""

    leaf_index: int
    """Its name in this group for as long as it is a member."""
    credential: Credential
    signature_key: bytes


@dataclasses.dataclass(frozen=True)
class Received:
    """A message of another member, taken."""

    content: Content
    sender_type: SenderType
    sender: int
    epoch: int
    """The one that it was sent in."""
    credential: Optional[Credential]
    """Of application data: whose."""
    data: bytes = dataclasses.field(repr=False)
    """Application data; else empty."""
    aad: bytes
    proposal: Optional[Proposal]
    """The proposal, which now waits."""
    commit: Optional[Summary]
    """The commit, which now counts."""


@dataclasses.dataclass(frozen=True)
class Record:
    """A part of a stored group. What it holds is secret."""

    id: str
    content: bytes = dataclasses.field(repr=False)
    is_erased: bool
    """What is stored under this id is to be erased."""


@dataclasses.dataclass(frozen=True)
class Leaf:
    """How one appears in a group."""

    credential: Buffer
    """Encoded: of `basic_credential` or `account_credential`."""
    private_key: Buffer = dataclasses.field(default=b"", repr=False)
    """Of `new_signature_key`. Only updates and commits may do without: they keep the present one."""
    flags: LeafFlags = LeafFlags(0)
    extensions: Buffer = b""
    extension_types: Sequence[int] = ()
    """What else it supports."""
    proposal_types: Sequence[int] = ()
    lifetime: Optional[datetime.timedelta] = None
    """From now until it may no longer be added; 90 days unless given."""

    def _given(self) -> Tuple[Any, ...]:
        return (
            self.credential, self.private_key, int(self.flags), self.extensions, _numbers(self.extension_types),
            _numbers(self.proposal_types), _millis(self.lifetime),
        )


@dataclasses.dataclass(frozen=True)
class Options:
    """What a group asks of the program, on the thread that calls. An exception that one of these raises ends the call."""

    accept: Optional[Callable[[Credential, bytes, bytes], bool]] = None
    """``(credential, signature_key, group_id)``: whether the key is that of whom the credential names. Required without
    `Flags.ACCEPT_ALL`."""
    is_successor: Optional[Callable[[Credential, Credential], bool]] = None
    """``(before, after)``: whether a member may go on under another credential. Without it, it may not."""
    psk: Optional[Callable[[PskId], Optional[Buffer]]] = None
    """A pre-shared key by its name."""
    accept_commit: Optional[Callable[[Summary], bool]] = None
    """Whether a commit of another member may count. Without it, every valid one does."""
    flags: Flags = Flags(0)
    past_epochs: int = 0
    """Epochs before the present one whose messages can be read; 0: 3, -1: none."""
    resumption_epochs: int = 0
    """Epochs before the present one whose resumption keys are kept; 0: 16, -1: none."""
    max_waiting_proposals: int = 0
    """How many proposals may wait for a commit; 0: 1,000."""
    max_messages_ahead: int = 0
    """How many messages of one sender may be missing before one; 0: 1,000."""
    max_lifetime: Optional[datetime.timedelta] = None
    """The longest lifetime of a leaf; 400 days unless given."""

    def _host(self) -> _mychat.MlsHost:
        if (self.accept is None) != bool(self.flags & Flags.ACCEPT_ALL):
            raise InvalidArgumentError("accept is required, or Flags.ACCEPT_ALL instead of it.", Status.INVALID_ARGUMENT)
        return _mychat.MlsHost(
            int(self.flags), self.past_epochs, self.resumption_epochs, self.max_waiting_proposals, self.max_messages_ahead,
            _millis(self.max_lifetime),
        )


class _Asked:
    """Whom C asks, in Python's classes."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def accept(self, credential: Dict[str, Any], signature_key: bytes, group_id: bytes) -> bool:
        asked = self.options.accept
        return asked is None or bool(asked(_credential(credential), signature_key, group_id))

    def is_successor(self, before: Dict[str, Any], after: Dict[str, Any]) -> bool:
        asked = self.options.is_successor
        return asked is not None and bool(asked(_credential(before), _credential(after)))

    def psk(self, id: Dict[str, Any]) -> Optional[Buffer]:
        return None if self.options.psk is None else self.options.psk(_psk(id))

    def accept_commit(self, summary: Dict[str, Any]) -> bool:
        asked = self.options.accept_commit
        return asked is None or bool(asked(_summary(summary)))


def _millis(time: Optional[datetime.timedelta]) -> int:
    return 0 if time is None else round(time.total_seconds() * 1000)


def _numbers(numbers: Sequence[int]) -> str:
    return " ".join(str(int(number)) for number in numbers)


def _credential(made: Dict[str, Any]) -> Credential:
    return Credential(**{**made, "type": CredentialType(made["type"])})


def _psk(made: Dict[str, Any]) -> PskId:
    return PskId(**{**made, "type": PskType(made["type"]), "usage": PskUsage(made["usage"])})


def _proposal(made: Dict[str, Any]) -> Proposal:
    return Proposal(**{
        **made,
        "type": ProposalType(made["type"]),
        "sender_type": SenderType(made["sender_type"]),
        "credential": made["credential"] and _credential(made["credential"]),
        "psk": made["psk"] and _psk(made["psk"]),
    })


def _summary(made: Dict[str, Any]) -> Summary:
    return Summary(**{
        **made,
        "committer_type": SenderType(made["committer_type"]),
        "proposals": tuple(_proposal(item) for item in made["proposals"]),
        **{name: tuple(made[name]) for name in ("added", "updated", "removed")},
    })


def _records(made: Iterable[Tuple[str, Optional[bytes]]]) -> List[Record]:
    return [Record(id, content or b"", content is None) for id, content in made]


def _secret(made: bytearray) -> Secret:
    secret = Secret(made)
    made[:] = bytes(len(made))
    return secret


def _joined(parts: Iterable[Buffer], name: str) -> bytes:
    if isinstance(parts, (bytes, bytearray, memoryview)):
        raise TypeError(f"{name} must be a sequence of bytes")
    return b"".join(bytes(part) for part in parts)


def rule_text(rule: int) -> str:
    """What a rule says that ``Error.detail`` names; "" for a number that is no rule's."""
    return _mychat.mls_rule_text(rule)


def rule_section(rule: int) -> str:
    """Where a rule stands in RFC 9420; "" for a number that is no rule's."""
    return _mychat.mls_rule_section(rule)


def supported_suites() -> Tuple[int, ...]:
    """The cipher suites of this library with this OpenSSL."""
    suites: List[int] = []
    while True:
        suite = _mychat.mls_supported_suite(len(suites))
        if suite == 0:
            return tuple(suites)
        suites.append(suite)


def new_signature_key(suite: int = DEFAULT_SUITE) -> Secret:
    """Make a signature key."""
    return _secret(_mychat.mls_new_signature_key(suite))


def signature_public_key(private_key: Buffer, suite: int = DEFAULT_SUITE) -> bytes:
    """The public key of a signature key, as it stands in leaves. `MalformedError`."""
    return _mychat.mls_signature_public_key(suite, private_key)


def basic_credential(identity: Buffer) -> bytes:
    """A basic credential of any identity, encoded."""
    return _mychat.mls_basic_credential(identity)


def account_credential(handle: str, device_id: str, account_key: Buffer, signature_key: Buffer) -> bytes:
    """A basic credential of one device of a user, whose account vouches for the device's (public) signature key."""
    return _mychat.mls_account_credential(handle, device_id, account_key, signature_key)


def verify_account(credential: Buffer, signature_key: Buffer, account_public_key: Buffer) -> None:
    """Whether the account that a credential names vouches for a signature key. `SignatureError`, `MalformedError`."""
    _mychat.mls_verify_account(credential, signature_key, account_public_key)


def read_credential(credential: Buffer) -> Credential:
    """Read a credential. `MalformedError`."""
    return _credential(_mychat.mls_read_credential(credential))


def extension(type: int, data: Buffer) -> bytes:
    """Encode an extension."""
    return _mychat.mls_extension(type, data)


def required_capabilities(
    *, extension_types: Sequence[int] = (), proposal_types: Sequence[int] = (), credential_types: Sequence[int] = ()
) -> bytes:
    """Encode the extension of a group that says what every member must support."""
    return _mychat.mls_required_capabilities(_numbers(extension_types), _numbers(proposal_types), _numbers(credential_types))


def propose_add(key_package: Buffer) -> bytes:
    """A proposal to add the one whose key package (`KeyPackage.message`) it is. `MalformedError`."""
    return _mychat.mls_propose_add(key_package)


def propose_remove(leaf_index: int) -> bytes:
    """A proposal to put a member out."""
    return _mychat.mls_propose_remove(leaf_index)


def propose_psk(id: Buffer, suite: int = DEFAULT_SUITE) -> bytes:
    """A proposal to take a key of the program's in; the members look it up by its name."""
    return _mychat.mls_propose_psk(suite, id)


def propose_resumption_psk(group_id: Buffer, epoch: int, suite: int = DEFAULT_SUITE) -> bytes:
    """A proposal to take the key of an epoch in, of this group or another one."""
    return _mychat.mls_propose_resumption_psk(suite, group_id, epoch)


def propose_reinit(*, group_id: Buffer = b"", suite: int = DEFAULT_SUITE, extensions: Iterable[Buffer] = ()) -> bytes:
    """A proposal to end the group in favour of another one (with a random id unless given)."""
    return _mychat.mls_propose_reinit(group_id, suite, _joined(extensions, "extensions"))


def propose_extensions(extensions: Iterable[Buffer]) -> bytes:
    """A proposal to replace the group's extensions."""
    return _mychat.mls_propose_extensions(_joined(extensions, "extensions"))


def propose_self_remove() -> bytes:
    """A proposal to go; it may not stand in one's own commit."""
    return _mychat.mls_propose_self_remove()


def read_proposal(proposal: Buffer) -> Proposal:
    """Read a proposal. `MalformedError`."""
    return _proposal(_mychat.mls_read_proposal(proposal))


def read_message(message: Buffer) -> Message:
    """Look at a message from outside: for whom it is, and for which group. `MalformedError`, `UnsupportedError`."""
    made = _mychat.mls_read_message(message)
    return Message(**{
        **made,
        "format": Format(made["format"]),
        "content": Content(made["content"]),
        "references": tuple(made["references"]),
        "credential": made["credential"] and _credential(made["credential"]),
    })


class KeyPackage:
    """What adds somebody to a group while he is away, with its private parts. See `create` and `load`."""

    def __init__(self, handle: _mychat.MlsKeyPackage) -> None:
        self._handle = handle

    def __repr__(self) -> str:
        return f"<mychat.mls.KeyPackage {self.ref.hex()[:16]}>"

    @classmethod
    def create(cls, leaf: Leaf, suite: int = DEFAULT_SUITE) -> KeyPackage:
        """Make one; to be used once, but for one of `LeafFlags.LAST_RESORT`."""
        return cls(_mychat.mls_key_package_create(suite, leaf._given()))

    @classmethod
    def load(cls, secret: Buffer) -> KeyPackage:
        """What `save` gave. `StoreError`."""
        return cls(_mychat.mls_key_package_load(secret))

    @property
    def message(self) -> bytes:
        """What is to be published."""
        return self._handle.message()

    @property
    def ref(self) -> bytes:
        """Its KeyPackageRef, by which welcomes name it (`Message.references`)."""
        return self._handle.ref()

    @property
    def is_last_resort(self) -> bool:
        """It may serve several times."""
        return self._handle.is_last_resort()

    def save(self) -> Secret:
        """All of it, for keeping: it holds private keys, and must be erased once used."""
        return _secret(self._handle.save())


class Commit:
    """A commit that was made and does not count yet."""

    def __init__(self, handle: _mychat.MlsCommit, options: Options) -> None:
        self._handle = handle
        self._options = options

    @property
    def message(self) -> bytes:
        """The commit, to be sent to the members."""
        return self._handle.message()

    @property
    def welcome(self) -> Optional[bytes]:
        """The welcome, to be sent to all who are added once the commit has been ordered; None when nobody is."""
        try:
            return self._handle.welcome()
        except NotFoundError:
            return None

    @property
    def summary(self) -> Summary:
        """What it does."""
        return _summary(self._handle.summary())

    def save(self) -> List[Record]:
        """The group as it will be, all of it: to be stored before the commit is sent. `InvalidStateError`."""
        return _records(self._handle.save())

    def group(self) -> Group:
        """The group, of a commit that came into it or founded it; once. `InvalidStateError`."""
        return Group(self._handle.group(), self._options)


class Group:
    """A group as one of its members has it: of `create`, `join`, `load`, or `Commit.group`."""

    def __init__(self, handle: _mychat.MlsGroup, options: Options) -> None:
        self._handle = handle
        self._options = options
        self._asked = _Asked(options)

    def __repr__(self) -> str:
        state = self.describe()
        return f"<mychat.mls.Group {state.group_id.hex()[:16]} epoch {state.epoch}>"

    @classmethod
    def create(
        cls, options: Options, leaf: Leaf, suite: int = DEFAULT_SUITE, *, group_id: Buffer = b"",
        extensions: Iterable[Buffer] = (),
    ) -> Group:
        """Make a group of one, with a random id unless given."""
        made = _mychat.mls_group_create(
            options._host(), _Asked(options), suite, leaf._given(), group_id, _joined(extensions, "extensions")
        )
        return cls(made, options)

    @classmethod
    def join(
        cls, options: Options, welcome: Buffer, packages: Sequence[KeyPackage], *, tree: Buffer = b"",
        predecessor: Optional[Group] = None,
    ) -> Tuple[Group, KeyPackage]:
        """Come into a group that somebody added one to; also gives the key package that it was for.

        ``predecessor``: the group that this one replaces or branched off. `NotFoundError` when it is for none of them.
        """
        made, used = _mychat.mls_group_join(
            options._host(), _Asked(options), welcome, [package._handle for package in packages], tree,
            None if predecessor is None else predecessor._handle,
        )
        return cls(made, options), packages[used]

    @classmethod
    def join_external(
        cls, options: Options, group_info: Buffer, leaf: Leaf, *, replaces: Optional[int] = None, tree: Buffer = b"",
        psks: Iterable[Buffer] = (), aad: Buffer = b"",
    ) -> Commit:
        """Come into a group by oneself, or again (``replaces``: the own leaf from before)."""
        made = _mychat.mls_group_join_external(
            options._host(), _Asked(options), group_info, leaf._given(), NO_LEAF if replaces is None else replaces, tree,
            _joined(psks, "psks"), aad,
        )
        return Commit(made, options)

    @classmethod
    def load(cls, options: Options, records: Mapping[str, Buffer]) -> Group:
        """A group of what is stored of it: contents by ids. `StoreError`."""
        return cls(_mychat.mls_group_load(options._host(), dict(records)), options)

    def describe(self) -> GroupState:
        """What it is at present."""
        made = self._handle.describe()
        return GroupState(**{**made, "reinit": made["reinit"] and _proposal(made["reinit"])})

    def members(self) -> List[Member]:
        """Who is in it, by their leaves."""
        return [Member(**{**made, "credential": _credential(made["credential"])}) for made in self._handle.members()]

    def epoch_authenticator(self) -> Secret:
        """A secret that is the same at all members of an epoch."""
        return _secret(self._handle.epoch_authenticator())

    def export_secret(self, label: str, context: Buffer = b"", size: int = 32) -> Secret:
        """A secret of the epoch for uses of the program's own."""
        return _secret(self._handle.export_secret(label, context, size))

    def resumption_psk(self, epoch: int) -> Secret:
        """The resumption key of this or an earlier epoch. `NotFoundError`."""
        return _secret(self._handle.resumption_psk(epoch))

    def export_info(self, flags: InfoFlags = InfoFlags.TREE | InfoFlags.EXTERNAL_PUB) -> bytes:
        """A signed description, for `join_external`."""
        return self._handle.export_info(int(flags))

    def compare(self, group_info: Buffer) -> Relation:
        """How this member's state is to that of who made a group info, which is not verified."""
        return Relation(self._handle.compare(group_info))

    def export_tree(self) -> bytes:
        """The tree, for those who get it another way than by welcomes and group infos."""
        return self._handle.export_tree()

    def protect(self, data: Buffer, aad: Buffer = b"", padding: int = 0) -> bytes:
        """Encrypt data for the group. ``aad`` can be seen by everybody and changed by nobody."""
        return self._handle.protect(data, aad, padding)

    def process(self, message: Buffer) -> Received:
        """Take a message of another member: data are decrypted, a proposal waits, a commit counts from now on."""
        made = self._handle.process(self._asked, message)
        return Received(**{
            **made,
            "content": Content(made["content"]),
            "sender_type": SenderType(made["sender_type"]),
            "credential": made["credential"] and _credential(made["credential"]),
            "proposal": made["proposal"] and _proposal(made["proposal"]),
            "commit": made["commit"] and _summary(made["commit"]),
        })

    def propose(self, proposal: Buffer, *, aad: Buffer = b"", flags: HandshakeFlags = HandshakeFlags(0)) -> bytes:
        """Propose something; it also waits here, for whoever commits next."""
        return self._handle.propose(self._asked, proposal, aad, int(flags))

    def propose_update(
        self, leaf: Optional[Leaf] = None, *, aad: Buffer = b"", flags: HandshakeFlags = HandshakeFlags(0)
    ) -> bytes:
        """Propose new keys for this member, and another appearance if given."""
        return self._handle.propose_update(self._asked, None if leaf is None else leaf._given(), aad, int(flags))

    def waiting(self) -> List[Proposal]:
        """The proposals of this epoch that wait for a commit."""
        return [_proposal(made) for made in self._handle.waiting()]

    def drop_waiting(self) -> None:
        """Forget the proposals that wait, here only."""
        self._handle.drop_waiting()

    def commit(
        self, proposals: Iterable[Buffer] = (), *, leaf: Optional[Leaf] = None, aad: Buffer = b"",
        flags: HandshakeFlags = HandshakeFlags(0),
    ) -> Commit:
        """Make a commit of what is given and of what waits. It counts once it is applied."""
        made = self._handle.commit(
            self._asked, int(flags), _joined(proposals, "proposals"), aad, None if leaf is None else leaf._given()
        )
        return Commit(made, self._options)

    def apply(self, commit: Commit) -> None:
        """Let a commit of `commit` count. `InvalidStateError` when it is not of the present epoch."""
        self._handle.apply(commit._handle)

    def reinitialise(self, leaf: Leaf, key_packages: Iterable[Buffer], *, options: Optional[Options] = None) -> Commit:
        """Found the group that is to take the place of this one, which ended with a ReInit."""
        options = options or self._options
        made = self._handle.reinitialise(
            options._host(), _Asked(options), leaf._given(), _joined(key_packages, "key_packages")
        )
        return Commit(made, options)

    def branch(
        self, leaf: Leaf, key_packages: Iterable[Buffer], *, group_id: Buffer = b"", extensions: Iterable[Buffer] = (),
        options: Optional[Options] = None,
    ) -> Commit:
        """Found a group of some members of this one, tied to it."""
        options = options or self._options
        made = self._handle.branch(
            options._host(), _Asked(options), leaf._given(), group_id, _joined(extensions, "extensions"),
            _joined(key_packages, "key_packages"),
        )
        return Commit(made, options)

    def save(self) -> List[Record]:
        """All of it: to be stored instead of whatever was stored of it before."""
        return _records(self._handle.save())

    def take_changes(self) -> List[Record]:
        """What changed since the last call of this or of `save`, in order."""
        return _records(self._handle.take_changes())
