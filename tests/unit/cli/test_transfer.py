"""`chatapp history export` and `import` as they are typed."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from chatapp.cli.import_ import FORMATS
from chatapp.cli.main import main
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store

MESSAGES = [{"role": "user", "content": "What is a fox?"}, {"role": "assistant", "content": "An animal."}]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(("history", *arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def use(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("CHATAPP_HOME", str(home))


def bytes_of(home: Path) -> bytes:
    """The conversations as they stand in the database."""

    async def read() -> bytes:
        store = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
        listed = [(each.id, store.conversations.thread(each.id)) for each in store.conversations.list()]
        await store.close()
        return repr(listed).encode()

    return asyncio.run(read())


async def fill(home: Path) -> None:
    """Two conversations, one of them with two branches and a deleted message, and one in the trash."""
    store = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    talks = store.conversations
    foxes = await talks.create(title="Foxes", edits={"temperature": 0.5})
    question = await talks.add_message(foxes.id, None, "user", [TextPart("What is a fox?")])
    for text in ("An animal.", "A bird."):
        reply = await talks.add_message(foxes.id, question.id, "assistant", [TextPart(text)])
    await talks.pin_message(reply.id, True)
    gone = await talks.add_message(foxes.id, reply.id, "user", [TextPart("Never said.")])
    await talks.delete_message(gone.id)
    owls = await talks.create(title="Owls")
    await talks.add_message(owls.id, None, "user", [TextPart("Who?")])
    trashed = await talks.create(title="Gone")
    await talks.delete(trashed.id)
    await store.close()


@pytest.fixture
def filled(home: Path) -> Path:
    asyncio.run(fill(home))
    return home


def test_export_import_export(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert run("export", "--all", "--trash", "-o", str(first)) == 0
    assert "3 conversations exported" in capsys.readouterr().err
    assert b"A bird." in first.read_bytes() and b"Never said." in first.read_bytes()
    use(monkeypatch, tmp_path / "other")
    assert run("import", str(first), "--dry-run") == 0
    assert capsys.readouterr().out == "3 conversations with 5 messages to import · 0 refused\n"
    assert run("import", str(first)) == 0
    assert capsys.readouterr().out == "3 conversations with 5 messages imported · 0 refused\n"
    assert run("export", "--all", "--trash", "-o", str(second)) == 0
    assert first.read_bytes() == second.read_bytes()
    capsys.readouterr()
    assert run("import", str(first), str(second)) == 0
    told = "0 conversations with 0 messages imported · 6 already there, 2 in the trash · 0 refused\n"
    assert capsys.readouterr().out == told
    assert run("export", "--all", "--trash") == 0
    assert capsys.readouterr().out.encode() == first.read_bytes()


def test_which_conversations(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def exported(*arguments: str) -> list[str]:
        assert run("export", *arguments) == 0
        return [each["title"] for each in json.loads(capsys.readouterr().out)["conversations"]]

    assert exported("--all") == ["Foxes", "Owls"]
    assert exported("2", "1") == ["Foxes", "Owls"]
    assert exported("3") == ["Gone"]
    assert exported("--since", "2020-01-01", "--trash") == ["Foxes", "Owls", "Gone"]
    assert exported("--since", "2999-01-01") == []
    for arguments in (
        (),
        ("1", "--all"),
        ("1", "--trash"),
        ("--all", "--tokens", "--format", "jsonl"),
        ("--all", "-m", "x"),
        ("9",),
    ):
        assert run("export", *arguments) == 2
    assert run("export", "--all", "--since", "2020-01-01") == 2
    assert run("export", "--since", "0001-01-01") in (0, 2)


def test_the_ending_tells_the_format(filled: Path, tmp_path: Path) -> None:
    begins = {"a.md": b"# Foxes", "a.jsonl": b'{"messages"', "a.html": b"<!DOCTYPE html>", "a.txt": b'{"format"'}
    for name, begin in begins.items():
        assert run("export", "1", "-o", str(tmp_path / name)) == 0
        assert (tmp_path / name).read_bytes().startswith(begin)
    assert run("export", "1", "--format", "markdown", "--all-branches", "-o", str(tmp_path / "b")) == 0
    assert b"An animal." in (tmp_path / "b").read_bytes() and b"An animal." not in (tmp_path / "a.md").read_bytes()


def test_nothing_is_overwritten_unasked(filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "kept.json"
    path.write_text("mine")
    assert run("export", "--all", "-o", str(path)) == 3
    assert path.read_text() == "mine" and "--force" in capsys.readouterr().err
    assert run("export", "--all", "-o", str(path), "--force") == 0
    assert path.read_bytes().startswith(b'{"format"')
    assert run("export", "--all", "-o", str(tmp_path)) == 3
    assert run("export", "--all", "-o", os.devnull, "--force") == 3
    assert run("export", "--all", "-o", str(tmp_path / "gone" / "x.json")) == 3
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["kept.json"]
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_that_is_refused_stops_them_all(filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in ({"messages": MESSAGES}, {"messages": [{"role": 5}]})))
    before = bytes_of(filled)
    assert run("import", str(path)) == 3
    told = capsys.readouterr().err
    assert "1 conversation of 2 can't be imported" in told and "--skip-refused" in told
    assert f"“{path}”, line 2, message 1: it has no role" in told
    assert bytes_of(filled) == before
    assert run("import", str(path), "--skip-refused") == 0
    shown = capsys.readouterr()
    assert shown.out == "1 conversation with 2 messages imported · 1 refused\n" and "line 2, message 1" in shown.err


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b"[1]", b'{"format":"chatapp","version":9,"conversations":[]}']
)
def test_a_bad_file_changes_nothing(
    filled: Path, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    bad.write_bytes(content)
    good.write_text(json.dumps(MESSAGES))
    before = bytes_of(filled)
    assert run("import", str(good), str(bad)) == 3
    assert "bad.json" in capsys.readouterr().err
    assert bytes_of(filled) == before


def test_the_report_as_json(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([*MESSAGES, {"role": "tool", "content": "42"}]))
    assert run("import", str(path), "--json", "--dry-run") == 0
    report = json.loads(capsys.readouterr().out)
    (made,) = report["imported"]
    assert report["dry_run"] and (made["id"], made["title"], made["messages"]) == (None, "What is a fox?", 3)
    assert "tool" in report["notes"][0]["reason"] and report["notes"][0]["place"].endswith("message 3")
    assert run("import", str(path)) == 0
    assert "“tool” is unknown here" in capsys.readouterr().err
    assert run("import", str(path), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["imported"] == [] and report["already_there"][0]["id"] == 1


def test_what_has_grown_elsewhere_comes_beside(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.jsonl"
    for count, told in ((2, "imported · 0"), (1, "imported · 1 of them beside an earlier import")):
        path.write_text(json.dumps({"id": "a", "messages": MESSAGES[:count]}))
        assert run("import", str(path)) == 0
        assert told in capsys.readouterr().out


def test_formats_are_those_that_are_read() -> None:
    from chatapp.chat.transfer import incoming

    assert tuple(incoming.FORMATS) == FORMATS
