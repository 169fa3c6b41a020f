"""How models mark their thoughts, and the splitter that takes them apart from the answer while text streams."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["text", "reasoning"]
Run: TypeAlias = tuple[Kind, str]

_ASSISTANT = "<|start|>assistant"
_CHANNEL, _MESSAGE, _START, _END = "<|channel|>", "<|message|>", "<|start|>", "<|end|>"
_CHANNEL_ENDS = (_END, "<|return|>", "<|call|>")
FINAL_CHANNEL = f"{_CHANNEL}final{_MESSAGE}"
"""What opens the answer in a model that writes channels."""


class ReasoningFormat(msgspec.Struct, frozen=True):
    """How a model marks its thoughts: between two tags, or in channels as gpt-oss does.

    `markers` are the texts of the tokens that carry the marks, which must be rendered for the splitter to see
    them, and `closing` is the text that ends the thoughts and begins the answer. `opening_token` is the token in
    `opening` where that is more than a token.
    """

    opening: str
    closing_tag: str
    channels: bool = False
    opening_token: str = ""

    @property
    def closing(self) -> str:
        """What to write in the model's place so that it stops thinking and answers."""
        return f"{_END}{_ASSISTANT}{FINAL_CHANNEL}" if self.channels else f"\n{self.closing_tag}\n\n"

    @property
    def markers(self) -> tuple[str, ...]:
        """The texts of the control tokens that the splitter reads."""
        if self.channels:
            return (_CHANNEL, _MESSAGE, _START, *_CHANNEL_ENDS)
        return (self.opening_token or self.opening, self.closing_tag)


CHANNELS = ReasoningFormat(f"{_CHANNEL}analysis{_MESSAGE}", _END, channels=True)
_TAGGED = (
    ReasoningFormat("<think>", "</think>"),
    ReasoningFormat("[THINK]", "[/THINK]"),
    ReasoningFormat("<|START_THINKING|>", "<|END_THINKING|>"),
    ReasoningFormat("<|inner_prefix|>", "<|inner_suffix|>"),
    ReasoningFormat("<|channel>thought", "<channel|>", opening_token="<|channel>"),
    ReasoningFormat("<seed:think>", "</seed:think>"),
    ReasoningFormat("<mm:think>", "</mm:think>"),
    ReasoningFormat("◁think▷", "◁/think▷"),
)


def detect_reasoning(template: str, prompt: str, prefill: str = "") -> tuple[ReasoningFormat | None, bool]:
    """How the model behind `template` marks thoughts (None: not at all), and whether `prompt` has opened them.

    `prompt` is the rendered text, which ends with `prefill`; only the tail that the template wrote is looked at,
    so that a message which ends with a tag opens nothing.
    """
    form = _format_of(template)
    if form is None:
        return None, False
    tail = prompt.removesuffix(prefill).rstrip()
    start = prefill.lstrip()
    opened = tail.endswith(form.opening) or start.startswith(form.opening)
    return form, opened and form.closing_tag not in prefill


def _format_of(template: str) -> ReasoningFormat | None:
    if _CHANNEL in template and _MESSAGE in template:
        return CHANNELS
    return next((form for form in _TAGGED if form.opening in template or form.closing_tag in template), None)


class ReasoningSplitter:
    """Splits a reply into thoughts and answer, whatever way it is cut into chunks.

    A tag opens thoughts only at the very start of a reply; later it is text. Blank lines around the thoughts
    belong to neither side. What may still become a tag is held back until it is decided.
    """

    def __init__(self, form: ReasoningFormat, *, opened: bool = False) -> None:
        self._rules: _Tags | _Channels = _Channels(opened) if form.channels else _Tags(form, opened)

    @property
    def is_reasoning(self) -> bool:
        """Whether the model is thinking now."""
        return self._rules.is_reasoning

    def feed(self, text: str) -> list[Run]:
        """Take the next chunk; return the runs that are decided."""
        rules = self._rules
        rules.pending += text
        runs: list[Run] = []
        while rules.step(runs):
            pass
        return runs

    def finish(self) -> list[Run]:
        """No more text comes: return what was held back."""
        rest, self._rules.pending = self._rules.pending, ""
        return self._rules.leave(rest)


