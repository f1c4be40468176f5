"""How far a place is from the edge of what a plan sweeps, to the side and in height."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from barlovento.domain.geodesy import to_geographic, to_local
from barlovento.domain.height import Height, HeightReference
from barlovento.domain.route import Route
from barlovento.guard.heights import Ranges

LONGEST_PIECE = 1000.0
"""Legs are geodesics, so they are laid in the plane in pieces of this length [m]."""


class Edge:
    """The outline of a plan's swept volume, whenever and however it is flown.

    Parameters
    ----------
    route : Route
        With home and buffer.
    origin : tuple of float, optional
        Longitude and latitude of the plane's origin; the first waypoint otherwise [degree].
    terrain, geoid : tuple of float, optional
        As for clearing [m].
    """

    def __init__(
        self,
        route: Route,
        *,
        origin: tuple[float, float] | None = None,
        terrain: tuple[float, float] | None = None,
        geoid: tuple[float, float] | None = None,
    ) -> None:
        first = route.waypoints[0]
        self.origin = origin or (first.lon, first.lat)
        self.outline = _outline(route, self.origin)
        self._ring = self.outline.boundary
        points = [*route.waypoints, *([route.home] if route.home else []), *route.lost_link]
        heights = [point.height.value for point in points]
        error = route.buffer.height_error
        self._span = (min(heights) - error, max(heights) + error)
        reference = first.height.reference
        self._ranges = Ranges(reference=reference, terrain=terrain, geoid=geoid)

    def distances(self, lon: float, lat: float, height: float) -> tuple[float, float | None]:
        """Return how far the edge is to the side, and in height; negative outside.

        Parameters
        ----------
        lon, lat : float
            [degree].
        height : float
            Above mean sea level [m].

        Returns
        -------
        tuple of float
            [m]; None in height where it can't be compared.
        """
        from shapely import Point

        x, y = to_local(lon, lat, origin=self.origin)
        place = Point(float(x), float(y))
        away = float(self._ring.distance(place))
        side = away if self.outline.covers(place) else -away
        level = self._ranges.convert(Height(value=height, reference=HeightReference.AMSL))
        if level is None:
            return side, None
        return side, min(level[0] - self._span[0], self._span[1] - level[1])

    def corners(self, shape: Any) -> list[list[tuple[float, float]]]:
        """Return the rings of a shape in the plane as longitude and latitude, the outer first.

        Parameters
        ----------
        shape : shapely Polygon
            East and north of the origin [m].
        """
        rings = []
        for ring in (shape.exterior, *shape.interiors):
            table = np.array(ring.coords)[:-1]
            lons, lats = to_geographic(table[:, 0], table[:, 1], origin=self.origin)
            rings.append(list(zip(lons.tolist(), lats.tolist(), strict=True)))
        return rings


def _outline(route: Route, origin: tuple[float, float]) -> Any:
    """Return legs, ways home and lost-link ways with the distance to the side, in the plane."""
    from shapely import LineString, MultiPoint, union_all

    points = route.waypoints
    legs = [_pieces(a, b, origin) for a, b in pairwise(points) if (a.lon, a.lat) != (b.lon, b.lat)]
    ends = [*([route.home] if route.home else []), *route.lost_link[:1]]
    shapes: list[Any] = [LineString(leg) for leg in legs]
    for end in ends:
        goal = np.column_stack(to_local([end.lon], [end.lat], origin=origin))[0]
        shapes += [MultiPoint([goal, *pair]).convex_hull for leg in legs for pair in pairwise(leg)]
    shapes += [LineString(_pieces(a, b, origin)) for a, b in pairwise(route.lost_link)]
    return union_all(shapes).buffer(route.buffer.side, quad_segs=8)


def _pieces(one: Any, other: Any, origin: tuple[float, float]) -> Any:
    """Return places along the geodesic between two waypoints, shape (n, 2) [m]."""
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    length = float(geod.inv(one.lon, one.lat, other.lon, other.lat)[2])
    number = int(length // LONGEST_PIECE)
    between = geod.npts(one.lon, one.lat, other.lon, other.lat, number) if number else []
    lons, lats = zip((one.lon, one.lat), *between, (other.lon, other.lat), strict=True)
    return np.column_stack(to_local(lons, lats, origin=origin))
