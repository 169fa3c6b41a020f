"""Conversations as one HTML page that needs nothing else: tokens coloured by how likely they were."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from html import escape

from chatapp import __version__
from chatapp.chat.transfer.heading import circumstances, facts, headings, title
from chatapp.chat.transfer.spelling import stretches
from chatapp.core.cleaning import clean
from chatapp.core.details import UNTOLD, Details
from chatapp.core.messages import AttachmentPart, ReasoningPart
from chatapp.core.portable import PortableConversation, PortableMessage

TokenTexts = Callable[[str], Mapping[int, str]]
"""The texts of tokens by the fingerprint of their model; empty where the model is not at hand."""

STEPS = tuple(math.log(share) for share in (0.9, 0.5, 0.2, 0.05))
_NAMES = ("≥ 90 %", "≥ 50 %", "≥ 20 %", "≥ 5 %", "less")
_ALTERNATIVES = 5
_STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1d1f23; --quiet: #636a75; --line: #d9dce1; --user: #eef3fb;
  --p1: #e3f0d5; --p2: #fbeeb8; --p3: #fbd3a4; --p4: #f6b3ac; }
@media (prefers-color-scheme: dark) { :root { --page: #17191d; --ink: #e3e5e9; --quiet: #98a0ac; --line: #363b44;
  --user: #202734; --p1: #2b3d22; --p2: #4c4417; --p3: #5b3c17; --p4: #642f2a; } }
body { background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; margin: 0 auto;
  max-width: 50rem; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 2rem 0 .3rem; } h2 { color: var(--quiet); font-size: .85rem; margin: 0 0 .3rem; }
p.facts, footer, .keys { color: var(--quiet); font-size: .85rem; }
article { border-top: 1px solid var(--line); padding: .8rem 0; }
article.user { background: var(--user); margin: 0 -.8rem; padding: .8rem; }
article.deleted { opacity: .55; }
.text { overflow-wrap: anywhere; white-space: pre-wrap; } .thoughts { color: var(--quiet); }
details { color: var(--quiet); font-size: .85rem; }
.p1 { background: var(--p1); } .p2 { background: var(--p2); } .p3 { background: var(--p3); } .p4 { background: var(--p4); }
.keys span { border: 1px solid var(--line); padding: 0 .4em; }
"""  # noqa: E501 (a style sheet)


def write(
    conversations: Iterable[PortableConversation],
    *,
    all_branches: bool,
    token_texts: TokenTexts = lambda fingerprint: {},
) -> bytes:
    """The shown branch of each conversation, or with `all_branches` every message, in order of time."""
    conversations = list(conversations)
    name = title(conversations[0]) if len(conversations) == 1 else f"{len(conversations):,} conversations"
    sections = [_section(each, place, all_branches, token_texts) for place, each in enumerate(conversations, 1)]
    keys = " ".join(f'<span class="p{step}">{escape(words)}</span>' for step, words in enumerate(_NAMES))
    legend = f'<p class="keys">How likely the model held each token: {keys}</p>\n'
    body = "".join(sections)
    page = (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(name)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{legend if 'data-p=' in body else ''}{body}"
        f"<footer>Written by chatapp {escape(__version__)}.</footer>\n</body>\n</html>\n"
    )
    return page.encode()


def _section(conversation: PortableConversation, place: int, all_branches: bool, token_texts: TokenTexts) -> str:
    shown = range(1, len(conversation.messages) + 1) if all_branches else conversation.branch()
    head = f"<h1>{escape(title(conversation))}</h1>\n"
    head += f'<p class="facts">{_safe(" · ".join(facts(conversation)))}</p>\n'
    if conversation.system_prompt:
        head += f'<article class="system">\n<h2>system</h2>\n{_text(_safe(conversation.system_prompt))}</article>\n'
    heads = headings(conversation, placed=all_branches)
    articles = (
        _article(conversation.messages[number - 1], f"c{place}-m{number}", heads[number - 1], token_texts)
        for number in shown
    )
    return f"<section>\n{head}{''.join(articles)}</section>\n"


def _article(message: PortableMessage, identity: str, head: str, token_texts: TokenTexts) -> str:
    deleted = " deleted" if message.deleted_with is not None else ""
    told = " · ".join(circumstances(message.generation)) if message.generation is not None else ""
    how = f"<details><summary>how</summary>{_safe(told)}</details>\n" if told else ""
    return (
        f'<article class="{message.role}{deleted}" id="{identity}">\n<h2>{_safe(head)}</h2>\n'
        f"{_said(message, token_texts)}{how}</article>\n"
    )


def _said(message: PortableMessage, token_texts: TokenTexts) -> str:
    """The parts of a message; the tokens that made them are coloured where they are known."""
    details, generation = message.details, message.generation
    texts = token_texts(generation.model_fingerprint) if details is not None and generation is not None else {}
    spelled = [texts.get(each, "") for each in details.token_ids] if details is not None and texts else []
    said, behind = "", 0
    for part in message.parts:
        if isinstance(part, AttachmentPart):
            said += f'<p class="facts">attached: {_safe(part.name)}</p>\n'
            continue
        pieces, behind = stretches(part.text, spelled, behind)
        inked = "".join(
            _inked(piece.text, details, piece.token, texts) if details is not None else _safe(piece.text)
            for piece in pieces
        )
        said += _text(inked, "text thoughts" if isinstance(part, ReasoningPart) else "text")
    return said


def _inked(text: str, details: Details, token: int | None, texts: Mapping[int, str]) -> str:
    """A token with its colour and figures."""
    if token is None or details.token_ids[token] == UNTOLD:
        return _safe(text)
    step = sum(details.logprobs[token] < bound for bound in STEPS)
    share = math.exp(min(0.0, details.logprobs[token]))
    told = [_share(share), f"rank {details.ranks[token] + 1}", f"entropy {details.entropies[token]:.2f}"]
    first = details.alternative_ends[token - 1] if token else 0
    others = range(first, details.alternative_ends[token])
    for other in others[:_ALTERNATIVES]:
        chance = math.exp(min(0.0, details.alternative_logprobs[other]))
        told.append(f"“{texts.get(details.alternative_ids[other], '?')}” {_share(chance)}")
    return f'<span class="p{step}" data-p="{share:.4f}" title="{_safe(" · ".join(told))}">{_safe(text)}</span>'


def _share(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def _text(inner: str, kind: str = "text") -> str:
    return f'<div class="{kind}">{inner}</div>\n'


def _safe(text: str) -> str:
    """`text` as HTML, every control character visible."""
    return escape(clean(text))
