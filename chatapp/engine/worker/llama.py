"""llama.cpp, typed: the one module that imports it.

Its dialect (`n_ctx`, `n_past`, `seq_id`) ends here. Objects own their native counterparts and free them in
`close`; nothing is freed by the garbage collector, since the order matters to llama.cpp.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import llama_cpp.llama_cpp as llama
import msgspec
import numpy as np
import numpy.typing as npt
from llama_cpp import __version__ as binding_version

from chatapp.core.errors import LoadCancelled, ModelLoadFailed

ALL = -1
"""Every sequence or every position, in calls on the memory."""

Logits = npt.NDArray[np.float32]
_LOG_LEVELS = {1: "debug", 2: "info", 3: "warning", 4: "error"}
_LIBRARY_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_kept: list[object] = []
"""Callbacks that llama.cpp may call at any time, so that they are never collected."""


def start(log: Callable[[str, str], None]) -> None:
    """Initialise llama.cpp once; `log(level, text)` gets what it says, in pieces that end with a newline or not."""

    def receive(level: int, text: bytes, _data: ctypes.c_void_p) -> None:
        log(_LOG_LEVELS.get(level, ""), text.decode("utf-8", "replace"))

    callback = llama.llama_log_callback(receive)
    _kept.append(callback)
    llama.llama_log_set(callback, ctypes.c_void_p(0))
    llama.llama_backend_init()


def build_name() -> str:
    """Which llama.cpp this is, for the record of a reply."""
    return f"llama-cpp-python {binding_version}"


def system_info() -> str:
    """The processor features that llama.cpp was built for and found."""
    return str(llama.llama_print_system_info().decode("utf-8", "replace")).strip()


class Device(msgspec.Struct, frozen=True):
    """A device that ggml sees; `kind` is `cpu`, `gpu`, `igpu` or `accel`."""

    name: str
    description: str
    kind: str
    free_bytes: int
    total_bytes: int


def devices() -> list[Device]:
    """Every device that this build of ggml can use."""
    ggml = _ggml_libraries()
    if ggml is None:
        return []
    kinds = {0: "cpu", 1: "gpu", 2: "igpu", 3: "accel"}
    registry, base = ggml
    found = []
    for index in range(int(registry.ggml_backend_dev_count())):
        device = ctypes.c_void_p(registry.ggml_backend_dev_get(ctypes.c_size_t(index)))
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        base.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        found.append(
            Device(
                base.ggml_backend_dev_name(device).decode("utf-8", "replace"),
                base.ggml_backend_dev_description(device).decode("utf-8", "replace"),
                kinds.get(int(base.ggml_backend_dev_type(device)), "accel"),
                free.value,
                total.value,
            )
        )
    return found


def uses_amx() -> bool:
    """Whether this build has code for Intel's AMX tiles and the processor has them."""
    return "AMX_INT8 = 1" in system_info()


def processor_library() -> Path:
    """The library with ggml's code for processors."""
    return Path(llama.__file__).parent / "lib" / f"libggml-cpu{_LIBRARY_SUFFIX}"


def _ggml_libraries() -> tuple[ctypes.CDLL, ctypes.CDLL] | None:
    """The library that lists devices and the one that describes them; None where they can't be found."""
    folder = Path(llama.__file__).parent / "lib"
    prefix = "" if sys.platform == "win32" else "lib"
    try:
        registry = ctypes.CDLL(str(folder / f"{prefix}ggml{_LIBRARY_SUFFIX}"))
        base = ctypes.CDLL(str(folder / f"{prefix}ggml-base{_LIBRARY_SUFFIX}"))
    except OSError:
        return None
    registry.ggml_backend_dev_count.restype = ctypes.c_size_t
    registry.ggml_backend_dev_get.restype = ctypes.c_void_p
    base.ggml_backend_dev_name.restype = ctypes.c_char_p
    base.ggml_backend_dev_description.restype = ctypes.c_char_p
    return registry, base


class SpecialToken(msgspec.Struct, frozen=True):
    """A token that text can name: a control token, or one that the vocabulary's author added by hand."""

    token_id: int
    control: bool
    strips_left: bool
    strips_right: bool


