"""Presets, provenance and per-token details through the real command and the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Done, run

FIXED = ("--max-tokens", "8", "--seed", "1", "--ignore-eos")


@pytest.fixture
def mine(home: Path) -> Path:
    file = home / "config" / "presets" / "mine.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        'system_prompt = "Be brief."\n[sampling]\ntop_k = 7\ntop_p = 0.5\n[load]\ncontext_size = 512\nthreads = 1\n'
    )
    return file


def told(done: Done) -> dict[str, object]:
    assert done.code == 0, done.err
    loaded: dict[str, object] = json.loads(done.out)
    return loaded


def test_a_preset_stands_below_the_options_and_is_recorded(tiny_model: Path, mine: Path) -> None:
    reply = told(run("ask", "-m", tiny_model, "Hi", "--preset", "mine", "--top-p", "0.9", "--json", *FIXED))
    sources = {setting["name"]: (setting["value"], setting["source"]) for setting in reply["settings"]}  # type: ignore[attr-defined]
    assert (sources["top_k"], sources["top_p"]) == ((7, "preset"), (0.9, "edit"))
    assert reply["preset"] == "mine"
    assert reply["model"]["context_size"] == 512  # type: ignore[index]
    assert "Be brief." in str(reply["prompt"])
    shown = json.loads(run("history", "show", "--json").out)
    assert shown["conversation"]["system_prompt"] == "Be brief."
    assert shown["messages"][1]["generation"]["preset"] == "mine"


def test_a_system_prompt_of_a_preset_goes_to_a_conversation_that_has_none(tiny_model: Path, mine: Path) -> None:
    run("ask", "-m", tiny_model, "Hi", *FIXED)
    assert "Be brief." not in str(told(run("ask", "-m", tiny_model, "Hi", "--continue", "--json", *FIXED))["prompt"])
    continued = told(run("ask", "-m", tiny_model, "Hi", "--continue", "--preset", "mine", "--json", *FIXED))
    assert "Be brief." in str(continued["prompt"])
    run("ask", "-m", tiny_model, "Hi", "--continue", "-s", "Be long.", *FIXED)
    kept = told(run("ask", "-m", tiny_model, "Hi", "--continue", "--preset", "mine", "--json", *FIXED))
    assert "Be long." in str(kept["prompt"]) and "Be brief." not in str(kept["prompt"])


def test_explaining_generates_and_keeps_nothing(tiny_model: Path, mine: Path) -> None:
    done = run("ask", "-m", tiny_model, "Hi", "--preset", "mine", "--mirostat-tau", "3", "--explain")
    assert done.code == 0
    lines = {line.split()[0]: line for line in done.out.splitlines()}
    assert lines["top_k"].split() == ["top_k", "7", "the", "preset", "mine"]
    assert "without effect: mirostat is 0" in lines["mirostat_tau"]
    explained = told(run("ask", "-m", tiny_model, "Hi", "--preset", "mine", "--explain", "--json"))
    assert "Be brief." in str(explained["prompt"]) and isinstance(explained["prompt_tokens"], int)
    assert run("history", "list").err == "chatapp: no conversation\n"


def test_the_family_of_a_model_recommends_values(make_model: object, tmp_path: Path) -> None:
    model = make_model("Some-file.gguf", name="Magistral Small 2509")  # type: ignore[operator]
    lines = {line.split()[0]: line for line in run("ask", "-m", model, "Hi", "--explain").out.splitlines()}
    assert lines["temperature"].split()[1] == "0.7" and "model family" in lines["temperature"]
    wished = make_model("other.gguf", name="Magistral Small 2509", sampling={"temp": 0.2})  # type: ignore[operator]
    lines = {line.split()[0]: line for line in run("ask", "-m", wished, "Hi", "--explain").out.splitlines()}
    assert lines["temperature"].split()[1] == "0.2" and "metadata" in lines["temperature"]


def test_each_token_is_told_with_its_likeliest_alternatives(tiny_model: Path) -> None:
    reply = told(run("ask", "-m", tiny_model, "Hi", "--logprobs", "3", "--json", *FIXED))
    tokens: list[dict[str, object]] = reply["tokens"]  # type: ignore[assignment]
    assert len(tokens) == 8 == reply["counts"]["reply"]  # type: ignore[index]
    for token in tokens:
        others: list[dict[str, float]] = token["alternatives"]  # type: ignore[assignment]
        assert len(others) == 3
        assert [each["logprob"] for each in others] == sorted((each["logprob"] for each in others), reverse=True)
        if token["rank"] == 0:
            assert others[0]["id"] == token["id"] and others[0]["text"] == token["text"]
    assert told(run("ask", "-m", tiny_model, "Hi", "--json", *FIXED))["tokens"] is None
    plain = run("ask", "-m", tiny_model, "Hi", "--logprobs", *FIXED)
    text, _, table = plain.out.partition("\n\ntoken ")
    assert text and len(table.splitlines()) == 9


def test_a_reply_that_breaks_its_constraints_ends_with_a_code_of_its_own(tiny_model: Path) -> None:
    cut = run("ask", "-m", tiny_model, "Hi", "--regex", "[a-z]{50}", "--max-tokens", "3")
    assert cut.code == 9 and "not whole" in cut.err and cut.out.strip()
    assert run("ask", "-m", tiny_model, "Hi", "--regex", "[a-z]{3}").code == 0
    lacking = run("ask", "-m", tiny_model, "Hi", "--required-words", "elephant", "--max-tokens", "1")
    assert lacking.code == 9 and "elephant" in lacking.err
