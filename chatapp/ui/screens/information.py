"""What the Info tab says: put together from the session, the model and the last reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen

from chatapp.core.conversations import StoredMessage
from chatapp.core.errors import ChatappError
from chatapp.ui.attempt import attempt
from chatapp.ui.running import Running
from chatapp.ui.screens.about_pane import AboutPane
from chatapp.ui.screens.pane import Pane
from chatapp.ui.sent_requests import SentRequests

if TYPE_CHECKING:
    from chatapp.ui.info.fact import Section
    from chatapp.ui.info.prompt import SentPrompt
    from chatapp.ui.widgets.inspector.info_tab import InfoTab

_PROMPT = "prompt"


class Information(AboutPane):
    """Fills the Info tab; the exact prompt is put together once it is unfolded."""

    def __init__(
        self,
        screen: Screen[None],
        requests: SentRequests,
        pane: Callable[[], Pane],
    ) -> None:
        super().__init__(pane)
        self._screen = screen
        self._requests = requests
        self._tab: InfoTab | None = None
        self._sent: tuple[int, SentPrompt | str] | None = None

    def make(self) -> InfoTab:
        """The tab, empty."""
        from chatapp.ui.widgets.inspector.info_tab import InfoTab

        self._tab = InfoTab(self.fill)
        return self._tab

    def fill(self) -> None:
        """Show what holds now."""
        if self._tab is None:
            return
        thread = self._thread()
        reply = next((message for message in reversed(thread) if message.role == "assistant"), None)
        self._tab.show(self._sections(thread, reply))
        if reply is not None and self._tab.lines.is_unfolded(_PROMPT) and not self._is_read(reply):
            attempt(self._screen, self._read_prompt(reply))

    def forget(self) -> None:
        """Put the prompt together again the next time, for what it is made of may have changed."""
        self._sent = None

    def _thread(self) -> Sequence[StoredMessage]:
        number = self._pane.conversation_id
        return self._session.thread(number) if number is not None else ()

    def _sections(self, thread: Sequence[StoredMessage], reply: StoredMessage | None) -> Sequence[Section]:
        from chatapp.ui.info.model import load_section, metadata_section, model_section
        from chatapp.ui.info.prompt import prompt_section
        from chatapp.ui.info.reply import reply_section, settings_section
        from chatapp.ui.info.template import template_section, template_text_section

        card = self._model.card
        sent = self._sent[1] if reply is not None and self._sent is not None and self._sent[0] == reply.id else "…"
        running = self._pane.reply if reply is not None and reply.status == "streaming" else None
        reply = running.message if running is not None else reply
        sections = (
            reply_section(
                reply,
                card,
                prompted_anew=reply is not None and self._requests.is_prompted_anew(reply.id),
                running=Running.of(running),
            ),
            settings_section(reply),
            prompt_section(sent) if reply is not None and reply.generation is not None else None,
            model_section(card, self._model.text),
            load_section(card, self._model.asked, self._session.backend.notices),
            template_section(card, thread),
            template_text_section(card),
            metadata_section(card),
        )
        return tuple(section for section in sections if section is not None)

    # --- the exact prompt

    def _is_read(self, reply: StoredMessage) -> bool:
        return self._sent is not None and self._sent[0] == reply.id and not isinstance(self._sent[1], str)

    async def _read_prompt(self, reply: StoredMessage) -> None:
        """Find out what the model got, and show it."""
        before = self._sent
        self._sent = (reply.id, await self._prompt_of(reply))
        if self._sent != before:
            self.fill()

    async def _prompt_of(self, reply: StoredMessage) -> SentPrompt | str:
        """The prompt, or in words why it can't be shown; no model is loaded for it."""
        from chatapp.ui.info.prompt import doubt, read_prompt

        if not self._model.is_there:
            return "The model is not in memory; the next message loads it, then the prompt can be shown."
        try:
            prepared, note = self._requests.prepared(reply.id), ""
            if prepared is None:
                prepared = await self._session.prompt_of(reply.id)
                note = doubt(prepared, reply.generation) if reply.generation is not None else ""
            return await read_prompt(self._session.backend, prepared, note)
        except ChatappError as error:
            return f"It can't be put together again: {error.message}"
