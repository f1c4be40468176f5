"""Corners of fences and rally points, as the simulated autopilot keeps them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from barlovento.errors import Refused

INSIDE, OUTSIDE, RALLY = 5001, 5002, 5100
"""MAV_CMD of a corner of a polygon that is stayed in, of one that is kept off, of a rally point."""

MOST_POINTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A corner of a fence, or a rally point.

    Parameters
    ----------
    command : int
        :data:`INSIDE`, :data:`OUTSIDE` or :data:`RALLY`.
    lon, lat : float
        WGS 84 [degree].
    height : float
        Of a rally point, above home [m].
    corners : int
        Of the polygon that a corner belongs to.
    """

    command: int
    lon: float
    lat: float
    height: float = 0.0
    corners: int = 0

    def __post_init__(self) -> None:
        if self.command not in {INSIDE, OUTSIDE, RALLY}:
            raise Refused(f"Command {self.command} is no point of a fence and no rally point.")
        if not (abs(self.lat) <= 90 and abs(self.lon) <= 180 and math.isfinite(self.height)):
            raise Refused(f"{self.lon}, {self.lat}, {self.height} m is no place.")


def polygons(fence: Sequence[Point]) -> list[tuple[int, list[tuple[float, float]]]]:
    """Return the polygons of a fence: what each is, and its corners.

    Parameters
    ----------
    fence : sequence of Point
        Corners, polygon by polygon.

    Raises
    ------
    Refused
        A polygon has fewer corners than it says, or fewer than three.
    """
    found = []
    at = 0
    while at < len(fence):
        first = fence[at]
        group = fence[at : at + first.corners]
        same = {(point.command, point.corners) for point in group}
        if first.corners < 3 or len(group) < first.corners or len(same) > 1:
            raise Refused(f"The polygon at point {at} of the fence is not whole.")
        found.append((first.command, [(point.lon, point.lat) for point in group]))
        at += first.corners
    return found


def outside(fence: Sequence[Point], lon: float, lat: float) -> bool:
    """Return whether a place is where a fence does not let it be.

    Parameters
    ----------
    fence : sequence of Point
        Whole polygons; none lets it be everywhere.
    lon, lat : float
        [degree].
    """
    shapes = polygons(fence)
    inner = [_holds(corners, lon, lat) for kind, corners in shapes if kind == INSIDE]
    off = any(_holds(corners, lon, lat) for kind, corners in shapes if kind == OUTSIDE)
    return off or not all(inner)


def _holds(corners: Sequence[tuple[float, float]], x: float, y: float) -> bool:
    """Return whether a polygon holds a point, by counting the edges to its east."""
    held = False
    for (a, b), (c, d) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (b > y) != (d > y) and x < a + (y - b) / (d - b) * (c - a):
            held = not held
    return held
