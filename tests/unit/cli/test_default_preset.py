"""The preset that chatapp begins with where none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatapp.cli.compose import Configuration, find_preset
from chatapp.cli.workbench import _preset
from chatapp.core.errors import NotFound
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings


def configuration(home: Path, preset: str) -> Configuration:
    return Configuration(Paths.of({"CHATAPP_HOME": str(home)}), Settings(preset=preset), ())


def test_the_setting_counts_where_none_is_named(tmp_path: Path) -> None:
    creative = find_preset(configuration(tmp_path, "creative"), None)
    assert creative is not None and creative.name == "creative"
    balanced = find_preset(configuration(tmp_path, "creative"), "balanced")
    assert balanced is not None and balanced.name == "balanced"
    assert find_preset(configuration(tmp_path, "creative"), "") is None
    assert find_preset(configuration(tmp_path, ""), None) is None


def test_one_that_is_gone_is_an_error_but_keeps_nobody_from_the_screen(tmp_path: Path) -> None:
    gone = configuration(tmp_path, "creativ")
    with pytest.raises(NotFound, match="creativ"):
        find_preset(gone, None)
    gone.paths.config_file.parent.mkdir(parents=True)
    gone.paths.config_file.write_text('theme = "dusk"\npreset = "creativ"\n', encoding="utf-8")
    preset, problems = _preset(gone, None)
    assert preset is None and "creative" in problems[0].hint
    assert "config.toml" in problems[0].message and "line 2" in problems[0].message
    with pytest.raises(NotFound):
        _preset(gone, "sobre")
