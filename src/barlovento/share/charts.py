"""The report's histograms: how many sources, and how strong each is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.source import Posterior
from barlovento.share import printed, svg, words
from barlovento.share.canvas import INFERRED, INK

FloatArray = NDArray[np.float64]

PRIOR = "#7b8794"
INFERRED_FILL = "#f2b27a"
BINS = 36


def count_chart(posterior: Posterior) -> str:
    """Return bars of the probability of each number of sources, before and after the readings."""
    after = np.array(posterior.number_of_sources)
    before = np.zeros_like(after)
    known = min(after.size, len(posterior.prior.number))
    before[:known] = posterior.prior.number[:known]
    frame = svg.Frame(width=460, height=230, x=(-0.6, after.size - 0.4), y=(0.0, 1.08), top=16)
    numbers = [float(n) for n in range(after.size)]
    parts = [
        *svg.axis_left(frame, lambda value: f"{100 * value:.0f} %", 4),
        *svg.axis_below(frame, numbers, [str(n) for n in range(after.size)]),
    ]
    for number in range(after.size):
        left, right = (float(frame.across(number + side)) for side in (-0.32, 0.32))
        floor = float(frame.down(0.0))
        top = float(frame.down(after[number]))
        parts.append(svg.rectangle(left, top, right - left, floor - top, INFERRED))
        prior_top = float(frame.down(before[number]))
        # Off the dashed line, where the two come close.
        above = min(top, prior_top) - 5 if top - 18 < prior_top < top + 2 else top - 5
        parts.append(
            svg.text(
                (left + right) / 2, above, printed.percent(after[number]), colour=INK, bold=True
            )
        )
        ends = np.array([left - 6, right + 6])
        parts.append(svg.line(ends, np.array([prior_top, prior_top]), PRIOR, 2.2, "5 3"))
    title = "Probability of each number of sources: " + "; ".join(
        f"{number}: {printed.percent(p)}" for number, p in enumerate(after)
    )
    return svg.chart(frame, title, parts)


def rate_chart(posterior: Posterior, index: int) -> str:
    """Return the histogram of one source's emission rate on a log axis, with its prior.

    Parameters
    ----------
    posterior : Posterior
        Holds the draws.
    index : int
        Place of the source in the list.
    """
    source = posterior.sources[index]
    rates = source.samples[:, 3]
    logs = np.log10(rates[np.isfinite(rates) & (rates > 0)])
    low, high = float(np.quantile(logs, 0.001)), float(np.quantile(logs, 0.999))
    middle, half = (low + high) / 2, max((high - low) / 2 * 1.15, 0.35)
    frame = svg.Frame(
        width=460, height=210, left=14, x=(middle - half, middle + half), y=(0.0, 1.12), top=8,
        bottom=40,
    )  # fmt: skip
    counts, edges = np.histogram(logs, bins=BINS, range=frame.x)
    share = counts / max(int(counts.max()), 1)
    parts = []
    floor = float(frame.down(0.0))
    for height, left, right in zip(share, edges[:-1], edges[1:], strict=True):
        if height:
            a, b, top = (
                float(v) for v in (*frame.across(np.array([left, right])), frame.down(height))
            )
            inside = (
                source.emission_rate[0] <= 10 ** ((left + right) / 2) <= source.emission_rate[2]
            )
            fill = INFERRED if inside else INFERRED_FILL
            parts.append(svg.rectangle(a + 0.5, top, b - a - 1, floor - top, fill))
    parts.append(_prior_line(posterior, frame, counts.sum() / max(int(counts.max()), 1)))
    places, labels = _rate_ticks(frame.x)
    parts += svg.axis_below(frame, places, labels)
    parts.append(svg.text(frame.width / 2, frame.height - 5, "emission rate, kg/h"))
    low_rate, _, high_rate = source.emission_rate
    title = (
        f"Histogram of the emission rate of source {words.label(index)}: 90 % of it lies between "
        f"{printed.between(low_rate, high_rate)}"
    )
    return svg.chart(frame, title, parts)


def _prior_line(posterior: Posterior, frame: svg.Frame, scale: float) -> str:
    """Return the prior in the histogram's own scale."""
    spread = math.log10(posterior.prior.rate_gsd)
    at = np.linspace(*frame.x, 80)
    off = (at - math.log10(posterior.prior.rate_median)) / spread
    density = np.exp(-0.5 * off**2) / (spread * math.sqrt(2 * math.pi))
    bin_width = (frame.x[1] - frame.x[0]) / BINS
    height = np.minimum(density * bin_width * scale, frame.y[1])
    return svg.line(frame.across(at), frame.down(height), PRIOR, 2.0, "5 3")


def _rate_ticks(logs: tuple[float, float]) -> tuple[list[float], list[str]]:
    """Return ticks at round values of kg/h, thinned where they would crowd."""
    offset = math.log10(3600.0)
    low, high = logs[0] + offset, logs[1] + offset
    steps: tuple[float, ...] = (1, 2, 5) if high - low < 2.2 else (1,)
    if high - low < 1.0:
        steps = (1, 1.5, 2, 3, 4, 5, 7)
    places, labels = [], []
    for power in range(math.floor(low), math.ceil(high) + 1):
        for step in steps:
            value = step * 10.0**power
            if low <= math.log10(value) <= high:
                places.append(math.log10(value) - offset)
                labels.append(f"{value:g}")
    return places, labels
