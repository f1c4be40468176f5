"""Readings as the sampler uses them: averaged where dense.

Dense records are averaged over short stretches of time and path, since neighbouring
one-second readings share their errors; each reading becomes nodes (along a path) with weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Observations

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_READINGS = 3000
"""Readings beyond which the stretches are lengthened [1]."""

STRETCH_SHARE = 1.0 / 60.0
"""Time averaged at first as a share of the survey: wind and plume need many windows [1]."""

STRETCH_SHORTEST, STRETCH_LONGEST = 10.0, 300.0
"""Bounds of that time; five minutes let the plume cross the field [s]."""

STRETCH_LENGTH = 8.0
"""Longest way averaged at first [m]."""


PIECE = 12.0
"""Longest piece of a path that a source sees from afar [m]."""

FINE = 3.0
"""Longest part of such a piece that a source sees from close by [m]."""

MOST = 12
"""Most of the former [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """Readings after averaging, in time order.

    Parameters
    ----------
    start, end : ndarray, shape (n,)
        Window that each reading averages [s since 1970 UTC].
    sensor : ndarray of int, shape (n,)
        Index of the sensor.
    x, y, z, x2, y2, z2 : ndarray, shape (n,)
        Mean place, or the ends of the path; NaN in the second end of a point [m].
    concentration : ndarray, shape (n,)
        [kg m-3].
    censored : ndarray of bool, shape (n,)
        True for a non-detect.
    members : ndarray of int, shape (n,)
        How many raw readings stand behind each.
    group : ndarray of int, shape (n_raw,)
        Which reduced reading each raw one went into.
    """

    start: Floats
    end: Floats
    sensor: Ints
    x: Floats
    y: Floats
    z: Floats
    x2: Floats
    y2: Floats
    z2: Floats
    concentration: Floats
    censored: NDArray[np.bool_]
    members: Ints
    group: Ints


def reduce_readings(obs: Observations) -> Reduced:
    """Average neighbouring readings of one sensor until no more than ``MAX_READINGS`` remain.

    Parameters
    ----------
    obs : Observations
        Raw readings.

    Returns
    -------
    Reduced
        At least one reading for each raw stretch; raw readings that already average longer
        than the stretch are kept as they are while they are few enough.
    """
    span = float(np.ptp(obs.time)) if len(obs) > 1 else 0.0
    time_max = min(max(STRETCH_SHARE * span, STRETCH_SHORTEST), STRETCH_LONGEST)
    length_max = STRETCH_LENGTH
    order = np.lexsort((obs.time, obs.censored, obs.sensor))
    while True:
        label = _stretches(obs, order, time_max, length_max)
        if label[-1] + 1 <= MAX_READINGS or time_max > 1e5:
            break
        time_max, length_max = 1.5 * time_max, 1.5 * length_max
    return _average(obs, order, label)


def _stretches(obs: Observations, order: Ints, time_max: float, length_max: float) -> Ints:
    """Return the stretch of each reading in ``order``, shape (n_raw,)."""
    t, x, y, z = obs.time[order], obs.x[order], obs.y[order], obs.z[order]
    x2 = np.nan_to_num(obs.x2[order], nan=1e99)
    y2 = np.nan_to_num(obs.y2[order], nan=1e99)
    step = np.hypot(np.hypot(np.diff(x), np.diff(y)), np.diff(z))
    way = np.concatenate([[0.0], np.cumsum(step)])
    key = (
        (np.diff(obs.sensor[order]) != 0)
        | (np.diff(obs.censored[order].astype(int)) != 0)
        | (np.abs(np.diff(x2)) > 0.5)
        | (np.abs(np.diff(y2)) > 0.5)
        | (step > length_max)
        | (np.diff(t) > max(time_max, 2.0 * obs.averaging_time))
    )
    run = np.concatenate([[0], np.cumsum(key)])
    first = np.concatenate([[0], np.flatnonzero(key) + 1])
    begin_t, begin_way = t[first][run], way[first][run]
    # Within a run, cut by elapsed time and by way; the finer of both decides.
    spent = t - begin_t + min(obs.averaging_time, time_max) * 0.999
    cut = np.floor(np.maximum(spent / time_max, (way - begin_way) / length_max)).astype(int)
    if obs.averaging_time * 1.5 > time_max:
        cut = np.arange(len(t))
    change = np.concatenate([[False], (np.diff(run) != 0) | (np.diff(cut) != 0)])
    return np.asarray(np.cumsum(change), dtype=np.int64)


def _average(obs: Observations, order: Ints, label: Ints) -> Reduced:
    """Average the readings of each stretch."""
    count = np.bincount(label)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(label, weights=values[order]) / count)

    first = np.concatenate([[0], np.flatnonzero(np.diff(label)) + 1])
    last = np.concatenate([first[1:] - 1, [len(label) - 1]])
    t = obs.time[order]
    end = t[last]
    by_time = np.argsort(end, kind="stable")
    rank = np.empty_like(by_time)
    rank[by_time] = np.arange(len(by_time))
    group = np.empty(len(label), dtype=np.int64)
    group[order] = rank[label]
    picked = {
        name: mean(getattr(obs, name))[by_time]
        for name in ("x", "y", "z", "x2", "y2", "z2", "concentration")
    }
    return Reduced(
        start=(t[first] - obs.averaging_time)[by_time],
        end=end[by_time],
        sensor=obs.sensor[order][first][by_time],
        censored=obs.censored[order][first][by_time],
        members=count[by_time],
        group=group,
        **picked,
    )


