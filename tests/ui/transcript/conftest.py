"""A tiny app around a transcript."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from chatapp.core.conversations import Generation, Status, StoredMessage
from chatapp.core.events import StopReason
from chatapp.core.messages import Part, ReasoningPart, Role, TextPart
from chatapp.ui.widgets.transcript import Transcript


class Host(App[None]):
    """Shows a transcript and keeps what it posted."""

    def __init__(self, messages: Sequence[StoredMessage]) -> None:
        super().__init__()
        self.shown = messages
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Transcript(id="transcript")

    def on_mount(self) -> None:
        self.transcript.show(self.shown)
        self.transcript.focus()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def on_transcript_sibling_requested(self, event: Message) -> None:
        self.posted.append(event)

    def on_transcript_link_activated(self, event: Message) -> None:
        self.posted.append(event)

    def on_transcript_code_copied(self, event: Message) -> None:
        self.posted.append(event)


class Screenful:
    """A running host, with what a reader sees of it."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.transcript = app.transcript

    @property
    def lines(self) -> list[str]:
        """The rows in view, without trailing blanks."""
        height = self.transcript.size.height
        return [self.transcript.render_line(row).text.rstrip() for row in range(height)]

    def place(self, text: str) -> tuple[int, int]:
        """Column and row of a text in view."""
        for row, line in enumerate(self.lines):
            if text in line:
                return line.index(text), row
        raise AssertionError(f"{text!r} is not in view:\n" + "\n".join(self.lines))

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Select with the mouse from one cell to another, both included."""
        await self.pilot.mouse_down(self.transcript, offset=start)
        await self.pilot.hover(self.transcript, offset=end)
        await self.pilot.mouse_up(self.transcript, offset=end)
        await self.pilot.pause()


Open: TypeAlias = Callable[..., AbstractAsyncContextManager[Screenful]]


@pytest.fixture
def open_transcript() -> Open:
    """Open a transcript of some messages in a terminal of `size`."""

    @asynccontextmanager
    async def opened(
        messages: Sequence[StoredMessage] = (), size: tuple[int, int] = (40, 20)
    ) -> AsyncIterator[Screenful]:
        app = Host(messages)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield Screenful(app, pilot)

    return opened


Make: TypeAlias = Callable[..., StoredMessage]


@pytest.fixture
def message() -> Make:
    """Make a message by its number."""

    def make(
        number: int,
        text: str = "",
        *,
        role: Role = "assistant",
        reasoning: str = "",
        seconds: float | None = 2.1,
        status: Status = "complete",
        sibling: int = 1,
        siblings: int = 1,
        error: str = "",
        stop_reason: StopReason | None = None,
        model_name: str = "pocket",
    ) -> StoredMessage:
        parts: list[Part] = [ReasoningPart(reasoning, seconds)] if reasoning else []
        generation = Generation(
            model_name=model_name,
            model_fingerprint="",
            template_sha256="",
            settings=(),
            seed=1,
            error=error,
            stop_reason=stop_reason,
        )
        return StoredMessage(
            id=number,
            conversation_id=1,
            parent_id=number - 1 if number > 1 else None,
            role=role,
            parts=(*parts, TextPart(text)) if text else tuple(parts),
            status=status,
            created_at=1.7e9,
            sibling=sibling,
            siblings=siblings,
            generation=generation if role == "assistant" else None,
        )

    return make
