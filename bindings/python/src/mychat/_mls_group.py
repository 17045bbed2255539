"""The handles of `mychat.mls`: key packages, commits and groups."""

from __future__ import annotations

from types import TracebackType
from typing import Iterable, List, Mapping, Optional, Sequence, Tuple, Type, TypeVar, Union

from . import _mychat
from ._core import Buffer
from ._errors import ClosedError, InvalidStateError, NotFoundError
from ._mls_options import Asked, Leaf, Options, appearance, bits, host_of, joined, optional_appearance, require
from ._mls_types import (
    DEFAULT_SUITE, NO_LEAF, GroupState, HandshakeFlags, InfoFlags, Member, Proposal, Received, Record, Relation, Summary,
    to_credential, to_proposal, to_received, to_records, to_secret, to_state, to_summary,
)
from ._types import Secret

_H = TypeVar("_H", bound="_Handle")


class _Handle:
    """What is closed once it is done with."""

    _handle: Union[_mychat.MlsKeyPackage, _mychat.MlsCommit, _mychat.MlsGroup]

    def __enter__(self: _H) -> _H:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._handle.close()

    def __repr__(self) -> str:
        try:
            shown = self._shown()
        except ClosedError:
            shown = "closed"
        except InvalidStateError:
            shown = "in use"
        return f"<mychat.mls.{type(self).__name__} {shown}>"

    def _shown(self) -> str:
        """What tells it from others, in few words that are no secret."""
        raise NotImplementedError


class KeyPackage(_Handle):
    """What adds somebody to a group while he is away, with its private parts (RFC 9420, section 10). See `create`, `load`.

    Any thread. `close` it, use it as a context manager, or leave it to the garbage collector. Once closed it raises
    `ClosedError`.
    """

    def __init__(self, handle: _mychat.MlsKeyPackage) -> None:
        self._handle: _mychat.MlsKeyPackage = handle

    def _shown(self) -> str:
        return self.ref.hex()[:16]

    @classmethod
    def create(cls, leaf: Leaf, suite: int = DEFAULT_SUITE) -> KeyPackage:
        """Make one; to be used once, but for one of `LeafFlags.LAST_RESORT`.

        `UnsupportedError` (the suite), `MalformedError` (credential, key or extensions), `InvalidArgumentError`.
        """
        return cls(_mychat.mls_key_package_create(suite, appearance(leaf)))

    @classmethod
    def load(cls, secret: Buffer) -> KeyPackage:
        """What `save` gave. `StoreError`, `UnsupportedError` (its suite)."""
        return cls(_mychat.mls_key_package_load(secret))

    def close(self) -> None:
        """Free it, and wipe its private keys. Harmless the second time; a call under way in another thread is finished."""
        self._handle.close()

    @property
    def closed(self) -> bool:
        """`close` was called."""
        return self._handle.closed

    @property
    def message(self) -> bytes:
        """What is to be published."""
        return self._handle.message()

    @property
    def ref(self) -> bytes:
        """Its KeyPackageRef, by which welcomes name it (`Message.references`)."""
        return self._handle.ref()

    @property
    def is_last_resort(self) -> bool:
        """It may serve several times."""
        return self._handle.is_last_resort()

    def save(self) -> Secret:
        """All of it, for keeping: it holds private keys, and must be erased once used."""
        return to_secret(self._handle.save())

    def join_proposal(self, group_id: Buffer, epoch: int, *, aad: Buffer = b"") -> bytes:
        """The wish to be added to a group by this, as a message for its members (RFC 9420, section 12.1.8).

        ``group_id``, ``epoch``: the group as it is. It waits there for a commit, whose welcome is for this key package.
        """
        return self._handle.join_proposal(group_id, epoch, aad)