def at_lag(obs: Observations, reduced: Reduced, lag: float) -> Reduced:
    """Return readings where their sensors were when the gas that they show was met.

    Parameters
    ----------
    obs : Observations
        Raw readings, whose places make each sensor's track.
    reduced : Reduced
        The same after averaging.
    lag : float
        By which the gas clock is behind the clock of the places [s].

    Returns
    -------
    Reduced
        With other places. Before a sensor's first reading it is taken to stand where it has
        that one.
    """
    if lag == 0.0:
        return reduced
    middle = obs.time - 0.5 * obs.averaging_time
    moved: dict[str, Any] = {}
    for name in ("x", "y", "z", "x2", "y2", "z2"):
        place = getattr(obs, name).astype(float)
        for k in np.unique(obs.sensor):
            rows = np.flatnonzero(obs.sensor == k)
            rows = rows[np.argsort(middle[rows], kind="stable")]
            place[rows] = np.interp(middle[rows] - lag, middle[rows], place[rows])
        total = np.bincount(reduced.group, weights=place, minlength=len(reduced.end))
        moved[name] = total / reduced.members
    return replace(reduced, **moved)


def pieces(reduced: Reduced) -> tuple[Ints, Ints]:
    """Return into how many pieces each reading's path is cut, seen from afar and from close by.

    Parameters
    ----------
    reduced : Reduced
        Readings.

    Returns
    -------
    far, close : ndarray of int, shape (n,)
        The first is one for a point; the second a multiple of it, or zero where there is no
        need to cut any finer.
    """
    path = np.isfinite(reduced.x2)
    length = np.where(path, np.hypot(reduced.x2 - reduced.x, reduced.y2 - reduced.y), 0.0)
    far = np.clip(np.ceil(length / PIECE), 1, MOST).astype(np.int64)
    parts = np.ceil(length / far / FINE).astype(np.int64)
    return far, np.where(parts > 1, far * parts, 0)


def nodes(
    reduced: Reduced, count: Ints
) -> tuple[Ints, Floats, Floats, Floats, Floats, Floats, Floats]:
    """Return the pieces of path that each reading averages, in one of the ways to cut it.

    Parameters
    ----------
    reduced : Reduced
        Readings.
    count : ndarray of int, shape (n,)
        How many pieces, see :func:`pieces`.

    Returns
    -------
    start : ndarray of int, shape (n + 1,)
        First node of each reading.
    x, y, z : ndarray, shape (m,)
        Middle of the piece [m].
    weight : ndarray, shape (m,)
        Sums to one for each reading [1].
    half_x, half_y : ndarray, shape (m,)
        Half the piece, zero for a point [m].
    """
    path = np.isfinite(reduced.x2)
    start = np.concatenate([[0], np.cumsum(count)])
    owner = np.repeat(np.arange(len(count)), count)
    f = (np.arange(start[-1]) - start[owner] + 0.5) / count[owner]
    f = np.where(path[owner], f, 0.0)

    def along(a: Floats, b: Floats) -> tuple[Floats, Floats]:
        way = np.where(path, b - a, 0.0)[owner]
        return np.asarray(a[owner] + f * way), np.asarray(0.5 * way / count[owner])

    x, half_x = along(reduced.x, reduced.x2)
    y, half_y = along(reduced.y, reduced.y2)
    z, _ = along(reduced.z, reduced.z2)
    return start, x, y, z, 1.0 / count[owner], half_x, half_y
