"""Reads the prompts of a batch from a file, one row at a time, so that a file of any size takes no memory.

`txt` has one prompt a line; `csv` a header with the column `prompt`; `jsonl` one object a line with `prompt` or
`messages`. Empty lines are no rows. A row that can't be asked is given with its problem, which names file and line.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, TypeVar, get_args

import msgspec

from chatapp.chat.batch.row import Problem, Row
from chatapp.core.errors import ChatappError, FileProblem, NotFound, ParameterError, UsageError
from chatapp.core.message_object import message_of
from chatapp.core.messages import Message
from chatapp.core.parameters import PARAMETERS, Value, Values, check, parameter, resolve

Form: TypeAlias = Literal["txt", "csv", "jsonl"]
T = TypeVar("T")
FORMS: tuple[Form, ...] = get_args(Form)

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of one line, and characters of one CSV field."""
_ENDINGS: dict[str, Form] = {".txt": "txt", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_BOM, _UTF16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_SET = "parameters."
"""What the header of a CSV column begins with that holds values of a parameter."""
_SHAPE = 'A line is an object such as {"prompt": "Hello"} or {"messages": [{"role": "user", "content": "Hello"}]}.'


def form_of(path: Path, named: str | None = None) -> Form:
    """The form that is `named`, else the one that the file's ending says; raise UsageError where it says none."""
    form = next((each for each in FORMS if each == named), _ENDINGS.get(path.suffix.lower()))
    if form is None:
        raise UsageError(f"The ending of “{path}” does not say what is in it.", hint="Add --format txt, csv or jsonl.")
    return form


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file with prompts.

    `column` is what holds the prompt, in CSV and JSONL. With `raw` prompts are completed as they are, so a prompt of
    spaces is one, and messages are none. `edits` and `preset` are the batch's values, which a row's own must agree
    with.
    """

    path: Path
    form: Form
    column: str = "prompt"
    raw: bool = False
    edits: dict[str, Value] = {}
    preset: dict[str, Value] = {}

    def rows(self) -> Iterator[Row]:
        """Every row in order; raise FileProblem where the file as a whole can't be read."""
        read = {"txt": self._texts, "csv": self._records, "jsonl": self._objects}[self.form]
        try:
            with self.path.open("rb") as file:
                yield from read(file)
        except OSError as error:
            raise FileProblem(
                f"“{self.path}” can't be read: {error.strerror or error}.", hint="Check the path."
            ) from None

    def _texts(self, file: BinaryIO) -> Iterator[Row]:
        index = 0
        for line, content in self._lines(file):
            text = self._decoded(content, line)
            if isinstance(text, str) and not (text if self.raw else text.strip()):
                continue
            yield self._row(index, line, lambda text, _: {"prompt": _sure(text)}, text)
            index += 1

    def _objects(self, file: BinaryIO) -> Iterator[Row]:
        index = 0
        for line, content in self._lines(file):
            text = self._decoded(content, line)
            if isinstance(text, str) and not text.strip():
                continue
            yield self._row(index, line, self._of_object, text)
            index += 1

    def _records(self, file: BinaryIO) -> Iterator[Row]:
        csv.field_size_limit(LINE_LIMIT)
        reader = csv.reader(
            (_sure(self._decoded(content, line)) + "\n" for line, content in self._lines(file)), strict=True
        )
        header = self._next(reader)
        while header is not None and not header:
            header = self._next(reader)
        if header is None:
            return
        self._check_header(header, reader.line_num)
        index, line = 0, reader.line_num + 1
        while (cells := self._next(reader)) is not None:
            if cells:
                yield self._row(index, line, partial(self._of_cells, header), cells)
                index += 1
            line = reader.line_num + 1

    def _next(self, reader: Any) -> list[str] | None:
        """The next record, None at the end; what is no CSV ends the reading, for nobody knows where the next begins."""
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise self._problem(line, f"this is no CSV ({error})", "Check the quotes.") from None
        return list(cells) if cells is not None else None

    def _check_header(self, header: list[str], line: int) -> None:
        if self.column not in header:
            unknown = NotFound.among("column", self.column, header)
            raise self._problem(
                line, f"the header has no column “{self.column}”", f"{unknown.hint} --column names another.".strip()
            )
        doubled = next((name for place, name in enumerate(header) if name in header[:place]), None)
        if doubled is not None:
            raise self._problem(line, f"the header names the column “{doubled}” twice", "Give each its own name.")
        for name in header:
            if name.startswith(_SET):
                try:
                    parameter(name.removeprefix(_SET))
                except NotFound as error:
                    raise self._problem(line, f"column “{name}”: {error.message}", error.hint) from None

    def _row(self, index: int, line: int, read: Callable[[T, int], dict[str, Any]], content: T) -> Row:
        try:
            row = Row(index=index, line=line, **read(content, line))
            self._check(row)
        except ChatappError as error:
            named = error if isinstance(error, FileProblem) else self._problem(line, error.message, error.hint)
            return Row(index=index, line=line, problem=Problem.of(named))
        return row

    def _check(self, row: Row) -> None:
        if row.prompt is not None and not (row.prompt if self.raw else row.prompt.strip()):
            raise UsageError("the prompt is empty.", hint="Write one, or take the row out.")
        if row.messages and self.raw:
            raise UsageError("messages have roles, and --raw knows none.", hint="Leave --raw out, or give a prompt.")
        if row.system is not None and (self.raw or any(each.role == "system" for each in row.messages)):
            raise UsageError(
                "“system” has no place here: the messages hold one, or the prompt is raw.", hint="Leave it out."
            )
        if row.edits:
            resolve(edits={**self.edits, **row.edits}, preset=self.preset)

    def _of_object(self, text: str | FileProblem, line: int) -> dict[str, Any]:
        try:
            item = msgspec.json.decode(_sure(text))
        except (msgspec.DecodeError, UnicodeError) as error:
            raise self._problem(line, f"this is no JSON ({error})", _SHAPE) from None
        except RecursionError:
            raise self._problem(line, "this is nested too deeply", _SHAPE) from None
        if not isinstance(item, dict):
            raise self._problem(line, "this is no object", _SHAPE)
        found: dict[str, Any] = {"edits": self._parameters(item.pop("parameters", None), line)}
        own = item.pop("id", None)
        if isinstance(own, bool) or not isinstance(own, str | int | float | None):
            raise self._problem(line, "“id” is neither text nor a number", "Mend it, or leave it out.")
        found["id"] = own
        for name in (self.column, "system"):
            value = item.pop(name, None)
            if not isinstance(value, str | None):
                raise self._problem(line, f"“{name}” is no text", _SHAPE)
            found["prompt" if name == self.column else "system"] = value
        messages = item.pop("messages", None)
        if (messages is None) == (found["prompt"] is None):
            both = f"holds both “{self.column}” and “messages”" if messages is not None else f"lacks “{self.column}”"
            near = NotFound.among("key", self.column, item).hint if messages is None else ""
            raise self._problem(line, f"the object {both}", near if near.startswith("Did") else _SHAPE)
        found["messages"] = self._messages(messages, line) if messages is not None else ()
        for name in item:
            if name.lower().replace("-", "_") in PARAMETERS:
                raise self._problem(
                    line,
                    f"“{name}” is a parameter and stands beside the prompt",
                    f'Write it as {{"parameters": {{"{name}": …}}}}.',
                )
        return {**found, "values": item}

    def _of_cells(self, header: list[str], cells: list[str], line: int) -> dict[str, Any]:
        if len(cells) != len(header):
            raise self._problem(
                line, f"the row has {len(cells)} fields, the header {len(header)}", "Put texts with commas in quotes."
            )
        named = dict(zip(header, cells, strict=True))
        edits: dict[str, Value] = {}
        for name in [name for name in named if name.startswith(_SET)]:
            declared = parameter(name.removeprefix(_SET))
            if (text := named.pop(name)).strip():
                edits[declared.name] = declared.parse(text)
        return {
            "prompt": named.pop(self.column),
            "id": named.pop("id", None) or None,
            "system": named.pop("system", None) or None,
            "edits": check(edits),
            "values": named,
        }

    def _parameters(self, given: object, line: int) -> dict[str, Value]:
        if given is None:
            return {}
        if not isinstance(given, dict):
            raise self._problem(line, "“parameters” is no object", 'Write {"temperature": 0.5}.')
        for name, value in given.items():
            if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value)):
                raise ParameterError(f"{parameter(name).name} can't be an object.", hint="Write it as text.")
        values: Values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        return check(values)

    def _messages(self, given: object, line: int) -> tuple[Message, ...]:
        if not isinstance(given, list) or not given:
            raise self._problem(line, "“messages” is no list with a message", _SHAPE)
        where = f"“{self.path}”, line {line}, message"
        messages = tuple(message_of(item, f"{where} {number}") for number, item in enumerate(given, 1))
        if messages[-1].role != "user":
            raise self._problem(
                line, "the last message is not the user's, so there is nothing to answer", "End with a user message."
            )
        return messages

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Each line without its end, from 1; raise FileProblem for one that is too long to be a prompt."""
        line = 0
        while content := file.readline(LINE_LIMIT + 1):
            line += 1
            if line == 1:
                if content.startswith(_UTF16):
                    raise self._problem(1, "this is UTF-16", "Save the file as UTF-8.")
                content = content.removeprefix(_BOM)
            if len(content) > LINE_LIMIT:
                raise self._problem(line, "this line is longer than 16 MB", "Is this the right file?")
            yield (
                line,
                content.rstrip(b"\r\n") if self.form != "csv" else content.removesuffix(b"\n").removesuffix(b"\r"),
            )

    def _decoded(self, content: bytes, line: int) -> str | FileProblem:
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            return self._problem(
                line, f"byte {error.start + 1} is no UTF-8 (0x{content[error.start]:02x})", "Save the file as UTF-8."
            )

    def _problem(self, line: int, message: str, hint: str) -> FileProblem:
        return FileProblem(f"“{self.path}”, line {line}: {message.rstrip('.')}.", hint=hint)


def _sure(text: str | FileProblem) -> str:
    if isinstance(text, FileProblem):
        raise text
    return text
