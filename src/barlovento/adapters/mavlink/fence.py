"""The fence around a route: its legs, ways home and lost-link ways, with the distance to the side.

It lies inside of the swept volume: arcs are drawn with chords, corners are taken off on the inner
side, and nothing is rounded outwards by more than the metre that is taken off first.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from barlovento.adapters.autopilot.points import INSIDE, OUTSIDE, Point
from barlovento.domain.geodesy import to_geographic, to_local
from barlovento.domain.route import Route
from barlovento.errors import Refused

MOST_CORNERS = 70
"""ArduPilot has room for about eighty points of all fences."""

LEAST_SIDE = 2.0
"""A narrower route can't be fenced in [m]."""

LONGEST_PIECE = 1000.0
"""Legs are geodesics, so they are laid in the plane in pieces of this length [m]."""


def outline_of(route: Route, lon: float, lat: float) -> Any:
    """Return the outline of all that a route may sweep, as a shape in the plane about a place.

    Parameters
    ----------
    route : Route
        With home and buffer.
    lon, lat : float
        Origin of the plane [degree].

    Returns
    -------
    shapely geometry
        East and north [m].
    """
    from shapely import LineString, MultiPoint, union_all

    legs = [_local(*_pieces(a, b), lon, lat) for a, b in _legs(route)]
    ends = [route.home] if route.home else []
    ends += list(route.lost_link[:1])
    shapes = [LineString(leg) for leg in legs]
    for end in ends:
        goal = _local(np.array([end.lon]), np.array([end.lat]), lon, lat)[0]
        for leg in legs:
            shapes += [
                MultiPoint([goal, *leg[at : at + 2]]).convex_hull for at in range(len(leg) - 1)
            ]
    link = route.lost_link
    shapes += [LineString(_local(*_pieces(a, b), lon, lat)) for a, b in pairwise(link)]
    return union_all(shapes).buffer(route.buffer.side, quad_segs=8)


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
    if route.buffer.side < LEAST_SIDE:
        raise Refused(
            f"The plan leaves {route.buffer.side:g} m to the side, too little for a fence. Clear "
            f"it with {LEAST_SIDE:g} m or more."
        )
    whole = outline_of(route, lon, lat)
    shape = whole
    for off in (0.1, 0.25, 0.5, 0.75):
        most = off * min(route.buffer.side, 20.0)
        shape = whole.buffer(-most).simplify(0.9 * most)
        if shape.geom_type == "Polygon" and _corners(shape) <= MOST_CORNERS:
            break
    else:
        raise Refused(
            f"The fence would take {_corners(shape)} corners, more than the {MOST_CORNERS} that "
            "autopilots have room for. Part the sortie."
        )
    if not whole.covers(shape):
        raise Refused("The fence does not lie inside of what was cleared. Please report this.")
    points = _points(INSIDE, shape.exterior.coords, lon, lat)
    for hole in shape.interiors:
        points += _points(OUTSIDE, hole.coords, lon, lat)
    return tuple(points)


def _corners(shape: Any) -> int:
    parts = getattr(shape, "geoms", [shape])
    return sum(len(ring.coords) - 1 for part in parts for ring in (part.exterior, *part.interiors))


def _points(command: int, corners: Any, lon: float, lat: float) -> list[Point]:
    ring = np.array(corners)[:-1]
    lons, lats = to_geographic(ring[:, 0], ring[:, 1], origin=(lon, lat))
    return [
        Point(command=command, lon=round(x, 7), lat=round(y, 7), corners=len(ring))
        for x, y in zip(lons.tolist(), lats.tolist(), strict=True)
    ]


def _legs(route: Route) -> list[Any]:
    points = [(point.lon, point.lat) for point in route.waypoints]
    return [
        (route.waypoints[at], route.waypoints[at + 1])
        for at in range(len(points) - 1)
        if points[at] != points[at + 1]
    ]


def _pieces(one: Any, other: Any) -> tuple[Any, Any]:
    """Return longitudes and latitudes along the geodesic between two waypoints."""
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    length = float(geod.inv(one.lon, one.lat, other.lon, other.lat)[2])
    number = max(0, math.ceil(length / LONGEST_PIECE) - 1)
    between = geod.npts(one.lon, one.lat, other.lon, other.lat, number) if number else []
    every = [(one.lon, one.lat), *between, (other.lon, other.lat)]
    lons, lats = zip(*every, strict=True)
    return np.array(lons), np.array(lats)


def _local(lons: Any, lats: Any, lon: float, lat: float) -> Any:
    return np.column_stack(to_local(lons, lats, origin=(lon, lat)))
