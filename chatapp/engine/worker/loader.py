"""From a file to a model that is ready to answer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from chatapp.core.backend import ModelCard
from chatapp.core.errors import ChatappError, ModelInvalid, ModelLoadFailed, ModelNotFound, Unsupported
from chatapp.core.loading import (
    DEFAULT_CONTEXT_SIZE,
    CacheShape,
    Effect,
    LoadSettings,
)
from chatapp.core.machine import available_bytes
from chatapp.engine.protocol import Load
from chatapp.engine.worker import amx, llama
from chatapp.engine.worker.effect import effect_of
from chatapp.engine.worker.llama import Context, Entry, Model
from chatapp.engine.worker.log import Log
from chatapp.engine.worker.placement import Devices, choose_devices, without_gpu
from chatapp.engine.worker.room import check_room, fewer_layers

BATCH_SIZE = 512
SEQUENCES = 16
RECURRENT_SEQUENCES = 4
"""Each sequence of a recurrent model costs a whole state, so there are fewer."""
WARM_UP_TOKENS = 32
MOST_SCORE_SHARE = 0.25
"""The part of free memory that attention may take without flash attention where that is left out unasked."""
_PROCESSOR = ("CPU",)
NO_AMX = "The processor's AMX tiles are not used: llama.cpp compiled with GCC crashes with them."


@dataclass
class LoadedModel:
    """A model, its context, and what the loop asks of them for every request.

    `make_exact_context` makes the context of exact mode: one sequence, no flash attention.
    """

    model: Model
    context: Context
    card: ModelCard
    sequences: int
    end_tokens: frozenset[int]
    suppressed_tokens: tuple[int, ...]
    prompt_speed: float
    make_exact_context: Callable[[], Context]


def load(
    command: Load, *, progress: Callable[[float], bool], should_abort: Callable[[], bool], log: Log
) -> LoadedModel:
    """Load a model and make its context; raise a ModelError or UsageError where that can't be.

    Where the layers are left to the engine and GPUs have no room for all, it tries with fewer.
    """
    path, settings = Path(command.path), command.settings
    if not path.is_file():
        raise ModelNotFound(f"There is no file “{path}”.", hint="“chatapp models list” shows the models at hand.")
    devices = choose_devices(settings, llama.devices())
    while True:
        log.begin_load()
        attempt = Attempt(path, settings, devices, log)
        try:
            return attempt.run(progress, should_abort)
        except ModelLoadFailed as error:
            fewer = attempt.fewer_layers
            if fewer is None:
                raise
            if command.settings.gpu_layers >= 0:
                raise ModelLoadFailed(
                    f"{error.message} It says: {log.said.first_error}", hint=f"Load it with --gpu-layers {fewer}."
                ) from None
            log.note(f"The GPUs have no room for so many layers; now {fewer}.")
            settings = msgspec.structs.replace(settings, gpu_layers=fewer)


class Attempt:
    """One try to load a model with certain settings; what a failed one had loaded is freed."""

    def __init__(self, path: Path, settings: LoadSettings, devices: Devices, log: Log) -> None:
        self._path = path
        self._settings = settings
        self._devices = devices
        self._log = log

    @property
    def fewer_layers(self) -> int | None:
        """How many layers to put on GPUs next, after their memory ran out; None where that was not the matter."""
        said, asked = self._log.said, self._settings.gpu_layers
        if not (self._devices.gpus and said.is_out_of_memory and asked):
            return None
        return fewer_layers(asked if asked > 0 else said.layer_count + 1, said.layer_count)

    def run(self, progress: Callable[[float], bool], should_abort: Callable[[], bool]) -> LoadedModel:
        """Load everything."""
        with amx.refused(llama.processor_library()) as without_amx:
            model = Model(self._path, settings=self._settings, devices=self._devices.names, progress=progress)
        try:
            _check(model, self._path)
            self._add_adapters(model)
            trained = model.trained_context_size or DEFAULT_CONTEXT_SIZE
            context_size = self._settings.context_size or self._automatic_size(trained)
            make_context = self._context_maker(model, should_abort)
            context = self._make_context(model, make_context, context_size)
        except Exception:
            model.close()
            raise
        unmet = without_gpu(self._settings, self._devices, build_has_gpu=llama.supports_gpu())
        effect = effect_of(self._settings, model, context, self._log.said, context_size=context_size, unmet=unmet)
        notices = (NO_AMX,) if without_amx and llama.uses_amx() else ()
        # The name of a file is known to its owner; a name in its metadata may be anything.
        card = ModelCard(
            name=self._path.stem,
            description=model.description,
            architecture=model.metadata().get("general.architecture", ""),
            path=str(self._path),
            parameter_count=model.parameter_count,
            size_bytes=model.size_bytes,
            trained_context_size=trained,
            context_size=effect.context_size,
            vocabulary_size=model.vocabulary.size,
            device=_device(effect),
            build=llama.build_name(),
            template=model.template,
            metadata=model.metadata(),
            effect=effect,
            notices=(*notices, *effect.unmet),
        )
        return LoadedModel(
            model=model,
            context=context,
            card=card,
            sequences=context.sequences,
            end_tokens=frozenset(model.vocabulary.end_tokens()),
            suppressed_tokens=tuple(model.vocabulary.suppressed_tokens()),
            prompt_speed=_warm_up(model, context),
            make_exact_context=partial(make_context, pool_size=context_size, sequences=1, flash_attention=False),
        )

    def _automatic_size(self, trained: int) -> int:
        """What the model was trained for, within what is usual and what the pool holds."""
        return min(trained, DEFAULT_CONTEXT_SIZE, self._settings.pool_size or DEFAULT_CONTEXT_SIZE)

    def _add_adapters(self, model: Model) -> None:
        for adapter in self._settings.lora:
            try:
                model.add_adapter(adapter)
            except ModelLoadFailed as error:
                if error.hint:
                    raise
                raise ModelLoadFailed(
                    f"{error.message} llama.cpp says: {self._log.said.first_error}.",
                    hint="Use an adapter that was made for this very model.",
                ) from None

    def _context_maker(self, model: Model, should_abort: Callable[[], bool]) -> Callable[..., Context]:
        return partial(
            Context,
            model,
            batch_size=self._batch_size,
            threads=self._settings.threads or core_count(),
            settings=self._settings,
            should_abort=should_abort,
        )

    @property
    def _batch_size(self) -> int:
        settings = self._settings
        return settings.batch_size or max(BATCH_SIZE, settings.micro_batch_size, settings.sequences)

    def _flash_attention(self, shape: CacheShape, pool_size: int) -> bool | None:
        """Whether to use flash attention; None leaves it to llama.cpp.

        On the processor it makes each token behind a long context dearer, twice as dear behind 3,000, and chunks of few
        tokens most of all; without it the scores must have room, and the values be kept as they are.
        """
        settings = self._settings
        on_processor = not self._devices.gpus or settings.gpu_layers == 0
        scores = shape.score_bytes(settings, pool_size, self._batch_size)
        free = available_bytes()
        has_room = not free or scores <= free * MOST_SCORE_SHARE
        return False if settings.flash_attention == "auto" and on_processor and scores and has_room else None

    def _make_context(self, model: Model, make: Callable[..., Context], context_size: int) -> Context:
        """The context that everything shares; raise ModelLoadFailed or Unsupported where it can't be."""
        settings = self._settings
        pool_size = settings.pool_size or context_size
        usual = RECURRENT_SEQUENCES if model.is_recurrent else SEQUENCES
        free = available_bytes()
        shape = CacheShape.of(model.metadata(), model.layer_count)
        check_room(
            shape,
            settings,
            pool_size=pool_size,
            batch_size=self._batch_size,
            free_bytes=free + self._devices.free_bytes if free else 0,
        )
        try:
            return make(
                pool_size=pool_size,
                sequences=settings.sequences or min(usual, self._batch_size),
                flash_attention=self._flash_attention(shape, pool_size),
            )
        except ModelLoadFailed as error:
            raise self._explained(error, pool_size) from None

    def _explained(self, error: ModelLoadFailed, pool_size: int) -> ChatappError:
        """Why llama.cpp made no context, and what to do instead."""
        said = self._log.said
        message = f"{error.message} It says: {said.first_error}." if said.first_error else error.message
        if "cache type" in said.first_error:
            return Unsupported(message, hint="Take cache_type_k and cache_type_v f16 for this model.")
        if said.is_out_of_memory or not said.first_error:
            return ModelLoadFailed(message, hint=f"Load it with --context-size {max(256, pool_size // 2)}.")
        return ModelLoadFailed(message, hint="Leave the load settings to their defaults one by one.")


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
    for size in (1, min(WARM_UP_TOKENS, context.batch_size)):
        began = time.monotonic()
        context.decode([Entry(token, position, 0, position == size - 1) for position in range(size)])
        context.logits(size - 1)
        seconds = time.monotonic() - began
        context.clear(0)
        speed = size / seconds if seconds > 0 else 0.0
        if seconds > 0.25:
            break
    return speed


def _device(effect: Effect) -> str:
    """Where it runs, in a few words."""
    gpus = [each for each in effect.placements if each.device not in _PROCESSOR]
    if not (effect.gpu_layers and gpus):
        return f"cpu×{effect.threads}"
    names = ", ".join(each.description or each.device for each in gpus)
    return f"{names} · {effect.gpu_layers}/{effect.layers} layers"


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
