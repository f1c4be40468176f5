"""The map of a plan: where sites may be, which flight looks where, and what stays unsearched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from barlovento.domain.geodesy import to_local
from barlovento.domain.sortie import Plan, Ring, Sortie
from barlovento.share import canvas, printed
from barlovento.share.extent import round_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 1300, 1000
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#a6761d", "#7a3fb0", "#c02d4f")
"""Of flights: Okabe and Ito's, and three that stay apart from them."""
UNSEEN = 0.005
"""A cell counts as unsearched below this probability of noticing a site [1]."""


def colour_of(number: int) -> str:
    """Return the colour of a flight by its place in the plan."""
    return COLOURS[number % len(COLOURS)]


def plan_map(
    plan: Plan,
    *,
    caption: str,
    only: Sequence[Sortie] | None = None,
    origin: tuple[float, float],
) -> bytes:
    """Return the map as PNG.

    Parameters
    ----------
    plan : Plan
        All of it is drawn.
    caption : str
        What the signs mean.
    only : sequence of Sortie, optional
        The map shows these flights near; the whole region otherwise.
    origin : tuple of float
        Of the flat frame [degree].
    """
    figure = canvas.new_figure(WIDTH, HEIGHT)
    axes = figure.add_axes((0.01, 0.05, 0.98, 0.89))
    shown = plan.sorties if only is None else only
    outline = [_flat(ring, origin) for ring in plan.area]
    lines = [_line(sortie, origin) for sortie in shown]
    every = np.concatenate(lines if only else [*outline, *lines])
    low, high = every.min(axis=0), every.max(axis=0)
    ratio = (0.98 * WIDTH) / (0.89 * HEIGHT)
    wide, tall = (high - low) / 2
    half = max(float(wide) / ratio, float(tall), 100.0) * 1.12
    middle = (low + high) / 2
    axes.set_xlim(middle[0] - half * ratio, middle[0] + half * ratio)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    axes.set_aspect("equal")
    axes.set_facecolor(canvas.GROUND)
    axes.tick_params(bottom=False, left=False, labelbottom=False, labelleft=False)
    _cells(axes, plan, origin)
    for ring in outline:
        closed = np.vstack([ring, ring[:1]])
        axes.plot(closed[:, 0], closed[:, 1], color=canvas.INK, lw=1.2, zorder=4)
    _flights(axes, plan, shown, origin)
    _scale(axes, half)
    title = plan.title if only is None else f"{plan.title}: {', '.join(s.name for s in shown)}"
    figure.text(
        0.015, 0.985, printed.shortened(title, 90), fontsize=15, fontweight="bold", va="top",
        color=canvas.INK, parse_math=False,
    )  # fmt: skip
    figure.text(
        0.015, 0.02, printed.shortened(caption, 190), fontsize=9, va="bottom",
        color=canvas.SOFT_INK, parse_math=False,
    )  # fmt: skip
    return canvas.png(figure)


def _flat(ring: Ring, origin: tuple[float, float]) -> Any:
    lon, lat = np.array(ring, dtype=float).T
    return np.stack(to_local(lon, lat, origin=origin), axis=1)


def _line(sortie: Sortie, origin: tuple[float, float]) -> Any:
    return _flat(tuple((p.lon, p.lat) for p in sortie.route.waypoints), origin)


def _cells(axes: Axes, plan: Plan, origin: tuple[float, float]) -> None:
    """Draw the prior in greys, and hatch what nothing looks over."""
    from matplotlib.collections import PolyCollection

    if not plan.cells:
        return
    rings = [cell.ring for cell in plan.cells]
    ends = np.cumsum([len(ring) for ring in rings])[:-1]
    corners = _flat(tuple(place for ring in rings for place in ring), origin)
    shapes = np.split(corners, ends)
    prior = np.array([cell.prior for cell in plan.cells])
    top = float(np.quantile(prior, 0.995)) or 1.0
    share = np.clip(prior / top, 0.0, 1.0) ** 0.6
    low, high = np.array([0.985, 0.98, 0.965]), np.array([0.42, 0.40, 0.36])
    colours = low + share[:, None] * (high - low)
    axes.add_collection(PolyCollection(shapes, facecolors=colours, edgecolors="none", zorder=1))
    unseen = [s for s, cell in zip(shapes, plan.cells, strict=True) if cell.detected < UNSEEN]
    if unseen:
        axes.add_collection(
            PolyCollection(
                unseen, facecolors="none", edgecolors="#9aa3ad", hatch="////", lw=0.0, zorder=2
            )
        )


def _flights(axes: Axes, plan: Plan, shown: Sequence[Sortie], origin: tuple[float, float]) -> None:
    from matplotlib.collections import LineCollection

    names = [sortie.name for sortie in plan.sorties]
    for sortie in shown:
        colour = colour_of(names.index(sortie.name))
        places = _line(sortie, origin)
        pieces = np.stack([places[:-1], places[1:]], axis=1)
        legs = np.array(sortie.sensing, dtype=bool)
        axes.add_collection(
            LineCollection(list(pieces[~legs]), colors=colour, lw=0.7, alpha=0.7, zorder=5)
        )
        axes.add_collection(LineCollection(list(pieces[legs]), colors=colour, lw=1.7, zorder=6))
        axes.plot(*places[0], "s", color=canvas.INK, ms=7, mec="white", zorder=8)
        if len(shown) <= 24:
            spot = pieces[legs].mean(axis=(0, 1))
            axes.annotate(
                sortie.name.removeprefix("sortie-"),
                spot,
                fontsize=10,
                fontweight="bold",
                color="white",
                ha="center",
                va="center",
                zorder=9,
                annotation_clip=True,
                bbox={"boxstyle": "round,pad=0.25", "fc": colour, "ec": "white", "lw": 0.8},
            )


def _scale(axes: Axes, half: float) -> None:
    length = round_length(half / 2)
    x0 = axes.get_xlim()[0] + half * 0.06
    y0 = axes.get_ylim()[0] + half * 0.07
    axes.plot([x0, x0 + length], [y0, y0], color=canvas.INK, lw=3, zorder=9)
    words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(x0 + length / 2, y0 + half * 0.025, words, ha="center", fontsize=10, zorder=9)
    top = axes.get_ylim()[1] - half * 0.06
    axes.annotate(
        "N",
        (x0, top),
        (x0, top - half * 0.13),
        ha="center",
        fontsize=11,
        zorder=9,
        arrowprops={"arrowstyle": "-|>", "color": canvas.INK},
    )
