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


def _ends(values: FloatArray) -> FloatArray:
    """Return what holds at the beginning and at the end of each stretch."""
    return np.stack([values[:-1], values[1:]])


def joined(parts: Iterable[Pieces]) -> Pieces:
    """Return the rows of all parts."""
    many = [part for part in parts if len(part)]
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
        self.ends: list[FloatArray] = [
            places([point.lon], [point.lat])[0] for point in self._beyond()
        ]

    def _part_long_legs(self) -> None:
        """Lay knots on legs that are too long for one flat patch."""
        vectors, shares, legs = [], [], []
        for leg, length in enumerate(self.lengths):
            number = max(1, math.ceil(length / (0.999 * LONGEST_EDGE)))
            share = np.arange(number) / number
            if number > 1:
                vectors.append(along(self.corners[leg], self.corners[leg + 1], share))
            else:
                vectors.append(self.corners[leg : leg + 1])
            shares.append(share)
            legs.append(np.full(number, leg))
        self._knots = np.concatenate([*vectors, self.corners[-1:]])
        self._leg = np.concatenate(legs)
        share = np.concatenate(shares)
        step = np.diff(self.times)[self._leg]
        rise = np.diff(self.heights)[self._leg]
        self._share = np.append(share, 1.0)
        self._time = np.append(self.times[self._leg] + share * step, self.times[-1])
        self._height = np.append(self.heights[self._leg] + share * rise, self.heights[-1])

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
        cuts = [self._time, moments - early, moments + early]
        if len(levels):
            wanted = np.concatenate([levels - high, levels + high])
            low, rise = self._height[:-1], np.diff(self._height)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = (wanted[:, None] - low) / rise
            inside = (share > 0) & (share < 1)
            cuts.append((self._time[:-1] + share * np.diff(self._time))[inside])
        every = np.unique(np.concatenate(cuts))
        every = every[(every >= self._time[0]) & (every <= self._time[-1])]
        middle = (every[:-1] + every[1:]) / 2
        knot = np.clip(np.searchsorted(self._time, middle, side="right") - 1, 0, len(self._leg) - 1)
        return self._between(knot, every[:-1], every[1:])

    def _between(self, knot: IntArray, start: FloatArray, end: FloatArray) -> Pieces:
        """Return pieces of the stretches after knots, between moments."""
        step = self._time[knot + 1] - self._time[knot]
        a = np.clip((start - self._time[knot]) / step, 0, 1)
        b = np.clip((end - self._time[knot]) / step, 0, 1)
        first, last = self._knots[knot], self._knots[knot + 1]
        p, q = first + a[:, None] * (last - first), first + b[:, None] * (last - first)
        rise = self._height[knot + 1] - self._height[knot]
        low, top = self._height[knot] + a * rise, self._height[knot] + b * rise
        begin = self._share[knot]
        until = np.where(self._share[knot + 1] <= begin, 1.0, self._share[knot + 1])
        n = len(knot)
        share = np.zeros((n, 4))
        share[:, 0] = begin + a * (until - begin)
        share[:, 1] = begin + b * (until - begin)
        buffer = self.route.buffer
        return Pieces(
            np.full(n, LEG),
            self._leg[knot],
            np.stack([p, q, q, p], axis=1),
            np.stack([start - buffer.time_error, end + buffer.time_error], axis=1),
            np.stack(
                [
                    np.minimum(low, top) - buffer.height_error,
                    np.maximum(low, top) + buffer.height_error,
                ],
                axis=1,
            ),
            share,
        )

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
        far = float(np.linalg.norm(self._knots - end, axis=1).max()) * 1.001
        number = max(1, math.ceil(far / (0.999 * LONGEST_EDGE)))
        lines = np.linspace(0, 1, number + 1)
        stretches = len(self._leg)
        begin = self._share[:-1]
        until = np.where(self._share[1:] <= begin, 1.0, self._share[1:])
        grid = self._toward(self._knots, end, lines)
        rows = []
        for k in range(number):
            share = np.stack(
                [begin, until, np.full(stretches, lines[k]), np.full(stretches, lines[k + 1])],
                axis=1,
            )
            corners = np.stack(
                [grid[:-1, k], grid[1:, k], grid[1:, k + 1], grid[:-1, k + 1]], axis=1
            )
            rows.append(
                self.patches(
                    kind,
                    self._leg,
                    np.stack([self._knots[:-1], self._knots[1:]]),
                    (_ends(self._time), _ends(self._height)),
                    goal,
                    end,
                    share,
                    corners,
                )
            )
        return joined(rows)

    def _toward(self, starts: FloatArray, end: FloatArray, lines: FloatArray) -> FloatArray:
        """Return places on the ways from starts to an end, shape (starts, lines, 3) [m]."""
        if len(lines) == 2:
            return np.stack([starts, np.broadcast_to(end, starts.shape)], axis=1)
        return np.stack([along(start, end, lines) for start in starts])

    def patches(
        self,
        kind: int,
        leg: IntArray,
        knots: FloatArray,
        known: tuple[FloatArray, FloatArray],
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
        knots : ndarray, shape (2, n, 3)
            Beginning and end of each patch's stretch of the leg [m].
        known : tuple of ndarray, shape (2, n)
            Times [s since 1970] and heights [m] there.
        goal : Waypoint
            Where the ways lead.
        end : ndarray, shape (3,)
            The same place [m].
        share : ndarray, shape (n, 4)
            As in :class:`Pieces` [1].
        corners : ndarray, shape (n, 4, 3)
            As in :class:`Pieces` [m].
        """
        buffer, speed = self.route.buffer, self.route.return_speed
        # Chords, with what an arc may be longer than its chord.
        chord = np.linalg.norm(knots - end, axis=2)
        chord_long = chord * (1 + (chord / 6.33e6) ** 2 / 20) + 0.01
        length = np.linalg.norm(knots[1] - knots[0], axis=1) * 1.0001
        nearest = np.maximum((chord[0] + chord[1] - length) / 2 - 0.01, 0)
        farthest = np.maximum(chord_long[0], chord_long[1])
        times, heights = known
        first = times[0] + share[:, 2] * nearest / speed
        last = times[1] + share[:, 3] * farthest / speed
        high = goal.height.value
        ends = np.stack(
            [h + u * (high - h) for h in heights for u in share[:, 2:].T],
            axis=1,
        )
        return Pieces(
            np.full(len(leg), kind),
            leg,
            corners,
            np.stack([first - buffer.time_error, last + buffer.time_error], axis=1),
            np.stack(
                [ends.min(axis=1) - buffer.height_error, ends.max(axis=1) + buffer.height_error],
                axis=1,
            ),
            share,
        )

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
