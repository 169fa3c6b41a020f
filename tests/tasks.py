"""Twenty things that somebody who tunes samplers for a living wants to do, each done by keys in the real workbench.

`python -m tests.tasks [NUMBER …]` opens the workbench on the built-in model without a terminal, does each task, checks
what came of it, and counts the keys that it took beside what had to be typed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from textual.pilot import Pilot

from chatapp.chat.session import Session
from chatapp.cli.compose import Choice, make_presets, open_pooled_session, read_configuration
from chatapp.core.conversations import StoredMessage
from chatapp.core.parameters import Value
from chatapp.core.settings import Settings
from chatapp.ui.app import Workbench
from chatapp.ui.screens.pane import Pane

_WITHIN_S = 30.0
_FIXED: dict[str, Value] = {"seed": 7, "max_new_tokens": 40}
_QUESTION = "Tell me a story about a fox"


class Desk:
    """The workbench in the hands of its user."""

    def __init__(self, app: Workbench, pilot: Pilot[None], session: Session) -> None:
        self.app = app
        self.session = session
        self.keys = 0
        self._pilot = pilot

    @property
    def pane(self) -> Pane:
        """The conversation in use."""
        return self.app.get_default_screen().pane

    @property
    def panes(self) -> tuple[Pane, ...]:
        """All that stand side by side."""
        return tuple(self.app.get_default_screen().query(Pane))

    @property
    def thread(self) -> list[StoredMessage]:
        """The branch that is shown."""
        number = self.pane.conversation_id
        return self.session.thread(number) if number is not None else []

    @property
    def all_threads(self) -> list[StoredMessage]:
        """The branches of all panes, one after the other."""
        numbers = [pane.conversation_id for pane in self.panes]
        return [message for number in numbers if number is not None for message in self.session.thread(number)]

    @property
    def screen(self) -> str:
        """All that is to be read."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys, which count."""
        self.keys += len(keys)
        await self._pilot.press(*keys)
        await self._pilot.pause()

    async def type(self, text: str) -> None:
        """Type what has to be typed whatever the program, which does not count."""
        await self._pilot.press(*("space" if letter == " " else letter for letter in text))
        await self._pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        end = time.monotonic() + _WITHIN_S
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"it did not come about; the screen:\n{self.screen}")
            await self._pilot.pause(0.02)

    async def reads(self, *words: str) -> None:
        """Wait until words are to be read."""
        await self.until(lambda: all(word in self.screen for word in words))

    async def quiet(self, messages: int) -> None:
        """Wait until the branch has so many messages and none is being written."""
        await self.until(
            lambda: len(self.thread) == messages and all(message.status != "streaming" for message in self.thread)
        )
        await self._pilot.pause()

    async def ask(self, text: str = _QUESTION, edits: dict[str, Value] | None = None) -> None:
        """Prepare a task: a message that is answered."""
        before = len(self.thread)
        self.pane.set_edits({**_FIXED, **(edits or {})}, "seed")
        self.pane.send(text)
        await self.quiet(before + 2)


Task = Callable[[Desk], Awaitable[None]]


class Wanted(NamedTuple):
    """A task in words, how many keys it may take, and how it is done."""

    words: str
    most_keys: int
    do: Task


TASKS: list[Wanted] = []


def task(words: str, most_keys: int) -> Callable[[Task], Task]:
    """Put a task on the list."""

    def add(do: Task) -> Task:
        TASKS.append(Wanted(words, most_keys, do))
        return do

    return add


@task("read how likely the third word of the reply was, and what else could have stood there", 3)
async def likelihood(desk: Desk) -> None:
    await desk.ask()
    await desk.press("alt+t", "right", "right")
    await desk.reads("probability", "rank", "entropy")


@task("find which stage cuts a word from the next token", 1)
async def cutting_stage(desk: Desk) -> None:
    await desk.ask(edits={"top_k": 3, "temperature": 1.0})
    await desk.press("alt+s")
    await desk.reads("cut by top_k")


