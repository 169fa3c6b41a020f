"""Where a link leads, and whether it may be opened."""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from chatapp.ui.markdown.source import show_inline

_OPENABLE = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f\x7f-\x9f]+", re.IGNORECASE)
_BRACKETED = re.compile(r"<((?:[^<>\n\\]|\\.)*)>")
_SPACE = re.compile(r"[ \t]*\n?[ \t]*")
_TITLE = re.compile(r'"(?:[^"\\]|\\.)*"' r"|'(?:[^'\\]|\\.)*'" r"|\((?:[^()\\]|\\.)*\)", re.DOTALL)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_DESTINATION_STOP = re.compile(r"[\s()\\]")


class LinkTarget(NamedTuple):
    """An address and the position after the construct that gave it."""

    href: str
    end: int


def is_openable(href: str) -> bool:
    """Whether an address may be offered to a browser or a mail program."""
    return _OPENABLE.fullmatch(href) is not None


def show_address(href: str) -> str:
    """An address as it is shown: on one line, nothing hidden."""
    return show_inline(href)


def reference_label(name: str) -> str:
    """The form under which link definitions are kept."""
    return " ".join(name.split()).lower().upper()


def parse_target(text: str, at: int) -> LinkTarget | None:
    """Read `(address "title")` at `at`; None where there is no such thing."""
    if not text.startswith("(", at):
        return None
    position = _skip_space(text, at + 1)
    if bracketed := _BRACKETED.match(text, position):
        destination, position = bracketed.group(1), bracketed.end()
    else:
        end = _destination_end(text, position)
        if end < 0:
            return None
        destination, position = text[position:end], end
    after = _skip_space(text, position)
    if after > position and (title := _TITLE.match(text, after)):
        after = _skip_space(text, title.end())
    if not text.startswith(")", after):
        return None
    return LinkTarget(show_inline(html.unescape(_ESCAPED.sub(r"\1", destination))), after + 1)


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _destination_end(text: str, at: int) -> int:
    """The end of an address without brackets, -1 where its parentheses don't balance."""
    depth, position = 0, at
    while stop := _DESTINATION_STOP.search(text, position):
        position = stop.start()
        character = stop.group()
        if character == "\\":
            position += 2
            continue
        if character == "(":
            depth += 1
            if depth > 32:
                return -1
        elif character == ")":
            if depth == 0:
                return position
            depth -= 1
        else:
            break
        position += 1
    else:
        position = len(text)
    return position if depth == 0 else -1
