"""Families are known by the names that real files carry."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chatapp.models.family as module
from chatapp.core.parameters import PARAMETERS, resolve
from chatapp.models.family import Family, families, family


@pytest.mark.parametrize(
    ("name", "architecture", "known"),
    [
        ("Qwen3 8B", "qwen3", "Qwen3"),
        ("Qwen3 4B Instruct 2507", "qwen3", "Qwen3 Instruct"),
        ("Qwen3 30B A3B Thinking 2507", "qwen3moe", "Qwen3 Thinking"),
        ("Qwen3-Coder-30B-A3B-Instruct", "qwen3moe", "Qwen3 Instruct"),
        ("Qwen3 Coder Next", "qwen3next", "Qwen3 Coder Next"),
        ("Qwen3.5-35B-A3B", "qwen35moe", "Qwen3.5"),
        ("Qwen3.5 397B A17B", "qwen35moe", "Qwen3.5 397B"),
        ("Qwen3.6-27B", "qwen35", "Qwen3.6"),
        ("QwQ 32B", "qwen2", "QwQ"),
        ("Qwen2.5 7B Instruct", "qwen2", None),
        ("Gemma 3 12b It", "gemma3", "Gemma"),
        ("gemma-2-9b-it", "gemma2", None),
        ("gpt-oss-20b", "gpt-oss", "gpt-oss"),
        ("Meta Llama 3.1 8B Instruct", "llama", "Llama 3"),
        ("Meta-Llama-3-8B-Instruct", "llama", "Llama 3"),
        ("Llama 2 13B Chat", "llama", None),
        ("llama-30b", "llama", None),
        ("Llama 4 Scout 17B 16E Instruct", "llama4", "Llama 4"),
        ("DeepSeek R1 Distill Llama 8B", "llama", "DeepSeek"),
        ("DeepSeek-R1-0528-Qwen3-8B", "qwen3", "DeepSeek"),
        ("DeepSeek V3.1", "deepseek2", "DeepSeek"),
        ("Mistral Small 3.2 24B Instruct 2506", "llama", "Mistral Small"),
        ("Mistral Nemo Instruct 2407", "llama", "Mistral Nemo and Large"),
        ("Ministral 3 14B Reasoning 2512", "mistral3", "Ministral Reasoning"),
        ("Ministral 3 14B Instruct 2512", "mistral3", "Ministral"),
        ("Magistral Small 2509", "llama", "Magistral"),
        ("Devstral Small 2507", "llama", "Devstral"),
        ("GLM 4.6", "glm4moe", "GLM"),
        ("Llama 3.1 Nemotron Nano 8B v1", "llama", "Nemotron"),
        ("NVIDIA Nemotron 3 Nano 30B A3B", "nemotron_h_moe", "Nemotron"),
        ("Granite 4.0 H Tiny", "granitehybrid", "Granite 4"),
        ("Granite 3.3 8b Instruct", "granite", None),
        ("LFM2 1.2B", "lfm2", "LFM2"),
        ("LFM2.5 1.2B Instruct", "lfm2", "LFM2.5"),
        ("SmolLM3 3B", "smollm3", "SmolLM3"),
        ("SmolLM2 1.7B Instruct", "llama", "SmolLM"),
        ("Phi 4", "phi3", "Phi-4"),
        ("Phi 3 mini 4k instruct", "phi3", None),
        ("pocket", "llama", None),
        ("", "", None),
    ],
)
def test_models_are_known_by_their_names(name: str, architecture: str, known: str | None) -> None:
    found = family({"general.name": name, "general.architecture": architecture})
    assert (found.name if found is not None else None) == known


def test_the_parts_of_a_name_count_where_the_name_says_nothing() -> None:
    parts = {"general.name": "model", "general.basename": "Qwen3", "general.finetune": "Thinking-2507"}
    found = family({**parts, "general.size_label": "4B"})
    assert found is not None and found.name == "Qwen3 Thinking"


def test_the_architecture_counts_where_no_name_fits() -> None:
    found = family({"general.name": "My tune", "general.architecture": "qwen3"})
    assert found is not None and found.name == "Qwen3"
    named = family({"general.name": "Magistral", "general.architecture": "qwen3"})
    assert named is not None and named.name == "Magistral"


def test_thinking_and_answer_have_values_of_their_own() -> None:
    found = family({"general.name": "Qwen3 8B"})
    assert found is not None
    assert found.values == {"temperature": 0.7, "top_p": 0.8, "top_k": 20, "min_p": 0.0}
    assert found.thinking == {"temperature": 0.6, "top_p": 0.95}


@pytest.mark.parametrize("known", families(), ids=lambda known: known.name)
def test_every_family_holds_values_that_are_allowed(known: Family) -> None:
    assert known.names and known.source and known.values
    assert all(pattern == pattern.lower().strip() for pattern in known.names)
    resolution = resolve(edits={}, family=known.values)
    assert all(resolution.setting(name).source == "family" for name in known.values)
    for name in known.thinking:
        assert PARAMETERS[name].live


def test_no_pattern_stands_twice() -> None:
    for kind in ("names", "architectures"):
        patterns = [pattern for known in families() for pattern in getattr(known, kind)]
        assert len(patterns) == len(set(patterns))


def test_the_table_holds_nothing_that_is_not_read() -> None:
    table = tomllib.loads((Path(module.__file__).parent / "families.toml").read_text(encoding="utf-8"))
    assert all(set(row) <= set(Family.__struct_fields__) for row in table["family"])


@given(st.text(max_size=200))
def test_any_name_is_looked_at(name: str) -> None:
    found = family({"general.name": name, "general.basename": name * 3})
    assert found is None or found in families()
