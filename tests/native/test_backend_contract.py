"""The engine keeps the contract of every backend."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from backend_contract import CHECKS

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import Backend

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_contract_is_kept(engine: LocalBackend, check: Callable[[Backend], Awaitable[None]]) -> None:
    assert getattr(engine.capabilities, CHECKS[check])
    await check(engine)
