"""The exact prompt of a reply: its text as the model got it, control tokens told from text that only looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chatapp.core.backend import Backend, Prepared
from chatapp.core.conversations import Generation
from chatapp.ui.info.fact import Fact, Run, Section, visible

CONTROL = "◆"
"""Stands before a control token."""
_LOOKS_LIKE_CONTROL = re.compile(r"[<\[].+[>\]]", re.DOTALL)


@dataclass(frozen=True)
class SentPrompt:
    """A prompt with its control tokens found; `note` says in words where it may not be what was sent."""

    text: str
    runs: tuple[Run, ...]
    token_count: int | None
    note: str = ""


async def read_prompt(backend: Backend, prepared: Prepared, note: str = "") -> SentPrompt:
    """Find the control tokens of a prompt; raises what the backend raises."""
    ids = prepared.token_ids
    if ids is None:
        return SentPrompt(prepared.prompt, ((prepared.prompt, "plain"),), None, note)
    different = tuple(dict.fromkeys(ids))
    texts = dict(zip(different, await backend.token_texts(different), strict=True))
    control = {
        token_id
        for token_id, text in texts.items()
        # Only a control token falls apart where its text is read as text.
        if _LOOKS_LIKE_CONTROL.fullmatch(text) and await backend.count(text) > 1
    }
    runs = tuple(_runs(prepared.prompt, ids, texts, control))
    return SentPrompt(prepared.prompt, runs, len(ids), note)


def doubt(prepared: Prepared, generation: Generation) -> str:
    """Why a prompt that was put together again may not be the one that was sent, empty where it is."""
    if generation.template_sha256 != prepared.template_sha256:
        return "The chat template is another one since; this is what it makes of the conversation now."
    if generation.model_fingerprint != prepared.model_fingerprint:
        return "Another model wrote the reply; this is what the present one would get."
    count = len(prepared.token_ids) + generation.begun_tokens if prepared.token_ids is not None else None
    if generation.prompt_tokens is not None and count not in (None, generation.prompt_tokens):
        told = f"The prompt that was sent had {generation.prompt_tokens:,} tokens"
        return f"{told}; something in it, such as the system prompt, was changed since."
    return ""


def prompt_section(sent: SentPrompt | str) -> Section:
    """The prompt, or in its place what there is to say while it is not read."""
    title = "Exact prompt"
    if isinstance(sent, str):
        return Section("prompt", title, (Fact.of("", sent, "muted"),), folds=True)
    count = f"{sent.token_count:,} tokens" if sent.token_count is not None else f"{len(sent.text):,} characters"
    legend = Fact.of("", f"{CONTROL} stands before a control token.", "muted")
    notes = (Fact.of("", sent.note, "warning"),) if sent.note else ()
    return Section("prompt", title, (*notes, legend, *_lines(sent.runs)), folds=True, told=count, source=sent.text)


def _runs(prompt: str, ids: Sequence[int], texts: Mapping[int, str], control: set[int]) -> Iterator[Run]:
    """The prompt cut at its control tokens; one that is in no text, as a begin token may be, is put in its place."""
    begin = place = unsure = 0
    for token_id in ids:
        text = texts[token_id]
        found = _find(prompt, text, place, unsure)
        if token_id in control:
            end = place if found is None else found
            if begin < end:
                yield prompt[begin:end], "plain"
            yield CONTROL + text, "control"
            begin = place = end if found is None else end + len(text)
        elif found is not None:
            place, unsure = found + len(text), 0
        else:
            # A part of a character, or a space that the tokenizer put there: what follows is a little further on.
            unsure += len(text)
    if begin < len(prompt):
        yield prompt[begin:], "plain"


def _find(prompt: str, text: str, place: int, unsure: int) -> int | None:
    """Where a token's text stands, from `place` on and at most `unsure` characters behind it."""
    found = prompt.find(text, place, place + unsure + len(text))
    return found if found >= 0 else None


def _lines(runs: Sequence[Run]) -> Iterator[Fact]:
    """A fact for each line of the prompt."""
    line: list[Run] = []
    for text, tone in runs:
        first, *others = visible(text).split("\n")
        line.append((first, tone))
        for other in others:
            yield Fact("", tuple(line))
            line = [(other, tone)]
    yield Fact("", tuple(line))
