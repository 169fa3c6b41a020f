"""How settings reach the engines."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from chatapp.cli.compose import Choice, Configuration, open_pool
from chatapp.core.loading import LoadSettings
from chatapp.core.machine import physical_bytes
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings


def configuration(**settings: int) -> Configuration:
    return Configuration(Paths.of(), msgspec.structs.replace(Settings(), **settings), ())


@pytest.mark.parametrize(
    ("settings", "seconds", "budget"),
    [
        ({}, 3600.0, physical_bytes() * 3 // 4),
        ({"unload_after": 0, "memory_budget": 8000}, 0.0, 8 * 10**9),
        ({"unload_after": 5}, 300.0, physical_bytes() * 3 // 4),
    ],
)
async def test_the_settings_are_in_minutes_and_megabytes(
    tiny_model: Path, settings: dict[str, int], seconds: float, budget: int
) -> None:
    async with open_pool(configuration(**settings), Choice(), program="test") as pool:
        assert pool._budget_bytes == budget
        assert pool.backend(tiny_model, LoadSettings())._client._upkeep.unload_after_s == seconds
