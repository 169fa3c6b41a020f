"""Work that a key or a click starts: it never blocks the keys, and its failure is shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from textual.dom import DOMNode

from chatapp.core.errors import ChatappError
from chatapp.ui.notice import say_error

N = TypeVar("N", bound=DOMNode)
P = ParamSpec("P")
_log = logging.getLogger(__name__)


def attempt(node: DOMNode, work: Coroutine[object, object, None]) -> None:
    """Run `work` beside everything else, and show what goes wrong."""
    node.run_worker(_shown(node, work), exit_on_error=False)


def shown(method: Callable[Concatenate[N, P], None]) -> Callable[Concatenate[N, P], None]:
    """Make a handler show a ChatappError instead of ending the program by it."""

    @wraps(method)
    def guarded(node: N, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(node, *args, **kwargs)
        except ChatappError as error:
            say_error(node.app, error)

    return guarded


async def _shown(node: DOMNode, work: Coroutine[object, object, None]) -> None:
    try:
        await work
    except ChatappError as error:
        say_error(node.app, error)
    except Exception as error:  # noqa: BLE001 - the border: one action's fault must not end the workbench
        _log.exception("an action failed")
        say_error(node.app, ChatappError(f"{type(error).__name__}: {error}"))
