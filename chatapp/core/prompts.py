"""A prompt of the library: texts with variables, examples, and the settings that fit them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from chatapp.core.errors import FileProblem, NotFound, UsageError
from chatapp.core.parameters import Value

Kind: TypeAlias = Literal["text", "multi-line", "number", "choice", "file", "files"]
KINDS: dict[Kind, str] = {
    "text": "one line of text",
    "multi-line": "text of any length",
    "number": "a number",
    "choice": "one of its choices",
    "file": "the text of a file",
    "files": "the texts of any number of files, each an object with name and text",
}
"""Each kind of variable, in words."""

PLAIN_COLUMNS = ("user", "assistant")
"""The columns of examples that are what was said, and no values of a template."""
_LARGEST = 1e15
_SHOWN = 60
"""Characters of a bad value."""


class Document(msgspec.Struct, frozen=True):
    """The text of a file that a prompt is given, and what it is called there."""

    name: str
    text: str


Given: TypeAlias = str | int | float | Document | Sequence["str | Document"]
"""A value as it is given; a number may come as text."""
Bound: TypeAlias = str | int | float | tuple[Document, ...]
"""A value that its variable takes."""


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt asks for. One that is not required and has no default is empty where it isn't given."""

    name: str
    kind: Kind = "text"
    help: str = ""
    default: str | int | float | None = None
    required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        """What it takes, in words."""
        return " or ".join(self.choices) if self.kind == "choice" else KINDS[self.kind]

    def check(self, value: Given) -> Bound:
        """Return `value` as templates get it; raise UsageError where it is of another kind."""
        match self.kind:
            case "number":
                return self._number(value)
            case "files":
                return self._documents(value)
            case "file":
                value = value.text if isinstance(value, Document) else value
        if not isinstance(value, str):
            raise self._bad(value)
        value = value.strip() if self.kind == "choice" else value
        if self.kind == "choice" and value not in self.choices:
            raise self._bad(value)
        if self.kind == "text" and "\n" in value.strip("\r\n"):
            raise self._bad(value)
        return value.strip("\r\n") if self.kind == "text" else value

    @property
    def value_if_absent(self) -> Bound:
        """The default, or what stands for nothing."""
        if self.default is None:
            return () if self.kind == "files" else ""
        return self.check(self.default)

    def _number(self, value: Given) -> int | float:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise self._bad(value) from None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
            raise self._bad(value)
        return int(value) if float(value).is_integer() else value

    def _documents(self, value: Given) -> tuple[Document, ...]:
        items = [value] if isinstance(value, str | Document) else value
        if not isinstance(items, Sequence) or not all(isinstance(item, str | Document) for item in items):
            raise self._bad(value)
        return tuple(
            item if isinstance(item, Document) else Document(f"document {number}", item)
            for number, item in enumerate(items, 1)
        )

    def _bad(self, value: object) -> UsageError:
        text = str(value).strip()
        shown = f"“{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}”" if text else "empty"
        return UsageError(f"The variable {self.name} can't be {shown}.", hint=f"It takes {self.range}.")


class Example(msgspec.Struct, frozen=True):
    """One row of examples by column; `place` says where it stands, as in “pairs.csv, line 3”."""

    values: dict[str, str]
    place: str = ""


class ExampleForm(msgspec.Struct, frozen=True, kw_only=True):
    """How a row becomes a pair of messages: templates over its `columns` and the prompt's variables.

    Without `user` it is the prompt's own user template, where the columns stand in for variables. A row whose
    assistant's text comes out empty is left out.
    """

    columns: tuple[str, ...]
    user: str | None = None
    assistant: str


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """Texts with variables in Jinja, examples, and parameters.

    `input` names the variable that typed or piped text goes to. A `raw` prompt is completed as it is, without chat
    template. `sampling` holds parameters by registry name, `filled` those whose value is a template, too. `path` is
    the file that it came from, empty where there is none.
    """

    name: str
    title: str = ""
    purpose: str = ""
    variables: tuple[Variable, ...] = ()
    input: str = ""
    raw: bool = False
    system: str = ""
    user: str
    prefill: str = ""
    sampling: dict[str, Value] = {}
    filled: dict[str, str] = {}
    form: ExampleForm | None = None
    examples: tuple[Example, ...] = ()
    path: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that examples have for it."""
        return self.form.columns if self.form is not None else PLAIN_COLUMNS

    def variable(self, name: str) -> Variable:
        """The variable called `name`; raise NotFound with all that there are."""
        for variable in self.variables:
            if variable.name == name:
                return variable
        near = NotFound.among("variable", name, [each.name for each in self.variables]).hint
        hint = f"{near} {self._known}" if near.startswith("Did") else self._known
        raise NotFound(f"The prompt “{self.name}” has no variable “{name}”.", hint=hint)

    @property
    def _known(self) -> str:
        """The variables that there are, as a hint."""
        return f"It has: {', '.join(each.name for each in self.variables)}." if self.variables else "It has none."

    def bind(self, given: Mapping[str, Given]) -> dict[str, Bound]:
        """A value for every variable; raise NotFound for an unknown one, UsageError for a wrong or a missing one."""
        bound = {name: self.variable(name).check(value) for name, value in given.items()}
        missing = [each for each in self.variables if each.required and is_blank(bound.get(each.name, ""))]
        if missing:
            wanted = "; ".join(f"{each.name} ({each.help.rstrip('.') or each.range})" for each in missing)
            typed = "Type or pipe it, or give it" if missing[0].name == self.input else "Give it"
            raise UsageError(
                f"The prompt “{self.name}” needs a value for {wanted}.",
                hint=f"{typed} with --var {missing[0].name}=VALUE, or =@FILE for a file's text. {self._known}",
            )
        return {each.name: bound.get(each.name, each.value_if_absent) for each in self.variables}

    def check_examples(self, examples: Iterable[Example]) -> tuple[Example, ...]:
        """Return `examples` where this prompt takes their columns; raise FileProblem or UsageError that names one."""
        columns = self.columns
        wanted = f"The prompt “{self.name}” takes examples with the columns {', '.join(columns)}."
        checked = tuple(examples)
        for number, example in enumerate(checked, 1):
            what = next((f"has no {column}" for column in columns if is_blank(example.values.get(column, ""))), "")
            unknown = next((column for column in example.values if column not in columns), None)
            if unknown is not None:
                what = f"has the unknown column “{unknown}”"
            if what:
                kind = FileProblem if example.place else UsageError
                raise kind(f"{example.place or f'Example {number}'} {what}.", hint=wanted)
        return checked


def is_blank(value: Bound) -> bool:
    """Whether a value says nothing: no text, or no document."""
    return not (value.strip() if isinstance(value, str) else value) and not isinstance(value, int | float)


def filling(value: Bound) -> str | int | float | list[dict[str, str]]:
    """A value as templates see it."""
    if isinstance(value, tuple):
        return [{"name": each.name, "text": each.text} for each in value]
    return value


PLAIN = Prompt(
    name="plain",
    purpose="Sends what is typed, behind examples.",
    variables=(Variable(name="prompt", kind="multi-line", required=True),),
    input="prompt",
    user="{{ prompt }}",
)
"""What stands for the prompt where examples are given and no prompt of the library."""
