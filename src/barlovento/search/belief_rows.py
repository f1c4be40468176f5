"""From new readings to the rows that the belief's kernels take, a block of time after the other.

Each reading gets the wind of its own window, the tables of spread of its air, its sensor's noise and
background as told by what that sensor has read so far, and the block whose turn it shares.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion import winds
from barlovento.dispersion.spread import N_TABLE, SpreadTables, spread_tables
from barlovento.domain.observation import Meteorology, Observations, SearchArea
from barlovento.errors import BadInput
from barlovento.search import belief_kernels as kernels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MICRO = 1e9
"""ug per kg [1]."""

STRETCH_TIME, STRETCH_LENGTH = 10.0, 8.0
"""Longest time [s] and way [m] over which readings of one sensor are averaged."""

PIECE = 12.0
"""Longest piece of a path that is looked at as one [m]."""

BLOCK = 60.0
"""Shortest time in which the wind has one turn off its record [s]."""

EDDY = 5.0
"""Integral time of the concentration in a plume [s]."""

SHORT, TURN_SHORT, TURN_LONG = 300.0, math.radians(8.0), math.radians(5.0)
"""Averages below this time [s] see turns of the first scale, others of the second [rad]."""

MEANDER = 1.0
"""Wind at which meander turns it as much as all else does [m s-1]."""

PLACE, LASTING = 20.0, 0.01
"""Cell within which a sensor's model errors last [m], and how much they correlate [1]."""

LEVEL_TIME = 60.0
"""Time within which a sensor's background is one level [s]."""

LEVEL_ERROR = 0.3
"""Least error of that level, in units of the noise [1]."""

FEW = 6
"""Sensors with fewer readings share noise and background [1]."""

GAS_MOST, GAS_SHARE, FAINT = 3.0, 0.07, 1.0
"""Most that one reading can tell of gas being there at all [nat], share of a reading that a plume
needs to half explain it, and what faint readings don't tell [nat]."""

LATE = 180.0
"""How long a block waits for its wind record [s]."""


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


class Packed(NamedTuple):
    """Readings as the kernels take them; see :func:`belief_kernels.evidence`."""

    rows: Floats
    seg_start: Ints
    seg_sd: Floats
    block_start: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """The states of the air met so far, with one table of spread for each.

    Parameters
    ----------
    keys : tuple of bytes
        Of the states.
    tables : SpreadTables
        One row each.
    """

    keys: tuple[bytes, ...]
    tables: SpreadTables


def no_record() -> Record:
    """Return a record without readings."""
    none = np.empty(0)
    return Record(
        start=none, end=none, sensor=np.empty(0, dtype=np.int64), names=(), x=none, y=none, z=none,
        half_x=none, half_y=none, value=none, hidden=np.empty(0, dtype=bool),
    )  # fmt: skip


def no_air(area: SearchArea) -> Air:
    """Return empty tables that reach over a search area."""
    across = math.hypot(area.x[1] - area.x[0], area.y[1] - area.y[0])
    none = np.empty((0, N_TABLE))
    return Air(
        keys=(),
        tables=SpreadTables(
            step=math.sqrt(1.5 * across + 500.0) / (N_TABLE - 1),
            sigma_y=none,
            sigma_z=none,
            speed_ratio=none,
            mixing_height=np.empty(0),
        ),
    )


def no_rows() -> Packed:
    """Return rows without readings."""
    zero = np.zeros(1, dtype=np.int64)
    return Packed(np.empty((0, kernels.COLUMNS)), zero, np.empty(0), zero)


def joined(a: Packed, b: Packed) -> Packed:
    """Return the rows of both, one after the other."""
    return Packed(
        np.concatenate([a.rows, b.rows]),
        np.concatenate([a.seg_start, b.seg_start[1:] + len(a.rows)]),
        np.concatenate([a.seg_sd, b.seg_sd]),
        np.concatenate([a.block_start, b.block_start[1:] + len(a.seg_sd)]),
    )


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
                f"A reading of {names[s]} at {new.min():.1f} s is not later than one that was taken "
                f"in before, at {old.max():.1f} s. Give new readings only, in order of time."
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
        x, y = np.interp(t - response, t, x), np.interp(t - response, t, y)
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


