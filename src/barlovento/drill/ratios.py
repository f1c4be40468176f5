"""How much of each gas a found source gives off, from gases that rise and fall together.

All gases of one place travel in the same filaments, so their ratios need no model of the plume: the
slope of one gas's excess over the other's in the readings downwind of the place. Rates of the
others are the slope times the rate of the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology
from barlovento.exercise.sensed import Sensed

if TYPE_CHECKING:
    from barlovento.domain.emitter import RateEstimate

FloatArray = NDArray[np.float64]

BASELINE = 121
"""Readings over which a running quarter-point is taken for clean air."""

SECTOR = math.radians(45.0)
"""Readings farther than this off a place's downwind direction are not its own [rad]."""

REACH = 1500.0
"""Nor are those farther away [m]."""

BLOCK = 15.0
"""Readings within this time share their errors [s]."""

DRAWS = 200

SURE = 3.0
"""A gas was found where its slope is this many standard errors above zero [1]."""

SEEN = 4.3
"""Standard errors of a slope that is found nine times in ten at that level [1]."""

LEAST_ERROR = 0.1
"""Of the logarithm of a rate: ratios of real sources wander [1]."""


def species_rates(
    rows: Sensed,
    places: Sequence[tuple[float, float]],
    main_rates: Sequence[float],
    names: Sequence[str],
    molar_masses: Sequence[float],
    meteorology: Meteorology,
    start: float,
    seed: int,
) -> list[dict[str, RateEstimate]]:
    """Return the rate of every gas at each found place.

    Parameters
    ----------
    rows : Sensed
        All readings.
    places : sequence of (float, float)
        Found places [m].
    main_rates : sequence of float
        Median rate of the first gas at each [kg s-1].
    names : sequence of str
        The gases.
    molar_masses : sequence of float
        Of each [kg mol-1].
    meteorology : Meteorology
        For where downwind is.
    start : float
        Of the exercise, since 1970 UTC [s].
    seed : int
        Of the bootstrap.
    """
    from barlovento.domain.emitter import RateEstimate

    series = [_excess(rows, k) for k in range(len(names))]
    key, first = series[0]
    owner = _owner(rows, key, places, meteorology, start)
    told: list[dict[str, RateEstimate]] = []
    for index, main in enumerate(main_rates):
        mine = owner == index
        rates = {
            names[0]: RateEstimate(
                detected=True,
                median=main,
                q05=main * math.exp(-1.645 * LEAST_ERROR),
                q95=main * math.exp(1.645 * LEAST_ERROR),
            )
        }
        for k in range(1, len(names)):
            other_key, other = series[k]
            x, y, time = _together(key[mine], first[mine], other_key, other)
            weight = molar_masses[k] / molar_masses[0] * main
            estimate = _estimate(x, y, time, weight, np.random.default_rng([seed, index, k]))
            if estimate is not None:
                rates[names[k]] = estimate
        told.append(rates)
    return told


def _excess(rows: Sensed, species: int) -> tuple[FloatArray, FloatArray]:
    """Return key columns (time, drone, row) and excess over clean air of the least noisy sensor."""
    best: tuple[float, FloatArray, FloatArray] | None = None
    for sensor in np.unique(rows.sensor[rows.species == species]):
        use = (rows.species == species) & (rows.sensor == sensor) & ~rows.bad
        use &= np.isfinite(rows.mole_fraction)
        at = np.flatnonzero(use)
        if at.size < 3:
            continue
        value = np.where(rows.censored[at], 0.5 * rows.mole_fraction[at], rows.mole_fraction[at])
        for drone in np.unique(rows.drone[at]):
            own = rows.drone[at] == drone
            value[own] -= _baseline(value[own])
        noise = _noise(value)
        key = np.column_stack([rows.time[at], rows.drone[at], at]).astype(np.float64)
        if best is None or noise < best[0]:
            best = (noise, key, value)
    if best is None:
        return np.empty((0, 3)), np.empty(0)
    return best[1], best[2]


