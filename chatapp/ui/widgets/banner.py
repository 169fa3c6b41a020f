"""Problems that stay until they are read: one line below the top, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.widget import Widget

from chatapp.core.cleaning import clean_line
from chatapp.core.errors import ChatappError


class Banner(Widget):
    """Shows one problem at a time with title, message and hint; a click or `dismiss` shows the next."""

    DEFAULT_CSS = """
    Banner { height: auto; max-height: 4; width: 1fr; display: none; &.-shown { display: block; } }
    """

    def __init__(self) -> None:
        super().__init__(id="banner")
        self._problems: list[ChatappError] = []
        self._known: set[tuple[str, str]] = set()
        self._followed: set[tuple[str, str]] = set()

    @property
    def problems(self) -> tuple[ChatappError, ...]:
        """What has not been dismissed, the newest first."""
        return tuple(self._problems)

    def add(self, problem: ChatappError) -> None:
        """Show another problem; one that was shown before is not repeated."""
        if _identity(problem) not in self._known:
            self._known.add(_identity(problem))
            self._problems.insert(0, problem)
            self._update()

    def follow(self, problems: Sequence[ChatappError]) -> None:
        """Show these problems of one source, and put those away that it no longer has."""
        current = {_identity(problem) for problem in problems}
        for gone in self._followed - current:
            self._known.discard(gone)
            self._problems = [problem for problem in self._problems if _identity(problem) != gone]
        if self._followed - current:
            self._update()
        self._followed = current
        for problem in problems:
            self.add(problem)

    def dismiss(self) -> bool:
        """Put the shown problem away; whether there was one."""
        if not self._problems:
            return False
        self._problems.pop(0)
        self._update()
        return True

    def on_click(self, event: events.Click) -> None:
        """A click has read it."""
        event.stop()
        self.dismiss()

    def render(self) -> Content:
        """Title, message, hint, and how many more there are."""
        if not self._problems:
            return Content("")
        problem = self._problems[0]
        more = f"   ({len(self._problems) - 1} more)" if len(self._problems) > 1 else ""
        return Content.assemble(
            ("▲ " + clean_line(problem.title), "bold $warning"),
            ("  " + clean_line(problem.message), "$foreground"),
            ("  " + clean_line(problem.hint) if problem.hint else "", "$muted"),
            (f"{more}   Esc ×", "$faint"),
        )

    def _update(self) -> None:
        self.set_class(bool(self._problems), "-shown")
        self.refresh(layout=True)


def _identity(problem: ChatappError) -> tuple[str, str]:
    return problem.title, problem.message
