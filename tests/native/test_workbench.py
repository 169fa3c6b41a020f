"""The whole program in a real terminal, on a real model: what is stored is also what is seen."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from chatapp.core.parameters import StoredValue
from chatapp.core.paths import Paths
from chatapp.storage.store import Store
from tests.fakes.terminal import Terminal

SHORT: dict[str, StoredValue] = {"temperature": 0.0, "max_new_tokens": 24}


async def test_a_reply_that_ends_before_the_next_frame_is_drawn(home: Path) -> None:
    store = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    conversation = await store.conversations.create(edits=SHORT)
    with Terminal(["--resume", str(conversation.id)], home, columns=80, rows=24) as terminal:
        terminal.wait_for(lambda: "ready" in terminal.text)
        terminal.type("hello")
        terminal.type("\r")

        def reply() -> str:
            thread = store.conversations.thread(conversation.id)
            return thread[-1].text if thread and thread[-1].status == "complete" else ""

        terminal.wait_for(lambda: bool(reply()))
        terminal.wait_for(lambda: reply()[:12] in terminal.text)
    await store.close()


async def test_keys_in_one_chunk_are_obeyed_in_order(home: Path) -> None:
    store = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    with Terminal([], home, columns=80, rows=24) as terminal:
        terminal.wait_for(lambda: "ready" in terminal.text)
        terminal.type("abcdef\x7f\x7fXY\x1b[D\x1b[DZ\x01> \x05\x0aend\r")
        terminal.wait_for(lambda: bool(store.conversations.list()))
        (conversation,) = store.conversations.list()
        terminal.wait_for(lambda: bool(store.conversations.thread(conversation.id)))
        assert store.conversations.thread(conversation.id)[0].text == "> abcdZXY\nend"
    await store.close()


def test_a_message_that_was_begun_outlives_the_program(home: Path) -> None:
    draft = home / "state" / "drafts.json"
    with Terminal([], home, columns=80, rows=24) as terminal:
        terminal.wait_for(lambda: "ready" in terminal.text)
        terminal.type("not sent yet")
        terminal.wait_for(lambda: draft.exists())
        terminal.kill()
    with Terminal([], home, columns=80, rows=24) as terminal:
        terminal.wait_for(lambda: "not sent yet" in terminal.text)
        for key in ("\x15", "\x03", "\x03"):
            terminal.type(key)
        terminal.wait_for(lambda: terminal.process.poll() is not None)
    assert "not sent yet" not in draft.read_text()


def test_what_is_typed_ahead_is_heard(home: Path) -> None:
    with Terminal([], home, columns=80, rows=24) as terminal:
        terminal.type("typed at once")
        terminal.wait_for(lambda: "typed at once" in terminal.text[terminal.text.find("Message") :])
        terminal.wait_for(lambda: (home / "state" / "drafts.json").exists())
        assert "typed at once" in (home / "state" / "drafts.json").read_text()


async def test_one_message_goes_to_every_pane(home: Path) -> None:
    store = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    with Terminal([], home, columns=160, rows=40) as terminal:
        terminal.wait_for(lambda: "ready" in terminal.text)
        terminal.type("\x1b2")  # alt+2
        terminal.wait_for(lambda: "▌2" in terminal.text)
        terminal.type("\x1b1\x1b2hello\x1ba\x1bd")  # alt keys in one chunk, with alt+a behind the text
        terminal.wait_for(lambda: len(store.conversations.list()) == 2)

        def statuses() -> list[str]:
            threads = [store.conversations.thread(each.id) for each in store.conversations.list()]
            return [message.status for thread in threads for message in thread]

        terminal.wait_for(lambda: statuses() == ["complete"] * 4)
    await store.close()


def test_letters_behind_a_key_that_opens_a_field_go_there(home: Path) -> None:
    draft = home / "state" / "drafts.json"
    with Terminal([], home, columns=80, rows=24) as terminal:
        terminal.wait_for(lambda: "ready" in terminal.text)
        terminal.type("mine\x10choose\x7f\x7fosing no action")
        terminal.wait_for(lambda: "No action is called so" in terminal.text)
        terminal.wait_for(lambda: draft.exists())
        assert "choo" not in draft.read_text() and "mine" in draft.read_text()


def test_a_log_with_colours_is_pasted_whole(home: Path) -> None:
    draft = home / "state" / "drafts.json"
    with Terminal([], home, columns=80, rows=24) as terminal:
        terminal.wait_for(lambda: "ready" in terminal.text)
        terminal.type("\x1b[200~\x1b[31mERROR\x1b[0m in a line that is long, of more than thirty-two\rnext\x1b[201~")
        terminal.wait_for(lambda: draft.exists())
        (text,) = json.loads(draft.read_text()).values()
        assert text == "␛[31mERROR␛[0m in a line that is long, of more than thirty-two\nnext"
