from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.details import Details
from chatapp.core.events import TokenDetail


def token(token_id: int, *alternatives: tuple[int, float]) -> TokenDetail:
    return TokenDetail(token_id, -0.5, 1, 2.5, 20.25, 0.125, alternatives)


def ids(details: Details) -> list[int | None]:
    return [each.token_id if each is not None else None for each in details]


def test_tokens_come_back_as_they_were_told() -> None:
    told = [token(7, (7, -0.5), (3, -1.25)), token(0), token(151_935, (1, -2.0))]
    details = Details(told)
    assert list(details) == told
    assert details[-1] == told[2] and details[:2] == tuple(told[:2])
    with pytest.raises(IndexError):
        details[3]


def test_a_later_one_stands_in_place_of_all_from_its_offset_on() -> None:
    details = Details(token(place, (place, -1.0), (9, -2.0)) for place in range(5))
    details.replace_from(2, [token(20, (21, -3.0))])
    assert ids(details) == [0, 1, 20]
    assert details[2] == token(20, (21, -3.0))
    details.replace_from(1, [])
    assert list(details) == [token(0, (0, -1.0), (9, -2.0))]


def test_what_was_never_told_is_none() -> None:
    details = Details()
    details.replace_from(2, [token(5, (5, -1.0))])
    assert list(details) == [None, None, token(5, (5, -1.0))]
    with pytest.raises(ValueError, match="position"):
        details.replace_from(-1, [])


def test_the_oldest_alternatives_can_be_left_out() -> None:
    details = Details(token(place, *((other, -1.0) for other in range(place + 1))) for place in range(4))
    shorter = details.without_alternatives_before(2)
    assert shorter.alternatives_from == 2
    assert list(shorter) == [token(0), token(1), details[2], details[3]]
    assert len(details[1].alternatives if details[1] else ()) == 2
    assert shorter != details and len(shorter.alternative_ids) == 7


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 4)), max_size=4)),
        max_size=8,
    )
)
def test_it_does_what_a_list_would(told: list[tuple[int, list[tuple[int, int]]]]) -> None:
    details, model = Details(), list[TokenDetail | None]()
    for offset, tokens in told:
        made = [token(each, *((place, -1.0) for place in range(count))) for each, count in tokens]
        details.replace_from(offset, made)
        model = model[:offset] + [None] * (offset - len(model)) + list(made)
        assert list(details) == model


def test_figures_are_kept_as_float32() -> None:
    kept = Details([TokenDetail(1, -math.pi, 0, math.nan)])[0]
    assert kept is not None and kept.logprob == pytest.approx(-math.pi, rel=1e-7) and math.isnan(kept.entropy)
