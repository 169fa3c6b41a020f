"""The lines of the model choice, whatever files are called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from chatapp.core.cleaning import clean_line
from chatapp.ui.dialogs.model import ModelPalette, Offered
from chatapp.ui.model_shelf import NoModels

names = st.text(min_size=1, max_size=80) | st.sampled_from(
    ["\x1b]0;owned\x07", "[red]bear[/]", "熊" * 40, "e\u0301" * 50, "bear\nfox"]
)


@given(st.lists(names, min_size=1, max_size=4), st.sampled_from(["", "● in use", "this conversation's · in memory"]))
def test_no_name_breaks_a_line(found: list[str], mark: str) -> None:
    palette = ModelPalette(NoModels(), [Offered(name, name, mark, False) for name in found], missing="")
    for width in (40, 69, 83):
        for entry in palette._named:
            line = palette.line(entry, width).plain
            assert cell_len(line) <= width
            assert clean_line(line) == line
            assert line.endswith(mark) or width == 40


def test_a_long_name_keeps_its_end() -> None:
    name = "Qwen2.5-Coder-7B-Instruct-abliterated-1M-context-Q4_K_M"
    palette = ModelPalette(NoModels(), [Offered(name, name, "", False)], missing="")
    assert palette.line(palette._named[0], 60).plain.rstrip().endswith("context-Q4_K_M")
