"""People with MLS groups, for the tests; the delivery service is a list of them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import mychat.mls as mls

ACCOUNT = b"\x07" * mls.ACCOUNT_KEY_SIZE
ACCOUNT_PUBLIC = mls.signature_public_key(ACCOUNT)  # Suite 1 signs with Ed25519, as accounts do.


def accept(credential: mls.Credential, signature_key: bytes, group_id: bytes) -> bool:
    mls.verify_account(credential.encoded, signature_key, ACCOUNT_PUBLIC)
    return True


class Person:
    """Somebody with a key, a disk, and a group."""

    suite = mls.DEFAULT_SUITE

    def __init__(self, handle: str, **options: Any) -> None:
        self.key = mls.new_signature_key(self.suite)
        self.public_key = mls.signature_public_key(self.key, self.suite)
        self.leaf = mls.Leaf(mls.account_credential(handle, "phone", ACCOUNT, self.public_key), self.key)
        self.options = mls.Options(**{"accept": accept, **options})
        self.packages: List[mls.KeyPackage] = []
        self.disk: Dict[str, bytes] = {}
        self.group: mls.Group = None  # type: ignore[assignment]

    def founded(self) -> mls.Group:
        self.group = mls.Group.create(self.options, self.leaf, self.suite)
        return self.group

    def publish(self) -> bytes:
        self.packages.append(mls.KeyPackage.create(self.leaf, self.suite))
        return self.packages[-1].message

    def join(self, welcome: Optional[bytes], **more: Any) -> None:
        assert welcome is not None
        self.group, used = mls.Group.join(self.options, welcome, self.packages, **more)
        self.packages.remove(used)

    def store(self) -> None:
        for record in self.group.take_changes():
            if record.is_erased:
                self.disk.pop(record.id, None)
            else:
                self.disk[record.id] = record.content

    def restart(self) -> None:
        self.store()
        self.group = mls.Group.load(self.options, self.disk)


def deliver(commit: mls.Commit, maker: Person, *others: Person) -> None:
    for other in others:
        other.group.process(commit.message)
    maker.group.apply(commit)


def found(*names: str, **options: Any) -> List[Person]:
    """People who are in one group, the first of whom founded it."""
    people = [Person(f"{name}@{name[0]}.example", **options) for name in names]
    first, *others = people
    first.founded()
    if others:
        commit = first.group.commit([mls.propose_add(other.publish()) for other in others])
        first.group.apply(commit)
        for other in others:
            other.join(commit.welcome)
    return people
