"""What calls return and events carry: immutable, comparable, and safe to print.

``repr`` never shows the text or bytes of a message or an archive. Times are aware ``datetime`` objects in UTC, exact to the
millisecond; ``None`` where the C ABI has 0 (not known). Text that is not there is ``""``, as in C.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Optional, Tuple

from ._enums import (
    ConnectionState,
    ContentType,
    Direction,
    EventType,
    MessageStatus,
    Operation,
    PresenceStatus,
    Repair,
    Status,
    Trust,
    Verification,
)
from ._errors import Error

Time = Optional[datetime.datetime]


class Secret(bytearray):
    """Bytes whose ``repr`` shows only their number, and which are wiped when they go.

    A ``bytearray``: ``bytes(secret)`` and ``secret.decode()`` give (unprotected) copies.
    """

    def wipe(self) -> None:
        """Overwrite the bytes with zeros."""
        self[:] = bytes(len(self))

    def __del__(self) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return f"<Secret of {len(self)} bytes>"

    __str__ = __repr__


@dataclasses.dataclass(frozen=True)
class Account:
    """The account of a client."""

    handle: str
    """``username@domain``; ``""`` before registration, login, or the restore of a backup that names it."""
    logged_in: bool
    """A session is stored."""
    has_identity: bool
    """The private key is here."""
    signs_messages: bool
    """A signing key is here and certified."""
    user_id: str
    node_url: str
    fingerprint: str
    """Of the identity key, 79 characters; ``""`` without one."""
    avatar_url: str
    status_message: str
    backup_at: Time
    """When the last key backup of the present key was made."""


@dataclasses.dataclass(frozen=True)
class Session:
    """One session of the account."""

    id: str
    device_name: str
    current: bool
    """This client's own."""
    created_at: Time
    last_used: Time
    """Rounded to about a minute by the node."""


@dataclasses.dataclass(frozen=True)
class NodeInfo:
    """What a node says of itself."""

    domain: str
    version: str
    registration_open: bool
    federation_enabled: bool
    extended: bool
    """It has a mailbox; a plain v1 node has none and is polled."""
    current_users: int
    max_users: int
    uptime_seconds: int
    max_message_size: int
    """Most bytes of one message's ciphertext."""
    capabilities: Tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class StoreReport:
    """What a check of the store found."""

    healthy: bool
    values_checked: int
    problems: Tuple[str, ...]
    """English sentences; hold no secret."""


@dataclasses.dataclass(frozen=True)
class Contact:
    """A contact, or another user that was looked up."""

    handle: str
    nickname: str
    trust: Trust
    fingerprint: str
    """Of the accepted key; ``""`` when no key is known."""
    pending_fingerprint: str
    """Of the new key when ``trust`` is ``CHANGED``, else ``""``."""
    pending_vouched: bool
    """The old key signed the rotation to the pending one."""
    signs_messages: bool
    is_contact: bool
    """In the contact list; False for a peer that was only written with."""
    avatar_url: str
    status_message: str
    added_at: Time
    last_message_at: Time


@dataclasses.dataclass(frozen=True)
class Conversation:
    """A conversation."""

    peer: str
    unread: int
    """Received messages not yet marked read."""
    last_message_id: str
    last_message_at: Time


@dataclasses.dataclass(frozen=True)
class Message:
    """One message."""

    id: str
    """UUID; of messages that v1 nodes made, whatever they gave."""
    peer: str
    """Handle of the other party: the conversation."""
    sender: str
    direction: Direction
    position: int
    """Place in this store's order of arrival: the cursor of history pages."""
    content_type: ContentType
    status: MessageStatus
    verification: Verification
    readable: bool
    """``data`` holds the plaintext; False when it could not be decrypted."""
    text: Optional[str] = dataclasses.field(repr=False)
    """``data`` as text, when it is readable text without NULs."""
    data: bytes = dataclasses.field(repr=False)
    """The plaintext."""
    sent_at: Time
    """The sender's clock; ``None`` also for a time that ``datetime`` cannot hold."""
    created_at: Time
    """When the node accepted it."""
    delivered_at: Time
    read_at: Time
    failure: Status
    """Why it is unreadable or failed; ``OK`` otherwise."""


