"""The styles in which tokens and the signs under them are drawn, mixed from the theme's colours once."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget


class Ink:
    """Styles by the names of a widget's component classes; `clear` forgets them when the theme changes."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[str, Style] = {}

    def clear(self) -> None:
        """Mix them anew."""
        self._styles.clear()

    def shade(self, name: str) -> Style:
        """A token's style: the shade behind it, and the text's own colour on it."""
        key = f"shade {name}"
        if key not in self._styles:
            page, shade = self._widget.background_colors[1], self._widget.get_component_styles(f"token--{name}")
            plain = self._widget.get_component_rich_style("token--plain", partial=True)
            self._styles[key] = plain + Style(bgcolor=(page + shade.background).rich_color)
        return self._styles[key]

    def style(self, name: str) -> Style:
        """A style as it is declared; signs stand on the page's own colour."""
        if name not in self._styles:
            declared = self._widget.get_component_rich_style(f"token--{name}", partial=True)
            if name not in ("cursor", "rest"):
                page = self._widget.background_colors[1]
                colour = (page + self._widget.get_component_styles(f"token--{name}").color).rich_color
                declared = Style(color=colour, bgcolor=page.rich_color, bold=declared.bold)
            self._styles[name] = declared
        return self._styles[name]
