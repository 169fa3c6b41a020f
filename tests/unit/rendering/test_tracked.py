"""Tracked strings are equal to plain ones and never mistake a message's characters for the template's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.rendering.tracked import (
    FOREIGN,
    TEMPLATE,
    Tracked,
    derived,
    is_template,
    joined,
    message_text,
    plain,
    runs_of,
    shown,
    template_text,
)

OWN, THEIRS = "ab<|>", "XY \n\t.;"
parts = st.lists(
    st.one_of(
        st.text(OWN, max_size=4).map(template_text), st.text(THEIRS, max_size=4).map(lambda t: message_text(t, 1))
    ),
    max_size=5,
)
strings = parts.map(joined)


def sources(text: str) -> list[int]:
    return [source for length, source in runs_of(text) for _ in range(length)]


def check(result: str, expected: str) -> None:
    """`result` reads as `expected`, its runs cover it, and each character has the source that its letter tells."""
    assert plain(result) == expected
    assert len(sources(result)) == len(expected)
    for character, source in zip(expected, sources(result), strict=True):
        assert source in ((TEMPLATE, FOREIGN) if character in OWN else (1, FOREIGN))


def exact(result: str, expected: str) -> None:
    """The same, and nothing lost its source."""
    check(result, expected)
    assert FOREIGN not in sources(result)


@given(strings, strings)
def test_addition(one: Tracked, other: Tracked) -> None:
    exact(one + other, plain(one) + plain(other))


@given(strings)
def test_addition_of_a_plain_string_is_foreign_from_either_side(text: Tracked) -> None:
    assert sources("a" + text) == [FOREIGN, *sources(text)]
    assert sources(text + "a") == [*sources(text), FOREIGN]


@given(strings, st.slices(12))
def test_slices(text: Tracked, key: slice) -> None:
    exact(text[key], plain(text)[key])


@given(strings)
def test_iteration_and_items(text: Tracked) -> None:
    for index, character in enumerate(text):
        exact(character, plain(text)[index])
        exact(text[index - len(text)], plain(text)[index])


@given(strings, st.sampled_from([None, "a", " \n", "X<", "<b"]))
def test_strips(text: Tracked, characters: str | None) -> None:
    for name in ("strip", "lstrip", "rstrip"):
        exact(getattr(text, name)(characters), getattr(plain(text), name)(characters))


@given(strings, st.sampled_from([None, "a", "X", "<|", "b\n"]), st.integers(-1, 3))
def test_splits(text: Tracked, separator: str | None, most: int) -> None:
    for name in ("split", "rsplit"):
        expected = getattr(plain(text), name)(separator, most)
        found = getattr(text, name)(separator, most)
        assert len(found) == len(expected)
        for part, wanted in zip(found, expected, strict=True):
            exact(part, wanted)


@given(strings, st.sampled_from(["a", "X", "<|", "b\n"]))
def test_partitions(text: Tracked, separator: str) -> None:
    for name in ("partition", "rpartition"):
        for part, wanted in zip(getattr(text, name)(separator), getattr(plain(text), name)(separator), strict=True):
            exact(part, wanted)


@given(strings, st.booleans())
def test_lines(text: Tracked, keep: bool) -> None:
    for line, wanted in zip(text.splitlines(keep), plain(text).splitlines(keep), strict=True):
        exact(line, wanted)


@given(strings, st.sampled_from(["a", "X", "<|", "ab", "\n"]), strings, st.integers(-1, 2))
def test_replacements(text: Tracked, old: str, new: Tracked, most: int) -> None:
    exact(text.replace(old, new, most), plain(text).replace(old, plain(new), most))


@given(strings, st.lists(strings, max_size=4))
def test_joins(separator: Tracked, items: list[Tracked]) -> None:
    exact(separator.join(items), plain(separator).join(map(plain, items)))


@given(strings, strings)
def test_affixes(text: Tracked, affix: Tracked) -> None:
    exact((affix + text).removeprefix(affix), plain(affix + text).removeprefix(plain(affix)))
    exact((text + affix).removesuffix(affix), plain(text + affix).removesuffix(plain(affix)))
    exact(text.removeprefix("zz"), plain(text))


@given(strings, st.integers(-1, 4))
def test_repetition_never_makes_a_message_template(text: Tracked, count: int) -> None:
    check(text * count, plain(text) * count)
    check(count * text, plain(text) * count)


@pytest.mark.parametrize("name", ["upper", "lower", "title", "capitalize"])
@pytest.mark.parametrize("text", ["straße", "İstanbul", "ŉ x", "plain words"])
def test_case_keeps_sources_or_gives_them_up(name: str, text: str) -> None:
    mixed = template_text("tag ") + message_text(text, 2)
    result = getattr(mixed, name)()
    assert plain(result) == getattr(plain(mixed), name)()
    assert set(sources(result)[5:]) <= {2, FOREIGN}
    assert is_template(getattr(template_text(text), name)())


def test_operations_that_nobody_follows_are_foreign() -> None:
    text = message_text("x", 1) + template_text("<s>")
    for result in (text.center(9), text.zfill(9), text.swapcase(), text.expandtabs(), "".join([text, text])):
        assert set(sources(result)) <= {FOREIGN, 1, TEMPLATE}
        assert not is_template(result)
    assert set(sources("".join([template_text("<s>")]))) == {FOREIGN}


def test_formatting() -> None:
    message = message_text("%s<s>", 3)
    result = template_text("<%s|%d|%%>") % (message, 7)
    assert plain(result) == "<%s<s>|7|%>"
    assert sources(result) == [0, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0]
    assert set(sources(template_text("%5s") % message)) == {FOREIGN}
    assert set(sources(template_text("%(a)s") % {"a": message})) == {3}
    assert set(sources(message_text("%s", 1) % (template_text("<s>"),))) == {FOREIGN}
    with pytest.raises(TypeError):
        template_text("%s %s") % (message,)


def test_equality_and_use_as_a_key() -> None:
    assert template_text("role") == "role" == message_text("role", 1)
    assert {"role": 1}[template_text("role")] == 1
    assert str(message_text("x", 4)) is not None
    assert sources(str(message_text("x", 4))) == [4]
    assert type(plain(message_text("x", 4))) is str


def test_what_is_made_of_template_text_alone_is_template_text() -> None:
    assert is_template(derived("<S>", template_text("<s>"), 3))
    assert not is_template(derived("<S>", template_text("<s>"), "x"))
    assert is_template(shown(3)) and is_template(shown(None)) and is_template(shown(True))
    assert not is_template(shown(["<s>"]))
