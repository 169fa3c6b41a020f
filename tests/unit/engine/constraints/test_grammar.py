"""The state of a grammar in one answer: it never takes what it does not allow."""

from __future__ import annotations

import numpy as np
import pytest
from acceptance import Acceptance

from chatapp.core.errors import ParameterError
from chatapp.engine.worker import llama
from chatapp.engine.worker.constraints.form import form_of, to_grammar
from chatapp.engine.worker.constraints.grammar import Grammar, ThoughtsFirst
from chatapp.engine.worker.constraints.spelling import spelled
from chatapp.engine.worker.llama import Candidates, Model, Vocabulary
from chatapp.pocket.digest import MODEL

ANY_TEXT = "root ::= [\\x01-\\U0010FFFF]*"


def tokens_of(vocabulary: Vocabulary, text: str) -> list[int]:
    tokens = spelled(vocabulary, text)
    assert tokens is not None
    return tokens


def byte_token(vocabulary: Vocabulary, byte: int) -> int:
    return next(token for token in range(5, vocabulary.size) if vocabulary.piece(token) == bytes((byte,)))


def test_it_refuses_to_accept_what_it_does_not_allow(llama_cpp: Acceptance) -> None:
    grammar = Grammar(llama_cpp.vocabulary, 'root ::= "ab"')
    a, b = tokens_of(llama_cpp.vocabulary, "ab")
    assert (grammar.allows(a), grammar.allows(b)) == (True, False)
    with pytest.raises(ValueError, match="does not allow"):
        grammar.accept(b)
    grammar.accept(a)
    assert not grammar.may_end
    grammar.accept(b)
    assert grammar.may_end
    with pytest.raises(ValueError, match="does not allow"):
        grammar.accept(a)
    grammar.close()


def test_one_token_and_all_at_once_are_judged_alike(llama_cpp: Acceptance) -> None:
    vocabulary = llama_cpp.vocabulary
    grammar = Grammar(vocabulary, to_grammar({"json_value": True}))
    candidates = Candidates(vocabulary.size)
    for token in tokens_of(vocabulary, '{"é": [1'):
        candidates.fill(np.zeros(vocabulary.size, np.float32))
        grammar.mask(candidates)
        masked = set(candidates.ids[np.isfinite(candidates.logits)].tolist())
        assert masked == {other for other in range(vocabulary.size) if grammar.allows(other)}
        grammar.accept(token)
    grammar.close()


def test_bytes_that_no_text_holds_are_masked_where_a_class_says_only_what_is_not_wanted(llama_cpp: Acceptance) -> None:
    vocabulary = llama_cpp.vocabulary
    grammar = Grammar(vocabulary, "root ::= [^\\n]*")
    candidates = Candidates(vocabulary.size)
    candidates.fill(np.zeros(vocabulary.size, np.float32))
    grammar.mask(candidates)
    masked = set(candidates.ids[np.isfinite(candidates.logits)].tolist())
    assert masked == {other for other in range(vocabulary.size) if grammar.allows(other)}
    for byte in (0xC0, 0xF5, 0xFF):
        assert byte_token(vocabulary, byte) not in masked
    grammar.close()


def test_it_goes_back(llama_cpp: Acceptance) -> None:
    grammar = Grammar(llama_cpp.vocabulary, 'root ::= "ab" | "ac"')
    tokens = tokens_of(llama_cpp.vocabulary, "abc")
    assert grammar.replay(tokens) == 2
    grammar.rewind(1)
    assert grammar.length == 1
    assert grammar.allows(tokens[2])
    grammar.close()


def test_bytes_that_are_no_utf_8_are_refused(llama_cpp: Acceptance) -> None:
    vocabulary = llama_cpp.vocabulary
    candidates = Candidates(vocabulary.size)
    for lead, refused, allowed in ((0xE0, 0x82, 0xA4), (0xF0, 0x82, 0x9F), (0xED, 0xA0, 0x80), (0xC3, 0x28, 0xA9)):
        grammar = Grammar(vocabulary, ANY_TEXT)
        grammar.accept(byte_token(vocabulary, lead))
        assert not grammar.may_end
        assert not grammar.allows(byte_token(vocabulary, refused))
        assert grammar.allows(byte_token(vocabulary, allowed))
        candidates.fill(np.zeros(vocabulary.size, np.float32))
        grammar.mask(candidates)
        assert not np.isfinite(candidates.logits[byte_token(vocabulary, refused)])
        assert np.isfinite(candidates.logits[byte_token(vocabulary, allowed)])
        grammar.close()


