"""`config.toml` and `keymap.toml`: files that people edit, share and keep under version control.

A broken file is named with line and reason and never overwritten; what can be read of it counts.
"""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import msgspec
import tomli_w

from chatapp.core.errors import FileProblem, NotFound, ParameterError, StoreUnwritable
from chatapp.core.loading import check_load
from chatapp.core.parameters import Value
from chatapp.core.settings import SETTING_HELP, Settings
from chatapp.storage.atomic import write_private
from chatapp.storage.load_table import load_faults
from chatapp.storage.toml_file import Finding, TomlFile, read_toml

SettingValue: TypeAlias = bool | int | str

MODELS = "models"
"""The table of tables that holds the load settings of single models."""

_FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}
_ON, _OFF = ("on", "true", "yes", "1"), ("off", "false", "no", "0")
_KEYS_PER_ACTION = 8
_SCALAR = r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|true|false|[+-]?[0-9_]+'


def load_settings(path: Path) -> tuple[Settings, tuple[FileProblem, ...]]:
    """Read the settings in `path`; those that can't be used keep their defaults, and the problems say why."""
    try:
        file = read_toml(path)
    except FileProblem as problem:
        return Settings(), (problem,)
    values: dict[str, SettingValue] = {}
    unusable: list[Finding] = []
    for name in _FIELDS.keys() & file.content.keys():
        try:
            values[name] = check_setting(name, file.content[name])
        except ParameterError as error:
            unusable.append((name, error.message, error.hint))
    unknown = (_unknown(name) for name in file.content if name not in _FIELDS and name != MODELS)
    return msgspec.convert(values, Settings), file.problems(chain(sorted(unusable), unknown))


def load_model_tables(path: Path) -> tuple[dict[str, dict[str, Value]], tuple[FileProblem, ...]]:
    """Read the load settings of single models, `[models.NAME]`, by name or path; what can't be used is left out.

    A file that can't be read at all is no problem here: `load_settings` tells it.
    """
    try:
        file = read_toml(path)
    except FileProblem:
        return {}, ()
    content = file.content.get(MODELS, {})
    if not isinstance(content, dict):
        return {}, file.problems([(MODELS, f"{MODELS} is no table", f"Write [{MODELS}.NAME] on a line of its own.")])
    faults: list[Finding] = []
    tables: dict[str, dict[str, Value]] = {}
    for model, table in content.items():
        if not isinstance(table, dict):
            faults.append(((MODELS, model), f"{MODELS}.{model} is no table", f"Write [{MODELS}.NAME] for a model."))
            continue
        found = list(load_faults((MODELS, model), table))
        faults += found
        wrong = {key[-1] for key, _, _ in found}
        # Where single values are right and their company is not, none of them can be preferred.
        if model not in wrong:
            tables[model] = check_load({name: value for name, value in table.items() if name not in wrong})
    return tables, file.problems(faults)


def save_setting(path: Path, name: str, value: object) -> None:
    """Set `name` for good; None takes it out of the file, so that the default holds.

    Comments and other keys stay as they are. Raise NotFound or ParameterError for what can't be set, FileProblem
    where the file is broken (it is left alone), StoreUnwritable where it can't be written.
    """
    checked = None if value is None else check_setting(name, value)
    _field(name)
    file = read_toml(path)
    wanted = {key: kept for key, kept in file.content.items() if key != name}
    if checked is not None:
        wanted[name] = checked
    if file.content == wanted:
        return
    text = _edited(file, name, checked)
    if _parsed(text) != wanted:
        text = tomli_w.dumps(wanted)
    try:
        write_private(path, text.encode())
    except OSError as error:
        raise StoreUnwritable(
            f"{name} can't be saved in {path}: {error.strerror or error}.",
            hint="It holds until chatapp ends. Check that the directory can be written.",
        ) from error


