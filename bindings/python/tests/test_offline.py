"""What needs no node: the store, values, errors, secrets, the log."""

from __future__ import annotations

import copy
import datetime
import gc
import logging
import os
import pathlib
import pickle
import stat
import sys
import threading
import time
import weakref
from typing import Any, Callable, List, Tuple

import mychat
import pytest

PASSPHRASE = "Geheimnis – секрет – 秘密"
UTC = datetime.timezone.utc


def test_a_new_store_has_no_account(offline_client: mychat.Client, tmp_path: pathlib.Path) -> None:
    account = offline_client.account()
    assert (account.handle, account.logged_in, account.has_identity, account.backup_at) == ("", False, False, None)
    assert offline_client.contacts() == () == offline_client.conversations()
    assert offline_client.history("bob@localhost") == mychat.MessagePage((), False, 0)
    assert stat.S_IMODE((tmp_path / "offline.mychat").stat().st_mode) == 0o600


def test_calls_before_an_account_say_so(offline_client: mychat.Client) -> None:
    with pytest.raises(mychat.InvalidStateError) as caught:
        offline_client.send_text("bob@localhost", "hello")
    error = caught.value
    assert (error.status, error.domain, error.detail) == (mychat.Status.INVALID_STATE, mychat.Domain.API, 0)
    assert error.operation == "send_text"
    assert str(error).endswith(".")
    assert not error.retryable


@pytest.mark.parametrize("kind", [str, bytes, bytearray, memoryview, mychat.Secret])
def test_secrets_are_text_or_bytes(tmp_path: pathlib.Path, kind: type) -> None:
    secret: Any = PASSPHRASE if kind is str else kind(PASSPHRASE.encode())
    store = tmp_path / "Speicher – хранилище.mychat"
    with mychat.Client(store, passphrase=secret):
        pass
    with mychat.Client(str(store), passphrase=PASSPHRASE, must_exist=True) as again:
        assert again.account().handle == ""
    assert (bytes(secret) if kind is not str else secret.encode()) == PASSPHRASE.encode()  # The caller's is not touched.


def test_a_secret_of_one_character_is_not_wiped_in_the_interpreter(offline_client: mychat.Client) -> None:
    offline_client.change_passphrase("x")
    assert "x".encode() == b"x" and b"x"[0] == 0x78


def test_wrong_arguments_are_refused_precisely(offline_client: mychat.Client, tmp_path: pathlib.Path) -> None:
    with pytest.raises(TypeError, match="handle must be a str, not int"):
        offline_client.contact(7)  # type: ignore[arg-type]
    with pytest.raises(mychat.InvalidArgumentError, match="handle holds a NUL"):
        offline_client.contact("bob\0@localhost")
    with pytest.raises(ValueError):  # An InvalidArgumentError is one, too.
        offline_client.ack(10**6)
    with pytest.raises(TypeError, match="passphrase must be str or bytes, not int"):
        mychat.Client(tmp_path / "x", passphrase=1)  # type: ignore[arg-type]
    with pytest.raises(mychat.InvalidArgumentError, match="passphrase holds a NUL"):
        mychat.Client(tmp_path / "x", passphrase="a\0b")
    with pytest.raises(mychat.InvalidArgumentError, match="passphrase or options.store_key"):
        mychat.Client(tmp_path / "x")
    with pytest.raises(mychat.InvalidArgumentError, match="connect_timeout"):
        mychat.Client(tmp_path / "x", passphrase="p", connect_timeout=-1)
    with pytest.raises(UnicodeEncodeError):
        offline_client.contact("\ud800@localhost")
    assert not (tmp_path / "x").exists()


def test_errors_of_the_store(tmp_path: pathlib.Path) -> None:
    with pytest.raises(mychat.NotFoundError) as caught:
        mychat.Client(tmp_path / "none", passphrase="p", must_exist=True)
    assert isinstance(caught.value, LookupError) and caught.value.operation == "create"
    with mychat.Client(tmp_path / "s", passphrase="p"):
        with pytest.raises(mychat.StoreHeldError) as held:
            mychat.Client(tmp_path / "s", passphrase="p")
        assert isinstance(held.value, mychat.StoreError)
    with pytest.raises(mychat.StoreKeyError):
        mychat.Client(tmp_path / "s", passphrase="q")
    (tmp_path / "garbage").write_bytes(b"garbage" * 1000)
    with pytest.raises(mychat.StoreError) as corrupt:
        mychat.Client(tmp_path / "garbage", passphrase="p")
    assert corrupt.value.status == mychat.Status.STORE_CORRUPT
    with pytest.raises(mychat.NetworkError) as refused:
        mychat.Client(tmp_path / "t", passphrase="p", node_url="http://chat.example.org")
    assert refused.value.status == mychat.Status.PLAINTEXT_REFUSED


