"""Puts the objects of the program together; everything else gets them handed in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from chatapp.core.errors import ChatappError, FileProblem, NotFound
from chatapp.core.paths import Paths, ensure_private_directory
from chatapp.core.settings import Settings

if TYPE_CHECKING:
    from chatapp.backends.local import LocalBackend
    from chatapp.chat.session import Session
    from chatapp.core.loading import LoadSettings
    from chatapp.core.presets import Preset
    from chatapp.models.library import Library
    from chatapp.storage.presets import Presets
    from chatapp.storage.store import Store


class Configuration(NamedTuple):
    """Where things are, what is set, and what is wrong with the files that set it."""

    paths: Paths
    settings: Settings
    problems: tuple[FileProblem, ...]


class Choice(NamedTuple):
    """What a command was told about its surroundings; None takes the setting."""

    model: str | None = None
    context_size: int | None = None
    incognito: bool = False
    preset: Preset | None = None


def read_configuration() -> Configuration:
    """Read `config.toml`; a broken one leaves defaults and its problems."""
    from chatapp.storage.config import load_settings

    paths = Paths.of()
    settings, problems = load_settings(paths.config_file)
    return Configuration(paths, settings, problems)


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
    """The preset called `name`, None where none is wished; raises NotFound, or FileProblem where it is broken."""
    return make_presets(configuration).find(name).usable if name is not None else None


def open_store(configuration: Configuration, *, incognito: bool = False) -> Store:
    """The store; one that can't be written lives in memory and says so."""
    from chatapp.storage.store import Store

    return Store.open(configuration.paths, incognito=incognito)


def find_model(configuration: Configuration, choice: Choice) -> Path:
    """The model file to use; raises ModelNotFound or ModelInvalid."""
    return make_library(configuration).find(choice.model if choice.model is not None else configuration.settings.model)


@asynccontextmanager
async def open_backend(configuration: Configuration, model: Path, choice: Choice) -> AsyncIterator[LocalBackend]:
    """The engine for `model`, not loaded, with its renderer; both end with the context."""
    from chatapp.backends.local import LocalBackend
    from chatapp.rendering.renderer import Renderer

    with _logs(configuration, incognito=choice.incognito) as logs:
        renderer = Renderer()
        backend = LocalBackend(model, renderer=renderer, load=load_settings(configuration, choice), logs=logs)
        try:
            yield backend
        finally:
            await backend.close()
            await renderer.close()


def load_settings(configuration: Configuration, choice: Choice) -> LoadSettings:
    """What to load the model with: the command line above the preset above the settings."""
    from chatapp.core.loading import LoadSettings

    load = LoadSettings(context_size=configuration.settings.context_size)
    if choice.preset is not None:
        load = choice.preset.load_settings(load)
    if choice.context_size is not None:
        load = LoadSettings(choice.context_size, load.gpu_layers, load.threads)
    return load


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
async def open_session(configuration: Configuration, choice: Choice) -> AsyncIterator[Session]:
    """A session with a store and a model; the model is looked for first, so that a wrong name costs nothing."""
    from chatapp.chat.session import Session

    model = find_model(configuration, choice)
    store = open_store(configuration, incognito=choice.incognito)
    try:
        async with open_backend(configuration, model, choice) as backend:
            session = Session(store, backend, preset=choice.preset)
            try:
                yield session
            finally:
                await session.close()
    except BaseException:
        # What went wrong before is what a person should hear of.
        with suppress(ChatappError):
            await store.close()
        raise
    await store.close()
