"""Hostile files: a clear error with file and place, within limits, and a store that is unchanged."""

from __future__ import annotations

import json
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transfer_samples import CHATGPT, LLAMA_WEB, OPENAI, SHAREGPT, archive, chatgpt_archive

from chatapp.chat.transfer import incoming, limits, own
from chatapp.chat.transfer.source import read_file
from chatapp.core.errors import FileProblem
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.core.portable import PortableConversation, PortableMessage
from chatapp.storage.store import Store

MUTATIONS = 500
_ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**70,
    1e308,
    "",
    "x",
    "\x1b[2J",
    [],
    {},
    [[]],
    {"type": "text"},
    [None],
)


def read(path: Path) -> incoming.Harvest:
    return incoming.read(read_file(path))


def own_export() -> bytes:
    turns = [
        PortableMessage(role="user", parts=(TextPart("Hello"),), created_at=1.0),
        PortableMessage(role="assistant", parts=(TextPart("Hi"),), parent=1, created_at=2.0, pinned=True),
        PortableMessage(role="assistant", parts=(TextPart("Hey"),), parent=1, created_at=3.0, deleted_with=3),
    ]
    talk = PortableConversation(title="T", messages=tuple(turns), leaf=2, created_at=1.0, updated_at=3.0)
    return own.encode([talk, talk])


def samples() -> dict[str, bytes]:
    """One export of every kind, by file name."""
    by_line = b"\n".join(json.dumps(each).encode() for each in OPENAI)
    documents = {"openai.json": OPENAI, "sharegpt.json": SHAREGPT, "chatgpt.json": CHATGPT, "llama.json": LLAMA_WEB}
    encoded = {name: json.dumps(document).encode() for name, document in documents.items()}
    return encoded | {"own.json": own_export(), "openai.jsonl": by_line, "chatgpt.zip": chatgpt_archive()}


def changed_bytes(content: bytes, chance: random.Random) -> bytes:
    """`content` with bytes turned, cut out, doubled, or its end missing."""
    mutated = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        begin = chance.randrange(len(mutated) or 1)
        end = min(len(mutated), begin + chance.randint(1, 30))
        match chance.randrange(5):
            case 0:
                mutated[begin : begin + 1] = bytes([chance.randrange(256)])
            case 1:
                del mutated[begin:end]
            case 2:
                mutated[begin:begin] = mutated[begin:end] * chance.randint(1, 20)
            case 3:
                mutated[begin:end] = bytes(chance.randrange(256) for _ in range(end - begin))
            case _:
                del mutated[begin + 1 :]
    return bytes(mutated)


def changed_value(content: bytes, chance: random.Random) -> bytes:
    """A JSON document with one of its values replaced by another, or taken out, or doubled."""
    document = json.loads(content)
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [document]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict | list):
            keys = list(at) if isinstance(at, dict) else range(len(at))
            places += [(at, key) for key in keys]
            waiting += [at[key] for key in keys]
    for _ in range(chance.randint(1, 2)):
        holder, key = chance.choice(places)
        if isinstance(holder, list) and key >= len(holder):
            continue
        if isinstance(holder, dict) and chance.random() < 0.2:
            holder.pop(key, None)
        else:
            other, other_key = chance.choice(places)
            there = other_key in other if isinstance(other, dict) else other_key < len(other)
            copied = json.loads(json.dumps(other[other_key])) if there else None
            holder[key] = copied if chance.random() < 0.3 else chance.choice(_ODD)
    return json.dumps(document).encode()


async def test_mutated_files(tmp_path: Path) -> None:
    store = Store.open(Paths.of({"CHATAPP_HOME": str(tmp_path / "home")}), incognito=True)
    known, chance = samples(), random.Random(6)
    refused = taken = 0
    for number in range(MUTATIONS):
        name = chance.choice(sorted(known))
        is_json = name.endswith(".json")
        change = changed_value if is_json and chance.random() < 0.6 else changed_bytes
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(change(known[name], chance))
        before = [each.id for each in store.conversations.list()]
        try:
            harvest = read(path)
        except FileProblem as problem:
            assert path.name in problem.message
            refused += 1
        else:
            assert all(path.name in refusal.place and refusal.reason for refusal in harvest.refused)
            refused += bool(harvest.refused)
            wanted = [] if harvest.refused else [each.conversation for each in harvest.conversations]
            landed = await store.transfer.put(wanted)
            for each in landed:
                again = own.read(own.decode(json_raw(own.encode([store.transfer.take(each.conversation_id)])))[0])
                assert again.messages == store.transfer.take(each.conversation_id).messages
                taken += each.is_new
                before += [each.conversation_id] if each.is_new else []
        assert sorted(each.id for each in store.conversations.list()) == sorted(before)
    assert refused > MUTATIONS // 3 and taken > 20
    await store.close()


