"""The sweep: first the downwind edges, then lines across the wind.

Every plume that leaves the area crosses a downwind edge. Lines lie as close as a part of the time
allows. Before anything was met, all places are nearly alike and what a leg tells is much the same
everywhere; lines that leave no air unvisited find more than legs chosen one at a time
(docs/results.md). Once a source is likely, expected information chooses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Place = tuple[float, float]
Line = tuple[Place, Place]

PART = 0.62
"""Share of the time that the first lines may take; the rest is for what they find [1]."""

CLOSEST, FARTHEST = 60.0, 220.0
"""Spacing of lines that is never gone below or above [m]: nearer ones read the same plume, between
farther ones a weak source is missed (assumed)."""

DOWNWIND = 250.0
"""So far downwind of the search area lines are still of use [m]."""

INSIDE = 1.0
"""Lines along an edge keep this distance from it, beside the strip that is kept free [m]."""

DOWNWIND_SIDE = 0.25
"""Cosine between an edge's outer side and the wind from which on gas leaves across it [1]."""

SHORTEST = 40.0
"""A line that is cut to less is left out [m]."""


@dataclass(slots=True)
class Lines:
    """Lines that are still to be flown.

    Parameters
    ----------
    edges : list of line
        Along the downwind edges; flown first.
    left : list of line
        Across the wind, in order.
    spacing : float
        Between them [m].
    count : int
        How many there were.
    """

    edges: list[Line]
    left: list[Line]
    spacing: float
    count: int
    flown: int = field(default=0)
    taken: dict[str, tuple[Line, list[Line], bool]] = field(default_factory=dict)
    """Line that each drone is on, the list it is from, and whether it was the last there."""
    returned: set[Place] = field(default_factory=set)
    """Ends of lines that were put back once: what can't be flown is not tried for ever."""

    @property
    def done(self) -> bool:
        """Whether all are flown."""
        return not (self.edges or self.left)

    def nearest(self, place: Place, drone: str = "") -> Line | None:
        """Take the line whose nearer end is nearest, from that end on; None when all are flown.

        Parameters
        ----------
        place : tuple of float
            Where a drone is [m].
        drone : str
            Its name.
        """
        rest = self.edges or self.left
        if not rest:
            return None
        # At either side of what is left: a line taken from the middle would part the rest.
        ends = {0: rest[0], len(rest) - 1: rest[-1]}
        turned = [
            (math.dist(place, start), k, (start, end))
            for k, line in ends.items()
            for start, end in (line, line[::-1])
        ]
        _, k, chosen = min(turned)
        del rest[k]
        self.flown += 1
        self.taken[drone] = (chosen, rest, k > 0)
        return chosen

    def put_back(self, drones: Mapping[str, Place]) -> None:
        """Take back, once, what was left of the lines that were taken last and is worth flying.

        A line is broken off where gas is met, or where another drone asks for its next one. That
        of a drone that is gone is taken back whole.

        Parameters
        ----------
        drones : mapping of str to tuple of float
            Where they are, by name [m].
        """
        for name, ((start, end), rest, last) in self.taken.items():
            here = np.array(drones.get(name, start)) - np.array(start)
            whole = math.dist(start, end)
            along = (np.array(end) - np.array(start)) / whole
            way = float(np.clip(here @ along, 0.0, whole))
            if whole - way > SHORTEST and end not in self.returned:
                x, y = np.array(start) + way * along
                rest.insert(len(rest) if last else 0, ((float(x), float(y)), end))
                self.returned.add(end)
                self.flown -= 1
        self.taken.clear()


def working_height(permitted: Any, area: Any) -> float:
    """Return how high to fly: as near as permitted to where sources let out [m].

    Within its first hundred metres a plume is no more than some metres deep: whoever flies above
    it misses sources near the downwind edge, and reads less of all others.

    Parameters
    ----------
    permitted : Permitted
        Where drones may be.
    area : SearchArea
        With the heights of releases.
    """
    middle = 0.5 * (area.release_height[0] + area.release_height[1])
    return float(min(max(middle, permitted.floor), permitted.ceiling))


