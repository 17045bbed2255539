"""The scenarios of bindings/SCENARIOS.md, as steps over peers. Each is a function of the world and one or two languages."""

from __future__ import annotations

import base64
import os
import pathlib
import time
from typing import Any, Callable, Dict, List

from driver import Failed, PeerError, World

TEXTS = [
    "Grüße aus Köln",
    "Здравствуй, мир",
    "你好，世界",
    "مرحبا بالعالم",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u0301 is not \u00e9",
    5000 * "ß",
]

# Name to function and number of parties.
SCENARIOS: Dict[str, Any] = {}


def scenario(parties: int) -> Callable[[Any], Any]:
    def add(function: Any) -> Any:
        SCENARIOS[function.__name__] = (function, parties)
        return function

    return add


def equal(seen: Any, wanted: Any, what: str = "") -> None:
    if seen != wanted:
        raise Failed(f"{what}: {seen!r} instead of {wanted!r}")


def true(seen: Any, what: str) -> None:
    if not seen:
        raise Failed(what)


def fails(status: str, call: Any, operation: str = "", **fields: Any) -> Dict[str, Any]:
    """The call must fail with this status; the error."""
    try:
        result = call()
    except PeerError as failure:
        error = failure.error
        equal(error["status"], "MYCHAT_E_" + status, str(failure))
        true(error["message"], "an error without a sentence")
        true(error["operation"], f"an error without its operation: {error}")
        if operation:
            equal(error["operation"], operation, "operation")
        for name, value in fields.items():
            equal(error[name], value, f"{name} of {error}")
        return error
    raise Failed(f"{status} did not come, but {result!r}")


@scenario(2)
def register(world: World, first: str, second: str) -> None:
    a = world.peer(first)
    a.open_store()
    equal(a.account()["handle"], "", "handle before registration")
    fails("INVALID_STATE", lambda: a.send(to="somebody@localhost", text="x"))
    account = a.register(username=a.name, password=a.password)
    equal([account[key] for key in ("logged_in", "has_identity", "handle")], [True, True, a.handle])
    equal(account["backup_at"], None, "backup_at")
    equal(len(account["fingerprint"]), 79, "length of a fingerprint")
    for form in ("pem", "jwk"):
        key = a.public_key(format=form)["key"]
        equal(a.fingerprint(key=key)["fingerprint"], account["fingerprint"], "fingerprint")
    equal(a.account(), account, "account")
    a.online()
    world.used_keys.append(a.export_private_key()["key"])
    fails("INVALID_STATE", lambda: a.register(username=a.name, password=a.password), "register")
    b = world.peer(second)
    b.open_store()
    fails("ALREADY_EXISTS", lambda: b.register(username=a.name, password=b.password), "register", domain=8)