@task("branch from the third alternative of the fifth token", 7)
async def branch(desk: Desk) -> None:
    await desk.ask()
    before = desk.thread[-1]
    await desk.press("alt+t", "right", "right", "right", "right", "3", "enter")
    await desk.until(lambda: desk.thread[-1].siblings == 2)
    await desk.quiet(2)
    reply = desk.thread[-1]
    assert reply.generation is not None and before.generation is not None
    assert reply.generation.token_ids[:4] == before.generation.token_ids[:4]
    assert reply.generation.token_ids[4] != before.generation.token_ids[4]
    assert reply.generation.processed_tokens == 1, "the prefix was computed again"


@task("ask the same at three temperatures, side by side", 6)
async def three_temperatures(desk: Desk) -> None:
    await desk.press("alt+2", "alt+3")
    await desk.until(lambda: len(desk.panes) == 3)
    for pane, temperature in zip(desk.panes, (0.2, 0.8, 1.5), strict=True):
        pane.set_edits({**_FIXED, "temperature": temperature}, "temperature")
    await desk.type(_QUESTION)
    await desk.press("alt+a")
    await desk.until(lambda: [message.status for message in desk.all_threads] == ["complete"] * 6)
    await desk.reads("temperature 0.2", "temperature 0.8", "temperature 1.5")


@task("learn why the prompt was computed again", 1)
async def why_again(desk: Desk) -> None:
    await desk.ask()
    desk.pane.next.change(system_prompt="Answer in rhyme.")
    await desk.ask("And a bear")
    await desk.press("alt+i")
    await desk.reads("computed")


@task("edit a reply in the middle and let the model go on from there", 3)
async def edit_and_continue(desk: Desk) -> None:
    await desk.ask()
    await desk.press("alt+up", "e")
    await desk.until(lambda: desk.app.screen is not desk.app.get_default_screen())
    await desk.type(" The end")
    await desk.press("f3")
    await desk.until(lambda: desk.thread[-1].siblings >= 2 and desk.thread[-1].status != "streaming")
    assert " The end" in desk.thread[-1].text


@task("find a sentence said in another conversation, and fork there", 4)
async def find_and_fork(desk: Desk) -> None:
    await desk.ask("What is min_p?")
    found = desk.pane.conversation_id
    await desk.press("ctrl+n")
    desk.keys = 0
    await desk.ask()
    await desk.press("ctrl+o")
    await desk.type("min_p")
    await desk.until(lambda: "What is min_p" in desk.screen)
    await desk.press("enter")
    await desk.until(lambda: desk.pane.conversation_id == found)
    await desk.press("alt+up", "f")
    await desk.until(lambda: desk.pane.conversation_id not in (None, found))


@task("find a word in this conversation", 1)
async def find(desk: Desk) -> None:
    await desk.ask()
    await desk.press("ctrl+f")
    await desk.type("fox")
    await desk.until(lambda: "1/" in desk.screen)


@task("see the exact prompt as it was sent", 2)
async def exact_prompt(desk: Desk) -> None:
    await desk.ask()
    await desk.press("alt+i")
    await desk.reads("prompt")


@task("see which tokens the present settings would have cut from the reply", 1)
async def counterfactual(desk: Desk) -> None:
    await desk.ask(edits={"temperature": 1.5})
    desk.pane.set_edits({**_FIXED, "temperature": 1.0, "top_k": 1}, "top_k")
    await desk.press("alt+t")
    await desk.reads("would have cut")


@task("begin with a preset", 2)
async def preset(desk: Desk) -> None:
    await desk.press("ctrl+p")
    await desk.type("preset")
    await desk.press("enter")
    await desk.reads("conservative", "creative")


@task("keep a message in the model's view whatever is left out", 2)
async def pin(desk: Desk) -> None:
    await desk.ask()
    await desk.press("alt+up", "p")
    await desk.until(lambda: any(message.pinned for message in desk.thread))


@task("put a message of the system behind this one", 2)
async def insert(desk: Desk) -> None:
    await desk.ask()
    await desk.press("alt+up", "i")
    await desk.until(lambda: desk.app.screen is not desk.app.get_default_screen())


@task("delete a message with all that follows, and bring it back", 3)
async def delete(desk: Desk) -> None:
    await desk.ask()
    await desk.press("alt+up", "d")
    await desk.until(lambda: len(desk.thread) == 1)
    await desk.press("u")
    await desk.until(lambda: len(desk.thread) == 2)


