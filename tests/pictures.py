"""The README's screenshots, made from the running workbench: `python -m tests.pictures OUT`.

The conversation is scripted and the store is in memory; everything else is what a person sees. Where tokens are to be
seen, the built-in model writes them.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from textual.pilot import Pilot

from chatapp.backends.script import Script
from chatapp.backends.scripted import CARD, ScriptedBackend
from chatapp.chat.session import Session
from chatapp.cli.compose import Choice, open_session, read_configuration
from chatapp.core.backend import GenerationRequest
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings
from chatapp.storage.store import Store
from chatapp.ui.app import Workbench
from chatapp.ui.screens.pane import Pane
from chatapp.ui.widgets.status_line import StatusLine

_MODEL = msgspec.structs.replace(
    CARD, name="Qwen2.5 0.5B", device="cpu×8", context_size=8192, metadata={"general.sampling.temp": "0.7"}
)
_QUESTION = "When should I use min_p instead of top_p?"
_THOUGHTS = (
    "They ask for a comparison of two truncation samplers. Say what each cuts, when that differs, "
    "show numbers in a table, and give a line of code."
)
_ANSWER = """## Two ways to cut the tail

**top_p** keeps the smallest set of tokens whose probabilities add up to *p*; **min_p** keeps every token that is \
at least a share of the likeliest one. They part where the model is unsure:

| next token    | kept by top_p 0.9 | kept by min_p 0.1 |
|---------------|------------------:|------------------:|
| nearly sure   |                 1 |                 1 |
| two rivals    |                 2 |                 2 |
| wide open     |               310 |                24 |

1. At a **high temperature** take `min_p`: it stays strict when the distribution is flat.
2. For **sober** text at 0.7 and below, `top_p` is fine.

```python
def min_p(probabilities: list[float], share: float) -> list[int]:
    bound = share * max(probabilities)  # moves with the model's certainty
    return [i for i, p in enumerate(probabilities) if p >= bound]
```

