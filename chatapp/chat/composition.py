"""A prompt of the library with its variables' values: what is sent, and the settings that go with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from chatapp.core.backend import GenerationRequest
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import EmptyPrompt, FileProblem, ParameterError, UsageError
from chatapp.core.messages import Message
from chatapp.core.parameters import Value, Values, check, parameter, resolve
from chatapp.core.parameters.agreement import FORMS
from chatapp.core.prompts import Bound, Example, Given, Prompt, filling
from chatapp.rendering.frames import Filling, Part
from chatapp.rendering.renderer import Renderer, Wording
from chatapp.storage.prompts import place_in_file

SYSTEM, USER, PREFILL, EXAMPLE_USER, EXAMPLE_ASSISTANT = (
    "system",
    "user",
    "prefill",
    "example.user",
    "example.assistant",
)

SIZE_LIMIT = 8_000_000
"""Characters of all values together; the longest contexts hold about half of that."""


class Composition(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt came to.

    `examples` are the messages before the question `text`, user and assistant in turns. A `raw` one is to be completed
    as it is; its examples are in the text. `values` are the prompt's parameters by name. `prompt` is its name and
    `title` what it is called.
    """

    prompt: str
    title: str
    system: str
    examples: tuple[Message, ...]
    text: str
    prefill: str
    raw: bool
    values: dict[str, Value]

    @property
    def messages(self) -> tuple[Message, ...]:
        """The whole conversation that is asked for, system prompt first; a raw prompt is one message."""
        system = (Message.of("system", self.system),) if self.system.strip() else ()
        return (*system, *self.examples, Message.of("user", self.text))

    def request(self, edits: Values | None = None) -> GenerationRequest:
        """Put it as a request; `edits` are explicit values and stand above the prompt's."""
        chosen = check(edits or {})
        return GenerationRequest(
            messages=() if self.raw else self.messages,
            prompt=self.text if self.raw else None,
            prefill=self.prefill,
            edits=chosen,
            prompt_values=self.values_beside(chosen),
        )

    def values_beside(self, edits: Values) -> dict[str, Value]:
        """The prompt's values where `edits` are set, too: another form of the answer takes the place of its own."""
        is_formed = any(name in FORMS for name in edits)
        return {
            name: value
            for name, value in self.values.items()
            if name not in edits and not (is_formed and name in FORMS)
        }


async def compose(
    prompt: Prompt,
    variables: Mapping[str, Given],
    examples: Iterable[Example] | None = None,
    *,
    renderer: Renderer,
) -> Composition:
    """Fill `prompt` with `variables`; `examples` take the place of its own.

    Raise NotFound for an unknown variable, UsageError for a wrong, missing or huge one and for examples with other
    columns, FileProblem where a template fails, ParameterError where a value that it makes can't be, EmptyPrompt where
    nothing is left to send.
    """
    bound = prompt.bind(variables)
    rows = prompt.check_examples(prompt.examples if examples is None else examples)
    labels, parts = _parts(prompt, rows)
    given = {name: filling(value) for name, value in bound.items()}
    _check_size(prompt, bound)
    texts = iter(await renderer.fill(parts, given, wording_of(prompt, labels)))
    system, text, prefill = next(texts), next(texts), next(texts)
    values = _values(prompt, [next(texts) for _ in prompt.filled])
    pairs = _pairs(prompt, rows, [*texts])
    if prompt.raw:
        text = "\n\n".join((*(user + assistant for user, assistant in pairs), text))
    else:
        system, text = system.strip("\n"), text.strip("\n")
    if not text.strip():
        raise EmptyPrompt(f"The prompt “{prompt.name}” comes out empty.", hint="Give its variables a value.")
    said = () if prompt.raw else pairs
    return Composition(
        prompt=prompt.name,
        title=prompt.title or prompt.name,
        system=system,
        examples=tuple(
            message for user, reply in said for message in (Message.of("user", user), Message.of("assistant", reply))
        ),
        text=text,
        prefill=prefill,
        raw=prompt.raw,
        values=values,
    )


