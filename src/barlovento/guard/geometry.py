"""Shapes on the WGS 84 ellipsoid, and flat frames in which they can be compared.

A place is a vector from the earth's centre, so that neither the antimeridian nor a pole is
special. A frame projects places from the centre onto the plane that touches the ellipsoid at
the frame's origin. There, plane sections through the centre (great ellipses) are straight. A
great ellipse leaves the geodesic between two places 5 km apart by less than 2 mm
(:data:`BEND`), so longer edges get more places in between. Lengths in the frame are wrong by at
most :func:`scale_error`.

Sources: C. F. F. Karney, Algorithms for geodesics, J. Geod. 87 (2013) 43-55, section 8;
geodesics by PROJ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from barlovento.domain.airspace import Area, Circle, Polygon4326, Position
from barlovento.errors import BadInput

if TYPE_CHECKING:
    from pyproj import Geod

FloatArray = NDArray[np.float64]

SEMI_MAJOR = 6_378_137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY2 = FLATTENING * (2 - FLATTENING)

LONGEST_EDGE = 5_000.0
"""A longer edge or leg is parted [m]."""

BEND = 0.002
"""Most that a great ellipse leaves a geodesic of that length: the plane through the centre leans
against the ellipsoid's normal by up to 0.00336 rad, times the arc's height of 0.49 m [m]."""

SAGITTA = 0.02
"""Largest distance between a circle and the polygon that stands for it [m]."""

WIDEST = math.sin(math.radians(40))
"""Sine of the widest half angle of a shape: everything near it then lies in one frame."""

FRAME_RADIUS = 45_000.0
"""What is compared in a frame lies this near to its origin [m]."""


@lru_cache(maxsize=1)
def wgs84() -> Geod:
    """Return PROJ's solver of geodesics."""
    from pyproj import Geod

    return Geod(ellps="WGS84")


def places(lon: ArrayLike, lat: ArrayLike) -> FloatArray:
    """Return vectors from the earth's centre to the ellipsoid.

    Parameters
    ----------
    lon, lat : array_like, shape (n,)
        [degree].

    Returns
    -------
    ndarray, shape (n, 3)
        [m].
    """
    a, b = np.radians(np.asarray(lon, dtype=float)), np.radians(np.asarray(lat, dtype=float))
    sine, cosine = np.sin(b), np.cos(b)
    normal = SEMI_MAJOR / np.sqrt(1 - ECCENTRICITY2 * sine * sine)
    from_axis = normal * cosine
    found: FloatArray = np.empty((*a.shape, 3))
    found[..., 0], found[..., 1] = from_axis * np.cos(a), from_axis * np.sin(a)
    found[..., 2] = normal * (1 - ECCENTRICITY2) * sine
    return found


