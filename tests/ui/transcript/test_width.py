"""Prose is no wider than reads well; code and tables take what they need."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from chatapp.backends.script import Script
from chatapp.core.settings import Settings
from chatapp.ui.widgets.transcript import Transcript

from ..conftest import Bench
from .conftest import Make, Open, Screenful

WIDE = (240, 50)
WORDS = "the quick brown fox jumps over the lazy dog " * 20
REPLY = f"""{WORDS}

- {WORDS}

> {WORDS}

---

```python
print("short")
```

```
{"x" * 180}
```

| one | two |
|-----|-----|
| {"a" * 70} | {"b" * 70} |
"""


def row_of(screen: Screenful, words: str) -> str:
    return next(line for line in screen.lines if words in line)


async def test_prose_ends_where_it_reads_well(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, WORDS, role="user"), message(2, WORDS)], size=WIDE) as screen:
        prose = [line for line in screen.lines if "fox" in line]
        assert 90 < max(map(cell_len, prose)) <= 102 and all(line.startswith("  ") for line in prose)
        assert all(cell_len(line) <= 102 for line in screen.lines)


async def test_only_what_needs_more_takes_more(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, REPLY)], size=WIDE) as screen:
        assert all(
            cell_len(line) <= 102 for line in screen.lines if "fox" in line or ("───" in line and "┼" not in line)
        )
        assert cell_len(row_of(screen, "xxx")) == 2 + 2 + 180
        assert cell_len(row_of(screen, "aaa")) == 2 + 70 + 3 + 70
        assert cell_len(row_of(screen, "╭ 1 python").rstrip()) <= 102
        assert cell_len(row_of(screen, "╭ 2")) > 200


@pytest.mark.parametrize("text_width", [0, 60])
async def test_the_width_can_be_another(open_transcript: Open, message: Make, text_width: int) -> None:
    async with open_transcript([message(1, WORDS)], size=WIDE) as screen:
        screen.transcript.text_width = text_width
        screen.transcript.look_again()
        widest = max(cell_len(line) for line in screen.lines)
        assert widest <= 62 if text_width else widest > 220


async def test_another_width_of_the_window_keeps_the_place(open_transcript: Open, message: Make) -> None:
    messages = [message(number, f"{WORDS}\n\nplace {number}\n\n{REPLY}") for number in range(1, 9)]
    async with open_transcript(messages, size=WIDE) as screen:
        screen.transcript.place = (4, 0.5)
        await screen.pilot.pause()
        index, line = screen.transcript.viewport.anchor
        part, shown = screen.transcript.entry(index).line(line)
        for width in (120, 103, 80, 40, 240):
            await screen.pilot.resize_terminal(width, 50)
            await screen.pilot.pause()
            now = screen.transcript.viewport.anchor
            there, kept = screen.transcript.entry(now.message).line(now.line)
            assert (now.message, there) == (index, part) and kept.source <= shown.source
            assert shown.source < kept.source_end or kept.source == shown.source
            part, shown = there, kept


async def test_code_that_grows_too_wide_while_it_streams_is_drawn_as_one(open_transcript: Open, message: Make) -> None:
    async with open_transcript([message(1, status="streaming")], size=WIDE) as screen:
        for piece in ("```python\nshort = 1\n", f"longer = '{'y' * 120}'\n", "end = 2\n```\n"):
            screen.transcript.append_text(1, piece)
            screen.transcript.flush()
            await screen.pilot.pause()
        streamed = screen.lines
        screen.transcript.look_again()
        assert screen.lines == streamed and cell_len(row_of(screen, "╭ 1")) > 200


async def test_the_setting_is_the_width_in_every_pane(bench: Bench) -> None:
    async with bench((Script(text=WORDS),), size=(200, 40), settings=Settings(text_width=50)) as desk:
        await desk.ask("hello")
        await desk.pilot.press("alt+n")
        await desk.until(lambda: len(desk.app.screen.query(Transcript)) == 2)
        assert all(transcript.text_width == 50 for transcript in desk.app.screen.query(Transcript))
        words = [line[:110].rstrip() for line in desk.screen().split("\n") if "fox" in line]
        assert words and all(len(line) <= 32 + 3 + 2 + 50 for line in words)
