"""What the composer stands on: folded pastes, recall of what was typed, the clipboard."""

from __future__ import annotations

import base64
import stat
import sys
from pathlib import Path

import pytest

from chatapp.ui import clipboard
from chatapp.ui.input_history import InputHistory
from chatapp.ui.paste import MOST_CHARACTERS, MOST_LINES, Pastes


def test_short_pastes_stay_and_are_cleaned() -> None:
    assert Pastes().fold("one\r\ntwo\rthree\x1b[31m") == "one\ntwo\nthree␛[31m"


def test_long_pastes_fold_and_unfold() -> None:
    pastes = Pastes()
    many = "\n".join(str(number) for number in range(MOST_LINES + 1))
    wide = "x" * (MOST_CHARACTERS + 1)
    other = "\n".join(str(-number) for number in range(MOST_LINES + 1))
    tokens = [pastes.fold(text) for text in (many, wide, other)]
    assert tokens == ["[pasted 61 lines]", "[pasted 16,385 characters]", "[pasted 61 lines, 2]"]
    assert pastes.fold(many) == tokens[0]
    assert pastes.unfold(f"a {tokens[2]} b {tokens[0]} c {tokens[1]}") == f"a {other} b {many} c {wide}"
    assert pastes.ending(f"see {tokens[2]}") == tokens[2]
    assert pastes.ending("see [pasted 9 lines]") is None


def test_a_paste_that_holds_a_token_is_not_unfolded_twice() -> None:
    pastes = Pastes()
    token = pastes.fold("\n" * 100)
    outer = pastes.fold(f"{token}\n" * 70)
    assert pastes.unfold(outer) == f"{token}\n" * 70


def test_recall_follows_the_typed_beginning() -> None:
    history = InputHistory()
    for text in ("tell a story", "translate this", "tell a joke", "hello"):
        history.add(text)
    assert history.older("tell") == "tell a joke"
    assert history.older("tell a joke") == "tell a story"
    assert history.older("tell a story") is None
    assert history.newer() == "tell a joke"
    assert history.newer() == "tell"
    assert history.newer() is None


def test_history_outlives_the_process_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "state" / "history.jsonl"
    history = InputHistory(file)
    history.add("two\nlines")
    history.add("again")
    history.add("two\nlines")
    history.add("   ")
    file.write_bytes(file.read_bytes() + b"not json\n\xff\n")
    again = InputHistory(file)
    assert (again.older(""), again.older("two\nlines"), again.older("again")) == ("two\nlines", "again", None)
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_history_that_cannot_be_written_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    history = InputHistory(tmp_path / "file" / "history.jsonl")
    history.add("kept")
    assert history.older("") == "kept"


def test_no_tool_over_ssh() -> None:
    assert clipboard.tool_command({"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":0"}, "darwin") is None


def test_osc52_is_wrapped_for_tmux() -> None:
    plain = clipboard.osc52("fox", {})
    payload = base64.b64encode(b"fox").decode()
    assert plain == f"\x1b]52;c;{payload}\x07"
    wrapped = clipboard.osc52("fox", {"TMUX": "/tmp/x"})
    assert wrapped.startswith("\x1bPtmux;\x1b\x1b]52;c;") and "\x1b\\" in wrapped


async def test_copying_says_what_was_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    written: list[str] = []
    assert "OSC 52" in await clipboard.copy("fox", written.append, {"SSH_TTY": "/dev/pts/0"})
    assert len(written) == 1
    assert "Not copied" in await clipboard.copy("x" * 200_000, written.append, {})
    assert len(written) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in tool is a shell script")
async def test_the_system_tool_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "xclip"
    tool.write_text(f"#!/bin/sh\n/bin/cat > '{tmp_path}/copied'\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    written: list[str] = []
    assert await clipboard.copy("fox", written.append, {"DISPLAY": ":0"}) == "Copied 3 characters with xclip."
    assert (tmp_path / "copied").read_text(encoding="utf-8") == "fox"
    assert not written
    tool.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    assert "OSC 52" in await clipboard.copy("fox", written.append, {"DISPLAY": ":0"})
