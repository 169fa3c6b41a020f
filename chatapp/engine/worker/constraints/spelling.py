"""Texts as tokens whose pieces are exactly the text."""

from __future__ import annotations

from chatapp.engine.worker.llama import Vocabulary


def spelled(vocabulary: Vocabulary, text: str) -> list[int] | None:
    """Tokens whose pieces make up `text` and nothing else; None where the vocabulary can't say it.

    Tokenizers may put a blank before a text or change it; then the longest pieces that fit are taken.
    """
    wanted = text.encode()
    tokens = vocabulary.tokenize(text, parse_special=False)
    if b"".join(vocabulary.piece(token) for token in tokens) == wanted:
        return tokens
    pieces = {vocabulary.piece(token): token for token in range(vocabulary.size) if not vocabulary.is_control(token)}
    longest = max(map(len, pieces), default=0)
    found: list[int] = []
    at = 0
    while at < len(wanted):
        fitting = (
            length for length in range(min(longest, len(wanted) - at), 0, -1) if wanted[at : at + length] in pieces
        )
        length = next(fitting, 0)
        if not length:
            return None
        found.append(pieces[wanted[at : at + length]])
        at += length
    return found
