"""What stands beside the output of a batch: the model and the settings, once for all rows, and how far it is.

It is a file of its own, `OUTPUT.batch.json`, so that whoever reads the output finds rows alone.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from chatapp.core.errors import FileProblem, StoreUnwritable
from chatapp.storage.atomic import write_private

VERSION = 1


class AnsweringModel(msgspec.Struct, frozen=True, kw_only=True):
    """The model that answers."""

    name: str
    fingerprint: str
    path: str
    device: str = ""
    build: str = ""
    context_size: int = 0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A batch. `terms` are what must be the same to go on, `settings` every parameter in force, without the seed.

    `rows` is how many the input has, `failed` how many of those written have an error, None before all are written.
    """

    version: int = VERSION
    input: str
    rows: int
    failed: int | None = None
    seed: int
    preset: str = ""
    model: AnsweringModel | None = None
    terms: dict[str, str]
    settings: dict[str, object] = {}


def record_path(output: Path) -> Path:
    """Where the record of a batch stands."""
    return output.with_name(output.name + ".batch.json")


def read_record(output: Path) -> Record | None:
    """The record beside `output`, None where there is none; raise FileProblem where it can't be read."""
    path = record_path(output)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeError) as error:
        raise FileProblem(
            f"“{path}” can't be read: {error}.", hint="Throw away what is written with --restart, or mend the file."
        ) from None


def write_record(output: Path, record: Record) -> None:
    """Put `record` beside `output` in one step; raise StoreUnwritable."""
    try:
        write_private(record_path(output), msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    except OSError as error:
        raise StoreUnwritable(
            f"“{record_path(output)}” can't be written: {error.strerror or error}.",
            hint="Check the path given with -o, and the room on the disk.",
        ) from None
