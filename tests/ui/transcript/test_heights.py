"""Heights add up, whatever was done to them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatapp.ui.widgets.transcript_heights import Heights

STEPS = st.lists(st.tuples(st.sampled_from(["append", "set", "truncate"]), st.integers(0, 40), st.integers(1, 50)))


@given(st.integers(0, 33), st.integers(1, 9), STEPS)
def test_sums_and_searches_agree_with_a_plain_list(count: int, each: int, steps: list[tuple[str, int, int]]) -> None:
    heights, plain = Heights(count, each), [each] * count
    for step, place, lines in steps:
        if step == "append":
            heights.append(lines)
            plain.append(lines)
        elif step == "truncate":
            heights.truncate(place)
            del plain[place:]
        elif plain:
            heights[place % len(plain)] = lines
            plain[place % len(plain)] = lines
    assert [heights[index] for index in range(len(heights))] == plain
    assert [heights.before(index) for index in range(len(plain) + 1)] == [
        sum(plain[:index]) for index in range(len(plain) + 1)
    ]
    assert heights.total == sum(plain)
    where = [(index, line) for index, lines in enumerate(plain) for line in range(lines)]
    assert [heights.find(line) for line in range(len(where))] == where
    if plain:
        assert heights.find(len(where) + 5) == where[-1]
