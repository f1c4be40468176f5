"""The few strokes that the report's charts need, as inline SVG; every text is escaped.

Hand-written SVG instead of a plotting library: dozens of small charts cost milliseconds, stay
sharp in print and can be read aloud.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from barlovento.share.canvas import SOFT_INK
from barlovento.share.extent import round_length

FloatArray = NDArray[np.float64]

GRID = "#e3e6ea"
TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The inner rectangle of a chart.

    Parameters
    ----------
    width, height : float
        Of the whole chart [pixel].
    left, right, top, bottom : float
        Margins [pixel].
    x, y : tuple of float
        Range of values, in any unit.
    """

    width: float
    height: float
    left: float = 52.0
    right: float = 12.0
    top: float = 10.0
    bottom: float = 26.0
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, values: FloatArray | float) -> FloatArray:
        """Return the place from the left edge [pixel].

        Parameters
        ----------
        values : ndarray or float
            On the horizontal axis [unit of ``x``].

        Returns
        -------
        ndarray
            [pixel].
        """
        share = (np.asarray(values, float) - self.x[0]) / (self.x[1] - self.x[0])
        return np.asarray(self.left + share * (self.width - self.left - self.right))

    def down(self, values: FloatArray | float) -> FloatArray:
        """Return the place from the upper edge [pixel].

        Parameters
        ----------
        values : ndarray or float
            On the upright axis [unit of ``y``].

        Returns
        -------
        ndarray
            [pixel].
        """
        share = (np.asarray(values, float) - self.y[0]) / (self.y[1] - self.y[0])
        return np.asarray(
            self.height - self.bottom - share * (self.height - self.top - self.bottom)
        )


def chart(frame: Frame, title: str, parts: Iterable[str]) -> Markup:
    """Return an SVG element with a title for those who can't see it."""
    # Every part comes from this module, which escapes what it is given.
    return Markup(  # noqa: S704
        f'<svg viewBox="0 0 {frame.width:g} {frame.height:g}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def points(x: FloatArray, y: FloatArray) -> str:
    """Return "x,y x,y ..." to a tenth of a pixel.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        From the left and the upper edge [pixel]; a point with a NaN is left out.

    Returns
    -------
    str
        For the attribute ``points``.
    """
    known = np.isfinite(x) & np.isfinite(y)
    pairs = zip(x[known].tolist(), y[known].tolist(), strict=True)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in pairs)


def line(x: FloatArray, y: FloatArray, colour: str, width: float = 1.5, dash: str = "") -> str:
    """Return a polyline.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        From the left and the upper edge [pixel].
    colour : str
        Of the stroke.
    width : float
        Of the stroke [pixel].
    dash : str
        Lengths of strokes and gaps; unbroken where empty.

    Returns
    -------
    str
        An SVG element.
    """
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{points(x, y)}" fill="none" stroke="{colour}" '
        f'stroke-width="{width:g}" stroke-linejoin="round"{dashed}/>'
    )


def band(x: FloatArray, low: FloatArray, high: FloatArray, colour: str, opacity: float) -> str:
    """Return the filled area between two lines.

    Parameters
    ----------
    x : ndarray, shape (n,)
        From the left edge [pixel].
    low, high : ndarray, shape (n,)
        The two lines, from the upper edge [pixel].
    colour : str
        Of the area.
    opacity : float
        From 0, clear, to 1, opaque [1].

    Returns
    -------
    str
        An SVG element.
    """
    outline = points(np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]]))
    return f'<polygon points="{outline}" fill="{colour}" fill-opacity="{opacity:g}"/>'


def dots(x: FloatArray, y: FloatArray, radius: float, colour: str, opacity: float = 1.0) -> str:
    """Return filled dots as one path: a line of no length with a round end is a dot.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Centres, from the left and the upper edge [pixel].
    radius : float
        Of each dot [pixel].
    colour : str
        Of the dots.
    opacity : float
        From 0, clear, to 1, opaque [1].

    Returns
    -------
    str
        An SVG element.
    """
    moves = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    return (
        f'<path d="{moves}" stroke="{colour}" stroke-width="{2 * radius:g}" '
        f'stroke-linecap="round" stroke-opacity="{opacity:g}" fill="none"/>'
    )


