"""What `chatapp models ps` writes, and how `chatapp models unload` waits."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import msgspec

from chatapp.cli.memory_table import in_memory, table
from chatapp.cli.unloading import unload
from chatapp.core.footprint import Footprint
from chatapp.engine.holdings import Holding, Holdings


def holding(**changes: object) -> Holding:
    now = time.time()
    plain = Holding(
        model="tiny\x1b[31m", path="/models/tiny.gguf", program="workbench", owner_pid=10, worker_pid=os.getpid(),
        state="idle", since=now - 7300, last_used=now - 3700, device="cpu×2", context_size=8192,
        footprint=Footprint(mapped_bytes=10**9, weights_bytes=10**8, context_bytes=2 * 10**8, compute_bytes=0),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def test_a_line_says_who_holds_what_and_how_it_is_used() -> None:
    entry = in_memory(holding())
    assert entry.memory_bytes == 1_300_000_000
    assert entry.resident_bytes is not None
    heading, line = table([entry])
    assert heading.startswith("MODEL") and heading.endswith("PATH")
    for text in ("idle", "1.3 GB", "8,192", "cpu×2", "workbench 10", str(os.getpid()), "1 h ago", "/models/tiny.gguf"):
        assert text in line
    assert "\x1b" not in line
    assert line.index("idle") == heading.index("STATE")


def test_a_load_under_way_has_no_size_yet() -> None:
    loading = holding(state="loading", footprint=Footprint(), context_size=0, worker_pid=0, last_used=time.time())
    heading, line = table([in_memory(loading)])
    assert line[heading.index("MEMORY") : heading.index("DEVICE")].strip() == ""
    assert "loading" in line and " now " in line


def test_unloading_waits_for_the_owners_and_gives_up_on_the_busy(tmp_path: Path) -> None:
    holdings = Holdings(tmp_path, program="test")
    claims = [holdings.claim() for _ in range(2)]
    for claim in claims:
        assert claim is not None
        claim.write(holding())
    willing, busy = claims
    assert willing is not None and busy is not None

    def obey() -> None:
        while not willing.is_unwanted:
            time.sleep(0.01)
        willing.release()

    owner = threading.Thread(target=obey)
    owner.start()
    left = unload(holdings, holdings.list(), wait_s=1.0)
    owner.join()
    assert [each.id for each in left] == [busy.id]
    assert not busy.is_unwanted
    busy.release()
    assert list(tmp_path.iterdir()) == []
