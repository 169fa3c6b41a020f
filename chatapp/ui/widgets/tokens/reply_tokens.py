"""What the token view is told of a reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chatapp.core.details import Details


class ReplyTokens(NamedTuple):
    """The tokens of a reply: `texts` as the model gives them, `spellings` as they are shown.

    `details` are None where nothing was told of any; while the reply runs they grow, and may be longer than what is
    shown. `is_running` tells that more tokens will come.
    """

    message_id: int
    token_ids: Sequence[int]
    texts: Sequence[str]
    spellings: Sequence[str]
    details: Details | None
    is_running: bool = False
