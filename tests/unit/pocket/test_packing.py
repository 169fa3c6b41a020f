"""Windows hold whole dialogues, and only the model's own replies are learnt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from chatapp.pocket.chatml import END_OF_TEXT, TURN_END, segments
from chatapp.pocket.corpus.dialogue import dialogues
from chatapp.pocket.corpus.turn import Dialogue, Turn
from chatapp.pocket.packing import windows


class CharacterEncoder:
    """Every character is a token; the end of text is token 0."""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [[0] if text == END_OF_TEXT else [ord(character) for character in text] for text in texts]


def text_of(tokens: np.ndarray) -> str:
    return "".join(chr(token) for token in tokens if token)


def test_windows_have_one_length_and_learn_something() -> None:
    for tokens, learnt in islice(windows(dialogues(1, short=True), CharacterEncoder(), 1500), 20):
        assert tokens.shape == learnt.shape == (1500,)
        assert 0 < learnt.sum() < 1500


def test_only_replies_are_learnt() -> None:
    talk = Dialogue("Be kind.", (Turn("Hello?", "Good day!"), Turn("And?", "Not this.", learnt=False)))
    repeated = iter([talk] * 200)
    tokens, learnt = next(windows(repeated, CharacterEncoder(), 300))
    assert set(text_of(tokens[learnt]).split(TURN_END)) == {"Good day!", ""}


def test_windows_begin_and_end_with_whole_dialogues() -> None:
    for tokens, _ in islice(windows(dialogues(2, short=False), CharacterEncoder(), 6000), 10):
        text = text_of(tokens)
        assert text.startswith("<|im_start|>")
        assert text.endswith("<|im_end|>\n")


def test_a_dialogue_that_is_too_long_is_left_out() -> None:
    long, short = Dialogue("", (Turn("x" * 500, "y"),)), Dialogue("", (Turn("short", "z"),))
    packed = list(windows(iter([long, short] * 300), CharacterEncoder(), 300))
    assert packed
    assert all("x" not in text_of(tokens).replace("<|", "") for tokens, _ in packed)


def test_long_dialogues_fill_the_context() -> None:
    lengths = [len("".join(text for text, _ in segments(d))) for d in islice(dialogues(5, short=False), 400)]
    assert max(lengths) > 3000


def test_a_systemless_dialogue_begins_with_the_user() -> None:
    assert segments(Dialogue("", (Turn("a", "b"),)))[0][0].startswith("<|im_start|>user\na<|im_end|>")
