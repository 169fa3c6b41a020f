"""What opens over the chat screen for a while: palette, themes, help, the editor, a link.

Each is imported when it is asked for, since the first paint shows none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.screen import Screen
from textual.theme import Theme

from chatapp.core.errors import ChatappError
from chatapp.ui.keymap import Keymap
from chatapp.ui.notice import say, say_error
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane


class Errands(AboutPane):
    """Errands of one screen; `pane` is the one that has the focus, `save_setting` keeps a chosen theme for good."""

    def __init__(
        self,
        screen: Screen[None],
        pane: Callable[[], Pane],
        keymap: Keymap,
        themes: Mapping[str, Theme],
        save_setting: Callable[[str, object], None],
    ) -> None:
        super().__init__(pane)
        self._screen = screen
        self._keymap = keymap
        self._themes = themes
        self._save_setting = save_setting

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What the registry's actions call."""
        return {
            "show-help": self.show_help,
            "edit-in-editor": self.edit_in_editor,
            "copy-reply": self.copy_reply,
            "switch-theme": self.switch_theme,
        }

    def open_palette(self, perform: Callable[[str], None], open_conversation: Callable[[int], None]) -> None:
        """Offer every action and the latest conversations, and do what is chosen."""
        from chatapp.ui.palette import Palette, action_entries, conversation_entries

        entries = [*action_entries(self._keymap), *conversation_entries(self._session.conversations(limit=50))]

        def take(chosen: str | None) -> None:
            kind, _, name = (chosen or "").partition(":")
            if kind == "action":
                perform(name)
            elif kind == "conversation":
                open_conversation(int(name))

        self._screen.app.push_screen(Palette("Do anything", entries), take)

    def switch_theme(self) -> None:
        """Offer the themes; each shows itself while it is highlighted."""
        from chatapp.ui.palette import Palette, theme_entries

        app = self._screen.app
        before = app.theme

        def preview(name: str) -> None:
            app.theme = name

        def take(chosen: str | None) -> None:
            app.theme = chosen or before
            if chosen and chosen != before:
                self._keep_theme(chosen)

        entries = theme_entries(self._themes, before)
        app.push_screen(Palette("Theme", entries, nothing="No theme is called so", preview=preview), take)

    def show_help(self) -> None:
        """Show all keys."""
        from chatapp.ui.help import HelpScreen

        self._screen.app.push_screen(HelpScreen(self._keymap))

    def edit_in_editor(self) -> None:
        """Write the message in the editor; raise UsageError where that fails."""
        from chatapp.ui import editor

        composer = self._pane.composer
        composer.put(editor.edit(self._screen.app, composer.message))

    def copy_reply(self) -> None:
        """Copy the last reply as Markdown."""
        reply = self._pane.last_reply()
        if reply is None or not reply.text:
            say(self._screen.app, "There is no reply to copy yet.")
        else:
            self._screen.app.copy_to_clipboard(reply.text)

    def follow_link(self, address: str, *, confirm: bool) -> None:
        """Open or copy a link, after showing where it leads unless it was asked not to."""
        from chatapp.ui.dialogs.confirm_link import ConfirmLinkDialog, can_open

        app = self._screen.app

        def take(choice: str | None) -> None:
            if choice == "open":
                app.open_url(address)
            elif choice == "copy":
                app.copy_to_clipboard(address)

        if confirm or not can_open(address):
            app.push_screen(ConfirmLinkDialog(address), take)
        else:
            take("open")

    def _keep_theme(self, name: str) -> None:
        try:
            self._save_setting("theme", name)
        except ChatappError as error:
            say_error(self._screen.app, error)
