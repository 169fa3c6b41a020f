"""The README's screenshots, made from the running workbench: `python -m tests.pictures OUT`.

The model is scripted, the store is in memory; everything else is what a person sees.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from textual.pilot import Pilot

from chatapp.backends.script import Script
from chatapp.backends.scripted import CARD, ScriptedBackend
from chatapp.chat.session import Session
from chatapp.core.backend import GenerationRequest
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings
from chatapp.storage.store import Store
from chatapp.ui.app import Workbench

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


_PICTURES: dict[str, tuple[tuple[int, int], str, Steps]] = {
    "workbench-dark": ((150, 44), "chatapp-dark", _inspect),
    "workbench-light": ((120, 40), "chatapp-light", _talk),
    "palette": ((110, 34), "dusk", _palette),
    "narrow": ((80, 24), "forest", _talk),
}


def _script(request: GenerationRequest) -> Script:
    answers = {question: answer for _, question, answer in _EARLIER}
    asked = request.messages[-1].text
    if asked in answers:
        return Script(text=answers[asked])
    return Script(reasoning=_THOUGHTS, text=_ANSWER, tokens_per_second=480.0)


async def _draw(size: tuple[int, int], theme: str, steps: Steps) -> str:
    """Run the workbench through `steps` and return the picture as SVG."""
    with tempfile.TemporaryDirectory() as directory:
        store = Store.open(Paths.of({"CHATAPP_HOME": directory}), incognito=True)
        backend = ScriptedBackend(_script, card=_MODEL)
        session = Session(store, backend)
        for title, question, _ in reversed(_EARLIER):
            conversation = await session.create()
            async for _event in await session.send(conversation.id, question):
                pass
            await session.rename(conversation.id, title)
        app = Workbench(session, Settings(theme=theme), save_setting=lambda name, value: None)
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause(0.3)
            await steps(app, pilot)
            picture = app.export_screenshot(title="chatapp")
            await app.get_default_screen().close_replies()
        await session.close()
        await backend.close()
        await store.close()
    return _without_foreign_fonts(picture)


def _without_foreign_fonts(picture: str) -> str:
    """Textual's SVG asks a foreign server for its font; any monospaced one will do."""
    picture = re.sub(r"@font-face\s*\{[^}]*\}", "", picture)
    return re.sub(r"font-family:\s*[^;]+;", "font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace;", picture)


async def _draw_all(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, (size, theme, steps) in _PICTURES.items():
        file = directory / f"{name}.svg"
        file.write_text(await _draw(size, theme, steps), encoding="utf-8")
        sys.stderr.write(f"{file}\n")


def main() -> None:
    """Draw all pictures into the directory that was given."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.pictures OUT")
    asyncio.run(_draw_all(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
