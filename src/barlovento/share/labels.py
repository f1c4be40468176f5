"""Where a label stands on the map: near its region, off other labels and off the readings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.share.extent import Extent

FloatArray = NDArray[np.float64]

SIDES = ((1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))
GAPS = (1.0, 1.8, 3.0)


def polygons(geometry: Mapping[str, Any]) -> list[list[FloatArray]]:
    """Return the rings, shape (n, 2) each, of every polygon, largest polygon first."""
    parts = (
        geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    )
    rings = [[np.asarray(ring, float) for ring in polygon] for polygon in parts if polygon]
    return sorted(rings, key=lambda polygon: -ring_area(polygon[0]))


def ring_area(ring: FloatArray) -> float:
    """Return the area of a ring [m2].

    Parameters
    ----------
    ring : ndarray, shape (n, 2)
        Corners, the first again at the end [m].

    Returns
    -------
    float
        [m2].
    """
    # About its own corner: products of large coordinates would lose digits.
    x, y = (ring - ring[0]).T
    return abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2


class Labels:
    """Places labels one after another.

    Parameters
    ----------
    extent : Extent
        What the map shows.
    size : tuple of float
        Width and height of a label [m].
    obstacles : ndarray, shape (n, 2)
        Places that had better stay visible [m].
    """

    def __init__(self, extent: Extent, size: tuple[float, float], obstacles: FloatArray) -> None:
        self.extent = extent
        self.size = np.array(size)
        self.obstacles = obstacles
        self.taken: list[FloatArray] = []

    def place(self, ring: FloatArray) -> FloatArray:
        """Return the centre of the next label, that of the region with this outer ring [m].

        Parameters
        ----------
        ring : ndarray, shape (n, 2)
            Corners of the outer ring [m].

        Returns
        -------
        ndarray, shape (2,)
            [m].
        """
        low, high = ring.min(axis=0), ring.max(axis=0)
        middle = (low + high) / 2
        best: FloatArray = middle
        least = np.inf
        for gap in GAPS:
            for side in SIDES:
                sign = np.array(side)
                centre = middle + sign * ((high - low) / 2 + gap * 0.85 * self.size)
                cost = self._cost(centre, low, high) + gap
                if cost < least:
                    best, least = centre, cost
        self.taken.append(best)
        return np.asarray(best)

    def _cost(self, centre: FloatArray, low: FloatArray, high: FloatArray) -> float:
        half = self.size / 2
        corner = np.array([self.extent.x[0], self.extent.y[0]])
        far = np.array([self.extent.x[1], self.extent.y[1]])
        outside = bool((centre - half < corner).any() or (centre + half > far).any())
        over = sum(bool((np.abs(centre - other) < self.size).all()) for other in self.taken)
        own = bool((centre + half > low).all() and (centre - half < high).all())
        hidden = int((np.abs(self.obstacles - centre) < half).all(axis=1).sum())
        return 100.0 * outside + 50.0 * over + 3.0 * own + min(hidden, 10)
