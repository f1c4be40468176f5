"""A local plane: longitude and latitude to metres east and north, and back.

The plane is azimuthal equidistant about an origin: distance and direction FROM the origin are
those on the WGS 84 ellipsoid. Between two other points at most 10 km from it the distance is
wrong by less than 5 mm, at 100 km by less than 5 m.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from barlovento.errors import BadInput

if TYPE_CHECKING:
    from pyproj import Transformer

FloatArray = NDArray[np.float64]


@lru_cache(maxsize=64)
def _transformer(longitude: float, latitude: float) -> Transformer:
    if not (math.isfinite(longitude) and -90 <= latitude <= 90):
        raise BadInput(
            f"({longitude}, {latitude}) is no place on earth. "
            "Give longitude, then latitude, in degrees."
        )
    from pyproj import Transformer

    # Seventeen digits carry a float through text unchanged.
    plane = f"+proj=aeqd +lat_0={latitude!r} +lon_0={longitude!r} +datum=WGS84 +units=m +no_defs"
    return Transformer.from_crs("+proj=longlat +datum=WGS84 +no_defs", plane, always_xy=True)


def to_local(
    longitude: ArrayLike, latitude: ArrayLike, *, origin: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return metres east and north of the origin.

    Parameters
    ----------
    longitude, latitude : array_like
        WGS 84; NaN stays NaN [degree].
    origin : tuple of float
        Longitude and latitude of the plane's origin [degree].

    Returns
    -------
    tuple of ndarray
        x east and y north [m].

    Raises
    ------
    BadInput
        The origin is no place on earth.
    """
    return _transform(longitude, latitude, origin=origin, inverse=False)


def to_geographic(
    x: ArrayLike, y: ArrayLike, *, origin: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude of places in the plane; undoes :func:`to_local`.

    Parameters
    ----------
    x, y : array_like
        East and north of the origin; NaN stays NaN [m].
    origin : tuple of float
        Longitude and latitude of the plane's origin [degree].

    Returns
    -------
    tuple of ndarray
        Longitude and latitude, WGS 84 [degree].

    Raises
    ------
    BadInput
        The origin is no place on earth.
    """
    return _transform(x, y, origin=origin, inverse=True)


def _transform(
    first: ArrayLike, second: ArrayLike, *, origin: tuple[float, float], inverse: bool
) -> tuple[FloatArray, FloatArray]:
    a, b = np.broadcast_arrays(
        np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    )
    # PROJ answers infinity for what it can't project; a reading without a place stays NaN.
    absent = ~(np.isfinite(a) & np.isfinite(b))
    direction = "INVERSE" if inverse else "FORWARD"
    u, v = _transformer(float(origin[0]), float(origin[1])).transform(
        np.where(absent, 0.0, a), np.where(absent, 0.0, b), direction=direction
    )
    return np.where(absent, np.nan, u), np.where(absent, np.nan, v)


def box_to_local(
    longitude: tuple[float, float], latitude: tuple[float, float], *, origin: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges in metres that hold a whole box of longitude and latitude.

    Parameters
    ----------
    longitude, latitude : tuple of float
        West and east, south and north edge [degree].
    origin : tuple of float
        Longitude and latitude of the plane's origin [degree].

    Returns
    -------
    tuple of tuple of float
        Range of x and range of y [m].

    Raises
    ------
    BadInput
        The origin is no place on earth.
    """
    # The edges bend in the plane, so points along them are needed, not only the corners.
    share = np.linspace(0.0, 1.0, 33)
    along_lon = longitude[0] + (longitude[1] - longitude[0]) * share
    along_lat = latitude[0] + (latitude[1] - latitude[0]) * share
    edge_lon = np.concatenate(
        [along_lon, along_lon, np.full(33, longitude[0]), np.full(33, longitude[1])]
    )
    edge_lat = np.concatenate(
        [np.full(33, latitude[0]), np.full(33, latitude[1]), along_lat, along_lat]
    )
    x, y = to_local(edge_lon, edge_lat, origin=origin)
    return (float(x.min()), float(x.max())), (float(y.min()), float(y.max()))
