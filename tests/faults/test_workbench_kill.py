"""The whole program in a terminal, killed in the middle: nothing that was sent is lost, nobody is left behind.

`CHATAPP_KILLS=50` asks for as many random moments of each kind; a few are tried by default.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from chatapp.core.conversations import StoredMessage
from chatapp.core.parameters import StoredValue
from chatapp.core.paths import Paths
from chatapp.storage.store import Store
from tests.fakes.terminal import Terminal

KILLS = int(os.environ.get("CHATAPP_KILLS", "3"))
LONG: dict[str, StoredValue] = {"ignore_eos": True, "temperature": 1.0, "max_new_tokens": 1500}


@pytest.fixture
async def store(home: Path) -> Iterator[Store]:
    opened = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    yield opened
    await opened.close()


def workers(parent: int) -> list[int]:
    """Process ids of the engines that `parent` started, alive or orphaned, found by their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if b"chatapp.engine.worker" in command and f"engine-{parent}-".encode() in command:
            found.append(int(entry.name))
    return found


def reply_of(store: Store, conversation_id: int) -> StoredMessage | None:
    thread = store.conversations.thread(conversation_id)
    return thread[-1] if thread and thread[-1].role == "assistant" else None


def begin(terminal: Terminal, store: Store, conversation_id: int, prompt: str) -> None:
    """Send `prompt` and wait until its reply has text on disk."""
    before = len(store.conversations.thread(conversation_id))
    terminal.type(prompt)
    terminal.wait_for(lambda: prompt in terminal.text)
    terminal.type("\r")

    def writes() -> bool:
        thread = store.conversations.thread(conversation_id)
        return len(thread) >= before + 2 and bool(thread[-1].text) and thread[-1].role == "assistant"

    terminal.wait_for(writes)


def until(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds processes in /proc")
async def test_the_engine_is_killed(home: Path, slow_model: Path, store: Store) -> None:
    conversation = await store.conversations.create(edits=LONG)
    with Terminal(["-m", str(slow_model), "--resume", str(conversation.id)], home) as terminal:
        terminal.wait_for(lambda: "ready" in terminal.text)
        for number in range(KILLS):
            begin(terminal, store, conversation.id, f"prompt number {number}")
            terminal.drain(random.uniform(0.0, 0.5))
            (engine,) = workers(terminal.process.pid)
            os.kill(engine, signal.SIGKILL)
            terminal.wait_for(
                lambda: (reply := reply_of(store, conversation.id)) is not None and reply.status == "failed"
            )
            reply = reply_of(store, conversation.id)
            assert reply is not None and reply.text and reply.generation is not None
            assert "SIGKILL" in reply.generation.error
            assert terminal.process.poll() is None
        begin(terminal, store, conversation.id, "the last prompt")
        assert "SIGKILL" in terminal.text


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds processes in /proc")
async def test_the_program_is_killed(home: Path, slow_model: Path, store: Store) -> None:
    conversations = [await store.conversations.create(edits=LONG) for _ in range(KILLS)]
    for number, conversation in enumerate(conversations):
        with Terminal(["-m", str(slow_model), "--resume", str(conversation.id)], home) as terminal:
            terminal.wait_for(lambda: "ready" in terminal.text)
            begin(terminal, store, conversation.id, f"prompt number {number}")
            terminal.drain(random.uniform(0.0, 0.5))
            before = reply_of(store, conversation.id)
            terminal.kill()
            assert until(lambda: not workers(terminal.process.pid), within_s=5.0), "an engine was left behind"
        after = reply_of(store, conversation.id)
        assert before is not None and after is not None
        assert after.text.startswith(before.text)
    reopened = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    for number, conversation in enumerate(conversations):
        asked, replied = reopened.conversations.thread(conversation.id)
        assert asked.text == f"prompt number {number}"
        assert replied.status == "interrupted" and replied.text
    await reopened.close()