def templates_of(prompt: Prompt) -> dict[str, str]:
    """Every template of a prompt by its key in the file."""
    found = {SYSTEM: prompt.system, USER: prompt.user, PREFILL: prompt.prefill}
    found |= {f"sampling.{name}": template for name, template in prompt.filled.items()}
    if prompt.form is not None:
        found |= {EXAMPLE_USER: prompt.form.user or "", EXAMPLE_ASSISTANT: prompt.form.assistant}
    return {key: template for key, template in found.items() if template}


async def template_problems(prompt: Prompt, *, renderer: Renderer) -> list[FileProblem]:
    """What is wrong with the templates of `prompt`: syntax errors, and names that are no variables."""
    found = []
    for key, template in templates_of(prompt).items():
        columns = prompt.columns if key in (EXAMPLE_USER, EXAMPLE_ASSISTANT) else ()
        given: dict[str, Filling] = dict.fromkeys((*(each.name for each in prompt.variables), *columns), "")
        wording = wording_of(prompt, (key,), names=tuple(given))
        try:
            await renderer.fill((Part(template),), given, wording, check=True)
        except FileProblem as problem:
            found.append(problem)
    return found


def wording_of(prompt: Prompt, labels: Sequence[str], *, names: Sequence[str] = ()) -> Wording:
    """How a failure of one of the templates of `prompt` is told."""
    hint = f"Mend it in {clean_line(prompt.path)}." if prompt.path else "Mend its template."
    subject = f"The prompt “{prompt.name}”"
    known = tuple(names) or tuple(each.name for each in prompt.variables)
    place = partial(place_in_file, Path(prompt.path)) if prompt.path else None
    return Wording(subject, FileProblem, hint, "Give it other values.", tuple(labels), place, known)


def _check_size(prompt: Prompt, bound: Mapping[str, Bound]) -> None:
    """Raise UsageError for values that no context could hold, which would only keep the renderer busy."""
    texts = [value for value in bound.values() if isinstance(value, str)]
    texts += [each.text for value in bound.values() if isinstance(value, tuple) for each in value]
    if (size := sum(map(len, texts))) > SIZE_LIMIT:
        raise UsageError(
            f"The values for the prompt “{prompt.name}” have {size:,} characters, more than {SIZE_LIMIT:,}.",
            hint="Give it a part of that.",
        )


def _parts(prompt: Prompt, rows: Sequence[Example]) -> tuple[list[str], list[Part]]:
    """Every template to fill with its key: the three texts, the values, then a pair a row that has a form."""
    named = [(SYSTEM, Part(prompt.system)), (USER, Part(prompt.user)), (PREFILL, Part(prompt.prefill))]
    named += [(f"sampling.{name}", Part(template)) for name, template in prompt.filled.items()]
    form = prompt.form
    for row in rows:
        if form is None:
            break
        own: dict[str, Filling] = dict(row.values)
        named.append((EXAMPLE_USER, Part(form.user if form.user is not None else prompt.user, own)))
        named.append((EXAMPLE_ASSISTANT, Part(form.assistant, own)))
    return [key for key, _ in named], [part for _, part in named]


def _pairs(prompt: Prompt, rows: Sequence[Example], texts: Sequence[str]) -> list[tuple[str, str]]:
    """What was said in each example; those without an answer are left out."""
    if prompt.form is None:
        said = [(row.values["user"], row.values["assistant"]) for row in rows]
    else:
        said = list(zip(texts[::2], texts[1::2], strict=True))
    if not prompt.raw:
        said = [(user.strip("\n"), assistant.strip("\n")) for user, assistant in said]
    return [(user, assistant) for user, assistant in said if assistant.strip()]


def _values(prompt: Prompt, texts: Sequence[str]) -> dict[str, Value]:
    """The parameters, those from templates read as they are typed; raise ParameterError."""
    values = dict(prompt.sampling)
    for name, text in zip(prompt.filled, texts, strict=True):
        try:
            value = parameter(name).check(parameter(name).parse(text))
        except ParameterError as error:
            raise ParameterError(f"The prompt “{prompt.name}”: {error.message}", hint=error.hint) from None
        if value is not None and value != ():
            values[name] = value
    try:
        resolve(edits=values)
    except UsageError as error:
        raise ParameterError(f"The prompt “{prompt.name}”: {error.message}", hint=error.hint) from None
    return check(values)
