"""What every test shares: a home of its own and a tiny real model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "data"))

from tiny_model import write_tiny_model


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty chatapp home in a temporary directory, so that no test touches the user's own."""
    directory = tmp_path / "home"
    monkeypatch.setenv("CHATAPP_HOME", str(directory))
    for name in ("HF_HOME", "HF_ENDPOINT", "HF_HUB_OFFLINE", "NO_COLOR", "EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    yield directory


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A llama model with a byte-level vocabulary and the ChatML template."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Write a tiny model of another kind: `make_model("name.gguf", template=None)`; see `write_tiny_model`."""

    def make(file_name: str = "tiny.gguf", **options: object) -> Path:
        return write_tiny_model(tmp_path / file_name, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def slow_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 14 million parameters: slow enough to be interrupted in the middle of a reply."""
    path = tmp_path_factory.mktemp("models") / "slow.gguf"
    return write_tiny_model(path, layers=8, width=384, heads=6, feed_forward=1024)
