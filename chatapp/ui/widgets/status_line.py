"""The bottom line: state, context, reuse, time to first token, speed."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from chatapp.core.cleaning import clean_line
from chatapp.ui.context_use import ContextUse
from chatapp.ui.figures import PHASES, Figures

_METER = 6


class StatusLine(Widget):
    """One line of figures; what has no room is left out, the least important first."""

    DEFAULT_CSS = "StatusLine { height: 1; }"

    hint: reactive[str] = reactive("")
    """What is said for a moment in place of the state."""

    keys: reactive[str] = reactive("")
    """What keys do just now, in place of the state."""

    def __init__(self) -> None:
        super().__init__(id="status-line")
        self._figures = Figures()
        self._taken = ContextUse()
        self._model_state = ""
        self._others = 0
        self._hint_timer: Timer | None = None

    def show(self, figures: Figures, context: ContextUse, *, model_state: str = "", others: int = 0) -> None:
        """Show a reply's figures; `model_state` is said while idle, `others` counts replies elsewhere."""
        self._figures, self._taken = figures, context
        self._model_state, self._others = model_state, others
        self.refresh()

    def say(self, hint: str, seconds: float) -> None:
        """Say something for a moment in place of the state; for no time at all, say nothing more."""
        self.hint = hint if seconds else ""
        if self._hint_timer is not None:
            self._hint_timer.stop()
        self._hint_timer = self.set_timer(seconds, self._end_hint) if seconds else None

    def watch_keys(self, before: str, keys: str) -> None:
        """What keys begin to do is read now; what was said before gives way."""
        if keys and not before:
            self.say("", 0)

    def _end_hint(self) -> None:
        self.hint = ""

    def render(self) -> Content:
        """The line, as much of it as fits."""
        room = self.size.width - 2
        state = self._state().truncate(max(0, room), ellipsis=True)
        chosen: list[tuple[int, Content]] = []
        room -= cell_len(state.plain)
        for rank, order, part in sorted(self._parts(), key=lambda entry: entry[0]):
            del rank
            needed = cell_len(part.plain) + 3
            if needed > room:
                break
            chosen.append((order, part))
            room -= needed
        figures = (
            Content(" · ").stylize("$faint").join([part for _, part in sorted(chosen, key=lambda entry: entry[0])])
        )
        return Content.assemble(" ", state, " " * (room + 3 * bool(chosen)), figures, " ")

    def _state(self) -> Content:
        if self.hint:
            return Content(clean_line(self.hint)).stylize("bold $primary")
        if self.keys:
            return Content(clean_line(self.keys)).stylize("$foreground")
        figures = self._figures
        if figures.phase == "idle":
            text = clean_line(self._model_state) or PHASES["idle"]
            return Content.assemble(
                ("○ " if self._model_state else "● ", "$faint" if self._model_state else "$success"), (text, "$muted")
            )
        words = clean_line(figures.words)
        if figures.phase == "waiting" and self._model_state:
            words = f"your message waits: {clean_line(self._model_state)}"
        return Content.assemble(("▌ ", "$primary"), (words, "$foreground"))

    def _parts(self) -> list[tuple[int, int, Content]]:
        """(importance, place, content): the most important are chosen first."""
        figures = self._figures
        parts: list[tuple[int, int, Content]] = []
        if self._others:
            parts.append((2, 0, Content(f"{self._others} more writing").stylize("$primary")))
        if self._taken.text:
            parts.append((0, 1, self._context_part()))
        if figures.reused is not None:
            parts.append((4, 2, _labelled("reused", f"{figures.reused:,}")))
        if figures.first_token_s is not None:
            parts.append((3, 3, _labelled("first token", duration(figures.first_token_s))))
        if figures.tokens_per_second is not None:
            parts.append((1, 4, _labelled("", f"{figures.tokens_per_second:,.0f} tok/s")))
        return parts

    def _context_part(self) -> Content:
        context = self._taken
        if not context.size:
            return _labelled("ctx", context.text)
        share = context.share
        filled = min(_METER, max(1 if context.used else 0, round(share * _METER)))
        colour = "$error" if share > 0.95 else "$warning" if share > 0.8 else "$primary"
        return Content.assemble(
            ("ctx ", "$muted"),
            ("▇" * filled, colour),
            ("▁" * (_METER - filled), "$faint"),
            (f" {context.text}", "$error" if context.is_over else "$foreground"),
        )


def _labelled(label: str, value: str) -> Content:
    return Content.assemble((f"{label} " if label else "", "$muted"), (value, "$foreground"))


def duration(seconds: float) -> str:
    """A short time as people say it: `12 ms`, `3.4 s`, `2 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"
