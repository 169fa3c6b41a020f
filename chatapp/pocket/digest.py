"""What the built-in model learnt from the registries, entry by entry, and how they have changed since.

`python -m chatapp.pocket.digest` compares the committed model with the registries, as is done before a release. What it
learnt otherwise would be told wrong, so the tests refuse that; what is new it does not know yet.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from chatapp.core.parameters import PARAMETERS
from chatapp.ui.actions import ACTIONS

METADATA_KEY = "chatapp.registry_digests"
MODEL = Path(__file__).with_name("pocket.gguf")
_DIGITS = 16


class Drift(NamedTuple):
    """Entries of the registries, as `action send-message`: those that the model learnt otherwise, and the new ones."""

    changed: tuple[str, ...]
    new: tuple[str, ...]


def registry_digests() -> dict[str, str]:
    """SHA-256, shortened, of each action's keys and label and each parameter's kind, default and range."""
    actions = {f"action {action.id}": [list(action.keys), action.label] for action in ACTIONS.values()}
    parameters = {
        f"parameter {parameter.name}": [
            parameter.kind,
            parameter.show(parameter.default),
            parameter.show(parameter.neutral),
            parameter.range,
        ]
        for parameter in PARAMETERS.values()
    }
    return {
        name: hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_DIGITS]
        for name, content in (actions | parameters).items()
    }


def recorded_digests(model: Path = MODEL) -> dict[str, str]:
    """The digests that a model file carries, empty where it carries none."""
    from chatapp.models.gguf import read_header

    return dict(json.loads(str(read_header(model).metadata.get(METADATA_KEY, "{}"))))


def drift(recorded: Mapping[str, str], current: Mapping[str, str]) -> Drift:
    """How the registries differ from what a model learnt; an entry that is gone has changed."""
    return Drift(
        changed=tuple(name for name, digest in recorded.items() if current.get(name) != digest),
        new=tuple(name for name in current if name not in recorded),
    )


def main() -> int:
    """Say whether the built-in model knows the registries as they are."""
    found = drift(recorded_digests(), registry_digests())
    for names, what in zip(found, ("has changed since pocket.gguf learnt it", "is not known to it"), strict=True):
        sys.stdout.writelines(f"{name} {what}\n" for name in names)
    if any(found):
        sys.stdout.write("Train pocket.gguf again before a release.\n")
        return 1
    sys.stdout.write("pocket.gguf knows the registries as they are.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
