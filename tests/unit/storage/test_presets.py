"""Presets in files: shipped, one's own, and wrong ones."""

from __future__ import annotations

import os
import random
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatapp.core.errors import FileProblem, NotFound, StoreUnwritable, UsageError
from chatapp.core.parameters import PARAMETERS, resolve
from chatapp.core.presets import NEUTRAL, Preset, check_preset_name
from chatapp.storage.presets import SHIPPED, Presets, as_toml, read_entry

WHOLE = """\
title = "Mine"
description = "For trying."
system_prompt = \"\"\"
Be brief.
\"\"\"

[sampling]
temperature = 0.7
samplers = ["top_k", "temp"]
stop = "END"
max_tokens = 20
json_schema = '{"type": "object"}'

[thinking]
temperature = 1

[load]
context_size = 4096
threads = 2
gpu_layers = "all"
tensor_split = [3, 1.5]
flash_attention = true
lora = "style.gguf:0.5"
"""


@pytest.fixture
def presets(tmp_path: Path) -> Presets:
    (tmp_path / "presets").mkdir()
    return Presets(tmp_path / "presets")


def written(presets: Presets, name: str, text: str | bytes) -> Path:
    path = presets.path_of("x").with_name(f"{name}.toml")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_shipped_presets_are_sound(presets: Presets) -> None:
    told = {
        entry.name: tuple(entry.usable.sampling.get(name) for name in ("temperature", "top_k", "top_p"))
        for entry in presets.list()
        if entry.name not in ("deterministic", "neutral")
    }
    assert told == {
        "conservative": (0.3, 30, 0.8),
        "balanced": (0.8, 50, 0.9),
        "creative": (1.2, 60, 0.95),
        "experimental": (1.5, 0, 1.0),
    }
    assert presets.find("deterministic").usable.sampling == {"temperature": 0.0}
    assert all(entry.is_shipped and entry.usable.title and entry.usable.description for entry in presets.list())
    assert not list(SHIPPED.glob("neutral.toml"))


def test_neutral_leaves_no_stage_on() -> None:
    """Whatever the model and its family wish, and a penalty that is set beside it still works."""
    loud = {"temperature": 2.0, "top_k": 5, "repeat_penalty": 1.3, "xtc_probability": 0.5, "mirostat": 2}
    values = resolve(edits={}, preset=NEUTRAL.sampling, model=loud, family={"dry_multiplier": 0.8})
    on = {
        setting.name
        for setting in values.settings
        if PARAMETERS[setting.name].stage is not None
        and PARAMETERS[setting.name].is_on(setting.plain)
        and not setting.moot
    }
    assert on == set()
    for penalty in ("repeat_penalty", "dry_multiplier"):
        assert resolve(edits={penalty: 1.1}, preset=NEUTRAL.sampling).setting(penalty).moot == ""
    assert resolve(edits={}).setting("temperature").value == 0.8


def test_a_whole_file_is_read(presets: Presets) -> None:
    written(presets, "mine", WHOLE)
    preset = presets.find("mine").usable
    assert preset == Preset(
        name="mine",
        title="Mine",
        description="For trying.",
        system_prompt="Be brief.\n",
        sampling={
            "temperature": 0.7,
            "samplers": ("top_k", "temperature"),
            "stop": ("END",),
            "max_new_tokens": 20,
            "json_schema": '{"type": "object"}',
        },
        thinking={"temperature": 1.0},
        load={
            "context_size": 4096,
            "threads": 2,
            "gpu_layers": 10_000,
            "tensor_split": (3.0, 1.5),
            "flash_attention": "on",
            "lora": ("style.gguf:0.5",),
        },
    )


