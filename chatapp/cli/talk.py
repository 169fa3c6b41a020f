"""The loop of `chatapp chat`: a line in, a reply or an answer out."""

from __future__ import annotations

from chatapp.chat.turn import Turn
from chatapp.cli import exits
from chatapp.cli.dialogue import COMMANDS, Dialogue
from chatapp.cli.event_loop import EventLoop
from chatapp.cli.lines import Lines
from chatapp.cli.load_report import LoadReport
from chatapp.cli.narration import Narration
from chatapp.cli.reply import ReplyView
from chatapp.cli.streams import Output
from chatapp.core.errors import ChatappError, NotFound


class Talk:
    """Reads lines until they end, and shows what comes of each."""

    def __init__(
        self,
        dialogue: Dialogue,
        loop: EventLoop,
        lines: Lines,
        narration: Narration,
        *,
        shows_reasoning: bool,
        load: LoadReport | None = None,
    ) -> None:
        self._dialogue = dialogue
        self._loop = loop
        self._lines = lines
        self._narration = narration
        self._output = Output()
        self._shows_reasoning = shows_reasoning
        self._load = load

    def run(self) -> int:
        """Talk to the end; the exit code of the first failure where lines are piped, else 0."""
        if self._lines.is_terminal:
            self._narration.say("/help lists the commands, ctrl+d ends")
        interrupted = False
        while True:
            try:
                line = self._lines.next()
                if line is None or line.strip() == "/bye":
                    break
                interrupted = False
                self._answer(line)
            except KeyboardInterrupt:
                self._output.line()
                if interrupted or not self._lines.is_terminal:
                    return exits.SUCCESS if self._lines.is_terminal else exits.INTERRUPTED
                interrupted = True
                self._narration.say("ctrl+c again ends, and so does ctrl+d")
            except ChatappError as error:
                self._narration.error(error)
                if not self._lines.is_terminal:
                    if unread := self._lines.unread():
                        self._narration.say(f"ended at this; {unread}")
                    return error.exit_code
        if self._lines.is_terminal and line is None:
            self._output.line()
        return exits.SUCCESS

    def _answer(self, line: str) -> None:
        if not line.strip():
            return
        if not line.startswith("/") or line.startswith("//"):
            self._reply(self._loop.run(self._dialogue.ask(line.removeprefix("/") if line.startswith("//") else line)))
            return
        name, _, words = line.partition(" ")
        if name not in COMMANDS:
            unknown = NotFound.among("command", name, COMMANDS)
            raise NotFound(unknown.message, hint=f"{unknown.hint} A message that begins with / is written with //.")
        if name == "/help":
            width = max(len(usage) for usage, _ in COMMANDS.values())
            self._narration.block("\n".join(f"{usage:<{width}}  {help_}" for usage, help_ in COMMANDS.values()))
        elif name == "/regenerate":
            self._reply(self._loop.run(self._dialogue.regenerate()))
        else:
            self._narration.block(self._loop.run(self._dialogue.command(name, words)))

    def _reply(self, turn: Turn) -> None:
        """Show a reply to its end; ctrl+c stops it."""
        view = ReplyView(self._output, self._narration, shows_reasoning=self._shows_reasoning, load=self._load)
        try:
            self._loop.run(view.follow(turn), on_interrupt=turn.stop)
        finally:
            self._output.end_line()
        if turn.reply.status == "stopped":
            self._narration.say("stopped; what was written is kept")
        if turn.last_save_failed is not None:
            self._narration.warn((turn.last_save_failed,))
