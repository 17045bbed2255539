"""Peers and nodes for the scenarios. Python 3.9, standard library only."""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import queue
import subprocess
import threading
import time
from typing import Any, Dict, List, Optional

LIMIT = 90.0  # Seconds that no single step ever needs, also with sanitizers on a busy machine.


class Failed(AssertionError):
    """A step gave something else than it must."""


class PeerError(Exception):
    """The error that a peer answered."""

    def __init__(self, who: str, call: str, error: Dict[str, Any]) -> None:
        super().__init__(f"{who}: {call}: {error}")
        self.error = error


class Peer:
    """One peer program. ``peer.send(to=..., text=...)`` does it and returns the result, or raises `PeerError`."""

    def __init__(self, language: str, command: List[str], name: str, world: "World") -> None:
        self.language = language
        self.name = name
        self.world = world
        self.store = str(world.folder / f"{name}.mychat")
        self.passphrase = f"Geheimnis von {name} – секрет"
        self.password = f"Kennwort von {name} – пароль"
        self._numbers = itertools.count(1)
        self._answers: "queue.Queue[Optional[bytes]]" = queue.Queue()
        self._log = open(world.folder / f"{name}.log", "ab")  # noqa: SIM115
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, bufsize=0
        )
        threading.Thread(target=self._read, daemon=True).start()
        hello = self.hello()
        if hello["language"] != language or hello["protocol"] != 1:
            raise Failed(f"{command} is another peer: {hello}")

    def __repr__(self) -> str:
        return f"{self.name}({self.language})"

    @property
    def handle(self) -> str:
        return f"{self.name}@localhost"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def __getattr__(self, call: str) -> Any:
        if call.startswith("_"):
            raise AttributeError(call)
        return lambda **given: self.do(call, given)

    def do(self, call: str, given: Dict[str, Any]) -> Any:
        number = next(self._numbers)
        line = json.dumps({"id": number, "do": call, **given}, ensure_ascii=number % 2 == 0)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            answer = self._answers.get(timeout=LIMIT)
        except (queue.Empty, BrokenPipeError):
            answer = None
        if answer is None:
            log = (self.world.folder / f"{self.name}.log").read_text(errors="replace")
            raise Failed(f"{self!r}: {call}: no answer; the program {self._process.poll()!r}\n{log}")
        said = json.loads(answer)
        if said.get("id") != number or not isinstance(said.get("ok"), bool):
            raise Failed(f"{self!r}: {call}: not an answer: {answer!r}")
        if said["ok"]:
            return said["result"]
        raise PeerError(repr(self), call, said["error"])

    # ---- What many scenarios begin with

    def open_store(self, **more: Any) -> None:
        self.open(**{"store": self.store, "passphrase": self.passphrase, "node_url": self.world.node.url, **more})

    def join(self) -> "Peer":
        """Open a new store and register, with a key made before where there is one."""
        self.open_store()
        key = self.world.keys.take()
        if key is not None:
            self.import_private_key(key=key)
        self.register(username=self.name, password=self.password)
        self.world.used_keys.append(key or self.export_private_key()["key"])
        self.online()
        return self

    def online(self) -> None:
        self.wait(type="connection", match={"state": "online"})

    def receive(self, **match: Any) -> Dict[str, Any]:
        """The next message event of this kind."""
        return dict(self.wait(type="message", match=match))

    def reached(self, message_id: str, status: str) -> Dict[str, Any]:
        return dict(self.wait(type="message_status", match={"id": message_id, "status": status}))

    def end(self) -> None:
        """End by `exit`, which must work."""
        try:
            self.exit()
            code = self._process.wait(LIMIT)
            if code != 0:
                raise Failed(f"{self!r} ended with {code}")
        finally:
            self.kill()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._log):
            if pipe is not None:
                pipe.close()


class Keys:
    """Identity keys that users of this run made, for users of later scenarios: making one takes a second or so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: List[str] = []

    def take(self) -> Optional[str]:
        with self._lock:
            return self._keys.pop() if self._keys else None

    def give(self, key: str) -> None:
        with self._lock:
            self._keys.append(key)


class Node:
    """``mychat-server dev`` on a lifeline."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.port = 0
        self.url = ""
        self._process: Optional["subprocess.Popen[bytes]"] = None

    def start(self) -> None:
        ready = self.folder / "ready"
        if ready.exists():
            ready.unlink()
        with open(self.folder.parent / f"{self.folder.name}.log", "ab") as log:
            self._process = subprocess.Popen(
                [os.environ["MYCHAT_SERVER"], "dev", "--lifeline", "--port", str(self.port), "--data-dir", str(self.folder),
                 "--ready-file", str(ready)], stdin=subprocess.PIPE, stdout=log, stderr=log)
        end = time.monotonic() + LIMIT
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise Failed("the node did not start")
            time.sleep(0.01)
        facts = dict(line.split("=", 1) for line in ready.read_text().splitlines())
        self.port, self.url = int(facts["PORT"]), facts["URL"]

    def stop(self) -> None:
        """The data stays, for `start`."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(LIMIT)
            self.close()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            try:
                process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class World:
    """What one run of one scenario has: a node, a folder, peers."""

    _names = itertools.count(1)

    def __init__(self, node: Node, folder: pathlib.Path, commands: Dict[str, List[str]], keys: Keys) -> None:
        self.node = node
        self.folder = folder
        self.keys = keys
        self.used_keys: List[str] = []
        self._commands = commands
        self._peers: List[Peer] = []

    def peer(self, language: str) -> Peer:
        """A new program of this language, with a user name of its own."""
        name = f"{language}_{next(World._names)}"
        peer = Peer(language, self._commands[language], name, self)
        self._peers.append(peer)
        return peer

    def end(self) -> None:
        for peer in self._peers:
            peer.end()

    def kill(self) -> None:
        for peer in self._peers:
            peer.kill()
        for key in self.used_keys:
            self.keys.give(key)
