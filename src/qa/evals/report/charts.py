"""Where curves, marks and rows of dots lie on a drawing, in units of which 340 are as wide as a telephone's screen.

No markup is written here: the template draws, with all colours, dashes and fonts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qa.evals.metrics.curves import Point
from qa.evals.metrics.measures import Score

WIDTH, HEIGHT = 340, 250
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 10, 42
NAMES, VALUES, LINE = 74, 38, 19
"""Of a plot of dots: the widths of the columns of names and of figures, and the height of a row."""
FORMS = {
    "circle": "M{0} {1}m-{2} 0a{2} {2} 0 1 0 {3} 0a{2} {2} 0 1 0 -{3} 0z",
    "square": "M{0} {1}m-{2} -{2}h{3}v{3}h-{3}z",
    "diamond": "M{0} {1}m0 -{4}l{2} {4}l-{2} {4}l-{2} -{4}z",
    "triangle": "M{0} {1}m0 -{2}l{2} {3}h-{3}z",
}
"""Path data of marks around a point; the numbers are its place, a half-width, the width, and half the height of a diamond."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A scale from its first tick to its last; `inset` is left free before it and behind it."""

    label: str
    ticks: Sequence[float]
    log: bool = False
    inset: float = 0.0

    def part(self, value: float) -> float:
        """The position of a value: 0 at the first tick, 1 at the last, never beyond."""
        low, high = self.ticks[0], self.ticks[-1]
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, low))
        return min(max((value - low) / (high - low), 0.0), 1.0)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line; `look` is its class in the style sheet, `band` has the ends of the interval at each x."""

    name: str
    look: str
    points: Sequence[Point]
    band: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A single point; `look` is its class in the style sheet, and decides its form. `aside` moves it on the drawing, so
    that marks of one place can be told apart."""

    name: str
    look: str
    x: float
    y: float = 0.0
    aside: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Curves and marks between two axes."""

    title: str
    description: str
    x: Axis
    y: Axis
    curves: Sequence[Curve]
    marks: Sequence[Mark] = ()

    def across(self, value: float) -> float:
        inner = WIDTH - LEFT - RIGHT - 2 * self.x.inset
        return round(LEFT + self.x.inset + inner * self.x.part(value), 1)

    def up(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * self.y.part(value), 1)

    def path(self, points: Sequence[Point]) -> str:
        """Path data that joins the points."""
        return "M" + "L".join(f"{self.across(x)} {self.up(y)}" for x, y in points)

    def area(self, band: Sequence[tuple[float, float, float]]) -> str:
        """Path data around a band."""
        return self.path([(x, high) for x, _, high in band] + [(x, low) for x, low, _ in reversed(band)]) + "Z"


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A row of a plot of dots: a figure with its interval, and where baselines lie. `part` holds rows together."""

    name: str
    part: str
    figure: Score
    beside: Sequence[Mark]


@dataclass(frozen=True, kw_only=True)
class Dots:
    """One measure between 0 and 1 in several groups of questions, a row each."""

    title: str
    description: str
    dots: Sequence[Dot]

    def across(self, value: float) -> float:
        return round(NAMES + (WIDTH - NAMES - VALUES) * min(max(value, 0.0), 1.0), 1)

    def down(self, place: int) -> float:
        """The middle of a row; between parts half a row is left free."""
        gaps = sum(self.dots[i].part != self.dots[i - 1].part for i in range(1, place + 1))
        return TOP + LINE * (place + 0.5 + gaps / 2)

    @property
    def bottom(self) -> float:
        return self.down(len(self.dots) - 1) + LINE / 2


def form(name: str, x: float, y: float, size: float = 3.5) -> str:
    """Path data of a mark around a point."""
    return FORMS[name].format(x, round(y, 1), size, 2 * size, 1.5 * size)


def ticks(low: float, high: float) -> list[float]:
    """Round ticks around an interval within 0 to 1: two at least, six at most."""
    step = 0.1 if high - low <= 0.5 else 0.2
    first = math.floor(round(low / step, 6))
    last = max(math.ceil(round(high / step, 6)), first + 1)
    return [round(i * step, 1) for i in range(first, last + 1)]
