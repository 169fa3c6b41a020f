"""The frames between the client and the worker: typed, versioned, msgpack, each behind its length.

A frame is a msgpack map with its tag, cut from the stream as `core.framing` says. Frames don't know what carries
them. Requests carry an id that the client chose; everything that answers a request carries the same id.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from chatapp.core import framing
from chatapp.core.backend import Candidate, ModelCard
from chatapp.core.errors import ChatappError, EngineError, kinds
from chatapp.core.events import Event, ParameterChanged, TokenDetail
from chatapp.core.footprint import Footprint
from chatapp.core.framing import HEADER_BYTES as HEADER_BYTES
from chatapp.core.framing import framed
from chatapp.core.loading import LoadSettings
from chatapp.core.parameters import StoredValue
from chatapp.core.pieces import Piece
from chatapp.core.reasoning import ReasoningFormat

VERSION = 1
MAX_FRAME_BYTES = 256 * 1024 * 1024

Phase: TypeAlias = Literal["idle", "load", "first-decode", "decode", "sample"]
PHASE_LIMITS_S: dict[Phase, float] = {
    "load": 120.0,
    "first-decode": 120.0,
    "decode": 10.0,
    "sample": 5.0,
}
"""How long the loop may stand still in a phase; the first decode reads the weights from disk."""
TOKENIZE_LIMIT_S = 60.0
"""How long tokenising one prompt may take; it has a thread of its own."""
PULSE_S = 0.5
"""How often a busy worker sends a `Pulse`."""


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Load a model; answered by `Loading` …, then `Loaded` or `Failed`."""

    path: str
    settings: LoadSettings
    fingerprint: str = ""
    snapshots: str = ""


class CancelLoad(msgspec.Struct, frozen=True, tag="cancel-load"):
    """Stop loading; `Failed` with LoadCancelled follows."""


class Tokenize(msgspec.Struct, frozen=True, kw_only=True, tag="tokenize"):
    """Turn a prompt into tokens; answered by `Tokenized`.

    `pieces` of a rendered chat, or the one piece of a raw prompt. `add_bos` None leaves it to the model.
    """

    request_id: int
    pieces: tuple[Piece, ...]
    add_bos: bool | None = None


class Generate(msgspec.Struct, frozen=True, kw_only=True, tag="generate"):
    """Continue `token_ids`; answered by events until every sample has `Finished`.

    `values` are all parameters in force, `thinking` those that differ while the model thinks, `changes` those to be
    made at their token offset. `grammar` is the GBNF that the answer must follow, already tried; `prefix` the text that
    the answer begins with. `begun` are tokens that stand behind `token_ids` and are part of the reply already; `told`
    are the characters of the answer and of the thoughts in them that the client has. `alternatives` are told of each
    token. `reasoning` says how the model marks its thoughts, `reasoning_open` that the prompt has opened them already.
    With `shift` a reply that reaches the end of the context goes on: the older half of what follows the first `keep`
    tokens, the system prompt, is forgotten. `exact` asks for a context of its own, in which the same request gives the
    same tokens.
    """

    request_id: int
    token_ids: tuple[int, ...]
    values: dict[str, StoredValue]
    seed: int
    thinking: dict[str, StoredValue] = {}
    changes: tuple[ParameterChanged, ...] = ()
    grammar: str = ""
    prefix: str = ""
    begun: tuple[int, ...] = ()
    told: tuple[int, int] = (0, 0)
    alternatives: int = 0
    samples: int = 1
    reasoning: ReasoningFormat | None = None
    reasoning_open: bool = False
    shift: bool = False
    keep: int = 0
    exact: bool = False


class Spell(msgspec.Struct, frozen=True, kw_only=True, tag="spell"):
    """Tell the text of each of `token_ids` alone; answered by `Spelled`."""

    request_id: int
    token_ids: tuple[int, ...]


class Score(msgspec.Struct, frozen=True, kw_only=True, tag="score"):
    """Log-probabilities of `token_ids` from position `start` on; answered by `Scored`."""

    request_id: int
    token_ids: tuple[int, ...]
    start: int


class ListCandidates(msgspec.Struct, frozen=True, kw_only=True, tag="list-candidates"):
    """The likeliest tokens after `token_ids` and what `values` make of them; answered by `CandidatesListed`."""

    request_id: int
    token_ids: tuple[int, ...]
    values: dict[str, StoredValue]
    limit: int


class Update(msgspec.Struct, frozen=True, tag="update"):
    """Change parameters of a running request from its next token on."""

    request_id: int
    values: dict[str, StoredValue]


class AnswerNow(msgspec.Struct, frozen=True, tag="answer-now"):
    """End the reasoning of a running request."""

    request_id: int


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End a running or waiting request."""

    request_id: int


Command: TypeAlias = (
    Load | CancelLoad | Tokenize | Spell | Generate | Score | ListCandidates | Update | AnswerNow | Stop
)


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The worker's first frame."""

    version: int
    pid: int
    build: str
    system: str
    devices: tuple[str, ...]


class Loading(msgspec.Struct, frozen=True, tag="loading"):
    """`fraction` of the weights are read."""

    fraction: float


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag="loaded"):
    """The model is ready; `bos` and `eos` are the texts that its template may name, `footprint` what was allocated."""

    card: ModelCard
    bos: str
    eos: str
    sequences: int
    footprint: Footprint = Footprint()


class Tokenized(msgspec.Struct, frozen=True, tag="tokenized"):
    """The tokens of a prompt."""

    request_id: int
    token_ids: tuple[int, ...]


class Spelled(msgspec.Struct, frozen=True, tag="spelled"):
    """What was asked with `Spell`; half a character is U+FFFD."""

    request_id: int
    texts: tuple[str, ...]


class Scored(msgspec.Struct, frozen=True, tag="scored"):
    """What was asked with `Score`, one detail a token."""

    request_id: int
    tokens: tuple[TokenDetail, ...]


class CandidatesListed(msgspec.Struct, frozen=True, tag="candidates-listed"):
    """What was asked with `ListCandidates`, likeliest first."""

    request_id: int
    candidates: tuple[Candidate, ...]


class Reported(msgspec.Struct, frozen=True, tag="reported"):
    """Something happened to a request."""

    event: Event


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """An error of the tree in `core.errors`, by name; `request_id` is None for a load."""

    request_id: int | None
    kind: str
    message: str
    hint: str

    @classmethod
    def of(cls, request_id: int | None, error: ChatappError) -> Failed:
        """Put `error` into a frame."""
        return cls(request_id=request_id, kind=type(error).__name__, message=error.message, hint=error.hint)

    def error(self) -> ChatappError:
        """Take the error out again."""
        return kinds().get(self.kind, EngineError)(self.message, hint=self.hint)


class Pulse(msgspec.Struct, frozen=True, tag="pulse"):
    """The loop is in `phase` and has not moved for `still_s` seconds."""

    phase: Phase
    still_s: float


Answer: TypeAlias = (
    Hello | Loading | Loaded | Tokenized | Spelled | Scored | CandidatesListed | Reported | Failed | Pulse
)

_encoder = msgspec.msgpack.Encoder()
command_decoder: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Command)
answer_decoder: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def encode(frame: Command | Answer) -> bytes:
    """A frame with its length in front."""
    return framed(_encoder.encode(frame))


def body_length(header: bytes) -> int:
    """The length that a header announces; raise EngineError for one that no frame has."""
    try:
        return framing.body_length(header, MAX_FRAME_BYTES)
    except ValueError as error:
        raise EngineError(f"The stream between the processes is damaged: it announces {error}.") from None