def packed(
    record: Record, rows: Ints, met: Meteorology, air: Air, area: SearchArea,
    background: float | None, limit: float | None, origin: float,
) -> tuple[Packed, Air]:  # fmt: skip
    """Return the rows of some readings, sorted by block and sensor.

    Parameters
    ----------
    record : Record
        All readings so far.
    rows : ndarray of int, shape (n,)
        Which of them.
    met : Meteorology
        The wind record so far.
    air : Air
        States of the air met so far.
    area : SearchArea
        For the height of releases.
    background, limit : float or None
        Known background, and detection limit [ug m-3].
    origin : float
        Where blocks of time are counted from [s since 1970 UTC].

    Returns
    -------
    Packed
        The rows.
    Air
        With the states of these rows.
    """
    if len(rows) == 0:
        return no_rows(), air
    width = block_width(record)
    middle = 0.5 * (record.start + record.end)
    block = np.floor((middle[rows] - origin) / width).astype(np.int64)
    order = np.lexsort((record.end[rows], record.sensor[rows], block))
    rows, block = rows[order], block[order]
    sensor = record.sensor[rows]
    wind = winds.wind_of_windows(met, record.start[rows], record.end[rows])
    window = record.end[rows] - record.start[rows]
    state = winds.air_state(met, wind, window, winds.direction_unrest(met))
    air, index = air_rows(air, state, area)
    out = np.zeros((len(rows), kernels.COLUMNS))
    out[:, kernels.POINT_X], out[:, kernels.POINT_Y] = record.x[rows], record.y[rows]
    out[:, kernels.POINT_Z] = record.z[rows]
    out[:, kernels.TOWARDS], out[:, kernels.SPEED] = wind.angle, wind.speed
    out[:, kernels.EVEN] = winds.even_share(state)
    out[:, kernels.AIR] = index
    out[:, kernels.FAR_X], out[:, kernels.FAR_Y] = record.half_x[rows], record.half_y[rows]
    half = np.hypot(record.half_x[rows], record.half_y[rows])
    out[:, kernels.PIECES] = np.clip(np.ceil(2.0 * half / PIECE), 1, 12)
    out[:, kernels.HIDDEN] = record.hidden[rows]
    out[:, kernels.SCALE] = turn_scale(window, wind.speed)
    out[:, kernels.WEIGHT] = _weight(record, rows) / (1.0 + (MEANDER / wind.speed) ** 4)
    out[:, kernels.EDDIES] = _eddies(record)[rows]
    noise = noise_of(record, limit)
    out[:, kernels.VARIANCE] = noise[sensor] ** 2
    change = np.flatnonzero((np.diff(block) != 0) | (np.diff(sensor) != 0)) + 1
    seg_start = np.concatenate([[0], change, [len(rows)]]).astype(np.int64)
    seg_sd = np.empty(len(seg_start) - 1)
    for g, (a, b) in enumerate(itertools.pairwise(seg_start)):
        level, seg_sd[g] = _level(record, int(sensor[a]), middle[rows[a:b]], noise, background)
        excess = record.value[rows[a:b]] - level
        out[a:b, kernels.EXCESS] = excess
        out[a:b, kernels.GAS], out[a:b, kernels.REACH] = _gas(excess, float(noise[sensor[a]]))
        out[a:b, kernels.MET2] = _met(middle[rows[a:b]], excess - 2.0 * noise[sensor[a]]) ** 2
    first = block[seg_start[:-1]]
    block_start = np.concatenate([[0], np.flatnonzero(np.diff(first)) + 1, [len(first)]])
    return Packed(out, seg_start, seg_sd, block_start.astype(np.int64)), air


def _gas(excess: Floats, noise: float) -> tuple[Floats, Floats]:
    """Return what is gained where a plume explains that gas was read, and which plume half does.

    Against noise with heavy tails stands gas of any strength, even in its logarithm. The gain is
    bounded, so that no single spike makes a source.

    Parameters
    ----------
    excess : ndarray, shape (n,)
        Above the background [ug m-3].
    noise : float
        [ug m-3].
    """
    r = np.maximum(excess / noise, 0.0)
    gain = 2.5 * np.log1p(0.25 * r**2) - np.log1p(r) - FAINT
    return np.clip(gain, 0.0, GAS_MOST), GAS_SHARE * np.maximum(excess, noise)


def _met(time: Floats, excess: Floats) -> Floats:
    """Return the most that was met within an eddy of each reading, shape (n,) [ug m-3]."""
    first = np.searchsorted(time, time - EDDY)
    last = np.searchsorted(time, time + EDDY, side="right")
    most = [excess[a:b].max() for a, b in zip(first, last, strict=True)]
    return np.maximum(np.array(most), 0.0)


