"""Shortest ways that stay inside of an area with concave corners and holes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]

CLEAR = 1e-3
"""Ways keep so far inside of corners that they go around, for rounding [m]."""
MOST_CORNERS = 400
"""Outlines are simplified until they have no more corners to go around."""


class Passage:
    """Where one may fly between legs.

    Parameters
    ----------
    area : shapely Polygon or MultiPolygon
        Flat, in metres.

    Raises
    ------
    BadInput
        The area is empty.
    """

    def __init__(self, area: Any) -> None:
        import shapely

        if area.is_empty:
            raise BadInput("There is no room to fly in: the area is empty. Give a larger one.")
        self._area = area
        self._corners = _corners(area)
        shapely.prepare(self._area)
        self._convex = not len(self._corners) and len(shapely.get_parts(area)) == 1
        self._table: FloatArray | None = None
        self._next: NDArray[np.intp] | None = None

    def holds(self, places: ArrayLike) -> NDArray[np.bool_]:
        """Tell for each place whether it lies inside.

        Parameters
        ----------
        places : array_like
            Shape (n, 2) [m].
        """
        import shapely

        points = shapely.points(np.atleast_2d(np.asarray(places, float)))
        return np.asarray(shapely.covers(self._area, points))

    def sees(self, a: ArrayLike, b: ArrayLike) -> NDArray[np.bool_]:
        """Tell for pairs of places inside whether the straight way between them stays there.

        Parameters
        ----------
        a, b : array_like
            Shape (n, 2) [m].
        """
        import shapely

        first, second = np.atleast_2d(np.asarray(a, float)), np.atleast_2d(np.asarray(b, float))
        if self._convex:
            return np.ones(len(first), dtype=bool)
        lines = shapely.linestrings(np.stack([first, second], axis=1))
        return np.asarray(shapely.covers(self._area, lines))

    def _prepare(self) -> None:
        """Find the ways between corners once."""
        from scipy.sparse.csgraph import floyd_warshall

        corners = self._corners
        one, two = np.triu_indices(len(corners), 1)
        table = np.full((len(corners), len(corners)), np.inf)
        seen = self.sees(corners[one], corners[two])
        length = np.hypot(*(corners[one] - corners[two]).T)
        table[one[seen], two[seen]] = table[two[seen], one[seen]] = length[seen]
        np.fill_diagonal(table, 0.0)
        self._table, self._next = floyd_warshall(table, return_predecessors=True)

    def distances(self, places: ArrayLike) -> FloatArray:
        """Return the length of the shortest way between every two places.

        Parameters
        ----------
        places : array_like
            Inside, shape (n, 2) [m].

        Returns
        -------
        ndarray
            Shape (n, n); infinite where no way leads [m].
        """
        points = np.asarray(places, dtype=np.float64).reshape(-1, 2)
        one, two = np.triu_indices(len(points), 1)
        direct = np.hypot(*(points[one] - points[two]).T)
        found = np.zeros((len(points), len(points)))
        found[one, two] = found[two, one] = direct
        if self._convex or not len(one):
            return found
        seen = self.sees(points[one], points[two])
        if seen.all():
            return found
        if not len(self._corners):
            found[one[~seen], two[~seen]] = found[two[~seen], one[~seen]] = np.inf
            return found
        reach = self._reach(points)
        assert self._table is not None
        through = np.full((len(points), len(self._corners)), np.inf)
        for corner in range(len(self._corners)):
            through[:, corner] = (reach + self._table[:, corner]).min(axis=1)
        for i, j in zip(one[~seen], two[~seen], strict=True):
            found[i, j] = found[j, i] = (through[i] + reach[j]).min()
        return found

    def _reach(self, points: FloatArray) -> FloatArray:
        """Return how far it is straight to each corner, infinite where it is hidden."""
        if self._table is None:
            self._prepare()
        many = np.repeat(points, len(self._corners), axis=0)
        corners = np.tile(self._corners, (len(points), 1))
        length = np.hypot(*(many - corners).T)
        length[~self.sees(many, corners)] = np.inf
        found: FloatArray = length.reshape(len(points), -1)
        return found

    def way(self, start: ArrayLike, end: ArrayLike) -> FloatArray:
        """Return the corners that the shortest way goes around, between two places.

        Parameters
        ----------
        start, end : array_like
            x, y [m].

        Returns
        -------
        ndarray
            Shape (n, 2); empty where the straight way is free [m].

        Raises
        ------
        BadInput
            No way leads from one to the other.
        """
        a, b = np.asarray(start, float), np.asarray(end, float)
        if self._convex or self.sees(a, b)[0]:
            return np.empty((0, 2))
        if not len(self._corners):
            raise BadInput(_no_way(a, b))
        reach = self._reach(np.stack([a, b]))
        assert self._table is not None
        assert self._next is not None
        whole = reach[0][:, None] + self._table + reach[1][None, :]
        first, last = np.unravel_index(np.argmin(whole), whole.shape)
        if not np.isfinite(whole[first, last]):
            raise BadInput(_no_way(a, b))
        chain = [int(last)]
        while chain[-1] != first:
            chain.append(int(self._next[first, chain[-1]]))
        found: FloatArray = self._corners[chain[::-1]]
        return found


def _no_way(a: FloatArray, b: FloatArray) -> str:
    return (
        f"No permitted way leads from x {a[0]:.0f}, y {a[1]:.0f} m to x {b[0]:.0f}, y {b[1]:.0f} "
        "m. Ask for consent in between, or fly from two bases."
    )


def _corners(area: Any) -> FloatArray:
    """Return the corners that a shortest way may bend around, a hair inside of the area."""
    import shapely

    inner = area
    for tolerance in (0.0, 1.0, 5.0, 20.0, 80.0, 300.0):
        inner = area.buffer(-max(CLEAR, tolerance)) if tolerance else area.buffer(-CLEAR)
        if tolerance:
            inner = inner.simplify(tolerance * 0.9)
        found = [
            _reflex(np.asarray(ring.coords)[:-1])
            for part in shapely.get_parts(inner)
            for ring in (
                shapely.geometry.polygon.orient(part).exterior,
                *shapely.geometry.polygon.orient(part).interiors,
            )
        ]
        corners = np.concatenate(found) if found else np.empty((0, 2))
        if len(corners) <= MOST_CORNERS:
            return corners
    return corners


def _reflex(ring: FloatArray) -> FloatArray:
    """Return the places of a ring, its inside on the left, where it turns right."""
    before, after = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
    into, out = ring - before, after - ring
    return ring[into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0] < 0]
