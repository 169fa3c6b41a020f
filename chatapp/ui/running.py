"""A reply while it is written, as far as the inspector tells of it: nothing here moves with each token."""

from __future__ import annotations

from dataclasses import dataclass

from chatapp.ui.figures import PHASES
from chatapp.ui.stream import Reply


@dataclass(frozen=True)
class Running:
    """What a reply does, in words, and what is known of its prompt.

    `prompt_tokens` is None until the prompt is put together, `reused` until it is read. `changes` counts what was
    changed since it began.
    """

    reply_id: int
    state: str
    prompt_tokens: int | None = None
    reused: int | None = None
    changes: int = 0

    @classmethod
    def of(cls, reply: Reply | None) -> Running | None:
        """What is known now; None where nothing is written."""
        if reply is None or not reply.turn.is_running:
            return None
        message, prepared = reply.message, reply.turn.prepared
        ids = prepared.token_ids if prepared is not None else None
        return cls(
            message.id,
            PHASES[reply.figures.phase],
            len(ids) if ids is not None else reply.figures.prompt,
            reply.figures.reused,
            len(message.generation.changes) if message.generation is not None else 0,
        )
