from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from chatapp.core.paths import Paths
from chatapp.storage.store import Store


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.of({"CHATAPP_HOME": str(tmp_path / "home")})


@pytest_asyncio.fixture
async def store(paths: Paths) -> AsyncIterator[Store]:
    opened = Store.open(paths)
    yield opened
    await opened.close()
