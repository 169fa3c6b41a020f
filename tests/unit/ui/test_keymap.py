"""Keys come from the registry, and a person's own entries stand above it."""

from __future__ import annotations

import pytest

from chatapp.ui.actions import ACTIONS
from chatapp.ui.keymap import Keymap, key_label, normalise_key


def test_defaults_are_the_registry() -> None:
    keymap = Keymap()
    assert not keymap.problems
    for action in ACTIONS.values():
        assert keymap.keys(action.id) == action.keys


def test_no_default_key_is_bound_twice_or_forbidden() -> None:
    keys = [key for action in ACTIONS.values() for key in action.keys]
    assert len(keys) == len(set(keys))
    assert not {"ctrl+b", "ctrl+h", "ctrl+i", "ctrl+m", "ctrl+s", "ctrl+q"} & set(keys)


def test_an_entry_replaces_the_default_and_takes_the_key_from_others() -> None:
    keymap = Keymap({"regenerate-reply": ("ctrl+n", "f5")})
    assert keymap.keys("regenerate-reply") == ("ctrl+n", "f5")
    assert keymap.keys("new-conversation") == ()
    assert not keymap.problems


def test_bad_entries_are_reported_and_the_rest_works() -> None:
    keymap = Keymap(
        {
            "regenrate-reply": ("f5",),
            "stop-reply": ("ctrl+nonsense", "f6"),
            "show-help": ("ctrl+m",),
            "copy-reply": ("f6",),
            "new-conversation": ("f7",),
        }
    )
    assert keymap.keys("stop-reply") == ("f6",)
    assert keymap.keys("show-help") == ()
    assert keymap.keys("copy-reply") == ()
    assert keymap.keys("new-conversation") == ("f7",)
    told = " ".join(f"{problem.message} {problem.hint}" for problem in keymap.problems)
    for part in ("regenrate-reply", "regenerate-reply", "ctrl+nonsense", "ctrl+m", "stop-reply keeps it"):
        assert part in told
    assert len(keymap.problems) == 4


def test_the_setting_swaps_enter() -> None:
    keymap = Keymap(enter_sends=False)
    assert "enter" in keymap.keys("new-line")
    assert "enter" not in keymap.keys("send-message")
    assert keymap.keys("send-message")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Ctrl+R", "ctrl+r"),
        ("alt+left", "alt+left"),
        ("shift+ctrl+a", "ctrl+shift+a"),
        ("?", "question_mark"),
        ("f2", "f2"),
        ("hyperspace", None),
        ("ctrl+", None),
        ("", None),
    ],
)
def test_spelling(written: str, key: str | None) -> None:
    assert normalise_key(written) == key


def test_labels_are_short() -> None:
    assert [key_label(key) for key in ("ctrl+r", "alt+left", "f1", "escape", "enter", "shift+enter")] == [
        "^R", "Alt+←", "F1", "Esc", "⏎", "Shift+⏎",
    ]  # fmt: skip
