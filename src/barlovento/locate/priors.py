"""Priors that the readings themselves suggest: noise, background, knots, blocks and spreads.

Each follows from the readings of all surveys together, before any source is looked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Survey
from barlovento.locate.readings import Reduced
from barlovento.locate.unknowns import TURNS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MICRO = 1e9
"""ug per kg [1]."""

MEANDER = 1.0
"""Wind speed at which meander turns the wind as much as all else does [m s-1]."""

VANE_ERROR = math.radians(3.0)
"""sd of each of four waves by which the recorded direction is off from sector to sector: a mast,
a roof or a valley turn the wind; in all as much as a vane's accuracy of five degrees [rad]."""

BACKGROUND_TIME = 3600.0
"""Within which the background that all sensors share changes: air comes from other land, and a
night's layer fills, within an hour or so; what comes within minutes is a plume [s]."""

AMBIENT = 0.01
"""Usual change within hours of what is everywhere in the air: some 20 ppb of two ppm of methane,
or 4 ppm of 420 ppm of carbon dioxide [1]."""

MANY, OFTEN = 4, 20
"""Sensors that can tell clean air by agreeing, and readings that each needs for it [1]."""

FEW = 6
"""Sensors with fewer readings are pooled for noise and background [1]."""


def pool_sensors(
    surveys: Sequence[Survey], reduced: Sequence[Reduced]
) -> tuple[Ints, tuple[str, ...]]:
    """Return each reading's sensor, those with few readings pooled per survey.

    Parameters
    ----------
    surveys : sequence of Survey
        In one frame.
    reduced : sequence of Reduced
        Readings of each survey.

    Returns
    -------
    sensor : ndarray, shape (n,)
        Index into ``names``.
    names : tuple of str
        Of sensors and of the pools.
    """
    names: list[str] = []
    index: list[Ints] = []
    for k, (survey, red) in enumerate(zip(surveys, reduced, strict=True)):
        prefix = f"{k + 1}:" if len(surveys) > 1 else ""
        count = np.bincount(red.sensor, minlength=len(survey.observations.sensor_names))
        where = np.full(len(count), -1)
        for s, c in enumerate(count):
            if c >= FEW:
                where[s] = len(names)
                names.append(prefix + survey.observations.sensor_names[s])
        if (where[red.sensor] < 0).any():
            where[where < 0] = len(names)
            names.append(prefix + "pooled")
        index.append(where[red.sensor])
    return np.concatenate(index), tuple(names)


def time_blocks(survey: Floats, start: Floats, end: Floats) -> tuple[Ints, int]:
    """Return each reading's block of time and each block's survey.

    Parameters
    ----------
    survey : ndarray, shape (n,)
        Survey of each reading.
    start, end : ndarray, shape (n,)
        Of the averaging windows [s].

    Returns
    -------
    block : ndarray, shape (n,)
        Of each reading; a survey that is too short for several has one.
    count : int
        Number of blocks.
    """
    middle = 0.5 * (start + end)
    label = np.zeros(len(end), dtype=np.int64)
    count = 0
    for s in np.unique(survey):
        rows = survey == s
        width = max(60.0, float(np.median((end - start)[rows])))
        t = middle[rows] - middle[rows].min()
        width = max(width, float(t.max()) / 150.0)
        _, inverse = np.unique(np.floor(t / width + 1e-9), return_inverse=True)
        label[rows] = inverse + count
        count += int(inverse.max()) + 1
    return label, count


def turn_grid() -> tuple[Floats, Floats]:
    """Return the turns that are summed over in each block, and their weights.

    A Student t with four degrees of freedom stands for the turns: most are small, a few are not.

    Returns
    -------
    node : ndarray, shape (t,)
        In units of the scale [1].
    log_weight : ndarray, shape (t,)
        Their exponentials sum to one [1].
    """
    half = np.array([0.15, 0.45, 0.75, 1.075, 1.45, 1.875, 2.4, 3.3])
    node = np.concatenate([-half[::-1], half])
    width = np.gradient(node)
    weight = width * (1.0 + 0.25 * node**2) ** -2.5
    return node, np.log(weight / weight.sum())


