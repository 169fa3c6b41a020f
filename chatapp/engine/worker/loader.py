"""From a file to a model that is ready to answer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chatapp.core.backend import ModelCard
from chatapp.core.errors import ModelInvalid, ModelNotFound, Unsupported
from chatapp.core.loading import DEFAULT_CONTEXT_SIZE
from chatapp.engine.protocol import Load
from chatapp.engine.worker import amx, llama
from chatapp.engine.worker.llama import Context, Entry, Model

BATCH_SIZE = 512
SEQUENCES = 16
RECURRENT_SEQUENCES = 4
"""Each sequence of a recurrent model costs a whole state, so there are fewer."""
WARM_UP_TOKENS = 32
NO_AMX = "The processor's AMX tiles are not used: llama.cpp compiled with GCC crashes with them."


@dataclass
class LoadedModel:
    """A model, its context, and what the loop asks of them for every request."""

    model: Model
    context: Context
    card: ModelCard
    sequences: int
    end_tokens: frozenset[int]
    suppressed_tokens: tuple[int, ...]
    prompt_speed: float


def load(
    command: Load, *, progress: Callable[[float], bool], should_abort: Callable[[], bool], offloaded: Callable[[], str]
) -> LoadedModel:
    """Load a model and make its context; raise a ModelError where that can't be.

    `offloaded` gives what llama.cpp said of the layers that it put on a GPU, empty for none.
    """
    path = Path(command.path)
    if not path.is_file():
        raise ModelNotFound(f"There is no file “{path}”.", hint="“chatapp models list” shows the models at hand.")
    with amx.refused(llama.processor_library()) as without_amx:
        model = Model(path, gpu_layers=command.settings.gpu_layers, progress=progress)
    try:
        _check(model, path)
        trained = model.trained_context_size or DEFAULT_CONTEXT_SIZE
        context_size = command.settings.context_size or min(trained, DEFAULT_CONTEXT_SIZE)
        threads = command.settings.threads or core_count()
        sequences = RECURRENT_SEQUENCES if model.is_recurrent else SEQUENCES
        context = Context(
            model,
            pool_size=context_size,
            sequences=sequences,
            batch_size=BATCH_SIZE,
            threads=threads,
            should_abort=should_abort,
        )
    except Exception:
        model.close()
        raise
    # The name of a file is known to its owner; a name in its metadata may be anything.
    card = ModelCard(
        name=path.stem,
        description=model.description,
        architecture=model.metadata().get("general.architecture", ""),
        path=str(path),
        parameter_count=model.parameter_count,
        size_bytes=model.size_bytes,
        trained_context_size=trained,
        context_size=min(context_size, context.pool_size),
        vocabulary_size=model.vocabulary.size,
        device=_device(context.threads, offloaded()),
        build=llama.build_name(),
        template=model.template,
        metadata=model.metadata(),
        notices=(NO_AMX,) if without_amx and llama.uses_amx() else (),
    )
    return LoadedModel(
        model=model,
        context=context,
        card=card,
        sequences=sequences,
        end_tokens=frozenset(model.vocabulary.end_tokens()),
        suppressed_tokens=tuple(model.vocabulary.suppressed_tokens()),
        prompt_speed=_warm_up(model, context),
    )


def _check(model: Model, path: Path) -> None:
    if not model.vocabulary.exists:
        raise ModelInvalid(
            f"{path.name} has no tokenizer, so no text can be read or written with it.",
            hint="Convert the model again together with its tokenizer files.",
        )
    if model.has_encoder or not model.has_decoder:
        raise Unsupported(
            f"{path.name} has an encoder; chatapp runs decoder-only models.", hint="Choose a chat or base model."
        )


def _warm_up(model: Model, context: Context) -> float:
    """Read the weights into memory once and measure: tokens a second of a prompt."""
    token = model.vocabulary.bos if model.vocabulary.bos is not None else 0
    speed = 0.0
    for size in (1, WARM_UP_TOKENS):
        began = time.monotonic()
        context.decode([Entry(token, position, 0, position == size - 1) for position in range(size)])
        context.logits(size - 1)
        seconds = time.monotonic() - began
        context.clear(0)
        speed = size / seconds if seconds > 0 else 0.0
        if seconds > 0.25:
            break
    return speed


def _device(threads: int, offloaded: str) -> str:
    gpus = [device for device in llama.devices() if device.kind in ("gpu", "igpu")]
    if gpus and offloaded:
        names = ", ".join(device.description or device.name for device in gpus)
        return f"{names} · {offloaded}"
    return f"cpu×{threads}"


def core_count() -> int:
    """Physical cores that this process may use, as far as the system tells."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    siblings = set()
    for cpu in usable:
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            siblings.add(topology.read_text())
        except OSError:
            return max(1, len(usable) if len(usable) <= 4 else len(usable) // 2)
    # A virtual machine often shows its two cores as threads of one; they are worth using all the same.
    return len(usable) if len(usable) <= 4 else len(siblings)
