"""A conversation through a chat template, with the source of every character."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from secrets import token_hex

from jinja2.exceptions import TemplateSyntaxError, UndefinedError

from chatapp.rendering.environment import ChatEnvironment, Refusal, Template
from chatapp.rendering.frames import Render, Rendered
from chatapp.rendering.tracked import FOREIGN, Tracked, joined, message_text, plain, runs_of, template_text

KEPT_TEMPLATES = 16
"""How many compiled templates are kept."""
OUTPUT_BASE = 1_000_000
OUTPUT_FACTOR = 8
"""A prompt may have this many characters, and this many for each one that went in."""

SYSTEM_MERGED = "The chat template takes no system prompt here, so it was put before the user's message."
NOT_TRACED = "Parts of the prompt could not be traced to the chat template; control tokens in them count as text."

_Sourced = tuple[str, Tracked, str | None]


class ChatRenderer:
    """Renders conversations; keeps what it compiled."""

    def __init__(self) -> None:
        self._environment = ChatEnvironment()
        self._templates: dict[str, Template] = {}

    def render(self, request: Render) -> Rendered:
        """The prompt for `request`; raise whatever the template raises."""
        template = self._compiled(request.template)
        size = sum(len(turn.content) + len(turn.reasoning or "") for turn in request.turns)
        self._environment.output_limit = OUTPUT_BASE + OUTPUT_FACTOR * (size + len(request.template))
        self._environment.now = datetime.now()
        rendering = _Rendering(template, request)
        prompt, notices = rendering.prompt()
        return Rendered(tuple(_split(prompt)), notices)

    def line_of(self, source: str, error: BaseException) -> int | None:
        """The line of the template `source` in which `error` was raised."""
        if isinstance(error, TemplateSyntaxError):
            return error.lineno
        template = self._templates.get(_digest(source))
        return template.line_of(error) if template is not None else None

    def _compiled(self, source: str) -> Template:
        key = _digest(source)
        template = self._templates.pop(key, None) or Template(self._environment, source)
        self._templates[key] = template
        if len(self._templates) > KEPT_TEMPLATES:
            del self._templates[next(iter(self._templates))]
        return template


class _Rendering:
    """One request under way."""

    def __init__(self, template: Template, request: Render) -> None:
        self._template = template
        self._request = request
        self._offers: dict[str, object] = {"tools": None, "documents": None}
        self._turns: list[_Sourced] = [
            (turn.role, message_text(turn.content, number), turn.reasoning)
            for number, turn in enumerate(request.turns, 1)
        ]

    def prompt(self) -> tuple[Tracked, tuple[str, ...]]:
        """The prompt and what there is to say about it.

        Some templates refuse messages with control-token text in them. Here it is text anyway, so they are asked
        again with a veil over it.
        """
        try:
            return self._fitted(self._turns)
        except Refusal:
            veil = token_hex(16)
            veiled = [_veiled(turn, veil) for turn in self._turns]
            if veiled == self._turns:
                raise
            try:
                prompt, notices = self._fitted(veiled)
            except Exception:  # noqa: BLE001 -- the first refusal is the one to show
                prompt, notices = Tracked(), ()
            if not prompt:
                raise
            return joined((prompt.replace(veil, ""),)), notices

    def _fitted(self, turns: list[_Sourced]) -> tuple[Tracked, tuple[str, ...]]:
        """The prompt for `turns`; a system prompt that is refused or dropped goes before the user's message."""
        folded = _folded(turns)
        if folded == turns:
            return self._traced(turns, self._plain(turns))
        try:
            text = self._plain(turns)
        except Exception:  # noqa: BLE001 -- whatever a template raises; without a system role it may not
            return self._merged(folded, self._plain(folded))
        prompt, notices = self._traced(turns, text)
        if not self._drops_system(turns, prompt, text):
            return prompt, notices
        try:
            return self._merged(folded, self._plain(folded))
        except Exception:  # noqa: BLE001 -- then the prompt without it is the best there is
            return prompt, notices

    def _merged(self, turns: Sequence[_Sourced], text: str) -> tuple[Tracked, tuple[str, ...]]:
        prompt, notices = self._traced(turns, text)
        return prompt, (SYSTEM_MERGED, *notices)

    def _drops_system(self, turns: list[_Sourced], prompt: Tracked, text: str) -> bool:
        """Whether no system message left a trace in `prompt`, whose text is `text`."""
        system = {number for number, turn in enumerate(self._request.turns, 1) if turn.role == "system"}
        if any(source in system for _, source in runs_of(prompt)):
            return False
        if not any(turn.content.strip() for turn in self._request.turns if turn.role == "system"):
            return False
        rest = [turn for turn in turns if turn[0] != "system"]
        try:
            return self._plain(rest) == text
        except Exception:  # noqa: BLE001 -- a template that needs the system message has used it
            return False

    def _plain(self, turns: Sequence[_Sourced]) -> str:
        """The prompt as text; templates written for tools alone are told that there are none."""
        try:
            return self._template.render(self._variables(turns, tracking=False), tracking=False)
        except (UndefinedError, TypeError) as error:
            offers = self._offers
            self._offers = _no_tools()
            try:
                return self._template.render(self._variables(turns, tracking=False), tracking=False)
            except Exception:  # noqa: BLE001 -- the first error is the one to show
                self._offers = offers
                raise error from None

    def _traced(self, turns: Sequence[_Sourced], text: str) -> tuple[Tracked, tuple[str, ...]]:
        """`text` with its sources, found by rendering again with strings that remember them."""
        try:
            prompt = self._template.render(self._variables(turns, tracking=True), tracking=True)
        except Exception:  # noqa: BLE001 -- what was rendered plainly stands; only its sources are unknown
            return Tracked(text), (NOT_TRACED,)
        if prompt == text:
            return joined((prompt,)), ()
        return _reconciled(prompt, text), (NOT_TRACED,)

    def _variables(self, turns: Sequence[_Sourced], *, tracking: bool) -> dict[str, object]:
        request = self._request

        def own(value: str) -> str:
            return template_text(value) if tracking else value

        return {
            **self._offers,
            **request.variables,
            "messages": [_message(turn, tracking) for turn in turns],
            "add_generation_prompt": request.add_generation_prompt,
            "bos_token": own(request.bos),
            "eos_token": own(request.eos),
        }


