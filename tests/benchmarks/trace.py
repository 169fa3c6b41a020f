"""What the engine does when much is asked at once: every batch, every wait, and each reply against itself alone.

`python -m tests.benchmarks.trace MODEL.gguf [--threads N] [--context N] [--long-first] …`. Two conversations are being
answered when a branch of the first, four samples of a prompt and a long prompt are asked for, all greedy. The engine's
loop runs in this process; each reply is then made alone on a model that was loaded anew, and where the two part, a
bare llama.cpp loop judges how near the two candidates are. The exit code is 1 where that was no near tie.
With `--micro-batch-size 32` llama.cpp computes one way throughout.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import cast

import msgspec

from chatapp.core.events import Finished, Queued, TokenDetail, TokenDetails
from chatapp.core.loading import LoadSettings
from chatapp.engine.protocol import Answer, Failed, Generate, Load, Reported
from chatapp.engine.worker import llama
from chatapp.engine.worker.heart import Heart
from chatapp.engine.worker.inbox import Inbox
from chatapp.engine.worker.llama import Context, Entry, Vocabulary
from chatapp.engine.worker.loader import LoadedModel, load
from chatapp.engine.worker.log import Log
from chatapp.engine.worker.loop import Loop
from chatapp.engine.worker.slot import Slot
from tests.benchmarks.judge import Judge, Rounding
from tests.benchmarks.scene import SAMPLES, Key, Scene, make_scene

OUTCOMES = {Context.NO_ROOM: " · no room", Context.ABORTED: " · broken off"}

# What happened


@dataclass(frozen=True)
class Batch:
    """One call of llama.cpp: who computed how many tokens of a prompt, who thereby got a first token, or a next one."""

    began: float
    ended: float
    processor_s: float
    prompts: tuple[tuple[str, int], ...]
    firsts: tuple[str, ...]
    replies: tuple[str, ...]
    outcome: int

    @property
    def shape(self) -> tuple[object, ...]:
        """What batches that make one line have in common."""
        return tuple(name for name, _ in self.prompts), self.firsts, self.replies, self.outcome


@dataclass
class Record:
    """Batches and events of one run, by reply; times are seconds of the monotonic clock."""

    batches: list[Batch] = field(default_factory=list)
    asked: dict[int, float] = field(default_factory=dict)
    details: dict[Key, list[TokenDetail]] = field(default_factory=dict)
    queued: dict[Key, list[str]] = field(default_factory=dict)
    ends: dict[Key, Finished] = field(default_factory=dict)

    def take(self, answer: Answer) -> None:
        if isinstance(answer, Failed):
            raise RuntimeError(answer.message)
        if not isinstance(answer, Reported):
            return
        event = answer.event
        key = (event.request_id, event.sample)
        match event:
            case TokenDetails():
                self.details[key] = [*self.details.get(key, [])[: event.offset], *event.tokens]
            case Queued():
                self.queued.setdefault(key, []).append(event.reason)
            case Finished():
                self.ends[key] = event

    def token_times(self, key: Key) -> list[float]:
        first = self.asked[key[0]] + self.ends[key].timings.first_token_s
        return [first + detail.seconds for detail in self.details[key]]


class Watched:
    """A context that tells of every batch; all else is the context's own."""

    def __init__(self, context: Context, tell: Callable[[Sequence[Entry], int, float, float, float], None]) -> None:
        self._context = context
        self._tell = tell

    def __getattr__(self, name: str) -> object:
        return getattr(self._context, name)

    def decode(self, entries: Sequence[Entry], *, abortable: bool = False) -> int:
        began, spent = time.monotonic(), time.process_time()
        outcome = self._context.decode(entries, abortable=abortable)
        self._tell(entries, outcome, began, time.monotonic(), time.process_time() - spent)
        return outcome


class Stage:
    """A loaded model and the loop that serves it, in this thread."""

    def __init__(self, model: Path, settings: LoadSettings, log: Log) -> None:
        self._inbox = Inbox()
        self.loaded: LoadedModel = load(
            Load(str(model), settings), progress=lambda _: True, should_abort=self._inbox.is_urgent, log=log
        )

    def close(self) -> None:
        self.loaded.context.close()
        self.loaded.model.close()

    def play(self, scene: Scene) -> Record:
        """Ask for everything, until all have been answered."""
        record = Record()
        waiting = list(scene.then)

        def send(answer: Answer) -> None:
            record.take(answer)
            if waiting and all((each.request_id, 0) in record.details for each in scene.running):
                self._ask(waiting, record)
            if len(record.ends) == len(scene.keys):
                self._inbox.close()

        def tell(entries: Sequence[Entry], outcome: int, began: float, ended: float, spent: float) -> None:
            slots = loop._memory.slots
            record.batches.append(_batch(entries, outcome, (began, ended, spent), slots, scene.name))

        watched = cast(Context, Watched(self.loaded.context, tell))
        loop = Loop(replace(self.loaded, context=watched), self._inbox, send, Heart(lambda _: None))
        self._ask(list(scene.running), record)
        loop.run()
        return record

    def _ask(self, requests: list[Generate], record: Record) -> None:
        while requests:
            request = requests.pop(0)
            record.asked[request.request_id] = time.monotonic()
            self._inbox.put(request)


