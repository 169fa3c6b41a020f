"""What was changed while a reply ran: which parameter, from which token on, from what to what."""

from __future__ import annotations

from typing import NamedTuple

from chatapp.core.conversations import Generation
from chatapp.core.parameters import PARAMETERS, Setting


class Change(NamedTuple):
    """A parameter got another value; `token` is the first one drawn with it, counted from 1 as the Tokens tab does.

    `before` is empty where it is not known.
    """

    name: str
    token: int
    before: str
    after: str

    @property
    def words(self) -> str:
        """From what to what, and where."""
        values = f"{self.before} → {self.after}" if self.before else self.after
        return f"{values} from token {self.token:,} on"


def changes_of(generation: Generation) -> list[Change]:
    """What tokens were drawn with, by parameter in the order in which each was first changed.

    Of several values at one token the last one counts, and one that is back where it was is no change.
    """
    before = {setting.name: setting for setting in generation.settings}
    by_name: dict[str, dict[int, Setting]] = {}
    for each in generation.changes:
        by_name.setdefault(each.name, {})[each.offset] = Setting(each.name, each.value, "edit")
    found = []
    for name, steps in by_name.items():
        known = before.get(name)
        for offset, setting in sorted(steps.items()):
            if known is None or known.value != setting.value:
                found.append(Change(name, offset + 1, shown(known) if known is not None else "", shown(setting)))
            known = setting
    return found


def changed_live(generation: Generation) -> str:
    """Which parameters were changed while the reply ran, in a few words; empty where none was."""
    names = dict.fromkeys(change.name for change in changes_of(generation))
    if not names:
        return ""
    return f"{next(iter(names)) if len(names) == 1 else f'{len(names)} parameters'} changed live"


def shown(setting: Setting) -> str:
    """A value as its parameter writes it."""
    declared = PARAMETERS.get(setting.name)
    return declared.show(setting.plain) if declared is not None else str(setting.value)
