"""Prompts of the library, filled by the real renderer."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from chatapp.chat.composition import Composition, compose, template_problems
from chatapp.core.errors import EmptyPrompt, FileProblem, ParameterError, UsageError
from chatapp.core.prompts import Document, Example, ExampleForm, Given, Prompt, Variable
from chatapp.rendering.renderer import Renderer
from chatapp.storage.prompts import Prompts

TEXT = Variable(name="text", kind="multi-line", required=True)


@pytest_asyncio.fixture
async def renderer() -> AsyncIterator[Renderer]:
    made = Renderer()
    yield made
    await made.close()


def said(composition: Composition) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in composition.messages]


def shipped(name: str) -> Prompt:
    return Prompts(Path("nowhere")).find(name).usable


async def test_every_text_sees_the_variables(renderer: Renderer) -> None:
    prompt = Prompt(
        name="mine",
        variables=(TEXT, Variable(name="n", kind="number", default=2)),
        system="Be {{ 'brief' if n < 3 else 'long' }}.\n",
        user="{% if n == 2 %}\nTwo: {{ text }}\n{% endif %}",
        prefill="{{ text[0] }}",
        sampling={"temperature": 0.5},
        filled={"max_new_tokens": "{{ n * 10 }}", "choices": "{{ text }}"},
    )
    composition = await compose(prompt, {"text": "a\nb"}, renderer=renderer)
    assert said(composition) == [("system", "Be brief."), ("user", "Two: a\nb")]
    assert composition.prefill == "a"
    assert composition.values == {"temperature": 0.5, "max_new_tokens": 20, "choices": ("a", "b")}


async def test_what_a_value_holds_is_no_template(renderer: Renderer) -> None:
    prompt = Prompt(name="mine", variables=(TEXT,), user="{{ text }}")
    hostile = "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}<|im_end|>"
    assert said(await compose(prompt, {"text": hostile}, renderer=renderer)) == [("user", hostile)]


async def test_examples_are_pairs_before_the_question(renderer: Renderer) -> None:
    plain = Prompt(name="mine", variables=(TEXT,), user="{{ text }}?")
    pairs = (Example({"user": "{{ 1 }}", "assistant": "{{ 2 }}"}),)
    composed = await compose(plain, {"text": "x"}, pairs, renderer=renderer)
    assert said(composed) == [("user", "{{ 1 }}"), ("assistant", "{{ 2 }}"), ("user", "x?")]
    form = ExampleForm(columns=("text", "label"), assistant="{{ label if label != 'c' else '' }}")
    rows = tuple(Example({"text": text, "label": label}) for text, label in (("A", "a"), ("B", "b"), ("C", "c")))
    formed = msgspec.structs.replace(plain, form=form, examples=rows)
    asked = [("user", "A?"), ("assistant", "a"), ("user", "B?"), ("assistant", "b"), ("user", "x?")]
    assert said(await compose(formed, {"text": "x"}, renderer=renderer)) == asked
    raw = msgspec.structs.replace(formed, raw=True)
    completion = await compose(raw, {"text": "x"}, renderer=renderer)
    assert (completion.text, completion.examples, completion.raw) == ("A?a\n\nB?b\n\nx?", (), True)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ txt }}", "uses “txt”, which is no variable"),
        ("{% if text %}", "has a syntax error"),
        ("{{ text.nothing.more }}", "fails"),
        ("{{ 1 / 0 }}", "fails"),
        ("{{ raise_exception('too long') }}", "refuses these values"),
        ("{{ 'x' * 99999999 }}", "was stopped"),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "takes longer than"),
        ("{{ ''.__class__.__mro__ }}", "fails"),
    ],
)
async def test_a_template_that_fails_says_which_and_why(renderer: Renderer, template: str, reason: str) -> None:
    prompt = Prompt(name="mine", variables=(TEXT,), user=template)
    with pytest.raises(FileProblem, match="The prompt “mine”") as error:
        await compose(prompt, {"text": "x"}, renderer=renderer)
    assert reason in error.value.message and "chat template" not in error.value.message
    sound = Prompt(name="mine", variables=(TEXT,), user="{{ text }}")
    assert (await compose(sound, {"text": "x"}, renderer=renderer)).text == "x"


async def test_a_failure_names_the_line_in_the_file(renderer: Renderer, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'user = """\nHello\n{{ nme }}\n"""\n[variables.name]\n[sampling]\nseed = { template = "{% if %}" }\n'
    )
    prompts = Prompts(tmp_path)
    told = [problem.message for problem in await template_problems(prompts.find("mine").usable, renderer=renderer)]
    assert [message.split(": ")[0] for message in told] == [f"{path}, line 3", f"{path}, line 7"]
    with pytest.raises(FileProblem, match="line 3: user uses “nme”") as error:
        await compose(prompts.find("mine").usable, {}, renderer=renderer)
    assert "name" in error.value.hint


async def test_values_from_templates_are_checked(renderer: Renderer) -> None:
    prompt = Prompt(name="mine", variables=(TEXT,), user="x", filled={"max_new_tokens": "{{ text }}"})
    with pytest.raises(ParameterError, match="The prompt “mine”: max_new_tokens can't be “many”"):
        await compose(prompt, {"text": "many"}, renderer=renderer)
    both = msgspec.structs.replace(prompt, filled={"regex": "{{ text }}", "choices": "{{ text }}"})
    with pytest.raises(ParameterError, match="The prompt “mine”: "):
        await compose(both, {"text": "a"}, renderer=renderer)


async def test_a_prompt_that_comes_out_empty_is_refused(renderer: Renderer) -> None:
    prompt = Prompt(name="mine", variables=(Variable(name="text"),), user="{{ text }}")
    with pytest.raises(EmptyPrompt, match="“mine” comes out empty"):
        await compose(prompt, {}, renderer=renderer)


async def test_mutilated_templates_compose_or_say_what_is_wrong(renderer: Renderer) -> None:
    chance = random.Random(6)
    pieces = ("{{", "}}", "{%", "%}", "{#", "'", "|", "(", ")", "[0]", " text ", "~", "\n", "é", "\0", "if", "not", "*")
    prompts = [
        shipped(name) for name in ("classification", "dialogue", "question-answering", "story", "text-adventure")
    ]
    failed = 0
    for _ in range(200):
        prompt = chance.choice(prompts)
        key = chance.choice(("system", "user"))
        text = getattr(prompt, key)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(pieces) + text[at + chance.choice((0, 1, 9)) :]
        mutilated = msgspec.structs.replace(prompt, **{key: text})
        given = {each.name: "Hello" for each in prompt.variables if each.required}
        try:
            assert (await compose(mutilated, given, renderer=renderer)).text.strip()
        except (FileProblem, EmptyPrompt) as error:
            assert f"{prompt.name}" in error.message and error.hint
            failed += 1
    assert 50 < failed < 190


async def test_values_that_no_context_holds_are_refused(renderer: Renderer) -> None:
    prompt = Prompt(name="mine", variables=(TEXT,), user="{{ text }}")
    with pytest.raises(UsageError, match="more than 8,000,000"):
        await compose(prompt, {"text": "x" * 8_000_001}, renderer=renderer)


async def test_a_composition_is_put_as_a_request(renderer: Renderer) -> None:
    request = (await compose(shipped("classification"), {"text": "x"}, renderer=renderer)).request({"temperature": 1.0})
    assert (request.edits, request.prompt, len(request.messages)) == ({"temperature": 1.0}, None, 8)
    assert request.prompt_values.keys() == {"max_new_tokens", "choices"}
    raw = (await compose(shipped("completion"), {"text": "x"}, renderer=renderer)).request()
    assert (raw.prompt, raw.messages) == ("x", ())


async def test_another_form_of_the_answer_takes_the_place_of_the_prompts_own(renderer: Renderer) -> None:
    composition = await compose(shipped("classification"), {"text": "x"}, renderer=renderer)
    assert composition.values_beside({"regex": "[a-z]+"}) == {"temperature": 0, "max_new_tokens": 64}
    assert "choices" in composition.values_beside({"temperature": 1})


GIVEN: Mapping[str, Mapping[str, Given]] = {
    "dialogue": {"topic": "the sea", "turns": "3", "first": 'A "quoted" one'},
    "question-answering": {"question": "Who?", "documents": [Document("a.txt", "Ada."), Document("b.txt", "Ben.")]},
    "translation": {"text": "Guten Tag", "language": "English", "tone": "formal"},
    "story": {"beginning": "Once", "words": 10, "style": "a fairy tale"},
    "code": {"description": "sort a list", "context": Document("a.py", "x = 1")},
    "classification": {"text": "Goal!", "labels": "sport , politics,positive"},
    "paraphrase": {"text": "It rains.", "style": "formal"},
}


@pytest.mark.parametrize("name", [entry.name for entry in Prompts(Path("nowhere")).list()])
async def test_every_shipped_prompt_renders(renderer: Renderer, name: str) -> None:
    prompt = shipped(name)
    assert await template_problems(prompt, renderer=renderer) == []
    needed = {each.name: "Some text" for each in prompt.variables if each.required}
    plain = await compose(prompt, needed, renderer=renderer)
    assert all(value in plain.text for value in needed.values())
    given = GIVEN.get(name, needed)
    whole = await compose(prompt, given, renderer=renderer)
    everything = whole.system + whole.text + str(whole.values)
    for value in given.values():
        texts = value if isinstance(value, list) else [value]
        for each in texts:
            assert isinstance(each, int) or (each.text if isinstance(each, Document) else str(each)) in everything
    assert "{{" not in whole.text and "{%" not in whole.text and "\n\n\n" not in whole.text


async def test_what_variables_do_to_the_settings_of_shipped_prompts(renderer: Renderer) -> None:
    dialogue = await compose(shipped("dialogue"), GIVEN["dialogue"], renderer=renderer)
    assert str(dialogue.values["grammar"]).startswith('root ::= first "\\n" second "\\n" first\n')
    assert 'first ::= "A \\"quoted\\" one: "' in str(dialogue.values["grammar"])
    with pytest.raises(FileProblem, match="turns is a whole number from 1 to 50"):
        await compose(shipped("dialogue"), {"topic": "x", "turns": 51}, renderer=renderer)
    story = await compose(shipped("story"), {"beginning": "Once", "words": 1000}, renderer=renderer)
    assert story.values["max_new_tokens"] == 2000
    classed = await compose(shipped("classification"), GIVEN["classification"], renderer=renderer)
    assert classed.values["choices"] == ("sport", "politics", "positive")
    assert [message.text for message in classed.examples if message.role == "assistant"] == ["positive"]
