"""The models that a dialogue can change between, each with a worker of its own as long as memory allows."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from chatapp.backends.estimate import needed_bytes
from chatapp.backends.local import LocalBackend
from chatapp.backends.pool import Pool
from chatapp.cli.compose import Choice, Configuration, make_library, open_model, resolve_loading
from chatapp.cli.typed_path import Place, bare, places
from chatapp.core.backend import Backend
from chatapp.core.errors import ChatappError, ModelNotFound
from chatapp.core.loading import ChosenSetting
from chatapp.core.parameters import Values
from chatapp.models.family import family
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
    """A model that can be chosen by its `reference`; `backend` answers for it, None where it was not used yet."""

    name: str
    reference: str
    backend: LocalBackend | None = None

    @property
    def is_held(self) -> bool:
        """Whether it is in memory here, or on its way."""
        return self.backend is not None and self.backend.held_bytes > 0


class Facts(NamedTuple):
    """What the file of a model says; `needed_bytes` is the memory that it takes, 0 where that is unknown.

    `problem` says why it can't be used, empty where nothing is known against it.
    """

    path: str
    summary: str = ""
    size_bytes: int = 0
    needed_bytes: int = 0
    problem: str = ""


class ModelSwitch:
    """Finds models by name or path; `choice` says how they are loaded."""

    def __init__(self, configuration: Configuration, choice: Choice, pool: Pool) -> None:
        self._configuration = configuration
        self._choice = choice
        self._pool = pool
        self._facts: dict[tuple[Path, int], Facts] = {}

    @property
    def folder(self) -> str:
        """Where GGUF files are found by name."""
        return str(self._configuration.paths.models)

    def choose(self, reference: str | None) -> Chosen:
        """The model that `reference` means, None for the one to begin with; it is loaded when it is asked something.

        A path may be quoted as for a shell. Raises ModelNotFound or ModelInvalid.
        """
        choice = self._choice if reference is None else self._choice._replace(model=bare(reference))
        header = open_model(self._configuration, choice)
        known = family(header.texts)
        load, asked = resolve_loading(self._configuration, choice, header.path)
        backend = self._pool.backend(header.path, load)
        return Chosen(backend.name, backend, header.sampling, known.values if known is not None else {}, asked)

    def name_of(self, backend: Backend) -> str:
        """What the model behind `backend` is called, empty for one from elsewhere."""
        return next((each.name for each in self._pool.backends if each is backend), "")

    def entries(self) -> list[Entry]:
        """Every model at hand, and those that were opened by their paths; no file is read."""
        made = {backend.path: backend for backend in self._pool.backends}
        files = [(name, path.absolute()) for name, path in make_library(self._configuration).files()]
        known = {path for _, path in files}
        files += [(backend.name, path) for path, backend in made.items() if path not in known]
        return [Entry(name, str(path), made.get(path)) for name, path in files]

    def places(self, text: str) -> list[Place]:
        """What `text` leads to where it is written as a path; none where it is not."""
        found = places(text)
        if [place.kind for place in found] == ["missing"]:
            try:
                return [Place(str(make_library(self._configuration).locate(found[0].text)), "model")]
            except ModelNotFound:
                return found
        return found

    def facts(self, reference: str) -> Facts:
        """What the model that `reference` means is; its file is read, so it is asked from a thread."""
        library = make_library(self._configuration)
        try:
            path = library.locate(bare(reference))
            key = (path, path.stat().st_mtime_ns)
        except ModelNotFound as error:
            return Facts(bare(reference), problem=error.message)
        except (OSError, ValueError) as error:
            return Facts(bare(reference), problem=str(error))
        if key not in self._facts:
            self._facts[key] = self._facts_of(library.describe(path.stem, path))
        return self._facts[key]

    def _facts_of(self, model: ModelFile) -> Facts:
        summary = model.header.summary if model.header is not None else ""
        facts = Facts(str(model.path), summary, model.size_bytes)
        if model.header is None or model.problem is not None:
            return facts._replace(problem=model.problem.message if model.problem is not None else "")
        try:
            load, _ = resolve_loading(self._configuration, self._choice, model.path)
        except ChatappError as error:
            return facts._replace(problem=error.message)
        return facts._replace(needed_bytes=needed_bytes(model.header, load))

    def lines(self, current: Backend) -> list[str]:
        """Every model at hand or in use, with what it is doing here."""
        states = {each.name: _state(each.held_bytes > 0, each is current) for each in self._pool.backends}
        names = dict.fromkeys([name for name, _ in make_library(self._configuration).files()] + list(states))
        return [f"{'*' if 'in use' in states.get(name, '') else ' '} {name}{states.get(name, '')}" for name in names]


def _state(is_held: bool, is_current: bool) -> str:
    words = ["in use"] * is_current + ["in memory"] * is_held
    return f"  ({', '.join(words)})" if words else ""
