"""Options that several commands share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.cli.options import read_template_variables, unescape
from chatapp.core.errors import UsageError


def test_template_variables_are_values_where_they_look_like_some() -> None:
    assert read_template_variables(("a=true", "b=3", "c=0.5", "d=null", "e=low", "f=[1]", "g=x=y", "h=")) == {
        "a": True,
        "b": 3,
        "c": 0.5,
        "d": None,
        "e": "low",
        "f": "[1]",
        "g": "x=y",
        "h": "",
    }


@pytest.mark.parametrize("pair", ["", "name", "=value", "two words=1"])
def test_a_bad_template_variable_is_refused(pair: str) -> None:
    with pytest.raises(UsageError):
        read_template_variables((pair,))


def test_three_escapes_are_known_and_all_others_stay() -> None:
    assert unescape(r"a\nb\tc\\n\x\"") == 'a\nb\tc\\n\\x\\"'


@given(st.text())
def test_escaping_and_unescaping_gives_the_text_back(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("\n", r"\n").replace("\t", r"\t")
    assert unescape(escaped) == text
