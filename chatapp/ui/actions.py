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
    Action("previous-message", ("alt+up",), "Mark message above", "Mark the message above; letters then act on it."),
    Action("next-message", ("alt+down",), "Mark message below", "Mark the message below; letters then act on it."),
    Action("edit-message", ("e",), "Edit message", "Write the message anew; the old version stays.", "transcript"),
    Action("answer-message", ("a",), "Answer", "Write a reply to the message, or beside the reply.", "transcript"),
    Action("continue-reply", ("c",), "Go on", "Let the model go on where the reply stopped.", "transcript"),
    Action("copy-message", ("y",), "Copy message", "Copy the message as Markdown.", "transcript"),
    Action("fork-conversation", ("f",), "Fork", "Begin another conversation with all up to here.", "transcript"),
    Action("insert-message", ("i",), "Insert message", "Put a message of any role behind this one.", "transcript"),
    Action("pin-message", ("p",), "Pin message", "Keep the message and its turn in the model's view.", "transcript"),
    Action(
        "delete-message",
        ("d",),
        "Delete message",
        "Take the message and what follows it out of sight; undo brings it back.",
        "transcript",
    ),
    Action("undo-delete-message", ("u",), "Undo delete message", "Bring back the message deleted last.", "transcript"),
    Action("version-before", ("left",), "Version before", "Show the message's version before this one.", "transcript"),
    Action("version-after", ("right",), "Version after", "Show the message's version after this one.", "transcript"),
    Action("show-tree", ("t",), "Tree", "Show all branches, search in them and go to one.", "transcript"),
    Action("toggle-raw", (), "Raw completion", "Let what you send be continued as it is, without a chat template."),
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
        "Show or hide the inspector: parameters, system prompt, and what is known of the reply.",
        footer=True,
    ),
    Action("inspector-sampling", ("alt+s",), "Sampling", "Show the preset and the parameters in the inspector."),
    Action("inspector-system", ("alt+p",), "System prompt", "Show the system prompt in the inspector."),
    Action("inspector-tokens", ("alt+t",), "Tokens", "Show the reply's tokens in the inspector, and branch from one."),
    Action("inspector-info", ("alt+i",), "Info", "Show the model, its template and how the last reply came about."),
    Action("choose-model", ("ctrl+l",), "Model", "Choose the model that answers here from the next message on."),
    Action("choose-preset", (), "Preset", "Choose the preset that the next messages are sent with."),
    Action("save-preset", (), "Save preset", "Save what is set in this conversation as a preset."),
    Action("find-in-conversation", ("ctrl+f",), "Find", "Find words in this conversation.", footer=True),
    Action("next-match", ("f3",), "Next hit", "Go to the next place where the words stand."),
    Action("previous-match", ("shift+f3", "f15"), "Previous hit", "Go to the place before where the words stand."),
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
    Action(
        "show-trash",
        ("alt+x",),
        "Trash",
        "Show in the list what was deleted, to bring it back or to delete it for good; again to leave it.",
    ),
    Action(
        "delete-for-good",
        ("shift+delete",),
        "Delete for good",
        "Remove the conversation chosen in the trash for good; you are asked first.",
        "list",
    ),
    Action("undo-delete", ("alt+z",), "Undo delete", "Bring back the conversation that was deleted last."),
    Action("add-pane", ("alt+n",), "New pane", "Open an empty conversation with the same settings beside this one."),
    Action("close-pane", ("alt+w",), "Close pane", "Close this pane; its conversation stays in the list."),
    *(
        Action(f"show-pane-{number}", (f"alt+{number}",), f"Pane {number}", f"Go to pane {number}, or open it.")
        for number in range(1, 5)
    ),
    Action(
        "show-beside",
        ("b",),
        "Show beside",
        "Show this conversation in another pane as well, to take another branch there.",
        "transcript",
    ),
    Action("send-to-all", ("alt+a",), "Send to all panes", "Send the message in every pane at once.", "composer"),
    Action(
        "show-differences", ("alt+d",), "Show differences", "Mark the words in which the panes' last replies differ."
    ),
    Action("scroll-together", ("alt+y",), "Scroll together", "Let all panes scroll together, or each alone again."),
    Action("switch-theme", (), "Theme", "Choose light, dark or a theme of yours."),
    Action("quit", (), "Quit", "Leave chatapp; everything is saved."),
    Action("suspend", ("ctrl+z",), "Suspend", "Go back to the shell; fg returns."),
)

ACTIONS: dict[str, Action] = {action.id: action for action in _DECLARED}
"""Every action by id, in the order in which help shows them."""
