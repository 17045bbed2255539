"""The calls of the Python peer that are about groups of MLS (bindings/SCENARIOS.md). They need no client."""

from __future__ import annotations

import base64
from typing import Any, List, Optional

import mychat.mls as mls

Json = Any
OPTIONS = mls.Options(flags=mls.Flags.ACCEPT_ALL)


def leaf(name: str) -> mls.Leaf:
    return mls.Leaf(mls.basic_credential(name.encode()), mls.new_signature_key())


def text_of(data: Optional[bytes]) -> Optional[str]:
    return None if data is None else base64.b64encode(data).decode()


class MlsCalls:
    def __init__(self) -> None:
        self._group: Optional[mls.Group] = None
        self._package: Optional[mls.KeyPackage] = None

    @property
    def group(self) -> mls.Group:
        assert self._group is not None
        return self._group

    def do_mls_package(self, name: str) -> Json:
        self._package = mls.KeyPackage.create(leaf(name))
        return {"message": text_of(self._package.message)}

    def do_mls_create(self, name: str) -> Json:
        self._group = mls.Group.create(OPTIONS, leaf(name))
        return {}

    def do_mls_join(self, welcome: str) -> Json:
        assert self._package is not None
        self._group, _ = mls.Group.join(OPTIONS, base64.b64decode(welcome), [self._package])
        return {}

    def do_mls_join_external(self, name: str, group_info: str) -> Json:
        commit = mls.Group.join_external(OPTIONS, base64.b64decode(group_info), leaf(name))
        self._group = commit.group()
        return {"commit": text_of(commit.message)}

    def do_mls_commit(self, add: Optional[str] = None, remove: Optional[int] = None) -> Json:
        proposals: List[bytes] = []
        if add is not None:
            proposals.append(mls.propose_add(base64.b64decode(add)))
        if remove is not None:
            proposals.append(mls.propose_remove(remove))
        commit = self.group.commit(proposals)
        self.group.apply(commit)
        return {"commit": text_of(commit.message), "welcome": text_of(commit.welcome)}

    def do_mls_export_info(self) -> Json:
        return {"group_info": text_of(self.group.export_info())}

    def do_mls_protect(self, text: str) -> Json:
        return {"message": text_of(self.group.protect(text.encode(), padding=16))}

    def do_mls_process(self, message: str) -> Json:
        got = self.group.process(base64.b64decode(message))
        name = None if got.credential is None else got.credential.identity.decode()
        return {"content": got.content.name.lower(), "sender": got.sender, "name": name, "text": got.data.decode()}

    def do_mls_state(self) -> Json:
        state = self.group.describe()
        return {
            "epoch": state.epoch,
            "own_leaf": state.own_leaf,
            "members": [member.credential.identity.decode() for member in self.group.members()],
            "authenticator": text_of(bytes(self.group.epoch_authenticator())),
        }

    def do_mls_restart(self) -> Json:
        self._group = mls.Group.load(OPTIONS, {record.id: record.content for record in self.group.save()})
        return {}
