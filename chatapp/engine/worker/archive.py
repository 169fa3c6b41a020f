"""Snapshots that are written by a thread of their own, so that no reply waits for the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from chatapp.core.backend import ModelCard
from chatapp.engine.protocol import Load
from chatapp.engine.snapshots import Snapshot, Snapshots
from chatapp.engine.worker.kept import InMemory

WRITES_AT_ONCE = 2
"""States that wait to be written; each is a copy in memory."""


def open_archive(command: Load, card: ModelCard, complain: Callable[[str], None]) -> Archive | None:
    """The archive of the model that `command` loaded; None where nothing is to be kept.

    A state fits only the same model file, build and settings, whichever of those shape it; without flash attention the
    values lie the other way round.
    """
    if not command.snapshots or not command.fingerprint:
        return None
    flash_attention = card.effect.flash_attention if card.effect is not None else None
    identity = msgspec.json.encode([command.fingerprint, card.build, command.settings, flash_attention]).decode()
    return Archive(Snapshots(Path(command.snapshots), identity, card.name), complain)


class Archive:
    """The snapshots of the model that is loaded, and the thread that writes new ones."""

    def __init__(self, snapshots: Snapshots, complain: Callable[[str], None]) -> None:
        """`complain` is told, once, why nothing can be written."""
        self._snapshots = snapshots
        self._complain = complain
        self._orders: queue.Queue[tuple[InMemory, list[Path]]] = queue.Queue(WRITES_AT_ONCE)
        self._failed = self._told = False
        threading.Thread(target=self._write, name="archive", daemon=True).start()

    @property
    def entries(self) -> list[Snapshot]:
        """Every snapshot that this engine can use."""
        return self._snapshots.entries()

    @property
    def has_failed(self) -> bool:
        """Whether nothing can be written any more."""
        return self._failed

    @property
    def is_full(self) -> bool:
        """Whether whoever brings a state must wait."""
        return self._orders.full()

    def put(self, kept: InMemory, replaced: Sequence[Snapshot]) -> None:
        """Write `kept` soon, and then remove what it `replaced`; waits while it is full."""
        self._orders.put((kept, [snapshot.path for snapshot in replaced]))

    def refuse(self, snapshot: Snapshot, reason: str) -> None:
        """Never use `snapshot` again."""
        self._snapshots.refuse(snapshot, reason)

    def finish(self) -> None:
        """Wait until everything is written."""
        self._orders.join()

    def _write(self) -> None:
        while True:
            kept, replaced = self._orders.get()
            try:
                if not self._snapshots.write(kept.tokens, kept.first_position, kept.state, replaced):
                    self._tell("the disk has no room for one")
            except OSError as error:
                self._tell(error.strerror or str(error))
                self._failed = True
            finally:
                del kept
                self._orders.task_done()

    def _tell(self, reason: str) -> None:
        if not self._told:
            self._complain(f"Computed conversations can't be kept on disk: {reason}.")
        self._told = True
