"""Bytes become text whatever way tokens cut them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chatapp.engine.worker.detokenizer import Detokenizer


def decoded(pieces: list[bytes]) -> str:
    detokenizer = Detokenizer()
    return "".join(detokenizer.feed(piece) for piece in pieces) + detokenizer.finish()


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place for place in cuts if place < len(data))})
    return [data[start:stop] for start, stop in pairwise(places)]


@given(st.text(max_size=30), st.lists(st.integers(0, 90)))
def test_every_cut_of_a_text_gives_the_text(text: str, cuts: list[int]) -> None:
    assert decoded(cut(text.encode(), cuts)) == text


@given(st.binary(max_size=40), st.lists(st.integers(0, 40)))
def test_every_cut_of_any_bytes_gives_the_whole(data: bytes, cuts: list[int]) -> None:
    assert decoded(cut(data, cuts)) == data.decode("utf-8", "replace")


@given(st.text(min_size=1, max_size=20))
def test_no_half_character_is_ever_shown(text: str) -> None:
    detokenizer = Detokenizer()
    seen = ""
    for byte in text.encode():
        seen += detokenizer.feed(bytes([byte]))
        assert text.startswith(seen)


def test_what_is_never_finished_is_a_replacement_character() -> None:
    detokenizer = Detokenizer()
    assert detokenizer.feed("é".encode()[:1]) == ""
    assert detokenizer.finish() == "\ufffd"
