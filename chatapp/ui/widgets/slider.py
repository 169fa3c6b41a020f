"""The arithmetic of a slider: where a value stands on a track, and which value stands where."""

from __future__ import annotations

import math

from chatapp.core.parameters import Parameter, Value

_FULL, _EMPTY, _KNOB = "━", "─", "●"


class Scale:
    """A parameter's slider range, linear or logarithmic.

    The track spans the useful values; steps go on beyond its ends, up to what the parameter accepts.
    """

    def __init__(self, parameter: Parameter) -> None:
        low, high = parameter.slider or (parameter.minimum or 0.0, parameter.maximum or 1.0)
        self.low, self.high = float(low), float(high)
        self._least = self.low if parameter.minimum is None else min(self.low, parameter.minimum)
        self._most = self.high if parameter.maximum is None else max(self.high, parameter.maximum)
        self._parameter = parameter
        self._logarithmic = parameter.logarithmic and self.low > 0

    @staticmethod
    def fits(parameter: Parameter) -> bool:
        """Whether the parameter has a range worth a track."""
        if parameter.kind not in ("float", "int"):
            return False
        return parameter.slider is not None or (parameter.kind == "float" and parameter.maximum is not None)

    def fraction(self, value: Value) -> float:
        """Where `value` stands, from 0 to 1; values beyond the track stand at its end."""
        if not isinstance(value, int | float):
            return 0.0
        number = min(max(float(value), self.low), self.high)
        if self._logarithmic:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def at(self, fraction: float) -> Value:
        """The value at `fraction` of the track, on the grid of the parameter's step."""
        fraction = min(max(fraction, 0.0), 1.0)
        if self._logarithmic:
            number = self.low * (self.high / self.low) ** fraction
        else:
            number = self.low + fraction * (self.high - self.low)
        return self._snap(number, self.low, self.high)

    def stepped(self, value: Value, steps: int) -> Value:
        """`value` moved by `steps`; logarithmic scales move by a fiftieth of the track, at least one step."""
        number = float(value) if isinstance(value, int | float) else self.low
        if self._logarithmic:
            moved = max(number, self._parameter.step) * (self.high / self.low) ** (steps / 50)
            if abs(moved - number) < self._parameter.step:
                moved = number + math.copysign(self._parameter.step, steps)
        else:
            moved = number + steps * self._parameter.step
        return self._snap(moved, self._least, self._most)

    def _snap(self, number: float, low: float, high: float) -> Value:
        """`number` on the grid, or in round figures; the ends of a range count even where the grid misses them."""
        step, whole = self._parameter.step, self._parameter.kind == "int"
        if low < number < high:
            number = _round_figures(number) if self._logarithmic else round(round(number / step) * step, 10)
        number = min(max(number, low), high)
        return round(number) if whole else float(number)


def _round_figures(number: float) -> float:
    """`number` with two leading figures, as people would type it; small whole ones as they are."""
    return float(f"{number:.2g}")


def track(fraction: float | None, width: int) -> tuple[str, str, str]:
    """A track of `width` cells: what is left of the knob, the knob, what is right of it; None has no knob."""
    if fraction is None:
        return "", "", _EMPTY * width
    position = round(min(max(fraction, 0.0), 1.0) * (width - 1))
    return _FULL * position, _KNOB, _EMPTY * (width - 1 - position)
