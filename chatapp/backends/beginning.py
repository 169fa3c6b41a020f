"""How a reply begins: with nothing, with words that were put into its mouth, or where it was left off before."""

from __future__ import annotations

from chatapp.core.backend import GenerationRequest
from chatapp.core.pieces import Piece
from chatapp.core.reasoning import FINAL_CHANNEL, ReasoningFormat, ReasoningSplitter, detect_reasoning


def prefill_to_render(request: GenerationRequest) -> str:
    """The words with which the template's own reply begins; what goes on is put behind it, see `continued`."""
    return "" if request.prefill_ids or request.prefill_reasoning is not None else request.prefill


def continued(request: GenerationRequest, template: str, prompt: str) -> tuple[Piece, ...]:
    """What stands behind `prompt` where a reply goes on whose tokens are not known: its thoughts and its answer.

    A model that marks no thoughts gets the answer alone.
    """
    if request.prefill_ids or request.prefill_reasoning is None:
        return ()
    answer, thoughts = request.prefill, request.prefill_reasoning
    form, is_open = detect_reasoning(template, prompt) if request.prompt is None else (None, False)
    pieces: list[Piece] = []
    if form is not None and (thoughts or (is_open and answer)):
        if not is_open:
            pieces.append(Piece(form.opening if form.channels else f"{form.opening}\n", "template"))
        pieces.append(Piece(thoughts, "content"))
        if answer:
            pieces.append(Piece(form.closing, "template"))
    elif form is not None and form.channels and answer:
        pieces.append(Piece(FINAL_CHANNEL, "template"))
    return tuple(piece for piece in (*pieces, Piece(answer, "content")) if piece.text)


def reasoning_of(
    request: GenerationRequest, template: str, prompt: str, begun: str = ""
) -> tuple[ReasoningFormat | None, bool]:
    """How the model marks its thoughts, and whether `prompt` has opened them; a raw prompt has none.

    `begun` is the text at the end of `prompt` of the tokens that the reply begins with; they are read by themselves.
    """
    if request.prompt is not None:
        return None, False
    if request.prefill_ids or not (request.prefill_reasoning or (request.prefill_reasoning == "" and request.prefill)):
        return detect_reasoning(template, prompt.removesuffix(begun), prefill_to_render(request))
    form, _ = detect_reasoning(template, "")
    return form, form is not None and not request.prefill


def answer_begun(request: GenerationRequest, template: str, prompt: str) -> str:
    """The part of the beginning that is answer; what a model thinks is bound to no form.

    Where its tokens are known, these tell.
    """
    if request.prefill_ids:
        return ""
    form, _ = reasoning_of(request, template, prompt)
    if form is None or request.prefill_reasoning is not None:
        return request.prefill
    _, is_open = detect_reasoning(template, prompt.removesuffix(request.prefill))
    splitter = ReasoningSplitter(form, opened=is_open)
    runs = [*splitter.feed(request.prefill), *splitter.finish()]
    return "".join(text for kind, text in runs if kind == "text")
