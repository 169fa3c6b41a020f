"""Every frame comes out of the pipe as it went in."""

from __future__ import annotations

import typing
from types import UnionType

import msgspec
import pytest

from chatapp.core import events
from chatapp.core.backend import Candidate, ModelCard
from chatapp.core.errors import ChatappError, ContextFull, EngineError, ModelInvalid, kinds
from chatapp.core.loading import LoadSettings
from chatapp.core.pieces import Piece
from chatapp.core.reasoning import CHANNELS
from chatapp.engine import protocol
from chatapp.engine.protocol import (
    Answer,
    AnswerNow,
    CancelLoad,
    CandidatesListed,
    Command,
    Failed,
    Generate,
    Hello,
    ListCandidates,
    Load,
    Loaded,
    Loading,
    Pulse,
    Reported,
    Score,
    Scored,
    Spell,
    Spelled,
    Stop,
    Tokenize,
    Tokenized,
    Update,
)

COMMANDS: list[Command] = [
    Load("/a/modèl 日.gguf", LoadSettings(context_size=4096, gpu_layers=3, threads=2)),
    CancelLoad(),
    Tokenize(request_id=1, pieces=(Piece("<s>", "template"), Piece("hi\0", "content", (1, 2))), add_bos=False),
    Generate(
        request_id=2,
        token_ids=(1, 2, 3),
        values={"temperature": 0.5, "top_k": 4, "ignore_eos": True, "stop": ["a", "b"], "seed": None, "ids": [1, 2]},
        seed=4_294_967_294,
        thinking={"temperature": 1.0},
        changes=(events.ParameterChanged(request_id=1, offset=2, name="top_k", value=3),),
        grammar='root ::= "a"',
        prefix="a",
        alternatives=10,
        samples=3,
        reasoning=CHANNELS,
        reasoning_open=True,
        shift=True,
        keep=2,
    ),
    Score(request_id=6, token_ids=(1, 2), start=1),
    Spell(request_id=9, token_ids=(1, 2)),
    ListCandidates(request_id=7, token_ids=(1, 2), values={"top_k": 3}, limit=5),
    Update(3, {"stop": ["x"], "temperature": 1.0}),
    AnswerNow(4),
    Stop(5),
]
EVENTS: list[events.Event] = [
    events.Queued(request_id=1, sample=2, reason="why"),
    events.LoadProgress(request_id=1, fraction=0.5),
    events.PromptProgress(request_id=1, done=1, total=2, cached=1),
    events.TextAdded(request_id=1, text="日", tokens=3),
    events.ReasoningAdded(request_id=1, text="hm", tokens=1),
    events.Withdrawn(request_id=1, characters=4),
    events.TokenDetails(request_id=1, offset=3, tokens=(events.TokenDetail(1, -0.5, 2, 0.1, 3.0, 0.2, ((7, -1.0),)),)),
    events.ParameterChanged(request_id=1, offset=2, name="stop", value=["a"]),
    events.ContextShifted(request_id=1, offset=2, dropped=40),
    events.Finished(
        request_id=1,
        stop_reason="stop_text",
        prompt_tokens=3,
        cached_tokens=1,
        processed_tokens=2,
        reply_tokens=2,
        timings=events.Timings(0.1, 0.2, 0.3, 0.4),
        seed=7,
        cached_reason="why",
        stop_text="x",
        token_ids=(8, 9),
        missing_words=("word",),
        rewinds=2,
    ),
]
ANSWERS: list[Answer] = [
    Hello(protocol.VERSION, 77, "build", "AVX", ("CPU: x",)),
    Loading(0.25),
    Loaded(card=ModelCard(name="m", metadata={"a": "b"}, template=None), bos="<s>", eos="", sequences=16),
    Tokenized(6, (1, 2)),
    Spelled(9, ("a", "\ufffd")),
    Scored(6, (events.TokenDetail(1, -0.5, 2, 0.1),)),
    CandidatesListed(7, (Candidate(3, "x", -1.5, 0.25, "top_k"),)),
    *(Reported(event) for event in EVENTS),
    Failed(request_id=None, kind="ModelInvalid", message="m", hint="h"),
    Pulse("decode", 1.5),
]


def members(union: UnionType) -> set[type]:
    return set(typing.get_args(union))


def test_no_frame_is_left_out_here() -> None:
    assert {type(command) for command in COMMANDS} == members(typing.cast(UnionType, Command))
    assert {type(answer) for answer in ANSWERS} == members(typing.cast(UnionType, Answer))
    assert {type(event) for event in EVENTS} == members(typing.cast(UnionType, events.Event))


@pytest.mark.parametrize(
    "frame", [*COMMANDS, *ANSWERS], ids=lambda frame: type(getattr(frame, "event", frame)).__name__
)
def test_a_frame_comes_out_as_it_went_in(frame: Command | Answer) -> None:
    data = protocol.encode(frame)
    header, body = data[: protocol.HEADER_BYTES], data[protocol.HEADER_BYTES :]
    assert protocol.body_length(header) == len(body)
    decoder: msgspec.msgpack.Decoder[Command] | msgspec.msgpack.Decoder[Answer] = (
        protocol.command_decoder if frame in COMMANDS else protocol.answer_decoder
    )
    assert decoder.decode(body) == frame


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.__name__)
def test_every_error_crosses_with_its_words(kind: type[ChatappError]) -> None:
    error = Failed.of(3, kind("what", hint="how")).error()
    assert (type(error), error.message, error.hint) == (kind, "what", "how")


def test_an_unknown_error_is_one_of_the_engine() -> None:
    error = Failed(request_id=1, kind="NewError", message="what", hint="").error()
    assert (type(error), error.message) == (EngineError, "what")


def test_a_frame_is_not_mistaken_for_one_of_the_other_side() -> None:
    with pytest.raises(msgspec.ValidationError):
        protocol.command_decoder.decode(protocol.encode(Pulse("idle", 0.0))[protocol.HEADER_BYTES :])


def test_an_absurd_length_is_refused() -> None:
    with pytest.raises(EngineError, match="damaged"):
        protocol.body_length(b"\xff\xff\xff\xff")
    assert protocol.body_length(protocol.MAX_FRAME_BYTES.to_bytes(4, "little")) == protocol.MAX_FRAME_BYTES


def test_errors_keep_their_exit_code() -> None:
    assert Failed.of(None, ContextFull("full")).error().exit_code == ContextFull.exit_code != ModelInvalid.exit_code
