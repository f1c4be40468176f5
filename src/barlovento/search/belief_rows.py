"""From new readings to the rows that the belief's kernels take, a block of time after the other.

Each reading gets the wind of its own window, the tables of spread of its air, its sensor's noise
and background as told by what that sensor has read so far, and the block whose turn it shares.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion import winds
from barlovento.dispersion.spread import N_TABLE, SpreadTables, spread_tables
from barlovento.domain.observation import Meteorology, SearchArea
from barlovento.search import belief_likelihood as columns
from barlovento.search.belief_record import (
    FEW,
    LEVEL_ERROR,
    Record,
    block_width,
    level_at,
    noise_of,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PIECE = 12.0
"""Longest piece of a path that is looked at as one [m]."""

EDDY = 8.0
"""Integral time of the concentration in a plume [s]."""

SHORT, TURN_SHORT, TURN_LONG = 300.0, math.radians(8.0), math.radians(5.0)
"""Averages below this time [s] see turns of the first scale, others of the second [rad]."""

MEANDER = 1.0
"""Wind at which meander turns it as much as all else does [m s-1]."""

PLACE, LASTING = 20.0, 0.01
"""Cell within which a sensor's model errors last [m], and how much they correlate [1]."""

LEVEL_TIME = 60.0
"""Time within which a sensor's background is one level [s]."""

GAS_MOST, GAS_SHARE, FAINT = 3.0, 0.07, 1.0
"""Most that one reading can tell of gas being there at all [nat], share of a reading that a plume
needs to half explain it, and what faint readings don't tell [nat]."""

ALIKE = 30.0
"""Readings nearer to each other than this may become one in a long search [m]."""

LATE = 180.0
"""How long a block waits for its wind record [s]."""


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
    return Packed(np.empty((0, columns.COLUMNS)), zero, np.empty(0), zero)


def joined(a: Packed, b: Packed) -> Packed:
    """Return the rows of both, one after the other."""
    return Packed(
        np.concatenate([a.rows, b.rows]),
        np.concatenate([a.seg_start, b.seg_start[1:] + len(a.rows)]),
        np.concatenate([a.seg_sd, b.seg_sd]),
        np.concatenate([a.block_start, b.block_start[1:] + len(a.seg_sd)]),
    )


def halved(packed: Packed) -> tuple[Packed, Ints, Ints]:
    """Return rows in which neighbours of one segment were averaged, and which went into each.

    Parameters
    ----------
    packed : Packed
        Rows of blocks that are over.

    Returns
    -------
    Packed
        Half as many where readings lie close; those of other paths or kinds stay apart.
    first, second : ndarray of int, shape (n,)
        The old rows behind each new one, the same twice where it stayed alone.
    """
    rows = packed.rows
    first: list[int] = []
    second: list[int] = []
    starts = [0]
    for a, b in itertools.pairwise(packed.seg_start.tolist()):
        k = a
        while k < b:
            pair = k + 1 < b and _alike(rows[k], rows[k + 1])
            first.append(k)
            second.append(k + 1 if pair else k)
            k += 2 if pair else 1
        starts.append(len(first))
    one, two = np.array(first, dtype=np.int64), np.array(second, dtype=np.int64)
    a_rows, b_rows, merged = rows[one], rows[two], one != two
    out = 0.5 * (a_rows + b_rows)
    out[:, columns.AIR] = a_rows[:, columns.AIR]
    turn = b_rows[:, columns.TOWARDS] - a_rows[:, columns.TOWARDS]
    turn = (turn + math.pi) % (2.0 * math.pi) - math.pi
    out[:, columns.TOWARDS] = a_rows[:, columns.TOWARDS] + 0.5 * turn
    out[:, columns.MET2] = np.maximum(a_rows[:, columns.MET2], b_rows[:, columns.MET2])
    out[merged, columns.VARIANCE] *= 0.5
    out[merged, columns.EDDIES] = np.maximum(0.5 * out[merged, columns.EDDIES], 1.0)
    gas = a_rows[:, columns.GAS] + b_rows[:, columns.GAS]
    out[merged, columns.GAS] = np.minimum(gas[merged], GAS_MOST)
    seg_start = np.array(starts, dtype=np.int64)
    return Packed(out, seg_start, packed.seg_sd, packed.block_start), one, two


def _alike(a: Floats, b: Floats) -> bool:
    """Return whether two readings are near enough to become one."""
    same = [columns.HIDDEN, columns.FAR_X, columns.FAR_Y, columns.PIECES]
    near = math.hypot(
        a[columns.POINT_X] - b[columns.POINT_X], a[columns.POINT_Y] - b[columns.POINT_Y]
    )
    return near < ALIKE and bool((a[same] == b[same]).all())


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
    out = np.zeros((len(rows), columns.COLUMNS))
    out[:, columns.POINT_X], out[:, columns.POINT_Y] = record.x[rows], record.y[rows]
    out[:, columns.POINT_Z] = record.z[rows]
    out[:, columns.TOWARDS], out[:, columns.SPEED] = wind.angle, wind.speed
    out[:, columns.EVEN] = winds.even_share(state)
    out[:, columns.AIR] = index
    out[:, columns.FAR_X], out[:, columns.FAR_Y] = record.half_x[rows], record.half_y[rows]
    half = np.hypot(record.half_x[rows], record.half_y[rows])
    out[:, columns.PIECES] = np.clip(np.ceil(2.0 * half / PIECE), 1, 12)
    out[:, columns.HIDDEN] = record.hidden[rows]
    out[:, columns.SCALE] = turn_scale(window, wind.speed)
    out[:, columns.WEIGHT] = _weight(record, rows) / (1.0 + (MEANDER / wind.speed) ** 4)
    out[:, columns.EDDIES] = _eddies(record)[rows]
    noise = noise_of(record, limit)
    out[:, columns.VARIANCE] = noise[sensor] ** 2
    change = np.flatnonzero((np.diff(block) != 0) | (np.diff(sensor) != 0)) + 1
    seg_start = np.concatenate([[0], change, [len(rows)]]).astype(np.int64)
    seg_sd = np.empty(len(seg_start) - 1)
    for g, (a, b) in enumerate(itertools.pairwise(seg_start)):
        level, seg_sd[g] = _level(record, int(sensor[a]), middle[rows[a:b]], noise, background)
        excess = record.value[rows[a:b]] - level
        out[a:b, columns.EXCESS] = excess
        out[a:b, columns.GAS], out[a:b, columns.REACH] = _gas(excess, float(noise[sensor[a]]))
        out[a:b, columns.MET2] = _met(middle[rows[a:b]], excess - 2.0 * noise[sensor[a]]) ** 2
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
    return np.asarray(np.maximum(np.array(most), 0.0))


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
        air = Air(
            keys=(*air.keys, *seen),
            tables=SpreadTables(
                step=old.step,
                sigma_y=np.concatenate([old.sigma_y, new.sigma_y]),
                sigma_z=np.concatenate([old.sigma_z, new.sigma_z]),
                speed_ratio=np.concatenate([old.speed_ratio, new.speed_ratio]),
                mixing_height=np.concatenate([old.mixing_height, new.mixing_height]),
            ),
        )
    return air, np.array([place[key] for key in keys], dtype=np.int64)
