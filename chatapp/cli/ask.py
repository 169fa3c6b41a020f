"""`chatapp ask`: one reply, streamed to standard output."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from chatapp.cli import exits
from chatapp.cli.compose import (
    Choice,
    Configuration,
    find_model,
    find_preset,
    open_session,
    read_configuration,
    resolve_loading,
)
from chatapp.cli.load_option import chosen_load, load_options
from chatapp.cli.narration import Narration
from chatapp.cli.options import (
    exact_option,
    incognito_option,
    json_option,
    model_option,
    overflow_option,
    preset_option,
    read_template_variables,
    template_variables_option,
    unescape,
    verbose_option,
)
from chatapp.cli.parameter_option import ParameterCommand, chosen_values, parameter_options
from chatapp.cli.prompt_input import PromptWish, examples_option, variables_option
from chatapp.cli.question import Question, joined_prompt
from chatapp.cli.streams import Output, as_json_text, has_input, read_input
from chatapp.cli.token_table import DEFAULT_ALTERNATIVES, MOST_ALTERNATIVES
from chatapp.core.errors import NotFound, ParameterError, StoreUnwritable, UsageError
from chatapp.core.overflow import Overflow
from chatapp.core.parameters import Value

if TYPE_CHECKING:
    from chatapp.chat.session import Session
    from chatapp.chat.turn import Turn
    from chatapp.cli.token_table import Token
    from chatapp.core.conversations import Conversation
    from chatapp.core.prompts import Prompt


class AskCommand(ParameterCommand):
    """`ask`, whose --logprobs takes a count only where a number follows, so that a prompt may stand behind it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give --logprobs its default count where none is written."""
        end = args.index("--") if "--" in args else len(args)
        for place, argument in enumerate(args[:end]):
            if argument == "--logprobs" and not "".join(args[place + 1 : place + 2]).isdecimal():
                args[place] = f"--logprobs={DEFAULT_ALTERNATIVES}"
        return super().parse_args(ctx, args)


@click.command(
    cls=AskCommand,
    epilog="Standard output carries the reply and nothing else, exactly as the model wrote it but for a last line end "
    "(with --raw not even that), and behind it what --logprobs asks for; on a terminal control characters are made "
    "visible. Everything else goes to standard error. A prefill is part of the reply.",
)
@click.argument("prompt", required=False)
@model_option
@preset_option
@overflow_option
@click.option(
    "--template",
    metavar="NAME",
    help="Ask with this prompt of the library; PROMPT and standard input go to the variable that it takes them for. "
    "`chatapp prompts list` names them.",
)
@variables_option
@examples_option
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
@click.option(
    "--logprobs",
    type=click.IntRange(0, MOST_ALTERNATIVES),
    metavar="[COUNT]",
    help="Behind the reply, or in --json as tokens: each token's chance and rank under the model's own distribution, "
    f"and so many of the likeliest there.  [default: {DEFAULT_ALTERNATIVES}]",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Generate nothing: show the values in force, where each comes from, and which have no effect and why.",
)
@template_variables_option("--template-var")
@json_option
@exact_option
@incognito_option
@verbose_option
@load_options
@parameter_options
def ask(
    prompt: str | None,
    model: str | None,
    preset: str | None,
    overflow: Overflow | None,
    template: str | None,
    variables: tuple[str, ...],
    examples: str | None,
    system: str | None,
    prefill: str,
    continues: bool,
    raw: bool,
    echo: bool,
    escapes: bool,
    show_reasoning: bool,
    logprobs: int | None,
    explain: bool,
    template_variables: tuple[str, ...],
    as_json: bool,
    exact: bool,
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
    if explain and logprobs is not None:
        raise UsageError(
            "--explain generates nothing, so there are no tokens for --logprobs to tell of.",
            hint="Leave one of them out.",
        )
    wish = PromptWish(template, variables, examples)
    wish.check(continues=continues, raw=raw)
    narration = Narration(verbose=verbose)
    configuration = read_configuration()
    question = _question(
        prompt, system=system, prefill=prefill, continues=continues, raw=raw, echo=echo, escapes=escapes,
        variables=template_variables, overflow=overflow, parameters=parameters, library=wish.find(configuration),
        wish=wish,
    )  # fmt: skip
    narration.warn(configuration.problems)
    choice = Choice(model, chosen_load(parameters), incognito, find_preset(configuration, preset), exact)
    asked = Asked(question, narration, as_json=as_json, shows_reasoning=show_reasoning or verbose, logprobs=logprobs)
    return asyncio.run((asked.explain if explain else asked.run)(configuration, choice))


class Asked:
    """One call of `ask` under way; `logprobs` is how many alternatives are told of each token, None tells nothing."""

    def __init__(
        self,
        question: Question,
        narration: Narration,
        *,
        as_json: bool,
        shows_reasoning: bool,
        logprobs: int | None = None,
    ) -> None:
        self._question = question
        self._narration = narration
        self._as_json = as_json
        self._shows_reasoning = shows_reasoning
        self._logprobs = logprobs

    async def explain(self, configuration: Configuration, choice: Choice) -> int:
        """Show what would be in force; nothing is kept and nothing generated."""
        from chatapp.cli.explanation import explanation_of, lines_of

        question, output = self._question, Output()
        async with open_session(configuration, choice, program="ask") as session:
            conversation = self._latest(session) if question.continues else None
            prepared = await session.preview(
                question.prompt,
                conversation_id=conversation.id if conversation is not None else None,
                system_prompt=question.system or "",
                edits=self._edits(conversation),
                prefill=question.prefill,
                raw=question.raw,
                template_variables=question.template_variables,
                overflow=question.overflow,
                prompt_values=question.prompt_values,
                messages=question.examples,
            )
        explanation = explanation_of(
            prepared,
            choice.preset,
            system="" if question.is_templates_system else question.system or "",
            template=question.template,
            template_system=question.system or "" if question.is_templates_system else "",
        )
        if self._as_json:
            output.line(as_json_text(explanation))
            return exits.SUCCESS
        for notice in explanation.notices:
            self._narration.say(notice)
        for line in lines_of(explanation):
            output.line(line)
        return exits.SUCCESS

    async def run(self, configuration: Configuration, choice: Choice) -> int:
        """Ask, show the reply, and return the exit code."""
        from chatapp.cli.load_report import LoadReport
        from chatapp.cli.reply import ReplyView, until_interrupted

        output = Output()
        _, asked = resolve_loading(configuration, choice, find_model(configuration, choice))
        async with open_session(configuration, choice, program="ask") as session:
            self._narration.warn(session.problems)
            turn = await self._send(session)
            view = ReplyView(
                None if self._as_json else output,
                self._narration,
                prefix=self._question.prefix,
                shows_reasoning=self._shows_reasoning,
                exact=self._question.raw,
                load=LoadReport(self._narration, lambda: session.backend, asked),
            )
            try:
                interrupted = await until_interrupted(turn, view.follow(turn))
            except ParameterError:
                # A value that this model refuses must not stand in the way of --continue.
                if not self._question.continues:
                    await session.set_edits(turn.conversation_id, {})
                raise
            kept = session.persistent and turn.last_save_failed is None
            await self._write_result(output, session, turn, kept=kept)
            if interrupted:
                self._narration.say("stopped; what was written is kept" if kept else "stopped")
                return exits.INTERRUPTED
            return self._end(turn, kept=kept or choice.incognito)

    async def _send(self, session: Session) -> Turn:
        question = self._question
        if question.continues:
            return await self._continue(session)
        conversation = await session.create(
            system_prompt=question.system or "",
            edits=question.kept_edits,
            overflow=question.overflow,
            title=question.title,
            messages=question.examples,
        )
        if question.raw:
            return await session.complete(
                conversation.id,
                question.prompt,
                edits=question.edits,
                prefill=question.prefill,
                alternatives=self._logprobs or 0,
                prompt_values=question.prompt_values,
            )
        return await session.send(
            conversation.id,
            question.prompt,
            edits=question.edits,
            prompt_values=question.prompt_values,
            prefill=question.prefill,
            alternatives=self._logprobs or 0,
            template_variables=question.template_variables,
        )

    async def _continue(self, session: Session) -> Turn:
        question, conversation = self._question, self._latest(session)
        preset = session.preset
        if question.system is not None:
            await session.set_system_prompt(conversation.id, question.system)
        elif preset is not None and preset.system_prompt and not conversation.system_prompt.strip():
            await session.set_system_prompt(conversation.id, preset.system_prompt)
        if question.overflow is not None:
            await session.set_overflow(conversation.id, question.overflow)
        return await session.send(
            conversation.id,
            question.prompt,
            edits=self._edits(conversation),
            prefill=question.prefill,
            alternatives=self._logprobs or 0,
            template_variables=question.template_variables,
        )

    def _latest(self, session: Session) -> Conversation:
        conversation = session.latest()
        if conversation is None:
            raise NotFound("There is no conversation to go on with.", hint="Leave --continue out to begin one.")
        return conversation

    def _edits(self, conversation: Conversation | None) -> dict[str, Value]:
        """The values given now over those that the conversation has."""
        from chatapp.chat.edits import values_of

        return {**values_of(conversation.edits if conversation is not None else {}), **self._question.edits}

    async def _write_result(self, output: Output, session: Session, turn: Turn, *, kept: bool) -> None:
        """What goes to standard output behind the reply: JSON, or the table of its tokens."""
        from chatapp.cli.result import result_of
        from chatapp.cli.token_table import table_of, tokens_of

        tokens: tuple[Token, ...] | None = None
        if self._logprobs is not None:
            tokens = await tokens_of(turn.details, session.backend)
            if not tokens:
                self._narration.say("nothing is known of the tokens of this reply")
        if self._as_json:
            result = result_of(turn, session.backend.model, kept=kept, tokens=tokens, template=self._question.template)
            output.line(as_json_text(result))
        elif tokens:
            output.end_line()
            output.line()
            for line in table_of(tokens):
                output.line(line)

    def _end(self, turn: Turn, *, kept: bool) -> int:
        """The exit code of a reply that came; one that should have been kept and was not is an error."""
        from chatapp.cli.reply import is_unmet

        generation = turn.reply.generation
        if kept:
            return exits.UNMET if generation is not None and is_unmet(generation) else exits.SUCCESS
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
    overflow: Overflow | None,
    parameters: dict[str, object],
    library: Prompt | None,
    wish: PromptWish,
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
        prompt=joined_prompt(prompt, piped, raw=raw or (library is not None and library.raw)),
        system=system,
        prefill=prefill,
        edits=chosen_values(parameters),
        template_variables=read_template_variables(variables),
        raw=raw,
        echo=echo,
        continues=continues,
        overflow=overflow,
    )
    if library is not None:
        question = wish.asked(library, question)
    question.check()
    return question
