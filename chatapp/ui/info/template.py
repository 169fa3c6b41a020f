"""What is known of the chat template, and whether it is the one that made the earlier replies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from chatapp.core.backend import ModelCard
from chatapp.core.conversations import Generation, StoredMessage
from chatapp.ui.info.fact import Fact, Section, text_facts

_SHORT = 12


def short_hash(sha256: str) -> str:
    """The first digits, which tell two of them apart."""
    return sha256[:_SHORT]


def template_section(card: ModelCard | None, thread: Sequence[StoredMessage]) -> Section | None:
    """The template with its hash, and what changed since the replies of this branch were written."""
    if card is None:
        return None
    generations = [message.generation for message in thread if message.generation is not None]
    facts = tuple(_template_facts(card, [one for one in generations if one.stop_reason is not None]))
    return Section("template", "Chat template", facts)


def template_text_section(card: ModelCard | None) -> Section | None:
    """The template itself."""
    if card is None or card.template is None:
        return None
    told = f"{len(card.template):,} characters"
    facts = text_facts(card.template)
    return Section("template-text", "Template text", facts, folds=True, told=told, source=card.template)


def _template_facts(card: ModelCard, generations: Sequence[Generation]) -> Iterator[Fact]:
    if card.template is None:
        yield Fact.of("", "None: a base model, or its file lost the template.", "muted")
    else:
        sha256 = hashlib.sha256(card.template.encode()).hexdigest()
        yield Fact.of("SHA-256", short_hash(sha256))
        yield _compared(sha256, [each.template_sha256 for each in generations if each.template_sha256])
    yield from _other_models(card, generations)


def _compared(sha256: str, earlier: Sequence[str]) -> Fact:
    """Whether the replies were made with the same template."""
    others = [each for each in earlier if each != sha256]
    if not earlier:
        return Fact.of("replies", "none was made with a template yet", "muted")
    if not others:
        return Fact.of("replies", f"made with this template, {_all(len(earlier))}")
    told = f"{len(others)} of {len(earlier)} made with another template, the last one {short_hash(others[-1])}"
    return Fact.of("changed", told, "warning")


def _all(count: int) -> str:
    return "the one there is" if count == 1 else f"all {count}"


def _other_models(card: ModelCard, generations: Sequence[Generation]) -> Iterator[Fact]:
    others = [each for each in generations if each.model_fingerprint and each.model_fingerprint != card.fingerprint]
    if others:
        name = others[-1].model_name or "an unknown model"
        told = f"{len(others)} of {len(generations)} replies written by another model, the last one by {name}"
        yield Fact.of("model", told, "warning")