def _level(
    record: Record, sensor: int, middle: Floats, noise: Floats, background: float | None
) -> tuple[float, float]:
    """Return background and its sd for a segment [ug m-3]."""
    if background is not None:
        return background, 0.5 * LEVEL_ERROR * float(noise[sensor])
    own = np.flatnonzero(record.sensor == sensor)
    if len(own) < FEW:
        own = np.arange(len(record))
    own = own[-3000:]
    time = 0.5 * (record.start[own] + record.end[own])
    usual = float(np.median(record.end[own] - record.start[own]))
    reach = max(LEVEL_TIME, 12.0 * usual)
    value, at, sigma = record.value[own], float(middle.mean()), float(noise[sensor])
    level, sd = level_at(time, value, sigma, at, reach)
    wide, _ = level_at(time, value, sigma, at, 3.0 * reach)
    return level, math.hypot(sd, 0.5 * (level - wide))


def turn_scale(window: Floats, speed: Floats) -> Floats:
    """Return the scale of a block's turn, shape (n,) [rad]; light winds turn more."""
    scale = np.where(window < SHORT, TURN_SHORT, TURN_LONG)
    return np.asarray(scale * np.sqrt(1.0 + (MEANDER / speed) ** 2))


def _weight(record: Record, rows: Ints) -> Floats:
    """Return how much of each reading is news after those of the same sensor at that place."""
    key = np.column_stack(
        [record.sensor, np.floor(record.x / PLACE), np.floor(record.y / PLACE)]
    ).astype(np.int64)
    _, place = np.unique(key, axis=0, return_inverse=True)
    place = np.asarray(place).ravel()
    order = np.argsort(place, kind="stable")
    first = np.searchsorted(place[order], np.arange(int(place.max()) + 1))
    before = np.empty(len(place))
    before[order] = np.arange(len(place)) - first[place[order]]
    return np.asarray(1.0 / (1.0 + LASTING * before[rows]) ** 2)


def _eddies(record: Record) -> Floats:
    """Return how many readings make one independent sample of a plume, shape (n,) [1]."""
    out = np.ones(len(record))
    for s in range(len(record.names)):
        own = np.flatnonzero(record.sensor == s)
        if len(own) > 1:
            window = (record.end - record.start)[own]
            apart = np.maximum(np.concatenate([[window[0]], np.diff(record.end[own])]), window)
            out[own] = np.maximum(2.0 * EDDY / np.maximum(apart, 0.05), 1.0)
    return out


def air_rows(air: Air, state: Floats, area: SearchArea) -> tuple[Air, Ints]:
    """Return the tables with those of new states, and the row of each state.

    Parameters
    ----------
    air : Air
        States so far.
    state : ndarray, shape (n, 9)
        By :func:`barlovento.dispersion.winds.air_state`.
    area : SearchArea
        For the height of releases.
    """
    keys = [row.tobytes() for row in winds.air_key(state)]
    place = {key: k for k, key in enumerate(air.keys)}
    fresh = [k for k, key in enumerate(keys) if place.setdefault(key, len(place)) >= len(air.keys)]
    seen: dict[bytes, int] = {}
    for k in fresh:
        seen.setdefault(keys[k], k)
    if seen:
        rows, old = state[list(seen.values())], air.tables
        new = spread_tables(
            wind_speed=rows[:, 0],
            sigma_theta=rows[:, 1],
            friction_velocity=rows[:, 2],
            obukhov_length=1.0 / rows[:, 3],
            mixing_height=rows[:, 4],
            roughness_length=rows[:, 5],
            stability_class=rows[:, 6].astype(np.int64),
            averaging_time=rows[:, 7],
            measurement_height=float(rows[0, 8]),
            release_height=0.5 * (area.release_height[0] + area.release_height[1]),
            distance_max=(old.step * (N_TABLE - 1)) ** 2,
        )
        names = ("sigma_y", "sigma_z", "speed_ratio", "mixing_height")
        air = Air(
            keys=(*air.keys, *seen),
            tables=replace(
                old, **{n: np.concatenate([getattr(old, n), getattr(new, n)]) for n in names}
            ),
        )
    return air, np.array([place[key] for key in keys], dtype=np.int64)
