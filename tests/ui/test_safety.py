"""Nothing that a model, a file or a person writes is read as markup or reaches the terminal as a control."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chatapp.backends.script import Failure, Script
from chatapp.chat.session import Session
from chatapp.core.errors import EngineError, FileProblem
from chatapp.ui.messages import ConversationChosen

from .conftest import Bench, Desk

HOSTILE = (
    "[/] and [z [b + 3.",
    "[@click=app.quit]press[/]",
    "\x1b]52;c;Zm94\x07 and \x9d52;c;Zm94\x9c",
    "\x1b[2J\x1b[31m \x9b31m",
    "\u202eevil\u2066 \x00\x7f \ud800",
    "a\rb\x08c\td\ne",
)


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_text_everywhere(bench: Bench, hostile: str) -> None:
    async def fill(session: Session) -> None:
        conversation = await session.create(system_prompt=hostile)
        await session.rename(conversation.id, hostile)

    problem = FileProblem(hostile, hint=hostile, title=hostile)
    failure = EngineError(hostile, hint=hostile)
    scripts = [Script(text=hostile, queued=hostile), Script(failure=Failure(failure, "start"))]
    async with bench(scripts, size=(160, 48), problems=[problem], fill=fill) as desk:
        _check(desk)
        await desk.pilot.press("ctrl+o", "enter", "ctrl+t")
        await desk.pilot.pause()
        _check(desk)
        await desk.say(hostile)
        await desk.until(lambda: len(desk.texts) == 2)
        await desk.quiet()
        _check(desk)
        await desk.say("again " + hostile)
        await desk.until(lambda: bool(desk.notices))
        await desk.quiet()
        _check(desk)
        for keys in (("ctrl+p",), ("escape", "f2"), ("escape", "ctrl+o", "[")):
            await desk.pilot.press(*keys)
            await desk.pilot.pause()
            _check(desk)


def _check(desk: Desk) -> None:
    assert desk.app._exception is None
    shown = desk.screen()
    assert not [letter for letter in shown if (ord(letter) < 32 and letter != "\n") or 0x7F <= ord(letter) < 0xA0]
    assert not set(shown) & set("\u202e\u2066\ud800")


def test_the_screen_loads_nothing_heavy() -> None:
    code = (
        "import sys, chatapp.ui.app\n"
        "heavy = ('llama_cpp', 'numpy', 'sqlite3', 'jinja2', 'httpx', 'huggingface_hub')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_what_cannot_be_read_is_said_and_ends_nothing(bench: Bench) -> None:
    async with bench() as desk:
        desk.app.get_default_screen().post_message(ConversationChosen(12_345))
        await desk.until(lambda: bool(desk.notices))
        await desk.ask("still here?")
        assert desk.texts == ["still here?", "Once there was a fox."]
