"""What a generation reports while it runs: a closed union.

The last event of each sample is `Finished`. A failure is no event but an exception of `core.errors`.
Every event carries the request's id and the index of the sample (0 where one reply was asked for).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from chatapp.core.parameters import StoredValue

StopReason: TypeAlias = Literal[
    "end",  # the model ended its reply by itself
    "stop_text",  # a stop string was met, and removed
    "stop_token",  # one of stop_token_ids was met
    "max_new_tokens",  # cut at max_new_tokens
    "max_length",  # cut at max_length
    "context_full",  # cut at the end of the context
    "max_time",  # cut after max_time seconds
    "loop",  # ended by loop_limit
    "no_candidate",  # no token was left that every constraint allows
    "stopped",  # stopped by the user
]
STOP_REASONS: dict[StopReason, str] = {
    "end": "the model ended its reply by itself",
    "stop_text": "a stop string was met and removed from the reply",
    "stop_token": "one of stop_token_ids was met",
    "max_new_tokens": "cut at max_new_tokens",
    "max_length": "cut at max_length",
    "context_full": "cut because the context is full",
    "max_time": "cut after max_time seconds",
    "loop": "ended by loop_limit, because it went round in circles",
    "no_candidate": "cut because its constraints left no token that could follow",
    "stopped": "stopped by you",
}
"""Each stop reason in words; the documentation and the screen take them from here."""


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    request_id: int
    sample: int = 0


class Queued(_Event, frozen=True, kw_only=True, tag="queued"):
    """The request waits; `reason` says for what, in words."""

    reason: str


class LoadProgress(_Event, frozen=True, kw_only=True, tag="load-progress"):
    """The model is being loaded; `fraction` runs from 0 to 1."""

    fraction: float


class PromptProgress(_Event, frozen=True, kw_only=True, tag="prompt-progress"):
    """`done` of `total` prompt tokens are in the KV cache, `cached` of them without computing."""

    done: int
    total: int
    cached: int


class TextAdded(_Event, frozen=True, kw_only=True, tag="text"):
    """The answer grew by `text`, which came from `tokens` tokens."""

    text: str
    tokens: int = 0


class ReasoningAdded(_Event, frozen=True, kw_only=True, tag="reasoning"):
    """The model's thoughts grew by `text`, which came from `tokens` tokens."""

    text: str
    tokens: int = 0


class Withdrawn(_Event, frozen=True, kw_only=True, tag="withdrawn"):
    """The last `characters` of the answer are taken back (a forbidden phrase was rewound)."""

    characters: int


class TokenDetail(msgspec.Struct, frozen=True):
    """One generated token under the unmodified distribution of the model.

    `logprob` is its natural-log probability, `rank` counts from 0, `entropy` is in nats, `log_sum_exp` the logarithm
    of the sum of the exponentials of all logits, `seconds` since the reply's first token. `alternatives` are (token id,
    logprob) pairs, likeliest first.
    """

    token_id: int
    logprob: float
    rank: int
    entropy: float
    log_sum_exp: float = 0.0
    seconds: float = 0.0
    alternatives: tuple[tuple[int, float], ...] = ()


class TokenDetails(_Event, frozen=True, kw_only=True, tag="token-details"):
    """Details of the tokens from position `offset` of the reply on; they replace any that were told of those."""

    offset: int
    tokens: tuple[TokenDetail, ...]


class ParameterChanged(_Event, frozen=True, kw_only=True, tag="parameter-changed"):
    """From token `offset` of the reply on, the parameter `name` has another value."""

    offset: int
    name: str
    value: StoredValue


class ContextShifted(_Event, frozen=True, kw_only=True, tag="context-shifted"):
    """From token `offset` of the reply on, `dropped` older tokens are no longer seen, in addition to those before."""

    offset: int
    dropped: int


class Timings(msgspec.Struct, frozen=True):
    """Seconds, by the worker's monotonic clock.

    `queued_s` until the request was admitted, `prompt_s` for computing the prompt, `first_token_s` from the
    request's arrival to its first token, `generation_s` from the first to the last token.
    """

    queued_s: float = 0.0
    prompt_s: float = 0.0
    first_token_s: float = 0.0
    generation_s: float = 0.0


class Finished(_Event, frozen=True, kw_only=True, tag="finished"):
    """The reply is complete.

    `prompt_tokens` = `cached_tokens` + `processed_tokens`; `cached_reason` says in words why not more of the
    prompt was reused. `token_ids` are the reply's, without the token that ended it; they begin with the tokens that the
    request gave it (`prefill_ids`), which count as prompt and not as `reply_tokens`. `seed` is the one used.
    `missing_words` are those of required_words that the reply did not come to hold. `rewinds` counts how often a
    forbidden word was taken back.
    """

    stop_reason: StopReason
    prompt_tokens: int
    cached_tokens: int
    processed_tokens: int
    reply_tokens: int
    timings: Timings
    seed: int
    cached_reason: str = ""
    stop_text: str | None = None
    token_ids: tuple[int, ...] = ()
    missing_words: tuple[str, ...] = ()
    rewinds: int = 0

    @property
    def tokens_per_second(self) -> float | None:
        """Speed after the first token; None where fewer than two tokens came."""
        if self.reply_tokens < 2 or self.timings.generation_s <= 0:
            return None
        return (self.reply_tokens - 1) / self.timings.generation_s


Event: TypeAlias = (
    Queued
    | LoadProgress
    | PromptProgress
    | TextAdded
    | ReasoningAdded
    | Withdrawn
    | TokenDetails
    | ParameterChanged
    | ContextShifted
    | Finished
)
