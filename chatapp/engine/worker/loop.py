"""The one thread that owns the context: take commands, fill one batch from all slots, decode, choose, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import cast

from chatapp.core.errors import ChatappError, EngineError, Unsupported
from chatapp.core.events import StopReason
from chatapp.core.parameters import PARAMETERS, StoredValue, Value
from chatapp.engine.protocol import Answer, AnswerNow, Command, Generate, Stop, Update
from chatapp.engine.worker import scheduler
from chatapp.engine.worker.heart import Heart
from chatapp.engine.worker.inbox import Inbox
from chatapp.engine.worker.llama import Candidates, Context, Entry
from chatapp.engine.worker.loader import LoadedModel
from chatapp.engine.worker.memory import Memory
from chatapp.engine.worker.reply import Reply
from chatapp.engine.worker.reporter import Reporter
from chatapp.engine.worker.sampling.chain import Chain
from chatapp.engine.worker.scheduler import Pace, Share
from chatapp.engine.worker.slot import Job, Slot


def plain(values: Mapping[str, StoredValue]) -> dict[str, Value]:
    """Values as parameters check them, from values as frames carry them."""
    return {name: PARAMETERS[name].check(cast(Value, value)) for name, value in values.items()}


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
        self._memory = Memory(loaded.context, loaded.model, loaded.sequences)
        self._waiting: list[Job] = []
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
        try:
            match command:
                case Generate():
                    self._accept(command, arrived)
                case Update():
                    self._update(command)
                case AnswerNow():
                    self._answer_now(command.request_id)
                case Stop():
                    self._stop(command.request_id)
                case _:
                    raise EngineError(f"The engine got “{type(command).__name__}” while a model is loaded.")
        except ChatappError as error:
            self._reporter.failed(getattr(command, "request_id", None), error)

    def _accept(self, request: Generate, arrived: float) -> None:
        if not request.token_ids:
            raise EngineError("The engine got a prompt of no tokens.")
        if not 0 <= min(request.token_ids) <= max(request.token_ids) < self._vocabulary.size:
            raise EngineError("The engine got a token that its model does not have.", hint="Prepare the prompt again.")
        if len(request.token_ids) >= self._context_size:
            raise EngineError("The engine got a prompt longer than its context.")
        values = plain(request.values)
        self._heart.beat("sample")
        stops = cast(tuple[str, ...], values["stop"] or ())
        for sample in range(request.samples):
            seed = (request.seed + sample) % 0xFFFF_FFFF
            chain = Chain(
                values,
                seed=seed,
                vocabulary_size=self._vocabulary.size,
                context_size=self._context_size,
                end_tokens=sorted(self._loaded.end_tokens),
                suppressed_tokens=self._loaded.suppressed_tokens,
                history=request.token_ids,
            )
            reply = Reply(self._vocabulary, stops, request.reasoning, request.reasoning_open)
            self._waiting.append(Job(request, sample, seed, chain, reply, list(request.token_ids), arrived))

    def _update(self, command: Update) -> None:
        values = plain(command.values)
        for name in values:
            if not PARAMETERS[name].live:
                raise Unsupported(f"{name} can't change while a reply runs.", hint="Set it for the next reply.")
        for job in self._jobs(command.request_id):
            changed = job.chain.update(values)
            if "stop" in changed:
                job.reply.stop_at(cast(tuple[str, ...], values["stop"] or ()))
            for name in changed:
                self._reporter.changed(job, name, command.values[name])

    def _answer_now(self, request_id: int) -> None:
        for job in self._jobs(request_id):
            form = job.request.reasoning
            if form is not None and job.reply.is_reasoning and not job.forced:
                job.forced.extend(self._vocabulary.tokenize(form.closing, parse_special=True))

    def _stop(self, request_id: int) -> None:
        for slot in self._memory.busy:
            if slot.job is not None and slot.job.request.request_id == request_id:
                self._finish(slot, "stopped")
        for job in self._leave_queue({request_id}):
            self._end(job, "stopped")

    def _jobs(self, request_id: int) -> list[Job]:
        jobs = [*self._waiting, *(slot.job for slot in self._memory.busy if slot.job is not None)]
        return [job for job in jobs if job.request.request_id == request_id]

    def _leave_queue(self, request_ids: set[int]) -> list[Job]:
        leaving = [job for job in self._waiting if job.request.request_id in request_ids]
        self._waiting = [job for job in self._waiting if job not in leaving]
        return leaving

    # Admission

    def _admit(self) -> None:
        """Give slots to those who wait, in order of arrival; who can't start is told why."""
        while self._waiting:
            job = self._waiting[0]
            if reason := self._place(job):
                self._reporter.queued(job, reason)
                return
            self._waiting.pop(0)

    def _place(self, job: Job) -> str:
        """Give `job` a slot, or say what it waits for."""
        busy = self._memory.busy
        if not self._memory.idle:
            return f"{len(busy)} replies are being written, more can't be at once"
        if job.sample and any(
            slot.job is not None and slot.job.request is job.request and slot.job.prompt_computed is None
            for slot in busy
        ):
            return "the prompt that all samples share is being read"
        match = self._memory.find(job.prompt)
        limit = cast(int | None, job.chain.values["max_new_tokens"])
        needed = scheduler.room_needed(len(job.prompt), limit, self._context_size)
        if not self._memory.has_room(needed, match):
            return "there is no room in the context beside the replies that are being written"
        slot = self._memory.place(match)
        kept = len(slot.tokens)
        slot.job, slot.pending = job, job.prompt[kept:]
        if job.started is None:
            job.started, job.cached = self._clock(), kept
            job.cached_reason = match.reason if kept == match.length else "this model's memory could not be cut back"
        self._memory.make_room(needed - len(job.prompt))
        self._reporter.progress(slot, job, always=True)
        return ""

    # One batch

    def _step(self) -> None:
        slots = self._memory.slots
        chunk = self._pace.chunk(self._context.batch_size, reply_runs=any(slot.is_replying for slot in slots))
        shares = scheduler.share(slots, self._context.batch_size, chunk)
        if not shares:
            return
        entries = [
            Entry(token, position, share.slot.sequence, share.completes and position == share.end - 1)
            for share in shares
            for position, token in enumerate(share.slot.pending[: share.count], len(share.slot.tokens))
        ]
        self._heart.beat("decode")
        began = self._clock()
        try:
            result = self._context.decode(entries, abortable=len(entries) > 2 * len(shares))
        except RuntimeError as error:
            self._fail_batch(shares, error)
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
        index = -1
        for share in shares:
            slot = share.slot
            index += share.count
            completes = share.completes
            slot.tokens.extend(slot.pending[: share.count])
            del slot.pending[: share.count]
            if slot.job is None:
                continue
            if completes:
                self._choose(slot, slot.job, index)
            else:
                self._reporter.progress(slot, slot.job)

    def _choose(self, slot: Slot, job: Job, index: int) -> None:
        """Choose the token after the batch's entry `index`, and end the reply or go on with it."""
        if job.prompt_computed is None:
            job.prompt_computed = self._clock()
            self._reporter.progress(slot, job, always=True)
        forced = bool(job.forced)
        token = job.next_token(lambda: job.chain.choose(self._candidates, self._context.logits(index)))
        job.last_token = self._clock()
        if job.first_token is None:
            job.first_token = job.last_token
        if not forced and (reason := job.ends_at(token, self._loaded.end_tokens, self._context_size)) is not None:
            self._finish(slot, reason)
            return
        job.write(token)
        slot.pending = [token]
        if (reason := job.ends_after(self._context_size)) is not None:
            self._finish(slot, reason)
        else:
            self._reporter.text(job)

    def _preempt(self) -> None:
        """The pool is full and nobody is idle: the youngest reply waits, and is computed again later."""
        busy = self._memory.busy
        youngest = max(busy, key=lambda slot: slot.job.arrived if slot.job else 0.0)
        job = youngest.job
        if job is None or len(busy) == 1:
            self._finish(youngest, "context_full")
            return
        self._reporter.text(job, always=True)
        job.prompt = [*job.request.token_ids, *job.written]
        youngest.job = None
        self._memory.forget(youngest)
        self._waiting.append(job)

    # Ends

    def _finish(self, slot: Slot, reason: StopReason) -> None:
        """The slot's reply is done; its tokens stay for whoever begins with them."""
        job = slot.job
        slot.job, slot.pending, slot.last_used = None, [], self._clock()
        if job is not None:
            self._end(job, reason)

    def _end(self, job: Job, reason: StopReason) -> None:
        self._reporter.finished(job, reason)
        job.chain.close()

    def _fail_batch(self, shares: list[Share], error: RuntimeError) -> None:
        """llama.cpp could not compute a batch: its requests fail, the others and the model go on."""
        failed = {share.slot.job.request.request_id for share in shares if share.slot.job is not None}
        for slot in self._memory.busy:
            if slot.job is not None and slot.job.request.request_id in failed:
                slot.job.chain.close()
                slot.job = None
                self._memory.forget(slot)
        for job in self._leave_queue(failed):
            job.chain.close()
        reason = EngineError(f"llama.cpp could not compute the next tokens: {error}.", hint="Send it again.")
        for request_id in failed:
            self._reporter.failed(request_id, reason)
