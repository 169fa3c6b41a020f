"""The scripted backend keeps the contract of every backend."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "fakes"))

from backend_contract import CHECKS

from chatapp.backends.script import Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.core.backend import Backend


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_contract_is_kept(check: Callable[[Backend], Awaitable[None]]) -> None:
    backend = ScriptedBackend([Script(text=" there was a fox who slept all day.")])
    assert getattr(backend.capabilities, CHECKS[check])
    await check(backend)
