"""The styles of a transcript, from its component classes."""

from __future__ import annotations

from rich.style import Style
from textual.color import Color
from textual.css.styles import StylesBase
from textual.widget import Widget

from chatapp.ui.markdown.palette import STYLE_NAMES, Palette
from chatapp.ui.widgets.transcript_entry import TRANSCRIPT_STYLES

PREFIX = "transcript--"
COMPONENTS = frozenset(PREFIX + name for name in (*STYLE_NAMES, *TRANSCRIPT_STYLES, "empty"))
"""The component classes that a style sheet can colour."""


STYLE_SHEET = """
Transcript { background: $background; color: $foreground; }
Transcript > .transcript--user { color: $secondary; text-style: bold; }
Transcript > .transcript--assistant { color: $primary; text-style: bold; }
Transcript > .transcript--system { color: $accent; text-style: bold; }
Transcript > .transcript--sibling { color: $foreground 70%; }
Transcript > .transcript--time { color: $foreground 45%; }
Transcript > .transcript--status { color: $foreground 60%; text-style: italic; }
Transcript > .transcript--progress { color: $foreground 60%; text-style: italic; }
Transcript > .transcript--failure { color: $text-error; }
Transcript > .transcript--thought { color: $foreground 60%; }
Transcript > .transcript--empty { color: $foreground 50%; }
Transcript > .transcript--heading-1 { color: $primary; text-style: bold underline; }
Transcript > .transcript--heading-2 { color: $primary; text-style: bold; }
Transcript > .transcript--heading-3 { text-style: bold italic; }
Transcript > .transcript--code { color: $text-accent; }
Transcript > .transcript--link { text-style: underline; }
Transcript > .transcript--address { color: $foreground 60%; text-style: not underline; }
Transcript > .transcript--quote { color: $foreground 40%; }
Transcript > .transcript--marker { color: $primary; }
Transcript > .transcript--rule { color: $foreground 30%; }
Transcript > .transcript--table-header { text-style: bold; }
Transcript > .transcript--table-border { color: $foreground 30%; }
Transcript > .transcript--code-block { background: $surface; }
Transcript > .transcript--code-label { background: $surface; color: $foreground 45%; }
Transcript > .transcript--code-keyword { color: $text-accent; }
Transcript > .transcript--code-string { color: $text-success; }
Transcript > .transcript--code-comment { color: $foreground 50%; text-style: italic; }
Transcript > .transcript--code-number { color: $text-warning; }
Transcript > .transcript--code-name { color: $text-primary; }
Transcript > .transcript--code-operator { color: $foreground 80%; }
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
