"""What a change of the system prompt costs: the whole conversation stands behind it and is computed again."""

from __future__ import annotations

from dataclasses import dataclass

from chatapp.core.conversations import Generation

_WORTH_TELLING_S = 0.5
_ENOUGH_TOKENS = 32
"""Prompt tokens that must have been computed to tell the speed from them."""


@dataclass(frozen=True)
class Recomputation:
    """A conversation as it was sent last.

    `system_prompt` is the one that was sent, `tokens` how many the model has read and written since then, None where
    nothing was sent yet. `tokens_per_second` is how fast it reads, None where that is unknown. A `raw` conversation
    has no system prompt in it, an `exact` one is computed anew anyway.
    """

    system_prompt: str = ""
    tokens: int | None = None
    tokens_per_second: float | None = None
    raw: bool = False
    exact: bool = False

    def told(self, system_prompt: str) -> str:
        """What the next message costs with this system prompt, in words."""
        if self.raw:
            return "Raw text is completed without a system prompt."
        if self.tokens is None:
            return "Nothing is computed yet; it is read with the first message."
        if self.exact:
            return "Every reply is computed anew in exact mode, changed or not."
        if _sent(system_prompt) == _sent(self.system_prompt):
            return f"As it was sent. If you change it, the whole conversation is computed again: {self._cost}."
        return f"Changed: the next message computes the whole conversation again, {self._cost}."

    @classmethod
    def of(cls, generation: Generation | None, system_prompt: str, *, exact: bool) -> Recomputation:
        """What a conversation whose last reply came about so has cost."""
        if generation is None or generation.prompt_tokens is None:
            return cls(system_prompt, exact=exact)
        timings, processed = generation.timings, generation.processed_tokens or 0
        is_measured = timings is not None and processed >= _ENOUGH_TOKENS and timings.prompt_s > 0
        return cls(
            system_prompt,
            tokens=generation.prompt_tokens + (generation.reply_tokens or 0) - generation.forgotten_tokens,
            tokens_per_second=processed / timings.prompt_s if timings is not None and is_measured else None,
            raw=generation.raw,
            exact=exact,
        )

    @property
    def _cost(self) -> str:
        tokens = self.tokens or 0
        count = "1 token" if tokens == 1 else f"{tokens:,} tokens"
        duration = tokens / self.tokens_per_second if self.tokens_per_second else 0.0
        return f"{count}, about {max(1, round(duration)):,} s" if duration >= _WORTH_TELLING_S else count


def _sent(system_prompt: str) -> str:
    """What of a system prompt reaches the model: one of blanks does not."""
    return system_prompt if system_prompt.strip() else ""