@dataclasses.dataclass(frozen=True)
class MessagePage:
    """A page of messages, newest first."""

    messages: Tuple[Message, ...]
    has_more: bool
    """Older ones exist."""
    next_before: int
    """What to pass as ``before`` for the next page."""


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Why a message could not be decrypted, sent or verified, and what repairs it."""

    cause: Status
    repair: Repair
    attempts: int
    retry_at: Time
    description: str
    """English sentences for a person; hold no secret."""


@dataclasses.dataclass(frozen=True)
class Backup:
    """A key backup: save ``data`` under ``file_name``, with mode 0600."""

    file_name: str
    data: bytes = dataclasses.field(repr=False)
    """The archive: a ZIP file, protected by its password."""


@dataclasses.dataclass(frozen=True)
class BackupReport:
    """What a backup holds, or would lose."""

    handle: str
    fingerprint: str
    has_v1_members: bool
    has_sealed_member: bool
    has_signing_key: bool
    created_at: Time
    contacts: int
    verified_contacts: int
    matches_account: Optional[bool]
    """Its key is the client's own; ``None`` when there is nothing to compare."""
    losses: Tuple[str, ...]
    """English sentences: what a restore would not bring back."""


@dataclasses.dataclass(frozen=True)
class Completion:
    """Result of a request. What its call does not name is ``None``."""

    operation: Operation
    request: int
    error: Optional[Error]
    account: Optional[Account]
    contact: Optional[Contact]
    sessions: Optional[Tuple[Session, ...]]
    node_info: Optional[NodeInfo]


@dataclasses.dataclass(frozen=True)
class Connection:
    """The connection changed."""

    state: ConnectionState
    error: Optional[Error]
    """Why, when something failed."""
    retry_at: Time


@dataclasses.dataclass(frozen=True)
class Progress:
    """A long request goes on."""

    operation: Operation
    request: int
    primes_found: int
    """While keys are made: 0 to 2."""
    candidates: int
    """Candidates tested so far; about 90 a prime is the mean."""


@dataclasses.dataclass(frozen=True)
class Typing:
    """A peer types."""

    peer: str
    is_typing: bool


@dataclasses.dataclass(frozen=True)
class Presence:
    """A contact's presence."""

    peer: str
    status: PresenceStatus
    last_seen: Time


@dataclasses.dataclass(frozen=True)
class Event:
    """One event. Its class says what it carries; one that this version does not know is a plain `Event`."""

    type: EventType
    seq: int
    """Number in the journal, for ``ack``; 0 when it is not in it."""
    time: datetime.datetime
    """When it was made here."""


@dataclasses.dataclass(frozen=True)
class CompletionEvent(Event):
    """A request completed. Taken by whoever awaits the request: ``events()`` never gives one."""

    completion: Completion


@dataclasses.dataclass(frozen=True)
class ConnectionEvent(Event):
    """The connection changed."""

    connection: Connection


@dataclasses.dataclass(frozen=True)
class ProgressEvent(Event):
    """A long request goes on."""

    progress: Progress


@dataclasses.dataclass(frozen=True)
class MessageEvent(Event):
    """A message arrived, or one sent from another session. Journal."""

    message: Message


@dataclasses.dataclass(frozen=True)
class MessageStatusEvent(Event):
    """A message came further, failed, became readable or verified. Journal."""

    message: Message


@dataclasses.dataclass(frozen=True)
class TypingEvent(Event):
    """A peer types or stopped."""

    typing: Typing


@dataclasses.dataclass(frozen=True)
class PresenceEvent(Event):
    """A contact's presence."""

    presence: Presence


@dataclasses.dataclass(frozen=True)
class ContactEvent(Event):
    """A contact was added, removed or changed its profile. Journal."""

    contact: Contact


@dataclasses.dataclass(frozen=True)
class KeyChangedEvent(Event):
    """A contact's key changed and waits for acceptance. Journal."""

    contact: Contact


@dataclasses.dataclass(frozen=True)
class SessionEndedEvent(Event):
    """The node ended the session; log in again. Journal."""

    connection: Connection
