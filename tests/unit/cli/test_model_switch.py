"""The models that a dialogue can change between: what is told of each, and what opens them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatapp.cli.compose import Choice, Configuration, open_pool
from chatapp.cli.model_switch import ModelSwitch
from chatapp.core.errors import ModelInvalid, ModelNotFound
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings


@pytest.fixture
def away(tmp_path: Path, tiny_model: Path) -> Path:
    """A model outside the models directory, whose folder has a space in its name."""
    target = tmp_path / "my files" / "fox.gguf"
    target.parent.mkdir()
    return Path(shutil.copy(tiny_model, target))


@pytest.fixture
async def switch(home: Path, tiny_model: Path) -> AsyncIterator[ModelSwitch]:
    configuration = Configuration(Paths.of(), Settings(), ())
    configuration.paths.models.mkdir(parents=True)
    shutil.copy(tiny_model, configuration.paths.models / "bear.gguf")
    (configuration.paths.models / "torn.gguf").write_bytes(b"GGUF")
    async with open_pool(configuration, Choice(), program="test") as pool:
        yield ModelSwitch(configuration, Choice(), pool)


async def test_every_model_is_listed_and_those_opened_by_path(switch: ModelSwitch, away: Path) -> None:
    assert [entry.name for entry in switch.entries()] == ["pocket", "bear", "torn"]
    chosen = switch.choose(f"'{away}'")
    last = switch.entries()[-1]
    assert (last.name, last.reference, last.backend, last.is_held) == ("fox", str(away), chosen.backend, False)
    assert switch.name_of(chosen.backend) == "fox"
    assert switch.choose(last.reference).backend is chosen.backend


async def test_what_is_in_a_file_is_told_without_raising(switch: ModelSwitch, tiny_model: Path) -> None:
    facts = {entry.name: switch.facts(entry.reference) for entry in switch.entries()}
    assert facts["bear"].size_bytes == tiny_model.stat().st_size
    assert facts["bear"].needed_bytes > facts["bear"].size_bytes
    assert facts["bear"].summary
    assert facts["bear"].problem == ""
    assert "torn.gguf" in facts["torn"].problem
    assert "There is no file" in switch.facts("/nowhere/lion.gguf").problem


async def test_a_file_that_was_replaced_is_read_anew(switch: ModelSwitch, tiny_model: Path) -> None:
    torn = next(entry for entry in switch.entries() if entry.name == "torn")
    assert switch.facts(torn.reference).problem
    shutil.copy(tiny_model, torn.reference)
    assert switch.facts(torn.reference).problem == ""


async def test_a_path_that_can_not_be_opened_says_why_and_how_to_mend_it(switch: ModelSwitch, away: Path) -> None:
    with pytest.raises(ModelNotFound) as missing:
        switch.choose(str(away.with_name("fix.gguf")))
    assert missing.value.hint == f"Did you mean {away}?"
    text = away.with_name("notes.txt")
    text.write_text("no model")
    with pytest.raises(ModelInvalid) as foreign:
        switch.choose(str(text))
    assert foreign.value.title
    assert foreign.value.hint


async def test_a_file_name_of_the_models_directory_leads_there(switch: ModelSwitch) -> None:
    (place,) = switch.places("bear.gguf")
    assert (place.kind, Path(place.text).name) == ("model", "bear.gguf")
    assert [place.kind for place in switch.places("lion.gguf")] == ["missing"]
    assert switch.places("bear") == []