class Vocabulary:
    """The tokens of a model."""

    def __init__(self, handle: llama.llama_vocab_p) -> None:
        self._handle = handle
        self.size = int(llama.llama_vocab_n_tokens(handle))
        self._pieces: dict[int, bytes] = {}
        self._by_piece: dict[bytes, int] = {}
        self._marks: list[tuple[int, int]] | None = None

    @property
    def handle(self) -> llama.llama_vocab_p:
        """The native vocabulary, for samplers that need it."""
        return self._handle

    @property
    def exists(self) -> bool:
        """Whether the model has a tokenizer at all."""
        return self.size > 0 and int(llama.llama_vocab_type(self._handle)) != llama.LLAMA_VOCAB_TYPE_NONE

    @property
    def adds_bos(self) -> bool:
        """Whether the model wants a beginning-of-sequence token before every prompt."""
        return bool(llama.llama_vocab_get_add_bos(self._handle))

    @property
    def bos(self) -> int | None:
        """The beginning-of-sequence token."""
        return _token_or_none(llama.llama_vocab_bos(self._handle))

    @property
    def eos(self) -> int | None:
        """The end-of-sequence token."""
        return _token_or_none(llama.llama_vocab_eos(self._handle))

    def end_tokens(self) -> list[int]:
        """Every token that ends a reply."""
        named = {int(llama.llama_vocab_eos(self._handle)), int(llama.llama_vocab_eot(self._handle))}
        candidates = {token for token, _ in self._marked()} | (named - {llama.LLAMA_TOKEN_NULL})
        return sorted(token for token in candidates if llama.llama_vocab_is_eog(self._handle, token))

    def suppressed_tokens(self) -> list[int]:
        """Tokens that the model's author never wants drawn."""
        count = ctypes.c_int32()
        tokens = llama.llama_vocab_get_suppress_tokens(self._handle, ctypes.byref(count))
        return [int(tokens[index]) for index in range(count.value)] if tokens else []

    def special_tokens(self) -> dict[str, SpecialToken]:
        """Control and user-defined tokens by their text."""
        return {
            self.text(token): SpecialToken(
                token,
                bool(attributes & (llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_UNKNOWN)),
                bool(attributes & llama.LLAMA_TOKEN_ATTR_LSTRIP),
                bool(attributes & llama.LLAMA_TOKEN_ATTR_RSTRIP),
            )
            for token, attributes in self._marked()
        }

    def _marked(self) -> list[tuple[int, int]]:
        """Tokens that are no ordinary text, with their attributes; asked for once, since it walks the vocabulary."""
        if self._marks is None:
            wanted = (
                llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_USER_DEFINED | llama.LLAMA_TOKEN_ATTR_UNKNOWN
            )
            attributes = (int(llama.llama_vocab_get_attr(self._handle, token)) for token in range(self.size))
            self._marks = [(token, marks) for token, marks in enumerate(attributes) if marks & wanted]
        return self._marks

    def is_control(self, token: int) -> bool:
        """Whether the token is never part of anybody's text."""
        return bool(llama.llama_vocab_is_control(self._handle, token))

    def text(self, token: int | None) -> str:
        """The token's own text, as templates name it; empty for None."""
        return "" if token is None else llama.llama_vocab_get_text(self._handle, token).decode("utf-8", "replace")

    def tokenize(self, text: str, *, parse_special: bool, add_special: bool = False) -> list[int]:
        """Tokenise `text`; `parse_special` turns control-token text into the tokens, `add_special` adds BOS."""
        data = text.encode("utf-8", "replace")
        capacity = len(data) + 16
        while True:
            buffer = (llama.llama_token * capacity)()
            count = int(
                llama.llama_tokenize(self._handle, data, len(data), buffer, capacity, add_special, parse_special)
            )
            if count >= 0:
                return list(buffer[:count])
            if -count <= capacity:
                raise ValueError("llama.cpp could not tokenise this text")
            capacity = -count

    def piece(self, token: int) -> bytes:
        """The bytes that `token` stands for, control tokens included; they may end inside a character."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._ask_piece(token)
        return known

    def find(self, piece: bytes) -> int | None:
        """The first token that stands for `piece`, which a tokenizer may always write otherwise."""
        if not self._by_piece:
            self._by_piece = {self.piece(token): token for token in reversed(range(self.size))}
        return self._by_piece.get(piece)

    def _ask_piece(self, token: int) -> bytes:
        capacity = 64
        while True:
            buffer = ctypes.create_string_buffer(capacity)
            count = int(llama.llama_token_to_piece(self._handle, token, buffer, capacity, 0, True))
            if count >= 0:
                return buffer.raw[:count]
            capacity = -count


def _token_or_none(token: int) -> int | None:
    return int(token) if token != llama.LLAMA_TOKEN_NULL else None


class Model:
    """A model file's weights and vocabulary."""

    def __init__(
        self,
        path: Path,
        *,
        gpu_layers: int = -1,
        progress: Callable[[float], bool] | None = None,
        vocabulary_only: bool = False,
    ) -> None:
        """Load `path`; `progress(fraction)` returns False to cancel. Raise ModelLoadFailed or LoadCancelled."""
        cancelled = False

        def report(fraction: float, _data: ctypes.c_void_p) -> bool:
            nonlocal cancelled
            cancelled = progress is not None and not progress(fraction)
            return not cancelled

        parameters = llama.llama_model_default_params()
        parameters.n_gpu_layers = gpu_layers if gpu_layers >= 0 else 999
        parameters.vocab_only = vocabulary_only
        callback = llama.llama_progress_callback(report)
        parameters.progress_callback = callback
        handle = llama.llama_model_load_from_file(str(path).encode(), parameters)
        if cancelled:
            if handle:
                llama.llama_model_free(handle)
            raise LoadCancelled(f"{path.name} was not loaded.")
        if not handle:
            raise ModelLoadFailed(f"llama.cpp could not load {path.name}.")
        self.handle = handle
        self.vocabulary = Vocabulary(llama.llama_model_get_vocab(handle))

    @property
    def trained_context_size(self) -> int:
        """Tokens of context that the model was trained for."""
        return int(llama.llama_model_n_ctx_train(self.handle))

    @property
    def layer_count(self) -> int:
        """Layers of the model, the output layer not counted."""
        return int(llama.llama_model_n_layer(self.handle))

    @property
    def window_size(self) -> int:
        """Tokens of its sliding attention window, 0 where it has none."""
        return int(llama.llama_model_n_swa(self.handle))

    @property
    def is_recurrent(self) -> bool:
        """Whether sequences keep a state that can't be cut back."""
        return bool(llama.llama_model_is_recurrent(self.handle) or llama.llama_model_is_hybrid(self.handle))

    @property
    def has_encoder(self) -> bool:
        """Whether it is an encoder-decoder model."""
        return bool(llama.llama_model_has_encoder(self.handle))

    @property
    def has_decoder(self) -> bool:
        """Whether it can write text at all."""
        return bool(llama.llama_model_has_decoder(self.handle))

    @property
    def description(self) -> str:
        """Architecture, size and quantisation in llama.cpp's words."""
        buffer = ctypes.create_string_buffer(256)
        llama.llama_model_desc(self.handle, buffer, 256)
        return buffer.value.decode("utf-8", "replace")

    @property
    def parameter_count(self) -> int:
        """Number of weights."""
        return int(llama.llama_model_n_params(self.handle))

    @property
    def size_bytes(self) -> int:
        """Bytes of all tensors."""
        return int(llama.llama_model_size(self.handle))

    @property
    def template(self) -> str | None:
        """The source of its default chat template."""
        found = llama.llama_model_chat_template(self.handle, None)
        return found.decode("utf-8", "replace") if found else None

    def metadata(self) -> dict[str, str]:
        """Every scalar entry of the file's metadata, as text."""
        values: dict[str, str] = {}
        for index in range(int(llama.llama_model_meta_count(self.handle))):
            key = self._meta(llama.llama_model_meta_key_by_index, index)
            values[key] = self._meta(llama.llama_model_meta_val_str_by_index, index)
        return values

    def _meta(self, read: Callable[..., int], index: int) -> str:
        capacity = 1024
        while True:
            buffer = ctypes.create_string_buffer(capacity)
            length = int(read(self.handle, index, buffer, capacity))
            if length < capacity:
                return buffer.value.decode("utf-8", "replace")
            capacity = length + 1

    def close(self) -> None:
        """Free the weights; every context of this model must be closed before."""
        llama.llama_model_free(self.handle)


