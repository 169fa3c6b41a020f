"""The Tokens tab and the next-token bars in the workbench: keys, pointer, branches, and what they say."""

from __future__ import annotations

from chatapp.backends.script import Script
from chatapp.chat.session import Session
from chatapp.core.conversations import Generation
from chatapp.core.messages import TextPart
from chatapp.ui.widgets.candidates.bar_list import BarList
from chatapp.ui.widgets.candidates.next_token import NextToken
from chatapp.ui.widgets.tokens.token_panel import TokenPanel
from chatapp.ui.widgets.tokens.token_text import TokenText
from chatapp.ui.widgets.tokens.tokens_tab import TokensTab

from .conftest import SLOW, Bench, Desk

TALE = (Script(text="Once there was a little fox who lived under the oak."),)
LONG = (Script(text="Once there was a fox who knew three things. " * 400, tokens_per_second=SLOW),)


async def open_tokens(desk: Desk) -> TokensTab:
    """Open the tab and wait until the keys work on it."""
    await desk.pilot.press("alt+t")
    await desk.until(lambda: isinstance(desk.app.screen.focused, TokenText))
    return desk.app.screen.query_one(TokensTab)


def _facts(desk: Desk) -> str:
    return desk.app.screen.query_one(TokenPanel).plain


def _text(desk: Desk) -> TokenText:
    return desk.app.screen.query_one(TokenText)


async def test_a_reply_is_shown_as_its_tokens(bench: Bench) -> None:
    async with bench(TALE) as desk:
        await desk.ask("Tell me")
        tab = await open_tokens(desk)
        await desk.until(lambda: tab.reply is not None and len(tab.reply.spellings) == 12)
        assert "Once there was a little fox" in desk.screen()
        assert "token 1 of 12" in _facts(desk) and "“Once”" in _facts(desk)
        assert "● probability" in tab.head


async def test_keys_move_over_tokens_and_switch_the_measure(bench: Bench) -> None:
    async with bench(TALE) as desk:
        await desk.ask("Tell me")
        tab = await open_tokens(desk)
        await desk.until(lambda: tab.reply is not None)
        await desk.pilot.press("right", "right", "right", "right")
        assert "token 5 of 12" in _facts(desk) and tab.chosen == 4
        await desk.pilot.press("end")
        assert "token 12 of 12" in _facts(desk)
        await desk.pilot.press("home", "r")
        assert "token 1 of 12" in _facts(desk) and "● rank" in tab.head
        await desk.pilot.press("e")
        assert "● entropy" in tab.head and "nats" in _facts(desk)


async def test_a_click_puts_the_cursor_on_a_token(bench: Bench) -> None:
    async with bench(TALE) as desk:
        await desk.ask("Tell me")
        tab = await open_tokens(desk)
        await desk.until(lambda: tab.reply is not None)
        await desk.pilot.click(TokenText, offset=(6, 0))
        assert tab.chosen == 1 and "“␣there”" in _facts(desk)


async def test_enter_on_an_alternative_begins_a_branch_with_it(bench: Bench) -> None:
    async with bench(TALE) as desk:
        await desk.ask("Tell me")
        tab = await open_tokens(desk)
        await desk.until(lambda: tab.reply is not None)
        before = tab.reply
        await desk.pilot.press(*["right"] * 4, "enter")
        await desk.until(lambda: isinstance(desk.app.screen.focused, BarList))
        await desk.pilot.press("home", "down", "down", "enter")
        await desk.until(lambda: desk.pane.transcript.messages[-1].siblings == 2)
        await desk.quiet()
        reply = desk.pane.transcript.messages[-1]
        assert before is not None and before.details is not None and reply.generation is not None
        chosen = before.details[4].alternatives[2][0]  # type: ignore[union-attr]
        assert reply.generation.token_ids[:5] == (*before.token_ids[:4], chosen)
        await desk.until(lambda: tab.reply is not None and tab.reply.message_id == reply.id)
        assert isinstance(desk.app.screen.focused, TokenText)
        assert tab.chosen == 4 and "token 5 of" in _facts(desk)


async def test_a_running_reply_is_followed_and_its_shape_kept(bench: Bench) -> None:
    async with bench(LONG) as desk:
        await desk.say("Tell me")
        tab = await open_tokens(desk)
        await desk.until(lambda: tab.reply is not None and len(tab.reply.spellings) > 20)
        assert tab.chosen is None and _text(desk).cursor == len(tab.reply.spellings) - 1  # type: ignore[union-attr]
        await desk.pilot.press("home")
        count = len(tab.reply.spellings)  # type: ignore[union-attr]
        await desk.until(lambda: tab.reply is not None and len(tab.reply.spellings) > count)
        assert tab.chosen == 0


