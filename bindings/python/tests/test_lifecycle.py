"""Ends in any order: closing, garbage collection, exit, fork. Each in a process of its own: no crash, no hang, no thread left."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
from typing import List, Optional

import mychat.testing
import pytest

PROLOGUE = """
import asyncio, faulthandler, gc, os, signal, sys, threading, time
import mychat
faulthandler.enable()
faulthandler.dump_traceback_later(60, exit=True)
store, url = sys.argv[1:3]

def client(name="s", **options):
    return mychat.Client(os.path.join(store, name), store_key=lambda: bytes(32), node_url=url, **options)

def log(level, component, message):
    pass
"""


def run(code: str, folder: pathlib.Path, url: str, expected: int = 0, flags: Optional[List[str]] = None) -> str:
    program = PROLOGUE + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, *(flags or []), "-c", program, str(folder), url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == expected, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    for word in ("Fatal", "terminate called", "Segmentation", "Traceback"):
        assert word not in done.stderr, done.stderr
    return done.stdout


ENDS = {
    "closed": "c = client(); c.start(); c.close()",
    "never closed": "c = client(); c.start()",
    "online, never closed": "c = client(log=log, log_level=0); c.register(NAME, 'password')",
    "forgotten": "c = client(); c.start(); del c",
    "in a cycle": "c = client(log=log); c.itself = c; c.start(); del c",
    "a request under way": "c = client(log=log); r = c.begin.register(NAME, 'password')",
    "a forgotten request": "c = client(); c.begin.register(NAME, 'password')",
    "requests after their client": "c = client(); r = c.begin.node_info(); c.close(); del c; gc.collect(); del r",
    "the module taken away": "c = client(); c.start(); del sys.modules['mychat'], sys.modules['mychat._mychat']; del mychat",
    "an exception": "c = client(); c.start()\ntry:\n    raise SystemExit(0)\nfinally:\n    c.poll(0)",
    "many, in any order": """
        cs = [client(str(i), log=log) for i in range(6)]
        for c in cs: c.start()
        cs[0].close(); del cs[3]; cs[2].close()
    """,
    "a daemon thread that waits": """
        c = client(log=log); c.start()
        for _ in range(4):
            threading.Thread(target=lambda: [c.poll() for _ in iter(int, 1)], daemon=True).start()
        time.sleep(0.1)
        threading.excepthook = lambda *a: None
    """,
    "a daemon thread that calls": """
        c = client(); c.start()
        def calls():
            while True: c.account(); c.policy()
        for _ in range(4): threading.Thread(target=calls, daemon=True).start()
        time.sleep(0.1)
        threading.excepthook = lambda *a: None
    """,
    "a daemon thread that makes clients": """
        def makes():
            i = 0
            while True: i += 1; client(f"m{i}", log=log).start()
        threading.Thread(target=makes, daemon=True).start()
        time.sleep(0.3)
        threading.excepthook = lambda *a: None
    """,
    "daemon threads that sign as nodes": """
        import mychat.federation
        def calls():
            node = mychat.federation.Node("a.example", "https://a.example", mychat.federation.new_key())
            while True: node.sign_request("b.example", "GET", "https://b.example/x")
        for _ in range(4): threading.Thread(target=calls, daemon=True).start()
        time.sleep(0.1)
    """,
    "an atexit function before ours": """
        import atexit
        c = client(); c.start()
        atexit.register(lambda: c.account())
    """,
    "asyncio, closed": """
        async def main():
            async with mychat.AsyncClient(os.path.join(store, "s"), passphrase="p", node_url=url) as c:
                await c.start(); await c.node_info()
        asyncio.run(main())
    """,
    "asyncio, never closed": """
        async def main():
            global c
            c = await mychat.AsyncClient(os.path.join(store, "s"), passphrase="p", node_url=url, log=log).open()
            await c.start(); await c.node_info()
        asyncio.run(main())
    """,
    "asyncio, a task under way": """
        async def main():
            c = await mychat.AsyncClient(os.path.join(store, "s"), passphrase="p", node_url=url).open()
            asyncio.ensure_future(c.register(NAME, "password"))
            await asyncio.sleep(0.05)
        asyncio.run(main())
    """,
}


@pytest.mark.parametrize("end", list(ENDS))
def test_the_interpreter_ends(end: str, tmp_path: pathlib.Path, node: mychat.testing.Node, name: str) -> None:
    code = textwrap.dedent(ENDS[end]).replace("NAME", repr(name))
    run(f"NAME = {name!r}\n" + code, tmp_path, node.url, flags=["-W", "ignore"])


@pytest.mark.parametrize("order", ["client first", "log first", "module first"])
def test_module_globals_go_in_any_order(order: str, tmp_path: pathlib.Path, node: mychat.testing.Node) -> None:
    names = {"client first": "a_client z_log", "log first": "z_client a_log", "module first": "z_client z_log"}[order]
    client, log = names.split()
    run(f"{log} = lambda *a: len(a)\n{client} = client(log={log})\n{client}.start()", tmp_path, node.url, flags=["-W", "ignore"])


def test_a_killed_process_frees_the_store(tmp_path: pathlib.Path, node: mychat.testing.Node) -> None:
    run("c = client(); c.start(); os.kill(os.getpid(), signal.SIGKILL)", tmp_path, node.url, expected=-signal.SIGKILL)
    run("client().close()", tmp_path, node.url)


def test_no_thread_and_no_descriptor_is_left(tmp_path: pathlib.Path, node: mychat.testing.Node) -> None:
    run(
        """
        def count(what): return len(os.listdir(f"/proc/self/{what}"))
        def once(i):
            with client(log=log) as c:
                c.start(); c.node_info()
        once(0)
        time.sleep(0.2)
        before = count("task"), count("fd")
        for i in range(10): once(i)
        for _ in range(100):
            if (count("task"), count("fd")) <= before: break
            time.sleep(0.05)
        assert count("task") <= before[0] and count("fd") <= before[1], (before, count("task"), count("fd"))
        """,
        tmp_path,
        node.url,
    )


def test_a_forked_child_leaves_the_client_alone(tmp_path: pathlib.Path, node: mychat.testing.Node, name: str) -> None:
    run(
        f"""
        c = client(log=log)
        c.register({name!r}, "password")
        fd = c.event_fd()
        faulthandler.cancel_dump_traceback_later()  # A child's faulthandler waits for ever for the thread behind it.
        child = os.fork()
        if child == 0:
            for call in (c.account, c.poll, c.start, c.begin.node_info):
                try:
                    call()
                except mychat.ClosedError as error:
                    assert "fork" in str(error), error
                else:
                    os._exit(3)
            assert c.event_fd() == -1
            c.close()
            del c
            gc.collect()
            with client("of the child") as own:      # Its own client works.
                assert own.node_info().domain == "localhost"
            sys.exit(0)                              # An ordinary end, with all finalisers.
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        os.fstat(fd)
        assert c.node_info().domain == "localhost"   # The parent's goes on.
        c.close()
        """,
        tmp_path,
        node.url,
        flags=["-W", "ignore"],
    )


def test_multiprocessing_in_all_its_ways(tmp_path: pathlib.Path, node: mychat.testing.Node) -> None:
    script = tmp_path / "ways.py"
    script.write_text(
        textwrap.dedent("""
        import multiprocessing, sys
        import mychat
        def work(arguments):
            store, url = arguments
            with mychat.Client(store, store_key=bytes_of_key, node_url=url) as client:
                return client.node_info().domain
        def bytes_of_key():
            return bytes(32)
        if __name__ == "__main__":
            folder, url = sys.argv[1:]
            parent = mychat.Client(folder + "/parent", store_key=bytes_of_key, node_url=url)
            parent.start()
            for way in ("spawn", "fork", "forkserver"):
                with multiprocessing.get_context(way).Pool(2) as pool:
                    stores = [(f"{folder}/{way}{i}", url) for i in range(4)]
                    assert pool.map(work, stores) == ["localhost"] * 4
            assert parent.node_info().domain == "localhost"
            parent.close()
        """)
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path), node.url],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_child_that_inherits_the_store_does_not_hold_it(tmp_path: pathlib.Path, node: mychat.testing.Node) -> None:
    run(
        """
        c = client()
        r, w = os.pipe()
        faulthandler.cancel_dump_traceback_later()
        child = os.fork()
        if child == 0:
            os.close(w)
            os.read(r, 1)        # Until the parent is done.
            os._exit(0)
        c.close()
        client().close()         # STORE_HELD if the child's copy counted.
        os.close(w)
        os.waitpid(child, 0)
        """,
        tmp_path,
        node.url,
        flags=["-W", "ignore"],
    )


def test_importing_starts_no_thread(tmp_path: pathlib.Path) -> None:
    run("assert len(os.listdir('/proc/self/task')) <= 2", tmp_path, "http://127.0.0.1:9")


def test_a_second_interpreter_is_refused_or_works(tmp_path: pathlib.Path) -> None:
    """Whatever this CPython does with modules that were not made for it: no crash."""
    if sys.version_info < (3, 12):
        pytest.skip("interpreters of their own came with 3.12")
    module = "_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters"
    code = f"""
    import {module} as interpreters
    i = interpreters.create()
    source = "try:\\n    import mychat\\nexcept ImportError as e:\\n    print('refused', flush=True)\\nelse:\\n    print('works', flush=True)"
    try:
        interpreters.run_string(i, source)
    finally:
        interpreters.destroy(i)
    """
    assert run(code, tmp_path, "http://127.0.0.1:9").strip() in ("refused", "works")


def test_the_environment_of_these_tests_is_the_installed_package() -> None:
    assert os.path.basename(mychat.testing.__file__) == "__init__.py"


def test_a_forked_child_does_not_make_its_parents_loop_deaf(tmp_path: pathlib.Path, node: mychat.testing.Node) -> None:
    run(
        """
        async def main():
            async with mychat.AsyncClient(os.path.join(store, "s"), passphrase="p", node_url=url) as c:
                await c.node_info()
                for end in ("await c.close()", "await c.poll(0)", "pass"):
                    faulthandler.cancel_dump_traceback_later()
                    child = os.fork()
                    if child == 0:
                        asyncio.events._set_running_loop(None)
                        async def in_child():
                            if end == "await c.close()":
                                await c.close()
                                assert c.closed
                            elif end == "await c.poll(0)":
                                try:
                                    await c.poll(0)
                                except mychat.ClosedError as error:
                                    assert "fork" in str(error), error
                                else:
                                    os._exit(3)
                        status = 4
                        try:
                            asyncio.new_event_loop().run_until_complete(in_child())
                            status = 0
                        finally:
                            os._exit(status)
                    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, end
                    info = await asyncio.wait_for(c.node_info(), 30)   # It would never come.
                    assert info.domain == "localhost"
        asyncio.run(main())
        """,
        tmp_path,
        node.url,
        flags=["-W", "ignore"],
    )
