"""The blocking client against a real node. What every language does is in bindings/scenarios; here is what is Python's."""

from __future__ import annotations

import _thread
import os
import pathlib
import signal
import threading
import time
from typing import Callable, List, Optional

import mychat
import mychat.testing
import pytest

MakeUser = Callable[[], mychat.Client]
TEXTS = ["Grüße aus Köln", "Здравствуй, мир", "你好，世界", "👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301 is not \u00e9"]


def receive(client: mychat.Client) -> mychat.Message:
    for event in client.events(timeout=60):
        if isinstance(event, mychat.MessageEvent):
            return event.message
    raise AssertionError("no message came")


def test_a_conversation(make_user: MakeUser) -> None:
    alice, bob = make_user(), make_user()
    contact = alice.add_contact(bob.account().handle, "Боб 🙂")
    assert contact == alice.contact(bob.account().handle) and contact.trust is mychat.Trust.UNVERIFIED
    for text in TEXTS:
        message_id = alice.send_text(bob.account().handle, text)
        message = receive(bob)
        assert (message.text, message.data, message.id) == (text, text.encode(), message_id)
        assert message.direction is mychat.Direction.IN and message.verification is mychat.Verification.VERIFIED
        assert message.created_at and message.created_at.utcoffset() is not None
        assert message.failure is mychat.Status.OK and message == bob.message(message_id)
    data = bytes(range(256)) * 4
    alice.send(bob.account().handle, memoryview(data), content_type=mychat.ContentType.IMAGE)
    message = receive(bob)
    assert (message.data, message.text, message.content_type) == (data, None, mychat.ContentType.IMAGE)
    page = bob.history(alice.account().handle, limit=3)
    assert len(page.messages) == 3 and page.has_more
    assert [m.text for m in bob.search("GRÜ").messages] == TEXTS[:1]
    (conversation,) = bob.conversations()
    assert conversation.unread == len(TEXTS) + 1
    bob.mark_read(alice.account().handle)
    assert bob.conversations()[0].unread == 0


def test_a_backup_restores_the_identity(make_user: MakeUser, node: mychat.testing.Node) -> None:
    alice = make_user()
    backup = alice.export_backup("Wiederherstellung – ключ")
    report = mychat.verify_backup(backup.data, "Wiederherstellung – ключ")
    assert report.handle == alice.account().handle and report.matches_account is None
    assert alice.verify_backup(backup.data, "Wiederherstellung – ключ").matches_account is True
    other = mychat.backup_change_password(backup.data, "Wiederherstellung – ключ", b"another password")
    with pytest.raises(mychat.WrongPasswordError):
        mychat.verify_backup(other.data, "Wiederherstellung – ключ")
    with node.client("restored") as restored:
        assert restored.import_backup(bytearray(other.data), "another password").fingerprint == report.fingerprint
        assert restored.account().has_identity
        assert mychat.fingerprint(restored.public_key()) == report.fingerprint
        assert restored.public_key() == alice.public_key()
        jwk = mychat.public_key_convert(restored.public_key(), mychat.KeyFormat.JWK)
        assert jwk == restored.public_key(mychat.KeyFormat.JWK)


def test_the_private_key_comes_as_a_secret(make_user: MakeUser, node: mychat.testing.Node) -> None:
    alice = make_user()
    key = alice.export_private_key()
    assert isinstance(key, mychat.Secret) and bytes(key).startswith(b"-----BEGIN PRIVATE KEY-----")
    assert "BEGIN" not in repr(key)
    with node.client("imported") as imported:
        imported.import_private_key(key)
        assert imported.public_key() == alice.public_key()
        with pytest.raises(mychat.AlreadyExistsError):
            imported.import_private_key(key)


def test_errors_of_the_node(make_user: MakeUser, node: mychat.testing.Node) -> None:
    alice = make_user()
    with pytest.raises(mychat.NotFoundError) as caught:
        alice.lookup("nobody_at_all@localhost")
    error = caught.value
    assert (error.domain, error.detail, error.operation) == (mychat.Domain.NODE, 404, "lookup")
    with node.client("stranger") as stranger:
        with pytest.raises(mychat.UnauthorizedError) as wrong:
            stranger.login(alice.account().handle.split("@")[0], "неверный пароль")
    assert isinstance(wrong.value, mychat.NodeError) and wrong.value.detail == 401
    with pytest.raises(mychat.InvalidStateError):
        alice.register("another_name", "password")


def test_requests_can_be_begun_and_waited_for_later(make_user: MakeUser) -> None:
    alice, bob = make_user(), make_user()
    requests = [alice.begin.lookup(bob.account().handle) for _ in range(3)]
    info = alice.begin.node_info()
    assert info.result(60).domain == "localhost"
    assert info.done() and info.result(0) is info.result() and not info.cancel()
    assert {request.result(60).handle for request in requests} == {bob.account().handle}
    failed = alice.begin.lookup("nobody_at_all@localhost")
    completion = failed.completion(60)
    assert isinstance(completion.error, mychat.NotFoundError) and completion.contact is None
    with pytest.raises(mychat.NotFoundError):
        failed.result()
    assert "lookup done" in repr(failed)


def test_completions_reach_their_requests_while_another_thread_polls(make_user: MakeUser) -> None:
    alice, bob = make_user(), make_user()
    events: List[mychat.Event] = []
    poller = threading.Thread(target=lambda: events.extend(alice.events()))
    poller.start()
    handle = bob.account().handle
    for _ in range(50):
        assert alice.lookup(handle, timeout=60).handle == handle
    requests = [alice.begin.node_info() for _ in range(20)]
    assert {request.result(60).domain for request in requests} == {"localhost"}
    forgotten = [alice.begin.node_info() for _ in range(5)]
    del forgotten
    alice.close()
    poller.join(60)
    assert not poller.is_alive()
    assert not any(isinstance(event, mychat.CompletionEvent) for event in events)


