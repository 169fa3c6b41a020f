"""The workbench on the real engine: a prompt for all panes is computed once, a slider counts from its token on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from chatapp.chat.session import Session
from chatapp.cli.compose import Choice, open_pooled_session, read_configuration
from chatapp.core.conversations import Generation
from chatapp.core.parameters import Value
from chatapp.core.settings import Settings
from chatapp.ui.app import Workbench
from chatapp.ui.screens.pane import Pane
from chatapp.ui.widgets.parameter_list import ParameterList

PANES = 4
PATIENCE_S = 120
WILD: dict[str, Value] = {"temperature": 2.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "seed": 7}
ENDLESS: dict[str, Value] = {"max_new_tokens": 160, "ignore_eos": True}
END_TOKENS = 2
"""At most so many tokens end a reply, and are banned where it shall not end."""
SYSTEM = "You tell stories of foxes, lanterns and little houses by the sea. " * 3


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await pilot.pause(0.02)


def generations(session: Session, panes: list[Pane]) -> list[Generation]:
    """What is stored of each pane's reply that has ended."""
    numbers = [pane.conversation_id for pane in panes]
    replies = [reply for number in numbers if number is not None for reply in session.thread(number)[-1:]]
    return [reply.generation for reply in replies if reply.status == "complete" and reply.generation is not None]


def written(session: Session, pane: Pane) -> str:
    """A pane's reply as far as it is written."""
    number = pane.conversation_id
    return "".join(message.text for message in session.thread(number)[1:]) if number is not None else ""


async def test_four_panes_on_one_prompt_compute_it_once(home: Path) -> None:
    choice = Choice(load={"threads": 1})
    async with open_pooled_session(read_configuration(), choice, program="workbench") as (session, _):
        app = Workbench(session, Settings(), save_setting=lambda name, value: None)
        async with app.run_test(size=(240, 70), notifications=True) as pilot:
            await until(pilot, lambda: session.backend.model is not None)
            app.get_default_screen().pane.next.change(system_prompt=SYSTEM)
            for count in range(2, PANES + 1):
                await pilot.press("alt+n")
                await until(pilot, lambda count=count: len(app.get_default_screen().query(Pane)) == count)  # type: ignore[misc]
            panes = list(app.get_default_screen().query(Pane))
            await until(pilot, lambda: panes[-1].composer.has_focus)
            for number, pane in enumerate(panes):
                pane.set_edits({"seed": number, "temperature": 1.0, "max_new_tokens": 24}, "seed")
            await pilot.press(*"Once", "alt+a")
            await until(pilot, lambda: len(generations(session, panes)) == PANES)
            assert not app._notifications
            made = generations(session, panes)
            await app.get_default_screen().close_replies()
    (size,) = {each.prompt_tokens for each in made}
    computed = sorted(each.processed_tokens or 0 for each in made)
    # The last token of a prompt is always computed: what follows it is wanted.
    assert size is not None and size > 40 and computed == [1, 1, 1, size]
    assert len({each.token_ids for each in made}) > 1


async def test_a_slider_moved_while_a_reply_is_written_counts_from_its_token_on(home: Path, slow_model: Path) -> None:
    choice = Choice(str(slow_model), load={"threads": 1})
    async with open_pooled_session(read_configuration(), choice, program="workbench") as (session, _):
        app = Workbench(session, Settings(), save_setting=lambda name, value: None)
        async with app.run_test(size=(160, 48), notifications=True) as pilot:
            await until(pilot, lambda: session.backend.model is not None)
            pane = app.get_default_screen().pane
            pane.set_edits({**WILD, **ENDLESS}, "seed")
            await pilot.press("alt+s")
            await until(pilot, lambda: isinstance(app.screen.focused, ParameterList))
            app.screen.query_one(ParameterList).go_to("top_k")
            pane.send("Tell me of a fox")
            await until(pilot, lambda: len(written(session, pane)) > 5)
            await pilot.press("1", "enter")
            await until(pilot, lambda: len(generations(session, [pane])) == 1)
            assert not app._notifications
            (made,) = generations(session, [pane])
            details = session.token_details(pane.transcript.messages[-1].id)
            await app.get_default_screen().close_replies()
    (change,) = made.changes
    assert (change.name, change.value) == ("top_k", 1) and 0 < change.offset < len(made.token_ids)
    assert details is not None and len(details) == len(made.token_ids)
    ranks = [each.rank for each in details if each is not None]
    assert len(ranks) == len(details)
    assert max(ranks[: change.offset]) > END_TOKENS >= max(ranks[change.offset :])
