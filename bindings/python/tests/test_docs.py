"""Every Python snippet of the READMEs runs, against a real node on which a bot called bob answers."""

from __future__ import annotations

import pathlib
import re
import signal
import subprocess
import sys
import threading
from typing import Iterator, List, Tuple

import mychat
import mychat.testing
import pytest
from conftest import ROOT


def snippets() -> List[Tuple[str, str]]:
    found = []
    for name in ("README.md", "bindings/python/README.md"):
        text = (ROOT / name).read_text()
        for match in re.finditer(r"(<!-- a bot -->\n)?^```python\n(.*?)^```", text, re.M | re.S):
            kind = "bot" if match[1] else "program"
            found.append((kind, match[2]))
    return found


def test_the_documents_have_their_snippets() -> None:
    kinds = [kind for kind, _ in snippets()]
    assert kinds.count("program") >= 10 and "bot" in kinds


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuple[mychat.testing.Node, pathlib.Path]]:
    with mychat.testing.Node(domain="chat.example.org") as node:
        bob = node.user("bob")
        node.user("heidi")

        def answer() -> None:
            for event in bob.events(ack=True):
                if isinstance(event, mychat.MessageEvent) and event.message.direction is mychat.Direction.IN:
                    bob.send_text(event.message.sender, f"Bob says: {event.message.text}")

        answering = threading.Thread(target=answer)
        answering.start()
        yield node, tmp_path_factory.mktemp("snippets")
        bob.close()
        answering.join()


@pytest.mark.parametrize("kind, code", snippets(), ids=lambda value: value.splitlines()[-1][:40] if "\n" in value else value)
def test_it_runs(kind: str, code: str, place: Tuple[mychat.testing.Node, pathlib.Path]) -> None:
    node, folder = place
    program = code.replace("https://chat.example.org", node.url)
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if kind == "bot":
        with node.user("asker") as asker:
            while True:
                try:
                    asker.lookup(node.handle("echo_bot"))
                    break
                except mychat.NotFoundError:
                    assert process.poll() is None, process.communicate()
            asker.send_text(node.handle("echo_bot"), "Grüße")
            for event in asker.events(timeout=60):
                if isinstance(event, mychat.MessageEvent):
                    assert event.message.text == "Echo: Grüße"
                    break
        process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
