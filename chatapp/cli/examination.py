"""What `chatapp doctor` looks at, one function a subject."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from chatapp import __version__
from chatapp.cli.compose import Choice, Configuration, find_model, make_library, make_presets, open_backend, open_store
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError, ModelError

_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)\s*(==(?P<version>[^;\s]+))?")
_COMPILERS = ("cc", "gcc", "clang", "cl")
_TRIAL_TOKENS = 4


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `hint` says how to mend it where it is not well."""

    subject: str
    text: str
    is_well: bool = True
    hint: str = ""


async def examine(configuration: Configuration, wanted: Choice) -> list[Finding]:
    """Look at everything; what goes wrong becomes a finding and never an error. `wanted` is for the trial."""
    return [
        *_program(),
        *_terminal(),
        *_directories(configuration),
        *_files(configuration),
        *_presets(configuration),
        *await _store(configuration),
        *_models(configuration),
        *await _engine(configuration),
        *await _trial(configuration, wanted),
    ]


def _program() -> Iterator[Finding]:
    yield Finding("chatapp", f"{__version__} in {Path(__file__).parent.parent}")
    yield Finding("python", f"{platform.python_version()} at {sys.executable}")
    yield Finding("platform", f"{platform.platform()}, {os.cpu_count()} processors")
    for requirement in _requirements():
        match = _PINNED.match(requirement)
        if match is None or "extra ==" in requirement:
            continue
        name, wanted = match["name"], match["version"]
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "not installed", False, "Install chatapp again.")
            continue
        if wanted is None or found == wanted:
            yield Finding(name, found)
        else:
            yield Finding(name, f"{found}, where {wanted} is needed", False, f"pip install {name}=={wanted}")
    compiler = next((path for name in _COMPILERS if (path := shutil.which(name))), None)
    yield Finding("compiler", compiler or "none; only needed to build llama.cpp at installation")


def _requirements() -> list[str]:
    try:
        return importlib.metadata.requires("chatapp") or []
    except importlib.metadata.PackageNotFoundError:
        return ["click", "jinja2", "llama-cpp-python", "msgspec", "numpy", "platformdirs", "textual", "tomli-w"]


def _terminal() -> Iterator[Finding]:
    size = shutil.get_terminal_size((0, 0))
    facts = [f"TERM={os.environ.get('TERM', '')}", f"COLORTERM={os.environ.get('COLORTERM', '')}"]
    facts += [name for name in ("NO_COLOR", "TMUX", "STY", "SSH_CONNECTION") if os.environ.get(name)]
    is_terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    where = f"{size.columns}×{size.lines}" if is_terminal else "standard input or output is none"
    encoding = (sys.stdout.encoding or "").lower()
    yield Finding(
        "terminal",
        f"{where}, {', '.join(facts)}, {encoding}",
        not is_terminal or encoding.replace("-", "") == "utf8",
        "Set a UTF-8 locale, as in LANG=C.UTF-8.",
    )


def _directories(configuration: Configuration) -> Iterator[Finding]:
    paths = configuration.paths
    for name, place in (("data", paths.data), ("config", paths.config), ("cache", paths.cache), ("state", paths.state)):
        standing = next((parent for parent in (place, *place.parents) if parent.exists()), place)
        is_writable = standing.is_dir() and os.access(standing, os.W_OK | os.X_OK)
        yield Finding(
            f"{name} directory",
            f"{place}{'' if place.exists() else ' (made when needed)'}{'' if is_writable else ': can not be written'}",
            is_writable,
            f"Give yourself the right to write in {standing}, or set CHATAPP_HOME to another directory.",
        )


