"""Devices are chosen by name, and what a machine without GPUs can't do is said."""

from __future__ import annotations

from typing import Any

import pytest

from chatapp.core.errors import NotFound, ParameterError
from chatapp.core.loading import LoadSettings
from chatapp.engine.worker.llama import Device
from chatapp.engine.worker.placement import choose_devices, without_gpu

CPU = Device("CPU", "A processor", "cpu", 0, 16)
GPUS = (Device("CUDA0", "NVIDIA One", "gpu", 10, 16), Device("CUDA1", "NVIDIA Two", "gpu", 5, 16))


def names(*known: Device, **values: Any) -> tuple[str, ...] | None:
    return choose_devices(LoadSettings(**values), known).names


def test_without_a_wish_llama_cpp_takes_them_all() -> None:
    chosen = choose_devices(LoadSettings(), (CPU, *GPUS))
    assert chosen.names is None and chosen.gpus == GPUS and chosen.free_bytes == 15


@pytest.mark.parametrize("device", ["cpu", "CPU", " cpu "])
def test_the_processor_alone(device: str) -> None:
    assert names(CPU, *GPUS, device=device) == ()


def test_devices_by_name_in_the_order_given() -> None:
    assert names(CPU, *GPUS, device="cuda1") == ("CUDA1",)
    assert names(CPU, *GPUS, device="CUDA1, CUDA0") == ("CUDA1", "CUDA0")


@pytest.mark.parametrize("device", ["CUDA2", "cpu,CUDA0", "Vulkan0,CUDA0"])
def test_what_is_not_there_is_answered_with_what_is(device: str) -> None:
    with pytest.raises(NotFound) as caught:
        names(CPU, *GPUS, device=device)
    assert "cpu, CUDA0 (NVIDIA One), CUDA1 (NVIDIA Two)" in caught.value.hint


def test_shares_are_one_a_gpu() -> None:
    assert names(CPU, *GPUS, tensor_split=(3.0, 1.0)) is None
    for split in ((1.0,), (1.0, 1.0, 1.0)):
        with pytest.raises(ParameterError, match="tensor_split") as caught:
            names(CPU, *GPUS, tensor_split=split)
        assert "CUDA0, CUDA1" in caught.value.hint
    assert names(CPU, *GPUS, device="CUDA1", tensor_split=(1.0,)) == ("CUDA1",)


def test_the_main_gpu_is_one_of_them() -> None:
    assert names(CPU, *GPUS, main_gpu=1) is None
    with pytest.raises(ParameterError, match="main_gpu"):
        names(CPU, *GPUS, main_gpu=2)


def test_what_has_no_effect_without_a_gpu_is_said_with_its_reason() -> None:
    def told(*known: Device, build_has_gpu: bool = False, **values: Any) -> tuple[str, ...]:
        settings = LoadSettings(**values)
        return without_gpu(settings, choose_devices(settings, known), build_has_gpu=build_has_gpu)

    assert told(CPU) == told(CPU, gpu_layers=0) == told(CPU, *GPUS, gpu_layers=5) == ()
    assert told(CPU, device="cpu", gpu_layers=0) == ()
    (notice,) = told(CPU, gpu_layers=5, split_mode="row")
    assert notice == "gpu_layers and split_mode have no effect: this build of llama.cpp is for the processor alone."
    (notice,) = told(CPU, tensor_split=(1.0, 2.0), build_has_gpu=True)
    assert notice == "tensor_split has no effect: llama.cpp finds no GPU here."
    (notice,) = told(CPU, *GPUS, device="cpu", gpu_layers=5)
    assert notice == "gpu_layers has no effect: device is cpu."
