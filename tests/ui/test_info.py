"""The Info tab: what it says of model, template and reply, how it folds, and what is copied from it."""

from __future__ import annotations

import msgspec
import pytest
from textual import events

from chatapp.backends.script import Script
from chatapp.chat.session import Session
from chatapp.core.conversations import Generation
from chatapp.core.loading import ChosenSetting, Effect, Placement
from chatapp.core.messages import TextPart
from chatapp.core.settings import Settings
from chatapp.ui.widgets.inspector.info_lines import InfoLines

from .conftest import FOX, MODEL, SLOW, Bench, Desk

WIDE = (160, 60)
HOSTILE = "[/] \x1b]52;c;AAAA\x07 \u202e"
LOADED = msgspec.structs.replace(
    MODEL,
    architecture="llama",
    description="llama 3B Q4_K - Medium",
    path="/models/[/]\x1b[31m.gguf",
    size_bytes=4_370_000_000,
    fingerprint="f" * 64,
    build="llama.cpp b1",
    metadata={"general.name": HOSTILE, "tokenizer.chat_template": "x" * 1000},
    effect=Effect(placements=(Placement("cpu", 7),), layers=7, context_size=2048, unmet=("mlock was refused",)),
    notices=("The processor is slow.",),
)


async def open_info(desk: Desk) -> InfoLines:
    """Open the tab and wait until it is filled."""
    await desk.pilot.press("alt+i")
    await desk.until(lambda: isinstance(desk.app.screen.focused, InfoLines))
    lines = desk.app.screen.query_one(InfoLines)
    await desk.until(lambda: bool(lines.rows))
    return lines


async def unfold(desk: Desk, lines: InfoLines, title: str) -> None:
    """Put the cursor on a heading and unfold it."""
    await desk.pilot.press("home")
    heading = next(y for y, row in enumerate(lines.rows) if row.is_heading and title in row.text)
    await desk.pilot.press(*["down"] * sum(row.can_hold_cursor for row in lines.rows[:heading]), "right")


def words(lines: InfoLines) -> str:
    return " ".join(lines.text.split())


def _written(desk: Desk) -> str:
    """What has come of the reply that is being written."""
    return desk.pane.reply.message.text if desk.pane.reply is not None else ""


# --- what it says


async def test_before_the_first_reply_it_tells_of_the_model(bench: Bench) -> None:
    asked = (ChosenSetting("threads", 1, "the command line"),)
    async with bench(card=LOADED, size=WIDE, load_asked=asked, load_notices=("Another chatapp has it.",)) as desk:
        lines = await open_info(desk)
        told = words(lines)
        assert "Last reply none yet" in told
        assert "quantisation Q4_K - Medium" in told and "size 4.37 GB" in told
        assert "context 2,048 of 4,096 tokens" in told and "device cpu×2" in told
        assert "asked threads = 1 (the command line)" in told and "! mlock was refused" in told
        assert "7 on cpu" in told and "Another chatapp has it." in told and "The processor is slow." in told
        assert "made with a template yet" in told


async def test_without_a_model_it_says_so(bench: Bench) -> None:
    async with bench(load_seconds=60, loaded=False, size=WIDE) as desk:
        lines = await open_info(desk)
        assert "load" in words(lines) and "Chat template" not in words(lines)


async def test_it_tells_how_the_last_reply_came_about(bench: Bench) -> None:
    async with bench(size=WIDE, settings=Settings(overflow="drop_oldest")) as desk:
        desk.pane.set_edits({"temperature": 0.5}, "temperature")
        lines = await open_info(desk)
        await desk.ask("hello")
        await desk.until(lambda: "tokens: " in words(lines))
        generation = desk.session.thread(desk.pane.conversation_id or 0)[-1].generation
        assert generation is not None
        told = words(lines)
        assert f"prompt {generation.prompt_tokens} tokens: 0 reused" in told and "not reused" in told
        assert f"seed {generation.seed} (drawn)" in told and "preset none" in told and "exact no" in told
        assert "end the model ended its reply by itself" in told and "first token after" in told
        await open_info(desk)
        await unfold(desk, lines, "Its settings")
        assert "temperature 0.5 [edit]" in words(lines)


