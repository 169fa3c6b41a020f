"""llama.cpp's own word on what a grammar allows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "fakes"))

from acceptance import Acceptance


@pytest.fixture(scope="session")
def llama_cpp(tiny_model: Path) -> Iterator[Acceptance]:
    """A vocabulary in which every byte is a token."""
    acceptance = Acceptance(tiny_model)
    yield acceptance
    acceptance.close()
