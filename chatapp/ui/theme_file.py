"""Where themes are found: the shipped files, and a person's own beside them. Imports nothing of the screen."""

from __future__ import annotations

from pathlib import Path

from chatapp.core.cleaning import clean_line

_SHIPPED = Path(__file__).parent / "themes"


def theme_files(directory: Path | None) -> list[Path]:
    """The shipped themes, then those in `directory`, each by name."""
    shipped = sorted(_SHIPPED.glob("*.toml"))
    try:
        return shipped + (sorted(directory.glob("*.toml")) if directory is not None else [])
    except OSError:
        return shipped


def theme_name(file: Path) -> str:
    """The name by which the settings call a theme."""
    return clean_line(file.stem)
