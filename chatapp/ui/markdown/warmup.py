"""What the first text would wait for, loaded ahead of it."""

from __future__ import annotations

from chatapp.ui.markdown.block import parse_blocks
from chatapp.ui.markdown.highlight import tokenize

_COMMON = ("python", "javascript", "bash", "json", "html", "c", "sql", "yaml")


def warm_up() -> None:
    """Load the parser, pygments and the commonest languages; safe in a thread, harmless when repeated."""
    parse_blocks("text")
    for language in _COMMON:
        tokenize(["x = 1"], language)
