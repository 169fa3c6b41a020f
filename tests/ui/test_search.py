"""Finding what was ever said, from the conversation list."""

from __future__ import annotations

import asyncio
import threading

import pytest
from textual.widgets import Input

from chatapp.chat.session import Session
from chatapp.core.messages import TextPart
from chatapp.ui.messages import ConversationChosen, HitChosen
from chatapp.ui.widgets.conversation_list import ConversationList
from chatapp.ui.widgets.find_bar import FindBar

from .conftest import Bench, Desk
from .test_find import count, current, marked


async def talk(session: Session, title: str, *texts: str) -> list[int]:
    """Store a conversation; return the ids of its messages."""
    owner = (await session.create()).id
    await session.rename(owner, title)
    ids: list[int] = []
    for number, text in enumerate(texts):
        role = "assistant" if number % 2 else "user"
        parent = ids[-1] if ids else None
        ids.append((await session.store.conversations.add_message(owner, parent, role, (TextPart(text),))).id)
    return ids


async def fill(session: Session) -> None:
    await talk(session, "Capitals", "What is the capital of Peru?", "It is Lima.")
    await talk(
        session,
        "A walk",
        *(f"On day {day} we saw a hen and a horse by the river." for day in range(20)),
        "Then at last a fox came out of the wood.",
        *("And so on, day after day." for _ in range(20)),
    )
    await talk(session, "Story of a fox", "Tell me a story.", "Once there was a little fox in the wood.")


async def search(desk: Desk, words: str) -> None:
    """Type into the list's filter and wait for what is found."""
    await desk.pilot.press("ctrl+o")
    await desk.type(words)
    await desk.until(lambda: desk.app.screen.query_one(ConversationList).shown_query == words)


async def test_hits_stand_below_their_conversations(bench: Bench) -> None:
    async with bench(fill=fill, size=(120, 36)) as desk:
        await search(desk, "fox")
        assert [row.title for row in desk.rows.conversations] == ["Story of a fox", "A walk"]
        assert [hit.conversation_title for hit in desk.rows.hits] == ["Story of a fox", "A walk"]
        shown = [line[:32].strip() for line in desk.screen().split("\n")]
        place = shown.index("Story of a fox")
        assert shown[place + 1 : place + 5] == [
            "· Once there was a little", "fox in the wood.", "A walk", "› Then at last a fox came",
        ]  # fmt: skip
        found = [
            segment.text
            for strip in desk.strips()
            for segment in strip.crop(0, 32)
            if segment.style and segment.style.underline and segment.style.bold
        ]
        assert found == ["fox", "fox", "fox"]


async def test_enter_opens_at_the_hit_and_the_keys_step_on(bench: Bench) -> None:
    async with bench(fill=fill, size=(120, 24)) as desk:
        chosen: list[HitChosen] = []
        screen = desk.app.get_default_screen()
        screen._finding.open_hit, opened = chosen.append, screen._finding.open_hit  # type: ignore[method-assign]
        await search(desk, "day hen")
        await desk.pilot.press("enter")
        await desk.until(lambda: bool(chosen))
        newest = desk.rows.hits[0]
        assert (chosen[0].conversation_id, chosen[0].message_id) == (newest.conversation_id, newest.message_id)
        assert (chosen[0].query, chosen[0].words) == ("day hen", ("day", "hen"))
        opened(chosen[0])
        await desk.until(lambda: "/80" in count(desk))
        assert desk.app.screen.query_one(FindBar).field.value == "day hen"
        assert current(desk) == ["day"] and "hen" in marked(desk) and "On day 19 we saw" in desk.screen()
        number = int(count(desk).split("/")[0])
        await desk.pilot.press("enter")
        await desk.until(lambda: count(desk) == f"{number + 1}/80" and current(desk) == ["hen"])
        await desk.pilot.press("escape")
        await desk.until(lambda: desk.pane.composer.has_focus)
        assert "On day 19 we saw" in desk.screen() and not current(desk)
        assert desk.rows.highlighted_hit == newest


async def test_the_title_comes_first_where_it_has_the_word(bench: Bench) -> None:
    async with bench(fill=fill) as desk:
        await search(desk, "fox")
        assert desk.rows.highlighted_hit is None
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.pane.conversation is not None)
        assert desk.pane.conversation is not None and desk.pane.conversation.title == "Story of a fox"
        assert not desk.app.screen.query(FindBar)


async def test_a_click_on_either_line_of_a_hit_opens_it(bench: Bench) -> None:
    async with bench(fill=fill) as desk:
        await search(desk, "fox")
        for words in ("Then at last", "out of the wood."):
            line = next(y for y, text in enumerate(desk.screen().split("\n")) if words in text[:32])
            await desk.pilot.click(offset=(8, line))
            await desk.until(lambda: current(desk) == ["fox"])
            assert "Then at last a fox" in desk.screen()
            await desk.pilot.press("escape")
            await desk.until(lambda: not current(desk))


