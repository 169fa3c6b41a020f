"""Pastes that hold escape characters, as they come through Textual's parser of what a terminal sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import constants, events
from textual._xterm_parser import XTermParser

from chatapp.core.cleaning import clean
from chatapp.ui.whole_pastes import PasteGuard, keep_pastes_whole

LOG = "\x1b[31mERROR\x1b[0m while reading a line that is longer than the parser's patience\rnext: \x1b[1m\x1b[K\x1b"


@pytest.fixture(autouse=True)
def whole() -> None:
    keep_pastes_whole()
    keep_pastes_whole()


def parsed(pieces: Iterable[str]) -> list[str]:
    """What the pieces mean: the keys by name, the pastes as they are."""
    parser = XTermParser()
    found = [event for piece in pieces for event in parser.feed(piece)]
    return [event.key if isinstance(event, events.Key) else f"«{event.text}»" for event in found]  # type: ignore[attr-defined]


def cut(text: str, places: Sequence[int]) -> list[str]:
    ends = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


def test_a_log_with_colours_arrives_whole_and_presses_no_key() -> None:
    assert parsed([f"a\x1b[200~{LOG}\x1b[201~b"]) == ["a", f"«{LOG.replace(chr(27), '␛')}»", "b"]


@given(text=st.text(st.sampled_from("ab\r2~[0\x1b\x9b1I")), places=st.lists(st.integers(0, 200)))
def test_however_a_paste_is_cut_it_is_the_same(text: str, places: list[int]) -> None:
    text = text.replace("\x1b[201~", "")
    sent = f"\x1b[A\x1b[200~{text}\x1b[201~\x1b[B\x1b[200~more\x1b[201~z"
    expected = ["up", f"«{text.replace(chr(27), clean(chr(27)))}»", "down", "«more»", "z"]
    assert parsed(cut(sent, places)) == expected


def test_escape_sequences_outside_of_a_paste_stay_keys() -> None:
    assert parsed(["\x1b[A", "\x1b[1;5C", "x\x1b[20", "~"]) == ["up", "ctrl+right", "x", "f9"]


def test_what_only_looked_like_the_beginning_of_a_paste_hides_no_escape() -> None:
    guard = PasteGuard()
    assert guard.guard("\x1b", now=1.0) == "\x1b"
    assert guard.guard("[200~", now=1.0 + constants.ESCAPE_DELAY * 2) == "[200~"
    assert guard.guard("\x1b[A", now=9.0) == "\x1b[A"
