"""What is known of the model and of how it was loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from chatapp.core.backend import ModelCard
from chatapp.core.loading import ChosenSetting
from chatapp.core.readable import short_size
from chatapp.ui.info.fact import Fact, Section

_WEIGHTS = re.compile(r"\b(?:I?Q|TQ|B?F|MXFP|NVFP)\d\w*(?: - \w+)?$")
_LONGEST_ENTRY = 300
"""Characters of a metadata entry that are shown; templates and vocabularies are far longer."""


def model_section(card: ModelCard | None, state: str) -> Section:
    """The model itself; `state` says in words where it is not ready."""
    if card is None:
        return Section("model", "Model", (Fact.of("", state or "no model", "muted"),))
    return Section("model", "Model", tuple(_model_facts(card, state)))


def load_section(card: ModelCard | None, asked: Iterable[ChosenSetting], notices: Iterable[str]) -> Section | None:
    """What was asked of the load, what it came to, and what did not come about."""
    if card is None:
        return None
    effect = card.effect
    unmet = effect.unmet if effect is not None else ()
    facts = [Fact.of("unmet", text, "warning") for text in unmet]
    facts += [Fact.of("asked", str(setting)) for setting in asked]
    facts += [Fact.of(subject, text) for subject, text in (effect.subjects if effect is not None else {}).items()]
    facts += [Fact.of("note", text, "muted") for text in dict.fromkeys((*notices, *card.notices)) if text not in unmet]
    return Section("load", "Load", tuple(facts)) if facts else None


def metadata_section(card: ModelCard | None) -> Section | None:
    """Every entry of the model's metadata, by name."""
    if card is None or not card.metadata:
        return None
    facts = tuple(
        fact for name, value in sorted(card.metadata.items()) for fact in (Fact.of("", name, "muted"), _entry(value))
    )
    source = "\n".join(f"{name} = {value}" for name, value in sorted(card.metadata.items()))
    return Section("metadata", "Metadata", facts, folds=True, told=_entries(len(card.metadata)), source=source)


def weights_of(description: str) -> str:
    """How the weights are stored, from llama.cpp's description of a model (`llama 7B Q4_K - Medium`)."""
    found = _WEIGHTS.search(description)
    return found.group() if found is not None else ""


def _model_facts(card: ModelCard, state: str) -> Iterator[Fact]:
    yield Fact.of("name", card.name)
    if state:
        yield Fact.of("state", state, "warning")
    parameters = f", {card.parameter_count / 1e6:,.1f} million parameters" if card.parameter_count else ""
    yield Fact.of("architecture", (card.architecture or "unknown") + parameters)
    if card.path:
        yield Fact.of("file", card.path)
    if card.size_bytes:
        yield Fact.of("size", short_size(card.size_bytes))
    if weights := weights_of(card.description):
        yield Fact.of("quantisation", weights)
    yield Fact.of("context", f"{card.context_size:,} of {card.trained_context_size:,} tokens that it was trained for")
    yield Fact.of("device", card.device or "unknown")
    yield Fact.of("build", card.build or "unknown")
    if card.fingerprint:
        yield Fact.of("fingerprint", card.fingerprint[:16], "muted")


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _entry(value: str) -> Fact:
    rest = len(value) - _LONGEST_ENTRY
    more = f" … {rest:,} characters more" if rest > 0 else ""
    return Fact.of("", value[:_LONGEST_ENTRY] + more)
