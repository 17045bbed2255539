"""The client for asyncio."""

from __future__ import annotations

import asyncio
import warnings
from types import TracebackType
from typing import Any, AsyncIterator, Callable, Optional, Sequence, Tuple, Type, TypeVar, cast

from . import _mychat
from ._core import Buffer, Log, PathInput, SecretInput, StoreKey, make_core
from ._enums import BackupKind, LogLevel, Status
from ._errors import ClosedError, InvalidStateError
from ._local import LocalCalls
from ._pump import Pump
from ._types import (
    Account,
    Backup,
    BackupReport,
    Completion,
    Contact,
    Event,
    MessagePage,
    NodeInfo,
    Session,
    StoreReport,
)

T = TypeVar("T")


def _not_open(operation: str) -> InvalidStateError:
    return InvalidStateError(
        "The client is not open: use `async with`, or await open().", Status.INVALID_STATE, operation=operation
    )


class _Unopened:
    def __getattr__(self, name: str) -> Any:
        raise _not_open(name)


class AsyncClient(LocalCalls):
    """One account on one node, for asyncio: ``async with AsyncClient(...) as client``.

    It takes the arguments of `Client`. The event loop watches the library's descriptor (``loop.add_reader``); there is no
    thread of Python's in it.

    - Networked calls are coroutines: the loop goes on while they are under way. Cancelling the task that awaits one cancels
      the request; the node may have carried it out nevertheless, and for a moment it may still count as under way.
    - Coroutines that derive a key or scan the store (`open`, `close`, `search`, backups, ...) run in the loop's default
      executor, which they keep busy for up to about a second.
    - All other calls (`send_text`, `ack`, `history`, ...) are plain methods. They are short, and synchronous: each reads the
      local store or makes one transaction in it, which waits for the disk.

    Use it from its loop's thread only.
    """

    _closed = True  # Until there is something to close.
    _pump: Optional[Pump] = None

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
        def make() -> _mychat.Core:
            return make_core(
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

        self._make: Optional[Callable[[], _mychat.Core]] = make
        self._store_path = store_path
        self._core = cast(_mychat.Core, _Unopened())
        self._closing: Optional[asyncio.Future[None]] = None
        self._closed = False

    def __repr__(self) -> str:
        state = " closed" if self._closed else "" if self._pump else " not open"
        return f"<mychat.AsyncClient {str(self._store_path)!r}{state}>"

    # ---- Life

    @property
    def closed(self) -> bool:
        """`close` was called."""
        return self._closed

    async def open(self) -> AsyncClient:
        """Open the store, as ``async with`` does. Raises as the constructor of `Client`."""
        make, self._make = self._make, None  # With it go the passphrase and the callback.
        if make is None:
            raise InvalidStateError("The client was opened before.", Status.INVALID_STATE, operation="create")
        loop = asyncio.get_running_loop()
        core = await loop.run_in_executor(None, make)
        if self._closed:  # Meanwhile.
            await loop.run_in_executor(None, core.close)
            raise ClosedError("The client is closed.", Status.CLOSED, operation="create")
        self._pump = Pump(core, loop)
        self._core = core
        return self

    async def __aenter__(self) -> AsyncClient:
        return await self.open()

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End everything. Requests under way end with `ClosedError`, and so do loops over `events`, without an error."""
        if not self._closed:
            self._closed = True
            self._make = None
            if self._pump is None:
                return
            self._pump.close()
            # Of the loop that runs now: the client's own may be gone.
            self._closing = asyncio.get_running_loop().run_in_executor(None, self._core.close)
        if self._closing is not None:
            # Also when the task is cancelled: what was begun is ended; and who closes once more waits for that.
            await asyncio.shield(self._closing)

    def __del__(self) -> None:
        if self._closed or self._pump is None:
            return
        warnings.warn(f"{self!r} was not closed", ResourceWarning, source=self, stacklevel=2)
        self._closed = True
        self._pump.abandon()

    async def start(self) -> None:
        """Go online; see `Client.start`."""
        self._core.start()

    async def stop(self) -> None:
        """Go offline; see `Client.stop`."""
        await self._run(self._core.stop)

    async def sign_in(self, username: str, password: SecretInput) -> Account:
        """Go online whatever the store holds; see `Client.sign_in`."""
        account = self.account()
        if account.logged_in:
            await self.start()
            return account
        if account.handle:
            return await self.login(username, password)
        return await self.register(username, password)

    # ---- Events

    async def poll(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; ``None`` when there is none within ``timeout`` seconds (``None``: wait for ever; 0: not at all).

        Completions go to their requests. Several tasks may poll: each event goes to one of them. `ClosedError`.
        """
        return await self._opened("poll").poll(timeout)

    async def events(self, *, ack: bool = False) -> AsyncIterator[Event]:
        """Events as they come, until the client is closed.

        With ``ack`` each is acknowledged when the loop asks for the next one, which is when its body has run: an event whose
        body raised comes again with the next start.
        """
        while True:
            try:
                event = await self.poll()
            except ClosedError:
                return
            assert event is not None
            yield event
            if ack and event.seq:
                self.ack(event.seq)

    def rewind(self) -> None:
        """Let all events of the journal that are not acknowledged come again, the oldest first."""
        super().rewind()
        self._opened("rewind").forget_journal()

    # ---- The account at the node

    def _opened(self, operation: str) -> Pump:
        if self._pump is None:
            raise _not_open(operation)
        return self._pump

    async def _complete(self, request: int) -> Completion:
        return await self._opened("await").complete(request)

    async def register(
        self,
        username: str,
        password: SecretInput,
        *,
        email: Optional[str] = None,
        invite: Optional[str] = None,
        device_name: Optional[str] = None,
    ) -> Account:
        """Register this client's user; see `Client.register`."""
        done = await self._complete(self._core.register(username, password, email, invite, device_name))
        return cast(Account, done.account)

    async def login(
        self, username: str, password: SecretInput, *, device_name: Optional[str] = None
    ) -> Account:
        """Log in and go online; see `Client.login`."""
        done = await self._complete(self._core.login(username, password, device_name))
        return cast(Account, done.account)

    async def logout(self) -> None:
        """End the session; see `Client.logout`."""
        await self._complete(self._core.logout())

    async def delete_account(self, password: SecretInput) -> None:
        """Delete the account at the node; see `Client.delete_account`."""
        await self._complete(self._core.delete_account(password))

    async def change_password(self, current_password: SecretInput, new_password: SecretInput) -> None:
        """Change the account's password; see `Client.change_password`."""
        await self._complete(self._core.change_password(current_password, new_password))

    async def set_profile(
        self, *, avatar_url: Optional[str] = None, status_message: Optional[str] = None
    ) -> Account:
        """Set the public profile; see `Client.set_profile`."""
        done = await self._complete(self._core.set_profile(avatar_url, status_message))
        return cast(Account, done.account)

    async def sessions(self) -> Tuple[Session, ...]:
        """The account's sessions; see `Client.sessions`."""
        done = await self._complete(self._core.sessions())
        return cast("Tuple[Session, ...]", done.sessions)

    async def revoke_session(self, session_id: Optional[str] = None) -> None:
        """End one session, or all but this one; see `Client.revoke_session`."""
        await self._complete(self._core.revoke_session(session_id))

    async def node_info(self) -> NodeInfo:
        """Ask the node about itself; see `Client.node_info`."""
        done = await self._complete(self._core.node_info())
        return cast(NodeInfo, done.node_info)

    async def add_contact(self, handle: str, nickname: Optional[str] = None) -> Contact:
        """Add a user to the contact list; see `Client.add_contact`."""
        done = await self._complete(self._core.add_contact(handle, nickname))
        return cast(Contact, done.contact)

    async def remove_contact(self, handle: str) -> None:
        """Remove a contact; see `Client.remove_contact`."""
        await self._complete(self._core.remove_contact(handle))

    async def lookup(self, handle: str) -> Contact:
        """Ask the node for a user's profile and keys; see `Client.lookup`."""
        done = await self._complete(self._core.lookup(handle))
        return cast(Contact, done.contact)

    async def rotate_identity(self, password: Optional[SecretInput] = None) -> Account:
        """Make a new identity key and announce it; see `Client.rotate_identity`."""
        done = await self._complete(self._core.rotate_identity(password))
        return cast(Account, done.account)

    # ---- Local calls that take a while, in the loop's executor

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)

    async def search(
        self, query: str, *, peer: Optional[str] = None, before: int = 0, limit: int = 50
    ) -> MessagePage:
        """Search the local history; see `Client.search`."""
        return await self._run(self._core.search, query, peer, before, limit)

    async def export_backup(self, password: SecretInput, kind: BackupKind = BackupKind.FULL) -> Backup:
        """Make a key backup; see `Client.export_backup`."""
        return await self._run(self._core.export_backup, password, int(kind))

    async def verify_backup(self, data: Buffer, password: SecretInput) -> BackupReport:
        """Prove a backup; see `Client.verify_backup`."""
        return await self._run(_mychat.verify_backup, self._core, data, password)

    async def import_backup(self, data: Buffer, password: SecretInput) -> BackupReport:
        """Restore a backup; see `Client.import_backup`."""
        return await self._run(self._core.import_backup, data, password)

    async def import_private_key(self, key: SecretInput) -> None:
        """Give a private identity key to a client that has none; see `Client.import_private_key`."""
        await self._run(self._core.import_private_key, key)

    async def check_store(self) -> StoreReport:
        """Check the open store; see `Client.check_store`."""
        return await self._run(self._core.check_store)

    async def backup_store(self, path: PathInput) -> None:
        """Copy the open store to another file; see `Client.backup_store`."""
        await self._run(self._core.backup_store, path)

    async def change_passphrase(self, new_passphrase: SecretInput) -> None:
        """Replace the passphrase of the store; see `Client.change_passphrase`."""
        await self._run(self._core.change_passphrase, new_passphrase)

