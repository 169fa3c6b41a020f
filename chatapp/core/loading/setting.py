"""What a load setting is, beside being a declared value."""

from __future__ import annotations

from typing import Literal, TypeAlias

from chatapp.core.errors import ParameterError
from chatapp.core.loading.settings import Adapter
from chatapp.core.parameters import Declaration, Value

LoadGroup: TypeAlias = Literal["Device", "Context", "Computing", "Memory", "Positions", "Adapters"]
LOAD_GROUPS: dict[LoadGroup, str] = {
    "Device": "Where the weights are and where is computed. Without a GPU only device has a meaning.",
    "Context": "How many tokens are remembered, and how exactly.",
    "Computing": "How many cores work, and how many tokens they take at once.",
    "Memory": "How the weights come into memory.",
    "Positions": "How far the model can look beyond what it was trained for.",
    "Adapters": "What is laid over the weights.",
}
"""Each group with what it is about."""


class LoadSetting(Declaration, frozen=True, kw_only=True):
    """One thing that can be asked for when a model is loaded."""

    group: LoadGroup

    def parse(self, text: str) -> Value:
        """Read a value as it is typed; `auto` is the default, and for adapters `none`."""
        plain = text.strip().lower()
        if plain == "auto" or (self.kind == "texts" and plain == "none"):
            return self.default
        value = super().parse(text)
        return self.check(self.default if value is None else value)

    def check(self, value: Value) -> Value:
        """Return `value` in this setting's type, or raise ParameterError; `auto` is the default."""
        checked = self.default if value == "auto" and self.kind != "texts" else super().check(value)
        if self.name == "lora" and isinstance(checked, tuple):
            return tuple(_checked_adapter(str(text)) for text in checked)
        return checked

    def show(self, value: Value) -> str:
        """Write `value` as `parse` reads it."""
        if value == self.default and self.unset:
            return self.unset
        return ", ".join(map(str, value)) if self.kind == "texts" and isinstance(value, tuple) else super().show(value)

    def is_set(self, value: Value) -> bool:
        """Whether `value` asks for anything."""
        return value != self.default


def _checked_adapter(text: str) -> str:
    adapter = Adapter.parse(text)
    if not -100.0 <= adapter.scale <= 100.0:
        raise ParameterError(
            f"lora can't have the scale {adapter.scale:g}.", hint="It takes PATH:SCALE with numbers from -100 to 100."
        )
    return text
