"""Hits in a transcript, whatever happens to it meanwhile."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from chatapp.core.cleaning import is_clean
from chatapp.core.folding import FoldedText, Sought
from chatapp.ui.widgets.transcript import Transcript

from .conftest import Make, Open

LENIENT = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TEXTS = st.lists(
    st.sampled_from(
        ["fox ", "Fóx ", "**fox** ", "\n\n", "- fox\n", "```\nfox\n```\n", "| fox | b |\n|---|---|\n| 中fox | x |\n",
         "👩\u200d👩\u200d👧fox ", "\x1b[31m", "\u202e", "words of some length "]
    ),
    max_size=12,
).map("".join)  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from(["next", "back", "grow", "withdraw", "add", "cut", "fold", "look", "end"]), TEXTS),
    max_size=12,
)


def drawn(transcript: Transcript) -> list[str]:
    """What is drawn in reverse, after looking at every row."""
    width, found = transcript.size.width, []
    for row in range(transcript.size.height):
        strip = transcript.render_line(row)
        assert sum(cell_len(segment.text) for segment in strip) == strip.cell_length <= width
        assert is_clean(strip.text)
        found += [segment.text for segment in strip if segment.style and segment.style.reverse]
    return found


async def test_whatever_happens_hits_are_counted_and_the_current_one_is_seen(
    open_transcript: Open, message: Make
) -> None:
    async with open_transcript([], size=(30, 10)) as screen:
        transcript = screen.transcript

        @given(st.lists(TEXTS, min_size=1, max_size=6), STEPS)
        @LENIENT
        def check(texts: list[str], steps: list[tuple[str, str]]) -> None:
            transcript.end_search()
            transcript.show([message(number, text, reasoning=text) for number, text in enumerate(texts, 1)])
            transcript.look_for(Sought(["fox"]))
            for kind, text in steps:
                count = len(transcript.messages)
                match kind:
                    case "next" | "back":
                        transcript.step_match(1 if kind == "next" else -1)
                    case "grow":
                        transcript.append_text(count, text)
                        transcript.append_reasoning(count, text)
                        transcript.flush()
                    case "withdraw":
                        transcript.withdraw(count, len(text))
                        transcript.flush()
                    case "add":
                        transcript.add(message(count + 1, text))
                    case "cut" if count > 1:
                        transcript.remove_from(count)
                    case "fold":
                        transcript.toggle_thoughts()
                    case "look":
                        transcript.look_for(Sought([text[:3]]))
                        transcript.look_for(Sought(["fox"]))
                    case "end":
                        transcript.end_search()
                        assert drawn(transcript) == []
                        transcript.look_for(Sought(["fox"]))
                shown = drawn(transcript)
                matches = transcript._matches
                assert matches is not None and matches.finished
                entries = [transcript.entry(index) for index in range(len(transcript.messages))]
                sources = [source for entry in entries for source in (entry.reasoning, entry.text)]
                assert matches.total == sum(len(Sought(["fox"]).ranges(FoldedText(source))) for source in sources)
                if kind in ("next", "back") and matches.total:
                    assert shown and 1 <= matches.number <= matches.total

        check()


async def test_a_long_conversation_is_searched_in_slices(open_transcript: Open, message: Make) -> None:
    messages = [message(number, f"message {number} says fóx") for number in range(1, 4001)]
    async with open_transcript(messages) as screen:
        screen.transcript.look_for(Sought(["fox"]))
        matches = screen.transcript._matches
        assert matches is not None and matches.total > 0 and matches.current is not None
        assert drawn(screen.transcript)
        async with asyncio.timeout(30):
            while not matches.finished:
                await screen.pilot.pause(0.01)
        assert (matches.total, matches.number) == (4000, matches.current.message + 1)


async def test_folded_thoughts_open_for_a_hit_and_close_again(open_transcript: Open, message: Make) -> None:
    messages = [message(1, "an answer", reasoning="a secret thought"), *(message(n, f"more {n}") for n in range(2, 30))]
    async with open_transcript(messages) as screen:
        before = screen.lines
        screen.transcript.look_for(Sought(["secret"]))
        assert any("a secret thought" in line for line in screen.lines)
        screen.transcript.look_for(Sought(["secret nothing"]))
        assert screen.lines == before
        screen.transcript.look_for(Sought(["secret"]))
        screen.transcript.end_search()
        assert screen.lines == before and screen.transcript.follow
