"""Which keys do what: the registry's defaults under a person's own `keymap.toml`.

Bindings are made per instance from the registry, since Textual's own keymaps can't bind an action that has no
key by default and drop a key's other bindings when one is rebound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.keys import Keys, _character_to_key

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import FileProblem, NotFound
from chatapp.ui.actions import ACTIONS, Action

_MODIFIERS = ("ctrl", "alt", "shift", "super", "meta", "hyper")
_NAMED = {key.value for key in Keys} | {f"f{number}" for number in range(1, 25)}
_TAKEN = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+[": "escape"}
_FIRST = ("interrupt", "find-in-conversation")
"""Actions that see their key before the focused widget does: fields have uses of their own for these."""


class Keymap:
    """Every action's keys in force; `problems` says which entries were left out and why."""

    def __init__(self, edits: Mapping[str, Sequence[str]] | None = None, *, enter_sends: bool = True) -> None:
        self.problems: list[FileProblem] = []
        self._edited: dict[str, tuple[str, ...]] = {}
        for name, keys in (edits or {}).items():
            if name in ACTIONS:
                self._edited[name] = tuple(self._usable(name, keys))
            else:
                hint = NotFound.among("action", clean_line(name), ACTIONS).hint
                self._report(f"There is no action called “{clean_line(name)}”.", hint)
        self._defaults = {action.id: action.keys for action in ACTIONS.values()}
        if not enter_sends:
            self._defaults["send-message"], self._defaults["new-line"] = ("ctrl+j", "ctrl+enter"), ("enter",)
        owners = self._owners()
        self._keys = {
            action.id: tuple(
                key for key in self._edited.get(action.id, self._defaults[action.id]) if owners[key] == action.id
            )
            for action in ACTIONS.values()
        }

    def keys(self, action_id: str) -> tuple[str, ...]:
        """The keys of an action, the first being the one to show; empty where it has none."""
        return self._keys[action_id]

    def edited(self, action_id: str) -> bool:
        """Whether a person bound this action anew."""
        return action_id in self._edited

    def shown(self, action_id: str) -> str:
        """The first key of an action as people read it (`^J`, `F1`, `Esc`), empty where it has none."""
        keys = self.keys(action_id)
        return key_label(keys[0]) if keys else ""

    def bind(
        self, node: DOMNode, action: str, *scopes: str, only: Sequence[str] = (), without: Sequence[str] = ()
    ) -> None:
        """Bind the actions of `scopes` on `node` to the Textual action `action`, where `{id}` and `{method}` stand.

        Keys that a person chose, and those with alt, which fields would take for letters, are seen before the
        focused widget's own. A composer looks at its keys itself, in the order of typing.
        """
        made = [
            Binding(
                ",".join(self.keys(entry.id)),
                action.format(id=entry.id, method=entry.method),
                entry.label,
                id=entry.id,
                priority=entry.where != "composer" and self._comes_first(entry.id),
            )
            for entry in ACTIONS.values()
            if entry.where in scopes
            and self.keys(entry.id)
            and (not only or entry.id in only)
            and entry.id not in without
        ]
        merged = dict(node._bindings.key_to_bindings)
        merged.update(BindingsMap(made).key_to_bindings)
        node._bindings = BindingsMap.from_keys(merged)

    def _comes_first(self, action_id: str) -> bool:
        """Whether an action sees its key before the focused widget does."""
        chosen = self.edited(action_id) or action_id in _FIRST
        return chosen or any(key.startswith("alt+") for key in self.keys(action_id))

    def _usable(self, name: str, keys: Sequence[str]) -> list[str]:
        usable = []
        for key in keys:
            normal = normalise_key(key)
            if normal is None:
                hint = "Keys are written as ctrl+r, alt+left, f2 or a single character."
                self._report(f"{name}: “{clean_line(key)}” is no key.", hint)
            elif normal in _TAKEN:
                self._report(
                    f"{name}: terminals send {normal} as {_TAKEN[normal]}, so it can't be bound.", "Choose another key."
                )
            else:
                usable.append(normal)
        return usable

    def _owners(self) -> dict[str, str]:
        """Who has each key: a person's own entries first, in their order, then the defaults."""
        owners: dict[str, str] = {}
        for name, keys in self._edited.items():
            for key in keys:
                if owners.setdefault(key, name) != name:
                    self._report(
                        f"{key} is bound to both {owners[key]} and {name}; {owners[key]} keeps it.", "Bind one anew."
                    )
        for action in ACTIONS.values():
            if action.id not in self._edited:
                for key in self._defaults[action.id]:
                    owners.setdefault(key, action.id)
        return owners

    def _report(self, message: str, hint: str) -> None:
        self.problems.append(FileProblem(message, hint=hint, title="keymap.toml"))


def normalise_key(key: str) -> str | None:
    """`key` in Textual's spelling, None where it names no key."""
    *modifiers, last = key.strip().lower().split("+") if key.strip() != "+" else ["+"]
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        return None
    if len(last) == 1:
        last = last if modifiers else _character_to_key(key.strip())
    elif last not in _NAMED:
        return None
    return "+".join([*sorted(set(modifiers), key=_MODIFIERS.index), last])


_LABELS = {
    "escape": "Esc",
    "enter": "⏎",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "delete": "Del",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "backspace": "⌫",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


def key_label(key: str) -> str:
    """A key as people read it: `^R`, `Alt+←`, `F1`."""
    *modifiers, last = key.split("+")
    if len(last) == 1 and not modifiers:
        return last
    name = _LABELS.get(last, last.upper() if len(last) == 1 or last[1:].isdigit() else last.replace("_", " ").title())
    if modifiers == ["ctrl"] and len(name) == 1:
        return f"^{name}"
    return "+".join([modifier.title() for modifier in modifiers] + [name])


def scope_of(action: Action) -> str:
    """Where an action's keys work, in words."""
    return {"app": "everywhere", "composer": "in the message", "list": "in the list"}.get(
        action.where, "on a marked message"
    )
