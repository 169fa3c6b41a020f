"""What a scripted reply plays: words instead of tokens, and everything that can happen on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec

from chatapp.backends.word_model import words
from chatapp.core.backend import GenerationRequest
from chatapp.core.errors import ChatappError
from chatapp.core.events import StopReason


class Failure(msgspec.Struct, frozen=True):
    """An error that is raised while preparing, while starting, or before a step of the reply, counted from 0."""

    error: ChatappError
    at: Literal["prepare", "start"] | int = 0


class Chunk(msgspec.Struct, frozen=True):
    """A piece of a reply that comes as one event."""

    text: str
    is_reasoning: bool = False


class Withdrawal(msgspec.Struct, frozen=True):
    """The last `characters` of the answer are taken back."""

    characters: int


Step: TypeAlias = Chunk | Withdrawal


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What one reply plays.

    `reasoning` and `text` are chunks, one event each; plain text is cut into words. `tokens_per_second` paces
    them, None plays as fast as possible. `queued` is the reason of a wait that is reported first, `prompt_steps`
    the number of prompt progress events; `details` adds the details of every token, as a request for alternatives
    does. `notices` are said of the prepared request, `missing_words` at the end.
    """

    text: str | tuple[str | Withdrawal, ...] = ()
    reasoning: str | tuple[str, ...] = ()
    tokens_per_second: float | None = None
    queued: str = ""
    prompt_steps: int = 1
    failure: Failure | None = None
    stop_reason: StopReason = "end"
    notices: tuple[str, ...] = ()
    details: bool = False
    missing_words: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All that is played, in order: the thoughts, then the answer."""
        reasoning = words(self.reasoning) if isinstance(self.reasoning, str) else self.reasoning
        text = words(self.text) if isinstance(self.text, str) else self.text
        return (
            *(Chunk(piece, is_reasoning=True) for piece in reasoning),
            *(Chunk(piece) if isinstance(piece, str) else piece for piece in text),
        )

    def fail(self, at: str | int) -> None:
        """Raise the failure if it is due at this point."""
        if self.failure is not None and self.failure.at == at:
            raise self.failure.error


Scripts: TypeAlias = Sequence[Script] | Callable[[GenerationRequest], Script]
