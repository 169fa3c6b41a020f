"""Short messages: in the status line where they have room, else where they cover least."""

from __future__ import annotations

from textual.widgets._toast import Toast

from chatapp.core.errors import UsageError
from chatapp.ui.notice import say, say_error
from chatapp.ui.widgets.status_line import StatusLine

from .conftest import Bench, Desk


def _hint(desk: Desk) -> str:
    return desk.app.get_default_screen().query_one(StatusLine).hint


async def test_a_short_one_stands_in_the_status_line(bench: Bench) -> None:
    async with bench(size=(80, 24)) as desk:
        say(desk.app, "The [panes] scroll together.")
        assert _hint(desk) == "The [panes] scroll together." and desk.status.startswith(" The [panes] scroll")
        assert not desk.app._notifications
        await desk.ask("hello")
        assert "hello" in desk.texts


async def test_it_gives_way_to_the_keys_of_a_marked_message(bench: Bench) -> None:
    async with bench() as desk:
        await desk.ask("hello")
        say(desk.app, "said")
        await desk.pilot.press("alt+up")
        await desk.until(lambda: "e edit" in desk.status)
        say(desk.app, "said later")
        assert "said later" in desk.status and "e edit" not in desk.status


async def test_one_that_is_long_or_has_lines_or_warns_or_comes_with_a_dialog_stands_in_the_corner(bench: Bench) -> None:
    async with bench(size=(80, 24)) as desk:
        say(desk.app, "long " * 20)
        say(desk.app, "two\nlines")
        say(desk.app, "careful", severity="warning")
        say(desk.app, "said", title="A title")
        await desk.until(lambda: len(desk.app._notifications) == 4)
        assert _hint(desk) == ""
        await desk.pilot.press("f1")
        await desk.until(lambda: desk.app.screen is not desk.app.get_default_screen())
        say(desk.app, "over a dialog")
        await desk.until(lambda: "over a dialog" in desk.notices)
        assert _hint(desk) == ""


async def test_an_error_leaves_the_newest_text_and_the_composer_free(bench: Bench) -> None:
    async with bench(size=(80, 24)) as desk:
        await desk.ask("hello")
        say_error(desk.app, UsageError("The model refused. " * 8, hint="Ask for less."))
        await desk.until(lambda: bool(desk.app.screen.query(Toast)))
        await desk.until(lambda: "Ask for less." in desk.screen())
        region = desk.app.screen.query_one(Toast).region
        assert 1 <= region.y <= 2 and region.right <= 80 and region.width <= 50
        assert region.bottom <= desk.pane.composer.region.y
