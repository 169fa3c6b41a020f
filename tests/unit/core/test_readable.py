"""Sizes keep to three digits and never to an exponent; a moment has its day where the hour alone would mislead."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.readable import moment, short_size


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"), (999, "999 bytes"), (1000, "1 KB"), (520_992, "521 KB"), (999_600, "1 MB"),
        (340_200_000, "340 MB"), (999_990_000, "1 GB"), (4_372_000_000, "4.37 GB"), (2.5e12, "2.5 TB"),
    ],
)  # fmt: skip
def test_sizes(size: float, words: str) -> None:
    assert short_size(size) == words


@given(st.integers(0, 10**15 - 10**12))
def test_no_size_has_an_exponent(size: int) -> None:
    assert re.fullmatch(r"\d{1,3}(\.\d+)? (bytes|KB|MB|GB|TB)", short_size(size))


def test_moments() -> None:
    now = time.time()
    assert moment(now) == time.strftime("%H:%M", time.localtime(now))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", moment(now - 2 * 86_400))
    assert moment(1e30) == ""
