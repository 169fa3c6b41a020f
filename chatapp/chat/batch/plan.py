"""What a batch asks of every row beside the row's own, and what of it must be the same when the batch goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from chatapp.chat.batch.row import Row
from chatapp.core.backend import GenerationRequest, Prepared
from chatapp.core.loading import LOAD, LoadSettings
from chatapp.core.messages import Message
from chatapp.core.parameters import Value, Values, as_stored

MOST_SEEDS = 0xFFFF_FFFF
_DECIDING = ("context_size", "cache_type_k", "cache_type_v", "flash_attention")
"""Load settings that decide what a model says; those of the positions do, too. Adapters are in its fingerprint."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a batch.

    `preset` and `thinking` are values of a preset, `edits` those given for this batch, which stand above them. `seed`
    is what the seeds of the rows come from. `system` is the system prompt of rows without one of their own. Without
    `echo` what was asked is not repeated in the output.
    """

    seed: int
    system: str = ""
    prefill: str = ""
    edits: dict[str, Value] = {}
    preset: dict[str, Value] = {}
    thinking: dict[str, Value] = {}
    template_variables: dict[str, str | int | float | bool | None] = {}
    raw: bool = False
    exact: bool = False
    echo: bool = True

    def request(self, row: Row) -> GenerationRequest:
        """Ask for `row`."""
        edits = {**self.edits, "seed": seed_of(self.seed, row.index), **row.edits}
        return GenerationRequest(
            messages=() if self.raw else self._messages(row),
            prompt=row.prompt if self.raw else None,
            prefill=self.prefill,
            edits=edits,
            preset=self.preset,
            thinking={name: value for name, value in self.thinking.items() if name not in edits},
            template_variables=self.template_variables,
            exact=self.exact,
        )

    def terms(self, load: LoadSettings) -> dict[str, str]:
        """Everything beside the model that the replies depend on, by name, in words that tell two apart."""
        loading = {name: getattr(load, name) for name in LOAD if name in _DECIDING or LOAD[name].group == "Positions"}
        single = {
            "the system prompt": self.system,
            "the prefill": self.prefill,
            "--raw": self.raw,
            "--exact": self.exact,
            "--no-echo": not self.echo,
            "the seed": self.seed,
        }
        named = (
            ("", single),
            ("", self.edits),
            ("the preset's ", self.preset),
            ("while thinking, ", self.thinking),
            ("template variable ", self.template_variables),
            ("load setting ", loading),
        )
        return {f"{kind}{name}": _told(value) for kind, values in named for name, value in values.items()}

    def _messages(self, row: Row) -> tuple[Message, ...]:
        messages = row.messages or (Message.of("user", row.prompt or ""),)
        system = self.system if row.system is None else row.system
        has_own = any(message.role == "system" for message in messages)
        return messages if has_own or not system.strip() else (Message.of("system", system), *messages)


def seed_of(seed: int, index: int) -> int:
    """The seed of row `index`, which depends on nothing but these two."""
    return int.from_bytes(hashlib.sha256(f"{seed} {index}".encode()).digest()[:8]) % MOST_SEEDS


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What changed between two sets of terms, in words."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [f"{name} was {before.get(name, 'unset')} and is {now.get(name, 'unset')}" for name in names]


def in_force(prepared: Prepared) -> dict[str, object]:
    """The value of every parameter by name, but for the seed, which each row has its own of."""
    return {setting.name: setting.value for setting in prepared.parameters.settings if setting.name != "seed"}


def drawn_seed(edits: Values, preset: Values, draw: int) -> int:
    """The seed of a batch: the one that was given, else `draw`."""
    given = edits.get("seed", preset.get("seed"))
    return given if isinstance(given, int) else draw


def _told(value: object) -> str:
    text = msgspec.json.encode(as_stored(value) if isinstance(value, tuple) else value).decode()
    if len(text) <= 60:
        return text
    return f"{text[:40]}… (sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]})"
