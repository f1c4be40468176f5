"""Legs over an area with concave corners and holes, and the shortest way that flies them all.

The area is cut into strips that lie one beside the other without a gap; each is flown to and fro,
or out on every second leg and back on the others. Which strip comes when, from which end and how,
is searched so that everything between the legs, the ways from and to the base included, is short.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from barlovento.errors import BadInput
from barlovento.plan.dubins import shortest_turn
from barlovento.plan.order import best_order
from barlovento.plan.passage import Passage
from barlovento.plan.strips import FloatArray, Strip, cut

__all__ = ["Coverage", "lay_legs"]

LEAST_ROWS = 5
"""With fewer legs one more costs more than any way back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A way that flies every leg once.

    Parameters
    ----------
    waypoints : ndarray
        x east, y north, shape (n, 2) [m].
    sensing : ndarray
        Whether the way to the next waypoint is a leg, shape (n - 1,).
    legs : int
        Number of legs.
    leg_length : float
        Of all legs together [m].
    length : float
        Of everything, turns and ways from start and to end included [m].
    transit : float
        What is no leg [m].
    ideal_length : float
        No way is shorter than this: the area over the spacing, less half a disc at its ends, and
        the ways from start and to end to the nearest place of the area [m].
    spacing : float
        Between neighbouring legs, as flown; never more than was asked [m].
    """

    waypoints: FloatArray
    sensing: NDArray[np.bool_]
    legs: int
    leg_length: float
    length: float
    transit: float
    ideal_length: float
    spacing: float


def lay_legs(
    area: Any,
    *,
    heading_deg: float,
    spacing: float,
    turn_radius: float,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    passable: Any | None = None,
    inset: float = 0.0,
) -> Coverage:
    """Return legs over an area and the way that flies them.

    Parameters
    ----------
    area : shapely Polygon or MultiPolygon
        What is looked over, flat [m].
    heading_deg : float
        Direction of the legs, clockwise from north; across the wind for plumes [degree].
    spacing : float
        Greatest distance between legs [m].
    turn_radius : float
        Of the tightest turn; 0 for what turns on the spot [m].
    start, end : array_like, optional
        x, y where the flight begins and ends; without them it begins and ends with a leg [m].
    passable : shapely Polygon or MultiPolygon, optional
        Where one may fly between legs; the area itself when left out. Turns of a wing reach out
        of a leg's end, so it should be wider than the area.
    inset : float
        How far legs end before the area's edge: 0 for plumes, half of the spacing for what sees
        as far to all sides [m].

    Returns
    -------
    Coverage
        Waypoints and lengths.

    Raises
    ------
    BadInput
        An argument is impossible, or no permitted way leads to a part of the area.
    """
    _check(area, spacing, turn_radius, inset)
    turn = math.radians(90.0 - heading_deg)
    room = area if passable is None else passable.union(area)
    flat, around = _turned(area, -turn), _turned(room, -turn)
    passage = Passage(around.buffer(2 * 1e-3))
    ends = [None if p is None else _turn(np.asarray(p, float), -turn) for p in (start, end)]
    flown, lines, points, sensing, length = min(
        (
            (step, *_flown(strips, passage, ends, turn_radius))
            for strips, step in _layouts(flat, spacing, inset)
        ),
        key=lambda one: one[-1],
    )
    legs = float(sum(np.hypot(*(leg[1] - leg[0])) for leg in lines))
    return Coverage(
        waypoints=_turn(points, turn),
        sensing=sensing,
        legs=len(lines),
        leg_length=legs,
        length=length,
        transit=length - legs,
        ideal_length=_ideal(area, spacing, start, end),
        spacing=flown,
    )


def _layouts(flat: Any, spacing: float, inset: float) -> list[tuple[list[Strip], float]]:
    """Return the strips, and for what sees to all sides those with one leg more besides.

    An even number of legs can be flown with a way back along one side that looks as well.
    """
    first = cut(flat, spacing=spacing, inset=inset)
    if not inset:
        return [first]
    rows = max(len(strip.lines) for strip in first[0])
    if rows < LEAST_ROWS:
        return [first]
    return [first, cut(flat, spacing=spacing, inset=inset, more=1)]


def _flown(
    strips: list[Strip], passage: Passage, ends: list[FloatArray | None], radius: float
) -> tuple[list[FloatArray], FloatArray, NDArray[np.bool_], float]:
    """Return legs in order, waypoints, which ways are legs, and the whole length."""
    chosen = best_order(strips, passage, ends[0], ends[1], turn_radius=radius)
    lines = [leg for strip, mode in chosen for leg in strip.flown(mode)]
    best = _join(lines, passage, ends[0], ends[1], radius)
    if ends[0] is not None and ends[1] is not None and np.allclose(ends[0], ends[1]):
        around = best_order(strips, passage, None, None, turn_radius=radius, closed=True)
        ring = [leg for strip, mode in around for leg in strip.flown(mode)]
        ring = _opened(ring, passage, ends[0])
        joined = _join(ring, passage, ends[0], ends[1], radius)
        if joined[2] < best[2]:
            lines, best = ring, joined
    return (lines, *best)


def _check(area: Any, spacing: float, turn_radius: float, inset: float) -> None:
    if area.is_empty or area.area <= 0 or not area.is_valid:
        raise BadInput("The area is empty or crosses itself. Draw it anew.")
    if not (math.isfinite(spacing) and spacing > 0):
        raise BadInput(f"Legs {spacing:g} m apart cover nothing. Give more than 0 m.")
    if not (math.isfinite(turn_radius) and turn_radius >= 0 and 0 <= inset <= spacing):
        raise BadInput(
            f"Turn radius {turn_radius:g} m and inset {inset:g} m: give 0 m or more, and an inset "
            "of the spacing at most."
        )
    if area.area / spacing > 1e8:
        raise BadInput(
            f"{area.area / 1e6:.0f} km2 at {spacing:g} m is {area.area / spacing / 1000:.0f} km of "
            "legs. Fly a smaller area, or legs farther apart."
        )


def _ideal(area: Any, spacing: float, start: ArrayLike | None, end: ArrayLike | None) -> float:
    """Return a length below which no way sweeps the area with a swath of the spacing."""
    import shapely

    ways = sum(
        max(0.0, float(shapely.distance(area, shapely.Point(np.asarray(p, float)))) - spacing / 2)
        for p in (start, end)
        if p is not None
    )
    # A swath of width w around a way of length l holds l w and a disc at most.
    return max(0.0, float(area.area) / spacing - math.pi * spacing / 4) + ways


def _turn(places: FloatArray, angle: float) -> FloatArray:
    c, s = math.cos(angle), math.sin(angle)
    found: FloatArray = places @ np.array([[c, s], [-s, c]])
    return found


def _turned(shape: Any, angle: float) -> Any:
    import shapely

    return shapely.transform(shape, lambda places: _turn(places, angle))


def _join(
    lines: list[FloatArray],
    passage: Passage,
    start: FloatArray | None,
    end: FloatArray | None,
    radius: float,
) -> tuple[FloatArray, NDArray[np.bool_], float]:
    """Return all waypoints, which ways between them are legs, and the length of all."""
    places: list[FloatArray] = [] if start is None else [start[None]]
    sensing: list[bool] = []
    length = 0.0
    here, heading = start, None
    for leg in [*lines, None]:
        goal = end if leg is None else leg[0]
        if goal is None:
            break
        ahead = None if leg is None else _heading(leg)
        if here is not None:
            between, way = _between(passage, here, heading, goal, ahead, radius)
            length += way
            places.append(between)
            sensing.extend([False] * (len(between) + 1))
        if leg is None:
            places.append(goal[None])
            break
        places.append(leg)
        sensing.append(True)
        length += float(np.hypot(*(leg[1] - leg[0])))
        here, heading = leg[1], ahead
    points = np.concatenate(places)
    moved = np.concatenate([[True], np.hypot(*np.diff(points, axis=0).T) > 1e-6])
    return points[moved], np.array(sensing, dtype=bool)[moved[1:]], length


def _opened(ring: list[FloatArray], passage: Passage, base: FloatArray) -> list[FloatArray]:
    """Return the legs of a closed way, beginning where the way from and to a base costs least."""
    begin = np.array([leg[0] for leg in ring])
    end = np.array([leg[1] for leg in ring])
    away_begin, away_end = (np.hypot(*(places - base).T) for places in (begin, end))
    gap = np.hypot(*(begin - np.roll(end, 1, axis=0)).T)
    more = away_begin + np.roll(away_end, 1) - gap
    for k in np.argsort(more):
        free = passage.sees([base, base], [begin[k], end[k - 1]])
        if free.all():
            return ring[k:] + ring[:k]
    return ring


def _heading(leg: FloatArray) -> float | None:
    step = leg[1] - leg[0]
    return math.atan2(step[1], step[0]) if np.hypot(*step) > 1e-9 else None


def _between(
    passage: Passage,
    here: FloatArray,
    heading: float | None,
    goal: FloatArray,
    ahead: float | None,
    radius: float,
) -> tuple[FloatArray, float]:
    """Return the corners of a way that keeps to what is passable, and its length."""
    around = passage.way(here, goal)
    chain = np.concatenate([here[None], around, goal[None]])
    length = float(np.hypot(*np.diff(chain, axis=0).T).sum())
    if radius <= 0 or len(around) or (heading is None and ahead is None):
        return around, length
    way = math.atan2(goal[1] - here[1], goal[0] - here[0])
    begin = (float(here[0]), float(here[1]), way if heading is None else heading)
    finish = (float(goal[0]), float(goal[1]), way if ahead is None else ahead)
    turning, corners = shortest_turn(begin, finish, radius)
    chain = np.concatenate([here[None], corners, goal[None]])
    inside = not len(corners) or (
        passage.holds(corners).all() and passage.sees(chain[:-1], chain[1:]).all()
    )
    if not inside:
        # No room for the wide turn: fly the straight way, which the turn's buffer has to hold.
        return around, max(length, turning)
    return corners, turning
