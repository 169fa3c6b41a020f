"""Our own inline scanner against markdown-it's, and where it knows more."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chatapp.ui.markdown.inline import ADDRESS, CODE, EMPHASIS, LINK, STRIKE, STRONG, parse_inline

REFERENCE = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
MARKS = {"strong": STRONG, "em": EMPHASIS, "s": STRIKE, "link": LINK}


def expected(text: str) -> list[tuple[str, int]]:
    """Every character with its marks, as markdown-it reads it."""
    found: list[tuple[str, int]] = []
    depth: dict[str, int] = {}
    for token in REFERENCE.parseInline(text)[0].children or []:
        kind, _, end = token.type.rpartition("_")
        if end in ("open", "close"):
            depth[kind] = depth.get(kind, 0) + token.nesting
            continue
        marks = sum(MARKS[name] for name, count in depth.items() if count)
        shown = "\n" if token.type in ("softbreak", "hardbreak") else token.content
        found += [(character, marks | (CODE if token.type == "code_inline" else 0)) for character in shown]
    return found


def actual(text: str) -> list[tuple[str, int]]:
    """The same, as we read it, without the addresses that we add."""
    runs = [run for run in parse_inline(text).runs if not run.marks & ADDRESS]
    return [(character, run.marks) for run in runs for character in run.text]


@given(st.text(alphabet="**__``a b\\.", max_size=24).map(str.strip))
@settings(max_examples=600, deadline=None)
def test_emphasis_and_code_agree_with_markdown_it(text: str) -> None:
    assert actual(text) == expected(text)


@given(
    st.lists(
        st.sampled_from(["~~", "*", "**", "_", "a", " b ", "[", "a](x)", 'b](x "t")', "`", "\\", "&lt;"]), max_size=14
    )
)
@settings(max_examples=600, deadline=None)
def test_links_and_strikethrough_agree_with_markdown_it(parts: list[str]) -> None:
    # A letter stands before each closing bracket: there markdown-it pretends to see a space, unlike the specification.
    text = "".join(parts).strip()
    if "~~~" not in text:
        assert actual(text) == expected(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](http://x.y)", "a (http://x.y)"),
        ("[http://x.y](http://x.y)", "http://x.y"),
        ("[http://good.example](http://evil.example)", "http://good.example (http://evil.example)"),
        ("[](http://x.y)", "http://x.y"),
        ("![alt](http://x.y/i.png)", "image: alt (http://x.y/i.png)"),
        ("[a](<b c>)", "a (b c)"),
        ("[a](b\\)c)", "a (b)c)"),
        ("[a](b (title))", "a (b)"),
        ("[a](&#x202e;b)", "a (⟦202E⟧b)"),
        ("a<br>b", "a\nb"),
        ("&#27;", "&#27;"),
        ("&nbsp;|&amp;amp;", "\xa0|&amp;"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert "".join(run.text for run in parse_inline(text).runs) == shown


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://x.y/a_b_c.", "https://x.y/a_b_c"),
        ("(https://x.y/a)", "https://x.y/a"),
        ("https://x.y/a_(b)", "https://x.y/a_(b)"),
        ("**https://x.y**", "https://x.y"),
        ("<me@x.example>", "mailto:me@x.example"),
    ],
)
def test_addresses_in_text_are_links(text: str, address: str) -> None:
    assert list(parse_inline(text).links.values()) == [address]


def test_positions_and_wraps() -> None:
    text = "a **b `c`** [d](e)"
    inline = parse_inline(text)
    for run in inline.runs:
        if not run.marks & ADDRESS:
            assert text[run.start : run.end] == run.text
    outer = {text[wrap.outer_start : wrap.outer_end]: text[wrap.inner_start : wrap.inner_end] for wrap in inline.wraps}
    assert outer == {"**b `c`**": "b `c`", "`c`": "c", "[d](e)": "d"}


def test_names_are_resolved_where_they_are_defined() -> None:
    references = {"NAME OF IT": "http://x.y"}
    assert list(parse_inline("[a][name of  it] [Name of it] [other]", references).links.values()) == ["http://x.y"] * 2
    assert not parse_inline("[name of it]: http", references).links


@pytest.mark.parametrize(
    "part", ["*a ", "*a_", "[", "[a](", "![", "`", "~~a", "<", "&a", "[a](<", "<a:", "_a **b ", "](x)"]
)
def test_repetition_stays_linear(part: str) -> None:
    # Quadratic scanning of this would take minutes.
    assert parse_inline(part * 20_000).runs
