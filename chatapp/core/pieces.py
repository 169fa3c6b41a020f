"""A prompt in pieces, so that nobody's text can become a control token.

The renderer knows which characters come from the template and which from somebody's message; the engine
tokenises them accordingly.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Piece(msgspec.Struct, frozen=True):
    """A run of prompt text from one source.

    Control-token text in a `template` piece is that token; in a `content` piece it is text. `token_ids`, where
    given, are the tokens that a model generated for exactly this content.
    """

    text: str
    source: Literal["template", "content"]
    token_ids: tuple[int, ...] = ()


class RenderedPrompt(msgspec.Struct, frozen=True):
    """A chat rendered through its template; `notices` say in words what was changed to make it fit."""

    pieces: tuple[Piece, ...]
    notices: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole prompt as text."""
        return "".join(piece.text for piece in self.pieces)
