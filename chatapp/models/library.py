"""The models at hand: the built-in one, the files in the models directory, and any path."""

from __future__ import annotations

import difflib
import importlib.resources
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from chatapp.core.errors import ModelError, ModelNotFound
from chatapp.core.paths import Paths
from chatapp.models.gguf import read_header
from chatapp.models.header import GgufHeader
from chatapp.models.suitability import check_suitable, is_later_part, part_paths

POCKET = "pocket"
"""The name of the built-in model."""

_DEPTH = 4
_HUB_NAME = re.compile(r"^[\w.-]+/[\w.-]+(:[\w.-]+)?$")


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A model on disk.

    `size_bytes` counts all parts. `header` is None where it can't be read; `problem` then, or where the model
    can't chat, is what `find` would raise.
    """

    name: str
    path: Path
    size_bytes: int
    header: GgufHeader | None = None
    problem: ModelError | None = None


class Library:
    """Finds models by name or path, and lists them.

    `paths.models` is searched with its folders, then `extra` directories; `pocket` is the built-in model's file.
    """

    def __init__(self, paths: Paths, *, extra: Sequence[Path] = (), pocket: Path | None = None) -> None:
        self._directories = (paths.models, *extra)
        self._pocket = pocket or pocket_path()

    def find(self, reference: str) -> Path:
        """The file that `reference` means: `pocket`, a path, or a name in the models directory.

        Names need not be whole nor in the right case. Raises ModelNotFound with near names, ModelInvalid where
        the file is no model that can chat.
        """
        return self.open(reference).path

    def open(self, reference: str) -> GgufHeader:
        """The header of the file that `find` would give; raises as it does."""
        header = read_header(self.locate(reference))
        check_suitable(header)
        return header

    def files(self) -> tuple[tuple[str, Path], ...]:
        """Every model at hand by name, the built-in one first; none of them is read."""
        own = ((POCKET, self._pocket),) if self._pocket.is_file() else ()
        return (*own, *sorted(self._names().items()))

    def list(self) -> list[ModelFile]:
        """Every model at hand, in the order of `files`, with what is in it."""
        return [self.describe(name, path) for name, path in self.files()]

    def locate(self, reference: str) -> Path:
        """The file that `reference` means, whatever is in it; raises ModelNotFound."""
        if not reference.strip():
            raise ModelNotFound("The model's name is empty.", hint="`chatapp models list` shows what is there.")
        if reference.lower() == POCKET:
            if not self._pocket.is_file():
                raise ModelNotFound(
                    f"The built-in model is missing: there is no file “{self._pocket}”.",
                    hint="Install chatapp again, or name a GGUF file with --model PATH.",
                )
            return self._pocket
        if _looks_like_path(reference):
            path = expanded(reference)
            return path if _exists(path) else self._by_name(reference, path)
        return self._by_name(reference, None)

    def describe(self, name: str, path: Path) -> ModelFile:
        """What is in the model's file, which is read."""
        header: GgufHeader | None = None
        problem: ModelError | None = None
        size = _size(path)
        try:
            header = read_header(path)
            size = sum(_size(part) for part in part_paths(path, header.split[1]))
            check_suitable(header)
        except ModelError as error:
            problem = error
        return ModelFile(name=name, path=path, size_bytes=size, header=header, problem=problem)

    def entry_of(self, path: Path, entries: Iterable[str]) -> str | None:
        """Which of `entries`, each a path or a name, means the model at `path`; a path counts before a name."""
        names = list(entries)
        for name in names:
            if _looks_like_path(name) and expanded(name) == path.absolute():
                return name
        own = POCKET if path == self._pocket else path.stem
        return next((name for name in names if name.lower().removesuffix(".gguf") == own.lower()), None)

    def _by_name(self, reference: str, path: Path | None) -> Path:
        names = self._names()
        wanted = reference.lower().removesuffix(".gguf")
        exact = [name for name in names if name.lower() == wanted]
        near = exact or [name for name in names if name.lower().startswith(wanted)]
        if len(near) == 1:
            return names[near[0]]
        if near:
            raise ModelNotFound(
                f"“{reference}” could be {len(near)} models.", hint=f"Name one: {', '.join(sorted(near)[:8])}."
            )
        raise self._unknown(reference, path, [POCKET, *names])

    def _unknown(self, reference: str, path: Path | None, names: Sequence[str]) -> ModelNotFound:
        by_case = {name.lower(): name for name in names}
        near = difflib.get_close_matches(reference.lower().removesuffix(".gguf"), by_case, n=3, cutoff=0.5)
        if path is not None:
            hint = _near_files(path) or "Check the path; `chatapp models list` shows what chatapp finds by itself."
            if _HUB_NAME.match(reference) and not reference.lower().endswith(".gguf"):
                hint = "This looks like a repository's name. Download a GGUF file of it and give the file's path."
            return ModelNotFound(f"There is no file “{path}”.", hint=hint)
        if near:
            hint = f"Did you mean {' or '.join(by_case[name] for name in near)}?"
        else:
            hint = f"Give a path, or put GGUF files into {self._directories[0]}. `chatapp models list` shows all."
        return ModelNotFound(f"There is no model called “{reference}”.", hint=hint)

    def _names(self) -> dict[str, Path]:
        """Every GGUF file in the directories by its name; a file of the same name in a later folder gives way."""
        names: dict[str, Path] = {}
        for directory in self._directories:
            for path in _model_files(directory):
                names.setdefault(path.stem, path)
        return names


def pocket_path() -> Path:
    """Where the built-in model's file is, whether or not it is there."""
    return Path(str(importlib.resources.files("chatapp").joinpath(POCKET, "pocket.gguf")))


def is_written_as_path(text: str) -> bool:
    """Whether `text` has the form of a path, be there anything or not."""
    if text.lower().endswith(".gguf") or text.startswith(("~", ".")):
        return True
    return any(separator in text for separator in (os.sep, os.altsep, "/") if separator)


def _looks_like_path(reference: str) -> bool:
    return is_written_as_path(reference) or _exists(Path(reference))


def expanded(reference: str) -> Path:
    """The absolute path that `reference` names, with the home directory for `~`."""
    try:
        return Path(reference).expanduser().absolute()
    except RuntimeError:
        return Path(reference).absolute()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _model_files(directory: Path) -> list[Path]:
    """The GGUF files in `directory` and its folders, first parts only, in order of their path."""
    found: list[Path] = []
    for folder, folders, files in os.walk(directory):
        depth = len(Path(folder).relative_to(directory).parts)
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if depth < _DEPTH else []
        found.extend(Path(folder) / name for name in sorted(files) if name.lower().endswith(".gguf"))
    return [path for path in found if not path.name.startswith(".") and not is_later_part(path)]


def _near_files(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.name.lower().endswith(".gguf")]
    except (OSError, ValueError):
        return ""
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(str(path.parent / name) for name in near)}?" if near else ""
