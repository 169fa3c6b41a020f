"""The chat screen: conversations at the left, one of them in the middle, the inspector at the right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Static

from chatapp.chat.session import Session
from chatapp.core.conversations import Conversation
from chatapp.core.errors import ChatappError
from chatapp.core.loading import ChosenSetting
from chatapp.core.settings import Settings
from chatapp.ui.actions import ACTIONS
from chatapp.ui.attempt import attempt, shown
from chatapp.ui.input_history import InputHistory
from chatapp.ui.key_order import hold_keys
from chatapp.ui.keymap import Keymap
from chatapp.ui.messages import (
    ConversationChanged,
    ConversationChosen,
    EditsChanged,
    FiguresChanged,
    HitChosen,
    ModelChanged,
    OverflowChosen,
    ReplyEnded,
    SystemPromptEdited,
    TabOpened,
)
from chatapp.ui.model_shelf import ModelShelf
from chatapp.ui.notice import say_error
from chatapp.ui.preset_book import PresetBook
from chatapp.ui.screens.branches import Branches
from chatapp.ui.screens.errands import Errands
from chatapp.ui.screens.finding import Finding
from chatapp.ui.screens.inspection import Inspection
from chatapp.ui.screens.models import Models
from chatapp.ui.screens.pane import Pane
from chatapp.ui.screens.panels import Panels
from chatapp.ui.screens.panes import Panes
from chatapp.ui.screens.shelf import Shelf
from chatapp.ui.screens.side_by_side import SideBySide
from chatapp.ui.screens.trash import Trash
from chatapp.ui.stream import Stream
from chatapp.ui.unsent import Unsent
from chatapp.ui.widgets.banner import Banner
from chatapp.ui.widgets.conversation_list import ConversationList
from chatapp.ui.widgets.conversation_rows import UNTITLED
from chatapp.ui.widgets.press import Press
from chatapp.ui.widgets.status_line import StatusLine
from chatapp.ui.widgets.tokens.messages import (
    BarsOpened,
    BranchWanted,
    CandidatesWanted,
    TextsWanted,
    TokenChosen,
    TokenMessage,
)
from chatapp.ui.widgets.top_line import TopLine
from chatapp.ui.widgets.transcript import Transcript

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
        presets: PresetBook,
        models: ModelShelf,
        load_asked: Sequence[ChosenSetting] = (),
    ) -> None:
        super().__init__(id="chat")
        self._session = session
        self._settings = settings
        self._problems = problems
        self._resume = resume
        self._panel = ConversationList(keymap)
        unsent = Unsent(history.file.with_name("drafts.json") if history.file is not None else None)
        self._stream = Stream(self, settings.frames_per_second)
        self._panes = Panes(
            lambda number: Pane(
                session if number == 1 else session.beside(),
                settings,
                keymap,
                history,
                self._stream,
                unsent,
                number,
                load_asked,
            )
        )
        trash = Trash(
            self._panel,
            lambda: self.pane,
            keymap,
            show=self._show,
            holding=self._panes.holding,
            open_list=self._go_to_list,
            hint=self.hint,
        )
        self._shelf = Shelf(self._panel, lambda: self.pane, trash)
        self._errands = Errands(self, lambda: self.pane, keymap, themes, save_setting)
        self._side_by_side = SideBySide(self, self._panes)
        self._branches = Branches(self, lambda: self.pane, keymap, self.open_id, self._side_by_side)
        self._panels = Panels(self, list_open=settings.show_conversations, inspector_open=settings.show_inspector)
        self._finding = Finding(self, lambda: self.pane, self.open_id, self._panels.fold)
        self._inspection = Inspection(
            self,
            self._panels,
            lambda: self.pane,
            book=presets,
            default_preset=settings.preset,
            save_setting=save_setting,
        )
        self._models = Models(
            self,
            models,
            lambda: self.pane,
            keymap,
            hint=self.hint,
            failed=lambda error: self.query_one(Banner).add(error),
            loaded=self._inspection.show_model,
        )
        keymap.bind(self, "screen.perform('{id}')", "app", without=APP_ACTIONS)

    def compose(self) -> ComposeResult:
        """Top line, problems, the three columns, status line."""
        yield TopLine()
        yield Banner()
        with Columns(id="columns"):
            yield self._panel
            yield self._panes
        with Horizontal(id="bottom-line"):
            yield StatusLine()
            yield Press("answer now", "answer-now")
        yield Static(
            "chatapp needs 30 × 8 cells.\nMake the terminal larger; nothing is lost.", id="too-small", markup=False
        )

    @property
    def pane(self) -> Pane:
        """The conversation that has the focus."""
        return self._panes.active

    def hint(self, text: str, seconds: float) -> None:
        """Say something in the status line for a moment."""
        self.query_one(StatusLine).say(text, seconds)

    def on_mount(self) -> None:
        """Show what there is; everything slow comes after the first paint."""
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
        await self._stream.close()

    def keep_drafts(self) -> None:
        """Keep what is being typed."""
        for pane in self._panes.all:
            pane.keep_draft()

    def on_resize(self, event: events.Resize) -> None:
        """Fold or unfold the side panels."""
        self._panels.resize(event.size.width, event.size.height)

    def on_key(self, event: events.Key) -> None:
        """What is typed in the transcript, or means nothing in the inspector, goes to the composer."""
        if event.is_printable and event.character and (self._is_read or self._inspection.passes_on(event)):
            event.stop()
            self._panels.fold()
            self.pane.composer.focus()
            self.pane.composer.insert(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted there goes to the composer, too."""
        if self._is_read or self._inspection.has_focus:
            event.stop()
            self._panels.fold()
            self.pane.composer.focus()
            self.pane.composer.post_message(events.Paste(event.text))

    @property
    def _is_read(self) -> bool:
        """Whether the keys are the transcript's, and none of its messages is marked."""
        return isinstance(self.focused, Transcript) and self._branches.mark.message is None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys that act on a message do so while one is marked; else they are typed."""
        if action == "perform" and ACTIONS[str(parameters[0])].where == "transcript":
            return self._branches.mark.message is not None
        return super().check_action(action, parameters)

    # --- actions, by the ids of the registry

    @shown
    def action_perform(self, action_id: str) -> None:
        """Do what an action of the registry says."""
        self.performers[action_id]()

    @property
    def performers(self) -> Mapping[str, Callable[[], object]]:
        """What each action of the registry calls."""
        pane = self.pane
        return {
            "send-message": self._send,
            "new-line": pane.composer.new_line,
            "scroll-up": pane.transcript.action_page_up,
            "scroll-down": pane.transcript.action_page_down,
            "stop-reply": self._step_back,
            "regenerate-reply": lambda: attempt(self, pane.regenerate()),
            "previous-sibling": lambda: self._branches.mark.step_version(-1),
            "next-sibling": lambda: self._branches.mark.step_version(1),
            "new-conversation": lambda: self._open(None),
            "toggle-conversations": lambda: self._toggle("list"),
            "toggle-inspector": lambda: self._toggle("inspector"),
            "open-palette": lambda: self._errands.open_palette(self.action_perform, self.open_id),
            "toggle-thoughts": pane.transcript.toggle_thoughts,
            "choose-model": self._models.choose,
            **self._shelf.performers,
            **self._errands.performers,
            **self._finding.performers,
            **self._branches.performers,
            **self._inspection.performers,
            **self._side_by_side.performers,
            **{name: partial(self.run_app_action, name) for name in APP_ACTIONS},
        }

    def run_app_action(self, action_id: str) -> None:
        """Do what belongs to the whole program."""
        attempt(self, _discard(self.app.run_action(f"app.{ACTIONS[action_id].method}")))

    def _send(self) -> None:
        self._take_settings()
        self.pane.submit()

    def _step_back(self) -> None:
        """Esc: leave a side panel, else stop the reply, else look for nothing, else put the problem away."""
        composer = self.pane.composer
        if composer.has_focus and self.pane.stop():
            return
        if self._panel.has_pseudo_class("focus-within"):
            self._panel.clear_filter()
        left = self._panels.leave() or self._finding.close() or self._branches.mark.leave()
        if not (left or self.pane.stop() or self._panel.clear_filter() or self.query_one(Banner).dismiss()):
            self.clear_selection()
        composer.focus()

    def _toggle(self, name: str) -> None:
        """Open a panel and go there; from there, close it."""
        panel = self._panel if name == "list" else self._inspection.panel
        if not self._panels.is_open(name):
            self._panels.open(name)
        elif panel.has_pseudo_class("focus-within") or name == "inspector":
            self._panels.close(name)
            self.pane.composer.focus()
            return
        self.call_after_refresh(panel.take_focus, hold_keys(panel))

    def _go_to_list(self) -> None:
        self._panels.open("list")
        self.call_after_refresh(self._panel.take_focus, hold_keys(self._panel))

    # --- conversations

    def _open(self, conversation: Conversation | None) -> None:
        if conversation is not None and (elsewhere := self._panes.holding(conversation.id)) is not None:
            self._panes.activate(elsewhere)
        else:
            self._show(conversation)
        self._panels.fold()
        self.pane.composer.focus()

    def _show(self, conversation: Conversation | None) -> None:
        """Show a conversation with all that belongs to it; the focus stays where it is."""
        self._take_settings()
        self.pane.open(conversation)
        self._follow_pane()
        self._models.opened()

    def _follow_pane(self) -> None:
        self._shelf.mark()
        self._branches.mark.show_keys()
        self._inspection.show_conversation()
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

    @on(HitChosen)
    def open_hit(self, event: HitChosen) -> None:
        """Show a message that the list found."""
        self._finding.open_hit(event)

    @on(ConversationList.NewWanted)
    @shown
    def begin_new(self) -> None:
        """Show an empty conversation."""
        self._open(None)

    @on(ConversationList.RestoreWanted)
    def restore(self, event: ConversationList.RestoreWanted) -> None:
        """Bring a conversation back from the trash."""
        attempt(self, self._shelf.trash.restore(event.conversation_id))

    @on(ConversationList.Wanted)
    @shown
    def list_conversations(self, event: ConversationList.Wanted) -> None:
        """Show what the list asks for."""
        self._shelf.answer(event.words, event.limit, event.in_trash)

    @on(ConversationChanged)
    @shown
    def conversation_changed(self) -> None:
        """A conversation has another title, other messages, or another reply on its way."""
        for pane in self._panes.all:
            pane.refresh_conversation()
        self._shelf.refresh()
        self._show_title()
        self._show_figures()
        self._side_by_side.compare()

    # --- replies

    @on(ReplyEnded)
    @shown
    def reply_ended(self, event: ReplyEnded) -> None:
        """Show how a reply ended."""
        if event.error is not None:
            say_error(self.app, event.error)
        first, *others = self._panes.of_reply(event.conversation_id, event.reply.id)
        for pane in (first, *others):
            pane.show_end(event.reply)
            pane.ended(event, takes_back=pane is first)
        self._inspection.end_reply(event.conversation_id, event.reply.id)
        self.conversation_changed()

    @on(FiguresChanged)
    @on(ModelChanged)
    def _show_figures(self) -> None:
        card = self.pane.model.card
        self._panes.show_titles()
        self.query_one(StatusLine).show(
            self.pane.figures,
            self._models.context(),
            model_state=self.pane.model.text,
            others=self._stream.unseen,
        )
        self.query_one(Banner).follow(self._session.problems)
        for pane in self._panes.all:
            pane.mark_view()
        self._show_answer_now()
        self._inspection.show_figures()
        top = self.query_one(TopLine)
        top.model, top.device = self.pane.model.name or self._settings.model, card.device if card is not None else ""

    def _show_answer_now(self) -> None:
        button = self.query_one("#answer-now", Press)
        if not self.pane.can_answer_now and button.has_focus:
            self.pane.composer.focus()
        button.display = self.pane.can_answer_now

    @on(Press.Pressed, "#answer-now")
    def answer_now(self) -> None:
        """End the thoughts; the answer begins."""
        self.pane.answer_now()

    @on(Transcript.SiblingRequested)
    def show_sibling(self, event: Transcript.SiblingRequested) -> None:
        """Show another version of a message."""
        attempt(self, self.pane.step_sibling(event.step, event.message_id))

    @on(Transcript.CursorMoved)
    def show_keys(self) -> None:
        """Tell what can be done with the message that is marked."""
        self._branches.mark.show_keys()
        self._inspection.tokens.refresh()

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
        self.pane.next.change(system_prompt=event.text)

    @on(EditsChanged)
    def use_edits(self, event: EditsChanged) -> None:
        """Use other parameter values, where they can change at once also for the reply that is being written."""
        self.pane.set_edits(event.edits, event.name)
        self._inspection.show_edits()
        self._inspection.tokens.settings_changed()
        self._panes.show_titles()

    @on(OverflowChosen)
    def use_overflow(self, event: OverflowChosen) -> None:
        """Use another overflow from the next message on."""
        self.pane.next.change(overflow=event.overflow)

    def _take_settings(self) -> None:
        """Take over a system prompt that is still being typed, into the pane that the inspector shows."""
        self._inspection.take_system_prompt()

    @on(Panes.Activated)
    def follow_pane(self) -> None:
        """Let list, inspector and lines show the pane that has the focus."""
        self._take_settings()
        self._follow_pane()

    @on(TabOpened)
    def fill_tab(self, event: TabOpened) -> None:
        """Show in a tab of the inspector what holds now."""
        self._inspection.tab_opened(event)

    @on(TokenChosen)
    @on(TextsWanted)
    @on(CandidatesWanted)
    @on(BarsOpened)
    def answer_tokens(self, event: TokenMessage) -> None:
        """Do what the Tokens tab and the next-token bars ask for."""
        self._inspection.tokens.answer(event)

    @on(BranchWanted)
    def begin_branch(self, event: BranchWanted) -> None:
        """Write another reply that begins with the tokens before a place and the one that was chosen for it."""
        self._branches.branch(event.message_id, event.position, event.token_id)

    def _after_first_paint(self) -> None:
        self._models.load()
        if self._settings.show_inspector:
            self._inspection.make()
        self.set_timer(0.2, self.pane.transcript.warm_up)

    def _show_title(self) -> None:
        conversation = self.pane.conversation
        self.query_one(TopLine).conversation = conversation.title if conversation is not None else UNTITLED


async def _discard(work: Awaitable[object]) -> None:
    await work
