"""The worker's process: `python -m chatapp.engine.worker LOGFILE`.

Commands come on standard input, answers go to standard output. Both are duplicated first, then file descriptors 1
and 2 go to the log, since native code writes to them. The end of standard input ends the process.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from chatapp.core.errors import ChatappError, EngineError, ModelLoadFailed
from chatapp.engine.protocol import (
    HEADER_BYTES,
    VERSION,
    Answer,
    Command,
    Failed,
    Hello,
    Load,
    Loaded,
    Loading,
    Spell,
    Spelled,
    Tokenize,
    Tokenized,
    body_length,
    command_decoder,
    encode,
)
from chatapp.engine.worker import llama
from chatapp.engine.worker.archive import Archive, open_archive
from chatapp.engine.worker.heart import Heart
from chatapp.engine.worker.inbox import Inbox
from chatapp.engine.worker.llama import Vocabulary
from chatapp.engine.worker.loader import LoadedModel, load
from chatapp.engine.worker.log import Log
from chatapp.engine.worker.loop import Loop
from chatapp.engine.worker.tokenizing import Tokenizer

TOKENIZER_STACK_BYTES = 512 * 1024 * 1024
"""llama.cpp's pattern matching recurses once a character; a pasted megabyte needs this much stack."""


LAST_WORDS_S = 1.5
"""How long conversations may be written to disk when nobody listens any more."""
PROGRESS_STEP = 0.01


class Worker:
    """The threads of this process: one reads, one writes, one tokenises, one beats, and this one computes."""

    def __init__(self, commands: BinaryIO, answers: BinaryIO, log: Log) -> None:
        self._commands = commands
        self._answers = answers
        self._log = log
        self._outbox: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._inbox = Inbox()
        self._texts: queue.SimpleQueue[Tokenize | Spell] = queue.SimpleQueue()
        self._heart = Heart(self._outbox.put)
        self._serving = threading.Event()

    def run(self) -> None:
        """Load what is asked for and serve it until standard input ends."""
        threading.Thread(target=self._write, name="writer", daemon=True).start()
        llama.start(self._log.write)
        devices = tuple(f"{device.name}: {device.description}" for device in llama.devices())
        self._outbox.put(Hello(VERSION, os.getpid(), llama.build_name(), llama.system_info(), devices))
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        self._heart.start()
        while (commands := self._inbox.take(wait=True)) is not None:
            if (found := self._load(commands)) is not None:
                self._serve(*found)

    def _serve(self, loaded: LoadedModel, archive: Archive | None) -> None:
        self._serving.set()
        Loop(loaded, self._inbox, self._outbox.put, self._heart, archive).run()
        os._exit(0)

    def _load(self, commands: Sequence[tuple[Command, float]]) -> tuple[LoadedModel, Archive | None] | None:
        for command, _ in commands:
            if not isinstance(command, Load):
                self._outbox.put(Failed.of(getattr(command, "request_id", None), EngineError("No model is loaded.")))
                continue
            try:
                loaded = self._load_model(command)
                return loaded, open_archive(command, loaded.card, self._log.note)
            except ChatappError as error:
                self._outbox.put(Failed.of(None, self._explained(error)))
            finally:
                self._heart.beat("idle")
        return None

    def _explained(self, error: ChatappError) -> ChatappError:
        """Add what llama.cpp itself said of a file that it refused."""
        reason = self._log.said.first_error
        if not isinstance(error, ModelLoadFailed) or not reason or error.hint:
            return error
        return ModelLoadFailed(f"{error.message} It says: {reason}", hint="The file may be damaged, or too new for it.")

    def _load_model(self, command: Load) -> LoadedModel:
        self._heart.beat("load")
        told = 0.0

        def progress(fraction: float) -> bool:
            nonlocal told
            self._heart.beat("load")
            if fraction - told >= PROGRESS_STEP:
                told = fraction
                self._outbox.put(Loading(fraction))
            return not self._inbox.is_cancelled()

        loaded = load(command, progress=progress, should_abort=self._inbox.is_urgent, log=self._log)
        vocabulary = loaded.model.vocabulary
        self._start_tokenizer(vocabulary)
        bos, eos = vocabulary.text(vocabulary.bos), vocabulary.text(vocabulary.eos)
        self._outbox.put(
            Loaded(
                card=loaded.card,
                bos=bos,
                eos=eos,
                sequences=loaded.sequences,
                footprint=self._log.buffers.footprint,
            )
        )
        return loaded

    def _read(self) -> None:
        try:
            while (header := self._commands.read(HEADER_BYTES)) and len(header) == HEADER_BYTES:
                command = command_decoder.decode(self._commands.read(body_length(header)))
                if isinstance(command, Tokenize | Spell):
                    self._texts.put(command)
                else:
                    self._inbox.put(command)
        except Exception:  # noqa: BLE001 - the border of this thread; what follows can't be understood
            traceback.print_exc()
            os._exit(1)
        # The parent is gone or wants us gone: whatever the loop computes is for nobody, but what it holds may be kept.
        self._inbox.close()
        if self._serving.is_set():
            time.sleep(LAST_WORDS_S)
        os._exit(0)

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._answers.write(encode(self._outbox.get()))
                if self._outbox.empty():
                    self._answers.flush()
        os._exit(0)

    def _start_tokenizer(self, vocabulary: Vocabulary) -> None:
        before = 0
        with contextlib.suppress(ValueError, RuntimeError):
            before = threading.stack_size(TOKENIZER_STACK_BYTES)
        threading.Thread(target=self._tokenize, args=(vocabulary,), name="tokenizer", daemon=True).start()
        threading.stack_size(before)

    def _tokenize(self, vocabulary: Vocabulary) -> None:
        tokenizer = Tokenizer(vocabulary)
        while True:
            command = self._texts.get()
            with self._heart.helping():
                try:
                    answer = _told(command, tokenizer, vocabulary)
                except Exception as error:  # noqa: BLE001 - the border of this thread; the caller is told
                    traceback.print_exc()
                    answer = Failed.of(command.request_id, EngineError(f"The text could not be tokenised: {error}."))
                self._outbox.put(answer)


def _told(command: Tokenize | Spell, tokenizer: Tokenizer, vocabulary: Vocabulary) -> Answer:
    """The tokens of a prompt, or the texts of tokens."""
    if isinstance(command, Spell):
        known = range(vocabulary.size)
        pieces = (vocabulary.piece(token) if token in known else b"\xff" for token in command.token_ids)
        return Spelled(command.request_id, tuple(piece.decode("utf-8", "replace") for piece in pieces))
    return Tokenized(command.request_id, tuple(tokenizer.tokens(command.pieces, add_bos=command.add_bos)))


def main() -> None:
    """Take over standard input and output, then work."""
    commands = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    log = Log(Path(sys.argv[1]))
    os.dup2(log.descriptor, 1)
    os.dup2(log.descriptor, 2)
    faulthandler.enable(file=log.descriptor)
    _forbid_core_dumps()
    Worker(commands, answers, log).run()


def _forbid_core_dumps() -> None:
    """A core file would hold the conversation."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
