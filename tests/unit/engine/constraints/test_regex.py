"""Regular expressions: llama.cpp allows under the grammar what `re.fullmatch` matches, and nothing else."""

from __future__ import annotations

import re

import pytest
from acceptance import Acceptance
from hypothesis import given, settings
from hypothesis import strategies as st

from chatapp.core.errors import ParameterError
from chatapp.engine.worker.constraints.form import to_grammar

PATTERNS = (
    r"abc",
    r"a*",
    r"a+b?c*",
    r"a{3}",
    r"a{2,4}b",
    r"a{2,}",
    r"a{,2}b",
    r"(ab|ac|b)*",
    r"(?:a|b)+?c",
    r"(?P<word>a+)b",
    r"^ab$",
    r"\Aab\Z",
    r"(^a|^b)c",
    r"a(b$|c$)",
    r"[abc]+",
    r"[^abc]{1,3}",
    r"[]a]+",
    r"[^]a]+",
    r"[a\-z]+",
    r"[a-]+",
    r"[\w.]+@[\w.]+",
    r"\d{2}:\d{2}",
    r"\s?\S+",
    r"\W\D",
    r".{1,3}",
    r"(?s).{1,3}",
    r"(?i)aBc[d-f]",
    r"(?i:ab)c",
    r"a(?#a note)b",
    r"(a*)*b",
    r"(a?b?)*c",
    r"((a*)*|(b?)+)*",
    r"(a|b|)",
    r"(|a)b",
    r"a||b",
    r"\x41\u00e9\t\n",
    r"\.\*\[\]\{\}\(\)\|\\\/",
    r"a{x}",
    r"a{}",
    r"{a}",
    r"é+|ü?",
    r"(a{0,3}){0,3}",
    r"(x+x+)+y",
    "[\U0001f600-\U0001f64f]",
    r"",
    r"()",
)
LETTERS = "abcABCxyé.- 0:\n]"


@pytest.mark.parametrize("pattern", PATTERNS)
def test_it_allows_what_matches_and_nothing_else(llama_cpp: Acceptance, pattern: str) -> None:
    gbnf = to_grammar({"regex": pattern}) if pattern else 'root ::= ""\n'
    expected = re.compile(pattern, re.ASCII)

    @settings(max_examples=15, deadline=None, database=None)
    @given(st.one_of(st.from_regex(pattern, fullmatch=True), st.text(LETTERS, max_size=6)))
    def agrees(text: str) -> None:
        if "\0" not in text:
            assert llama_cpp.accepts(gbnf, text) == bool(expected.fullmatch(text)), text

    agrees()


def _patterns() -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(("a", "b", "ab", "[ab]", "[^a]", ".", "a?", "")),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
            st.tuples(inner, st.sampled_from(("*", "+", "?", "{2}", "{0,2}", "{1,3}", "*?", "{2,}"))).map(
                lambda pair: f"(?:{pair[0]}){pair[1]}"
            ),
        ),
        max_leaves=8,
    )


@settings(max_examples=150, deadline=None)
@given(pattern=_patterns(), texts=st.lists(st.text("abc", max_size=7), min_size=5, max_size=10))
def test_any_pattern_of_these_parts_agrees(llama_cpp: Acceptance, pattern: str, texts: list[str]) -> None:
    gbnf = to_grammar({"regex": pattern}) if pattern else 'root ::= ""\n'
    for text in texts:
        assert llama_cpp.accepts(gbnf, text) == bool(re.fullmatch(pattern, text)), text


def test_counts_beyond_those_of_llama_cpp_are_exact(llama_cpp: Acceptance) -> None:
    gbnf = to_grammar({"regex": "a{2500,7001}"})
    lengths = (2499, 2500, 2501, 4500, 7000, 7001, 7002)
    assert [llama_cpp.accepts(gbnf, "a" * length) for length in lengths] == [False, *[True] * 5, False]


def test_case_is_ignored_beyond_ascii(llama_cpp: Acceptance) -> None:
    gbnf = to_grammar({"regex": "(?i)straÉe [k]"})
    assert llama_cpp.accepts(gbnf, "STRAée K")
    assert not llama_cpp.accepts(gbnf, "straée \u212a")


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        (r"a(?=b)", "a look-ahead (?=…) at character 2"),
        (r"a(?!b)", "a negative look-ahead (?!…) at character 2"),
        (r"(?<=a)b", "a look-behind (?<=…) at character 1"),
        (r"(?<!a)b", "a negative look-behind (?<!…) at character 1"),
        (r"(a)\1", "the back-reference \\1 at character 4"),
        (r"(?P<x>a)(?P=x)", "a back-reference (?P=…) at character 9"),
        (r"(a)\k<x>", "the back-reference \\k at character 4"),
        (r"\bword", "the word boundary \\b at character 1"),
        (r"a\B", "the word boundary \\B at character 2"),
        (r"(?>a)", "an atomic group (?>…) at character 1"),
        (r"a++", "a possessive quantifier at character 2"),
        (r"(a)?(?(1)b|c)", "a condition (?(…)…) at character 5"),
        (r"a^b", "the anchor ^ in the middle at character 2"),
        (r"a$b", "the anchor $ in the middle at character 2"),
        (r"(^a)*", "a repeated anchor at character 1"),
        (r"(?m)^a", "the flag m at character 2"),
        (r"\p{L}", "the property \\p{…} at character 1"),
        (r"\N{DIGIT ONE}", "\\N at character 1"),
        ("(" * 200 + ")" * 200, "more than 100 groups in each other"),
        ("a{1000001}", "1,000,001 times"),
        (r"\ud800", "the code D800, which is no character"),
    ],
)
def test_what_can_not_be_enforced_is_named(pattern: str, named: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(named)) as caught:
        to_grammar({"regex": pattern})
    assert "can't be enforced" in caught.value.message


@pytest.mark.parametrize("pattern", ["(a", "a)", "[a", "*a", "a**", "a{3,2}", "\\", r"\y", "[z-a]", r"[a-\d]", "(?x:"])
def test_what_is_no_pattern_is_said_to_be_none(pattern: str) -> None:
    with pytest.raises(ParameterError, match="at character"):
        to_grammar({"regex": pattern})
