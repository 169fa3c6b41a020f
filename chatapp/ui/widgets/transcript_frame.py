"""What surrounds the text of a message: who speaks, when, which version, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from chatapp.core.conversations import STATUSES, StoredMessage
from chatapp.core.events import STOP_REASONS
from chatapp.core.messages import AttachmentPart
from chatapp.core.overflow import shifts_in_words
from chatapp.core.readable import moment, short_size
from chatapp.ui.markdown.line import Piece, RenderedLine, build_line
from chatapp.ui.markdown.palette import Palette
from chatapp.ui.markdown.source import Source, show_inline
from chatapp.ui.markdown.wrap import wrap

FRAME_STYLES = (
    "user", "assistant", "system", "sibling", "mark", "time", "status", "failure", "progress", "thought", "unseen",
    "cursor",
)  # fmt: skip
"""Styles beside those of Markdown."""

INDENT = "  "
"""What stands left of everything but the header."""

_NOWHERE = Source("")
_SELF_EVIDENT = (None, "end", "stopped", "stop_text", "stop_token")
"""Ends that need no words: the reply is whole as it stands, or its status says so."""


@dataclass(frozen=True)
class Look:
    """What all messages of a transcript are laid out with; another look means another layout."""

    palette: Palette
    width: int
    text_width: int
    """Where prose ends, and what stands right."""
    unfold_thoughts: bool = False
    simple_emoji: bool = False


def head_lines(message: StoredMessage, look: Look, thoughts: str, *, is_marked: bool = False) -> list[RenderedLine]:
    """The header, the attachments, and the label of the thoughts where it isn't empty.

    The header of a marked message makes room for the bar at its left.
    """
    lines = [_header(message, look, " " if is_marked else "")]
    for part in message.parts:
        if isinstance(part, AttachmentPart):
            lines += _words(f"attached: {part.name} ({short_size(part.size_bytes)})", look, "status")
    if thoughts:
        style = look.palette.style("thought") + Style.from_meta({"thoughts": True})
        lines.append(_line([Piece(INDENT + thoughts, style)], look))
    return lines


def view_lines(unseen: int, look: Look) -> list[RenderedLine]:
    """The line above which the model no longer sees messages, with words in it or below it; and a blank line."""
    style, said = look.palette.style("rule"), look.palette.style("unseen")
    words = f"above this line: no longer seen by the model ({unseen:,} message{'s' if unseen != 1 else ''})"
    rest = look.text_width - len(words) - 5
    if rest < 0:
        return [_line([Piece("─" * look.text_width, style)], look), *_words(words, look, "unseen"), blank_line(look)]
    pieces = [Piece("── ", style), Piece(words, said), Piece(" " + "─" * (rest + 1), style)]
    return [_line(pieces, look), blank_line(look)]


def foot_lines(message: StoredMessage, look: Look, progress: str) -> list[RenderedLine]:
    """How the message ended, or its progress while it is being written; and a blank line."""
    lines: list[RenderedLine] = []
    for style, text in _remarks(message, progress):
        lines += _words(text, look, style)
    return [*lines, blank_line(look)]


def blank_line(look: Look) -> RenderedLine:
    """A line with nothing on it."""
    return _line([], look)


def _header(message: StoredMessage, look: Look, margin: str) -> RenderedLine:
    versions = [*_versions(message, look.palette), *_marks(message, look.palette)]
    when = moment(message.created_at)
    taken = sum(cell_len(piece.text) for piece in versions)
    if look.text_width < taken + len(when) + 12:
        when = ""
    name = _name(message)
    room = max(1, look.text_width - taken - len(when) - len(margin) - 1)
    if cell_len(name) > room:
        name = set_cell_size(name, room - 1).rstrip() + "…"
    gap = look.text_width - cell_len(name) - taken - len(when) - len(margin)
    space = Piece(" " * max(0, gap), look.palette.base)
    head = Style.from_meta({"header": True})
    pieces = [Piece(margin + name, look.palette.style(message.role) + head), *versions, space]
    return _line([*pieces, Piece(when, look.palette.style("time") + head)], look)


def _marks(message: StoredMessage, palette: Palette) -> list[Piece]:
    """What a person did to the message, in words."""
    words = [word for word, holds in (("pinned", message.pinned), ("edited", message.edited)) if holds]
    return [Piece(f" · {word}", palette.style("mark")) for word in words]


def _versions(message: StoredMessage, palette: Palette) -> list[Piece]:
    """`‹2/3›` where there are several, either side to be clicked."""
    if message.siblings < 2:
        return []
    style = palette.style("sibling")
    back, on = (style + Style.from_meta({"sibling": step}) for step in (-1, 1))
    return [Piece(f" ‹{message.sibling}", back), Piece("/", style), Piece(f"{message.siblings}›", on)]


def _name(message: StoredMessage) -> str:
    if message.role == "user":
        return "you"
    model = message.generation.model_name if message.generation is not None else ""
    return show_inline(model) or message.role


def _remarks(message: StoredMessage, progress: str) -> Iterator[tuple[str, str]]:
    """What is to be said about the message, as (style, words) pairs."""
    status, generation = message.status, message.generation
    if status == "streaming":
        if progress:
            yield "progress", progress
        return
    if status == "failed" and generation is not None and generation.error:
        yield "failure", f"{STATUSES[status]}: {generation.error}"
    elif STATUSES[status]:
        yield "failure" if status == "failed" else "status", STATUSES[status]
    if message.role == "assistant" and status == "complete" and not (message.text or message.reasoning):
        yield "status", "nothing: the model ended its reply at once"
    if generation is not None and generation.stop_reason not in _SELF_EVIDENT:
        yield "status", STOP_REASONS[generation.stop_reason]
    if generation is not None and generation.exact:
        yield "status", "exact"
    if generation is not None and generation.shifts:
        shifts = generation.shifts
        yield "status", shifts_in_words(len(shifts), shifts[-1].offset, generation.forgotten_tokens)
    if generation is not None and generation.missing_words:
        yield "status", f"without the required {', '.join(f'“{word}”' for word in generation.missing_words)}"


def _line(pieces: Sequence[Piece], look: Look) -> RenderedLine:
    return build_line(pieces, _NOWHERE, look.width, look.palette.base, fallback=0)


def _words(text: str, look: Look, style: str) -> list[RenderedLine]:
    """A remark, indented and wrapped."""
    shown, text = look.palette.style(style), show_inline(text)
    slices = wrap(text, max(2, look.text_width - len(INDENT)))
    return [_line([Piece(INDENT + text[start:end], shown)], look) for start, end in slices]
