"""The documentation of the command line is what the registries say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_reference_is_current() -> None:
    done = subprocess.run([sys.executable, "-m", "chatapp.cli.reference"], capture_output=True, check=True, cwd=ROOT)
    current = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert done.stdout.decode() == current, "run: python -m chatapp.cli.reference > docs/command-line.md"
