"""Examines the built-in model: hand-written questions, asked greedily through the engine.

`python -m chatapp.pocket.exam [MODEL.gguf] [--behind 600] [--questions FILE.toml]`

A questions file is TOML: optional `talk = [["user", "assistant"], …]` for `--behind`, and one table a question:

    [[question]]
    topic = "keys"
    ask = "How do I stop it?"
    all = ["esc"]             # regular expressions, each of which the reply must hold
    any = ["stop", "end"]     # … one of which
    none = ["ctrl"]           # … none of which
    before = [["hello", "Hello!"]]
    system = "You are a helpful assistant."

Case does not matter in the expressions. All but `topic` and `ask` may be missing.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import msgspec

from chatapp.backends.local import LocalBackend
from chatapp.core.backend import Backend, GenerationRequest
from chatapp.core.errors import ChatappError, FileProblem
from chatapp.core.events import TextAdded
from chatapp.core.loading import LoadSettings
from chatapp.core.messages import Message
from chatapp.pocket.corpus import filler
from chatapp.pocket.digest import MODEL
from chatapp.rendering.renderer import Renderer

QUESTIONS = Path(__file__).with_name("exam.toml")
REPLY_TOKENS = 120
Talk = tuple[tuple[str, str], ...]


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question, and what a right reply holds."""

    topic: str
    ask: str
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    before: Talk = ()
    system: str = ""

    def accepts(self, reply: str) -> bool:
        """Whether `reply` is right."""

        def holds(expression: str) -> bool:
            return re.search(expression, reply, re.IGNORECASE | re.DOTALL) is not None

        return (
            all(map(holds, self.all)) and (not self.any or any(map(holds, self.any))) and not any(map(holds, self.none))
        )


class Exam(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Questions, and unrelated talk to put before them."""

    question: tuple[Question, ...]
    talk: Talk = ()

    @classmethod
    def read(cls, path: Path) -> Exam:
        """Read a questions file; raise FileProblem where it is no such file."""
        try:
            exam = msgspec.toml.decode(path.read_text(encoding="utf-8"), type=cls)
            for question in exam.question:
                for expression in (*question.all, *question.any, *question.none):
                    re.compile(expression)
        except OSError as error:
            raise FileProblem(f"“{path}” can't be read: {error.strerror}.") from None
        except (msgspec.DecodeError, re.error) as error:
            raise FileProblem(f"“{path}” is no questions file: {error}.") from None
        return exam


class Answer(msgspec.Struct, frozen=True):
    """What was replied to a question."""

    question: Question
    reply: str

    @property
    def right(self) -> bool:
        """Whether it is right."""
        return self.question.accepts(self.reply)


def _turns(talk: Talk) -> tuple[Message, ...]:
    return tuple(
        message for user, reply in talk for message in (Message.of("user", user), Message.of("assistant", reply))
    )


async def earlier_talk(backend: Backend, exam: Exam, tokens: int) -> Talk:
    """Unrelated talk of at least so many tokens: the exam's own, else made up."""
    rng = Random(0)
    made_up = tuple((turn.user, turn.assistant) for turn in (filler.turn(rng) for _ in range(200)))
    source = exam.talk or made_up
    talk: list[tuple[str, str]] = []
    held = 0
    while held < tokens:
        pair = source[len(talk) % len(source)]
        held += await backend.count(pair[0] + pair[1])
        talk.append(pair)
    return tuple(talk)


async def reply(backend: Backend, question: Question, earlier: Talk) -> str:
    """Ask greedily."""
    system = (Message.of("system", question.system),) if question.system else ()
    messages = (*system, *_turns(earlier), *_turns(question.before), Message.of("user", question.ask))
    edits = {"temperature": 0.0, "max_new_tokens": REPLY_TOKENS}
    prepared = await backend.prepare(GenerationRequest(messages=messages, edits={**edits}))
    generation = await backend.start(prepared)
    return "".join([event.text async for event in generation if isinstance(event, TextAdded)])


async def examine(backend: Backend, exam: Exam, behind: int) -> AsyncIterator[Answer]:
    """Ask every question, each in a conversation of its own."""
    earlier = await earlier_talk(backend, exam, behind)
    for question in exam.question:
        yield Answer(question, await reply(backend, question, earlier))


def report(answers: Sequence[Answer]) -> str:
    """The score by topic and in all, and each wrong answer."""
    asked = Counter(answer.question.topic for answer in answers)
    right = Counter(answer.question.topic for answer in answers if answer.right)
    lines = [
        f"✗ {answer.question.topic}: {answer.question.ask}\n  {answer.reply}" for answer in answers if not answer.right
    ]
    lines += [f"{topic:16} {right[topic]:3} of {count:3}" for topic, count in asked.items()]
    share = 100 * right.total() / max(1, asked.total())
    return "\n".join([*lines, f"{'all':16} {right.total():3} of {asked.total():3}  ({share:.1f} %)"])


@asynccontextmanager
async def _opened(model: Path) -> AsyncIterator[Backend]:
    with tempfile.TemporaryDirectory() as logs:
        renderer = Renderer()
        backend = LocalBackend(model, renderer=renderer, load=LoadSettings(gpu_layers=0), logs=Path(logs))
        try:
            yield backend
        finally:
            await backend.close()
            await renderer.close()


async def _run(model: Path, questions: Path, behind: int) -> str:
    exam = Exam.read(questions)
    async with _opened(model) as backend:
        return report([answer async for answer in examine(backend, exam, behind)])


def main() -> int:
    """Read the command line and print the report."""
    parser = argparse.ArgumentParser(prog="python -m chatapp.pocket.exam", description="Examine the built-in model.")
    parser.add_argument("model", type=Path, nargs="?", default=MODEL)
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--behind", type=int, default=0, metavar="TOKENS", help="unrelated talk before each question")
    arguments = parser.parse_args()
    try:
        sys.stdout.write(asyncio.run(_run(arguments.model, arguments.questions, arguments.behind)) + "\n")
    except ChatappError as error:
        sys.stderr.write(f"{error.title}: {error.message} {error.hint}".rstrip() + "\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
