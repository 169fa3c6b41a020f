"""What a batch gains from many rows at once: `chatapp batch` with eight in parallel against one after another.

`python -m tests.benchmarks.batch [--model MODEL.gguf] [--rounds 5] [--rows 16]`, alternating, medians; on a prefix that
all rows share and on prompts that have nothing in common. The model's weights may be random.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.sampling import told

EIGHT = 8
WORDS = ("river", "stone", "lantern", "window", "garden", "winter", "letter", "bridge", "candle", "harbour", "meadow")


def words(count: int, seed: int) -> str:
    """So many words in an order of their own."""
    return " ".join(f"{WORDS[(seed * 7 + place * (seed % 5 + 1)) % len(WORDS)]}{seed}" for place in range(count))


def rate(options: argparse.Namespace, folder: Path, prompts: list[str], system: str, parallel: int) -> float:
    """Tokens of replies a second, loading not counted."""
    source, output = folder / "prompts.txt", folder / f"{parallel}.jsonl"
    source.write_text("\n".join(prompts), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "chatapp", "batch", str(source), "-o", str(output), "--json", "--restart"),
        *("--model", options.model, "--parallel", str(parallel), "--system", system, "--seed", "1"),
        *("--temperature", "1", "--ignore-eos", "--max-new-tokens", str(options.new)),
        *("--context-size", "1024", "--pool-size", "8192", "--threads", str(options.threads)),
    ]
    # A home of its own each time, so that no run finds what another one left.
    home = {"CHATAPP_HOME": tempfile.mkdtemp(dir=folder)}
    done = subprocess.run(command, check=True, capture_output=True, env={**os.environ, **home})
    result = json.loads(done.stdout)
    return float(result["tokens"] / result["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--new", type=int, default=128, help="tokens of each reply")
    parser.add_argument("--threads", default="auto")
    options = parser.parse_args()
    kinds = {
        "a shared prefix of 150 words": (words(150, 3), 5),
        "unrelated prompts of 40 words": ("", 40),
    }
    with tempfile.TemporaryDirectory() as name:
        for kind, (system, own) in kinds.items():
            gains, rates = [], []
            for number in range(options.rounds):
                prompts = [words(own, 100 * (number + 1) + row) for row in range(options.rows)]
                alone = rate(options, Path(name), prompts, system, 1)
                rates.append(rate(options, Path(name), prompts, system, EIGHT))
                gains.append(rates[-1] / alone)
            print(told(f"{kind}, eight at once against one after another", gains))
            print(told(f"{kind}, eight at once, tokens/s", rates))


if __name__ == "__main__":
    main()
