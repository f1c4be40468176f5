"""All readings of a search so far, averaged over short stretches, and what they tell of sensors.

Noise and background of a sensor follow from what it read; plumes only add to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Observations
from barlovento.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MICRO = 1e9
"""ug per kg [1]."""

STRETCH_TIME, STRETCH_LENGTH = 10.0, 8.0
"""Longest time [s] and way [m] over which readings of one sensor are averaged."""

BLOCK = 60.0
"""Shortest time in which the wind has one turn off its record [s]."""

LEVEL_ERROR = 0.3
"""Least error of that level, in units of the noise [1]."""

FEW = 6
"""Sensors with fewer readings share noise and background [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All readings so far, averaged over stretches, in order of their windows' ends.

    Parameters
    ----------
    start, end : ndarray, shape (n,)
        Window [s since 1970 UTC].
    sensor : ndarray of int, shape (n,)
        Index into ``names``.
    names : tuple of str
        Sensors.
    x, y, z, half_x, half_y : ndarray, shape (n,)
        Middle of the path, and half of it; zero for a point [m].
    value : ndarray, shape (n,)
        Reading or limit [ug m-3].
    hidden : ndarray of bool, shape (n,)
        True for a non-detect.
    """

    start: Floats
    end: Floats
    sensor: Ints
    names: tuple[str, ...]
    x: Floats
    y: Floats
    z: Floats
    half_x: Floats
    half_y: Floats
    value: Floats
    hidden: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.end.size)


ARRAYS = ("start", "end", "sensor", "x", "y", "z", "half_x", "half_y", "value", "hidden")


def no_record() -> Record:
    """Return a record without readings."""
    none = np.empty(0)
    return Record(
        start=none, end=none, sensor=np.empty(0, dtype=np.int64), names=(), x=none, y=none, z=none,
        half_x=none, half_y=none, value=none, hidden=np.empty(0, dtype=bool),
    )  # fmt: skip


def taken_in(record: Record, obs: Observations, response: float) -> Record:
    """Return the record with new readings behind the old ones.

    Parameters
    ----------
    record : Record
        What was read before.
    obs : Observations
        The new readings.
    response : float
        Time constant of the sensors: a reading tells of where they were that long ago [s].

    Raises
    ------
    BadInput
        If a reading is older than one of the same sensor that was taken in before.
    """
    if len(obs) == 0:
        return record
    names = list(record.names)
    names += [name for name in obs.sensor_names if name not in names]
    sensor = np.array([names.index(name) for name in obs.sensor_names], dtype=np.int64)[obs.sensor]
    for s in np.unique(sensor):
        old, new = record.end[record.sensor == s], obs.time[sensor == s]
        if old.size and new.size and new.min() <= old.max():
            raise BadInput(
                f"A reading of {names[s]} at {new.min():.1f} s is not later than one that was "
                f"taken in before, at {old.max():.1f} s. Give new readings only, in order of time."
            )
    parts = [_stretches(obs, np.flatnonzero(sensor == s), response) for s in np.unique(sensor)]
    new_sensor = np.repeat(np.unique(sensor), [len(p["end"]) for p in parts])
    fresh = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    fresh["sensor"] = new_sensor
    order = np.argsort(fresh["end"], kind="stable")
    return replace(
        record,
        names=tuple(names),
        **{n: np.concatenate([getattr(record, n), fresh[n][order]]) for n in ARRAYS},
    )


def _stretches(obs: Observations, rows: Ints, response: float) -> dict[str, NDArray[np.generic]]:
    """Return the readings of one sensor averaged over short stretches of time and way."""
    rows = rows[np.argsort(obs.time[rows], kind="stable")]
    t = obs.time[rows]
    path = np.isfinite(obs.x2[rows])
    x, y = obs.x[rows], obs.y[rows]
    if response > 0.0 and len(t) > 1 and not path.any():
        x, y = _earlier(t, x, response), _earlier(t, y, response)
    hidden = obs.censored[rows]
    far_x = np.where(path, obs.x2[rows], x)
    far_y = np.where(path, obs.y2[rows], y)
    z = np.where(path, 0.5 * (obs.z[rows] + np.nan_to_num(obs.z2[rows])), obs.z[rows])
    step = np.hypot(np.diff(x), np.diff(y))
    apart = np.concatenate([[0.0], np.diff(t)])
    cut = (
        (np.concatenate([[0.0], step]) > STRETCH_LENGTH)
        | (apart > max(STRETCH_TIME, 2.0 * obs.averaging_time))
        | (np.concatenate([[0], np.diff(hidden.astype(int))]) != 0)
        | path
    )
    label = np.zeros(len(t), dtype=np.int64)
    begin_t, way = t[0] - obs.averaging_time, 0.0
    for k in range(1, len(t)):
        way += step[k - 1]
        label[k] = label[k - 1]
        if cut[k] or t[k] - begin_t > STRETCH_TIME or way > STRETCH_LENGTH:
            label[k] += 1
            begin_t, way = t[k] - obs.averaging_time, 0.0
    count = np.bincount(label)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(label, weights=values) / count)

    first = np.searchsorted(label, np.arange(len(count)))
    last = np.searchsorted(label, np.arange(len(count)), side="right") - 1
    return {
        "start": t[first] - obs.averaging_time,
        "end": t[last],
        "x": mean(0.5 * (x + far_x)),
        "y": mean(0.5 * (y + far_y)),
        "z": mean(z),
        "half_x": mean(0.5 * (far_x - x)),
        "half_y": mean(0.5 * (far_y - y)),
        "value": mean(obs.concentration[rows] * MICRO),
        "hidden": hidden[first],
    }


def _earlier(time: Floats, place: Floats, lag: float) -> Floats:
    """Return where a sensor was some seconds before; the first moves on as it began to [m]."""
    step = max(float(time[1] - time[0]), 1e-3)
    begin = float(place[0]) - lag * (float(place[1]) - float(place[0])) / step
    known = np.interp(time - lag, np.append(time[0] - lag, time), np.append(begin, place))
    return np.asarray(known)


def block_width(record: Record) -> float:
    """Return how long a block lasts [s]."""
    return max(BLOCK, float(np.median(record.end - record.start)))


def noise_of(record: Record, limit: float | None) -> Floats:
    """Return each sensor's noise, from the differences of readings that follow each other.

    Parameters
    ----------
    record : Record
        All readings.
    limit : float or None
        Detection limit [ug m-3].

    Returns
    -------
    ndarray, shape (sensors,)
        [ug m-3].
    """
    floor = 1e-4 * float(np.median(np.abs(record.value))) + 1e-6
    if record.hidden.any():
        floor = max(floor, float(np.median(record.value[record.hidden])) / 4.0)
    if limit is not None:
        floor = max(floor, limit / 6.0)
    out = np.full(len(record.names), math.nan)
    for s in range(len(out)):
        step = np.abs(np.diff(record.value[record.sensor == s][-2000:]))
        step = step[step > 0.0]
        if step.size >= FEW:
            out[s] = max(floor, float(np.quantile(step, 0.1)) / (0.1257 * math.sqrt(2.0)))
    known = out[np.isfinite(out)]
    usual = float(np.median(known)) if known.size else max(floor, 0.003 * float(record.value.max()))
    return np.where(np.isfinite(out), out, usual)


def level_at(
    time: Floats, value: Floats, noise: float, at: float, reach: float
) -> tuple[float, float]:
    """Return the background of one sensor about a time, and its error.

    Plumes only add: the level starts from the lower quarter of the readings, weighted by nearness
    in time, and is then the mean of those that are not far above it.

    Parameters
    ----------
    time, value : ndarray, shape (n,)
        Readings of the sensor so far [s], [ug m-3].
    noise : float
        [ug m-3].
    at, reach : float
        Where, and time constant of the weights [s].

    Returns
    -------
    level, sd : float
        [ug m-3].
    """
    weight = np.exp(-0.5 * ((time - at) / reach) ** 2) + 1e-4
    order = np.argsort(value)
    share = np.cumsum(weight[order]) / weight.sum()
    level = float(value[order][np.searchsorted(share, 0.25)]) + 0.67 * noise
    near = weight
    for _ in range(4):
        near = np.where((value < level + 1.5 * noise) & (value > level - 3.0 * noise), weight, 0.0)
        if near.sum() <= 0.0:
            return level, 3.0 * noise
        # the mean of a Gaussian cut at -3 and 1.5 lies .134 below its middle
        level = float((near * value).sum() / near.sum()) + 0.134 * noise
    count = float(near.sum() ** 2 / (near**2).sum())
    return level, noise * math.hypot(LEVEL_ERROR, 1.0 / math.sqrt(count))
