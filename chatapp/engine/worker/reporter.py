"""What the loop tells the parent about its jobs."""

from __future__ import annotations

from collections.abc import Callable

from chatapp.core.errors import ChatappError
from chatapp.core.events import (
    ContextShifted,
    Event,
    Finished,
    ParameterChanged,
    PromptProgress,
    Queued,
    ReasoningAdded,
    StopReason,
    TextAdded,
    Timings,
    TokenDetails,
)
from chatapp.core.parameters import StoredValue
from chatapp.engine.protocol import Answer, Failed, Reported
from chatapp.engine.worker.job import Job
from chatapp.engine.worker.slot import Slot, Work

FLUSH_S = 0.08
"""How long text is gathered before a frame is sent: a screen draws ten times a second, and each frame wakes a process
that takes a core from the one that computes."""
PROGRESS_S = 0.1


class Reporter:
    """Turns what happens to a job into frames, no more of them than a reader can use."""

    def __init__(self, send: Callable[[Answer], None], clock: Callable[[], float]) -> None:
        self._send = send
        self._clock = clock

    def queued(self, work: Work, reason: str) -> None:
        """The work waits; the same reason is told once, and to nobody where no reply is waited for."""
        if work.queued_for != reason:
            work.queued_for = reason
            if isinstance(work, Job):
                self._report(Queued(request_id=work.request.request_id, sample=work.sample, reason=reason))

    def progress(self, slot: Slot, job: Job, *, always: bool = False) -> None:
        """How much of the job's prompt is computed."""
        now = self._clock()
        if job.new_tokens or (not always and now - job.progressed < PROGRESS_S):
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

    def text(self, job: Job, *, always: bool = False) -> None:
        """What the job has written since."""
        now = self._clock()
        if not always and now - job.flushed < FLUSH_S:
            return
        job.flushed = now
        self._details(job)
        for kind, text, tokens in job.reply.take():
            event = TextAdded if kind == "text" else ReasoningAdded
            self._report(event(request_id=job.request.request_id, sample=job.sample, text=text, tokens=tokens))

    def _details(self, job: Job) -> None:
        if job.details_told < len(job.details):
            offset, job.details_told = job.details_told, len(job.details)
            fresh = tuple(job.details[offset:])
            self._report(
                TokenDetails(request_id=job.request.request_id, sample=job.sample, offset=offset, tokens=fresh)
            )

    def changed(self, job: Job, name: str, value: StoredValue) -> None:
        """A parameter has another value from the job's next token on."""
        self._report(
            ParameterChanged(
                request_id=job.request.request_id, sample=job.sample, offset=len(job.written), name=name, value=value
            )
        )

    def shifted(self, job: Job, forgotten: int) -> None:
        """The model no longer sees so many of the older tokens."""
        self.text(job, always=True)
        self._report(
            ContextShifted(
                request_id=job.request.request_id, sample=job.sample, offset=len(job.written), dropped=forgotten
            )
        )

    def finished(self, job: Job, reason: StopReason) -> None:
        """The job's last words, and its figures."""
        job.reply.finish()
        self.text(job, always=True)
        started = job.started if job.started is not None else self._clock()
        computed = job.prompt_computed if job.prompt_computed is not None else self._clock()
        first = job.first_token if job.first_token is not None else computed
        prompt_tokens = job.prompt_size + len(job.request.begun)
        self._report(
            Finished(
                request_id=job.request.request_id,
                sample=job.sample,
                stop_reason=reason,
                stop_text=job.reply.stop_met,
                prompt_tokens=prompt_tokens,
                cached_tokens=job.cached,
                processed_tokens=prompt_tokens - job.cached,
                cached_reason=job.cached_reason,
                reply_tokens=job.new_tokens,
                token_ids=tuple(job.written),
                missing_words=job.missing_words(),
                rewinds=job.rewinds,
                seed=job.seed,
                timings=Timings(
                    queued_s=started - job.arrived,
                    prompt_s=max(0.0, computed - started),
                    first_token_s=first - job.arrived,
                    generation_s=max(0.0, job.last_token - first),
                ),
            )
        )

    def answer(self, answer: Answer) -> None:
        """An errand is done."""
        self._send(answer)

    def failed(self, request_id: int | None, error: ChatappError) -> None:
        """A request can't go on."""
        self._send(Failed.of(request_id, error))

    def _report(self, event: Event) -> None:
        self._send(Reported(event))
