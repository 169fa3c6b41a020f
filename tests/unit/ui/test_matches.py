from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.folding import FoldedText, Sought
from chatapp.ui.matches import PLACES, Match, Matches


class Talk:
    """Messages as (thoughts, text) that a test changes."""

    def __init__(self, *messages: tuple[str, str]) -> None:
        self.messages = list(messages)
        self.read: list[int] = []
        self.matches = Matches(self.source)
        self.matches.begin(len(messages))

    def source(self, index: int) -> tuple[str, str]:
        self.read.append(index)
        return self.messages[index]

    def look_for(self, *words: str, origin: int = 0) -> Matches:
        self.matches.look_for(Sought(words), origin)
        while not self.matches.scan(1.0):
            pass
        return self.matches

    def change(self, index: int, thoughts: str, text: str) -> None:
        self.messages[index : index + 1] = [(thoughts, text)]
        self.matches.change(index)


def test_hits_are_stepped_through_in_order_and_around_the_end() -> None:
    talk = Talk(("", "a fox"), ("a fox thinks", "Fox fox"), ("", "hen"), ("", "fox"))
    matches = talk.look_for("fox")
    assert (matches.total, matches.number, matches.current) == (5, 1, Match(0, 1, 2, 5))
    places = [matches.step(1) for _ in range(5)]
    assert [(hit.message, hit.part, hit.start) for hit in places if hit] == [
        (1, "thoughts", 2), (1, "text", 0), (1, "text", 4), (3, "text", 0), (0, "text", 2),
    ]  # fmt: skip
    assert matches.step(-1) == Match(3, 1, 0, 3) and matches.number == 5
    assert matches.ranges(1, "text") == [(0, 3), (4, 7)] and matches.ranges(1, "thoughts") == [(2, 5)]
    assert matches.ranges(2, "text") == [] and matches.ranges(99, "text") == []


def test_the_nearest_hit_is_the_next_one_else_the_last_before() -> None:
    talk = Talk(("", "fox"), ("", "fox fox"), ("", "hen"), ("", "hen"))
    assert talk.look_for("fox", origin=1).number == 2
    assert talk.look_for("fox", origin=2).number == 3
    assert talk.look_for("hen", origin=2).number == 1
    assert talk.look_for("cow", origin=2).current is None and talk.matches.step(1) is None
    assert talk.look_for("").total == 0 and talk.matches.finished


def test_a_text_that_grows_is_counted_anew_and_the_current_hit_stays() -> None:
    talk = Talk(("", "a fox"), ("", "one fox"))
    matches = talk.look_for("fox", origin=1)
    assert (matches.number, matches.total) == (2, 2)
    talk.change(1, "", "one fox and a fox")
    assert (matches.number, matches.total) == (2, 3)
    talk.change(1, "fox first", "one fox and a fox")
    assert (matches.number, matches.total) == (3, 4)
    talk.change(2, "", "a new fox")
    assert matches.total == 5
    talk.change(1, "", "none")
    assert (matches.number, matches.total) == (2, 2)
    matches.cut(1)
    assert (matches.number, matches.total, matches.current) == (0, 1, None)
    assert matches.step(1) == Match(0, 1, 2, 5)


def test_other_messages_are_searched_without_going_anywhere() -> None:
    talk = Talk(("", "fox"))
    talk.look_for("fox")
    talk.messages = [("", "two foxes"), ("", "a fox")]
    talk.matches.begin(2)
    assert not talk.matches.finished and talk.matches.scan(1.0)
    assert (talk.matches.total, talk.matches.current, talk.matches.number) == (2, None, 0)


def test_a_search_goes_on_in_slices_and_reads_each_message_once() -> None:
    talk = Talk(*(("", f"fox {number}") for number in range(100)))
    talk.matches.look_for(Sought(["fox"]), 50)
    slices = 1
    while not talk.matches.scan(0.0):
        slices += 1
    assert slices > 50 and talk.matches.total == 100 and talk.matches.number == 51
    assert talk.read == [*range(50, 100), *range(49, -1, -1)]
    talk.look_for("9")
    assert talk.matches.total == 20 and len(talk.read) == 100


TEXTS = st.text("fox aé\u0301ß", max_size=8)
CHANGES = st.lists(st.tuples(st.integers(0, 5), TEXTS, TEXTS, st.sampled_from(["change", "cut", "step", "back"])))


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5), CHANGES, st.sampled_from(["f", "a", "fo", "ss", "é"]))
def test_counts_stay_true_whatever_changes(
    messages: list[tuple[str, str]], changes: list[tuple[int, str, str, str]], word: str
) -> None:
    talk = Talk(*messages)
    matches = talk.look_for(word, origin=2)
    for index, thoughts, text, kind in changes:
        if kind == "change":
            talk.change(min(index, len(talk.messages)), thoughts, text)
        elif kind == "cut":
            del talk.messages[index:]
            matches.cut(index)
        else:
            before = matches.number
            matches.step(1 if kind == "step" else -1)
            if before and matches.total:
                assert matches.number == (before - 1 + (1 if kind == "step" else -1)) % matches.total + 1
        sought = Sought([word])
        expected = [
            Match(number, place, start, end)
            for number, message in enumerate(talk.messages)
            for place in range(len(PLACES))
            for start, end in sought.ranges(FoldedText(message[place]))
        ]
        assert matches.total == len(expected)
        if matches.current is not None:
            assert expected[matches.number - 1] == matches.current
