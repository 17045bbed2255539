"""What the binding costs beside the C ABI, measured in the same run. JSON lines, as tests/bench prints them.

bench.py BENCH_ABI [WHEEL]    with MYCHAT_SERVER, and the package installed
"""

from __future__ import annotations

import asyncio
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable, List, Sequence, Tuple

import mychat
import mychat.testing

MESSAGES = 1000
ROUNDS = 9


def percentile(samples: Sequence[float], q: float) -> float:
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def report(name: str, unit: str, samples: Sequence[float], floor: float = 0, ratio: float = 0, **more: Any) -> None:
    line = {"name": name, "unit": unit, "median": statistics.median(samples), "p95": percentile(samples, 0.95)}
    line.update(n=len(samples), floor=floor, ratio=ratio, **more)
    print(json.dumps({k: float(f"{v:.6g}") if isinstance(v, float) else v for k, v in line.items()}), flush=True)


def per_call(call: Callable[[], object], number: int = 100_000) -> float:
    """Nanoseconds a call, without the loop's own."""
    start = time.perf_counter()
    for _ in range(number):
        pass
    empty = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - start - empty) / number * 1e9


def in_c(program: str, store: pathlib.Path) -> Tuple[float, float, float]:
    done = subprocess.run([program, str(store)], check=True, stdout=subprocess.PIPE, text=True)
    version, policy, event = (float(part) for part in done.stdout.split())
    return version, policy, event


def zero_key() -> bytes:
    return bytes(32)


def calls_and_events(program: str, store: pathlib.Path) -> None:
    """Rounds of C and Python in turn, so that a busy machine disturbs both alike."""
    c: List[Tuple[float, float, float]] = []
    python: List[Tuple[float, float, float]] = []
    loop: List[float] = []
    for _ in range(ROUNDS):
        c.append(in_c(program, store))
        with mychat.Client(store, store_key=zero_key) as client:
            start = time.perf_counter()
            count = sum(1 for _ in client.events(timeout=0))
            events = (time.perf_counter() - start) / count * 1e9
            python.append((per_call(mychat.version_number), per_call(client.policy), events))
        loop.append(asyncio.run(events_of_a_loop(store)))
    for i, name in enumerate(("python_call_version", "python_call_policy", "python_event")):
        floor = statistics.median(sample[i] for sample in c)
        ours = [sample[i] for sample in python]
        extra = statistics.median(a[i] - b[i] for a, b in zip(python, c))
        report(name, "ns", ours, floor, statistics.median(ours) / floor, overhead=extra)
    floor = 1e9 / statistics.median(sample[2] for sample in c)
    report("python_asyncio_events", "1/s", loop, floor, statistics.median(loop) / floor)


async def events_of_a_loop(store: pathlib.Path) -> float:
    """Events a second through `async for`."""
    async with mychat.AsyncClient(store, store_key=zero_key) as client:
        taken, start = 0, time.perf_counter()
        async for _ in client.events():
            taken += 1
            if taken % MESSAGES == 0:
                client.rewind()
            if taken == 5 * MESSAGES:
                break
        return taken / (time.perf_counter() - start)


async def lag(client: mychat.AsyncClient, tasks: int, seconds: float) -> List[float]:
    """How late, in milliseconds, the loop calls what was due after one."""
    end = time.monotonic() + seconds
    late: List[float] = []

    async def ask() -> None:
        while time.monotonic() < end:
            await client.node_info()

    asking = [asyncio.ensure_future(ask()) for _ in range(tasks)]
    while time.monotonic() < end:
        due = time.perf_counter() + 0.001
        await asyncio.sleep(0.001)
        late.append(max(0.0, (time.perf_counter() - due) * 1e3))
    await asyncio.gather(*asking)
    return late


async def loop_lag(node: mychat.testing.Node, user: mychat.AsyncClient) -> None:
    async with user as client:
        await client.start()
        idle, busy = await lag(client, 0, 3), await lag(client, 20, 6)
        floor = percentile(idle, 0.99)
        high = percentile(busy, 0.99)
        report("python_loop_lag_20_calls", "ms", busy, floor, high / floor, p99=high)


def import_time() -> None:
    def run(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return (time.perf_counter() - start) * 1e3

    run("import mychat")
    bare, ours = [], []
    for _ in range(15):
        bare.append(run("import asyncio, dataclasses, logging, uuid"))
        ours.append(run("import mychat"))
    floor = statistics.median(bare)
    extra = statistics.median(a - b for a, b in zip(ours, bare))
    report("python_import", "ms", ours, floor, statistics.median(ours) / floor, overhead=extra)


def main() -> None:
    program = sys.argv[1]
    with tempfile.TemporaryDirectory(dir=".") as folder, mychat.testing.Node() as node:
        store = pathlib.Path(folder) / "receiver.mychat"
        receiver = mychat.Client(store, store_key=zero_key, node_url=node.url)
        receiver.register("receiver", "password")
        sender = node.user("sender")
        ids = [sender.send_text(node.handle("receiver"), f"Nachricht {i} – сообщение") for i in range(MESSAGES)]
        while sender.message(ids[-1]).status < mychat.MessageStatus.DELIVERED:
            time.sleep(0.05)
        receiver.close()
        calls_and_events(program, store)
        asyncio.run(loop_lag(node, node.async_user("looper")))
    import_time()
    if len(sys.argv) > 2:
        report("python_wheel", "bytes", [pathlib.Path(sys.argv[2]).stat().st_size])


if __name__ == "__main__":
    main()