@task("let a reply go on that ended at its limit", 2)
async def go_on(desk: Desk) -> None:
    await desk.ask(edits={"max_new_tokens": 8})
    await desk.press("alt+up", "c")
    await desk.until(lambda: desk.thread[-1].siblings == 2)
    await desk.quiet(2)


@task("see all branches and go to another one", 4)
async def tree(desk: Desk) -> None:
    await desk.ask()
    await desk.press("ctrl+r")
    await desk.until(lambda: desk.thread[-1].siblings == 2)
    await desk.quiet(2)
    desk.keys = 0
    shown = desk.thread[-1].id
    await desk.press("alt+up", "t", "up", "enter")
    await desk.until(lambda: desk.thread[-1].id != shown)


@task("compare two versions of a prompt's reply word by word", 3)
async def differences(desk: Desk) -> None:
    await desk.press("alt+2")
    await desk.until(lambda: len(desk.panes) == 2)
    for number, pane in enumerate(desk.panes):
        pane.set_edits({**_FIXED, "seed": number}, "seed")
    await desk.type(_QUESTION)
    await desk.press("alt+a", "alt+d")
    await desk.until(lambda: all(pane.transcript._differences for pane in desk.panes))


@task("change the temperature while the reply is being written, and find that recorded", 4)
async def live_change(desk: Desk) -> None:
    desk.pane.set_edits({"seed": 7, "max_new_tokens": 600, "temperature": 1.0, "ignore_eos": True}, "seed")
    desk.pane.send(_QUESTION)
    await desk.until(lambda: bool(desk.pane.transcript.messages) and len(desk.pane.transcript.messages) == 2)
    await desk.press("alt+s")
    await desk.press("right", "right")
    await desk.quiet(2)
    generation = desk.thread[-1].generation
    assert generation is not None and any(
        change.name == "temperature" and change.offset > 0 for change in generation.changes
    )


@task("continue a text as it is, without a chat template", 3)
async def raw(desk: Desk) -> None:
    desk.pane.set_edits({**_FIXED}, "seed")
    await desk.press("ctrl+p")
    await desk.type("raw")
    await desk.press("enter")
    await desk.type("Once upon a time")
    await desk.press("enter")
    await desk.quiet(2)
    generation = desk.thread[-1].generation
    assert generation is not None and generation.raw


@task("stop a reply and keep what there is", 1)
async def stop(desk: Desk) -> None:
    desk.pane.set_edits({"max_new_tokens": 900, "ignore_eos": True}, "ignore_eos")
    desk.pane.send(_QUESTION)
    await desk.until(lambda: bool(desk.thread) and bool(desk.thread[-1].text))
    await desk.press("escape")
    await desk.quiet(2)
    assert desk.thread[-1].status == "stopped" and desk.thread[-1].text


@asynccontextmanager
async def sit_down() -> AsyncIterator[Desk]:
    """Open the workbench on the built-in model, with nothing said yet."""
    with tempfile.TemporaryDirectory(prefix="chatapp-tasks-") as home:
        os.environ["CHATAPP_HOME"] = home
        configuration = read_configuration()
        async with open_pooled_session(configuration, Choice(load={"threads": 1}), program="workbench") as (session, _):
            app = Workbench(
                session,
                Settings(),
                save_setting=lambda name, value: None,
                presets=make_presets(configuration),
            )
            async with app.run_test(size=(160, 48), notifications=True) as pilot:
                desk = Desk(app, pilot, session)
                await desk.until(lambda: session.backend.model is not None)
                yield desk


async def do(wanted: Wanted) -> str:
    """Do a task and say in words how it went."""
    async with sit_down() as desk:
        try:
            await wanted.do(desk)
        except AssertionError as error:
            return f"NOT DONE: {error}"
        many = f", more than {wanted.most_keys}" if desk.keys > wanted.most_keys else ""
        return f"{desk.keys} key{'s' * (desk.keys != 1)}{many}"


def main() -> int:
    """Do the tasks that are named, else all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", type=int, help="which tasks, from 1")
    numbers = parser.parse_args().numbers or range(1, len(TASKS) + 1)
    failed = 0
    for number in numbers:
        wanted = TASKS[number - 1]
        said = asyncio.run(do(wanted))
        failed += not said[0].isdigit() or "more" in said
        sys.stdout.write(f"{number:>2}  {wanted.words}: {said}\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
