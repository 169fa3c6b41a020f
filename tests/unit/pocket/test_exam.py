"""The exam: its questions file, its judgement and its report."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatapp.core.errors import FileProblem
from chatapp.pocket.exam import Answer, Exam, Question, report

TEXT = """
talk = [["It rains.", "It does."]]
[[question]]
topic = "keys"
ask = "How do I stop it?"
all = ["esc"]
none = ["ctrl"]

[[question]]
topic = "facts"
ask = "And of Italy?"
any = ["Rome", "Roma"]
before = [["Capital of France?", "Paris."]]
system = "Be kind."
"""


def written(path: Path, text: str) -> Path:
    file = path / "exam.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_questions_file_is_read(tmp_path: Path) -> None:
    exam = Exam.read(written(tmp_path, TEXT))
    assert [question.topic for question in exam.question] == ["keys", "facts"]
    assert exam.talk == (("It rains.", "It does."),)
    assert exam.question[1].before == (("Capital of France?", "Paris."),)


@pytest.mark.parametrize(
    ("all_of", "any_of", "none_of", "reply", "right"),
    [
        (("esc",), (), (), "Press ESC.", True),
        (("esc", "stop"), (), (), "Press esc.", False),
        ((), ("Rome", "Roma"), (), "It is Roma.", True),
        ((), ("Rome",), (), "Paris.", False),
        (("esc",), (), ("ctrl",), "esc or ctrl+c", False),
        (("a.*b",), (), (), "a\nb", True),
    ],
)
def test_judgement(
    all_of: tuple[str, ...], any_of: tuple[str, ...], none_of: tuple[str, ...], reply: str, right: bool
) -> None:
    assert Question("t", "?", all=all_of, any=any_of, none=none_of).accepts(reply) is right


@pytest.mark.parametrize(
    "text",
    [
        "question = 3",
        "[[question]]\ntopic = 'x'",
        "[[question]]\ntopic='x'\nask='y'\nall=['(']",
        "not toml",
        "[[question]]\nx=1",
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileProblem, match=r"exam\.toml"):
        Exam.read(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"none\.toml"):
        Exam.read(tmp_path / "none.toml")


def test_the_report_counts_by_topic_and_shows_what_was_wrong() -> None:
    stop, capital = Question("keys", "Stop?", all=("esc",)), Question("facts", "Italy?", all=("Rome",))
    text = report([Answer(stop, "Press esc."), Answer(capital, "Oslo."), Answer(capital, "Rome.")])
    assert "✗ facts: Italy?\n  Oslo." in text
    assert "2 of   3  (66.7 %)" in text
    assert "Stop?" not in text
