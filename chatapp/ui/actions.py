"""The one registry of actions: everything that a key, the palette or a command can do.

Ids are permanent, for people bind them in `keymap.toml`. Bindings, footer, palette, help and documentation
derive from this table. It imports nothing heavy, so the built-in model's corpus and the documentation read it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """Something that a person can do.

    `keys` are default keys in Textual's spelling; `label` is what footer and palette say, `help` one sentence.
    `where` names the scope: `app`, `composer`, `list` or `transcript`. `footer` tells whether the footer shows it.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    where: str = "app"
    footer: bool = False

    @property
    def method(self) -> str:
        """The Textual action that runs it."""
        return self.id.replace("-", "_")


_DECLARED = (
    Action("send-message", ("enter",), "Send", "Send the message to the model.", "composer", footer=True),
    Action("new-line", ("ctrl+j", "shift+enter"), "New line", "Begin a new line in the message.", "composer"),
    Action(
        "stop-reply", ("escape",), "Stop", "Stop the reply; what was written is kept and marked stopped.", footer=True
    ),
    Action("regenerate-reply", ("ctrl+r",), "Regenerate", "Write another reply beside this one.", footer=True),
    Action("previous-sibling", ("alt+left",), "Previous version", "Show the version of this message before this one."),
    Action("next-sibling", ("alt+right",), "Next version", "Show the version of this message after this one."),
    Action("new-conversation", ("ctrl+n",), "New", "Begin a new conversation.", footer=True),
    Action(
        "toggle-conversations",
        ("ctrl+o",),
        "Conversations",
        "Show or hide the conversation list; type in it to filter.",
        footer=True,
    ),
    Action(
        "toggle-inspector",
        ("ctrl+t",),
        "Inspector",
        "Show or hide the inspector with system prompt and parameters.",
        footer=True,
    ),
    Action("open-palette", ("ctrl+p",), "Palette", "Find any action by its name.", footer=True),
    Action("show-help", ("f1",), "Help", "Show all keys and what they do.", footer=True),
    Action("scroll-up", ("pageup",), "Scroll up", "Scroll the conversation up by a page.", "composer"),
    Action("scroll-down", ("pagedown",), "Scroll down", "Scroll the conversation down by a page.", "composer"),
    Action("edit-in-editor", ("ctrl+g",), "Editor", "Write the message in $EDITOR.", "composer"),
    Action("copy-reply", ("alt+c",), "Copy reply", "Copy the last reply as Markdown."),
    Action("toggle-thoughts", ("alt+h",), "Thoughts", "Unfold or fold what the model thought."),
    Action(
        "interrupt", ("ctrl+c",), "Copy, stop, quit", "Copy the selection; without one stop the reply; twice quits."
    ),
    Action("rename-conversation", ("f2",), "Rename conversation", "Give this conversation another title."),
    Action(
        "delete-conversation",
        ("delete",),
        "Delete conversation",
        "Move this conversation to the trash; undo brings it back.",
        "list",
    ),
    Action("undo-delete", ("alt+z",), "Undo delete", "Bring back the conversation that was deleted last."),
    Action("switch-theme", (), "Theme", "Choose light, dark or a theme of yours."),
    Action("quit", (), "Quit", "Leave chatapp; everything is saved."),
    Action("suspend", ("ctrl+z",), "Suspend", "Go back to the shell; fg returns."),
)

ACTIONS: dict[str, Action] = {action.id: action for action in _DECLARED}
"""Every action by id, in the order in which help shows them."""
