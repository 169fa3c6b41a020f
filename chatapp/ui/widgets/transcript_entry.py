"""One message of a transcript: what was streamed into it, and its lines once it is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from chatapp.core.conversations import StoredMessage
from chatapp.core.messages import ReasoningPart
from chatapp.ui.markdown.document import Document
from chatapp.ui.markdown.line import Piece, RenderedLine
from chatapp.ui.widgets.transcript_frame import INDENT, Look, blank_line, foot_lines, head_lines, view_lines

Part: TypeAlias = Literal["head", "thoughts", "text", "foot"]
PARTS: tuple[Part, ...] = ("head", "thoughts", "text", "foot")
"""The parts of a message in the order in which they are drawn; `thoughts` and `text` have a source."""

_SAMPLES = 48


class Entry:
    """A message, the texts that grew beyond it, and its lines."""

    def __init__(self, message: StoredMessage) -> None:
        self.message = message
        self.text = message.text
        self.reasoning = message.reasoning
        self._progress = ""
        self._unseen = 0
        self._is_marked = False
        self._unfolded: bool | None = None
        self._stale = True
        self._added_text: list[str] = []
        self._added_reasoning: list[str] = []
        self._look: Look | None = None
        self._body: Document | None = None
        self._thoughts: Document | None = None
        self._parts: dict[Part, list[RenderedLine]] = {}

    @property
    def progress(self) -> str:
        """What a reply waits for, in words."""
        return self._progress

    @progress.setter
    def progress(self, progress: str) -> None:
        self._progress, self._stale = progress, True

    @property
    def unseen(self) -> int:
        """How many messages above this one, the first in view, the model no longer sees; 0 for no line that says so."""
        return self._unseen

    @unseen.setter
    def unseen(self, count: int) -> None:
        self._unseen, self._stale = count, True

    @property
    def is_marked(self) -> bool:
        """Whether a bar stands at its left."""
        return self._is_marked

    @is_marked.setter
    def is_marked(self, is_marked: bool) -> None:
        self._is_marked, self._stale = is_marked, True

    @property
    def unfolded(self) -> bool | None:
        """Whether the thoughts are shown; None leaves it to the look, and to whether the answer has begun."""
        return self._unfolded

    @unfolded.setter
    def unfolded(self, unfolded: bool | None) -> None:
        self._unfolded, self._stale = unfolded, True

    @property
    def height(self) -> int:
        """Lines that it takes, 0 before it is laid out."""
        return sum(map(len, self._parts.values()))

    @property
    def thoughts_shown(self) -> bool:
        """Whether the thoughts are unfolded."""
        if self.unfolded is not None:
            return self.unfolded
        return (self._look is not None and self._look.unfold_thoughts) or not self.text

    @property
    def codes(self) -> list[str]:
        """The texts of the answer's blocks of code, the first of them number 1."""
        return self._body.codes if self._body is not None else []

    def is_current(self, look: Look) -> bool:
        """Whether the lines show everything in this look."""
        return self._look is look and not self._stale

    def estimate(self, width: int) -> int:
        """About how many lines it takes."""
        return 3 + len(self.text) // max(1, width - 2)

    def document(self, part: Part) -> Document | None:
        """The document behind a part that has a source."""
        return {"thoughts": self._thoughts, "text": self._body}.get(part)

    def source(self, part: Part) -> str:
        """The raw text behind a part."""
        return {"thoughts": self.reasoning, "text": self.text}.get(part, "")

    def link(self, part: Part, offset: int) -> str | None:
        """The address of the link that starts at `offset`."""
        document = self.document(part)
        return document.links.get(offset) if document is not None else None

    def add_text(self, text: str) -> None:
        """Let the answer grow, from the next `take_added` on."""
        self._added_text.append(text)

    def add_reasoning(self, text: str) -> None:
        """Let the thoughts grow, from the next `take_added` on."""
        self._added_reasoning.append(text)

    def withdraw(self, characters: int) -> None:
        """Take back the end of the answer."""
        whole = self.text + "".join(self._added_text)
        self._added_text.clear()
        self._stale = True
        self.text = whole[: max(0, len(whole) - characters)]

    def take_added(self) -> None:
        """Make what was added part of the texts."""
        self._stale = True
        if self._added_text:
            self.text += "".join(self._added_text)
            self._added_text.clear()
        if self._added_reasoning:
            self.reasoning += "".join(self._added_reasoning)
            self._added_reasoning.clear()

    def replace(self, message: StoredMessage) -> None:
        """Take a new snapshot of the same message; what was added before is in it."""
        self._added_text.clear()
        self._added_reasoning.clear()
        self.message, self._stale = message, True
        self.text, self.reasoning = message.text, message.reasoning
        if message.status != "streaming":
            self._progress = ""

    def release(self) -> None:
        """Forget the lines; they are laid out again when they are needed."""
        self._look = self._body = self._thoughts = None
        self._parts = {}

    def lay_out(self, look: Look) -> int:
        """Bring the lines up to date; return the number of the first one that changed."""
        if self._look is not look:
            self.release()
            self._look = look
        self._stale = False
        before = {part: len(lines) for part, lines in self._parts.items()}
        fresh: dict[Part, list[RenderedLine]] = {part: [] for part in PARTS}
        changed: dict[Part, int] = {}
        above = view_lines(self.unseen, look) if self.unseen else []
        head = head_lines(self.message, look, self._thought_label(), is_marked=self.is_marked)
        fresh["head"] = [*above, *head]
        if self.reasoning and self.thoughts_shown:
            if self._thoughts is None:
                self._thoughts = self._thoughts_document(look)
            changed["thoughts"] = self._thoughts.update(self.reasoning, final=self._is_final(self._thoughts))
            gap = [blank_line(look)] if self.text else []
            fresh["thoughts"] = self._thoughts.lines + gap
        if self.text:
            if self._body is None:
                self._body = self._body_document(look)
            changed["text"] = self._body.update(self.text, final=self._is_final(self._body))
            fresh["text"] = self._body.lines
        waits = not (self.text or self.reasoning)
        fresh["foot"] = foot_lines(self.message, look, self.progress or ("waiting" if waits else ""))
        for part in ("head", "foot"):
            fresh[part] = _keep(self._parts.get(part, []), fresh[part])
        first = self._first_change(before, changed, fresh)
        self._parts = fresh
        return first

    def _first_change(
        self, before: dict[Part, int], changed: dict[Part, int], fresh: dict[Part, list[RenderedLine]]
    ) -> int:
        """The first line that differs from the lines of the layout before."""
        start = 0
        for part in PARTS:
            if part not in before:
                return start
            if part in changed:
                first = changed[part] if before[part] else 0
            else:
                pairs = zip(self._parts[part], fresh[part], strict=False)
                first = next((number for number, (old, new) in enumerate(pairs) if not old.same_as(new)), before[part])
            if first < len(fresh[part]) or before[part] != len(fresh[part]):
                return start + min(first, len(fresh[part]))
            start += len(fresh[part])
        return start

    def line(self, number: int) -> tuple[Part, RenderedLine]:
        """A line and the part that it belongs to."""
        for part, lines in self._parts.items():
            if number < len(lines):
                return part, lines[number]
            number -= len(lines)
        raise IndexError(number)

    def find(self, part: Part, source: int) -> int:
        """The number of the line that shows a raw offset of a part."""
        number = 0
        for name in PARTS:
            lines = self._parts.get(name, [])
            if name == part:
                earlier = sum(line.source <= source for line in lines)
                return min(number + max(0, earlier - 1), max(0, self.height - 1))
            number += len(lines)
        return number

    def _is_final(self, document: Document) -> bool:
        return self.message.status != "streaming" and bool(document.raw)

    def _thought_label(self) -> str:
        """What stands above the thoughts, empty where there are none."""
        if not self.reasoning:
            return ""
        sign = "▾" if self.thoughts_shown else "▸"
        if self.message.status == "streaming" and not self.text:
            return f"{sign} thinking"
        seconds = [part.seconds for part in self.message.parts if isinstance(part, ReasoningPart)]
        known = [value for value in seconds if value is not None]
        return f"{sign} thought for {sum(known):.1f} s" if known else f"{sign} thought"

    def _thoughts_document(self, look: Look) -> Document:
        style = look.palette.style("thought")
        bar = Piece(INDENT + "┊ ", style)
        palette = look.palette.under(style)
        return Document(
            palette,
            look.width,
            text_width=look.text_width,
            margin=(bar,),
            numbered=False,
            simple_emoji=look.simple_emoji,
        )

    def _body_document(self, look: Look) -> Document:
        plain = self.message.role != "assistant"
        margin = (Piece(INDENT, look.palette.base),)
        return Document(
            look.palette,
            look.width,
            text_width=look.text_width,
            margin=margin,
            plain=plain,
            simple_emoji=look.simple_emoji,
        )


def typical_height(messages: Sequence[StoredMessage], width: int) -> int:
    """What a message takes on average at a width, from a sample."""
    sample = messages[:: max(1, len(messages) // _SAMPLES)]
    if not sample:
        return 1
    width = max(1, width)
    lines = sum(2 + sum(1 + len(line) // width for line in message.text.split("\n")) for message in sample)
    return max(1, round(lines / len(sample)))


def _keep(old: list[RenderedLine], new: list[RenderedLine]) -> list[RenderedLine]:
    """The new lines, as the old objects where they look the same."""
    kept = [before if before.same_as(after) else after for before, after in zip(old, new, strict=False)]
    return kept + new[len(kept) :]
