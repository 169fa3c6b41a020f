"""Which lines the list of parameters shows: the headings of the groups, and what is unfolded or found."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

from chatapp.core.parameters import PARAMETERS, Group, Parameter

Line: TypeAlias = Group | Parameter | None
"""A heading, a parameter, or a blank line between groups."""

OPEN_AT_FIRST: tuple[Group, ...] = ("Sampling", "Length")
"""The groups that are unfolded even where nothing in them is set."""

GROUPS: dict[Group, list[Parameter]] = {}
"""The parameters of each group, in the order of the registry."""
for _parameter in PARAMETERS.values():
    GROUPS.setdefault(_parameter.group, []).append(_parameter)


class Outline:
    """Folds groups and filters parameters; a filter unfolds what it finds, and its end folds again."""

    def __init__(self) -> None:
        self._open: set[Group] = set(OPEN_AT_FIRST)
        self._words: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        """Whether only some parameters are looked for."""
        return bool(self._words)

    def is_open(self, group: Group) -> bool:
        """Whether the parameters of a group are shown."""
        return self.is_filtered or group in self._open

    def toggle(self, group: Group) -> None:
        """Fold a group, or unfold it."""
        self._open ^= {group}

    def unfold(self, names: Collection[str]) -> None:
        """Unfold the groups of these parameters."""
        self._open |= {PARAMETERS[name].group for name in names}

    def filter(self, text: str) -> None:
        """Show only parameters whose name or help has every word of `text`; an empty one shows all."""
        self._words = tuple(text.casefold().replace("-", "_").split())

    def lines(self) -> list[Line]:
        """What is shown, from the top."""
        lines: list[Line] = []
        for group, shown in self._found():
            if lines and (self.is_open(group) or isinstance(lines[-1], Parameter)):
                lines.append(None)
            lines.append(group)
            if self.is_open(group):
                lines += shown
        return lines

    def _found(self) -> list[tuple[Group, list[Parameter]]]:
        """The groups with what is looked for in each; what is called so stands before what only speaks of it."""
        found = [(group, [one for one in every if self._matches(one)]) for group, every in GROUPS.items()]
        if not self.is_filtered:
            return found
        ordered = [(group, sorted(some, key=lambda one: not self.names(one))) for group, some in found if some]
        return sorted(ordered, key=lambda item: not self.names(item[1][0]))

    def names(self, parameter: Parameter) -> bool:
        """Whether every word that is looked for is part of the parameter's name."""
        return all(word in parameter.name for word in self._words)

    def _matches(self, parameter: Parameter) -> bool:
        text = _searched(parameter)
        return all(word in text or word.replace("_", " ") in text for word in self._words)


def group_of(line: Line) -> Group | None:
    """The group that a line is the heading of."""
    return line if isinstance(line, str) else None


def _searched(parameter: Parameter) -> str:
    """All that a filter looks at."""
    words = (parameter.name, *parameter.aliases, parameter.group, parameter.help, parameter.effects)
    return "\n".join(words).casefold()
