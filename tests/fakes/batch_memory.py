"""Runs a batch of so many rows on the scripted backend and prints the most memory that it took, in KB.

`python -m tests.fakes.batch_memory FOLDER ROWS`. The backend remembers what was asked of it; here it is made to forget.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chatapp.backends.script import Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.chat.batch.batch import Batch, check_input
from chatapp.chat.batch.output import Output
from chatapp.chat.batch.plan import Plan
from chatapp.chat.batch.source import Source
from chatapp.core.backend import GenerationRequest
from chatapp.core.loading import LoadSettings


async def main(folder: Path, rows: int) -> None:
    folder.mkdir()
    prompts = folder / "prompts.txt"
    with prompts.open("w", encoding="utf-8") as file:
        file.writelines(f"{'a long prompt ' * 20}{index}\n" for index in range(rows))
    source = Source(path=prompts, form="txt")

    def script(request: GenerationRequest) -> Script:
        backend.requests.clear()
        del backend.generations[:-8]
        return Script(text="a long reply " * 20)

    backend = ScriptedBackend(script)
    with Output(folder / "out.jsonl") as output:
        batch = Batch(source, Plan(seed=1), output, rows=check_input(source).rows, load=LoadSettings(), model="")
        batch.resume()
        await batch.run(backend, parallel=8)
    with Output(folder / "out.jsonl") as output:
        Batch(source, Plan(seed=1), output, rows=rows, load=LoadSettings(), model="").resume()
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(peak.split()[1])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
