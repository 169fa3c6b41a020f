"""Variables of prompts: what they take, what they refuse, and what holds without them."""

from __future__ import annotations

import msgspec
import pytest

from chatapp.core.errors import FileProblem, NotFound, UsageError
from chatapp.core.prompts import Document, Example, Given, Kind, Prompt, Variable, filling

PROMPT = Prompt(
    name="mine",
    user="{{ text }}",
    variables=(
        Variable(name="text", kind="multi-line", help="The text.", required=True),
        Variable(name="tone", kind="choice", choices=("warm", "cold"), default="warm"),
        Variable(name="count", kind="number", default=3),
        Variable(name="note"),
        Variable(name="paper", kind="file"),
        Variable(name="papers", kind="files"),
    ),
)


def test_what_is_not_given_is_its_default_or_empty() -> None:
    assert PROMPT.bind({"text": "a\nb"}) == {
        "text": "a\nb",
        "tone": "warm",
        "count": 3,
        "note": "",
        "paper": "",
        "papers": (),
    }


@pytest.mark.parametrize(
    ("kind", "given", "bound"),
    [
        ("number", "12", 12),
        ("number", " 1.5 ", 1.5),
        ("number", 2.0, 2),
        ("text", "one line\n", "one line"),
        ("multi-line", "two\nlines\n", "two\nlines\n"),
        ("choice", "warm\n", "warm"),
        ("file", Document("a.txt", "A"), "A"),
        ("file", "A", "A"),
        ("files", "A", (Document("document 1", "A"),)),
        ("files", [Document("a.txt", "A"), "B"], (Document("a.txt", "A"), Document("document 2", "B"))),
    ],
)
def test_values_come_in_the_variables_kind(kind: Kind, given: Given, bound: object) -> None:
    choices = ("warm", "cold") if kind == "choice" else ()
    assert Variable(name="x", kind=kind, choices=choices).check(given) == bound


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("number", "many"),
        ("number", "nan"),
        ("number", "1e999"),
        ("number", 10**400),
        ("number", True),
        ("text", "two\nlines"),
        ("text", 3),
        ("choice", "lukewarm"),
        ("multi-line", Document("a.txt", "A")),
        ("files", 3),
        ("files", ["A", 3]),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(kind: Kind, given: Given) -> None:
    with pytest.raises(UsageError, match="The variable x can't be") as error:
        Variable(name="x", kind=kind, choices=("warm", "cold")).check(given)
    assert error.value.hint.startswith("It takes ")


def test_a_missing_or_misspelt_variable_is_named_with_the_known_ones() -> None:
    for given in ({}, {"text": "  \n"}):
        with pytest.raises(UsageError, match=r"“mine” needs a value for text \(The text\)"):
            PROMPT.bind(given)
    with pytest.raises(UsageError) as missing:
        msgspec.structs.replace(PROMPT, input="text").bind({})
    assert missing.value.hint.startswith("Type or pipe it") and "tone, count" in missing.value.hint
    with pytest.raises(NotFound, match="has no variable “tex”") as error:
        PROMPT.bind({"tex": "a"})
    assert "text?" in error.value.hint and "tone, count, note, paper, papers" in error.value.hint


def test_examples_with_other_columns_are_refused_with_their_place() -> None:
    good = Example({"user": "a", "assistant": "b"})
    assert PROMPT.check_examples([good]) == (good,)
    with pytest.raises(FileProblem, match=r"e\.csv, line 3 has no assistant"):
        PROMPT.check_examples([good, Example({"user": "a"}, "e.csv, line 3")])
    with pytest.raises(UsageError, match="Example 1 has the unknown column “asistant”") as error:
        PROMPT.check_examples([Example({"user": "a", "asistant": "b"})])
    assert "user, assistant" in error.value.hint


def test_templates_see_documents_as_objects() -> None:
    assert filling((Document("a.txt", "A"),)) == [{"name": "a.txt", "text": "A"}]
    assert (filling(3), filling("x")) == (3, "x")
