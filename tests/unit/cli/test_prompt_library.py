"""`chatapp prompts` and what `ask` makes of a prompt, run in this process."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from chatapp.cli.main import main
from chatapp.cli.prompt_input import PromptWish, read_given
from chatapp.cli.question import Question
from chatapp.cli.reference import reference
from chatapp.core.errors import FileProblem, NotFound, UsageError
from chatapp.core.paths import Paths
from chatapp.core.prompts import PLAIN, Document, Prompt, Variable
from chatapp.storage.prompts import Prompts

PROMPT = Prompt(
    name="mine",
    input="text",
    user="{{ text }}",
    variables=(
        Variable(name="text", kind="multi-line"),
        Variable(name="note"),
        Variable(name="paper", kind="file"),
        Variable(name="papers", kind="files"),
    ),
)
BROKEN = 'titel = 1\nuser = "x"\n[sampling]\nx = 1\n'
MISSPELT = 'user = """\nHello {{ nme }}\n"""\n[variables.name]\n'


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Command:
    """Runs `chatapp …`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Done:
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *self._capsys.readouterr())


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setattr(sys, "stdin", None)
    return Command(capsys)


@pytest.fixture
def prompts(home: Path) -> Prompts:
    directory = Paths.of().prompts
    assert home in directory.parents
    directory.mkdir(parents=True)
    return Prompts(directory)


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A script that stands for the editor; it gets the file as its argument."""
    script = tmp_path / "editor.py"
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    return script


def writes(editor: Path, text: str) -> None:
    editor.write_text(f"import sys\nopen(sys.argv[1], 'w', encoding='utf-8').write({text!r})")


# The library


def test_the_list_names_each_with_its_purpose_or_what_is_wrong(command: Command, prompts: Prompts) -> None:
    prompts.save("broken", BROKEN)
    prompts.save("story", 'purpose = "Mine\\u001b"\nuser = "x"')
    done = command("prompts", "list")
    assert done.code == 0 and "\x1b" not in done.out and "hides the shipped" in done.err
    lines = {line.split()[0]: line for line in done.out.splitlines()}
    assert "shipped" in lines["translation"] and "another language" in lines["translation"]
    assert "yours" in lines["story"]
    assert "line 1: There is no key called “titel”" in lines["broken"] and "1 more" in lines["broken"]
    listed = {entry["name"]: entry for entry in json.loads(command("prompts", "list", "--json").out)}
    assert listed["translation"]["variables"] == ["text", "language", "source", "tone"]
    assert listed["translation"]["input"] == "text" and listed["story"]["hides_shipped"] is True
    assert len(listed["broken"]["problems"]) == 2


def test_one_is_shown_for_people_for_programs_and_as_it_is_written(command: Command, prompts: Prompts) -> None:
    shown = command("prompts", "show", "classification").out
    for part in ("Variables:", "labels", "Required.", "System prompt:", "columns text, label", "temperature = 0"):
        assert part in shown
    told = json.loads(command("prompts", "show", "classification", "--json").out)
    assert told["columns"] == ["text", "label"] and len(told["examples"]) == 3 and "choices" in told["templates"]
    prompts.save("again", command("prompts", "show", "classification", "--toml").out)
    assert prompts.find("again").usable.form == prompts.find("classification").usable.form
    unknown = command("prompts", "show", "clasification")
    assert unknown.code == 2 and "Did you mean classification?" in unknown.err and "text-adventure" in unknown.err
    prompts.save("broken", BROKEN)
    assert command("prompts", "show", "broken").code == 3


def test_a_new_one_is_sound_and_never_replaces(command: Command, prompts: Prompts) -> None:
    made = command("prompts", "new", "mine")
    assert made.code == 0 and "chatapp prompts edit mine" in made.err
    assert command("prompts", "check", "mine").code == 0
    again = command("prompts", "new", "mine")
    assert again.code == 2 and "already" in again.err
    assert "hides the shipped" in command("prompts", "new", "story", "--from", "summary").err
    assert prompts.find("story").usable.title == "Summary"
    assert command("prompts", "new", "../x").code == 2
    assert command("prompts", "new", "other", "--from", "nonesuch").code == 2


def test_editing_keeps_a_broken_attempt_aside(command: Command, prompts: Prompts, editor: Path) -> None:
    before = prompts.find("story").text
    for text, line in ((BROKEN, "line 1"), (MISSPELT, "line 2: user uses “nme”")):
        writes(editor, text)
        failed = command("prompts", "edit", "story")
        assert failed.code == 3 and line in failed.err and "goes on with the attempt" in failed.err
        assert prompts.find("story").text == before
    writes(editor, MISSPELT.replace("nme", "name"))
    done = command("prompts", "edit", "story")
    assert done.code == 0 and "going on with the attempt" in done.err and "is yours now" in done.err
    assert prompts.find("story").usable.variables[0].name == "name"


def test_checking_tells_every_mistake_templates_too(command: Command, prompts: Prompts, tmp_path: Path) -> None:
    everything = command("prompts", "check")
    assert everything.code == 0 and everything.err.count(": in order") >= 14
    prompts.save("broken", BROKEN)
    prompts.save("misspelt", MISSPELT)
    done = command("prompts", "check")
    assert done.code == 3 and "story: in order" in done.err
    assert "broken.toml, line 1: " in done.err and "broken.toml, line 4: " in done.err
    assert (
        "misspelt.toml, line 2: user uses “nme”, which is no variable" in done.err and "Did you mean name?" in done.err
    )
    file = tmp_path / "a.toml"
    file.write_text(MISSPELT)
    assert command("prompts", "check", file).code == 3
    assert command("prompts", "check", "story").code == 0
    assert "no such file" in command("prompts", "check", tmp_path / "b.toml").err


def test_a_prompt_is_rendered_through_a_template_without_a_model(command: Command, tmp_path: Path) -> None:
    template, text = tmp_path / "t.jinja", tmp_path / "text.txt"
    template.write_text("{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}{{ mood }}")
    text.write_text("It rains.")
    ask = ("prompts", "render", "translation", "--template", template, "--template-var", "mood=calm")
    done = command(*ask, "--var", f"text=@{text}", "--var", "language=German")
    assert done.code == 0 and "[user] Translate the following text into German.\n\nIt rains." in done.out
    assert done.out.rstrip().endswith("calm")
    missing = command(*ask, "--var", "text=x")
    assert missing.code == 2 and "needs a value for language" in missing.err
    rows = tmp_path / "rows.csv"
    rows.write_text("user,assistant\nyes,ja\n")
    few = command(*ask, "--var", "text=x", "--var", "language=German", "--examples", rows)
    assert "[user] yes\n[assistant] ja\n[user] Translate" in few.out
    raw = command("prompts", "render", "completion", "--template", template, "--var", "text=x")
    assert raw.code == 2 and "no chat template" in raw.err
    messages = tmp_path / "messages.json"
    messages.write_text('[{"role": "user", "content": "Hi"}]')
    assert command("prompts", "render", messages, "--template", template, "--var", "mood=calm").out.endswith("calm")
    assert "--examples" in command("prompts", "render", messages, "--template", template, "--examples", rows).err


def test_the_example_of_the_reference_is_sound(command: Command, prompts: Prompts) -> None:
    text = reference().split("## Prompts\n")[1].split("```toml\n")[1].split("```")[0]
    prompts.save("letter", text)
    assert command("prompts", "check", "letter").code == 0
    asked = PromptWish("letter", ("points=yes",), None).asked(
        prompts.find("letter").usable, Question(prompt="Will you come?")
    )
    assert asked.prompt == "Answer this letter, and say: yes.\n\nWill you come?" and asked.prefill == "Dear"
    assert asked.prompt_values == {"temperature": 0.7, "stop": ("P.S.",), "max_new_tokens": 400}
    assert [message.text for message in asked.examples][1] == "Dear Ada, I will."


# What the command line says of it


def test_values_come_from_pairs_files_and_what_was_typed(tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("One\n")
    two.write_text("Two\n")
    pairs = (f"note=@{one}", f"paper={one}", f"papers=@{one}", f"papers={two}")
    assert read_given(PROMPT, pairs, "typed = text") == {
        "text": "typed = text",
        "note": "One\n",
        "paper": Document("one.txt", "One\n"),
        "papers": (Document("one.txt", "One\n"), Document("two.txt", "Two\n")),
    }
    assert read_given(PROMPT, ("text=@@home", "note=a=b"), "  \n") == {"text": "@home", "note": "a=b"}


@pytest.mark.parametrize(
    ("pairs", "typed", "kind", "reason"),
    [
        (("txt=a",), "", NotFound, "no variable “txt”"),
        (("text",), "", UsageError, "gives text no value"),
        (("note=a", "note=b"), "", UsageError, "note is given twice"),
        (("text=a",), "b", UsageError, "which --var gives, too"),
        (("text=@nowhere.txt",), "", FileProblem, "“nowhere.txt” can't be read"),
        (("paper=nowhere.txt",), "", FileProblem, "The variable paper"),
    ],
)
def test_pairs_that_cannot_be_are_named(pairs: tuple[str, ...], typed: str, kind: type[Exception], reason: str) -> None:
    with pytest.raises(kind, match=reason):
        read_given(PROMPT, pairs, typed)


def test_text_that_goes_nowhere_is_refused() -> None:
    with pytest.raises(UsageError, match="takes no typed or piped text"):
        read_given(Prompt(name="mine", user="x"), (), "typed")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"a\0b", b"  \n", b"\xc3("])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=r"a\.bin"):
        read_given(PROMPT, (f"text=@{path}",), "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("ask", "x", "--var", "a=b"), "--var goes with --template"),
        (("ask", "x", "--template", "sumary"), "Did you mean summary?"),
        (("ask", "x", "--template", "summary", "--continue"), "--continue exclude each other"),
        (("ask", "x", "--template", "summary", "--raw"), "--raw exclude each other"),
        (("ask", "x", "--template", "summary", "--var", "lenght=x"), "Did you mean length?"),
        (("ask", "x", "--template", "summary", "--var", "length=x"), "The variable length can't be “x”"),
        (("ask", "--template", "summary"), "needs a value for text"),
        (("ask", "x", "--examples", "nowhere.csv"), "nowhere.csv"),
        (("ask", "x", "--template", "completion", "--system", "y"), "--system exclude each other"),
        (("prompts", "run", "nonesuch"), "There is no prompt called “nonesuch”"),
        (("prompts", "run", "dialogue", "x", "--var", "turns=many"), "It takes a number"),
    ],
)
def test_what_cannot_be_asked_is_said_before_a_model_is_looked_for(
    command: Command, arguments: tuple[str, ...], told: str
) -> None:
    done = command(*arguments, *(("-m", "no-such-model") if arguments[0] == "ask" else ()))
    assert done.code in (2, 3) and told in done.err, done.err


def test_the_command_line_stands_above_the_prompt(prompts: Prompts) -> None:
    wish = PromptWish("classification", (), None)
    prompt = prompts.find("classification").usable
    asked = wish.asked(prompt, Question(prompt="Good!", system="Mine.", prefill="pos", edits={"temperature": 1.0}))
    assert (asked.system, asked.prefill, asked.template) == ("Mine.", "pos", "classification")
    assert "temperature" not in asked.prompt_values and asked.kept_edits["temperature"] == 1.0
    assert asked.title == "Classification: Good!" and len(asked.examples) == 6
    own = wish.asked(prompt, Question(prompt="Good!"))
    assert own.system is not None and own.is_templates_system and own.prompt_values["temperature"] == 0


def test_examples_alone_go_before_what_was_typed(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"user": "2 + 2", "assistant": 4}\n')
    asked = PromptWish(None, (), str(rows)).asked(PLAIN, Question(prompt="3 + 3"))
    assert [message.text for message in asked.examples] == ["2 + 2", "4"]
    assert (asked.prompt, asked.title, asked.template) == ("3 + 3", "", "")
