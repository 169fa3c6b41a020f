"""The worker's own process: it speaks frames, and ends when it is spoken to in anything else, or by nobody."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import chatapp
from chatapp.engine import protocol
from chatapp.engine.process import WorkerProcess
from chatapp.engine.protocol import Command, Failed, Generate, Hello, Load, Pulse, Stop

Worker = subprocess.Popen[bytes]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "engine.log"


@pytest.fixture
def worker(log: Path) -> Iterator[Worker]:
    process = subprocess.Popen(
        [sys.executable, "-m", "chatapp.engine.worker", str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(chatapp.__file__).parents[1])},
    )
    with process:
        yield process
        process.kill()


def read(worker: Worker) -> protocol.Answer:
    """The next answer that is no pulse."""
    assert worker.stdout is not None
    while True:
        header = worker.stdout.read(protocol.HEADER_BYTES)
        answer = protocol.answer_decoder.decode(worker.stdout.read(protocol.body_length(header)))
        if not isinstance(answer, Pulse):
            return answer


def write(worker: Worker, data: bytes | Command) -> None:
    assert worker.stdin is not None
    worker.stdin.write(data if isinstance(data, bytes) else protocol.encode(data))
    worker.stdin.flush()


def test_it_greets_and_ends_with_its_input(worker: Worker, log: Path) -> None:
    hello = read(worker)
    assert isinstance(hello, Hello)
    assert (hello.version, hello.pid) == (protocol.VERSION, worker.pid)
    assert hello.build and hello.system
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(30) == 0
    if sys.platform != "win32":
        assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "garbage",
    [b"\x05\0\0\0what?", b"\xff\xff\xff\xff", b"\x81\0\0\0", protocol.encode(Stop(1))[:-2]],
    ids=["no frame", "endless", "cut", "cut at its end"],
)
def test_it_ends_at_what_is_no_frame(worker: Worker, garbage: bytes, log: Path) -> None:
    read(worker)
    write(worker, garbage)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(30) == 1
    assert "Error" in log.read_text()


def test_a_request_without_a_model_fails_and_is_no_end(worker: Worker, tmp_path: Path) -> None:
    read(worker)
    write(worker, Generate(request_id=7, token_ids=(1,), values={}, seed=0))
    answer = read(worker)
    assert isinstance(answer, Failed)
    assert (answer.request_id, answer.kind) == (7, "EngineError")
    write(worker, Load(str(tmp_path / "none.gguf"), protocol.LoadSettings()))
    answer = read(worker)
    assert isinstance(answer, Failed)
    assert (answer.request_id, answer.kind) == (None, "ModelNotFound")
    (tmp_path / "bad.gguf").write_bytes(b"no model")
    write(worker, Load(str(tmp_path / "bad.gguf"), protocol.LoadSettings()))
    answer = read(worker)
    assert isinstance(answer, Failed)
    assert (answer.request_id, answer.kind) == (None, "ModelLoadFailed")
    assert "invalid magic" in answer.message


async def test_a_worker_that_nobody_has_listened_to_can_be_closed(tmp_path: Path) -> None:
    # More than asyncio and the pipe hold, from a process that ends by itself only when all is read.
    script = "import sys; sys.stdout.buffer.write(b'x' * 8_000_000); sys.stdout.flush(); sys.stdin.read()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    worker = WorkerProcess(process, tmp_path / "engine.log", Hello(1, process.pid, "", "", ()))
    assert process.stdout is not None
    await process.stdout.read(10)
    async with asyncio.timeout(30):
        await worker.close()
    assert process.returncode == 0
