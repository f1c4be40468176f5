"""Shapes and patches of a route drawn in one flat frame, and which hold or touch which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.guard.geometry import FloatArray, Frame, Shape, arc
from barlovento.guard.nearness import first_near, near_edges
from barlovento.guard.path import IntArray, Pieces

BoolArray = NDArray[np.bool_]

QUADRANT = 32
"""Straight pieces that stand for a quarter of a circle where a rim is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Patches of pieces in a frame.

    Parameters
    ----------
    flat : ndarray, shape (n, 4, 2)
        Their corners [m].
    line : ndarray of bool, shape (n,)
        Those that are lines, there and back.
    middle : ndarray, shape (n, 2)
        Of their corners [m].
    reach : ndarray, shape (n,)
        Farthest corner from there [m].
    """

    flat: FloatArray
    line: BoolArray
    middle: FloatArray
    reach: FloatArray

    def at(self, rows: Any) -> Patches:
        """Return some of the rows."""
        return Patches(self.flat[rows], self.line[rows], self.middle[rows], self.reach[rows])

    def hulls(self, rows: IntArray) -> Any:
        """Return some rows as geometries; few are ever asked for."""
        import shapely

        hulls = shapely.linestrings(self.flat[rows])
        line = self.line[rows]
        return hulls if line.all() else np.where(line, hulls, shapely.convex_hull(hulls))


class Flat:
    """An area in a frame.

    Parameters
    ----------
    draw : callable
        Returns it as a flat polygon; called when that is needed.
    """

    def __init__(self, draw: Callable[[], Any]) -> None:
        self._draw = draw

    @cached_property
    def polygon(self) -> Any:
        """Return it as a flat polygon."""
        import shapely

        polygon = self._draw()
        shapely.prepare(polygon)
        return polygon

    @cached_property
    def edges(self) -> FloatArray:
        """Return both ends of each edge of its rings, shape (m, 4) [m]."""
        import shapely

        spots, ring = shapely.get_coordinates(
            shapely.get_parts(shapely.boundary(self.polygon)), return_index=True
        )
        same = ring[1:] == ring[:-1]
        edges: FloatArray = np.concatenate([spots[:-1], spots[1:]], axis=1)[same]
        return edges

    def holds_flat(self, patches: Patches, rows: IntArray, side: float) -> BoolArray:
        """Return which patches lie inside, farther from the rim than the side.

        Parameters
        ----------
        patches : Patches
            Of pieces.
        rows : ndarray of int, shape (n,)
            Which of them are asked about.
        side : float
            To the side of the aircraft [m].
        """
        inside, near = self._near(patches, rows, side)
        return inside & ~near

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
        inside, near = self._near(patches, rows, side)
        return inside | near

    def _near(self, patches: Patches, rows: IntArray, side: float) -> tuple[BoolArray, BoolArray]:
        found: tuple[BoolArray, BoolArray] = near_edges(
            self.edges, patches.flat, patches.line, patches.middle, patches.reach, rows, side
        )
        return found

    def first_touch(self, start: FloatArray, end: FloatArray, side: float) -> float:
        """Return where a line first comes as near as the side, as a share; infinite if never.

        Parameters
        ----------
        start, end : ndarray, shape (2,)
            Of the line [m].
        side : float
            To the side of the aircraft [m].
        """
        inside, share = first_near(self.edges, start, end, side)
        return 0.0 if inside else float(share)

    def first_off(self, start: FloatArray, end: FloatArray, side: float) -> float:
        """Return where a line is first not held with the side, as a share; infinite if it is.

        Parameters
        ----------
        start, end : ndarray, shape (2,)
            Of the line [m].
        side : float
            To the side of the aircraft [m].
        """
        inside, share = first_near(self.edges, start, end, side)
        return float(share) if inside else 0.0


class Drawing(Flat):
    """A shape in a frame.

    Parameters
    ----------
    shape : Shape
        Less than 90 degrees away.
    frame : Frame
        Where it is drawn.
    """

    def __init__(self, shape: Shape, frame: Frame) -> None:
        super().__init__(self._projected)
        self.shape = shape
        self._frame = frame

    @cached_property
    def _rings(self) -> list[FloatArray]:
        return [self._frame.project(ring) for ring in self.shape.rings]

    def _projected(self) -> Any:
        import shapely

        return shapely.Polygon(self._rings[0], self._rings[1:])

    @cached_property
    def edges(self) -> FloatArray:
        """Return both ends of each edge of its rings, shape (m, 4) [m]."""
        edges = np.empty((sum(len(ring) for ring in self._rings), 4))
        begin = 0
        for ring in self._rings:
            some = edges[begin : (begin := begin + len(ring))]
            some[:, :2], some[:-1, 2:], some[-1, 2:] = ring, ring[1:], ring[0]
        return edges

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
        hub = self.shape.hub
        if hub is not None and self.shape.radius <= 100_000:
            # A circle is convex: a patch lies inside when its corners do.
            apart = arc(np.linalg.norm(pieces.corners[rows] - hub, axis=2).max(axis=1))
            inside: BoolArray = apart + side + 0.01 * (apart / 1e5) ** 3 <= self.shape.radius
            return inside
        return self.holds_flat(patches, rows, side)
