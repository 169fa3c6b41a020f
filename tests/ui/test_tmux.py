"""Keys, paste, resize and mouse the whole way: terminal, tmux, workbench."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)
if shutil.which("tmux") is None:
    pytest.skip("needs tmux", allow_module_level=True)

from chatapp.chat.edits import values_of
from chatapp.core.conversations import StoredMessage
from chatapp.core.paths import Paths
from chatapp.storage.store import Store
from tests.fakes.scripted_workbench import told
from tests.fakes.tmux import Tmux

SLOW = 120
"""Tokens a second that let a reply go on as long as a test needs."""
ENDLESS = 4000
"""Paragraphs that no test sees the end of."""

Open = Callable[..., AbstractContextManager[Tmux]]


@pytest.fixture
async def store(home: Path) -> AsyncIterator[Store]:
    opened = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    yield opened
    await opened.close()


@pytest.fixture
def workbench(home: Path) -> Open:
    def start(paragraphs: int = 3, speed: int = 0, *, columns: int = 160, rows: int = 48) -> Tmux:
        return Tmux("tests.fakes.scripted_workbench", paragraphs, speed, home=home, columns=columns, rows=rows)

    return start


def threads(store: Store) -> list[list[StoredMessage]]:
    """Every conversation's messages, the oldest conversation first."""
    return [store.conversations.thread(each.id) for each in sorted(store.conversations.list(), key=lambda it: it.id)]


def titles(tmux: Tmux) -> list[tuple[str, int]]:
    """Each pane's mark and number, and the column at which it begins."""
    row = next((line for line in tmux.lines if "▌" in line), "")
    return [(found[0][:2], found.start()) for found in re.finditer(r"[▌ ][1-4](?:/[1-4])? (?=New|Tell|two)", row)]


def marked(tmux: Tmux) -> str:
    """The number of the pane that is marked as active, and of how many."""
    names = [name for name, _ in titles(tmux)]
    return next((name[1:] for name in names if name.startswith("▌")), "") + f" of {len(names)}"


def pane(tmux: Tmux, place: int) -> list[str]:
    """The lines of the pane at a place among those that are shown, from 0; none while it is not drawn."""
    starts = [start for _, start in titles(tmux)]
    if place >= len(starts):
        return []
    end = starts[place + 1] - 1 if place + 1 < len(starts) else None
    return [line[starts[place] : end].rstrip() for line in tmux.lines]


def paragraphs(lines: list[str]) -> list[int]:
    """The numbers of the paragraphs that begin in these lines."""
    return [int(found[1]) for line in lines if (found := re.search(r"Paragraph (\d+) is", line))]


def open_panes(tmux: Tmux, count: int) -> None:
    tmux.shows("Message", "ready")
    for number in range(2, count + 1):
        tmux.send(f"\x1b{number}")
        tmux.until(lambda number=number: marked(tmux) == f"{number} of {number}")


def tell_all(tmux: Tmux) -> None:
    tmux.send("Tell me")
    tmux.shows("Tell me")
    tmux.send("\x1ba")


# --- keys


async def test_alt_keys_open_close_and_ask(workbench: Open, store: Store) -> None:
    with workbench() as tmux:
        open_panes(tmux, 4)
        for keys, wanted in (
            ("\x1b1", "1 of 4"),
            ("\x1b3", "3 of 4"),
            ("\x1bw", "2 of 3"),
            ("\x1bw", "1 of 2"),
            ("\x1bn", "2 of 3"),
            ("\x1b1", "1 of 3"),
        ):
            tmux.send(keys)
            tmux.until(lambda wanted=wanted: marked(tmux) == wanted)
        tell_all(tmux)
        tmux.until(lambda: [len(thread) for thread in threads(store)] == [2, 2, 2])
        tmux.until(lambda: all(thread[-1].status == "complete" for thread in threads(store)))
        assert {thread[0].text for thread in threads(store)} == {"Tell me"}
        assert all(thread[-1].text == told(3) for thread in threads(store))