def _no_tools() -> dict[str, object]:
    """What a template that can't do without tools is given."""
    now = datetime.now().strftime("%b %d %Y %H:%M:%S")
    return {"tools": [], "documents": [], "functions": "[]", "datetime": now}


def _message(turn: _Sourced, tracking: bool) -> dict[str, str]:
    """A turn as the mapping that templates expect."""
    role, content, reasoning = turn
    message = {"role": template_text(role) if tracking else role, "content": content if tracking else plain(content)}
    if reasoning:
        message["reasoning_content"] = message["thinking"] = reasoning
    return message


def _veiled(turn: _Sourced, veil: str) -> _Sourced:
    """`turn` with `veil` in everything that looks like a control token."""
    role, content, reasoning = turn
    veiled = content.replace("<|", f"<{veil}|")
    source = next((source for _, source in runs_of(content)), FOREIGN)
    return role, message_text(plain(veiled), source), reasoning and reasoning.replace("<|", f"<{veil}|")


def _folded(turns: Sequence[_Sourced]) -> list[_Sourced]:
    """`turns` with each system message put before the text of the next user message."""
    folded: list[_Sourced] = []
    waiting: list[Tracked] = []
    for role, content, reasoning in turns:
        if role == "system":
            waiting.append(content)
            continue
        if waiting and role == "user":
            content, waiting = _paragraphs([*waiting, content]), []
        folded.append((role, content, reasoning))
    if waiting:
        folded.append(("user", _paragraphs(waiting), None))
    return folded


def _paragraphs(texts: Sequence[Tracked]) -> Tracked:
    kept = [text for text in texts if text]
    return joined(part for index, text in enumerate(kept) for part in (("\n\n", text) if index else (text,)))


def _reconciled(prompt: str, text: str) -> Tracked:
    """`text` with the sources of `prompt` as far as the two agree from either end."""
    head = _shared(prompt, text)
    tail = min(_shared(plain(prompt)[::-1], text[::-1]), len(text) - head, len(prompt) - head)
    return joined((prompt[:head], text[head : len(text) - tail], prompt[len(prompt) - tail :]))


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return next(
        (at for at, (a, b) in enumerate(zip(plain(one), other, strict=False)) if a != b), min(len(one), len(other))
    )


def _split(prompt: Tracked) -> Iterator[tuple[str, int]]:
    text, position = plain(prompt), 0
    for length, source in runs_of(prompt):
        yield text[position : position + length], source
        position += length


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
