"""What one aircraft flies on one battery: out, along its legs and home, with times.

The wind is constant over a sortie; the speed through the air is held. Climbs and descents are
flown over the base, straight up and down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from barlovento.errors import BadInput
from barlovento.plan.coverage import Coverage
from barlovento.plan.passage import Passage

FloatArray = NDArray[np.float64]

LEAST_GROUND_SPEED = 0.5
"""Slower than this over ground counts as no way made [m s-1]."""
FEET = 0.0
"""Height above ground at which a flight begins and ends [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an aircraft flies a sortie.

    Parameters
    ----------
    airspeed : float
        Held on every leg [m s-1].
    climb_rate, descent_rate : float
        Over the base [m s-1].
    turn_radius : float
        Of its turns [m].
    height : float
        Of the legs, above ground [m].
    endurance : float
        That may be used, the reserve already taken off [s].
    wind : tuple of float
        Where the air goes, east and north [m s-1].
    overlap : float
        How much of a leg is flown again after a battery was changed in it [m].
    """

    airspeed: float
    climb_rate: float
    descent_rate: float
    turn_radius: float
    height: float
    endurance: float
    wind: tuple[float, float]
    overlap: float

    def seconds(self, a: ArrayLike, b: ArrayLike) -> FloatArray:
        """Return how long straight ways take; infinite against too much wind.

        Parameters
        ----------
        a, b : array_like
            Shape (n, 2) [m].
        """
        step = np.asarray(b, float) - np.asarray(a, float)
        length = np.hypot(step[..., 0], step[..., 1])
        safe = np.where(length > 0, length, 1.0)
        along = (self.wind[0] * step[..., 0] + self.wind[1] * step[..., 1]) / safe
        across = (self.wind[0] * step[..., 1] - self.wind[1] * step[..., 0]) / safe
        rest = self.airspeed**2 - across**2
        over_ground = along + np.sqrt(np.maximum(rest, 0.0))
        flown = (rest >= 0) & (over_ground >= LEAST_GROUND_SPEED)
        found = np.where(flown, length / np.where(flown, over_ground, 1.0), np.inf)
        return np.where(length > 0, found, 0.0)

    @property
    def up(self) -> float:
        """Return the time of the climb [s]."""
        return (self.height - FEET) / self.climb_rate

    @property
    def down(self) -> float:
        """Return the time of the descent [s]."""
        return (self.height - FEET) / self.descent_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class SortiePath:
    """A flight from the base back to it.

    Parameters
    ----------
    places : ndarray
        x east, y north, shape (n, 2) [m].
    heights : ndarray
        Above ground, shape (n,) [m].
    seconds : ndarray
        Since the start, rising, shape (n,) [s].
    sensing : ndarray
        Whether the way to the next place is a leg, shape (n - 1,).
    manner : Manner
        How it is flown.
    resumed : bool
        Whether it goes on where another ended.
    """

    places: FloatArray
    heights: FloatArray
    seconds: FloatArray
    sensing: NDArray[np.bool_]
    manner: Manner
    resumed: bool = False

    @property
    def duration(self) -> float:
        """Return how long it takes [s]."""
        return float(self.seconds[-1])

    @property
    def length(self) -> float:
        """Return how long the way is, climbs left out [m]."""
        return float(np.hypot(*np.diff(self.places, axis=0).T).sum())

    @property
    def leg_length(self) -> float:
        """Return the length of its legs [m]."""
        return float(np.hypot(*np.diff(self.places, axis=0)[self.sensing].T).sum())

    def at(self, second: ArrayLike) -> FloatArray:
        """Return x, y and height at times, shape (n, 3) [m]; before and after it stands at base.

        Parameters
        ----------
        second : array_like
            Since the start [s].
        """
        columns = (*self.places.T, self.heights)
        moments = np.asarray(second, dtype=np.float64)
        return np.stack([np.interp(moments, self.seconds, c) for c in columns], axis=-1)

    def legs(self) -> FloatArray:
        """Return both ends of every leg, shape (n, 2, 2) [m]."""
        pairs = np.stack([self.places[:-1], self.places[1:]], axis=1)
        found: FloatArray = pairs[self.sensing]
        return found


def split_at_batteries(
    coverage: Coverage, manner: Manner, *, base: ArrayLike, passage: Passage | None = None
) -> list[SortiePath]:
    """Return the sorties that fly a coverage, a battery each, ways from and to the base counted.

    Parameters
    ----------
    coverage : Coverage
        Without start and end, so that it holds legs and the turns between them only.
    manner : Manner
        How it is flown.
    base : array_like
        x, y where batteries are changed [m].
    passage : Passage, optional
        Where one may fly on the way out and home; straight when left out.

    Returns
    -------
    list of SortiePath
        In order; where a leg was cut, the next goes on ``overlap`` before the cut.

    Raises
    ------
    BadInput
        The wind is too strong, or the endurance is too short for the nearest leg and back.
    """
    home = np.asarray(base, dtype=np.float64)
    points, sensing = coverage.waypoints, coverage.sensing
    found: list[SortiePath] = []
    index, here = 0, points[0]
    while index < len(sensing):
        walk = _Walk(manner, home, passage, here)
        begun = (index, tuple(here))
        while index < len(sensing):
            goal = points[index + 1]
            if walk.reaches(goal):
                walk.go(goal, bool(sensing[index]))
                index += 1
                here = goal
                continue
            if sensing[index]:
                here = walk.as_far_as(goal)
            break
        if (index, tuple(here)) == begun or not walk.legs_flown:
            raise BadInput(_too_short(manner, home, here))
        found.append(walk.closed(resumed=bool(found)))
        if index >= len(sensing):
            break
        if sensing[index]:
            back = points[index] - here
            away = float(np.hypot(*back))
            if away > 0:
                here = here + back / away * min(manner.overlap, away)
                if walk.advance <= manner.overlap:
                    raise BadInput(_too_short(manner, home, here))
        else:
            # The way between legs is not flown again: go to where the next leg begins.
            while index < len(sensing) and not sensing[index]:
                index += 1
            here = points[index] if index < len(points) else here
    return found


class _Walk:
    """A sortie while it grows."""

    def __init__(
        self, manner: Manner, home: FloatArray, passage: Passage | None, first: FloatArray
    ) -> None:
        self.manner, self.home, self.passage = manner, home, passage
        self.places: list[FloatArray] = [home, home]
        self.heights = [FEET, manner.height]
        self.seconds = [0.0, manner.up]
        self.sensing = [False]
        self.legs_flown = 0
        self.advance = 0.0
        for place in (*self._around(home, first), first):
            self._add(place, sensing=False)

    def _around(self, a: FloatArray, b: FloatArray) -> list[FloatArray]:
        return [] if self.passage is None else list(self.passage.way(a, b))

    def _add(self, place: FloatArray, *, sensing: bool) -> None:
        took = float(self.manner.seconds(self.places[-1], place))
        if took <= 0:
            return
        self.places.append(place)
        self.heights.append(self.manner.height)
        self.seconds.append(self.seconds[-1] + took)
        self.sensing.append(sensing)

    def _home_from(self, place: FloatArray) -> float:
        chain = [place, *self._around(place, self.home), self.home]
        return float(self.manner.seconds(chain[:-1], chain[1:]).sum()) + self.manner.down

    def reaches(self, goal: FloatArray) -> bool:
        """Tell whether it can go there straight and then home."""
        took = float(self.manner.seconds(self.places[-1], goal))
        return self.seconds[-1] + took + self._home_from(goal) <= self.manner.endurance

    def go(self, goal: FloatArray, sensing: bool) -> None:
        """Fly there."""
        self.advance += float(np.hypot(*(goal - self.places[-1])))
        self._add(goal, sensing=sensing)
        self.legs_flown += sensing

    def as_far_as(self, goal: FloatArray) -> FloatArray:
        """Fly along a leg as far as the way home allows, and return where that is."""
        begin = self.places[-1]
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            if self.reaches(begin + middle * (goal - begin)):
                low = middle
            else:
                high = middle
        end: FloatArray = begin + low * (goal - begin)
        if np.hypot(*(end - begin)) > 1.0:
            self.go(end, True)
            return end
        return begin

    def closed(self, *, resumed: bool) -> SortiePath:
        """Fly home."""
        # What was flown after the last leg only would have led to the next one.
        while not self.sensing[-1]:
            for column in (self.places, self.heights, self.seconds, self.sensing):
                column.pop()
        last = self.places[-1]
        for place in (*self._around(last, self.home), self.home):
            self._add(place, sensing=False)
        self.places.append(self.home)
        self.heights.append(FEET)
        self.seconds.append(self.seconds[-1] + self.manner.down)
        self.sensing.append(False)
        return SortiePath(
            places=np.array(self.places),
            heights=np.array(self.heights),
            seconds=np.array(self.seconds),
            sensing=np.array(self.sensing, dtype=bool),
            manner=self.manner,
            resumed=resumed,
        )


def _too_short(manner: Manner, home: FloatArray, place: FloatArray) -> str:
    away = math.dist(home, place)
    return (
        f"An endurance of {manner.endurance / 60:.0f} min with wind {manner.wind[0]:g}, "
        f"{manner.wind[1]:g} m s-1 (east, north) is too short for a leg {away / 1000:.1f} km from "
        "the base and back. Move the base nearer, wait for less wind, or take another aircraft."
    )


def remaining(path: SortiePath, flown: float) -> Coverage | None:
    """Return what is left of a sortie that ended early, so that another can resume it.

    Parameters
    ----------
    path : SortiePath
        As it was planned.
    flown : float
        How far along its times it came [s].

    Returns
    -------
    Coverage or None
        The legs that are left, beginning ``overlap`` before the place; None when none is.
    """
    index = int(np.searchsorted(path.seconds, flown, side="right")) - 1
    index = min(max(index, 0), len(path.sensing))
    left = np.flatnonzero(path.sensing[index:]) + index
    if not len(left):
        return None
    first, last = int(left[0]), int(left[-1])
    begin = path.places[first]
    if first == index:
        here = path.at([flown])[0, :2]
        back = begin - here
        away = float(np.hypot(*back))
        begin = here if away == 0 else here + back / away * min(path.manner.overlap, away)
    points = np.concatenate([begin[None], path.places[first + 1 : last + 2]])
    sensing = path.sensing[first : last + 1]
    lengths = np.hypot(*np.diff(points, axis=0).T)
    flown_legs = float(lengths[sensing].sum())
    return Coverage(
        waypoints=points,
        sensing=sensing,
        legs=int(sensing.sum()),
        leg_length=flown_legs,
        length=float(lengths.sum()),
        transit=float(lengths.sum()) - flown_legs,
        ideal_length=flown_legs,
        spacing=math.nan,
    )
