"""One call of `chatapp batch` under way: what it says, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

import msgspec

from chatapp.chat.batch.batch import Batch
from chatapp.chat.batch.output import Output, Standing
from chatapp.chat.batch.plan import Plan
from chatapp.chat.batch.record import record_path
from chatapp.chat.batch.source import Source
from chatapp.cli import exits
from chatapp.cli.batch_progress import ProgressLine, clock
from chatapp.cli.compose import Choice, Configuration, open_backend, resolve_loading
from chatapp.cli.load_report import LoadReport
from chatapp.cli.narration import Narration
from chatapp.cli.streams import Output as Standard
from chatapp.cli.streams import as_json_text
from chatapp.core.backend import Backend
from chatapp.core.errors import ChatappError
from chatapp.core.loading import ChosenSetting

_ON = "the same command goes on from here"


class Wishes(NamedTuple):
    """How a batch is to be run."""

    parallel: int
    restart: bool = False
    force: bool = False
    retry: bool = False


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `chatapp batch --json` writes at the end; `before` rows were written by earlier runs."""

    output: str
    rows: int
    before: int
    written: int
    failed: int
    tokens: int
    seconds: float
    seed: int


class BatchRun:
    """Runs a batch, or what is missing of it, in front of somebody."""

    def __init__(
        self,
        configuration: Configuration,
        choice: Choice,
        model: Path,
        narration: Narration,
        wishes: Wishes,
        *,
        as_json: bool,
    ) -> None:
        self._configuration = configuration
        self._choice = choice
        self._model = model
        self._narration = narration
        self._wishes = wishes
        self._as_json = as_json

    def run(self, source: Source, plan: Plan, output: Output, rows: int) -> int:
        """Go on with what is written in `output`, an open one, or begin; return the exit code."""
        choice, wishes, model = self._choice, self._wishes, self._model
        load, asked = resolve_loading(self._configuration, choice, model)
        if wishes.restart:
            output.clear()
        batch = Batch(
            *(source, plan, output),
            rows=rows,
            load=load,
            model=str(model.absolute()),
            preset=choice.preset.name if choice.preset is not None else "",
        )
        self._tell_standing(batch.resume(force=wishes.force, retry=wishes.retry), rows)
        code = exits.SUCCESS
        if batch.is_whole:
            batch.finish()
        else:
            code = asyncio.run(self._ask(batch, output, asked))
        self._tell_end(batch, plan, output, interrupted=code == exits.INTERRUPTED)
        return code or (exits.ROWS_FAILED if batch.progress.failed else exits.SUCCESS)

    async def _ask(self, batch: Batch, output: Output, asked: tuple[ChosenSetting, ...]) -> int:
        """Answer what is missing; ctrl+c ends it in order, a second one at once."""
        async with open_backend(self._configuration, self._model, self._choice, program="batch") as backend:
            await self._load(backend)
            LoadReport(self._narration, lambda: backend, asked).tell()
            drawing = asyncio.create_task(ProgressLine(self._narration, batch.progress).draw())
            answering = asyncio.create_task(
                batch.run(backend, parallel=self._wishes.parallel, force=self._wishes.force)
            )
            try:
                await asyncio.shield(answering)
            except asyncio.CancelledError:
                current = asyncio.current_task()
                if answering.done() or current is None:
                    raise
                current.uncancel()
                signal.signal(signal.SIGINT, _end_at_once)
                answering.cancel()
                with suppress(asyncio.CancelledError):
                    await answering
                return exits.INTERRUPTED
            except ChatappError as error:
                self._narration.say(f"ended at row {batch.progress.before + batch.progress.written:,}; {_ON}")
                raise error from None
            finally:
                drawing.cancel()
                self._narration.end_progress()
        return exits.SUCCESS

    async def _load(self, backend: Backend) -> None:
        async for fraction in backend.load():
            self._narration.progress("loading the model", fraction)
        self._narration.end_progress()

    def _tell_standing(self, standing: Standing, rows: int) -> None:
        if standing.mended:
            self._narration.say("the last line was written by half and is asked again")
        if standing.rows:
            self._narration.say(f"{standing.rows:,} of {rows:,} rows are written already")

    def _tell_end(self, batch: Batch, plan: Plan, output: Output, *, interrupted: bool) -> None:
        progress = batch.progress
        if self._as_json:
            result = BatchResult(
                output=str(output.path),
                rows=progress.rows,
                before=progress.before,
                written=progress.written,
                failed=progress.failed,
                tokens=progress.tokens,
                seconds=round(progress.seconds, 3),
                seed=plan.seed,
            )
            Standard().line(as_json_text(result))
        done = progress.before + progress.written
        if interrupted:
            self._narration.say(f"stopped at row {done:,} of {progress.rows:,}; {_ON}")
            return
        failed = f", {progress.failed:,} of them with an error (--retry asks again)" if progress.failed else ""
        speed = progress.tokens / progress.seconds if progress.seconds > 0 else 0.0
        told = f" in {clock(progress.seconds)}, {speed:,.1f} tokens/s" if progress.written else ""
        self._narration.say(f"{done:,} rows in {output.path}{failed}{told}")
        self._narration.detail(f"seed {plan.seed}; model and settings: {record_path(output.path)}")


def _end_at_once(number: int, frame: object) -> NoReturn:
    """Leave everything as it is: what is written is whole but for half a line, which going on mends."""
    sys.stderr.write("\nchatapp: ended at once; the same command goes on from here\n")
    sys.stderr.flush()
    os._exit(exits.INTERRUPTED)
