"""From where a straight way home stays inside of what is permitted."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def visible_from(area: Any, place: ArrayLike) -> Any:
    """Return the part of an area from which a straight way to a place stays inside of it.

    Parameters
    ----------
    area : shapely Polygon or MultiPolygon
        [m].
    place : array_like
        x, y inside the area [m].

    Returns
    -------
    shapely Polygon
        Without what lies behind holes and corners; empty when the place is not inside.
    """
    import shapely

    eye = np.asarray(place, dtype=np.float64)
    if not shapely.intersects_xy(area, *eye):
        return shapely.Polygon()
    west, south, east, north = area.bounds
    far = 3.0 * (math.hypot(east - west, north - south) + 1.0)
    shadows = []
    for part in shapely.get_parts(area):
        for ring in (part.exterior, *part.interiors):
            corners = np.asarray(ring.coords)
            for a, b in pairwise(corners):
                shadow = _shadow(eye, a, b, far)
                if shadow is not None:
                    shadows.append(shadow)
    left = area.difference(shapely.union_all(shadows))
    pieces = [p for p in shapely.get_parts(left) if p.geom_type == "Polygon" and p.area > 1.0]
    return shapely.union_all([p for p in pieces if shapely.dwithin(p, shapely.Point(eye), 1e-3)])


def _shadow(eye: FloatArray, a: FloatArray, b: FloatArray, far: float) -> Any | None:
    """Return what an edge hides, from the edge to far behind it."""
    import shapely

    one, two = a - eye, b - eye
    near_one, near_two = float(np.hypot(*one)), float(np.hypot(*two))
    if abs(one[0] * two[1] - one[1] * two[0]) < 1e-6 * max(near_one * near_two, 1e-9):
        return None
    away_one, away_two = a + one / near_one * far, b + two / near_two * far
    middle = (one / near_one + two / near_two) / 2
    reach = float(np.hypot(*middle))
    # A wide edge near the eye: the straight line between the far ends would cut through the area.
    beyond = eye + middle / max(reach, 1e-3) * far * 3 if reach < 0.9 else None
    ring = [a, away_one, *([] if beyond is None else [beyond]), away_two, b]
    shape = shapely.Polygon(ring)
    return shape if shape.is_valid else shapely.make_valid(shape)
