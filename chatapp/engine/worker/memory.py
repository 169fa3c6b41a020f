"""The sequences of the context and who holds them: placed, cut back, copied, forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from chatapp.engine.worker import prefix, scheduler
from chatapp.engine.worker.llama import Context, Model
from chatapp.engine.worker.slot import Slot


class Memory:
    """Every slot, and the KV cache that they share."""

    def __init__(self, context: Context, model: Model, sequences: int) -> None:
        self._context = context
        self._model = model
        self.slots = [Slot(sequence) for sequence in range(sequences)]

    @property
    def idle(self) -> list[Slot]:
        """Slots without a job; what they hold serves whoever begins with it."""
        return [slot for slot in self.slots if slot.is_idle]

    @property
    def busy(self) -> list[Slot]:
        """Slots with a job."""
        return [slot for slot in self.slots if not slot.is_idle]

    def find(self, prompt: Sequence[int]) -> prefix.Match:
        """What of `prompt` is there already."""
        return prefix.find(prompt, self.slots, whole_only=self._model.is_recurrent)

    def has_room(self, needed: int, match: prefix.Match) -> bool:
        """Whether a job that needs so many cells fits beside the busy slots; idle ones make way."""
        shared = match.length if match.slot is not None and not match.slot.is_idle else 0
        used = scheduler.cells_in_use(self.slots, busy_only=True)
        return not self.busy or used + needed - shared <= self._context.pool_size

    def place(self, match: prefix.Match) -> Slot:
        """An idle slot that begins with what matches, as far as the memory could be cut or copied."""
        slot = self._choose(match)
        if match.slot is not slot:
            self.forget(slot)
            if match.slot is not None and match.length:
                self._context.copy(match.slot.sequence, slot.sequence, match.length)
                slot.tokens = match.slot.tokens[: match.length]
        self.cut(slot, match.length)
        return slot

    def _choose(self, match: prefix.Match) -> Slot:
        """The matching slot if nothing of it would be lost, else an empty one, else the one used longest ago."""
        if match.slot is not None and match.slot.is_idle and len(match.slot.tokens) <= match.length:
            return match.slot
        others = [slot for slot in self.idle if slot is not match.slot]
        return min(others, key=lambda slot: (bool(slot.tokens), slot.last_used)) if others else self.idle[0]

    def cut(self, slot: Slot, length: int) -> None:
        """Shorten `slot` to `length` tokens; where its memory can't be cut there, they become pending again."""
        del slot.tokens[length:]
        done = self._context.cut(slot.sequence, length)
        window = self._model.window_size
        if done and length and window:
            # With a window llama.cpp may say yes although cells that the next token looks at are gone.
            done = 0 <= self._context.first_position(slot.sequence) <= max(0, length - window)
        if not done:
            slot.pending = slot.tokens + slot.pending
            slot.tokens = []
            self._context.clear(slot.sequence)

    def forget(self, slot: Slot) -> None:
        """Empty `slot`."""
        self._context.clear(slot.sequence)
        slot.tokens, slot.pending = [], []

    def make_room(self, needed: int) -> None:
        """Forget idle slots, those used longest ago first, until so many more cells are free or none is left."""
        while scheduler.cells_in_use(self.slots, busy_only=False) + needed > self._context.pool_size:
            if not self.forget_oldest():
                return

    def forget_oldest(self) -> bool:
        """Forget the idle slot used longest ago; False where none holds anything."""
        kept = [slot for slot in self.idle if slot.tokens]
        if kept:
            self.forget(min(kept, key=lambda slot: slot.last_used))
        return bool(kept)
