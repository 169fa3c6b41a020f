"""Puts the objects of the program together; everything else gets them handed in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from chatapp.core.errors import ChatappError, FileProblem, NotFound
from chatapp.core.paths import Paths, ensure_private_directory
from chatapp.core.settings import Settings

if TYPE_CHECKING:
    from chatapp.backends.local import LocalBackend
    from chatapp.backends.pool import MakeRoom, Pool
    from chatapp.chat.session import Session
    from chatapp.core.loading import ChosenSetting, LoadSettings
    from chatapp.core.parameters import Values
    from chatapp.core.presets import Preset
    from chatapp.models.header import GgufHeader
    from chatapp.models.library import Library
    from chatapp.storage.presets import Presets
    from chatapp.storage.prompts import Prompts
    from chatapp.storage.store import Store

_MEGABYTE = 10**6


class Configuration(NamedTuple):
    """Where things are, what is set, and what is wrong with the files that set it.

    `models` holds load settings of single models, by name or path.
    """

    paths: Paths
    settings: Settings
    problems: tuple[FileProblem, ...]
    models: Mapping[str, Values] = MappingProxyType({})


class Choice(NamedTuple):
    """What a command was told about its surroundings; None takes the setting, `load` holds load settings by name."""

    model: str | None = None
    load: Values = MappingProxyType({})
    incognito: bool = False
    preset: Preset | None = None
    exact: bool = False


def read_configuration() -> Configuration:
    """Read `config.toml`; a broken one leaves defaults and its problems."""
    from chatapp.storage.config import load_model_tables, load_settings

    paths = Paths.of()
    settings, problems = load_settings(paths.config_file)
    models, model_problems = load_model_tables(paths.config_file)
    return Configuration(paths, settings, (*problems, *model_problems), models)


def theme_problems(configuration: Configuration) -> tuple[FileProblem, ...]:
    """What is wrong with the theme that `config.toml` names: that there is none of this name."""
    from chatapp.storage.toml_file import read_toml
    from chatapp.ui.theme_file import theme_files, theme_name

    theme, names = configuration.settings.theme, {theme_name(file) for file in theme_files(configuration.paths.themes)}
    if theme in names:
        return ()
    unknown = NotFound.among("theme", theme, names)
    return read_toml(configuration.paths.config_file).problems([("theme", unknown.message, unknown.hint)])


def make_library(configuration: Configuration) -> Library:
    """The models at hand."""
    from chatapp.models.library import Library

    return Library(configuration.paths)


def make_presets(configuration: Configuration) -> Presets:
    """The presets at hand."""
    from chatapp.storage.presets import Presets

    return Presets(configuration.paths.presets)


def find_preset(configuration: Configuration, name: str | None) -> Preset | None:
    """The preset called `name`, for None the one of the settings; an empty name is none.

    Raises NotFound, or FileProblem where it is broken.
    """
    wished = configuration.settings.preset if name is None else name
    return make_presets(configuration).find(wished).usable if wished else None


def make_prompts(configuration: Configuration) -> Prompts:
    """The prompt library."""
    from chatapp.storage.prompts import Prompts

    return Prompts(configuration.paths.prompts)


def open_store(configuration: Configuration, *, incognito: bool = False) -> Store:
    """The store; one that can't be written lives in memory and says so."""
    from chatapp.storage.store import Store

    return Store.open(configuration.paths, incognito=incognito)


def find_model(configuration: Configuration, choice: Choice) -> Path:
    """The model file to use; raises ModelNotFound or ModelInvalid."""
    return open_model(configuration, choice).path


def open_model(configuration: Configuration, choice: Choice) -> GgufHeader:
    """The header of the model file to use; raises as `find_model` does."""
    return make_library(configuration).open(choice.model if choice.model is not None else configuration.settings.model)


