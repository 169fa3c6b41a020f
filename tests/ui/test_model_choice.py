"""Changing the model in the workbench, in each pane alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from chatapp.backends.script import Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.core.backend import Backend
from chatapp.core.errors import ModelNotFound
from chatapp.core.loading import ChosenSetting

from .conftest import MODEL, SLOW, Bench

WIDE = (200, 48)


@dataclass
class Entry:
    name: str
    about: str = "5.8 MB"
    is_held: bool = False


@dataclass
class Opened:
    name: str
    backend: Backend
    asked: tuple[ChosenSetting, ...] = ()


@dataclass
class Shelf:
    """Two models: `bear`, which answers, and `gone`, whose file is no longer there."""

    bear: ScriptedBackend = field(
        default_factory=lambda: ScriptedBackend(
            (Script(text="Once there was a bear."),),
            card=msgspec.structs.replace(MODEL, name="bear 7B", fingerprint="bear", context_size=4096),
        )
    )

    def entries(self) -> list[Entry]:
        return [Entry("bear"), Entry("gone")]

    def choose(self, reference: str) -> Opened:
        if reference != "bear":
            raise ModelNotFound(f"There is no file for {reference}.")
        return Opened("bear", self.bear)


async def test_another_model_answers_from_the_next_message_on(bench: Bench) -> None:
    async with bench(size=WIDE, models=Shelf()) as desk:
        await desk.ask("Tell me a story")
        await desk.pilot.press("ctrl+l")
        await desk.pilot.pause()
        await desk.type("bear")
        await desk.pilot.press("enter")
        await desk.until(lambda: "bear 7B" in desk.screen())
        assert "answers from the next message on" in desk.notices
        await desk.ask("And another")
        assert desk.texts == ["Tell me a story", "Once there was a fox.", "And another", "Once there was a bear."]
        number = desk.pane.conversation_id
        assert number is not None
        names = [each.generation.model_name for each in desk.session.thread(number) if each.generation is not None]
        assert names == ["pocket 3M", "bear 7B"]


async def test_each_pane_has_a_model_of_its_own(bench: Bench) -> None:
    async with bench(size=WIDE, models=Shelf()) as desk:
        await desk.pilot.press("alt+2")
        await desk.until(lambda: len(desk.app.get_default_screen()._panes.all) == 2)
        await desk.pilot.press("ctrl+l")
        await desk.pilot.pause()
        await desk.type("bear")
        await desk.pilot.press("enter")
        await desk.until(lambda: "model bear 7B" in desk.screen() and "model pocket 3M" in desk.screen())
        await desk.type("Tell me a story")
        await desk.pilot.press("alt+a")
        left, right = desk.app.get_default_screen()._panes.all
        await desk.until(lambda: len(left.transcript.messages) == len(right.transcript.messages) == 2)
        await desk.quiet()
        assert left.transcript.messages[-1].text == "Once there was a fox."
        assert right.transcript.messages[-1].text == "Once there was a bear."


async def test_a_running_reply_is_not_touched(bench: Bench) -> None:
    scripts = (Script(text="Once there was a fox. " * 60, tokens_per_second=SLOW),)
    async with bench(scripts, size=WIDE, models=Shelf()) as desk:
        await desk.say("Tell me a story")
        await desk.until(lambda: bool(desk.pane.stream.writing))
        await desk.pilot.press("ctrl+l")
        await desk.pilot.pause()
        await desk.pilot.press("enter")
        await desk.until(lambda: "is the other's to the end" in desk.notices)
        await desk.quiet()
        assert desk.texts[-1] == "Once there was a fox. " * 60


async def test_a_model_that_is_gone_changes_nothing(bench: Bench) -> None:
    async with bench(size=WIDE, models=Shelf()) as desk:
        await desk.pilot.press("ctrl+l")
        await desk.pilot.pause()
        await desk.type("gone")
        await desk.pilot.press("enter")
        await desk.until(lambda: "There is no file for gone." in desk.notices)
        await desk.ask("Tell me a story")
        assert desk.texts[-1] == "Once there was a fox."
