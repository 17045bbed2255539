"""deploy_nginx.py HTTP_PORT HTTPS_PORT CERTIFICATE: what clients do, through the nginx of deploy_test.sh."""

import base64
import hashlib
import http.client
import json
import os
import secrets
import socket
import ssl
import struct
import subprocess
import sys

HTTP, HTTPS, CERTIFICATE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
HOST = "chat.example.org"
TLS = ssl.create_default_context(cafile=CERTIFICATE)
PATIENCE = 60


class Connection(http.client.HTTPSConnection):
    """To loopback, under the name of the site."""

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", HTTPS), PATIENCE)
        self.sock = TLS.wrap_socket(plain, server_hostname=HOST)


def call(method, path, body=None, **headers):
    connection = Connection(HOST)
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"through nginx, {what} is {got!r} instead of {wanted!r}")


def register(name):
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
                         check=True, capture_output=True).stdout
    pem = subprocess.run(["openssl", "pkey", "-pubout"], input=key, check=True, capture_output=True).stdout.decode()
    digits = hashlib.sha256(pem.encode()).hexdigest().upper()
    status, answer = call("POST", "/api/auth/register", {
        "username": name, "password": secrets.token_hex(8), "public_key": pem,
        "public_key_fingerprint": "-".join(digits[i:i + 4] for i in range(0, 64, 4))})
    expect("a registration", (status, answer.get("full_handle")), (201, f"{name}@{HOST}"))
    return answer["access_token"]


class WebSocket:
    def __init__(self):
        self.sock = TLS.wrap_socket(socket.create_connection(("127.0.0.1", HTTPS), PATIENCE), server_hostname=HOST)
        self.file = self.sock.makefile("rb")
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.sock.sendall((f"GET /ws HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        expect("the handshake", self.file.readline().split()[1], b"101")
        while self.file.readline().strip():
            pass

    def send(self, **frame):
        payload = json.dumps(frame).encode()
        mask = secrets.token_bytes(4)
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack("!BH", 0x80 | 126, len(payload))
        self.sock.sendall(b"\x81" + size + mask +
                          bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))

    def receive(self):
        first, size = self.file.read(2)
        expect("the kind of a frame", first, 0x81)
        if size == 126:
            size, = struct.unpack("!H", self.file.read(2))
        return json.loads(self.file.read(size))


plain = http.client.HTTPConnection("127.0.0.1", HTTP, timeout=PATIENCE)
plain.request("GET", "/api/node/info", headers={"Host": HOST})
redirect = plain.getresponse()
expect("plain HTTP", (redirect.status, redirect.getheader("Location")), (301, f"https://{HOST}/api/node/info"))

status, info = call("GET", "/api/node/info")
expect("the node's name", (status, info["domain"]), (200, HOST))
expect("/health", call("GET", "/health"), (200, {"status": "healthy"}))
token = register("alice")
authorization = {"Authorization": "Bearer " + token}

# The largest message goes through the limits of nginx as well.
largest = base64.b64encode(os.urandom(info["limits"]["max_message_size"])).decode()
status, sent = call("POST", "/api/messages", {
    "recipient_handle": f"alice@{HOST}", "encrypted_content": largest,
    "encrypted_key": base64.b64encode(bytes(512)).decode(), "iv": base64.b64encode(bytes(12)).decode()},
    **authorization)
expect("the largest message", status, 201)
status, page = call("GET", "/api/mailbox?after=0", **authorization)
expect("the largest message, read,", page["items"][0]["data"]["encrypted_content"] == largest, True)
status, page = call("GET", f"/api/mailbox?after={page['next']}&wait=1", **authorization)
expect("a held call", (status, page["items"]), (200, []))

web_socket = WebSocket()
web_socket.send(type="auth", token=token)
expect("the WebSocket's first answer", web_socket.receive()["type"], "auth_success")
web_socket.send(type="ping")
expect("the WebSocket's second answer", web_socket.receive()["type"], "pong")

# Clients are told apart by their own address, and cannot claim another. The node allows two log-ins a minute.
statuses = [call("POST", "/api/auth/login", {"username": f"nobody{i}", "password": "12345678"},
                 **{"X-Forwarded-For": f"192.0.2.{i}"})[0] for i in range(3)]
expect("the third log-in of one address", statuses, [401, 401, 429])
