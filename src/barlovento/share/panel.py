"""The column beside the map: wind rose, colour bar and the meaning of each sign."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Survey
from barlovento.domain.source import Posterior
from barlovento.share import canvas, printed, words
from barlovento.share.excess import Drawn
from barlovento.share.extent import round_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]

WIDTH = 1200
COLUMN = 250
SECTORS = 16
ROSE = 196
MOST_LISTED = 4
SOURCE_STEP = 46
TITLE = 88
KEY_TOP = TITLE + ROSE + 6 + 158
"""Where the key begins, below the top of the figure [pixel]."""


def draw_panel(
    figure: Figure,
    left: float,
    total: float,
    surveys: Sequence[Survey],
    posterior: Posterior,
    drawn: Drawn,
    norm: Any,
) -> None:
    """Draw the column.

    Parameters
    ----------
    figure : Figure
        Of the map.
    left : float
        Left edge as a share of the figure's width [1].
    total : float
        Height of the figure [pixel].
    surveys : sequence of Survey
        For the wind.
    posterior : Posterior
        For what was found.
    drawn : Drawn
        For the signs in use.
    norm : Normalize
        Of the excess, as drawn.
    """
    top = total - TITLE
    axes = figure.add_axes(
        (left + 22 / WIDTH, (top - ROSE) / total, ROSE / WIDTH, ROSE / total), frameon=False
    )
    edges = _rose(axes, surveys)
    under = top - ROSE - 6
    figure.text(
        left + 120 / WIDTH, under / total, wind_sentence(surveys), fontsize=9.5,
        color=canvas.INK, ha="center", va="top", linespacing=1.35,
    )  # fmt: skip
    _speeds(figure, left, total, under - 50, edges)
    _bar(figure, left, total, under - 96, drawn, norm)
    key_top = total - KEY_TOP
    room = 40
    rows = key_rows(posterior, drawn)
    key = figure.add_axes((left, room / total, COLUMN / WIDTH, (key_top - room) / total))
    key.set_axis_off()
    key.legend(
        [sign for sign, _ in rows], [text for _, text in rows], loc="upper left",
        bbox_to_anchor=(-0.01, 1.0), frameon=False, fontsize=9, labelcolor=canvas.INK,
        handlelength=1.8, labelspacing=0.75, borderpad=0, borderaxespad=0,
    )  # fmt: skip
    _found(figure, left, total, key_top - _key_height(rows), posterior)


def panel_height(posterior: Posterior, drawn: Drawn) -> float:
    """Return how high the column is with all that stands in it [pixel]."""
    listed = min(len(posterior.sources), MOST_LISTED) * SOURCE_STEP
    return KEY_TOP + _key_height(key_rows(posterior, drawn)) + listed + 12


def _key_height(rows: Sequence[tuple[Any, str]]) -> float:
    lines = sum(text.count("\n") + 1 for _, text in rows)
    return 11 * len(rows) + 14.5 * lines + 22


def _found(figure: Figure, left: float, total: float, top: float, posterior: Posterior) -> None:
    """List the first sources with their rates."""
    for index, source in enumerate(posterior.sources[:MOST_LISTED]):
        y = top - SOURCE_STEP * index
        low, median, high = source.emission_rate
        figure.text(
            left + 8 / WIDTH, y / total, words.label(index), fontsize=10, color="white",
            fontweight="bold", va="top",
            bbox={"boxstyle": "round,pad=0.3", "facecolor": canvas.INFERRED, "edgecolor": "none"},
        )  # fmt: skip
        figure.text(
            left + 32 / WIDTH, (y + 4) / total,
            f"{printed.kg_per_hour(median)} ({printed.between(low, high)})\n"
            f"within {printed.area(source.region90_area)}",
            fontsize=9, color=canvas.INK, va="top", linespacing=1.35,
        )  # fmt: skip


def wind_sentence(surveys: Sequence[Survey]) -> str:
    """Return mean direction and speed, and the range of the speed, in words."""
    speed, direction = _wind(surveys)
    if not speed.size:
        return "No wind record"
    east, north = _mean_from(speed, direction)
    mean = math.degrees(math.atan2(east, north)) % 360
    low, middle, high = np.quantile(speed, [0.05, 0.5, 0.95])
    spread = f"{low:.1f} to {high:.1f} m/s" if speed.size > 1 else "one record"
    return f"Wind from {printed.compass(mean)} ({mean:.0f}°)\n{middle:.1f} m/s ({spread})"


def _wind(surveys: Sequence[Survey]) -> tuple[FloatArray, FloatArray]:
    speed = np.concatenate([survey.meteorology.wind_speed for survey in surveys])
    direction = np.concatenate([survey.meteorology.wind_from_direction for survey in surveys])
    known = np.isfinite(speed) & np.isfinite(direction)
    return speed[known], direction[known]


def _mean_from(speed: FloatArray, direction: FloatArray) -> tuple[float, float]:
    angle = np.radians(direction)
    return float(np.mean(speed * np.sin(angle))), float(np.mean(speed * np.cos(angle)))


def _rose(axes: Axes, surveys: Sequence[Survey]) -> list[float]:
    """Draw petals that point to where the wind came from; return the edges of speed bands."""
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Circle

    axes.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), xticks=[], yticks=[])
    for radius in (0.5, 1.0):
        axes.add_patch(Circle((0, 0), radius, fill=False, edgecolor="#d5d9de", linewidth=0.8))
    for name, x, y in (("N", 0, 1), ("E", 1, 0), ("S", 0, -1), ("W", -1, 0)):
        axes.text(
            1.14 * x, 1.14 * y, name, ha="center", va="center_baseline", fontsize=9,
            color=canvas.SOFT_INK, fontweight="bold" if name == "N" else "normal",
        )  # fmt: skip
    speed, direction = _wind(surveys)
    if not speed.size:
        return []
    edges = speed_edges(speed)
    sector = np.round(direction / (360 / SECTORS)).astype(int) % SECTORS
    band = np.digitize(speed, edges)
    counts = np.zeros((SECTORS, len(edges) + 1))
    np.add.at(counts, (sector, band), 1.0)
    # Area, not radius, carries the share: a long petal doesn't shout.
    reach = np.sqrt(np.cumsum(counts, axis=1) / counts.sum(axis=1).max())
    half = math.radians(0.42 * 360 / SECTORS)
    for index in range(counts.shape[1]):
        petals = []
        for number in np.flatnonzero(counts[:, index]):
            inner = reach[number, index - 1] if index else 0.0
            angle = math.radians(number * 360 / SECTORS) + np.linspace(-half, half, 7)
            out = np.column_stack([np.sin(angle), np.cos(angle)])
            petals.append(np.vstack([inner * out, reach[number, index] * out[::-1]]))
        axes.add_collection(
            PolyCollection(
                petals, facecolors=canvas.SPEEDS[index], edgecolors="white", linewidths=0.5
            ),
            autolim=False,
        )
    east, north = _mean_from(speed, direction)
    length = max(math.hypot(east, north), 1e-9)
    axes.annotate(
        "",
        xy=(-1.0 * east / length, -1.0 * north / length),
        xytext=(0.0, 0.0),
        arrowprops={"arrowstyle": "-|>,head_width=0.32,head_length=0.6", "color": canvas.INK,
                    "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    return edges


def speed_edges(speed: FloatArray) -> list[float]:
    """Return three round speeds that part the record into bands [m s-1].

    Parameters
    ----------
    speed : ndarray, shape (n,)
        Wind speeds of the record [m s-1].

    Returns
    -------
    list of float
        Ascending [m s-1].
    """
    top = float(np.quantile(speed, 0.95))
    step = next((step for step in (0.5, 1.0, 2.0, 3.0, 5.0) if 4 * step >= top), 8.0)
    return [step, 2 * step, 3 * step]


def _speeds(figure: Figure, left: float, total: float, top: float, edges: Sequence[float]) -> None:
    """Draw what the colours of the rose mean."""
    from matplotlib.patches import Rectangle

    if not edges:
        return
    texts = [
        f"< {edges[0]:g}",
        *(f"{low:g}-{high:g}" for low, high in itertools.pairwise(edges)),
        f"> {edges[-1]:g} m/s",
    ]
    for index, (text, at) in enumerate(zip(texts, (10, 62, 116, 174), strict=True)):
        figure.patches.append(
            Rectangle(
                (left + at / WIDTH, (top - 10) / total), 10 / WIDTH, 10 / total,
                facecolor=canvas.SPEEDS[index], transform=figure.transFigure, figure=figure,
            )
        )  # fmt: skip
        figure.text(
            left + (at + 14) / WIDTH, (top - 5) / total, text, fontsize=8, va="center_baseline",
            color=canvas.SOFT_INK,
        )  # fmt: skip


def _bar(figure: Figure, left: float, total: float, top: float, drawn: Drawn, norm: Any) -> None:
    from matplotlib.cm import ScalarMappable

    axes = figure.add_axes((left + 4 / WIDTH, (top - 34) / total, 230 / WIDTH, 13 / total))
    bar = figure.colorbar(
        ScalarMappable(norm, canvas.excess_colours()), cax=axes, orientation="horizontal"
    )
    bar.outline.set_visible(False)
    axes.tick_params(labelsize=8, colors=canvas.SOFT_INK, length=2)
    ticks = bar_ticks(float(norm.vmax))
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    axes.set_title(
        f"Above background, {printed.units(drawn.units)}",
        fontsize=9, loc="left", color=canvas.INK, pad=6,
    )  # fmt: skip


def bar_ticks(top: float) -> list[float]:
    """Return nought and round values up to ``top``, apart enough on the bent scale.

    Parameters
    ----------
    top : float
        Upper end of the colour bar, positive [unit of the bar].

    Returns
    -------
    list of float
        Ascending, in the unit of the bar.
    """
    step = round_length(top / 2)
    return [0.0, step / 5, step] if 2 * step > top else [0.0, step / 2, step, 2 * step]


def key_rows(posterior: Posterior, drawn: Drawn) -> list[tuple[Any, str]]:
    """Return the signs that are on this map, and their meaning."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    path = np.isfinite(drawn.x2)
    rows: list[tuple[Any, str]] = []
    blue = canvas.EXCESS[3]

    def dot(**style: Any) -> Line2D:
        return Line2D([], [], linestyle="none", **style)

    if (~path & ~drawn.censored).any():
        rows.append((dot(marker="o", color=blue, markersize=6), "reading (peaks on top)"))
    if (~path & drawn.censored).any():
        rows.append(
            (
                dot(marker="o", markerfacecolor="none", color=canvas.NON_DETECT, markersize=4),
                "below the detection limit",
            )
        )
    if path.any():
        rows.append((Line2D([], [], color=blue, linewidth=3), "reading along a path (peak)"))
    if (~drawn.trusted).any():
        rows.append((dot(marker="x", color=canvas.INK, markersize=5), "sensor not trusted"))
    rows.append((Patch(facecolor="#f7b877"), "density of possible places"))
    if posterior.sources:
        rows.append(
            (
                Patch(facecolor="none", edgecolor=canvas.INFERRED, linewidth=2),
                "region that holds the source\nwith 90 % probability",
            )
        )
    if len(posterior.advice_places):
        rows.append(
            (
                dot(
                    marker="D", markerfacecolor="white", markeredgecolor=canvas.NEXT,
                    markeredgewidth=2, markersize=8,
                ),
                "measure here next",
            )
        )  # fmt: skip
    box = Line2D([], [], color=canvas.SOFT_INK, linewidth=1.1, linestyle=(0, (5, 3)))
    rows.append((box, "area searched"))
    return rows
