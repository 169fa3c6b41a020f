"""The whole screen against reviewed dumps: text first, then which cells share a style.

After an intended change: `CHATAPP_GOLDEN=write python -m pytest tests/ui/test_golden.py`, and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
import pytest
from rich.style import Style
from textual.widgets import Input
from textual.widgets._toast import Toast

from chatapp.backends.script import Script
from chatapp.chat.session import Session
from chatapp.core.backend import GenerationRequest
from chatapp.core.events import Timings
from chatapp.core.settings import Settings
from chatapp.storage.presets import Presets
from chatapp.ui.widgets.candidates.next_token import NextToken
from chatapp.ui.widgets.status_line import StatusLine

from .conftest import Bench, Desk
from .test_branches import open_branches
from .test_find import count, find
from .test_info import open_info, unfold, words
from .test_model_choice import Shelf
from .test_panes import underlined
from .test_preset_picker import open_presets
from .test_search import search
from .test_system_prompt import open_system
from .test_tokens import open_tokens

_GOLDEN = Path(__file__).parent / "golden"
_MARKS = "·abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_REPLY = """Three things a fox knows:

1. where the **hens** sleep
2. when the *farmer* wakes

| animal | km/h |
|--------|-----:|
| fox    |   50 |

```python
print("patience")
```
"""


_OTHER_REPLY = _REPLY.replace("Three", "Two").replace("sleep", "hide").replace("50", "48").replace("fox    ", "vixen  ")
_SCENES = (
    "conversation", "deleted", "edit", "find", "hits", "info", "inspector", "marked", "models", "palette", "presets",
    "raw", "system", "tokens", "tree", "welcome",
)  # fmt: skip
_PANES = {"two-panes": 2, "differences": 2, "three-panes": 3, "four-panes": 4}
"""Scenes of several panes, and how many there are."""
_SIZES = ((80, 24), (160, 48))
_STAGED = (
    *((scene, size) for scene in (*_SCENES, "two-panes", "differences", "four-panes") for size in _SIZES),
    ("three-panes", (60, 24)),
    ("four-panes", (240, 70)),
)


@pytest.mark.parametrize("theme", ["chatapp-dark", "chatapp-light"])
@pytest.mark.parametrize(("scene", "size"), _STAGED, ids=[f"{name}-{w}x{h}" for name, (w, h) in _STAGED])
async def test_screen(bench: Bench, tmp_path: Path, scene: str, size: tuple[int, int], theme: str) -> None:
    book = Presets(tmp_path)
    async with bench(
        _play, size=size, settings=Settings(theme=theme), fill=_fill, presets=book, models=Shelf()
    ) as desk:
        desk.app.screen.query_one("Composer").cursor_blink = False
        if scene in _PANES:
            await _ask_side_by_side(desk, _PANES[scene])
        elif scene != "welcome":
            await desk.ask("What does a fox know?")
        if scene == "differences":
            await desk.pilot.press("alt+d")
            await desk.until(lambda: bool(underlined(desk)))
            await _clear_notices(desk)
        if scene == "four-panes" and size[0] > 200:
            await desk.pilot.press("alt+s")
            await desk.until(lambda: bool(desk.app.screen.query(NextToken)))
            await desk.until(lambda: desk.app.screen.query_one(NextToken).is_exact)
        if scene == "deleted":
            await desk.pilot.press("alt+up", "d")
            await _hold_notice(desk, "brings it back")
        if scene == "raw":
            desk.app.get_default_screen().action_perform("toggle-raw")
            await desk.until(lambda: "raw completion" in desk.screen())
            await _clear_notices(desk)
        if scene == "models":
            await desk.pilot.press("ctrl+l")
            await desk.until(lambda: bool(desk.app.screen.query(Input)) and "✗ can't be used" in desk.screen())
            desk.app.screen.query_one(Input).cursor_blink = False
        if scene == "inspector":
            await desk.pilot.press("ctrl+t")
            await desk.until(lambda: desk.app.screen.focused is not desk.pane.composer)
            await desk.pilot.press("right")
            bars = desk.app.screen.query_one(NextToken)
            await desk.until(lambda: bars.is_exact)
        if scene in ("marked", "edit", "tree"):
            await open_branches(desk, scene)
        if scene == "find":
            await find(desk, "fox")
            await desk.until(lambda: count(desk) == "1/3")
            desk.app.screen.query_one("#find-words", Input).cursor_blink = False
            await desk.pilot.press("down")
        if scene == "hits":
            await search(desk, "fox")
            desk.app.screen.query_one("#conversation-filter", Input).cursor_blink = False
            await desk.pilot.press("down")
        if scene == "tokens":
            tab = await open_tokens(desk)
            await desk.until(lambda: tab.reply is not None and "would have cut" in tab.head)
            await desk.pilot.press("right", "right", "right")
        if scene == "info":
            await _fix_figures(desk)
            lines = await open_info(desk)
            await unfold(desk, lines, "Exact prompt")
            await desk.until(lambda: "user: What" in words(lines))
        if scene == "presets":
            (await open_presets(desk)).cursor_blink = False
        if scene == "system":
            field = await open_system(desk)
            field.cursor_blink = False
            await desk.type("Foxes are kind.")
            await desk.until(lambda: " tokens" in desk.screen() and "… tokens" not in desk.screen())
        if scene == "palette":
            await desk.pilot.press("ctrl+p")
            desk.app.screen.query_one("Input").cursor_blink = False
            await desk.type("con")
        _compare(f"{scene}-{size[0]}x{size[1]}-{theme.removeprefix('chatapp-')}", await _settled_dump(desk))


def _play(request: GenerationRequest) -> Script:
    """The same reply to all, but in the second pane."""
    return Script(text=_OTHER_REPLY if request.edits.get("temperature") == 1.0 else _REPLY)


async def _settled_dump(desk: Desk) -> str:
    """The screen once nothing is left to be done and it changes no more."""
    before, now = "", _dump(desk)
    while now != before:
        await desk.pilot.pause()
        before, now = now, _dump(desk)
    return now


async def _ask_side_by_side(desk: Desk, count: int) -> None:
    """Ask the same in each pane, in one after the other: how they are served together differs from run to run."""
    panes = desk.app.get_default_screen()._panes
    for number in range(1, count + 1):
        if number > 1:
            await desk.pilot.press("alt+n")
            await desk.until(lambda number=number: panes.active.composer.has_focus and len(panes.all) == number)  # type: ignore[misc]
            desk.pane.composer.cursor_blink = False
        desk.pane.set_edits({"temperature": number / 2}, "temperature")
        await desk.ask("What does a fox know?")
    await _fix_figures(desk)
    await desk.until(lambda: panes.active.composer.has_focus and desk.pane.figures.phase == "idle")


async def _clear_notices(desk: Desk) -> None:
    """Put short messages away, which would go by themselves after a while."""
    desk.app.clear_notifications()
    desk.app.get_default_screen().query_one(StatusLine).say("", 0)
    await desk.until(lambda: not desk.app.screen.query(Toast))


async def _hold_notice(desk: Desk, words: str) -> None:
    """Let the short message that has these words stay as long as the test."""
    await desk.until(lambda: words in desk.notices)
    line = desk.app.get_default_screen().query_one(StatusLine)
    if words in line.hint:
        line.say(line.hint, 3600)
        return
    (notice,) = desk.app._notifications
    await _clear_notices(desk)
    desk.app.notify(notice.message, title=notice.title, severity=notice.severity, timeout=3600, markup=False)
    await desk.until(lambda: words in desk.screen())


async def _fix_figures(desk: Desk) -> None:
    """Let the reply have taken a time that is the same in every run, and show it anew."""
    reply = desk.session.thread(desk.pane.conversation_id or 0)[-1]
    assert reply.generation is not None
    timings = Timings(prompt_s=0.012, first_token_s=0.034, generation_s=1.5)
    generation = msgspec.structs.replace(reply.generation, timings=timings)
    await desk.session.store.conversations.update_message(reply.id, generation=generation)
    await desk.pilot.press("ctrl+n")
    desk.app.get_default_screen().open_id(reply.conversation_id)


async def _fill(session: Session) -> None:
    for title in ("Capitals of the north", "A letter to the landlord"):
        conversation = await session.create()
        await session.rename(conversation.id, title)


def _dump(desk: Desk) -> str:
    """The screen's text, then a mark for each cell's style, then what the marks mean."""
    legend: dict[str, str] = {}
    text, marks = [], []
    for strip in desk.strips():
        line = ""
        for segment in strip:
            name = _describe(segment.style)
            mark = legend.setdefault(name, _MARKS[len(legend)] if len(legend) < len(_MARKS) else "?")
            line += mark * segment.cell_length
        text.append(_settled(strip.text).rstrip())
        marks.append(line)
    text[-1] = _settled_status(text[-1])
    marks.pop()  # the status line's figures move its styles
    meaning = [f"{mark} {name}" for name, mark in legend.items()]
    return "\n".join([*text, "", *marks, "", *meaning, ""])


def _describe(style: Style | None) -> str:
    if style is None:
        return "plain"
    attributes = [name for name in ("bold", "italic", "underline", "reverse") if getattr(style, name)]
    colours = [colour.name if colour is not None else "-" for colour in (style.color, style.bgcolor)]
    return " ".join([f"{colours[0]} on {colours[1]}", *attributes])


def _settled(line: str) -> str:
    """`line` without the clock, which differs from run to run."""
    return re.sub(r"\b\d\d:\d\d\b", "12:04", line)


def _settled_status(line: str) -> str:
    """The status line without its speeds, whose width differs from run to run."""
    return re.sub(r" {2,}", "  ", re.sub(r"( · )?(first token [\d.]+ \w+|[\d,]+ tok/s)", "", line)).rstrip()


def _compare(name: str, dump: str) -> None:
    file = _GOLDEN / f"{name}.txt"
    if os.environ.get("CHATAPP_GOLDEN") == "write":
        file.write_text(dump, encoding="utf-8")
    assert file.is_file(), f"{file.name} is missing; write it with CHATAPP_GOLDEN=write"
    assert dump == file.read_text(encoding="utf-8")
