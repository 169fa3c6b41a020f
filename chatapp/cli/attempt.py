"""A preset or a prompt being edited: beside the real one until it is sound, so that a mistake costs nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import click

from chatapp.cli.narration import Narration
from chatapp.core.editor import editor_command
from chatapp.core.errors import FileProblem, StoreUnwritable, UsageError
from chatapp.storage.atomic import write_private

Kind: TypeAlias = Literal["preset", "prompt"]


def edit_entry(
    kind: Kind,
    target: Path,
    before: str,
    *,
    problems_of: Callable[[Path], Sequence[FileProblem]],
    is_shipped: bool,
    narration: Narration,
) -> None:
    """Let a person edit what has the text `before`, and put it in `target` where nothing is wrong with it.

    Otherwise say what is, keep the attempt, and end with the code of a problem in a file.
    """
    name, attempt = target.stem, Attempt(target, before, kind=kind)
    if attempt.is_left:
        narration.say(f"going on with the attempt in {attempt.path}; delete it to begin anew")
    if not attempt.edit():
        narration.say("nothing was changed")
        return
    if problems := problems_of(attempt.path):
        for problem in problems:
            narration.error(problem)
        command = f"chatapp {kind}s edit {name}"
        narration.say(f"{name} is as it was; `{command}` goes on with the attempt in {attempt.path}")
        raise click.exceptions.Exit(FileProblem.exit_code)
    attempt.keep()
    narration.say(f"saved in {target}")
    if is_shipped:
        narration.say(f"{name} is yours now and hides the shipped {kind} of that name")


class Attempt:
    """The file that an editor works on.

    `target` is the own file of what is edited, a `kind`, and `before` its text. An attempt that was left there is gone
    on with.
    """

    def __init__(self, target: Path, before: str, *, kind: Kind) -> None:
        self.path = target.parent / "attempts" / target.name
        self.is_left = self.path.exists()
        self._target = target
        self._before = before
        self._kind = kind

    def edit(self) -> bool:
        """Let a person edit and tell whether anything differs; raise UsageError where the editor fails."""
        command = editor_command()
        if not self.is_left:
            self._write(self.path, self._before)
        try:
            code = subprocess.run([*command, str(self.path)], check=False).returncode
        except OSError as error:
            self._forget_if_unchanged()
            raise UsageError(f"{command[0]} did not start: {error.strerror}.", hint="Set EDITOR to another.") from None
        is_changed = not self._forget_if_unchanged()
        if code != 0:
            raise UsageError(
                f"{command[0]} ended with {code}; the {self._kind} is as it was.",
                hint=f"What was written is in {self.path}." if is_changed else "",
            )
        return is_changed

    def keep(self) -> None:
        """Put the attempt in the place of the file."""
        self._write(self._target, self._text)
        self.path.unlink()

    @property
    def _text(self) -> str:
        return self.path.read_text(encoding="utf-8", errors="replace")

    def _forget_if_unchanged(self) -> bool:
        is_unchanged = not self.path.exists() or self._text == self._before
        if is_unchanged:
            self.path.unlink(missing_ok=True)
        return is_unchanged

    def _write(self, path: Path, text: str) -> None:
        try:
            write_private(path, text.encode("utf-8", "replace"))
        except OSError as error:
            raise StoreUnwritable(
                f"{path} can't be written: {error.strerror or error}.", hint="Check that the directory can be written."
            ) from error
