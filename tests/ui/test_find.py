"""Finding words in the conversation that is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from rich.style import Style
from textual.widgets import Input

from chatapp.backends.script import Script
from chatapp.chat.session import Session
from chatapp.core.messages import Part, ReasoningPart, TextPart
from chatapp.ui.widgets.find_bar import FindBar

from .conftest import SLOW, Bench, Desk

TALE = [f"A fox went out on day {number}, and came home." for number in range(1, 31)]


def conversation(*texts: str | Sequence[Part]) -> Callable[[Session], Awaitable[None]]:
    """A filler that stores one conversation of these messages, a question first and then in turn."""

    async def fill(session: Session) -> None:
        owner = (await session.create()).id
        parent: int | None = None
        for number, text in enumerate(texts):
            parts = (TextPart(text),) if isinstance(text, str) else tuple(text)
            role = "assistant" if number % 2 else "user"
            parent = (await session.store.conversations.add_message(owner, parent, role, parts)).id

    return fill


async def open_latest(desk: Desk) -> None:
    latest = desk.session.latest()
    assert latest is not None
    desk.app.get_default_screen().open_id(latest.id)
    await desk.pilot.pause()


async def find(desk: Desk, words: str) -> None:
    await desk.pilot.press("ctrl+f")
    await desk.until(lambda: isinstance(desk.app.screen.focused, Input))
    await desk.type(words)


def count(desk: Desk) -> str:
    counts = desk.app.screen.query("FindBar #find-count")
    return counts.first().render_line(0).text.strip() if counts else ""


def styled(desk: Desk, wanted: Callable[[Style], bool]) -> list[str]:
    """The pieces of the transcript that have a style."""
    transcript = desk.pane.transcript
    lines = [transcript.render_line(row) for row in range(transcript.size.height)]
    return [segment.text for line in lines for segment in line if segment.style and wanted(segment.style)]


def marked(desk: Desk) -> list[str]:
    return styled(desk, lambda style: bool(style.underline and style.bold and not style.reverse))


def current(desk: Desk) -> list[str]:
    return styled(desk, lambda style: bool(style.reverse))


async def test_words_are_marked_and_counted_while_they_are_typed(bench: Bench) -> None:
    async with bench(fill=conversation("Où est le renard ?", "Le **RENARD** roux est là."), size=(80, 24)) as desk:
        await open_latest(desk)
        await find(desk, "renard")
        await desk.until(lambda: count(desk) == "1/2")
        assert current(desk) == ["renard"] and marked(desk) == ["RENARD"]
        await desk.pilot.press("enter")
        await desk.until(lambda: count(desk) == "2/2")
        assert current(desk) == ["RENARD"] and marked(desk) == ["renard"]
        await desk.pilot.press("down")
        await desk.until(lambda: count(desk) == "1/2")
        await desk.pilot.press("up")
        await desk.until(lambda: count(desk) == "2/2")
        await desk.pilot.press("ctrl+f")
        await desk.pilot.pause()
        await desk.type("ou est la")
        await desk.until(lambda: count(desk) == "not found")
        assert not current(desk) and not marked(desk)


async def test_esc_gives_the_place_back_unless_somebody_went_on(bench: Bench) -> None:
    async with bench(fill=conversation(*TALE), size=(80, 24)) as desk:
        await open_latest(desk)
        transcript = desk.pane.transcript
        assert transcript.at_end and "day 30," in desk.screen()
        await find(desk, "day 3,")
        await desk.until(lambda: count(desk) == "1/1")
        assert "day 3," in desk.screen() and not transcript.follow
        await desk.pilot.press("escape")
        await desk.until(lambda: "day 30," in desk.screen())
        assert transcript.follow and desk.pane.composer.has_focus and not current(desk)
        await find(desk, "day 3,")
        await desk.until(lambda: count(desk) == "1/1")
        await desk.pilot.press("enter", "escape")
        await desk.until(lambda: desk.pane.composer.has_focus)
        assert "day 3," in desk.screen() and "day 30," not in desk.screen() and not transcript.follow


async def test_a_place_in_the_middle_is_given_back_and_the_nearest_hit_comes_first(bench: Bench) -> None:
    async with bench(fill=conversation(*TALE), size=(80, 24)) as desk:
        await open_latest(desk)
        transcript = desk.pane.transcript
        transcript.scroll_to(y=40, animate=False)
        await desk.pilot.pause()
        before = transcript.viewport.rows
        await find(desk, "fox")
        first = before[0].message + 1
        await desk.until(lambda: count(desk) == f"{first}/30")
        await desk.type(" went out on day 1,")
        await desk.until(lambda: count(desk) == "1/1")
        assert transcript.viewport.rows[0].message < before[0].message
        await desk.pilot.press("escape")
        await desk.until(lambda: transcript.viewport.rows == before)


async def test_keys_step_from_the_composer_too_and_open_the_line(bench: Bench) -> None:
    async with bench(fill=conversation(*TALE), size=(80, 24)) as desk:
        await open_latest(desk)
        await desk.pilot.press("f3")
        await desk.until(lambda: isinstance(desk.app.screen.focused, Input))
        await desk.type("fox")
        await desk.until(lambda: "/30" in count(desk))
        number = int(count(desk).split("/")[0])
        desk.pane.composer.focus()
        await desk.pilot.press("f3")
        await desk.until(lambda: count(desk) == f"{number % 30 + 1}/30")
        await desk.pilot.press("shift+f3", "shift+f3")
        await desk.until(lambda: count(desk) == f"{(number - 2) % 30 + 1}/30")
        await desk.pilot.press("escape")
        await desk.until(lambda: not desk.app.screen.query_one(FindBar).display)


async def test_the_mouse_steps_and_closes(bench: Bench) -> None:
    async with bench(fill=conversation("one fox", "two foxes"), size=(80, 24)) as desk:
        await open_latest(desk)
        await find(desk, "fox")
        await desk.until(lambda: count(desk) == "1/2")
        await desk.pilot.click("#find-next")
        await desk.until(lambda: count(desk) == "2/2")
        await desk.pilot.click("#find-previous")
        await desk.until(lambda: count(desk) == "1/2")
        await desk.pilot.click("#find-close")
        await desk.until(lambda: not desk.app.screen.query_one(FindBar).display)
        assert not current(desk)


async def test_thoughts_unfold_where_the_hit_is_and_fold_again(bench: Bench) -> None:
    thoughtful = [ReasoningPart("Perhaps a zebra.", 1.0), TextPart("It is a horse.")]
    async with bench(fill=conversation("What is it?", thoughtful), size=(80, 24)) as desk:
        await open_latest(desk)
        assert "zebra" not in desk.screen()
        await find(desk, "zebra")
        await desk.until(lambda: count(desk) == "1/1")
        assert "Perhaps a zebra." in desk.screen() and current(desk) == ["zebra"]
        await desk.pilot.press("escape")
        await desk.until(lambda: "Perhaps" not in desk.screen())
        await find(desk, "zebra")
        await desk.pilot.press("enter", "escape")
        await desk.until(lambda: desk.pane.composer.has_focus)
        assert "Perhaps a zebra." in desk.screen()


async def test_a_growing_reply_is_searched_too(bench: Bench) -> None:
    script = Script(text="A hen saw the hen. " * 40, tokens_per_second=SLOW)
    async with bench([script], size=(80, 24)) as desk:
        await desk.say("Tell me of a hen.")
        await desk.until(lambda: len(desk.texts) == 2)
        await find(desk, "hen")
        seen: set[str] = set()

        def grown() -> bool:
            seen.add(count(desk))
            return len({text for text in seen if text.startswith("1/")}) > 3

        await desk.until(grown)
        desk.pane.stop()
        await desk.quiet()
        hits = sum(text.lower().count("hen") for text in desk.texts)
        await desk.until(lambda: count(desk) == f"1/{hits}")


async def test_another_conversation_is_searched_for_the_same_words(bench: Bench) -> None:
    async with bench(fill=conversation("one fox", "two foxes"), size=(80, 24)) as desk:
        await open_latest(desk)
        await find(desk, "fox")
        await desk.until(lambda: count(desk) == "1/2")
        await desk.pilot.press("ctrl+n")
        await desk.until(lambda: count(desk) == "not found")
        await open_latest(desk)
        await desk.until(lambda: count(desk) == "2 in all")
        assert desk.pane.transcript.follow
        await desk.pilot.press("f3")
        await desk.until(lambda: count(desk) == "2/2")


async def test_hits_in_wrapped_lines_code_and_tables_are_marked_where_they_stand(bench: Bench) -> None:
    text = (
        "Some words that fill the line until the *long sought phrase* is wrapped over two lines of the view.\n\n"
        "```python\nsought = 'in code'\n```\n\n| a | b |\n|---|---|\n| sought | x |\n\n`sought` and **so**ught"
    )
    async with bench(fill=conversation("?", text), size=(60, 30)) as desk:
        await open_latest(desk)
        await find(desk, "sought")
        await desk.until(lambda: count(desk) == "1/4")
        assert current(desk) == ["sought"] and marked(desk) == ["sought", "sought", "sought"]
        await desk.pilot.press("ctrl+f", "ctrl+f")
        await desk.type("until the *long sought")
        await desk.until(lambda: count(desk) == "1/1")
        assert "".join(current(desk)) == "until the long sought"


async def test_find_folds_what_lies_over_the_conversation(bench: Bench) -> None:
    async with bench(fill=conversation("one fox"), size=(80, 24)) as desk:
        await open_latest(desk)
        await desk.pilot.press("ctrl+o")
        await desk.pilot.pause()
        await find(desk, "fox")
        await desk.until(lambda: count(desk) == "1/1")
        assert not desk.app.screen.query_one("ConversationList").display


async def test_the_current_hit_is_always_in_view(bench: Bench) -> None:
    code = "```python\n" + "\n".join(f"fox_{number} = {number}" for number in range(40)) + "\n```"
    table = "| a | b |\n|---|---|\n" + "\n".join(f"| fox | {number} |" for number in range(40))
    async with bench(fill=conversation(*TALE[:6], code, table, *TALE[6:12]), size=(80, 24)) as desk:
        await open_latest(desk)
        await find(desk, "fox")
        await desk.until(lambda: "/92" in count(desk))
        for key in ["down"] * 93 + ["up"] * 93:
            await desk.pilot.press(key)
            assert current(desk) == ["fox"], (key, count(desk))
        number = count(desk)
        for size in ((160, 48), (40, 12), (80, 24)):
            await desk.pilot.resize_terminal(*size)
            await desk.pilot.pause()
            await desk.pilot.press("down", "up")
            assert count(desk) == number and current(desk) == ["fox"]


async def test_hostile_words_find_nothing_and_harm_nothing(bench: Bench) -> None:
    async with bench(fill=conversation("[/] a [b] \x1b[31m \u202e (.*) \\"), size=(80, 24)) as desk:
        await open_latest(desk)
        await find(desk, "x")
        bar = desk.app.screen.query_one(FindBar)
        for words, hits in (
            ("[/]", 1),
            ("\x1b[31m", 1),
            ("(.*)", 1),
            ("\\", 1),
            ("\u202e", 1),
            ("[", 3),
            ("x" * 500, 0),
        ):
            bar.field.value = words
            expected = f"1/{hits}" if hits else "not found"
            await desk.until(lambda expected=expected: count(desk) == expected)  # type: ignore[misc]
            shown = desk.screen()
            assert not [letter for letter in shown if (ord(letter) < 32 and letter != "\n") or letter == "\u202e"]


async def test_each_pane_finds_for_itself(bench: Bench) -> None:
    async with bench(fill=conversation("one fox", "two foxes"), size=(200, 40)) as desk:
        await open_latest(desk)
        first = desk.pane
        await find(desk, "fox")
        await desk.until(lambda: count(desk) == "1/2")
        await desk.pilot.press("alt+n")
        await desk.until(lambda: desk.pane is not first)
        await desk.pilot.press("ctrl+f")
        await desk.until(lambda: desk.pane.reader.is_finding and isinstance(desk.app.screen.focused, Input))
        await desk.type("f")
        assert "not found" in desk.screen() and "1/2" in desk.screen()
        await desk.pilot.press("escape")
        await desk.until(lambda: not desk.pane.reader.is_finding)
        assert first.reader.is_finding
