"""What the command line says of a model's load: who asked for what, what took effect, and what did not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chatapp.cli.narration import Narration
from chatapp.core.backend import Backend
from chatapp.core.loading import ChosenSetting


class LoadReport:
    """Tells each thing once, however many replies follow."""

    def __init__(
        self, narration: Narration, backend: Callable[[], Backend], asked: Iterable[ChosenSetting] = ()
    ) -> None:
        """`backend` gives the one in use, since it may change; `asked` are the settings that are no default."""
        self._narration = narration
        self._backend = backend
        self._asked = tuple(asked)
        self._told: set[str] = set()

    def tell(self) -> None:
        """Say what was asked for in vain; with -v also what took effect. The model must be loaded."""
        backend = self._backend()
        card = backend.model
        effect = card.effect if card is not None else None
        unmet = effect.unmet if effect is not None else ()
        for setting in self._asked:
            self._once(f"load setting: {setting}", self._narration.detail)
        for notice in (*unmet, *backend.notices, *(card.notices if card is not None else ())):
            self._once(notice, self._narration.say if notice in unmet else self._narration.detail)
        for line in effect.lines if effect is not None else ():
            self._once(f"loaded: {line}", self._narration.detail)

    def _once(self, text: str, say: Callable[[str], None]) -> None:
        if text not in self._told:
            self._told.add(text)
            say(text)
