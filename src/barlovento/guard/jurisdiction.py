"""Whose airspace a route may touch, given how well borders are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.airspace import Area, Circle
from barlovento.guard.geometry import FloatArray, Frame, geographic
from barlovento.guard.path import Pieces, middle_of

BoolArray = NDArray[np.bool_]

FINEST = 0.25
"""Half diagonal of the smallest cell that is asked for its sovereign [m]."""


class Seen(Protocol):
    """What is known of one place and what lies around it."""

    @property
    def state(self) -> str | None:
        """Whose it is; None for nobody's, or where no sovereign can be named."""
        ...

    @property
    def kind(self) -> str:
        """``"land"``, ``"territorial"`` or ``"high seas"``."""
        ...

    @property
    def candidates(self) -> tuple[str, ...]:
        """Every state that it, or what lies around, may belong to."""
        ...

    @property
    def distance(self) -> float:
        """At least so far is the nearest limit [m]."""
        ...

    @property
    def error(self) -> float:
        """Of the limit [m]."""
        ...


class Touching(Protocol):
    """States whose airspace an area may touch."""

    @property
    def states(self) -> tuple[str, ...]:
        """ISO 3166 alpha-2, the error of the borders counted in."""
        ...

    @property
    def unnamed(self) -> bool:
        """Whether it may touch land for which no sovereign can be named."""
        ...


class Drawn(Protocol):
    """Lines that borders were made from."""

    @property
    def digest(self) -> str:
        """SHA-256 of them."""
        ...


