"""What starting costs: the first paint against an empty Textual app, and `--help` against an empty Python.

`python -m tests.benchmarks.start [--pairs 15]`: each pair one after the other in a pty of 160×48, the first pair thrown
away (files come from the disk then); medians of the pairs' ratios. The first paint is there when the last line of the
screen is drawn: the composer's frame here, the only words of the empty app there. Needs a pty.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.fakes.terminal import Terminal

_EMPTY = """
from textual.app import App
from textual.widgets import Static


class Empty(App):
    def compose(self):
        yield Static("nothing here")


Empty().run()
"""


def seconds_until(arguments: list[str], words: str, program: tuple[str, ...]) -> float:
    """From the start of a program until it draws `words`."""
    with tempfile.TemporaryDirectory() as home:
        begun = time.perf_counter()
        with Terminal(arguments, Path(home), columns=160, rows=48, program=program) as terminal:
            while words not in terminal.text:
                terminal.drain(0.002)
                if time.perf_counter() - begun > 60:
                    raise AssertionError(f"{words!r} was not drawn within a minute")
            return time.perf_counter() - begun


def seconds_of(arguments: list[str]) -> float:
    """How long a program runs until it ends by itself."""
    with tempfile.TemporaryDirectory() as home:
        begun = time.perf_counter()
        with Terminal(arguments, Path(home), program=(sys.executable,)) as terminal:
            while terminal.process.poll() is None:
                terminal.drain(0.002)
            return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=15)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # who installs the program has its modules compiled
    paints, helps = [], []
    for number in range(options.pairs + 1):
        empty = seconds_until(["-c", _EMPTY], "nothing here", (sys.executable,))
        ours = seconds_until([], "all actions", (sys.executable, "-m", "chatapp"))
        nothing = seconds_of(["-c", "pass"])
        helped = seconds_of(["-m", "chatapp", "--help"])
        if number:
            paints.append((ours, empty))
            helps.append((helped, nothing))
    for name, pairs, promised in (("first paint / an empty Textual app", paints, 1.5), ("--help / python", helps, 7.0)):
        ratios = sorted(one / other for one, other in pairs)
        ours, other = (statistics.median(each) for each in zip(*pairs, strict=True))
        verdict = "kept" if statistics.median(ratios) <= promised else "MISSED"
        print(
            f"{name}: {statistics.median(ratios):.2f} ({ratios[0]:.2f} … {ratios[-1]:.2f}, {len(ratios)} pairs; "
            f"{1e3 * ours:.0f} / {1e3 * other:.0f} ms), promised ≤ {promised}: {verdict}"
        )


if __name__ == "__main__":
    main()
