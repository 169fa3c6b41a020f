"""ChatML: how dialogues are written for the built-in model, in training and in its chat template."""

from __future__ import annotations

from chatapp.pocket.corpus.turn import Dialogue

END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CONTROL = (END_OF_TEXT, TURN_START, TURN_END)
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def segments(dialogue: Dialogue) -> list[tuple[str, bool]]:
    """A dialogue in pieces, each with whether the model learns to write it: its own replies and their ends."""
    pieces: list[tuple[str, bool]] = []
    if dialogue.system:
        pieces.append((f"{TURN_START}system\n{dialogue.system}{TURN_END}\n", False))
    for turn in dialogue.turns:
        pieces.append((f"{TURN_START}user\n{turn.user}{TURN_END}\n{TURN_START}assistant\n", False))
        pieces.append((f"{turn.assistant}{TURN_END}", turn.learnt))
        pieces.append(("\n", False))
    return pieces
