"""How to run an action, in words; keys and labels come from the registry of actions."""

from __future__ import annotations

import re

from chatapp.pocket.corpus.intent import Intent
from chatapp.ui.actions import ACTIONS, Action

_BEYOND_F12 = re.compile(r"f(1[3-9]|2\d)")


def key_name(key: str) -> str:
    """Write a key as people read it."""
    if key == "escape":
        return "esc"
    return re.sub(r"\bf\d+$", lambda match: match.group().upper(), key)


def keys(action_id: str) -> str:
    """The keys of an action as people read them.

    Keys beyond F12 are left out: keyboards lack them, and terminals send them for shifted ones.
    """
    return " or ".join(key_name(key) for key in ACTIONS[action_id].keys if not _BEYOND_F12.fullmatch(key))


def place(action: Action) -> str:
    """Where the keys of an action work, as the beginning of a sentence; empty where that goes without saying."""
    if action.where == "list":
        return "In the conversation list"
    if action.where == "transcript":
        return f"With a message marked by {keys('previous-message')}"
    return ""


def way(action_id: str) -> str:
    """Say how to run an action: `Press ctrl+n`, or through the palette where it has no key."""
    action = ACTIONS[action_id]
    if not action.keys:
        return f"Open the palette with {key_name(ACTIONS['open-palette'].keys[0])} and choose {action.label}"
    if action.where == "transcript":
        return f"Mark a message with {keys('previous-message')}, then press {keys(action_id)}"
    if action.where == "list":
        return f"{place(action)}, press {keys(action_id)}"
    return f"Press {keys(action_id)}"


def words(action_id: str, purpose: str, do: tuple[str, ...], say: tuple[str, ...] = (), weight: float = 1.0) -> Intent:
    """The intent of one action; `purpose` ends the answer that begins with the way."""
    return Intent(f"key {action_id}", (f"{way(action_id)} {purpose}",), do=do, say=say, weight=weight)