> Set one of them, and leave the other at its neutral value.
"""
_EARLIER = (
    ("Story of a fox", "Tell me a story about a fox.", "Once there was a red fox who knew three things."),
    ("Few-shot: colours", "apple → red, grass → green, sky →", "blue"),
    ("A letter to the landlord", "Write a polite letter about the heating.", "Dear Ms Hansen,"),
    ("Regex for ISO dates", "A regex for dates such as 2026-11-22?", "`\\d{4}-\\d{2}-\\d{2}`"),
    ("Capitals of the north", "What is the capital of Norway?", "Oslo."),
)

Steps = Callable[[Workbench, Pilot[None]], Awaitable[None]]


async def _talk(app: Workbench, pilot: Pilot[None]) -> None:
    pane = app.get_default_screen().pane
    for question, ready in ((_QUESTION, 1), ("", 2)):
        if question:
            pane.composer.put(question)
            await pilot.press("enter")
        else:
            await pilot.press("ctrl+r")
        async with asyncio.timeout(30):
            while pane.stream.writing or (pane.last_reply() is None or pane.last_reply().sibling < ready):  # type: ignore[union-attr]
                await pilot.pause(0.05)
    pane.composer.cursor_blink = False
    await pilot.pause(0.2)


async def _inspect(app: Workbench, pilot: Pilot[None]) -> None:
    await _talk(app, pilot)
    await pilot.press("ctrl+t")
    await pilot.pause(0.3)
    await pilot.press(*["right"] * 6, *["down"] * 3, *["right"] * 5)
    await pilot.pause(0.2)


async def _palette(app: Workbench, pilot: Pilot[None]) -> None:
    await _talk(app, pilot)
    await pilot.press("ctrl+p")
    await pilot.pause(0.3)


async def _quiet(app: Workbench, pilot: Pilot[None]) -> None:
    screen = app.get_default_screen()
    async with asyncio.timeout(60):
        while screen.pane.stream.writing or not all(pane.transcript.messages for pane in screen.query(Pane)):
            await pilot.pause(0.05)
    for pane in screen.query(Pane):
        pane.composer.cursor_blink = False
    await pilot.pause(0.3)


async def _ask(app: Workbench, pilot: Pilot[None]) -> None:
    pane = app.get_default_screen().pane
    pane.set_edits({"seed": 3, "temperature": 1.3, "min_p": 0.05}, "seed")
    pane.composer.put("Tell me a story about a fox.")
    await pilot.press("enter")
    await _quiet(app, pilot)


async def _tokens(app: Workbench, pilot: Pilot[None]) -> None:
    await _ask(app, pilot)
    await pilot.press("alt+t")
    await pilot.pause(0.5)
    await pilot.press("n", "n", "n")
    await pilot.pause(0.5)


async def _sampling(app: Workbench, pilot: Pilot[None]) -> None:
    await _tokens(app, pilot)
    await pilot.press("alt+s")
    await pilot.pause(0.5)
    await pilot.press("down", "down", "down", "right")
    await pilot.pause(1.0)


async def _panes(app: Workbench, pilot: Pilot[None]) -> None:
    screen = app.get_default_screen()
    for count in (2, 3, 4):
        await pilot.press("alt+n")
        while len(screen.query(Pane)) < count:
            await pilot.pause(0.05)
    for pane, temperature in zip(screen.query(Pane), (0.2, 0.7, 1.2, 1.8), strict=True):
        pane.set_edits({"seed": 5, "temperature": temperature}, "temperature")
    screen.pane.composer.put("Tell me a story about a fox.")
    await pilot.press("alt+a")
    await _quiet(app, pilot)
    await pilot.press("alt+d", "alt+1")
    app.clear_notifications()
    screen.query_one(StatusLine).say("", 0)
    await pilot.pause(0.5)


class Picture(NamedTuple):
    """What is drawn: the size in cells, the theme, what is done before, and whether the built-in model writes."""

    size: tuple[int, int]
    theme: str
    steps: Steps
    pocket: bool = False
    conversations: bool = True


_PICTURES = {
    "workbench-dark": Picture((150, 44), "chatapp-dark", _inspect),
    "workbench-light": Picture((120, 40), "chatapp-light", _talk),
    "tokens-dark": Picture((140, 40), "chatapp-dark", _tokens, pocket=True, conversations=False),
    "sampling-light": Picture((140, 44), "chatapp-light", _sampling, pocket=True, conversations=False),
    "panes-light": Picture((176, 34), "chatapp-light", _panes, pocket=True, conversations=False),
    "palette": Picture((110, 34), "dusk", _palette),
    "narrow": Picture((80, 24), "forest", _talk),
}


def _script(request: GenerationRequest) -> Script:
    answers = {question: answer for _, question, answer in _EARLIER}
    asked = request.messages[-1].text
    if asked in answers:
        return Script(text=answers[asked])
    return Script(reasoning=_THOUGHTS, text=_ANSWER, tokens_per_second=480.0)


@asynccontextmanager
async def _written_by_pocket() -> AsyncIterator[Session]:
    with tempfile.TemporaryDirectory() as directory:
        os.environ["CHATAPP_HOME"] = directory
        async with open_session(read_configuration(), Choice(), program="pictures") as session:
            async for _ in session.backend.load():
                pass
            yield session


@asynccontextmanager
async def _scripted() -> AsyncIterator[Session]:
    with tempfile.TemporaryDirectory() as directory:
        store = Store.open(Paths.of({"CHATAPP_HOME": directory}), incognito=True)
        backend = ScriptedBackend(_script, card=_MODEL)
        session = Session(store, backend)
        for title, question, _ in reversed(_EARLIER):
            conversation = await session.create()
            async for _event in await session.send(conversation.id, question):
                pass
            await session.rename(conversation.id, title)
        yield session
        await session.close()
        await backend.close()
        await store.close()


async def _draw(picture: Picture) -> str:
    """Run the workbench through the picture's steps and return it as SVG."""
    async with _written_by_pocket() if picture.pocket else _scripted() as session:
        settings = Settings(theme=picture.theme, show_conversations=picture.conversations)
        app = Workbench(session, settings, save_setting=lambda name, value: None)
        async with app.run_test(size=picture.size, notifications=True) as pilot:
            await pilot.pause(0.3)
            await picture.steps(app, pilot)
            drawn = app.export_screenshot(title="chatapp")
            await app.get_default_screen().close_replies()
    return _without_foreign_fonts(drawn)


def _without_foreign_fonts(picture: str) -> str:
    """Textual's SVG asks a foreign server for its font; any monospaced one will do."""
    picture = re.sub(r"@font-face\s*\{[^}]*\}", "", picture)
    return re.sub(r"font-family:\s*[^;]+;", "font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace;", picture)


async def _draw_all(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, picture in _PICTURES.items():
        file = directory / f"{name}.svg"
        file.write_text(await _draw(picture), encoding="utf-8")
        sys.stderr.write(f"{file}\n")


def main() -> None:
    """Draw all pictures into the directory that was given."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.pictures OUT")
    asyncio.run(_draw_all(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
