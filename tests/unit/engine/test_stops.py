"""Stop strings are met and removed however the text is cut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from chatapp.engine.worker.stops import StopStrings

texts = st.text(alphabet="ab—", max_size=24)
stops = st.lists(st.text(alphabet="ab—", min_size=1, max_size=4), max_size=3)


def first_stop(text: str, stops: Sequence[str]) -> tuple[str, str | None]:
    """The text before the stop string that is complete first, and that string; found one character at a time."""
    for end in range(1, len(text) + 1):
        met = [stop for stop in stops if text[:end].endswith(stop)]
        if met:
            longest = max(met, key=len)
            return text[: end - len(longest)], longest
    return text, None


def shown(pieces: Sequence[str], stops: Sequence[str]) -> tuple[str, str | None]:
    strings = StopStrings(stops)
    text = "".join(strings.feed(piece) for piece in pieces)
    return text + strings.finish(), strings.met


@given(texts, stops, st.lists(st.integers(0, 24), max_size=8))
@example("abc", ["abc", "b"], [1, 2])
@example("aab", ["ab"], [1, 2])
def test_every_cut_gives_the_same(text: str, stops: list[str], cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:stop] for start, stop in pairwise(places)]
    assert shown(pieces, stops) == first_stop(text, stops)


@given(texts, stops)
def test_nothing_is_held_back_that_begins_no_stop(text: str, stops: list[str]) -> None:
    strings = StopStrings(stops)
    seen = ""
    for length, character in enumerate(text, 1):
        seen += strings.feed(character)
        if strings.met is not None:
            return
        held = text[len(seen) : length]
        assert not held or any(stop.startswith(held) for stop in stops)


def test_what_can_not_become_a_stop_is_shown_at_once() -> None:
    strings = StopStrings(["###"])
    assert strings.feed("one #") == "one "
    assert strings.feed(" two ##") == "# two "
    assert strings.feed("#three") == ""
    assert strings.met == "###"
    assert strings.feed("more") == strings.finish() == ""


def test_without_stops_nothing_is_held() -> None:
    assert StopStrings([]).feed("anything") == "anything"
    assert StopStrings([""]).feed("anything") == "anything"


def test_stops_may_change_in_between() -> None:
    strings = StopStrings(["abc"])
    assert strings.feed("xab") == "x"
    strings.replace(["bd"])
    assert strings.feed("d!") == "a"
    assert strings.met == "bd"


def test_what_was_held_for_another_stop_is_let_go() -> None:
    strings = StopStrings(["abc"])
    assert strings.feed("ab") == ""
    strings.replace([])
    assert strings.feed("c") == "abc"
