"""Every error that a person can meet, in one tree.

ChatappError
├── UsageError            2   what was asked for can't be done as asked
│   ├── ParameterError        a parameter's name or value
│   ├── EmptyPrompt
│   ├── NotFound              an unknown name, with near ones
│   └── Unsupported           the backend can't do this, and says why
├── FileProblem           3   a file that people edit or import: which, where, why
├── ModelError            4
│   ├── ModelNotFound
│   ├── ModelInvalid          truncated, foreign, damaged
│   ├── ModelLoadFailed
│   └── TemplateFailed        the chat template is missing, broken, endless or refuses the messages
├── ContextFull           5   the prompt has no room in the context
├── EngineError           6
│   ├── EngineCrashed
│   ├── EngineHung
│   └── LoadCancelled
├── StorageError          7
│   ├── StoreUnwritable
│   ├── StoreBusy
│   ├── StoreNewer            written by a newer chatapp
│   └── StoreDamaged
└── TerminalError         8   no terminal, or one too small

The number is the exit code of the command line. Each error carries a title (a few words), a message (what and
where) and a hint (how to mend it). Errors are raised low and shown once, high.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class ChatappError(Exception):
    """What went wrong, for a person: a title, a message and a hint."""

    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, message: str, *, hint: str = "", title: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if title is not None:
            self.title = title  # type: ignore[misc]

    def __str__(self) -> str:
        return self.message


class UsageError(ChatappError):
    """What was asked for can't be done as it was asked."""

    exit_code = 2
    title = "That can't be done so"


class ParameterError(UsageError):
    """A parameter's name is unknown or its value is outside what it allows."""

    title = "Bad parameter"


class EmptyPrompt(UsageError):
    """There is nothing to send."""

    title = "Empty prompt"


class NotFound(UsageError):
    """A name that nothing has."""

    title = "Not found"

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> NotFound:
        """Name the nearest known names, or all of them where there are few."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
        if near:
            hint = f"Did you mean {' or '.join(near)}?"
        elif names and len(names) <= 12:
            hint = f"There is: {', '.join(names)}."
        else:
            hint = ""
        return cls(f"There is no {kind} called “{name}”.", hint=hint)


class Unsupported(UsageError):
    """The backend can't do what was asked, and the message says which part and why."""

    title = "Not supported"


class FileProblem(ChatappError):
    """A file that a person wrote can't be used; it is left as it is."""

    exit_code = 3
    title = "A file can't be used"


class ModelError(ChatappError):
    """Something about a model file."""

    exit_code = 4
    title = "The model can't be used"


class ModelNotFound(ModelError):
    """No file stands where the model was looked for."""

    title = "No such model"


class ModelInvalid(ModelError):
    """The file is no GGUF model, or a damaged one."""

    title = "Not a usable model file"


class ModelLoadFailed(ModelError):
    """llama.cpp refused the file; the message carries its reason."""

    title = "The model did not load"


class TemplateFailed(ModelError):
    """The chat template is missing, broken, takes too long, or refuses these messages."""

    title = "The chat template failed"


class ContextFull(ChatappError):
    """The prompt leaves no room for a reply in the context."""

    exit_code = 5
    title = "The context is full"


class EngineError(ChatappError):
    """The engine's process failed."""

    exit_code = 6
    title = "The engine failed"


class EngineCrashed(EngineError):
    """The engine's process ended by itself."""

    title = "The engine crashed"


class EngineHung(EngineError):
    """The engine's process made no progress for longer than its phase allows, and was ended."""

    title = "The engine hung"


class LoadCancelled(EngineError):
    """Loading was stopped at the user's wish."""

    title = "Loading was cancelled"


class StorageError(ChatappError):
    """The database failed."""

    exit_code = 7
    title = "The store failed"


class StoreUnwritable(StorageError):
    """Nothing can be written: no permission, no room, or a read-only file system."""

    title = "Nothing can be saved"


class StoreBusy(StorageError):
    """Another process holds the database for longer than we wait."""

    title = "The store is busy"


class StoreNewer(StorageError):
    """The database was written by a newer chatapp and is opened read-only."""

    title = "The store is newer than this chatapp"


class StoreDamaged(StorageError):
    """The database file is damaged; it was set aside and never deleted."""

    title = "The store is damaged"


class TerminalError(ChatappError):
    """There is no terminal, or it is too small."""

    exit_code = 8
    title = "No usable terminal"


def kinds() -> dict[str, type[ChatappError]]:
    """Every error class by its name, so that an error can cross a process border."""
    found: dict[str, type[ChatappError]] = {}
    pending: list[type[ChatappError]] = [ChatappError]
    while pending:
        kind = pending.pop()
        found[kind.__name__] = kind
        pending.extend(kind.__subclasses__())
    return found
