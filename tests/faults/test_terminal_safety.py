"""Hostile text in every place that is shown: what reaches a terminal is looked at byte by byte."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from chatapp.core.messages import ReasoningPart, TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store
from tests.fakes.terminal import Terminal

PAYLOADS = {
    "clipboard (OSC 52)": "\x1b]52;c;UFdORUQ=\x07",
    "clipboard, C1": "\x9d52;c;UFdORUQ=\x9c",
    "link (OSC 8)": "\x1b]8;;http://pwned.example/\x1b\\click\x1b]8;;\x1b\\",
    "title (OSC 0)": "\x1b]0;PWNED\x07",
    "colour (CSI)": "\x1b[31;5mPWNED",
    "colour, C1": "\x9b31;5mPWNED",
    "device control": "\x1bP$qPWNED\x1b\\",
    "bidirectional override": "\u202ePWNED\u2066",
    "bell and backspace": "\x07\x08\x08PWNED",
    "tag characters": "\U000e0050\U000e0057",
}
FORBIDDEN = (
    b"\x1b]52;c;UFdORUQ",
    b"\x1b]8;;http://pwned",
    b"\x1b]0;PWNED",
    b"\x1b[31;5m",
    b"\x1bP$q",
    *(code.encode() for code in ("\x9d", "\x9b", "\x9c", "\u202e", "\u2066", "\U000e0050")),
    b"\x08\x08",
)
MARKUP = "[/] [bold] [@click=app.quit]quit[/] [red"
EVERYTHING = MARKUP + " ".join(f"{name}: {payload}" for name, payload in PAYLOADS.items())


def check(seen: bytes) -> None:
    for bad in FORBIDDEN:
        assert bad not in seen, f"{bad!r} reached the terminal: …{seen[max(0, seen.index(bad) - 60) :][:160]!r}"


@pytest.fixture
async def conversation_id(home: Path) -> int:
    store = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    conversation = await store.conversations.create(title=EVERYTHING, system_prompt=EVERYTHING)
    asked = await store.conversations.add_message(conversation.id, None, "user", (TextPart(EVERYTHING),))
    table = f"| {EVERYTHING} |\n|---|\n| [x](http://a/{EVERYTHING}) |"
    code = f"# heading {EVERYTHING}\n\n```python\n{EVERYTHING}\n```\n\n{table}"
    parts = (ReasoningPart(EVERYTHING, 1.0), TextPart(EVERYTHING + "\n\n" + code))
    await store.conversations.add_message(conversation.id, asked.id, "assistant", parts)
    await store.close()
    return conversation.id


async def test_the_workbench(home: Path, make_model: Callable[..., Path], conversation_id: int) -> None:
    model = make_model("evil\x1b]0;PWNED\x07[31m.gguf", name=EVERYTHING, metadata={"general.license": EVERYTHING})
    with Terminal(["-m", str(model), "--resume", str(conversation_id)], home, columns=160, rows=48) as terminal:
        terminal.wait_for(lambda: "ready" in terminal.text)
        for key in (
            "\x14",
            "\x1bh",
            "\x10",
            "\x1b",
            "\x1b[5~",
            "\x1bOP",
        ):  # inspector, thoughts, palette, page up, help
            terminal.type(key)
            terminal.drain(0.4)
        assert terminal.process.poll() is None
        assert "[@click=app.quit]" in terminal.text
        check(terminal.seen)


@pytest.mark.parametrize(
    "arguments",
    [
        ["history", "list"],
        ["history", "show", "ID"],
        ["history", "search", "PWNED"],
        ["models", "list"],
        ["models", "info", "MODEL"],
        ["ask", "hello", "-v", "-m", "MODEL", "--max-tokens", "4", "--incognito"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
async def test_the_command_line(
    home: Path, make_model: Callable[..., Path], conversation_id: int, arguments: list[str]
) -> None:
    model = make_model("evil\x1b]0;PWNED\x07.gguf", name=EVERYTHING, metadata={"general.license": EVERYTHING})
    names = {"ID": str(conversation_id), "MODEL": str(model)}
    with Terminal([names.get(argument, argument) for argument in arguments], home, columns=160, rows=48) as terminal:
        terminal.wait_for(lambda: terminal.process.poll() is not None)
        terminal.drain(0.3)
        assert terminal.process.returncode == 0, terminal.text
        check(terminal.seen)
