"""What a change of the system prompt costs: the whole conversation stands behind it and is computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatapp.core.conversations import Generation, StoredMessage
from chatapp.ui.running import Running

_WORTH_TELLING_S = 0.5
_ENOUGH_TOKENS = 32
"""Prompt tokens that must have been computed to tell the speed from them."""
_EXACT = "Every reply is computed anew in exact mode, changed or not."


@dataclass(frozen=True)
class Recomputation:
    """A conversation as it was sent last.

    `system_prompt` is the one that was sent, `tokens` how many the model has read and written since then, None where
    nothing was sent yet. `tokens_per_second` is how fast it reads, None where that is unknown. A `raw` conversation
    has no system prompt in it, an `exact` one is computed anew anyway. While a reply is `running`, its prompt is told.
    """

    system_prompt: str = ""
    tokens: int | None = None
    tokens_per_second: float | None = None
    raw: bool = False
    exact: bool = False
    running: Running | None = None

    def told(self, system_prompt: str) -> str:
        """What the next message costs with this system prompt, in words."""
        is_as_sent = _sent(system_prompt) == _sent(self.system_prompt)
        if self.raw:
            return "Raw text is completed without a system prompt."
        if self.running is not None:
            return f"{_reading(self.running)} {self._told_beside_it(is_as_sent)}"
        if self.tokens is None:
            return "Nothing is computed yet; it is read with the first message."
        if self.exact:
            return _EXACT
        if is_as_sent:
            return f"As it was sent. If you change it, the whole conversation is computed again: {self._cost}."
        return f"Changed: the next message computes the whole conversation again, {self._cost}."

    def _told_beside_it(self, is_as_sent: bool) -> str:
        """What the next message costs while a reply is being written."""
        if self.exact:
            return _EXACT
        change = "A change" if is_as_sent else "Changed: this"
        return f"{change} counts from the next message on, which computes the whole conversation again."

    @classmethod
    def of(
        cls, thread: Sequence[StoredMessage], system_prompt: str, *, exact: bool, running: Running | None = None
    ) -> Recomputation:
        """What the newest reply of a branch tells whose prompt was read; it was sent with `system_prompt`."""
        generations = [message.generation for message in thread if message.generation is not None]
        raw = bool(generations) and generations[-1].raw
        read = next((each for each in reversed(generations) if each.prompt_tokens), None)
        if read is None:
            return cls(system_prompt, raw=raw, exact=exact, running=running)
        return cls(system_prompt, _used(read), _speed(read), raw=raw, exact=exact, running=running)

    @property
    def _cost(self) -> str:
        tokens = self.tokens or 0
        count = "1 token" if tokens == 1 else f"{tokens:,} tokens"
        duration = tokens / self.tokens_per_second if self.tokens_per_second else 0.0
        return f"{count}, about {max(1, round(duration)):,} s" if duration >= _WORTH_TELLING_S else count


def _reading(running: Running) -> str:
    """What is known of the reply that is being written, and of its prompt."""
    if running.prompt_tokens is None:
        return "A reply is being prepared."
    count = "1 token" if running.prompt_tokens == 1 else f"{running.prompt_tokens:,} tokens"
    if running.reused is None:
        return f"A reply is being prepared, its prompt has {count}."
    return f"The reply that is being written has a prompt of {count}, {running.reused:,} of them reused."


def _used(generation: Generation) -> int:
    """Tokens that the model has read and written when a reply ended, and not forgotten."""
    return (generation.prompt_tokens or 0) + (generation.reply_tokens or 0) - generation.forgotten_tokens


def _speed(generation: Generation) -> float | None:
    """Prompt tokens a second, None where too few were computed to tell."""
    timings, processed = generation.timings, generation.processed_tokens or 0
    is_measured = timings is not None and processed >= _ENOUGH_TOKENS and timings.prompt_s > 0
    return processed / timings.prompt_s if timings is not None and is_measured else None


def _sent(system_prompt: str) -> str:
    """What of a system prompt reaches the model: one of blanks does not."""
    return system_prompt if system_prompt.strip() else ""
