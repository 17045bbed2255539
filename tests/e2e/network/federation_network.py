"""federation_network.py SERVER SOURCE [KILLS]: three nodes on hosts of their own, as operators run them (two behind nginx with
the sample site, one with TLS of its own), over a network that loses, delays and reorders packets, is cut, or lets them pass
one way only; nodes that are killed, and one that moves to another address.

After each fault everything that was accepted arrives within a minute: once, in order, and is reported delivered.
Exit 77 when this machine does not let us make hosts.
"""

import base64
import contextlib
import ctypes
import http.client
import hashlib
import json
import os
import pathlib
import queue
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from link import Fault, Network, Unavailable  # noqa: E402

SERVER, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 4
CONVERGE = 60  # Seconds.
CLONE_NEWNET = 0x40000000


def openssl(*words, text=None):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, input=text).stdout


class Inside:
    """Runs functions on a thread that stands in a host's network."""

    def __init__(self, host):
        self.work = queue.SimpleQueue()
        self.space = host.space
        threading.Thread(target=self.loop, daemon=True).start()

    def loop(self):
        with open(f"/run/netns/{self.space}", "rb") as space:
            if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        while True:
            function, answer = self.work.get()
            try:
                answer.put((True, function()))
            except Exception as error:
                answer.put((False, error))

    def __call__(self, function):
        answer = queue.SimpleQueue()
        self.work.put((function, answer))
        good, value = answer.get()
        if good:
            return value
        raise value


