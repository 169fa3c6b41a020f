"""The process that tries a grammar: `python -m chatapp.engine.worker.constraints.trial`.

It reads one request, converts and loads, walks a few steps with the grammar, answers and ends. Whatever llama.cpp
does on the way, it does here.
"""

from __future__ import annotations

import faulthandler
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.random import default_rng

from chatapp.core.errors import ChatappError, ParameterError
from chatapp.engine.worker import llama
from chatapp.engine.worker.constraints import verdict
from chatapp.engine.worker.constraints.form import form_of, to_grammar
from chatapp.engine.worker.constraints.gbnf import QUOTED
from chatapp.engine.worker.constraints.grammar import Grammar
from chatapp.engine.worker.constraints.spelling import spelled
from chatapp.engine.worker.constraints.verdict import OUT_OF_MEMORY, Passed, Ready, Refused, Trial, Unreadable
from chatapp.engine.worker.llama import Candidates, Model, Vocabulary
from chatapp.rendering.limits import ignore_interrupts, limit_memory

STEPS = 40
WALK_S = 0.5
STEP_LIMIT_S = 1.0
"""Processor time that one look over the whole vocabulary may take."""
_STDERR = 2
_TELLING_BYTES = 32 * 1024 * 1024
_LONGEST_REASON = 300
_OTHERWISE = "Leave that part out, or say in another way what the answer must be."
_COMPLAINT = "error parsing grammar: "


def main() -> None:
    """Answer one request."""
    ignore_interrupts()
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(_STDERR, 1)
    header = source.read(verdict.HEADER_BYTES)
    trial = verdict.trial_decoder.decode(source.read(verdict.body_length(header)))
    log: list[str] = []
    llama.start(lambda level, text: log.append(text) if level == "error" else None)
    try:
        model = Model(Path(trial.path), vocabulary_only=True)
    except ChatappError as error:
        _send(sink, Unreadable(error.message, error.hint))
        return
    _send(sink, Ready())
    # The parent may be gone, and then nobody else ends this.
    faulthandler.dump_traceback_later(trial.limit_s + 5, exit=True)
    try:
        limit_memory(trial.limit_bytes)
        _send(sink, _verdict(trial, model.vocabulary, log))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    sink.close()
    # Freeing a grammar of a million rules takes longer than trying it.
    os._exit(0)


def _verdict(trial: Trial, vocabulary: Vocabulary, log: list[str]) -> Passed | Refused:
    name = form_of(trial.values)
    try:
        gbnf = to_grammar(trial.values)
        try:
            grammar = Grammar(vocabulary, gbnf)
        except ParameterError:
            raise _unreadable(name, gbnf, log) from None
        Walk(name, grammar, vocabulary).run(trial.prefix)
    except ParameterError as error:
        return Refused(error.message, error.hint or _OTHERWISE)
    return Passed(gbnf)


def _unreadable(name: str, gbnf: str, log: list[str]) -> ParameterError:
    """What llama.cpp said of a grammar that it did not take."""
    reason, place = _complaint(gbnf)
    reason = reason or " ".join(log).strip() or "it gave no reason"
    if "left recursion" in reason:
        return ParameterError(
            f"{name} can't be used: {_recursive(gbnf)} begins with itself (left recursion).",
            hint='Put what is repeated first: list ::= item ("," item)*.',
        )
    if reason.startswith("Undefined rule identifier"):
        return ParameterError(
            f"{name} uses the rule {reason.split()[-1]}, which it does not define.", hint="Add a line: name ::= …."
        )
    if "does not contain a 'root'" in reason:
        return ParameterError(f"{name} has no rule called root.", hint="The answer begins with root ::= ….")
    return ParameterError(
        f"{name} can't be read{place}: {reason[:_LONGEST_REASON]}.",
        hint="llama.cpp's grammars/README.md describes the notation.",
    )


