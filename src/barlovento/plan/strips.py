"""Parallel lines over an area, gathered into strips that can be flown without a gap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SMALLEST = 0.02
"""Corners that a swath's middle misses are left out below this share of its width squared [1]."""
MODES = 8
"""To and fro from each of four corners, or out and back from each of them."""
SHORTEST = 1.0
"""Pieces of lines shorter than this are left out when they lie beside others [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Lines one above the other, each wholly beside the next.

    Parameters
    ----------
    lines : ndarray
        Left end, right end and height of each, from low to high, shape (n, 3) [m].
    """

    lines: FloatArray

    def flown(self, mode: int) -> list[FloatArray]:
        """Return start and end of each line in the order of a mode, each of shape (2, 2) [m].

        Parameters
        ----------
        mode : int
            Bit 0 begins at the top, bit 1 at the right, bit 2 flies every second line on the way
            out and the others on the way back.
        """
        order = np.arange(len(self.lines))[:: -1 if mode & 1 else 1]
        if mode & 4:
            order = np.concatenate([order[::2], order[1::2][::-1]])
        left = not mode & 2
        found = []
        for row in self.lines[order]:
            ends = np.array([[row[0], row[2]], [row[1], row[2]]])
            found.append(ends if left else ends[::-1])
            left = not left
        return found


def cut(area: Any, *, spacing: float, inset: float) -> tuple[list[Strip], float]:
    """Return the strips of an area whose legs lie along x, and how far these are apart.

    Parameters
    ----------
    area : shapely Polygon or MultiPolygon
        [m].
    spacing : float
        Greatest distance between legs [m].
    inset : float
        How far legs end before the edge [m].
    """
    low, high = float(area.bounds[1]), float(area.bounds[3])
    number = max(1, math.ceil((high - low) / spacing - 1e-9))
    step = (high - low) / number
    rows = [_pieces(area, low + (k + 0.5) * step, step, inset) for k in range(number)]
    strips: list[list[FloatArray]] = []
    open_strips: list[int] = []
    before: list[FloatArray] = []
    for row in rows:
        now: list[int] = []
        for piece in row:
            below = [j for j, other in enumerate(before) if _beside(piece, other)]
            alone = len(below) == 1 and sum(_beside(before[below[0]], other) for other in row) == 1
            if alone:
                strips[open_strips[below[0]]].append(piece)
                now.append(open_strips[below[0]])
            else:
                strips.append([piece])
                now.append(len(strips) - 1)
        before, open_strips = row, now
    return [Strip(lines=np.array(strip)) for strip in strips], step


def _pieces(area: Any, height: float, step: float, inset: float) -> list[FloatArray]:
    """Return where a swath meets the area, from left to right: left, right, height."""
    import shapely

    west, _, east, _ = area.bounds
    band = shapely.box(west - 1, height - step / 2, east + 1, height + step / 2)
    parts = [part for part in shapely.get_parts(area.intersection(band)) if part.area > 0]
    spans = [span for part in parts for span in _spans(part, height)]
    if not spans or any(not _spans(part, height) for part in parts):
        # What the middle of the swath misses is crossed at its own height.
        for part in parts:
            small = spans and part.area < SMALLEST * step * step
            if not _spans(part, height) and not small:
                _, low, _, high = part.bounds
                spans += _spans(part, (low + high) / 2) or [(*part.bounds[::2], (low + high) / 2)]
    found = []
    for left, right, level in sorted(spans):
        if right - left < SHORTEST and len(spans) > 1:
            continue
        middle = (left + right) / 2
        found.append(np.array([min(left + inset, middle), max(right - inset, middle), level]))
    return found


def _spans(area: Any, height: float) -> list[tuple[float, float, float]]:
    """Return left, right and height of each piece of a level line inside of an area."""
    import shapely

    west, _, east, _ = area.bounds
    line = shapely.LineString([(west - 1, height), (east + 1, height)])
    pieces = shapely.get_parts(shapely.intersection(area, line))
    return [(p.bounds[0], p.bounds[2], height) for p in pieces if p.length > 0]


def _beside(a: FloatArray, b: FloatArray) -> bool:
    return bool(min(a[1], b[1]) >= max(a[0], b[0]))
