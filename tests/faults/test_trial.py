"""Hostile grammars, schemas and patterns: refused in words or usable, and the parent lives on."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from chatapp.core import child
from chatapp.core.errors import ModelLoadFailed, ParameterError
from chatapp.core.parameters import Value
from chatapp.engine import trial
from chatapp.engine.trial import tried

REFUSED: dict[str, tuple[Mapping[str, Value], str]] = {
    "bad syntax": ({"grammar": 'root ::= "a" |\nfoo ::= )'}, "line 2, character 5: expecting newline or end"),
    "an end too soon": ({"grammar": 'root ::= ("a"\n'}, r"can't be read at the end: expecting '\)'\."),
    "left recursion": ({"grammar": 'root ::= a "x"\na ::= b\nb ::= a "y" | "z"'}, "the rule a begins with itself"),
    "left recursion in a group": (
        {"grammar": 'root ::= "x" | a # b ::= b\nb ::= "(" b ("|" | b)\na ::= b | (("y" | a) "z")'},
        "the rule a begins with itself",
    ),
    "undefined rule": ({"grammar": "root ::= foo"}, "the rule 'foo', which it does not define"),
    "no root": ({"grammar": 'foo ::= "a"'}, "no rule called root"),
    "50,000 brackets": ({"grammar": "root ::= " + "(" * 50000 + '"a"' + ")" * 50000}, "fail|could not be tried"),
    "uncounted repetition": ({"grammar": 'root ::= "a"{1,1999999999}'}, "counts to 2,000 only"),
    "exploding repetition": (
        {"grammar": 'root ::= a{0,2000}\na ::= b{0,2000}\nb ::= c{0,2000}\nc ::= "x"?'},
        "could not be tried|memory",
    ),
    "hidden left recursion": ({"grammar": 'root ::= b root "x" | "y"\nb ::= c\nc ::= "q" |'}, "memory|could not be"),
    "deep schema": ({"json_schema": '{"items":' * 5000 + "{}" + "}" * 5000}, "nests too deep"),
    "schema of itself": ({"json_schema": '{"anyOf": [{"$ref": "#"}, {"type": "string"}]}'}, "refers to itself"),
    "endless schema": (
        {"json_schema": '{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}'},
        "nothing that ends",
    ),
    "exploding schema": (
        {"json_schema": json.dumps({"allOf": [{"anyOf": [{"minLength": n} for n in range(10)]} for _ in range(9)]})},
        "more than 500 alternatives",
    ),
    "NUL": ({"grammar": 'root ::= "a\0b"'}, "NUL"),
    "NUL by its code": ({"grammar": 'root ::= "\\x00"'}, "leads nowhere"),
    "half of a surrogate pair": ({"regex": "a\ud800b"}, "surrogate pair, which is no character, at character 2"),
    "surrogate by its code": ({"grammar": 'root ::= "\\uD800"'}, "leads nowhere"),
    "no text at all": ({"json_schema": "false"}, "nothing that ends"),
}
EITHER: dict[str, Mapping[str, Value]] = {
    "100,000 alternatives": {"grammar": "root ::= " + " | ".join(f'"word{n}"' for n in range(100000))},
    "100,000 choices": {"choices": tuple(f"word{n}" for n in range(100000))},
    "enormous literal": {"grammar": 'root ::= "' + "x" * 3000000 + '"'},
    "enormous choice": {"choices": ("y" * 3000000, "z")},
    "nested repetition": {"grammar": 'root ::= a{2000}\na ::= b{2000}\nb ::= c{2000}\nc ::= "x"{2000}'},
    "1,500 optional properties": {
        "json_schema": json.dumps({"type": "object", "properties": {f"p{n}": {"maximum": n} for n in range(1500)}})
    },
}
USABLE: dict[str, Mapping[str, Value]] = {
    "catastrophic pattern": {"regex": "(a*)*(a|aa)+(a?){1000}a{1000}$"},
    "nested pattern": {"regex": "(((a{0,100}){0,100}){0,100}){0,100}"},
    "deep but sound schema": {"json_schema": '{"type": "array", "items":' * 100 + "{}" + "}" * 100},
}


@pytest.mark.parametrize("name", REFUSED)
async def test_it_is_refused_in_words(tiny_model: Path, name: str) -> None:
    values, reason = REFUSED[name]
    with pytest.raises(ParameterError, match=reason):
        await tried(tiny_model, values)
    assert _children() == []


@pytest.mark.parametrize("name", EITHER)
async def test_it_is_refused_or_usable(tiny_model: Path, name: str) -> None:
    try:
        assert (await tried(tiny_model, EITHER[name])).startswith("root ::=")
    except ParameterError as error:
        assert error.hint
    assert _children() == []


@pytest.mark.parametrize("name", USABLE)
async def test_it_is_usable(tiny_model: Path, name: str) -> None:
    assert (await tried(tiny_model, USABLE[name], limit_s=30)).startswith("root ::=")


async def test_the_beginning_of_the_answer_must_fit(tiny_model: Path) -> None:
    schema = {"json_schema": '{"type": "object", "properties": {"name": {"type": "string"}}}'}
    assert "name" in await tried(tiny_model, schema, '{"name": "Bo')
    with pytest.raises(ParameterError, match=re.escape('it allows only “{"n” of it')):
        await tried(tiny_model, schema, '{"nick": ')


async def test_nothing_is_started_where_nothing_is_asked(tmp_path: Path) -> None:
    assert await tried(tmp_path / "no model", {"temperature": 1.0, "json_value": False}) == ""


async def test_time_that_runs_out_ends_the_process(tiny_model: Path) -> None:
    with pytest.raises(ParameterError, match=r"could not be tried within 0\.001 s"):
        await tried(tiny_model, {"choices": tuple(str(n) for n in range(50000))}, limit_s=0.001)
    assert _children() == []


async def test_memory_that_runs_out_is_said(tiny_model: Path) -> None:
    with pytest.raises(ParameterError, match="more than 8 MB of memory"):
        await tried(tiny_model, {"choices": tuple(str(n) for n in range(50000))}, limit_s=60, limit_bytes=8 << 20)


async def test_a_cancelled_trial_leaves_no_process(tiny_model: Path) -> None:
    running = asyncio.ensure_future(tried(tiny_model, {"regex": "cancelled"}))
    # A process is there, or on its way, once the loop has gone round a few times.
    for _ in range(100):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert _children() == []


async def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF and nothing more")
    with pytest.raises(ModelLoadFailed, match=r"could not load broken\.gguf"):
        await tried(path, {"json_value": True})


async def test_an_outcome_is_remembered(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await tried(tiny_model, {"regex": "remembered"})
    with pytest.raises(ParameterError, match="no rule called root"):
        await tried(tiny_model, {"grammar": "remembered ::= [a]"})
    monkeypatch.setattr(trial.sys, "executable", "/there is no such program")
    assert await tried(tiny_model, {"regex": "remembered"}) == first
    with pytest.raises(ParameterError, match="no rule called root"):
        await tried(tiny_model, {"grammar": "remembered ::= [a]"})


def test_the_parent_side_loads_no_llama_cpp() -> None:
    code = "import chatapp.engine.trial, sys; sys.exit('llama_cpp' in sys.modules or 'numpy' in sys.modules)"
    assert (
        subprocess.run((sys.executable, "-c", code), env=os.environ | {"PYTHONPATH": child.import_path()}).returncode
        == 0
    )


def _children() -> list[str]:
    """Ids of processes that this one started and that are still there; on Linux only."""
    if sys.platform != "linux":
        return []
    lists = (path.read_text().split() for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"))
    return [child for children in lists for child in children]
