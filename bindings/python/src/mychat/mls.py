"""MLS (RFC 9420), the low-level interface: for programs that bring their own delivery service. Clients need none of it.

``mychat_mls_NAME`` of the C ABI is here under NAME: as a function, or, without ``group_``, ``commit_`` or ``key_package_``,
as a method of `Group`, `Commit` or `KeyPackage`. ``docs/mls-api.md`` tells how they belong together.

Nothing here listens, sends or keeps files. What travels is bytes (an MLSMessage of the RFC); proposals, credentials and
extensions are bytes too, in the RFC's encoding. When a rule of the RFC is broken, ``Error.detail`` is its number, for
`rule_text`.

Calls let other Python threads run while they work, so that one on a large group may go to a thread of its own
(``await asyncio.to_thread(group.process, message)``). A group or a commit is for one thread at a time: a second call on it
raises `InvalidStateError`, also when a function of `Options` uses the group that asks it. Different ones may be used by
different threads at once, and so may functions of this module. What is given to a call must not be changed until it returns.
"""

from __future__ import annotations

from typing import Iterable, List, Sequence, Tuple

from . import _core, _mls_types, _mychat  # noqa: F401  (_core teaches the extension its errors.)
from ._core import Buffer
from ._mls_group import Commit, Group, KeyPackage
from ._mls_options import Leaf, Options, joined, numbers
from ._mls_types import (
    Content, Credential, CredentialType, Flags, Format, GroupState, HandshakeFlags, InfoFlags, LeafFlags, Member, Message,
    Proposal, ProposalType, PskId, PskType, PskUsage, Received, Record, Relation, SenderType, Summary, to_credential,
    to_message, to_proposal, to_secret,
)
from ._types import Secret

__all__ = [
    "ACCOUNT_KEY_SIZE", "Commit", "Content", "Credential", "CredentialType", "DEFAULT_SUITE", "Flags", "Format", "Group",
    "GroupState", "HYBRID_SUITE", "HandshakeFlags", "InfoFlags", "KeyPackage", "Leaf", "LeafFlags", "Member", "Message", "NO_LEAF", "Options",
    "PSK_MAX_SIZE", "Proposal", "ProposalType", "PskId", "PskType", "PskUsage", "Received", "Record", "Relation", "SenderType", "Summary",
    "account_credential", "basic_credential", "extension", "external_proposal", "external_sender", "external_senders", "new_signature_key", "propose_add", "propose_extensions",
    "propose_psk", "propose_reinit", "propose_remove", "propose_resumption_psk", "propose_self_remove", "read_credential",
    "read_message", "read_proposal", "required_capabilities", "rule_section", "rule_text", "signature_public_key",
    "supported_suites", "verify_account",
]

DEFAULT_SUITE = _mls_types.DEFAULT_SUITE
"""The cipher suite that every client has: X25519, AES-128-GCM, SHA-256, Ed25519."""
HYBRID_SUITE = 0xF00D
"""The cipher suite whose secrets also withstand quantum computers: X-Wing (X25519 with ML-KEM-768), AES-256-GCM, SHA-512,
Ed25519. Its signatures do not withstand them. It is one of `supported_suites()` where the OpenSSL that runs has ML-KEM (3.5
and later), and nowhere else. The number is of the range for private use (RFC 9420, section 17.1)."""
ACCOUNT_KEY_SIZE = 32
"""Bytes of an account's key, private or public: Ed25519."""
NO_LEAF = _mls_types.NO_LEAF
"""What stands for no leaf."""
PSK_MAX_SIZE = 1024
"""The longest pre-shared key, in bytes."""


def rule_text(rule: int) -> str:
    """What a rule says that ``Error.detail`` names; "" for a number that is no rule's."""
    return _mychat.mls_rule_text(rule)


def rule_section(rule: int) -> str:
    """Where a rule stands in RFC 9420; "" for a number that is no rule's."""
    return _mychat.mls_rule_section(rule)


def supported_suites() -> Tuple[int, ...]:
    """The cipher suites of this library with this OpenSSL."""
    suites: List[int] = []
    while True:
        suite = _mychat.mls_supported_suite(len(suites))
        if suite == 0:
            return tuple(suites)
        suites.append(suite)


def new_signature_key(suite: int = DEFAULT_SUITE) -> Secret:
    """Make a signature key, for `Leaf`. `UnsupportedError` (the suite)."""
    return to_secret(_mychat.mls_new_signature_key(suite))


def signature_public_key(private_key: Buffer, suite: int = DEFAULT_SUITE) -> bytes:
    """The public key of a signature key, as it stands in leaves.

    `MalformedError` (the key), `UnsupportedError` (the suite).
    """
    return _mychat.mls_signature_public_key(suite, private_key)


def basic_credential(identity: Buffer) -> bytes:
    """A basic credential of any identity (RFC 9420, section 5.3), encoded."""
    return _mychat.mls_basic_credential(identity)


def account_credential(handle: str, device_id: str, account_key: Buffer, signature_key: Buffer) -> bytes:
    """A basic credential of one device of a user, encoded, whose account vouches for the device's signature key.

    ``handle``: ``user@domain``; ``device_id``: 1 to 64 bytes; ``account_key``: the account's private key, `ACCOUNT_KEY_SIZE`
    bytes; ``signature_key``: of `signature_public_key`. `InvalidArgumentError`.
    """
    return _mychat.mls_account_credential(handle, device_id, account_key, signature_key)


