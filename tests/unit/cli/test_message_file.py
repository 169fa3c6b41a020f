"""Messages from JSON, as people have them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from chatapp.cli.message_file import read_messages
from chatapp.core.errors import FileProblem
from chatapp.core.messages import Message, ReasoningPart, TextPart


def test_roles_contents_and_thoughts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "messages.json"
    path.write_text(
        json.dumps(
            {
                "messages": [
                    {"role": "system", "content": "s"},
                    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
                    {"role": "assistant", "content": "c", "reasoning_content": "t"},
                ]
            }
        )
    )
    assert read_messages(str(path)) == (
        Message.of("system", "s"),
        Message.of("user", "ab"),
        Message("assistant", (ReasoningPart("t"), TextPart("c"))),
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[{]", "line 1, column 3"),
        (b"", "no JSON"),
        (b"{}", "no list"),
        (b"[1]", "message 1 is no object"),
        (b'[{"role": "user", "content": "a"}, {"role": "tool", "content": "a"}]', "message 2 has the role 'tool'"),
        (b'[{"role": "user"}]', "no text"),
        (b'[{"role": "user", "content": [{"type": "image_url"}]}]', "something else than text"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[" + b"1" * 10_000 + b"]", "number too long"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "messages.json"
    path.write_bytes(content)
    with pytest.raises(FileProblem) as caught:
        read_messages(str(path))
    assert said in caught.value.message
    assert str(path) in caught.value.message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="can't be read"):
        read_messages(str(tmp_path / "none.json"))


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    path, dice = tmp_path / "messages.json", random.Random(1)
    sound = b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "\\u00e9\\ud83d"}]}]}'
    for _ in range(500):
        damaged = bytearray(sound)
        for _ in range(dice.randrange(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            read_messages(str(path))
        except FileProblem as problem:
            assert problem.hint