def _files(configuration: Configuration) -> Iterator[Finding]:
    from chatapp.storage.config import load_keymap
    from chatapp.ui.keymap import Keymap

    keymap, keymap_problems = load_keymap(configuration.paths.keymap_file)
    files = (
        (configuration.paths.config_file, configuration.problems),
        (configuration.paths.keymap_file, (*keymap_problems, *Keymap(keymap).problems)),
    )
    for path, problems in files:
        if not problems:
            yield Finding(path.name, "in order" if path.exists() else "not there, defaults are used")
        for problem in problems:
            yield _wrong(path.name, problem)


def _presets(configuration: Configuration) -> Iterator[Finding]:
    for entry in make_presets(configuration).list():
        for problem in entry.problems:
            yield _wrong(f"preset {clean_line(entry.name)}", problem)


async def _store(configuration: Configuration) -> list[Finding]:
    from chatapp.storage.build import sqlite_build

    build = sqlite_build()
    findings = [
        Finding(
            "sqlite",
            f"{build.version}, {'with' if build.has_full_text_search else 'without'} full-text search",
            build.has_full_text_search,
            "Use a Python whose SQLite has FTS5, as those of python.org and uv have.",
        )
    ]
    if not configuration.paths.database.exists():
        return [*findings, Finding("database", "not there yet")]
    store = open_store(configuration)
    try:
        count = len(store.conversations.list())
        problems = [_wrong("database", problem) for problem in store.problems]
        return [*findings, *(problems or [Finding("database", f"{count:,} conversations")])]
    except ChatappError as error:
        return [*findings, _wrong("database", error)]
    finally:
        await store.close()


def _models(configuration: Configuration) -> Iterator[Finding]:
    found = make_library(configuration).list()
    if not found:
        yield Finding("models", "none", False, f"Put a GGUF file into {configuration.paths.models}.")
    for model in found:
        if model.problem is not None:
            yield _wrong(f"model {clean_line(model.name)}", model.problem)
        elif model.header is not None:
            yield Finding(f"model {clean_line(model.name)}", clean_line(model.header.summary))
    try:
        find_model(configuration, Choice())
    except ModelError as error:
        yield _wrong("the model that is set", error)


async def _engine(configuration: Configuration) -> list[Finding]:
    from chatapp.engine.process import WorkerProcess

    try:
        worker = await WorkerProcess.start(configuration.paths.logs)
    except ChatappError as error:
        return [_wrong("engine", error)]
    except OSError as error:
        return [Finding("engine", f"does not start: {error}", False, "Check the state directory and Python itself.")]
    hello = worker.hello
    await worker.close()
    return [
        Finding("engine", hello.build),
        Finding("llama.cpp", hello.system),
        *(Finding("device", device) for device in hello.devices),
    ]


async def _trial(configuration: Configuration, wanted: Choice) -> list[Finding]:
    """Generate a few tokens: the device that really works is known only then."""
    from chatapp.core.backend import GenerationRequest
    from chatapp.core.events import Finished

    choice = wanted._replace(model=wanted.model or "pocket")
    request = GenerationRequest(prompt="Hello", edits={"max_new_tokens": _TRIAL_TOKENS, "ignore_eos": True})
    try:
        model_file = find_model(configuration, choice)
        async with open_backend(configuration, model_file, choice, program="doctor") as backend:
            generation = await backend.start(await backend.prepare(request))
            ends = [event async for event in generation if isinstance(event, Finished)]
            card = backend.model
    except (ChatappError, OSError) as error:
        return [_wrong("trial", error)]
    device = card.device if card is not None else "an unknown device"
    notices = card.notices if card is not None else ()
    effect = card.effect if card is not None else None
    return [
        Finding("trial", f"{choice.model} wrote {ends[-1].reply_tokens} tokens on {device}"),
        *(Finding(subject, text) for subject, text in (effect.subjects.items() if effect is not None else ())),
        *(Finding("notice", notice) for notice in notices),
    ]


def _wrong(subject: str, error: ChatappError | OSError) -> Finding:
    if isinstance(error, OSError):
        return Finding(subject, str(error), False)
    return Finding(subject, clean_line(error.message), False, clean_line(error.hint))
