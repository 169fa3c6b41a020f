"""Where every error ends: shown once on standard error, and turned into the exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

import click

from chatapp.cli import exits


def run(command: Callable[[], object]) -> int:
    """Run `command` and return the exit code; nothing passes this border."""
    from chatapp.cli.streams import prepare_streams

    prepare_streams()
    try:
        code = command()
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort, EOFError):
        return exits.INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return exits.CLOSED_PIPE
    except Exception as error:  # noqa: BLE001 - the border: shown, never swallowed
        return _shown(error)
    return code if isinstance(code, int) else exits.SUCCESS


def _shown(error: Exception) -> int:
    from chatapp.cli.narration import Narration
    from chatapp.core.errors import ChatappError

    if isinstance(error, ChatappError):
        Narration().error(error)
        return error.exit_code
    if isinstance(error, OSError) and error.filename is None and _stdout_is_full():
        _silence_stdout()
        Narration().say(f"Standard output can't be written: {error.strerror}.")
        return 1
    traceback.print_exc()
    Narration().say("This is a mistake in chatapp, not yours. The lines above say where.")
    return 1


def _stdout_is_full() -> bool:
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _silence_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter doesn't complain at its end."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
    except (OSError, ValueError):
        return
