"""A click group that imports a command only when it is called, so that `chatapp --help` stays light."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

import click


class Entry(NamedTuple):
    """Where a command lives, as `module:attribute`, and what the list of commands says about it."""

    target: str
    help: str


class LazyGroup(click.Group):
    """Shows its commands from a table and imports none of them before it is called."""

    def __init__(
        self,
        name: str | None = None,
        *,
        entries: Mapping[str, Entry],
        callback: Callable[..., object] | None = None,
        params: list[click.Parameter] | None = None,
        help: str | None = None,  # noqa: A002 - click's own name
        epilog: str | None = None,
        invoke_without_command: bool = False,
        context_settings: MutableMapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            name,
            callback=callback,
            params=params,
            help=help,
            epilog=epilog,
            invoke_without_command=invoke_without_command,
            context_settings=context_settings,
        )
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command called `cmd_name`; None where there is none."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.target} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` begin with; raise NotFound with near names."""
        if args and not args[0].startswith("-") and args[0] not in self.entries:
            from chatapp.core.errors import NotFound

            raise NotFound.among("command", args[0], self.entries)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])