def test_an_error_survives_pickling() -> None:
    error = mychat.NodeError(
        "No.", mychat.Status.NODE, mychat.Domain.NODE, 503, True, "lookup", datetime.timedelta(seconds=2)
    )
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is mychat.NodeError and again.args == error.args and again.retry_after == error.retry_after
    assert repr(again) == repr(error) == (
        "NodeError('No.', status=NODE, domain=NODE, detail=503, retryable=True, operation='lookup')"
    )


def test_the_store_key_comes_from_the_host(tmp_path: pathlib.Path) -> None:
    key = os.urandom(32)
    calls: List[int] = []

    def give() -> bytes:
        calls.append(1)
        return key

    mychat.Client(tmp_path / "s", store_key=give).close()
    assert calls
    mychat.Client(tmp_path / "s", store_key=lambda: bytearray(key)).close()
    with pytest.raises(mychat.StoreKeyError):
        mychat.Client(tmp_path / "s", store_key=lambda: os.urandom(32))
    with pytest.raises(mychat.StoreKeyError) as short:
        mychat.Client(tmp_path / "s", store_key=lambda: b"short")
    assert isinstance(short.value.__cause__, ValueError) and "32 bytes, not 5" in str(short.value.__cause__)

    def fail() -> bytes:
        raise PermissionError("the key chain is locked")

    with pytest.raises(mychat.StoreKeyError) as caught:
        mychat.Client(tmp_path / "s", store_key=fail)
    assert isinstance(caught.value.__cause__, PermissionError)
    with pytest.raises(mychat.InvalidArgumentError, match="exclude each other"):
        mychat.Client(tmp_path / "s", store_key=give, passphrase="p")


def test_repr_shows_no_secret(tmp_path: pathlib.Path, offline_client: mychat.Client) -> None:
    secret = mychat.Secret(b"top secret")
    assert "top" not in f"{secret!r} {secret} {secret:}" and repr(secret) == "<Secret of 10 bytes>"
    assert bytes(secret) == b"top secret"
    secret.wipe()
    assert bytes(secret) == bytes(10)
    message = made_message(text="the words", data=b"the words")
    assert "words" not in repr(message) and "words" not in repr(mychat.MessagePage((message,), False, 0))
    assert "PK" not in repr(mychat.Backup("keys.zip", b"PK"))
    client = mychat.AsyncClient(tmp_path / "a", passphrase=PASSPHRASE)
    bot = mychat.Bot(tmp_path / "b", "name", "the password", passphrase=PASSPHRASE)
    for shown in (repr(client), repr(offline_client), repr(bot), repr(bot.client)):
        assert PASSPHRASE not in shown and "password" not in shown


def made_message(**changes: object) -> mychat.Message:
    fields = dict(
        id="i",
        peer="p",
        sender="s",
        direction=mychat.Direction.IN,
        position=1,
        content_type=mychat.ContentType.TEXT,
        status=mychat.MessageStatus.PENDING,
        verification=mychat.Verification.VERIFIED,
        readable=True,
        text="x",
        data=b"x",
        sent_at=None,
        created_at=datetime.datetime(2026, 1, 2, tzinfo=UTC),
        delivered_at=None,
        read_at=None,
        failure=mychat.Status.OK,
    )
    return mychat.Message(**{**fields, **changes})  # type: ignore[arg-type]


def test_values_are_immutable_comparable_and_can_be_copied(offline_client: mychat.Client) -> None:
    account = offline_client.account()
    assert account == offline_client.account() == copy.deepcopy(account) == pickle.loads(pickle.dumps(account))
    assert hash(account) == hash(offline_client.account())
    with pytest.raises(AttributeError):
        account.handle = "x"  # type: ignore[misc]
    assert repr(account).startswith("Account(handle='', logged_in=False")
    assert made_message() == made_message() != made_message(id="j")