async def test_alt_keys_in_one_chunk_are_obeyed_in_order(workbench: Open, store: Store) -> None:
    with workbench() as tmux:
        open_panes(tmux, 2)
        tmux.send("\x1b1\x1b2two\x1b1one\x1b2\x1b1\x1b2")
        tmux.until(lambda: "two" in tmux.screen and "one" in tmux.screen)
        tmux.until(lambda: marked(tmux) == "2 of 2")
        assert any("one" in line for line in pane(tmux, 0)) and any("two" in line for line in pane(tmux, 1))
        tmux.send("\r")  # goes to the pane that is marked
        tmux.until(lambda: [[message.text for message in thread] for thread in threads(store)] == [["two", told(3)]])


# --- paste


async def test_a_long_paste_goes_whole_to_the_pane_in_use(workbench: Open, store: Store) -> None:
    lines = [f"{number:03} of the lines that were pasted, with a fox" for number in range(1, 451)]
    assert len("\n".join(lines)) > 20_000
    with workbench() as tmux:
        open_panes(tmux, 2)
        tmux.paste("\r".join(lines))
        tmux.shows("[pasted 450 lines]")
        assert "pasted" not in "\n".join(pane(tmux, 0))
        tmux.send("\r")
        tmux.until(lambda: bool(threads(store)) and len(threads(store)[0]) == 2)
        assert threads(store)[0][0].text == "\n".join(lines)
        assert len(threads(store)) == 1


# --- mouse


async def test_a_click_gives_a_pane_the_focus(workbench: Open) -> None:
    with workbench() as tmux:
        open_panes(tmux, 3)
        starts = [start for _, start in titles(tmux)]
        composer = tmux.find("│ Message")[1]
        for place, row, wanted in ((0, composer, "1 of 3"), (1, 10, "2 of 3"), (2, 1, "3 of 3"), (0, 1, "1 of 3")):
            tmux.click(starts[place] + 8, row)
            tmux.until(lambda wanted=wanted: marked(tmux) == wanted)
            tmux.send("x")
            tmux.until(lambda place=place: any("│ x" in line for line in pane(tmux, place)))
            tmux.send("\x7f")
            tmux.until(lambda: "│ x" not in tmux.screen)


async def test_a_click_opens_a_tab_of_the_inspector(workbench: Open) -> None:
    with workbench() as tmux:
        tmux.shows("Message", "ready")
        tmux.send("\x1bs")
        tmux.shows("▌Sampling", "temperature")
        for name, words in (("System", "▌System"), ("Info", "▌Info"), ("Tokens", "▌Tokens"), ("Sampling", "▌Sampling")):
            tmux.click(*tmux.find(f" {name} ".strip()))
            tmux.shows(words)


async def test_the_wheel_scrolls_the_pane_under_the_pointer(workbench: Open) -> None:
    with workbench(40) as tmux:
        open_panes(tmux, 2)
        tell_all(tmux)
        tmux.until(lambda: paragraphs(pane(tmux, 0))[-1:] == paragraphs(pane(tmux, 1))[-1:] == [40])
        starts = [start for _, start in titles(tmux)]
        below = paragraphs(pane(tmux, 1))
        tmux.wheel(starts[0] + 10, 12, up=True, turns=60)
        tmux.until(lambda: paragraphs(pane(tmux, 0))[:1] == [1])
        assert paragraphs(pane(tmux, 1)) == below and marked(tmux) == "2 of 2"
        tmux.wheel(starts[1] + 10, 12, up=True, turns=60)
        tmux.until(lambda: paragraphs(pane(tmux, 1))[:1] == [1])
        tmux.wheel(starts[0] + 10, 12, up=False, turns=60)
        tmux.until(lambda: paragraphs(pane(tmux, 0))[-1:] == [40])
        assert paragraphs(pane(tmux, 1))[:1] == [1]


