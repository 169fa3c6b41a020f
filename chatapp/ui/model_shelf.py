"""What the screen needs of the models at hand; it never learns where they lie or how they are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatapp.core.backend import Backend
from chatapp.core.errors import ModelNotFound
from chatapp.core.loading import ChosenSetting


class ModelEntry(Protocol):
    """A model that can be opened."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def about(self) -> str:
        """What it is, in words."""
        ...

    @property
    def is_held(self) -> bool:
        """Whether it is in memory."""
        ...


class OpenModel(Protocol):
    """A model to talk to; it is loaded when it is asked something."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def backend(self) -> Backend:
        """What answers."""
        ...

    @property
    def asked(self) -> Sequence[ChosenSetting]:
        """The load settings that somebody asked for."""
        ...


class ModelShelf(Protocol):
    """All models at hand."""

    def entries(self) -> Sequence[ModelEntry]:
        """Every model; reads files, so it is asked when somebody looks."""
        ...

    def choose(self, reference: str) -> OpenModel:
        """The model of a name; raise a ChatappError where there is none or it can't be used."""
        ...


class NoModels:
    """A shelf with nothing on it."""

    def entries(self) -> Sequence[ModelEntry]:
        """None."""
        return ()

    def choose(self, reference: str) -> OpenModel:
        """Not possible."""
        raise ModelNotFound(f"There is no model “{reference}” at hand.")
