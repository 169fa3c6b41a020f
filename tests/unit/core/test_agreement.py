"""Which values contradict each other."""

from __future__ import annotations

import pytest

from chatapp.core.errors import ParameterError
from chatapp.core.parameters import Value, resolve

CHOICES = ("a yes", "no lanterns", "the Lantern  light")


@pytest.mark.parametrize(
    ("required", "forbidden", "culprit"),
    [
        (("lamp",), (), "lamp"),
        (("lant",), (), "lant"),
        (("yes", "no"), (), "no"),
        ((), ("yes", "no", "LIGHT"), "LIGHT"),
        (("lantern",), ("the",), "the"),
    ],
)
def test_words_that_leave_no_choice_are_refused(
    required: tuple[str, ...], forbidden: tuple[str, ...], culprit: str
) -> None:
    edits: dict[str, Value] = {"choices": CHOICES, "required_words": required, "forbidden_words": forbidden}
    with pytest.raises(ParameterError, match=f"“{culprit}”"):
        resolve(edits=edits)


@pytest.mark.parametrize(
    ("required", "forbidden"),
    [(("lantern light",), ()), (("Yes",), ("lantern",)), ((), ("yes", "lantern")), (("the", "light"), ("lights",))],
)
def test_words_that_leave_a_choice_are_taken(required: tuple[str, ...], forbidden: tuple[str, ...]) -> None:
    resolve(edits={"choices": CHOICES, "required_words": required, "forbidden_words": forbidden})
    resolve(edits={"required_words": ("lamp",)})