def test_many_threads_use_one_client(make_user: MakeUser) -> None:
    alice, bob = make_user(), make_user()
    handle = bob.account().handle
    failures: List[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                alice.send_text(handle, TEXTS[0])
                alice.lookup(handle, timeout=60)
                alice.history(handle)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    got = [receive(bob).text for _ in range(80)]
    for thread in threads:
        thread.join(60)
    assert not failures and got == [TEXTS[0]] * 80


def test_waiting_lets_other_threads_run(offline_client: mychat.Client) -> None:
    seen: List[Optional[mychat.Event]] = []
    waiting = threading.Thread(target=lambda: seen.append(offline_client.poll(1.0)))
    waiting.start()
    turns = 0
    while waiting.is_alive():
        turns += 1
        time.sleep(0.001)
    assert turns > 100 and seen == [None]


def test_closing_ends_waits_in_other_threads(make_user: MakeUser) -> None:
    alice = make_user()
    ends: List[str] = []

    def wait() -> None:
        try:
            for _ in alice.events():
                pass
            ends.append("events ended")
            alice.poll()
        except mychat.ClosedError:
            ends.append("closed")

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    alice.close()
    for thread in threads:
        thread.join(60)
    assert sorted(ends) == ["closed"] * 4 + ["events ended"] * 4


def test_a_call_that_takes_too_long_is_cancelled(node: mychat.testing.Node, name: str) -> None:
    with node.client(name) as client:
        with pytest.raises(mychat.TimeoutError) as caught:
            client.register(name, "password", timeout=0.01)  # Making the key alone takes longer.
        assert caught.value.operation == "register" and isinstance(caught.value, TimeoutError)
        for _ in range(600):  # The cancelled one may still be on its way out.
            try:
                assert client.register(name, "password", timeout=60).logged_in
                break
            except mychat.InvalidStateError as error:
                assert error.retryable
                time.sleep(0.1)


def test_a_cancelled_request_completes_as_such(node: mychat.testing.Node, name: str) -> None:
    with node.client(name) as client:
        request = client.begin.register(name, "password")
        assert request.cancel()
        with pytest.raises(mychat.CancelledError):
            request.result(60)
        assert not request.cancel()


@pytest.mark.parametrize("wait", ["poll", "result"])
def test_control_c_ends_a_wait_at_once(offline_client: mychat.Client, make_user: MakeUser, wait: str) -> None:
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    began = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        if wait == "poll":
            offline_client.poll(60)
        else:
            with mychat.Client(
                offline_client._store_path.parent / "other",  # type: ignore[union-attr]
                passphrase="p",
                node_url="http://127.0.0.1:9",
            ) as client:
                while True:  # Each fails at once; what counts is that the signal gets in between.
                    with pytest.raises(mychat.NetworkError):
                        client.node_info()
    timer.join()
    assert time.monotonic() - began < 30


def test_events_are_acknowledged_by_the_loop(make_user: MakeUser, node: mychat.testing.Node) -> None:
    alice, bob = make_user(), make_user()
    handle = bob.account().handle
    for text in TEXTS[:3]:
        alice.send_text(handle, text)
    seen = []
    for event in bob.events(timeout=60, ack=True):
        if isinstance(event, mychat.MessageEvent):
            seen.append(event.message.text)
            if len(seen) == 2:
                break  # Its body has not run to the end: not acknowledged.
    path, passphrase = bob._store_path, f"passphrase of {handle.split('@')[0]}"
    bob.close()
    with mychat.Client(path, passphrase=passphrase) as again:
        again.start()
        texts = [receive(again).text, receive(again).text]
    assert seen == TEXTS[:2] and texts == TEXTS[1:3]


def test_signing_in_does_what_the_store_needs(node: mychat.testing.Node, name: str) -> None:
    with node.client(name) as client:
        assert client.sign_in(name, "password", timeout=60).logged_in
        store = client._store_path
    with mychat.Client(store, passphrase=f"passphrase of {name}") as client:
        assert client.sign_in(name, "not needed").logged_in
        for event in client.events(timeout=60):
            if isinstance(event, mychat.ConnectionEvent):
                if event.connection.state is mychat.ConnectionState.ONLINE:
                    break
        client.logout(timeout=60)
        assert not client.account().logged_in
        assert client.sign_in(name, "password", timeout=60).logged_in


def test_ten_clients_in_one_process(tmp_path: pathlib.Path) -> None:
    clients = [mychat.Client(tmp_path / str(i), store_key=lambda: bytes(32)) for i in range(10)]
    assert len({client.event_fd() for client in clients}) == 10
    for client in reversed(clients):
        client.start()
        client.close()


def test_the_log_comes_from_the_librarys_threads(node: mychat.testing.Node, name: str) -> None:
    """While this thread is inside the library: the log must not wait for it."""
    threads = set()

    def log(level: mychat.LogLevel, component: str, message: str) -> None:
        threads.add(_thread.get_ident())

    with mychat.testing.Node() as own:
        client = own.user(name, log=log, log_level=mychat.LogLevel.TRACE)
        own.stop()
        for event in client.events(timeout=60):
            if isinstance(event, mychat.ConnectionEvent) and event.connection.error is not None:
                assert event.connection.error.retryable and event.connection.retry_at
                break
        client.close()
    assert threads - {threading.get_ident()}
