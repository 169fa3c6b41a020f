"""One context and all that goes on in it: who waits, who has a slot, the next batch, the next tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import cast

from chatapp.core.errors import ChatappError, EngineError, Unsupported
from chatapp.core.events import StopReason
from chatapp.core.parameters import PARAMETERS, StoredValue
from chatapp.engine.worker import scheduler
from chatapp.engine.worker.errand import Errand
from chatapp.engine.worker.heart import Heart
from chatapp.engine.worker.job import Job
from chatapp.engine.worker.llama import Candidates, Context, Entry, Logits
from chatapp.engine.worker.loader import LoadedModel
from chatapp.engine.worker.making import plain
from chatapp.engine.worker.memory import Memory
from chatapp.engine.worker.reporter import Reporter
from chatapp.engine.worker.sampling.details import Measure
from chatapp.engine.worker.scheduler import Pace, Share
from chatapp.engine.worker.slot import Slot, Work

_SHARED = "another one is reading the same beginning"


class Lane:
    """Serves the requests that are computed in one context."""

    def __init__(
        self,
        loaded: LoadedModel,
        context: Context,
        memory: Memory,
        pace: Pace,
        reporter: Reporter,
        heart: Heart,
        clock: Callable[[], float],
    ) -> None:
        self._loaded = loaded
        self._context = context
        self._context_size = loaded.card.context_size
        self._memory = memory
        self._pace = pace
        self._reporter = reporter
        self._heart = heart
        self._clock = clock
        self._candidates = Candidates(loaded.model.vocabulary.size)
        self._measure = Measure()
        self._waiting: list[Work] = []

    @property
    def is_busy(self) -> bool:
        """Whether anybody waits or is served."""
        return bool(self._waiting or self._memory.busy)

    def add(self, work: Work) -> None:
        """Serve `work` when its turn comes."""
        self._waiting.append(work)

    def jobs(self, request_id: int) -> list[Job]:
        """The replies to a request."""
        works = [*self._waiting, *(slot.work for slot in self._memory.busy)]
        return [work for work in works if isinstance(work, Job) and work.request.request_id == request_id]

    def change(self, job: Job, changes: Mapping[str, StoredValue]) -> None:
        """Put `changes` in force for the job's next token."""
        values = plain(changes)
        for name in values:
            if not PARAMETERS[name].live:
                raise Unsupported(f"{name} can't change while a reply runs.", hint="Set it for the next reply.")
        for name in job.update(values):
            self._reporter.changed(job, name, changes[name])

    def stop(self, request_id: int) -> None:
        """End a request where it stands."""
        for slot in self._memory.busy:
            if slot.work is not None and slot.work.request.request_id == request_id:
                self._finish(slot, "stopped")
        for work in self._leave_queue({request_id}):
            if isinstance(work, Job):
                self._end(work, "stopped")
            else:
                work.close()

    def drop(self, request_ids: set[int]) -> None:
        """Forget these requests and what was computed for them."""
        for slot in self._memory.busy:
            if slot.work is not None and slot.work.request.request_id in request_ids:
                slot.work.close()
                slot.work = None
                self._memory.forget(slot)
        for work in self._leave_queue(request_ids):
            work.close()

    def _fail(self, request_ids: set[int], reason: ChatappError) -> None:
        """These requests can't go on; the others and the model do."""
        self.drop(request_ids)
        for request_id in request_ids:
            self._reporter.failed(request_id, reason)

    def _leave_queue(self, request_ids: set[int]) -> list[Work]:
        leaving = [work for work in self._waiting if work.request.request_id in request_ids]
        self._waiting = [work for work in self._waiting if work not in leaving]
        return leaving

    def step(self) -> None:
        """Let in who waits and has room, and compute one batch."""
        self._memory.settle(self._clock())
        self._memory.make_way(self._clock())
        self._admit()
        self._compute()

    # Admission

    def _admit(self) -> None:
        """Give slots to those who wait, in order of arrival; who can't start is told why.

        Nobody overtakes one who waits for room; those who wait for their own siblings hold up nobody.
        """
        waiting, self._waiting = self._waiting, []
        blocked = ""
        for work in waiting:
            if reason := blocked or self._place(work):
                self._waiting.append(work)
                self._reporter.queued(work, reason)
                blocked = blocked or ("" if reason == _SHARED else reason)

    def _place(self, work: Work) -> str:
        """Give `work` a slot, or say what it waits for."""
        if not self._memory.idle:
            count = len(self._memory.busy)
            return f"{count} replies are being written, more can't be at once" if count > 1 else "one is being written"
        # An errand needs the logits on its way, so what it reads must be computed although it may be there.
        reusable = work.prompt if isinstance(work, Job) else work.prompt[: work.first_read + 1]
        if self._memory.is_reading(reusable):
            return _SHARED
        match = self._memory.find(reusable)
        limit = cast("int | None", work.values["max_new_tokens"]) if isinstance(work, Job) else 0
        needed = scheduler.room_needed(len(work.prompt), limit, self._context_size)
        if not self._memory.has_room(needed, match):
            return "there is no room in the context beside the replies that are being written"
        slot, reason = self._memory.place(match)
        kept = len(slot.tokens)
        slot.work, slot.pending, slot.marks = work, work.prompt[kept:], []
        self._memory.make_room(needed - len(work.prompt))
        if isinstance(work, Job):
            if work.started is None:
                work.started, work.cached, work.cached_reason = self._clock(), kept, reason
            slot.marks = self._memory.marks(len(work.prompt), kept)
            self._reporter.progress(slot, work, always=True)
        return ""

    # One batch

    def _compute(self) -> None:
        slots = self._memory.slots
        chunk = self._pace.chunk(self._context.batch_size, reply_runs=any(slot.is_replying for slot in slots))
        shares = scheduler.share(slots, self._context.batch_size, chunk)
        if not shares:
            return
        entries = [
            Entry(token, position, share.slot.sequence, share.wants_logits(position))
            for share in shares
            for position, token in enumerate(share.slot.pending[: share.count], len(share.slot.tokens))
        ]
        self._heart.beat("decode")
        began = self._clock()
        try:
            result = self._context.decode(entries, abortable=len(entries) > 2 * len(shares))
        except RuntimeError as error:
            reason = EngineError(f"llama.cpp could not compute the next tokens: {error}.", hint="Send it again.")
            self._fail({share.slot.work.request.request_id for share in shares if share.slot.work}, reason)
            return
        if result == Context.DECODED:
            replies = sum(share.slot.is_replying for share in shares)
            self._pace.learn(len(entries) - replies, self._clock() - began, replies=replies > 0)
            self._heart.beat("sample")
            self._take_results(shares)
            return
        for share in shares:
            self._memory.recover(share.slot)
        if result == Context.NO_ROOM and not self._memory.put_away_oldest():
            self._preempt()

    def _take_results(self, shares: list[Share]) -> None:
        first = 0
        for share in shares:
            slot, index, began, completes = share.slot, first, len(share.slot.tokens), share.completes
            first += share.count
            slot.tokens.extend(slot.pending[: share.count])
            del slot.pending[: share.count]
            if slot.marks and slot.marks[0] == len(slot.tokens):
                del slot.marks[0]
                self._memory.keep(slot)
            if isinstance(slot.work, Errand):
                for place in range(max(began, slot.work.first_read), len(slot.tokens)):
                    slot.work.read(place, self._context.logits(index + place - began))
                if completes:
                    self._answer(slot, slot.work)
            elif slot.job is not None and completes:
                self._go_on(slot, slot.job, self._context.logits(first - 1))
            elif slot.job is not None:
                self._reporter.progress(slot, slot.job)

    # One token

    def _go_on(self, slot: Slot, job: Job, logits: Logits) -> None:
        """Write the next token; what goes wrong ends this request alone."""
        try:
            self._choose(slot, job, logits)
        except ChatappError as error:
            self._fail({job.request.request_id}, error)

    def _choose(self, slot: Slot, job: Job, logits: Logits) -> None:
        """Choose the token that `logits` lead to, and end the reply or go on with it."""
        began = self._clock()
        if job.prompt_computed is None:
            job.prompt_computed = began
            self._reporter.progress(slot, job, always=True)
        for change in job.changes_due():
            self.change(job, {change.name: change.value})
        if (limit := job.limit(self._context_size, began)) is not None:
            self._end_or_shift(slot, job, limit)
            return
        if job.spends_its_budget():
            job.answer_now()
        is_forced = bool(job.forced)
        token = job.choose(self._candidates, logits)
        job.last_token = self._clock()
        if job.first_token is None:
            job.first_token = job.last_token
        if token is None:
            _check_finite(logits.max())
            self._finish(slot, "no_candidate")
            return
        if not is_forced and (reason := job.ends_at(token, self._loaded.end_tokens)) is not None:
            if (offence := job.reply.offence(is_whole=True)) is not None:
                self._take_back(slot, job, offence)
                return
            instead = self._instead_of_ending(job, logits) if reason == "end" else None
            if instead is None:
                self._finish(slot, reason)
                return
            token = instead
        self._write(slot, job, token, logits)

    def _instead_of_ending(self, job: Job, logits: Logits) -> int | None:
        """What to write where the model would end although words are missing; None where it may end."""
        if not job.missing_words():
            return None
        if job.answer_now() or job.force_word():
            return job.take_forced()
        if job.grammar is None:
            return None
        return job.choose_other_than(self._loaded.end_tokens, self._candidates, logits)

    def _write(self, slot: Slot, job: Job, token: int, logits: Logits) -> None:
        seconds = job.last_token - (job.first_token or job.last_token)
        alternatives = job.request.alternatives
        detail = self._measure.detail(logits, token, alternatives=alternatives, seconds=seconds)
        _check_finite(detail.log_sum_exp)
        job.write(token, detail)
        if (offence := job.reply.offence(is_whole=job.reply.stop_met is not None)) is not None:
            self._take_back(slot, job, offence)
            return
        slot.pending = [token]
        if (reason := job.ends_after(self._context_size, job.last_token)) is not None:
            self._end_or_shift(slot, job, reason)
        else:
            self._reporter.text(job)

    def _end_or_shift(self, slot: Slot, job: Job, reason: StopReason) -> None:
        """End the reply, or make it room where that is wished and all that is wrong."""
        if reason != "context_full" or not job.request.shift or (forgotten := job.forget()) == 0:
            self._finish(slot, reason)
            return
        self._reporter.shifted(job, forgotten)
        self._memory.shift(slot, job.request.keep)
        slot.pending = job.tokens[len(slot.tokens) :]

    def _take_back(self, slot: Slot, job: Job, length: int) -> None:
        """Go back to the first `length` tokens of the reply, and compute the last one before them again."""
        job.rewind(length)
        tokens = job.tokens
        self._memory.cut(slot, len(tokens) - 1)
        slot.pending = tokens[len(slot.tokens) :]

    def _preempt(self) -> None:
        """The pool is full and nobody is idle: the youngest work waits, and is computed again later."""
        busy = self._memory.busy
        youngest = max(busy, key=lambda slot: slot.work.arrived if slot.work else 0.0)
        work = youngest.work
        if isinstance(work, Errand) and len(busy) == 1:
            self._fail({work.request.request_id}, EngineError("There is no room in the context for these tokens."))
            return
        if work is None or len(busy) == 1:
            self._finish(youngest, "context_full")
            return
        if isinstance(work, Job):
            self._reporter.text(work, always=True)
            work.prompt = work.tokens
        youngest.work = None
        self._memory.put_away(youngest)
        self._waiting.append(work)

    # Ends

    def _finish(self, slot: Slot, reason: StopReason) -> None:
        """The slot's reply is done; its tokens stay for whoever begins with them."""
        work = slot.work
        slot.work, slot.pending, slot.last_used = None, [], self._clock()
        if isinstance(work, Job):
            self._end(work, reason)
        elif work is not None:
            work.close()

    def _answer(self, slot: Slot, errand: Errand) -> None:
        self._reporter.answer(errand.answer())
        self._finish(slot, "end")

    def _end(self, job: Job, reason: StopReason) -> None:
        while (offence := job.reply.offence(is_whole=True)) is not None:
            job.rewind(offence)
        self._reporter.finished(job, reason)
        job.close()


def _check_finite(figure: float) -> None:
    """Raise EngineError where a figure of the logits is none."""
    if not math.isfinite(figure):
        raise EngineError("The model computed something that is no number.", hint="Its file may be damaged.")
