"""Where aircraft may be: an area with holes between two heights, in local metres.

Legs are cut to it, and the way from one place to another stays inside it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.ops import nearest_points

from barlovento.errors import BadInput

Floats = NDArray[np.float64]
Place = tuple[float, float]
Ring = tuple[Place, ...]

HAIR = 1e-6
"""What counts as on the edge [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted:
    """A volume in which aircraft may be.

    Parameters
    ----------
    ring : tuple of tuple of float
        Corners of the area, east and north; the first is not repeated [m].
    holes : tuple of rings
        Parts that are left out.
    floor, ceiling : float
        Lowest and highest height above ground [m].
    home : tuple of float
        Where flights end [m].
    """

    ring: Ring
    floor: float
    ceiling: float
    home: Place
    holes: tuple[Ring, ...] = ()

    def __post_init__(self) -> None:
        if len(self.ring) < 3:
            raise BadInput("A permitted area needs three corners or more.")
        numbers = [v for ring in (self.ring, *self.holes) for place in ring for v in place]
        if not all(math.isfinite(v) for v in (*numbers, self.floor, self.ceiling, *self.home)):
            raise BadInput("The permitted volume has a number that is not finite. Mend the file.")
        if not 0.0 <= self.floor <= self.ceiling:
            raise BadInput(
                f"The permitted heights run from {self.floor:g} to {self.ceiling:g} m. Give a "
                "floor of zero or more, and a ceiling that is not below it."
            )
        shape = self.shape
        if not shape.is_valid or shape.area <= 0.0:
            why = shapely.is_valid_reason(shape)
            raise BadInput(f"The permitted area is no proper polygon ({why}). Draw it anew.")
        if not bool(self.contains(self.home)):
            raise BadInput(
                f"Home ({self.home[0]:.0f}, {self.home[1]:.0f}) lies outside the permitted area. "
                "Give a home inside it with --home X,Y."
            )

    @property
    def shape(self) -> Polygon:
        """The area as a polygon."""
        return _polygon(self.ring, self.holes)

    @property
    def convex(self) -> bool:
        """Whether every straight way between places inside stays inside."""
        return _convex(self.ring, self.holes)

    def contains(self, places: Any) -> NDArray[np.bool_]:
        """Return whether places lie inside or on the edge.

        Parameters
        ----------
        places : array_like, shape (..., 2)
            East and north [m].
        """
        places = np.asarray(places, dtype=np.float64)
        grown = _grown(self.ring, self.holes)
        return np.asarray(shapely.intersects_xy(grown, places[..., 0], places[..., 1]))

    def nearest(self, place: Place) -> Place:
        """Return the place inside that is nearest to one: itself where it is inside.

        Parameters
        ----------
        place : tuple of float
            [m].
        """
        if bool(self.contains(place)):
            return place
        found = nearest_points(self.shape, shapely.Point(place))[0]
        return (float(found.x), float(found.y))

    def shrunk(self, margin: float, height: float | None = None) -> Permitted:
        """Return the part that keeps a distance from the edge, the largest if it falls apart.

        Parameters
        ----------
        margin : float
            Distance from the edge [m].
        height : float, optional
            Distance from floor and ceiling; the same if left out [m].

        Raises
        ------
        BadInput
            If nothing is left.
        """
        left: Any = self.shape.buffer(-margin, join_style="mitre")
        if left.geom_type == "MultiPolygon":
            left = max(left.geoms, key=lambda part: part.area)
        if left.is_empty:
            raise BadInput(
                f"Nothing is left of the permitted area {margin:g} m inside its edge. Ask for a "
                "larger area or fly with a smaller margin."
            )
        inside = nearest_points(left, shapely.Point(self.home))[0]
        room = min(margin if height is None else height, 0.5 * (self.ceiling - self.floor))
        return Permitted(
            ring=tuple((x, y) for x, y in left.exterior.coords[:-1]),
            holes=tuple(tuple((x, y) for x, y in h.coords[:-1]) for h in left.interiors),
            floor=self.floor + room,
            ceiling=self.ceiling - room,
            home=(inside.x, inside.y),
        )

    def clipped(self, a: Place, b: Place) -> list[tuple[Place, Place]]:
        """Return the parts of a straight line that lie inside, in its direction.

        Parameters
        ----------
        a, b : tuple of float
            Its ends [m].
        """
        cut: Any = self.shape.intersection(LineString([a, b]))
        lines = [cut] if cut.geom_type == "LineString" else list(getattr(cut, "geoms", []))
        out = []
        for line in lines:
            if line.geom_type == "LineString" and line.length > HAIR:
                p, q = line.coords[0], line.coords[-1]
                if math.dist(a, p) > math.dist(a, q):
                    p, q = q, p
                out.append(((p[0], p[1]), (q[0], q[1])))
        return sorted(out, key=lambda part: math.dist(a, part[0]))

    def way(self, a: Place, b: Place) -> list[Place]:
        """Return the places after ``a`` on the shortest way to ``b`` that stays inside.

        Parameters
        ----------
        a, b : tuple of float
            Both inside [m].

        Raises
        ------
        BadInput
            If there is none.
        """
        if bool(self.contains((a, b)).all()) if self.convex else self._sees(a, b):
            return [b]
        corners, links = _corners(self.ring, self.holes)
        places = [*corners, a, b]
        start, end = len(corners), len(corners) + 1
        near = dict(links)
        for k, place in ((start, a), (end, b)):
            seen = [(n, math.dist(place, c)) for n, c in enumerate(corners) if self._sees(place, c)]
            near[k] = seen
            for n, far in seen:
                near[n] = [*near[n], (k, far)]
        route = _shortest(near, start, end)
        if route is None:
            raise BadInput(
                f"There is no way inside the permitted area from ({a[0]:.0f}, {a[1]:.0f}) to "
                f"({b[0]:.0f}, {b[1]:.0f}). Are both inside it?"
            )
        return [places[k] for k in route[1:]]

    def _sees(self, a: Place, b: Place) -> bool:
        return _covers(self.ring, self.holes, a, b)


@lru_cache(maxsize=64)
def _polygon(ring: Ring, holes: tuple[Ring, ...]) -> Polygon:
    return Polygon(ring, holes)


@lru_cache(maxsize=64)
def _grown(ring: Ring, holes: tuple[Ring, ...]) -> Any:
    grown = _polygon(ring, holes).buffer(HAIR, join_style="mitre")
    shapely.prepare(grown)
    return grown


@lru_cache(maxsize=64)
def _convex(ring: Ring, holes: tuple[Ring, ...]) -> bool:
    shape = _polygon(ring, holes)
    return not holes and bool(shape.convex_hull.area - shape.area <= HAIR)


def _covers(ring: Ring, holes: tuple[Ring, ...], a: Place, b: Place) -> bool:
    return bool(_grown(ring, holes).covers(LineString([a, b])))


@lru_cache(maxsize=16)
def _corners(
    ring: Ring, holes: tuple[Ring, ...]
) -> tuple[list[Place], dict[int, list[tuple[int, float]]]]:
    """Return all corners, and from each those that it sees with their distances."""
    corners = [place for part in (ring, *holes) for place in part]
    links: dict[int, list[tuple[int, float]]] = {k: [] for k in range(len(corners))}
    for k, a in enumerate(corners):
        for n in range(k):
            if _covers(ring, holes, a, corners[n]):
                far = math.dist(a, corners[n])
                links[k].append((n, far))
                links[n].append((k, far))
    return corners, links


def _shortest(
    near: dict[int, list[tuple[int, float]]], start: int, end: int
) -> Sequence[int] | None:
    """Return the shortest way through a graph (Dijkstra), None where there is none."""
    heap: list[tuple[float, list[int]]] = [(0.0, [start])]
    done: set[int] = set()
    while heap:
        far, route = heapq.heappop(heap)
        if route[-1] == end:
            return route
        if route[-1] in done:
            continue
        done.add(route[-1])
        for n, step in near[route[-1]]:
            if n not in done:
                heapq.heappush(heap, (far + step, [*route, n]))
    return None
