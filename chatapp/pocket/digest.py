"""The digest of what the built-in model learnt from the registries, and a check whether they have changed since.

`python -m chatapp.pocket.digest` compares the committed model with the registries.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from chatapp.core.parameters import PARAMETERS
from chatapp.ui.actions import ACTIONS

METADATA_KEY = "chatapp.registry_digest"
MODEL = Path(__file__).with_name("pocket.gguf")


def registry_digest() -> str:
    """SHA-256 over the actions' ids, keys, labels and the parameters' names, defaults and ranges."""
    actions = [[action.id, list(action.keys), action.label] for action in ACTIONS.values()]
    parameters = [
        [
            parameter.name,
            parameter.kind,
            parameter.show(parameter.default),
            parameter.show(parameter.neutral),
            parameter.range,
        ]
        for parameter in PARAMETERS.values()
    ]
    return hashlib.sha256(json.dumps([actions, parameters]).encode()).hexdigest()


def recorded_digest(model: Path = MODEL) -> str:
    """The digest that a model file carries, empty where it carries none."""
    from chatapp.models.gguf import read_header

    return str(read_header(model).metadata.get(METADATA_KEY, ""))


def main() -> int:
    """Say whether the built-in model knows the registries as they are."""
    if recorded_digest() == registry_digest():
        sys.stdout.write("pocket.gguf knows the registries as they are.\n")
        return 0
    sys.stdout.write("The registries have changed since pocket.gguf was trained: train it again.\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
