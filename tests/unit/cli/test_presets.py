"""`chatapp presets`, run in this process."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from chatapp.cli.compose import Choice, find_preset, load_settings, read_configuration
from chatapp.cli.main import main
from chatapp.core.conversations import Generation
from chatapp.core.errors import FileProblem, NotFound
from chatapp.core.loading import LoadSettings
from chatapp.core.messages import TextPart
from chatapp.core.parameters import resolve
from chatapp.core.paths import Paths
from chatapp.core.presets import Preset
from chatapp.storage.presets import Presets
from chatapp.storage.store import Store


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Command:
    """Runs `chatapp presets …`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(["presets", *map(str, arguments)])
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *self._capsys.readouterr())


@pytest.fixture
def presets(home: Path) -> Presets:
    paths = Paths.of()
    assert home in paths.presets.parents
    paths.presets.mkdir(parents=True)
    return Presets(paths.presets)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A script that stands for the editor; it gets the file as its argument."""
    script = tmp_path / "editor.py"
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    return script


def writes(editor: Path, text: str, code: int = 0) -> None:
    editor.write_text(f"import sys\nopen(sys.argv[1], 'w', encoding='utf-8').write({text!r})\nsys.exit({code})")


def test_the_list_names_each_with_its_source_and_what_is_wrong(command: Command, presets: Presets) -> None:
    presets.path_of("balanced").write_text('title = "Mine\\u001b"')
    presets.path_of("broken").write_text("titel = 1\n[load]\nx = 1\n")
    done = command("list")
    assert done.code == 0
    lines = {line.split()[0]: line for line in done.out.splitlines()}
    assert "shipped" in lines["creative"] and "yours" in lines["balanced"] and "\x1b" not in done.out
    assert "line 1: There is no key called “titel”" in lines["broken"] and "1 more" in lines["broken"]
    assert "hides the shipped" in done.err
    listed = {entry["name"]: entry for entry in json.loads(command("list", "--json").out)}
    assert listed["balanced"]["hides_shipped"] is True
    assert len(listed["broken"]["problems"]) == 2 and "title" in listed["broken"]["problems"][0]
    assert (listed["neutral"]["path"], listed["neutral"]["source"]) == (None, "shipped")


def test_one_is_shown_as_toml_that_is_read_again(command: Command, presets: Presets) -> None:
    for name in ("creative", "neutral"):
        presets.path_of("again").write_text(command("show", name).out)
        assert presets.find("again").usable.sampling == presets.find(name).usable.sampling
    shown = json.loads(command("show", "creative", "--json").out)
    assert shown["sampling"] == {"temperature": 1.2, "top_k": 60, "top_p": 0.95}
    assert command("show", "nonesuch").code == 2
    presets.path_of("broken").write_text("[")
    assert command("show", "broken").code == 3


def test_given_options_are_saved_and_not_overwritten(command: Command, presets: Presets) -> None:
    done = command(
        "save", "mine", "--top-k", "7", "--stop", "END", "--threads", "2", "--title", "Mine", "-s", "Be brief."
    )
    assert done.code == 0 and str(presets.path_of("mine")) in done.err
    saved = Preset(
        name="mine", title="Mine", sampling={"top_k": 7, "stop": ("END",)}, load={"threads": 2},
        system_prompt="Be brief.",
    )  # fmt: skip
    assert presets.find("mine").usable == saved
    refused = command("save", "mine", "--top-k", "8")
    assert refused.code == 2 and "already" in refused.err
    assert presets.find("mine").usable == saved
    assert command("save", "mine", "--top-k", "8", "--force").code == 0
    assert presets.find("mine").usable.sampling == {"top_k": 8}
    assert "hides the shipped" in command("save", "neutral", "--top-k", "8").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine",), "nothing to save"),
        (("../mine", "--top-k", "7"), "can't be called"),
        (("mine", "--top-k", "-7"), "top_k can't be"),
        (("mine", "--regex", "a", "--json-value"), "can't be set together"),
        (("mine", "--from", "99"), "99"),
    ],
)
def test_what_can_not_be_saved_is_refused(
    command: Command, presets: Presets, arguments: tuple[str, ...], said: str
) -> None:
    done = command("save", *arguments)
    assert done.code == 2 and said in done.err
    assert all(entry.is_shipped for entry in presets.list())


async def stored_conversation() -> int:
    store = Store.open(Paths.of())
    try:
        created = await store.conversations.create(system_prompt="Be brief.", edits={"top_k": 7, "stop": ["END"]})
        user = await store.conversations.add_message(created.id, None, "user", (TextPart("Hi"),))
        generation = Generation(
            model_name="", model_fingerprint="", template_sha256="", seed=1,
            settings=resolve(edits={"top_k": 9}, preset={"top_p": 0.3, "top_k": 1}).settings,
        )  # fmt: skip
        await store.conversations.add_message(
            created.id, user.id, "assistant", (TextPart("Hello"),), generation=generation
        )
        return created.id
    finally:
        await store.close()


def test_a_conversation_is_saved_with_what_its_preset_gave_and_what_is_said_over_it(
    command: Command, presets: Presets
) -> None:
    number = asyncio.run(stored_conversation())
    assert command("save", "mine", "--from", str(number), "--temperature", "0.2").code == 0
    preset = presets.find("mine").usable
    assert preset.sampling == {"top_p": 0.3, "top_k": 7, "stop": ("END",), "temperature": 0.2}
    assert preset.system_prompt == "Be brief."


def test_a_shipped_preset_is_copied_when_it_is_edited(command: Command, presets: Presets, editor: Path) -> None:
    writes(editor, "[sampling]\ntop_k = 3\n")
    done = command("edit", "balanced")
    assert done.code == 0 and "hides the shipped" in done.err
    assert presets.find("balanced").usable.sampling == {"top_k": 3}
    assert not (presets.path_of("x").parent / "attempts" / "balanced.toml").exists()
    writes(editor, "[sampling]\ntop_k = 4\n")
    assert "hides" not in command("edit", "balanced").err
    assert presets.find("balanced").usable.sampling == {"top_k": 4}


def test_a_broken_attempt_is_kept_aside_and_gone_on_with(command: Command, presets: Presets, editor: Path) -> None:
    presets.save(Preset(name="mine", sampling={"top_k": 7}))
    before = presets.path_of("mine").read_bytes()
    attempt = presets.path_of("mine").parent / "attempts" / "mine.toml"
    writes(editor, "[sampling]\ntop_k = 'x'\n")
    done = command("edit", "mine")
    assert done.code == 3 and "line 2" in done.err and str(attempt) in done.err
    assert presets.path_of("mine").read_bytes() == before
    editor.write_text("import sys\nfile = open(sys.argv[1], 'r+')\ntext = file.read()\nfile.seek(0)\n"
                      "file.write(text.replace(\"'x'\", '8'))\nfile.truncate()\n")  # fmt: skip
    assert "going on with the attempt" in command("edit", "mine").err
    assert presets.find("mine").usable.sampling == {"top_k": 8}
    assert not attempt.exists()


def test_a_broken_preset_can_be_edited(command: Command, presets: Presets, editor: Path) -> None:
    presets.path_of("mine").write_text("[sampling]\ntop_k = 'x'\n")
    writes(editor, "[sampling]\ntop_k = 5\n")
    assert command("edit", "mine").code == 0
    assert presets.find("mine").usable.sampling == {"top_k": 5}


def test_an_edit_that_changes_nothing_or_fails_leaves_all_as_it_is(
    command: Command, presets: Presets, editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = presets.path_of("creative").parent / "attempts" / "creative.toml"
    editor.write_text("")
    assert "nothing was changed" in command("edit", "creative").err
    assert not attempt.exists() and presets.find("creative").is_shipped
    editor.write_text("import sys; sys.exit(7)")
    assert command("edit", "creative").code == 2 and not attempt.exists()
    writes(editor, "[sampling]\ntop_k = 5\n", code=7)
    failed = command("edit", "creative")
    assert failed.code == 2 and "ended with 7" in failed.err and str(attempt) in failed.err
    assert presets.find("creative").is_shipped
    attempt.unlink()
    monkeypatch.setenv("EDITOR", "/nowhere/editor")
    assert "did not start" in command("edit", "creative").err and not attempt.exists()
    assert command("edit", "nonesuch").code == 2


def test_checking_tells_every_mistake(command: Command, presets: Presets, tmp_path: Path) -> None:
    assert command("check").code == 0
    presets.path_of("broken").write_text("titel = 1\n[load]\nx = 1\n")
    done = command("check")
    assert done.code == 3 and "line 1" in done.err and "line 3" in done.err and "creative: in order" in done.err
    assert command("check", "creative").code == 0
    assert command("check", "broken").code == 3
    assert command("check", "nonesuch").code == 2
    elsewhere = tmp_path / "mine.toml"
    assert "no such file" in command("check", elsewhere).err
    elsewhere.write_text("[sampling]\ntop_k = 1\n")
    assert command("check", elsewhere).code == 0


def test_what_stands_above_a_preset_and_below_it(presets: Presets) -> None:
    configuration = read_configuration()
    preset = Preset(name="mine", load={"context_size": 512, "threads": 2})
    model = Path("some.gguf")
    assert load_settings(configuration, Choice(), model) == LoadSettings()
    assert load_settings(configuration, Choice(preset=preset), model) == LoadSettings(context_size=512, threads=2)
    above = Choice(load={"context_size": 64}, preset=preset)
    assert load_settings(configuration, above, model) == LoadSettings(context_size=64, threads=2)
    assert find_preset(configuration, None) is None
    with pytest.raises(NotFound):
        find_preset(configuration, "nonesuch")
    presets.path_of("broken").write_text("[")
    with pytest.raises(FileProblem):
        find_preset(configuration, "broken")


def test_an_unknown_preset_ends_ask_before_anything_is_opened(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    for arguments in (["ask", "--preset", "blanced", "Hi"], ["ask", "--explain", "--logprobs", "Hi"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "Did you mean balanced?" in told and "--explain generates nothing" in told
    assert not (home / "data").exists()


def test_a_preset_without_title_is_listed_without_a_stray_stop(command: Command, presets: Presets) -> None:
    presets.save(Preset(name="bare", sampling={"top_k": 3}))
    presets.save(Preset(name="half", title="Half", sampling={"top_k": 3}))
    lines = command("list").out.splitlines()
    assert "bare" in [line.split()[0] for line in lines]
    assert not any(line.endswith(" .") for line in lines)
    assert next(line for line in lines if line.startswith("half")).endswith("  Half.")


def test_a_preset_that_stands_is_replaced_with_force_only(command: Command, presets: Presets) -> None:
    presets.save(Preset(name="mine", sampling={"top_k": 3}))
    done = command("save", "mine", "--top-k", "8")
    assert done.code == 2 and "--force" in done.err
