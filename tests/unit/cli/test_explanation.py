"""Where values come from, and what is told of each token."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator

import pytest

from chatapp.backends.script import Script
from chatapp.backends.scripted import ScriptedBackend
from chatapp.chat.session import Session
from chatapp.cli.explanation import explanation_of, lines_of
from chatapp.cli.result import result_of
from chatapp.cli.streams import as_json_text
from chatapp.cli.token_table import table_of, tokens_of
from chatapp.core.backend import GenerationRequest, Prepared
from chatapp.core.messages import Message, TextPart
from chatapp.core.parameters import Values, resolve
from chatapp.core.paths import Paths
from chatapp.core.presets import NEUTRAL, Preset
from chatapp.storage.store import Store


@pytest.fixture
async def store(home: object) -> AsyncIterator[Store]:
    opened = Store.open(Paths.of())
    yield opened
    await opened.close()


def explained(
    *,
    edits: Values = {},  # noqa: B006
    preset: Values = {},  # noqa: B006
    model: Values = {},  # noqa: B006
    family: Values = {},  # noqa: B006
    thinking: Values = {},  # noqa: B006
    request: GenerationRequest | None = None,
    prompt: str = "",
    system: str = "",
) -> dict[str, str]:
    """Each line by its name; `prompt` is the system prompt of the preset."""
    prepared = Prepared(
        request=request or GenerationRequest(thinking=dict(thinking)),
        prompt="",
        token_ids=(1,),
        parameters=resolve(edits=edits, preset=preset, model=model, family=family),
        seed=1,
        unsupported={"min_p": "not here"},
    )
    explanation = explanation_of(prepared, Preset(name="mine", system_prompt=prompt), system=system)
    return {line.split()[0]: " ".join(line.split()) for line in lines_of(explanation)}


def test_each_value_in_force_is_told_with_its_source() -> None:
    lines = explained(edits={"top_k": 7}, preset={"top_p": 0.5}, model={"min_p": 0.1}, family={"temperature": 0.6})
    assert lines["top_k"] == "top_k 7 set for this conversation or on the command line"
    assert lines["top_p"] == "top_p 0.5 the preset mine"
    assert lines["min_p"].endswith("metadata without effect: not here")
    assert lines["temperature"].endswith("what the makers of this model family recommend")


def test_what_changes_nothing_and_was_asked_for_by_nobody_is_left_out() -> None:
    assert set(explained()) == {"temperature", "top_k", "top_p", "All"}


def test_what_was_set_is_told_even_where_it_is_off_or_moot() -> None:
    lines = explained(edits={"temperature": 0, "top_k": 0, "repeat_last_n": 32})
    assert lines["top_k"].startswith("top_k 0 set")
    assert "without effect: none of repeat_penalty" in lines["repeat_last_n"]
    assert "min_p" in explained(preset=NEUTRAL.sampling)


def test_values_while_it_thinks_and_long_ones_are_told_shortly() -> None:
    lines = explained(edits={"regex": "a\x1b" * 100}, thinking={"top_a": 0.5, "samplers": ("top_k", "top_p")})
    assert lines["top_a"] == "top_a 0.5 while the model thinks"
    assert lines["samplers"] == "samplers top_k, top_p while the model thinks"
    assert "\x1b" not in lines["regex"] and "…" in lines["regex"]


@pytest.mark.parametrize(
    ("prompt", "system", "source"),
    [
        ("Be brief.", "", "the preset mine"),
        ("", "Be brief.", "given on the command line"),
        ("Be kind.", "", "the conversation"),
    ],
)
def test_the_system_prompt_and_template_variables_are_told(prompt: str, system: str, source: str) -> None:
    request = GenerationRequest(
        messages=(Message("system", (TextPart("Be brief."),)),), template_variables={"enable_thinking": False}
    )
    lines = explained(request=request, prompt=prompt, system=system)
    assert lines["system"] == f"system prompt ({source}): Be brief."
    assert lines["template"] == "template variable enable_thinking = false"
    assert not {"system", "template"} & explained(prompt=prompt).keys()


async def test_tokens_are_told_with_their_texts(store: Store) -> None:
    session = Session(store, ScriptedBackend((Script(text="Hello there, fox."),)))
    turn = await session.send((await session.create()).id, "Hi", alternatives=2)
    async with turn:
        async for _ in turn:
            pass
    tokens = await tokens_of(turn.details, session.backend)
    assert [token.text for token in tokens] == ["Hello", " there", ",", " fox", "."]
    first, second = tokens[0].alternatives
    assert "\ufffd" not in (first.text, second.text) and first.logprob > second.logprob
    head, *lines = table_of(tokens)
    assert head.split()[:4] == ["token", "chance", "rank", "entropy"]
    assert len(lines) == 5
    chances = f'"{first.text}" {math.exp(first.logprob):.1%}  "{second.text}" {math.exp(second.logprob):.1%}'
    assert lines[0].startswith('"Hello" ') and lines[0].endswith(chances)
    told = json.loads(as_json_text(result_of(turn, session.backend.model, kept=True, tokens=tokens)))
    assert told["tokens"][1]["text"] == " there"
    assert set(told["tokens"][1]) == {"text", "id", "logprob", "rank", "entropy", "alternatives"}
    assert set(told["tokens"][1]["alternatives"][0]) == {"text", "id", "logprob"}
    assert result_of(turn, None, kept=True).tokens is None


async def test_nothing_told_makes_an_empty_table() -> None:
    assert await tokens_of((None,), ScriptedBackend((Script(),))) == ()
    assert len(list(table_of(()))) == 1