def test_what_is_saved_is_read_again(presets: Presets) -> None:
    written(presets, "mine", WHOLE)
    preset = presets.find("mine").usable
    with pytest.raises(UsageError, match="already"):
        presets.save(preset)
    path = presets.save(preset, replace=True)
    assert presets.find("mine").usable == preset
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@settings(deadline=None)
@given(st.text(), st.text(), st.lists(st.text(min_size=1), min_size=1))
def test_any_text_survives_saving(
    tmp_path_factory: pytest.TempPathFactory, prompt: str, title: str, stop: list[str]
) -> None:
    presets = Presets(tmp_path_factory.mktemp("presets"))
    preset = Preset(name="mine", title=title, system_prompt=prompt, sampling={"stop": tuple(stop)})
    presets.save(preset)
    assert presets.find("mine").usable == preset


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("\n[samplin]\n", 2, "Did you mean sampling"),
        ("title = 3\n", 1, "title is no text"),
        ("sampling = 3\n", 1, "no table"),
        ("[sampling]\ntemprature = 1\n", 2, "Did you mean temperature"),
        ("[sampling]\ntemperature = 1\n\n[thinking]\ntemperature = -1\n", 5, "temperature can't be “-1”"),
        ("sampling.temperature = 1\nthinking.temperature = -1\n", 2, "temperature can't be “-1”"),
        ("[sampling]\ntop_k = 1" + "0" * 400 + "\n", 2, "top_k can't be"),
        ("[sampling]\ntop_k = 1979-05-27\n", 2, "top_k can't be"),
        ("[sampling]\nmax_new_tokens = 3\nmax_tokens = 4\n", 3, "a second time"),
        ("[sampling]\njson_value = true\ngrammar = 'root ::= \"a\"'\n", 1, "can't be set together"),
        ('[sampling]\nsamplers = ["mirostat"]\n', 2, "can't be placed"),
        ("[thinking]\njson_value = true\n", 2, "can't differ while"),
        ("[load]\ncontext_size = true\n", 2, "context_size can't be “true”"),
        ("[load]\ngpu = 1\n", 2, "no load setting"),
        ("[load]\nthreads = 9999\n", 2, "from 1 to 1024"),
        ("[load]\nubatch_size = 4\nmicro_batch_size = 5\n", 3, "a second time"),
        ("title = ''\n[load]\ncache_type_v = 'q8_0'\nflash_attention = 'off'\n", 2, "needs flash attention"),
        ("[load]\ntensor_split = [0, 0]\n", 1, "no GPU a share"),
        ("[load]\ntensor_split = [1, 'a']\n", 2, "tensor_split can't be"),
        ("[load]\nlora = ['a:1000']\n", 2, "the scale 1000"),
        ("title = 'a\n", 1, "Expected"),
    ],
)
def test_each_fault_is_named_with_file_line_and_reason(presets: Presets, text: str, line: int, said: str) -> None:
    path = written(presets, "mine", text)
    entry = presets.find("mine")
    assert len(entry.problems) == 1
    problem = entry.problems[0]
    assert f"{path}, line {line}:" in problem.message
    assert said in f"{problem.message} {problem.hint}"
    assert len(problem.message) < len(str(path)) + 400
    with pytest.raises(FileProblem):
        _ = entry.usable
    assert presets.find("balanced").usable, "the others load"
    assert path.read_text() == text


def test_every_fault_of_a_file_is_told(presets: Presets) -> None:
    written(presets, "mine", "titel = 1\n[sampling]\ntop_p = 7\nmin_p = 'a'\n[load]\nthreads = -1\n")
    assert [problem.message.rpartition("line ")[2][0] for problem in presets.find("mine").problems] == list("1346")


def test_a_preset_of_ones_own_hides_the_shipped_one_even_where_it_is_broken(presets: Presets) -> None:
    written(presets, "balanced", "[sampling]\ntemperature = 0.5\n")
    written(presets, "neutral", "[")
    own = {entry.name: entry for entry in presets.list() if not entry.is_shipped}
    assert set(own) == {"balanced", "neutral"}
    assert all(entry.hides_shipped for entry in own.values())
    assert presets.find("balanced").usable.sampling == {"temperature": 0.5}
    with pytest.raises(FileProblem):
        _ = presets.find("neutral").usable
    names = [entry.name for entry in presets.list()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "/etc/x", "a\0", "A", "ä", "a.", ".a", "-a", "con", "nul.txt", "a" * 65,
     "a\n", "com1"],
)  # fmt: skip
def test_a_name_with_tricks_is_refused(presets: Presets, name: str) -> None:
    for use in (check_preset_name, presets.path_of, lambda name: presets.save(Preset(name=name))):
        with pytest.raises(UsageError, match="can't be called"):
            use(name)


@pytest.mark.parametrize("name", ["a", "a" * 64, "qwen3.5-code_2", "0"])
def test_plain_names_are_taken(name: str) -> None:
    assert check_preset_name(name) == name


def test_a_file_whose_name_can_not_be_one_is_told(presets: Presets) -> None:
    written(presets, "My Preset", "")
    assert "can't be called" in presets.find("My Preset").problems[0].message


def test_unknown_names_get_near_ones(presets: Presets) -> None:
    with pytest.raises(NotFound, match="blanced") as caught:
        presets.find("blanced")
    assert "balanced" in caught.value.hint


def test_no_directory_is_no_error_and_one_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert {entry.is_shipped for entry in Presets(tmp_path / "none").list()} == {True}
    with pytest.raises(StoreUnwritable):
        Presets(tmp_path / "file").save(Preset(name="mine"))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert "no such file" in read_entry(tmp_path / "none.toml").problems[0].message


def test_a_directory_with_the_name_of_a_preset_is_told(presets: Presets) -> None:
    presets.path_of("mine").mkdir()
    assert "it is no file" in presets.find("mine").problems[0].message


def test_damaged_files_are_read_or_refused(presets: Presets) -> None:
    dice, sound = (
        random.Random(1),
        as_toml(Preset(name="mine", title="é", sampling={"top_k": 7})).encode() + WHOLE.encode(),
    )
    path = written(presets, "mine", WHOLE)
    for _ in range(500):
        damaged = bytearray(WHOLE.encode() if dice.random() < 0.8 else sound)
        for _ in range(dice.randrange(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        entry = presets.find("mine")
        try:
            resolve(edits={}, preset=entry.usable.sampling)
        except FileProblem as problem:
            assert str(path) in problem.message and problem.hint
        assert path.read_bytes() == damaged


def test_neutral_can_be_written_and_read(presets: Presets) -> None:
    written(presets, "mine", as_toml(NEUTRAL))
    assert presets.find("mine").usable.sampling == NEUTRAL.sampling