def test_enums_take_values_of_a_newer_library() -> None:
    status = mychat.Status(77)
    assert status == 77 and status.name == "UNKNOWN_77" and isinstance(status, mychat.Status)
    with pytest.raises(ValueError):
        mychat.Status("x")  # type: ignore[arg-type]
    from mychat._errors import make_error

    assert type(make_error(77, 5, 0, False, "s", "o", 0)) is mychat.StoreError
    assert type(make_error(119, 8, 0, False, "s", "o", 0)) is mychat.NodeError
    assert type(make_error(500, 0, 0, False, "s", "o", 0)) is mychat.Error
    assert make_error(103, 8, 429, True, "s", "o", 1500).retry_after == datetime.timedelta(seconds=1.5)


def test_policy_is_kept(offline_client: mychat.Client) -> None:
    assert offline_client.policy() == mychat.Policy.NONE
    wanted = mychat.Policy.NO_TYPING | mychat.Policy.REQUIRE_SIGNATURES
    offline_client.set_policy(wanted)
    assert offline_client.policy() == wanted and isinstance(offline_client.policy(), mychat.Policy)
    with pytest.raises(mychat.InvalidArgumentError):
        offline_client.set_policy(mychat.Policy(1 << 20))


def test_the_store_is_checked_copied_and_rekeyed(offline_client: mychat.Client, tmp_path: pathlib.Path) -> None:
    report = offline_client.check_store()
    assert report.healthy and report.problems == ()
    offline_client.backup_store(tmp_path / "Kopie – копия.mychat")
    with pytest.raises(mychat.AlreadyExistsError):
        offline_client.backup_store(tmp_path / "Kopie – копия.mychat")
    offline_client.change_passphrase("neu – новый")
    mychat.Client(tmp_path / "Kopie – копия.mychat", passphrase=PASSPHRASE, must_exist=True).close()


def test_polling_waits_no_longer_than_told(offline_client: mychat.Client) -> None:
    import time

    assert offline_client.poll(0) is None
    began = time.monotonic()
    assert offline_client.poll(0.15) is None
    assert 0.14 < time.monotonic() - began < 5
    assert list(offline_client.events(timeout=0)) == []
    with pytest.raises(mychat.InvalidArgumentError):
        offline_client.poll(-1)


def test_a_wakeup_ends_one_wait(offline_client: mychat.Client) -> None:
    offline_client.wakeup()
    with pytest.raises(mychat.CancelledError):
        offline_client.poll(10)
    assert offline_client.poll(0) is None


def test_after_closing_every_call_says_closed(tmp_path: pathlib.Path) -> None:
    client = mychat.Client(tmp_path / "s", passphrase="p")
    fd = client.event_fd()
    assert fd >= 0
    client.close()
    client.close()
    assert client.closed and client.event_fd() == -1 and "closed" in repr(client)
    for call in (client.account, client.start, client.contacts, client.poll, client.policy, client.begin.logout):
        with pytest.raises(mychat.ClosedError):
            call()
    assert list(client.events()) == []