def no_turns() -> tuple[Floats, Floats]:
    """Return a grid whose every turn is none, for a survey whose wind has no blocks.

    Returns
    -------
    node : ndarray, shape (t,)
        Zeros [1].
    log_weight : ndarray, shape (t,)
        All the weight lies on one of them [1].
    """
    weight = np.full(TURNS, -np.inf)
    weight[TURNS // 2] = 0.0
    return np.zeros(TURNS), weight


def turn_factor(speed: Floats, block: Ints) -> Floats:
    """Return how much more the wind turns in each block than it does in a strong wind.

    Meander moves the air sideways at a speed that hardly depends on the wind's, so that light
    winds turn more.

    Parameters
    ----------
    speed : ndarray, shape (n,)
        Wind of each reading [m s-1].
    block : ndarray, shape (n,)
        Block of each reading.

    Returns
    -------
    ndarray, shape (k,)
        One or more [1].
    """
    mean = np.bincount(block, weights=speed) / np.bincount(block)
    return np.asarray(np.sqrt(1.0 + (MEANDER / np.maximum(mean, 0.1)) ** 2))


def place_knots(
    end: Floats, t0: float, span: float, spacing: float
) -> tuple[tuple[Ints, Floats], int]:
    """Return where each reading stands between knots that are evenly spaced in time.

    Parameters
    ----------
    end : ndarray, shape (n,)
        Of the averaging windows [s].
    t0, span, spacing : float
        Origin and length of the time axis, and spacing of the knots [s].

    Returns
    -------
    place : tuple of ndarray, shape (n,)
        Left knot, and weight of the right knot [1].
    count : int
        Number of knots.
    """
    count = max(int(span / spacing), 1)
    if span < 3.0 * spacing or count < 2:
        return (np.zeros(len(end), dtype=np.int64), np.zeros(len(end))), 1
    at = np.clip((end - t0) / span * (count - 1), 0.0, count - 1)
    left = np.minimum(at.astype(np.int64), count - 2)
    return (left, at - left), count


def common_knots(
    n_sensor: int, end: Floats, t0: float, span: float, averaging: float
) -> tuple[tuple[Ints, Floats], int]:
    """Return the knots of the background shared by all sensors; none with few sensors.

    Parameters
    ----------
    n_sensor : int
        Number of sensors.
    end : ndarray, shape (n,)
        Of the averaging windows [s].
    t0, span, averaging : float
        Origin and length of the time axis, and usual averaging time [s].

    Returns
    -------
    place : tuple of ndarray, shape (n,)
        Left knot, -1 without, and weight of the right knot [1].
    count : int
        Number of knots.
    """
    (left, right), count = place_knots(end, t0, span, max(2.0 * averaging, span / 80.0))
    if n_sensor < 4 or count < 4:
        return (np.full(len(end), -1), np.zeros(len(end))), 0
    return (left, right), count


def guess_noise(
    surveys: Sequence[Survey], y: Floats, sensor: Ints, raw: Ints, count: int
) -> Floats:
    """Return a first guess of each sensor's noise from successive differences.

    Parameters
    ----------
    surveys : sequence of Survey
        For their detection limits.
    y : ndarray, shape (n,)
        Readings [ug m-3].
    sensor, raw : ndarray, shape (n,)
        Sensor of each reading after and before pooling.
    count : int
        Number of sensors after pooling.

    Returns
    -------
    ndarray, shape (count,)
        Standard deviation [ug m-3].
    """
    floor = 1e-4 * float(np.median(np.abs(y))) + 1e-6
    limits = [s.observations.concentration[s.observations.censored] for s in surveys]
    joined = np.concatenate(limits)
    if joined.size:
        floor = max(floor, float(np.median(joined)) * MICRO / 4.0)
    out = np.empty(count)
    for k in range(count):
        rows = sensor == k
        if len(set(raw[rows])) > 1:
            # Pooled sensors stand at different places: their differences are not noise.
            out[k] = max(floor, 0.003 * float(y[rows].max()))
            continue
        step = np.abs(np.diff(y[rows]))
        step = step[step > 0]
        # The 10 % point of |difference| is little touched by the plume coming and going.
        quiet = float(np.quantile(step, 0.1)) / (0.1257 * math.sqrt(2.0)) if step.size > 4 else 0.0
        out[k] = max(quiet, floor)
    return out


def background_prior(
    surveys: Sequence[Survey], y: Floats, survey: Floats, sensor: Ints, noise: Floats
) -> tuple[Floats, Floats]:
    """Return mean and sd of each sensor's background.

    Parameters
    ----------
    surveys : sequence of Survey
        For the backgrounds that are known.
    y : ndarray, shape (n,)
        Readings [ug m-3].
    survey, sensor : ndarray, shape (n,)
        Survey and sensor of each reading.
    noise : ndarray, shape (sensors,)
        Of each sensor [ug m-3].

    Returns
    -------
    mean, sd : ndarray, shape (sensors,)
        The sd is zero where the background is known [ug m-3].
    """
    mu, sd = np.empty(len(noise)), np.empty(len(noise))
    for k in range(len(noise)):
        rows = sensor == k
        known = surveys[int(survey[rows][0])].background
        if known is not None:
            mu[k], sd[k] = known * MICRO, 0.0
        else:
            q = np.quantile(y[rows], [0.1, 0.25, 0.75])
            mu[k] = q[1]
            sd[k] = 2.0 * (q[2] - q[0]) + 0.01 * abs(q[1]) + 3.0 * noise[k]
    _share_clean_air(y, sensor, noise, mu, sd)
    return mu, sd


def _share_clean_air(y: Floats, sensor: Ints, noise: Floats, mu: Floats, sd: Floats) -> None:
    """Narrow the priors of backgrounds where the sensors agree on their lowest readings.

    Sensors breathe the same air, and a plume that lasts is seldom on all of them: what many of
    them find at their lowest is clean air, however high they stand for the rest of the time.
    """
    count = np.bincount(sensor, minlength=len(noise))
    free = np.flatnonzero((sd > 0.0) & (count >= OFTEN))
    if len(free) < MANY:
        return
    low = np.array([float(np.quantile(y[sensor == k], 0.05)) for k in free])
    level = float(np.median(low))
    apart = 1.4826 * float(np.median(np.abs(low - level)))
    for k, value in zip(free, low, strict=True):
        narrow = 2.0 * math.hypot(apart, 2.0 * AMBIENT * abs(level), float(noise[k]))
        if narrow < sd[k]:
            mu[k], sd[k] = value, narrow


def spread_sd(surveys: Sequence[Survey], parts: Sequence[dict[str, Floats]]) -> Floats:
    """Return the prior sd of the global errors, wider where less was measured.

    Parameters
    ----------
    surveys : sequence of Survey
        For what was measured.
    parts : sequence of dict
        Arrays of each survey; ``state`` holds the states of its air.

    Returns
    -------
    ndarray, shape (3 s + 8,)
        Direction [rad, not used], ln s_y, ln s_z [1] per survey; two slopes [1], ln size [1],
        bend [rad] and four errors of the vane [rad].
    """
    lateral, vertical = [], []
    for survey, part in zip(surveys, parts, strict=True):
        lateral.append(0.35 if np.isfinite(part["state"][..., 1]).mean() > 0.5 else 0.5)
        vertical.append(
            0.25 if np.isfinite(survey.meteorology.obukhov_length).mean() > 0.5 else 0.45
        )
    return np.array(
        [1.0] * len(surveys)
        + lateral
        + vertical
        + [0.2, 0.2, 0.5, math.radians(2.0)]
        + [VANE_ERROR] * 4
    )


def hyper_prior(averaging: float, noise: float, level: float) -> tuple[Floats, Floats]:
    """Return means and sds of the hyper-parameters, see ``unknowns.HYPER``.

    Short averages scatter more: the intensity of fluctuations of a one-second plume is about
    one and falls with averaging.

    Parameters
    ----------
    averaging : float
        Usual averaging time [s].
    noise : float
        Usual noise of a sensor [ug m-3].
    level : float
        Usual background [ug m-3].

    Returns
    -------
    mean, sd : ndarray, shape (8,)
        Of the logarithms (of the logit for the share of misses) [1].
    """
    short = averaging < 300.0
    mu = [
        math.log(0.6 if short else 0.35),
        math.log(math.radians(8.0 if short else 5.0)),
        math.log(0.3),
        -3.0 if short else -20.0,
        math.log(0.5 * noise),
        math.log(math.hypot(0.5 * noise, AMBIENT * level)),
        math.log(math.radians(5.0)),
        math.log(noise),
    ]
    sd = [0.5, 0.35, 0.35, 0.7 if short else 0.0, 1.0, 0.7, 0.5, 1.0]
    return np.array(mu), np.array(sd)
