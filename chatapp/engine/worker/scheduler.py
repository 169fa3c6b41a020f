"""Who computes how much in the next batch: pure, so that it is tested without a model.

Every running reply gets its next token in every batch. Prompts share the rest in chunks sized by time: small while a
reply runs, so that it never stalls, larger when nobody waits. What is soonest done comes first, so that a short prompt
does not wait for a long one, but the oldest always goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatapp.engine.worker.errand import Errand
from chatapp.engine.worker.prefix import common_length
from chatapp.engine.worker.slot import Slot

SHARED_CHUNK_S = 0.075
"""How long a chunk of a prompt may take while a reply runs; with the reply's own token this stays under 150 ms."""
ALONE_CHUNK_S = 2.0
"""How long a chunk may take when no reply runs; stopping interrupts it, a new request waits for it."""
SMALLEST_CHUNK = 8
FIRST_SHARED_CHUNK = 32
EXACT_CHUNK = 32
LEAST_SHARE = 0.3
"""The part of a batch's time that its prompts took at least, whatever its replies take alone."""
WORTH_WAITING = 16
"""Tokens that two prompts begin with alike, for which the second waits rather than compute them too."""
OLDEST_SHARE = 4
"""The prompt that waits longest gets at least one in so many tokens."""
READ_AT_ONCE = 32
"""Positions of an errand whose logits one batch computes; with a large vocabulary each is a megabyte."""


@dataclass(frozen=True)
class Share:
    """`count` of a slot's pending tokens go into the next batch."""

    slot: Slot
    count: int

    @property
    def end(self) -> int:
        """How many tokens the slot holds after the batch."""
        return len(self.slot.tokens) + self.count

    def wants_logits(self, position: int) -> bool:
        """Whether what follows `position` is to be known: the end of what is pending, or what an errand reads."""
        work = self.slot.work
        if isinstance(work, Errand):
            return position >= work.first_read
        return self.completes and position == self.end - 1

    @property
    def completes(self) -> bool:
        """Whether all that is pending is computed, so that a token can be chosen."""
        return self.count == len(self.slot.pending)


class Pace:
    """How fast prompts are computed here, learnt from the batches so far."""

    def __init__(self, tokens_per_second: float = 0.0) -> None:
        self._speed = tokens_per_second
        self._shared_speed = 0.0
        self._replies_s = 0.0

    @property
    def tokens_per_second(self) -> float:
        """The speed of prompts that are read alone, 0 while nothing is known."""
        return self._speed

    def learn(self, prompt_tokens: int, seconds: float, *, replies: bool = False) -> None:
        """Take in that a batch with so many tokens of prompts took `seconds`, and whether replies got tokens in it.

        Batches of few tokens say nothing of prompts; what replies take is known from batches of them alone.
        """
        if seconds <= 0:
            return
        if not prompt_tokens:
            self._replies_s = _mean(self._replies_s, seconds)
        if prompt_tokens < SMALLEST_CHUNK:
            return
        speed = prompt_tokens / max(seconds - self._replies_s * replies, seconds * LEAST_SHARE)
        if replies:
            self._shared_speed = _mean(self._shared_speed, speed)
        else:
            self._speed = _mean(self._speed, speed)

    def chunk(self, batch_size: int, *, reply_runs: bool) -> int:
        """How many prompt tokens the next batch may hold."""
        if reply_runs:
            # Few tokens are computed more slowly than many, so what is known of many is only half believed.
            speed, seconds, unknown = self._shared_speed or self._speed / 2, SHARED_CHUNK_S, FIRST_SHARED_CHUNK
        else:
            speed, seconds, unknown = self._speed, ALONE_CHUNK_S, batch_size
        return max(SMALLEST_CHUNK, min(batch_size, int(speed * seconds) if speed else unknown))


def _mean(known: float, new: float) -> float:
    """The running mean of a figure, 0 while nothing is known."""
    return 0.7 * known + 0.3 * new if known else new


class Steady(Pace):
    """The pace of exact mode: the same chunks every time, so that the same numbers are added in the same order."""

    def chunk(self, batch_size: int, *, reply_runs: bool) -> int:
        """How many prompt tokens the next batch may hold."""
        return min(batch_size, EXACT_CHUNK)


def share(slots: Sequence[Slot], batch_size: int, chunk: int) -> list[Share]:
    """Split a batch of at most `batch_size` tokens among `slots`, at most `chunk` of them for prompts."""
    replying = [slot for slot in slots if slot.is_replying]
    prompting = [slot for slot in slots if slot.work is not None and slot.pending and not slot.is_replying]
    shares = [Share(slot, 1) for slot in replying[:batch_size]]
    room = min(batch_size - len(shares), chunk)
    by_age = sorted(prompting, key=lambda slot: slot.work.arrived if slot.work else 0.0)
    promised = min(-(-room // OLDEST_SHARE), _most_at_once(by_age[0])) if by_age else 0
    for slot in sorted(by_age, key=lambda slot: len(slot.pending)):
        if slot is by_age[0]:
            promised = 0
        count = min(room - promised, _most_at_once(slot))
        if count > 0:
            shares.append(Share(slot, count))
            room -= count
    return shares


def _most_at_once(slot: Slot) -> int:
    """How many tokens of `slot` one batch may hold: none behind its next mark, nor more logits than memory allows."""
    most = len(slot.pending)
    if slot.marks:
        most = min(most, slot.marks[0] - len(slot.tokens))
    if isinstance(slot.work, Errand):
        most = min(most, max(0, slot.work.first_read - len(slot.tokens)) + READ_AT_ONCE)
    return most


def reads_for(slot: Slot, prompt: Sequence[int], *, only_marks: bool = False) -> bool:
    """Whether `slot` is about to compute so much of `prompt` that it is worth waiting for.

    `only_marks` is for models whose sequences can't be cut: only what is kept at a mark can be shared.
    """
    if len(slot.pending) <= 1:
        return False
    shared = min(common_length(slot.tokens + slot.pending, prompt), len(prompt) - 1)
    if only_marks:
        shared = max((mark for mark in slot.marks if mark <= shared), default=0)
    return shared - len(slot.tokens) >= WORTH_WAITING


def room_needed(prompt_size: int, limit: int | None, context_size: int) -> int:
    """How many cells a request must find before it starts: its prompt and a reply of its limit, or a first page."""
    first_page = 256
    return min(context_size, prompt_size + (min(limit, first_page) if limit is not None else first_page))


def cells_in_use(slots: Sequence[Slot], *, busy_only: bool) -> int:
    """The cells that `slots` hold or will need for what is pending; a prefix that two share counts once."""
    counted: list[Slot] = []
    cells = 0
    for slot in slots:
        if busy_only and slot.is_idle:
            continue
        shared = max((common_length(slot.tokens, other.tokens) for other in counted), default=0)
        cells += len(slot.tokens) - shared + len(slot.pending)
        counted.append(slot)
    return cells