class Commit(_Handle):
    """A commit that was made and does not count yet (RFC 9420, section 12.4).

    One thread at a time, and another one than its group's if need be. It holds secrets of the epoch that it would begin:
    `close` it once it was applied or is given up, use it as a context manager, or leave it to the garbage collector. Once
    closed it raises `ClosedError`.
    """

    def __init__(self, handle: _mychat.MlsCommit, options: Options) -> None:
        self._handle: _mychat.MlsCommit = handle
        self._options = options

    def _shown(self) -> str:
        return "closed" if self.closed else f"at {id(self):#x}"  # Its summary may be long.

    def close(self) -> None:
        """Free it, and wipe its secrets; the group that it is of goes on, and so does one that `group` gave.

        Harmless the second time; a call under way in another thread is finished.
        """
        self._handle.close()

    @property
    def closed(self) -> bool:
        """`close` was called."""
        return self._handle.closed

    @property
    def message(self) -> bytes:
        """The commit, to be sent to the members."""
        return self._handle.message()

    @property
    def welcome(self) -> Optional[bytes]:
        """The welcome, to be sent to all who are added once the commit has been ordered; None when nobody is."""
        try:
            return self._handle.welcome()
        except NotFoundError:
            return None

    @property
    def summary(self) -> Summary:
        """What it does."""
        return to_summary(self._handle.summary())

    def save(self) -> List[Record]:
        """The group as it will be, all of it: to be stored before the commit is sent.

        `InvalidStateError` when the commit counts already.
        """
        return to_records(self._handle.save())

    def group(self) -> Group:
        """The group, of a commit that came into it or founded it, once it has been ordered; only once.

        `InvalidStateError` the second time, and of a commit of `Group.commit`: that is to be applied.
        """
        return Group(self._handle.group(), self._options)


