"""What `mychat.mls` gives out: enums and values, made of the extension's dicts."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Dict, Iterable, List, Optional, Tuple

from ._enums import _Open
from ._types import Secret

# `mychat.mls` gives them out, and describes them.
DEFAULT_SUITE = 1
NO_LEAF = 0xFFFFFFFF


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
    """Both are in the same epoch."""
    BEHIND = 2
    """This one did not take commits that the other took."""
    AHEAD = 3
    """The other did not take commits that this one took."""
    FORKED = 4
    """They took different commits: neither will understand the other again."""


class LeafFlags(enum.IntFlag):
    """Flags of a leaf."""

    SELF_REMOVE = 1
    """It knows proposals to go."""
    LAST_RESORT = 2
    """Its key package may serve several times."""


class Flags(enum.IntFlag):
    """Flags of a group."""

    ACCEPT_ALL = 1
    """Everybody is who he says he is: for programs that compare signature keys by other means, and for tests."""
    IGNORE_LIFETIMES = 2
    """Leaves that others add may be out of their lifetime."""
    PRIVATE_HANDSHAKES = 4
    """Commits and proposals of members that are not encrypted are refused."""


class InfoFlags(enum.IntFlag):
    """What a group info holds."""

    TREE = 1
    """The tree."""
    EXTERNAL_PUB = 2
    """The key for coming in by oneself."""


class HandshakeFlags(enum.IntFlag):
    """Flags of a proposal (``PUBLIC``) or a commit."""

    PUBLIC = 1
    """Signed only: who carries it can read it."""
    NO_WAITING = 2
    """Of a commit: proposals that wait are not taken in."""
    NO_PATH = 4
    """Of a commit: no new keys where the proposals do not demand them."""
    NO_TREE = 8
    """Of a commit: the welcome does not hold the tree (`Group.export_tree`)."""


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


def to_credential(made: Dict[str, Any]) -> Credential:
    return Credential(**{**made, "type": CredentialType(made["type"])})


def to_psk(made: Dict[str, Any]) -> PskId:
    return PskId(**{**made, "type": PskType(made["type"]), "usage": PskUsage(made["usage"])})


def to_proposal(made: Dict[str, Any]) -> Proposal:
    return Proposal(**{
        **made,
        "type": ProposalType(made["type"]),
        "sender_type": SenderType(made["sender_type"]),
        "credential": made["credential"] and to_credential(made["credential"]),
        "psk": made["psk"] and to_psk(made["psk"]),
    })


def to_summary(made: Dict[str, Any]) -> Summary:
    return Summary(**{
        **made,
        "committer_type": SenderType(made["committer_type"]),
        "proposals": tuple(to_proposal(item) for item in made["proposals"]),
        **{name: tuple(made[name]) for name in ("added", "updated", "removed")},
    })


def to_records(made: Iterable[Tuple[str, Optional[bytes]]]) -> List[Record]:
    return [Record(id, content or b"", content is None) for id, content in made]


def to_secret(made: bytearray) -> Secret:
    secret = Secret(made)
    made[:] = bytes(len(made))
    return secret


def to_message(made: Dict[str, Any]) -> Message:
    return Message(**{
        **made,
        "format": Format(made["format"]),
        "content": Content(made["content"]),
        "references": tuple(made["references"]),
        "credential": made["credential"] and to_credential(made["credential"]),
    })


def to_state(made: Dict[str, Any]) -> GroupState:
    return GroupState(**{**made, "reinit": made["reinit"] and to_proposal(made["reinit"])})


def to_received(made: Dict[str, Any]) -> Received:
    return Received(**{
        **made,
        "content": Content(made["content"]),
        "sender_type": SenderType(made["sender_type"]),
        "credential": made["credential"] and to_credential(made["credential"]),
        "proposal": made["proposal"] and to_proposal(made["proposal"]),
        "commit": made["commit"] and to_summary(made["commit"]),
    })