def bars(x: FloatArray, low: FloatArray, high: FloatArray, colour: str, width: float) -> str:
    """Return upright strokes, shortest one pixel.

    Parameters
    ----------
    x : ndarray, shape (n,)
        From the left edge [pixel].
    low, high : ndarray, shape (n,)
        Lower and upper ends, from the upper edge [pixel].
    colour : str
        Of the strokes.
    width : float
        Of each stroke [pixel].

    Returns
    -------
    str
        An SVG element.
    """
    high = np.minimum(high, low - 1.0)
    rows = zip(x.tolist(), low.tolist(), high.tolist(), strict=True)
    moves = "".join(f"M{a:.1f} {b:.1f}V{c:.1f}" for a, b, c in rows)
    return f'<path d="{moves}" stroke="{colour}" stroke-width="{width:g}" fill="none"/>'


def rectangle(
    x: float, y: float, width: float, height: float, fill: str, stroke: str = "none", dash: str = ""
) -> str:
    """Return a rectangle.

    Parameters
    ----------
    x, y : float
        Upper left corner, from the left and the upper edge [pixel].
    width, height : float
        Nought where negative [pixel].
    fill, stroke : str
        Colours.
    dash : str
        Lengths of strokes and gaps; unbroken where empty.

    Returns
    -------
    str
        An SVG element.
    """
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" '
        f'fill="{fill}" stroke="{stroke}"{dashed}/>'
    )


def text(
    x: float, y: float, words: str, *, anchor: str = "middle", size: float = 11.0,
    colour: str = SOFT_INK, bold: bool = False,
) -> str:  # fmt: skip
    """Return a text, escaped.

    Parameters
    ----------
    x, y : float
        Where its base line is anchored, from the left and the upper edge [pixel].
    words : str
        The text, not yet escaped.
    anchor : str
        ``"start"``, ``"middle"`` or ``"end"``.
    size : float
        Of the letters [pixel].
    colour : str
        Of the letters.
    bold : bool
        Whether it stands out.

    Returns
    -------
    str
        An SVG element.
    """
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}" '
        f'fill="{colour}"{weight}>{escape(words)}</text>'
    )


def axis_below(frame: Frame, places: Sequence[float], labels: Sequence[str]) -> list[str]:
    """Return ticks and labels under the chart.

    Parameters
    ----------
    frame : Frame
        The chart.
    places : sequence of float
        Where the ticks are [unit of ``frame.x``].
    labels : sequence of str
        One for each tick.

    Returns
    -------
    list of str
        SVG elements.
    """
    floor = frame.height - frame.bottom
    parts = [line(frame.across(np.array(frame.x)), np.array([floor, floor]), SOFT_INK, 0.8)]
    for place, label in zip(places, labels, strict=True):
        at = float(frame.across(place))
        parts.append(line(np.array([at, at]), np.array([floor, floor + 4]), SOFT_INK, 0.8))
        parts.append(text(at, floor + 16, label))
    return parts


def axis_left(frame: Frame, form: Callable[[float], str], about: int = 3) -> list[str]:
    """Return grid lines and labels at round values up the chart."""
    parts = []
    for value in round_values(*frame.y, about):
        at = float(frame.down(value))
        ends = np.array([frame.left, frame.width - frame.right])
        parts.append(line(ends, np.array([at, at]), GRID, 0.8))
        parts.append(text(frame.left - 6, at + 3.5, form(value), anchor="end"))
    return parts


def round_values(low: float, high: float, about: int) -> list[float]:
    """Return round values between two, ``about`` so many or up to twice as many.

    Parameters
    ----------
    low, high : float
        The ends [any unit].
    about : int
        How many are wanted.

    Returns
    -------
    list of float
        Ascending, in the unit of the ends.
    """
    step = round_length(max(high - low, 1e-300) / about)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def time_ticks(start: float, end: float, about: int = 5) -> tuple[list[float], list[str]]:
    """Return round moments between two [s since 1970], and how they are written.

    Parameters
    ----------
    start, end : float
        The ends [s].
    about : int
        At most so many steps, where the span allows.

    Returns
    -------
    places : list of float
        Seconds since 1970 [s].
    labels : list of str
        In UTC.
    """
    span = max(end - start, 1.0)
    days = [DAY * k for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)]
    step = next((s for s in (*TIME_STEPS, *days) if span / s <= about), days[-1])
    places = [k * step for k in range(math.ceil(start / step), math.floor(end / step) + 1)]
    form = "%H:%M:%S" if step < 60 else "%H:%M" if step < DAY else "%d %b"
    return places, [datetime.fromtimestamp(p, UTC).strftime(form) for p in places]
