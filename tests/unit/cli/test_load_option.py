"""Load settings as options: of every command that loads a model, and of the workbench, from one registry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from chatapp.cli.ask import ask
from chatapp.cli.chat import chat
from chatapp.cli.compose import Choice, Configuration, read_configuration, resolve_loading
from chatapp.cli.doctor import doctor
from chatapp.cli.load_option import SectionedOption, chosen_load
from chatapp.cli.main import main
from chatapp.cli.presets import save
from chatapp.cli.prompts import render
from chatapp.core.errors import ModelNotFound, ParameterError
from chatapp.core.loading import LOAD, Adapter, LoadSettings
from chatapp.core.presets import Preset
from chatapp.models.library import pocket_path


@pytest.mark.parametrize("command", [ask, chat, doctor, save, render], ids=lambda command: command.name)
def test_every_command_that_loads_a_model_has_every_setting(command: click.Command) -> None:
    options = {option.name: option for option in command.params if isinstance(option, SectionedOption)}
    text = command.get_help(click.Context(command))
    for name, setting in LOAD.items():
        assert setting.option in options[name].opts or f"--no-{setting.option[2:]}" in options[name].secondary_opts
        assert setting.help in (options[name].help or "")
        assert setting.option in text[text.index("Loading the model:") :]
    spellings = [spelling for option in command.params for spelling in (*option.opts, *option.secondary_opts)]
    assert len(spellings) == len(set(spellings))


def chosen(*arguments: str) -> dict[str, object]:
    return chosen_load(ask.make_context("ask", [*arguments, "prompt"]).params)


def test_values_are_read_as_the_registry_reads_them() -> None:
    assert chosen() == {}
    assert chosen(
        *("--context-size", "4096", "--gpu-layers", "all", "--tensor-split", "3,1", "--no-mlock", "--mmap", "off"),
        *("--lora", "a.gguf", "--lora", "b.gguf:0.5", "--ubatch-size", "32", "--threads", "auto", "--top-k", "4"),
    ) == {
        "context_size": 4096, "gpu_layers": 10_000, "tensor_split": (3.0, 1.0), "mlock": False, "mmap": "off",
        "lora": ("a.gguf", "b.gguf:0.5"), "micro_batch_size": 32, "threads": 0,
    }  # fmt: skip
    assert chosen("--lora", "none") == {"lora": ()}


@pytest.mark.parametrize("arguments", [("--gpu-layers", "few"), ("--device", ""), ("--cache-type-k", "q1")])
def test_a_bad_value_is_refused_at_once(arguments: tuple[str, str]) -> None:
    with pytest.raises(ParameterError):
        chosen(*arguments)


def ends(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


def test_the_workbench_takes_them_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal it goes as far as saying so; what it can't take it refuses before."""
    assert ends(capsys, "--context-size", "4096", "--mlock", "-m", "pocket")[0] == 8
    code, told = ends(capsys, "--no-such-option")
    assert code == 2 and "No such option" in told
    code, told = ends(capsys, "--gpu-layers", "3", "ask", "Hi")
    assert code == 2 and "write them after “ask”" in told


def configured(text: str) -> Configuration:
    file = read_configuration().paths.config_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    configuration = read_configuration()
    assert configuration.problems == ()
    return configuration


def test_who_asks_counts_in_order(tmp_path: Path) -> None:
    model = tmp_path / "Some.gguf"
    configuration = configured(
        "context_size = 100\n[models.some]\ncontext_size = 200\nthreads = 3\nmlock = true\n"
        f"[models.'{tmp_path / 'other.gguf'}']\nthreads = 9\n"
    )
    preset = Preset(name="mine", load={"threads": 2, "batch_size": 64})

    def asked(path: Path, **choice: object) -> dict[str, str]:
        settings, told = resolve_loading(configuration, Choice(**choice), path)  # type: ignore[arg-type]
        assert {each.name: getattr(settings, each.name) for each in told} == {each.name: each.value for each in told}
        return {each.name: each.source for each in told}

    table = "config.toml, models.some"
    assert asked(model) == {"context_size": table, "threads": table, "mlock": table}
    assert asked(model, preset=preset, load={"batch_size": 32, "mlock": False}) == {
        "context_size": table, "threads": "the preset mine", "batch_size": "the command line",
    }  # fmt: skip
    assert asked(tmp_path / "other.gguf")["threads"].endswith("other.gguf")
    assert asked(tmp_path / "third.gguf") == {"context_size": "config.toml, context_size"}
    assert asked(tmp_path / "third.gguf", load={"context_size": 0}) == {}


def test_the_built_in_model_has_a_table_by_its_name() -> None:
    configuration = configured("[models.Pocket]\nthreads = 1\n")
    assert resolve_loading(configuration, Choice(), pocket_path())[0] == LoadSettings(threads=1)


def test_adapters_are_looked_for_beside_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, configuration = tmp_path / "here", configured("[models.some]\nlora = ['gone.gguf']\n")
    models = configuration.paths.models
    models.mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)
    (models / "a.gguf").write_bytes(b"")
    (here / "b.gguf").write_bytes(b"")

    def found(**choice: object) -> tuple[Adapter, ...]:
        return resolve_loading(configuration, Choice(**choice), Path("some.gguf"))[0].lora  # type: ignore[arg-type]

    given = {"lora": ("a.gguf", "b.gguf:0.5", str(models / "a.gguf"))}
    assert found(load=given) == (
        Adapter(str(models / "a.gguf")), Adapter(str(here / "b.gguf"), 0.5), Adapter(str(models / "a.gguf")),
    )  # fmt: skip
    for choice in ({}, {"load": {"lora": ("c.gguf",)}}, {"preset": Preset(name="mine", load={"lora": ("b.gguf",)})}):
        with pytest.raises(ModelNotFound, match=r"(gone|c|b)\.gguf") as caught:
            found(**choice)
        assert caught.value.hint
    assert found(load={"lora": ()}) == ()


def test_a_table_with_mistakes_is_told_with_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    file = read_configuration().paths.config_file
    file.parent.mkdir(parents=True)
    file.write_text("[models.a]\nthreads = 0.5\n\n[models.'b.c']\nthread = 1\n", encoding="utf-8")
    code, told = ends(capsys, "config", "check")
    assert code == 3 and "line 2" in told and "line 5" in told and "Did you mean threads" in told


def test_help_of_the_program_stays_light() -> None:
    script = "import sys\nfrom chatapp.cli.main import main\ntry: main(['--version'])\nexcept SystemExit: pass\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}assert 'msgspec' not in sys.modules"],
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
