"""Which devices a model is to be loaded on, checked against those that there are."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chatapp.core.errors import NotFound, ParameterError
from chatapp.core.loading import CPU, LoadSettings
from chatapp.engine.worker.llama import Device

_GPU_SETTINGS = ("gpu_layers", "tensor_split", "main_gpu", "split_mode", "cpu_experts")
_DEFAULTS = LoadSettings()


class Devices(msgspec.Struct, frozen=True):
    """The GPUs to use; `names` as llama.cpp is told: None for all of them, empty for the processor alone."""

    gpus: tuple[Device, ...]
    names: tuple[str, ...] | None

    @property
    def free_bytes(self) -> int:
        """Memory that is free on them."""
        return sum(gpu.free_bytes for gpu in self.gpus)


def choose_devices(settings: LoadSettings, known: Sequence[Device]) -> Devices:
    """The devices that `settings` ask for; raise NotFound or ParameterError where they can't be had so."""
    gpus = tuple(device for device in known if device.kind in ("gpu", "igpu"))
    chosen = Devices(gpus, None)
    if settings.device != "auto":
        wanted = [name for text in settings.device.split(",") if (name := text.strip())]
        if [name.lower() for name in wanted] == [CPU]:
            return Devices((), ())
        found = tuple(_named(name, gpus) for name in wanted)
        chosen = Devices(found, tuple(device.name for device in found))
    _check_shares(settings, chosen)
    return chosen


def _named(name: str, gpus: Sequence[Device]) -> Device:
    for gpu in gpus:
        if gpu.name.lower() == name.lower():
            return gpu
    there = ", ".join((CPU, *(f"{gpu.name} ({gpu.description})" for gpu in gpus)))
    what = "cpu can't be named beside GPUs." if name.lower() == CPU else f"There is no device called “{name}”."
    raise NotFound(what, hint=f"There is: {there}. Leave device out for every GPU that there is.")


def _check_shares(settings: LoadSettings, devices: Devices) -> None:
    count = len(devices.gpus)
    if not count:
        return
    if settings.tensor_split and len(settings.tensor_split) != count:
        raise ParameterError(
            f"tensor_split has {len(settings.tensor_split)} shares, and there are {count} GPUs.",
            hint=f"Write one number a GPU, in this order: {', '.join(gpu.name for gpu in devices.gpus)}.",
        )
    if settings.main_gpu >= count:
        raise ParameterError(
            f"main_gpu is {settings.main_gpu}, and there are {count} GPUs.",
            hint=f"The first is 0: {', '.join(gpu.name for gpu in devices.gpus)}.",
        )


def without_gpu(settings: LoadSettings, devices: Devices, *, build_has_gpu: bool) -> tuple[str, ...]:
    """What `settings` ask of GPUs in vain, in words, since none is used."""
    asked = [name for name in _GPU_SETTINGS if getattr(settings, name) not in (getattr(_DEFAULTS, name), 0)]
    if devices.gpus or not asked:
        return ()
    if settings.device.lower() == CPU:
        why = "device is cpu"
    elif build_has_gpu:
        why = "llama.cpp finds no GPU here"
    else:
        why = "this build of llama.cpp is for the processor alone"
    return (f"{' and '.join(asked)} {'have' if len(asked) > 1 else 'has'} no effect: {why}.",)
