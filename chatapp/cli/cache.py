"""`chatapp cache`: what is kept so that it need not be computed again; all of it is safe to delete."""

from __future__ import annotations

import click

from chatapp.cli.compose import read_configuration
from chatapp.cli.narration import Narration
from chatapp.cli.options import json_option
from chatapp.cli.streams import Output, as_json_text
from chatapp.core.cleaning import clean_line
from chatapp.core.errors import NotFound
from chatapp.core.readable import moment, short_size
from chatapp.engine import snapshots


@click.group()
def cache() -> None:
    """Show and clear what is kept so that it need not be computed again."""


@cache.command()
@json_option
def show(as_json: bool) -> None:
    """Show the snapshots of computed conversations: by model, how many, their tokens, size and last use."""
    folder = read_configuration().paths.snapshots
    kept = snapshots.usage(folder)
    output = Output()
    if as_json:
        output.line(as_json_text(kept))
        return
    width = max((len(_name(each)) for each in kept), default=0)
    for each in kept:
        output.line(
            f"{_name(each):<{width}}  {each.snapshots:>5} kept  {each.tokens:>10,} tokens  "
            f"{short_size(each.size_bytes):>9}  {moment(each.used_at)}"
        )
    Narration().say(f"snapshots are in {folder}" if kept else "nothing is kept")


@cache.command()
@click.argument("model", required=False)
def clear(model: str | None) -> None:
    """Remove the snapshots of MODEL, or all of them; conversations stay, and are computed anew when they go on."""
    folder = read_configuration().paths.snapshots
    names = [each.model for each in snapshots.usage(folder)]
    if model is not None and model not in names:
        raise NotFound.among("model with snapshots", model, filter(None, names))
    freed = snapshots.clear(folder, model)
    Narration().say(f"{short_size(freed)} freed" if freed else "nothing was kept")


def _name(kept: snapshots.Usage) -> str:
    return clean_line(kept.model) or "(damaged)"
