"""Themes as TOML files: the shipped ones, and a person's own beside them.

```
dark = true
[colors]          # primary, secondary, accent, foreground, background, surface, panel, success, warning, error
[variables]       # role-user, role-assistant, role-system, muted, hairline …
```
What a theme leaves out comes from the shipped theme of the same brightness.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError, FileProblem
from chatapp.ui.theme_file import theme_files, theme_name

COLOURS = (
    "primary", "secondary", "accent", "foreground", "background", "surface", "panel", "success", "warning", "error",
)  # fmt: skip
VARIABLES = (
    "role-user", "role-assistant", "role-system", "muted", "faint", "hairline", "code-background", "selection",
)  # fmt: skip
DARK, LIGHT = "chatapp-dark", "chatapp-light"
_SIZE_LIMIT = 64 * 1024


class ThemeSet:
    """All usable themes by name; `problems` says which files were skipped and why."""

    def __init__(self, directory: Path | None = None) -> None:
        self.problems: list[ChatappError] = []
        self.themes: dict[str, Theme] = {}
        # The two that others rest on come first.
        for file in sorted(theme_files(directory), key=lambda file: file.stem not in (DARK, LIGHT)):
            self._add(file)

    def _add(self, source: Path) -> None:
        try:
            theme = self._read(source)
        except (OSError, ValueError, ColorParseError) as error:
            hint = "Compare it with a theme that chatapp ships; the others still work."
            self.problems.append(
                FileProblem(
                    f"{clean_line(str(source))}: {clean_line(str(error))}", hint=hint, title="A theme was skipped"
                )
            )
        else:
            self.themes[theme.name] = theme

    def _read(self, source: Path) -> Theme:
        with source.open("rb") as file:
            text = file.read(_SIZE_LIMIT + 1)
        if len(text) > _SIZE_LIMIT:
            raise ValueError("the file is larger than 64 KB")
        tables = tomllib.loads(text.decode("utf-8"))
        dark = tables.pop("dark", True)
        if not isinstance(dark, bool):
            raise ValueError("dark must be true or false")
        colours = _table(tables, "colors", COLOURS)
        variables = _table(tables, "variables", None)
        if tables:
            raise ValueError(f"unknown entry “{next(iter(tables))}”; there are dark, colors and variables")
        base = self.themes.get(DARK if dark else LIGHT)
        if base is not None:
            colours = {name: colours.get(name) or getattr(base, name) for name in COLOURS}
            variables = {**{name: base.variables[name] for name in VARIABLES}, **variables}
        theme = Theme(
            theme_name(source),
            colours["primary"],
            dark=dark,
            variables={**_scrollbars(colours, variables), **variables},
        )
        for colour, value in colours.items():
            setattr(theme, colour, value)
        return theme


def _scrollbars(colours: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Quiet scrollbars: no track, a hairline thumb."""
    track = dict.fromkeys(
        ("scrollbar-background", "scrollbar-background-hover", "scrollbar-background-active", "scrollbar-corner-color"),
        colours["background"],
    )
    thumb = {
        "scrollbar": variables["hairline"],
        "scrollbar-hover": variables["faint"],
        "scrollbar-active": colours["primary"],
    }
    return {**track, **thumb}


def _table(tables: dict[str, object], name: str, known: tuple[str, ...] | None) -> dict[str, str]:
    table = tables.pop(name, {})
    if not isinstance(table, Mapping):
        raise ValueError(f"{name} must be a table")
    checked: dict[str, str] = {}
    for key, value in table.items():
        if known is not None and key not in known:
            raise ValueError(f"unknown colour “{key}”; there are {', '.join(known)}")
        if not isinstance(value, str):
            raise ValueError(f'{name}.{key} must be a text such as "#7aa2f7"')
        if known is not None or key in VARIABLES:
            Color.parse(value)
        checked[str(key)] = value
    return checked
