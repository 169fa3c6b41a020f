"""The figures of a reply, as the status line shows them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from chatapp.chat.author import Author
from chatapp.core.conversations import StoredMessage
from chatapp.core.events import (
    ContextShifted,
    Event,
    Finished,
    LoadProgress,
    PromptProgress,
    Queued,
    ReasoningAdded,
    TextAdded,
)

Phase = Literal["idle", "loading", "waiting", "reading", "thinking", "writing", "stopping"]

PHASES: dict[Phase, str] = {
    "idle": "ready",
    "waiting": "preparing",
    "loading": "loading the model",
    "reading": "reading the prompt",
    "thinking": "thinking",
    "writing": "writing",
    "stopping": "stopping",
}
"""Each phase in words."""


@dataclass
class Figures:
    """What a reply has cost so far.

    `used` are the tokens in the context, `reused` those of the prompt that were not computed again. Times are
    seconds; `fraction` is the progress of the phase, None where it has none. `author` is the model whose tokens are
    counted, None while nobody has written.
    """

    phase: Phase = "idle"
    fraction: float | None = None
    note: str = ""
    used: int | None = None
    reused: int | None = None
    first_token_s: float | None = None
    tokens_per_second: float | None = None
    author: Author | None = None
    _asked_at: float = 0.0
    _first_at: float | None = None
    _tokens: int = 0
    _prompt: int = 0
    _forgotten: int = 0

    @classmethod
    def asked(cls) -> Figures:
        """Figures of a reply that was asked for just now."""
        return cls(phase="waiting", _asked_at=time.monotonic())

    @classmethod
    def of(cls, reply: StoredMessage | None) -> Figures:
        """Figures of a reply that is stored."""
        generation = reply.generation if reply is not None else None
        if generation is None:
            return cls()
        used = None
        if generation.prompt_tokens is not None:
            used = generation.prompt_tokens + (generation.reply_tokens or 0) - generation.forgotten_tokens
        return cls(
            used=used,
            reused=generation.cached_tokens,
            first_token_s=generation.timings.first_token_s if generation.timings is not None else None,
            tokens_per_second=generation.tokens_per_second,
            author=Author.of(generation) if generation.model_name else None,
        )

    def note_event(self, event: Event) -> None:
        """Take in what an event says."""
        match event:
            case Queued():
                self.phase, self.fraction, self.note = "waiting", None, event.reason
            case LoadProgress():
                loaded = event.fraction >= 1
                self.phase, self.fraction = ("waiting", None) if loaded else ("loading", event.fraction)
            case PromptProgress():
                self.phase = "reading"
                self.fraction = event.done / event.total if event.total else None
                self._prompt, self.reused, self.used = event.total, event.cached, event.done
            case TextAdded():
                self._grow("writing", event.tokens)
            case ReasoningAdded():
                self._grow("thinking", event.tokens)
            case ContextShifted():
                self._forgotten += event.dropped
            case Finished():
                self.phase, self.fraction = "idle", None
                self.used = event.prompt_tokens + event.reply_tokens - self._forgotten
                self.reused = event.cached_tokens
                self.first_token_s = event.timings.first_token_s
                self.tokens_per_second = event.tokens_per_second
            case _:
                pass

    @property
    def words(self) -> str:
        """What is going on, as in `reading the prompt 60%`."""
        text = self.note if self.phase == "waiting" and self.note else PHASES[self.phase]
        return f"{text} {self.fraction:.0%}" if self.fraction is not None else text

    @property
    def prompt(self) -> int | None:
        """How many tokens the prompt has, None until it is being read."""
        return self._prompt or None

    def _grow(self, phase: Phase, tokens: int) -> None:
        now = time.monotonic()
        if self._first_at is None:
            self._first_at = now
            self.first_token_s = now - self._asked_at
        elif now > self._first_at:
            self.tokens_per_second = self._tokens / (now - self._first_at)
        self._tokens += tokens
        self.used = self._prompt + self._tokens - self._forgotten
        if self.phase != "stopping":
            self.phase, self.fraction, self.note = phase, None, ""