def _baseline(value: FloatArray) -> FloatArray:
    """Return a running lower quarter-point: plumes are narrower than the window."""
    half = min(BASELINE, value.size) // 2
    padded = np.pad(value, half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    return np.asarray(np.quantile(windows, 0.3, axis=1))[: value.size]


def _noise(value: FloatArray) -> float:
    """Return the white noise, from differences of neighbours."""
    steps = np.abs(np.diff(value))
    return float(np.median(steps)) / (0.6745 * math.sqrt(2.0)) + 1e-6


def _owner(
    rows: Sensed,
    key: FloatArray,
    places: Sequence[tuple[float, float]],
    meteorology: Meteorology,
    start: float,
) -> NDArray[np.int64]:
    """Return for each reading the place whose plume's axis is nearest, -1 where none is near."""
    at = key[:, 2].astype(np.int64)
    if not len(places) or not len(meteorology):
        return np.full(at.size, -1)
    nearest = np.clip(
        np.searchsorted(meteorology.time, start + rows.time[at]), 0, len(meteorology) - 1
    )
    towards = np.radians(meteorology.wind_from_direction[nearest] + 180.0)
    off = np.full((len(places), at.size), np.inf)
    for k, (px, py) in enumerate(places):
        east, north = rows.x[at] - px, rows.y[at] - py
        away = np.hypot(east, north)
        turn = np.arctan2(east, north) - towards
        turn = np.abs((turn + np.pi) % (2.0 * np.pi) - np.pi)
        off[k] = np.where((turn < SECTOR) & (away < REACH), turn * np.sqrt(away + 20.0), np.inf)
    owner = off.argmin(axis=0)
    return np.where(np.isfinite(off.min(axis=0)), owner, -1)


def _together(
    key: FloatArray, value: FloatArray, other_key: FloatArray, other: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return both gases where one drone read both at one time."""
    if not len(key) or not len(other_key):
        none = np.empty(0)
        return none, none, none
    where = {(t, d): k for k, (t, d, _) in enumerate(other_key.tolist())}
    pairs = [(k, where[t, d]) for k, (t, d, _) in enumerate(key.tolist()) if (t, d) in where]
    if not pairs:
        none = np.empty(0)
        return none, none, none
    a, b = np.array(pairs).T
    return value[a], other[b], key[a, 0]


def _estimate(
    x: FloatArray, y: FloatArray, time: FloatArray, to_rate: float, rng: np.random.Generator
) -> RateEstimate | None:
    """Return rate or limit of the second gas; None where the readings say nothing."""
    from barlovento.domain.emitter import RateEstimate

    if x.size < 20 or float(np.max(x)) < 4.0 * _noise(x):
        return None
    noise = _noise(x)
    block = np.unique(np.floor(time / BLOCK), return_inverse=True)[1]
    count = int(block.max()) + 1
    weights = [np.ones(x.size)]
    for _ in range(DRAWS):
        times = np.bincount(rng.integers(0, count, count), minlength=count)
        weights.append(times[block].astype(np.float64))
    slopes = np.array([_slope(x, y, weight, noise) for weight in weights])
    slope, error = float(slopes[0]), float(np.std(slopes[1:]))
    error = max(error, _noise(y) / math.sqrt(float(np.sum(np.maximum(x, 0.0) ** 2)) + 1e-12))
    limit = SEEN * error * to_rate
    if slope < SURE * error:
        return RateEstimate(detected=False, limit=limit)
    spread = 1.645 * math.hypot(error / slope, LEAST_ERROR)
    rate = slope * to_rate
    return RateEstimate(
        detected=True,
        median=rate,
        q05=rate * math.exp(-spread),
        q95=rate * math.exp(spread),
        limit=limit,
    )


def _slope(x: FloatArray, y: FloatArray, weight: FloatArray, noise: float) -> float:
    """Return the slope of y over x with its attenuation by the noise of x mended.

    Source: Fuller (1987), Measurement Error Models, eq. 1.2.3.
    """
    total = float(weight.sum())
    mx, my = float(weight @ x) / total, float(weight @ y) / total
    sxx = float(weight @ (x - mx) ** 2) / total
    sxy = float(weight @ ((x - mx) * (y - my))) / total
    return sxy / max(sxx - noise * noise, 0.25 * sxx, 1e-300)
