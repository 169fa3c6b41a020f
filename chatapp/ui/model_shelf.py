"""What the screen needs of the models at hand; it never learns how they are found or loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

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
    def reference(self) -> str:
        """What `choose` is asked for."""
        ...

    @property
    def backend(self) -> Backend | None:
        """What answers for it, None where it was not used yet."""
        ...

    @property
    def is_held(self) -> bool:
        """Whether it is in memory."""
        ...


class ModelFacts(Protocol):
    """What the file of a model says."""

    @property
    def path(self) -> str:
        """Where it is."""
        ...

    @property
    def summary(self) -> str:
        """What it is, in a few words."""
        ...

    @property
    def size_bytes(self) -> int:
        """How large it is, 0 where that is unknown."""
        ...

    @property
    def needed_bytes(self) -> int:
        """How much memory it takes about, 0 where that is unknown."""
        ...

    @property
    def problem(self) -> str:
        """Why it can't be used, empty where nothing is known against it."""
        ...


class Place(Protocol):
    """Where a path leads that somebody types."""

    @property
    def text(self) -> str:
        """The path as it would be typed."""
        ...

    @property
    def kind(self) -> Literal["model", "folder", "file", "missing"]:
        """What is there."""
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

    @property
    def folder(self) -> str:
        """Where models are put to be found by name."""
        ...

    def entries(self) -> Sequence[ModelEntry]:
        """Every model; quick, for none is looked into."""
        ...

    def facts(self, reference: str) -> ModelFacts:
        """What is in a model's file; reads it, so it is asked from a thread."""
        ...

    def places(self, text: str) -> Sequence[Place]:
        """What `text` leads to where it is written as a path, the likeliest first; none where it is not."""
        ...

    def name_of(self, backend: Backend) -> str:
        """What the model behind `backend` is called, empty where that is unknown."""
        ...

    def choose(self, reference: str) -> OpenModel:
        """The model of a name or path; raise a ChatappError where there is none or it can't be used."""
        ...


class NoModels:
    """A shelf with nothing on it."""

    folder = ""

    def entries(self) -> Sequence[ModelEntry]:
        """None."""
        return ()

    def facts(self, reference: str) -> ModelFacts:
        """Not possible."""
        raise ModelNotFound(f"There is no model “{reference}” at hand.")

    def places(self, text: str) -> Sequence[Place]:
        """None."""
        return ()

    def name_of(self, backend: Backend) -> str:
        """Unknown."""
        return ""

    def choose(self, reference: str) -> OpenModel:
        """Not possible."""
        raise ModelNotFound(f"There is no model “{reference}” at hand.")
