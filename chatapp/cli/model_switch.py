"""The models that a dialogue can change between, each with a worker of its own as long as memory allows."""

from __future__ import annotations

from typing import NamedTuple

from chatapp.backends.pool import Pool
from chatapp.cli.compose import Choice, Configuration, find_model, make_library, resolve_loading
from chatapp.core.backend import Backend
from chatapp.core.loading import ChosenSetting
from chatapp.core.parameters import Values
from chatapp.core.readable import short_size
from chatapp.models.family import family
from chatapp.models.gguf import read_header
from chatapp.models.library import ModelFile


class Chosen(NamedTuple):
    """A model to talk to, and the sampling values that its file and the makers of its family ask for.

    `asked` are the load settings that somebody asked for.
    """

    name: str
    backend: Backend
    wishes: Values
    family: Values
    asked: tuple[ChosenSetting, ...]


class Entry(NamedTuple):
    """A model that can be chosen: what it is, in words, and whether it is in memory here."""

    name: str
    about: str
    is_held: bool


class ModelSwitch:
    """Finds models by name; `choice` says how they are loaded."""

    def __init__(self, configuration: Configuration, choice: Choice, pool: Pool) -> None:
        self._configuration = configuration
        self._choice = choice
        self._pool = pool

    def choose(self, reference: str | None) -> Chosen:
        """The model that `reference` means, None for the one to begin with; it is loaded when it is asked something.

        Raises ModelNotFound or ModelInvalid.
        """
        choice = self._choice if reference is None else self._choice._replace(model=reference)
        path = find_model(self._configuration, choice)
        header = read_header(path)
        known = family(header.texts)
        load, asked = resolve_loading(self._configuration, choice, path)
        backend = self._pool.backend(path, load)
        return Chosen(backend.name, backend, header.sampling, known.values if known is not None else {}, asked)

    def entries(self) -> list[Entry]:
        """Every model at hand."""
        held = {backend.name for backend in self._pool.backends if backend.held_bytes}
        return [
            Entry(model.name, _about(model), model.name in held) for model in make_library(self._configuration).list()
        ]

    def lines(self, current: Backend) -> list[str]:
        """Every model at hand or in use, with what it is doing here."""
        states = {each.name: _state(each.held_bytes > 0, each is current) for each in self._pool.backends}
        names = dict.fromkeys([model.name for model in make_library(self._configuration).list()] + list(states))
        return [f"{'*' if 'in use' in states.get(name, '') else ' '} {name}{states.get(name, '')}" for name in names]


def _about(model: ModelFile) -> str:
    """What a model is, or what is wrong with it, in words."""
    if model.problem is not None:
        return model.problem.message
    return short_size(model.size_bytes)


def _state(is_held: bool, is_current: bool) -> str:
    words = ["in use"] * is_current + ["in memory"] * is_held
    return f"  ({', '.join(words)})" if words else ""
