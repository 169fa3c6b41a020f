"""The one thread that owns the context: take commands, fill one batch from all slots, decode, choose, tell."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from chatapp.core.errors import ChatappError, EngineError, Unsupported
from chatapp.core.events import StopReason
from chatapp.core.parameters import PARAMETERS, StoredValue
from chatapp.engine.protocol import Answer, AnswerNow, Command, Generate, ListCandidates, Score, Stop, Update
from chatapp.engine.worker import scheduler
from chatapp.engine.worker.errand import Errand, listing, scoring
from chatapp.engine.worker.heart import Heart
from chatapp.engine.worker.inbox import Inbox
from chatapp.engine.worker.job import Job
from chatapp.engine.worker.llama import Candidates, Context, Entry, Logits
from chatapp.engine.worker.loader import LoadedModel
from chatapp.engine.worker.making import make_chain, make_job, plain
from chatapp.engine.worker.memory import Memory
from chatapp.engine.worker.reporter import Reporter
from chatapp.engine.worker.sampling.details import Measure
from chatapp.engine.worker.scheduler import Pace, Share
from chatapp.engine.worker.slot import Slot, Work


class Loop:
    """Serves every request on one loaded model."""

    def __init__(
        self,
        loaded: LoadedModel,
        inbox: Inbox,
        send: Callable[[Answer], None],
        heart: Heart,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loaded = loaded
        self._context: Context = loaded.context
        self._context_size = loaded.card.context_size
        self._vocabulary = loaded.model.vocabulary
        self._inbox = inbox
        self._reporter = Reporter(send, clock)
        self._heart = heart
        self._clock = clock
        self._candidates = Candidates(self._vocabulary.size)
        self._measure = Measure()
        self._memory = Memory(loaded.context, loaded.model, loaded.sequences)
        self._waiting: list[Work] = []
        self._pace = Pace(loaded.prompt_speed)

    def run(self) -> None:
        """Serve until the inbox is closed."""
        while True:
            busy = bool(self._waiting or self._memory.busy)
            self._heart.beat("decode" if busy else "idle")
            commands = self._inbox.take(wait=not busy)
            if commands is None:
                return
            for command, arrived in commands:
                self._obey(command, arrived)
            self._admit()
            self._step()

    # Commands

    def _obey(self, command: Command, arrived: float) -> None:
        self._heart.beat("sample")
        try:
            match command:
                case Generate():
                    self._check_prompt(command.token_ids)
                    for sample in range(command.samples):
                        self._waiting.append(make_job(self._loaded, command, sample, arrived))
                        self._heart.beat("sample")
                case Score():
                    self._check_prompt(command.token_ids)
                    self._waiting.append(scoring(command, self._measure, arrived))
                case ListCandidates():
                    self._check_prompt(command.token_ids)
                    chain = make_chain(self._loaded, plain(command.values), 0, command.token_ids)
                    self._waiting.append(listing(command, chain, self._candidates, arrived))
                case Update():
                    for job in self._jobs(command.request_id):
                        self._change(job, command.values)
                case AnswerNow():
                    for job in self._jobs(command.request_id):
                        job.answer_now()
                case Stop():
                    self._stop(command.request_id)
                case _:
                    raise EngineError(f"The engine got “{type(command).__name__}” while a model is loaded.")
        except ChatappError as error:
            request_id = getattr(command, "request_id", None)
            if request_id is None:
                self._reporter.failed(None, error)
            else:
                self._fail({request_id}, error)

    def _check_prompt(self, tokens: Sequence[int]) -> None:
        if not tokens:
            raise EngineError("The engine got a prompt of no tokens.")
        if not 0 <= min(tokens) <= max(tokens) < self._vocabulary.size:
            raise EngineError("The engine got a token that its model does not have.", hint="Prepare the prompt again.")
        if len(tokens) >= self._context_size:
            raise EngineError("The engine got a prompt longer than its context.")

    def _change(self, job: Job, changes: Mapping[str, StoredValue]) -> None:
        """Put `changes` in force for the job's next token."""
        values = plain(changes)
        for name in values:
            if not PARAMETERS[name].live:
                raise Unsupported(f"{name} can't change while a reply runs.", hint="Set it for the next reply.")
        for name in job.update(values):
            self._reporter.changed(job, name, changes[name])

    def _stop(self, request_id: int) -> None:
        for slot in self._memory.busy:
            if slot.work is not None and slot.work.request.request_id == request_id:
                self._finish(slot, "stopped")
        for work in self._leave_queue({request_id}):
            if isinstance(work, Job):
                self._end(work, "stopped")
            else:
                work.close()

    def _jobs(self, request_id: int) -> list[Job]:
        works = [*self._waiting, *(slot.work for slot in self._memory.busy)]
        return [work for work in works if isinstance(work, Job) and work.request.request_id == request_id]

    def _leave_queue(self, request_ids: set[int]) -> list[Work]:
        leaving = [work for work in self._waiting if work.request.request_id in request_ids]
        self._waiting = [work for work in self._waiting if work not in leaving]
        return leaving

    # Admission

    def _admit(self) -> None:
        """Give slots to those who wait, in order of arrival; who can't start is told why."""
        while self._waiting:
            work = self._waiting[0]
            if reason := self._place(work):
                self._reporter.queued(work, reason)
                return
            self._waiting.pop(0)

    def _place(self, work: Work) -> str:
        """Give `work` a slot, or say what it waits for."""
        busy = self._memory.busy
        if not self._memory.idle:
            return f"{len(busy)} replies are being written, more can't be at once"
        if work.sample and any(
            slot.job is not None and slot.job.request is work.request and slot.job.prompt_computed is None
            for slot in busy
        ):
            return "the prompt that all samples share is being read"
        # An errand needs the logits on its way, so what it reads must be computed although it may be there.
        match = self._memory.find(work.prompt if isinstance(work, Job) else work.prompt[: work.first_read + 1])
        limit = cast("int | None", work.values["max_new_tokens"]) if isinstance(work, Job) else 0
        needed = scheduler.room_needed(len(work.prompt), limit, self._context_size)
        if not self._memory.has_room(needed, match):
            return "there is no room in the context beside the replies that are being written"
        slot = self._memory.place(match)
        kept = len(slot.tokens)
        slot.work, slot.pending = work, work.prompt[kept:]
        self._memory.make_room(needed - len(work.prompt))
        if isinstance(work, Job):
            if work.started is None:
                work.started, work.cached = self._clock(), kept
                work.cached_reason = (
                    match.reason if kept == match.length else "this model's memory could not be cut back"
                )
            self._reporter.progress(slot, work, always=True)
        return ""

    # One batch

    def _step(self) -> None:
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
            self._pace.learn(len(entries), self._clock() - began)
            self._heart.beat("sample")
            self._take_results(shares)
            return
        for share in shares:
            self._memory.cut(share.slot, len(share.slot.tokens))
        if result == Context.NO_ROOM and not self._memory.forget_oldest():
            self._preempt()

    def _take_results(self, shares: list[Share]) -> None:
        first = 0
        for share in shares:
            slot, index, began, completes = share.slot, first, len(share.slot.tokens), share.completes
            first += share.count
            slot.tokens.extend(slot.pending[: share.count])
            del slot.pending[: share.count]
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
            self._change(job, {change.name: change.value})
        if (limit := job.limit(self._context_size, began)) is not None:
            self._finish(slot, limit)
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
            self._finish(slot, reason)
        else:
            self._reporter.text(job)

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
        self._memory.forget(youngest)
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

    def _fail(self, request_ids: set[int], reason: ChatappError) -> None:
        """These requests can't go on; the others and the model do."""
        for slot in self._memory.busy:
            if slot.work is not None and slot.work.request.request_id in request_ids:
                slot.work.close()
                slot.work = None
                self._memory.forget(slot)
        for work in self._leave_queue(request_ids):
            work.close()
        for request_id in request_ids:
            self._reporter.failed(request_id, reason)


def _check_finite(figure: float) -> None:
    """Raise EngineError where a figure of the logits is none."""
    if not math.isfinite(figure):
        raise EngineError("The model computed something that is no number.", hint="Its file may be damaged.")
