"""A bare llama.cpp loop in one process, on the low-level API alone: what the engine is measured against.

`python -m tests.benchmarks.bare_loop MODEL PROMPT_TOKENS NEW_TOKENS` prints one JSON object a line read from
standard input, so that a caller can alternate it with something else.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time

import llama_cpp.llama_cpp as llama

from chatapp.engine.worker import amx
from chatapp.engine.worker.llama import processor_library
from chatapp.engine.worker.loader import BATCH_SIZE, core_count


class BareLoop:
    """One model, one sequence, greedy."""

    def __init__(self, path: str, context_size: int = 4096) -> None:
        self._log = llama.llama_log_callback(lambda level, text, data: None)
        llama.llama_log_set(self._log, ctypes.c_void_p(0))
        llama.llama_backend_init()
        with amx.refused(processor_library()):
            self.model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        parameters = llama.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = context_size, BATCH_SIZE, BATCH_SIZE
        parameters.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED  # as chatapp does on the processor
        parameters.n_threads = parameters.n_threads_batch = core_count()
        self.context = llama.llama_init_from_model(self.model, parameters)
        self.vocab = llama.llama_model_get_vocab(self.model)
        self.batch = llama.llama_batch_init(BATCH_SIZE, 0, 1)
        self.greedy = llama.llama_sampler_init_greedy()

    def _decode(self, tokens: list[int], first: int) -> None:
        batch = self.batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = first + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = index == len(tokens) - 1
        if llama.llama_decode(self.context, batch) != 0:
            raise RuntimeError("llama_decode failed")

    def generate(self, prompt: list[int], new_tokens: int) -> tuple[list[int], float, float]:
        """Return the tokens, the seconds to the first and the seconds from the first to the last."""
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        buffer = ctypes.create_string_buffer(256)
        began = time.perf_counter()
        for start in range(0, len(prompt), BATCH_SIZE):
            self._decode(prompt[start : start + BATCH_SIZE], start)
        written: list[int] = []
        first = began
        while True:
            token = int(llama.llama_sampler_sample(self.greedy, self.context, -1))
            written.append(token)
            llama.llama_token_to_piece(self.vocab, token, buffer, 256, 0, True)
            if len(written) == 1:
                first = time.perf_counter()
            if len(written) == new_tokens:
                return written, first - began, time.perf_counter() - first
            self._decode([token], len(prompt) + len(written) - 1)


def main() -> None:
    path, prompt_tokens, new_tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    loop = BareLoop(path)
    prompt = [1000 + 7 * index % 5000 for index in range(prompt_tokens)]
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        prompt[0] = 1000 + int(line)
        written, first_s, rest_s = loop.generate(prompt, new_tokens)
        print(json.dumps({"first_s": first_s, "speed": (len(written) - 1) / rest_s}), flush=True)


if __name__ == "__main__":
    main()
