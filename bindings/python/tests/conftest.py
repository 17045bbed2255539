from __future__ import annotations

import itertools
import pathlib
from typing import Callable, Iterator

import mychat
import mychat.testing
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PASSPHRASE = "Geheimnis – секрет – 秘密"


@pytest.fixture(scope="session")
def node() -> Iterator[mychat.testing.Node]:
    with mychat.testing.Node() as started:
        yield started


_numbers = itertools.count(1)


@pytest.fixture
def name() -> str:
    """A user name that no other test has."""
    return f"user_{next(_numbers)}"


@pytest.fixture
def make_user(node: mychat.testing.Node) -> Iterator[Callable[[], mychat.Client]]:
    """Registered users of the shared node, closed after the test."""
    made = []

    def make() -> mychat.Client:
        client = node.user(f"user_{next(_numbers)}")
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def offline_client(tmp_path: pathlib.Path) -> Iterator[mychat.Client]:
    with mychat.Client(tmp_path / "offline.mychat", passphrase=PASSPHRASE) as client:
        yield client
