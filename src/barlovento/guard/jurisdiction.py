"""Whose airspace a route may touch, given how well borders are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.airspace import Area
from barlovento.guard.geometry import FloatArray, Frame, geographic
from barlovento.guard.path import Pieces, middle_of

BoolArray = NDArray[np.bool_]

FINEST = 0.25
"""Half diagonal of the smallest cell that is asked for its sovereign [m]."""


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

    def states_touching(self, area: Area) -> Touching:
        """Return the states whose airspace an area may touch."""
        ...

    def signed_depth(
        self, state: str, lons: Sequence[float] | FloatArray, lats: Sequence[float] | FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return a bound of the depth inside of a state, negative outside, and its error [m].

        Between two places it changes by no more than their distance.
        """
        ...


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
    depth, error = borders.signed_depth(state, lon, lat)
    clear: BoolArray = depth + error + reach + margin < 0
    return clear


def inside(borders: KnowsBorders, state: str, pieces: Pieces, *, margin: float) -> BoolArray:
    """Return which pieces lie, with a margin, wholly where a state may be sovereign.

    The parameters are those of :func:`outside`.
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
        depth, error = borders.signed_depth(state, lon, lat)
        maybe = depth + error + half * 1.001 >= 0
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
