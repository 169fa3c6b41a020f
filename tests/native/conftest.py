"""What the tests of the real engine share."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
sys.path.insert(0, str(Path(__file__).parent))

from engine_run import opened

from chatapp.backends.local import LocalBackend

ROOMY = 16384
"""A context in which no reply ends before a test has done something to it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalBackend]:
    """One engine for all tests of a module, with the tiny model and a roomy context."""
    async with opened(tiny_model, tmp_path_factory.mktemp("logs"), context_size=ROOMY) as backend:
        yield backend
