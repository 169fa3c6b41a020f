"""Only a template names control tokens; everything else is text, with the ids that the whole prompt would have."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.core.pieces import Piece
from chatapp.engine.worker.tokenizing import Tokenizer

SPACE = " \t\n\v\f\r"


@dataclass(frozen=True)
class FakeToken:
    """A special token; `merges` lets ordinary characters add up to it, as happens in real vocabularies."""

    token_id: int
    control: bool = True
    strips_left: bool = False
    strips_right: bool = False
    merges: bool = False


PAIRS = {pair.encode(): 256 + index for index, pair in enumerate(("ll", "oo", "\n\n", "  ", " a"))}


class FakeVocabulary:
    """Bytes are tokens 0–255, some pairs of letters one token more; specials are found as llama.cpp does."""

    def __init__(self, specials: dict[str, FakeToken], *, adds_bos: bool = True, prefixes_space: bool = False) -> None:
        self._specials = specials
        self._prefixes_space = prefixes_space
        self.size = 400
        self.adds_bos = adds_bos
        self.bos: int | None = 300
        self._pieces = {number: pair for pair, number in PAIRS.items()}
        self._pieces |= {token.token_id: text.encode() for text, token in specials.items()}

    def special_tokens(self) -> dict[str, FakeToken]:
        return self._specials

    def is_control(self, token: int) -> bool:
        return any(special.token_id == token and special.control for special in self._specials.values())

    def piece(self, token: int) -> bytes:
        assert 0 <= token < self.size
        return self._pieces.get(token, bytes([token]) if token < 256 else b"?")

    def tokenize(self, text: str, *, parse_special: bool, add_special: bool = False) -> list[int]:
        parts: list[str | int] = [text] if text else []
        for mark, token in sorted(self._specials.items(), key=lambda item: -len(item[0])):
            if parse_special or not token.control:
                parts = [found for part in parts for found in self._split(part, mark, token)]
        ids = [self.bos] if add_special and self.adds_bos and self.bos is not None else []
        begins = True
        for part in parts:
            if isinstance(part, int):
                ids.append(part)
            else:
                ids += self._plain((" " if self._prefixes_space and begins else "") + part)
            begins = isinstance(part, int)
        return ids

    def _split(self, part: str | int, mark: str, token: FakeToken) -> list[str | int]:
        if isinstance(part, int) or mark not in part:
            return [part]
        before, _, after = part.partition(mark)
        before = before.rstrip(SPACE) if token.strips_left else before
        after = after.lstrip(SPACE) if token.strips_right else after
        rest = self._split(after, mark, token) if after else []
        return [*([before] if before else []), token.token_id, *rest]

    def _plain(self, text: str) -> list[int]:
        data, ids = text.encode("utf-8", "replace"), []
        merging = {mark.encode(): token.token_id for mark, token in self._specials.items() if token.merges}
        while data:
            pieces = {**PAIRS, **merging}
            piece = next((piece for piece in sorted(pieces, key=len, reverse=True) if data.startswith(piece)), None)
            ids.append(data[0] if piece is None else pieces[piece])
            data = data[1 if piece is None else len(piece) :]
        return ids


SPECIALS = {
    "<s>": FakeToken(300),
    "</s>": FakeToken(301, merges=True),
    "<|user|>": FakeToken(302),
    "<|bot|>": FakeToken(303, strips_right=True),
    "<|mask|>": FakeToken(304, strips_left=True),
    "<think>": FakeToken(305, control=False),
    "<|start|>": FakeToken(306, control=False),
    "\n\n\n": FakeToken(307, control=False),
    "<b>": FakeToken(308, control=False),
}
STRUCTURE = {300, 301, 302, 303, 304, 305, 306}


def vocabulary(**options: bool) -> FakeVocabulary:
    return FakeVocabulary(SPECIALS, **options)


def own(text: str) -> Piece:
    return Piece(text, "template")


def theirs(text: str, ids: tuple[int, ...] = ()) -> Piece:
    return Piece(text, "content", ids)


def text_of(fake: FakeVocabulary, ids: Sequence[int]) -> bytes:
    return b"".join(map(fake.piece, ids))


marks = st.sampled_from([*SPECIALS, "l", "o", " ", "\n", "hello", "é", "|", "<", "/s>", " a"])
texts = st.lists(marks, max_size=6).map("".join)
ordinary = st.lists(st.sampled_from(["l", "o", " ", "\n", "hello", "é", " a", "<b>", "\n\n\n"]), max_size=6).map(
    "".join
)


@pytest.mark.parametrize("prefixes_space", [False, True])
@given(data=st.lists(st.tuples(texts, ordinary), max_size=4))
def test_ordinary_contents_have_the_ids_of_the_whole(prefixes_space: bool, data: list[tuple[str, str]]) -> None:
    fake = vocabulary(prefixes_space=prefixes_space)
    # White space that a message begins or ends with is not eaten; here no message has any.
    pieces = [piece for mine, other in data for piece in (own(mine), theirs(f"x{other}x"))]
    whole = "".join(piece.text for piece in pieces)
    assert Tokenizer(fake).tokens(pieces, add_bos=None) == begun(fake.tokenize(whole, parse_special=True))


def begun(ids: list[int]) -> list[int]:
    return ids if ids[:1] == [300] else [300, *ids]


@pytest.mark.parametrize("prefixes_space", [False, True])
@given(data=st.lists(st.tuples(texts, texts), min_size=1, max_size=4))
def test_no_message_adds_a_control_token(prefixes_space: bool, data: list[tuple[str, str]]) -> None:
    fake = vocabulary(prefixes_space=prefixes_space)
    tokenizer = Tokenizer(fake)
    # An empty message would let a BOS of the template stand first, where it counts as the prompt's own.
    hostile = tokenizer.tokens([piece for mine, other in data for piece in (own(mine), theirs(f"x{other}"))])
    harmless = tokenizer.tokens([piece for mine, _ in data for piece in (own(mine), theirs("x"))])
    assert [token for token in hostile if token in STRUCTURE] == [token for token in harmless if token in STRUCTURE]


@given(content=texts)
def test_content_comes_through_to_the_byte(content: str) -> None:
    fake = vocabulary()
    ids = Tokenizer(fake).tokens([own("<|user|>"), theirs(content), own("</s>")])
    assert text_of(fake, ids) == f"<s><|user|>{content}</s>".encode()


def test_a_marker_across_the_border_is_text() -> None:
    tokenizer = Tokenizer(vocabulary())
    ids = tokenizer.tokens([own("<|user|>x</"), theirs("s>"), own("<"), theirs("s"), own(">")])
    assert [token for token in ids if token in STRUCTURE] == [300, 302]


def test_white_space_is_eaten_from_the_template_alone() -> None:
    fake = vocabulary(adds_bos=False)
    tokenizer = Tokenizer(fake)
    assert tokenizer.tokens([own("<|bot|> \n "), theirs(" x")]) == [303, *b" x"]
    assert tokenizer.tokens([theirs("x "), own(" \t<|mask|>")]) == [*b"x ", 304]
    assert tokenizer.tokens([own("<|bot|>\n"), theirs(""), own("\nx")]) == [303, *b"x"]


def test_user_defined_tokens_that_are_plain_text_are_found_in_messages() -> None:
    tokenizer = Tokenizer(vocabulary(adds_bos=False))
    assert tokenizer.tokens([theirs("a<b>b\n\n\n")]) == [*b"a", 308, *b"b", 307]
    assert tokenizer.tokens([own("a\n"), theirs("\n\nb")]) == [*b"a", 307, *b"b"]


def test_user_defined_tokens_that_mark_structure_are_not() -> None:
    fake = vocabulary(adds_bos=False)
    tokenizer = Tokenizer(fake)
    assert tokenizer.tokens([own("<think>"), theirs("<think><|start|>")]) == [305, *b"<think><|start|>"]


def test_generated_ids_stand_for_their_text() -> None:
    tokenizer = Tokenizer(vocabulary(adds_bos=False))
    odd = (ord("o"), ord("o"))
    assert tokenizer.tokens([own("<|user|>"), theirs("oo", odd), own("oo</s>")]) == [302, *odd, 257, 301]
    assert tokenizer.tokens([own("<|user|>"), theirs("oo"), own("oo</s>")]) == [302, 257, 257, 301]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("oo", (ord("o"),)),  # another text
        ("oo", (399, 100_000)),  # another model's
        ("oo", (-1,)),
        ("</s>", (301,)),  # a control token that the model wrote
        ("<think>", (305,)),
    ],
)
def test_ids_that_are_not_the_text_are_not_used(text: str, ids: tuple[int, ...]) -> None:
    tokenizer = Tokenizer(vocabulary(adds_bos=False))
    assert tokenizer.tokens([own("<|user|>"), theirs(text, ids)]) == tokenizer.tokens([own("<|user|>"), theirs(text)])


def test_generated_ids_where_a_space_is_put_before_text() -> None:
    fake = vocabulary(adds_bos=False, prefixes_space=True)
    tokenizer = Tokenizer(fake)
    generated = (ord(" "), ord("o"), ord("o"))
    assert tokenizer.tokens([own("<|user|>"), theirs("oo", generated)]) == [302, *generated]
    assert tokenizer.tokens([own("<|user|>x"), theirs("oo", generated)]) == [302, *b" x", 257]
    # No space is put before what goes on after them.
    assert tokenizer.tokens([own("<|user|>"), theirs(" oo", generated), own("x")]) == [302, *generated, ord("x")]


@pytest.mark.parametrize(
    ("adds_bos", "asked", "text", "expected"),
    [
        (True, None, "x", [300, ord("x")]),
        (True, None, "<s>x", [300, ord("x")]),
        (True, True, "<s>x", [300, ord("x")]),
        (True, False, "x", [ord("x")]),
        (True, False, "<s>x", [ord("x")]),
        (False, None, "x", [ord("x")]),
        (False, None, "<s>x", [300, ord("x")]),
        (False, True, "x", [300, ord("x")]),
        (True, None, "", [300]),
    ],
)
def test_one_beginning(adds_bos: bool, asked: bool | None, text: str, expected: list[int]) -> None:
    tokenizer = Tokenizer(vocabulary(adds_bos=adds_bos))
    assert tokenizer.tokens([own(text)], add_bos=asked) == expected
    assert tokenizer.raw(text, add_bos=asked) == expected


def test_a_vocabulary_without_a_beginning() -> None:
    fake = vocabulary()
    fake.bos = None
    assert Tokenizer(fake).tokens([own("x")], add_bos=True) == [ord("x")]


@given(text=texts)
def test_raw_prompts_are_parsed_whole(text: str) -> None:
    fake = vocabulary()
    assert (
        Tokenizer(fake).raw(text)
        == begun(fake.tokenize(text, parse_special=True))
        == Tokenizer(fake).tokens([own(text)])
    )


def test_counting_takes_markers_as_text() -> None:
    tokenizer = Tokenizer(vocabulary())
    assert tokenizer.count("hello") == 4
    assert tokenizer.count("<|user|>") == len("<|user|>")
    assert tokenizer.count("") == 0


@pytest.mark.parametrize("text", ["\x00", "\udc80", "a" * 100_000, "<|user|>" * 5_000, "\u202e\u0301" * 100])
def test_odd_texts(text: str) -> None:
    fake = vocabulary(prefixes_space=True)
    ids = Tokenizer(fake).tokens([own("<|user|>"), theirs(text)])
    assert text_of(fake, ids) == b"<s><|user|> " + text.encode("utf-8", "replace")
