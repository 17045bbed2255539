#!/usr/bin/env python3
"""Runs every scenario of bindings/SCENARIOS.md with the peers in MYCHAT_PEERS, each alone and every pair, against MYCHAT_SERVER.

run.py [--jobs N] [--scenario NAME]... [--language NAME]...    The exit code is 0 when all passed.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import sys
import tempfile
import time
import traceback
from typing import Any, Dict, Iterator, List, Tuple

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import Keys, Node, World  # noqa: E402
import scenarios_mls  # noqa: E402, F401  (It adds its own.)
from scenarios import SCENARIOS  # noqa: E402

OWN_NODE = {"reconnect"}  # Scenarios that stop the node.


def runs(chosen: List[str], languages: List[str]) -> Iterator[Tuple[str, Tuple[str, ...]]]:
    for name, (_, parties) in SCENARIOS.items():
        if chosen and name not in chosen:
            continue
        for parts in itertools.product(languages, repeat=parties):
            yield name, parts


def run(name: str, languages: Tuple[str, ...], shared: Node, folder: pathlib.Path, commands: Any, keys: Keys) -> str:
    """Nothing, or what failed."""
    here = folder / "-".join((name, *languages))
    here.mkdir()
    node = Node(here / "node") if name in OWN_NODE else shared
    if node is not shared:
        node.folder.mkdir()
        node.start()
    world = World(node, here, commands, keys)
    try:
        SCENARIOS[name][0](world, *languages)
        world.end()
        return ""
    except Exception:
        return traceback.format_exc()
    finally:
        world.kill()
        if node is not shared:
            node.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--scenario", action="append", default=[], choices=list(SCENARIOS))
    parser.add_argument("--language", action="append", default=[])
    options = parser.parse_args()
    commands: Dict[str, List[str]] = json.loads(os.environ["MYCHAT_PEERS"])
    languages = options.language or list(commands)
    failed: List[str] = []
    with tempfile.TemporaryDirectory(prefix="mychat-scenarios-") as place:
        folder = pathlib.Path(place)
        shared = Node(folder / "node")
        shared.folder.mkdir()
        shared.start()
        keys = Keys()
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            began = {}
            for name, parts in runs(options.scenario, languages):
                began[pool.submit(run, name, parts, shared, folder, commands, keys)] = (name, parts, time.monotonic())
            for future in concurrent.futures.as_completed(began):
                name, parts, _ = began[future]
                what = f"{name} ({', '.join(parts)})"
                print(f"{'FAILED' if future.result() else 'ok    '} {what}", flush=True)
                if future.result():
                    failed.append(what)
                    print(future.result(), flush=True)
        shared.close()
    print(f"{len(began) - len(failed)} of {len(began)} passed")
    return 1 if failed or not began else 0


if __name__ == "__main__":
    sys.exit(main())
