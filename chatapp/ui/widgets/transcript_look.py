"""The styles of a transcript, from its component classes."""

from __future__ import annotations

from rich.style import Style
from textual.color import Color
from textual.css.styles import StylesBase
from textual.widget import Widget

from chatapp.ui.markdown.palette import STYLE_NAMES, Palette
from chatapp.ui.widgets.transcript_frame import FRAME_STYLES

PREFIX = "transcript--"
COMPONENTS = frozenset(
    PREFIX + name for name in (*STYLE_NAMES, *FRAME_STYLES, "empty", "match", "match-current", "difference")
)
"""The component classes that a style sheet can colour."""


STYLE_SHEET = """
MessageLines { background: $background; color: $foreground; }
MessageLines > .transcript--user { color: $secondary; text-style: bold; }
MessageLines > .transcript--assistant { color: $primary; text-style: bold; }
MessageLines > .transcript--system { color: $accent; text-style: bold; }
MessageLines > .transcript--sibling { color: $foreground 70%; }
MessageLines > .transcript--time { color: $foreground 45%; }
MessageLines > .transcript--status { color: $foreground 60%; text-style: italic; }
MessageLines > .transcript--progress { color: $foreground 60%; text-style: italic; }
MessageLines > .transcript--failure { color: $text-error; }
MessageLines > .transcript--thought { color: $foreground 60%; }
MessageLines > .transcript--mark { color: $foreground 70%; }
MessageLines > .transcript--cursor { color: $accent; text-style: bold; }
MessageLines > .transcript--unseen { color: $foreground 60%; text-style: italic; }
MessageLines > .transcript--empty { color: $foreground 50%; }
MessageLines > .transcript--difference { color: $text-warning; text-style: underline; }
MessageLines > .transcript--match { background: $accent 25%; text-style: bold underline; }
MessageLines > .transcript--match-current { color: $accent; background: $background; text-style: bold reverse; }
MessageLines > .transcript--heading-1 { color: $primary; text-style: bold underline; }
MessageLines > .transcript--heading-2 { color: $primary; text-style: bold; }
MessageLines > .transcript--heading-3 { text-style: bold italic; }
MessageLines > .transcript--code { color: $text-accent; }
MessageLines > .transcript--link { text-style: underline; }
MessageLines > .transcript--address { color: $foreground 60%; text-style: not underline; }
MessageLines > .transcript--quote { color: $foreground 40%; }
MessageLines > .transcript--marker { color: $primary; }
MessageLines > .transcript--rule { color: $foreground 30%; }
MessageLines > .transcript--table-header { text-style: bold; }
MessageLines > .transcript--table-border { color: $foreground 30%; }
MessageLines > .transcript--code-block { background: $surface; }
MessageLines > .transcript--code-label { background: $surface; color: $foreground 45%; }
MessageLines > .transcript--code-keyword { color: $text-accent; }
MessageLines > .transcript--code-string { color: $text-success; }
MessageLines > .transcript--code-comment { color: $foreground 50%; text-style: italic; }
MessageLines > .transcript--code-number { color: $text-warning; }
MessageLines > .transcript--code-name { color: $text-primary; }
MessageLines > .transcript--code-operator { color: $foreground 80%; }
"""
"""How the components look where no style sheet says otherwise: theme variables that every theme has."""


def palette_of(widget: Widget) -> Palette:
    """The palette of a widget that has all of COMPONENTS."""
    background = widget.background_colors[1]
    names = (name.removeprefix(PREFIX) for name in COMPONENTS)
    styles = {name: _style(widget.get_component_styles(PREFIX + name), background) for name in names}
    return Palette(widget.rich_style, styles)


def _style(styles: StylesBase, behind: Color) -> Style:
    """What a component sets by itself, its translucent colours laid over those behind it."""
    background = foreground = None
    if styles.has_rule("background") and styles.background.a:
        behind = behind + styles.background
        background = behind.rich_color
    if styles.has_rule("auto_color") and styles.auto_color:
        foreground = (behind + behind.get_contrast_text(styles.color.a)).rich_color
    elif styles.has_rule("color") and styles.color.a:
        foreground = (behind + styles.color).rich_color
    return Style(color=foreground, bgcolor=background) + styles.text_style
