"""The client for asyncio, with asyncio's own loop and with uvloop's."""

from __future__ import annotations

import asyncio
import gc
import pathlib
import threading
import time
import weakref
from typing import Any, Callable, Coroutine, Iterator, List

import mychat
import mychat.testing
import pytest

Main = Callable[[], Coroutine[Any, Any, None]]
Run = Callable[[Main], None]


def plain_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def uv_loop() -> asyncio.AbstractEventLoop:
    uvloop = pytest.importorskip("uvloop")
    return uvloop.new_event_loop()  # type: ignore[no-any-return]


@pytest.fixture(params=[plain_loop, uv_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    loop = request.param()

    def run_it(main: Main) -> None:
        loop.run_until_complete(asyncio.wait_for(main(), 120))

    yield run_it
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def receive(client: mychat.AsyncClient) -> mychat.Message:
    async for event in client.events(ack=True):
        if isinstance(event, mychat.MessageEvent):
            return event.message
    raise AssertionError("the client was closed")


def test_a_conversation(run: Run, node: mychat.testing.Node, name: str) -> None:
    alice_, bob_ = node.async_user(name + "a"), node.async_user(name + "b")

    async def main() -> None:
        async with alice_ as alice, bob_ as bob:
            await asyncio.gather(alice.start(), bob.start())
            bob_handle = bob.account().handle
            contact = await alice.add_contact(bob_handle, "Боб 🙂")
            assert contact.nickname == "Боб 🙂"
            for text in ("Grüße", "Здравствуй", "👩‍👩‍👧‍👦"):
                alice.send_text(bob_handle, text)
                assert (await receive(bob)).text == text
            assert [m.text for m in (await bob.search("GRÜ")).messages] == ["Grüße"]
            assert (await alice.check_store()).healthy
            with pytest.raises(mychat.NotFoundError):
                await alice.lookup("nobody_at_all@localhost")
            backup = await alice.export_backup("Wiederherstellung – ключ")
            assert (await alice.verify_backup(backup.data, "Wiederherstellung – ключ")).matches_account
            await alice.stop()
        assert alice.closed and "closed" in repr(alice)
        with pytest.raises(mychat.ClosedError):
            alice.account()
        with pytest.raises(mychat.ClosedError):
            await alice.poll()

    run(main)


def test_registering_leaves_the_loop_free(run: Run, node: mychat.testing.Node, name: str) -> None:
    async def main() -> None:
        async with mychat.AsyncClient(node.store(name), passphrase="p", node_url=node.url) as client:
            registering = asyncio.ensure_future(client.register(name, "password"))
            turns = 0
            while not registering.done():
                await asyncio.sleep(0.005)
                turns += 1
            assert registering.result().logged_in and turns > 10
            progress = [e async for e in first_events(client) if isinstance(e, mychat.ProgressEvent)]
            assert progress and progress[0].progress.operation is mychat.Operation.REGISTER

    run(main)


async def first_events(client: mychat.AsyncClient) -> Any:
    while (event := await client.poll(0)) is not None:
        yield event


def test_many_requests_at_once(run: Run, node: mychat.testing.Node, name: str) -> None:
    user = node.async_user(name)

    async def main() -> None:
        async with user as client:
            await client.start()
            infos = await asyncio.gather(*(client.node_info() for _ in range(50)))
            assert {info.domain for info in infos} == {"localhost"}

    run(main)


async def retry(call: Callable[[], Coroutine[Any, Any, mychat.Account]]) -> mychat.Account:
    while True:
        try:
            return await call()
        except mychat.InvalidStateError as error:  # The cancelled one is on its way out.
            assert error.retryable
            await asyncio.sleep(0.02)


def test_cancelling_the_task_cancels_the_request(run: Run, node: mychat.testing.Node, name: str) -> None:
    async def main() -> None:
        async with mychat.AsyncClient(node.store(name), passphrase="p", node_url=node.url) as client:
            registering = asyncio.ensure_future(client.register(name, "password"))
            await asyncio.sleep(0.05)
            assert not registering.done()
            registering.cancel()
            with pytest.raises(asyncio.CancelledError):
                await registering
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(retry(lambda: client.register(name, "password")), 0.05)
            # Really cancelled: the account does not exist, and the name is free.
            await asyncio.sleep(1)
            assert not client.account().logged_in
            assert (await retry(lambda: client.register(name, "password"))).logged_in

    run(main)


def test_closing_ends_what_is_under_way(run: Run, node: mychat.testing.Node, name: str) -> None:
    async def main() -> None:
        client = await mychat.AsyncClient(node.store(name), passphrase="p", node_url=node.url).open()
        registering = asyncio.ensure_future(client.register(name, "password"))
        ended: List[str] = []

        async def listen() -> None:
            async for _ in client.events():
                pass
            ended.append("events")

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0.05)
        await client.close()
        await client.close()
        with pytest.raises(mychat.ClosedError):
            await registering
        await listening
        assert ended == ["events"]

    run(main)


def test_polling_with_time_outs(run: Run, tmp_path: pathlib.Path) -> None:
    async def main() -> None:
        async with mychat.AsyncClient(tmp_path / "s", passphrase="p") as client:
            assert await client.poll(0) is None
            began = time.monotonic()
            assert await client.poll(0.1) is None
            assert 0.09 < time.monotonic() - began < 5
            client.wakeup()  # Nobody of the loop waits inside the library; it must not spin nor end.
            assert await client.poll(0.1) is None

    run(main)


def test_use_before_opening_and_opening_twice(run: Run, tmp_path: pathlib.Path) -> None:
    async def main() -> None:
        client = mychat.AsyncClient(tmp_path / "s", passphrase="p")
        with pytest.raises(mychat.InvalidStateError):
            client.account()
        with pytest.raises(mychat.InvalidStateError):
            await client.poll()
        with pytest.raises(mychat.InvalidStateError):
            await client.start()
        async with client:
            with pytest.raises(mychat.InvalidStateError):
                await client.open()
        never = mychat.AsyncClient(tmp_path / "s", passphrase="p")
        await never.close()
        with pytest.raises(mychat.StoreKeyError):
            await mychat.AsyncClient(tmp_path / "s", passphrase="q").open()

    run(main)


def test_events_that_nobody_takes_stay_in_the_library(run: Run, node: mychat.testing.Node, name: str) -> None:
    user, sender = node.async_user(name), node.user(name + "_sender")
    ids = [sender.send_text(node.handle(name), f"Nr. {i}") for i in range(40)]

    async def main() -> None:
        async with user as client:
            assert client._pump is not None
            client._pump._MOST = 8
            client._pump._BATCH = 4
            await client.start()
            while sender.message(ids[-1]).status < mychat.MessageStatus.DELIVERED:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)
            assert 8 <= len(client._pump._queue) <= 12 and not client._pump._watching
            # A request is answered all the same.
            assert (await client.node_info()).domain == "localhost"
            seen: List[str] = []
            while len(seen) < 40:
                event = await client.poll(60)
                if isinstance(event, mychat.MessageEvent):
                    seen.append(event.message.id)
            assert seen == ids
            assert client._pump._watching

    run(main)


