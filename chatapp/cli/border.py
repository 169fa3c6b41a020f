"""Where every error ends: shown once on standard error, and turned into the exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

import click

from chatapp.cli import exits


def run(command: Callable[[], object]) -> int:
    """Run `command` and return the exit code; no error passes this border."""
    from chatapp.cli.streams import prepare_streams

    prepare_streams()
    try:
        code = command()
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        if sys.stderr.isatty():
            sys.stderr.write("\n")
        return exits.INTERRUPTED
    except BrokenPipeError:
        return _closed_pipe()
    except Exception as error:  # noqa: BLE001 - the border: shown, never swallowed
        return _shown(error)
    return code if isinstance(code, int) else exits.SUCCESS


def _shown(error: Exception) -> int:
    from chatapp.cli.narration import Narration
    from chatapp.cli.streams import ClosedPipe, OutputFailed
    from chatapp.core.errors import ChatappError, UsageError

    if isinstance(error, ClosedPipe):
        return _closed_pipe()
    if isinstance(error, OutputFailed):
        _silence_stdout()
    if isinstance(error, click.ClickException):
        error = UsageError(error.format_message(), hint=_usage(error))
    if isinstance(error, ChatappError):
        Narration().error(error)
        return error.exit_code
    traceback.print_exc()
    Narration().say("This is a mistake in chatapp, not yours. The lines above say where.")
    return 1


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"`{context.command_path} --help` says what there is." if context is not None else ""


def _closed_pipe() -> int:
    _silence_stdout()
    return exits.CLOSED_PIPE


def _silence_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter doesn't complain at its end."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
    except (OSError, ValueError):
        return
