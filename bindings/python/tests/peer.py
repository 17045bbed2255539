"""The Python peer of bindings/SCENARIOS.md: a client that obeys lines of JSON."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import enum
import json
import os
import sys
import time
from typing import Any, Callable, Dict, List, Optional

import mychat
from peer_mls import MlsCalls

Json = Any


def to_json(value: object) -> Json:
    """A value of the package as SCENARIOS.md writes it."""
    if isinstance(value, mychat.Status):
        return mychat.status_name(value)
    if isinstance(value, enum.IntFlag):
        return flag_names(value)
    if isinstance(value, enum.IntEnum):
        return value.name.lower()
    if isinstance(value, datetime.datetime):
        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return (value - epoch) // datetime.timedelta(milliseconds=1)
    if isinstance(value, mychat.Error):
        return error_json(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def flag_names(flags: enum.IntFlag) -> List[str]:
    return [member.name.lower() for member in type(flags) if member.name and member and member in flags]


def error_json(error: mychat.Error) -> Json:
    return {
        "status": mychat.status_name(error.status),
        "domain": int(error.domain),
        "detail": error.detail,
        "retryable": error.retryable,
        "operation": error.operation,
        "message": str(error),
    }


class Peer(MlsCalls):
    def __init__(self) -> None:
        super().__init__()
        self._client: Optional[mychat.Client] = None
        self._kept: List[Json] = []

    @property
    def client(self) -> mychat.Client:
        if self._client is None:
            raise mychat.ClosedError("There is no client.", mychat.Status.CLOSED)
        return self._client

    def do(self, name: str, given: Dict[str, Json]) -> Json:
        method: Optional[Callable[..., Json]] = getattr(self, "do_" + name, None)
        if method is None:
            raise LookupError(f"unknown: {name}")
        try:
            return method(**{key: value for key, value in given.items() if value is not None})
        except mychat.ClosedError as error:
            if not error.operation:  # There is no client that could name it.
                error.operation = name
            raise

    # ---- Life

    def do_hello(self) -> Json:
        return {"language": "python", "library": mychat.version_string(), "protocol": 1}

    def do_open(self, store: str, passphrase: str, node_url: Optional[str] = None, must_exist: bool = False) -> Json:
        self._client = mychat.Client(store, passphrase=passphrase, node_url=node_url, must_exist=must_exist)
        self._kept = []
        return {}

    def do_start(self) -> Json:
        self.client.start()
        return {}

    def do_stop(self) -> Json:
        self.client.stop()
        return {}

    def do_close(self) -> Json:
        self.client.close()
        return {}

    # ---- Account

    def do_register(self, username: str, password: str, device_name: Optional[str] = None) -> Json:
        return to_json(self.client.register(username, password, device_name=device_name))

    def do_login(self, username: str, password: str, device_name: Optional[str] = None) -> Json:
        return to_json(self.client.login(username, password, device_name=device_name))

    def do_logout(self) -> Json:
        self.client.logout()
        return {}

    def do_account(self) -> Json:
        return to_json(self.client.account())

    def do_set_profile(self, avatar_url: Optional[str] = None, status_message: Optional[str] = None) -> Json:
        return to_json(self.client.set_profile(avatar_url=avatar_url, status_message=status_message))

    def do_change_password(self, current_password: str, new_password: str) -> Json:
        self.client.change_password(current_password, new_password)
        return {}

    def do_delete_account(self, password: str) -> Json:
        self.client.delete_account(password)
        return {}

    def do_sessions(self) -> Json:
        return {"sessions": to_json(self.client.sessions())}

    def do_revoke_session(self, session_id: Optional[str] = None) -> Json:
        self.client.revoke_session(session_id)
        return {}

    def do_node_info(self) -> Json:
        info = to_json(self.client.node_info())
        info["capabilities"] = " ".join(info["capabilities"])
        return info

    def do_cancelled_register(self, username: str, password: str) -> Json:
        request = self.client.begin.register(username, password)
        request.cancel()
        return to_json(request.result())

    # ---- Contacts

    def do_add_contact(self, handle: str, nickname: Optional[str] = None) -> Json:
        return to_json(self.client.add_contact(handle, nickname))

    def do_remove_contact(self, handle: str) -> Json:
        self.client.remove_contact(handle)
        return {}

    def do_lookup(self, handle: str) -> Json:
        return to_json(self.client.lookup(handle))

    def do_contact(self, handle: str) -> Json:
        return to_json(self.client.contact(handle))

    def do_contacts(self) -> Json:
        return {"contacts": to_json(self.client.contacts())}

    def do_conversations(self) -> Json:
        return {"conversations": to_json(self.client.conversations())}

    def do_set_typing(self, peer: str, is_typing: bool) -> Json:
        self.client.set_typing(peer, is_typing)
        return {}

    def do_set_presence(self, status: str) -> Json:
        self.client.set_presence(mychat.PresenceStatus[status.upper()])
        return {}

    # ---- Messages

    def do_send(
        self,
        to: str,
        text: Optional[str] = None,
        data: Optional[str] = None,
        content_type: str = "file",
        message_id: Optional[str] = None,
    ) -> Json:
        if text is not None:
            return {"id": self.client.send_text(to, text, message_id=message_id)}
        assert data is not None
        kind = mychat.ContentType[content_type.upper()]
        return {"id": self.client.send(to, base64.b64decode(data), content_type=kind, message_id=message_id)}

    def do_retry(self, message_id: str) -> Json:
        self.client.retry(message_id)
        return {}

    def do_message(self, message_id: str) -> Json:
        return to_json(self.client.message(message_id))

    def do_history(self, peer: str, limit: int, before: int = 0) -> Json:
        return to_json(self.client.history(peer, before=before, limit=limit))

    def do_search(self, query: str, limit: int, peer: Optional[str] = None, before: int = 0) -> Json:
        return to_json(self.client.search(query, peer=peer, before=before, limit=limit))

    def do_mark_read(self, peer: str, message_id: Optional[str] = None) -> Json:
        self.client.mark_read(peer, message_id)
        return {}

    def do_explain(self, message_id: str) -> Json:
        return to_json(self.client.explain(message_id))

    # ---- Policy, keys, backups, store

    def do_policy(self) -> Json:
        return {"policy": to_json(self.client.policy())}

    def do_set_policy(self, policy: List[str]) -> Json:
        flags = mychat.Policy.NONE
        for name in policy:
            flags |= mychat.Policy[name.upper()]
        self.client.set_policy(flags)
        return {}

    def do_public_key(self, format: str = "pem") -> Json:
        return {"key": self.client.public_key(mychat.KeyFormat[format.upper()])}

    def do_export_private_key(self, format: str = "pem") -> Json:
        return {"key": self.client.export_private_key(mychat.KeyFormat[format.upper()]).decode()}

    def do_import_private_key(self, key: str) -> Json:
        self.client.import_private_key(key)
        return {}

    def do_fingerprint(self, key: str) -> Json:
        return {"fingerprint": mychat.fingerprint(key)}

    def do_safety_number(self, handle: str) -> Json:
        return {"text": self.client.safety_number(handle)}

    def do_safety_qr(self, handle: str) -> Json:
        return {"text": self.client.safety_qr(handle)}

    def do_compare_safety_qr(self, handle: str, scanned: str) -> Json:
        return {"result": to_json(self.client.compare_safety_qr(handle, scanned))}

    def do_set_verified(self, handle: str, fingerprint: str, verified: bool) -> Json:
        self.client.set_verified(handle, fingerprint, verified)
        return {}

    def do_accept_key(self, handle: str, fingerprint: str) -> Json:
        self.client.accept_key(handle, fingerprint)
        return {}

    def do_rotate_identity(self, password: Optional[str] = None) -> Json:
        return to_json(self.client.rotate_identity(password))

    def do_export_backup(self, password: str, path: str, kind: str = "full") -> Json:
        backup = self.client.export_backup(password, mychat.BackupKind[kind.upper()])
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(backup.data)
        return {"file_name": backup.file_name, "size": len(backup.data)}

    def do_verify_backup(self, password: str, path: str) -> Json:
        with open(path, "rb") as file:
            return report_json(self.client.verify_backup(file.read(), password))

    def do_import_backup(self, password: str, path: str) -> Json:
        with open(path, "rb") as file:
            return report_json(self.client.import_backup(file.read(), password))

    def do_check_store(self) -> Json:
        return to_json(self.client.check_store())

    def do_backup_store(self, path: str) -> Json:
        self.client.backup_store(path)
        return {}

    def do_change_passphrase(self, new_passphrase: str) -> Json:
        self.client.change_passphrase(new_passphrase)
        return {}

    # ---- Events

    def do_wait(self, type: str, match: Optional[Dict[str, Json]] = None, timeout_ms: int = 30000) -> Json:
        end = time.monotonic() + timeout_ms / 1000
        looked = 0
        while True:
            while looked < len(self._kept):
                if matches(self._kept[looked], type, match or {}):
                    return self._kept.pop(looked)
                looked += 1
            event = self.client.poll(max(0.0, end - time.monotonic()))
            if event is None:
                raise mychat.TimeoutError("No such event came.", mychat.Status.TIMEOUT, operation="wait")
            kind = mychat.event_type_name(event.type)
            self._kept.append({**to_json(event), "type": kind})

    def do_ack(self, seq: int) -> Json:
        self.client.ack(seq)
        return {}

    def do_rewind(self) -> Json:
        self.client.rewind()
        self._kept = []
        return {}


def report_json(report: mychat.BackupReport) -> Json:
    made = to_json(report)
    matches = {True: 1, False: 0, None: -1}[report.matches_account]
    return {**made, "matches_account": matches}


def matches(event: Json, type: str, match: Dict[str, Json]) -> bool:
    if event["type"] != type:
        return False
    payload: Dict[str, Json] = next((event[key] for key in event if key not in ("type", "seq", "time")), {})
    return all(payload.get(key) == value for key, value in match.items())


def main() -> None:
    peer = Peer()
    for line in sys.stdin.buffer:
        number: Json = None
        name = ""
        answer: Dict[str, Json]
        try:
            given = json.loads(line)
            number, name = given.pop("id", None), given.pop("do", "")
            if name == "exit":
                answer = {"ok": True, "result": {}}
            else:
                answer = {"ok": True, "result": peer.do(name, given)}
        except mychat.Error as error:
            answer = {"ok": False, "error": error_json(error)}
        except Exception as error:
            fields = {"status": "EXCEPTION", "domain": 0, "detail": 0, "retryable": False}
            answer = {"ok": False, "error": {**fields, "operation": name, "message": repr(error)}}
        sys.stdout.buffer.write(json.dumps({"id": number, **answer}).encode() + b"\n")
        sys.stdout.buffer.flush()
        if name == "exit":
            break
    if peer._client is not None:
        peer._client.close()


if __name__ == "__main__":
    main()