class _Tags:
    """Thoughts between an opening and a closing tag."""

    def __init__(self, form: ReasoningFormat, opened: bool) -> None:
        self.pending = ""
        self._form = form
        self._state: Literal["start", "opened", "thinking", "closed", "answer"] = "opened" if opened else "start"

    @property
    def is_reasoning(self) -> bool:
        return self._state in ("opened", "thinking")

    def step(self, runs: list[Run]) -> bool:
        """Move on by one decision; False when more text is needed."""
        match self._state:
            case "start" | "opened":
                return self._begin()
            case "thinking":
                return self._think(runs)
            case "closed":
                self.pending = self.pending.lstrip()
                if self.pending:
                    self._state = "answer"
                return bool(self.pending)
            case "answer":
                if self.pending:
                    runs.append(("text", self.pending))
                self.pending = ""
                return False

    def _begin(self) -> bool:
        opening = self._form.opening
        text = self.pending.lstrip()
        if text.startswith(opening):
            self.pending = text[len(opening) :]
            self._state = "opened"
            return bool(self.pending)
        if opening.startswith(text):
            return False
        if self._state == "opened":
            self.pending = text
        self._state = "thinking" if self._state == "opened" else "answer"
        return True

    def _think(self, runs: list[Run]) -> bool:
        thought, tag, rest = self.pending.partition(self._form.closing_tag)
        if tag:
            self.pending, self._state = rest, "closed"
            thought = thought.rstrip()
        else:
            thought = thought[: len(thought) - _held(thought, (self._form.closing_tag,))].rstrip()
            self.pending = self.pending[len(thought) :]
        if thought:
            runs.append(("reasoning", thought))
        return bool(tag)

    def leave(self, rest: str) -> list[Run]:
        """The runs of what was held back."""
        if self._state == "opened":
            rest = rest.lstrip()
        if not rest or self._state == "closed":
            return []
        return [("reasoning" if self.is_reasoning else "text", rest)]


class _Channels:
    """Messages with a header each; all but the channel `analysis` is answer."""

    def __init__(self, opened: bool) -> None:
        self.pending = ""
        self._state: Literal["between", "header", "body"] = "body" if opened else "between"
        self._kind: Kind = "reasoning" if opened else "text"
        self._fresh = opened

    @property
    def is_reasoning(self) -> bool:
        return self._kind == "reasoning" and self._state == "body"

    def step(self, runs: list[Run]) -> bool:
        """Move on by one decision; False when more text is needed."""
        match self._state:
            case "between":
                return self._begin()
            case "header":
                header, mark, rest = self.pending.partition(_MESSAGE)
                if not mark:
                    return False
                channel = header.rpartition(_CHANNEL)[2]
                self._kind = "reasoning" if channel.lstrip().startswith("analysis") else "text"
                self.pending, self._state, self._fresh = rest, "body", True
                return True
            case "body":
                return self._read(runs)

    def _begin(self) -> bool:
        if self.pending.startswith((_CHANNEL, _START)):
            self._state = "header"
            return True
        if _CHANNEL.startswith(self.pending) or _START.startswith(self.pending):
            return False
        self._state, self._kind, self._fresh = "body", "text", False
        return True

    def _read(self, runs: list[Run]) -> bool:
        if self._fresh:
            self.pending = self.pending.lstrip()
            self._fresh = not self.pending
        found = [(at, mark) for mark in _CHANNEL_ENDS if (at := self.pending.find(mark)) >= 0]
        if found:
            at, mark = min(found)
            text, self.pending = self.pending[:at], self.pending[at + len(mark) :]
            self._state = "between"
        else:
            text = self.pending[: len(self.pending) - _held(self.pending, _CHANNEL_ENDS)]
        if self._kind == "reasoning":
            text = text.rstrip()
        if not found:
            self.pending = self.pending[len(text) :]
        if text:
            runs.append((self._kind, text))
        return bool(found)

    def leave(self, rest: str) -> list[Run]:
        """The runs of what was held back; half a header is nobody's text."""
        return [(self._kind, rest)] if rest and self._state == "body" else []


def _held(text: str, marks: tuple[str, ...]) -> int:
    """How many characters at the end of `text` may be the beginning of one of `marks`."""
    longest = min(len(text), max(map(len, marks)) - 1)
    return next((size for size in range(longest, 0, -1) if any(mark.startswith(text[-size:]) for mark in marks)), 0)
