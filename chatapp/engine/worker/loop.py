"""The one thread that owns the context: take commands, fill one batch from all slots, decode, choose, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import cast

from chatapp.core.errors import ChatappError, EngineError, Unsupported
from chatapp.core.events import (
    Event,
    Finished,
    ParameterChanged,
    PromptProgress,
    Queued,
    ReasoningAdded,
    StopReason,
    TextAdded,
    Timings,
)
from chatapp.core.parameters import PARAMETERS, StoredValue, Value
from chatapp.engine.protocol import Answer, AnswerNow, Command, Failed, Generate, Reported, Stop, Update
from chatapp.engine.worker import prefix, scheduler
from chatapp.engine.worker.heart import Heart
from chatapp.engine.worker.inbox import Inbox
from chatapp.engine.worker.llama import Candidates, Context, Entry
from chatapp.engine.worker.loader import LoadedModel
from chatapp.engine.worker.reply import Reply
from chatapp.engine.worker.sampling.chain import Chain
from chatapp.engine.worker.scheduler import Pace, Share
from chatapp.engine.worker.slot import Job, Slot

FLUSH_S = 0.02
"""How long text is gathered before a frame is sent; a reader sees no difference, the pipe does."""
PROGRESS_S = 0.1


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
        self._vocabulary = loaded.model.vocabulary
        self._inbox = inbox
        self._send = send
        self._heart = heart
        self._clock = clock
        self._candidates = Candidates(self._vocabulary.size)
        self._slots = [Slot(sequence) for sequence in range(loaded.sequences)]
        self._waiting: list[Job] = []
        self._pace = Pace(loaded.prompt_speed)

    def run(self) -> None:
        """Serve until the inbox is closed."""
        while True:
            busy = bool(self._waiting) or any(not slot.is_idle for slot in self._slots)
            self._heart.beat("decode" if busy else "idle")
            commands = self._inbox.take(wait=not busy)
            if commands is None:
                return
            for command, arrived in commands:
                self._obey(command, arrived)
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
            self._send(Failed.of(getattr(command, "request_id", None), error))

    def _accept(self, request: Generate, arrived: float) -> None:
        if not request.token_ids:
            raise EngineError("The engine got a prompt of no tokens.")
        if not 0 <= min(request.token_ids) <= max(request.token_ids) < self._vocabulary.size:
            raise EngineError("The engine got a token that its model does not have.", hint="Prepare the prompt again.")
        if len(request.token_ids) >= self._loaded.card.context_size:
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
                context_size=self._loaded.card.context_size,
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
                self._report(
                    ParameterChanged(
                        request_id=job.request.request_id,
                        sample=job.sample,
                        offset=len(job.written),
                        name=name,
                        value=command.values[name],
                    )
                )

    def _answer_now(self, request_id: int) -> None:
        for job in self._jobs(request_id):
            form = job.request.reasoning
            if form is not None and job.reply.is_reasoning and not job.forced:
                job.forced.extend(self._vocabulary.tokenize(form.closing, parse_special=True))

    def _stop(self, request_id: int) -> None:
        for slot in self._slots:
            if slot.job is not None and slot.job.request.request_id == request_id:
                self._finish(slot, "stopped")
        for job in [job for job in self._waiting if job.request.request_id == request_id]:
            self._waiting.remove(job)
            self._end(job, "stopped")

    def _jobs(self, request_id: int) -> list[Job]:
        jobs = [*self._waiting, *(slot.job for slot in self._slots if slot.job is not None)]
        return [job for job in jobs if job.request.request_id == request_id]

    # One step

    def _step(self) -> None:
        self._admit()
        reply_runs = any(slot.is_replying for slot in self._slots)
        chunk = self._pace.chunk(self._context.batch_size, reply_runs=reply_runs)
        shares = scheduler.share(self._slots, self._context.batch_size, chunk)
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
        if result == Context.ABORTED:
            for share in shares:
                self._cut(share.slot, len(share.slot.tokens))
        elif result == Context.NO_ROOM:
            self._make_room(shares)
        else:
            self._pace.learn(len(entries), self._clock() - began)
            self._heart.beat("sample")
            self._take_results(shares)

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
                self._tell_progress(slot, slot.job)

    def _choose(self, slot: Slot, job: Job, index: int) -> None:
        if job.prompt_computed is None:
            job.prompt_computed = self._clock()
            self._tell_progress(slot, job, final=True)
        forced = bool(job.forced)
        token = job.next_token(lambda: job.chain.choose(self._candidates, self._context.logits(index)))
        now = self._clock()
        if job.first_token is None:
            job.first_token = now
        job.last_token = now
        reason = None if forced else self._ends_at(job, token)
        if reason is not None:
            self._finish(slot, reason)
            return
        job.chain.accept(token)
        job.written.append(token)
        job.reply.push(token)
        slot.pending = [token]
        reason = self._ends_after(job)
        if reason is not None:
            self._finish(slot, reason)
        elif now - job.flushed >= FLUSH_S:
            self._flush(job, now)

    def _ends_at(self, job: Job, token: int) -> StopReason | None:
        """Why the reply ends with `token`, which is then no part of it."""
        if token in self._loaded.end_tokens:
            return "end"
        if token in cast(tuple[int, ...], job.chain.values["stop_token_ids"] or ()):
            return "stop_token"
        return self._limit(job)

    def _ends_after(self, job: Job) -> StopReason | None:
        """Why the reply ends now that a token was added."""
        return "stop_text" if job.reply.stop_met is not None else self._limit(job)

    def _limit(self, job: Job) -> StopReason | None:
        """Which length the reply has reached."""
        values, written = job.chain.values, len(job.written)
        length = job.prompt_size + written
        if values["max_new_tokens"] is not None and written >= cast(int, values["max_new_tokens"]):
            return "max_new_tokens"
        if values["max_length"] is not None and length >= cast(int, values["max_length"]):
            return "max_length"
        if length >= self._loaded.card.context_size:
            return "context_full"
        return None

    # Slots

    def _admit(self) -> None:
        while self._waiting:
            job = self._waiting[0]
            reason = self._place(job)
            if reason:
                if job.queued_for != reason:
                    job.queued_for = reason
                    self._report(Queued(request_id=job.request.request_id, sample=job.sample, reason=reason))
                return
            self._waiting.pop(0)

    def _place(self, job: Job) -> str:
        """Give `job` a slot, or say what it waits for."""
        idle = [slot for slot in self._slots if slot.is_idle]
        busy = len(self._slots) - len(idle)
        if not idle:
            return f"{busy} replies are being written, more can't be at once"
        if job.sample and any(
            slot.job is not None and slot.job.request is job.request and slot.job.prompt_computed is None
            for slot in self._slots
        ):
            return "the prompt that all samples share is being read"
        match = prefix.find(job.prompt, self._slots, whole_only=self._loaded.model.is_recurrent)
        limit = cast(int | None, job.chain.values["max_new_tokens"])
        needed = scheduler.room_needed(len(job.prompt), limit, self._loaded.card.context_size)
        shared = match.length if match.slot is not None and not match.slot.is_idle else 0
        if busy and scheduler.cells_in_use(self._slots, busy_only=True) + needed - shared > self._context.pool_size:
            return "there is no room in the context beside the replies that are being written"
        slot = self._take_slot(match, idle)
        kept = self._reuse(slot, match)
        slot.job = job
        slot.pending = job.prompt[kept:]
        if job.started is None:
            job.started, job.cached = self._clock(), kept
            job.cached_reason = match.reason if kept == match.length else "this model's memory could not be cut back"
        while self._evict_for(needed - len(job.prompt)):
            pass
        self._tell_progress(slot, job, final=True)
        return ""

    def _take_slot(self, match: prefix.Match, idle: list[Slot]) -> Slot:
        """The slot for a prompt: the matching one if nothing of it is lost, else the one used longest ago."""
        if match.slot is not None and match.slot.is_idle and len(match.slot.tokens) <= match.length:
            return match.slot
        others = [slot for slot in idle if slot is not match.slot]
        return min(others, key=lambda slot: (bool(slot.tokens), slot.last_used)) if others else idle[0]

    def _reuse(self, slot: Slot, match: prefix.Match) -> int:
        """Let `slot` begin with what matches; return how many tokens it then holds."""
        if match.slot is not slot:
            self._forget(slot)
            if match.slot is not None and match.length:
                self._context.copy(match.slot.sequence, slot.sequence, match.length)
                slot.tokens = match.slot.tokens[: match.length]
        self._cut(slot, match.length)
        return len(slot.tokens)

    def _cut(self, slot: Slot, length: int) -> None:
        """Shorten `slot` to `length` tokens; where its memory can't be cut there, they become pending again."""
        del slot.tokens[length:]
        done = self._context.cut(slot.sequence, length)
        window = self._loaded.model.window_size
        if done and length and window:
            # With a window llama.cpp may say yes although cells that the next token looks at are gone.
            done = 0 <= self._context.first_position(slot.sequence) <= max(0, length - window)
        if not done:
            slot.pending = slot.tokens + slot.pending
            slot.tokens = []
            self._context.clear(slot.sequence)

    def _forget(self, slot: Slot) -> None:
        self._context.clear(slot.sequence)
        slot.tokens, slot.pending = [], []

    def _evict_for(self, needed: int) -> bool:
        """Forget the idle slot used longest ago if the pool is too full; False where nothing need or can go."""
        if scheduler.cells_in_use(self._slots, busy_only=False) + needed <= self._context.pool_size:
            return False
        kept = [slot for slot in self._slots if slot.is_idle and slot.tokens]
        if not kept:
            return False
        self._forget(min(kept, key=lambda slot: slot.last_used))
        return True

    def _make_room(self, shares: list[Share]) -> None:
        """The pool is full: forget an idle slot, else let the youngest reply wait and compute it again later."""
        for share in shares:
            self._cut(share.slot, len(share.slot.tokens))
        if self._evict_for(self._context.pool_size):
            return
        busy = [slot for slot in self._slots if slot.job is not None]
        youngest = max(busy, key=lambda slot: slot.job.arrived if slot.job else 0.0)
        job = youngest.job
        if job is None or len(busy) == 1:
            self._finish(youngest, "context_full")
            return
        self._flush(job, self._clock())
        job.prompt = [*job.request.token_ids, *job.written]
        youngest.job = None
        self._forget(youngest)
        self._waiting.append(job)

    # Reports

    def _report(self, event: Event) -> None:
        self._send(Reported(event))

    def _tell_progress(self, slot: Slot, job: Job, *, final: bool = False) -> None:
        now = self._clock()
        if job.written or (not final and now - job.progressed < PROGRESS_S):
            return
        job.progressed = now
        self._report(
            PromptProgress(
                request_id=job.request.request_id,
                sample=job.sample,
                done=len(slot.tokens),
                total=len(job.prompt),
                cached=job.cached,
            )
        )

    def _flush(self, job: Job, now: float) -> None:
        job.flushed = now
        for kind, text, tokens in job.reply.take():
            event = TextAdded if kind == "text" else ReasoningAdded
            self._report(event(request_id=job.request.request_id, sample=job.sample, text=text, tokens=tokens))

    def _finish(self, slot: Slot, reason: StopReason) -> None:
        job = slot.job
        slot.job, slot.pending, slot.last_used = None, [], self._clock()
        if job is not None:
            self._end(job, reason)

    def _end(self, job: Job, reason: StopReason) -> None:
        job.reply.finish()
        self._flush(job, self._clock())
        job.chain.close()
        started = job.started if job.started is not None else self._clock()
        computed = job.prompt_computed if job.prompt_computed is not None else self._clock()
        first = job.first_token if job.first_token is not None else computed
        self._report(
            Finished(
                request_id=job.request.request_id,
                sample=job.sample,
                stop_reason=reason,
                stop_text=job.reply.stop_met,
                prompt_tokens=job.prompt_size,
                cached_tokens=job.cached,
                processed_tokens=job.prompt_size - job.cached,
                cached_reason=job.cached_reason,
                reply_tokens=len(job.written),
                token_ids=tuple(job.written),
                seed=job.seed,
                timings=Timings(
                    queued_s=started - job.arrived,
                    prompt_s=max(0.0, computed - started),
                    first_token_s=first - job.arrived,
                    generation_s=max(0.0, job.last_token - first),
                ),
            )
        )

    def _fail_batch(self, shares: list[Share], error: RuntimeError) -> None:
        """llama.cpp could not compute a batch: its requests fail, the others and the model go on."""
        failed = {share.slot.job.request.request_id for share in shares if share.slot.job is not None}
        for slot in self._slots:
            if slot.job is not None and slot.job.request.request_id in failed:
                slot.job.chain.close()
                slot.job = None
                self._forget(slot)
        for job in [job for job in self._waiting if job.request.request_id in failed]:
            self._waiting.remove(job)
            job.chain.close()
        reason = EngineError(f"llama.cpp could not compute the next tokens: {error}.", hint="Send it again.")
        for request_id in failed:
            self._send(Failed.of(request_id, reason))
