"""Cells that cover an area: each a place and a radius, quartered where more must be known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from barlovento.domain.airspace import Circle, Polygon4326, Position
from barlovento.guard.nearest import (
    NO_OWNER,
    FloatArray,
    IntArray,
    build_tree,
    cartesian,
    geodetic,
    nearest_many,
    side_of,
)

PIECE = 2_000.0
"""Longest piece of a geodesic edge that is taken for a chord lifted to the surface [m]."""
_FAR = 1.3e7

Reach = Callable[[FloatArray, FloatArray], FloatArray]


def reach_of(shape: Polygon4326 | Circle) -> Reach:
    """Return a function that says how far inside a shape places lie, negative outside.

    Parameters
    ----------
    shape : Polygon4326 or Circle
        With geodesic edges.

    Returns
    -------
    callable
        Takes longitude and latitude [degree], returns metres.
    """
    if isinstance(shape, Circle):
        return _circle_reach(shape)
    lines = [_ring(ring) for ring in (shape.outer, *shape.holes)]
    begin = np.concatenate([line[0] for line in lines])
    end = np.concatenate([line[1] for line in lines])
    # Left of an outer ring that runs counterclockwise is its inside; of a hole it is not.
    turns = [_turn(ring) for ring in (shape.outer, *shape.holes)]
    inside = np.concatenate(
        [
            np.full(len(line[0]), int((turn > 0) == (k == 0)), dtype=np.int64)
            for k, (line, turn) in enumerate(zip(lines, turns, strict=True))
        ]
    )
    tree = build_tree(begin, end, inside, 1 - inside, np.zeros_like(inside))

    def reach(lon: FloatArray, lat: FloatArray) -> FloatArray:
        places = cartesian(lon, lat)
        distance, index = nearest_many(tree, places, _FAR, NO_OWNER)
        within = [side_of(tree, int(i), p) for i, p in zip(index, places, strict=True)]
        return np.where(np.array(within, dtype=bool), distance, -distance)

    return reach


def _circle_reach(shape: Circle) -> Reach:
    from pyproj import Geod

    geod = Geod(ellps="WGS84")

    def reach(lon: FloatArray, lat: FloatArray) -> FloatArray:
        away = geod.inv(np.full(len(lon), shape.lon), np.full(len(lon), shape.lat), lon, lat)[2]
        return shape.radius - np.asarray(away)

    return reach


def _ring(ring: tuple[Position, ...]) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the short pieces of a ring's edges [m]."""
    corners = cartesian(*np.array(ring, dtype=float).T)
    following = np.roll(corners, -1, axis=0)
    begin, end = [], []
    for a, b in zip(corners, following, strict=True):
        pieces = max(1, int(np.ceil(np.linalg.norm(b - a) / PIECE)))
        share = np.linspace(0.0, 1.0, pieces + 1)[:, None]
        # Places on the chord, put back onto the ellipsoid from the earth's centre.
        places = _on_ellipsoid(a + share * (b - a)) if pieces > 1 else np.stack([a, b])
        begin.append(places[:-1])
        end.append(places[1:])
    starts, ends = np.concatenate(begin), np.concatenate(end)
    real = np.linalg.norm(ends - starts, axis=1) > 0.0
    return starts[real], ends[real]


def _on_ellipsoid(places: FloatArray) -> FloatArray:
    lon = np.degrees(np.arctan2(places[:, 1], places[:, 0]))
    polar = np.hypot(places[:, 0], places[:, 1])
    stretch = 1.0 - 6.694379990141316e-3
    lat = np.degrees(np.arctan2(places[:, 2], polar * stretch))
    return cartesian(lon, lat)


def _turn(ring: tuple[Position, ...]) -> float:
    """Return twice a ring's area on a plane that touches it; positive is counterclockwise."""
    places = cartesian(*np.array(ring, dtype=float).T)
    middle = places.mean(axis=0)
    around = np.cross(places - middle, np.roll(places, -1, axis=0) - middle).sum(axis=0)
    return float(around @ middle)


def cells(
    shape: Polygon4326 | Circle, settled: Callable[[FloatArray, FloatArray, float], IntArray]
) -> None:
    """Visit square cells that cover a shape, and quarter those that are not settled.

    Parameters
    ----------
    shape : Polygon4326 or Circle
        The area, smaller than a quarter of the earth.
    settled : callable
        Takes longitudes and latitudes [degree] and the radius of the cells [m]; returns 1 for the
        cells that need not be quartered.
    """
    reach = reach_of(shape)
    middle, half = _extent(shape)
    up = middle / np.linalg.norm(middle)
    axis = np.array([0.0, 0.0, 1.0]) if abs(up[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    east = np.cross(axis, up)
    east /= np.linalg.norm(east)
    north = np.cross(up, east)
    flat = np.zeros((1, 2))
    while len(flat):
        # Central projection of a square on the tangent plane: it only gets smaller.
        lon, lat = geodetic(_on_ellipsoid(middle + flat[:, :1] * east + flat[:, 1:] * north))
        radius = 1.01 * np.sqrt(2.0) * half + 0.1
        near = reach(lon, lat) >= -radius
        flat, lon, lat = flat[near], lon[near], lat[near]
        if not len(flat):
            return
        flat = flat[~settled(lon, lat, radius).astype(bool)]
        half /= 2.0
        flat = np.concatenate([flat + half * np.array(s) for s in _QUARTERS])


_QUARTERS = ((-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0))


def _extent(shape: Polygon4326 | Circle) -> tuple[FloatArray, float]:
    """Return a place and half the side of a square on its tangent plane that holds the shape."""
    if isinstance(shape, Circle):
        middle = cartesian(np.array([shape.lon]), np.array([shape.lat]))[0]
        farthest = shape.radius
    else:
        corners = cartesian(*np.array(shape.outer, dtype=float).T)
        middle = _on_ellipsoid(corners.mean(axis=0)[None, :])[0]
        farthest = float(np.linalg.norm(corners - middle, axis=1).max())
    # Places away from the touching point move outwards when they are projected onto the plane.
    angle = min(1.05 * farthest / 6.35e6, 1.2)
    return middle, 1.01 * 6.4e6 * float(np.tan(angle)) + 1.0
