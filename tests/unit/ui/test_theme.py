"""Themes are files: the shipped ones are whole, a person's own may be sparse or broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color

from chatapp.ui.theme import COLOURS, DARK, LIGHT, VARIABLES, ThemeSet


def test_shipped_themes_name_every_colour() -> None:
    shipped = ThemeSet()
    assert not shipped.problems
    assert {DARK, LIGHT, "high-contrast"} <= set(shipped.themes)
    for theme in shipped.themes.values():
        assert all(getattr(theme, name) for name in COLOURS)
        assert set(VARIABLES) <= set(theme.variables)


@pytest.mark.parametrize("name", sorted(ThemeSet().themes))
def test_texts_are_readable(name: str) -> None:
    theme = ThemeSet().themes[name]
    needed = 7.0 if name.startswith("high-contrast") else 4.5
    for ground in ("background", "surface"):
        for text in (theme.foreground, theme.variables["muted"]):
            assert _contrast(text or "", getattr(theme, ground)) >= needed
        for role in ("role-user", "role-assistant"):
            assert _contrast(theme.variables[role], getattr(theme, ground)) >= needed


def test_a_sparse_theme_takes_the_rest_from_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('dark = false\n[colors]\nprimary = "#123456"\n', encoding="utf-8")
    themes = ThemeSet(tmp_path)
    mine, light = themes.themes["mine"], themes.themes[LIGHT]
    assert (mine.primary, mine.background, mine.dark) == ("#123456", light.background, False)
    assert all(mine.variables[name] == light.variables[name] for name in VARIABLES)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('[colors]\nprimary = "#12345\n', "line 2"),
        ('[colors]\nprimary = "blurple"\n', "blurple"),
        ('[colors]\nprimery = "#123456"\n', "primery"),
        ("[colors]\nprimary = 12\n", "colors.primary"),
        ("dark = 1\n", "dark"),
        ('[colours]\nprimary = "#123456"\n', "colours"),
        ("[variables]\nmuted = 'no colour'\n", "no colour"),
        ("x" * 70_000, "64 KB"),
        ("\udcff", "utf-8"),
    ],
)
def test_a_broken_theme_is_named_and_skipped(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "broken.toml").write_bytes(content.encode("utf-8", "surrogateescape"))
    (tmp_path / "good.toml").write_text("dark = true\n", encoding="utf-8")
    themes = ThemeSet(tmp_path)
    assert "broken" not in themes.themes and "good" in themes.themes
    (problem,) = themes.problems
    assert "broken.toml" in problem.message and reason in problem.message


def test_a_missing_directory_is_no_problem(tmp_path: Path) -> None:
    assert not ThemeSet(tmp_path / "nowhere").problems


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(Color.parse(one)), _luminance(Color.parse(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    parts = [part / 255 for part in colour.rgb]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
