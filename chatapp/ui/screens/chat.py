"""The chat screen: conversations at the left, one of them in the middle, the inspector at the right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Static

from chatapp.chat.session import Session
from chatapp.core.conversations import Conversation
from chatapp.core.errors import ChatappError
from chatapp.core.settings import Settings
from chatapp.ui.actions import ACTIONS
from chatapp.ui.attempt import attempt, shown
from chatapp.ui.input_history import InputHistory
from chatapp.ui.keymap import Keymap
from chatapp.ui.messages import (
    ConversationChanged,
    ConversationChosen,
    EditsChanged,
    FiguresChanged,
    InspectorOpened,
    OverflowChosen,
    ReplyEnded,
    SystemPromptEdited,
)
from chatapp.ui.model_state import ModelState
from chatapp.ui.notice import say
from chatapp.ui.screens.errands import Errands
from chatapp.ui.screens.pane import Pane
from chatapp.ui.screens.panels import Panels
from chatapp.ui.screens.shelf import Shelf
from chatapp.ui.stream import Stream
from chatapp.ui.widgets.banner import Banner
from chatapp.ui.widgets.conversation_list import ConversationList
from chatapp.ui.widgets.conversation_rows import UNTITLED
from chatapp.ui.widgets.press import Press
from chatapp.ui.widgets.status_line import StatusLine
from chatapp.ui.widgets.top_line import TopLine
from chatapp.ui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from chatapp.ui.widgets.inspector import Inspector

_NOTICE_S = 12.0
"""How long a notice of a load stays."""
APP_ACTIONS = ("interrupt", "suspend", "quit")
"""Actions that the program itself does, whatever screen is shown."""


class Columns(Horizontal):
    """List, conversation and inspector side by side."""

    BLANK = True  # covered by its children; drawing it costs as much as they do


class ChatScreen(Screen[None]):
    """Coordinates; what things look like is in the widgets, what they do in the session."""

    AUTO_FOCUS = "#composer"
    BLANK = True

    def __init__(
        self,
        session: Session,
        settings: Settings,
        keymap: Keymap,
        *,
        problems: Sequence[ChatappError] = (),
        history: InputHistory,
        themes: Mapping[str, Theme],
        save_setting: Callable[[str, object], None],
        resume: int | None = None,
    ) -> None:
        super().__init__(id="chat")
        self._session = session
        self._settings = settings
        self._problems = problems
        self._inspector: Inspector | None = None
        self._resume = resume
        self._model = ModelState(session, self._show_figures)
        self._panel = ConversationList(keymap)
        self._pane = Pane(session, settings, keymap, history)
        self._shelf = Shelf(session, self._panel, self._pane, keymap, show=self._show)
        self._errands = Errands(self, session, self._pane, keymap, themes, save_setting)
        self._panels = Panels(self, list_open=settings.show_conversations, inspector_open=settings.show_inspector)
        keymap.bind(self, "screen.perform('{id}')", "app", without=APP_ACTIONS)

    def compose(self) -> ComposeResult:
        """Top line, problems, the three columns, status line."""
        yield TopLine()
        yield Banner()
        with Columns(id="columns"):
            yield self._panel
            yield self._pane
        with Horizontal(id="bottom-line"):
            yield StatusLine()
            yield Press("answer now", "answer-now")
        yield Static(
            "chatapp needs 30 × 8 cells.\nMake the terminal larger; nothing is lost.", id="too-small", markup=False
        )

    @property
    def pane(self) -> Pane:
        """The conversation that is shown."""
        return self._pane

    def hint(self, text: str, seconds: float) -> None:
        """Say something in the status line for a moment."""
        self.query_one(StatusLine).say(text, seconds)

    def on_mount(self) -> None:
        """Show what there is; everything slow comes after the first paint."""
        self._pane.follow(Stream(self, self._settings.frames_per_second))
        self._panels.resize(*self.app.size)
        self._panels.add("list", self._panel)
        for problem in self._problems:
            self.query_one(Banner).add(problem)
        self._open(None)
        if self._resume is not None:
            self.open_id(self._resume)
        self._shelf.refresh()
        self.call_after_refresh(self._after_first_paint)

    async def close_replies(self) -> None:
        """Stop what is being written and wait until it is saved."""
        await self._pane.stream.close()

    def on_resize(self, event: events.Resize) -> None:
        """Fold or unfold the side panels."""
        self._panels.resize(event.size.width, event.size.height)

    def on_key(self, event: events.Key) -> None:
        """What is typed while the transcript has the focus goes to the composer."""
        if isinstance(self.focused, Transcript) and event.is_printable and event.character:
            event.stop()
            self._pane.composer.focus()
            self._pane.composer.insert(event.character)

    # --- actions, by the ids of the registry

    @shown
    def action_perform(self, action_id: str) -> None:
        """Do what an action of the registry says."""
        self.performers[action_id]()

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What each action of the registry calls."""
        pane, shelf, errands = self._pane, self._shelf, self._errands
        return {
            "send-message": self._send,
            "new-line": pane.composer.new_line,
            "scroll-up": pane.transcript.action_page_up,
            "scroll-down": pane.transcript.action_page_down,
            "stop-reply": self._step_back,
            "regenerate-reply": lambda: attempt(self, pane.regenerate()),
            "previous-sibling": lambda: attempt(self, pane.step_sibling(-1)),
            "next-sibling": lambda: attempt(self, pane.step_sibling(1)),
            "new-conversation": lambda: self._open(None),
            "toggle-conversations": lambda: self._toggle("list"),
            "toggle-inspector": lambda: self._toggle("inspector"),
            "open-palette": lambda: errands.open_palette(self.action_perform, self.open_id),
            "show-help": errands.show_help,
            "edit-in-editor": errands.edit_in_editor,
            "copy-reply": errands.copy_reply,
            "toggle-thoughts": pane.transcript.toggle_thoughts,
            "rename-conversation": shelf.rename,
            "delete-conversation": lambda: attempt(self, shelf.delete()),
            "undo-delete": lambda: attempt(self, shelf.undo_delete()),
            "switch-theme": errands.switch_theme,
            **{name: partial(self.run_app_action, name) for name in APP_ACTIONS},
        }

    def run_app_action(self, action_id: str) -> None:
        """Do what belongs to the whole program."""
        attempt(self, _discard(self.app.run_action(f"app.{ACTIONS[action_id].method}")))

    def _send(self) -> None:
        self._take_settings()
        self._pane.submit()

    def _step_back(self) -> None:
        """Esc: leave a side panel, else stop the reply, else look for nothing, else put the problem away."""
        composer = self._pane.composer
        if composer.has_focus and self._pane.stop():
            return
        if self._panel.has_pseudo_class("focus-within"):
            self._panel.clear_filter()
        left = self._panels.leave()
        if not (left or self._pane.stop() or self._panel.clear_filter() or self.query_one(Banner).dismiss()):
            self.clear_selection()
        composer.focus()

    def _toggle(self, name: str) -> None:
        """Open a panel and go there; from there, close it."""
        panel = self._panel if name == "list" else self._inspector_panel()
        if not self._panels.is_open(name):
            self._panels.open(name)
        elif panel.has_pseudo_class("focus-within") or name == "inspector":
            self._panels.close(name)
            self._pane.composer.focus()
            return
        self.call_after_refresh(panel.take_focus)

    def _inspector_panel(self) -> Inspector:
        """The inspector; made when it is first asked for."""
        if self._inspector is None:
            from chatapp.ui.widgets.inspector import Inspector

            self._inspector = Inspector(self._model.examine)
            self.query_one("#columns").mount(self._inspector)
            self._panels.add("inspector", self._inspector)
        return self._inspector

    # --- conversations

    def _open(self, conversation: Conversation | None) -> None:
        self._show(conversation)
        self._panels.fold()
        self._pane.composer.focus()

    def _show(self, conversation: Conversation | None) -> None:
        """Show a conversation with all that belongs to it; the focus stays where it is."""
        self._take_settings()
        self._pane.open(conversation)
        self._shelf.mark()
        self._fill_inspector()
        self._show_title()
        self._show_figures()

    @shown
    def open_id(self, conversation_id: int) -> None:
        """Show a conversation."""
        self._open(self._session.conversation(conversation_id))

    @on(ConversationChosen)
    def open_chosen(self, event: ConversationChosen) -> None:
        """Show what was picked in the list."""
        self.open_id(event.conversation_id)

    @on(ConversationList.NewWanted)
    @shown
    def begin_new(self) -> None:
        """Show an empty conversation."""
        self._open(None)

    @on(ConversationList.Wanted)
    @shown
    def list_conversations(self, event: ConversationList.Wanted) -> None:
        """Show what the list asks for."""
        self._shelf.refresh(event.words, event.limit)

    @on(ConversationChanged)
    @shown
    def conversation_changed(self) -> None:
        """A conversation has another title, other messages, or another reply on its way."""
        self._shelf.refresh()
        self._show_title()
        self._show_figures()

    # --- replies

    @on(ReplyEnded)
    @shown
    def reply_ended(self, event: ReplyEnded) -> None:
        """Show how a reply ended."""
        self._pane.ended(event)
        self.conversation_changed()

    @on(FiguresChanged)
    def _show_figures(self) -> None:
        stream, card = self._pane.stream, self._model.card
        others = len(stream.writing - {self._pane.conversation_id})
        self.query_one(StatusLine).show(
            self._pane.figures,
            context_size=card.context_size if card is not None else None,
            model_state=self._model.text,
            others=others,
        )
        self.query_one(Banner).follow(self._session.problems)
        self._pane.mark_view()
        self._show_answer_now()
        if self._inspector is not None:
            self._inspector.replying = stream.reply(self._pane.conversation_id) is not None
        top = self.query_one(TopLine)
        top.model, top.device = (card.name, card.device) if card is not None else (self._settings.model, "")

    def _show_answer_now(self) -> None:
        button = self.query_one("#answer-now", Press)
        if not self._pane.can_answer_now and button.has_focus:
            self._pane.composer.focus()
        button.display = self._pane.can_answer_now

    @on(Press.Pressed, "#answer-now")
    def answer_now(self) -> None:
        """End the thoughts; the answer begins."""
        self._pane.answer_now()

    @on(Transcript.SiblingRequested)
    def show_sibling(self, event: Transcript.SiblingRequested) -> None:
        """Show another version of a message."""
        attempt(self, self._pane.step_sibling(event.step, event.message_id))

    @on(Transcript.CodeCopied)
    def copy_code(self, event: Transcript.CodeCopied) -> None:
        """Copy a code block."""
        self.app.copy_to_clipboard(event.text)

    @on(Transcript.LinkActivated)
    def follow_link(self, event: Transcript.LinkActivated) -> None:
        """Show where a link leads, then open or copy it."""
        self._errands.follow_link(event.href, confirm=self._settings.confirm_links)

    # --- settings of the next message

    @on(SystemPromptEdited)
    def use_system_prompt(self, event: SystemPromptEdited) -> None:
        """Use another system prompt from the next message on."""
        self._pane.set_system_prompt(event.text)

    @on(EditsChanged)
    def use_edits(self, event: EditsChanged) -> None:
        """Use other parameter values, where they can change at once also for the reply that is being written."""
        self._pane.set_edits(event.edits, event.name)

    @on(OverflowChosen)
    def use_overflow(self, event: OverflowChosen) -> None:
        """Use another overflow from the next message on."""
        self._pane.set_overflow(event.overflow)

    def _take_settings(self) -> None:
        """Take over a system prompt that is still being typed."""
        if self._inspector is not None and self._inspector.is_filled:
            self._pane.set_system_prompt(self._inspector.system_prompt)

    @on(InspectorOpened)
    def _fill_inspector(self) -> None:
        if self._inspector is not None and self._inspector.is_mounted:
            self._inspector.show(
                self._pane.system_prompt,
                self._pane.edits,
                overflow=self._pane.overflow,
                default_overflow=self._session.overflow,
                preset=self._session.preset,
            )
            self._show_below()

    async def _ask_model(self) -> None:
        """Learn what preset and model ask for, and show it."""
        await self._model.ask()
        self._show_below()

    def _show_below(self) -> None:
        if self._inspector is not None and self._inspector.is_mounted:
            self._inspector.show_below(self._model.below)
            if not self._model.is_asked:
                attempt(self, self._ask_model())

    # --- the model

    async def _load_model(self) -> None:
        try:
            await self._model.load()
        except ChatappError as error:
            self.query_one(Banner).add(error)
        for notice in self._session.backend.notices:
            say(self.app, notice, title="The model is loaded", seconds=_NOTICE_S)
        self._show_below()

    def _after_first_paint(self) -> None:
        attempt(self, self._load_model())
        attempt(self, self._model.follow())
        if self._settings.show_inspector:
            self._inspector_panel()
        self.set_timer(0.2, self._pane.transcript.warm_up)

    def _show_title(self) -> None:
        conversation = self._pane.conversation
        self.query_one(TopLine).conversation = conversation.title if conversation is not None else UNTITLED


async def _discard(work: Awaitable[object]) -> None:
    await work
