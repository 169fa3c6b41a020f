"""The engine keeps the contract of every backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from backend_contract import CHECKS
from engine_run import opened

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import Backend
from chatapp.core.loading import LoadSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalBackend]:
    """With flash attention a score is the same to the last bit, however much of the text was computed before."""
    load = LoadSettings(context_size=8192, threads=1, flash_attention="on")
    async with opened(tiny_model, tmp_path_factory.mktemp("logs"), load=load) as backend:
        yield backend


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_contract_is_kept(engine: LocalBackend, check: Callable[[Backend], Awaitable[None]]) -> None:
    assert getattr(engine.capabilities, CHECKS[check])
    await check(engine)
