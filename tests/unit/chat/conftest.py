"""Sessions on real stores, in a file and in memory."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from chatapp.backends.script import Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.core.paths import Paths
from chatapp.storage.store import Store

sys.path.insert(0, str(Path(__file__).parents[2] / "fakes"))

from desk import Desk


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "data", tmp_path / "config", tmp_path / "cache", tmp_path / "state")


@pytest.fixture(params=["file", "incognito"])
def incognito(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "incognito")


@pytest.fixture
async def store(paths: Paths, incognito: bool) -> AsyncIterator[Store]:
    opened = Store.open(paths, incognito=incognito)
    yield opened
    await opened.close()


@pytest.fixture
async def desk(store: Store) -> AsyncIterator[Callable[..., Desk]]:
    """Make a session on the scripts that are given: `desk(Script(…), …)`."""
    desks: list[Desk] = []

    def make(*scripts: Script, **options: Any) -> Desk:
        desks.append(Desk(store, ScriptedBackend(scripts or (Script(text="Hello there."),), **options)))
        return desks[-1]

    yield make
    for made in desks:
        await made.session.close()
        await made.backend.close()
