"""Trains the built-in model on its corpus and writes it.

`python -m chatapp.pocket.training --minutes 40 --out chatapp/pocket/pocket.gguf`

Needs the dependency group `training`. Short windows come first, since they are cheap, then windows as long as
the context that the model claims.
"""

from __future__ import annotations

import argparse
import itertools
import math
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing
import torch.nn.functional as functional

from chatapp.pocket import model_file
from chatapp.pocket.chatml import CONTROL, segments
from chatapp.pocket.corpus.dialogue import dialogues
from chatapp.pocket.network import Network, Shape, Tensor
from chatapp.pocket.packing import windows
from chatapp.pocket.vocabulary import Vocabulary

SHORT_WINDOW = 256
TOKENS_PER_STEP = 4096
SHORT_SHARE = 0.72
"""The part of the time that is spent on short windows."""
WARM_UP_STEPS = 60
MATRIX_RATE, OTHER_RATE = 0.02, 3e-3
AVERAGE_DECAY = 0.995
CHECKPOINT_S = 120.0


class Training:
    """A network in training: its optimisers, its running average and the time it has spent.

    Several processes may train one network: each takes a share of every batch, and gradients and clocks are averaged.
    `rate` is a share of the usual learning rates.
    """

    def __init__(
        self,
        shape: Shape,
        vocabulary: Vocabulary,
        seconds: float,
        checkpoint: Path,
        rank: int = 0,
        processes: int = 1,
        rate: float = 1.0,
    ) -> None:
        self.shape, self.vocabulary = shape, vocabulary
        self.rank, self.processes = rank, processes
        self.seconds, self.checkpoint, self.rate = seconds, checkpoint, rate
        self.network = Network(shape)
        self._states = torch.compile(self.network.states, dynamic=False)
        self.average = self._copies()
        matrices: list[Tensor] = [
            t for name, t in self.network.parameters.items() if t.dim() == 2 and name.startswith("blk.")
        ]
        others: list[Tensor] = [
            t for name, t in self.network.parameters.items() if t.dim() != 2 or not name.startswith("blk.")
        ]
        self.optimisers = (
            (torch.optim.Muon(matrices, lr=MATRIX_RATE, weight_decay=0.01), MATRIX_RATE),
            (torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.95), weight_decay=0.01), OTHER_RATE),
        )
        self.elapsed, self.steps, self.loss = 0.0, 0, math.nan

    def run(self) -> None:
        """Train until the time is spent, logging and saving on the way."""
        streams = {length: self._stream(length) for length in (SHORT_WINDOW, self.shape.context)}
        saved = self.elapsed
        started = time.monotonic() - self.elapsed
        while self.elapsed < self.seconds:
            length = SHORT_WINDOW if self.elapsed < SHORT_SHARE * self.seconds else self.shape.context
            self._step(streams[length], TOKENS_PER_STEP // length // self.processes, time.monotonic() - started)
            if self.rank == 0 and self.steps % 50 == 0:
                _log(f"{self.elapsed:6.0f} s  step {self.steps:5d}  window {length:4d}  loss {self.loss:.4f}")
            if self.rank == 0 and self.elapsed - saved > CHECKPOINT_S:
                self.save()
                saved = self.elapsed

    def save(self) -> None:
        """Keep everything that is needed to go on, and a model file of the average beside it."""
        state = {
            "parameters": self.network.parameters,
            "average": self.average,
            "optimisers": [optimiser.state_dict() for optimiser, _ in self.optimisers],
            "vocabulary": self.vocabulary.dump(),
            "progress": (self.elapsed, self.steps, self.loss),
        }
        temporary = self.checkpoint.with_suffix(".new")
        torch.save(state, temporary)
        temporary.replace(self.checkpoint)
        self.export(self.checkpoint.with_suffix(".gguf"))

    def start_from(self, model: Path) -> None:
        """Begin with the parameters of a trained model file; the vocabulary must be its own."""
        self.network.load(model_file.read_parameters(model))
        self.average = self._copies()

    def resume(self) -> None:
        """Go on from the checkpoint."""
        state = torch.load(self.checkpoint, weights_only=True)
        self.vocabulary = Vocabulary.restore(state["vocabulary"])
        with torch.no_grad():
            for name, tensor in self.network.parameters.items():
                tensor.copy_(state["parameters"][name])
        self.average = state["average"]
        for (optimiser, _), saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.elapsed, self.steps, self.loss = state["progress"]

    def export(self, path: Path) -> None:
        """Write the average as a model file, all at once."""
        temporary = path.with_suffix(".part")
        exported = {name: self.network.exported(name, tensor) for name, tensor in self.average.items()}
        model_file.write(temporary, self.shape, exported, self.vocabulary)
        temporary.replace(path)

    def _copies(self) -> dict[str, Tensor]:
        return {name: tensor.detach().clone() for name, tensor in self.network.parameters.items()}

    def _stream(self, length: int) -> Iterator[tuple[Tensor, Tensor]]:
        seed = (length * 1_000_003 + self.steps) * self.processes + self.rank
        return windows(dialogues(seed, short=length == SHORT_WINDOW), self.vocabulary, length)

    def _step(self, stream: Iterator[tuple[Tensor, Tensor]], batch: int, elapsed: float) -> None:
        drawn = list(itertools.islice(stream, batch))
        tokens = torch.from_numpy(np.stack([ids for ids, _ in drawn]))
        learnt = torch.from_numpy(np.stack([row for _, row in drawn]))[:, 1:]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self.network.logits(self._states(tokens[:, :-1].contiguous())[learnt])
        loss = functional.cross_entropy(logits.float(), tokens[:, 1:][learnt])
        loss.backward()
        value, self.elapsed = self._average_over_processes(float(loss.detach()), elapsed)
        torch.nn.utils.clip_grad_norm_(list(self.network.parameters.values()), 1.0)
        self._update()
        self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value
        self.steps += 1

    def _average_over_processes(self, loss: float, elapsed: float) -> tuple[float, float]:
        """Average the gradients, the loss and the clock, so that all processes stay alike."""
        if self.processes == 1:
            return loss, elapsed
        gradients = [tensor.grad for tensor in self.network.parameters.values()]
        together = torch.cat([*(gradient.flatten() for gradient in gradients), torch.tensor([loss, elapsed])])
        distributed.all_reduce(together)
        together /= self.processes
        for gradient, part in zip(
            gradients, together.split([gradient.numel() for gradient in gradients] + [2]), strict=False
        ):
            gradient.copy_(part.view_as(gradient))
        return float(together[-2]), float(together[-1])

    def _update(self) -> None:
        progress = min(1.0, self.elapsed / self.seconds)
        cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
        scale = self.rate * min(1.0, (self.steps + 1) / WARM_UP_STEPS) * cosine
        for optimiser, rate in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate * scale
            optimiser.step()
            optimiser.zero_grad()
        decay = min(AVERAGE_DECAY, (self.steps + 1) / (self.steps + 10))
        with torch.no_grad():
            for name, tensor in self.network.parameters.items():
                self.average[name].lerp_(tensor, 1 - decay)


def learn_vocabulary(size: int) -> Vocabulary:
    """Learn the tokens from a sample of the corpus."""
    sample = itertools.islice(dialogues(7, short=True), 8000)
    texts = (text for dialogue in sample for text, _ in segments(dialogue))
    control = re.compile("|".join(map(re.escape, CONTROL)))
    return Vocabulary.learn((part for text in texts for part in control.split(text) if part), size)


def _log(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def train(rank: int, arguments: argparse.Namespace) -> None:
    """Train as process number `rank`; the first one saves and writes."""
    if arguments.processes > 1:
        meeting = arguments.checkpoint.with_suffix(".meeting").absolute().as_uri()
        distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=arguments.processes)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    shape = Shape()
    seconds = arguments.minutes * 60
    given = arguments.start_from
    vocabulary = model_file.read_vocabulary(given) if given else learn_vocabulary(shape.vocabulary)
    training = Training(shape, vocabulary, seconds, arguments.checkpoint, rank, arguments.processes, arguments.rate)
    if given:
        training.start_from(given)
    if arguments.resume:
        training.resume()
    training.run()
    if rank == 0:
        training.save()
        training.export(arguments.out)
        _log(f"wrote {arguments.out}: {arguments.out.stat().st_size:,} bytes")


def main() -> None:
    """Read the command line, train, write."""
    parser = argparse.ArgumentParser(prog="python -m chatapp.pocket.training", description="Train the built-in model.")
    parser.add_argument("--minutes", type=float, default=40.0, help="wall clock to train for")
    parser.add_argument("--out", type=Path, required=True, help="the model file to write")
    parser.add_argument("--processes", type=int, default=2, help="processes to train with, one thread each")
    parser.add_argument("--checkpoint", type=Path, default=Path(tempfile.gettempdir()) / "pocket.checkpoint")
    parser.add_argument("--start-from", type=Path, metavar="MODEL.gguf", help="begin with what a trained model knows")
    parser.add_argument("--rate", type=float, default=1.0, help="share of the learning rate, small for what is learnt")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    arguments = parser.parse_args()
    arguments.checkpoint.with_suffix(".meeting").unlink(missing_ok=True)
    if arguments.processes == 1:
        train(0, arguments)
    else:
        multiprocessing.spawn(train, args=(arguments,), nprocs=arguments.processes)


if __name__ == "__main__":
    main()
