"""Presets in files: the shipped ones, and a person's own in the config directory.

A file holds `title`, `description`, `system_prompt`, and the tables `[sampling]` and `[thinking]` (parameters by
registry name) and `[load]`. One with a mistake is named with line and reason, left as it is, and used by nobody,
for half a preset would be another one; all others load.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import msgspec
import tomli_w

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError, FileProblem, NotFound, StoreUnwritable, UsageError
from chatapp.core.loading import check_load, stored_load
from chatapp.core.parameters import Value, as_stored, parameter, resolve
from chatapp.core.presets import NEUTRAL, Preset, check_preset_name
from chatapp.storage.atomic import write_private
from chatapp.storage.load_table import load_faults
from chatapp.storage.toml_file import Finding, TomlFile, file_problem, finding, read_toml

SHIPPED = Path(__file__).parent.parent / "presets"
"""The presets that come with chatapp."""

_TEXTS = ("title", "description", "system_prompt")
_TABLES = ("sampling", "thinking", "load")
_KEYS = (*_TEXTS, *_TABLES)


class PresetEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A preset as it was found: either `preset` or the `problems` for which there is none.

    `path` is None for the one that is made from the registry. `hides_shipped` tells that one of the same name comes
    with chatapp.
    """

    name: str
    path: Path | None
    is_shipped: bool
    preset: Preset | None = None
    problems: tuple[FileProblem, ...] = ()
    hides_shipped: bool = False

    @property
    def usable(self) -> Preset:
        """The preset; raise the first of its problems where it has some."""
        if self.preset is None:
            raise self.problems[0]
        return self.preset


class Presets:
    """All presets by name; a person's own hides a shipped one of the same name."""

    def __init__(self, directory: Path) -> None:
        """`directory` holds a person's own; it need not be there."""
        self._directory = directory

    def list(self) -> list[PresetEntry]:
        """Every preset, the shipped ones first, each kind by name."""
        own = {path.stem: path for path in toml_files(self._directory)}
        shipped = sorted((*toml_files(SHIPPED), None), key=_name)
        entries = [read_entry(path, is_shipped=True) for path in shipped if _name(path) not in own]
        hidden = {_name(path) for path in shipped}
        return entries + [read_entry(path, hides_shipped=name in hidden) for name, path in own.items()]

    def find(self, name: str) -> PresetEntry:
        """The preset called `name`; raise NotFound with near names."""
        entries = {entry.name: entry for entry in self.list()}
        if name not in entries:
            raise NotFound.among("preset", name, entries)
        return entries[name]

    def path_of(self, name: str) -> Path:
        """Where a person's own preset of this name stands; raise UsageError for what can't be a name."""
        return self._directory / f"{check_preset_name(name)}.toml"

    def save(self, preset: Preset, *, replace: bool = False) -> Path:
        """Write `preset` and return its file; raise StoreUnwritable, or UsageError where one stands to be replaced."""
        path = self.path_of(preset.name)
        if path.exists() and not replace:
            raise UsageError(
                f"There is a preset “{preset.name}” already: {path}.",
                hint="Choose another name, or replace it with --force.",
            )
        try:
            write_private(path, as_toml(preset).encode("utf-8", "replace"))
        except OSError as error:
            raise StoreUnwritable(
                f"The preset “{preset.name}” can't be saved in {path}: {error.strerror or error}.",
                hint="Check that the directory can be written.",
            ) from error
        return path


def as_toml(preset: Preset) -> str:
    """Write a preset as `read_entry` reads it."""
    content: dict[str, object] = {key: getattr(preset, key) for key in _TEXTS if getattr(preset, key)}
    for key in ("sampling", "thinking"):
        values: dict[str, Value] = getattr(preset, key)
        if values:
            content[key] = {name: as_stored(value) for name, value in values.items()}
    if preset.load:
        content["load"] = stored_load(preset.load)
    lines: list[str] = []
    for key, value in content.items():
        if isinstance(value, dict):
            lines += ["\n" if lines else "", f"[{key}]\n", *(_line(name, inner) for name, inner in value.items())]
        else:
            lines.append(_line(key, value))
    pretty = "".join(lines)
    return pretty if _says(pretty, content) else tomli_w.dumps(content)


