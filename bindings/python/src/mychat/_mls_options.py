"""What goes into `mychat.mls`: how one appears, what a group asks, and arguments made fit for C."""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import enum
import inspect
import math
import operator
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple, Type, TypeVar

from . import _core, _mychat  # noqa: F401  (_core teaches the extension its errors.)
from ._core import Buffer
from ._enums import Status
from ._errors import InvalidArgumentError
from ._mls_types import Credential, Flags, LeafFlags, PskId, Summary, to_credential, to_psk, to_summary

_T = TypeVar("_T")


def require(value: object, kind: Type[Any], name: str) -> None:
    """`TypeError` unless the value is of a class of `mychat.mls`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be mychat.mls.{kind.__name__}, not {type(value).__name__}")


def bits(flags: enum.IntFlag, kind: Type[enum.IntFlag], name: str = "flags") -> int:
    require(flags, kind, name)
    return int(flags)


def millis(time: Optional[datetime.timedelta], name: str) -> int:
    """0 stands for what is not given; what is shorter than a millisecond is one."""
    if time is None:
        return 0
    if not isinstance(time, datetime.timedelta):
        raise TypeError(f"{name} must be a timedelta, not {type(time).__name__}")
    if time <= datetime.timedelta(0):
        raise InvalidArgumentError(f"{name} must be longer than nothing.", Status.INVALID_ARGUMENT)
    return math.ceil(time / datetime.timedelta(milliseconds=1))


def _listed(given: Iterable[_T], name: str, of: str) -> List[_T]:
    if isinstance(given, (str, bytes, bytearray, memoryview)) or not isinstance(given, collections.abc.Iterable):
        raise TypeError(f"{name} must be a sequence of {of}, not {type(given).__name__}")
    return list(given)


def numbers(given: Sequence[int], name: str) -> str:
    held = _listed(given, name, "int")
    for number in held:
        if not hasattr(number, "__index__"):
            raise TypeError(f"{name} must hold int, not {type(number).__name__}")
    return " ".join(str(operator.index(number)) for number in held)


def joined(parts: Iterable[Buffer], name: str) -> bytes:
    """One behind the other, as C has them."""
    held = _listed(parts, name, "bytes")
    for part in held:
        if not isinstance(part, (bytes, bytearray, memoryview)):
            raise TypeError(f"{name} must hold bytes, not {type(part).__name__}")
    return b"".join(held)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """How one appears in a group (RFC 9420, section 7.2)."""

    credential: Buffer
    """Encoded: of `basic_credential` or `account_credential`."""
    private_key: Buffer = dataclasses.field(default=b"", repr=False)
    """Of `new_signature_key`, for the same suite. Only updates and commits may do without: they keep the present one."""
    flags: LeafFlags = LeafFlags(0)
    extensions: Buffer = b""
    """Of `extension`, one behind the other."""
    extension_types: Sequence[int] = ()
    """What else it supports: types of extensions, 0 to 65,535."""
    proposal_types: Sequence[int] = ()
    """The same of proposals."""
    lifetime: Optional[datetime.timedelta] = None
    """From now until it may no longer be added; 90 days unless given."""

    def _given(self) -> Tuple[Any, ...]:
        return (
            self.credential, self.private_key, bits(self.flags, LeafFlags), self.extensions,
            numbers(self.extension_types, "extension_types"), numbers(self.proposal_types, "proposal_types"),
            millis(self.lifetime, "lifetime"),
        )


def appearance(leaf: Leaf) -> Tuple[Any, ...]:
    require(leaf, Leaf, "leaf")
    return leaf._given()


def optional_appearance(leaf: Optional[Leaf]) -> Optional[Tuple[Any, ...]]:
    return None if leaf is None else appearance(leaf)


@dataclasses.dataclass(frozen=True)
class Options:
    """What a group asks of the program, and its limits.

    The functions are called on the thread that made the call on the group, never two of one call at once, also where the
    engine works with several threads. Calls on several groups in several threads may ask at the same time. They are ordinary
    functions, not coroutines, and may not use the group that asks (`InvalidStateError`); others they may. An exception that
    one of them raises ends the call, which then changed nothing, and comes out of it.
    """

    accept: Optional[Callable[[Credential, bytes, bytes], bool]] = None
    """``(credential, signature_key, group_id)``: whether the key is that of whom the credential names. Asked for everybody who
    is or comes into a group; ``group_id`` is empty where none is known yet. Required without `Flags.ACCEPT_ALL`."""
    is_successor: Optional[Callable[[Credential, Credential], bool]] = None
    """``(before, after)``: whether a member may go on under another credential. Without it, it may not."""
    psk: Optional[Callable[[PskId], Optional[Buffer]]] = None
    """A pre-shared key by its name, 1 to `PSK_MAX_SIZE` bytes; None when there is none. Without it, there are none."""
    accept_commit: Optional[Callable[[Summary], bool]] = None
    """Whether a commit of another member may count. Without it, every valid one does."""
    flags: Flags = Flags(0)
    past_epochs: int = 0
    """Epochs before the present one whose messages can be read; 0: 3, -1: none."""
    resumption_epochs: int = 0
    """Epochs before the present one whose resumption keys are kept; 0: 16, -1: none."""
    max_waiting_proposals: int = 0
    """How many proposals may wait for a commit; 0: 1,000."""
    max_messages_ahead: int = 0
    """How many messages of one sender may be missing before one; 0: 1,000."""
    max_lifetime: Optional[datetime.timedelta] = None
    """The longest lifetime of a leaf; 400 days unless given."""

    def _host(self) -> _mychat.MlsHost:
        flags = bits(self.flags, Flags)
        for name in ("accept", "is_successor", "psk", "accept_commit"):
            asked = getattr(self, name)
            if asked is not None and not callable(asked):
                raise TypeError(f"{name} must be a function, not {type(asked).__name__}")
        if (self.accept is None) != bool(flags & Flags.ACCEPT_ALL):
            raise InvalidArgumentError("accept is required, or Flags.ACCEPT_ALL instead of it.", Status.INVALID_ARGUMENT)
        return _mychat.MlsHost(
            flags, self.past_epochs, self.resumption_epochs, self.max_waiting_proposals, self.max_messages_ahead,
            millis(self.max_lifetime, "max_lifetime"),
        )


def host_of(options: Options) -> _mychat.MlsHost:
    require(options, Options, "options")
    return options._host()


def _answer(given: object, name: str) -> bool:
    """A coroutine, say, would count as a yes."""
    if not isinstance(given, bool):
        raise _wrong_answer(given, name, "a bool")
    return given


def _wrong_answer(given: object, name: str, wanted: str) -> TypeError:
    if inspect.iscoroutine(given):
        given.close()
    return TypeError(f"{name} must return {wanted}, not {type(given).__name__}")


class Asked:
    """Whom C asks, in Python's classes. Of one call after another, in any thread."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def accept(self, credential: Dict[str, Any], signature_key: bytes, group_id: bytes) -> bool:
        asked = self.options.accept
        return asked is None or _answer(asked(to_credential(credential), signature_key, group_id), "accept")

    def is_successor(self, before: Dict[str, Any], after: Dict[str, Any]) -> bool:
        asked = self.options.is_successor
        return asked is not None and _answer(asked(to_credential(before), to_credential(after)), "is_successor")

    def psk(self, id: Dict[str, Any]) -> Optional[Buffer]:
        found = None if self.options.psk is None else self.options.psk(to_psk(id))
        if found is not None and not isinstance(found, (bytes, bytearray, memoryview)):
            raise _wrong_answer(found, "psk", "bytes or None")
        return found

    def accept_commit(self, summary: Dict[str, Any]) -> bool:
        asked = self.options.accept_commit
        return asked is None or _answer(asked(to_summary(summary)), "accept_commit")