class Entry(msgspec.Struct, frozen=True):
    """One token of a batch: where it stands in its sequence and whether its logits are wanted."""

    token_id: int
    position: int
    sequence: int
    wants_logits: bool


class Context:
    """The KV cache of several sequences of one model, and the computing on it."""

    DECODED, NO_ROOM, ABORTED = 0, 1, 2

    def __init__(
        self,
        model: Model,
        *,
        pool_size: int,
        sequences: int,
        batch_size: int,
        threads: int,
        flash_attention: bool | None = None,
        should_abort: Callable[[], bool] | None = None,
    ) -> None:
        """Make a context of `pool_size` tokens that `sequences` share; raise ModelLoadFailed where it can't be."""
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = -(-pool_size // 256) * 256
        parameters.n_batch = parameters.n_ubatch = batch_size
        parameters.n_seq_max = sequences
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.kv_unified = True
        parameters.no_perf = True
        if flash_attention is not None:
            parameters.flash_attn_type = int(flash_attention)
        handle = llama.llama_init_from_model(model.handle, parameters)
        if not handle:
            raise ModelLoadFailed(
                f"There is not enough memory for a context of {pool_size:,} tokens.",
                hint="Ask for a smaller context size.",
            )
        self._handle = handle
        self._memory = llama.llama_get_memory(handle)
        self._batch = llama.llama_batch_init(batch_size, 0, 1)
        self.batch_size = batch_size
        self.pool_size = int(llama.llama_n_ctx(handle))
        self.threads = int(llama.llama_n_threads(handle))
        self._vocabulary_size = model.vocabulary.size
        self._abort = llama.ggml_abort_callback(lambda _data: should_abort is not None and should_abort())
        self._abortable = False

    def decode(self, entries: Sequence[Entry], *, abortable: bool = False) -> int:
        """Compute `entries`; return DECODED, NO_ROOM or ABORTED, raise RuntimeError for anything else.

        `abortable` asks `should_abort` at every node of the graph, too dear for one token. After ABORTED a part
        may have been computed; the caller cuts its sequences back.
        """
        batch = self._batch
        if abortable != self._abortable:
            self._abortable = abortable
            callback = self._abort if abortable else llama.ggml_abort_callback(0)
            llama.llama_set_abort_callback(self._handle, callback, ctypes.c_void_p(0))
        for index, entry in enumerate(entries):
            batch.token[index] = entry.token_id
            batch.pos[index] = entry.position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = entry.sequence
            batch.logits[index] = entry.wants_logits
        batch.n_tokens = len(entries)
        result = int(llama.llama_decode(self._handle, batch))
        if result not in (self.DECODED, self.NO_ROOM, self.ABORTED):
            raise RuntimeError(f"llama_decode returned {result}")
        return result

    def logits(self, index: int) -> Logits:
        """The logits of entry `index` of the last batch, shape (vocabulary,); valid until the next decode."""
        pointer = llama.llama_get_logits_ith(self._handle, index)
        if not pointer:
            raise RuntimeError(f"no logits were computed for entry {index}")
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary_size,))

    def cut(self, sequence: int, position: int) -> bool:
        """Forget `sequence` from `position` on; False where the model's memory can't be cut there."""
        return bool(llama.llama_memory_seq_rm(self._memory, sequence, position, ALL))

    def first_position(self, sequence: int) -> int:
        """The lowest position still held for `sequence`, -1 for none."""
        return int(llama.llama_memory_seq_pos_min(self._memory, sequence))

    def clear(self, sequence: int) -> None:
        """Forget all of `sequence`."""
        llama.llama_memory_seq_rm(self._memory, sequence, ALL, ALL)

    def copy(self, source: int, target: int, length: int) -> None:
        """Let `target` begin with the first `length` tokens of `source`, sharing their cells."""
        llama.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def close(self) -> None:
        """Free the KV cache."""
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._handle)


CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
TokenIds = npt.NDArray[np.int32]
_ROW = np.dtype((np.void, CANDIDATE.itemsize))


class Candidates:
    """The tokens that may come next: one array that every stage narrows or reshapes in turn.

    Filled with (id, logit) of the whole vocabulary. Native stages work on it in place, may sort it and set `p`; those
    written in numpy work on the views that `ids` and `logits` give, which are valid until the next stage.
    """

    def __init__(self, vocabulary_size: int) -> None:
        self._data = np.zeros(vocabulary_size, CANDIDATE)
        self._ids = np.arange(vocabulary_size, dtype=np.int32)
        self._native = llama.llama_token_data_array(
            self._data.ctypes.data_as(llama.llama_token_data_p), vocabulary_size, -1, False
        )
        self._address = self._data.ctypes.data
        self.in_order = False

    def fill(self, logits: Logits) -> None:
        """Start over with the whole vocabulary."""
        self._data["id"] = self._ids
        self._data["logit"] = logits
        self._native.data = self._data.ctypes.data_as(llama.llama_token_data_p)
        self._native.size = len(self._data)
        self._native.selected = -1
        self._native.sorted = False
        self.in_order = True

    def fill_sorted(self, token_ids: TokenIds, logits: Logits) -> None:
        """Start over with these alone, the highest logit first."""
        count = len(token_ids)
        self._data["id"][:count] = token_ids
        self._data["logit"][:count] = logits
        self._native.data = self._data.ctypes.data_as(llama.llama_token_data_p)
        self._native.size = count
        self._native.selected = -1
        self._native.sorted = True
        self.in_order = False

    @property
    def size(self) -> int:
        """How many are left."""
        return int(self._native.size)

    @property
    def ids(self) -> TokenIds:
        """Their token ids, shape (size,)."""
        ids: TokenIds = self._rows["id"]
        return ids

    @property
    def logits(self) -> Logits:
        """Their logits, shape (size,); call `changed` after writing to them."""
        logits: Logits = self._rows["logit"]
        return logits

    @property
    def chances(self) -> Logits:
        """Their probabilities as a terminal stage set them, shape (size,)."""
        chances: Logits = self._rows["p"]
        return chances

    @property
    def is_sorted(self) -> bool:
        """Whether the highest logit comes first, and so on."""
        return bool(self._native.sorted)

    @property
    def selected(self) -> int | None:
        """The token that a terminal stage chose, None where it could choose only what is ruled out."""
        index = int(self._native.selected)
        row = self._rows[index] if 0 <= index < self.size else None
        return int(row["id"]) if row is not None and np.isfinite(row["logit"]) else None

    def rows(self, token_ids: TokenIds) -> npt.NDArray[np.intp]:
        """Where `token_ids` stand; those that were cut are left out."""
        if self.in_order:
            return token_ids.astype(np.intp)
        return np.flatnonzero(np.isin(self.ids, token_ids))

    def rule_out(self, token_ids: TokenIds) -> None:
        """Give `token_ids` no chance."""
        self.logits[self.rows(token_ids)] = -np.inf

    def keep(self, mask: npt.NDArray[np.bool_]) -> None:
        """Drop those where `mask` is False, of shape (size,); the one with the highest logit stays in any case."""
        if not mask.any():
            mask = np.zeros(self.size, bool)
            mask[int(self.logits.argmax())] = True
        # As plain bytes: numpy copies rows of fields one field at a time.
        rows = self._rows.view(_ROW)
        kept = rows[mask]
        rows[: len(kept)] = kept
        self.in_order = self.in_order and len(kept) == self.size
        self._native.size = len(kept)

    def drop_ruled_out(self) -> None:
        """Drop those that have no chance, for stages whose formulas have no place for a probability of 0."""
        possible = np.isfinite(self.logits)
        if not possible.all():
            self.keep(possible)

    def sort(self) -> None:
        """Put the highest logit first."""
        if not self.is_sorted:
            rows = self._rows
            rows[:] = rows[np.argsort(-rows["logit"], kind="stable")]
            self._native.sorted = True
            self.in_order = False

    def probabilities(self) -> Logits:
        """The softmax of their logits, shape (size,)."""
        logits = self.logits
        weights = np.exp(logits - logits.max())
        probabilities: Logits = weights / weights.sum()
        return probabilities

    def changed(self) -> None:
        """Logits were written, so nothing is known of their order."""
        self._native.sorted = False

    @property
    def _rows(self) -> npt.NDArray[np.void]:
        # A native stage may also cut at the front, by moving the pointer.
        start = (ctypes.addressof(self._native.data.contents) - self._address) // CANDIDATE.itemsize
        return self._data[start : start + self.size]


