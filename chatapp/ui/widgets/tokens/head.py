"""Above the tokens: what they are shaded by, what each shade and sign means, and what there is to say."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.style import Style

from chatapp.core.cleaning import clean_line
from chatapp.ui.widgets.tokens.measure import SCALES, SHADES, SIGNS, Measure
from chatapp.ui.widgets.tokens.words import Words


class TokensHead(Words):
    """The measures, one of them chosen; a click chooses another."""

    DEFAULT_CSS = "TokensHead { color: $muted; }"

    class MeasureChosen(Message):
        """Another measure was clicked."""

        def __init__(self, measure: Measure) -> None:
            super().__init__()
            self.measure = measure

    def __init__(self) -> None:
        super().__init__("tokens-head")

    def show(self, measure: Measure, words: str) -> None:
        """Show what the tokens are shaded by, and `words` below it."""
        self.put(Content("\n").join((_names(measure), _legend(measure), Content(clean_line(words)))))

    def on_click(self, event: events.Click) -> None:
        """Choose the measure that was clicked."""
        name = event.style.meta.get("measure")
        measure = next((one for one in SCALES if one == name), None)
        if measure is not None:
            self.post_message(self.MeasureChosen(measure))


def _names(chosen: Measure) -> Content:
    names = []
    for measure, scale in SCALES.items():
        is_chosen = measure == chosen
        text = f"{'●' if is_chosen else '○'} {measure} {scale.key}"
        style = Style.parse("$primary bold" if is_chosen else "$muted") + Style.from_meta({"measure": measure})
        names.append(Content(text).stylize(style))
    return Content("   ").join(names)


def _legend(measure: Measure) -> Content:
    scale = SCALES[measure]
    shades = ("", *SHADES[scale.shade])
    steps = zip(SIGNS, scale.names, shades, strict=True)
    return Content(" ").join(
        Content(f" {sign} {name} ").stylize(f"$foreground on {shade}") if shade else Content(f"{sign} {name}")
        for sign, name, shade in steps
    )
