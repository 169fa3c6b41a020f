"""The application object: it wires themes, keys, screens and the line filter, and does nothing else."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import App
from textual.filter import LineFilter

from chatapp.chat.session import Session
from chatapp.core.errors import ChatappError
from chatapp.core.loading import ChosenSetting
from chatapp.core.settings import Settings
from chatapp.ui import clipboard
from chatapp.ui.attempt import attempt
from chatapp.ui.input_history import InputHistory
from chatapp.ui.key_order import KeyOrder
from chatapp.ui.keymap import Keymap
from chatapp.ui.linefilter import ControlFilter
from chatapp.ui.model_shelf import ModelShelf, NoModels
from chatapp.ui.notice import say
from chatapp.ui.preset_book import NoPresets, PresetBook
from chatapp.ui.screens.chat import APP_ACTIONS, ChatScreen
from chatapp.ui.terminal_keys import know_alt_keys
from chatapp.ui.theme import DARK, LIGHT, VARIABLES, ThemeSet
from chatapp.ui.whole_pastes import keep_pastes_whole

_TWICE_S = 1.5


def _search_less_for_garbage() -> None:
    """Keep Python's collector from stopping the screen for 100 ms at a time; reference counts free nearly all here.

    What the program consists of is not searched any more, and what comes later fourteen times less often.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


class Workbench(App[None], inherit_bindings=False):
    """chatapp on a terminal.

    `save_setting` keeps a setting for good; `keymap` maps action ids to keys; `resume` names the conversation to
    open. `presets` and `models` are those to choose from, `load_asked` the load settings that somebody asked for. The
    session's owner closes it after `run_async` has returned.
    """

    TITLE = "chatapp"
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        "app.tcss",
        "screens/chat.tcss",
        "dialogs/palette.tcss",
        "dialogs/help.tcss",
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        session: Session,
        settings: Settings,
        *,
        save_setting: Callable[[str, object], None],
        keymap: Mapping[str, Sequence[str]] | None = None,
        problems: Sequence[ChatappError] = (),
        themes_directory: Path | None = None,
        history_file: Path | None = None,
        resume: int | None = None,
        presets: PresetBook | None = None,
        models: ModelShelf | None = None,
        load_asked: Sequence[ChosenSetting] = (),
    ) -> None:
        know_alt_keys()
        keep_pastes_whole()
        self._themes = ThemeSet(themes_directory)
        self._control_filter = ControlFilter()
        super().__init__()
        self._keys = Keymap(keymap, enter_sends=settings.enter_sends)
        self._interrupted_at = 0.0
        self.key_order = KeyOrder(self)
        for theme in self._themes.themes.values():
            self.register_theme(theme)
        self._chat = ChatScreen(
            session,
            settings,
            self._keys,
            problems=(*problems, *self._keys.problems, *self._themes.problems),
            history=InputHistory(history_file),
            themes=self._themes.themes,
            save_setting=save_setting,
            resume=resume,
            presets=presets or NoPresets(),
            models=models or NoModels(),
            load_asked=load_asked,
        )
        self._keys.bind(self, "app.{method}", "app", only=APP_ACTIONS)
        self.theme = settings.theme if settings.theme in self._themes.themes else DARK

    async def on_event(self, event: events.Event) -> None:
        """Let each key wait for the one before it, and the first ones until there is anything to type into."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self.key_order.takes(event):
            await super().on_event(event)
            self.key_order.follow(event)

    def on_ready(self) -> None:
        """The first screen is there: whoever typed ahead is heard."""
        self.key_order.begin()
        if not self.is_headless:
            _search_less_for_garbage()

    def get_default_screen(self) -> ChatScreen:
        """The workbench's first screen."""
        return self._chat

    def on_mount(self) -> None:
        """Draw everything anew when the shell gives the terminal back, which Textual leaves out."""
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colours, for themes that lack them."""
        base = self._themes.themes[DARK if self.current_theme.dark else LIGHT]
        return {name: base.variables[name] for name in VARIABLES}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and ours behind them: no control character leaves this program as text."""
        return [*super().get_line_filters(), self._control_filter]

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by the system's tool or through the terminal, and say which."""
        self._clipboard = text
        attempt(self, self._copy(text))

    async def action_interrupt(self) -> None:
        """Copy the selection; without one stop the reply; twice leave."""
        if (selected := self._selected()) is not None:
            self.copy_to_clipboard(selected)
            return
        again = monotonic() - self._interrupted_at < _TWICE_S
        self._interrupted_at = monotonic()
        if again:
            await self.action_quit()
        elif self._chat.pane.stop():
            self._chat.hint("Stopped. ctrl+c again leaves chatapp.", _TWICE_S)
        else:
            self._chat.hint("ctrl+c again leaves chatapp; everything is saved", _TWICE_S)

    def action_suspend(self) -> None:
        """Go back to the shell until `fg`."""
        self.action_suspend_process()

    async def action_quit(self) -> None:
        """Stop what is being written, save it, and leave."""
        self._chat.keep_drafts()
        await self._chat.close_replies()
        self.exit()

    async def _copy(self, text: str) -> None:
        driver = self._driver
        said = await clipboard.copy(text, driver.write if driver is not None else lambda _: None)
        say(self, said, seconds=2.5)

    def _selected(self) -> str | None:
        """What is selected: in the field that has the focus, else in the transcript."""
        field = self.focused
        text = getattr(field, "selected_text", "")
        if isinstance(text, str) and text:
            return text
        if isinstance(self.screen, ChatScreen):
            return self._chat.pane.transcript.selected_markdown()
        return None
