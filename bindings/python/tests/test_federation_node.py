"""A real `mychat-server` speaks with a node that is a few lines of Python."""

from __future__ import annotations

import base64
import datetime
import http.client
import http.server
import json
import os
import pathlib
import socket
import subprocess
import threading
import time
import uuid
from typing import Any, Dict, Iterator, List, Optional, Tuple

import mychat
import mychat.federation as federation
import mychat.testing
import pytest

DEVELOPMENT = federation.Flags.ALLOW_HTTP | federation.Flags.ALLOW_NON_PUBLIC



def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PythonNode:
    """As much of a node as the protocol asks for, over plain http on loopback, for development."""

    def __init__(self) -> None:
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == "/.well-known/mychat-node":
                    return self.answer(200, json.dumps({"federation": json.loads(node.json)}).encode())
                if self.path.startswith("/f/keys/"):
                    return self.answer_signed(b"", json.dumps(node.users[self.path.rsplit("/", 1)[1]]).encode())
                self.answer(404, b"{}")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/f/handshake":
                    return self.answer_signed(body, node.handshake(json.loads(body)))
                node.taken.append(json.loads(body))
                acked = node.taken[-1]["first"] + len(node.taken[-1]["items"]) - 1
                answer = {"stream": node.taken[-1]["stream"], "acked": acked, "failures": []}
                self.answer_signed(body, json.dumps(answer).encode())

            def answer_signed(self, body: bytes, answer: bytes) -> None:
                uri = f"http://{node.domain}{self.path}"
                headers = self.headers.items()
                origin = federation.request_origin(headers)
                node.node.verify_request(self.command, uri, headers, body, node.known[origin])
                self.answer(200, answer, node.node.sign_response(self.command, uri, headers, 200, answer))

            def answer(self, status: int, body: bytes, headers: Optional[List[Tuple[str, str]]] = None) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers or []:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.domain = f"127.0.0.1:{self.server.server_port}"
        self.node = federation.Node(
            self.domain, f"http://{self.domain}/f", federation.new_key(), flags=DEVELOPMENT, capabilities=("messages",)
        )
        self.json = self.node.sign_document(1)
        self.known: Dict[str, str] = {}
        self.pending: Dict[str, federation.Handshake] = {}
        self.agreed: Dict[str, federation.Agreement] = {}
        self.users: Dict[str, Dict[str, Any]] = {}
        self.taken: List[Dict[str, Any]] = []
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def handshake(self, body: Dict[str, Any]) -> bytes:
        """What the other node's hello or confirm is answered with."""
        if "hello" in body:
            hello = json.dumps(body["hello"])
            peer = self.find(self.node.hello_origin(hello))
            answered = self.node.answer_handshake(hello, peer.json, peer.known)
            self.pending[answered.id] = answered
            return json.dumps({"welcome": json.loads(answered.message)}).encode()
        confirm = json.dumps(body["confirm"])
        pending = self.pending.pop(federation.confirm_id(confirm))
        agreed = next(
            pending.confirm(confirm, known)
            for known in self.known.values()
        )
        self.agreed[agreed.peer] = agreed
        self.known[agreed.peer] = agreed.known
        return b'{"established": true}'

    def find(self, domain: str) -> federation.Document:
        found = self.node.discover(domain, self.known.get(domain))
        self.known[domain] = found.known
        return found

    def send(
        self, domain: str, method: str, uri: str, body: bytes, headers: List[Tuple[str, str]]
    ) -> Tuple[int, List[Tuple[str, str]], Dict[str, Any]]:
        connection = http.client.HTTPConnection(domain, timeout=30)
        connection.request(method, uri[len(f"http://{domain}") :], body, dict(headers))
        response = connection.getresponse()
        answer = response.read()
        if response.status == 200:
            federation.verify_response(
                method, uri, headers, response.status, response.getheaders(), answer, self.known[domain]
            )
        connection.close()
        return response.status, response.getheaders(), json.loads(answer)

    def call(self, domain: str, method: str, uri: str, value: Any = None) -> Dict[str, Any]:
        body = b"" if value is None else json.dumps(value).encode()
        status, _, answer = self.send(domain, method, uri, body, self.node.sign_request(domain, method, uri, body))
        assert status == 200, answer
        return answer

    def greet(self, domain: str) -> federation.Document:
        peer = self.find(domain)
        begun = self.node.begin_handshake(domain)
        uri = peer.api_url + "/handshake"
        welcome = self.call(domain, "POST", uri, {"hello": json.loads(begun.message)})["welcome"]
        agreed = begun.finish(json.dumps(welcome), peer.json, self.known[domain])
        assert self.call(domain, "POST", uri, {"confirm": json.loads(agreed.confirm)}) == {"established": True}
        self.known[domain] = agreed.known
        return peer