class Group(_Handle):
    """A group as one of its members has it: of `create`, `join`, `load`, or `Commit.group`.

    One thread at a time: a call while another one is under way raises `InvalidStateError`, and changes nothing. `close` it, use
    it as a context manager, or leave it to the garbage collector. Once closed it raises `ClosedError`.
    """

    def __init__(self, handle: _mychat.MlsGroup, options: Options) -> None:
        self._handle: _mychat.MlsGroup = handle
        self._options = options
        self._asked = Asked(options)

    def _shown(self) -> str:
        made = self._handle.describe()
        return f"{made['group_id'].hex()[:16]} epoch {made['epoch']}"

    # ---- Coming in, and life

    @classmethod
    def create(
        cls, options: Options, leaf: Leaf, suite: int = DEFAULT_SUITE, *, group_id: Buffer = b"",
        extensions: Iterable[Buffer] = (),
    ) -> Group:
        """Make a group of one, with a random id unless given.

        `UnsupportedError` (the suite), `MalformedError` (credential, key or extensions), `SignatureError` when ``accept`` does
        not accept the leaf, `PolicyError` when the leaf lacks what the extensions require, `StaleError` when it lives for longer
        than ``max_lifetime``, `InvalidArgumentError`.
        """
        made = _mychat.mls_group_create(
            host_of(options), Asked(options), suite, appearance(leaf), group_id, joined(extensions, "extensions")
        )
        return cls(made, options)

    @classmethod
    def join(
        cls, options: Options, welcome: Buffer, packages: Sequence[KeyPackage], *, tree: Buffer = b"",
        predecessor: Optional[Group] = None,
    ) -> Tuple[Group, KeyPackage]:
        """Come into a group that somebody added one to; also gives the key package that it was for, to be closed and erased
        unless it is one of last resort.

        ``tree``: of `export_tree`, where the welcome does not hold it. ``predecessor``: the group that this one replaces or
        branched off. `NotFoundError` when it is for none of them, or a tree or pre-shared key is missing; `MalformedError`,
        `SignatureError`, `CryptoError`, `PolicyError`, `StaleError` by the rule that is broken; `UnsupportedError`.
        """
        host, own = host_of(options), list(packages)
        for package in own:
            require(package, KeyPackage, "Each of packages")
        if predecessor is not None:
            require(predecessor, Group, "predecessor")
        made, used = _mychat.mls_group_join(
            host, Asked(options), welcome, [package._handle for package in own], tree,
            None if predecessor is None else predecessor._handle,
        )
        return cls(made, options), own[used]

    @classmethod
    def join_external(
        cls, options: Options, group_info: Buffer, leaf: Leaf, *, replaces: Optional[int] = None, tree: Buffer = b"",
        psks: Iterable[Buffer] = (), aad: Buffer = b"",
    ) -> Commit:
        """Come into a group by oneself, or again (``replaces``: the own leaf from before), by what `export_info` gave.

        `Commit.group` is the group, once the commit has been ordered as the group's next. ``psks``: of `propose_psk`. Errors
        as of `join`.
        """
        made = _mychat.mls_group_join_external(
            host_of(options), Asked(options), group_info, appearance(leaf), NO_LEAF if replaces is None else replaces, tree,
            joined(psks, "psks"), aad,
        )
        return Commit(made, options)

    @classmethod
    def load(cls, options: Options, records: Mapping[str, Buffer]) -> Group:
        """A group of what is stored of it: contents by ids. `StoreError`."""
        if not isinstance(records, Mapping):
            raise TypeError(f"records must be a mapping of ids to contents, not {type(records).__name__}")
        return cls(_mychat.mls_group_load(host_of(options), dict(records)), options)

    def close(self) -> None:
        """Free it, and wipe its secrets; those of commits that it made stay until these are closed, too.

        Harmless the second time. A call under way, in another thread or one whose function of `Options` closes the group that
        asks, is finished, and the secrets go with it.
        """
        self._handle.close()

    @property
    def closed(self) -> bool:
        """`close` was called."""
        return self._handle.closed

    # ---- What it is

    def describe(self) -> GroupState:
        """What it is at present."""
        return to_state(self._handle.describe())

    def members(self) -> List[Member]:
        """Who is in it, by their leaves."""
        return [Member(**{**made, "credential": to_credential(made["credential"])}) for made in self._handle.members()]

    def epoch_authenticator(self) -> Secret:
        """A secret that is the same at all members of an epoch (RFC 9420, section 8.7)."""
        return to_secret(self._handle.epoch_authenticator())

    def export_secret(self, label: str, context: Buffer = b"", size: int = 32) -> Secret:
        """A secret of the epoch for uses of the program's own (RFC 9420, section 8.5): 1 to 255 times the suite's hash in bytes.

        `InvalidArgumentError`, `InvalidStateError` after this member was put out.
        """
        return to_secret(self._handle.export_secret(label, context, size))

    def resumption_psk(self, epoch: int) -> Secret:
        """The resumption key of this or an earlier epoch (RFC 9420, section 8.6). `NotFoundError` when it is not kept."""
        return to_secret(self._handle.resumption_psk(epoch))

    def export_info(self, flags: InfoFlags = InfoFlags.TREE | InfoFlags.EXTERNAL_PUB) -> bytes:
        """A signed description, for `join_external`. `InvalidStateError` after this member was put out."""
        return self._handle.export_info(bits(flags, InfoFlags))

    def compare(self, group_info: Buffer) -> Relation:
        """How this member's state is to that of who made a group info, which is not verified.

        `MalformedError`, also when it is of another group.
        """
        return Relation(self._handle.compare(group_info))

    def export_tree(self) -> bytes:
        """The tree, for those who get it another way than by welcomes and group infos."""
        return self._handle.export_tree()

    # ---- Messages

    def protect(self, data: Buffer, aad: Buffer = b"", padding: int = 0) -> bytes:
        """Encrypt data for the group. ``aad`` can be seen by everybody and changed by nobody; ``padding`` zeros are added, so
        that the size says less.

        `InvalidStateError` after this member was put out, or a ReInit.
        """
        return self._handle.protect(data, aad, padding)

    def process(self, message: Buffer) -> Received:
        """Take a message of another member: data are decrypted, a proposal waits, a commit counts from now on.

        `MalformedError`, `SignatureError`, `CryptoError`, `StaleError`, `NotFoundError` by the rule that is broken;
        `ReplayError` when it was taken before; `TooLargeError` when too many before it are missing; `PolicyError` by a rule, or
        when ``accept_commit`` does not accept it; `BusyError` when too many proposals wait; `InvalidStateError` after this
        member was put out, or a ReInit, and when the group is in use; `InvalidArgumentError` when it is no message of a group.
        """
        return to_received(self._handle.process(self._asked, message))

    # ---- Changes

    def propose(self, proposal: Buffer, *, aad: Buffer = b"", flags: HandshakeFlags = HandshakeFlags(0)) -> bytes:
        """Propose something; it also waits here, for whoever commits next. Errors as of `commit`."""
        return self._handle.propose(self._asked, proposal, aad, bits(flags, HandshakeFlags))

    def propose_update(
        self, leaf: Optional[Leaf] = None, *, aad: Buffer = b"", flags: HandshakeFlags = HandshakeFlags(0)
    ) -> bytes:
        """Propose new keys for this member, and another appearance if given. Errors as of `commit`."""
        return self._handle.propose_update(self._asked, optional_appearance(leaf), aad, bits(flags, HandshakeFlags))

    def waiting(self) -> List[Proposal]:
        """The proposals of this epoch that wait for a commit, the oldest first."""
        return [to_proposal(made) for made in self._handle.waiting()]

    def drop_waiting(self) -> None:
        """Forget the proposals that wait, here only."""
        self._handle.drop_waiting()

    def commit(
        self, proposals: Iterable[Buffer] = (), *, leaf: Optional[Leaf] = None, aad: Buffer = b"",
        flags: HandshakeFlags = HandshakeFlags(0),
    ) -> Commit:
        """Make a commit of what is given and of what waits. It counts once it is applied.

        ``leaf``: another appearance. `MalformedError`, `SignatureError`, `PolicyError`, `StaleError`, `NotFoundError` by the
        rule that the proposals would break; `InvalidStateError` after this member was put out, or a ReInit;
        `InvalidArgumentError`.
        """
        made = self._handle.commit(
            self._asked, bits(flags, HandshakeFlags), joined(proposals, "proposals"), aad, optional_appearance(leaf)
        )
        return Commit(made, self._options)

    def apply(self, commit: Commit) -> None:
        """Let a commit of `commit` count. `InvalidStateError` when it is not of this group's present epoch."""
        require(commit, Commit, "commit")
        self._handle.apply(commit._handle)

    def reinitialise(self, leaf: Leaf, key_packages: Iterable[Buffer], *, options: Optional[Options] = None) -> Commit:
        """Found the group that is to take the place of this one, which ended with a ReInit (RFC 9420, section 11.2).

        ``key_packages``: of the other members, as published. ``options``: this group's unless given. Errors as of `commit`;
        `InvalidStateError` when the group did not end so.
        """
        options = self._options if options is None else options
        made = self._handle.reinitialise(
            host_of(options), Asked(options), appearance(leaf), joined(key_packages, "key_packages")
        )
        return Commit(made, options)

    def branch(
        self, leaf: Leaf, key_packages: Iterable[Buffer], *, group_id: Buffer = b"", extensions: Iterable[Buffer] = (),
        options: Optional[Options] = None,
    ) -> Commit:
        """Found a group of some members of this one, tied to it (RFC 9420, section 11.3). As `reinitialise`."""
        options = self._options if options is None else options
        made = self._handle.branch(
            host_of(options), Asked(options), appearance(leaf), group_id, joined(extensions, "extensions"),
            joined(key_packages, "key_packages"),
        )
        return Commit(made, options)

    # ---- Storing

    def save(self) -> List[Record]:
        """All of it: to be stored instead of whatever was stored of it before."""
        return to_records(self._handle.save())

    def take_changes(self) -> List[Record]:
        """What changed since the last call of this or of `save`, in the order in which it is to be stored.

        Store it in one transaction with what the change was made for, and before a message that was made is sent.
        """
        return to_records(self._handle.take_changes())