def verify_account(credential: Buffer, signature_key: Buffer, account_public_key: Buffer) -> None:
    """Whether an account vouches for a signature key: what ``Options.accept`` of a program with such accounts asks.

    ``credential``: `Credential.encoded`; ``account_public_key``: of the account that `Credential.handle` names. Returns, or
    raises `SignatureError` when it does not, or the credential is of another form; `MalformedError`, `InvalidArgumentError`.
    """
    _mychat.mls_verify_account(credential, signature_key, account_public_key)


def read_credential(credential: Buffer) -> Credential:
    """Read a credential. `MalformedError`."""
    return to_credential(_mychat.mls_read_credential(credential))


def extension(type: int, data: Buffer) -> bytes:
    """Encode an extension of any type, 0 to 65,535. `InvalidArgumentError`."""
    return _mychat.mls_extension(type, data)


def required_capabilities(
    *, extension_types: Sequence[int] = (), proposal_types: Sequence[int] = (), credential_types: Sequence[int] = ()
) -> bytes:
    """Encode the extension of a group that says what every member must support (RFC 9420, section 11.1)."""
    return _mychat.mls_required_capabilities(
        numbers(extension_types, "extension_types"), numbers(proposal_types, "proposal_types"),
        numbers(credential_types, "credential_types"),
    )


def propose_add(key_package: Buffer) -> bytes:
    """A proposal to add the one whose key package (`KeyPackage.message`) it is. `MalformedError`.

    Whether it is valid is seen when it is used, as with all proposals.
    """
    return _mychat.mls_propose_add(key_package)


def propose_remove(leaf_index: int) -> bytes:
    """A proposal to put a member out, by `Member.leaf_index`."""
    return _mychat.mls_propose_remove(leaf_index)


def propose_psk(id: Buffer, suite: int = DEFAULT_SUITE) -> bytes:
    """A proposal to take a key of the program's in; the members look it up by its name (``Options.psk``).

    ``suite``: the group's. `UnsupportedError` (the suite), `InvalidArgumentError`.
    """
    return _mychat.mls_propose_psk(suite, id)


def propose_resumption_psk(group_id: Buffer, epoch: int, suite: int = DEFAULT_SUITE) -> bytes:
    """A proposal to take the key of an epoch in, of this group or another one. As `propose_psk`.

    Members who do not have it from the group itself are asked by ``Options.psk``.
    """
    return _mychat.mls_propose_resumption_psk(suite, group_id, epoch)


def propose_reinit(*, group_id: Buffer = b"", suite: int = DEFAULT_SUITE, extensions: Iterable[Buffer] = ()) -> bytes:
    """A proposal to end the group in favour of another one, with a random id unless given. See `Group.reinitialise`.

    ``extensions``: of `extension`. `UnsupportedError` (the suite), `MalformedError` (extensions), `InvalidArgumentError`.
    """
    return _mychat.mls_propose_reinit(group_id, suite, joined(extensions, "extensions"))


def propose_extensions(extensions: Iterable[Buffer]) -> bytes:
    """A proposal to replace the group's extensions, all of them. `MalformedError`, `InvalidArgumentError`."""
    return _mychat.mls_propose_extensions(joined(extensions, "extensions"))


def propose_self_remove() -> bytes:
    """A proposal to go (draft-ietf-mls-extensions), for `Group.propose`: it may not stand in one's own commit."""
    return _mychat.mls_propose_self_remove()


def external_sender(credential: Buffer, signature_key: Buffer, suite: int = DEFAULT_SUITE) -> bytes:
    """Somebody who may propose to a group without being in it, encoded, for `external_senders` (RFC 9420, section 12.1.8.1).

    ``suite``: the group's; ``signature_key``: the public one, of `signature_public_key`. `UnsupportedError` (the suite),
    `MalformedError` (credential, or no key of the suite).
    """
    return _mychat.mls_external_sender(suite, credential, signature_key)


def external_senders(senders: Iterable[Buffer]) -> bytes:
    """Encode the extension of a group that names who may propose to it from outside; the first has place 0.

    ``senders``: of `external_sender`. Whether each belongs to his credential ``Options.accept`` of every member is asked.
    `MalformedError`.
    """
    return _mychat.mls_external_senders(joined(senders, "senders"))


def external_proposal(
    group_id: Buffer, epoch: int, sender: int, private_key: Buffer, proposal: Buffer, *, aad: Buffer = b"",
    suite: int = DEFAULT_SUITE,
) -> bytes:
    """What an external sender of a group proposes, as a message for its members, with whom it waits for a commit.

    ``group_id``, ``epoch``, ``suite``: the group as it is; ``sender``: the place in the group's extension; ``private_key``: of
    `new_signature_key`. It is signed, not encrypted. `UnsupportedError` (the suite), `MalformedError` (key or proposal, or one
    that only members may make: rule 607). The wish to be added oneself is `KeyPackage.join_proposal`.
    """
    return _mychat.mls_external_proposal(suite, group_id, epoch, sender, private_key, proposal, aad)


def read_proposal(proposal: Buffer) -> Proposal:
    """Read a proposal. `MalformedError`."""
    return to_proposal(_mychat.mls_read_proposal(proposal))


def read_message(message: Buffer) -> Message:
    """Look at a message from outside: for whom it is, and for which group. `MalformedError`.

    `UnsupportedError`: a key package of another suite.
    """
    return to_message(_mychat.mls_read_message(message))
