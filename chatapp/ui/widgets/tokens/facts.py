"""What is known of one token, in words and as bars."""

from __future__ import annotations

import math
from typing import NamedTuple

from chatapp.core.distribution import fates
from chatapp.core.events import TokenDetail
from chatapp.core.parameters import Values
from chatapp.ui.widgets.candidates.bar import Bar, percent
from chatapp.ui.widgets.tokens.counterfactual import Counterfactual
from chatapp.ui.widgets.tokens.reply_tokens import ReplyTokens
from chatapp.ui.widgets.tokens.spelling import HALF, PART, quoted

NOT_KEPT = "Nothing was told of this token: the reply was written without token details."


class Alternative(NamedTuple):
    """A token that could have stood at a place, the written one included."""

    token_id: int
    bar: Bar


def text_of(reply: ReplyTokens, position: int) -> str:
    """A token's text on one line; of a character that comes in parts, the character."""
    spelling = reply.spellings[position]
    if HALF not in reply.texts[position]:
        return f"“{quoted(reply.texts[position])}”"
    begin = position
    while begin > 0 and reply.spellings[begin] == PART:
        begin -= 1
    whole = reply.spellings[begin].replace("\n", "")
    return f"part of “{whole}”" if HALF not in whole and PART not in spelling[1:] else "a part of a character"


def facts_of(reply: ReplyTokens, position: int, judged: Counterfactual | None = None) -> tuple[str, str, str]:
    """A token's text, its place, and its figures with what `judged` says of it, a line each."""
    token_id = reply.token_ids[position]
    place = f"token {position + 1:,} of {len(reply.spellings):,} · id {token_id:,}" if token_id >= 0 else "no id"
    detail = _detail(reply, position)
    if detail is None:
        return text_of(reply, position), place, NOT_KEPT
    figures = f"{percent(math.exp(detail.logprob))} · rank {detail.rank + 1:,} · entropy {detail.entropy:.2f} nats"
    if judged is not None and position in judged.cut_by:
        figures += f" · cut by {judged.cut_by[position]} now"
    return text_of(reply, position), place, figures


def alternatives_of(
    reply: ReplyTokens, position: int, texts: dict[int, str], values: Values | None = None, size: int | None = None
) -> list[Alternative]:
    """The tokens that are stored for a place, likeliest first; `texts` tells those that are known by now.

    What the settings `values` cut for certain says so; `size` is that of the vocabulary.
    """
    detail = _detail(reply, position)
    if detail is None:
        return []
    listed = dict(detail.alternatives)
    listed.setdefault(detail.token_id, detail.logprob)
    told = fates(detail, values, vocabulary_size=size) if values is not None else {}
    found = []
    for token_id, logprob in sorted(listed.items(), key=lambda item: -item[1]):
        is_written, stage = token_id == detail.token_id, told.get(token_id, "")
        cut = f"cut by {stage}" if isinstance(stage, str) and stage else ""
        note = ", ".join(filter(None, ("written" if is_written else "", cut)))
        text = quoted(texts[token_id]) if token_id in texts else "…"
        found.append(Alternative(token_id, Bar(text, math.exp(logprob), note, bool(cut), is_written)))
    return found


def ids_at(reply: ReplyTokens, position: int) -> list[int]:
    """The tokens whose texts are needed to tell of a place."""
    detail = _detail(reply, position)
    if detail is None:
        return []
    return list(dict.fromkeys((detail.token_id, *(token_id for token_id, _ in detail.alternatives))))


def _detail(reply: ReplyTokens, position: int) -> TokenDetail | None:
    details = reply.details
    return details[position] if details is not None and position < len(details) else None
