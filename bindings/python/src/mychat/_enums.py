"""The C ABI's enums. Names are those of C without their common prefix; values are the same."""

from __future__ import annotations

import enum
from typing import Any


class _Open(enum.IntEnum):
    """An enum that may grow: a value that this version does not know becomes ``UNKNOWN_<value>``."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member


class Status(_Open):
    """Outcome of a call, as ``MYCHAT_OK`` and ``MYCHAT_E_*``."""

    OK = 0
    INVALID_ARGUMENT = 1
    INVALID_STATE = 2
    OUT_OF_MEMORY = 3
    INTERNAL = 4
    CANCELLED = 5
    TIMEOUT = 6
    CLOSED = 7
    NOT_FOUND = 8
    ALREADY_EXISTS = 9
    UNSUPPORTED = 10
    BUSY = 11
    RANDOM = 12
    MALFORMED = 20
    TOO_LARGE = 21
    CRYPTO = 40
    DECRYPT = 41
    WRONG_PASSWORD = 42
    KEY_MISMATCH = 43
    SIGNATURE = 44
    KEY_CHANGED = 45
    NO_KEY_MATERIAL = 46
    POLICY = 47
    NO_IDENTITY = 48
    STALE = 49
    REPLAY = 50
    DOWNGRADE = 51
    STORE = 60
    STORE_HELD = 61
    STORE_KEY = 62
    STORE_CORRUPT = 63
    STORE_TOO_NEW = 64
    IO = 65
    NETWORK = 80
    DNS = 81
    TLS = 82
    PLAINTEXT_REFUSED = 83
    PROTOCOL = 84
    UNAUTHORIZED = 100
    FORBIDDEN = 101
    REGISTRATION_CLOSED = 102
    RATE_LIMITED = 103
    REJECTED = 104
    NODE = 105


class Domain(_Open):
    """The part of the library that an error comes from; it says what ``Error.detail`` is."""

    NONE = 0
    API = 1
    CRYPTO = 2
    """``detail`` is OpenSSL's reason code or 0."""
    KEYS = 3
    E2EE = 4
    STORE = 5
    """``detail`` is SQLite's extended result code or 0."""
    SYSTEM = 6
    """``detail`` is errno or 0."""
    NETWORK = 7
    """``detail`` is libcurl's code or 0."""
    NODE = 8
    """``detail`` is the HTTP status."""
    PROTOCOL = 9
    FEDERATION = 10


class LogLevel(_Open):
    """Levels of the log."""

    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4


class Policy(enum.IntFlag):
    """Policy of an account, kept in its store."""

    NONE = 0
    REQUIRE_SIGNATURES = 1
    """Received messages that are not `Verification.VERIFIED` arrive unreadable, with ``Status.POLICY``."""
    NO_READ_RECEIPTS = 2
    """Never tell senders that their messages were read."""
    NO_TYPING = 4
    """Never send typing notices."""
    NO_SENDER_COPY = 8
    """Do not wrap the message key for oneself."""


class Direction(_Open):
    """Direction of a message, as this account sees it."""

    IN = 1
    OUT = 2


class ContentType(_Open):
    """What a message's bytes are."""

    TEXT = 1
    IMAGE = 2
    FILE = 3


class MessageStatus(_Open):
    """How far a message has come."""

    QUEUED = 1
    """Sent here, not yet accepted by the node."""
    PENDING = 2
    """Accepted and durably stored by the node."""
    DELIVERED = 3
    """Acknowledged by the recipient's client."""
    READ = 4
    """Marked read by the recipient."""
    FAILED = 5
    """Will not be sent without help; see `Client.explain`."""


class Verification(_Open):
    """What is known about who wrote a received message."""

    NONE = 0
    """One's own."""
    UNSIGNED = 1
    """No signature: the node vouches for the sender, nobody else."""
    VERIFIED = 2
    """Signed by a key that the sender's accepted identity key certifies."""
    UNVERIFIED = 3
    """Signed and not altered, but the signing key is not known to be the sender's; it may become verified later."""
    INVALID = 4
    """The signature is wrong: the message was altered or forged."""


class Repair(_Open):
    """What repairs a message; see `Explanation`."""

    NONE = 0
    WAIT = 1
    RESTORE_BACKUP = 2
    ACCEPT_KEY = 3
    LOG_IN = 4
    RETRY = 5
    ASK_SENDER = 6
    CHANGE = 7


class Trust(_Open):
    """How far a contact's identity key is trusted."""

    UNVERIFIED = 1
    """The first key that the node gave; nobody compared it."""
    VERIFIED = 2
    """The user compared safety numbers."""
    CHANGED = 3
    """The node gives another key now; the old one stays until the new is accepted."""


class PresenceStatus(_Open):
    """Presence of a user."""

    OFFLINE = 1
    AWAY = 2
    ONLINE = 3


class EventType(_Open):
    """Kinds of events. A program skips those that it does not know."""

    COMPLETION = 1
    CONNECTION = 2
    PROGRESS = 3
    MESSAGE = 4
    MESSAGE_STATUS = 5
    TYPING = 6
    PRESENCE = 7
    CONTACT = 8
    KEY_CHANGED = 9
    SESSION_ENDED = 10


class Operation(_Open):
    """Which networked call a completion or progress belongs to."""

    REGISTER = 1
    LOGIN = 2
    LOGOUT = 3
    DELETE_ACCOUNT = 4
    CHANGE_PASSWORD = 5
    SET_PROFILE = 6
    SESSIONS = 7
    REVOKE_SESSION = 8
    NODE_INFO = 9
    ADD_CONTACT = 10
    REMOVE_CONTACT = 11
    LOOKUP = 12
    ROTATE_IDENTITY = 13


class ConnectionState(_Open):
    """State of the connection."""

    OFFLINE = 1
    """Stopped, or no session."""
    CONNECTING = 2
    ONLINE = 3
    """Connected in real time."""
    POLLING = 4
    """Connected, without a WebSocket."""
    WAITING = 5
    """The last attempt failed; the next one is at ``retry_at``."""


class KeyFormat(_Open):
    """Text forms of a key."""

    PEM = 1
    JWK = 2


class FingerprintForm(_Open):
    """What a fingerprint is taken over."""

    JWK = 1
    """The canonical public JWK: the usual form."""
    PEM = 2
    """The PEM text, as some nodes do it."""


class ScanResult(_Open):
    """What comparing a scanned code gave."""

    MATCH = 1
    """Same two users, same keys: safe to mark verified."""
    MISMATCH = 2
    """Same two users, other keys: somebody may be in between."""
    OTHER_USERS = 3
    NEWER_VERSION = 4


class BackupKind(_Open):
    """What a backup archive holds."""

    FULL = 1
    """The v1 members and the sealed member: every v1 client can read the keys."""
    V1 = 2
    """Only what v1 holds: the identity key."""
    SEALED = 3
    """Only the sealed member, under Argon2id; v1 clients cannot read it."""


class ClientFlag(enum.IntFlag):
    """Flags of ``mychat_client_options``; here they are arguments of the constructors."""

    ALLOW_PLAINTEXT = 1
    STORE_MUST_EXIST = 2
    NO_WEBSOCKET = 4
