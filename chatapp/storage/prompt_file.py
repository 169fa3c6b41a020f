"""The form of a prompt file: what its keys may hold, and what is wrong with those that hold something else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError, FileProblem, NotFound, UsageError
from chatapp.core.parameters import FORMS, parameter
from chatapp.core.prompts import KINDS, PLAIN_COLUMNS, Example, ExampleForm, Kind, Prompt, Variable
from chatapp.storage.presets import parameter_values, value_faults
from chatapp.storage.toml_file import Finding, TomlFile, finding, read_toml

_TEXTS = ("title", "purpose", "input", "system", "user", "prefill")
_TABLES = ("variables", "sampling", "example")
_KEYS = (*_TEXTS, "raw", *_TABLES, "examples")
_VARIABLE_KEYS = ("kind", "help", "default", "required", "choices")
_FORM_KEYS = ("columns", "user", "assistant")
_INPUT_KINDS = ("text", "multi-line", "file")
_NOWHERE = "\0"
"""A key that no file has: what is said of it is said of the whole file."""
_NAME_SHAPE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,63}")
_JINJA_WORDS = frozenset(
    (
        *("and", "caller", "dict", "else", "false", "False", "if", "in", "is", "kwargs", "loop", "namespace", "none"),
        *("None", "not", "or", "raise_exception", "range", "self", "strftime_now", "super", "true", "True", "varargs"),
    )
)
_TABLE_HINT = "Write [{0}] on a line of its own, and the values below it."
_OPENING = re.compile(r"""=\s*(?:'''|\"\"\")\s*$""")


def prompt_of(file: TomlFile) -> tuple[Prompt | None, tuple[FileProblem, ...]]:
    """The prompt that a parsed file holds, or what is wrong with it."""
    problems = file.problems(_faults(file.content))
    return (None, problems) if problems else (_prompt(file), ())


def place_in_file(path: Path, key: str, line: int | None) -> str:
    """Where `line` of the template under `key` stands: the file and the line in it, where that can be seen."""
    shown = clean_line(str(path))
    try:
        file = read_toml(path)
    except FileProblem:
        return shown
    start = file.line_of((*key.split("."), "template") if key.startswith("sampling.") else key)
    if start is None:
        return shown
    opens_below = _OPENING.search(file.text.split("\n")[start - 1]) is not None
    return f"{shown}, line {start + (line or 1) - (0 if opens_below else 1)}"


def _prompt(file: TomlFile) -> Prompt:
    """The prompt of a file without faults."""
    content = cast("dict[str, Any]", file.content)
    sampling: dict[str, Any] = content.get("sampling", {})
    form: dict[str, Any] | None = content.get("example")
    return Prompt(
        name=file.path.stem,
        **{key: content[key] for key in (*_TEXTS, "raw") if key in content},
        variables=tuple(_variable(name, table) for name, table in content.get("variables", {}).items()),
        sampling=parameter_values({name: value for name, value in sampling.items() if not isinstance(value, dict)}),
        filled={parameter(name).name: value["template"] for name, value in sampling.items() if isinstance(value, dict)},
        form=ExampleForm(**{**form, "columns": tuple(form["columns"])}) if form is not None else None,
        examples=tuple(examples_in(file, content.get("examples", []))),
        path=str(file.path),
    )


def _variable(name: str, table: Mapping[str, Any]) -> Variable:
    return Variable(name=name, **{**table, "choices": tuple(table.get("choices", ()))})


def examples_in(file: TomlFile, rows: list[dict[str, object]]) -> Iterator[Example]:
    """The rows of `[[examples]]` with their places."""
    headers = [match.start() for match in re.finditer(r"^[ \t]*\[\[[ \t]*examples[ \t]*\]\]", file.text, re.MULTILINE)]
    for number, row in enumerate(rows):
        line = file.text.count("\n", 0, headers[number]) + 1 if number < len(headers) else file.line_of("examples")
        yield Example(
            {name: cell_text(value) for name, value in row.items()}, f"{clean_line(str(file.path))}, line {line}"
        )


def cell_text(value: object) -> str:
    """A value of a row of examples as text, numbers and switches as files write them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_cell(value: object) -> bool:
    """Whether a value can stand in a row of examples."""
    return isinstance(value, str | int | float | bool)


def _faults(content: Mapping[str, object]) -> Iterator[Finding]:
    """Everything that is wrong with a file that could be parsed."""
    for key, value in content.items():
        if key not in _KEYS:
            yield finding(key, NotFound.among("key", key, _KEYS))
        elif key in _TEXTS and not isinstance(value, str):
            yield key, f"{key} is no text", f'Write it as in {key} = "…".'
        elif key in _TABLES and not isinstance(value, dict):
            yield key, f"{key} is no table", _TABLE_HINT.format(key)
        elif key == "raw" and not isinstance(value, bool):
            yield key, "raw is neither true nor false", "Write raw = true, or leave it out."
    user = content.get("user", "")
    if isinstance(user, str) and not user.strip():
        yield (
            "user" if "user" in content else _NOWHERE,
            "there is no user template",
            'Write user = "…": what is sent, with {{ variables }} in it.',
        )
    if content.get("raw") is True and content.get("system"):
        yield "system", "a raw prompt has no system prompt", "Write it into user, or take raw out."
    variables = _table(content, "variables")
    yield from _variables_faults(variables)
    yield from _input_faults(content.get("input", ""), variables)
    yield from _sampling_faults(_table(content, "sampling"))
    columns: tuple[str, ...] = PLAIN_COLUMNS
    if isinstance(content.get("example"), dict):
        form = _table(content, "example")
        yield from _form_faults(form)
        found = form.get("columns")
        columns = tuple(map(str, found)) if isinstance(found, list) else ()
    yield from _examples_faults(content.get("examples", []), columns)


def _table(content: Mapping[str, object], key: str) -> dict[str, object]:
    found = content.get(key)
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def _name_fault(name: str) -> str:
    """Why templates can't use a name; empty where they can."""
    if _NAME_SHAPE.fullmatch(name) is None:
        return f"“{name[:80]}” can't be a name in a template"
    return f"“{name}” means something else in templates" if name in _JINJA_WORDS else ""


def _variables_faults(variables: Mapping[str, object]) -> Iterator[Finding]:
    for name, table in variables.items():
        key = ("variables", name)
        if why := _name_fault(name):
            yield key, why, "A name has letters a–z, digits and _, and begins with no digit."
        elif not isinstance(table, dict):
            yield key, f"variables.{name} is no table", _TABLE_HINT.format(f"variables.{name}")
        else:
            yield from _variable_faults(name, cast("dict[str, object]", table))


def _variable_faults(name: str, table: Mapping[str, object]) -> Iterator[Finding]:
    def at(key: str) -> tuple[str, ...]:
        return ("variables", name, key)

    found = False
    for key, value in table.items():
        for reason, hint in _field_faults(name, key, value):
            found = True
            yield at(key), reason, hint
    kind = cast(Kind, table.get("kind", "text"))
    if found:
        return
    if (kind == "choice") != bool(table.get("choices")):
        what = "is a choice without choices" if kind == "choice" else f"has choices and is of the kind {kind}"
        yield at("kind"), f"{name} {what}", 'Write kind = "choice" and choices = ["…", "…"].'
        return
    default = table.get("default")
    if default is None:
        if kind in ("number", "choice") and not table.get("required"):
            hint = "Give it a default, or required = true."
            yield at("kind"), f"{name} can't be left out: a {kind} has no empty value", hint
        return
    if table.get("required"):
        yield at("default"), f"{name} is required and has a default", "Take one of them out."
    try:
        _variable(name, table).check(cast("str | int | float", default))
    except UsageError as error:
        yield finding(at("default"), error)


def _field_faults(name: str, key: str, value: object) -> Iterator[tuple[str, str]]:
    """What is wrong with one key of a variable, and how to mend it."""
    if key not in _VARIABLE_KEYS:
        error = NotFound.among("key of variables", key, _VARIABLE_KEYS)
        yield error.message, error.hint
    elif key == "kind" and value not in KINDS:
        error = NotFound.among("kind of variable", str(value)[:80], KINDS)
        yield error.message, error.hint
    elif key == "help" and not isinstance(value, str):
        yield f"the help of {name} is no text", 'Write help = "…".'
    elif key == "required" and not isinstance(value, bool):
        yield f"required of {name} is neither true nor false", "Write required = true, or leave it out."
    elif key == "choices" and not _is_texts(value):
        yield f"the choices of {name} are no list of texts", 'Write choices = ["…", "…"].'
    elif key == "default" and (isinstance(value, bool) or not isinstance(value, str | int | float)):
        yield f"the default of {name} is neither text nor number", 'Write default = "…", or leave it out.'


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each.strip() for each in value)


def _input_faults(name: object, variables: Mapping[str, object]) -> Iterator[Finding]:
    if not isinstance(name, str) or not name:
        return
    if name not in variables:
        yield finding("input", NotFound.among("variable", name[:80], variables))
        return
    table = variables[name]
    kind = table.get("kind", "text") if isinstance(table, dict) else "text"
    if kind not in _INPUT_KINDS:
        yield "input", f"typed text can't go to {name}, for it is a {kind}", "Choose a variable that is a text."


def _sampling_faults(sampling: Mapping[str, object]) -> Iterator[Finding]:
    plain = {name: value for name, value in sampling.items() if not isinstance(value, dict)}
    yield from value_faults("sampling", plain)
    set_by: dict[str, str] = {}
    for name in sampling:
        try:
            declared = parameter(name)
        except ChatappError as error:
            if name not in plain:
                yield finding(f"sampling.{name}", error)
            continue
        if declared.name in set_by and not (name in plain and set_by[declared.name] in plain):
            yield f"sampling.{name}", f"{name} sets {declared.name} a second time", "Take one of them out."
        set_by.setdefault(declared.name, name)
        if name not in plain:
            template = sampling[name]
            if (
                not isinstance(template, dict)
                or list(template) != ["template"]
                or not isinstance(template["template"], str)
            ):
                hint = f'Write {name} = {{ template = "…" }}, or a plain value.'
                yield f"sampling.{name}", f"{name} holds something else than a template", hint
    forms = [name for name in set_by if name in FORMS]
    if len(forms) > 1 and any(set_by[name] not in plain for name in forms):
        yield f"sampling.{forms[1]}", f"{forms[0]} and {forms[1]} can't both be set", "Take one of them out."


def _form_faults(form: Mapping[str, object]) -> Iterator[Finding]:
    for key, value in form.items():
        if key not in _FORM_KEYS:
            yield finding(f"example.{key}", NotFound.among("key of example", key, _FORM_KEYS))
        elif key != "columns" and not isinstance(value, str):
            yield f"example.{key}", f"{key} is no text", f'Write {key} = "{{{{ column }}}}".'
    columns = form.get("columns")
    if not _is_texts(columns):
        yield "example", "example has no columns", 'Write columns = ["…", "…"]: what a row of examples holds.'
    else:
        for name in cast("list[str]", columns):
            if why := _name_fault(name):
                yield "example.columns", why, "A column has letters a–z, digits and _, and begins with no digit."
    if not form.get("assistant"):
        yield "example", "example has no assistant template", 'Write assistant = "{{ column }}": what is answered.'


def _examples_faults(rows: object, columns: tuple[str, ...]) -> Iterator[Finding]:
    hint = "Write [[examples]] on a line of its own for each row, and its columns below it."
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        yield "examples", "examples is no list of tables", hint
        return
    for number, row in enumerate(cast("list[dict[str, object]]", rows), 1):
        for name in (*(name for name in row if name not in columns), *(name for name in columns if name not in row)):
            what = f"has no {name}" if name in columns else f"has the unknown column “{name[:80]}”"
            yield "examples", f"example {number} {what}", f"Its columns are {', '.join(columns)}."
        for name, value in row.items():
            if not is_cell(value) or not cell_text(value).strip():
                yield "examples", f"{name[:80]} of example {number} is no text", hint
