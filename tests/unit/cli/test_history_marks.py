"""What `history show` says of messages that were pinned, edited, continued or deleted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from chatapp.cli.main import main
from chatapp.core.conversations import Generation
from chatapp.core.messages import TextPart
from chatapp.core.paths import Paths
from chatapp.storage.store import Store


def show(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, str]:
    """What is written to standard output and to standard error."""
    with pytest.raises(SystemExit) as ended:
        main(("history", "show", *options))
    assert ended.value.code == 0
    return capsys.readouterr()


async def fill(home: Path) -> None:
    store = Store.open(Paths.of({"CHATAPP_HOME": str(home)}))
    conversations = store.conversations
    talk = await conversations.create(title="Foxes")
    question = await conversations.add_message(talk.id, None, "user", [TextPart("What is a fox?")])
    generation = Generation(
        model_name="pocket",
        model_fingerprint="",
        template_sha256="",
        settings=(),
        seed=1,
        stop_reason="end",
        begun_tokens=5,
    )
    reply = await conversations.add_message(
        talk.id, question.id, "assistant", [TextPart("A fox.")], generation=generation, edited=True
    )
    await conversations.pin_message(reply.id, True)
    for text in ("gone", "gone too"):
        await conversations.add_message(talk.id, reply.id, "user", [TextPart(text)])
    for place in conversations.tree(talk.id).messages[2:]:
        await conversations.delete_message(place.id)
    await store.close()


def test_marks_are_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(fill(home))
    out, err = show(capsys)
    heading = "## assistant · pocket · pinned · edited · its first 5 tokens taken from another version"
    assert heading in out and "gone" not in out
    assert "2 deleted messages are not shown" in err
    shown = json.loads(show(capsys, "--json")[0])
    assert shown["deleted_messages"] == 2
    assert [(each["pinned"], each["edited"]) for each in shown["messages"]] == [(False, False), (True, True)]
