"""One conversation on the screen: its transcript, what waits to be sent, and the composer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from chatapp.chat.context import last_view
from chatapp.chat.session import Session
from chatapp.chat.turn import Turn
from chatapp.core.cleaning import clean_line
from chatapp.core.conversations import Conversation, StoredMessage
from chatapp.core.errors import ChatappError, UsageError
from chatapp.core.loading import ChosenSetting
from chatapp.core.parameters import PARAMETERS, Value
from chatapp.core.settings import Settings
from chatapp.ui.attempt import attempt
from chatapp.ui.figures import Figures
from chatapp.ui.input_history import InputHistory
from chatapp.ui.keymap import Keymap
from chatapp.ui.messages import ConversationChanged, ModelChanged, ReplyEnded
from chatapp.ui.model_state import ModelState
from chatapp.ui.next_message import NextMessage, Wishes
from chatapp.ui.notice import say, say_error
from chatapp.ui.stream import Reply, Stream
from chatapp.ui.unsent import Unsent, place_of
from chatapp.ui.widgets.composer import Composer
from chatapp.ui.widgets.pane_title import PaneTitle
from chatapp.ui.widgets.reader import Reader
from chatapp.ui.widgets.transcript import Transcript

_DRAFT_PAUSE_S = 1.0
ALTERNATIVES = 10
"""How many of the likeliest tokens are kept beside each token of a reply."""


class Pane(Vertical):
    """Shows a conversation, or an empty one that comes to be with its first message.

    `next` is what the next message is sent with; `number` counts from 1 among the panes of the screen.
    """

    BLANK = True

    def __init__(
        self,
        session: Session,
        settings: Settings,
        keymap: Keymap,
        history: InputHistory,
        stream: Stream,
        unsent: Unsent,
        number: int = 1,
        load_asked: Sequence[ChosenSetting] = (),
    ) -> None:
        super().__init__()
        self.number = number
        self.session = session
        self.model = ModelState(session, self._tell_model, load_asked)
        self._settings = settings
        self._keymap = keymap
        self._history = history
        self.stream = stream
        self._sending = False
        self._beginning = asyncio.Lock()
        self._unsent = unsent
        self._draft_timer: Timer | None = None
        self._idle_figures = Figures()
        self._openings = 0
        self._left_behind: list[str] = []
        self._is_second = False
        self.conversation: Conversation | None = None
        self.next = NextMessage(session, self)

    def compose(self) -> ComposeResult:
        """Title where there are several panes, transcript, composer."""
        yield PaneTitle()
        transcript = Transcript(id="transcript")
        transcript.fold_thoughts = self._settings.fold_thoughts
        transcript.simple_emoji = self._settings.simple_emoji
        transcript.text_width = self._settings.text_width
        transcript.empty_text = _welcome(self._keymap)
        self._keymap.bind(transcript, "screen.perform('{id}')", "transcript")
        yield Reader(transcript)
        yield Static("", id="queue", markup=False)
        yield Composer(self._keymap, self._history)

    def on_mount(self) -> None:
        """Let the replies that are shown grow."""
        self.stream.add_view(self.transcript)

    def on_text_area_changed(self) -> None:
        """Keep what is being written a moment after the last key."""
        if self._draft_timer is not None:
            self._draft_timer.stop()
        self._draft_timer = self.set_timer(_DRAFT_PAUSE_S, self.keep_draft)

    def keep_draft(self) -> None:
        """Keep what is being written."""
        if self._openings:
            self._unsent.drafts.put(self.place, self.composer.message)

    # --- what is shown

    @property
    def transcript(self) -> Transcript:
        """The conversation as lines."""
        return self.query_one(Transcript)

    @property
    def reader(self) -> Reader:
        """The transcript, and what finds in it."""
        return self.query_one(Reader)

    @property
    def composer(self) -> Composer:
        """Where the next message is written."""
        return self.query_one(Composer)

    @property
    def title(self) -> PaneTitle:
        """The line above the conversation."""
        return self.query_one(PaneTitle)

    @property
    def state(self) -> str:
        """What its reply is doing, in words; empty while nothing is written."""
        figures = self.figures
        if figures.phase == "idle":
            return ""
        speed = figures.tokens_per_second
        return f"{speed:.0f} tok/s" if figures.phase == "writing" and speed else figures.words

    @property
    def place(self) -> str:
        """The name under which wait what was written here and not sent."""
        return place_of(self.conversation_id, self.number, is_second=self._is_second)

    @property
    def reply(self) -> Reply | None:
        """The reply that is being written on the branch that is shown."""
        return self.stream.on(self.transcript)

    @property
    def conversation_id(self) -> int | None:
        """The shown conversation's id, None before its first message."""
        return self.conversation.id if self.conversation is not None else None

    @property
    def figures(self) -> Figures:
        """The figures of the reply that is being written, else of the last one."""
        return self.reply.figures if self.reply is not None else self._idle_figures

    def open(self, conversation: Conversation | None, *, is_second: bool = False) -> None:
        """Show a conversation as it is given, or with None an empty one; what was typed in the other waits there.

        `is_second` says that another pane shows it, too: branch, settings and draft are then this one's own.
        """
        composer = self.composer
        self.keep_draft()
        if self._sending and self.conversation is None:
            self._left_behind = self._unsent.take(self.place)  # they belong to the conversation that comes to be
        self._sending = False
        self._openings += 1
        self.conversation = conversation
        self._is_second = is_second
        self.session.look(conversation)
        if conversation is not None and not is_second:
            self._unsent.gather(conversation.id)
        self.next.open(conversation)
        composer.put(composer.pastes.fold(self._unsent.drafts.get(self.place)))
        self.transcript.follow = True
        self.reload()
        self._show_queue()

    def leave(self) -> None:
        """Get ready to be closed: what is typed is kept, a reply goes on unseen."""
        self.keep_draft()
        self.stream.remove_view(self.transcript)

    def reload(self) -> None:
        """Show the conversation's branch as it is now."""
        self.stream.drain()
        thread = self._thread()
        self.transcript.show(thread)
        replies = [message for message in thread if message.role == "assistant"]
        self._idle_figures = Figures.of(replies[-1] if replies else None)
        self.mark_view()

    def mark_view(self) -> None:
        """Draw the line above which the model no longer sees the conversation."""
        reply = self.reply
        view = reply.turn.view if reply is not None else None
        self.transcript.mark_view(view or last_view(self.transcript.messages))

    def refresh_conversation(self) -> None:
        """Read title and the like anew, and leave a branch that another pane deleted."""
        if self.conversation is not None:
            self.conversation = self.session.conversation(self.conversation.id)
            shown = self.transcript.messages
            is_beginning = self._beginning.locked()  # then what is stored will be shown in a moment
            if shown and self.conversation.leaf_id != shown[-1].id and not is_beginning:
                self.reload()

    def forget(self, conversation_id: int) -> None:
        """Drop what was written for a conversation that is gone for good and not sent."""
        self._unsent.gather(conversation_id)
        self._unsent.drafts.put(place_of(conversation_id, self.number), "")

    # --- settings of the next message

    def set_edits(self, edits: dict[str, Value], changed: str) -> None:
        """Use other parameter values from the next message on; the `changed` one from the running reply's next token.

        One that can't change while a reply runs waits for the next message.
        """
        self.next.change(edits=edits)
        reply = self.reply
        can_change = PARAMETERS[changed].live and self.session.backend.capabilities.live_update
        if can_change and reply is not None and reply.turn.is_running:
            attempt(self, reply.turn.update({changed: edits.get(changed)}))

    def set_raw(self, raw: bool) -> None:
        """Let what is sent be continued as it is, or be a message again."""
        self.next.raw = raw
        self.composer.show_raw(raw)

    def _tell_model(self) -> None:
        self.post_message(ModelChanged())

    def take_settings_of(self, other: Pane) -> None:
        """Send the next message as another pane would: to the same model, with the same settings."""
        self.model.take_as(other.model)
        self.session.preset = other.session.preset
        self.next.change(**other.next.wishes._asdict())

    # --- sending and what comes of it

    def submit(self) -> None:
        """Send what is written."""
        if self.composer.message.strip():
            self.send(self.composer.take())

    def send(self, text: str) -> None:
        """Send a message; while a reply is being written it waits in line."""
        if self._sending or self.reply is not None:
            self._unsent.wait(self.place, text)
            self._show_queue()
        else:
            self._begin(text)

    def _begin(self, text: str) -> None:
        # Set before the task runs, so that a message typed in the same instant waits for this one.
        self._sending = True
        attempt(self, self._send(text, self.conversation, self.next.wishes, self._openings))

    async def _send(self, text: str, conversation: Conversation | None, wishes: Wishes, opening: int) -> None:
        """Send into the conversation that was shown when it was asked for, whatever has been opened since."""
        try:
            async with self._beginning:
                await self.next.save()
                if conversation is None:
                    conversation = self.conversation if opening == self._openings else None
                conversation = conversation or await self._create(wishes, opening)
                send = self.session.complete if self.next.raw else self.session.send
                turn = await send(conversation.id, text, alternatives=ALTERNATIVES)
                self.stream.start(turn, text)
                if self.conversation_id == turn.conversation_id:
                    self.refresh_conversation()
                    if turn.user is not None:
                        self._clear_behind(turn.user.parent_id)
                        self.transcript.add(turn.user)
                    self._show_reply(turn.reply)
        except ChatappError as error:
            self.composer.give_back("\n".join((text, *self._unsent.take(self.place))))
            self._show_queue()
            say_error(self.app, error)
            return
        finally:
            if opening == self._openings:
                self._sending = False
        self.post_message(ConversationChanged(turn.conversation_id))

    async def _create(self, wishes: Wishes, opening: int) -> Conversation:
        """Store the conversation that was shown as an empty one, and show it where nothing else was opened since."""
        conversation = await self.next.begin(wishes)
        if opening == self._openings:
            waiting = self._unsent.take(self.place)
            self.keep_draft()
            self.conversation = conversation
            self.session.look(conversation)
            self.next.belongs_to(conversation)
        else:
            waiting, self._left_behind = self._left_behind, []
        self._unsent.wait(str(conversation.id), *waiting)
        return conversation

    def _show_reply(self, reply: StoredMessage) -> None:
        self.stream.drain()
        self.transcript.add(reply)
        self.transcript.follow = True

    def show_end(self, reply: StoredMessage) -> None:
        """Show how a reply ended, where it is shown."""
        if self.transcript.holds(reply.id):
            self.transcript.replace(reply)
            self.transcript.flush()
            self._idle_figures = Figures.of(reply)

    def ended(self, event: ReplyEnded, *, takes_back: bool) -> None:
        """Send what waited for the end of a reply; with `takes_back` a prompt without any answer comes back here."""
        is_shown = self.transcript.holds(event.reply.id)
        place = self.place if is_shown else place_of(event.conversation_id, self.number)
        if event.error is not None and takes_back and not event.reply.text and not event.reply.reasoning:
            self._give_back(place, event.prompt)
        waiting = self._unsent.take(place)
        if waiting and is_shown and event.error is None and event.reply.status == "complete":
            self._unsent.wait(place, *waiting[1:])
            self._begin(waiting[0])
        elif waiting:
            self._give_back(place, "\n".join(waiting))
        self._show_queue()

    def _give_back(self, place: str, text: str) -> None:
        if not text:
            return
        if place == self.place:
            self.composer.give_back(text)
        else:
            self._unsent.give_back(place, text)

    # --- acting on replies

    def stop(self) -> bool:
        """Stop the reply that is being written; whether there was one."""
        reply = self.reply
        if reply is not None:
            attempt(self, self.stream.stop(reply))
        return reply is not None

    @property
    def can_answer_now(self) -> bool:
        """Whether the model thinks and can be told to answer."""
        return self.figures.phase == "thinking" and self.session.backend.capabilities.answer_now

    def answer_now(self) -> None:
        """End the thoughts of the reply that is being written; its answer begins."""
        reply = self.reply
        if reply is not None and reply.turn.is_running:
            attempt(self, reply.turn.answer_now())

    async def regenerate(self) -> None:
        """Write another version of the last reply."""

        async def another() -> Turn:
            thread = self._thread()
            if not thread or thread[-1].role != "assistant":
                raise UsageError("There is no reply yet that could be written again.", hint="Send a message first.")
            return await self.session.regenerate(thread[-1].id, alternatives=ALTERNATIVES)

        await self.begin(another)

    async def begin(self, opening: Callable[[], Coroutine[None, None, Turn]]) -> Reply:
        """Let a reply be written with the settings as they are now; one that is being written is stopped first."""
        async with self._beginning:
            running = self.reply
            if running is not None and running.task is not None:
                await running.turn.stop()
                await running.task
            await self.next.save()
            turn = await opening()
            reply = self.stream.start(turn, "")
            if turn.conversation_id == self.conversation_id:
                self._show_in_place(turn.reply)
        self.post_message(ConversationChanged(turn.conversation_id))
        return reply

    def _show_in_place(self, reply: StoredMessage) -> None:
        """Show a reply behind the message that it answers, in place of what stood there."""
        if reply.parent_id is not None and not self.transcript.holds(reply.parent_id):
            self.reload()
            return
        self._clear_behind(reply.parent_id)
        self._show_reply(reply)

    def _clear_behind(self, message_id: int | None) -> None:
        """Take away what is shown behind a message; all of it where that is None."""
        ids = [message.id for message in self.transcript.messages]
        place = ids.index(message_id) + 1 if message_id in ids else 0
        if place < len(ids):
            self.transcript.remove_from(ids[place])

    async def step_sibling(self, step: int, message_id: int | None = None) -> None:
        """Show another version: of the given message, else of the last one that has several."""
        several = [message for message in self._thread() if message.siblings > 1]
        chosen = [message for message in several if message_id in (None, message.id)]
        if not chosen:
            say(self.app, "There is one version only; ctrl+r writes another." if not several else "There is no other.")
            return
        versions = self.session.siblings(chosen[-1].id)
        place = [version.id for version in versions].index(chosen[-1].id) + step
        if 0 <= place < len(versions):
            await self.session.select(versions[place].id)
            self.reload()

    def last_reply(self) -> StoredMessage | None:
        """The last message of the model on this branch."""
        return next((message for message in reversed(self._thread()) if message.role == "assistant"), None)

    def _thread(self) -> list[StoredMessage]:
        return self.session.thread(self.conversation.id) if self.conversation is not None else []

    # --- what waits to be sent

    def _show_queue(self) -> None:
        line = self.query_one("#queue", Static)
        waiting = self._unsent.line(self.place)
        line.display = bool(waiting)
        if waiting:
            more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
            text = clean_line(waiting[0])
            line.update(Content.assemble(("next  ", "$primary"), (text[:200], "$muted"), (more, "$faint")))


def _welcome(keymap: Keymap) -> str:
    """What stands where nothing was said yet."""
    keys = [
        ("open-palette", "every action"),
        ("toggle-conversations", "conversations"),
        ("toggle-inspector", "settings"),
    ]
    hints = "   ".join(f"{keymap.shown(name)} {word}" for name, word in keys if keymap.shown(name))
    return f"Say something to begin.\n\n{hints}"
