"""Commands reach the loop in order, and those that can't wait say so at once."""

from __future__ import annotations

import threading

from chatapp.core.loading import LoadSettings
from chatapp.engine.protocol import AnswerNow, CancelLoad, Command, Generate, Load, Stop, Update
from chatapp.engine.worker.inbox import Inbox

LOAD = Load("model.gguf", LoadSettings())
GENERATE = Generate(request_id=1, token_ids=(1,), values={}, seed=0)


def taken(inbox: Inbox, *, wait: bool = False) -> list[Command]:
    return [command for command, _ in inbox.take(wait=wait) or []]


def test_all_that_is_there_comes_in_order_with_its_time() -> None:
    inbox = Inbox()
    commands: list[Command] = [GENERATE, Update(1, {}), Stop(1)]
    for command in commands:
        inbox.put(command)
    items = inbox.take(wait=True)
    assert items is not None
    assert [command for command, _ in items] == commands
    assert [arrived for _, arrived in items] == sorted(arrived for _, arrived in items)
    assert taken(inbox) == []


def test_a_new_request_and_a_stop_break_a_batch_off_and_nothing_else_does() -> None:
    for command, urgent in ((GENERATE, True), (Stop(1), True), (Update(1, {}), False), (AnswerNow(1), False)):
        inbox = Inbox()
        inbox.put(command)
        assert inbox.is_urgent() is urgent
        taken(inbox)
        assert not inbox.is_urgent()


def test_a_load_is_cancelled_without_waiting_for_the_loop() -> None:
    inbox = Inbox()
    inbox.put(LOAD)
    assert not inbox.is_cancelled()
    inbox.put(CancelLoad())
    assert inbox.is_cancelled()
    assert taken(inbox) == [LOAD]


def test_a_cancel_that_came_too_late_does_not_meet_the_next_load() -> None:
    inbox = Inbox()
    inbox.put(LOAD)
    taken(inbox)
    inbox.put(CancelLoad())
    inbox.put(LOAD)
    assert not inbox.is_cancelled()


def test_waiting_ends_with_the_first_command() -> None:
    inbox = Inbox()
    thread = threading.Thread(target=inbox.put, args=(GENERATE,))
    thread.start()
    assert taken(inbox, wait=True) == [GENERATE]
    thread.join()


def test_a_closed_inbox_says_so() -> None:
    inbox = Inbox()
    inbox.close()
    assert inbox.is_urgent()
    assert inbox.take(wait=True) is None