async def test_a_system_prompt_that_was_changed_is_told_as_the_reason(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        lines = await open_info(desk)
        await desk.ask("hello")
        await desk.ask("more")
        assert "was changed before it" not in words(lines)
        desk.pane.next.change(system_prompt="Be brief.")
        await desk.ask("and more")
        await desk.until(lambda: "the system prompt was changed before it" in words(lines))
        await desk.ask("the end")
        await desk.until(lambda: "was changed before it" not in words(lines))


async def test_a_reply_that_is_being_written_is_told_of_and_drawn_anew_when_it_ends(bench: Bench) -> None:
    slow = Script(text="Once there was a fox who knew three things. " * 200, tokens_per_second=SLOW)
    async with bench((*FOX, slow), size=WIDE) as desk:
        await desk.ask("hello")
        lines = await open_info(desk)
        await desk.say("more")
        await desk.until(lambda: "writing" in lines.rows[0].text)
        prepared = len(desk.backend.generations[-1].prepared.token_ids or ())
        assert f"prompt {prepared} tokens, " in words(lines) and "of them reused" in words(lines)
        before = lines.rows
        await desk.until(lambda: len(desk.texts[-1]) > 50)
        assert lines.rows is before
        desk.pane.stop()
        await desk.quiet()
        await desk.until(lambda: "reply took" in words(lines))
        assert "writing" not in lines.rows[0].text


async def test_what_is_changed_while_a_reply_runs_is_told_with_its_token(bench: Bench) -> None:
    slow = Script(text="Once there was a fox who knew three things. " * 200, tokens_per_second=SLOW)
    async with bench((slow,), size=WIDE) as desk:
        desk.pane.set_edits({"temperature": 0.5}, "temperature")
        await desk.say("hello")
        lines = await open_info(desk)
        await desk.until(lambda: "writing" in lines.rows[0].text)
        for step in range(1, 5):
            desk.pane.set_edits({"temperature": 0.5 + step / 10}, "temperature")
            count = len(_written(desk))
            await desk.until(lambda count=count: len(_written(desk)) > count + 10)  # type: ignore[misc]
        await desk.until(lambda: "1 set, temperature changed live" in words(lines))
        await desk.pilot.press("alt+i")
        await unfold(desk, lines, "Its settings")
        await desk.until(lambda: "0.8 → 0.9 from token" in words(lines))
        desk.pane.stop()
        await desk.quiet()
        generation = desk.session.thread(desk.pane.conversation_id or 0)[-1].generation
        assert generation is not None
        offset = generation.changes[0].offset
        assert f"temperature 0.5 → 0.6 from token {offset + 1} on" in words(lines)


# --- what is typed here


async def test_what_means_nothing_here_is_typed_into_the_composer(bench: Bench) -> None:
    async with bench(size=(80, 24), card=LOADED) as desk:
        await open_info(desk)
        await desk.type("Hi, a fox")
        await desk.until(lambda: desk.pane.composer.text == "Hi, a fox")
        assert desk.pane.composer.has_focus and "▌Info" not in desk.screen()
        await desk.pilot.press("alt+i")
        await desk.until(lambda: isinstance(desk.app.screen.focused, InfoLines))
        await desk.pilot.press("space", "c", "x")
        await desk.until(lambda: desk.pane.composer.text == "Hi, a foxx")
        assert desk.app.clipboard


async def test_what_is_pasted_here_goes_to_the_composer(bench: Bench) -> None:
    async with bench(size=WIDE, card=LOADED) as desk:
        await open_info(desk)
        desk.app.post_message(events.Paste("a fox\nand a hen"))
        await desk.until(lambda: desk.pane.composer.text == "a fox\nand a hen")
        assert desk.pane.composer.has_focus


async def test_another_conversation_shows_its_own_reply(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        lines = await open_info(desk)
        await desk.ask("hello")
        await desk.until(lambda: "tokens: " in words(lines))
        number = desk.pane.conversation_id or 0
        await desk.pilot.press("ctrl+n")
        assert "none yet" in words(lines)
        desk.app.get_default_screen().open_id(number)
        assert "none yet" not in words(lines)


async def test_another_model_and_template_are_marked(bench: Bench) -> None:
    async def old(session: Session) -> None:
        generation = Generation(
            model_name="old [/] model",
            model_fingerprint="other",
            template_sha256="abcdef" * 10,
            settings=(),
            seed=1,
            stop_reason="end",
        )
        conversations = session.store.conversations
        conversation = await conversations.create()
        user = await conversations.add_message(conversation.id, None, "user", (TextPart("hi"),))
        await conversations.add_message(conversation.id, user.id, "assistant", (TextPart("ho"),), generation=generation)

    async with bench(size=WIDE, fill=old, card=LOADED) as desk:
        desk.app.get_default_screen().open_id(desk.rows.conversations[0].id)
        lines = await open_info(desk)
        told = words(lines)
        assert "! 1 of 1 made with another template, the last one abcdefabcdef" in told
        assert "! 1 of 1 replies written by another model, the last one by old [/] model" in told
        assert "model old [/] model" in told


# --- the exact prompt


async def test_the_exact_prompt_is_shown_when_it_is_unfolded(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        desk.pane.next.change(system_prompt="Be brief.")
        await desk.ask("hello")
        lines = await open_info(desk)
        assert "▸ Exact prompt" in lines.text and "user: hello" not in words(lines)
        await unfold(desk, lines, "Exact prompt")
        await desk.until(lambda: "user: hello" in words(lines))
        assert "system: Be brief." in words(lines) and "changed since" not in words(lines)
        await desk.pilot.press("c")
        await desk.until(lambda: desk.app.clipboard.startswith("system: Be brief."))
        await desk.pilot.press("left")
        assert "user: hello" not in words(lines)
        await desk.ask("and more")
        await desk.pilot.press("alt+i", "right")
        await desk.until(lambda: "user: and more" in words(lines))


async def test_one_of_an_earlier_run_is_put_together_again_and_doubt_is_said(bench: Bench) -> None:
    async def earlier(session: Session) -> None:
        conversation = await session.create(system_prompt="Be brief.")
        async for _ in await session.send(conversation.id, "hello"):
            pass

    async with bench(size=WIDE, fill=earlier) as desk:
        number = desk.rows.conversations[0].id
        desk.app.get_default_screen().open_id(number)
        lines = await open_info(desk)
        asked = len(desk.backend.requests)
        await unfold(desk, lines, "Exact prompt")
        await desk.until(lambda: "system: Be brief." in words(lines))
        assert "changed since" not in words(lines) and len(desk.backend.generations) == 1
        assert len(desk.backend.requests) > asked
        await desk.session.set_system_prompt(number, "Be very brief indeed.")
        await desk.pilot.press("ctrl+n")
        desk.app.get_default_screen().open_id(number)
        await desk.until(lambda: "was changed since" in words(lines))


async def test_no_model_is_loaded_for_it(bench: Bench) -> None:
    async with bench(size=WIDE) as desk:
        await desk.ask("hello")
        await desk.backend.unload("unloaded")
        lines = await open_info(desk)
        await unfold(desk, lines, "Exact prompt")
        await desk.until(lambda: "The model is not in memory" in words(lines))
        assert desk.backend.unloaded


# --- folding, moving, copying


async def test_the_cursor_folds_and_scrolls(bench: Bench) -> None:
    async with bench(size=(80, 24), card=LOADED) as desk:
        lines = await open_info(desk)
        await desk.pilot.press("end", "enter")
        assert "general.name" in lines.text and lines.scroll_offset.y > 0
        await desk.pilot.press("home")
        assert lines.scroll_offset.y == 0 and "▌Last reply" in desk.screen()
        await desk.pilot.press("pagedown", "pageup")
        assert "▌Last reply" in desk.screen()


async def test_a_click_folds_and_a_drag_selects(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/0")
    async with bench(size=WIDE, card=LOADED) as desk:
        lines = await open_info(desk)
        heading = next(y for y, row in enumerate(lines.rows) if "Metadata" in row.text)
        await desk.pilot.click(lines, offset=(5, heading - lines.scroll_offset.y))
        await desk.until(lambda: "general.name" in lines.text)
        place = next(y for y, row in enumerate(lines.rows) if row.label.strip() == "quantisation")
        y = place - lines.scroll_offset.y
        start = len(lines.rows[place].label) + lines.styles.padding.left
        await desk.pilot.mouse_down(lines, offset=(start, y))
        await desk.pilot.hover(lines, offset=(start + 3, y))
        await desk.pilot.mouse_up(lines, offset=(start + 3, y))
        await desk.until(lambda: lines.selected_text == "Q4_K")
        await desk.pilot.press("ctrl+c")
        await desk.until(lambda: desk.app.clipboard == "Q4_K")


async def test_hostile_text_stays_text(bench: Bench) -> None:
    async with bench(size=WIDE, card=LOADED) as desk:
        lines = await open_info(desk)
        await unfold(desk, lines, "Metadata")
        await unfold(desk, lines, "Template text")
        for text in (desk.screen(), lines.text):
            assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
        assert "[/] ␛]52;c;AAAA␇ ⟦202E⟧" in words(lines) and "/models/[/]␛[31m.gguf" in words(lines)
        assert "700 characters more" in words(lines)
