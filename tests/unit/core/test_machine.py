"""What the system says of memory."""

from __future__ import annotations

import os
import subprocess
import sys

from chatapp.core.machine import physical_bytes, resident_bytes


def test_the_machine_has_memory() -> None:
    assert physical_bytes() > 100 * 10**6


def test_a_process_has_some_of_it() -> None:
    mine = resident_bytes(os.getpid())
    assert mine is not None and 5 * 10**6 < mine < physical_bytes()


def test_a_process_that_is_gone_has_none() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert resident_bytes(gone.pid) is None
