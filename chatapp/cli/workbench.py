"""Bare `chatapp`: the workbench."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from chatapp.cli.compose import (
    Choice,
    Configuration,
    find_model,
    find_preset,
    make_library,
    make_presets,
    open_pool,
    open_store,
    read_configuration,
    resolve_loading,
    theme_problems,
)
from chatapp.cli.load_option import chosen_load
from chatapp.core.errors import ChatappError, FileProblem, ModelError, NotFound, TerminalError, UsageError

if TYPE_CHECKING:
    from chatapp.chat.session import Session
    from chatapp.core.presets import Preset

LATEST = -1
"""The conversation that was touched last, as the value of `--resume`."""


def open_workbench(
    *,
    model: str | None,
    preset: str | None,
    resume: int | None,
    exact: bool,
    incognito: bool,
    load: Mapping[str, object],
) -> int:
    """Open the screen and stay until it is left; raises TerminalError where there is none.

    `load` holds the options of load settings that were given.
    """
    _check_terminal()
    if incognito and resume is not None:
        raise UsageError(
            "--incognito hides the stored conversations, so there is none to open again.",
            hint="Leave --resume or --incognito out.",
        )
    configuration = read_configuration()
    path, problems = _model(configuration, model)
    in_use, preset_problems = _preset(configuration, preset)
    choice = Choice(model, chosen_load(load), incognito, in_use, exact)
    problems = (*configuration.problems, *theme_problems(configuration), *problems, *preset_problems)
    return asyncio.run(_run(configuration, path, choice, resume, problems))


async def _run(
    configuration: Configuration,
    model: Path,
    choice: Choice,
    resume: int | None,
    problems: tuple[ChatappError, ...],
) -> int:
    """The engine starts before the screen is imported, so that both get ready at the same time."""
    from chatapp.chat.session import Session
    from chatapp.cli.model_switch import ModelSwitch
    from chatapp.storage.config import load_keymap, save_setting

    paths = configuration.paths
    async with open_pool(configuration, choice, program="workbench") as pool:
        load, asked = resolve_loading(configuration, choice, model)
        backend = pool.backend(model, load)
        loading = asyncio.create_task(_exhaust(backend.load()))
        await asyncio.sleep(0)
        store = open_store(configuration, incognito=choice.incognito)
        session = Session(
            store, backend, preset=choice.preset, overflow=configuration.settings.overflow, exact=choice.exact
        )
        try:
            keymap, keymap_problems = load_keymap(paths.keymap_file)
            conversation = _resumed(session, resume)
            from chatapp.ui.app import Workbench

            app = Workbench(
                session,
                configuration.settings,
                save_setting=lambda name, value: save_setting(paths.config_file, name, value),
                keymap=keymap,
                problems=(*problems, *keymap_problems),
                presets=make_presets(configuration),
                models=ModelSwitch(configuration, choice, pool),
                load_asked=asked,
                themes_directory=paths.themes,
                history_file=None if choice.incognito else paths.history_file,
                resume=conversation,
            )
            await app.run_async()
            return app.return_code or 0
        finally:
            loading.cancel()
            with suppress(asyncio.CancelledError, ChatappError):
                await loading
            await session.close()
            await store.close()


def _resumed(session: Session, resume: int | None) -> int | None:
    """The conversation to open, None for a new one; raises NotFound for a number that nothing has."""
    if resume is None:
        return None
    conversation = session.latest() if resume == LATEST else session.conversation(resume)
    return conversation.id if conversation is not None else None


async def _exhaust(progress: AsyncIterator[float]) -> None:
    """Drive the load; the screen waits for the same one and shows how far it is and what goes wrong."""
    with suppress(ChatappError):
        async for _ in progress:
            pass


def _model(configuration: Configuration, model: str | None) -> tuple[Path, tuple[ChatappError, ...]]:
    """The model to open; where the setting names one that can't be used, the built-in one with a problem."""
    try:
        return find_model(configuration, Choice(model)), ()
    except ModelError as error:
        if model is not None or configuration.settings.model == "pocket":
            raise
        return make_library(configuration).find("pocket"), (error,)


def _preset(configuration: Configuration, name: str | None) -> tuple[Preset | None, tuple[ChatappError, ...]]:
    """The preset to use; where the setting names one that can't be used, none with a problem."""
    from chatapp.storage.toml_file import read_toml

    try:
        return find_preset(configuration, name), ()
    except FileProblem as problem:
        if name is not None:
            raise
        return None, (problem,)
    except NotFound as unknown:
        if name is not None:
            raise
        file = read_toml(configuration.paths.config_file)
        return None, file.problems([("preset", unknown.message, unknown.hint)])


def _check_terminal() -> None:
    for stream, name in ((sys.stdin, "input"), (sys.stdout, "output")):
        if stream is None or not stream.isatty():
            raise TerminalError(
                f"The workbench needs a terminal, and standard {name} is none.",
                hint="Use `chatapp ask` for one reply, or `chatapp chat` for a conversation line by line.",
            )
    if os.environ.get("TERM") in ("dumb", "unknown"):
        raise TerminalError(
            f"This terminal (TERM={os.environ['TERM']}) can't draw a screen.", hint="Use `chatapp chat` instead."
        )