@asynccontextmanager
async def open_pool(configuration: Configuration, choice: Choice, *, program: str) -> AsyncIterator[Pool]:
    """Engines for as many models as are asked of it, and their renderer; all end with the context.

    `program` is what other processes are told of this one while it has a model in memory.
    """
    from chatapp.backends.local import LocalBackend
    from chatapp.backends.pool import Pool
    from chatapp.core.machine import physical_bytes
    from chatapp.engine.client import Upkeep
    from chatapp.engine.holdings import Holdings
    from chatapp.rendering.renderer import Renderer

    settings, paths = configuration.settings, configuration.paths
    holdings = Holdings(paths.holdings, program=program, keeps=not choice.incognito)
    with _logs(configuration, incognito=choice.incognito) as logs:
        renderer = Renderer()

        def make(model: Path, load: LoadSettings, make_room: MakeRoom) -> LocalBackend:
            upkeep = Upkeep(
                snapshots=None if choice.incognito else paths.snapshots,
                holdings=holdings,
                unload_after_s=60.0 * settings.unload_after,
                make_room=make_room,
            )
            return LocalBackend(model, renderer=renderer, load=load, logs=logs, upkeep=upkeep)

        pool = Pool(make, budget_bytes=settings.memory_budget * _MEGABYTE or physical_bytes() * 3 // 4)
        try:
            yield pool
        finally:
            await pool.close()
            await renderer.close()


@asynccontextmanager
async def open_backend(
    configuration: Configuration, model: Path, choice: Choice, *, program: str
) -> AsyncIterator[LocalBackend]:
    """The engine for `model`, not loaded; it ends with the context."""
    async with open_pool(configuration, choice, program=program) as pool:
        yield pool.backend(model, load_settings(configuration, choice, model))


def load_settings(configuration: Configuration, choice: Choice, model: Path) -> LoadSettings:
    """What to load `model` with; raises as `resolve_loading` does."""
    return resolve_loading(configuration, choice, model)[0]


def resolve_loading(
    configuration: Configuration, choice: Choice, model: Path
) -> tuple[LoadSettings, tuple[ChosenSetting, ...]]:
    """What to load `model` with, and who asked for what is no default.

    The command line stands above the preset, the preset above the model's table in `config.toml`, and that above the
    setting context_size. Raises ParameterError or NotFound for what can't be, and ModelNotFound for an adapter.
    """
    from chatapp.cli.adapters import with_adapters
    from chatapp.core.loading import LoadLayer, resolve_load

    models, size = configuration.paths.models, configuration.settings.context_size
    layers: list[tuple[str, Values, tuple[Path, ...]]] = [("the command line", choice.load, (Path.cwd(), models))]
    if choice.preset is not None:
        layers.append((f"the preset {choice.preset.name}", choice.preset.load, (models,)))
    name = make_library(configuration).entry_of(model, configuration.models)
    if name is not None:
        layers.append((f"config.toml, models.{name}", configuration.models[name], (models,)))
    if size:
        layers.append(("config.toml, context_size", {"context_size": size}, ()))
    # Only the adapters that count need to be there.
    counting = next((source for source, values, _ in layers if "lora" in values), None)
    return resolve_load(
        LoadLayer(source, dict(with_adapters(values, directories) if source == counting else values))
        for source, values, directories in layers
    )


@contextmanager
def _logs(configuration: Configuration, *, incognito: bool) -> Iterator[Path]:
    """Where logs go; those that nothing may be kept of, or that have no place, end with the program."""
    if not incognito:
        try:
            kept = ensure_private_directory(configuration.paths.logs)
        except OSError:
            kept = None
        if kept is not None and os.access(kept, os.W_OK | os.X_OK):
            yield kept
            return
    with tempfile.TemporaryDirectory(prefix="chatapp-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@asynccontextmanager
async def open_session(configuration: Configuration, choice: Choice, *, program: str) -> AsyncIterator[Session]:
    """A session with a store and a model; the model is looked for first, so that a wrong name costs nothing."""
    async with open_pooled_session(configuration, choice, program=program) as (session, _):
        yield session


@asynccontextmanager
async def open_pooled_session(
    configuration: Configuration, choice: Choice, *, program: str
) -> AsyncIterator[tuple[Session, Pool]]:
    """A session as of `open_session`, and the pool from which it can be given other models."""
    from chatapp.chat.session import Session

    model = find_model(configuration, choice)
    store = open_store(configuration, incognito=choice.incognito)
    try:
        async with open_pool(configuration, choice, program=program) as pool:
            backend = pool.backend(model, load_settings(configuration, choice, model))
            session = Session(
                store, backend, preset=choice.preset, overflow=configuration.settings.overflow, exact=choice.exact
            )
            try:
                yield session, pool
            finally:
                await session.close()
    except BaseException:
        # What went wrong before is what a person should hear of.
        with suppress(ChatappError):
            await store.close()
        raise
    await store.close()
