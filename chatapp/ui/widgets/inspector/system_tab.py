"""The System tab: the conversation's system prompt, and what happens when the conversation no longer fits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static, TextArea

from chatapp.core.cleaning import clean, clean_line
from chatapp.core.overflow import Overflow
from chatapp.core.presets import Preset
from chatapp.ui.messages import SystemPromptEdited
from chatapp.ui.recomputation import Recomputation
from chatapp.ui.widgets.overflow_row import OverflowRow

Count: TypeAlias = Callable[[str], Awaitable[int | None]]
_TYPING_PAUSE_S = 0.4
_PROMPT = "System prompt"
_EDITOR_KEYS = "⇥ to the overflow · Esc leave"
_OVERFLOW_KEYS = "←→ choose · ⌫ default · ⇧⇥ to the prompt · Esc leave"
"""What the keys do in the editor, and below it."""


class SystemPrompt(TextArea):
    """The editor of the system prompt; tab leaves it."""

    def __init__(self) -> None:
        super().__init__(
            id="system-prompt",
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
            placeholder=Content("How the model should behave"),
        )


class SystemTab(VerticalScroll, can_focus=False):
    """`show` fills it; it tells every change, of the prompt once the typing pauses.

    `count` gives the tokens of a text, None where no model is there that could tell.
    """

    def __init__(self, count: Count) -> None:
        super().__init__(id="system-tab")
        self._count = count
        self._counted: tuple[str, int | None] | None = None
        self._recomputation = Recomputation()
        self._told = ("", "")
        self._origin = ""
        self._pause: Timer | None = None
        self._shown_prompt = ""
        self._preset: Preset | None = None
        self._replying = False
        self._filled = False

    def compose(self) -> ComposeResult:
        """The prompt and its cost, then the overflow and what the chosen one does."""
        yield Static(_PROMPT, id="prompt-heading", classes="section", markup=False)
        yield SystemPrompt()
        yield Static("", id="prompt-cost", markup=False)
        yield OverflowRow()
        yield Static("", id="overflow-help", markup=False)
        yield Static(_EDITOR_KEYS, id="system-keys", classes="panel-hint", markup=False)

    def show(
        self, system_prompt: str, *, overflow: Overflow, default_overflow: Overflow, preset: Preset | None
    ) -> None:
        """Show a conversation's settings; where its system prompt is the preset's, that is said."""
        self.forget()
        self._filled = True
        self._preset = preset
        self._shown_prompt = system_prompt
        if self._editor.text != clean(system_prompt):
            self._editor.load_text(clean(system_prompt))
        self._show_origin()
        self.recount()
        self.query_one(OverflowRow).show(overflow, default_overflow)
        self._describe_overflow()

    def show_recomputation(self, recomputation: Recomputation) -> None:
        """Show what a change would cost now."""
        if recomputation != self._recomputation:
            self._recomputation = recomputation
            self._show_cost()
        if self._counted is not None and self._counted[1] is None:
            self.recount()

    def recount(self) -> None:
        """Count the tokens again, for the text or the model is another."""
        self._counted = None
        self._show_cost()
        self._count_tokens()

    def forget(self) -> None:
        """Belong to nobody until it is filled again."""
        self._filled = False
        if self._pause is not None:
            self._pause.stop()
            self._pause = None

    @property
    def is_filled(self) -> bool:
        """Whether a conversation's settings are shown; before, the editor's text is nobody's prompt."""
        return self._filled

    @property
    def system_prompt(self) -> str:
        """What stands in the editor; the old prompt where only its unsafe characters were made visible."""
        text = self._editor.text
        return self._shown_prompt if text == clean(self._shown_prompt) else text

    @property
    def replying(self) -> bool:
        """Whether a reply is being written, for which nothing here counts any more."""
        return self._replying

    @replying.setter
    def replying(self, replying: bool) -> None:
        if replying != self._replying:
            self._replying = replying
            self._describe_overflow()

    def take_focus(self) -> None:
        """Go to the editor."""
        self._editor.focus()

    def on_descendant_focus(self) -> None:
        """Say what the keys do where they are now."""
        keys = _EDITOR_KEYS if self._editor.has_focus else _OVERFLOW_KEYS
        self.query_one("#system-keys", Static).update(keys)

    # --- changes

    @on(TextArea.Changed, "#system-prompt")
    def prompt_typed(self, event: TextArea.Changed) -> None:
        """Tell of the new prompt once the typing pauses."""
        event.stop()
        self._show_origin()
        self._show_cost()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_TYPING_PAUSE_S, self._typing_paused)

    @on(OverflowRow.Described)
    def _describe_overflow(self) -> None:
        """Say what the chosen overflow does."""
        row = self.query_one(OverflowRow)
        self.query_one("#overflow-help", Static).update(row.description(replying=self._replying))

    def _typing_paused(self) -> None:
        self._pause = None
        if self._counted is None or self._counted[0] != self._editor.text:
            self.recount()
        if self._editor.text != clean(self._shown_prompt):
            self._shown_prompt = self._editor.text
            self.post_message(SystemPromptEdited(self._shown_prompt))

    # --- drawing

    @property
    def _editor(self) -> SystemPrompt:
        return self.query_one(SystemPrompt)

    def _show_origin(self) -> None:
        """Say above the system prompt where it comes from, as long as it is the preset's."""
        preset, prompt = self._preset, self.system_prompt
        is_preset_s = preset is not None and bool(prompt) and prompt == preset.system_prompt
        origin = f" · from the preset {preset.name}" if preset is not None and is_preset_s else ""
        if origin != self._origin:
            self._origin = origin
            self.query_one("#prompt-heading", Static).update(Content(clean_line(_PROMPT + origin)))

    @work(group="count", exclusive=True)
    async def _count_tokens(self) -> None:
        text = self._editor.text
        self._counted = (text, await self._count(text))
        self._show_cost()

    def _show_cost(self) -> None:
        """Say below the editor how long the prompt is, and what must be computed for it."""
        text = self._editor.text
        if self._counted is None or self._counted[0] != text:
            size = "… tokens"
        elif self._counted[1] is None:
            size = "no model yet that could count it"
        else:
            size = "1 token" if self._counted[1] == 1 else f"{self._counted[1]:,} tokens"
        told = self._recomputation.told(self.system_prompt)
        if (size, told) != self._told:
            self._told = (size, told)
            cost = Content.assemble((size, "bold $foreground"), ("\n" + told, "$muted"))
            self.query_one("#prompt-cost", Static).update(cost)
