"""The end of a worker in words: how, and the line of its log that says why."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from chatapp.engine.obituary import TAIL_BYTES, describe


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "engine.log"


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTERM"])
def test_a_signal_is_named(log: Path, name: str) -> None:
    assert name in describe(-signal.Signals[name], log)


def test_an_exit_code_is_named(log: Path) -> None:
    assert describe(3, log) == "Its process ended with exit code 3."
    assert "signal 63" in describe(-63, log)
    assert "went away" in describe(None, log)


@pytest.mark.parametrize(
    "line",
    [
        "ggml.c:123: GGML_ASSERT(x > 0) failed",
        "CUDA error: out of memory",
        "  what():  std::bad_alloc",
        "terminate called after throwing an instance of 'std::runtime_error'",
        "ModuleNotFoundError: No module named 'llama_cpp'",
        "MemoryError: ",
    ],
)
def test_the_telling_line_is_quoted(log: Path, line: str) -> None:
    log.write_text(f"loading\n{line}\nggml_backtrace: something else\n")
    assert describe(-6, log).endswith(f"The log says: {line.strip()}")


def test_the_last_telling_line_counts(log: Path) -> None:
    log.write_text("GGML_ASSERT(first)\nGGML_ASSERT(second)\nchatter\n")
    assert "second" in describe(1, log)


def test_a_log_without_a_telling_line_is_not_quoted(log: Path) -> None:
    log.write_text("all is well\n")
    assert describe(1, log) == "Its process ended with exit code 1."


def test_a_huge_log_with_any_bytes_is_read_from_its_end(log: Path) -> None:
    log.write_bytes(b"GGML_ASSERT(old)\n" + b"\xff\n" * TAIL_BYTES + b"GGML_ASSERT(new) \xfe" + b"x" * 5000)
    described = describe(1, log)
    assert "new" in described and len(described) < 400


def test_a_missing_log_is_no_error(tmp_path: Path) -> None:
    assert describe(1, tmp_path / "none.log") == "Its process ended with exit code 1."