@scenario(1)
def backup(world: World, first: str) -> None:
    a = world.peer(first).join()
    folder = world.folder / f"Sicherung – {a.name} – копия"
    folder.mkdir()
    path = str(folder / "ключи.zip")
    made = a.export_backup(password="Wiederherstellung – ключ", path=path)
    equal(os.stat(path).st_mode & 0o777, 0o600, "mode of the file")
    equal(os.stat(path).st_size, made["size"], "size of the file")
    true(a.name in made["file_name"], "the file's name has the user's")
    report = a.verify_backup(password="Wiederherstellung – ключ", path=path)
    equal(report["handle"], a.handle, "handle")
    equal(report["fingerprint"], a.account()["fingerprint"], "fingerprint")
    equal([report[key] for key in ("matches_account", "has_v1_members", "has_sealed_member")], [1, True, True])
    true(a.account()["backup_at"], "backup_at")
    fails("WRONG_PASSWORD", lambda: a.verify_backup(password="another password", path=path), "verify_backup")
    half = str(folder / "половина.zip")
    pathlib.Path(half).write_bytes(pathlib.Path(path).read_bytes()[: made["size"] // 2])
    fails("MALFORMED", lambda: a.verify_backup(password="Wiederherstellung – ключ", path=half))
    fails("INVALID_ARGUMENT", lambda: a.export_backup(password="1234567", path=str(folder / "x")), "export_backup")


@scenario(2)
def restore(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    a.add_contact(handle=b.handle, nickname=TEXTS[2])
    for text in TEXTS:
        b.send(to=a.handle, text=text)
    for text in TEXTS:
        a.receive(text=text)
    path = str(world.folder / f"{a.name}.zip")
    a.export_backup(password="Wiederherstellung – ключ", path=path)
    fingerprint = a.account()["fingerprint"]
    a.close()
    a.open_store(store=str(world.folder / f"{a.name}-нов.mychat"))
    report = a.import_backup(password="Wiederherstellung – ключ", path=path)
    equal([report["contacts"], report["fingerprint"]], [1, fingerprint])
    a.login(username=a.name, password=a.password)
    equal(a.account()["fingerprint"], fingerprint, "fingerprint")
    equal([(c["handle"], c["nickname"]) for c in a.contacts()["contacts"]], [(b.handle, TEXTS[2])])
    for text in TEXTS:
        true(a.receive(text=text)["message"]["readable"], "an old message is readable")
    b.send(to=a.handle, text="после")
    true(a.receive(text="после")["message"]["readable"], "a new message is readable")


@scenario(2)
def contacts(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    added = a.add_contact(handle=b.handle, nickname=TEXTS[4])
    equal([added[key] for key in ("handle", "nickname", "trust", "is_contact")], [b.handle, TEXTS[4], "unverified", True])
    equal(a.contacts()["contacts"], [a.contact(handle=b.handle)], "contacts")
    equal(a.contact(handle=b.handle)["fingerprint"], b.account()["fingerprint"], "fingerprint")
    fails("ALREADY_EXISTS", lambda: a.add_contact(handle=b.handle), "add_contact")
    fails("NOT_FOUND", lambda: a.add_contact(handle="nobody_at_all@localhost"), "add_contact")
    fails("NOT_FOUND", lambda: a.contact(handle="nobody_at_all@localhost"), "contact")
    b.lookup(handle=a.handle)
    number = a.safety_number(handle=b.handle)["text"]
    equal(number, b.safety_number(handle=a.handle)["text"], "safety number")
    equal(len(number.replace(" ", "")), 60, "digits of the safety number")
    code = b.safety_qr(handle=a.handle)["text"]
    equal(a.compare_safety_qr(handle=b.handle, scanned=code)["result"], "match")
    fails("MALFORMED", lambda: a.compare_safety_qr(handle=b.handle, scanned="Grüße"), "compare_safety_qr")
    fails("KEY_MISMATCH", lambda: a.set_verified(handle=b.handle, fingerprint=a.account()["fingerprint"], verified=True))
    a.set_verified(handle=b.handle, fingerprint=added["fingerprint"], verified=True)
    equal(a.contact(handle=b.handle)["trust"], "verified", "trust")
    a.remove_contact(handle=b.handle)
    equal(a.contacts()["contacts"], [], "contacts")
    fails("NOT_FOUND", lambda: a.remove_contact(handle=b.handle), "remove_contact")


def exchange(a: Any, b: Any, text: str) -> str:
    """A sends, B receives, A learns that it was delivered; the id."""
    message_id = a.send(to=b.handle, text=text)["id"]
    message = b.receive(text=text)["message"]
    equal([message[key] for key in ("id", "peer", "sender", "direction")], [message_id, a.handle, a.handle, "in"])
    equal([message["readable"], message["content_type"], message["failure"]], [True, "text", "MYCHAT_OK"])
    equal(base64.b64decode(message["data"]).decode(), text, "data")
    true(message["verification"] in ("verified", "unsigned"), "verification")
    true(message["created_at"], "created_at")
    a.reached(message_id, "delivered")
    return message_id


@scenario(2)
def send_receive(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    a.add_contact(handle=b.handle)
    sent = [exchange(a, b, text) for text in TEXTS]
    equal(b.conversations()["conversations"][0]["unread"], len(TEXTS), "unread")
    answers = [exchange(b, a, text) for text in TEXTS]
    bytes_ = bytes(range(256)) * 4
    file_id = a.send(to=b.handle, data=base64.b64encode(bytes_[:1000]).decode())["id"]
    file = b.receive(id=file_id)["message"]
    equal([file["content_type"], file["text"]], ["file", None])
    equal(base64.b64decode(file["data"]), bytes_[:1000], "bytes")
    for one, other in ((a, b), (b, a)):
        pages: List[Any] = []
        before = 0
        while True:
            page = one.history(peer=other.handle, limit=3, before=before)
            pages += page["messages"]
            if not page["has_more"]:
                break
            before = page["next_before"]
        equal({m["id"] for m in pages}, {*sent, *answers, file_id}, "history")
        equal(len(pages), 2 * len(TEXTS) + 1, "messages of the history")
    b.mark_read(peer=a.handle)
    equal(a.reached(file_id, "read")["message"]["status"], "read")
    equal(b.conversations()["conversations"][0]["unread"], 0, "unread")
    found = b.search(query="GRÜSSE AUS KÖLN".replace("SS", "ß"), limit=10)
    equal([m["text"] for m in found["messages"]], [TEXTS[0], TEXTS[0]], "search")


@scenario(2)
def offline(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    b.stop()
    b.wait(type="connection", match={"state": "offline"})
    for text in TEXTS[:3]:
        a.reached(a.send(to=b.handle, text=text)["id"], "pending")
    b.start()
    for text in TEXTS[:3]:
        b.receive(text=text)
    a.stop()
    a.wait(type="connection", match={"state": "offline"})
    message_id = a.send(to=b.handle, text=TEXTS[3])["id"]
    equal(a.message(message_id=message_id)["status"], "queued", "status")
    a.start()
    a.reached(message_id, "delivered")
    equal(b.receive(text=TEXTS[3])["message"]["id"], message_id, "id")
    fails("TIMEOUT", lambda: b.wait(type="message", timeout_ms=300))


@scenario(2)
def reconnect(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    world.node.stop()
    waiting = a.wait(type="connection", match={"state": "waiting"})["connection"]
    true(waiting["error"] and waiting["error"]["message"], "why it waits")
    message_id = a.send(to=b.handle, text=TEXTS[1])["id"]
    world.node.start()
    equal(b.receive(text=TEXTS[1])["message"]["id"], message_id, "id")
    a.online()
    b.online()
    a.reached(message_id, "delivered")


@scenario(2)
def journal(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    a.send(to=b.handle, text=TEXTS[0])
    event = b.receive(text=TEXTS[0])
    true(event["seq"] > 0, "the journal's number")
    b.close()
    b.open_store()
    again = b.receive(text=TEXTS[0])
    equal([again["seq"], again["message"]["id"]], [event["seq"], event["message"]["id"]], "the same event")
    b.ack(seq=again["seq"])
    b.close()
    b.open_store()
    fails("TIMEOUT", lambda: b.wait(type="message", timeout_ms=1000))
    b.start()
    a.send(to=b.handle, text=TEXTS[1])
    event = b.receive()
    equal(event["message"]["text"], TEXTS[1])
    b.rewind()
    equal(b.receive()["seq"], event["seq"], "what is not acknowledged")
    fails("INVALID_ARGUMENT", lambda: b.ack(seq=event["seq"] + 1000), "ack")


@scenario(2)
def idempotence(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    own = f"0195d3c1-0000-4000-8000-{time.time_ns() % 10**12:012d}"
    for _ in range(2):
        equal(a.send(to=b.handle, text=TEXTS[0], message_id=own)["id"], own, "id")
    equal(b.receive()["message"]["id"], own, "id")
    a.reached(own, "delivered")
    equal(a.send(to=b.handle, text=TEXTS[0], message_id=own)["id"], own, "id")
    equal(a.send(to=b.handle, text=TEXTS[1], message_id=own)["id"], own, "id")
    equal(a.message(message_id=own)["text"], TEXTS[0], "text")
    fails("ALREADY_EXISTS", lambda: a.send(to=a.handle, text=TEXTS[0], message_id=own))
    fails("TIMEOUT", lambda: b.wait(type="message", timeout_ms=500))


@scenario(2)
def errors(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second)
    fails("INVALID_ARGUMENT", lambda: a.send(to="no handle", text="x"), domain=1, retryable=False)
    fails("INVALID_ARGUMENT", lambda: a.send(to="bob_nobody@localhost", text="x", message_id="no UUID"))
    fails("TOO_LARGE", lambda: a.send(to="bob_nobody@localhost", text="ü" * 6_000_000))
    fails("NOT_FOUND", lambda: a.message(message_id="0195d3c1-0000-4000-8000-000000000000"), "message")
    fails("STORE_HELD", lambda: b.open_store(store=a.store, passphrase=a.passphrase), "create")
    fails("NOT_FOUND", lambda: b.open_store(must_exist=True), "create")
    a.close()
    fails("CLOSED", lambda: a.account())
    fails("CLOSED", lambda: a.send(to="bob_nobody@localhost", text="x"))
    fails("CLOSED", lambda: a.start())
    fails("STORE_KEY", lambda: b.open_store(store=a.store, passphrase="eine andere – другая"), "create")
    fails("PLAINTEXT_REFUSED", lambda: b.open_store(node_url="http://chat.example.org"), "create")
    b.open_store()
    fails("UNAUTHORIZED", lambda: b.login(username=a.name, password="falsch – неверно"), "login", detail=401, domain=8)
    b.close()
    b.open_store(store=b.store + "-2", node_url="http://127.0.0.1:1")
    error = fails("NETWORK", lambda: b.node_info(), "node_info", retryable=True)
    equal(error["domain"], 7, "domain")


@scenario(2)
def account(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    equal(a.set_profile(status_message=TEXTS[3])["status_message"], TEXTS[3])
    equal(b.lookup(handle=a.handle)["status_message"], TEXTS[3], "status message")
    sessions = a.sessions()["sessions"]
    equal([s["current"] for s in sessions], [True], "sessions")
    other = world.peer(first)
    other.open_store(store=str(world.folder / f"{a.name}-2.mychat"))
    other.login(username=a.name, password=a.password, device_name=TEXTS[2])
    second_session = [s for s in a.sessions()["sessions"] if not s["current"]]
    equal([s["device_name"] for s in second_session], [TEXTS[2]], "device name")
    a.revoke_session(session_id=second_session[0]["id"])
    other.wait(type="session_ended")
    fails("NOT_FOUND", lambda: a.revoke_session(session_id=second_session[0]["id"]), "revoke_session")
    a.change_password(current_password=a.password, new_password="Neues Kennwort – новый")
    fails("UNAUTHORIZED", lambda: other.login(username=a.name, password=a.password), "login")
    a.set_policy(policy=["no_typing", "no_read_receipts"])
    equal(sorted(a.policy()["policy"]), ["no_read_receipts", "no_typing"], "policy")
    fails("UNAUTHORIZED", lambda: a.delete_account(password=a.password), "delete_account")
    a.delete_account(password="Neues Kennwort – новый")
    fails("NOT_FOUND", lambda: b.lookup(handle=a.handle), "lookup")


@scenario(2)
def notices(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    b.add_contact(handle=a.handle)
    a.add_contact(handle=b.handle)
    for is_typing in (True, False):
        a.set_typing(peer=b.handle, is_typing=is_typing)
        b.wait(type="typing", match={"peer": a.handle, "is_typing": is_typing})
    a.set_presence(status="away")
    b.wait(type="presence", match={"peer": a.handle, "status": "away"})
    a.close()
    b.wait(type="presence", match={"peer": a.handle, "status": "offline"})


@scenario(2)
def key_change(world: World, first: str, second: str) -> None:
    a, b = world.peer(first).join(), world.peer(second).join()
    a.add_contact(handle=b.handle)
    b.add_contact(handle=a.handle)
    old = exchange(a, b, TEXTS[0])
    before, rotated = b.account()["fingerprint"], b.rotate_identity()
    true(rotated["fingerprint"] != before, "a new fingerprint")
    contact = a.wait(type="key_changed", match={"handle": b.handle})["contact"]
    equal([contact["trust"], contact["pending_vouched"]], ["changed", True])
    equal(contact["pending_fingerprint"], rotated["fingerprint"], "pending fingerprint")
    fails("KEY_CHANGED", lambda: a.send(to=b.handle, text=TEXTS[1]))
    fails("KEY_MISMATCH", lambda: a.accept_key(handle=b.handle, fingerprint=before), "accept_key")
    a.accept_key(handle=b.handle, fingerprint=rotated["fingerprint"])
    exchange(a, b, TEXTS[1])
    equal(b.message(message_id=old)["text"], TEXTS[0], "an old message")


@scenario(1)
def cancel(world: World, first: str) -> None:
    a = world.peer(first)
    a.open_store()
    try:
        done = a.cancelled_register(username=a.name, password=a.password)
        equal(done["handle"], a.handle, "it was faster")
    except PeerError as failure:
        equal(failure.error["status"], "MYCHAT_E_CANCELLED", str(failure))
        equal(failure.error["operation"], "register", "operation")
        equal(a.register(username=a.name, password=a.password)["handle"], a.handle)


@scenario(1)
def store(world: World, first: str) -> None:
    a = world.peer(first).join()
    a.send(to=a.handle, text=TEXTS[4])
    true(a.check_store()["healthy"], "a healthy store")
    true(a.check_store()["values_checked"] > 0, "values")
    history = a.history(peer=a.handle, limit=10)["messages"]
    copy = str(world.folder / f"{a.name}-Kopie – копия.mychat")
    a.backup_store(path=copy)
    fails("ALREADY_EXISTS", lambda: a.backup_store(path=copy), "backup_store")
    a.change_passphrase(new_passphrase="Neu – новый – 新")
    a.close()
    fails("STORE_KEY", lambda: a.open_store(), "create")
    a.open_store(passphrase="Neu – новый – 新")
    a.close()
    a.open_store(store=copy, must_exist=True)
    equal([m["text"] for m in a.history(peer=a.handle, limit=10)["messages"]], [m["text"] for m in history], "history")
