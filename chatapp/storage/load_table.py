"""Load settings in the tables of files that people write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from chatapp.core.errors import ChatappError
from chatapp.core.loading import check_load_agreement, load_setting
from chatapp.core.parameters import Value
from chatapp.storage.toml_file import Finding, finding


def load_faults(table: str | tuple[str, ...], values: Mapping[str, object]) -> Iterator[Finding]:
    """Everything that is wrong with the load settings in `table`."""
    checked: dict[str, Value] = {}
    for name, value in values.items():
        key = (*table, name) if isinstance(table, tuple) else f"{table}.{name}"
        try:
            setting = load_setting(name)
            if setting.name in checked:
                yield key, f"{name} sets {setting.name} a second time", "Take one of them out."
                continue
            checked[setting.name] = setting.check(cast(Value, value))
        except ChatappError as error:
            yield finding(key, error)
    try:
        check_load_agreement(checked)
    except ChatappError as error:
        yield finding(table, error)
