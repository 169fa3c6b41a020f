"""Code in colour, also while it grows."""

from __future__ import annotations

from chatapp.ui.markdown.highlight import Highlighter, tokenize
from chatapp.ui.markdown.warmup import warm_up

CODE = [
    "",
    "class Fox:",
    '    """A fox',
    '    that runs."""',
    "",
    "    def run(self, steps: int = 3) -> str:",
    "        # as far as it can",
    '        return "run" * steps',
    "",
    "",
    "",
]


def test_kinds_of_tokens() -> None:
    tokens, _ = tokenize(['def f(): return "x", 1  # c'], "python")
    assert {token.style for token in tokens[0]} >= {
        "code-keyword",
        "code-name",
        "code-string",
        "code-number",
        "code-comment",
    }


def test_tokens_lie_in_their_lines_and_rise() -> None:
    lines = CODE * 3
    tokens, safe = tokenize(lines, "python")
    assert len(tokens) == len(lines)
    for line, found in zip(lines, tokens, strict=True):
        edges = [edge for token in found for edge in (token.start, token.end)]
        assert edges == sorted(edges)
        assert all(0 <= edge <= len(line) for edge in edges)
    assert safe


def test_unknown_or_endless_code_stays_plain() -> None:
    assert tokenize(["x = 1"], "no-such-language") == ([[]], [])
    assert tokenize(["x" * 2_000], "python") == ([[]], [])
    assert tokenize(["x = 1"] * 20_000, "python")[0][0] == []


def test_growing_code_ends_with_the_colours_of_the_whole() -> None:
    lines = CODE * 8
    highlighter = Highlighter("python")
    for end in range(1, len(lines) + 1):
        assert len(highlighter.highlight(lines[:end], whole=False)) == end
    assert highlighter.highlight(lines, whole=True) == tokenize(lines, "python")[0]


def test_growing_code_is_not_read_from_its_start_each_time() -> None:
    lines = CODE * 20
    highlighter = Highlighter("python")
    highlighter.highlight(lines[:-1], whole=False)
    first = highlighter.highlight(lines[:-1], whole=False)[5]
    assert highlighter.highlight(lines, whole=False)[5] is first


def test_code_that_changes_before_its_end_is_read_again() -> None:
    highlighter = Highlighter("python")
    highlighter.highlight(["x = 1"] * 40, whole=False)
    assert highlighter.highlight(["'a'"] * 40, whole=False) == tokenize(["'a'"] * 40, "python")[0]


def test_warming_up_twice_is_harmless() -> None:
    warm_up()
    warm_up()
