"""Bots: answers once each, also over crashes and restarts."""

from __future__ import annotations

import asyncio
import gc
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
from typing import Any, List

import mychat
import mychat.testing
import pytest

BOT = """
import os, sys
import mychat
bot = mychat.Bot(sys.argv[1], sys.argv[2], "the bot's password", passphrase="p", node_url=sys.argv[3])

@bot.on_message
async def echo(message):
    if message.text == "crash":
        bot.reply("before the crash")
        os._exit(9)
    return f"Echo: {message.text}"

print("ready", flush=True)
bot.run()
"""


def start_bot(folder: pathlib.Path, name: str, url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", BOT, str(folder / "bot.mychat"), name, url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answers(client: mychat.Client, number: int) -> List[str]:
    texts: List[str] = []
    for event in client.events(timeout=90, ack=True):
        if isinstance(event, mychat.MessageEvent):
            texts.append(event.message.text or "")
            if len(texts) == number:
                return texts
    raise AssertionError(f"only {texts}")


def test_a_bot_that_is_stopped_killed_and_started_again(
    tmp_path: pathlib.Path, node: mychat.testing.Node, name: str
) -> None:
    user, handle = node.user(name), node.handle(name + "_bot")
    bot = start_bot(tmp_path, name + "_bot", node.url)
    try:
        assert bot.stdout is not None and bot.stdout.readline() == "ready\n"
        wait_for_user(user, handle)
        user.send_text(handle, "Grüße 👋")
        assert answers(user, 1) == ["Echo: Grüße 👋"]
        user.send_text(handle, "crash")
        assert bot.wait(60) == 9
        bot.communicate()
        # It was not acknowledged: it is handled again, and crashes again. Its reply is sent once.
        bot = start_bot(tmp_path, name + "_bot", node.url)
        assert bot.wait(60) == 9
        bot.communicate()
        user.send_text(handle, "после")
        # A bot without the fault.
        repaired = BOT.replace("os._exit(9)", "return None")
        (tmp_path / "repaired.py").write_text(repaired)
        bot = subprocess.Popen(
            [sys.executable, str(tmp_path / "repaired.py"), str(tmp_path / "bot.mychat"), name + "_bot", node.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert answers(user, 2) == ["before the crash", "Echo: после"]
        assert not any(isinstance(event, mychat.MessageEvent) for event in user.events(timeout=1))
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(60) == 0, bot.communicate()
    finally:
        bot.kill()
        bot.communicate()


def wait_for_user(user: mychat.Client, handle: str) -> None:
    import time

    for _ in range(600):
        try:
            user.lookup(handle)
            return
        except mychat.NotFoundError:
            time.sleep(0.1)
    raise AssertionError("the bot did not register")


async def serve_until(bot: mychat.Bot, done: "asyncio.Event") -> None:
    serving = asyncio.ensure_future(bot.serve())
    waiting = asyncio.ensure_future(done.wait())
    await asyncio.wait({serving, waiting}, timeout=90, return_when=asyncio.FIRST_COMPLETED)
    bot.stop()
    await serving
    waiting.cancel()


def test_handlers_of_all_kinds(tmp_path: pathlib.Path, node: mychat.testing.Node, name: str) -> None:
    user = node.user(name)
    seen: List[Any] = []

    async def main() -> None:
        done = asyncio.Event()
        bot = mychat.Bot(
            tmp_path / "b", name + "_bot", b"the bot's password", passphrase="p", node_url=node.url
        )
        with pytest.raises(mychat.InvalidStateError):
            bot.reply("to nobody")

        @bot.on_message
        def plain(message: mychat.Message) -> str:
            bot.reply("eins")
            return "zwei"

        @bot.on_message
        async def failing(message: mychat.Message) -> None:
            raise ZeroDivisionError("in a handler")

        @bot.on_message
        async def last(message: mychat.Message) -> None:
            bot.reply("drei")
            if message.text == "Ende":
                done.set()

        @bot.on_event
        def watch(event: mychat.Event) -> None:
            seen.append(event)
            if isinstance(event, mychat.ConnectionEvent):
                if event.connection.state is mychat.ConnectionState.ONLINE:
                    user.send_text(node.handle(name + "_bot"), "Ende")

        await serve_until(bot, done)

    asyncio.run(main())
    assert any(isinstance(event, mychat.MessageEvent) for event in seen)
    # What was said before it stopped is sent with its next start.
    with mychat.Client(tmp_path / "b", passphrase="p") as bot:
        bot.start()
        assert answers(user, 3) == ["eins", "zwei", "drei"]


def test_an_error_stops_it_if_told_so_and_the_message_comes_again(
    tmp_path: pathlib.Path, node: mychat.testing.Node, name: str
) -> None:
    user = node.user(name)
    with mychat.Client(tmp_path / "b", passphrase="p", node_url=node.url) as client:
        client.register(name + "_bot", "the bot's password")
    user.send_text(node.handle(name + "_bot"), "Hallo")
    seen: List[str] = []

    def make(stop_on_error: bool) -> mychat.Bot:
        bot = mychat.Bot(
            tmp_path / "b", name + "_bot", "the bot's password", passphrase="p", stop_on_error=stop_on_error
        )

        @bot.on_message
        def handler(message: mychat.Message) -> None:
            seen.append(message.id)
            bot.stop()
            raise ZeroDivisionError("in a handler")

        return bot

    with pytest.raises(ZeroDivisionError):
        make(True).run()
    make(False).run()
    assert len(seen) == 2 and seen[0] == seen[1]
    with mychat.Client(tmp_path / "b", passphrase="p") as client:  # Handled: acknowledged.
        assert not any(isinstance(event, mychat.MessageEvent) for event in client.events(timeout=1))


def test_run_ends_with_control_c(tmp_path: pathlib.Path, node: mychat.testing.Node, name: str) -> None:
    bot = start_bot(tmp_path, name, node.url)
    assert bot.stdout is not None and bot.stdout.readline() == "ready\n"
    os.kill(bot.pid, signal.SIGCONT)
    import time

    time.sleep(1)
    bot.send_signal(signal.SIGINT)
    out, err = bot.communicate(timeout=60)
    # Before the loop took over the signal it is an ordinary KeyboardInterrupt; afterwards an ordinary end.
    assert bot.returncode == 0 or "KeyboardInterrupt" in err, err


def test_a_bot_is_three_lines() -> None:
    documentation = textwrap.dedent(mychat.Bot.__doc__ or "")
    assert "@bot.on_message" in documentation


def test_a_task_of_a_handler_answers_its_own_message(
    tmp_path: pathlib.Path, node: mychat.testing.Node, name: str
) -> None:
    users = [node.user(name + "a"), node.user(name + "b")]

    async def main() -> None:
        both = asyncio.Event()
        done = asyncio.Event()
        tasks: List["asyncio.Future[None]"] = []
        bot = mychat.Bot(tmp_path / "b", name + "_bot", "the bot's password", passphrase="p", node_url=node.url)
        other = mychat.Bot(tmp_path / "other", "other", "the bot's password", passphrase="p", node_url=node.url)

        async def answer_late() -> None:
            await both.wait()
            bot.reply("late")

        @bot.on_message
        async def handle(message: mychat.Message) -> None:
            with pytest.raises(mychat.InvalidStateError):
                other.reply("It is not handling this.")
            if not tasks:
                tasks.append(asyncio.ensure_future(answer_late()))
                users[1].send_text(node.handle(name + "_bot"), "second")
            else:
                both.set()
                await tasks[0]
                done.set()

        @bot.on_event
        def watch(event: mychat.Event) -> None:
            if isinstance(event, mychat.ConnectionEvent):
                if event.connection.state is mychat.ConnectionState.ONLINE and not tasks:
                    users[0].send_text(node.handle(name + "_bot"), "first")

        await serve_until(bot, done)

    asyncio.run(main())
    with mychat.Client(tmp_path / "b", passphrase="p") as bot:
        bot.start()
        assert answers(users[0], 1) == ["late"]
    assert not any(isinstance(event, mychat.MessageEvent) for event in users[1].events(timeout=1))


def test_cancelling_a_bot_leaves_nothing_behind(tmp_path: pathlib.Path, node: mychat.testing.Node, name: str) -> None:
    complaints: List[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        online = asyncio.Event()
        bot = mychat.Bot(tmp_path / "b", name, "the bot's password", passphrase="p", node_url=node.url)

        @bot.on_event
        def watch(event: mychat.Event) -> None:
            if isinstance(event, mychat.ConnectionEvent):
                if event.connection.state is mychat.ConnectionState.ONLINE:
                    online.set()

        serving = asyncio.ensure_future(bot.serve())
        await asyncio.wait_for(online.wait(), 90)
        await asyncio.sleep(0.1)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        await asyncio.sleep(0.1)
        gc.collect()

    asyncio.run(main())
    gc.collect()
    assert complaints == []


def test_a_session_that_ended_is_renewed_when_the_node_can_be_reached_again(tmp_path: pathlib.Path) -> None:
    tries: List[str] = []

    async def main() -> None:
        bot = mychat.Bot(tmp_path / "b", "bot", "the bot's password", passphrase="p")
        bot._RETRY_SECONDS = 0.01
        bot._stop = asyncio.Event()

        async def login(username: str, password: str) -> None:
            tries.append(username)
            if len(tries) < 3:
                raise mychat.NetworkError("No way.", mychat.Status.NETWORK, retryable=True)

        bot.client.login = login  # type: ignore[method-assign,assignment]
        await asyncio.wait_for(bot._log_in(), 30)
        assert len(tries) == 3

        async def refused(username: str, password: str) -> None:
            raise mychat.UnauthorizedError("No.", mychat.Status.UNAUTHORIZED)

        bot.client.login = refused  # type: ignore[method-assign,assignment]
        with pytest.raises(mychat.UnauthorizedError):
            await bot._log_in()

    asyncio.run(main())