@pytest.fixture
def python_node() -> Iterator[PythonNode]:
    made = PythonNode()
    yield made
    made.close()


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[str]:
    """The domain of a mychat-server that federates, for development."""
    port = free_port()
    domain, ready = f"127.0.0.1:{port}", tmp_path / "ready"
    process = subprocess.Popen(
        [mychat.testing.find_server(), "dev", "--port", str(port), "--domain", domain, "--data-dir", tmp_path / "node",
         "--ready-file", ready, "--log-level", "warning", "--federation-enabled", "true", "--federation-plain-http", "true",
         "--federation-allow-private", "true"],
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not (ready.exists() and ready.read_text().startswith("PORT=")):
        assert process.poll() is None and time.monotonic() < until, "the node did not start"
        time.sleep(0.02)
    yield domain
    process.terminate()
    process.wait()


def test_a_real_node_takes_what_a_node_in_python_sends(
    python_node: PythonNode, server: str, tmp_path: pathlib.Path, make_user: Any
) -> None:
    with mychat.Client(tmp_path / "bob.mychat", passphrase="geheim", node_url=f"http://{server}") as bob:
        bob.import_private_key(make_user().export_private_key())
        bob.register("bob", "ein langes Kennwort")
        bob_handle = bob.account().handle
        assert bob_handle == f"bob@{server}"

        # Carol's keys are those of a user elsewhere; her node is the one in Python.
        carol = make_user()
        carol_handle = f"carol@{python_node.domain}"
        python_node.users["carol"] = {
            "full_handle": carol_handle,
            "public_key": carol.public_key(mychat.KeyFormat.PEM),
            "public_key_fingerprint": mychat.fingerprint(carol.public_key(mychat.KeyFormat.PEM)),
        }
        peer = python_node.greet(server)
        keys = python_node.call(server, "GET", f"{peer.api_url}/keys/bob")
        assert mychat.fingerprint(keys["public_key"]) == mychat.fingerprint(bob.public_key(mychat.KeyFormat.PEM))

        item = {
            "id": str(uuid.uuid4()),
            "sender_handle": carol_handle,
            "recipient_handle": bob_handle,
            "encrypted_content": base64.b64encode(os.urandom(64)).decode(),
            "encrypted_key": base64.b64encode(os.urandom(512)).decode(),
            "iv": base64.b64encode(os.urandom(12)).decode(),
            "content_type": "text",
            "algorithm": "AES-256-GCM+RSA-4096-OAEP",
            "created_at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        forged = dict(item, id=str(uuid.uuid4()), sender_handle="carol@elsewhere.example")
        stream = str(uuid.uuid4())
        transaction = {
            "stream": stream, "first": 1,
            "items": [{"type": "message", "data": item}, {"type": "message", "data": forged}],
        }
        uri = peer.api_url + "/transactions"
        body = json.dumps(transaction).encode()
        headers = python_node.node.sign_request(server, "POST", uri, body)
        status, _, answer = python_node.send(server, "POST", uri, body, headers)
        assert (status, answer["acked"]) == (200, 2), answer
        assert [(failure["seq"], failure["code"]) for failure in answer["failures"]] == [(2, "forbidden")]
        status, _, refusal = python_node.send(server, "POST", uri, body, headers)
        assert (status, refusal["error"]) == (401, "replayed")

        message = next(event.message for event in bob.events(timeout=60) if isinstance(event, mychat.MessageEvent))
        assert (message.id, message.sender, message.readable) == (item["id"], carol_handle, False)


def test_a_real_node_greets_and_sends_to_a_node_in_python(
    python_node: PythonNode, server: str, tmp_path: pathlib.Path, make_user: Any
) -> None:
    carol = make_user()
    python_node.users["carol"] = {
        "full_handle": f"carol@{python_node.domain}",
        "public_key": carol.public_key(mychat.KeyFormat.PEM),
        "public_key_fingerprint": mychat.fingerprint(carol.public_key(mychat.KeyFormat.PEM)),
    }
    with mychat.Client(tmp_path / "bob.mychat", passphrase="geheim", node_url=f"http://{server}") as bob:
        bob.import_private_key(make_user().export_private_key())
        bob.register("bob", "ein langes Kennwort")
        id = bob.send_text(f"carol@{python_node.domain}", "Grüße an einen Knoten in Python")
        until = time.monotonic() + 60
        while not python_node.taken:
            assert time.monotonic() < until, "nothing came"
            time.sleep(0.02)
        assert python_node.agreed[server].protocol == 2
        (item,) = [item for item in python_node.taken[0]["items"] if item["type"] == "message"]
        assert item["data"]["id"] == id
        assert item["data"]["sender_handle"] == f"bob@{server}"