async def test_a_slider_is_dragged_and_clicked(workbench: Open, store: Store) -> None:
    with workbench() as tmux:
        tmux.shows("Message", "ready")
        tmux.send("\x1bs")
        tmux.shows("▌temperature", "There is no reply here yet.")
        row = tmux.find("▌temperature")[1]

        def knob() -> tuple[str, str, str]:
            """What is left of the knob and right of it on the track, and what stands behind the track."""
            found = re.search(r"temperature +(━*)●(─*) +(.*?)\s*$", tmux.lines[row])
            return (found[1], found[2], found[3]) if found is not None else ("", "", "")

        tmux.until(lambda: "default" in knob()[2])
        tmux.until(lambda: all(knob()[:2]))
        place = tmux.lines[row].index("●")
        tmux.drag((place, row), (place + 12, row))
        tmux.until(lambda: not knob()[1] and "edit ↺" in knob()[2])
        track = re.search("━+●", tmux.lines[row])
        assert track is not None
        tmux.click(track.start(), row)
        tmux.until(lambda: not knob()[0] and re.match(r"0 +edit", knob()[2]) is not None)
        tmux.wheel(track.start(), row, up=True)
        tmux.until(lambda: knob()[2].startswith("0.05"))
        tmux.click(tmux.lines[row].index("↺"), row)
        tmux.until(lambda: "default" in knob()[2])
        tmux.click(track.start() + 2, row)
        tmux.until(lambda: "edit ↺" in knob()[2])
        value = float(knob()[2].split()[0])
        tmux.click(*tmux.find("│ Message"))
        tmux.send("Tell me\r")
        tmux.until(lambda: bool(threads(store)))
        assert values_of(store.conversations.list()[0].edits) == {"temperature": value}


# --- resize


async def test_a_resize_keeps_text_place_pane_and_draft(workbench: Open, store: Store) -> None:
    with workbench(ENDLESS, SLOW, columns=240, rows=70) as tmux:
        open_panes(tmux, 4)
        tmux.send("\x1b3")
        tmux.until(lambda: marked(tmux) == "3 of 4")
        tmux.send("Tell me\r")
        tmux.send("a draft that stays")
        tmux.shows("a draft that stays")

        def place() -> int | None:
            """The first paragraph in view of the pane in use."""
            names = [name for name, _ in titles(tmux)]
            return next(iter(paragraphs(pane(tmux, names.index("▌3")))), None) if "▌3" in names else None

        tmux.until(lambda: (place() or 0) > 45)
        tmux.send("\x1b[5~")
        tmux.until(lambda: place() in range(2, 45))
        before = place()
        for columns, rows, shown in ((80, 24, 2), (240, 70, 4), (40, 12, 1), (80, 24, 2), (240, 70, 4)):
            tmux.resize(columns, rows)
            tmux.until(lambda shown=shown: len(titles(tmux)) == shown and marked(tmux).startswith("3"))
            tmux.until(lambda: place() == before)
            tmux.shows("a draft that stays")
            (thread,) = threads(store)
            assert thread[-1].status == "streaming"
        tmux.send("\x1b")
        tmux.until(lambda: threads(store)[0][-1].status == "stopped")
        reply = threads(store)[0][-1].text
        assert told(ENDLESS).startswith(reply)
        last = len(re.findall(r"Paragraph \d+ is", reply))
        seen: set[int] = set()
        tmux.send("\x1b[6~" * 60)
        tmux.until(lambda: last in paragraphs(pane(tmux, 2)))
        while 1 not in seen:
            now = paragraphs(pane(tmux, 2))
            seen.update(now)
            if 1 not in seen:
                tmux.send("\x1b[5~")
                tmux.until(lambda now=now: paragraphs(pane(tmux, 2)) != now)
        assert seen == set(range(1, last + 1))
