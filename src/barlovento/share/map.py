"""``map.png``: readings, wind, posterior density, 90 % regions and where to measure next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Survey
from barlovento.domain.source import Posterior
from barlovento.share import canvas, printed, words
from barlovento.share.density import density
from barlovento.share.excess import Drawn, drawn_readings, peak_for_colours
from barlovento.share.extent import Extent, degree_ticks, map_extent, round_length
from barlovento.share.labels import Labels, polygons
from barlovento.share.panel import draw_panel, panel_height

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.float64]

WIDTH = 1200
PANEL = 290
MARGIN = 84
TOP = 84
BOTTOM = 58
CHIP = (66, 22)
"""Size of a source's label [pixel]."""


def map_png(surveys: Sequence[Survey], posterior: Posterior) -> bytes:
    """Return the map as PNG, 1200 pixels wide.

    Parameters
    ----------
    surveys : sequence of Survey
        What was inferred together, in one frame.
    posterior : Posterior
        The answer.
    """
    drawn = drawn_readings(surveys, posterior)
    extent = map_extent(surveys, posterior)
    width = WIDTH - PANEL - MARGIN - 20
    # Very long or high areas are padded and not squeezed: a metre is a metre both ways.
    height = float(np.clip(width * extent.height / extent.width, 0.6 * width, 1.15 * width))
    height = max(height, panel_height(posterior, drawn) - TOP - BOTTOM)
    extent = extent.padded_to(width / height)
    total = height + TOP + BOTTOM
    figure = canvas.new_figure(WIDTH, total)
    axes = figure.add_axes((MARGIN / WIDTH, BOTTOM / total, width / WIDTH, height / total))
    _ground(axes, extent, posterior)
    _density(axes, posterior)
    norm = _readings(axes, drawn)
    _regions(axes, posterior, extent, drawn, width)
    _advised(axes, posterior)
    _furniture(axes, extent, drawn, posterior)
    _ticks(axes, surveys[0], extent)
    figure.text(
        MARGIN / WIDTH,
        1 - 20 / total,
        printed.shortened(words.titles(surveys), 80),
        fontsize=15,
        fontweight="bold",
        color=canvas.INK,
        va="top",
        parse_math=False,
    )
    figure.text(
        MARGIN / WIDTH,
        1 - 50 / total,
        printed.shortened(f"{words.answer(posterior).headline}  {words.measured(surveys)}", 140),
        fontsize=9,
        color=canvas.SOFT_INK,
        va="top",
        parse_math=False,
    )
    left = (WIDTH - PANEL + 4) / WIDTH
    draw_panel(figure, left, total, surveys, posterior, drawn, norm)
    return canvas.png(figure)


def _ground(axes: Axes, extent: Extent, posterior: Posterior) -> None:
    from matplotlib.patches import Rectangle

    axes.set_xlim(extent.x)
    axes.set_ylim(extent.y)
    axes.set_aspect("equal")
    axes.set_facecolor(canvas.GROUND)
    (x0, x1), (y0, y1) = posterior.prior.x, posterior.prior.y
    axes.add_patch(
        Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor=canvas.SEARCHED, edgecolor="none", zorder=1)
    )
    axes.add_patch(
        Rectangle(
            (x0, y0),
            x1 - x0,
            y1 - y0,
            fill=False,
            edgecolor=canvas.SOFT_INK,
            linewidth=1.1,
            linestyle=(0, (5, 3)),
            zorder=3,
        )
    )


def _density(axes: Axes, posterior: Posterior) -> None:
    from matplotlib.colors import to_rgb

    found = density(posterior)
    if found is None:
        return
    share, box = found
    image = np.empty((*share.shape, 4))
    image[..., :3] = to_rgb("#f08a24")
    # The root brings out thin tails, which carry much of a region's area; an answer that is spread
    # over the whole box stays pale.
    sharpness = float(np.log10(1.0 / max(float(share.mean()), 1e-9)))
    image[..., 3] = min(0.3 + 0.4 * sharpness, 0.9) * np.sqrt(share)
    axes.imshow(
        image, extent=box, origin="lower", interpolation="bilinear", aspect="equal", zorder=2
    )


def _readings(axes: Axes, drawn: Drawn) -> Any:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import PowerNorm

    norm = PowerNorm(0.6, 0.0, peak_for_colours(drawn), clip=True)
    colours = canvas.excess_colours()
    path = np.isfinite(drawn.x2)
    seen = ~path & ~drawn.censored
    if path.any():
        ends = np.stack(
            [np.column_stack([drawn.x, drawn.y]), np.column_stack([drawn.x2, drawn.y2])], axis=1
        )[path]
        # Many readings of one path lie over one another: the last, the peak, is what is seen.
        lines = {tuple(line.ravel()): i for i, line in enumerate(ends)}
        keep = sorted(lines.values())
        shade = colours(norm(drawn.excess[path][keep]))
        axes.add_collection(
            LineCollection(list(ends[keep]), colors="white", linewidths=5.0, zorder=4),
            autolim=False,
        )
        axes.add_collection(
            LineCollection(list(ends[keep]), colors=shade, linewidths=3.0, zorder=5),
            autolim=False,
        )
    points = ~path & drawn.censored
    axes.scatter(
        drawn.x[points],
        drawn.y[points],
        s=9,
        facecolors="none",
        edgecolors=canvas.NON_DETECT,
        linewidths=0.7,
        zorder=4,
    )
    size = 14 + 46 * np.asarray(norm(drawn.excess[seen]))
    axes.scatter(
        drawn.x[seen],
        drawn.y[seen],
        s=size,
        c=drawn.excess[seen],
        cmap=colours,
        norm=norm,
        edgecolors="white",
        linewidths=0.35,
        zorder=6,
    )
    doubted = ~path & ~drawn.trusted
    axes.scatter(
        drawn.x[doubted], drawn.y[doubted], s=26, c=canvas.INK, marker="x", linewidths=0.8, zorder=7
    )
    return norm


