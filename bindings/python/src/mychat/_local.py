"""The calls that a `Client` and an `AsyncClient` share: they answer at once from the local store."""

from __future__ import annotations

from typing import Optional, Tuple

from . import _mychat
from ._core import Buffer
from ._enums import ContentType, KeyFormat, Policy, PresenceStatus, ScanResult
from ._types import Account, Contact, Conversation, Explanation, Message, MessagePage, Secret

_POLICIES = tuple(Policy(flags) for flags in range(16))  # Making one of an int takes a microsecond.


class LocalCalls:
    """Calls that answer from the local store. They are short (a transaction at most), and made where they are called."""

    _core: _mychat.Core

    # ---- Account

    def account(self) -> Account:
        """The account, from the local store."""
        return self._core.account()

    def policy(self) -> Policy:
        """The policy of the account."""
        flags = self._core.policy()
        return _POLICIES[flags] if flags < len(_POLICIES) else Policy(flags)

    def set_policy(self, policy: Policy) -> None:
        """Set the policy. `InvalidArgumentError` for an unknown flag."""
        self._core.set_policy(int(policy))

    # ---- Events

    def ack(self, seq: int) -> None:
        """Acknowledge the journal up to and with ``seq``: those events never come again. Durable when it returns.

        0 and numbers already acknowledged are harmless; `InvalidArgumentError` for one not yet given out.
        """
        self._core.ack(seq)

    def rewind(self) -> None:
        """Let all events of the journal that are not acknowledged come again, the oldest first."""
        self._core.rewind()

    def event_fd(self) -> int:
        """The descriptor that is readable while an event waits, for an event loop of your own; -1 when closed.

        It belongs to the client: never read, write or close it. An `AsyncClient` watches it already.
        """
        return self._core.event_fd()

    def wakeup(self) -> None:
        """Make one wait, in another thread, or the next, end with `CancelledError`."""
        self._core.wakeup()

    # ---- Messages

    def send(
        self,
        recipient: str,
        data: Buffer,
        *,
        content_type: ContentType = ContentType.FILE,
        message_id: Optional[str] = None,
    ) -> str:
        """Put bytes into the outbox; they are encrypted and sent, in order, once, as soon as the node can be reached.

        Durably stored when it returns, also over a restart. ``message_id`` is a UUID of your own making, as an idempotency
        key: repeating it changes nothing. Returns the message's id. `MessageStatusEvent` tells how far it has come.

        `InvalidArgumentError`, `TooLargeError`, `InvalidStateError` (no account yet), `NoIdentityError`, `KeyChangedError`,
        `AlreadyExistsError` (the id is another message's).
        """
        return self._core.send(recipient, data, int(content_type), message_id)

    def send_text(self, recipient: str, text: str, *, message_id: Optional[str] = None) -> str:
        """`send` of a text."""
        return self._core.send_text(recipient, text, message_id)

    def retry(self, message_id: str) -> None:
        """Send a failed message again. `NotFoundError`; `InvalidStateError` when it has not failed."""
        self._core.retry(message_id)

    def history(self, peer: str, *, before: int = 0, limit: int = 50) -> MessagePage:
        """A page of a conversation, newest first. ``before``: 0, or ``next_before`` of the previous page. Limit 1 to 500."""
        return self._core.history(peer, before, limit)

    def message(self, message_id: str) -> Message:
        """One message. `NotFoundError`."""
        return self._core.message(message_id)

    def mark_read(self, peer: str, message_id: Optional[str] = None) -> None:
        """Mark the received messages of a conversation read, up to and with one of them, or all.

        The sender learns it (unless `Policy.NO_READ_RECEIPTS`), now or when the node can be reached again.
        """
        self._core.mark_read(peer, message_id)

    def explain(self, message_id: str) -> Explanation:
        """Why a message could not be read or sent, and what repairs it. `NotFoundError`."""
        return self._core.explain(message_id)

    def conversations(self) -> Tuple[Conversation, ...]:
        """The conversations, the latest first."""
        return self._core.conversations()

    # ---- Contacts

    def contacts(self) -> Tuple[Contact, ...]:
        """The contact list, by handle."""
        return self._core.contacts()

    def contact(self, handle: str) -> Contact:
        """One contact or known peer. `NotFoundError`."""
        return self._core.contact(handle)

    def set_typing(self, peer: str, is_typing: bool) -> None:
        """Tell a peer that this user is typing, or no longer. Sent once if connected, never queued; lives 5 seconds."""
        self._core.set_typing(peer, is_typing)

    def set_presence(self, status: PresenceStatus) -> None:
        """Set this user's presence (online or away), kept over reconnections until the client closes."""
        self._core.set_presence(int(status))

    # ---- Keys and trust

    def public_key(self, format: KeyFormat = KeyFormat.PEM) -> str:
        """This account's public identity key. `NoIdentityError`."""
        return self._core.public_key(int(format))

    def export_private_key(self, format: KeyFormat = KeyFormat.PEM) -> Secret:
        """This account's private identity key, in the clear: for programs that keep it elsewhere. Prefer a backup."""
        key = self._core.export_private_key(int(format))
        try:
            return Secret(key)
        finally:
            key[:] = bytes(len(key))

    def safety_number(self, handle: str) -> str:
        """Safety number of this user and a contact: 60 digits in 12 groups, the same on both sides.

        `NotFoundError` when the contact's key is not known (``lookup`` first); with a changed key it is the number of the
        new, pending one.
        """
        return self._core.safety_number(handle)

    def safety_qr(self, handle: str) -> str:
        """The safety number as the text of a QR code, for the other side to scan."""
        return self._core.safety_qr(handle)

    def compare_safety_qr(self, handle: str, scanned: str) -> ScanResult:
        """Compare a code scanned from the contact's screen. It changes nothing; call `set_verified` then."""
        return ScanResult(self._core.compare_safety_qr(handle, scanned))

    def set_verified(self, handle: str, fingerprint: str, verified: bool = True) -> None:
        """Mark a contact's accepted key as verified by the user, or no longer. ``fingerprint``: the one compared."""
        self._core.set_verified(handle, fingerprint, verified)

    def accept_key(self, handle: str, fingerprint: str) -> None:
        """Accept a contact's changed key, by its pending fingerprint. Messages waiting for it are sent."""
        self._core.accept_key(handle, fingerprint)
