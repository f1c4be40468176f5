"""From chosen cells to a flight: legs over them, on one battery, and what it looks over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from barlovento.errors import BadInput
from barlovento.plan.coverage import Coverage, lay_legs
from barlovento.plan.passage import Passage
from barlovento.plan.route import Manner, SortiePath, split_at_batteries

FloatArray = NDArray[np.float64]

SEAM = 1.0
"""Cells are grown by so much before they are joined, for their edges don't meet exactly [m]."""
TRIES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A flight over some cells.

    Parameters
    ----------
    path : SortiePath
        Out, along the legs and home.
    cells : tuple of int
        Those it was laid over.
    dropped : tuple of int
        Those that did not fit.
    looked_over : shapely geometry
        What its legs look over [m].
    spacing : float
        Between its legs, as asked [m].
    """

    path: SortiePath
    cells: tuple[int, ...]
    dropped: tuple[int, ...]
    looked_over: Any
    spacing: float


def without_ends(coverage: Coverage) -> Coverage:
    """Return the legs and what lies between them, without the ways from and to the base."""
    flown = np.flatnonzero(coverage.sensing)
    first, last = int(flown[0]), int(flown[-1]) + 1
    points = coverage.waypoints[first : last + 1]
    length = float(np.hypot(*np.diff(points, axis=0).T).sum())
    return replace(
        coverage,
        waypoints=points,
        sensing=coverage.sensing[first:last],
        length=length,
        transit=length - coverage.leg_length,
    )


def fly_over(
    cells: Sequence[int],
    shapes: Sequence[Any],
    worth: FloatArray,
    *,
    room: Any,
    base: ArrayLike,
    manner: Manner,
    heading_deg: float,
    spacing: float,
) -> Flight | None:
    """Return a flight over as many of the cells as one battery allows, the least worth left out.

    Parameters
    ----------
    cells : sequence of int
        Wanted, by number.
    shapes : sequence of shapely Polygon
        Of all cells [m].
    worth : ndarray
        Of all cells [1].
    room : shapely Polygon
        Where one may fly, all of it with a straight way home [m].
    base : array_like
        x, y [m].
    manner : Manner
        How it flies.
    heading_deg : float
        Of the legs, clockwise from north [degree].
    spacing : float
        Between legs [m].

    Returns
    -------
    Flight or None
        None when not even one cell fits.
    """
    import shapely

    wanted = list(cells)
    dropped: list[int] = []
    passage = Passage(room.buffer(2e-3))
    for _ in range(TRIES):
        if not wanted:
            return None
        area = shapely.union_all([shapes[k].buffer(SEAM) for k in wanted]).intersection(room)
        area = _of_polygons(area)
        share = 0.5
        if not area.is_empty:
            try:
                paths = _paths(area, room, passage, base, manner, heading_deg, spacing)
            except BadInput:
                paths = []
            if len(paths) == 1:
                looked = swath(paths[0], spacing)
                return Flight(
                    path=paths[0],
                    cells=tuple(wanted),
                    dropped=tuple(dropped),
                    looked_over=looked,
                    spacing=spacing,
                )
            whole = sum(path.leg_length for path in paths)
            share = paths[0].leg_length / whole if paths else 0.5
        keep = max(min(len(wanted) - 1, int(0.97 * share * len(wanted))), 0)
        order = sorted(wanted, key=lambda k: (-worth[k], k))
        dropped += order[keep:]
        wanted = [k for k in wanted if k in set(order[:keep])]
    return None


def _paths(
    area: Any,
    room: Any,
    passage: Passage,
    base: ArrayLike,
    manner: Manner,
    heading: float,
    spacing: float,
) -> list[SortiePath]:
    laid = lay_legs(
        area,
        heading_deg=heading,
        spacing=spacing,
        turn_radius=manner.turn_radius,
        start=base,
        end=base,
        passable=room,
    )
    return split_at_batteries(without_ends(laid), manner, base=base, passage=passage)


def swath(path: SortiePath, spacing: float) -> Any:
    """Return what the legs of a flight look over: half the spacing to both sides.

    Parameters
    ----------
    path : SortiePath
        What it flies.
    spacing : float
        Between legs [m].
    """
    import shapely

    lines = shapely.linestrings(path.legs())
    return shapely.union_all(shapely.buffer(lines, spacing / 2, cap_style="flat"))


def shares(shapes: Sequence[Any], looked_over: Any) -> FloatArray:
    """Return which share of each cell is looked over, shape (cells,) [1].

    Parameters
    ----------
    shapes : sequence of shapely Polygon
        Of all cells [m].
    looked_over : shapely geometry
        By one flight or several [m].
    """
    import shapely

    cells = np.array(shapes, dtype=object)
    shapely.prepare(looked_over)
    near = np.flatnonzero(shapely.intersects(looked_over, cells))
    found = np.zeros(len(cells))
    common = shapely.area(shapely.intersection(cells[near], looked_over))
    found[near] = np.clip(common / shapely.area(cells[near]), 0.0, 1.0)
    return found


def _of_polygons(shape: Any) -> Any:
    import shapely

    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 1.0]
    return shapely.union_all(parts)
