"""The part that all stages share that neither remember tokens nor hold native memory."""

from __future__ import annotations


class Stateless:
    """A stage that sees each position for itself; only `apply` is left to write."""

    def accept(self, token: int) -> None:
        """Forget it: no position depends on another."""

    def close(self) -> None:
        """Do nothing: there is no native memory to free."""
