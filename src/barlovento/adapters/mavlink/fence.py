"""The fence around a route: its legs, ways home and lost-link ways, with the distance to the side.

It lies inside of the swept volume: arcs are drawn with chords, corners are taken off on the inner
side, and nothing is moved outwards by more than what is taken off first.
"""

from __future__ import annotations

from typing import Any

from barlovento.adapters.autopilot.points import INSIDE, OUTSIDE, Point
from barlovento.domain.route import Route
from barlovento.errors import Refused
from barlovento.guard.edge import Edge

MOST_CORNERS = 70
"""ArduPilot has room for about eighty points of all fences."""

LEAST_SIDE = 2.0
"""A narrower route can't be fenced in [m]."""

WIDEST = 20.0
"""Of a wide route's side no more than a share of this is given away [m]."""


def fence_of(route: Route, lon: float, lat: float) -> tuple[Point, ...]:
    """Return the corners of a fence that an aircraft has to stay in.

    Parameters
    ----------
    route : Route
        With home and buffer.
    lon, lat : float
        Of the autopilot's home [degree].

    Raises
    ------
    Refused
        The route is too narrow, or takes more corners than an autopilot has room for.
    """
    side = route.buffer.side
    if side < LEAST_SIDE:
        raise Refused(
            f"The plan leaves {side:g} m to the side, too little for a fence. Clear it with "
            f"{LEAST_SIDE:g} m or more."
        )
    edge = Edge(route, origin=(lon, lat))
    whole = edge.outline
    shape = whole
    for share in (0.1, 0.25, 0.5, 0.75):
        off = share * min(side, WIDEST)
        shape = whole.buffer(-off).simplify(0.9 * off)
        if shape.geom_type == "Polygon" and _corners(shape) <= MOST_CORNERS:
            break
    else:
        raise Refused(
            f"The fence would take {_corners(shape)} corners, more than the {MOST_CORNERS} that "
            "autopilots have room for. Part the sortie."
        )
    if not whole.covers(shape):
        raise Refused("The fence does not lie inside of what was cleared. Please report this.")
    outer, *holes = edge.corners(shape)
    points = _points(INSIDE, outer)
    for hole in holes:
        points += _points(OUTSIDE, hole)
    return tuple(points)


def _corners(shape: Any) -> int:
    parts = getattr(shape, "geoms", [shape])
    return sum(len(ring.coords) - 1 for part in parts for ring in (part.exterior, *part.interiors))


def _points(command: int, ring: list[tuple[float, float]]) -> list[Point]:
    return [
        Point(command=command, lon=round(lon, 7), lat=round(lat, 7), corners=len(ring))
        for lon, lat in ring
    ]