class Node:
    def __init__(self, work, host, name, behind_nginx):
        self.host, self.name, self.domain = host, name, f"{name}.test"
        self.folder = work / name
        self.folder.mkdir()
        self.work, self.behind_nginx = work, behind_nginx
        self.tls = ssl.create_default_context(cafile=work / "ca.pem")
        self.process = self.proxy = None
        self.certify()
        subprocess.run([SERVER, "init", "--data-dir", self.folder / "data", "--domain", self.domain], check=True,
                       stdout=subprocess.DEVNULL)
        if behind_nginx:
            self.start_nginx()
        self.start()

    def certify(self):
        key, request, certificate = (self.folder / name for name in ("key.pem", "csr.pem", "cert.pem"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request,
                "-subj", f"/CN={self.domain}")
        extensions = self.folder / "extensions"
        extensions.write_text(f"subjectAltName=DNS:{self.domain}")
        openssl("x509", "-req", "-in", request, "-CA", self.work / "ca.pem", "-CAkey", self.work / "ca.key", "-days", "2",
                "-out", certificate, "-extfile", extensions)

    def start_nginx(self):
        site = (SOURCE / "server-reference/deploy/nginx-site.conf").read_text()
        place = "/etc/letsencrypt/live/chat.example.org/"
        site = site.replace(place + "fullchain.pem", str(self.folder / "cert.pem"))
        site = site.replace(place + "privkey.pem", str(self.folder / "key.pem")).replace("chat.example.org", self.domain)
        (self.folder / "site.conf").write_text(site)
        paths = "".join(f"{kind}_temp_path {self.folder}/{kind}; " for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            f"user root;\ndaemon off;\npid {self.folder}/nginx.pid;\nerror_log {self.folder}/error.log;\nevents {{}}\n"
            f"http {{ client_body_temp_path {self.folder}/body; {paths}access_log off; include {self.folder}/site.conf; }}\n")
        self.proxy = self.host.start("nginx", "-e", str(self.folder / "error.log"), "-c", str(self.folder / "nginx.conf"))

    def start(self):
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        own = (["--listen-address", "127.0.0.1", "--listen-port", "8000", "--trusted-proxies", "127.0.0.1"]
               if self.behind_nginx else
               ["--listen-address", "0.0.0.0", "--listen-port", "443", "--tls-cert", self.folder / "cert.pem",
                "--tls-key", self.folder / "key.pem"])
        with open(self.folder / "node.log", "ab") as log:
            self.process = self.host.start(
                str(SERVER), "run", "--data-dir", self.folder / "data", "--ready-file", ready, "--registration-open", "true",
                "--federation-enabled", "true", "--federation-allow-private", "true", "--federation-ca-file",
                self.work / "ca.pem", *own, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while not (ready.exists() and ready.read_text().startswith("PORT=")):
            if self.process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{self.name} did not start:\n" + (self.folder / "node.log").read_text()[-2000:])
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)  # `ip netns exec` becomes the program.
        self.process.wait()

    def close(self):
        for process in (self.process, self.proxy):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait()


class User:
    """Sends to others and takes what comes, by REST as clients do."""

    def __init__(self, node, username, pem):
        self.node, self.handle = node, f"{username}@{node.domain}"
        self.sender, self.receiver = Inside(node.host), Inside(node.host)
        self.connections = {}
        digits = hashlib.sha256(pem.encode()).hexdigest().upper()
        status, answer = self.call(self.sender, "POST", "/api/auth/register", {
            "username": username, "password": "ein langes Kennwort", "public_key": pem,
            "public_key_fingerprint": "-".join(digits[i:i + 4] for i in range(0, 64, 4))})
        if status != 201:
            sys.exit(f"{self.handle} was not registered: {status} {answer}")
        self.token = answer["access_token"]
        self.accepted, self.taken, self.delivered = {}, [], set()
        self.after, self.mailbox = 0, None
        self.number = 0

    def call(self, inside, method, path, body=None):
        def ask():
            connection = self.connections.get(inside)
            if connection is None:
                plain = socket.create_connection(("127.0.0.1", 443), 30)
                connection = http.client.HTTPSConnection(self.node.domain, timeout=30)
                connection.sock = self.node.tls.wrap_socket(plain, server_hostname=self.node.domain)
                self.connections[inside] = connection
            try:
                headers = {"Authorization": "Bearer " + self.token} if hasattr(self, "token") else {}
                if body is not None:
                    headers["Content-Type"] = "application/json"
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.getheader("Connection") == "close":
                    self.connections.pop(inside).close()
            except (OSError, http.client.HTTPException):
                self.connections.pop(inside, connection).close()
                raise
            return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text
        return inside(ask)

    def send(self, to, until):
        """One message, tried until it is accepted or the time is over; its id makes that harmless."""
        self.number += 1
        text = json.dumps({"from": self.handle, "number": self.number}).encode()
        message = {"id": str(uuid.uuid4()), "recipient_handle": to.handle, "content_type": "text",
                   "encrypted_content": base64.b64encode(text + bytes(256)).decode(),
                   "encrypted_key": base64.b64encode(bytes(512)).decode(), "iv": base64.b64encode(bytes(12)).decode()}
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, answer = self.call(self.sender, "POST", "/api/messages", message)
                if status in (200, 201):
                    self.accepted[message["id"]] = to.handle
                    return
                if status not in (429, 502, 503, 504):
                    sys.exit(f"{self.handle} could not send: {status} {answer}")
            time.sleep(0.1)

    def take(self):
        """What is in the mailbox; false while the node does not answer."""
        while True:
            try:
                status, page = self.call(self.receiver, "GET", f"/api/mailbox?after={self.after}&limit=256")
            except (OSError, http.client.HTTPException):
                return False
            if status != 200:
                return False
            for item in page["items"]:
                if item["type"] == "message":
                    self.taken.append(item["data"])
                elif item["type"] == "receipt" and item["data"]["status"] == "delivered":
                    self.delivered.update(item["data"]["message_ids"])
            self.after = page["next"]
            if page["items"]:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self.call(self.receiver, "POST", "/api/mailbox/ack", {"seq": self.after})
            if not page["has_more"]:
                return True


def talk(users, seconds, during=None):
    """Everybody writes to everybody on other nodes while `during` does what it does."""
    until = time.monotonic() + seconds

    def write(user):
        while time.monotonic() < until:
            for other in users:
                if other.node is not user.node:
                    user.send(other, until)
            time.sleep(0.02)

    threads = [threading.Thread(target=write, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    if during is not None:
        during(until)
    for thread in threads:
        thread.join()


def converge(what, users):
    """Until all that was accepted has arrived and is reported; then that it came once and in order."""
    began = time.monotonic()
    everything = {id: to for user in users for id, to in user.accepted.items()}
    while True:
        for user in users:
            user.take()
        here = {message["id"] for user in users for message in user.taken}
        told = set().union(*(user.delivered for user in users))
        missing, untold = everything.keys() - here, everything.keys() - told
        if not missing and not untold:
            break
        if time.monotonic() - began > CONVERGE:
            sys.exit(f"{what}: of {len(everything)} messages {len(missing)} did not come and {len(untold)} were not "
                     f"reported within {CONVERGE} s")
        time.sleep(0.1)
    for user in users:
        ids = [message["id"] for message in user.taken]
        if len(ids) != len(set(ids)):
            sys.exit(f"{what}: a message came twice")
        last = {}
        for message in user.taken:
            said = json.loads(base64.b64decode(message["encrypted_content"]).rstrip(b"\0"))
            if message["sender_handle"] != said["from"] or said["number"] <= last.get(said["from"], 0):
                sys.exit(f"{what}: messages of {said['from']} came out of order")
            last[said["from"]] = said["number"]
    print(f"{what}: {len(everything)} messages, all there after {time.monotonic() - began:.1f} s", flush=True)


def main():
    for program in ("ip", "nginx", "openssl"):
        if shutil.which(program) is None:
            print(f"skipped: there is no {program}")
            return 77
    with contextlib.ExitStack() as end:
        try:
            network = Network(["a", "b", "c"])
        except Unavailable as reason:
            print(f"skipped: this machine does not let us make hosts: {reason}")
            return 77
        end.callback(network.close)
        work = pathlib.Path(end.enter_context(tempfile.TemporaryDirectory()))
        os.chmod(work, 0o700)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", work / "ca.key",
                "-out", work / "ca.pem", "-days", "2", "-subj", "/CN=An authority for an hour")
        names = {f"{name}.test": host.address for name, host in network.hosts.items()}
        network.name_hosts(names)
        nodes = {}
        for name, host in network.hosts.items():
            nodes[name] = Node(work, host, name, behind_nginx=name != "c")
            end.callback(nodes[name].close)
        pem = openssl("pkey", "-pubout", text=openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096")).decode()
        time.sleep(1)  # nginx.
        users = [User(nodes[name], username, pem) for name, username in (("a", "anna"), ("b", "bela"), ("c", "cara"))]
        scenes(network, nodes, names, users)
    return 0


def scenes(network, nodes, names, users):
    between = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b"), ("a", "c"), ("c", "a")]

    def with_faults(what, faults, seconds):
        def during(until):
            network.faults = faults
            time.sleep(max(0.0, until - time.monotonic()))
        talk(users, seconds, during)
        network.faults = {}
        converge(what, users)

    talk(users, 2)
    converge("a quiet network", users)
    with_faults("a cut between two nodes", {pair: Fault(loss=1) for pair in between[:2]}, 6)
    with_faults("a node cut off from all", {pair: Fault(loss=1) for pair in between if "b" in pair}, 6)
    with_faults("packets of one direction lost", {("b", "a"): Fault(loss=1)}, 6)
    with_faults("three packets of ten lost", {pair: Fault(loss=0.3) for pair in between}, 8)
    with_faults("two seconds of delay", {pair: Fault(delay=1) for pair in between}, 8)
    with_faults("packets out of order", {pair: Fault(delay=0.01, jitter=0.1) for pair in between}, 5)

    moved = ".".join(names["b.test"].split(".")[:3] + ["77"])
    nodes["b"].host.move(moved)
    network.name_hosts({**names, "b.test": moved})
    talk(users, 3)
    converge("a node that moved to another address", users)

    chance = random.Random(2)

    def kill(until):
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.2, 1.5))
            victim = chance.choice(list(nodes.values()))
            victim.kill()
            time.sleep(chance.uniform(0, 0.5))
            victim.start()

    talk(users, max(4, KILLS * 1.5), kill)
    converge(f"nodes killed {KILLS} times", users)
    print(f"{network.carried} packets carried, {network.dropped} lost")


sys.exit(main())
