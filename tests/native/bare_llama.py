"""What llama.cpp itself writes: a plain loop on its low-level API, without anything of the engine.

`python bare_llama.py MODEL CONTEXT_SIZE THREADS` reads a list of jobs as JSON from standard input and prints a list
of results; `ask` does so in a process of its own. A job is one of
{"tokens", "split", "limit", "chain"}: continue; `split` are the sizes of the batches in which the prompt is computed,
`chain` the samplers as [name, argument …];
the same with "changes": the tokens, then for each sampler at how many of them it changed the candidates;
{"text", "special"}: tokenise;
{"tokens", "judge", "banned"}: of each token from position `judge` on, by how much its logit stays below the highest
that is not banned.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import llama_cpp.llama_cpp as llama

import chatapp
from chatapp.engine.worker import amx

BATCH_SIZE = 512


def _ban(vocabulary_size: int, tokens: list[int]) -> Any:
    biases = (llama.llama_logit_bias * len(tokens))(*((token, float("-inf")) for token in tokens))
    return llama.llama_sampler_init_logit_bias(vocabulary_size, len(tokens), biases)


def _bias(vocabulary_size: int, biases: list[tuple[int, float]]) -> Any:
    native = (llama.llama_logit_bias * len(biases))(*((token, bias) for token, bias in biases))
    return llama.llama_sampler_init_logit_bias(vocabulary_size, len(biases), native)


def _dry(vocabulary: Any, multiplier: float, base: float, allowed_length: int, last_n: int, breakers: list[str]) -> Any:
    texts = (ctypes.c_char_p * len(breakers))(*(text.encode() for text in breakers))
    return llama.llama_sampler_init_dry(vocabulary, multiplier, base, allowed_length, last_n, texts, len(breakers))


def _nucleus(init: Callable[[float, int], Any]) -> Callable[[float], Any]:
    return lambda p: init(p, 1)


_SAMPLERS: dict[str, Callable[..., Any]] = {
    "ban": _ban,
    "greedy": llama.llama_sampler_init_greedy,
    "dist": llama.llama_sampler_init_dist,
    "top_k": llama.llama_sampler_init_top_k,
    "top_p": _nucleus(llama.llama_sampler_init_top_p),
    "min_p": _nucleus(llama.llama_sampler_init_min_p),
    "typical_p": _nucleus(llama.llama_sampler_init_typical),
    "temperature": llama.llama_sampler_init_temp,
    "penalties": llama.llama_sampler_init_penalties,
    "bias": _bias,
    "top_n_sigma": llama.llama_sampler_init_top_n_sigma,
    "xtc": lambda probability, threshold, seed: llama.llama_sampler_init_xtc(probability, threshold, 1, seed),
    "dynamic_temperature": llama.llama_sampler_init_temp_ext,
    "mirostat": lambda size, seed, tau, eta: llama.llama_sampler_init_mirostat(size, seed, tau, eta, 100),
    "mirostat_v2": llama.llama_sampler_init_mirostat_v2,
    "adaptive_p": llama.llama_sampler_init_adaptive_p,
}
_SAMPLERS_OF_A_VOCABULARY: dict[str, Callable[..., Any]] = {
    "dry": _dry,
    "infill": llama.llama_sampler_init_infill,
}


def _as_set(candidates: Any) -> set[tuple[int, float]]:
    return {(candidates.data[index].id, candidates.data[index].logit) for index in range(candidates.size)}


class BareLlama:
    """One model, one context, one sequence."""

    def __init__(self, path: str, context_size: int, threads: int, flash_attention: bool) -> None:
        self._log = llama.llama_log_callback(lambda level, text, data: None)
        llama.llama_log_set(self._log, ctypes.c_void_p(0))
        llama.llama_backend_init()
        with amx.refused(Path(llama.__file__).parent / "lib" / "libggml-cpu.so"):
            self._model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        self._vocabulary = llama.llama_model_get_vocab(self._model)
        parameters = llama.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = context_size, BATCH_SIZE, BATCH_SIZE
        parameters.flash_attn_type = int(flash_attention)
        parameters.n_threads = parameters.n_threads_batch = threads
        self._context = llama.llama_init_from_model(self._model, parameters)
        self._batch = llama.llama_batch_init(BATCH_SIZE, 0, 1)

    def tokenize(self, text: str, special: bool) -> list[int]:
        data = text.encode()
        buffer = (llama.llama_token * (len(data) + 16))()
        count = llama.llama_tokenize(self._vocabulary, data, len(data), buffer, len(buffer), True, special)
        return list(buffer[:count])

    def generate(
        self, tokens: list[int], split: list[int], limit: int, stages: Sequence[Sequence[Any]], *, count: bool
    ) -> tuple[list[int], list[int]]:
        """The tokens that follow, and for each of `stages` at how many of them it changed the candidates."""
        llama.llama_memory_clear(llama.llama_get_memory(self._context), True)
        chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        for name, *arguments in stages:
            llama.llama_sampler_chain_add(chain, self._sampler(name, arguments))
        for token in tokens:
            llama.llama_sampler_accept(chain, token)
        position = 0
        for size in split:
            self._decode(tokens[position : position + size], position)
            position += size
        written: list[int] = []
        changes = [0] * len(stages)
        while len(written) < limit:
            if written:
                self._decode(written[-1:], len(tokens) + len(written) - 1)
            if count:
                changes = [total + changed for total, changed in zip(changes, self._changes(chain), strict=True)]
            written.append(int(llama.llama_sampler_sample(chain, self._context, -1)))
        llama.llama_sampler_free(chain)
        return written, changes

    def _sampler(self, name: str, arguments: Sequence[Any]) -> Any:
        if name in _SAMPLERS_OF_A_VOCABULARY:
            return _SAMPLERS_OF_A_VOCABULARY[name](self._vocabulary, *arguments)
        return _SAMPLERS[name](*arguments)

    def _changes(self, chain: Any) -> list[bool]:
        """Whether each sampler of `chain` changes the candidates that it would see now; copies are asked."""
        size = llama.llama_vocab_n_tokens(self._vocabulary)
        logits = llama.llama_get_logits_ith(self._context, -1)[:size]
        data = (llama.llama_token_data * size)(*((token, logit, 0.0) for token, logit in enumerate(logits)))
        candidates = llama.llama_token_data_array(data, size, -1, False)
        before, changed = _as_set(candidates), []
        for index in range(llama.llama_sampler_chain_n(chain)):
            copy = llama.llama_sampler_clone(llama.llama_sampler_chain_get(chain, index))
            llama.llama_sampler_apply(copy, ctypes.byref(candidates))
            llama.llama_sampler_free(copy)
            after = _as_set(candidates)
            changed.append(after != before)
            before = after
        return changed

    def judge(self, tokens: list[int], start: int, banned: list[int]) -> list[float]:
        llama.llama_memory_clear(llama.llama_get_memory(self._context), True)
        self._decode(tokens, 0, all_logits=True)
        size = llama.llama_vocab_n_tokens(self._vocabulary)
        gaps = []
        for position in range(start, len(tokens)):
            logits = llama.llama_get_logits_ith(self._context, position - 1)[:size]
            highest = max(logit for token, logit in enumerate(logits) if token not in banned)
            gaps.append(highest - logits[tokens[position]])
        return gaps

    def _decode(self, tokens: list[int], first: int, *, all_logits: bool = False) -> None:
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index], batch.pos[index] = token, first + index
            batch.n_seq_id[index], batch.seq_id[index][0] = 1, 0
            batch.logits[index] = all_logits or index == len(tokens) - 1
        if llama.llama_decode(self._context, batch) != 0:
            raise RuntimeError("llama_decode failed")

    def answer(self, job: dict[str, Any]) -> list[int] | list[float]:
        if "text" in job:
            return self.tokenize(job["text"], job["special"])
        if "judge" in job:
            return self.judge(job["tokens"], job["judge"], job["banned"])
        count = bool(job.get("changes"))
        written, changes = self.generate(job["tokens"], job["split"], job["limit"], job["chain"], count=count)
        return [*written, *changes] if count else written


def ask(
    model: Path, jobs: Sequence[dict[str, Any]], *, context_size: int, flash_attention: bool = False
) -> list[list[Any]]:
    """The results of `jobs`, computed with one thread in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, str(model), str(context_size), "1", str(int(flash_attention))],
        input=json.dumps(list(jobs)),
        env=os.environ | {"PYTHONPATH": str(Path(chatapp.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return cast(list[list[Any]], json.loads(done.stdout))


def main() -> None:
    bare = BareLlama(sys.argv[1], *map(int, sys.argv[2:4]), flash_attention=sys.argv[4] == "1")
    jobs = cast(list[dict[str, Any]], json.load(sys.stdin))
    sys.stdout.write(json.dumps([bare.answer(job) for job in jobs]))


if __name__ == "__main__":
    main()
