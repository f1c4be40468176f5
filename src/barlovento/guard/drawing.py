"""Shapes and patches of a route drawn in one flat frame, and which hold or touch which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.guard.geometry import FloatArray, Frame, Shape, arc
from barlovento.guard.path import IntArray, Pieces

BoolArray = NDArray[np.bool_]

QUADRANT = 32
"""Straight pieces that stand for a quarter of a circle where a rim is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Patches of pieces in a frame.

    Parameters
    ----------
    hulls : ndarray of geometry, shape (n,)
        The patches.
    middle : ndarray, shape (n, 2)
        Of their corners [m].
    points : ndarray of geometry, shape (n,)
        The same.
    reach : ndarray, shape (n,)
        Farthest corner from there [m].
    quadrant : int
        Straight pieces that stand for a quarter of the rim around them.
    """

    hulls: Any
    middle: FloatArray
    points: Any
    reach: FloatArray
    quadrant: int = QUADRANT

    def at(self, rows: Any) -> Patches:
        """Return some of the rows."""
        return Patches(self.hulls[rows], self.middle[rows], self.points[rows], self.reach[rows])

    def as_one(self) -> Patches:
        """Return all of them as one row, of which only the outline means something."""
        import shapely

        whole = np.array([shapely.union_all(self.hulls)])
        return Patches(whole, self.middle[:1], self.points[:1], self.reach[:1], QUADRANT // 4)


class Drawing:
    """A shape in a frame.

    Parameters
    ----------
    shape : Shape
        Less than 90 degrees away.
    frame : Frame
        Where it is drawn.
    """

    def __init__(self, shape: Shape, frame: Frame) -> None:
        self.shape = shape
        self._frame = frame

    @cached_property
    def polygon(self) -> Any:
        """Return it as a flat polygon."""
        import shapely

        flat = [self._frame.project(ring) for ring in self.shape.rings]
        polygon = shapely.Polygon(flat[0], flat[1:])
        shapely.prepare(polygon)
        return polygon

    @cached_property
    def rim(self) -> Any:
        """Return its outline and those of its holes."""
        import shapely

        rim = shapely.boundary(self.polygon)
        shapely.prepare(rim)
        return rim

    def holds(self, pieces: Pieces, patches: Patches, rows: IntArray, side: float) -> BoolArray:
        """Return which patches lie inside, farther from the rim than the side.

        Parameters
        ----------
        pieces, patches : Pieces, Patches
            The same ones.
        rows : ndarray of int, shape (n,)
            Which of them are asked about.
        side : float
            To the side of the aircraft [m].
        """
        import shapely

        hub = self.shape.hub
        if hub is not None and self.shape.radius <= 100_000:
            # A circle is convex: a patch lies inside when its corners do.
            apart = arc(np.linalg.norm(pieces.corners[rows] - hub, axis=2).max(axis=1))
            inside: BoolArray = apart + side + 0.01 * (apart / 1e5) ** 3 <= self.shape.radius
            return inside
        x, y = patches.middle[rows].T
        found: BoolArray = shapely.contains_xy(self.polygon, x, y)
        some = rows[found]
        far = shapely.distance(self.rim, patches.points[some])
        held = far > patches.reach[some] + side
        open_ = ~held & (far > side)
        held[open_] = ~shapely.dwithin(self.rim, patches.hulls[some[open_]], side)
        found[found] = held
        return found

    def touches(self, patches: Patches, rows: IntArray, side: float) -> BoolArray:
        """Return which patches come as near as the side.

        Parameters
        ----------
        patches : Patches
            Of pieces.
        rows : ndarray of int, shape (n,)
            Which of them are asked about.
        side : float
            To the side of the aircraft [m].
        """
        import shapely

        far = shapely.distance(self.polygon, patches.points[rows])
        near: BoolArray = far <= side
        open_ = ~near & (far <= patches.reach[rows] + side)
        near[open_] = shapely.dwithin(self.polygon, patches.hulls[rows[open_]], side)
        return near
