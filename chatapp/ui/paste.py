"""Long pastes, folded into a short token in the composer and unfolded when the message is sent."""

from __future__ import annotations

import re

from chatapp.core.cleaning import clean

MOST_LINES = 60
MOST_CHARACTERS = 16 * 1024


class Pastes:
    """The texts behind the tokens of one composer."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def fold(self, pasted: str) -> str:
        """What to insert for `pasted`: its cleaned text, or a token where it is long."""
        text = clean(pasted)
        lines = text.count("\n") + 1
        if lines <= MOST_LINES and len(text) <= MOST_CHARACTERS:
            return text
        size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        token = f"[pasted {size}]"
        number = 2
        while self._texts.get(token, text) != text:
            token = f"[pasted {size}, {number}]"
            number += 1
        self._texts[token] = text
        return token

    def unfold(self, text: str) -> str:
        """`text` with every token replaced by what was pasted."""
        if not self._texts:
            return text
        pattern = "|".join(re.escape(token) for token in self._texts)
        return re.sub(pattern, lambda match: self._texts[match.group()], text)

    def ending(self, text: str) -> str | None:
        """The token that `text` ends with, None where it ends with something else."""
        return next((token for token in self._texts if text.endswith(token)), None)
