"""Changing the model in the workbench, in each pane alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec
import pytest
from textual.widgets import Input

from chatapp.backends.script import Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.core.backend import Backend
from chatapp.core.conversations import Generation
from chatapp.core.errors import ModelLoadFailed, ModelNotFound
from chatapp.core.loading import ChosenSetting
from chatapp.core.messages import TextPart
from chatapp.core.overflow import Overflow
from chatapp.ui.dialogs.model import ModelPalette

from .conftest import MODEL, SLOW, Bench, Desk

WIDE = (200, 48)


@dataclass
class Entry:
    name: str
    reference: str = ""
    backend: Backend | None = None
    is_held: bool = False


@dataclass
class Facts:
    path: str
    summary: str = "llama, 7.2B, Q4_K_M, 4,096 tokens"
    size_bytes: int = 5_800_000
    needed_bytes: int = 9_000_000
    problem: str = ""


@dataclass
class Place:
    text: str
    kind: Literal["model", "folder", "file", "missing"] = "model"


@dataclass
class Opened:
    name: str
    backend: Backend
    asked: tuple[ChosenSetting, ...] = ()


@dataclass
class Shelf:
    """Two models: `bear`, which answers, and `gone`, whose file is no longer there; files open by their paths."""

    bear: ScriptedBackend = field(
        default_factory=lambda: ScriptedBackend(
            (Script(text="Once there was a bear."),),
            card=msgspec.structs.replace(MODEL, name="bear 7B", fingerprint="bear", context_size=4096),
        )
    )
    names: tuple[str, ...] = ("bear 7B", "gone")
    folder: str = "/home/fox/models"
    chosen: list[str] = field(default_factory=list)

    def entries(self) -> list[Entry]:
        return [Entry(name, f"{self.folder}/{name}.gguf", self._backend(name)) for name in self.names]

    def facts(self, reference: str) -> Facts:
        return Facts(reference, problem="It is damaged." if "gone" in reference else "")

    def places(self, text: str) -> list[Place]:
        if not text.startswith("/"):
            return []
        if "gone" in text:
            return [Place(text, "missing")]
        bear = Place("/away/bear.gguf")
        return [bear] if text == bear.text else [Place("/away/", "folder"), bear]

    def name_of(self, backend: Backend) -> str:
        return "bear 7B" if backend is self.bear else ""

    def choose(self, reference: str) -> Opened:
        self.chosen.append(reference)
        if "bear" not in reference:
            raise ModelNotFound(f"There is no file for {reference}.", hint="Check the path.")
        return Opened("bear 7B", self.bear)

    def _backend(self, name: str) -> Backend | None:
        return self.bear if name == "bear 7B" and self.bear.model is not None else None


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
        await desk.until(lambda: "There is no file for" in desk.notices)
        await desk.ask("Tell me a story")
        assert desk.texts[-1] == "Once there was a fox."


async def written_by(
    model: str, desk: Desk, *, text: str = "Once there was a bear.", overflow: Overflow = "stop"
) -> int:
    """A stored conversation whose reply another model wrote, in 2,304 tokens of its own."""
    store = desk.session.store.conversations
    conversation = await store.create(title="Told before", model=model, overflow=overflow)
    user = await store.add_message(conversation.id, None, "user", (TextPart("Tell me a story"),))
    generation = Generation(
        model_name=model,
        model_fingerprint=model.split()[0],
        template_sha256="",
        settings=(),
        seed=1,
        prompt_tokens=2300,
        reply_tokens=4,
    )
    await store.add_message(conversation.id, user.id, "assistant", (TextPart(text),), generation=generation)
    return conversation.id


async def test_a_conversation_of_another_model_says_so_once_and_enter_goes_back_to_it(bench: Bench) -> None:
    async with bench(size=WIDE, models=Shelf()) as desk:
        number = await written_by("bear 7B", desk)
        desk.app.get_default_screen().open_id(number)
        await desk.until(lambda: "bear 7B wrote this, pocket 3M answers next; ^L changes that" in desk.status)
        assert not desk.app._notifications
        await desk.pilot.press("ctrl+n")
        await desk.until(lambda: "wrote this" not in desk.status)
        desk.app.get_default_screen().open_id(number)
        await desk.until(lambda: "wrote this" in desk.status)
        await desk.pilot.press("ctrl+l")
        await desk.until(lambda: "this conversation's" in desk.screen())
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.pane.model.name == "bear 7B" and "wrote this" not in desk.status)
        await desk.until(lambda: "2,304/4,096" in desk.status)


async def test_the_meter_never_holds_one_models_tokens_against_another(bench: Bench) -> None:
    async with bench(size=WIDE, models=Shelf()) as desk:
        desk.app.get_default_screen().open_id(await written_by("bear 7B", desk))
        await desk.until(lambda: "~" in desk.status)
        assert "2,304" not in desk.status
        assert "too long" not in desk.status


@pytest.mark.parametrize(("overflow", "words"), [("stop", "too long"), ("drop_oldest", "oldest left out")])
async def test_a_conversation_too_long_for_the_model_is_said_to_be(
    bench: Bench, overflow: Overflow, words: str
) -> None:
    async with bench(size=WIDE, models=Shelf()) as desk:
        long = "Once there was a bear. " * 2000
        desk.app.get_default_screen().open_id(await written_by("bear 7B", desk, text=long, overflow=overflow))
        await desk.until(lambda: f"/2,048 {words}" in desk.status)


async def test_the_author_that_is_not_at_hand_is_asked_for(bench: Bench) -> None:
    async with bench(size=WIDE, models=Shelf()) as desk:
        desk.app.get_default_screen().open_id(await written_by("lion", desk))
        await desk.pilot.press("ctrl+l")
        await desk.until(lambda: "lion wrote this conversation and is not among these" in desk.screen())


async def test_a_path_is_offered_and_opened(bench: Bench) -> None:
    shelf = Shelf()
    async with bench(size=(80, 24), models=shelf) as desk:
        await desk.pilot.press("ctrl+l")
        await desk.pilot.pause()
        await desk.type("/away")
        await desk.until(lambda: "open /away/bear.gguf" in desk.screen())
        await desk.pilot.press("down", "tab")
        assert desk.app.screen.query_one(Input).value == "/away/bear.gguf"
        await desk.until(lambda: "takes about 9 MB of memory" in desk.screen())
        await desk.pilot.press("enter")
        await desk.until(lambda: desk.pane.model.name == "bear 7B")
        assert shelf.chosen == ["/away/bear.gguf"]


async def test_a_folder_is_gone_into(bench: Bench) -> None:
    shelf = Shelf()
    async with bench(size=(80, 24), models=shelf) as desk:
        await desk.pilot.press("ctrl+l")
        await desk.pilot.pause()
        await desk.type("/a")
        await desk.pilot.press("enter")
        assert desk.app.screen.query_one(Input).value == "/away/"
        assert shelf.chosen == []


async def test_a_path_that_leads_nowhere_can_be_mended(bench: Bench) -> None:
    async with bench(size=WIDE, models=Shelf()) as desk:
        await desk.pilot.press("ctrl+l")
        await desk.pilot.pause()
        await desk.type("/gone.gguf")
        await desk.until(lambda: "no such file" in desk.screen())
        await desk.pilot.press("enter")
        await desk.until(lambda: "There is no file for /gone.gguf." in desk.notices)
        assert "No such model" in desk.notices
        assert "Check the path." in desk.notices
        await desk.until(lambda: isinstance(desk.app.screen, ModelPalette))
        assert desk.app.screen.query_one(Input).value == "/gone.gguf"


async def test_a_model_that_does_not_load_gives_way_to_the_one_before(bench: Bench) -> None:
    shelf = Shelf(bear=ScriptedBackend((Script(text=""),), load_failure=ModelLoadFailed("It is torn.")))
    async with bench(size=WIDE, models=shelf) as desk:
        await desk.pilot.press("ctrl+l")
        await desk.pilot.pause()
        await desk.type("bear")
        await desk.pilot.press("enter")
        await desk.until(lambda: "pocket 3M answers here as before." in desk.notices)
        assert "It is torn." in desk.screen()
        await desk.ask("Tell me a story")
        assert desk.texts[-1] == "Once there was a fox."


@pytest.mark.parametrize(("names", "words"), [((), "into /home/fox/models,"), (("a", "b"), "any other GGUF file")])
async def test_where_models_come_from_is_said(bench: Bench, names: tuple[str, ...], words: str) -> None:
    async with bench(size=WIDE, models=Shelf(names=names)) as desk:
        await desk.pilot.press("ctrl+l")
        await desk.until(lambda: words in desk.screen())
        await desk.type("zzz")
        await desk.until(lambda: "No model is called so; a path opens any file" in desk.screen())
