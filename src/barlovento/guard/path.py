"""The swept volume of a route in pieces: a flat patch, a span of time and a span of heights.

A piece holds, with the route's errors of time and height, every place at which the aircraft may
be in it; the distance to the side is added where pieces are compared with areas. Legs are exact:
parted where a limit of time or height is passed, a piece of a leg needs its whole box. Patches
of the return home are held by boxes that shrink with the patch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.airspace import Route, Waypoint
from barlovento.guard.geometry import (
    LONGEST_EDGE,
    FloatArray,
    along,
    geographic,
    places,
    wgs84,
)
from barlovento.guard.sweeping import cuts, fan_of, farthest, stretches_of, way_boxes

IntArray = NDArray[np.int64]

LEG, RETURN, LOST, LOST_FIXED = range(4)
"""Kinds of pieces: the route itself, ways home, ways to the first place of the lost-link route,
and the lost-link route from there."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Many pieces, one a row.

    Parameters
    ----------
    kind, leg : ndarray of int, shape (n,)
        Which path; leg is counted from 0.
    corners : ndarray, shape (n, 4, 3)
        Of the patch, in order; a line has each end twice [m].
    time : ndarray, shape (n, 2)
        First and last moment, errors included [s since 1970].
    height : ndarray, shape (n, 2)
        Lowest and highest, errors included, above the route's own reference [m].
    share : ndarray, shape (n, 4)
        From and until where along the leg, and along the way home [1].
    """

    kind: IntArray
    leg: IntArray
    corners: FloatArray
    time: FloatArray
    height: FloatArray
    share: FloatArray

    def __len__(self) -> int:
        return len(self.kind)

    def at(self, rows: IntArray | NDArray[np.bool_] | slice) -> Pieces:
        """Return some of the rows."""
        return Pieces(
            self.kind[rows],
            self.leg[rows],
            self.corners[rows],
            self.time[rows],
            self.height[rows],
            self.share[rows],
        )


def joined(parts: Iterable[Pieces]) -> Pieces:
    """Return the rows of all parts."""
    many = [part for part in parts if len(part)]
    if len(many) == 1:
        return many[0]
    return Pieces(
        np.concatenate([part.kind for part in many]),
        np.concatenate([part.leg for part in many]),
        np.concatenate([part.corners for part in many]),
        np.concatenate([part.time for part in many]),
        np.concatenate([part.height for part in many]),
        np.concatenate([part.share for part in many]),
    )


class Path:
    """A route as vectors and numbers, and the pieces it sweeps.

    Parameters
    ----------
    route : Route
        Heights all from one reference; checked before.
    """

    def __init__(self, route: Route) -> None:
        self.route = route
        points = route.waypoints
        lon = np.array([point.lon for point in points])
        lat = np.array([point.lat for point in points])
        self.corners = places(lon, lat)
        self.times = np.array([point.time.timestamp() for point in points])
        self.heights = np.array([point.height.value for point in points])
        self.lengths = wgs84().inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2]
        self._part_long_legs()
        beyond = self._beyond()
        self.ends = places([point.lon for point in beyond], [point.lat for point in beyond])

    def _part_long_legs(self) -> None:
        """Lay knots on legs that are too long for one flat patch."""
        number = np.maximum(np.ceil(self.lengths / (0.999 * LONGEST_EDGE)), 1).astype(np.int64)
        leg, share = np.arange(len(number)), np.zeros(len(number))
        self._knots = self.corners
        if len(number) and number.max() > 1:
            leg = np.repeat(leg, number)
            first = np.cumsum(number) - number
            share = (np.arange(len(leg)) - first[leg]) / number[leg]
            self._knots = np.concatenate([self.corners[leg], self.corners[-1:]])
            for long in np.flatnonzero(number > 1):
                rows = slice(first[long], first[long] + number[long])
                ends = self.corners[long], self.corners[long + 1]
                self._knots[rows] = along(*ends, share[rows])
        self._leg = leg
        step, rise = self.times[1:] - self.times[:-1], self.heights[1:] - self.heights[:-1]
        self._share = np.append(share, 1.0)
        self._until = np.where(self._share[1:] <= share, 1.0, self._share[1:])
        self._time = np.append(self.times[leg] + share * step[leg], self.times[-1])
        self._height = np.append(self.heights[leg] + share * rise[leg], self.heights[-1])
        self._profile = np.empty((len(self._time), 4))
        self._profile[:, 0], self._profile[:, 1] = self._time, self._height
        self._profile[:, 2], self._profile[:-1, 3] = self._share, self._until
        self._profile[-1, 3] = 1.0

    def _beyond(self) -> tuple[Waypoint, ...]:
        home = (self.route.home,) if self.route.home else ()
        return (*home, *self.route.lost_link)

    # ------------------------------------------------------------ legs

    def legs(self, moments: FloatArray, levels: FloatArray) -> Pieces:
        """Return the legs, parted where the box passes a limit of time or height.

        Parameters
        ----------
        moments : ndarray
            Limits of time [s since 1970].
        levels : ndarray
            Limits of height above the route's reference [m].
        """
        early, high = self.route.buffer.time_error, self.route.buffer.height_error
        every = cuts(
            self._time,
            self._height,
            np.concatenate([moments - early, moments + early]),
            np.concatenate([levels - high, levels + high]),
        )
        knot, corners, time, height, share = stretches_of(
            self._knots, self._profile, every, early, high
        )
        return Pieces(np.full(len(knot), LEG), self._leg[knot], corners, time, height, share)

    @property
    def knot_times(self) -> FloatArray:
        """Return the moments of the route's knots, in order [s since 1970]."""
        return self._time

    def at(self, moments: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return where and how high the plan is at some moments of its legs.

        Parameters
        ----------
        moments : ndarray, shape (n,)
            [s since 1970].

        Returns
        -------
        tuple of ndarray, shape (n, 3) and (n,)
            Places, and heights above the route's own reference [m].
        """
        knot = np.clip(
            np.searchsorted(self._time, moments, side="right") - 1, 0, len(self._leg) - 1
        )
        share = (moments - self._time[knot]) / (self._time[knot + 1] - self._time[knot])
        first, rise = self._knots[knot], self._height[knot + 1] - self._height[knot]
        spots = first + share[:, None] * (self._knots[knot + 1] - first)
        return spots, self._height[knot] + share * rise

    def places_at(self, legs: IntArray, shares: FloatArray) -> FloatArray:
        """Return places of legs, one for each row.

        Parameters
        ----------
        legs : ndarray of int, shape (n,)
            Counted from 0.
        shares : ndarray, shape (n,)
            Of each leg's length [1].

        Returns
        -------
        ndarray, shape (n, 3)
            [m].
        """
        start, end = self.corners[legs], self.corners[legs + 1]
        found: FloatArray = start + shares[:, None] * (end - start)
        for row in np.flatnonzero(self.lengths[legs] > 0.999 * LONGEST_EDGE):
            found[row] = along(start[row], end[row], shares[row : row + 1])[0]
        return found

    # ------------------------------------------------------------ ways home

    def returns(self) -> Pieces | None:
        """Return the ways home and to the lost-link route from everywhere, and that route."""
        parts = []
        number = 0
        if self.route.home is not None:
            parts.append(self._fan(RETURN, self.route.home, self.ends[0]))
            number = 1
        if self.route.lost_link:
            parts.append(self._fan(LOST, self.route.lost_link[0], self.ends[number]))
            parts.extend(self._lost_link(number))
        return joined(parts) if parts else None

    def _fan(self, kind: int, goal: Waypoint, end: FloatArray) -> Pieces:
        """Return the patches between each stretch of the legs and a goal."""
        buffer = self.route.buffer
        errors = buffer.time_error, buffer.height_error
        numbers = np.array([goal.height.value, self.route.return_speed, *errors])
        number = max(1, math.ceil(farthest(self._knots, end) * 1.001 / (0.999 * LONGEST_EDGE)))
        lines = np.linspace(0, 1, number + 1)
        # Places on the ways between beginning and end; mostly there are none.
        between = (
            np.stack([along(start, end, lines[1:-1]) for start in self._knots])
            if number > 1
            else np.empty((len(self._knots), 0, 3))
        )
        corners, time, height, share = fan_of(
            self._knots, self._profile, between, lines, end, numbers
        )
        leg = self._leg if number == 1 else np.tile(self._leg, number)
        return Pieces(np.full(len(leg), kind), leg, corners, time, height, share)

    def patches(
        self,
        kind: int,
        leg: IntArray,
        knots: tuple[FloatArray, FloatArray],
        known: FloatArray,
        goal: Waypoint,
        end: FloatArray,
        share: FloatArray,
        corners: FloatArray,
    ) -> Pieces:
        """Return patches with the boxes that hold them.

        Parameters
        ----------
        kind : int
            Of way.
        leg : ndarray of int, shape (n,)
            Counted from 0.
        knots : tuple of ndarray, shape (n, 3)
            Beginning and end of each patch's stretch of the leg [m].
        known : ndarray, shape (n, 4)
            Time at both [s since 1970], then height at both [m].
        goal : Waypoint
            Where the ways lead.
        end : ndarray, shape (3,)
            The same place [m].
        share : ndarray, shape (n, 4)
            As in :class:`Pieces` [1].
        corners : ndarray, shape (n, 4, 3)
            As in :class:`Pieces` [m].
        """
        buffer = self.route.buffer
        errors = buffer.time_error, buffer.height_error
        numbers = np.array([goal.height.value, self.route.return_speed, *errors])
        time, height = way_boxes(*knots, known, share, end, numbers)
        return Pieces(np.full(len(leg), kind), leg, corners, time, height, share)

    def _lost_link(self, number: int) -> list[Pieces]:
        """Return the lost-link route from its first place, at all times it may be begun."""
        points, speed, buffer = self.route.lost_link, self.route.return_speed, self.route.buffer
        chord = np.linalg.norm(self._knots - self.ends[number], axis=1)
        arc = chord * (1 + (chord / 6.33e6) ** 2 / 20)
        length = np.linalg.norm(np.diff(self._knots, axis=0), axis=1)
        nearest = np.maximum((chord[:-1] + chord[1:] - length) / 2, 0)
        begin = float((self._time[:-1] + nearest / speed).min())
        until = float((self._time[1:] + np.maximum(arc[:-1], arc[1:]) / speed).max())
        parts = []
        for k in range(len(points) - 1):
            a, b = points[k], points[k + 1]
            length_k = float(wgs84().inv(a.lon, a.lat, b.lon, b.lat)[2])
            parts_k = max(1, math.ceil(length_k / (0.999 * LONGEST_EDGE)))
            share = np.linspace(0, 1, parts_k + 1)
            spot = along(self.ends[number + k], self.ends[number + k + 1], share)
            rise = a.height.value + share * (b.height.value - a.height.value)
            passed = share * length_k / speed
            zeros = np.zeros(parts_k)
            parts.append(
                Pieces(
                    np.full(parts_k, LOST_FIXED),
                    np.full(parts_k, k),
                    np.stack([spot[:-1], spot[1:], spot[1:], spot[:-1]], axis=1),
                    np.stack(
                        [
                            begin + passed[:-1] - buffer.time_error,
                            until + passed[1:] + buffer.time_error,
                        ],
                        axis=1,
                    ),
                    np.stack(
                        [
                            np.minimum(rise[:-1], rise[1:]) - buffer.height_error,
                            np.maximum(rise[:-1], rise[1:]) + buffer.height_error,
                        ],
                        axis=1,
                    ),
                    np.stack([share[:-1], share[1:], zeros, zeros], axis=1),
                )
            )
            begin, until = begin + length_k / speed, until + length_k / speed
        return parts


def middle_of(pieces: Pieces) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return longitude and latitude of each patch's middle, and how far it reaches from there.

    Returns
    -------
    tuple of ndarray
        Longitude, latitude [degree], and distance [m].
    """
    centre = pieces.corners.mean(axis=1)
    reach = np.linalg.norm(pieces.corners - centre[:, None], axis=2).max(axis=1)
    lon, lat = geographic(centre)
    return lon, lat, reach * 1.0001 + 0.01
