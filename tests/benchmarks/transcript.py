"""What the transcript costs: `python -m tests.benchmarks.transcript [--quick]`.

Each figure comes from a process of its own that draws into a real pty of 120×40, drained by this one. A reply is
streamed at 60 tokens a second and drawn ten times a second. Conditions alternate; medians are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from chatapp.core.conversations import StoredMessage
from chatapp.core.messages import Role, TextPart

COLUMNS, ROWS = 120, 40
TOKENS_PER_SECOND = 60
FRAMES_PER_SECOND = 10
CHARACTERS_PER_TOKEN = 4

SECTION = """## Section {n}: what follows

A paragraph of prose with **strong words**, *emphasis*, `code`, and a [link](https://example.org/{n}); it goes on long
enough to be wrapped over several lines of the pane, as replies do, and then it ends.

- a first point, with some words
- a second point with `code` in it
  1. nested and numbered
  2. nested again
- a third

```python
def function_{n}(values: list[int]) -> int:
    \"\"\"Sum up.\"\"\"
    total = 0
    for value in values:
        total += value * {n}  # a comment
    return total
```

| name | value | note |
|:-----|------:|------|
| one  | {n}   | some words |
| two  | 2     | **bold** |

> A quote that says something about {n}.

"""


def message(number: int, role: Role, text: str, status: str = "complete") -> StoredMessage:
    """A message as the store would give it."""
    return StoredMessage(
        id=number,
        conversation_id=1,
        parent_id=number - 1 if number > 1 else None,
        role=role,
        parts=(TextPart(text),) if text else (),
        status=status,  # type: ignore[arg-type]
        created_at=1.7e9,
    )


def conversation(count: int) -> list[StoredMessage]:
    """Questions and answers in turn."""
    question = "What about {}? Please explain it to me in a few words, with an example."
    return [
        message(n, "user", question.format(n)) if n % 2 else message(n, "assistant", SECTION.format(n=n))
        for n in range(1, count + 1)
    ]


def child(mode: str, count: int, seconds: float, report: Path) -> None:
    """Run one condition in this process and write its figures as JSON."""
    from textual.app import App, ComposeResult

    from chatapp.ui.linefilter import ControlFilter
    from chatapp.ui.markdown.warmup import warm_up
    from chatapp.ui.widgets.transcript import Transcript

    class Host(App[None]):
        def compose(self) -> ComposeResult:
            yield Transcript()

        def get_line_filters(self) -> list[object]:  # type: ignore[override]
            return [*super().get_line_filters(), ControlFilter()]

        async def on_mount(self) -> None:
            self.run_worker(self.measure(), exit_on_error=True)

        async def measure(self) -> None:
            transcript = self.query_one(Transcript)
            await asyncio.sleep(0.3)
            warm_up()
            figures = await MODES[mode](transcript, count, seconds)
            figures["rss_mb"] = resident_mb()
            report.write_text(json.dumps(figures), encoding="utf-8")
            self.exit()

    async def stream(transcript: Transcript, count: int, seconds: float) -> dict[str, float]:
        transcript.show(conversation(count))
        transcript.add(message(count + 1, "user", "Go on."))
        transcript.add(message(count + 2, "assistant", "", "streaming"))
        reply = "".join(SECTION.format(n=n) for n in range(1, 60))
        await asyncio.sleep(0.5)
        cpu, begun, sent, lags = time.process_time(), time.perf_counter(), 0, []
        while (now := time.perf_counter() - begun) < seconds:
            due = int(now * TOKENS_PER_SECOND) * CHARACTERS_PER_TOKEN
            for start in range(sent, due, CHARACTERS_PER_TOKEN):
                transcript.append_text(count + 2, reply[start : start + CHARACTERS_PER_TOKEN])
            sent = max(sent, due)
            transcript.flush()
            wake = time.perf_counter() + 1 / FRAMES_PER_SECOND
            await asyncio.sleep(1 / FRAMES_PER_SECOND)
            lags.append(time.perf_counter() - wake)
        used = time.process_time() - cpu
        lags.sort()
        return {"cpu_share": used / (time.perf_counter() - begun), "lag_p95_ms": 1e3 * lags[int(len(lags) * 0.95)]}

    async def opening(transcript: Transcript, count: int, seconds: float) -> dict[str, float]:
        """Open a short and the long conversation in turn, until they are painted."""
        short, long = conversation(10), conversation(count)
        times: dict[str, list[float]] = {"short": [], "long": []}
        for _ in range(max(5, int(seconds * 3))):
            for name, messages in (("short", short), ("long", long)):
                painted = asyncio.Event()
                cpu = time.process_time()
                transcript.show(messages)
                transcript.call_after_refresh(painted.set)
                await painted.wait()
                times[name].append(time.process_time() - cpu)
        return {f"{name}_ms": 1e3 * statistics.median(values) for name, values in times.items()}

    async def idle(transcript: Transcript, count: int, seconds: float) -> dict[str, float]:
        if count:
            transcript.show(conversation(count))
        cpu, begun = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        return {"cpu_share": (time.process_time() - cpu) / (time.perf_counter() - begun)}

    MODES: dict[str, Callable[..., object]] = {"stream": stream, "open": opening, "idle": idle}  # noqa: N806
    Host().run()


def resident_mb() -> float:
    """Memory of this process that is in RAM now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run_in_pty(mode: str, count: int, seconds: float) -> dict[str, float]:
    """Run a condition in a child on a pty, drain what it draws, and return its figures with the bytes drawn."""
    import fcntl
    import pty
    import struct
    import termios

    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.json"
        controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        command = [sys.executable, "-m", "tests.benchmarks.transcript", "--child", mode, str(count), str(seconds)]
        process = subprocess.Popen(
            [*command, str(report)], stdin=terminal, stdout=terminal, stderr=terminal, env=environment
        )
        os.close(terminal)
        drawn = 0
        tail = b""
        while True:
            try:
                data = os.read(controller, 65536)
            except OSError:
                break
            if not data:
                break
            drawn += len(data)
            tail = (tail + data)[-2000:]
        os.close(controller)
        if process.wait() or not report.exists():
            sys.exit(f"the measured process failed:\n{tail.decode(errors='replace')}")
        figures: dict[str, float] = json.loads(report.read_text(encoding="utf-8"))
        return {**figures, "drawn_bytes": drawn}


def measure(mode: str, counts: Sequence[int], seconds: float, rounds: int) -> dict[int, dict[str, float]]:
    """Alternate the conditions and return the median of each figure."""
    runs: dict[int, list[dict[str, float]]] = {count: [] for count in counts}
    for _ in range(rounds):
        for count in counts:
            runs[count].append(run_in_pty(mode, count, seconds))
    return {
        count: {name: statistics.median(figures[name] for figures in found) for name in found[0]}
        for count, found in runs.items()
    }


def main() -> None:
    """Measure everything and print it against the promises."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round instead of three")
    parser.add_argument("--child", nargs=4, metavar=("MODE", "COUNT", "SECONDS", "REPORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        mode, count, seconds, report = options.child
        child(mode, int(count), float(seconds), Path(report))
        return
    if sys.platform == "win32":
        sys.exit("this benchmark needs a pty")
    seconds, rounds = (6.0, 1) if options.quick else (20.0, 3)
    streaming = measure("stream", (10, 500, 10_000), seconds, rounds)
    opened = measure("open", (10_000,), 4.0 if not options.quick else 2.0, rounds)[10_000]
    idle = measure("idle", (0, 10_000), 2.0, rounds)
    for count, figures in streaming.items():
        print(
            f"streaming at {TOKENS_PER_SECOND} tokens/s, {count:,} earlier messages: "
            f"{figures['cpu_share']:.1%} of a core, lag p95 {figures['lag_p95_ms']:.1f} ms, "
            f"{figures['rss_mb']:.0f} MB, {figures['drawn_bytes'] / 1e3:.0f} kB drawn"
        )
    lines = (
        ("interface at 60 tokens/s, 500 earlier messages, share of a core", streaming[500]["cpu_share"], 0.10),
        (
            "streaming, 10,000 earlier messages against 10",
            streaming[10_000]["cpu_share"] / streaming[10]["cpu_share"],
            1.1,
        ),
        ("opening 10,000 messages against 10", opened["long_ms"] / opened["short_ms"], 1.5),
        ("memory with 10,000 messages open against none", idle[10_000]["rss_mb"] / idle[0]["rss_mb"], 1.5),
    )
    print(f"opening: {opened['short_ms']:.1f} ms for 10 messages, {opened['long_ms']:.1f} ms for 10,000")
    for words, value, promise in lines:
        print(f"{words}: {value:.3f} (promise: at most {promise}) {'kept' if value <= promise else 'BROKEN'}")


if __name__ == "__main__":
    main()