class NativeStage:
    """One of llama.cpp's samplers. `keeps_order` tells that it neither cuts nor sorts."""

    def __init__(self, handle: llama.llama_sampler_p, *, keeps_order: bool = False) -> None:
        self._handle = handle
        self._keeps_order = keeps_order

    def apply(self, candidates: Candidates) -> None:
        """Narrow or reshape `candidates` in place."""
        llama.llama_sampler_apply(self._handle, ctypes.byref(candidates._native))
        candidates.in_order = candidates.in_order and self._keeps_order

    def accept(self, token: int) -> None:
        """Tell it which token was chosen."""
        llama.llama_sampler_accept(self._handle, token)

    def reset(self) -> None:
        """Forget every token that it was told of."""
        llama.llama_sampler_reset(self._handle)

    def clone(self) -> NativeStage:
        """Another one in the same state."""
        return NativeStage(llama.llama_sampler_clone(self._handle), keeps_order=self._keeps_order)

    def close(self) -> None:
        """Free it."""
        llama.llama_sampler_free(self._handle)


def greedy() -> NativeStage:
    """Choose the token with the highest logit."""
    return NativeStage(llama.llama_sampler_init_greedy())


def draw(seed: int) -> NativeStage:
    """Choose by chance, in proportion to the probabilities."""
    return NativeStage(llama.llama_sampler_init_dist(seed))


