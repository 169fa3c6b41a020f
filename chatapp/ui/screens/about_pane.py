"""What the parts of a screen that act on one conversation have in common."""

from __future__ import annotations

from collections.abc import Callable

from chatapp.chat.session import Session
from chatapp.ui.model_state import ModelState
from chatapp.ui.screens.pane import Pane


class AboutPane:
    """Something about the pane that has the focus, whichever that is; `pane` tells."""

    def __init__(self, pane: Callable[[], Pane]) -> None:
        self._shown_pane = pane

    @property
    def _pane(self) -> Pane:
        return self._shown_pane()

    @property
    def _session(self) -> Session:
        return self._pane.session

    @property
    def _model(self) -> ModelState:
        return self._pane.model