def test_control_tokens_are_no_text(llama_cpp: Acceptance) -> None:
    vocabulary = llama_cpp.vocabulary
    control = vocabulary.special_tokens()["<|im_start|>"].token_id
    candidates = Candidates(vocabulary.size)
    for gbnf, allowed in ((ANY_TEXT, False), ("root ::= <|im_start|>", True), ('root ::= "<" [<]*', False)):
        grammar = Grammar(vocabulary, gbnf)
        assert grammar.allows(control) is allowed
        candidates.fill(np.zeros(vocabulary.size, np.float32))
        grammar.mask(candidates)
        assert bool(np.isfinite(candidates.logits[control])) is allowed
        grammar.close()


def test_a_reply_may_begin_with_thoughts(llama_cpp: Acceptance) -> None:
    vocabulary = llama_cpp.vocabulary
    opening = vocabulary.special_tokens()["<|im_start|>"].token_id
    grammar = Grammar(vocabulary, 'root ::= "ab"')
    first = ThoughtsFirst(grammar, opening)
    a, b = tokens_of(vocabulary, "ab")
    assert [first.allows(token) for token in (opening, a, b)] == [True, True, False]
    candidates = Candidates(vocabulary.size)
    candidates.fill(np.full(vocabulary.size, 2.0, np.float32))
    first.mask(candidates)
    left = set(candidates.ids[np.isfinite(candidates.logits)].tolist())
    assert left == {opening} | {token for token in range(vocabulary.size) if grammar.allows(token)}
    assert candidates.logits[opening] == 2.0
    grammar.close()


def test_a_grammar_that_can_not_be_read_is_an_error(llama_cpp: Acceptance) -> None:
    with pytest.raises(ParameterError, match="can't read"):
        Grammar(llama_cpp.vocabulary, "root ::= (")


def test_choices_are_whole(llama_cpp: Acceptance) -> None:
    texts = ("yes", "yes, please", "no", 'say "no"\n', "ye", "é", "y" * 500)
    gbnf = to_grammar({"choices": texts})
    assert all(llama_cpp.accepts(gbnf, text) for text in texts)
    assert not any(llama_cpp.accepts(gbnf, text) for text in ("y", "yes,", "nO", "yess", "", "yy"))


def test_json_is_one_value_with_few_blanks(llama_cpp: Acceptance) -> None:
    gbnf = to_grammar({"json_value": True})
    assert llama_cpp.accepts(gbnf, '{\n    "a": [\n        1,\n        {}\n    ]\n}')
    for text in (" 1", "1 ", "1 2", "[1,  2]", "[\n\n1]", "[" + " " * 50 + "1]", '{"a" : 1}', "[1\n"):
        assert not llama_cpp.accepts(gbnf, text), text


def test_a_value_that_is_off_asks_for_nothing() -> None:
    assert form_of({"grammar": None, "json_value": False, "temperature": 1.0}) == ""
    assert to_grammar({"json_value": False}) == ""


@pytest.mark.parametrize("count", ["{1,2001}", "{ 1 , 99999999999 }", "{2001,5000}"])
def test_a_count_that_llama_cpp_would_forget_is_refused(count: str) -> None:
    with pytest.raises(ParameterError, match=r"in line 2.*counts to 2,000 only"):
        to_grammar({"grammar": f'root ::= a\na ::= "x"{count}'})
    text = f'root ::= "{count}" [{count}] # {count}\n'
    assert to_grammar({"grammar": text}) == text


def test_a_text_with_ever_more_readings_ends_it_before_it_hangs(llama_cpp: Acceptance) -> None:
    grammar = Grammar(llama_cpp.vocabulary, 'root ::= [a-z] a root b | [a-z] b root a | ""\na ::= [a-z]?\nb ::= [a-z]?')
    (letter,) = tokens_of(llama_cpp.vocabulary, "a")
    with pytest.raises(ParameterError, match="in too many ways"):
        for _ in range(100):
            grammar.accept(letter)
    assert grammar.length > 1
    grammar.close()


def test_long_tokens_are_taken_as_llama_cpp_takes_them() -> None:
    vocabulary = Model(MODEL, vocabulary_only=True).vocabulary
    gbnf = to_grammar({"json_value": True})
    grammar, bare = Grammar(vocabulary, gbnf), llama.grammar(vocabulary, gbnf)
    assert bare is not None
    candidates = Candidates(vocabulary.size)
    tokens = tokens_of(vocabulary, '{"temperature": [0.25, "the story of a fox"]}')
    assert max(len(vocabulary.piece(token)) for token in tokens) > 4
    control = {mark.token_id for mark in vocabulary.special_tokens().values()} - set(vocabulary.end_tokens())
    for token in tokens:
        grammar.accept(token)
        bare.accept(token)
        candidates.fill(np.zeros(vocabulary.size, np.float32))
        bare.apply(candidates)
        left = set(candidates.ids[np.isfinite(candidates.logits)].tolist()) - control
        candidates.fill(np.zeros(vocabulary.size, np.float32))
        grammar.mask(candidates)
        assert set(candidates.ids[np.isfinite(candidates.logits)].tolist()) == left
    grammar.close()
    bare.close()