def geographic(vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude of directions from the earth's centre.

    Parameters
    ----------
    vectors : ndarray, shape (..., 3)
        To the ellipsoid; their length is not looked at [m].

    Returns
    -------
    tuple of ndarray
        Longitude and latitude [degree].
    """
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    lat = np.arctan2(z, (1 - ECCENTRICITY2) * np.hypot(x, y))
    return np.degrees(np.arctan2(y, x)), np.degrees(lat)


def scale_error(radius: float) -> float:
    """Return how wrong lengths in a frame may be at a distance from its origin.

    Parameters
    ----------
    radius : float
        Distance from the frame's origin [m].

    Returns
    -------
    float
        Largest relative error [1]: the plane's own stretch, and that the line from the centre
        does not meet the ellipsoid at a right angle (by at most 0.00336 rad).
    """
    share = radius / 6_335_439.0
    return 1.1 * share * share + 0.0034 * share + 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A polygon as vectors, and the cap that holds it.

    Parameters
    ----------
    rings : tuple of ndarray, shape (n, 3)
        Outer ring, then holes, not closed [m].
    centre : ndarray, shape (3,)
        Unit vector of the cap's middle.
    reach : float
        Chord from the cap's middle, on the unit sphere, within which all places lie [1].
    hub : ndarray, shape (3,), optional
        Centre of the circle that it stands for [m].
    radius : float
        Of that circle [m].
    """

    rings: tuple[FloatArray, ...]
    centre: FloatArray
    reach: float
    hub: FloatArray | None = None
    radius: float = 0.0


@lru_cache(maxsize=4096)
def shapes_of(area: Area, *, outward: bool) -> tuple[Shape, ...]:
    """Return an area's members as polygons; the same area is prepared once.

    Parameters
    ----------
    area : tuple of Polygon4326 or Circle
        Their union is the area.
    outward : bool
        True where a circle's polygon shall hold the circle (zones), False where the circle
        shall hold the polygon (consents): the difference is on the refusing side.

    Raises
    ------
    BadInput
        A shape has no area, crosses itself, or is wider than 80 degrees.
    """
    return tuple(
        _circle(member, outward=outward) if isinstance(member, Circle) else _polygon(member)
        for member in area
    )


def _polygon(polygon: Polygon4326) -> Shape:
    rings = tuple(_ring(ring) for ring in (polygon.outer, *polygon.holes))
    shape = _capped(rings)
    _check_simple(shape)
    return shape


def _ring(ring: tuple[Position, ...]) -> FloatArray:
    """Return a ring's vectors, with more places on long edges and none twice."""
    corners = np.asarray(ring, dtype=float)
    if corners.ndim != 2 or len(corners) < 3 or not np.isfinite(corners).all():
        raise BadInput("A ring needs three places or more, each a finite longitude and latitude.")
    if (np.abs(corners[:, 1]) > 90).any() or (np.abs(corners[:, 0]) > 360).any():
        raise BadInput("A ring leaves the globe. Give longitude, then latitude, in degrees.")
    vectors = _without_spikes(places(corners[:, 0], corners[:, 1]))
    following = np.roll(vectors, -1, axis=0)
    length = np.linalg.norm(following - vectors, axis=1)
    if (length <= LONGEST_EDGE).all():
        return vectors
    parts = [
        along(a, b, np.arange(n) / n)
        for a, b, n in zip(
            vectors, following, np.ceil(length / LONGEST_EDGE).astype(int) + 1, strict=True
        )
    ]
    return np.concatenate(parts)


def _without_spikes(vectors: FloatArray) -> FloatArray:
    """Drop a place that repeats the one before, and edges that go out and back the same way.

    A ring about a pole is often written with a detour along the antimeridian.
    """
    kept: list[FloatArray] = []
    for vector in vectors:
        kept.append(vector)
        while len(kept) > 1 and np.linalg.norm(kept[-1] - kept[-2]) < 1e-6:
            kept.pop()
        while len(kept) > 2 and np.linalg.norm(kept[-1] - kept[-3]) < 1e-6:
            del kept[-2:]
    while len(kept) > 1 and np.linalg.norm(kept[-1] - kept[0]) < 1e-6:
        kept.pop()
    while len(kept) > 2 and np.linalg.norm(kept[-2] - kept[0]) < 1e-6:
        # The last place is the tip of a spike.
        del kept[-2:]
    while len(kept) > 2 and np.linalg.norm(kept[-1] - kept[1]) < 1e-6:
        # The first place is the tip of a spike.
        kept = kept[1:-1]
    if len(kept) < 3:
        raise BadInput("A ring has no area: it needs three different places or more.")
    return np.array(kept)


def along(start: FloatArray, end: FloatArray, shares: FloatArray) -> FloatArray:
    """Return places on the geodesic between two, at shares of its length.

    Parameters
    ----------
    start, end : ndarray, shape (3,)
        [m].
    shares : ndarray, shape (n,)
        0 is the start, 1 the end [1].

    Returns
    -------
    ndarray, shape (n, 3)
        [m]. Along short lines by the chord: wrong along the line by less than 1 mm.
    """
    if float(np.linalg.norm(end - start)) <= LONGEST_EDGE:
        return start + shares[:, None] * (end - start)
    (lon0, lon1), (lat0, lat1) = geographic(np.stack([start, end]))
    azimuth, _, length = wgs84().inv(lon0, lat0, lon1, lat1)
    n = len(shares)
    lon, lat, _ = wgs84().fwd(
        np.full(n, lon0), np.full(n, lat0), np.full(n, azimuth), shares * length
    )
    return places(lon, lat)


def _circle(circle: Circle, *, outward: bool) -> Shape:
    if not (math.isfinite(circle.radius) and 0 < circle.radius <= 2_000_000):
        raise BadInput(f"A circle's radius of {circle.radius:g} m can't be. Give metres above 0.")
    if not (abs(circle.lat) <= 90 and abs(circle.lon) <= 360):
        raise BadInput("A circle's centre leaves the globe. Give longitude, then latitude.")
    number = max(16, math.ceil(math.pi / math.sqrt(2 * SAGITTA / circle.radius)))
    # A hair more than the flat formula, for the ellipsoid bends a circle's radius.
    radius = circle.radius / math.cos(math.pi / number) * (1 + 1e-9) if outward else circle.radius
    azimuth = np.arange(number) * (360 / number)
    lon, lat, _ = wgs84().fwd(
        np.full(number, circle.lon),
        np.full(number, circle.lat),
        azimuth,
        np.full(number, radius),
    )
    shape = _capped((places(lon, lat),))
    hub = places([circle.lon], [circle.lat])[0]
    return replace(shape, hub=hub, radius=circle.radius)


def arc(chord: FloatArray) -> FloatArray:
    """Return the geodesic distance of places that a chord parts, up to 150 km.

    Parameters
    ----------
    chord : ndarray
        Straight through the earth [m].

    Returns
    -------
    ndarray
        Along the ellipsoid [m].

    Notes
    -----
    The radius of curvature lies between 6336 and 6400 km, so the result is wrong by less than
    one hundredth of what is added: 10 mm at 100 km, nothing to speak of below 20 km.
    """
    longer: FloatArray = chord * (1 + (chord / 6.367e6) ** 2 / 24)
    return longer


def _capped(rings: tuple[FloatArray, ...]) -> Shape:
    """Return the shape with a cap about the middle of its outer ring."""
    unit = rings[0] / np.linalg.norm(rings[0], axis=1)[:, None]
    # The middle of the box of directions; the mean would lean to where places are dense.
    middle = unit.min(axis=0) + unit.max(axis=0)
    if np.linalg.norm(middle) < 0.5:
        raise BadInput("An area is wider than 80 degrees of arc. Part it into smaller ones.")
    middle /= np.linalg.norm(middle)
    reach = float(np.linalg.norm(unit - middle, axis=1).max())
    if reach > 2 * math.sin(math.asin(WIDEST) / 2):
        raise BadInput("An area is wider than 80 degrees of arc. Part it into smaller ones.")
    return Shape(rings=rings, centre=middle, reach=reach)


def _check_simple(shape: Shape) -> None:
    """Refuse a polygon that crosses itself or has no area."""
    import shapely

    lon, lat = geographic(shape.centre)
    frame = Frame.at(float(lon), float(lat))
    flat = [frame.project(ring) for ring in shape.rings]
    polygon = shapely.Polygon(flat[0], flat[1:])
    if polygon.area < 1e-3:
        raise BadInput("A polygon has no area. Check its places.")
    if not shapely.is_valid(polygon):
        reason = shapely.is_valid_reason(polygon)
        raise BadInput(_where_crossed(reason, frame))


def _where_crossed(reason: str, frame: Frame) -> str:
    """Return GEOS's reason with the place in degrees."""
    words, _, inside = reason.partition("[")
    try:
        x, y = (float(number) for number in inside.rstrip("]").split()[:2])
    except ValueError:
        return f"A polygon is broken: {reason}. Mend its rings."
    lon, lat = geographic(frame.unproject(np.array([[x, y]])))
    return (
        f"A polygon crosses or touches itself ({words.lower().strip()}) near longitude "
        f"{lon[0]:.6f}, latitude {lat[0]:.6f}. Put its places in order along the edge."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A plane that touches the ellipsoid, x to the east and y to the north of its origin.

    Parameters
    ----------
    origin : ndarray, shape (3,)
        [m].
    axes : ndarray, shape (3, 3)
        Rows: east, north, up.
    """

    origin: FloatArray
    axes: FloatArray

    @classmethod
    def at(cls, lon: float, lat: float) -> Frame:
        """Return the frame that touches at a place.

        Parameters
        ----------
        lon, lat : float
            [degree].
        """
        a, b = math.radians(lon), math.radians(lat)
        east = (-math.sin(a), math.cos(a), 0.0)
        north = (-math.sin(b) * math.cos(a), -math.sin(b) * math.sin(a), math.cos(b))
        up = (math.cos(b) * math.cos(a), math.cos(b) * math.sin(a), math.sin(b))
        return cls(places([lon], [lat])[0], np.array([east, north, up]))

    def project(self, vectors: FloatArray) -> FloatArray:
        """Return x and y of places less than 90 degrees away.

        Parameters
        ----------
        vectors : ndarray, shape (n, 3)
            [m].

        Returns
        -------
        ndarray, shape (n, 2)
            [m].
        """
        local = vectors @ self.axes.T
        origin = self.axes @ self.origin
        flat: FloatArray = local[:, :2] * (origin[2] / local[:, 2:3]) - origin[:2]
        return flat

    def unproject(self, flat: FloatArray) -> FloatArray:
        """Return directions from the earth's centre of places in the plane.

        Parameters
        ----------
        flat : ndarray, shape (n, 2)
            x and y [m].

        Returns
        -------
        ndarray, shape (n, 3)
            [m].
        """
        vectors: FloatArray = self.origin + flat @ self.axes[:2]
        return vectors
