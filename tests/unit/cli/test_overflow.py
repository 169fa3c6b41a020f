"""The choice of what happens when the context is full, on the command line, and what is said of it."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from click.testing import CliRunner

from chatapp.backends.script import Script
from chatapp.backends.scripted import CARD, ScriptedBackend
from chatapp.chat.session import Session
from chatapp.chat.turn import Turn
from chatapp.cli.ask import Asked, ask
from chatapp.cli.chat import chat
from chatapp.cli.dialogue import COMMANDS, Dialogue
from chatapp.cli.explanation import explanation_of
from chatapp.cli.narration import Narration
from chatapp.cli.question import Question
from chatapp.cli.reply import ReplyView
from chatapp.cli.result import result_of
from chatapp.cli.streams import Output, as_json_text
from chatapp.core.errors import NotFound, UsageError
from chatapp.core.overflow import OVERFLOWS, Overflow, shifts_in_words
from chatapp.core.paths import Paths
from chatapp.core.settings import Settings
from chatapp.storage.config import load_settings, parse_setting, save_setting
from chatapp.storage.store import Store

SMALL = msgspec.structs.replace(CARD, context_size=256)
WORDS = "one two three four five six seven eight nine ten "


@pytest.fixture
async def session(home: object) -> AsyncIterator[Session]:
    store = Store.open(Paths.of())
    session = Session(store, ScriptedBackend((Script(text=WORDS * 2),), card=SMALL), overflow="drop_oldest")
    yield session
    await session.close()
    await store.close()


async def shown(turn: Turn) -> str:
    """What goes to standard error."""
    err = io.StringIO()
    await ReplyView(Output(io.StringIO()), Narration(stream=err)).follow(turn)
    return err.getvalue()


def asked(text: str, *, overflow: Overflow | None = None, continues: bool = False) -> Asked:
    question = Question(prompt=text, overflow=overflow, continues=continues)
    return Asked(question, Narration(stream=io.StringIO()), as_json=False, shows_reasoning=False)


@pytest.mark.parametrize("command", [ask, chat])
def test_the_help_says_what_each_choice_does(command: object) -> None:
    said = " ".join(CliRunner().invoke(command, ["--help"], terminal_width=100).output.split())  # type: ignore[arg-type]
    for name, choice in OVERFLOWS.items():
        assert f"{name}: {choice.help}" in said


async def test_what_is_left_out_is_said_with_every_reply(session: Session) -> None:
    conversation = await session.create()
    said = [await shown(await session.send(conversation.id, WORDS * 2)) for _ in range(8)]
    turn = await session.send(conversation.id, "And then?")
    said.append(await shown(turn))
    result = json.loads(as_json_text(result_of(turn, session.backend.model, kept=True)))
    assert said[0] == "" and result["left_out"] > 0 and result["forgotten_tokens"] == 0
    assert f"chatapp: {result['left_out']} older messages are left out" in said[-1]
    prepared = await session.preview("And then?", conversation_id=conversation.id)
    assert explanation_of(prepared, None).left_out == prepared.left_out >= result["left_out"]


async def test_what_is_forgotten_is_said_when_it_happens(session: Session) -> None:
    session.backend = ScriptedBackend((Script(text=WORDS * 40),), card=SMALL)
    conversation = await session.create(overflow="shift")
    turn = await session.send(conversation.id, "Count.")
    said = await shown(turn)
    assert turn.reply.generation is not None
    for shift in turn.reply.generation.shifts:
        assert f"chatapp: {shifts_in_words(1, shift.offset, shift.dropped)}\n" in said
    result = result_of(turn, session.backend.model, kept=True)
    assert result.forgotten_tokens == turn.reply.generation.forgotten_tokens > 0


async def test_ask_begins_with_the_choice_and_changes_it_only_when_it_is_given(session: Session) -> None:
    for overflow, continues, expected in (
        (None, False, "drop_oldest"),
        ("shift", False, "shift"),
        (None, True, "shift"),
        ("stop", True, "stop"),
    ):
        turn = await asked("Hi", overflow=overflow, continues=continues)._send(session)  # type: ignore[arg-type]
        await shown(turn)
        assert session.conversation(turn.conversation_id).overflow == expected
        assert turn.prepared is not None and turn.prepared.request.overflow == expected


async def test_chat_sets_shows_and_takes_it_back(session: Session) -> None:
    dialogue = Dialogue(session, edits={}, overflow="shift")
    assert "overflow: shift" in await dialogue.command("/show", "")
    assert await dialogue.command("/set", "overflow stop") == f"overflow: stop. {OVERFLOWS['stop'].help}"
    turn = await dialogue.ask("Hello")
    await shown(turn)
    assert session.conversation(turn.conversation_id).overflow == "stop"
    assert (await dialogue.command("/set", "overflow none")).startswith("overflow: drop_oldest.")
    assert session.conversation(turn.conversation_id).overflow == "drop_oldest"
    assert await dialogue.command("/show", "overflow") == f"overflow: drop_oldest. {OVERFLOWS['drop_oldest'].help}"
    with pytest.raises(NotFound) as raised:
        await dialogue.command("/set", "overflow drop_eldest")
    assert "drop_oldest" in raised.value.hint
    with pytest.raises(UsageError) as unset:
        await dialogue.command("/set", "overflow")
    assert "overflow" in unset.value.hint


async def test_a_loaded_conversation_brings_its_own(session: Session) -> None:
    stored = await session.create(overflow="shift")
    dialogue = Dialogue(session, edits={})
    assert "overflow: drop_oldest" in await dialogue.command("/show", "")
    await dialogue.command("/load", str(stored.id))
    assert "overflow: shift" in await dialogue.command("/show", "")
    await dialogue.command("/clear", "")
    turn = await dialogue.ask("Hello")
    await shown(turn)
    assert session.conversation(turn.conversation_id).overflow == "shift"


def test_the_commands_name_every_choice() -> None:
    _, help_ = COMMANDS["/set overflow"]
    assert all(name in help_ for name in OVERFLOWS)


def test_it_is_a_setting(home: object) -> None:
    path = Paths.of().config_file
    assert parse_setting("overflow", " shift ") == "shift"
    save_setting(path, "overflow", "shift")
    assert load_settings(path) == (Settings(overflow="shift"), ())
    path.write_text('overflow = "forget"\n', encoding="utf-8")
    settings, (problem,) = load_settings(path)
    assert settings.overflow == "stop" and "stop or drop_oldest or shift" in problem.hint


def test_an_unknown_choice_is_refused_before_anything_is_opened(home: object) -> None:
    result = CliRunner().invoke(ask, ["--overflow", "forget", "Hi"])
    assert result.exit_code == 2 and "'drop_oldest'" in result.output