def test_a_rewind_gives_everything_once_and_in_order(run: Run, node: mychat.testing.Node, name: str) -> None:
    alice_, bob_ = node.async_user(name + "a"), node.async_user(name + "b")

    async def main() -> None:
        async with alice_ as alice, bob_ as bob:
            await asyncio.gather(alice.start(), bob.start())
            await alice.add_contact(bob.account().handle)
            texts = [f"Nachricht {number}" for number in range(5)]
            for text in texts:
                bob.send_text(alice.account().handle, text)
            while not isinstance(await alice.poll(60), mychat.MessageEvent):
                pass
            while len(alice.history(bob.account().handle).messages) < len(texts):
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)  # The others wait in Python now.
            alice.rewind()
            got = []
            while (event := await alice.poll(1)) is not None:
                if isinstance(event, mychat.MessageEvent):
                    got.append(event.message.text)
            assert got == texts

    run(main)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_forgotten_client_is_collected_and_leaves_the_loop(run: Run, tmp_path: pathlib.Path) -> None:
    async def main() -> None:
        client = await mychat.AsyncClient(tmp_path / "s", passphrase="p").open()
        assert client._pump is not None
        gone, fd = weakref.ref(client), client._pump._fd
        del client
        gc.collect()
        assert gone() is None
        await asyncio.sleep(0.05)
        assert not asyncio.get_running_loop().remove_reader(fd)
        async with mychat.AsyncClient(tmp_path / "s", passphrase="p"):  # The store is free again.
            pass

    run(main)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_loop_that_ends_first(tmp_path: pathlib.Path) -> None:
    async def main() -> mychat.AsyncClient:
        return await mychat.AsyncClient(tmp_path / "s", passphrase="p").open()

    client = asyncio.run(main())
    del client
    gc.collect()
    mychat.Client(tmp_path / "s", passphrase="p").close()