async def test_a_hit_on_another_branch_opens_on_that_branch(bench: Bench) -> None:
    async def branches(session: Session) -> None:
        ids = await talk(session, "Animals", "Name one.", "A zebra it is.")
        store = session.store.conversations
        question = await store.add_message(store.message(ids[0]).conversation_id, ids[1], "user", (TextPart("Why?"),))
        await store.add_message(question.conversation_id, ids[0], "assistant", (TextPart("A horse."),))

    async with bench(fill=branches) as desk:
        await search(desk, "zebra")
        await desk.pilot.press("enter")
        await desk.until(lambda: current(desk) == ["zebra"])
        assert desk.texts == ["Name one.", "A zebra it is.", "Why?"]
        await desk.pilot.press("ctrl+o", "escape")
        await desk.pilot.pause()
        await search(desk, "horse")
        await desk.pilot.press("enter")
        await desk.until(lambda: current(desk) == ["horse"])
        assert desk.texts == ["Name one.", "A horse."]


async def test_a_hit_on_the_shown_branch_keeps_that_branch(bench: Bench) -> None:
    async def branches(session: Session) -> None:
        ids = await talk(session, "Animals", "Name a zebra.", "Older.")
        store = session.store.conversations
        owner = store.message(ids[0]).conversation_id
        await store.add_message(owner, ids[0], "assistant", (TextPart("Newer."),))
        await session.select(ids[1])

    async with bench(fill=branches) as desk:
        await search(desk, "zebra")
        await desk.pilot.press("enter")
        await desk.until(lambda: current(desk) == ["zebra"])
        assert desk.texts == ["Name a zebra.", "Older."]


async def test_a_message_in_which_only_the_index_sees_the_words_is_shown_all_the_same(bench: Bench) -> None:
    async def spelled(session: Session) -> None:
        filler = ["Nothing of it here." for _ in range(30)]
        await talk(session, "Letters", *filler, "Write an e mail to me.", *filler, "This is an e-mail.")

    async with bench(fill=spelled, size=(120, 24)) as desk:
        await search(desk, "e-mail")
        await desk.pilot.press("down", "enter")
        await desk.until(lambda: count(desk) == "1 in all")
        assert "Write an e mail to me." in desk.screen() and not current(desk)
        await desk.pilot.press("enter")
        await desk.until(lambda: current(desk) == ["e-mail"])


async def test_nothing_of_the_trash_is_found(bench: Bench) -> None:
    async with bench(fill=fill) as desk:
        await search(desk, "lima")
        await desk.pilot.press("end", "delete")
        await desk.until(lambda: not desk.rows.hits and not desk.rows.conversations)
        assert "Nothing found" in desk.screen()


async def test_rows_keep_their_highlight_while_the_list_changes(bench: Bench) -> None:
    async with bench(fill=fill) as desk:
        await search(desk, "day")
        await desk.pilot.press("down", "down")
        hit = desk.rows.highlighted_hit
        assert hit is not None and hit == desk.rows.hits[2]
        desk.app.get_default_screen()._shelf.refresh()
        await desk.pilot.pause(0.2)
        assert desk.rows.highlighted_hit == hit
        await desk.pilot.resize_terminal(70, 30)
        await desk.pilot.press("ctrl+o", "ctrl+o")
        await desk.pilot.pause(0.2)
        assert desk.rows.hits == [] and len(desk.rows.conversations) == 3


async def test_at_80_columns_the_list_gives_way_to_the_hit(bench: Bench) -> None:
    async with bench(fill=fill, size=(80, 24)) as desk:
        await search(desk, "peru")
        await desk.pilot.press("enter")
        await desk.until(lambda: current(desk) == ["Peru"])
        assert not desk.app.screen.query_one("ConversationList").display
        assert isinstance(desk.app.screen.focused, Input)


async def test_what_was_asked_for_last_is_shown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(fill=fill) as desk:
        look_up, held, shelf = desk.session.look_up, threading.Event(), desk.app.get_default_screen()._shelf
        asked: list[str] = []

        def slow(words: str, **options: object) -> object:
            asked.append(words)
            if words == "hen":
                held.wait(10)
            return look_up(words, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(desk.session, "look_up", slow)
        shelf.answer("hen", 200, in_trash=False)
        await desk.until(lambda: asked == ["hen"])
        shelf.answer("peru", 200, in_trash=False)
        await desk.until(lambda: [row.title for row in desk.rows.conversations] == ["Capitals"])
        held.set()
        await asyncio.sleep(0.1)
        assert [row.title for row in desk.rows.conversations] == ["Capitals"]
        shelf.answer("", 200, in_trash=False)
        await desk.until(lambda: len(desk.rows.conversations) == 3)


async def test_enter_waits_for_what_was_typed(bench: Bench) -> None:
    async with bench(fill=fill) as desk:
        await desk.pilot.press("ctrl+o")
        await desk.type("peru")
        await desk.pilot.press("enter")
        await desk.until(lambda: current(desk) == ["Peru"])


async def test_a_hit_that_is_gone_is_said(bench: Bench) -> None:
    async with bench(fill=fill) as desk:
        screen = desk.app.get_default_screen()
        screen.post_message(HitChosen(12_345, 1, "fox", ("fox",)))
        await desk.until(lambda: "There is no conversation" in desk.notices)
        screen.post_message(ConversationChosen(1))
        await desk.until(lambda: desk.pane.conversation_id == 1)
