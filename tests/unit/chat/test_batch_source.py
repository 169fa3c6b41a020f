"""Rows read from txt, CSV and JSONL, and what is said of those that can't be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatapp.chat.batch.batch import check_input
from chatapp.chat.batch.row import Row
from chatapp.chat.batch.source import LINE_LIMIT, Source, form_of
from chatapp.core.errors import FileProblem, UsageError


def source_of(tmp_path: Path, name: str, content: str | bytes, **options: object) -> Source:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Source(path=path, form=form_of(path), **options)  # type: ignore[arg-type]


def rows_of(tmp_path: Path, name: str, content: str | bytes, **options: object) -> list[Row]:
    return list(source_of(tmp_path, name, content, **options).rows())


def refusal(tmp_path: Path, name: str, content: str | bytes, **options: object) -> str:
    with pytest.raises(FileProblem) as refused:
        check_input(source_of(tmp_path, name, content, **options))
    return f"{refused.value.message} {refused.value.hint}"


def test_text_has_a_prompt_a_line_and_empty_lines_are_no_rows(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, "p.txt", b"\xef\xbb\xbfone\r\n\r\n  \n  two  \nthree")
    assert [(row.index, row.line, row.prompt) for row in rows] == [(0, 1, "one"), (1, 4, "  two  "), (2, 5, "three")]


def test_a_raw_prompt_may_be_spaces(tmp_path: Path) -> None:
    assert [row.prompt for row in rows_of(tmp_path, "p.txt", "one\n\n  \n", raw=True)] == ["one", "  "]


def test_csv_carries_other_columns_through(tmp_path: Path) -> None:
    content = 'id,prompt,topic,parameters.top-k,system\na,"Hello,\nyou",x,,\n\nb,Bye,y,7,Be brief.\n'
    first, second = rows_of(tmp_path, "p.csv", content)
    assert (first.line, first.id, first.prompt, first.system) == (2, "a", "Hello,\nyou", None)
    assert (first.values, first.edits) == ({"topic": "x"}, {})
    assert (second.line, second.id, second.edits, second.system) == (5, "b", {"top_k": 7}, "Be brief.")


def test_csv_takes_another_column(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, "p.csv", "question,prompt\nWhy?,no\n", column="question")
    assert (row.prompt, row.values) == ("Why?", {"prompt": "no"})


def test_jsonl_takes_prompts_messages_parameters_and_ids(tmp_path: Path) -> None:
    content = (
        '{"id": 7, "prompt": "Hi", "parameters": {"max_tokens": 5, "stop": ["a", "b"]}, "topic": {"deep": [1]}}\n\n'
        '{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]}\n'
    )
    first, second = rows_of(tmp_path, "p.jsonl", content)
    assert (first.id, first.edits) == (7, {"max_new_tokens": 5, "stop": ("a", "b")})
    assert first.values == {"topic": {"deep": [1]}}
    assert [(each.role, each.text) for each in second.messages] == [("system", "S"), ("user", "U")]
    assert (second.line, second.prompt) == (3, None)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            '{"prompt": "a"}\n{"prompt": "b", "parameters": {"temprature": 1}}\n',
            ("line 2", "temprature", "temperature"),
        ),
        ('{"prompt": "a", "parameters": {"top_p": 2}}\n', ("line 1", "top_p", "2")),
        ('{"prompt": "a", "parameters": {"grammar": {}}}\n', ("line 1", "grammar")),
        ('{"prompt": "a", "parameters": [1]}\n', ("line 1", "parameters")),
        ('{"prompt": "a", "temperature": 1}\n', ("line 1", "temperature", "parameters")),
        ('{"prompt": "a"\n', ("line 1", "no JSON")),
        ("[" * 100_000 + "\n", ("line 1",)),
        ('["a"]\n', ("line 1", "no object")),
        ('{"promt": "a"}\n', ("line 1", "lacks “prompt”", "Did you mean promt")),
        ('{"prompt": "a", "messages": []}\n', ("line 1", "both")),
        ('{"messages": [{"role": "user"}]}\n', ("line 1", "message 1", "no text")),
        ('{"messages": [{"role": "robot", "content": "x"}]}\n', ("line 1", "message 1", "robot")),
        (
            '{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}\n',
            ("line 1", "user"),
        ),
        ('{"prompt": " "}\n', ("line 1", "empty")),
        ('{"prompt": 5}\n', ("line 1", "no text")),
        ('{"prompt": "a", "id": []}\n', ("line 1", "id")),
        ('{"prompt": "a", "parameters": {"regex": "a", "grammar": "root ::= \\"a\\""}}\n', ("line 1",)),
    ],
)
def test_bad_json_rows_name_file_and_line(tmp_path: Path, content: str, told: tuple[str, ...]) -> None:
    said = refusal(tmp_path, "rows.jsonl", content)
    for words in ("rows.jsonl", *told):
        assert words in said


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("question\nWhy?\n", ("line 1", "no column “prompt”", "question", "--column")),
        ("prompt,a,a\nx,1,2\n", ("line 1", "“a” twice")),
        ("prompt,parameters.topk\nx,1\n", ("line 1", "topk", "top_k")),
        ("prompt,parameters.top_k\nx,many\n", ("line 2", "top_k", "many")),
        ("prompt,a\nx,1\ny\n", ("line 3", "1 fields", "2")),
        ('prompt,a\nx,1\n"y,2\n', ("line 3", "no CSV")),
        ("prompt,a\nx,1\n ,2\n", ("line 3", "empty")),
        (b"prompt,a\nx,1\n\xe9,2\n", ("line 3", "UTF-8", "0xe9")),
        ("prompt,a\n", ("no rows",)),
        ("", ("no rows",)),
    ],
)
def test_bad_csv_rows_name_file_and_line(tmp_path: Path, content: str | bytes, told: tuple[str, ...]) -> None:
    said = refusal(tmp_path, "rows.csv", content)
    for words in ("rows.csv", *told):
        assert words in said


def test_bad_text_is_named(tmp_path: Path) -> None:
    assert "line 2: byte 3 is no UTF-8 (0xff)" in refusal(tmp_path, "p.txt", b"one\nab\xff\n")
    assert "UTF-16" in refusal(tmp_path, "p.txt", "one\n".encode("utf-16"))
    assert "16 MB" in refusal(tmp_path, "p.txt", b"x" * (LINE_LIMIT + 1))
    assert "raw" in refusal(tmp_path, "p.jsonl", '{"messages": [{"role": "user", "content": "x"}]}', raw=True)
    with pytest.raises(FileProblem, match="can't be read"):
        check_input(Source(path=tmp_path / "none.txt", form="txt"))
    with pytest.raises(UsageError, match="ending"):
        form_of(tmp_path / "prompts.dat")


def test_many_bad_rows_are_counted_and_can_be_kept(tmp_path: Path) -> None:
    content = "".join('{"prompt": ""}\n{"prompt": "x"}\n' for _ in range(30))
    said = refusal(tmp_path, "p.jsonl", content)
    assert said.count("line ") == 10
    assert "and 20 more" in said
    source = source_of(tmp_path, "p.jsonl", content)
    assert check_input(source, takes_bad_rows=True)[:2] == (60, 30)
    assert [row.problem is not None for row in source.rows()] == [True, False] * 30


def test_a_rows_own_values_must_agree_with_those_of_the_batch(tmp_path: Path) -> None:
    content = '{"prompt": "a", "parameters": {"regex": "a+"}}\n'
    assert len(rows_of(tmp_path, "p.jsonl", content)) == 1
    assert "line 1" in refusal(tmp_path, "p.jsonl", content, edits={"grammar": 'root ::= "a"'})
