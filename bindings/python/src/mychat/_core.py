"""The extension's client, made from Python's options; and its end at the end of the interpreter."""

from __future__ import annotations

import atexit
import logging
import math
import os
from typing import Callable, Dict, Optional, Sequence, Union

from . import _enums, _errors, _mychat, _types
from ._enums import ClientFlag, LogLevel

SecretInput = Union[str, bytes, bytearray, memoryview]
"""A secret: text (encoded as UTF-8) or bytes. `Secret` is a ``bytearray``."""
Buffer = Union[bytes, bytearray, memoryview]
PathInput = Union[str, "os.PathLike[str]"]
StoreKey = Callable[[], Buffer]
LogCallback = Callable[[LogLevel, str, str], object]
Log = Union[LogCallback, logging.Logger]

_mychat.bind_types(_types, _enums, _errors.make_error)

_LOGGING_LEVELS: Dict[LogLevel, int] = {
    LogLevel.TRACE: 5,
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}


# No thread of a client may be left when the interpreter goes: one that logs would ask for a lock that is no more.
atexit.register(_mychat.interpreter_exits)


def milliseconds(seconds: Optional[float], name: str) -> int:
    """A time-out for C: -1 for ever (``None``), rounded up so that a wait is never shorter than asked for."""
    if seconds is None:
        return -1
    if not 0 <= seconds <= 2_000_000:
        raise _errors.InvalidArgumentError(f"{name} must be 0 to 2,000,000 seconds.", _enums.Status.INVALID_ARGUMENT)
    return math.ceil(seconds * 1000)


def _log_function(log: Log) -> Callable[[int, str, str], object]:
    if isinstance(log, logging.Logger):
        logger = log

        def to_logger(level: int, component: str, message: str) -> None:
            logger.getChild(component).log(_LOGGING_LEVELS.get(LogLevel(level), logging.ERROR), "%s", message)

        return to_logger
    callback = log
    return lambda level, component, message: callback(LogLevel(level), component, message)


def make_core(
    store_path: PathInput,
    *,
    passphrase: Optional[SecretInput],
    store_key: Optional[StoreKey],
    node_url: Optional[str],
    ca_file: Optional[PathInput],
    tls_pins: Sequence[str],
    allow_plaintext: bool,
    must_exist: bool,
    websocket: bool,
    connect_timeout: Optional[float],
    request_timeout: Optional[float],
    log: Optional[Log],
    log_level: LogLevel,
    max_queued_events: int,
) -> _mychat.Core:
    flags = ClientFlag(0)
    if allow_plaintext:
        flags |= ClientFlag.ALLOW_PLAINTEXT
    if must_exist:
        flags |= ClientFlag.STORE_MUST_EXIST
    if not websocket:
        flags |= ClientFlag.NO_WEBSOCKET
    return _mychat.Core(
        store_path,
        passphrase=passphrase,
        store_key=store_key,
        node_url=node_url,
        ca_file=ca_file,
        tls_pins=";".join(tls_pins) or None,
        flags=int(flags),
        connect_timeout_ms=0 if connect_timeout is None else milliseconds(connect_timeout, "connect_timeout"),
        request_timeout_ms=0 if request_timeout is None else milliseconds(request_timeout, "request_timeout"),
        log=None if log is None else _log_function(log),
        log_level=int(log_level),
        max_queued_events=max_queued_events,
    )
