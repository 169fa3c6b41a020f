"""The sequences of the context and who holds them: placed, cut back, copied, put away, brought back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from chatapp.engine.snapshots import Damaged, Snapshot
from chatapp.engine.worker import prefix, scheduler
from chatapp.engine.worker.archive import Archive
from chatapp.engine.worker.kept import DISK_RATE, LEAST_TOKENS, MEMORY_RATE, InMemory, Shelf, covers, pays
from chatapp.engine.worker.llama import Context, Model
from chatapp.engine.worker.scheduler import Pace
from chatapp.engine.worker.slot import Slot

SETTLE_S = 1.0
"""How long a conversation rests before it is written to disk."""
REST_S = 5.0
"""How long it rests before it makes way for those that go on."""
REST_BYTES = 256 * 1024 * 1024
"""More than this takes so long to copy that a running reply would be seen to wait."""
BEFORE_THE_END = 32
"""Templates end a prompt with at most about so many tokens that the next turn may write otherwise."""

Holder: TypeAlias = Slot | InMemory | Snapshot
Match: TypeAlias = prefix.Match[Holder]


class Memory:
    """Every slot, the KV cache that they share, and what was put away.

    Models differ in what can be cut from a sequence: all of it, what a sliding window still covers, or nothing (a
    recurrent state). Where not all can be cut, states are kept on the way, to go back to.
    """

    def __init__(
        self, context: Context, model: Model, sequences: int, pace: Pace, shelf: Shelf, archive: Archive | None = None
    ) -> None:
        self._context = context
        self._is_recurrent = model.is_recurrent
        self._window = model.window_size
        self._pace = pace
        self._shelf = shelf
        self._archive = archive
        self.slots = [Slot(sequence) for sequence in range(sequences)]

    @property
    def idle(self) -> list[Slot]:
        """Slots without a job; what they hold serves whoever begins with it."""
        return [slot for slot in self.slots if slot.is_idle]

    @property
    def busy(self) -> list[Slot]:
        """Slots with a job."""
        return [slot for slot in self.slots if not slot.is_idle]

    # What is there

    def find(self, prompt: Sequence[int]) -> Match:
        """What of `prompt` is there already: in the context, or put away where bringing it back pays."""
        inside: Match = prefix.find(prompt, self.slots, self._can_cut)
        outside: Match = prefix.find(prompt, [*self._shelf.entries, *self._snapshots()], self._can_cut)
        holder = outside.holder
        if isinstance(holder, InMemory | Snapshot) and self._pays(outside.length - inside.length, holder):
            return outside
        return inside

    def is_reading(self, prompt: Sequence[int]) -> bool:
        """Whether a busy slot is about to compute what `prompt` begins with, and that can then be shared."""
        return any(scheduler.reads_for(slot, prompt, only_marks=not self._cuts_everywhere) for slot in self.busy)

    def _snapshots(self) -> list[Snapshot]:
        return self._archive.entries if self._archive is not None else []

    def _pays(self, tokens: int, kept: InMemory | Snapshot) -> bool:
        rate = MEMORY_RATE if isinstance(kept, InMemory) else DISK_RATE
        return pays(tokens, kept.size_bytes, self._pace.tokens_per_second, rate)

    def _can_cut(self, holder: Holder, length: int) -> bool:
        """Whether what `holder` holds can be cut back to `length` tokens."""
        if self._is_recurrent:
            return False
        if not self._window:
            return True
        first = self._context.first_position(holder.sequence) if isinstance(holder, Slot) else holder.first_position
        return 0 <= first <= max(0, length - self._window)

    @property
    def _cuts_everywhere(self) -> bool:
        return not self._is_recurrent and not self._window

    def has_room(self, needed: int, match: Match) -> bool:
        """Whether a job that needs so many cells fits beside the busy slots; idle ones make way."""
        shared = match.length if isinstance(match.holder, Slot) and not match.holder.is_idle else 0
        used = scheduler.cells_in_use(self.slots, busy_only=True)
        return not self.busy or used + needed - shared <= self._context.pool_size

    # Placing

    def place(self, match: Match) -> tuple[Slot, str]:
        """An idle slot that begins with what matches, and why that is less than it could be."""
        slot, reason = self._choose(match), match.reason
        if match.holder is not slot:
            self.put_away(slot)
            if isinstance(match.holder, Slot):
                self._context.copy(match.holder.sequence, slot.sequence, match.length)
                slot.tokens = match.holder.tokens[: match.length]
            elif match.holder is not None:
                reason = self._bring_back(slot, match.holder) or reason
        self.cut(slot, min(match.length, len(slot.tokens)))
        slot.is_settled, slot.stays = False, False
        if len(slot.tokens) < match.length and reason == match.reason:
            reason = "this model's memory could not be cut back"
        return slot, reason

    def _choose(self, match: Match) -> Slot:
        """The matching slot if nothing of it would be lost, else an empty one, else the one used longest ago."""
        holder = match.holder
        if isinstance(holder, Slot) and holder.is_idle and len(holder.tokens) <= match.length:
            return holder
        others = [slot for slot in self.idle if slot is not holder]
        return min(others, key=lambda slot: (bool(slot.tokens), slot.last_used)) if others else self.idle[0]

    def _bring_back(self, slot: Slot, kept: InMemory | Snapshot) -> str:
        """Fill the empty `slot` with what was put away; say in words why that could not be."""
        self.make_room(len(kept.tokens))
        if scheduler.cells_in_use(self.slots, busy_only=False) + len(kept.tokens) > self._context.pool_size:
            return "there was no room to bring back what was put away"
        try:
            state = kept.read()
        except Damaged as damage:
            return self._refuse(kept, str(damage))
        if not self._context.load(slot.sequence, state):
            return self._refuse(kept, "llama.cpp does not take it")
        slot.tokens = list(kept.tokens)
        if isinstance(kept, InMemory):
            self._shelf.use(kept)
        return ""

    def _refuse(self, kept: InMemory | Snapshot, reason: str) -> str:
        if isinstance(kept, Snapshot) and self._archive is not None:
            self._archive.refuse(kept, reason)
            return f"a snapshot on disk can't be used: {reason}"
        return f"what was put away can't be used: {reason}"

    def cut(self, slot: Slot, length: int) -> None:
        """Shorten `slot` to `length` tokens; what its memory can't be cut back to becomes pending again."""
        del slot.tokens[length:]
        done = self._context.cut(slot.sequence, length)
        if done and length and self._window:
            # With a window llama.cpp may say yes although cells that the next token looks at are gone.
            done = 0 <= self._context.first_position(slot.sequence) <= max(0, length - self._window)
        if not done:
            self._go_back(slot)

    def recover(self, slot: Slot) -> None:
        """A batch of `slot` was broken off: keep what was computed before it."""
        self.cut(slot, len(slot.tokens))

    def shift(self, slot: Slot, keep: int) -> None:
        """Leave the first `keep` tokens of `slot`; what follows them will be others."""
        self.cut(slot, keep)

    def _go_back(self, slot: Slot) -> None:
        """Begin `slot` anew from the longest state that was kept on its way."""
        wanted, slot.tokens = slot.tokens, []
        self._context.clear(slot.sequence)
        fitting = [kept for kept in self._shelf.entries if covers(wanted, kept.tokens)]
        if fitting:
            self._bring_back(slot, max(fitting, key=lambda kept: len(kept.tokens)))
        slot.pending = wanted[len(slot.tokens) :] + slot.pending

    # Putting away

    def marks(self, prompt_size: int, held: int) -> list[int]:
        """After how many tokens of a prompt its state is to be kept, where the model can't be cut back to them."""
        if self._cuts_everywhere or prompt_size - held < LEAST_TOKENS:
            return []
        # The last token is computed again in any case, for its logits.
        return [mark for mark in (prompt_size - 1 - BEFORE_THE_END, prompt_size - 1) if mark > held]

    def keep(self, slot: Slot) -> None:
        """Keep the state that `slot` has now, if that pays."""
        size = self._context.state_size(slot.sequence)
        if not pays(len(slot.tokens), size, self._pace.tokens_per_second, MEMORY_RATE):
            return
        self._shelf.put(self._state(slot), covers=lambda other: self._replaces(slot.tokens, other.tokens))

    def put_away(self, slot: Slot) -> None:
        """Empty `slot`, and keep what it held if nobody else holds it."""
        others = [other.tokens for other in self.slots if other is not slot]
        others += [kept.tokens for kept in self._shelf.entries]
        if slot.tokens and not any(self._replaces(other, slot.tokens) for other in others):
            if slot in self._unsettled() and self._archive is not None and not self._archive.is_full:
                self._settle(slot)
            self.keep(slot)
        self.forget(slot)

    def forget(self, slot: Slot) -> None:
        """Empty `slot`, and keep nothing."""
        self._context.clear(slot.sequence)
        slot.tokens, slot.pending, slot.marks = [], [], []

    def _state(self, slot: Slot) -> InMemory:
        first = self._context.first_position(slot.sequence)
        return InMemory(list(slot.tokens), first, self._context.save(slot.sequence))

    def _replaces(self, whole: Sequence[int], part: Sequence[int]) -> bool:
        """Whether who holds `whole` need not hold `part` too."""
        return covers(whole, part) and (self._cuts_everywhere or len(whole) == len(part))

    def make_room(self, needed: int) -> None:
        """Put idle slots away, those used longest ago first, until so many more cells are free or none is left."""
        while scheduler.cells_in_use(self.slots, busy_only=False) + needed > self._context.pool_size:
            if not self.put_away_oldest():
                return

    def put_away_oldest(self) -> bool:
        """Put away the idle slot used longest ago; False where none holds anything."""
        holding = [slot for slot in self.idle if slot.tokens]
        if holding:
            self.put_away(min(holding, key=lambda slot: slot.last_used))
        return bool(holding)

    def make_way(self, now: float) -> None:
        """Put an idle conversation away while others go on: all that lies in the context costs each of their tokens."""
        resting = [slot for slot in self.idle if slot.tokens and not slot.stays and slot.last_used + REST_S <= now]
        if not resting or not self.busy:
            return
        slot = min(resting, key=lambda slot: slot.last_used)
        size = self._context.state_size(slot.sequence)
        if size <= REST_BYTES and pays(len(slot.tokens), size, self._pace.tokens_per_second, MEMORY_RATE):
            self.put_away(slot)
        else:
            slot.stays = True

    # On disk

    def settles_in(self, now: float) -> float | None:
        """Seconds until a conversation has rested long enough to be written to disk; None for none."""
        resting = [slot.last_used + SETTLE_S - now for slot in self._unsettled()]
        soonest = SETTLE_S if self._archive is not None and self._archive.is_full else 0.0
        return max(soonest, min(resting)) if resting else None

    def settle(self, now: float) -> None:
        """Write the conversation that rested longest to disk, if it is time and pays."""
        due = [slot for slot in self._unsettled() if slot.last_used + SETTLE_S <= now]
        if due and self._archive is not None and not self._archive.is_full:
            self._settle(min(due, key=lambda slot: slot.last_used))

    def settle_all(self) -> None:
        """Write every resting conversation to disk that it pays for, and wait until that is done."""
        for slot in sorted(self._unsettled(), key=lambda slot: -slot.last_used):
            self._settle(slot)
        if self._archive is not None:
            self._archive.finish()

    def _unsettled(self) -> list[Slot]:
        if self._archive is None or self._archive.has_failed:
            return []
        return [slot for slot in self.idle if slot.tokens and not slot.is_settled]

    def _settle(self, slot: Slot) -> None:
        slot.is_settled = True
        archive = self._archive
        size = self._context.state_size(slot.sequence)
        if archive is None or not pays(len(slot.tokens), size, self._pace.tokens_per_second, DISK_RATE):
            return
        if any(self._replaces(snapshot.tokens, slot.tokens) for snapshot in archive.entries):
            return
        replaced = [snapshot for snapshot in archive.entries if self._replaces(slot.tokens, snapshot.tokens)]
        archive.put(self._state(slot), replaced)


class Alone(Memory):
    """The memory of exact mode: one sequence, computed anew from an empty context each time.

    What else lies in a context, and where, changes the order in which llama.cpp adds numbers up, and so their last
    digits; here nothing else does.
    """

    def __init__(self, context: Context, model: Model, pace: Pace) -> None:
        super().__init__(context, model, 1, pace, Shelf(0))

    def find(self, prompt: Sequence[int]) -> Match:
        """Nothing, whatever `prompt` is."""
        return prefix.Match(None, 0, "exact mode computes everything anew")

    def place(self, match: Match) -> tuple[Slot, str]:
        """The only slot, emptied."""
        (slot,) = self.slots
        slot.tokens, slot.pending = [], []
        self._context.reset()
        return slot, match.reason

    def shift(self, slot: Slot, keep: int) -> None:
        """Begin again: it is computed in the same chunks even if it is broken off on the way."""
        slot.tokens = []
        self._context.reset()

    def recover(self, slot: Slot) -> None:
        """Begin again: what was broken off has left its traces in the context."""
        slot.pending, slot.tokens = slot.tokens + slot.pending, []
        self._context.reset()

    def marks(self, prompt_size: int, held: int) -> list[int]:
        """Nothing is kept on the way."""
        return []
