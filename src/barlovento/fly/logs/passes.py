"""The lag of a gas reading, told by passes over the same places in different directions.

A reading that is late puts the gas too far along the way that was flown: east of its place on the
way east, west of it on the way west. The lag is taken at which readings of different passes agree
best about where the gas is. It holds the clock's offset and the lags of inlet and sensor together.
Its interval is that of leaving out one pass after the other (the jackknife: Efron and Stein 1981,
Ann. Statist. 9, 586-596).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.geodesy import to_local
from barlovento.fly.faults import listed
from barlovento.fly.logs.offset import Offset
from barlovento.fly.logs.record import Flight, FloatArray

#: Readings beyond this are averaged [1].
_MOST = 3000
_FEWEST_PASSES = 6
_TURN = np.cos(np.radians(60.0))
#: A pass that is shorter is part of a turn [s].
_SHORTEST_PASS = 4.0
_STEP, _COARSE_STEP, _AROUND = 0.25, 1.0, 6.0
#: A reading without neighbours is taken to be this much like the mean of all.
_PRIOR = 0.3
#: Of the variance of the readings, so much less is left at the best lag than at others.
_LEAST_GAIN = 0.05
#: A lag that gains this much of what the best gains is a rival.
_ALMOST = 0.7


@dataclass(slots=True)
class _Readings:
    """Readings, thinned, with their passes."""

    time: FloatArray
    value: FloatArray
    leg: NDArray[np.intp]


def by_passes(
    time: FloatArray, concentration: FloatArray, flight: Flight, *, most: float
) -> tuple[Offset | None, str]:
    """Estimate the lag from the gas itself.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Middle of each reading by the logger's clock since 1970 [s].
    concentration : ndarray, shape (n,)
        The gas [any unit].
    flight : Flight
        The flight.
    most : float
        The clocks differ by at most this [s].

    Returns
    -------
    tuple of Offset or None, and str
        The estimate, and why there is none.
    """
    origin = (float(np.median(flight.longitude)), float(np.median(flight.latitude)))
    track = to_local(flight.longitude, flight.latitude, origin=origin)
    readings = _prepared(time, concentration, flight, track)
    if readings is None:
        return None, "The gas never stands out, so passes tell nothing about the clock."
    count = int(readings.leg.max(initial=-1)) + 1
    if count < _FEWEST_PASSES:
        return None, f"There are {count} straight passes, too few to tell the clock by the gas."
    passes = _Passes(readings, flight, track, _width(flight, track), count)
    coarse = np.arange(-most, most + _COARSE_STEP / 2, _COARSE_STEP)
    losses = np.array([passes.loss(lag) for lag in coarse.tolist()])
    at = int(np.argmin(losses))
    if at in (0, coarse.size - 1):
        return None, "Passes agree best at the end of what was searched, which tells nothing."
    fine = coarse[at] + np.arange(-_AROUND, _AROUND + _STEP / 2, _STEP)
    return _with_interval(passes, fine, losses)


def _prepared(
    time: FloatArray, concentration: FloatArray, flight: Flight, track: tuple[FloatArray, ...]
) -> _Readings | None:
    inside = np.isfinite(concentration) & (time > flight.time[0]) & (time < flight.time[-1])
    time, concentration = time[inside], concentration[inside]
    if time.size < 30:
        return None
    rank = np.argsort(time, kind="stable")
    group = np.arange(time.size) // -(-time.size // _MOST)
    share = np.bincount(group)
    time = np.bincount(group, weights=time[rank]) / share
    value = np.bincount(group, weights=concentration[rank]) / share
    low, middle = np.quantile(value, (0.16, 0.5))
    scale = float(middle - low)
    if scale <= 0:
        scale = float(np.std(value)) / 10
    if scale <= 0 or float(value.max() - middle) < 6 * scale:
        return None
    # Peaks differ by orders of magnitude between passes; their place counts, not their height.
    value = np.arcsinh((value - middle) / (3 * scale))
    leg = _legs(time, flight, track)
    time, value, leg = time[leg >= 0], value[leg >= 0], leg[leg >= 0]
    if value.size < 30 or not np.ptp(value) > 0:
        return None
    return _Readings(time, (value - value.mean()) / value.std(), leg)


def _legs(time: FloatArray, flight: Flight, track: tuple[FloatArray, ...]) -> NDArray[np.intp]:
    """Return the number of the straight pass of each reading, -1 in turns and at rest."""
    ahead, behind = (
        np.stack([np.interp(time + step, flight.time, axis) for axis in track])
        for step in (1.5, -1.5)
    )
    way = ahead - behind
    speed = np.hypot(*way) / 3.0
    fast = speed > 0.3 * float(np.median(speed[speed > 0.2])) if (speed > 0.2).any() else speed > 1
    heading = way / np.maximum(np.hypot(*way), 1e-9)
    leg = np.full(time.size, -1, dtype=np.intp)
    number, start = -1, None
    for i in range(time.size):
        if not fast[i]:
            start = None
            continue
        if start is None or float(heading[:, i] @ start) < _TURN:
            number, start = number + 1, heading[:, i]
        leg[i] = number
    for one in range(number + 1):
        members = leg == one
        if members.any() and np.ptp(time[members]) < _SHORTEST_PASS:
            leg[members] = -1
    there = np.unique(leg[leg >= 0])
    renumbered = np.searchsorted(there, leg)
    return np.where(leg >= 0, renumbered, -1)


def _width(flight: Flight, track: tuple[FloatArray, ...]) -> float:
    """Return over how many metres readings of two passes are compared [m]."""
    speed = np.hypot(np.diff(track[0]), np.diff(track[1])) / np.maximum(np.diff(flight.time), 1e-3)
    moving = speed[speed > 0.5]
    return float(np.clip(1.5 * np.median(moving), 3.0, 30.0)) if moving.size else 3.0


@dataclass(frozen=True, slots=True)
class _Passes:
    """Readings on straight passes over a track, ready to be compared at any lag."""

    readings: _Readings
    flight: Flight
    track: tuple[FloatArray, ...]
    width: float
    count: int

    def pairs(self, lag: float) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """Return pairs of readings of different passes that are near, each both ways round."""
        from scipy.spatial import cKDTree

        time, leg = self.readings.time + lag, self.readings.leg
        place = np.stack([np.interp(time, self.flight.time, axis) for axis in self.track], axis=1)
        near = cKDTree(place).query_pairs(3 * self.width, output_type="ndarray")
        near = near[leg[near[:, 0]] != leg[near[:, 1]]]
        away = ((place[near[:, 0]] - place[near[:, 1]]) ** 2).sum(axis=1)
        weight = np.exp(-away / (2 * self.width**2))
        first = np.concatenate([near[:, 0], near[:, 1]])
        second = np.concatenate([near[:, 1], near[:, 0]])
        return first, second, np.concatenate([weight, weight])

    def loss(self, lag: float) -> float:
        """Return the squared error with which other passes foretell the readings [1]."""
        value = self.readings.value
        first, second, weight = self.pairs(lag)
        weights = np.bincount(first, weights=weight, minlength=value.size)
        sums = np.bincount(first, weights=weight * value[second], minlength=value.size)
        return float(((value - sums / (weights + _PRIOR)) ** 2).sum())

    def losses_without(self, lag: float) -> FloatArray:
        """Return the same with each pass left out in turn, shape (passes,) [1]."""
        value, leg, count = self.readings.value, self.readings.leg, self.count
        first, second, weight = self.pairs(lag)
        cell, size = first * count + leg[second], value.size * count
        weights = np.bincount(cell, weights=weight, minlength=size).reshape(-1, count)
        sums = np.bincount(cell, weights=weight * value[second], minlength=size)
        sums = sums.reshape(-1, count)
        told = (sums.sum(axis=1, keepdims=True) - sums) / (
            weights.sum(axis=1, keepdims=True) - weights + _PRIOR
        )
        lost = (value[:, None] - told) ** 2
        lost[np.arange(value.size), leg] = 0.0
        return np.asarray(lost.sum(axis=0))


def _with_interval(
    passes: _Passes, lags: FloatArray, coarse: FloatArray
) -> tuple[Offset | None, str]:
    """Return the best lag, and its interval by leaving out passes."""
    from scipy.special import stdtrit

    count = passes.count
    losses = np.array([passes.loss(lag) for lag in lags.tolist()])
    without = np.array([passes.losses_without(lag) for lag in lags.tolist()])
    if (np.median(coarse) - losses.min()) / passes.readings.time.size < _LEAST_GAIN:
        return None, "Passes agree about as well at any lag, so the gas tells nothing of the clock."
    best = _vertex(lags, losses)
    each = np.array([_vertex(lags, without[:, one]) for one in range(count)])
    error = float(np.sqrt((count - 1) / count * ((each - each.mean()) ** 2).sum()))
    half = float(stdtrit(count - 1, 0.95)) * error
    rivals = _rivals(coarse, best, float(losses.min()), half)
    if rivals:
        several = listed([f"{lag:.0f}" for lag in sorted([best, *rivals])])
        return None, (
            f"Passes agree about as well at several offsets ({several} s), as they do where lines "
            "are flown to and fro."
        )
    if half > _AROUND:
        return None, "Passes disagree too much among themselves to tell the clock by the gas."
    by = f"{count} passes over the gas (clock, inlet and sensor together)"
    return Offset(seconds=best, low=best - half, high=best + half, by=by), ""


def _vertex(lags: FloatArray, losses: FloatArray) -> float:
    """Return the lowest point of a parabola about the least of the losses [s]."""
    at = int(np.argmin(losses))
    window = slice(max(at - 4, 0), at + 5)
    if lags[window].size < 5:
        return float(lags[at])
    bend, slope, _ = np.polyfit(lags[window] - lags[at], losses[window], 2)
    if bend <= 0:
        return float(lags[at])
    return float(lags[at] + np.clip(-slope / (2 * bend), -1.0, 1.0))


def _rivals(coarse: FloatArray, best: float, least: float, half: float) -> list[float]:
    """Return lags far from the best that are almost as good [s]."""
    most = (coarse.size - 1) / 2 * _COARSE_STEP
    grid = np.linspace(-most, most, coarse.size)
    usual = float(np.median(coarse))
    good = usual - coarse > _ALMOST * (usual - least)
    low = np.concatenate([[np.inf], coarse, [np.inf]])
    dip = (coarse <= low[:-2]) & (coarse <= low[2:])
    rivals: list[float] = grid[good & dip & (np.abs(grid - best) > max(3 * half, 4.0))].tolist()
    return rivals
