"""What the context meter says, and what it does not claim."""

from __future__ import annotations

import pytest

from chatapp.ui.context_use import ContextUse


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (ContextUse(), ""),
        (ContextUse(0, 1024), "0/1,024"),
        (ContextUse(900), "900"),
        (ContextUse(None, 1024), "–/1,024"),
        (ContextUse(900, 1024, is_estimate=True), "~900/1,024"),
        (ContextUse(1024, 1024), "1,024/1,024"),
        (ContextUse(2304, 1024), "2,304/1,024 too long"),
        (ContextUse(2304, 1024, is_estimate=True), "~2,304/1,024 too long"),
        (ContextUse(2304, 1024, is_cut=True), "2,304/1,024 oldest left out"),
        (ContextUse(900, 1024, is_cut=True), "900/1,024"),
    ],
)
def test_figures_are_told_as_far_as_they_are_known(use: ContextUse, text: str) -> None:
    assert use.text == text
