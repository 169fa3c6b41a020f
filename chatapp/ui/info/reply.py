"""What is known of the last reply: how it came about, what it cost and with which settings."""

from __future__ import annotations

from collections.abc import Iterator

from chatapp.core.backend import ModelCard
from chatapp.core.conversations import STATUSES, Generation, StoredMessage
from chatapp.core.events import STOP_REASONS, Timings
from chatapp.core.overflow import shifts_in_words
from chatapp.core.parameters import Setting
from chatapp.ui.info.changes import changed_live, changes_of, shown
from chatapp.ui.info.fact import Fact, Section
from chatapp.ui.running import Running


def reply_section(
    reply: StoredMessage | None,
    card: ModelCard | None,
    *,
    prompted_anew: bool = False,
    running: Running | None = None,
) -> Section:
    """How the reply came about; `prompted_anew` tells that the system prompt was changed just before it.

    While it is being written, `running` tells what is known of it.
    """
    generation = reply.generation if reply is not None else None
    if running is not None:
        facts = tuple(_running_facts(generation, card, running))
        return Section("reply", "Last reply", facts, told=running.state)
    if reply is None or generation is None:
        told = "none yet" if reply is None else "It was not written by a model here."
        return Section("reply", "Last reply", (Fact.of("", told, "muted"),))
    facts = (
        *_origin(generation, card),
        _end(reply, generation),
        *_manner(generation),
        *_cost(generation, prompted_anew=prompted_anew),
        *_notices(generation),
    )
    return Section("reply", "Last reply", facts)


def settings_section(reply: StoredMessage | None) -> Section | None:
    """Every setting that the reply was written with and that is no default, and what was changed meanwhile."""
    generation = reply.generation if reply is not None else None
    if generation is None or not generation.settings:
        return None
    told = [setting for setting in generation.settings if setting.source != "default"]
    facts = [Fact.of(setting.name, _setting(setting)) for setting in told]
    if changes := changes_of(generation):
        facts.append(Fact.of("", "Changed while it was written:", "muted"))
        facts += [Fact.of(change.name, change.words) for change in changes]
    rest = len(generation.settings) - len(told)
    facts.append(Fact.of("", f"The other {rest} parameters began with their defaults.", "muted"))
    count = ", ".join(filter(None, (f"{len(told)} set", changed_live(generation))))
    return Section("settings", "Its settings", tuple(facts), folds=True, told=count)


def _running_facts(generation: Generation | None, card: ModelCard | None, running: Running) -> Iterator[Fact]:
    """What is known of a reply that is not there yet."""
    if running.prompt_tokens is None or generation is None:
        yield Fact.of("", "Its prompt is being put together.", "muted")
        return
    yield from _origin(generation, card)
    yield from _manner(generation)
    reused = "" if running.reused is None else f", {running.reused:,} of them reused"
    yield Fact.of("prompt", f"{running.prompt_tokens:,} tokens{reused}")
    yield Fact.of("", "The rest is told when it has ended.", "muted")


def _origin(generation: Generation, card: ModelCard | None) -> Iterator[Fact]:
    if card is None or generation.model_fingerprint != card.fingerprint:
        yield Fact.of("model", generation.model_name or "unknown")
    if card is None or generation.device != card.device:
        yield Fact.of("device", generation.device or "unknown")
    yield Fact.of("preset", generation.preset or "none", "plain" if generation.preset else "muted")
    yield Fact.of("seed", str(generation.seed) + _drawn(generation))


def _manner(generation: Generation) -> Iterator[Fact]:
    yield Fact.of("exact", "yes: computed alone and anew, so it can be made again" if generation.exact else "no")
    if generation.raw:
        yield Fact.of("raw", "completed as it stands, without chat template and system prompt")


def _drawn(generation: Generation) -> str:
    asked = next((setting.value for setting in generation.settings if setting.name == "seed"), None)
    return " (drawn)" if asked is None else ""


def _end(reply: StoredMessage, generation: Generation) -> Fact:
    if generation.error:
        return Fact.of("end", f"failed: {generation.error}", "warning")
    if generation.stop_reason is None:
        return Fact.of("end", STATUSES[reply.status] or "unknown")
    told = STOP_REASONS[generation.stop_reason]
    return Fact.of("end", f"{told} (“{generation.stop_text}”)" if generation.stop_text else told)


def _cost(generation: Generation, *, prompted_anew: bool) -> Iterator[Fact]:
    if generation.prompt_tokens is not None:
        cached, processed = generation.cached_tokens or 0, generation.processed_tokens or 0
        yield Fact.of("prompt", f"{generation.prompt_tokens:,} tokens: {cached:,} reused, {processed:,} computed")
    if generation.cached_reason:
        why = "; the system prompt was changed before it" if prompted_anew else ""
        yield Fact.of("not reused", generation.cached_reason + why)
    if generation.reply_tokens is not None:
        speed = generation.tokens_per_second
        told = f"{generation.reply_tokens:,} tokens" + (f" at {speed:,.1f} a second" if speed else "")
        yield Fact.of("reply", told)
    if generation.timings is not None:
        yield from _times(generation.timings)


def _times(timings: Timings) -> Iterator[Fact]:
    if timings.queued_s >= 0.001:
        yield Fact.of("waited", seconds(timings.queued_s))
    yield Fact.of("prompt took", seconds(timings.prompt_s))
    yield Fact.of("first token", f"after {seconds(timings.first_token_s)}")
    yield Fact.of("reply took", seconds(timings.generation_s))


def _notices(generation: Generation) -> Iterator[Fact]:
    view = generation.view
    if view is not None and view.left_out:
        yield Fact.of("left out", f"{view.left_out:,} older messages that no longer fit", "warning")
    for shift in generation.shifts:
        yield Fact.of("forgotten", shifts_in_words(1, shift.offset, shift.dropped), "warning")
    if generation.missing_words:
        yield Fact.of("missing", ", ".join(generation.missing_words), "warning")
    if generation.rewinds:
        yield Fact.of("rewound", f"{generation.rewinds:,} times, to take back a forbidden word")
    for notice in generation.notices:
        yield Fact.of("note", notice, "muted")


def seconds(duration: float) -> str:
    """A duration as people read it: `12 ms`, `3.4 s`."""
    return f"{duration * 1000:,.0f} ms" if duration < 1 else f"{duration:,.1f} s"


def _setting(setting: Setting) -> str:
    moot = f"; without effect: {setting.moot}" if setting.moot else ""
    return f"{shown(setting)} [{setting.source}{moot}]"
