"""The one thread that computes: it takes commands and lets each lane go on, a batch at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from chatapp.core.errors import ChatappError, EngineError
from chatapp.engine.protocol import Answer, AnswerNow, Command, Generate, ListCandidates, Score, Stop, Update
from chatapp.engine.worker.archive import Archive
from chatapp.engine.worker.errand import listing, scoring
from chatapp.engine.worker.heart import Heart
from chatapp.engine.worker.inbox import Inbox
from chatapp.engine.worker.job import Job
from chatapp.engine.worker.kept import Shelf
from chatapp.engine.worker.lane import Lane
from chatapp.engine.worker.llama import Candidates
from chatapp.engine.worker.loader import LoadedModel
from chatapp.engine.worker.making import make_chain, make_job, plain
from chatapp.engine.worker.memory import Alone, Memory
from chatapp.engine.worker.reporter import Reporter
from chatapp.engine.worker.sampling.details import Measure
from chatapp.engine.worker.scheduler import Pace, Steady


class Loop:
    """Serves every request on one loaded model: those of exact mode in a context of their own, all others in one."""

    def __init__(
        self,
        loaded: LoadedModel,
        inbox: Inbox,
        send: Callable[[Answer], None],
        heart: Heart,
        archive: Archive | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loaded = loaded
        self._inbox = inbox
        self._reporter = Reporter(send, clock)
        self._heart = heart
        self._clock = clock
        self._candidates = Candidates(loaded.model.vocabulary.size)
        self._measure = Measure()
        pace = Pace(loaded.prompt_speed)
        self._memory = Memory(loaded.context, loaded.model, loaded.sequences, pace, Shelf(), archive)
        self._main = Lane(loaded, loaded.context, self._memory, pace, self._reporter, heart, clock)
        self._exact: Lane | None = None

    @property
    def _lanes(self) -> list[Lane]:
        return [self._main] if self._exact is None else [self._main, self._exact]

    def run(self) -> None:
        """Serve until the inbox is closed."""
        while True:
            busy = any(lane.is_busy for lane in self._lanes)
            self._heart.beat("decode" if busy else "idle")
            commands = self._inbox.take(wait=not busy, timeout=self._memory.settles_in(self._clock()))
            if commands is None:
                self._memory.settle_all()
                return
            for command, arrived in commands:
                self._obey(command, arrived)
            for lane in self._lanes:
                lane.step()

    def _obey(self, command: Command, arrived: float) -> None:
        self._heart.beat("sample")
        try:
            self._take(command, arrived)
        except ChatappError as error:
            request_id = getattr(command, "request_id", None)
            if request_id is None:
                self._reporter.failed(None, error)
            else:
                self._fail(request_id, error)

    def _take(self, command: Command, arrived: float) -> None:
        match command:
            case Generate():
                self._check_prompt(command.token_ids)
                lane = self._exact_lane() if command.exact else self._main
                for sample in range(command.samples):
                    lane.add(make_job(self._loaded, command, sample, arrived))
                    self._heart.beat("sample")
            case Score():
                self._check_prompt(command.token_ids)
                self._main.add(scoring(command, self._measure, arrived))
            case ListCandidates():
                self._check_prompt(command.token_ids)
                chain = make_chain(self._loaded, plain(command.values), 0, command.token_ids)
                self._main.add(listing(command, chain, self._candidates, arrived))
            case Update():
                for lane, job in self._jobs(command.request_id):
                    lane.change(job, command.values)
            case AnswerNow():
                for _, job in self._jobs(command.request_id):
                    job.answer_now()
            case Stop():
                for lane in self._lanes:
                    lane.stop(command.request_id)
            case _:
                raise EngineError(f"The engine got “{type(command).__name__}” while a model is loaded.")

    def _check_prompt(self, tokens: Sequence[int]) -> None:
        if not tokens:
            raise EngineError("The engine got a prompt of no tokens.")
        if not 0 <= min(tokens) <= max(tokens) < self._loaded.model.vocabulary.size:
            raise EngineError("The engine got a token that its model does not have.", hint="Prepare the prompt again.")
        if len(tokens) >= self._loaded.card.context_size:
            raise EngineError("The engine got a prompt longer than its context.")

    def _jobs(self, request_id: int) -> list[tuple[Lane, Job]]:
        return [(lane, job) for lane in self._lanes for job in lane.jobs(request_id)]

    def _fail(self, request_id: int, error: ChatappError) -> None:
        """A request can't go on, wherever it is."""
        for lane in self._lanes:
            lane.drop({request_id})
        self._reporter.failed(request_id, error)

    def _exact_lane(self) -> Lane:
        """The lane of exact mode, made when it is first wanted, since its context takes memory of its own."""
        if self._exact is None:
            self._heart.beat("load")
            context = self._loaded.make_exact_context()
            pace = Steady()
            memory = Alone(context, self._loaded.model, pace)
            self._exact = Lane(self._loaded, context, memory, pace, self._reporter, self._heart, self._clock)
        return self._exact
