"""A reply on its way to a plain terminal, played by the scripted backend."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatapp.backends.script import Failure, Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.chat.session import Session
from chatapp.chat.turn import Turn
from chatapp.cli.dialogue import Dialogue
from chatapp.cli.narration import Narration
from chatapp.cli.reply import CUT, ReplyView, is_unmet, until_interrupted
from chatapp.cli.result import result_of
from chatapp.cli.streams import ClosedPipe, Output
from chatapp.core.backend import GenerationRequest, Prepared
from chatapp.core.conversations import Generation
from chatapp.core.errors import ContextFull, EngineCrashed, NotFound, ParameterError, UsageError
from chatapp.core.events import STOP_REASONS, Finished, StopReason, Timings
from chatapp.core.parameters import Value, resolve
from chatapp.core.paths import Paths
from chatapp.core.presets import Preset
from chatapp.storage.store import Store


@pytest.fixture
async def store(home: object) -> AsyncIterator[Store]:
    opened = Store.open(Paths.of())
    yield opened
    await opened.close()


async def sent(store: Store, script: Script, **options: object) -> tuple[Session, Turn]:
    session = Session(store, ScriptedBackend((script,)))
    conversation = await session.create()
    return session, await session.send(conversation.id, "Hello", **options)  # type: ignore[arg-type]


async def shown(turn: Turn, *, prefix: str = "", reasoning: bool = False, verbose: bool = False) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    narration = Narration(stream=err, verbose=verbose)
    await ReplyView(Output(out), narration, prefix=prefix, shows_reasoning=reasoning).follow(turn)
    return out.getvalue(), err.getvalue()


async def test_only_the_answer_reaches_standard_output(store: Store) -> None:
    _, turn = await sent(store, Script(reasoning="I think.", text="Hello there.", notices=("a notice",)))
    assert await shown(turn) == ("Hello there.\n", "chatapp: a notice\n")


async def test_thoughts_go_to_standard_error_where_they_are_wished(store: Store) -> None:
    _, turn = await sent(store, Script(reasoning="I think.", text="Hello."))
    out, err = await shown(turn, reasoning=True)
    assert (out, err) == ("Hello.\n", "I think.\n")


async def test_the_prefill_goes_first(store: Store) -> None:
    _, turn = await sent(store, Script(text=" there."), prefill="Hello")
    assert (await shown(turn, prefix="Hello"))[0] == "Hello there.\n"
    assert turn.reply.text == "Hello there."


async def test_a_reply_that_was_cut_is_said_to_be(store: Store) -> None:
    _, turn = await sent(store, Script(text="Hello", stop_reason="max_new_tokens"))
    assert "not whole: cut at max_new_tokens" in (await shown(turn))[1]


async def test_verbose_tells_model_settings_and_figures(store: Store) -> None:
    _, turn = await sent(store, Script(text="Hello"), edits={"temperature": 0.5})
    err = (await shown(turn, verbose=True))[1]
    assert "temperature = 0.5 [edit]" in err
    assert "top_k = 50 [default]" in err
    assert "tokens" in err
    assert f"seed {turn.reply.generation.seed}" in err  # type: ignore[union-attr]


async def test_a_failure_passes_through_and_the_text_is_kept(store: Store) -> None:
    _, turn = await sent(store, Script(text="Hello there you", failure=Failure(EngineCrashed("gone"), at=2)))
    with pytest.raises(EngineCrashed):
        await shown(turn)
    stored = store.conversations.message(turn.reply.id)
    assert stored.status == "failed"
    assert stored.text.startswith("Hello")


async def test_a_reader_who_leaves_stops_the_reply_and_the_text_is_kept(store: Store) -> None:
    class Leaving(io.StringIO):
        def write(self, text: str) -> int:
            if self.tell() > 5:
                raise BrokenPipeError
            return super().write(text)

    _, turn = await sent(store, Script(text="one two three four five"))
    with pytest.raises(ClosedPipe):
        await ReplyView(Output(Leaving()), Narration(stream=io.StringIO())).follow(turn)
    stored = store.conversations.message(turn.reply.id)
    assert stored.status in ("stopped", "complete")
    assert stored.text.startswith("one two")


async def test_an_interrupt_ends_the_reply_in_order(store: Store) -> None:
    _, turn = await sent(store, Script(text="word " * 1000, tokens_per_second=100))
    begun = asyncio.Event()

    class Noting(io.StringIO):
        def write(self, text: str) -> int:
            begun.set()
            return super().write(text)

    view = ReplyView(Output(Noting()), Narration(stream=io.StringIO()))
    work = asyncio.create_task(until_interrupted(turn, view.follow(turn)))
    await begun.wait()
    work.cancel()
    assert await work is True
    stored = store.conversations.message(turn.reply.id)
    assert stored.status == "stopped"
    assert stored.generation is not None
    assert stored.generation.stop_reason == "stopped"


async def test_json_holds_what_the_store_holds(store: Store) -> None:
    session, turn = await sent(store, Script(reasoning="Hm.", text="Hello."), edits={"seed": 7})
    await shown(turn)
    result = result_of(turn, session.backend.model, kept=True)
    stored = store.conversations.message(turn.reply.id)
    assert (result.text, result.reasoning, result.stop_reason, result.seed) == ("Hello.", "Hm.", "end", 7)
    assert (result.conversation_id, result.message_id) == (stored.conversation_id, stored.id)
    assert result.counts.prompt == stored.generation.prompt_tokens  # type: ignore[union-attr]
    assert result.settings == stored.generation.settings  # type: ignore[union-attr]
    assert "Hello" in result.prompt
    assert result_of(turn, None, kept=False).message_id is None


async def said(dialogue: Dialogue, text: str) -> str:
    turn = await dialogue.ask(text)
    return (await shown(turn))[0]


async def test_a_dialogue_holds_one_conversation_until_it_is_cleared(store: Store) -> None:
    backend = ScriptedBackend((Script(text="Yes."),))
    dialogue = Dialogue(Session(store, backend), edits={"top_k": 3}, system="Be brief.")
    assert dialogue.conversation_id is None
    assert await said(dialogue, "one") == "Yes.\n"
    await said(dialogue, "two")
    first = dialogue.conversation_id
    assert [message.text for message in backend.requests[-1].messages] == ["Be brief.", "one", "Yes.", "two"]
    assert backend.requests[-1].edits == {"top_k": 3}
    await dialogue.command("/clear", "")
    await said(dialogue, "three")
    assert dialogue.conversation_id != first
    await dialogue.command("/load", str(first))
    await said(dialogue, "four")
    assert dialogue.conversation_id == first
    assert len(backend.requests[-1].messages) == 6


async def test_set_holds_for_the_next_message_and_is_kept_with_the_conversation(store: Store) -> None:
    backend = ScriptedBackend((Script(text="Yes."),))
    dialogue = Dialogue(Session(store, backend), edits={}, wishes={"temperature": 0.6})
    assert await dialogue.command("/show", "temperature") == "temperature = 0.6 [model]"
    await said(dialogue, "one")
    assert await dialogue.command("/set", "temperature 0.1") == "temperature = 0.1 [edit]"
    await said(dialogue, "two")
    assert backend.requests[-1].edits == {"temperature": 0.1}
    assert store.conversations.get(dialogue.conversation_id or 0).edits == {"temperature": 0.1}
    assert await dialogue.command("/set", "temperature none") == "temperature = 0.6 [model]"
    await said(dialogue, "three")
    assert backend.requests[-1].edits == {}


async def test_a_reply_is_written_again_beside_the_first(store: Store) -> None:
    dialogue = Dialogue(Session(store, ScriptedBackend((Script(text="One."), Script(text="Two.")))), edits={})
    with pytest.raises(UsageError):
        await dialogue.regenerate()
    await said(dialogue, "a")
    turn = await dialogue.regenerate()
    await shown(turn)
    assert [message.text for message in store.conversations.siblings(turn.reply.id)] == ["One.", "Two."]


async def test_a_raw_dialogue_completes_each_line(store: Store) -> None:
    backend = ScriptedBackend((Script(text=" upon a time"),))
    dialogue = Dialogue(Session(store, backend), edits={}, raw=True)
    assert await said(dialogue, "Once") == " upon a time\n"
    assert (backend.requests[-1].prompt, backend.requests[-1].messages) == ("Once", ())
    with pytest.raises(UsageError):
        await dialogue.command("/system", "x")


async def test_a_title_can_be_given_and_commands_need_their_words(store: Store) -> None:
    dialogue = Dialogue(Session(store, ScriptedBackend((Script(text="Yes."),))), edits={})
    for name, words in (("/save", "title"), ("/set", "temperature"), ("/load", "x")):
        with pytest.raises(UsageError):
            await dialogue.command(name, words)
    with pytest.raises(NotFound):
        await dialogue.command("/load", "99")
    with pytest.raises(NotFound):
        await dialogue.command("/sett", "")
    await said(dialogue, "one")
    await dialogue.command("/save", "Plans for May")
    assert store.conversations.get(dialogue.conversation_id or 0).title == "Plans for May"
    assert "Plans for May" in await dialogue.command("/load", "")
    assert "Plans for May" in await dialogue.command("/show", "")


@pytest.mark.parametrize(
    ("edits", "facts", "unmet"),
    [
        ({}, {"stop_reason": "max_new_tokens"}, False),
        ({"regex": "a+"}, {"stop_reason": "end"}, False),
        ({"regex": "a+"}, {"stop_reason": "max_new_tokens"}, True),
        ({"json_value": True}, {"stop_reason": "max_time"}, True),
        ({"json_value": False}, {"stop_reason": "max_time"}, False),
        ({}, {"stop_reason": "no_candidate"}, True),
        ({}, {"stop_reason": "end", "missing_words": ("fox",)}, True),
    ],
)
def test_a_reply_that_breaks_its_constraints_is_known(
    edits: dict[str, Value], facts: dict[str, object], unmet: bool
) -> None:
    generation = Generation(
        model_name="", model_fingerprint="", template_sha256="", settings=resolve(edits=edits).settings, seed=1, **facts
    )  # type: ignore[arg-type]
    assert is_unmet(generation) == unmet


@pytest.mark.parametrize("reason", sorted(CUT))
async def test_a_reply_that_is_cut_says_why(store: Store, reason: StopReason) -> None:
    _, turn = await sent(store, Script(text="Half a", stop_reason=reason))
    assert (await shown(turn))[1] == f"chatapp: the reply is not whole: {STOP_REASONS[reason]}\n"


def test_missing_words_are_said() -> None:
    err = io.StringIO()
    view = ReplyView(None, Narration(stream=err))
    view._show(
        Finished(
            request_id=1, stop_reason="end", prompt_tokens=1, cached_tokens=0, processed_tokens=1, reply_tokens=1,
            timings=Timings(), seed=1, missing_words=("fox", "hen\x1b"),
        )
    )  # fmt: skip
    assert err.getvalue() == "chatapp: the reply lacks required words: fox, hen␛\n"


async def test_the_preset_is_in_force_and_told(store: Store) -> None:
    preset = Preset(name="mine", sampling={"top_k": 7}, system_prompt="Be brief.")
    session = Session(store, ScriptedBackend((Script(text="Hi."),)), preset=preset)
    dialogue = Dialogue(session, edits={}, family={"top_k": 9, "top_p": 0.4})
    assert await dialogue.command("/show", "top_k") == "top_k = 7 [preset]"
    assert await dialogue.command("/show", "top_p") == "top_p = 0.4 [family]"
    shown_lines = (await dialogue.command("/show", "")).splitlines()
    assert "preset: mine" in shown_lines and "top_k = 7 [preset]" in shown_lines
    assert not any(line.startswith("grammar") for line in shown_lines)
    assert "grammar = none [default]" in await dialogue.command("/show", "all")
    turn = await dialogue.ask("Hello")
    assert "preset: mine" in (await shown(turn, verbose=True))[1]
    assert result_of(turn, None, kept=True).preset == "mine"


async def test_set_reads_a_file(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "a b.gbnf"
    file.write_text('root ::= "a"')
    dialogue = Dialogue(Session(store, ScriptedBackend((Script(text="Hi."),))), edits={})
    assert await dialogue.command("/set", f"grammar @{file}") == 'grammar = root ::= "a" [edit]'


@pytest.mark.parametrize(
    ("name", "value"),
    [("regex", "yes|no"), ("choices", "yes"), ("samplers", "top_k"), ("max_new_tokens", "7"), ("json_value", "on")],
)
async def test_none_takes_every_kind_of_value_back(store: Store, name: str, value: str) -> None:
    backend = ScriptedBackend((Script(text="Yes."),))
    dialogue = Dialogue(Session(store, backend), edits={})
    assert "[edit]" in await dialogue.command("/set", f"{name} {value}")
    assert "[default]" in await dialogue.command("/set", f"{name} none")
    await said(dialogue, "one")
    assert backend.requests[-1].edits == {}


async def test_none_in_quotes_is_a_text(store: Store) -> None:
    dialogue = Dialogue(Session(store, ScriptedBackend((Script(text="Yes."),))), edits={})
    assert await dialogue.command("/set", 'regex "none"') == "regex = none [edit]"
    assert await dialogue.command("/set", 'stop "none"') == "stop = 'none' [edit]"


async def test_a_value_that_contradicts_another_is_not_kept(store: Store) -> None:
    backend = ScriptedBackend((Script(text="Yes."),))
    dialogue = Dialogue(Session(store, backend), edits={})
    await dialogue.command("/set", 'grammar root ::= "yes"')
    await said(dialogue, "one")
    with pytest.raises(ParameterError, match="can't be set together"):
        await dialogue.command("/set", "json_schema {}")
    assert await dialogue.command("/show", "json_schema") == "json_schema = none [default]"
    await said(dialogue, "two")
    assert backend.requests[-1].edits == {"grammar": 'root ::= "yes"'}
    assert await dialogue.command("/set", "grammar none") == "grammar = none [default]"
    assert await dialogue.command("/set", "json_schema {}") == "json_schema = {} [edit]"


class Picky(ScriptedBackend):
    """A backend that takes no grammar but one, and for which a regex leaves no room."""

    async def prepare(self, request: GenerationRequest) -> Prepared:
        if request.edits.get("grammar", "good") != "good":
            raise ParameterError("bad grammar")
        if request.edits.get("regex"):
            raise ContextFull("full")
        return await super().prepare(request)


async def test_a_constraint_is_tried_at_once_and_the_old_one_stays(store: Store) -> None:
    dialogue = Dialogue(Session(store, Picky((Script(text="Yes."),))), edits={})
    await dialogue.command("/set", "grammar good")
    with pytest.raises(ParameterError, match="bad grammar"):
        await dialogue.command("/set", "grammar root ::= yes")
    assert await dialogue.command("/show", "grammar") == "grammar = good [edit]"
    assert dialogue.conversation_id is None and not store.conversations.list()
    await dialogue.command("/set", "grammar none")
    assert await dialogue.command("/set", "regex a") == "regex = a [edit]"
