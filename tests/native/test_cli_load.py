"""What the command line says of a load: who asked, what took effect, what was asked for in vain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Done, run
from tiny_adapter import write_tiny_adapter


@pytest.fixture
def config(home: Path) -> Path:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    return file


def ask(model: Path, *arguments: str | Path) -> Done:
    return run("ask", "Hi", "-m", model, "--max-tokens", "2", "--incognito", *arguments)


def test_it_is_told_who_asked_and_what_took_effect(tiny_model: Path, config: Path) -> None:
    config.write_text("context_size = 300\n[models.tiny]\nthreads = 1\nmmap = 'off'\n", encoding="utf-8")
    done = ask(tiny_model, "-v", "--sequences", "2", "--mmap", "auto")
    assert done.code == 0
    for said in (
        "load setting: threads = 1 (config.toml, models.tiny)",
        "load setting: context_size = 300 (config.toml, context_size)",
        "load setting: sequences = 2 (the command line)",
        "loaded: context: 300 tokens a conversation, 512 in all, for 2 sequences",
        "loaded: computing: 1 thread, 1 for prompts",
        "loaded: weights: read in place from the file",
    ):
        assert said in done.err
    assert "mmap =" not in done.err
    assert "load" not in ask(tiny_model, "--sequences", "2").err


def test_what_was_asked_for_in_vain_is_said_once_and_in_json(tiny_model: Path) -> None:
    done = ask(tiny_model, "--gpu-layers", "5", "--json")
    assert done.err.count("gpu_layers has no effect") == 1
    loaded = json.loads(done.out)["model"]["loaded"]
    assert loaded["gpu_layers"] == 0 and "gpu_layers" in loaded["unmet"][0]
    talk = run("chat", "-m", tiny_model, "--gpu-layers", "5", "--max-tokens", "2", "--incognito", stdin="one\ntwo\n")
    assert talk.code == 0 and talk.err.count("gpu_layers has no effect") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--device", "CUDA0"), 2, "There is: cpu"),
        (("--lora", "none.gguf"), 4, "no LoRA adapter"),
        (("--cache-type-v", "q8_0", "--flash-attention", "off"), 2, "needs flash attention"),
        (("--cache-type-k", "q8_0", "--flash-attention", "on"), 2, "does not divide"),
        (("--context-size", "2000", "--pool-size", "1000"), 2, "at least one context"),
    ],
)
def test_what_can_not_be_loaded_so_ends_with_a_reason(
    tiny_model: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = ask(tiny_model, *arguments)
    assert (done.code, done.out) == (code, "") and said in done.err
    assert "Traceback" not in done.err


def test_adapters_by_option_change_the_reply(tiny_model: Path, tmp_path: Path) -> None:
    adapter = write_tiny_adapter(tmp_path / "style.gguf")
    plain, nothing, whole = (
        ask(tiny_model, "--temperature", "0", "--max-tokens", "20", "--ignore-eos", *lora).out
        for lora in ((), ("--lora", f"{adapter}:0"), ("--lora", f"{adapter}:4"))
    )
    assert plain == nothing != whole


def test_models_info_and_doctor_show_it(config: Path) -> None:
    config.write_text("[models.pocket]\nthreads = 1\ngpu_layers = 'all'\n", encoding="utf-8")
    assert "load settings: gpu_layers = all (config.toml, models.pocket), threads = 1" in run("models", "info").out
    assert json.loads(run("models", "info", "--json").out)["load"] == [
        {"name": "gpu_layers", "value": "all", "source": "config.toml, models.pocket"},
        {"name": "threads", "value": 1, "source": "config.toml, models.pocket"},
    ]
    findings = {each["subject"]: each["text"] for each in json.loads(run("doctor", "--json", "--threads", "2").out)}
    assert findings["computing"].startswith("2 threads") and findings["layers"].startswith("0 of 7 on a GPU")
    assert json.loads(run("config", "show", "--json").out)["models"] == {"pocket": {"threads": 1, "gpu_layers": "all"}}
