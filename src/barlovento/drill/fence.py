"""Where aircraft may be, and the shortest way home that stays there."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Fence:
    """A permitted area with a strip along its edge that is kept free.

    Parameters
    ----------
    ring : tuple of (float, float)
        Where aircraft may be [m].
    margin : float
        Width of the strip, enough to brake or turn in [m].
    floor, ceiling : float
        Heights above ground where they may be [m].
    """

    ring: tuple[Place, ...]
    margin: float
    floor: float
    ceiling: float
    _whole: Any
    _inner: Any

    def holds(self, places: FloatArray) -> NDArray[np.bool_]:
        """Return which places are permitted, shape (n,).

        Parameters
        ----------
        places : ndarray, shape (n, 3)
            [m].
        """
        import shapely

        inside = shapely.contains_xy(self._whole, places[:, 0], places[:, 1])
        slack = 1e-6
        height = places[:, 2]
        return np.asarray(
            inside & (height >= self.floor - slack) & (height <= self.ceiling + slack)
        )

    def stretch(self, places: FloatArray) -> int:
        """Return how many of the places of a flight come before it enters the strip.

        One that begins in the strip is let go on as long as it gets no nearer to the edge.

        Parameters
        ----------
        places : ndarray, shape (n, 3)
            One each second [m].
        """
        import shapely

        points = shapely.points(places[:, :2])
        clear = shapely.contains(self._inner, points)
        depth = shapely.distance(self._whole.exterior, points)
        leaving = np.ones(len(places), dtype=bool)
        leaving[1:] = np.diff(depth) > 0.0
        allowed = self.holds(places) & (clear | leaving)
        wrong = np.flatnonzero(~allowed)
        return int(wrong[0]) if wrong.size else len(places)

    def way(self, start: Place, end: Place) -> tuple[Place, ...]:
        """Return the corners of the shortest permitted way, the end included.

        Parameters
        ----------
        start, end : tuple of float
            [m].

        Raises
        ------
        BadInput
            There is none.
        """
        return _way(self._inner.buffer(0.5), start, end)


def fence(ring: Sequence[Place], margin: float, floor: float, ceiling: float) -> Fence:
    """Return the fence of a permitted area.

    Parameters
    ----------
    ring : sequence of (float, float)
        Corners [m].
    margin : float
        Kept free along the edge [m].
    floor, ceiling : float
        Above ground [m].

    Raises
    ------
    BadInput
        The ring crosses itself, or nothing is left within the margin.
    """
    import shapely

    whole = shapely.Polygon(ring)
    if not whole.is_valid or whole.area == 0.0:
        raise BadInput(
            "The permitted ring crosses itself or holds no area. Give its corners in order."
        )
    if not floor < ceiling:
        raise BadInput(
            f"The permitted heights run from {floor:g} to {ceiling:g} m. Give a lower floor."
        )
    inner = whole.buffer(-margin, join_style="mitre")
    if inner.is_empty or inner.geom_type != "Polygon":
        raise BadInput(
            f"The permitted area is too narrow: with {margin:.0f} m to brake and turn in along its "
            "edge nothing that hangs together is left. Permit more, or fly an aircraft that turns "
            "in less room."
        )
    return Fence(tuple(ring), margin, floor, ceiling, whole, inner)


def _way(area: Any, start: Place, end: Place) -> tuple[Place, ...]:
    """Return the shortest way inside of a polygon by its corners (Dijkstra)."""
    import shapely

    if area.covers(shapely.LineString([start, end])):
        return (end,)
    nodes: list[Place] = [start, end]
    for ring in (area.exterior, *area.interiors):
        nodes += [(x, y) for x, y in ring.simplify(0.5).coords[:-1]]
    # Corners lie on the edge: a hair of room lets lines run along it. Whoever stands in the
    # strip gets out of it straight.
    roomy = area.buffer(0.5).union(
        shapely.union_all([_out_of_strip(area, place) for place in (start, end)])
    )
    cost: dict[int, float] = {0: 0.0}
    before: dict[int, int] = {}
    queue = [(0.0, 0)]
    done: set[int] = set()
    while queue:
        length, here = heapq.heappop(queue)
        if here in done:
            continue
        done.add(here)
        if here == 1:
            return tuple(itertools.chain(_walked(before, nodes)))
        for there in range(1, len(nodes)):
            if there in done or not roomy.covers(shapely.LineString([nodes[here], nodes[there]])):
                continue
            total = length + math.dist(nodes[here], nodes[there])
            if total < cost.get(there, math.inf):
                cost[there], before[there] = total, here
                heapq.heappush(queue, (total, there))
    raise BadInput(
        f"There is no permitted way from ({start[0]:.0f}, {start[1]:.0f}) to home at "
        f"({end[0]:.0f}, {end[1]:.0f}). Permit an area that hangs together and holds home."
    )


def _out_of_strip(area: Any, place: Place) -> Any:
    """Return a thin bridge from a place in the strip into the area."""
    import shapely
    from shapely.ops import nearest_points

    point = shapely.Point(place)
    if area.covers(point):
        return point
    nearest = nearest_points(area, point)[0]
    return shapely.LineString([place, nearest]).buffer(1.0)


def _walked(before: dict[int, int], nodes: Sequence[Place]) -> list[Place]:
    """Return the corners of the way to node 1, without the start."""
    way, here = [], 1
    while here != 0:
        way.append(nodes[here])
        here = before[here]
    return way[::-1]