def test_no_thread_is_left(run: Run, node: mychat.testing.Node, name: str) -> None:
    user = node.async_user(name)

    def of_the_library() -> int:
        """Threads of this process that are not Python's."""
        return len(list(pathlib.Path("/proc/self/task").iterdir())) - threading.active_count()

    async def main() -> None:
        before = of_the_library()
        async with user as client:
            await client.start()
            await client.node_info()
            assert of_the_library() > before
            # The loop's executor serves what takes a while; nothing else of Python's is there.
            others = {thread.name for thread in threading.enumerate() if thread is not threading.main_thread()}
            assert all(name.startswith(("asyncio_", "uvloop_")) for name in others), others
        while of_the_library() > before:
            await asyncio.sleep(0.01)

    run(main)


def test_two_loops_in_two_threads(node: mychat.testing.Node, name: str) -> None:
    users = [node.async_user(f"{name}_{i}") for i in range(2)]
    done: List[str] = []

    async def main(user: mychat.AsyncClient) -> None:
        async with user as client:
            await client.start()
            done.append((await client.node_info()).domain)

    threads = [threading.Thread(target=lambda u=user: asyncio.run(main(u))) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == ["localhost"] * 2


def test_a_client_is_closed_from_another_loop_than_its_own(tmp_path: pathlib.Path) -> None:
    client = mychat.AsyncClient(tmp_path / "s", passphrase="p")

    async def open_it() -> None:
        await client.open()

    asyncio.run(open_it())
    asyncio.run(client.close())
    mychat.Client(tmp_path / "s", passphrase="p").close()  # The store is free.


def test_whoever_closes_once_more_waits_for_the_end(run: Run, tmp_path: pathlib.Path) -> None:
    class Slow:
        def __init__(self, core: Any) -> None:
            self._core = core

        def close(self) -> None:
            time.sleep(0.3)
            self._core.close()

    async def main() -> None:
        for number in range(2):
            client = await mychat.AsyncClient(tmp_path / "s", passphrase="p").open()
            client._core = Slow(client._core)  # type: ignore[assignment]
            first = asyncio.ensure_future(client.close())
            await asyncio.sleep(0)
            if number == 1:
                first.cancel()
            await client.close()
            async with mychat.AsyncClient(tmp_path / "s", passphrase="p"):  # StoreHeldError if it were not done.
                pass
            await asyncio.gather(first, return_exceptions=True)

    run(main)


def test_a_client_that_is_closed_while_it_opens_is_closed(run: Run, tmp_path: pathlib.Path) -> None:
    async def main() -> None:
        client = mychat.AsyncClient(tmp_path / "s", passphrase="p")
        opening = asyncio.ensure_future(client.open())
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(mychat.ClosedError):
            await opening
        async with mychat.AsyncClient(tmp_path / "s", passphrase="p"):
            pass

    run(main)
