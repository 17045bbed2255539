"""The test kit: nodes that leave nothing behind."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

import mychat
import mychat.testing
import pytest


def alive(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int, folder: pathlib.Path) -> bool:
    for _ in range(600):
        if not alive(pid) and not folder.exists():
            return True
        time.sleep(0.05)
    return False


def pid_of(node: mychat.testing.Node) -> int:
    lines = (node.folder / "ready").read_text().splitlines()
    return int(dict(line.split("=", 1) for line in lines)["PID"])


def test_a_node_is_ready_and_leaves_nothing() -> None:
    with mychat.testing.Node(domain="chat.example.org") as node:
        with urllib.request.urlopen(node.url + "/ready") as answer:
            assert answer.status == 200
        alice = node.user("alice")
        assert alice.account().handle == node.handle("alice") == "alice@chat.example.org"
        pid, folder = pid_of(node), node.folder
        assert "listens on" in node.log() and node.url in repr(node)
    assert alice.closed and gone(pid, folder)
    node.close()


def test_a_stopped_node_starts_again_with_its_data() -> None:
    with mychat.testing.Node() as node:
        alice = node.user("alice")
        node.user("bob")
        url, pid = node.url, pid_of(node)
        node.stop()
        assert not alive(pid)
        node.stop()
        assert node.start().start().url == url
        assert alice.lookup("bob@localhost", timeout=60).handle == "bob@localhost"


def test_a_forgotten_node_ends() -> None:
    node = mychat.testing.Node().start()
    pid, folder = pid_of(node), node.folder
    del node
    assert gone(pid, folder)


@pytest.mark.parametrize("end", ["sys.exit(0)", "os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)", "raise ValueError"])
def test_a_node_ends_with_its_program(end: str) -> None:
    code = f"""
import os, signal, sys, threading
import mychat.testing
made = []
thread = threading.Thread(target=lambda: made.append(mychat.testing.Node().start()))
thread.start(); thread.join()   # Its thread ends before it does.
node = made[0]
print(open(node.folder / "ready").read().split("PID=")[1].strip(), node.folder, flush=True)
{end}
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    pid, folder = done.stdout.split()
    assert gone(int(pid), pathlib.Path(folder))


def test_the_program_is_found_or_said_what_was_tried(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mychat-server"
    program.write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    monkeypatch.delenv("MYCHAT_SERVER", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="set MYCHAT_SERVER"):
        mychat.testing.find_server()
    with pytest.raises(FileNotFoundError, match="is not a program"):
        mychat.testing.find_server(program)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert mychat.testing.find_server() == str(program)
    node = mychat.testing.Node()
    with pytest.raises(RuntimeError, match="did not start:\nbroken"):
        node.start()
    assert not node.folder.exists()


def test_keys_are_cached_privately(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    keys = []
    for _ in range(2):
        with mychat.testing.Node() as node:
            keys.append([node.user(name).public_key() for name in ("alice", "bob")])
    assert keys[0] == keys[1] and keys[0][0] != keys[0][1]
    files = sorted((tmp_path / "mychat-testing").iterdir())
    assert len(files) == 2 and {file.stat().st_mode & 0o777 for file in files} == {0o600}
    with mychat.testing.Node(cache_identities=False) as node:
        assert node.user("alice").public_key() not in keys[0]


def test_the_fixture_for_pytest(tmp_path: pathlib.Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_it(mychat_node):\n    assert mychat_node.user('alice').account().logged_in\n"
    )
    plugin = [] if "mychat" in installed_plugins() else ["-p", "mychat.testing.plugin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "MYCHAT_SERVER": mychat.testing.find_server()},
    )
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


def installed_plugins() -> "set[str]":
    from importlib.metadata import entry_points

    found = entry_points()
    if hasattr(found, "select"):
        return {point.name for point in found.select(group="pytest11")}
    return {point.name for point in found.get("pytest11", [])}


def test_interrupting_the_terminal_does_not_kill_the_node_first() -> None:
    with mychat.testing.Node() as node:
        assert os.getpgid(pid_of(node)) != os.getpgid(0)
        os.kill(pid_of(node), signal.SIGCONT)


def test_a_forked_child_that_ends_leaves_its_parents_node_alone(tmp_path: pathlib.Path) -> None:
    program = """
import os, sys, urllib.request
import mychat.testing
with mychat.testing.Node() as node:
    child = os.fork()
    if child == 0:
        sys.exit(0)  # An ordinary end: out of the block, and with all finalisers.
    assert os.waitpid(child, 0)[1] == 0
    assert (node.folder / "node.log").exists()
    with urllib.request.urlopen(node.url + "/ready") as answer:
        assert answer.status == 200
    node.stop()
    node.start()
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_node_that_was_closed_begins_anew() -> None:
    node = mychat.testing.Node()
    for _ in range(2):
        with node:
            with urllib.request.urlopen(node.url + "/ready") as answer:
                assert answer.status == 200
            folder = node.folder
        assert not folder.exists() and node.url == ""
