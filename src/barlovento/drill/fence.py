"""Where aircraft may be, and the shortest way home that stays there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput
from barlovento.search.permitted import Permitted

FloatArray = NDArray[np.float64]
Place = tuple[float, float]

SAME = 0.01
"""Places nearer than this are one [m]."""


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
    _room: Permitted

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
        clear = shapely.contains(self._room.shape, points)
        depth = shapely.distance(self._whole.exterior, points)
        leaving = np.ones(len(places), dtype=bool)
        leaving[1:] = np.diff(depth) > 0.0
        allowed = self.holds(places) & (clear | leaving)
        wrong = np.flatnonzero(~allowed)
        return int(wrong[0]) if wrong.size else len(places)

    def way(self, start: Place, end: Place) -> tuple[Place, ...]:
        """Return the corners of the shortest permitted way, the end included.

        Whoever stands in the strip along the edge first leaves it straight, and enters it straight
        to an end that lies there.

        Parameters
        ----------
        start, end : tuple of float
            [m].

        Raises
        ------
        BadInput
            There is none.
        """
        first, last = self._in(start), self._in(end)
        way = [first, *self._room.way(first, last), last, end]
        kept = [start]
        for place in way:
            if math.dist(place, kept[-1]) > SAME:
                kept.append(place)
        return tuple(kept[1:]) or (end,)

    def _in(self, place: Place) -> Place:
        """Return the nearest place beyond the strip."""
        import shapely
        from shapely.ops import nearest_points

        if bool(self._room.contains(place)):
            return place
        nearest = nearest_points(self._room.shape, shapely.Point(place))[0]
        return (float(nearest.x), float(nearest.y))


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
    corners = tuple((float(x), float(y)) for x, y in inner.exterior.coords[:-1])
    middle = inner.representative_point()
    room = Permitted(ring=corners, floor=floor, ceiling=ceiling, home=(middle.x, middle.y))
    return Fence(tuple(ring), margin, floor, ceiling, whole, room)
