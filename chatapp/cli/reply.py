"""Shows a reply on a plain terminal while it comes: text as data, everything else as narration."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from chatapp.chat.turn import Turn
from chatapp.cli.load_report import LoadReport
from chatapp.cli.narration import Narration
from chatapp.cli.streams import Output
from chatapp.core.conversations import Generation
from chatapp.core.events import (
    STOP_REASONS,
    ContextShifted,
    Event,
    Finished,
    LoadProgress,
    PromptProgress,
    Queued,
    ReasoningAdded,
    StopReason,
    TextAdded,
    Withdrawn,
)
from chatapp.core.overflow import shifts_in_words
from chatapp.core.parameters import FORMS, PARAMETERS, Setting

CUT: frozenset[StopReason] = frozenset(
    {"max_new_tokens", "max_length", "context_full", "max_time", "loop", "no_candidate"}
)
"""Stop reasons of a reply that is not whole."""


class ReplyView:
    """Writes the text of one reply to `output`, None for silence, and narrates the rest.

    `prefix` is text that goes before the reply, such as its prefill. Reasoning goes to standard error, and only
    where `shows_reasoning`. `exact` adds no line end to a reply that is piped. `load` is told when the model is there.
    """

    def __init__(
        self,
        output: Output | None,
        narration: Narration,
        *,
        prefix: str = "",
        shows_reasoning: bool = False,
        exact: bool = False,
        load: LoadReport | None = None,
    ) -> None:
        self._output = output
        self._narration = narration
        self._prefix = prefix
        self._shows_reasoning = shows_reasoning
        self._exact = exact
        self._load = load
        self._is_reasoning = False
        self._is_prepared = False

    async def follow(self, turn: Turn) -> None:
        """Show the turn to its end; errors of the turn and of the output pass through, and the text is kept."""
        async with turn:
            async for event in turn:
                if turn.prepared is not None and not self._is_prepared:
                    self._is_prepared = True
                    self._begin(turn)
                self._show(event)

    def _begin(self, turn: Turn) -> None:
        reply, prepared = turn.reply, turn.prepared
        if reply.generation is not None and prepared is not None:
            for notice in (*reply.generation.notices, *prepared.unsupported.values()):
                self._narration.say(notice)
            if self._load is not None:
                self._load.tell()
            for line in facts(reply.generation, prepared.context_size):
                self._narration.detail(line)
        if self._prefix and self._output is not None:
            self._narration.end_progress()
            self._output.write(self._prefix)

    def _show(self, event: Event) -> None:
        match event:
            case TextAdded(text=text):
                self._end_reasoning()
                self._narration.end_progress()
                if self._output is not None:
                    self._output.write(text)
            case ReasoningAdded(text=text):
                if self._shows_reasoning:
                    self._is_reasoning = True
                    self._narration.stream(text)
                else:
                    self._narration.progress("thinking", None)
            case LoadProgress(fraction=fraction):
                self._narration.progress("loading the model", fraction)
            case PromptProgress(done=done, total=total) if total:
                self._narration.progress("reading the prompt", done / total)
            case Queued(reason=reason):
                self._narration.detail(f"waiting: {reason}")
            case ContextShifted(offset=offset, dropped=dropped):
                self._narration.say(shifts_in_words(1, offset, dropped))
            case Withdrawn(characters=characters):
                self._narration.say(f"the last {characters} characters are taken back")
            case Finished():
                self._end_reasoning()
                self._finish(event)
            case _:
                return

    def _finish(self, finished: Finished) -> None:
        self._narration.end_progress()
        if self._output is not None and (self._output.is_terminal or not self._exact):
            self._output.end_line()
        if finished.stop_reason in CUT:
            self._narration.say(f"the reply is not whole: {STOP_REASONS[finished.stop_reason]}")
        if finished.missing_words:
            self._narration.say(f"the reply lacks required words: {', '.join(finished.missing_words)}")
        for line in figures(finished):
            self._narration.detail(line)

    def _end_reasoning(self) -> None:
        if self._is_reasoning:
            self._is_reasoning = False
            self._narration.stream("\n")


async def until_interrupted(turn: Turn, following: Coroutine[None, None, None]) -> bool:
    """Run `following`; on ctrl+c stop the turn, let it end in order, and return True."""
    task = asyncio.create_task(following)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if task.cancelled() or current is None:
            raise
        current.uncancel()
        await turn.stop()
        await task
        return True
    return False


def is_unmet(generation: Generation) -> bool:
    """Whether the reply came but is not what its constraints ask for."""
    has_form = any(
        setting.name in FORMS and PARAMETERS[setting.name].is_on(setting.plain) for setting in generation.settings
    )
    is_cut = has_form and generation.stop_reason in CUT
    return is_cut or bool(generation.missing_words) or generation.stop_reason == "no_candidate"


def facts(generation: Generation, context_size: int | None) -> list[str]:
    """Which model answers, where it runs, and with which settings."""
    context = f", {context_size:,} tokens of context" if context_size else ""
    lines = [f"model: {generation.model_name} on {generation.device}{context}", f"build: {generation.build}"]
    lines += [f"preset: {generation.preset}"] if generation.preset else []
    told = tuple(setting for setting in generation.settings if is_told(setting) or setting.name == "seed")
    lines += [f"setting: {line}" for line in settings_in_force(told, generation.seed)]
    return lines


def is_told(setting: Setting) -> bool:
    """Whether a setting changes something, or somebody asked for it: most of the registry is off by default."""
    if setting.source != "default":
        return True
    is_plain = setting.moot or PARAMETERS[setting.name].kind == "stages"
    return PARAMETERS[setting.name].is_on(setting.plain) and not is_plain


def settings_in_force(settings: tuple[Setting, ...], seed: int | None = None) -> list[str]:
    """Each of `settings` with its value, its source, and why it has no effect where it has none."""
    lines = []
    for setting in settings:
        parameter = PARAMETERS.get(setting.name)
        shown = parameter.show(setting.plain) if parameter is not None else str(setting.value)
        if setting.name == "seed" and setting.value is None and seed is not None:
            shown = f"{seed} (drawn)"
        moot = f"; without effect: {setting.moot}" if setting.moot else ""
        lines.append(f"{setting.name} = {shown} [{setting.source}{moot}]")
    return lines


def figures(finished: Finished) -> list[str]:
    """Counts, timings and the stop reason of a finished reply."""
    timings, speed = finished.timings, finished.tokens_per_second
    reason = f" ({finished.cached_reason})" if finished.cached_reason else ""
    tokens_per_second = f", {speed:,.1f} tokens/s" if speed is not None else ""
    reused = f"{finished.cached_tokens:,} reused{reason}"
    computed = f"{finished.processed_tokens:,} computed in {timings.prompt_s:.2f} s"
    return [
        f"prompt: {finished.prompt_tokens:,} tokens, {reused}, {computed}",
        f"reply: {finished.reply_tokens:,} tokens, the first after {timings.first_token_s:.2f} s{tokens_per_second}",
        f"end: {STOP_REASONS[finished.stop_reason]}; seed {finished.seed}",
    ]