def mirostat(vocabulary_size: int, seed: int, tau: float, eta: float) -> NativeStage:
    """Choose so that the surprise stays near `tau` bits: version 1, which estimates the tail from 100 tokens."""
    return NativeStage(llama.llama_sampler_init_mirostat(vocabulary_size, seed, tau, eta, 100))


def mirostat_v2(seed: int, tau: float, eta: float) -> NativeStage:
    """Choose so that the surprise stays near `tau` bits: version 2."""
    return NativeStage(llama.llama_sampler_init_mirostat_v2(seed, tau, eta))


def adaptive_p(target: float, decay: float, seed: int) -> NativeStage:
    """Choose near the probability `target`, corrected by those chosen before."""
    return NativeStage(llama.llama_sampler_init_adaptive_p(target, decay, seed))


def top_k(k: int) -> NativeStage:
    """Keep the k likeliest."""
    return NativeStage(llama.llama_sampler_init_top_k(k))


def top_p(p: float) -> NativeStage:
    """Keep the smallest set whose probabilities reach p."""
    return NativeStage(llama.llama_sampler_init_top_p(p, 1))


def min_p(p: float) -> NativeStage:
    """Drop what is less likely than p times the likeliest."""
    return NativeStage(llama.llama_sampler_init_min_p(p, 1))


def typical_p(p: float) -> NativeStage:
    """Keep what is nearest to the expected surprise, until probabilities reach p."""
    return NativeStage(llama.llama_sampler_init_typical(p, 1))


def top_n_sigma(n: float) -> NativeStage:
    """Keep what lies within n standard deviations of the highest logit."""
    return NativeStage(llama.llama_sampler_init_top_n_sigma(n))


def xtc(probability: float, threshold: float, seed: int) -> NativeStage:
    """Now and then leave out all above the threshold but the last."""
    return NativeStage(llama.llama_sampler_init_xtc(probability, threshold, 1, seed))


def infill(vocabulary: Vocabulary) -> NativeStage:
    """Join candidates that begin alike."""
    return NativeStage(llama.llama_sampler_init_infill(vocabulary.handle))


def temperature(value: float) -> NativeStage:
    """Divide the logits."""
    return NativeStage(llama.llama_sampler_init_temp(value), keeps_order=True)


def dynamic_temperature(value: float, spread: float, exponent: float) -> NativeStage:
    """Divide the logits by a temperature within `spread` of `value` that follows the entropy."""
    return NativeStage(llama.llama_sampler_init_temp_ext(value, spread, exponent))


def penalties(vocabulary_size: int, last_n: int, repeat: float, frequency: float, presence: float) -> NativeStage:
    """Penalise tokens among the last `last_n` accepted."""
    handle = llama.llama_sampler_init_penalties(vocabulary_size, last_n, repeat, frequency, presence)
    return NativeStage(handle, keeps_order=True)


def dry(
    vocabulary: Vocabulary, multiplier: float, base: float, allowed_length: int, last_n: int, breakers: Sequence[str]
) -> NativeStage:
    """Penalise what would go on repeating a sequence of the last `last_n` tokens, cut at `breakers`."""
    texts = (ctypes.c_char_p * len(breakers))(*(text.encode() for text in breakers))
    handle = llama.llama_sampler_init_dry(
        vocabulary.handle, multiplier, base, allowed_length, last_n, texts, len(breakers)
    )
    return NativeStage(handle, keeps_order=True)


def grammar(vocabulary: Vocabulary, gbnf: str) -> NativeStage | None:
    """Give no chance to what the grammar `gbnf` does not allow next; None where llama.cpp can't read it."""
    handle = llama.llama_sampler_init_grammar(vocabulary.handle, gbnf.encode(), b"root")
    return NativeStage(handle, keeps_order=True) if handle else None
