"""`chatapp models ps` and `unload`, and `/model` in `chatapp chat`, with the real command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from command_line import COMMAND, run

FIXED = ("--seed", "1", "--ignore-eos", "--max-new-tokens", "3")


class Chat:
    """`chatapp chat` on pipes, one reply at a time."""

    def __init__(self, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "chat", *FIXED, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def say(self, line: str) -> str:
        """Send a line and wait for the reply."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def end(self) -> str:
        """End it; what it narrated."""
        return self.process.communicate(timeout=60)[1]


@contextmanager
def chatting(*arguments: str | Path) -> Iterator[Chat]:
    chat = Chat(*arguments)
    try:
        yield chat
    finally:
        chat.process.kill()
        chat.process.communicate()


def ps() -> list[dict[str, object]]:
    done = run("models", "ps", "--json")
    assert done.code == 0
    found: list[dict[str, object]] = json.loads(done.out)
    return found


def test_models_in_memory_are_listed_and_unloaded(tiny_model: Path) -> None:
    assert ps() == []
    assert "no model is in memory" in run("models", "ps").err
    with chatting("-m", tiny_model) as chat:
        assert chat.say("Hello")
        (entry,) = ps()
        assert (entry["model"], entry["path"], entry["program"]) == ("tiny", str(tiny_model), "chat")
        assert entry["owner_pid"] == chat.process.pid
        assert entry["state"] in ("idle", "busy")  # a record is a second behind at most
        assert entry["worker_pid"] != entry["owner_pid"]
        assert str(entry["device"]).startswith(("cpu", "cuda", "metal", "vulkan")) and entry["context_size"]
        assert isinstance(entry["memory_bytes"], int) and entry["memory_bytes"] > tiny_model.stat().st_size // 2
        resident = entry["resident_bytes"]
        assert resident is None or (isinstance(resident, int) and resident > 10**6)
        shown = run("models", "ps").out
        assert shown.splitlines()[0].split()[:2] == ["MODEL", "STATE"]
        assert f"chat {chat.process.pid}" in shown.splitlines()[1]
        unloaded = run("models", "unload", tiny_model)
        assert unloaded.code == 0 and unloaded.out == ""
        assert f"tiny of chat {chat.process.pid} is unloaded" in unloaded.err
        assert ps() == []
        assert "that model is not in memory" in run("models", "unload", tiny_model).err
        assert chat.say("Again")
        assert len(ps()) == 1
        assert run("models", "unload", "--all").code == 0
        assert ps() == []
        assert chat.say("/bye") == ""
    assert ps() == []


def test_a_killed_chat_leaves_no_ghost(tiny_model: Path, home: Path) -> None:
    with chatting("-m", tiny_model) as chat:
        assert chat.say("Hello")
        assert len(ps()) == 1
    assert ps() == []
    assert list((home / "state" / "loaded").iterdir()) == []


def test_the_second_says_who_has_the_model(tiny_model: Path) -> None:
    with chatting("-m", tiny_model) as chat:
        assert chat.say("Hello")
        told = f"This model is also loaded by chatapp chat (process {chat.process.pid}, since "
        done = run("ask", "-m", tiny_model, *FIXED, "-v", "Hi")
        assert told in done.err and "more memory" in done.err
        assert "also loaded" not in done.out
        assert "also loaded" not in run("ask", "-m", tiny_model, *FIXED, "Hi").err
    assert "also loaded" not in run("ask", "-m", tiny_model, *FIXED, "-v", "Hi").err


def test_incognito_is_not_listed(tiny_model: Path, home: Path) -> None:
    with chatting("-m", tiny_model, "--incognito") as chat:
        assert chat.say("Hello")
        assert ps() == []
        assert not home.exists()


@pytest.mark.parametrize("arguments", [(), ("pocket", "--all")])
def test_unload_needs_a_model_or_all(arguments: tuple[str, ...]) -> None:
    done = run("models", "unload", *arguments)
    assert done.code == 2 and "--all" in done.err


def test_a_chat_changes_its_model_and_keeps_both(tiny_model: Path, make_model: Callable[..., Path]) -> None:
    other = make_model("other.gguf", layers=3)
    with chatting("-m", tiny_model, "-v") as chat:
        assert chat.say("Hello")
        assert chat.say(f"/model {other}\nGo on")
        assert {entry["model"] for entry in ps()} == {"tiny", "other"}
        assert chat.say(f"/model {tiny_model}\nAnd on")
        assert chat.say("/model\n/show\nThe end")
        told = chat.end()
    assert "model: other\n" in told and "chatapp: model: other on" in told
    assert "* tiny  (in use, in memory)\n" in told and "  other  (in memory)\n" in told and "  pocket\n" in told
    shown = json.loads(run("history", "show", "--json").out)
    names = [each["generation"]["model_name"] for each in shown["messages"] if each["role"] == "assistant"]
    assert names == ["tiny", "other", "tiny", "tiny"]


def test_a_small_budget_keeps_one_model(tiny_model: Path, make_model: Callable[..., Path], home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("memory_budget = 1\n")
    with chatting("-m", tiny_model, "-v") as chat:
        assert chat.say("Hello")
        assert chat.say(f"/model {make_model('other.gguf')}\nGo on")
        assert [entry["model"] for entry in ps()] == ["other"]
        assert "setting memory_budget" in chat.end()


def test_a_model_that_is_not_there_changes_nothing(tiny_model: Path) -> None:
    done = run("chat", "-m", tiny_model, *FIXED, stdin="Hello\n/model nowhere\n")
    assert done.code == 4 and "nowhere" in done.err