def _line(key: str, value: object) -> str:
    """One key with its value; a text with quotes or backslashes, such as a grammar, without escapes."""
    if isinstance(value, str) and re.search(r'["\\]', value):
        return f"{key} = '''\n{value}'''\n" if "\n" in value or "'" in value else f"{key} = '{value}'\n"
    return tomli_w.dumps({key: value}, multiline_strings=True)


def _says(text: str, content: dict[str, object]) -> bool:
    """Whether `text` is read as `content`: no literal text can hold everything."""
    try:
        return tomllib.loads(text) == content
    except tomllib.TOMLDecodeError:
        return False


def read_entry(path: Path | None, *, is_shipped: bool = False, hides_shipped: bool = False) -> PresetEntry:
    """What stands in one file, wherever it lies; None stands for the preset that is made from the registry."""
    found = PresetEntry(name=_name(path), path=path, is_shipped=is_shipped, hides_shipped=hides_shipped)
    if path is None:
        return msgspec.structs.replace(found, preset=NEUTRAL)
    try:
        if not path.exists():
            raise file_problem(path, None, "there is no such file", "Check the path.")
        file = read_toml(path)
        check_preset_name(path.stem)
    except UsageError as error:
        return msgspec.structs.replace(found, problems=(file_problem(path, None, error.message, error.hint),))
    except FileProblem as problem:
        return msgspec.structs.replace(found, problems=(problem,))
    if problems := file.problems(_faults(file)):
        return msgspec.structs.replace(found, problems=problems)
    return msgspec.structs.replace(found, preset=_preset(path.stem, file.content))


def _preset(name: str, content: Mapping[str, object]) -> Preset:
    """The preset that a file without faults holds."""
    tables = {key: cast("dict[str, object]", content.get(key, {})) for key in _TABLES}
    return Preset(
        name=name,
        title=str(content.get("title", "")),
        description=str(content.get("description", "")),
        system_prompt=str(content.get("system_prompt", "")),
        sampling=parameter_values(tables["sampling"]),
        thinking=parameter_values(tables["thinking"]),
        load=check_load(cast("dict[str, Value]", tables["load"])),
    )


def parameter_values(table: Mapping[str, object]) -> dict[str, Value]:
    """The parameters in a table without faults, by registry name."""
    found = {}
    for name, value in table.items():
        declared = parameter(name)
        found[declared.name] = declared.check(cast(Value, value))
    return found


def _faults(file: TomlFile) -> Iterator[Finding]:
    """Everything that is wrong with a file that could be parsed."""
    for key, value in file.content.items():
        if key not in _KEYS:
            yield finding(key, NotFound.among("key", key, _KEYS))
        elif key in _TEXTS and not isinstance(value, str):
            yield key, f"{key} is no text", f'Write it as in {key} = "…".'
        elif key in _TABLES and not isinstance(value, dict):
            yield key, f"{key} is no table", f"Write [{key}] on a line of its own, and the values below it."
        elif key == "load":
            yield from load_faults("load", cast("dict[str, object]", value))
        elif key in _TABLES:
            yield from value_faults(key, cast("dict[str, object]", value))


def value_faults(table: str, values: Mapping[str, object]) -> Iterator[Finding]:
    """Everything that is wrong with the parameters in `table`."""
    checked: dict[str, Value] = {}
    for name, value in values.items():
        try:
            declared = parameter(name)
            if declared.name in checked:
                yield f"{table}.{name}", f"{name} sets {declared.name} a second time", "Take one of them out."
                continue
            checked[declared.name] = declared.check(cast(Value, value))
        except ChatappError as error:
            yield finding(f"{table}.{name}", error)
            continue
        if table == "thinking" and declared.stage is None:
            yield f"{table}.{name}", f"{name} can't differ while the model thinks", "Write it into [sampling]."
    try:
        resolve(edits=checked)
    except ChatappError as error:
        yield finding(table, error)


def toml_files(directory: Path) -> list[Path]:
    """The TOML files in `directory` by name; none where it can't be read."""
    try:
        return sorted(directory.glob("*.toml"))
    except OSError:
        return []


def _name(path: Path | None) -> str:
    return NEUTRAL.name if path is None else clean_line(path.stem)
