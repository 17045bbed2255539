"""MyChat: federated, end-to-end-encrypted chat, as a library.

`Client` blocks, `AsyncClient` is for asyncio, `Bot` answers messages. The names follow the C ABI by one rule:
``mychat_client_NAME`` is the method ``NAME`` of both clients, ``mychat_NAME`` the function ``mychat.NAME``, ``MYCHAT_GROUP_NAME``
the member ``NAME`` of the enum ``Group``, and the struct ``mychat_name`` the class ``Name``. What begins with
``mychat_federation_`` is in `mychat.federation`, for programs that are nodes; ``mychat_mls_`` is in `mychat.mls`, for those that
bring their own delivery service.
"""

from __future__ import annotations

from . import _mychat
from ._async_client import AsyncClient
from ._client import Client
from ._core import Buffer, SecretInput
from ._enums import (
    BackupKind,
    ClientFlag,
    ConnectionState,
    ContentType,
    Direction,
    Domain,
    EventType,
    FingerprintForm,
    KeyFormat,
    LogLevel,
    MessageStatus,
    Operation,
    Policy,
    PresenceStatus,
    Repair,
    ScanResult,
    Status,
    Trust,
    Verification,
)
from ._errors import *  # noqa: F403
from ._errors import __all__ as _errors_all
from ._request import Request, Requests
from ._types import (
    Account,
    Backup,
    BackupReport,
    Completion,
    CompletionEvent,
    Connection,
    ConnectionEvent,
    Contact,
    ContactEvent,
    Conversation,
    Event,
    Explanation,
    KeyChangedEvent,
    Message,
    MessageEvent,
    MessagePage,
    MessageStatusEvent,
    NodeInfo,
    Presence,
    PresenceEvent,
    Progress,
    ProgressEvent,
    Secret,
    Session,
    SessionEndedEvent,
    StoreReport,
    Typing,
    TypingEvent,
)
from .bot import Bot


def version_number() -> int:
    """Version of the library: major * 10000 + minor * 100 + patch."""
    return _mychat.version_number()


def version_string() -> str:
    """Version of the library, as text (``"0.1.0"``)."""
    return _mychat.version_string()


def build_info() -> str:
    """Versions of this library and of those that it uses, as ``name/version`` items: ``"mychat/0.1.0 dependencies/static ..."``."""
    return _mychat.build_info()


def status_name(status: int) -> str:
    """Name of a status (``"MYCHAT_E_STORE_HELD"``); ``"MYCHAT_E_UNKNOWN"`` for one that this library does not know."""
    return _mychat.status_name(status)


def event_type_name(type: int) -> str:
    """Name of an event type (``"message"``), for logs; ``"unknown"`` otherwise."""
    return _mychat.event_type_name(type)


def public_key_convert(key: str, format: KeyFormat) -> str:
    """Convert a public identity key (PEM or JWK) between its text forms. `MalformedError`, `UnsupportedError`."""
    return _mychat.public_key_convert(key, int(format))


def fingerprint(key: str, form: FingerprintForm = FingerprintForm.JWK) -> str:
    """Fingerprint of a public identity key (PEM or JWK): SHA-256 as 16 groups of 4 upper-case hex digits."""
    return _mychat.fingerprint(key, int(form))


def verify_backup(data: Buffer, password: SecretInput) -> BackupReport:
    """Prove a backup by restoring it into a scratch store. `Client.verify_backup` compares it with an account too."""
    return _mychat.verify_backup(None, data, password)


def backup_change_password(data: Buffer, password: SecretInput, new_password: SecretInput) -> Backup:
    """The same backup under another password; the old one stays valid for the old file."""
    return _mychat.backup_change_password(data, password, new_password)


__version__ = _mychat.version_string()
__all__ = [
    "Account",
    "AsyncClient",
    "Backup",
    "BackupKind",
    "BackupReport",
    "Bot",
    "Client",
    "ClientFlag",
    "Completion",
    "CompletionEvent",
    "Connection",
    "ConnectionEvent",
    "ConnectionState",
    "Contact",
    "ContactEvent",
    "ContentType",
    "Conversation",
    "Direction",
    "Domain",
    "Event",
    "EventType",
    "Explanation",
    "FingerprintForm",
    "KeyChangedEvent",
    "KeyFormat",
    "LogLevel",
    "Message",
    "MessageEvent",
    "MessagePage",
    "MessageStatus",
    "MessageStatusEvent",
    "NodeInfo",
    "Operation",
    "Policy",
    "Presence",
    "PresenceEvent",
    "PresenceStatus",
    "Progress",
    "ProgressEvent",
    "Repair",
    "Request",
    "Requests",
    "ScanResult",
    "Secret",
    "Session",
    "SessionEndedEvent",
    "Status",
    "StoreReport",
    "Trust",
    "Typing",
    "TypingEvent",
    "Verification",
    "__version__",
    "backup_change_password",
    "build_info",
    "event_type_name",
    "fingerprint",
    "public_key_convert",
    "status_name",
    "verify_backup",
    "version_number",
    "version_string",
]
__all__ += _errors_all