def _regions(axes: Axes, posterior: Posterior, extent: Extent, drawn: Drawn, width: float) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    metre = extent.width / width
    obstacles = np.concatenate(
        [np.column_stack([drawn.x, drawn.y])[drawn.excess > 0], posterior.advice_places]
    )
    labels = Labels(extent, (CHIP[0] * metre, CHIP[1] * metre), obstacles)
    for index, source in enumerate(posterior.sources):
        parts = polygons(source.region90)
        outline = Path.make_compound_path(
            *[Path(ring, closed=True) for polygon in parts for ring in polygon]
        )
        for colour, line in (("white", 4.4), (canvas.INFERRED, 2.2)):
            axes.add_patch(
                PathPatch(outline, fill=False, edgecolor=colour, linewidth=line, zorder=8)
            )
        ring = parts[0][0]
        centre = labels.place(ring)
        nearest = ring[np.argmin(np.hypot(*(ring - centre).T))]
        axes.plot(
            [nearest[0], centre[0]], [nearest[1], centre[1]], color=canvas.INFERRED, linewidth=1.2,
            zorder=8.5,
        )  # fmt: skip
        axes.text(
            centre[0], centre[1], f"{words.label(index)} · {printed.percent(source.probability)}",
            fontsize=10, color="white", fontweight="bold", ha="center", va="center_baseline",
            zorder=10, bbox={"boxstyle": "round,pad=0.35", "facecolor": canvas.INFERRED,
                             "edgecolor": "white", "linewidth": 1.0},
        )  # fmt: skip


def _advised(axes: Axes, posterior: Posterior) -> None:
    for index, (x, y) in enumerate(posterior.advice_places):
        axes.plot(
            x,
            y,
            marker="D",
            markersize=11,
            markerfacecolor="white",
            markeredgecolor=canvas.NEXT,
            markeredgewidth=2.2,
            zorder=9,
        )
        axes.text(
            x,
            y,
            str(index + 1),
            color=canvas.NEXT,
            fontsize=7.5,
            fontweight="bold",
            ha="center",
            va="center_baseline",
            zorder=9.5,
        )


def _furniture(axes: Axes, extent: Extent, drawn: Drawn, posterior: Posterior) -> None:
    """Draw scale bar and north arrow in the corner where they hide least."""
    from matplotlib.patches import FancyBboxPatch, Polygon

    unit = extent.width / 100
    length = round_length(15 * unit)
    wide, tall = length + 9 * unit, 8.5 * unit
    shown = [np.column_stack([drawn.x, drawn.y]), np.column_stack([drawn.x2, drawn.y2])]
    shown += [ring for source in posterior.sources for ring in polygons(source.region90)[0]]
    x, y = extent.emptiest_corner(np.concatenate([*shown, posterior.advice_places]), wide, tall)
    axes.add_patch(
        FancyBboxPatch(
            (x, y), wide, tall, boxstyle=f"round,pad=0,rounding_size={unit}", facecolor="white",
            edgecolor="#c9ced4", linewidth=0.8, alpha=0.93, zorder=11,
        )
    )  # fmt: skip
    start, level = x + 6.8 * unit, y + 2.2 * unit
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.plot(
        [start, start + length], [level, level], color=canvas.INK, linewidth=3.4,
        solid_capstyle="butt", zorder=12,
    )  # fmt: skip
    axes.text(
        start + length / 2, level + 1.1 * unit, text, ha="center", va="bottom", fontsize=9.5,
        color=canvas.INK, zorder=12,
    )  # fmt: skip
    tip, half, reach = (x + 3.4 * unit, y + 5.9 * unit), 1.15 * unit, 4.8 * unit
    for side, colour in ((-1, canvas.INK), (1, "white")):
        corners = [
            tip, (tip[0] + side * half, tip[1] - reach), (tip[0], tip[1] - 0.75 * reach)
        ]  # fmt: skip
        axes.add_patch(
            Polygon(corners, facecolor=colour, edgecolor=canvas.INK, linewidth=0.9, zorder=12)
        )
    axes.text(
        tip[0], tip[1] + 0.3 * unit, "N", ha="center", va="bottom", fontsize=9.5,
        fontweight="bold", color=canvas.INK, zorder=12,
    )  # fmt: skip


def _ticks(axes: Axes, survey: Survey, extent: Extent) -> None:
    axes.tick_params(labelsize=8.5, colors=canvas.SOFT_INK, length=3)
    for spine in axes.spines.values():
        spine.set_color(canvas.SOFT_INK)
        spine.set_linewidth(0.8)
    if not survey.frame.geographic:
        axes.set_xlabel("metres east", fontsize=9, color=canvas.SOFT_INK)
        axes.set_ylabel("metres north", fontsize=9, color=canvas.SOFT_INK)
        return
    for axis, (places, texts), name in zip(
        (axes.xaxis, axes.yaxis),
        degree_ticks(survey.frame, extent),
        ("longitude", "latitude"),
        strict=True,
    ):
        axis.set_ticks(list(places), labels=list(texts))
        for text in axis.get_ticklabels() if name == "latitude" else ():
            text.set(rotation=90, verticalalignment="center")
        axis.set_label_text(name, fontsize=9, color=canvas.SOFT_INK)