def test_the_log_goes_to_a_function_or_a_logger(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    lines: List[Tuple[mychat.LogLevel, str, str]] = []

    def log(level: mychat.LogLevel, component: str, message: str) -> None:
        lines.append((level, component, message))

    options = {"passphrase": PASSPHRASE, "node_url": "http://127.0.0.1:9", "log_level": mychat.LogLevel.TRACE}
    with mychat.Client(tmp_path / "s", log=log, **options):  # type: ignore[arg-type]
        pass
    assert lines and all(isinstance(level, mychat.LogLevel) and message for level, _, message in lines)
    assert PASSPHRASE not in str(lines)
    logger = logging.getLogger("tests.mychat")
    logger.setLevel(5)
    with mychat.Client(tmp_path / "t", log=logger, **options):  # type: ignore[arg-type]
        pass
    assert [(r.name, r.levelno) for r in caplog.records] == [("tests.mychat.store", logging.INFO)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_exception_in_the_log_function_goes_to_the_hook(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: List[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: seen.append(args.exc_value))

    def log(level: mychat.LogLevel, component: str, message: str) -> None:
        raise RuntimeError("in the log")

    with mychat.Client(tmp_path / "s", passphrase="p", log=log, log_level=mychat.LogLevel.TRACE):
        pass
    assert seen and all(isinstance(error, RuntimeError) for error in seen)


def test_a_forgotten_client_is_closed_and_warns(tmp_path: pathlib.Path) -> None:
    client = mychat.Client(tmp_path / "s", passphrase="p")
    gone = weakref.ref(client)
    with pytest.warns(ResourceWarning, match="was not closed"):
        del client
        gc.collect()
    assert gone() is None
    mychat.Client(tmp_path / "s", passphrase="p").close()  # The store is free again.


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cycle_through_the_log_function_is_collected(tmp_path: pathlib.Path) -> None:
    class Owner:
        def __init__(self) -> None:
            self.client = mychat.Client(tmp_path / "s", passphrase="p", log=self.log)

        def log(self, level: mychat.LogLevel, component: str, message: str) -> None:
            pass

    owner = Owner()
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None
    mychat.Client(tmp_path / "s", passphrase="p").close()


def test_times_are_exact_to_the_millisecond() -> None:
    from mychat import _mychat

    assert _mychat.time_of(0) is None
    assert _mychat.time_of(1) == datetime.datetime(1970, 1, 1, 0, 0, 0, 1000, UTC)
    assert _mychat.time_of(-1) == datetime.datetime(1969, 12, 31, 23, 59, 59, 999000, UTC)
    assert _mychat.time_of(1709164799999) == datetime.datetime(2024, 2, 28, 23, 59, 59, 999000, UTC)
    assert _mychat.time_of(1709164800000) == datetime.datetime(2024, 2, 29, tzinfo=UTC)
    assert _mychat.time_of(253402300799999) == datetime.datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)
    for impossible in (253402300800000, 2**63 - 1, -(2**63), -62135596800001):
        assert _mychat.time_of(impossible) is None


def test_keys_that_are_none() -> None:
    with pytest.raises(mychat.MalformedError):
        mychat.fingerprint("Grüße")
    with pytest.raises(mychat.MalformedError):
        mychat.verify_backup(b"PK no archive", "password 123")
    with pytest.raises(TypeError):
        mychat.verify_backup("text", "password 123")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [mychat.Client, mychat.AsyncClient])
def test_a_mistyped_option_is_one_error_and_no_more(kind: Any, tmp_path: pathlib.Path) -> None:
    with pytest.raises(TypeError, match="passprase"):
        kind(tmp_path / "s", passprase="p")
    gc.collect()  # A finaliser that fails would be a warning, and warnings are errors here.


@pytest.mark.parametrize("wrong", [-1, 2**40, "many"])
def test_a_number_out_of_range_is_named_and_no_secret_shown(
    wrong: Any, tmp_path: pathlib.Path, offline_client: mychat.Client
) -> None:
    secret = "hunter2"
    calls: List[Tuple[str, Callable[[], object]]] = [
        ("max_queued_events", lambda: mychat.Client(tmp_path / "s", passphrase=secret, max_queued_events=wrong)),
        ("limit", lambda: offline_client.history("bob@localhost", limit=wrong)),
        ("limit", lambda: offline_client.search(secret, limit=wrong)),
    ]
    if wrong != -1:  # The library's own to refuse.
        calls += [
            ("kind", lambda: offline_client.export_backup(secret, wrong)),
            ("content_type", lambda: offline_client.send("bob@localhost", secret.encode(), content_type=wrong)),
        ]
    for name, call in calls:
        with pytest.raises((ValueError, TypeError)) as caught:
            call()
        assert secret not in str(caught.value)
        if not isinstance(wrong, str):
            assert isinstance(caught.value, mychat.InvalidArgumentError) and name in str(caught.value)


def test_completions_do_not_lengthen_a_poll(tmp_path: pathlib.Path) -> None:
    with mychat.Client(tmp_path / "s", passphrase="p", node_url="http://127.0.0.1:9") as client:
        requests: List[mychat.Request[Any]] = []

        def keep_asking() -> None:
            for _ in range(12):
                requests.append(client.begin.node_info())
                time.sleep(0.25)

        asking = threading.Thread(target=keep_asking)
        asking.start()
        begun = time.monotonic()
        assert client.poll(0.5) is None
        took = time.monotonic() - begun
        asking.join()
    assert 0.5 <= took < 2, took


def test_a_wait_for_a_completion_that_went_astray_ends(tmp_path: pathlib.Path) -> None:
    with mychat.Client(tmp_path / "s", passphrase="p", node_url="http://127.0.0.1:9") as client:
        request = client.begin.node_info()
        while not isinstance(client._core.poll(60_000), mychat.CompletionEvent):  # As when a signal's handler raises right then.
            pass
        with pytest.raises(mychat.TimeoutError):
            request.result(timeout=0.3)
