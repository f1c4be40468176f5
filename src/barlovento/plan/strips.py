"""Parallel lines over an area, gathered into strips that can be flown without a gap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SMALLEST = 0.02
"""Corners that a swath's middle misses are left out below this share of its width squared [1]."""
HAIR = 1e-6
"""[m]"""
MODES = 12
"""From each of four corners: to and fro, or out and back, or to and fro and back along one side."""
SHORTEST = 1.0
"""Pieces of lines shorter than this are left out when they lie beside others [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Lines one above the other, each wholly beside the next.

    Parameters
    ----------
    lines : ndarray
        Left end, right end and height of each, from low to high, shape (n, 3) [m].
    inset : float
        Legs and the ways between them keep so far from the edge; what sees so far to its sides
        can come back along one side and look over it on the way [m].
    """

    lines: FloatArray
    inset: float = 0.0

    def possible(self, mode: int) -> bool:
        """Tell whether a mode can be flown: back along a side needs an even number of legs."""
        if mode < 8:
            return True
        wide = np.median(self.lines[:, 1] - self.lines[:, 0]) > 4.0 * self.inset
        return self.inset > 0 and len(self.lines) % 2 == 0 and len(self.lines) > 2 and bool(wide)

    def flown(self, mode: int) -> list[FloatArray]:
        """Return start and end of each line in the order of a mode, each of shape (2, 2) [m].

        Parameters
        ----------
        mode : int
            Bit 0 begins at the top, bit 1 at the right, bit 2 flies every second line on the way
            out and the others on the way back, bit 3 comes back along the side where it begins.
        """
        if mode & 8:
            return self._around(mode)
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

    def _around(self, mode: int) -> list[FloatArray]:
        """Return legs that leave a strip along one side free, and the way back in it."""
        rows = self.lines[:: -1 if mode & 1 else 1].copy()
        near, far, sign = (1, 0, -1.0) if mode & 2 else (0, 1, 1.0)
        begin = rows[:, near].copy()
        # Along a slanted side the strip that is left free is wider, measured along the legs.
        slant = np.hypot(np.gradient(begin), np.gradient(rows[:, 2]))
        wider = np.minimum(slant / np.abs(np.gradient(rows[:, 2])), 4.0)
        begin[1:-1] += sign * 2.0 * self.inset * wider[1:-1]
        begin = sign * np.minimum(sign * begin, sign * rows[:, far])
        found = []
        for k, row in enumerate(rows):
            ends = np.array([[begin[k], row[2]], [row[far], row[2]]])
            found.append(ends[::-1] if k % 2 else ends)
        side = np.column_stack([rows[::-1, near], rows[::-1, 2]])[:-1]
        found += [np.stack(pair) for pair in pairwise(side)]
        return found


def cut(area: Any, *, spacing: float, inset: float, more: int = 0) -> tuple[list[Strip], float]:
    """Return the strips of an area whose legs lie along x, and how far these are apart.

    Parameters
    ----------
    area : shapely Polygon or MultiPolygon
        [m].
    spacing : float
        Greatest distance between legs [m].
    inset : float
        Legs and the ways between them keep so far from the edge [m].
    more : int
        So many legs more than are needed.
    """
    import shapely

    low, high = float(area.bounds[1]), float(area.bounds[3])
    number = max(1, math.ceil((high - low) / spacing - 1e-9))
    step = (high - low) / number
    heights = [low + (k + 0.5) * step for k in range(number)]
    if not inset:
        return _gathered([_pieces(area, height, step) for height in heights], 0.0), step
    # What sees to all sides looks over a border of the inset's width from a way along its edge.
    inner = area.buffer(-inset, join_style="mitre")
    seen = inner.buffer(1.05 * inset, join_style="mitre")
    strips = []
    if not inner.is_empty:
        begin, end = inner.bounds[1] + HAIR, inner.bounds[3] - HAIR
        levels = np.linspace(begin, end, 1 + more + math.ceil((end - begin) / spacing - 1e-9))
        strips += _gathered([_pieces(inner, float(height), step) for height in levels], inset)
    for part in shapely.get_parts(area.difference(seen)):
        if part.area > SMALLEST * spacing * spacing:
            strips += _narrow(part, spacing, inset)
    return strips, step


def _narrow(area: Any, spacing: float, inset: float) -> list[Strip]:
    """Return strips over what is narrower than a swath."""
    low, high = float(area.bounds[1]), float(area.bounds[3])
    number = max(1, math.ceil((high - low) / spacing - 1e-9))
    step = (high - low) / number
    rows = [_pieces(area, low + (k + 0.5) * step, step) for k in range(number)]
    for row in rows:
        for piece in row:
            middle = (piece[0] + piece[1]) / 2
            piece[0], piece[1] = min(piece[0] + inset, middle), max(piece[1] - inset, middle)
    return _gathered(rows, inset)


def _gathered(rows: list[list[FloatArray]], inset: float) -> list[Strip]:
    """Return the pieces of rows as strips in which each lies wholly beside the next."""
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
    return [Strip(lines=np.array(strip), inset=inset) for strip in strips]


def _pieces(area: Any, height: float, step: float) -> list[FloatArray]:
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
        found.append(np.array([left, right, level]))
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
