"""Each Markdown construct at three widths, compared with text that a person has read.

`CHATAPP_UPDATE_GOLDEN=1 pytest tests/unit/markdown/test_golden.py` writes the files anew; read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rich.style import Style

from chatapp.ui.markdown.document import Document
from chatapp.ui.markdown.line import Piece, RenderedLine
from chatapp.ui.markdown.palette import STYLE_NAMES, Palette

SOURCES = Path(__file__).parent / "constructs"
GOLDEN = Path(__file__).parent / "golden"
WIDTHS = (20, 40, 80)
# Every style carries its own name, so that the dump can show which one was used.
PALETTE = Palette(Style(), {name: Style.from_meta({name: True}) for name in STYLE_NAMES})

CONSTRUCTS = {path.stem: path.read_text(encoding="utf-8").rstrip("\n") for path in SOURCES.glob("*.md")} | {
    "unsafe": (
        "a\x1b[31mred\x1b[0m b\x07 \x9b \x00 \u202eoverride\u202c Z\u0301\u0302\u0303\u0304\u0305\u0306\u0307 "
        "&#27;[1m a\u200db\r\n\r\n`\x1b]52;c;x\x07`"
    ),
    "nesting": "".join("> " * depth + f"- level {depth}\n" for depth in range(14)) + "\n" + "- " * 12 + "deep",
}


def dump(lines: list[RenderedLine]) -> str:
    """The lines between bars, each with the names of the styles on it."""
    rows: list[str] = []
    for line in lines:
        styles = {name for segment in line.segments for name in (segment.style.meta if segment.style else ())}
        attributes = {
            word
            for segment in line.segments
            for word in ("bold", "italic", "strike")
            if segment.style is not None and getattr(segment.style, word)
        }
        rows.append(f"|{line.text}| {' '.join(sorted(styles | attributes))}".rstrip())
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sorted(CONSTRUCTS))
def test_construct_looks_as_it_was_read(name: str, width: int) -> None:
    document = Document(PALETTE, width, margin=(Piece(" ", PALETTE.base),))
    document.update(CONSTRUCTS[name])
    path = GOLDEN / f"{name}.{width}.txt"
    if os.environ.get("CHATAPP_UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(dump(document.lines), encoding="utf-8")
    assert dump(document.lines) == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{name}.{width}.txt" for name in CONSTRUCTS for width in WIDTHS}
    assert {path.name for path in GOLDEN.iterdir()} == expected
