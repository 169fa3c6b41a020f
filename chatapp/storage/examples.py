"""Files of examples: csv with a header, JSON lines, or the `[[examples]]` of a TOML file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import msgspec

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import FileProblem
from chatapp.core.prompts import Example
from chatapp.storage.prompt_file import cell_text, examples_in, is_cell
from chatapp.storage.toml_file import file_problem, read_toml

SIZE_LIMIT = 4 * 1024 * 1024
KINDS = (".csv", ".jsonl", ".toml")
_JSON_HINT = 'Each line is an object such as {"user": "…", "assistant": "…"}.'


def read_examples(path: Path) -> tuple[Example, ...]:
    """The rows of a file in their order, each with its place; raise FileProblem with line and reason."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise file_problem(path, None, "examples come as .csv, .jsonl or .toml", "Save it as one of these.")
    if kind == ".toml":
        if not path.exists():
            raise file_problem(path, None, "there is no such file", "Check the path.")
        examples = _toml(path)
    else:
        text = _read(path)
        examples = tuple(_csv(path, text) if kind == ".csv" else _json_lines(path, text))
    if not examples:
        raise file_problem(path, None, "it holds no examples", "Write one a line, below a header in csv.")
    return examples


def _toml(path: Path) -> tuple[Example, ...]:
    file = read_toml(path)
    rows = file.content.get("examples", [])
    hint = "Write [[examples]] on a line of its own for each row, and its columns below it."
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise file_problem(path, file.line_of("examples"), "examples is no list of tables", hint)
    for number, row in enumerate(rows, 1):
        for name, value in row.items():
            if not is_cell(value):
                raise file_problem(path, None, f"{name[:80]} of example {number} is no text", hint)
    return tuple(examples_in(file, rows))


def _csv(path: Path, text: str) -> Iterator[Example]:
    lines = csv.reader(io.StringIO(text), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        if twice := next((name for name in header if header.count(name) > 1), None):
            raise file_problem(path, 1, f"the column “{twice[:80]}” stands twice", "Name each column once.")
        begun = lines.line_num + 1
        for row in lines:
            if len(row) != len(header) and any(row):
                reason = f"it has {len(row)} values, the header has {len(header)} columns"
                raise file_problem(path, begun, reason, "Put quotes around values with commas in them.")
            if any(row):
                yield Example(dict(zip(header, row, strict=True)), _place(path, begun))
            begun = lines.line_num + 1
    except csv.Error as error:
        raise file_problem(
            path, max(lines.line_num, 1), str(error), "Close every quote; double those inside."
        ) from None


def _json_lines(path: Path, text: str) -> Iterator[Example]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise file_problem(path, number, f"this is no JSON ({error})", _JSON_HINT) from None
        if not isinstance(row, dict):
            raise file_problem(path, number, "this is no object", _JSON_HINT)
        for name, value in row.items():
            if not is_cell(value):
                raise file_problem(path, number, f"{name[:80]} is no text", _JSON_HINT)
        yield Example({name: cell_text(value) for name, value in row.items()}, _place(path, number))


def _place(path: Path, line: int) -> str:
    return f"{clean_line(str(path))}, line {line}"


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileProblem(f"{clean_line(str(path))} can't be read: {reason}.", hint="Check the path.") from None
    if len(raw) > SIZE_LIMIT:
        raise file_problem(path, None, f"it is larger than {SIZE_LIMIT // 1024**2} MB", "Take fewer examples.")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise file_problem(path, line, "a byte that is no UTF-8", "Save the file as UTF-8.") from None
