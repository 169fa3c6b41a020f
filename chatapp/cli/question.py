"""What one call of `chatapp ask` asks for, put together and checked before anything is opened."""

from __future__ import annotations

import msgspec

from chatapp.cli.options import TemplateValue
from chatapp.core.errors import EmptyPrompt, UsageError
from chatapp.core.messages import Message
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Value


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt with everything that goes with it; `system` and `overflow` None leave those of the conversation.

    `template` is the prompt of the library that it came from, whose system prompt it may have, with the `title` of the
    conversation, the `prompt_values` that lie below the edits, and the `examples` that were said before it.
    """

    prompt: str
    system: str | None = None
    prefill: str = ""
    edits: dict[str, Value] = {}
    template_variables: dict[str, TemplateValue] = {}
    raw: bool = False
    echo: bool = False
    continues: bool = False
    overflow: Overflow | None = None
    template: str = ""
    is_templates_system: bool = False
    title: str = ""
    prompt_values: dict[str, Value] = {}
    examples: tuple[Message, ...] = ()

    def check(self) -> None:
        """Raise EmptyPrompt or UsageError where it can't be asked so."""
        if not (self.prompt if self.raw else self.prompt.strip()):
            raise EmptyPrompt(
                "There is nothing to ask: neither an argument nor standard input holds any text.",
                hint='Write `chatapp ask "your question"`, or pipe text into it.',
            )
        if self.echo and not self.raw:
            raise UsageError("--echo repeats a raw prompt.", hint="Add --raw, or leave --echo out.")
        refused = {
            "--system": self.system is not None,
            "--continue": self.continues,
            "--template-var": bool(self.template_variables),
        }
        for option, is_given in refused.items():
            if self.raw and is_given:
                raise UsageError(
                    f"--raw and {option} exclude each other: a raw prompt has no roles and no template.",
                    hint="Write everything into the prompt, or leave --raw out.",
                )

    @property
    def kept_edits(self) -> dict[str, Value]:
        """What a conversation that begins with this keeps, so that it goes on as it began."""
        return {**self.prompt_values, **self.edits}

    @property
    def prefix(self) -> str:
        """What standard output shows before the words of the model."""
        return (self.prompt if self.echo else "") + self.prefill


def joined_prompt(argument: str | None, piped: str | None, *, raw: bool) -> str:
    """The argument, then what was piped, with an empty line between; a raw prompt gets nothing between.

    Line ends at the end of piped text are dropped, except from a raw prompt.
    """
    if raw:
        return (argument or "") + (piped or "")
    parts = [part for part in (argument, (piped or "").rstrip("\r\n")) if part]
    return "\n\n".join(parts)
