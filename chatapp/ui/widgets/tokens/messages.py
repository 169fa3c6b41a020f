"""What the token view and the next-token bars tell the screen. Nothing heavy is imported for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from textual.message import Message


@dataclass
class TokenChosen(Message):
    """Somebody put the cursor on a token of a reply."""

    message_id: int
    position: int


@dataclass
class TextsWanted(Message):
    """The texts of these tokens are needed."""

    token_ids: tuple[int, ...]


@dataclass
class BranchWanted(Message):
    """A new reply shall begin with the tokens of `message_id` before `position` and this one in its place."""

    message_id: int
    position: int
    token_id: int


class CandidatesWanted(Message):
    """What is stored does not tell the chances under the settings in force: the model may."""


class BarsOpened(Message):
    """The next-token bars came to be seen."""


TokenMessage: TypeAlias = TokenChosen | TextsWanted | CandidatesWanted | BarsOpened
"""What the controller of tab and bars answers itself."""
