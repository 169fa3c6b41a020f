"""What a key does, asked in every spelling of that key."""

from __future__ import annotations

from chatapp.pocket.corpus.intent import Intent
from chatapp.pocket.corpus.ways import key_name, keys, place
from chatapp.ui.actions import ACTIONS, Action

_TYPED = ("left", "right")
"""Keys that, as single letters do, move or type in a message unless one above it is marked."""


def _is_typed(key: str) -> bool:
    return len(key) == 1 or key in _TYPED


def spellings(key: str) -> tuple[str, ...]:
    """The ways in which people write a key."""
    if key in _TYPED:
        return (f"the {key} arrow", f"{key} arrow", f"the {key} arrow key", f"arrow {key}", f"the arrow {key} key")
    if len(key) == 1:
        return (
            f"the {key} key",
            f"the letter {key}",
            f"the key {key}",
            f"the {key.upper()} key",
            f"the letter {key} key",
        )
    name = key_name(key)
    spoken = {name, key, name.replace("+", " "), name.replace("+", "-"), name.replace("ctrl", "control")}
    spoken |= {name.replace("ctrl+", "c-"), name.replace("ctrl+", "^"), name.title(), name.replace("+", " + ")}
    spoken |= {name.replace("ctrl+", "control "), name.replace("ctrl+", "Ctrl-")}
    spoken.add(name.replace("alt+", "option+"))
    if name == "esc":
        spoken |= {"escape", "the escape key", "Esc", "the esc key"}
    return tuple(sorted(spoken))


def _answer(action: Action, key: str) -> str:
    name, where = key_name(key), place(action)
    return f"{where}, {name}: {action.help}" if where else f"{name[:1].upper()}{name[1:]}: {action.help}"


def _bound(action: Action, key: str) -> Intent:
    """A key that always does what the action says."""
    spelling = "|".join(spellings(key))
    return Intent(
        f"what {key}",
        (_answer(action, key),),
        say=(
            f"what (does|will|would|do) ({spelling}) do [here|in <app>]",
            f"what (is|happens on|happens with|about) ({spelling})",
            f"({spelling})",
            f"(explain|describe|tell me about|tell me what) ({spelling}) [does|is for]",
            f"what happens (if|when) i <press> ({spelling})",
            f"what (is ({spelling})|the ({spelling}) key is|do i use ({spelling})) (for|good for|used for)",
            f"(purpose|meaning|function|effect|use) of ({spelling})",
            f"i (pressed|hit|typed) ({spelling}), what (happened|did that do|was that)",
            f"why (should|would) i <press> ({spelling})",
            f"what does the key ({spelling}) do",
        ),
        weight=0.6,
    )


def _typed(action: Action, key: str) -> Intent:
    """A key that is typed, but acts on a message while one is marked."""
    spelling, mark = "|".join(spellings(key)), keys("previous-message")
    marked = f"(with a message marked|on a marked message|when a message is marked|after {mark})"
    return Intent(
        f"what {key}",
        (_answer(action, key),),
        say=(
            f"what (does|will|would) ({spelling}) do {marked}",
            f"what (does|will) ({spelling}) do [here|in <app>|to a message]",
            f"what (is|about) ({spelling}) {marked}",
            f"what is ({spelling}) (for|good for|used for) [{marked}]",
            f"(explain|describe|tell me about) ({spelling}) [{marked}]",
            f"what happens (if|when) i <press> ({spelling}) {marked}",
            f"(purpose|meaning|function|effect|use) of ({spelling}) [{marked}]",
            f"(a message is marked|i marked a message), what does ({spelling}) do",
            f"i (pressed|hit) ({spelling}) {marked}, what (happened|did that do|was that)",
            f"({spelling}) {marked}",
        ),
        weight=0.4,
    )


def intents() -> tuple[Intent, ...]:
    """One intent for every key of the registry."""
    return tuple(
        _typed(action, key) if _is_typed(key) else _bound(action, key)
        for action in ACTIONS.values()
        for key in action.keys
    )