def lines_over(
    permitted: Any, area: Any, wind: tuple[float, float], length: float, *, again: bool = False
) -> Lines:
    """Return lines across the wind over all air that a source in the search area may reach.

    Parameters
    ----------
    permitted : Permitted
        Where drones may be.
    area : SearchArea
        Where sources may be.
    wind : tuple of float
        Where the air goes, east and north [m s-1].
    length : float
        That may be flown, ways between lines included [m].
    again : bool
        Whether these are for a second pass: between those of the first, without the edges.
    """
    import shapely
    import shapely.affinity

    speed = math.hypot(*wind)
    down = np.array(wind) / speed if speed > 0.0 else np.array([1.0, 0.0])
    box = shapely.box(area.x[0], area.y[0], area.x[1], area.y[1])
    shadow = shapely.union_all(
        [shapely.affinity.translate(box, *(down * far)) for far in np.linspace(0, DOWNWIND, 6)]
    ).convex_hull
    useful = permitted.shape.intersection(shadow)
    if useful.is_empty:
        useful = permitted.shape
    edges = [] if again else _edges(useful, down)
    beside = shapely.union_all([shapely.LineString(edge).buffer(SHORTEST) for edge in edges])
    best: tuple[list[Line], float] | None = None
    for spacing in np.arange(FARTHEST, CLOSEST - 1.0, -10.0):
        lines = _lines(useful, down, float(spacing), 0.5 if again else 1.0)
        lines = [line for line in lines if not beside.covers(shapely.LineString(line))]
        if best is not None and _length([*edges, *lines]) > length:
            break
        best = (lines, float(spacing))
    assert best is not None
    return Lines(edges, best[0], best[1], len(edges) + len(best[0]))


def _edges(area: Any, down: FloatArray) -> list[Line]:
    """Return the downwind edges of the convex hull, a little inside."""
    import shapely

    hull = area.buffer(-INSIDE).convex_hull
    if hull.geom_type != "Polygon":
        return []
    corners = np.array(shapely.geometry.polygon.orient(hull).exterior.coords)
    lines = []
    for a, b in pairwise(corners):
        along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
        # The ring runs anticlockwise: its outer side is to the right.
        out = float(along[1] * down[0] - along[0] * down[1])
        cut = area.intersection(shapely.LineString([a, b]))
        for part in getattr(cut, "geoms", [cut]):
            if out > DOWNWIND_SIDE and part.geom_type == "LineString" and part.length > SHORTEST:
                (x, y), (u, v) = part.coords[0], part.coords[-1]
                lines.append(((x, y), (u, v)))
    return lines


def _lines(area: Any, down: FloatArray, spacing: float, shift: float) -> list[Line]:
    """Return lines in order from upwind to downwind."""
    import shapely

    across = np.array([-down[1], down[0]])
    corners = np.array(area.convex_hull.exterior.coords)
    along, aside = corners @ down, corners @ across
    lines: list[Line] = []
    low, high = float(along.min()), float(along.max())
    count = max(1, round((high - low) / spacing))
    step = (high - low) / count
    for k in range(count):
        # A line looks at the strip upwind of it; the last one is near the downwind edge.
        at = min(low + (k + shift) * step, high - INSIDE)
        ends = [at * down + s * across for s in (aside.min() - 1.0, aside.max() + 1.0)]
        cut = area.intersection(shapely.LineString(ends))
        for part in getattr(cut, "geoms", [cut]):
            if part.geom_type == "LineString" and part.length > SHORTEST:
                a, b = part.coords[0], part.coords[-1]
                lines.append(((a[0], a[1]), (b[0], b[1])))
    return lines


def _length(lines: Sequence[Line]) -> float:
    """Return how long the lines are with the ways between them, flown to and fro."""
    total, here = 0.0, None
    for k, line in enumerate(lines):
        start, end = line if k % 2 == 0 else line[::-1]
        total += math.dist(start, end) + (0.0 if here is None else math.dist(here, start))
        here = end
    return total