class KnowsBorders(Protocol):
    """What is asked of borders here; :class:`barlovento.guard.borders.Borders` answers it."""

    @property
    def outline(self) -> Drawn:
        """What they were made from."""
        ...

    @property
    def states(self) -> tuple[str, ...]:
        """Every state that is known; empty text for land without a sovereign."""
        ...

    def states_touching(self, area: Area) -> Touching:
        """Return the states whose airspace an area may touch."""
        ...

    def sovereigns(
        self,
        lons: Sequence[float] | FloatArray,
        lats: Sequence[float] | FloatArray,
        *,
        widened: float = 0.0,
    ) -> Sequence[Seen]:
        """Return whose places are.

        Parameters
        ----------
        lons, lats : array_like, shape (n,)
            [degree].
        widened : float
            Candidates are told for all within this distance [m].
        """
        ...

    def signed_depth(
        self, state: str, lons: Sequence[float] | FloatArray, lats: Sequence[float] | FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return a bound of the depth inside of a state, negative outside, and its error.

        Parameters
        ----------
        state : str
            ISO 3166 alpha-2.
        lons, lats : array_like, shape (n,)
            [degree].

        Returns
        -------
        tuple of ndarray
            Depth and error [m].

        Notes
        -----
        Between two places it changes by no more than their distance.
        """
        ...

    def limit_error(
        self, state: str, lons: Sequence[float] | FloatArray, lats: Sequence[float] | FloatArray
    ) -> FloatArray:
        """Return the error that goes with a depth, without the depth.

        Parameters
        ----------
        state : str
            ISO 3166 alpha-2.
        lons, lats : array_like, shape (n,)
            [degree].

        Returns
        -------
        ndarray, shape (n,)
            [m].
        """
        ...


class Near(NamedTuple):
    """States that may hold a place within a radius of another.

    ``states``: perhaps more than there are. ``unnamed``: land without a sovereign may lie there.
    ``sure``: all of it surely is one state's.
    """

    states: tuple[str, ...]
    unnamed: bool
    sure: bool


def states_near(borders: KnowsBorders, lon: float, lat: float, radius: float) -> Near:
    """Return the states that may hold a place within a radius, and whether nobody may.

    Parameters
    ----------
    borders : KnowsBorders
        What is known.
    lon, lat : float
        Middle [degree].
    radius : float
        Around it [m].
    """
    (seen,) = borders.sovereigns([lon], [lat], widened=radius)
    far = seen.distance > seen.error + radius
    if far or "" not in borders.states:
        sure = far and seen.state is not None and seen.candidates == (seen.state,)
        return Near(seen.candidates, seen.kind == "land" and seen.state is None, sure)
    # Near a limit the whole area is searched, which takes longer.
    touched = borders.states_touching((Circle(lon=lon, lat=lat, radius=radius),))
    return Near(touched.states, touched.unnamed, sure=False)


def outside(borders: KnowsBorders, state: str, pieces: Pieces, *, margin: float) -> BoolArray:
    """Return which pieces keep off a state's airspace by a margin, whatever the error.

    Parameters
    ----------
    borders : KnowsBorders
        What is known.
    state : str
        ISO 3166 alpha-2.
    pieces : Pieces
        Of a route.
    margin : float
        Distance to the side, and to keep besides [m].
    """
    lon, lat, reach = middle_of(pieces)
    clear: BoolArray = deepest(borders, state, lon, lat, reach + margin) < 0
    return clear


def deepest(
    borders: KnowsBorders, state: str, lon: FloatArray, lat: FloatArray, reach: FloatArray
) -> FloatArray:
    """Return how deep in a state any place may lie that is within reach of some.

    Parameters
    ----------
    borders : KnowsBorders
        What is known.
    state : str
        ISO 3166 alpha-2.
    lon, lat : ndarray, shape (n,)
        [degree].
    reach : ndarray, shape (n,)
        Around each [m].

    Returns
    -------
    ndarray, shape (n,)
        Negative where none can be the state's [m].

    Notes
    -----
    The error is told by fields of latitude and longitude, so the largest of those that the reach
    may touch counts.
    """
    depth, error = borders.signed_depth(state, lon, lat)
    found: FloatArray = depth + error + reach
    rows = np.flatnonzero(found < 0)
    if len(rows):
        # Only where that would settle it, the error of the fields around is asked for.
        found[rows] += _more_error(borders, state, lon[rows], lat[rows], reach[rows], error[rows])
    return found


def _more_error(
    borders: KnowsBorders,
    state: str,
    lon: FloatArray,
    lat: FloatArray,
    reach: FloatArray,
    error: FloatArray,
) -> FloatArray:
    """Return by how much the error is larger at the corners of a box around places [m]."""
    north = np.maximum(reach / 110_500, 1e-7)
    east = np.minimum(north / np.maximum(np.cos(np.radians(np.abs(lat) + north)), 1e-9), 180.0)
    near, far = np.maximum(lat - north, -90.0), np.minimum(lat + north, 90.0)
    west = (lon - east + 180.0) % 360.0 - 180.0
    right = (lon + east + 180.0) % 360.0 - 180.0
    corners = borders.limit_error(
        state, np.concatenate([west, right, west, right]), np.concatenate([near, near, far, far])
    )
    more: FloatArray = np.maximum(corners.reshape(4, -1).max(axis=0) - error, 0.0)
    return more


def inside(borders: KnowsBorders, state: str, pieces: Pieces, *, margin: float) -> BoolArray:
    """Return which pieces lie, with a margin, wholly where a state may be sovereign.

    Parameters
    ----------
    borders : KnowsBorders
        What is known.
    state : str
        ISO 3166 alpha-2.
    pieces : Pieces
        Of a route.
    margin : float
        Distance to the side [m].
    """
    lon, lat, reach = middle_of(pieces)
    depth, error = borders.signed_depth(state, lon, lat)
    within: BoolArray = depth + error - reach - margin >= 0
    return within


def spot_inside(
    borders: KnowsBorders, state: str, frame: Frame, region: Any
) -> tuple[float, float] | None:
    """Return a place of a flat region that may be a state's, or None where there is none.

    Parameters
    ----------
    borders : KnowsBorders
        What is known.
    state : str
        ISO 3166 alpha-2.
    frame : Frame
        In which the region is drawn.
    region : shapely geometry
        Where nothing covers the route.

    Returns
    -------
    tuple of float or None
        x and y in the frame [m].
    """
    import shapely

    shapely.prepare(region)
    x0, y0, x1, y1 = shapely.bounds(region)
    side = max(x1 - x0, y1 - y0, 1e-6)
    cells = np.array([[(x0 + x1) / 2, (y0 + y1) / 2]])
    while len(cells):
        half = side / math.sqrt(2)
        lon, lat = geographic(frame.unproject(cells))
        maybe = deepest(borders, state, lon, lat, np.full(len(lon), half * 1.001)) >= 0
        depth, error = borders.signed_depth(state, lon, lat)
        surely = (depth + error >= 0) & shapely.contains_xy(region, cells[:, 0], cells[:, 1])
        if surely.any():
            return _pair(cells[np.argmax(surely)])
        cells = cells[maybe]
        boxes = shapely.box(
            cells[:, 0] - side / 2,
            cells[:, 1] - side / 2,
            cells[:, 0] + side / 2,
            cells[:, 1] + side / 2,
        )
        cells = cells[shapely.intersects(region, boxes)]
        if len(cells) and half <= FINEST:
            return _pair(cells[0])
        side /= 2
        steps = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]]) * side / 2
        cells = (cells[:, None] + steps).reshape(-1, 2)
    return None


def _pair(cell: FloatArray) -> tuple[float, float]:
    return float(cell[0]), float(cell[1])
