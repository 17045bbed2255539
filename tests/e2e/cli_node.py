"""A real node and the real command line, for the tests of this folder. Python 3, standard library only."""

import ctypes
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

LIMIT = 120  # Seconds that no single step ever needs, also with sanitizers on a busy machine.


def program(name):
    path = os.environ[name]
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{name}={path} is not a program")
    return path


_LIBC = ctypes.CDLL(None)


def end_with_parent():
    """In the child: a test that is killed leaves no program behind."""
    _LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Node:
    """A node on loopback: `mychat-server dev`, or with settings `run`. It can be stopped, and started again on the same
    port and data."""

    def __init__(self, folder, settings=None):
        self.folder = pathlib.Path(folder)
        self.settings = settings
        self.port = 0
        self.url = ""
        self.process = None

    def start(self):
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        data = str(self.folder / "data")
        with open(self.folder / "node.log", "ab") as log:
            if self.settings is not None and not self.port:
                subprocess.run([program("MYCHAT_SERVER"), "init", "--domain", "localhost", "--data-dir", data],
                               stdout=log, stderr=log, check=True, timeout=LIMIT)
            self.process = subprocess.Popen(
                [program("MYCHAT_SERVER"), "dev" if self.settings is None else "run", "--port", str(self.port),
                 "--data-dir", data, "--ready-file", str(ready)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(self.settings or {})}, preexec_fn=end_with_parent)
        deadline = time.monotonic() + LIMIT
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The node did not start:\n" + (self.folder / "node.log").read_text())
            time.sleep(0.02)
        facts = dict(line.split("=", 1) for line in ready.read_text().split())
        self.port, self.url = int(facts["PORT"]), facts["URL"]

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Result:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    def json(self):
        return json.loads(self.out)

    def error(self):
        """The error that --json printed: the last line of standard error."""
        return json.loads(self.err.strip().splitlines()[-1])["error"]

    def __repr__(self):
        return f"exit code {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


class Case(unittest.TestCase):
    """One node and one folder for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="mychat-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.node = cls.make_node()
        cls.addClassCleanup(cls.node.stop)
        cls.node.start()

    @classmethod
    def make_node(cls):
        return Node(cls.folder)

    @classmethod
    def environment(cls, **changes):
        env = {key: value for key, value in os.environ.items() if not key.startswith("MYCHAT_")}
        env.update(MYCHAT_PASSPHRASE="the store's passphrase", MYCHAT_PASSWORD="the account's password",
                   MYCHAT_BACKUP_PASSWORD="the backup's password", MYCHAT_NODE=cls.node.url,
                   XDG_DATA_HOME=str(cls.folder / "share"), HOME=str(cls.folder), TZ="UTC")
        env.update(changes)
        return {key: value for key, value in env.items() if value is not None}

    @classmethod
    def run_cli(cls, profile, *arguments, text="", **changes):
        process = subprocess.run([program("MYCHAT_CLI"), "--profile", profile, *map(str, arguments)], input=text,
                                 env=cls.environment(**changes), cwd=cls.folder, capture_output=True, text=True,
                                 timeout=LIMIT)
        return Result(process)

    @classmethod
    def must(cls, profile, *arguments, **more):
        result = cls.run_cli(profile, *arguments, **more)
        if result.code != 0:
            raise AssertionError(f"mychat {' '.join(map(str, arguments))}: {result!r}")
        return result

    @classmethod
    def start_cli(cls, profile, *arguments):
        return Running([program("MYCHAT_CLI"), "--profile", profile, *arguments], cls.environment(), cls.folder)

    def eventually(self, look, wanted):
        """Waits until look() gives what is wanted: news travels at its own pace on a busy machine."""
        deadline = time.monotonic() + LIMIT
        while (seen := look()) != wanted and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(seen, wanted)

    def assert_error(self, result, code, status):
        self.assertEqual(result.code, code, result)
        error = result.error()
        self.assertEqual(set(error), {"status", "domain", "detail", "retryable", "message"})
        self.assertEqual(error["status"], status, result)
        self.assertTrue(error["message"])
        self.assertIsInstance(error["retryable"], bool)


class Running:
    """A program that goes on, read line by line with a limit."""

    def __init__(self, command, env, folder):
        self.process = subprocess.Popen(command, env=env, cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        preexec_fn=end_with_parent)
        self.pending = b""

    def line(self, limit=LIMIT):
        deadline = time.monotonic() + limit
        while b"\n" not in self.pending:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                raise AssertionError(f"No line came; there is {self.pending!r}")
            self.pending += chunk
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode()

    def wait_for(self, wanted):
        """The first JSON line that `wanted` says yes to."""
        while True:
            item = json.loads(self.line())
            if wanted(item):
                return item

    def end(self, number=None):
        """Ends it, if told so by a signal; the exit code."""
        try:
            if number is not None:
                self.process.send_signal(number)
            return self.process.wait(LIMIT)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
