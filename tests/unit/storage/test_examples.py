"""Files of examples."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from chatapp.core.errors import FileProblem
from chatapp.storage.examples import read_examples

CSV = 'user,assistant\n"2 + 2","4"\n\n"a, ""b""\nc",d\n'
LINES = '{"user": "2 + 2", "assistant": 4}\n\n{"user": "é", "assistant": true}\n'
TOML = "[[examples]]\nuser = '2 + 2'\nassistant = 4\n\n[[examples]]\nuser = 'é'\nassistant = true\n"


def write(directory: Path, name: str, content: str | bytes) -> Path:
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "rows", "lines"),
    [
        ("e.csv", CSV, [("2 + 2", "4"), ('a, "b"\nc', "d")], [2, 4]),
        ("e.csv", "\ufeff" + CSV.replace("\n", "\r\n"), [("2 + 2", "4"), ('a, "b"\nc', "d")], [2, 4]),
        ("e.jsonl", LINES, [("2 + 2", "4"), ("é", "true")], [1, 3]),
        ("e.toml", TOML, [("2 + 2", "4"), ("é", "true")], [1, 5]),
    ],
)
def test_rows_come_in_order_with_their_places(
    tmp_path: Path, name: str, content: str, rows: list[tuple[str, str]], lines: list[int]
) -> None:
    examples = read_examples(write(tmp_path, name, content))
    assert [(each.values["user"], each.values["assistant"]) for each in examples] == rows
    assert [each.place for each in examples] == [f"{tmp_path / name}, line {line}" for line in lines]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("e.csv", "user,assistant\na\n", "line 2: it has 1 values"),
        ("e.csv", "user,assistant\na,b,c\n", "line 2: it has 3 values"),
        ("e.csv", "user,user\na,b\n", "line 1: the column “user” stands twice"),
        ("e.csv", 'user,assistant\na,"b\n', "line 2: "),
        ("e.csv", "user,assistant\n", "holds no examples"),
        ("e.csv", b"user,assistant\na,\xff\n", "line 2: a byte that is no UTF-8"),
        ("e.jsonl", '{"user": "a"}\n{"user": \n', "line 2: this is no JSON"),
        ("e.jsonl", "[1]\n", "line 1: this is no object"),
        ("e.jsonl", '{"user": ["a"]}\n', "line 1: user is no text"),
        ("e.jsonl", "[" * 10000, "line 1: this is no JSON"),
        ("e.jsonl", "", "holds no examples"),
        ("e.toml", "examples = 3\n", "line 1: examples is no list of tables"),
        ("e.toml", "[[examples]]\nuser = ['a']\n", "user of example 1 is no text"),
        ("e.toml", "[[examples]\n", "line 1: "),
        ("e.txt", "x", "come as .csv, .jsonl or .toml"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, name: str, content: str | bytes, reason: str) -> None:
    with pytest.raises(FileProblem) as error:
        read_examples(write(tmp_path, name, content))
    assert str(tmp_path / name) in error.value.message and reason in error.value.message and error.value.hint


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl", "none.toml"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileProblem, match="none"):
        read_examples(tmp_path / name)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="larger than 4 MB"):
        read_examples(write(tmp_path, "e.csv", "user,assistant\n" + "a,b\n" * 1_100_000))


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(300):
        name, source = chance.choice((("e.csv", CSV), ("e.jsonl", LINES), ("e.toml", TOML)))
        damaged = bytearray(source.encode())
        for _ in range(chance.randrange(1, 5)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert read_examples(write(tmp_path, name, bytes(damaged)))
        except FileProblem as problem:
            assert name in problem.message and problem.hint
