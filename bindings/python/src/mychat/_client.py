"""The blocking client."""

from __future__ import annotations

import time
import warnings
from types import TracebackType
from typing import Iterator, Optional, Sequence, Tuple, Type, TypeVar

from . import _mychat
from ._core import Buffer, Log, PathInput, SecretInput, StoreKey, make_core, milliseconds
from ._enums import BackupKind, LogLevel
from ._errors import ClosedError
from ._local import LocalCalls
from ._request import Completions, Request, Requests
from ._types import (
    Account,
    Backup,
    BackupReport,
    CompletionEvent,
    Contact,
    Event,
    MessagePage,
    NodeInfo,
    Session,
    StoreReport,
)

T = TypeVar("T")


class Client(LocalCalls):
    """One account on one node, its encrypted local store and its connection; every call waits for its answer.

    Any thread may call anything at any time, also while another one waits: no call holds the interpreter's lock. Use it
    as a context manager, or `close` it; what is forgotten is closed by the garbage collector, and at the interpreter's end.
    After a fork only the parent may go on using it.

    Args:
        store_path: File of the encrypted store. It is created, unless ``must_exist``; its folder must exist.
        passphrase: Opens the store (Argon2id: some tenths of a second).
        store_key: Instead of a passphrase: called while the store is opened, returns the 32 bytes that open the store.
        node_url: ``https://host[:port]``. Default: the one in the store.
        ca_file: PEM file of the certificate authorities to trust instead of the system's.
        tls_pins: ``sha256//BASE64`` of the node's SubjectPublicKeyInfo, one or several.
        allow_plaintext: Allow http to other machines than this one.
        must_exist: `NotFoundError` when the store does not exist.
        websocket: False: use polling even if the node offers a WebSocket.
        connect_timeout: Seconds; default 10.
        request_timeout: Seconds; default 30.
        log: A ``logging.Logger`` (each component of the library is a child of it), or a function of level, component and
            message. Called from any thread; it must not call the client. Messages hold no secret.
        log_level: Least level to log.
        max_queued_events: Most connection, progress, typing and presence events kept in memory. Default 10,000.

    Raises:
        InvalidArgumentError, NotFoundError, StoreHeldError, StoreKeyError, StoreError, NetworkError (plaintext refused).
    """

    _closed = True  # Until there is something to close.

    def __init__(
        self,
        store_path: PathInput,
        *,
        passphrase: Optional[SecretInput] = None,
        store_key: Optional[StoreKey] = None,
        node_url: Optional[str] = None,
        ca_file: Optional[PathInput] = None,
        tls_pins: Sequence[str] = (),
        allow_plaintext: bool = False,
        must_exist: bool = False,
        websocket: bool = True,
        connect_timeout: Optional[float] = None,
        request_timeout: Optional[float] = None,
        log: Optional[Log] = None,
        log_level: LogLevel = LogLevel.INFO,
        max_queued_events: int = 0,
    ) -> None:
        self._store_path = store_path
        self._core: _mychat.Core = make_core(
            store_path,
            passphrase=passphrase,
            store_key=store_key,
            node_url=node_url,
            ca_file=ca_file,
            tls_pins=tls_pins,
            allow_plaintext=allow_plaintext,
            must_exist=must_exist,
            websocket=websocket,
            connect_timeout=connect_timeout,
            request_timeout=request_timeout,
            log=log,
            log_level=log_level,
            max_queued_events=max_queued_events,
        )
        self._closed = False
        self._completions = Completions()
        self.begin = Requests(self)
        """The networked calls without the wait: ``client.begin.lookup(handle)`` returns a `Request`."""

    def __repr__(self) -> str:
        return f"<mychat.Client {str(self._store_path)!r}{' closed' if self._closed else ''}>"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._closed:
            warnings.warn(f"{self!r} was not closed", ResourceWarning, source=self, stacklevel=2)

    # ---- Life

    @property
    def closed(self) -> bool:
        """`close` was called."""
        return self._closed

    def start(self) -> None:
        """Go online: resume the stored session, synchronise, send what waits, and stay connected. Returns at once.

        Before an account exists it only allows `register` and `login`, which go online by themselves.
        """
        self._core.start()

    def stop(self) -> None:
        """Go offline and stay so until `start`. Requests under way complete with `CancelledError`."""
        self._core.stop()

    def close(self) -> None:
        """End everything: threads, connections, the store. Waits in other threads end with `ClosedError`."""
        self._closed = True
        self._core.close()

    def sign_in(self, username: str, password: SecretInput, *, timeout: Optional[float] = None) -> Account:
        """Go online whatever the store holds: `start` with a session, `login` without one, `register` with no account."""
        account = self.account()
        if account.logged_in:
            self.start()
            return account
        if account.handle:
            return self.login(username, password, timeout=timeout)
        return self.register(username, password, timeout=timeout)

    # ---- Events

    def poll(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; ``None`` when there is none within ``timeout`` seconds (``None``: wait for ever; 0: not at all).

        Completions go to their requests and are never returned. `CancelledError` after `wakeup`, `ClosedError`.
        """
        end = time.monotonic() + timeout if timeout else None
        while True:
            event = self._core.poll(milliseconds(timeout, "timeout"))
            if not isinstance(event, CompletionEvent):
                return event
            self._completions.deliver(event)
            if end is not None:
                timeout = max(0.0, end - time.monotonic())

    def events(self, timeout: Optional[float] = None, *, ack: bool = False) -> Iterator[Event]:
        """Events as they come, until the client is closed or none came for ``timeout`` seconds.

        With ``ack`` each is acknowledged when the loop asks for the next one, which is when its body has run: an event whose
        body raised comes again with the next start.
        """
        while True:
            try:
                event = self.poll(timeout)
            except ClosedError:
                return
            if event is None:
                return
            yield event
            if ack and event.seq:
                self.ack(event.seq)

    # ---- The account at the node. ``timeout`` in seconds: a call that takes longer is cancelled, and raises TimeoutError.

    def _finish(self, request: Request[T], timeout: Optional[float]) -> T:
        try:
            return request.result(timeout)
        except BaseException:
            if not request.done() and not self._closed:
                request.cancel()
            raise

    def register(
        self,
        username: str,
        password: SecretInput,
        *,
        email: Optional[str] = None,
        invite: Optional[str] = None,
        device_name: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Account:
        """Register this client's user; then it is online. The identity key is made here, unless the store has one.

        Save a backup (`export_backup`) before relying on the account: without it a lost store is a lost history.

        Args:
            username: 3 to 50 of a-z 0-9 _ (upper case is lowered).
            password: At least 8 characters.
            invite: Invite token, where the node wants one.
            device_name: Name of this session.

        Raises:
            InvalidStateError: An account exists. AlreadyExistsError, RegistrationClosedError, RateLimitedError, NodeError,
            NetworkError.
        """
        begun = self.begin.register(username, password, email=email, invite=invite, device_name=device_name)
        return self._finish(begun, timeout)

    def login(
        self,
        username: str,
        password: SecretInput,
        *,
        device_name: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Account:
        """Log in and go online. Without a private key messages arrive unreadable until a backup is imported.

        `UnauthorizedError`; `KeyMismatchError` when the store's key is not the account's: after a rotation elsewhere, import
        the newest backup first; and as `register`.
        """
        return self._finish(self.begin.login(username, password, device_name=device_name), timeout)

    def logout(self, *, timeout: Optional[float] = None) -> None:
        """End the session at the node and forget it here, also when the node cannot be reached. Keys and history stay."""
        self._finish(self.begin.logout(), timeout)

    def delete_account(self, password: SecretInput, *, timeout: Optional[float] = None) -> None:
        """Delete the account at the node. The local store keeps keys and history; delete the file to be rid of them."""
        self._finish(self.begin.delete_account(password), timeout)

    def change_password(
        self, current_password: SecretInput, new_password: SecretInput, *, timeout: Optional[float] = None
    ) -> None:
        """Change the account's password at the node; all other sessions end. Backups keep their own passwords."""
        self._finish(self.begin.change_password(current_password, new_password), timeout)

    def set_profile(
        self,
        *,
        avatar_url: Optional[str] = None,
        status_message: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Account:
        """Set the public profile. ``None`` leaves a field as it is, ``""`` removes it."""
        return self._finish(
            self.begin.set_profile(avatar_url=avatar_url, status_message=status_message), timeout
        )

    def sessions(self, *, timeout: Optional[float] = None) -> Tuple[Session, ...]:
        """The account's sessions. `UnsupportedError` with a v1 node."""
        return self._finish(self.begin.sessions(), timeout)

    def revoke_session(self, session_id: Optional[str] = None, *, timeout: Optional[float] = None) -> None:
        """End one session, or all but this one. `NotFoundError`."""
        self._finish(self.begin.revoke_session(session_id), timeout)

    def node_info(self, *, timeout: Optional[float] = None) -> NodeInfo:
        """Ask the node about itself; no account is needed."""
        return self._finish(self.begin.node_info(), timeout)

    def add_contact(
        self, handle: str, nickname: Optional[str] = None, *, timeout: Optional[float] = None
    ) -> Contact:
        """Add a user to the contact list and fetch the user's keys. `NotFoundError`, `AlreadyExistsError`."""
        return self._finish(self.begin.add_contact(handle, nickname), timeout)

    def remove_contact(self, handle: str, *, timeout: Optional[float] = None) -> None:
        """Remove a contact at the node and from the list. History and the accepted key stay."""
        self._finish(self.begin.remove_contact(handle), timeout)

    def lookup(self, handle: str, *, timeout: Optional[float] = None) -> Contact:
        """Ask the node for a user's profile and keys, and note a changed key. `NotFoundError`."""
        return self._finish(self.begin.lookup(handle), timeout)

    def rotate_identity(
        self, password: Optional[SecretInput] = None, *, timeout: Optional[float] = None
    ) -> Account:
        """Make a new identity key and announce it to contacts, signed by the old one if it is here.

        They write to the old key until they accept the new one; old messages stay readable here. Make a new backup
        afterwards, and import it on the account's other devices: they send nothing until then. ``password``: the account's, needed when the old key is not here.
        """
        return self._finish(self.begin.rotate_identity(password), timeout)

    # ---- Local calls that take a while: key derivations, scans of the store

    def search(
        self, query: str, *, peer: Optional[str] = None, before: int = 0, limit: int = 50
    ) -> MessagePage:
        """Search the local history for text, without regard to case, newest first. Scans: cost as the history's size."""
        return self._core.search(query, peer, before, limit)

    def export_backup(self, password: SecretInput, kind: BackupKind = BackupKind.FULL) -> Backup:
        """Make a key backup (about a second). Save it with mode 0600. Password: at least 8 characters."""
        return self._core.export_backup(password, int(kind))

    def verify_backup(self, data: Buffer, password: SecretInput) -> BackupReport:
        """Prove a backup by restoring it into a scratch store, and say what it would lose against this client.

        `MalformedError`, `WrongPasswordError`, `KeyMismatchError`, `TooLargeError`, `UnsupportedError`.
        """
        return _mychat.verify_backup(self._core, data, password)

    def import_backup(self, data: Buffer, password: SecretInput) -> BackupReport:
        """Restore a backup into a client that has no identity, or one of the same account. All or nothing.

        A client without an account takes its name over from the archive. A backup made after a rotation brings the new key, one
        of before it adds its key for old messages.

        `AlreadyExistsError` when there is another identity; and as `verify_backup`.
        """
        return self._core.import_backup(data, password)

    def import_private_key(self, key: SecretInput) -> None:
        """Give a private identity key (PEM or JWK) to a client that has none. Messages that it opens become readable."""
        self._core.import_private_key(key)

    def check_store(self) -> StoreReport:
        """Check the open store: SQLite's own integrity check, and every sealed value."""
        return self._core.check_store()

    def backup_store(self, path: PathInput) -> None:
        """Copy the open store to a file that does not exist (mode 0600); the same passphrase opens it."""
        self._core.backup_store(path)

    def change_passphrase(self, new_passphrase: SecretInput) -> None:
        """Replace the passphrase of the store. The data is not encrypted anew."""
        self._core.change_passphrase(new_passphrase)
