"""The styles that text is drawn with, by name, so that layout knows no colours."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style

from chatapp.ui.markdown.inline import ADDRESS, CODE, EMPHASIS, LINK, STRIKE, STRONG

STYLE_NAMES = (
    "heading-1",
    "heading-2",
    "heading-3",
    "code",
    "link",
    "address",
    "quote",
    "marker",
    "rule",
    "table-header",
    "table-border",
    "code-block",
    "code-label",
    "code-keyword",
    "code-string",
    "code-comment",
    "code-number",
    "code-name",
    "code-operator",
)
"""Every style that Markdown uses."""

_BOLD, _ITALIC, _STRUCK = Style(bold=True), Style(italic=True), Style(strike=True)


class Palette:
    """Styles by name over a base style; a name that it lacks is the base style.

    `overlay` is laid over every style that it gives.
    """

    def __init__(self, base: Style, styles: Mapping[str, Style], overlay: Style | None = None) -> None:
        self._bare = base
        self._styles = dict(styles)
        self._overlay = overlay
        self.base = base + overlay if overlay is not None else base
        self._combined: dict[tuple[tuple[str, ...], int], Style] = {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Palette):
            return NotImplemented
        return (self.base, self._styles, self._overlay) == (other.base, other._styles, other._overlay)

    __hash__ = None  # type: ignore[assignment]

    def under(self, overlay: Style) -> Palette:
        """The same palette with a style over all of it."""
        return Palette(self._bare, self._styles, overlay)

    def style(self, *names: str, marks: int = 0) -> Style:
        """The base style with the named ones and the inline marks over it, later ones winning."""
        key = (names, marks)
        found = self._combined.get(key)
        if found is None:
            found = self._combined[key] = self._combine(names, marks)
        return found

    def own(self, name: str) -> Style:
        """What a name sets by itself, to be laid over any other style."""
        return self._styles.get(name, Style.null())

    def _combine(self, names: tuple[str, ...], marks: int) -> Style:
        style = self._bare
        for name in names:
            style += self._styles.get(name, Style.null())
        for mark, extra in (
            (STRONG, _BOLD),
            (EMPHASIS, _ITALIC),
            (STRIKE, _STRUCK),
            (CODE, self._styles.get("code")),
            (LINK, self._styles.get("link")),
            (ADDRESS, self._styles.get("address")),
        ):
            if marks & mark and extra is not None:
                style += extra
        return style + self._overlay if self._overlay is not None else style