def _complaint(gbnf: str) -> tuple[str, str]:
    """The reason that the parser wrote to standard error, and where in `gbnf` it stands."""
    os.lseek(_STDERR, 0, os.SEEK_SET)
    _, said, text = os.read(_STDERR, _TELLING_BYTES).decode("utf-8", "replace").rpartition(_COMPLAINT)
    if not said:
        return "", ""
    if text.startswith("std::bad_alloc"):
        raise MemoryError
    reason = text.removesuffix("\n").removesuffix(gbnf).rstrip()
    words, at, rest = reason.partition(" at ")
    if not at and reason.endswith(" at"):
        return reason.removesuffix(" at"), " at the end"
    if not rest or not gbnf.rstrip().endswith(rest):
        return reason, ""
    before = gbnf[: len(gbnf.rstrip()) - len(rest)]
    return words, f" in line {before.count(chr(10)) + 1}, character {len(before) - before.rfind(chr(10))}"


def _recursive(gbnf: str) -> str:
    """The rule that begins with itself, named where it is seen without knowing what can be empty."""
    parts = re.split(r"([\w-]+)\s*::=", QUOTED.sub(lambda found: " " if found[0][0] == "#" else " . ", gbnf))
    first = {name: set(_heads(body)) for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    for rule, heads in first.items():
        seen: set[str] = set()
        waiting = list(heads)
        while waiting:
            head = waiting.pop()
            if head == rule:
                return f"the rule {rule}"
            if head not in seen:
                seen.add(head)
                waiting.extend(first.get(head, ()))
    return "one of its rules"


def _heads(body: str) -> Iterator[str]:
    """The names of rules with which the alternatives of a rule begin."""
    groups, at_head = [True], True
    for part in re.findall(r"[\w-]+|\S", body):
        if part == "(":
            groups.append(at_head)
        elif part == "|":
            at_head = groups[-1]
        else:
            if part == ")" and len(groups) > 1:
                groups.pop()
            elif at_head and part != ".":
                yield part
            at_head = False


class Walk:
    """Some steps through a grammar, with the whole vocabulary to choose from."""

    def __init__(self, name: str, grammar: Grammar, vocabulary: Vocabulary) -> None:
        self._name = name
        self._grammar = grammar
        self._vocabulary = vocabulary
        self._candidates = Candidates(vocabulary.size)
        self._chance = default_rng(0)

    def run(self, prefix: str) -> None:
        """Begin with `prefix` and go on at random; raise ParameterError where it is not allowed or leads nowhere."""
        self._begin(prefix)
        deadline = time.monotonic() + WALK_S
        ends = set(self._vocabulary.end_tokens())
        for step in range(STEPS):
            token = self._drawn(step)
            if token in ends or time.monotonic() > deadline:
                return
            self._grammar.accept(token)

    def _begin(self, prefix: str) -> None:
        tokens = spelled(self._vocabulary, prefix)
        if tokens is None:
            raise ParameterError(f"The model has no tokens for “{prefix[:60]}”, with which the answer begins.")
        count = self._grammar.replay(tokens)
        if count < len(tokens):
            kept = b"".join(self._vocabulary.piece(token) for token in tokens[:count]).decode("utf-8", "replace")
            raise ParameterError(
                f"{self._name} does not allow an answer that begins with “{prefix[:60]}”"
                + (f": it allows only “{kept[:60]}” of it." if kept else "."),
                hint="Change what the answer begins with, or the constraint.",
            )

    def _drawn(self, step: int) -> int:
        """One of the tokens that may come next."""
        self._candidates.fill(np.zeros(self._vocabulary.size, np.float32))
        started = time.process_time()
        self._grammar.mask(self._candidates)
        spent = time.process_time() - started
        if spent > STEP_LIMIT_S:
            raise ParameterError(
                f"{self._name} takes too long: {spent:.1f} s for token {step + 1}.",
                hint="Use fewer alternatives, smaller repetition counts or less nesting.",
            )
        allowed = self._candidates.ids[np.isfinite(self._candidates.logits)]
        if not len(allowed):
            raise ParameterError(
                f"{self._name} leads nowhere: after {step} tokens this model has none that it allows.",
                hint="It may ask for characters that the model can't write, or have no end.",
            )
        return int(self._chance.choice(allowed))


def _send(sink: BinaryIO, frame: verdict.Verdict) -> None:
    sink.write(verdict.encode(frame))
    sink.flush()


if __name__ == "__main__":
    main()
