"""`chatapp ask`: one reply, streamed to standard output."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from chatapp.cli import exits
from chatapp.cli.compose import Choice, Configuration, open_session, read_configuration
from chatapp.cli.narration import Narration
from chatapp.cli.options import (
    chosen_values,
    context_size_option,
    incognito_option,
    json_option,
    model_option,
    parameter_options,
    read_template_variables,
    template_variables_option,
    unescape,
    verbose_option,
)
from chatapp.cli.question import Question, joined_prompt
from chatapp.cli.streams import Output, as_json_text, has_input, read_input
from chatapp.core.errors import NotFound, StoreUnwritable, UsageError

if TYPE_CHECKING:
    from chatapp.chat.session import Session
    from chatapp.chat.turn import Turn


@click.command(
    epilog="Standard output carries the reply and nothing else, exactly as the model wrote it but for a last line end "
    "(with --raw not even that); on a terminal control characters are made visible. Everything else goes to standard "
    "error. "
    "A prefill is part of the reply."
)
@click.argument("prompt", required=False)
@model_option
@context_size_option
@click.option("-s", "--system", metavar="TEXT", help="The system prompt.")
@click.option(
    "--prefill", metavar="TEXT", default="", help="Begin the reply with this text; the model goes on from it."
)
@click.option("--continue", "continues", is_flag=True, help="Go on with the last conversation.")
@click.option(
    "--raw",
    is_flag=True,
    help="Complete the prompt as it is, without chat template; control-token text in it counts as such.",
)
@click.option("--echo", is_flag=True, help="With --raw: repeat the prompt before its completion.")
@click.option(
    "--escapes",
    is_flag=True,
    help=r"Turn \n, \t and \\ in the prompt argument, --system, --prefill and --stop into the characters.",
)
@click.option("--show-reasoning", is_flag=True, help="Write the model's thoughts to standard error.")
@template_variables_option("--template-var")
@json_option
@incognito_option
@verbose_option
@parameter_options
def ask(
    prompt: str | None,
    model: str | None,
    context_size: int | None,
    system: str | None,
    prefill: str,
    continues: bool,
    raw: bool,
    echo: bool,
    escapes: bool,
    show_reasoning: bool,
    template_variables: tuple[str, ...],
    as_json: bool,
    incognito: bool,
    verbose: bool,
    **parameters: object,
) -> int:
    """Ask for one reply.

    PROMPT is the question. Text on standard input is added to it after an empty line, or is the question where
    there is no PROMPT; with --raw it follows PROMPT directly.
    """
    if continues and incognito:
        raise UsageError(
            "--incognito hides the stored conversations, so there is none to go on with.",
            hint="Leave --continue or --incognito out.",
        )
    question = _question(
        prompt, system=system, prefill=prefill, continues=continues, raw=raw, echo=echo, escapes=escapes,
        variables=template_variables, parameters=parameters,
    )  # fmt: skip
    narration = Narration(verbose=verbose)
    configuration = read_configuration()
    narration.warn(configuration.problems)
    choice = Choice(model, context_size, incognito)
    asked = Asked(question, narration, as_json=as_json, shows_reasoning=show_reasoning or verbose)
    return asyncio.run(asked.run(configuration, choice))


class Asked:
    """One call of `ask` under way."""

    def __init__(self, question: Question, narration: Narration, *, as_json: bool, shows_reasoning: bool) -> None:
        self._question = question
        self._narration = narration
        self._as_json = as_json
        self._shows_reasoning = shows_reasoning

    async def run(self, configuration: Configuration, choice: Choice) -> int:
        """Ask, show the reply, and return the exit code."""
        from chatapp.cli.reply import ReplyView, until_interrupted

        output = Output()
        async with open_session(configuration, choice) as session:
            self._narration.warn(session.problems)
            turn = await self._send(session)
            view = ReplyView(
                None if self._as_json else output,
                self._narration,
                prefix=self._question.prefix,
                shows_reasoning=self._shows_reasoning,
                exact=self._question.raw,
            )
            interrupted = await until_interrupted(turn, view.follow(turn))
            kept = session.persistent and turn.last_save_failed is None
            if self._as_json:
                self._write_json(output, session, turn, kept=kept)
            if interrupted:
                self._narration.say("stopped; what was written is kept" if kept else "stopped")
                return exits.INTERRUPTED
            return self._end(turn, kept=kept or choice.incognito)

    async def _send(self, session: Session) -> Turn:
        question = self._question
        if question.continues:
            return await self._continue(session)
        conversation = await session.create(system_prompt=question.system or "", edits=question.edits)
        if question.raw:
            return await session.complete(conversation.id, question.prompt, prefill=question.prefill)
        return await session.send(
            conversation.id,
            question.prompt,
            prefill=question.prefill,
            template_variables=question.template_variables,
        )

    async def _continue(self, session: Session) -> Turn:
        from chatapp.chat.edits import values_of

        question, conversation = self._question, session.latest()
        if conversation is None:
            raise NotFound("There is no conversation to go on with.", hint="Leave --continue out to begin one.")
        if question.system is not None:
            await session.set_system_prompt(conversation.id, question.system)
        return await session.send(
            conversation.id,
            question.prompt,
            edits={**values_of(conversation.edits), **question.edits},
            prefill=question.prefill,
            template_variables=question.template_variables,
        )

    def _write_json(self, output: Output, session: Session, turn: Turn, *, kept: bool) -> None:
        from chatapp.cli.result import result_of

        result = result_of(turn, session.backend.model, kept=kept)
        output.line(as_json_text(result))

    def _end(self, turn: Turn, *, kept: bool) -> int:
        """The exit code of a reply that came; one that should have been kept and was not is an error."""
        if kept:
            return exits.SUCCESS
        failure = turn.last_save_failed or StoreUnwritable(
            "The reply above was not saved.", hint="Mend what was said above, or add --incognito to keep nothing."
        )
        self._narration.error(failure)
        return failure.exit_code


def _question(
    prompt: str | None,
    *,
    system: str | None,
    prefill: str,
    continues: bool,
    raw: bool,
    echo: bool,
    escapes: bool,
    variables: tuple[str, ...],
    parameters: dict[str, object],
) -> Question:
    """Put the options together; raise UsageError or one of its kinds."""
    piped, bad_characters = read_input() if has_input() else (None, 0)
    if bad_characters:
        Narration().say(f"standard input is no valid UTF-8; {bad_characters} characters stand as \ufffd")
    if escapes:
        prompt, system = (unescape(text) if text is not None else None for text in (prompt, system))
        prefill = unescape(prefill)
        stop = parameters.get("stop")
        if isinstance(stop, tuple):
            parameters["stop"] = tuple(unescape(text) for text in stop)
    question = Question(
        prompt=joined_prompt(prompt, piped, raw=raw),
        system=system,
        prefill=prefill,
        edits=chosen_values(parameters),
        template_variables=read_template_variables(variables),
        raw=raw,
        echo=echo,
        continues=continues,
    )
    question.check()
    return question
