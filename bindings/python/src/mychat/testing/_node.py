from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import weakref
from types import TracebackType
from typing import IO, Any, Dict, List, Optional, Type, Union

from .. import AsyncClient, Client

_LIMIT = 60.0  # Seconds that no step ever needs, also on a busy machine.


def find_server(server: Union[None, str, "os.PathLike[str]"] = None) -> str:
    """The program ``mychat-server``: the argument, ``MYCHAT_SERVER``, the one on the PATH, or the one of a build around here.

    `FileNotFoundError` says what was tried.
    """
    named = server or os.environ.get("MYCHAT_SERVER")
    if named:
        found = shutil.which(os.fspath(named))
        if found is None:
            raise FileNotFoundError(f"mychat-server: {os.fspath(named)} is not a program")
        return found
    found = shutil.which("mychat-server")
    if found is not None:
        return found
    for folder in (pathlib.Path.cwd(), *pathlib.Path.cwd().parents):
        if (folder / "server-reference").is_dir():
            for program in sorted(folder.glob("build/*/server-reference/app/mychat-server")):
                if os.access(program, os.X_OK):
                    return str(program)
    raise FileNotFoundError(
        "mychat-server was not found: set MYCHAT_SERVER, put it on the PATH, or build it (./dev build dev mychat-server)"
    )


def _cache() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "mychat-testing"


class _Identities:
    """Keys for users of tests, kept between runs: making one takes up to some seconds. Never use them for anything else."""

    def __init__(self, folder: Optional[pathlib.Path]) -> None:
        self._folder = folder
        self._next = 0

    def take(self) -> Optional[pathlib.Path]:
        """A file for the key of one more user, which may not exist yet."""
        if self._folder is None:
            return None
        self._next += 1
        return self._folder / f"identity-{self._next}.pem"

    @staticmethod
    def keep(path: pathlib.Path, client: Client) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)  # Mode 0600.
        with os.fdopen(handle, "wb") as file:
            file.write(client.export_private_key())
        os.replace(temporary, path)


class Node:
    """A ``mychat-server`` of your own, on loopback and a free port, with open registration, in a temporary folder.

    Use it as a context manager, or `start` and `close` it. It ends, and its folder is erased, when it is closed, forgotten, when
    the interpreter ends, and when this process is killed: the server holds a pipe from it as a lifeline.

    Args:
        server: The program; see `find_server`.
        domain: Domain of the handles.
        cache_identities: Reuse the keys of earlier runs (``~/.cache/mychat-testing``), as making one takes a second or so.
        arguments: More arguments of ``mychat-server dev``.
    """

    def __init__(
        self,
        *,
        server: Union[None, str, "os.PathLike[str]"] = None,
        domain: str = "localhost",
        cache_identities: bool = True,
        arguments: "tuple[str, ...]" = (),
    ) -> None:
        self._server = find_server(server)
        self._arguments = arguments
        self._identities = _Identities(_cache() if cache_identities else None)
        self._names: Dict[str, int] = {}
        self._clients: List[Client] = []
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._finalizer: Optional[weakref.finalize] = None  # type: ignore[type-arg]
        self.domain = domain
        """Domain of the handles."""
        self.folder: pathlib.Path = pathlib.Path()
        """Where everything is: the node's data, its log ``node.log``, and the users' stores."""
        self.port = 0
        """The port, the same after `stop` and `start`."""
        self.url = ""
        """``http://127.0.0.1:PORT``"""

    def __repr__(self) -> str:
        return f"<mychat.testing.Node {self.url or 'not started'}>"

    def __enter__(self) -> Node:
        return self.start()

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    # ---- Life

    def start(self) -> Node:
        """Start the node, or start it again on the same port and data. Returns when it is ready."""
        if self._process is not None:
            return self
        if self._finalizer is None:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mychat-testing-"))
            self._finalizer = weakref.finalize(self, _erase, self.folder, os.getpid())
        ready = self.folder / "ready"
        with contextlib.suppress(FileNotFoundError):
            ready.unlink()
        command = [self._server, "dev", "--lifeline", "--port", str(self.port), "--data-dir", str(self.folder)]
        command += ["--domain", self.domain, "--ready-file", str(ready), *self._arguments]
        with open(self.folder / "node.log", "ab") as log:
            # In a session of its own, so that Ctrl-C in a terminal does not reach it before its users are closed.
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        self._process = process
        self._finalizer.detach()
        self._finalizer = weakref.finalize(self, _end, process, self.folder, os.getpid())
        self._wait_until_ready(process, ready)
        return self

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]", ready: pathlib.Path) -> None:
        # The file appears, with all of its text, when the node listens and GET /ready answers.
        end = time.monotonic() + _LIMIT
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > end:
                log = self.log()
                self.close()
                raise RuntimeError(f"mychat-server did not start:\n{log}")
            time.sleep(0.005)
        facts = dict(line.split("=", 1) for line in ready.read_text().splitlines())
        self.port, self.url = int(facts["PORT"]), facts["URL"]

    def stop(self) -> None:
        """Stop the node and keep its data, for `start`."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        _wait(process)
        _input(process).close()

    def close(self) -> None:
        """Close the users made here, stop the node and erase its folder."""
        clients, self._clients = self._clients, []
        for client in clients:
            client.close()
        self._process = None
        finalizer, self._finalizer = self._finalizer, None
        if finalizer is not None:
            finalizer()
        self.port, self.url = 0, ""  # `start` makes another node.

    def log(self) -> str:
        """What the node has logged so far."""
        return (self.folder / "node.log").read_text(errors="replace")

    # ---- Users

    def handle(self, username: str) -> str:
        """Handle of a user of this node."""
        return f"{username}@{self.domain}"

    def store(self, name: str) -> pathlib.Path:
        """Path for a store inside the folder, one of its own for each call."""
        number = self._names[name] = self._names.get(name, 0) + 1
        return self.folder / (f"{name}.mychat" if number == 1 else f"{name}-{number}.mychat")

    def client(self, name: str = "client", **options: Any) -> Client:
        """A client with a new store that knows this node, and no account yet. Options as `mychat.Client`."""
        options.setdefault("passphrase", f"passphrase of {name}")
        client = Client(self.store(name), node_url=self.url, **options)
        self._clients.append(client)
        return client

    def user(self, username: str, *, password: str = "password of the user", **options: Any) -> Client:
        """A registered client, online. It is closed with the node, if not before."""
        client = self.client(username, **options)
        identity = self._identities.take()
        if identity is not None and identity.exists():
            client.import_private_key(identity.read_bytes())
        client.register(username, password, timeout=_LIMIT)
        if identity is not None and not identity.exists():
            self._identities.keep(identity, client)
        return client

    def async_user(
        self, username: str, *, password: str = "password of the user", **options: Any
    ) -> AsyncClient:
        """As `user`, for asyncio: ``async with node.async_user("alice") as alice``, which is online after `start`.

        It registers while it is called, which blocks.
        """
        passphrase = options.setdefault("passphrase", f"passphrase of {username}")
        client = self.user(username, password=password, passphrase=passphrase)
        store = client._store_path
        client.close()
        return AsyncClient(store, **options)


def _input(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _erase(folder: pathlib.Path, owner: int) -> None:
    if os.getpid() == owner:  # A forked child's ordinary end is not the end of its parent's node.
        shutil.rmtree(folder, ignore_errors=True)


def _end(process: "subprocess.Popen[bytes]", folder: pathlib.Path, owner: int) -> None:
    _input(process).close()  # The lifeline: the node stops and erases the folder.
    if os.getpid() == owner:
        _wait(process)
    _erase(folder, owner)
