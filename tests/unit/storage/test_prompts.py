"""Prompts in files: shipped, one's own, wrong and mutilated ones."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from chatapp.core.errors import FileProblem, NotFound, StoreUnwritable, UsageError
from chatapp.storage.prompts import SHIPPED, SKELETON, PromptEntry, Prompts, place_in_file, read_prompt

WHOLE = """\
title = "Mine"
purpose = "For trying."
input = "text"
system = "You are {{ who }}."
user = '''
{{ text }}
'''
prefill = "Well"

[variables.text]
kind = "multi-line"
help = "The text."
required = true

[variables.who]
kind = "choice"
choices = ["brief", "long"]
default = "brief"

[variables.count]
kind = "number"
default = 3

[variables.papers]
kind = "files"

[sampling]
temperature = 0.7
max_tokens = { template = "{{ count * 10 }}" }
stop = ["END"]

[sampling.choices]
template = '''
yes
no
'''

[example]
columns = ["text", "label"]
assistant = "{{ label }}"

[[examples]]
text = "One"
label = 1

[[examples]]
text = "Two"
label = true
"""


@pytest.fixture
def prompts(tmp_path: Path) -> Prompts:
    (tmp_path / "prompts").mkdir()
    return Prompts(tmp_path / "prompts")


def read(directory: Path, text: str | bytes, name: str = "mine") -> PromptEntry:
    path = directory / f"{name}.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_prompt(path)


def test_a_whole_file_is_read_as_it_says(tmp_path: Path) -> None:
    prompt = read(tmp_path, WHOLE).usable
    assert (prompt.name, prompt.title, prompt.input, prompt.prefill) == ("mine", "Mine", "text", "Well")
    assert [(each.name, each.kind) for each in prompt.variables] == [
        ("text", "multi-line"),
        ("who", "choice"),
        ("count", "number"),
        ("papers", "files"),
    ]
    assert prompt.sampling == {"temperature": 0.7, "stop": ("END",)}
    assert prompt.filled == {"max_new_tokens": "{{ count * 10 }}", "choices": "yes\nno\n"}
    assert [example.values for example in prompt.examples] == [
        {"text": "One", "label": "1"},
        {"text": "Two", "label": "true"},
    ]
    places = [int(example.place.rpartition(" ")[2]) for example in prompt.examples]
    assert [WHOLE.split("\n")[place - 1] for place in places] == ["[[examples]]", "[[examples]]"]


def test_the_shipped_prompts_are_sound_and_carry_their_settings(prompts: Prompts) -> None:
    told = {entry.name: entry.usable for entry in prompts.list()}
    assert len(told) == len(list(SHIPPED.glob("*.toml"))) >= 14
    assert all(prompt.purpose and (prompt.sampling | prompt.filled)["max_new_tokens"] for prompt in told.values())
    assert all(variable.help for prompt in told.values() for variable in prompt.variables)
    fitting = {
        "story": {"temperature": 0.9, "top_k": 50},
        "dialogue": {"temperature": 0.7, "top_p": 0.9},
        "question-answering": {"temperature": 0.5, "top_k": 40},
        "code": {"temperature": 0.3, "top_k": 30},
        "code-completion": {"temperature": 0.3, "top_k": 30},
        "creative": {"temperature": 1.2, "top_p": 0.95},
        "translation": {"temperature": 0.3},
    }
    for name, values in fitting.items():
        assert values.items() <= told[name].sampling.items(), name
    assert told["completion"].raw and told["code-completion"].raw


def test_ones_own_hides_the_shipped_one_and_others_stay(prompts: Prompts) -> None:
    path = prompts.save("story", WHOLE)
    entry = prompts.find("story")
    assert (entry.path, entry.is_shipped, entry.hides_shipped, entry.usable.title) == (path, False, True, "Mine")
    assert [each.name for each in prompts.list()].count("story") == 1
    with pytest.raises(UsageError, match="already"):
        prompts.save("story", WHOLE)
    assert prompts.find("summary").is_shipped
    prompts.save("summary", "user = 3")
    with pytest.raises(FileProblem, match="user is no text"):
        _ = prompts.find("summary").usable


def test_an_unknown_name_is_told_with_near_ones_and_all(prompts: Prompts) -> None:
    with pytest.raises(NotFound, match="“sumary”") as error:
        prompts.find("sumary")
    assert "summary?" in error.value.hint and "translation" in error.value.hint
    with pytest.raises(UsageError, match=r"A prompt can't be called “\.\./x”"):
        prompts.path_of("../x")


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text("a file")
    with pytest.raises(StoreUnwritable, match="can't be saved"):
        Prompts(tmp_path / "prompts").save("mine", WHOLE)


def test_the_skeleton_is_a_sound_prompt(prompts: Prompts) -> None:
    prompts.save("new", SKELETON.format(name="new"))
    assert prompts.find("new").usable.input == "text"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("usr = 'x'\nuser = 'x'", 1, "no key called “usr”"),
        ("title = 'x'", None, "no user template"),
        ("user = ' '", 1, "no user template"),
        ("user = 'x'\ntitle = 3", 2, "title is no text"),
        ("user = 'x'\nraw = 'yes'", 2, "neither true nor false"),
        ("user = 'x'\nraw = true\nsystem = 'y'", 3, "raw prompt has no system"),
        ("user = 'x'\ninput = 'tex'\n[variables.text]", 2, "no variable called “tex”"),
        ("user = 'x'\ninput = 'n'\n[variables.n]\nkind = 'number'\ndefault = 1", 2, "typed text can't go to n"),
        ("user = 'x'\nvariables = 3", 2, "no table"),
        ("user = 'x'\n[variables]\nname = 'x'", 3, "variables.name is no table"),
        ("user = 'x'\n[variables.range]", 2, "means something else"),
        ("user = 'x'\n[variables.a-b]", 2, "can't be a name"),
        ("user = 'x'\n[variables.a]\nkind = 'chioce'", 3, "no kind of variable"),
        ("user = 'x'\n[variables.a]\nhlep = 'x'", 3, "no key of variables"),
        ("user = 'x'\n[variables.a]\nkind = 'choice'", 3, "a choice without choices"),
        ("user = 'x'\n[variables.a]\nchoices = ['b']", None, "has choices and is of the kind text"),
        ("user = 'x'\n[variables.a]\nkind = 'choice'\nchoices = ['b']\ndefault = 'c'", 5, "a can't be “c”"),
        ("user = 'x'\n[variables.a]\nkind = 'choice'\nchoices = ['b', 3]", 4, "no list of texts"),
        ("user = 'x'\n[variables.a]\nkind = 'number'", 3, "can't be left out"),
        ("user = 'x'\n[variables.a]\nkind = 'number'\ndefault = 'many'", 4, "a can't be “many”"),
        ("user = 'x'\n[variables.a]\nrequired = true\ndefault = 'x'", 4, "is required and has a default"),
        ("user = 'x'\n[sampling]\ntemprature = 1", 3, "temprature"),
        ("user = 'x'\n[sampling]\ntemperature = 'hot'", 3, "temperature can't be"),
        ("user = 'x'\n[sampling]\ntemprature = { template = '1' }", 3, "temprature"),
        ("user = 'x'\n[sampling]\nchoices = { text = '1' }", 3, "something else than a template"),
        ("user = 'x'\n[sampling]\nchoices = ['a']\nregex = { template = 'x' }", 4, "can't both be set"),
        ("user = 'x'\n[sampling]\nchoices = ['a']\nregex = 'x'", None, "choices"),
        ("user = 'x'\n[sampling]\nmax_tokens = 3\nmax_new_tokens = { template = 'x' }", 4, "a second time"),
        ("user = 'x'\n[example]\nassistant = 'x'", 2, "no columns"),
        ("user = 'x'\n[example]\ncolumns = ['a']", 2, "no assistant template"),
        ("user = 'x'\n[example]\ncolumns = ['a b']\nassistant = 'x'", 3, "can't be a name"),
        ("user = 'x'\n[[examples]]\nuser = 'a'\nasistant = 'b'", None, "unknown column “asistant”"),
        ("user = 'x'\n[[examples]]\nuser = 'a'", 2, "example 1 has no assistant"),
        ("user = 'x'\n[[examples]]\nuser = 'a'\nassistant = ['b']", 2, "assistant of example 1 is no text"),
        ("user = 'x'\nexamples = 3", 2, "no list of tables"),
        ("user = 'x", 1, ""),
        (b"user = '\xff'", 1, "no UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str | bytes, line: int | None, reason: str) -> None:
    entry = read(tmp_path, text)
    assert entry.prompt is None
    told = [problem for problem in entry.problems if reason in problem.message]
    assert told, [problem.message for problem in entry.problems]
    if line is not None:
        assert f"mine.toml, line {line}: " in told[0].message
    assert all(problem.hint for problem in entry.problems)


def test_500_mutilated_files_load_or_say_what_is_wrong(tmp_path: Path) -> None:
    sources = [WHOLE, *(path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.toml")))]
    chance = random.Random(6)
    pieces = [
        "[",
        "]",
        "{",
        "}",
        '"',
        "'''",
        "=",
        "\n",
        "\\",
        ",",
        "#",
        "0",
        "9" * 30,
        "é",
        "\0",
        "true",
        "[[examples]]",
    ]
    pieces += ["template", "{{", "%}", "inf", "nan", "-1", ".", "[variables.text]", "kind = 3\n", "😀", "\ud7ff", "\r"]
    loaded = broken = 0
    for _ in range(500):
        text = chance.choice(sources)
        for _ in range(chance.randint(1, 4)):
            at, length = chance.randrange(len(text) + 1), chance.choice((0, 0, 1, 3, 40))
            text = text[:at] + chance.choice(pieces) * chance.choice((1, 1, 1, 50)) + text[at + length :]
        entry = read(tmp_path, text)
        assert (entry.prompt is None) == bool(entry.problems)
        for problem in entry.problems:
            assert str(entry.path) in problem.message and problem.hint
            assert len(problem.message) < 1000 + len(str(entry.path))
        loaded, broken = loaded + (entry.prompt is not None), broken + (entry.prompt is None)
    assert loaded > 20 and broken > 200


def test_a_line_of_a_template_is_found_in_its_file(tmp_path: Path) -> None:
    path = read(tmp_path, WHOLE).path
    lines = WHOLE.split("\n")
    for key, line, shown in (
        ("user", 1, "{{ text }}"),
        ("system", 1, 'system = "You are {{ who }}."'),
        ("sampling.max_new_tokens", None, None),
        ("sampling.choices", 2, "no"),
        ("example.assistant", 1, 'assistant = "{{ label }}"'),
    ):
        place = place_in_file(path, key, line)
        assert str(path) in place
        if shown is not None:
            assert lines[int(place.rpartition(" ")[2]) - 1] == shown