def check_setting(name: str, value: object) -> SettingValue:
    """Return `value` if the setting `name` takes it; raise NotFound or ParameterError."""
    field, help_ = _field(name), SETTING_HELP[name]
    try:
        checked: SettingValue = msgspec.convert(value, field.type)
    except msgspec.ValidationError:
        raise _refused(name, value) from None
    if isinstance(checked, str) and help_.choices and checked not in help_.choices:
        raise _refused(name, value)
    if isinstance(checked, int) and not isinstance(checked, bool):
        low, high = help_.minimum, help_.maximum
        if (low is not None and checked < low) or (high is not None and checked > high):
            raise _refused(name, value)
    return checked


def parse_setting(name: str, text: str) -> SettingValue:
    """Read a value as it is typed: `on`, `12`, `chatapp-light`; raise NotFound or ParameterError."""
    kind, plain = _field(name).type, text.strip()
    if kind is bool:
        if plain.lower() in _ON + _OFF:
            return plain.lower() in _ON
        raise _refused(name, text)
    if kind is int:
        try:
            return check_setting(name, int(plain))
        except ValueError:
            raise _refused(name, text) from None
    return check_setting(name, plain)


def load_keymap(path: Path) -> tuple[dict[str, tuple[str, ...]], tuple[FileProblem, ...]]:
    """Read keys by action id: `action-id = "key"` or a list of keys, an empty one for none.

    Which actions and keys there are is not known here.
    """
    try:
        file = read_toml(path)
    except FileProblem as problem:
        return {}, (problem,)
    keymap = {action: keys for action, value in file.content.items() if (keys := _keys(value)) is not None}
    hint = 'Write it as in new-line = ["ctrl+j", "shift+enter"].'
    wanted = f"needs a key as text, or a list of at most {_KEYS_PER_ACTION} keys"
    return keymap, file.problems((name, f"{name} {wanted}", hint) for name in file.content if name not in keymap)


def _keys(value: object) -> tuple[str, ...] | None:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or len(items) > _KEYS_PER_ACTION:
        return None
    keys = tuple(item.strip() for item in items if isinstance(item, str) and item.strip().isprintable())
    return keys if len(keys) == len(items) and all(keys) else None


def _unknown(name: str) -> Finding:
    error = NotFound.among("setting", name, _FIELDS)
    return name, error.message, error.hint


def _field(name: str) -> msgspec.structs.FieldInfo:
    field = _FIELDS.get(name)
    if field is None:
        raise NotFound.among("setting", name, _FIELDS)
    return field


def _refused(name: str, value: object) -> ParameterError:
    shown = repr(value)
    return ParameterError(
        f"{name} can't be {shown if len(shown) <= 60 else shown[:59] + '…'}.", hint=f"It takes {_range(name)}."
    )


def _range(name: str) -> str:
    """What a setting takes, in words."""
    help_, kind = SETTING_HELP[name], _FIELDS[name].type
    if help_.choices:
        return " or ".join(help_.choices)
    if kind is bool:
        return "on or off (true or false in the file)"
    if kind is not int:
        return "text"
    low = f" from {help_.minimum}" if help_.minimum is not None else ""
    high = f" to {help_.maximum}" if help_.maximum is not None else ""
    return f"whole numbers{low}{high}"


def _edited(file: TomlFile, name: str, value: SettingValue | None) -> str:
    """The text with one line replaced, added or taken out; the caller checks that it says what it should."""
    line = "" if value is None else tomli_w.dumps({name: value})
    present = re.compile(rf"^[ \t]*{re.escape(name)}[ \t]*=[ \t]*(?:{_SCALAR})?([^\n]*)\n?", re.MULTILINE)
    table = re.search(r"^[ \t]*\[", file.text, re.MULTILINE)
    found = present.search(file.text)
    if found is not None and (table is None or found.start() < table.start()):
        rest = found[1] if value is not None and found[1].lstrip().startswith("#") else ""
        return file.text[: found.start()] + line.replace("\n", f"{rest}\n") + file.text[found.end() :]
    before = file.text[: table.start()] if table is not None else file.text
    separator = "" if not before or before.endswith("\n") else "\n"
    return before + separator + line + file.text[len(before) :]


def _parsed(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return None
