"""A picture of what each source may be: probabilities, and ratios against the classes' own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from barlovento.domain.emitter import UNEXPLAINED, Classification, RatioBand
from barlovento.share.canvas import GROUND, INFERRED, INK, NEXT, PAPER, SOFT_INK, new_figure, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 6
"""Sources drawn; the rest is in classes.json."""

WIDTH, ROW, HEAD = 1320.0, 30.0, 150.0
BAND = ("#9cc3e0", "#c9cdd3")
SMALLEST, LARGEST = 1e-5, 1e4


def class_png(sources: Sequence[Classification]) -> bytes:
    """Return a picture with one row for each source, up to six.

    Left: the probability of each class; a tick marks what it was before the readings. Right: each
    gas's ratio to the gas found strongest, over the 5-95 % ranges of the two most probable classes.

    Parameters
    ----------
    sources : sequence of Classification
        In the order of the table.

    Returns
    -------
    bytes
        PNG.
    """
    shown = sources[:MOST]
    heights = [HEAD + ROW * max(len(one.probabilities), len(one.ratios), 4) for one in shown]
    figure = new_figure(WIDTH, max(sum(heights), HEAD))
    if not shown:
        figure.text(0.5, 0.5, "No source to classify", ha="center", color=SOFT_INK, fontsize=12)
        return png(figure)
    grid = figure.add_gridspec(
        len(shown), 2, height_ratios=heights, width_ratios=(1.0, 1.35),
        left=0.11, right=0.98, top=1 - 74 / sum(heights), bottom=62 / sum(heights),
        wspace=0.34, hspace=0.42,
    )  # fmt: skip
    for row, one in enumerate(shown):
        _probabilities(figure.add_subplot(grid[row, 0]), one, row + 1)
        _ratios(figure.add_subplot(grid[row, 1]), one)
    return png(figure)


def words(name: str) -> str:
    """Return a class as people write it.

    Parameters
    ----------
    name : str
        As in the table.
    """
    return name.replace("_", " ")


def _probabilities(axes: Axes, one: Classification, number: int) -> None:
    ranked = sorted(one.probabilities.items(), key=lambda pair: pair[1])
    names = [words(name) for name, _ in ranked]
    values = [p for _, p in ranked]
    colours = [
        INFERRED if name == UNEXPLAINED else NEXT if name == one.verdict else SOFT_INK
        for name, _ in ranked
    ]
    places = list(range(len(ranked)))
    axes.barh(places, values, color=colours, height=0.66)
    before = [one.prior.get(name, 0.0) for name, _ in ranked]
    axes.scatter(before, places, marker="|", s=130, color=INK, linewidths=1.2, zorder=3)
    for place, value, prior in zip(places, values, before, strict=True):
        # Right of the tick where that stands close behind the bar's end.
        after = max(value, prior) if prior < value + 0.12 else value
        axes.text(after + 0.015, place, _percent(value), va="center", color=INK, fontsize=8)
    axes.set_yticks(places, names)
    axes.set_xlim(0, 1.12)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100 %"])
    axes.set_title(
        f"Source {number}: {words(one.verdict)}", loc="left", color=INK, fontsize=11, weight="bold"
    )
    axes.set_xlabel("probability ( | before the readings)", color=SOFT_INK, fontsize=8)
    _plain(axes)


def _percent(value: float) -> str:
    if value < 0.005:
        return "< 1 %" if value > 0 else "0 %"
    return f"{100 * value:.0f} %" if value < 0.995 else "> 99 %"


def _ratios(axes: Axes, one: Classification) -> None:
    if not one.ratios:
        axes.text(0.5, 0.5, "no ratio: fewer than two gases", ha="center", color=SOFT_INK)
        axes.set_axis_off()
        return
    best = _best_with_bands(one)
    for place, ratio in enumerate(reversed(one.ratios)):
        for level, name in enumerate(best):
            offset = 0.0 if len(best) == 1 else (0.19, -0.19)[level]
            _band(axes, place + offset, ratio.expected.get(name), BAND[level])
        _found(axes, place, ratio)
    axes.set_xscale("log")
    axes.set_xlim(SMALLEST, LARGEST)
    axes.set_yticks(range(len(one.ratios)), [ratio.species for ratio in reversed(one.ratios)])
    axes.set_ylim(-0.7, len(one.ratios) - 0.3)
    axes.set_xlabel(
        f"mass rate over that of {one.ratios[0].reference} "
        "(dot and 5-95 % found; arrow: below this, not found)",
        color=SOFT_INK,
        fontsize=8,
    )
    from matplotlib.patches import Patch

    if best:
        handles = [
            Patch(color=BAND[level], label=f"{words(name)}, 5-95 %")
            for level, name in enumerate(best)
        ]
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False,
            fontsize=8, borderaxespad=0.2,
        )  # fmt: skip
    else:
        axes.set_title(
            f"no class names {one.ratios[0].reference}", loc="left", color=SOFT_INK, fontsize=9
        )
    _plain(axes)


def _best_with_bands(one: Classification) -> list[str]:
    """Return the two most probable classes that expect the reference gas at all."""
    expecting = set(one.ratios[0].expected)
    ranked = sorted(one.probabilities.items(), key=lambda pair: -pair[1])
    return [name for name, _ in ranked if name in expecting][: len(BAND)]


def _band(axes: Axes, place: float, band: tuple[float, float] | None, colour: str) -> None:
    if band is None:
        return
    low, high = max(band[0], SMALLEST), min(band[1], LARGEST)
    axes.barh(place, high - low, left=low, height=0.36, color=colour)


def _found(axes: Axes, place: int, ratio: RatioBand) -> None:
    low, middle, high = (min(max(value, SMALLEST), LARGEST) for value in ratio.found)
    if ratio.censored:
        axes.annotate(
            "", xy=(high / 6, place), xytext=(high, place),
            arrowprops={"arrowstyle": "-|>", "color": SOFT_INK, "linewidth": 1.2},
        )  # fmt: skip
        axes.plot([high, high], [place - 0.2, place + 0.2], color=SOFT_INK, linewidth=1.4)
        return
    axes.plot([low, high], [place, place], color=INK, linewidth=1.8)
    axes.plot([middle], [place], "o", color=INK, markersize=5)


def _plain(axes: Axes) -> None:
    axes.set_facecolor(PAPER)
    axes.tick_params(labelsize=8, colors=INK, length=3)
    axes.grid(axis="x", color=GROUND, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
