"""The tokens that may come next, as one array that native stages and our own work on."""

from __future__ import annotations

import ctypes

import llama_cpp.llama_cpp as llama
import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]

CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
TokenIds = npt.NDArray[np.int32]
_ROW = np.dtype((np.void, CANDIDATE.itemsize))


class Candidates:
    """The tokens that may come next: one array that every stage narrows or reshapes in turn.

    Filled with (id, logit) of the whole vocabulary. Native stages work on it in place, may sort it and set `p`; those
    written in numpy work on the views that `ids` and `logits` give, which are valid until the next stage.
    """

    def __init__(self, vocabulary_size: int) -> None:
        self._data = np.zeros(vocabulary_size, CANDIDATE)
        self._ids = np.arange(vocabulary_size, dtype=np.int32)
        self._native = llama.llama_token_data_array(
            self._data.ctypes.data_as(llama.llama_token_data_p), vocabulary_size, -1, False
        )
        self._address = self._data.ctypes.data
        self.in_order = False

    def fill(self, logits: Logits) -> None:
        """Start over with the whole vocabulary."""
        self._data["id"] = self._ids
        self._data["logit"] = logits
        self._native.data = self._data.ctypes.data_as(llama.llama_token_data_p)
        self._native.size = len(self._data)
        self._native.selected = -1
        self._native.sorted = False
        self.in_order = True

    def fill_sorted(self, token_ids: TokenIds, logits: Logits) -> None:
        """Start over with these alone, the highest logit first."""
        count = len(token_ids)
        self._data["id"][:count] = token_ids
        self._data["logit"][:count] = logits
        self._native.data = self._data.ctypes.data_as(llama.llama_token_data_p)
        self._native.size = count
        self._native.selected = -1
        self._native.sorted = True
        self.in_order = False

    @property
    def size(self) -> int:
        """How many are left."""
        return int(self._native.size)

    @property
    def ids(self) -> TokenIds:
        """Their token ids, shape (size,)."""
        ids: TokenIds = self._rows["id"]
        return ids

    @property
    def logits(self) -> Logits:
        """Their logits, shape (size,); call `changed` after writing to them."""
        logits: Logits = self._rows["logit"]
        return logits

    @property
    def chances(self) -> Logits:
        """Their probabilities as a terminal stage set them, shape (size,)."""
        chances: Logits = self._rows["p"]
        return chances

    @property
    def is_sorted(self) -> bool:
        """Whether the highest logit comes first, and so on."""
        return bool(self._native.sorted)

    @property
    def selected(self) -> int | None:
        """The token that a terminal stage chose, None where it could choose only what is ruled out."""
        index = int(self._native.selected)
        row = self._rows[index] if 0 <= index < self.size else None
        return int(row["id"]) if row is not None and np.isfinite(row["logit"]) else None

    def rows(self, token_ids: TokenIds) -> npt.NDArray[np.intp]:
        """Where `token_ids` stand; those that were cut are left out."""
        if self.in_order:
            return token_ids.astype(np.intp)
        return np.flatnonzero(np.isin(self.ids, token_ids))

    def rule_out(self, token_ids: TokenIds) -> None:
        """Give `token_ids` no chance."""
        self.logits[self.rows(token_ids)] = -np.inf

    def keep(self, mask: npt.NDArray[np.bool_]) -> None:
        """Drop those where `mask` is False, of shape (size,); the one with the highest logit stays in any case."""
        if not mask.any():
            mask = np.zeros(self.size, bool)
            mask[int(self.logits.argmax())] = True
        # As plain bytes: numpy copies rows of fields one field at a time.
        rows = self._rows.view(_ROW)
        kept = rows[mask]
        rows[: len(kept)] = kept
        self.in_order = self.in_order and len(kept) == self.size
        self._native.size = len(kept)

    def drop_ruled_out(self) -> None:
        """Drop those that have no chance, for stages whose formulas have no place for a probability of 0."""
        possible = np.isfinite(self.logits)
        if not possible.all():
            self.keep(possible)

    def sort(self) -> None:
        """Put the highest logit first."""
        if not self.is_sorted:
            rows = self._rows
            rows[:] = rows[np.argsort(-rows["logit"], kind="stable")]
            self._native.sorted = True
            self.in_order = False

    def probabilities(self) -> Logits:
        """The softmax of their logits, shape (size,)."""
        logits = self.logits
        weights = np.exp(logits - logits.max())
        probabilities: Logits = weights / weights.sum()
        return probabilities

    def changed(self) -> None:
        """Logits were written, so nothing is known of their order."""
        self._native.sorted = False

    @property
    def _rows(self) -> npt.NDArray[np.void]:
        # A native stage may also cut at the front, by moving the pointer.
        start = (ctypes.addressof(self._native.data.contents) - self._address) // CANDIDATE.itemsize
        return self._data[start : start + self.size]
