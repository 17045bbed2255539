"""Bots: programs that answer messages."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import signal
import uuid
from typing import Any, Awaitable, Callable, List, Optional, TypeVar, Union

from ._async_client import AsyncClient
from ._core import PathInput, SecretInput
from ._enums import Direction, Status
from ._errors import AlreadyExistsError, ClosedError, Error, InvalidStateError, KeyChangedError, UnauthorizedError
from ._types import Event, Message, MessageEvent, SessionEndedEvent

Handler = Callable[[Message], Union[None, str, Awaitable[Union[None, str]]]]
EventHandler = Callable[[Event], Union[None, Awaitable[None]]]
H = TypeVar("H", bound=Handler)
E = TypeVar("E", bound=EventHandler)

_REPLIES = uuid.UUID("6d2f7c86-53c6-4f0d-9b0e-5c1c4fd6c0f1")  # Namespace of the ids of replies; never change it.
_log = logging.getLogger("mychat.bot")


class _Answering:
    """A message that is being handled, and how many replies it has."""

    def __init__(self, bot: Bot, message: Message) -> None:
        self.bot = bot
        self.message = message
        self.replies = 0


# Tasks that a handler starts inherit it, and answer their own message whichever is being handled then.
_answering: "contextvars.ContextVar[Optional[_Answering]]" = contextvars.ContextVar("mychat_answering", default=None)


class Bot:
    """Answers messages, once each, also over crashes and restarts.

    ::

        bot = mychat.Bot("echo.mychat", "echo", password, passphrase=secret, node_url="https://chat.example.org")

        @bot.on_message
        async def echo(message):
            return message.text

        bot.run()

    All of its state is the store: the first run registers the user, later ones go on where the last one ended. A message is
    acknowledged after its handlers have run, so that one whose handling was cut short comes again; a reply's id is derived from
    the id of the message that it answers, so that the same reply is sent once, however often it is made.

    Handlers run one after the other, in the order of the messages; a handler that waits for something else should start a
    task. A handler's exception is logged (logger ``mychat.bot``) and the message counts as handled, unless ``stop_on_error``:
    then `run` raises it, and the message comes again with the next run.

    Args:
        store_path, passphrase, node_url, options: As `Client`.
        username, password: The account: registered on the first run, logged in when the session has ended since.
        stop_on_error: Let a handler's exception end the bot.
    """

    _RETRY_SECONDS = 1.0

    def __init__(
        self,
        store_path: PathInput,
        username: str,
        password: SecretInput,
        *,
        stop_on_error: bool = False,
        **options: Any,
    ) -> None:
        self._username = username
        self._password = password
        self._stop_on_error = stop_on_error
        self._on_message: List[Handler] = []
        self._on_event: List[EventHandler] = []
        self._stop: Optional[asyncio.Event] = None
        self.client = AsyncClient(store_path, **options)
        """The client, open while the bot runs."""

    def on_message(self, handler: H) -> H:
        """Call ``handler`` (a function or coroutine function) with each message that arrives; a text it returns is the reply.

        Messages that this account sent itself, from another session, are left out; those that cannot be read are not:
        ``message.text`` is ``None`` then.
        """
        self._on_message.append(handler)
        return handler

    def on_event(self, handler: E) -> E:
        """Call ``handler`` with every event, before the message handlers."""
        self._on_event.append(handler)
        return handler

    def reply(self, text: str) -> str:
        """Answer the message that is being handled; may be called several times. Returns the reply's message id.

        In a task that a handler started it answers that handler's message, also when the handler has returned.

        The n-th reply to a message always has the same id: making it again, after a crash, sends nothing again, also when the
        text has become another one. `KeyChangedError` when the sender's key changed and was not accepted.
        """
        answering = _answering.get()
        if answering is None or answering.bot is not self:
            raise InvalidStateError("No message is being handled.", Status.INVALID_STATE, operation="send_text")
        message, number = answering.message, answering.replies
        answering.replies += 1
        reply_id = str(uuid.uuid5(_REPLIES, f"{message.id}/{number}"))
        try:
            return self.client.send_text(message.sender, text, message_id=reply_id)
        except AlreadyExistsError:
            return reply_id

    def run(self) -> None:
        """Run until SIGINT or SIGTERM, or `stop`. To run it inside a loop of your own, await `serve`."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self.stop)
            except (RuntimeError, ValueError):  # Not in the main thread: somebody else stops it.
                pass
        await self.serve()

    def stop(self) -> None:
        """End `run` or `serve` after the message that is being handled. From the loop's thread."""
        if self._stop is not None:
            self._stop.set()

    async def serve(self) -> None:
        """Answer messages until `stop` is called."""
        self._stop = asyncio.Event()
        async with self.client as client:
            await client.sign_in(self._username, self._password)
            stopped = asyncio.ensure_future(self._stop.wait())
            try:
                while not self._stop.is_set():
                    await self._next(stopped)
            finally:
                stopped.cancel()

    async def _next(self, stopped: asyncio.Future[Any]) -> None:
        polled = asyncio.ensure_future(self.client.poll())
        try:
            await asyncio.wait({polled, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waited = not polled.done()
            if waited:
                polled.cancel()  # It has taken nothing yet.
        if waited:
            return
        try:
            event = polled.result()
        except ClosedError:
            self.stop()
            return
        assert event is not None
        await self._handle(event)
        if event.seq:
            self.client.ack(event.seq)

    async def _handle(self, event: Event) -> None:
        for event_handler in self._on_event:
            await self._call(event_handler, event)
        if isinstance(event, SessionEndedEvent):
            await self._log_in()
        if not isinstance(event, MessageEvent) or event.message.direction != Direction.IN:
            return
        token = _answering.set(_Answering(self, event.message))
        try:
            for handler in self._on_message:
                text = await self._call(handler, event.message)
                if isinstance(text, str):
                    await self._call(self.reply, text)
            self.client.mark_read(event.message.peer, event.message.id)
        finally:
            _answering.reset(token)

    async def _log_in(self) -> None:
        # Until the node can be reached again there is nothing else to do.
        assert self._stop is not None
        delay = self._RETRY_SECONDS
        while not self._stop.is_set():
            try:
                await self.client.login(self._username, self._password)
                return
            except UnauthorizedError:
                _log.error("The node ended the session, and does not accept the password.")
                raise
            except Error as error:
                if not error.retryable:
                    raise
                _log.warning("The node ended the session; logging in again later: %s", error)
            try:
                await asyncio.wait_for(self._stop.wait(), delay)
            except asyncio.TimeoutError:
                delay = min(2 * delay, 60.0)

    async def _call(self, handler: Callable[[Any], Any], argument: Any) -> Any:
        try:
            result = handler(argument)
            return await result if inspect.isawaitable(result) else result
        except KeyChangedError:
            # Nobody is here to compare safety numbers: such a sender is not answered.
            _log.warning("A sender's key changed and was not accepted; not answered.")
        except Exception:
            if self._stop_on_error:
                raise
            _log.exception("A handler failed.")
        return None
