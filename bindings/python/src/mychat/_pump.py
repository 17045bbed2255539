"""What an `AsyncClient` stands on: its loop watches the library's descriptor; events and completions are taken off it here."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections import deque
from typing import Deque, Dict, Optional

from . import _mychat
from ._enums import Status
from ._errors import CancelledError, ClosedError, Error, NotFoundError
from ._types import Completion, CompletionEvent, Event


class Pump:
    """Between a client's core and an event loop, whose thread it belongs to. The loop does not keep it alive."""

    _BATCH = 256
    _BUDGET_US = 1000  # How long events are taken before others of the loop have their turn.
    _MOST = 1024  # Events kept here; more stay in the library until these are taken.

    def __init__(self, core: _mychat.Core, loop: asyncio.AbstractEventLoop) -> None:
        self._core = core
        self._loop = loop
        self._process = os.getpid()
        self._queue: Deque[Event] = deque()
        self._some = asyncio.Event()  # There is an event, an end or a failure.
        self._futures: Dict[int, asyncio.Future[Completion]] = {}
        self._failure: Optional[Error] = None
        self._watching = False
        # A duplicate: it stays valid, for the loop to forget it, when the client goes first.
        self._fd = os.dup(core.event_fd())
        self._watch()

    def _mine(self) -> bool:
        # The loop of a forked child has its descriptors in common with the parent's: to touch it would make that one deaf.
        return os.getpid() == self._process and not self._loop.is_closed()

    # ---- The descriptor

    def _watch(self) -> None:
        if not self._watching and self._failure is None:
            self._loop.add_reader(self._fd, _readable, weakref.ref(self))
            self._watching = True

    def _unwatch(self) -> None:
        if self._watching and self._mine():
            self._loop.remove_reader(self._fd)
        self._watching = False

    def _read(self) -> None:
        try:
            events = self._core.poll_batch(self._BATCH, self._BUDGET_US)
        except CancelledError:  # A wake-up that nobody here waited for.
            return
        except Error as error:
            self._unwatch()
            self._end(error)
            return
        for event in events:
            if isinstance(event, CompletionEvent):
                future = self._futures.pop(event.completion.request, None)
                if future is not None and not future.done():
                    future.set_result(event.completion)
            else:
                self._queue.append(event)
        if self._queue:
            self._some.set()
        # Completions stand behind events: with requests under way all is taken.
        if len(self._queue) >= self._MOST and not self._futures:
            self._unwatch()

    # ---- What comes off it

    async def poll(self, timeout: Optional[float]) -> Optional[Event]:
        while not self._queue:
            self.check()
            self._some.clear()
            self._watch()
            if timeout == 0:
                self._read()
                return self._queue.popleft() if self._queue else None
            try:
                await asyncio.wait_for(self._some.wait(), timeout)
            except asyncio.TimeoutError:
                return None
        event = self._queue.popleft()
        if not self._watching and len(self._queue) <= self._MOST // 2:
            self._watch()
        return event

    def forget_journal(self) -> None:
        """What waits and is of the journal will come again."""
        self._queue = deque(event for event in self._queue if not event.seq)

    async def complete(self, request: int) -> Completion:
        """The completion of a request that was begun; when the task is cancelled, so is the request."""
        self.check()
        future: asyncio.Future[Completion] = self._loop.create_future()
        self._futures[request] = future
        self._watch()
        try:
            completion = await future
        except asyncio.CancelledError:
            # Its completion still comes, and finds a future that is done.
            try:
                self._core.cancel(request)
            except (NotFoundError, ClosedError):
                pass
            raise
        if completion.error is not None:
            raise completion.error
        return completion

    # ---- The end

    def check(self) -> None:
        if os.getpid() != self._process:
            raise ClosedError("After a fork only the parent may use its clients; make another one.", Status.CLOSED)
        if self._failure is not None:
            raise self._failure.with_traceback(None)  # The same one each time: it shall not grow, nor hold frames.

    def _end(self, error: Error) -> None:
        self._failure = error
        futures, self._futures = self._futures, {}
        if not self._mine():
            return
        self._some.set()
        for future in futures.values():
            if not future.done():
                future.set_exception(error)

    def close(self) -> None:
        """Forget everything; who waits hears that the client is closed."""
        self._queue.clear()  # What was not acknowledged comes again with the next start.
        self._unwatch()
        self._end(ClosedError("The client is closed.", Status.CLOSED))
        os.close(self._fd)

    def abandon(self) -> None:
        """As `close`, from a finaliser, which may run in any thread."""
        loop, fd, watching = self._loop, self._fd, self._watching

        def forget() -> None:
            if watching:
                loop.remove_reader(fd)
            os.close(fd)

        if self._mine():
            loop.call_soon_threadsafe(forget)
        else:
            os.close(fd)


def _readable(reference: "weakref.ref[Pump]") -> None:
    pump = reference()
    if pump is not None:
        pump._read()
