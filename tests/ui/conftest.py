"""A workbench on a real store in memory and a scripted model, driven by keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot
from textual.strip import Strip

from chatapp.backends.script import Script, Scripts
from chatapp.backends.scripted import CARD, ScriptedBackend
from chatapp.chat.session import Session
from chatapp.core.backend import ModelCard
from chatapp.core.errors import ChatappError
from chatapp.core.loading import ChosenSetting
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings
from chatapp.storage.store import Store
from chatapp.ui.app import Workbench
from chatapp.ui.model_shelf import ModelShelf
from chatapp.ui.preset_book import PresetBook
from chatapp.ui.screens.pane import Pane
from chatapp.ui.widgets.banner import Banner
from chatapp.ui.widgets.conversation_rows import ConversationRows
from chatapp.ui.widgets.status_line import StatusLine

MODEL = msgspec.structs.replace(
    CARD, name="pocket 3M", device="cpu×2", context_size=2048, metadata={"general.sampling.temp": "0.7"}
)
FOX = (Script(text="Once there was a fox."),)
SLOW = 100.0
"""Tokens a second that give a test the time to act while a reply is being written."""


@dataclass
class Desk:
    """What a test acts on and looks at."""

    app: Workbench
    pilot: Pilot[None]
    session: Session
    backend: ScriptedBackend
    saved: dict[str, object] = field(default_factory=dict)

    @property
    def pane(self) -> Pane:
        return self.app.get_default_screen().pane

    @property
    def banner(self) -> Banner:
        return self.app.get_default_screen().query_one(Banner)

    @property
    def rows(self) -> ConversationRows:
        return self.app.get_default_screen().query_one(ConversationRows)

    @property
    def status(self) -> str:
        return self.app.get_default_screen().query_one(StatusLine).render().plain

    @property
    def texts(self) -> list[str]:
        """Every message of the shown branch."""
        number = self.pane.conversation_id
        return [message.text for message in self.session.thread(number)] if number is not None else []

    @property
    def notices(self) -> str:
        """All short messages that are up, the one in the status line among them."""
        said = [f"{notice.title} {notice.message}" for notice in self.app._notifications]
        return "\n".join([*said, self.app.get_default_screen().query_one(StatusLine).hint])

    def screen(self) -> str:
        """The screen as text, a line each."""
        return "\n".join(strip.text.rstrip() for strip in self.strips())

    def strips(self) -> list[Strip]:
        """The screen as styled lines."""
        return self.app.screen._compositor.render_strips()[: self.app.size.height]

    async def type(self, text: str) -> None:
        """Press the keys of `text`."""
        await self.pilot.press(*("space" if letter == " " else letter for letter in text))

    async def say(self, text: str) -> None:
        """Send a message without waiting for the reply."""
        self.pane.composer.put(text)
        self.pane.composer.focus()
        await self.pilot.press("enter")

    async def ask(self, text: str) -> None:
        """Send a message and wait until its reply has ended."""
        await self.say(text)
        await self.until(lambda: text in self.texts)
        await self.quiet()

    async def quiet(self) -> None:
        """Wait until nothing is being written, and the screen shows how it ended."""
        await self.until(
            lambda: (
                not self.pane.stream.writing
                and all(message.status != "streaming" for message in self.pane.transcript.messages)
            )
        )

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; fail after a while."""
        async with asyncio.timeout(20):
            while not holds():
                await self.pilot.pause(0.01)
        await self.pilot.pause()


Bench = Callable[..., AbstractAsyncContextManager[Desk]]
"""Opens a workbench: `async with bench(scripts, size=(80, 24)) as desk`."""


@pytest.fixture
def bench(home: Path) -> Bench:

    @asynccontextmanager
    async def open_desk(
        scripts: Scripts = FOX,
        *,
        card: ModelCard = MODEL,
        size: tuple[int, int] = (120, 36),
        settings: Settings | None = None,
        keymap: dict[str, Sequence[str]] | None = None,
        problems: Sequence[ChatappError] = (),
        load_seconds: float = 0.0,
        load_failure: ChatappError | None = None,
        load_notices: tuple[str, ...] = (),
        loaded: bool = True,
        fill: Callable[[Session], Awaitable[None]] | None = None,
        presets: PresetBook | None = None,
        models: ModelShelf | None = None,
        load_asked: Sequence[ChosenSetting] = (),
    ) -> AsyncIterator[Desk]:
        store = Store.open(Paths.of({"CHATAPP_HOME": str(home)}), incognito=True)
        backend = ScriptedBackend(
            scripts, card=card, load_seconds=load_seconds, load_failure=load_failure, load_notices=load_notices
        )
        session = Session(store, backend, overflow=(settings or Settings()).overflow)
        if fill is not None:
            await fill(session)
        saved: dict[str, object] = {}
        app = Workbench(
            session,
            settings or Settings(),
            save_setting=saved.__setitem__,
            keymap=keymap,
            problems=problems,
            themes_directory=home / "themes",
            history_file=home / "history.jsonl",
            presets=presets,
            models=models,
            load_asked=load_asked,
        )
        try:
            async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
                desk = Desk(app, pilot, session, backend, saved)
                if loaded and load_failure is None:
                    await desk.until(lambda: backend.model is not None)
                yield desk
                await app.get_default_screen().close_replies()
        finally:
            await session.close()
            await backend.close()
            await store.close()

    return open_desk
