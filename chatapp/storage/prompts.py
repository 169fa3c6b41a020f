"""The prompt library: the shipped prompts, and a person's own in the config directory.

One with a mistake is named with line and reason, left as it is, and used by nobody; all others load. What stands in
the templates is not read here: that takes the renderer.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from chatapp.core.errors import FileProblem, NotFound, StoreUnwritable, UsageError
from chatapp.core.file_name import check_file_name
from chatapp.core.prompts import Prompt
from chatapp.storage.atomic import write_private
from chatapp.storage.presets import toml_files
from chatapp.storage.prompt_file import place_in_file as place_in_file
from chatapp.storage.prompt_file import prompt_of
from chatapp.storage.toml_file import file_problem, read_toml

SHIPPED = Path(__file__).parent.parent / "prompts"
"""The prompts that come with chatapp."""

SKELETON = '''\
title = "{name}"
purpose = "What this prompt is for."
input = "text"                # the variable that typed or piped text goes to
system = "You are careful and brief."
user = """
{{{{ instruction }}}}

{{{{ text }}}}
"""

[variables.text]
kind = "multi-line"           # text, multi-line, number, choice, file or files
help = "The text to work on."
required = true

[variables.instruction]
help = "What to do with it."
default = "Answer this:"

[sampling]                    # any parameter: chatapp presets save --help
temperature = 0.7
max_new_tokens = 512
'''
"""What a new prompt begins as; `name` is put into it."""


class PromptEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt as it was found: either `prompt` or the `problems` for which there is none.

    `hides_shipped` tells that one of the same name comes with chatapp.
    """

    name: str
    path: Path
    is_shipped: bool
    prompt: Prompt | None = None
    problems: tuple[FileProblem, ...] = ()
    hides_shipped: bool = False

    @property
    def usable(self) -> Prompt:
        """The prompt; raise the first of its problems where it has some."""
        if self.prompt is None:
            raise self.problems[0]
        return self.prompt

    @property
    def text(self) -> str:
        """What stands in the file, broken or not; raise FileProblem where it can't be read."""
        if not self.path.is_file():
            raise FileProblem(f"{self.path} is no file.", hint="Move it away.")
        try:
            return self.path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            raise FileProblem(f"{self.path} can't be read: {error}.", hint="Mend it, or move it away.") from None


class Prompts:
    """All prompts by name; a person's own hides a shipped one of the same name."""

    def __init__(self, directory: Path) -> None:
        """`directory` holds a person's own; it need not be there."""
        self._directory = directory

    def list(self) -> list[PromptEntry]:
        """Every prompt, the shipped ones first, each kind by name."""
        own = {path.stem: path for path in toml_files(self._directory)}
        shipped = {path.stem: path for path in toml_files(SHIPPED)}
        entries = [read_prompt(path, is_shipped=True) for name, path in shipped.items() if name not in own]
        return entries + [read_prompt(path, hides_shipped=name in shipped) for name, path in own.items()]

    def find(self, name: str) -> PromptEntry:
        """The prompt called `name`; raise NotFound with near names and all that there are."""
        own = {path.stem: path for path in toml_files(self._directory)}
        shipped = {path.stem: path for path in toml_files(SHIPPED)}
        if name in own:
            return read_prompt(own[name], hides_shipped=name in shipped)
        if name in shipped:
            return read_prompt(shipped[name], is_shipped=True)
        known = sorted(own.keys() | shipped.keys())
        near = NotFound.among("prompt", name, known)
        listed = f"There is: {', '.join(known)}."
        hint = f"{near.hint} {listed}" if near.hint.startswith("Did") else listed
        raise NotFound(near.message, hint=hint)

    def path_of(self, name: str) -> Path:
        """Where a person's own prompt of this name stands; raise UsageError for what can't be a name."""
        return self._directory / f"{check_file_name(name, 'prompt')}.toml"

    def save(self, name: str, text: str, *, replace: bool = False) -> Path:
        """Write the file of a prompt and return it; raise StoreUnwritable, or UsageError where one stands there."""
        path = self.path_of(name)
        if path.exists() and not replace:
            raise UsageError(
                f"There is a prompt “{name}” already: {path}.",
                hint=f"Choose another name, or change it: chatapp prompts edit {name}",
            )
        try:
            write_private(path, text.encode("utf-8", "replace"))
        except OSError as error:
            raise StoreUnwritable(
                f"The prompt “{name}” can't be saved in {path}: {error.strerror or error}.",
                hint="Check that the directory can be written.",
            ) from error
        return path


def read_prompt(path: Path, *, is_shipped: bool = False, hides_shipped: bool = False) -> PromptEntry:
    """What stands in one file, wherever it lies."""
    found = PromptEntry(name=path.stem, path=path, is_shipped=is_shipped, hides_shipped=hides_shipped)
    try:
        if not path.exists():
            raise file_problem(path, None, "there is no such file", "Check the path.")
        file = read_toml(path)
        check_file_name(path.stem, "prompt")
    except UsageError as error:
        return msgspec.structs.replace(found, problems=(file_problem(path, None, error.message, error.hint),))
    except FileProblem as problem:
        return msgspec.structs.replace(found, problems=(problem,))
    prompt, problems = prompt_of(file)
    return msgspec.structs.replace(found, prompt=prompt, problems=problems)
