"""Child processes get no secrets, and find our modules from any directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatapp.core import child


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS", "DB_PASSWORD", "PIP_AUTH"):
        monkeypatch.setenv(name, "a secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")


def test_the_engine_s_environment_holds_no_secret() -> None:
    kept = child.environment({"GGML_NO_BACKTRACE": "1"})
    assert "a secret" not in kept.values()
    assert kept["CUDA_VISIBLE_DEVICES"] == "0" and kept["GGML_NO_BACKTRACE"] == "1"


def test_the_bare_environment_holds_only_what_python_needs() -> None:
    kept = child.bare_environment()
    assert "a secret" not in kept.values() and "CUDA_VISIBLE_DEVICES" not in kept
    assert kept["PATH"] == os.environ["PATH"]


def test_the_import_path_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", ["", "relative", os.sep + "absolute"])
    entries = child.import_path().split(os.pathsep)
    assert len(entries) == 2 and all(Path(entry).is_absolute() for entry in entries)