def _batch(
    entries: Sequence[Entry],
    outcome: int,
    times: tuple[float, float, float],
    slots: Sequence[Slot],
    name_of: Callable[[Key], str],
) -> Batch:
    counts = Counter(entry.sequence for entry in entries)
    told = {entry.sequence for entry in entries if entry.wants_logits}
    here = [(slot, slot.job) for slot in slots if slot.sequence in counts]
    named = [(name_of((job.request.request_id, job.sample)), slot) for slot, job in here if job is not None]
    return Batch(
        *times,
        prompts=tuple((name, counts[slot.sequence]) for name, slot in named if not slot.is_replying),
        firsts=tuple(name for name, slot in named if not slot.is_replying and slot.sequence in told),
        replies=tuple(name for name, slot in named if slot.is_replying),
        outcome=outcome,
    )


# What is shown


def ms(seconds: float) -> str:
    return f"{1000 * seconds:,.1f}"


def spread(seconds: Sequence[float]) -> str:
    low, high = min(seconds), max(seconds)
    return ms(low) if len(seconds) == 1 else f"{ms(low)}–{ms(high)}"


def brief(names: Sequence[str]) -> str:
    """Names in a row, the samples as one."""
    samples = [name.removeprefix("sample ") for name in names if name.startswith("sample ")]
    whole = ["samples 1–4"] if len(samples) == SAMPLES else [f"sample {number}" for number in samples]
    return ", ".join([name for name in names if not name.startswith("sample ")] + whole)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: int) -> None:
    """Print columns; the first is a name, the next `right` ones are figures."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in (head, *rows):
        cells = [
            cell.rjust(width) if 0 < column <= right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    print()


def show_batches(record: Record) -> None:
    """One line for each run of batches in which the same ones take part."""
    start, others = record.asked[1], record.asked[3]
    rows: list[list[str]] = []
    for _, run in groupby(record.batches, key=lambda batch: (batch.shape, batch.began >= others)):
        batches = list(run)
        first = batches[0]
        read: Counter[str] = Counter()
        for batch in batches:
            read.update(dict(batch.prompts))
        prompts = ", ".join(f"{name} {count:,}" for name, count in read.items())
        rows.append(
            [
                "▸" if first.began >= others else "",
                ms(first.began - start),
                str(len(batches)),
                spread([batch.ended - batch.began for batch in batches]),
                spread([batch.processor_s for batch in batches]),
                f"{sum(read.values()):,}" if read else "",
                prompts + OUTCOMES.get(first.outcome, ""),
                brief(first.firsts),
                brief(first.replies),
            ]
        )
    head = ["", "at ms", "batches", "ms each", "of processor", "tokens", "of the prompts of"]
    table([*head, "first token for", "next token for"], rows, 5)
    print("▸ the branch, the samples and the long prompt have been asked for\n")


def longest_wait(record: Record, key: Key) -> tuple[float, str]:
    """The longest time between two tokens of a reply, and what was done meanwhile."""
    gaps = pairwise(record.token_times(key))
    before, after = max(gaps, key=lambda gap: gap[1] - gap[0])
    batches = [batch for batch in record.batches if batch.began < after and batch.ended > before]
    computed = sum(batch.ended - batch.began for batch in batches)
    read: Counter[str] = Counter()
    for batch in batches:
        read.update(dict(batch.prompts))
    parts = [f"{count:,} of {name}" for name, count in read.items()]
    replies = max((len(batch.replies) for batch in batches), default=0)
    what = " + ".join([*parts, f"{replies} replies"])
    many = "one batch" if len(batches) == 1 else f"{len(batches)} batches"
    return after - before, f"{many} of {ms(computed)} ms ({what}), {ms(after - before - computed)} ms of choosing"


def show_waits(record: Record, scene: Scene) -> None:
    rows: list[list[str]] = []
    for key in scene.keys:
        end = record.ends[key]
        wait, what = longest_wait(record, key)
        rows.append(
            [
                scene.name(key),
                ms(end.timings.queued_s),
                f"{end.prompt_tokens:,}",
                f"{end.cached_tokens:,}",
                f"{end.processed_tokens:,}",
                ms(end.timings.prompt_s),
                ms(end.timings.first_token_s),
                str(end.reply_tokens),
                ms(wait),
                what,
            ]
        )
    figures = ["queued ms", "prompt", "cached", "computed", "in ms", "first token ms", "reply", "longest wait ms"]
    table(["", *figures, "in which"], rows, len(figures))
    for key in scene.keys:
        for reason in record.queued.get(key, []):
            print(f"{scene.name(key)} waited: {reason}")
        if reason := record.ends[key].cached_reason:
            print(f"{scene.name(key)} did not reuse more: {reason}")
    print()


# Against alone


@dataclass(frozen=True)
class Comparison:
    """One reply made together and alone: how many tokens are the same, and how far their log-probabilities moved."""

    together: tuple[int, ...]
    alone: tuple[int, ...]
    same: int
    moved: float

    @classmethod
    def of(cls, together: Sequence[TokenDetail], alone: Sequence[TokenDetail]) -> Comparison:
        ours, theirs = (tuple(each.token_id for each in details) for details in (together, alone))
        same = next((place for place, (one, two) in enumerate(zip(ours, theirs, strict=True)) if one != two), len(ours))
        moves = (abs(one.logprob - two.logprob) for one, two in zip(together[:same], alone[:same], strict=True))
        return cls(ours, theirs, same, max(moves, default=0.0))


def compare(scene: Scene, record: Record, alone: Callable[[Generate], Record]) -> dict[Key, Comparison]:
    compared: dict[Key, Comparison] = {}
    for request in (*scene.running, *scene.then):
        details = alone(request).details[(request.request_id, 0)]
        for sample in range(request.samples):
            key = (request.request_id, sample)
            compared[key] = Comparison.of(record.details[key], details)
    return compared


def show_comparison(
    scene: Scene, compared: Mapping[Key, Comparison], judge: Judge, vocabulary: Vocabulary, ends: Sequence[int]
) -> bool:
    """Say of each reply whether it is the one made alone; return whether all are, but for near ties."""
    prompts = {each.request_id: each.token_ids for each in (*scene.running, *scene.then)}
    # The samples are one reply, greedy as they are.
    each = [(prompts[number], found.alone) for (number, sample), found in compared.items() if not sample]
    rounding = Rounding(tuple(move for prompt, reply in each for move in judge.rounding(prompt, reply).moves))
    rows: list[list[str]] = []
    alike = True
    for key, found in compared.items():
        verdict, near = "equal", True
        if found.same < len(found.alone):
            verdict, near = parting(found, prompts[key[0]], judge, vocabulary, ends, rounding.near_tie)
        alike = alike and near
        rows.append([scene.name(key), f"{found.same} of {len(found.alone)}", f"{found.moved:.4f}", verdict])
    table(["", "tokens as alone", "log-probabilities moved by", "verdict"], rows, 2)
    print(rounding.told)
    print(f"So a near tie is what is closer than {rounding.near_tie:.4f}.")
    return alike


def parting(
    found: Comparison, prompt: Sequence[int], judge: Judge, vocabulary: Vocabulary, ends: Sequence[int], bound: float
) -> tuple[str, bool]:
    """Where a reply leaves the one made alone, in words, and whether all since is within `bound` of the likeliest."""
    pair = (found.together[found.same], found.alone[found.same])
    ours, theirs = judge.logprobs(prompt, found.alone[: found.same], pair)
    texts = [repr(vocabulary.piece(token).decode("utf-8", "replace")) for token in pair]
    since = judge.shortfall(prompt, found.together, found.same, ends)
    near = max(abs(ours - theirs), since) < bound
    told = (
        f"{'a near tie' if near else 'DIFFERS'} at token {found.same + 1}: together {texts[0]} {ours:.4f}, "
        f"alone {texts[1]} {theirs:.4f}; from there on all within {since:.4f} of the likeliest"
    )
    return told, near


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=0, help="0 takes one a core")
    parser.add_argument("--context", type=int, default=1024, help="the long prompt nearly fills it")
    parser.add_argument("--long-first", action="store_true", help="ask for the long prompt before the other two")
    parser.add_argument("--micro-batch-size", type=int, default=0, help="0 leaves it to the engine")
    parser.add_argument("--flash-attention", choices=("auto", "on", "off"), default="auto")
    options = parser.parse_args()
    settings = LoadSettings(
        context_size=options.context,
        pool_size=4 * options.context,
        threads=options.threads,
        micro_batch_size=options.micro_batch_size,
        flash_attention=options.flash_attention,
    )
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder) / "log")
        llama.start(log.write)

        def alone(request: Generate) -> Record:
            stage = Stage(options.model, settings, log)
            record = stage.play(Scene((msgspec.structs.replace(request, samples=1),), ()))
            stage.close()
            return record

        stage = Stage(options.model, settings, log)
        vocabulary = stage.loaded.model.vocabulary
        asked = make_scene(vocabulary, options.context, long_first=options.long_first)
        record = stage.play(asked)
        show_batches(record)
        show_waits(record, asked)
        judge = Judge(options.model, options.context, options.threads)
        ends = sorted(stage.loaded.end_tokens)
        alike = show_comparison(asked, compare(asked, record, alone), judge, vocabulary, ends)
        os.close(log.descriptor)
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())
