"""A batch from its input to its output, whether it begins or goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from chatapp.chat.batch.asker import Asker
from chatapp.chat.batch.output import CHANGED, Output, Standing, Turns
from chatapp.chat.batch.plan import Plan, differences, in_force
from chatapp.chat.batch.record import AnsweringModel, Record, read_record, write_record
from chatapp.chat.batch.row import Row, row_decoder
from chatapp.chat.batch.source import Source
from chatapp.core.backend import Backend, Prepared
from chatapp.core.errors import FileProblem, StoreUnwritable, TemplateFailed, UsageError
from chatapp.core.loading import LoadSettings

_SHOWN = 10
"""Bad rows that are named one by one."""


@dataclass
class Progress:
    """How far a batch is; `rows` of the input, `before` of them written by earlier runs, `tokens` of this one."""

    rows: int = 0
    before: int = 0
    written: int = 0
    failed: int = 0
    tokens: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the first row was asked for."""
        return time.monotonic() - self.began


class Checked(NamedTuple):
    """The input: how many rows it has, how many of them are bad, and the first of the reasons."""

    rows: int
    bad: int
    reasons: tuple[str, ...]


def check_input(source: Source, *, takes_bad_rows: bool = False) -> Checked:
    """Read all of the input once; raise FileProblem where a row can't be asked, unless bad rows are taken."""
    rows = bad = 0
    reasons: list[str] = []
    for row in source.rows():
        rows += 1
        if row.problem is not None:
            bad += 1
            if len(reasons) < _SHOWN:
                reasons.append(f"{row.problem.message} {row.problem.hint}".strip())
    if not rows:
        raise FileProblem(f"“{source.path}” has no rows.", hint="Write a prompt into it.")
    if bad and not takes_bad_rows:
        more = f"\nand {bad - len(reasons):,} more" if bad > len(reasons) else ""
        raise FileProblem(
            "\n".join(reasons) + more,
            hint="Nothing was asked. Mend the rows, or let each become a row with its error: --bad-rows keep.",
        )
    return Checked(rows, bad, tuple(reasons))


class Batch:
    """The rows of `source` asked with `plan` and written to an open `output`.

    `model` is the file that will answer, `preset` the name of what the plan's values come from.
    """

    def __init__(
        self, source: Source, plan: Plan, output: Output, *, rows: int, load: LoadSettings, model: str, preset: str = ""
    ) -> None:
        self.progress = Progress(rows=rows)
        self._source = source
        self._plan = plan
        self._output = output
        self._terms = plan.terms(load)
        self._model = model
        self._record = Record(
            input=str(source.path.absolute()), rows=rows, seed=plan.seed, preset=preset, terms=self._terms
        )
        self._old: Record | None = None

    def resume(self, *, force: bool = False, retry: bool = False) -> Standing:
        """Find out what is written already, and mend its end; raise UsageError where that was asked otherwise.

        `retry` takes back the rows that failed.
        """
        if not self._output.is_empty or self._output.ahead.exists:
            self._old = read_record(self._output.path)
            self._check_terms(force=force)
        if retry:
            self._output.match(self._source.rows(), force=force, retry=True)
            self._output.set_failed_aside()
        standing = self._output.match(self._source.rows(), force=force)
        self.progress.before, self.progress.failed = standing.rows, standing.failed
        old = self._old.model if self._old is not None else None
        if self.is_whole and old is not None and old.path != self._model and not force:
            raise UsageError(f"“{self._output.path}” is whole, and another model wrote it, {old.path}.", hint=CHANGED)
        return standing

    @property
    def is_whole(self) -> bool:
        """Whether every row is written."""
        return self.progress.before + self.progress.written >= self.progress.rows

    async def run(self, backend: Backend, *, parallel: int, force: bool = False) -> None:
        """Ask for all rows that are missing and write them in order; raise what ends the batch before its end.

        Cancelled, or failed, it keeps the rows that are ready behind a gap for the next time.
        """
        async for _ in backend.load():
            pass
        self._begin(backend, force=force)
        turns = Turns(self._output.ahead.lines())
        asker = Asker(backend, self._plan, parallel=parallel, kept=turns.take, prepared=self._note, told=self._count)
        self.progress.began = time.monotonic()
        try:
            async with aclosing(asker.lines(self._missing())) as lines:
                async for line in lines:
                    self._output.append(line)
                    self.progress.written += 1
                    self.progress.failed += row_decoder.decode(line).error is not None
        except BaseException:
            if ready := await asker.stop():
                # Where even that can't be written, these rows are asked again; what ended the batch is what counts.
                with suppress(StoreUnwritable):
                    self._output.ahead.keep(ready, turns.left())
            raise
        self.finish()

    def finish(self) -> None:
        """Put the record in its last form; every row is written."""
        self._output.ahead.remove()
        old = self._old or self._record
        model, settings = self._record.model or old.model, self._record.settings or old.settings
        record = msgspec.structs.replace(self._record, model=model, settings=settings, failed=self.progress.failed)
        write_record(self._output.path, record)

    def _missing(self) -> Iterator[Row]:
        rows = self._source.rows()
        for row in rows:
            if row.index >= self.progress.before:
                yield row

    def _begin(self, backend: Backend, *, force: bool) -> None:
        """Check the model against the one that wrote before, and leave the record."""
        card = backend.model
        if card is None:
            return
        if card.template is None and not self._plan.raw:
            raise TemplateFailed(
                f"{card.name} has no chat template, so it is a base model or its file lost the template.",
                hint="Complete raw text with it: add --raw.",
            )
        old = self._old.model if self._old is not None else None
        if old is not None and old.fingerprint != card.fingerprint and not force:
            raise UsageError(f"“{self._output.path}” was begun with another model, {old.path}.", hint=CHANGED)
        self._record = msgspec.structs.replace(
            self._record,
            settings=self._old.settings if self._old is not None and not force else {},
            model=AnsweringModel(
                name=card.name,
                fingerprint=card.fingerprint,
                path=card.path,
                device=card.device,
                build=card.build,
                context_size=card.context_size,
            ),
        )
        write_record(self._output.path, self._record)

    def _check_terms(self, *, force: bool) -> None:
        if force:
            return
        path = self._output.path
        if self._old is None:
            raise UsageError(
                f"“{path}” is there already, and no record beside it says what batch it is of.",
                hint="Choose another file with -o, throw it away with --restart, or go on with it by --force.",
            )
        changed = differences(self._old.terms, self._terms)
        if changed:
            raise UsageError(f"“{path}” was begun with other settings: {'; '.join(changed)}.", hint=CHANGED)

    def _note(self, row: Row, prepared: Prepared) -> None:
        """Put the settings in the record once they are known, from the first row that has none of its own."""
        if not self._record.settings and not row.edits:
            self._record = msgspec.structs.replace(self._record, settings=in_force(prepared))
            write_record(self._output.path, self._record)

    def _count(self, tokens: int) -> None:
        self.progress.tokens += tokens


def known_seed(output: Path) -> int | None:
    """The seed of the batch that `output` was begun with, None where there is none."""
    record = read_record(output)
    return record.seed if record is not None else None