async def test_the_tokens_are_those_of_the_marked_reply(bench: Bench) -> None:
    async with bench([*TALE, Script(text="And then she slept.")]) as desk:
        await desk.ask("Tell me")
        await desk.ask("Go on")
        tab = await open_tokens(desk)
        await desk.until(lambda: tab.reply is not None and "And then she slept." in "".join(tab.reply.texts))
        desk.pane.transcript.put_cursor(desk.pane.transcript.messages[1].id)
        await desk.until(lambda: tab.reply is not None and "Once there was" in "".join(tab.reply.texts))
        desk.pane.transcript.put_cursor(None)
        await desk.until(lambda: tab.reply is not None and "And then" in "".join(tab.reply.texts))


async def test_nothing_is_done_while_it_is_hidden(bench: Bench) -> None:
    async with bench(TALE) as desk:
        await desk.ask("Tell me")
        tab = await open_tokens(desk)
        await desk.until(lambda: tab.reply is not None)
        shown = tab.reply
        await desk.pilot.press("ctrl+t")
        await desk.ask("And then")
        assert tab.reply is shown
        await desk.pilot.press("alt+t")
        await desk.until(lambda: tab.reply is not None and tab.reply is not shown)


async def test_the_words_say_what_the_settings_would_have_cut(bench: Bench) -> None:
    async with bench(TALE) as desk:
        await desk.ask("Tell me")
        tab = await open_tokens(desk)
        await desk.until(lambda: "The current settings would have cut" in tab.head)
        desk.pane.set_edits({"repeat_penalty": 1.3}, "repeat_penalty")
        desk.app.get_default_screen()._inspection.tokens.settings_changed()
        await desk.until(lambda: "can't be told" in tab.head and "penalties" in tab.head)


async def test_without_a_reply_it_says_so(bench: Bench) -> None:
    async with bench(TALE) as desk:
        tab = await open_tokens(desk)
        await desk.until(lambda: "There is no reply here yet." in tab.head)


async def test_the_tokens_of_another_model_are_not_guessed(bench: Bench) -> None:
    async def strange(session: Session) -> None:
        conversation = await session.create()
        add = session.store.conversations.add_message
        user = await add(conversation.id, None, "user", (TextPart("Hi"),))
        generation = Generation(
            model_name="Other 7B", model_fingerprint="other", template_sha256="", settings=(), seed=1, token_ids=(1, 2)
        )
        await add(conversation.id, user.id, "assistant", (TextPart("Hello"),), generation=generation)

    async with bench(TALE, fill=strange) as desk:
        desk.app.get_default_screen().open_id(desk.rows.conversations[0].id)
        tab = await open_tokens(desk)
        await desk.until(lambda: "Another model wrote this reply (Other 7B)" in " ".join(tab.head.split()))
        assert tab.reply is None


async def test_an_edited_reply_has_no_tokens(bench: Bench) -> None:
    async with bench(TALE) as desk:
        await desk.ask("Tell me")
        await desk.session.edit(desk.pane.transcript.messages[-1].id, "Something else.")
        desk.pane.reload()
        tab = await open_tokens(desk)
        await desk.until(lambda: "This reply was edited" in tab.head)


# --- the next-token bars


async def open_sampling(desk: Desk) -> NextToken:
    await desk.pilot.press("alt+s")
    await desk.until(
        lambda: bool(desk.app.screen.query(NextToken)) and desk.app.screen.query_one(NextToken).size.area > 0
    )
    return desk.app.screen.query_one(NextToken)


async def test_bars_show_the_chances_under_the_settings(bench: Bench) -> None:
    async with bench(TALE, size=(120, 50)) as desk:
        await desk.ask("Tell me")
        bars = await open_sampling(desk)
        await desk.until(lambda: bars.place is not None and "%" in bars.plain)
        await desk.until(lambda: "can't be told" not in bars.plain)
        assert "next token" in desk.screen()


async def test_bars_are_drawn_anew_while_a_slider_moves(bench: Bench) -> None:
    async with bench(TALE, size=(120, 50)) as desk:
        await desk.ask("Tell me")
        bars = await open_sampling(desk)
        await desk.until(lambda: bars.place is not None and "can't be told" not in bars.plain)
        values = dict(bars.values)
        bars.follow({**values, "top_k": 3})
        assert bars.plain.count("cut by top_k") >= 2
        bars.follow({**values, "top_k": 1})
        assert "100 %" in bars.plain


async def test_what_the_model_refuses_is_said(bench: Bench) -> None:
    async with bench(TALE, size=(120, 60)) as desk:
        await desk.ask("Tell me")
        bars = await open_sampling(desk)
        await desk.until(lambda: bars.place is not None)
        bars.follow({**bars.values, "repeat_penalty": 1.3})
        await desk.until(lambda: "A script can't tell what penalties does" in " ".join(bars.plain.split()))


async def test_bars_are_about_the_token_under_the_cursor(bench: Bench) -> None:
    async with bench(TALE, size=(120, 50)) as desk:
        await desk.ask("Tell me")
        tab = await open_tokens(desk)
        await desk.until(lambda: tab.reply is not None)
        await desk.pilot.press("right")
        bars = await open_sampling(desk)
        await desk.until(lambda: bars.place is not None and "␣there" in bars.plain)
        assert "token 2, “␣there”" in bars.plain
