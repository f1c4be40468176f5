"""A picture of what a search believes: where sources may be, what was flown, and the next legs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from barlovento.share import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.float64]
Ring = Sequence[tuple[float, float]]

WIDTH = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefPicture:
    """What is drawn; all places in local metres.

    Parameters
    ----------
    title, subtitle : str
        Above the map.
    x, y : ndarray
        Middles of the cells [m].
    density : ndarray, shape (y, x)
        Of sources [m-2].
    rings : sequence of rings
        The permitted area and its holes [m].
    track : ndarray, shape (n, 3)
        Where readings were taken, and how far they lay above the background, in noises [m], [1].
    legs : sequence of ndarray, shape (k, 2 or more)
        From each drone's place along its next leg [m].
    sources : sequence of (float, float, str)
        Places with a label [m].
    towards : float or None
        Where the wind goes to, anticlockwise from east [rad].
    """

    title: str
    subtitle: str
    x: FloatArray
    y: FloatArray
    density: FloatArray
    rings: Sequence[Ring]
    track: FloatArray
    legs: Sequence[FloatArray]
    sources: Sequence[tuple[float, float, str]]
    towards: float | None


def belief_png(picture: BeliefPicture) -> bytes:
    """Return the map as PNG, 900 pixels wide.

    Parameters
    ----------
    picture : BeliefPicture
        What to draw.
    """
    corners = np.array([p for ring in picture.rings for p in ring] or [(0.0, 0.0)])
    ends = [picture.x[[0, -1]], picture.y[[0, -1]]]
    low = [min(float(corners[:, k].min()), float(ends[k][0])) for k in range(2)]
    high = [max(float(corners[:, k].max()), float(ends[k][1])) for k in range(2)]
    room = 0.04 * max(high[0] - low[0], high[1] - low[1])
    wide, tall = high[0] - low[0] + 2.0 * room, high[1] - low[1] + 2.0 * room
    height = float(np.clip(WIDTH * tall / wide, 420, 1100)) + 90.0
    figure = canvas.new_figure(WIDTH, height)
    axes = figure.add_axes((0.09, 60 / height, 0.88, 1.0 - 150 / height))
    axes.set_xlim(low[0] - room, high[0] + room)
    axes.set_ylim(low[1] - room, high[1] + room)
    axes.set_aspect("equal")
    _belief(axes, picture)
    _flown(axes, picture)
    axes.set_xlabel("east [m]", color=canvas.SOFT_INK)
    axes.set_ylabel("north [m]", color=canvas.SOFT_INK)
    axes.tick_params(colors=canvas.SOFT_INK, labelsize=8)
    handles, _ = axes.get_legend_handles_labels()
    if handles:
        axes.legend(loc="lower right", fontsize=8, framealpha=0.9)
    figure.text(
        0.09, 1 - 22 / height, picture.title[:90], fontsize=13, fontweight="bold",
        color=canvas.INK, va="top", parse_math=False,
    )  # fmt: skip
    figure.text(
        0.09, 1 - 52 / height, picture.subtitle[:130], fontsize=8.5, color=canvas.SOFT_INK,
        va="top", parse_math=False,
    )  # fmt: skip
    return canvas.png(figure)


def _belief(axes: Axes, picture: BeliefPicture) -> None:
    """Draw the density in steps of what it holds, darker where a source is more likely."""
    from matplotlib.colors import LinearSegmentedColormap

    axes.set_facecolor(canvas.GROUND)
    shades = LinearSegmentedColormap.from_list(
        "belief", (canvas.SEARCHED, "#f6d3bd", "#e58d5a", canvas.INFERRED, "#6d2404")
    )
    peak = max(float(picture.density.max()), 1e-300)
    # the square root shows the thin parts of a belief that has a sharp one
    axes.pcolormesh(
        picture.x, picture.y, np.sqrt(picture.density / peak), cmap=shades, vmin=0.0, vmax=1.0,
        shading="nearest", rasterized=True,
    )  # fmt: skip
    for k, ring in enumerate(picture.rings):
        closed = np.array([*ring, ring[0]])
        axes.plot(
            closed[:, 0], closed[:, 1], color=canvas.INK, lw=1.1, ls="-" if k == 0 else "--",
            label="permitted" if k == 0 else None,
        )  # fmt: skip


def _flown(axes: Axes, picture: BeliefPicture) -> None:
    """Draw readings, sources, the wind and what comes next."""
    if len(picture.track):
        shown = np.clip(np.log1p(np.maximum(picture.track[:, 2], 0.0)) / np.log(60.0), 0.0, 1.0)
        order = np.argsort(shown)
        axes.scatter(
            picture.track[order, 0], picture.track[order, 1], c=shown[order], s=7, lw=0,
            cmap=canvas.excess_colours(), vmin=0.0, vmax=1.0, label="readings",
        )  # fmt: skip
    for k, leg in enumerate(picture.legs):
        axes.plot(
            leg[:, 0], leg[:, 1], color=canvas.NEXT, lw=2.2, label="next leg" if k == 0 else None
        )
        axes.annotate(
            "", xy=(float(leg[-1, 0]), float(leg[-1, 1])),
            xytext=(float(leg[-2, 0]), float(leg[-2, 1])),
            arrowprops={"arrowstyle": "-|>", "color": canvas.NEXT, "lw": 2.2},
        )  # fmt: skip
    for x, y, label in picture.sources:
        axes.plot(x, y, "+", ms=13, mew=2.2, color=canvas.INK)
        axes.annotate(
            label, (x, y), xytext=(8, 8), textcoords="offset points", fontsize=8,
            color=canvas.INK, parse_math=False,
        )  # fmt: skip
    if picture.towards is not None:
        c, s = float(np.cos(picture.towards)), float(np.sin(picture.towards))
        axes.annotate(
            "", xy=(0.08 + 0.045 * c, 0.92 + 0.045 * s),
            xytext=(0.08 - 0.045 * c, 0.92 - 0.045 * s),
            xycoords="axes fraction",
            arrowprops={"arrowstyle": "-|>", "color": canvas.SOFT_INK, "lw": 1.8},
        )  # fmt: skip
        axes.text(0.08, 0.84, "wind", transform=axes.transAxes, ha="center", fontsize=8,
                  color=canvas.SOFT_INK)  # fmt: skip
