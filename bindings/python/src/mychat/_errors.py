"""Errors: one class for each group of statuses, and one for those that programs tell apart."""

from __future__ import annotations

import builtins
import datetime
from typing import Dict, Optional, Type

from ._enums import Domain, Status

__all__ = [
    "AlreadyExistsError",
    "BusyError",
    "CancelledError",
    "ClosedError",
    "CryptoError",
    "DowngradeError",
    "Error",
    "InvalidArgumentError",
    "InvalidStateError",
    "KeyChangedError",
    "KeyMismatchError",
    "MalformedError",
    "NetworkError",
    "NoIdentityError",
    "NodeError",
    "NotFoundError",
    "PolicyError",
    "RateLimitedError",
    "RegistrationClosedError",
    "ReplayError",
    "SignatureError",
    "StaleError",
    "StoreError",
    "StoreHeldError",
    "StoreKeyError",
    "TimeoutError",
    "TooLargeError",
    "UnauthorizedError",
    "UnsupportedError",
    "WrongPasswordError",
]


class Error(Exception):
    """What went wrong in MyChat. ``str(error)`` is one English sentence and holds no secret."""

    status: Status
    """The outcome: what programs react to."""
    domain: Domain
    """The part of the library that it comes from."""
    detail: int
    """A code of that domain (HTTP status, errno, ...), or 0."""
    retryable: bool
    """True when the same call may succeed later without a change."""
    operation: str
    """The call that failed: the C function without ``mychat_`` or ``mychat_client_``."""
    retry_after: Optional[datetime.timedelta]
    """With `RateLimitedError`, how long the node says to wait, when it does."""

    def __init__(
        self,
        message: str,
        status: Status = Status.INTERNAL,
        domain: Domain = Domain.API,
        detail: int = 0,
        retryable: bool = False,
        operation: str = "",
        retry_after: Optional[datetime.timedelta] = None,
    ) -> None:
        super().__init__(message, status, domain, detail, retryable, operation, retry_after)
        self.status = status
        self.domain = domain
        self.detail = detail
        self.retryable = retryable
        self.operation = operation
        self.retry_after = retry_after

    def __str__(self) -> str:
        return str(self.args[0])

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({str(self)!r}, status={self.status.name}, domain={self.domain.name}, "
            f"detail={self.detail}, retryable={self.retryable}, operation={self.operation!r})"
        )


class InvalidArgumentError(Error, ValueError):
    """An argument is out of range or not what its text must be."""


class InvalidStateError(Error):
    """The client cannot do this now (not logged in, an account exists already)."""


class CancelledError(Error):
    """The request was cancelled, or the wait was ended by ``wakeup``. Not ``asyncio.CancelledError``."""


class TimeoutError(Error, builtins.TimeoutError):
    """The time given ran out; nothing else is wrong. A ``TimeoutError`` of Python's own, too."""


class ClosedError(Error):
    """The client is closed, or belongs to the parent of this process."""


class NotFoundError(Error, LookupError):
    """No such user, message, contact or file."""


class AlreadyExistsError(Error):
    """The name, contact or file is taken."""


class UnsupportedError(Error):
    """This node, library build or peer cannot do it."""


class BusyError(Error):
    """A limit of concurrent work is reached; try again later."""


class MalformedError(Error, ValueError):
    """Bytes do not parse as what they should be."""


class TooLargeError(Error, ValueError):
    """A size limit is exceeded."""


class CryptoError(Error):
    """Keys and encryption (statuses 40 to 59)."""


class WrongPasswordError(CryptoError):
    """The password or passphrase does not open this."""


class KeyMismatchError(CryptoError):
    """The two keys, or the key and its fingerprint, do not belong together."""


class KeyChangedError(CryptoError):
    """The contact's key differs from the one accepted; compare safety numbers and accept it first."""


class NoIdentityError(CryptoError):
    """This account has no private key here; restore a backup."""


class SignatureError(CryptoError):
    """A signature or certificate does not verify, or is not there."""


class PolicyError(CryptoError):
    """The account's policy, or a node's rules, refuse it."""


class StaleError(CryptoError):
    """Signed, but out of its time, or older than what was seen before."""


class ReplayError(CryptoError):
    """Signed, but it was used before."""


class DowngradeError(CryptoError):
    """A node offers less than it has proven before."""


class StoreError(Error):
    """The local store or a file (statuses 60 to 79)."""


class StoreHeldError(StoreError):
    """Another client or process has this store open."""


class StoreKeyError(StoreError):
    """The passphrase or host key does not open this store."""


class NetworkError(Error):
    """The connection, names, TLS, or an answer that is not MyChat (statuses 80 to 99)."""


class NodeError(Error):
    """The node refused (statuses 100 to 119); ``detail`` is the HTTP status."""


class UnauthorizedError(NodeError):
    """Wrong user name or password, or the session ended."""


class RegistrationClosedError(NodeError):
    """The node takes no new users, or none without an invite."""


class RateLimitedError(NodeError):
    """Too many requests; see ``retry_after``."""


_BY_STATUS: Dict[Status, Type[Error]] = {
    Status.INVALID_ARGUMENT: InvalidArgumentError,
    Status.INVALID_STATE: InvalidStateError,
    Status.CANCELLED: CancelledError,
    Status.TIMEOUT: TimeoutError,
    Status.CLOSED: ClosedError,
    Status.NOT_FOUND: NotFoundError,
    Status.ALREADY_EXISTS: AlreadyExistsError,
    Status.UNSUPPORTED: UnsupportedError,
    Status.BUSY: BusyError,
    Status.MALFORMED: MalformedError,
    Status.TOO_LARGE: TooLargeError,
    Status.WRONG_PASSWORD: WrongPasswordError,
    Status.KEY_MISMATCH: KeyMismatchError,
    Status.SIGNATURE: SignatureError,
    Status.KEY_CHANGED: KeyChangedError,
    Status.POLICY: PolicyError,
    Status.NO_IDENTITY: NoIdentityError,
    Status.STALE: StaleError,
    Status.REPLAY: ReplayError,
    Status.DOWNGRADE: DowngradeError,
    Status.STORE_HELD: StoreHeldError,
    Status.STORE_KEY: StoreKeyError,
    Status.UNAUTHORIZED: UnauthorizedError,
    Status.REGISTRATION_CLOSED: RegistrationClosedError,
    Status.RATE_LIMITED: RateLimitedError,
}


def _class_of(status: int) -> Type[Error]:
    known = _BY_STATUS.get(Status(status))
    if known is not None:
        return known
    if 40 <= status < 60:
        return CryptoError
    if 60 <= status < 80:
        return StoreError
    if 80 <= status < 100:
        return NetworkError
    if 100 <= status < 120:
        return NodeError
    return Error


def make_error(
    status: int, domain: int, detail: int, retryable: bool, message: str, operation: str, retry_after_ms: int
) -> Error:
    """The exception for a ``mychat_error``. Called by the extension."""
    after = datetime.timedelta(milliseconds=retry_after_ms) if retry_after_ms else None
    return _class_of(status)(message, Status(status), Domain(domain), detail, retryable, operation, after)
