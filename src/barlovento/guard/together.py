"""What several volumes hold only together: each stretch of time and layer of heights by itself."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from barlovento.guard.cover import ROUNDING, Bounded, Sheet
from barlovento.guard.drawing import BoolArray, Patches
from barlovento.guard.geometry import FloatArray
from barlovento.guard.path import Pieces


@dataclass(frozen=True, slots=True)
class _Range:
    """A stretch between two edges, or an edge itself, and which pieces reach into it."""

    low: float
    high: float
    rows: BoolArray


def lacks_together(
    sheet: Sheet,
    pieces: Pieces,
    patches: Patches,
    consents: Sequence[Bounded],
    within: Bounded | None = None,
) -> tuple[BoolArray, set[int]]:
    """Return which pieces, with all that surrounds them, some consents don't hold together.

    Parameters
    ----------
    sheet : Sheet
        Where they are drawn.
    pieces, patches : Pieces, Patches
        The same ones.
    consents : sequence of Bounded
        Those whose heights can't be compared hold nothing.
    within : Bounded, optional
        A zone, outside of which nothing is asked for; every piece meets it.

    Returns
    -------
    lacks : ndarray of bool, shape (n,)
        By piece.
    used : set of int
        Places in ``consents`` of those that were asked.
    """
    usable = [(k, consent) for k, consent in enumerate(consents) if consent.comparable]
    moments = {edge for _, c in usable for span in c.spans for edge in span}
    levels = {edge for _, c in usable for edge in (c.low, c.high)}
    lacks = np.zeros(len(pieces), dtype=bool)
    seen = np.zeros(len(pieces), dtype=bool)
    used: set[int] = set()
    height = pieces.height
    if within is not None and within.comparable:
        height = np.clip(height, within.low, within.high)
    for first, last in within.spans if within is not None else ((-math.inf, math.inf),):
        asked = (pieces.time[:, 0] <= last) & (pieces.time[:, 1] >= first)
        time = np.clip(pieces.time, first, last)
        for when in _ranges(time, moments):
            for level in _ranges(height, levels):
                rows = np.flatnonzero(asked & when.rows & level.rows & ~lacks)
                if not len(rows):
                    continue
                seen[rows] = True
                held = [(k, c) for k, c in usable if _holds(c, when, level)]
                used.update(k for k, _ in held)
                volumes = [c for _, c in held]
                lacks[rows] = sheet.lacks(volumes, within, patches, rows)
    # A piece that fell between all stretches was looked at by nobody.
    return lacks | ~seen, used


def _holds(consent: Bounded, when: _Range, level: _Range) -> bool:
    """Return whether a consent applies in all of a stretch and layer."""
    if consent.low - ROUNDING > level.low or level.high > consent.high + ROUNDING:
        return False
    return any(a - ROUNDING <= when.low and when.high <= b + ROUNDING for a, b in consent.spans)


def _ranges(spans: FloatArray, edges: Collection[float]) -> Iterator[_Range]:
    """Yield the stretches between edges, and those edges on which a piece lies wholly.

    A piece that only touches an edge does not reach beyond it.
    """
    low, high = spans[:, 0], spans[:, 1]
    inside = sorted({edge for edge in edges if math.isfinite(edge)})
    for a, b in pairwise([-math.inf, *inside, math.inf]):
        rows = (high > a + ROUNDING) & (low < b - ROUNDING)
        if rows.any():
            yield _Range(max(a, float(low[rows].min())), min(b, float(high[rows].max())), rows)
    for edge in inside:
        rows = (high <= edge + ROUNDING) & (low >= edge - ROUNDING)
        if rows.any():
            yield _Range(edge, edge, rows)
