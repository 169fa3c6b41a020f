"""Prompts of the library through the real engine: the built-in model keeps what they ask for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from command_line import Done, run
from engine_run import opened, reply

from chatapp.chat.composition import compose
from chatapp.core.parameters import Value
from chatapp.pocket.digest import MODEL
from chatapp.rendering.renderer import Renderer
from chatapp.storage.prompts import Prompts

FIXED = ("--max-tokens", "4", "--seed", "1", "--ignore-eos")
FORMED = {"classification", "json-object", "dialogue"}


def told(done: Done) -> dict[str, object]:
    assert done.code == 0, done.err
    loaded: dict[str, object] = json.loads(done.out)
    return loaded


def sources(reply: dict[str, object]) -> dict[str, tuple[object, str]]:
    return {each["name"]: (each["value"], each["source"]) for each in reply["settings"]}  # type: ignore[attr-defined]


def test_a_prompts_values_stand_between_the_command_lines_and_the_presets(tiny_model: Path) -> None:
    asked = ("ask", "-m", tiny_model, "Once", "--template", "story", "--preset", "creative", "--top-p", "0.4")
    reply = told(run(*asked, *FIXED, "--json"))
    found = sources(reply)
    assert reply["template"] == "story"
    assert (found["temperature"], found["top_k"]) == ((0.9, "prompt"), (50, "prompt"))
    assert (found["top_p"], found["max_new_tokens"]) == ((0.4, "edit"), (4, "edit"))
    lines = {line.split()[0]: line for line in run(*asked, "--explain").out.splitlines()}
    assert lines["temperature"].split() == ["temperature", "0.9", "the", "prompt", "story"]
    assert "(the prompt story): You go on with stories" in next(line for line in lines.values() if "system" in line)
    both = run("ask", "-m", tiny_model, "x", "--template", "json-object", "--preset", "creative", "--explain").out
    preset = {line.split()[0]: line for line in both.splitlines()}
    assert "the preset creative" in preset["top_p"] and "the prompt json-object" in preset["json_schema"]


def test_a_conversation_goes_on_with_the_prompts_values_and_examples(tiny_model: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("user,assistant\nIs it late?,Yes.\n")
    first = told(run("prompts", "run", "character", "-m", tiny_model, "Hi", "--examples", rows, *FIXED, "--json"))
    prompt = str(first["prompt"])
    assert prompt.index("You are Captain Ada Reed") < prompt.index("Is it late?") < prompt.index("Yes.")
    second = told(run("ask", "-m", tiny_model, "And now?", "--continue", *FIXED, "--json"))
    assert sources(second)["temperature"][0] == 0.7 and "Is it late?" in str(second["prompt"])
    shown = json.loads(run("history", "show", "--json").out)
    assert shown["conversation"]["title"] == "Character: Hi"
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant"] * 3


def test_a_raw_prompt_is_completed_as_it_is(tiny_model: Path) -> None:
    reply = told(run("ask", "-m", tiny_model, "--template", "completion", *FIXED, "--json", stdin="Once upon\n"))
    assert reply["prompt"] == "Once upon\n" and sources(reply)["temperature"] == (0.8, "prompt")
    rendered = json.loads(
        run("prompts", "render", "code-completion", "-m", tiny_model, "--var", "code=def f(", "--json").out
    )
    assert rendered["prompt"] == "def f(" and rendered["token_ids"]


def test_documents_are_in_the_prompt(tiny_model: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"This is {name}.")
    pairs = [part for name in ("a", "b") for part in ("--var", f"documents=@{tmp_path / name}.txt")]
    told_of = run("ask", "-m", tiny_model, "Who?", "--template", "question-answering", *pairs, "--explain", "--json")
    prompt = str(told(told_of)["prompt"])
    assert "Document “a.txt”:\nThis is a.\n\nDocument “b.txt”:\nThis is b.\n\nQuestion: Who?" in prompt


@pytest.fixture(scope="module")
def replies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """What the built-in model answers to every shipped prompt, and why the reply ended."""
    return asyncio.run(_replies(tmp_path_factory.mktemp("prompts")))


async def _replies(directory: Path) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    renderer = Renderer()
    try:
        async with opened(MODEL, directory) as backend:
            for entry in Prompts(directory).list():
                prompt = entry.usable
                given = {each.name: "Hello" for each in prompt.variables if each.required}
                given |= {"turns": "2"} if entry.name == "dialogue" else {}
                composition = await compose(prompt, given, renderer=renderer)
                short: dict[str, Value] = {} if entry.name in FORMED else {"max_new_tokens": 8}
                request = composition.request({"seed": 7, **short})
                done = await reply(backend, request)
                found[entry.name] = (done.text, done.end.stop_reason)
    finally:
        await renderer.close()
    return found


def test_every_shipped_prompt_is_answered(replies: dict[str, tuple[str, str]]) -> None:
    assert len(replies) >= 14
    for name, (text, stop_reason) in replies.items():
        assert text.strip() or stop_reason == "stop_text", name


def test_a_classification_gives_one_of_its_labels(replies: dict[str, tuple[str, str]]) -> None:
    assert replies["classification"] in {(label, "end") for label in ("positive", "negative", "neutral")}


def test_a_json_object_parses_and_has_what_is_required(replies: dict[str, tuple[str, str]]) -> None:
    text, stop_reason = replies["json-object"]
    assert stop_reason == "end" and json.loads(text).keys() == {"title", "summary", "keywords"}


def test_a_dialogue_has_its_turns(replies: dict[str, tuple[str, str]]) -> None:
    text, stop_reason = replies["dialogue"]
    first, second = text.split("\n")
    assert stop_reason == "end" and first.startswith("Anna: ") and second.startswith("Ben: ")
