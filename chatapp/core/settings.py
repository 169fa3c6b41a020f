"""What people can set for good: one registry, kept in `config.toml`.

Each field is a setting; its default and its help are all that is written down about it anywhere.
"""

from __future__ import annotations

import msgspec

from chatapp.core.overflow import OVERFLOW_HELP, OVERFLOWS, Overflow


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings in force."""

    model: str = "pocket"
    preset: str = ""
    theme: str = "chatapp-dark"
    enter_sends: bool = True
    show_conversations: bool = True
    show_inspector: bool = False
    context_size: int = 0
    fold_thoughts: bool = True
    frames_per_second: int = 10
    simple_emoji: bool = False
    confirm_links: bool = True
    overflow: Overflow = "stop"
    unload_after: int = 60
    memory_budget: int = 0
    text_width: int = 100


class SettingHelp(msgspec.Struct, frozen=True):
    """What one setting means."""

    text: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


SETTING_HELP: dict[str, SettingHelp] = {
    "model": SettingHelp("The model to open: pocket, a name in the models directory, or a path."),
    "preset": SettingHelp("The preset to begin with, where none is named; empty for none."),
    "theme": SettingHelp("The colours; chatapp-dark, chatapp-light, or a theme of yours."),
    "enter_sends": SettingHelp("Whether enter sends and ctrl+j makes a new line, or the other way round."),
    "show_conversations": SettingHelp("Whether the conversation list is open at the start."),
    "show_inspector": SettingHelp("Whether the inspector is open at the start."),
    "context_size": SettingHelp(
        "Tokens of context to load models with; 0 takes what the model was trained for, at most 8,192.",
        minimum=0,
        maximum=10_000_000,
    ),
    "fold_thoughts": SettingHelp("Whether a model's thoughts fold when its answer begins."),
    "frames_per_second": SettingHelp("How often a growing reply is drawn.", minimum=1, maximum=30),
    "simple_emoji": SettingHelp("Whether emoji are shown without joiners, for terminals that misplace them."),
    "confirm_links": SettingHelp("Whether a link is shown before it is opened."),
    "unload_after": SettingHelp(
        "Minutes without a message after which a model leaves memory; the next message loads it again. 0 for never.",
        minimum=0,
        maximum=100_000,
    ),
    "memory_budget": SettingHelp(
        "Megabytes that the models of one chatapp may take together: beyond that, the one that was idle the longest "
        "leaves memory. 0 takes three quarters of the machine's memory; on a GPU, set what it has.",
        minimum=0,
        maximum=100_000_000,
    ),
    "text_width": SettingHelp(
        "Columns that prose takes at most in a wide conversation; code and tables may take more. 0 for no limit.",
        minimum=0,
        maximum=10_000,
    ),
    "overflow": SettingHelp(f"{OVERFLOW_HELP} A new conversation begins with it.", choices=tuple(OVERFLOWS)),
}
