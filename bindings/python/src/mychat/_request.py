"""Networked calls under way, for `Client`."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING, Callable, Dict, Generic, Optional, Set, Tuple, TypeVar, cast

from . import _mychat
from ._core import SecretInput, milliseconds
from ._enums import Status
from ._errors import Error, NotFoundError, TimeoutError
from ._types import Account, Completion, CompletionEvent, Contact, NodeInfo, Session

if TYPE_CHECKING:
    from ._client import Client

T = TypeVar("T")


class Request(Generic[T]):
    """A networked call under way: see `Client.begin`. Any thread may wait for it, also while others poll events."""

    def __init__(self, client: Client, id: int, operation: str, take: Callable[[Completion], T]) -> None:
        self._client = client
        self._take = take
        self._completion: Optional[Completion] = None
        self._taken = threading.Event()
        self.id = id
        """Its number, unique within the client."""
        self.operation = operation
        """The call, as ``Error.operation``."""

    def __repr__(self) -> str:
        return f"<Request {self.id} {self.operation} {'done' if self.done() else 'under way'}>"

    def done(self) -> bool:
        """Its completion has come and been taken; `completion` returns at once."""
        return self._completion is not None

    def completion(self, timeout: Optional[float] = None) -> Completion:
        """Wait for the completion, whatever it says. `TimeoutError` when it is still under way after ``timeout`` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while self._completion is None:
            left = None if end is None else max(0.0, end - time.monotonic())
            try:
                event = self._client._core.await_(self.id, milliseconds(left, "timeout"))
            except NotFoundError:
                # Another thread's poll took it from the queue, and hands it over in a moment.
                if self._taken.wait(1 if left is None else min(left, 1)) or left != 0:
                    continue
                event = None
            if event is None:
                raise TimeoutError(
                    "The request is still under way.", Status.TIMEOUT, retryable=True, operation=self.operation
                )
            self._complete(event.completion)
        return self._completion

    def result(self, timeout: Optional[float] = None) -> T:
        """Wait for the completion; its result, or its error raised."""
        completion = self.completion(timeout)
        if completion.error is not None:
            raise completion.error
        return self._take(completion)

    def cancel(self) -> bool:
        """Cancel it. Its completion still comes: `CancelledError`, or the result if that was faster.

        False when it is not under way any more. The node may have carried it out nevertheless.
        """
        try:
            self._client._core.cancel(self.id)
        except NotFoundError:
            return False
        return True

    def _complete(self, completion: Completion) -> None:
        self._completion = completion
        self._taken.set()

    def __del__(self) -> None:
        if self._completion is None:
            self._client._completions.abandon(self.id)


class Completions:
    """Hands the completions that a poll meets to their requests, whichever thread is first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: "weakref.WeakValueDictionary[int, Request[object]]" = weakref.WeakValueDictionary()
        self._early: Dict[int, Completion] = {}
        self._abandoned: Set[int] = set()

    def expect(self, request: Request[T]) -> Request[T]:
        with self._lock:
            self._requests[request.id] = cast("Request[object]", request)
            early = self._early.pop(request.id, None)
        if early is not None:
            request._complete(early)
        return request

    def deliver(self, event: CompletionEvent) -> None:
        number = event.completion.request
        with self._lock:
            request = self._requests.get(number)
            if request is None and number not in self._abandoned:
                self._early[number] = event.completion
        self._abandoned.discard(number)
        if request is not None:
            request._complete(event.completion)

    def abandon(self, number: int) -> None:
        # From a finaliser: no lock may be taken here.
        self._abandoned.add(number)


def _nothing(completion: Completion) -> None:
    return None


def _account(completion: Completion) -> Account:
    return cast(Account, completion.account)


def _contact(completion: Completion) -> Contact:
    return cast(Contact, completion.contact)


def _sessions(completion: Completion) -> Tuple[Session, ...]:
    return cast("Tuple[Session, ...]", completion.sessions)


def _node_info(completion: Completion) -> NodeInfo:
    return cast(NodeInfo, completion.node_info)


class Requests:
    """The networked calls of a client without the wait: each begins and returns a `Request`. See `Client.begin`."""

    def __init__(self, client: Client) -> None:
        # The client holds this object: a strong reference would be a cycle, and leave closing to the collector.
        self._client = weakref.ref(client)

    @property
    def _core(self) -> _mychat.Core:
        return self._owner._core

    @property
    def _owner(self) -> Client:
        client = self._client()
        if client is None:
            raise Error("The client is gone.", Status.CLOSED)
        return client

    def _begin(self, id: int, operation: str, take: Callable[[Completion], T]) -> Request[T]:
        client = self._owner
        return client._completions.expect(Request(client, id, operation, take))

    def register(
        self,
        username: str,
        password: SecretInput,
        *,
        email: Optional[str] = None,
        invite: Optional[str] = None,
        device_name: Optional[str] = None,
    ) -> Request[Account]:
        """See `Client.register`."""
        number = self._core.register(username, password, email, invite, device_name)
        return self._begin(number, "register", _account)

    def login(
        self, username: str, password: SecretInput, *, device_name: Optional[str] = None
    ) -> Request[Account]:
        """See `Client.login`."""
        return self._begin(self._core.login(username, password, device_name), "login", _account)

    def logout(self) -> Request[None]:
        """See `Client.logout`."""
        return self._begin(self._core.logout(), "logout", _nothing)

    def delete_account(self, password: SecretInput) -> Request[None]:
        """See `Client.delete_account`."""
        return self._begin(self._core.delete_account(password), "delete_account", _nothing)

    def change_password(self, current_password: SecretInput, new_password: SecretInput) -> Request[None]:
        """See `Client.change_password`."""
        return self._begin(
            self._core.change_password(current_password, new_password), "change_password", _nothing
        )

    def set_profile(
        self, *, avatar_url: Optional[str] = None, status_message: Optional[str] = None
    ) -> Request[Account]:
        """See `Client.set_profile`."""
        return self._begin(self._core.set_profile(avatar_url, status_message), "set_profile", _account)

    def sessions(self) -> Request[Tuple[Session, ...]]:
        """See `Client.sessions`."""
        return self._begin(self._core.sessions(), "sessions", _sessions)

    def revoke_session(self, session_id: Optional[str] = None) -> Request[None]:
        """See `Client.revoke_session`."""
        return self._begin(self._core.revoke_session(session_id), "revoke_session", _nothing)

    def node_info(self) -> Request[NodeInfo]:
        """See `Client.node_info`."""
        return self._begin(self._core.node_info(), "node_info", _node_info)

    def add_contact(self, handle: str, nickname: Optional[str] = None) -> Request[Contact]:
        """See `Client.add_contact`."""
        return self._begin(self._core.add_contact(handle, nickname), "add_contact", _contact)

    def remove_contact(self, handle: str) -> Request[None]:
        """See `Client.remove_contact`."""
        return self._begin(self._core.remove_contact(handle), "remove_contact", _nothing)

    def lookup(self, handle: str) -> Request[Contact]:
        """See `Client.lookup`."""
        return self._begin(self._core.lookup(handle), "lookup", _contact)

    def rotate_identity(self, password: Optional[SecretInput] = None) -> Request[Account]:
        """See `Client.rotate_identity`."""
        return self._begin(self._core.rotate_identity(password), "rotate_identity", _account)