def json_raw(content: bytes) -> Any:
    import msgspec

    return msgspec.Raw(content)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"messages":' * 5_000 + b"1" + b"}" * 5_000,
        b'[{"role": "user", "content": ' + b"[" * 900 + b"]" * 900 + b"}]",
        b'{"format":"chatapp","version":1,"conversations":[' + b"[" * 5_000 + b"]" * 5_000 + b"]}",
    ],
)
def test_deep_nesting(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "deep.json"
    path.write_bytes(content)
    try:
        harvest = read(path)
    except FileProblem as problem:
        assert "deep.json" in problem.message
    else:
        assert harvest.refused and not harvest.conversations


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'[{"role": "user",\n "content": "a}]', "line 2"),
        (b'{"a": 1}\n{"b": \n{"c": 1}', "line 2, column"),
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"GGUF\x00\x01", "line 1, column 1"),
        (b"\xff\xfe\x00", "deep.json"),
        (b'[{"role": "user", "content": "\xff\xfe"}]', "message"),
        (b"PK\x03\x04 no archive", "no archive"),
    ],
)
def test_broken_text_is_told_with_its_line(tmp_path: Path, content: bytes, place: str) -> None:
    path = tmp_path / "deep.json"
    path.write_bytes(content)
    try:
        harvest = read(path)
    except FileProblem as problem:
        assert "deep.json" in problem.message and place in problem.message
    else:
        assert harvest.refused and "UTF-8" in harvest.refused[0].reason


def bomb() -> bytes:
    return archive({"conversations.json": b"[" + b" " * 40_000_000 + b"]"})


def lying() -> bytes:
    """An archive whose file says that it is small."""
    content = bytearray(archive({"conversations.json": b"[" + b" " * 1_000_000 + b"]"}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(content)


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        import io

        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as made:
            for _ in range(2):
                made.writestr("conversations.json", b"[]")
    return buffer.getvalue()


def encrypted() -> bytes:
    content = bytearray(chatgpt_archive())
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (bomb, "would unpack"),
        (lying, "archive"),
        (twice, "twice"),
        (encrypted, "encrypted"),
        (lambda: archive({"a.txt": b""}), "no conversations.json"),
        (lambda: archive({"../../conversations.json": b"[]"}), "leads out"),
        (lambda: archive({"conversations.json": b"[]", "/etc/passwd": b""}), "leads out"),
        (lambda: archive({"conversations.json": b"[]", "C:\\x": b""}), "leads out"),
        (lambda: archive({"a\\..\\..\\x": b"", "conversations.json": b"[]"}), "leads out"),
        (lambda: chatgpt_archive()[:-30], "archive"),
        (lambda: archive({"conversations.json": chatgpt_archive()}), "no JSON"),
    ],
)
def test_archives_that_no_export_makes(tmp_path: Path, make: Callable[[], bytes], reason: str) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(make())
    with pytest.raises(FileProblem, match=reason) as raised:
        read(path)
    assert "export.zip" in raised.value.message
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["export.zip"]


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.json"
    path.write_bytes(
        json.dumps([{"messages": [{"role": "user", "content": f"long {n}"}] * 5} for n in range(9)]).encode()
    )
    assert len(read(path).conversations) == 9
    for name, reason in {"FILE_BYTES": "MB", "CONVERSATIONS": "conversations", "ALL_MESSAGES": "messages"}.items():
        with monkeypatch.context() as patch, pytest.raises(FileProblem, match=f"many.json.* {reason}"):
            patch.setattr(limits, name, 8)
            read(path)
    for name in ("MESSAGES", "TEXT_CHARACTERS"):
        with monkeypatch.context() as patch:
            patch.setattr(limits, name, 4)
            assert len(read(path).refused) == 9


def test_files_that_are_none(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.json", tmp_path / "nul\0l"):
        with pytest.raises(FileProblem, match="“"):
            read_file(path)
