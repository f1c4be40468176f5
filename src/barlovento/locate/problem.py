"""From surveys to the arrays that the sampler works on, with every prior stated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion import plume, turbulence
from barlovento.domain.observation import Meteorology, Survey
from barlovento.domain.source import SourcePrior
from barlovento.locate import kernels
from barlovento.locate.readings import (
    Reduced,
    Wind,
    direction_unrest,
    nodes,
    reduce_readings,
    wind_of_windows,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MICRO = 1e9
"""ug per kg [1]."""

RATE_MEDIAN, RATE_GSD = 1e-3, 10.0
"""Broad default prior of a source's rate: 90 % from .02 to 44 g/s [kg s-1], [1]."""

COUNT_RATIO = 0.25
"""Each further source is a quarter as probable beforehand as the one before [1]."""

SPEED_ERROR = 0.15
"""sd of the ln error of the wind speed; it only widens the rate [1]."""

FEW = 6
"""Sensors with fewer readings are pooled for noise and background [1]."""

PLACE, LASTING, ERROR_CORRELATION = 20.0, 1800.0, 0.2
"""Cell [m] and time [s] within which a sensor's model errors correlate, and how much [1]."""

CLASS_SPREAD = np.deg2rad([25.0, 20.0, 15.0, 10.0, 5.0, 2.5])
"""Ten-minute direction spread of the Pasquill classes (US EPA 2000, table 6-8a) [rad]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A problem together with what is needed to tell its answer.

    Parameters
    ----------
    problem : Problem
        Arrays for the kernels.
    prior : SourcePrior
        In words that a person can read.
    reduced : tuple of Reduced
        Readings of each survey.
    sensor_names : tuple of str
        Of the pooled sensors.
    time0, span : float
        Origin [s since 1970 UTC] and length of the time axis [s].
    lags : ndarray
        Candidate clock lags [s].
    assumptions : tuple of str
        What was assumed, in plain words.
    """

    problem: kernels.Problem
    prior: SourcePrior
    reduced: tuple[Reduced, ...]
    sensor_names: tuple[str, ...]
    time0: float
    span: float
    lags: Floats
    assumptions: tuple[str, ...]


def source_prior(surveys: Sequence[Survey]) -> SourcePrior:
    """Return the prior of number, place and rate over the union of the search boxes."""
    areas = [s.search for s in surveys]
    rate = next((a.rate for a in areas if a.rate is not None), None)
    most = max(a.max_sources for a in areas)
    weight = COUNT_RATIO ** np.arange(most + 1)
    return SourcePrior(
        number=tuple(float(w) for w in weight / weight.sum()),
        x=(min(a.x[0] for a in areas), max(a.x[1] for a in areas)),
        y=(min(a.y[0] for a in areas), max(a.y[1] for a in areas)),
        z=(
            min(a.release_height[0] for a in areas),
            max(max(a.release_height[1], a.release_height[0] + 0.1) for a in areas),
        ),
        rate_median=rate.median if rate else RATE_MEDIAN,
        rate_gsd=rate.gsd if rate else RATE_GSD,
    )


@dataclass(slots=True)
class _Air:
    """States of the air collected over surveys and lags."""

    rows: list[Floats]

    def add(self, features: Floats) -> None:
        self.rows.append(features)


def prepare(surveys: Sequence[Survey]) -> Prepared:
    """Turn surveys of one area into a problem.

    Parameters
    ----------
    surveys : sequence of Survey
        In one frame, of one species.

    Returns
    -------
    Prepared
        Arrays and priors.
    """
    prior = source_prior(surveys)
    reduced = tuple(reduce_readings(s.observations) for s in surveys)
    lags = _lags(surveys)
    parts = [
        _survey_arrays(k, s, r, lags) for k, (s, r) in enumerate(zip(surveys, reduced, strict=True))
    ]
    joined = {
        name: np.concatenate([part[name] for part in parts], axis=-1)
        for name in ("angle", "speed", "radial", "survey", "y", "censored", "start", "end")
    }
    state = np.concatenate([part["state"] for part in parts], axis=1)
    tables, air = _tables(state, surveys, prior)
    node = _join_nodes([part["nodes"] for part in parts])
    sensor, names = _sensors(surveys, reduced)
    block, block_survey = _blocks(joined["survey"], joined["start"], joined["end"])
    t0, t1 = float(joined["start"].min()), float(joined["end"].max())
    span = max(t1 - t0, 1.0)
    mean_time = np.median(joined["end"] - joined["start"])
    drift, knots = _knots(joined["end"], t0, span, max(5.0 * float(mean_time), span / 16.0))
    common, n_common = _common(len(names), joined["end"], t0, span, float(mean_time))
    raw = np.concatenate([r.sensor for r in reduced])
    noise = _noise(surveys, joined["y"], sensor, raw, len(names))
    known = all(s.background is not None for s in surveys)
    mu, sd = _background(surveys, joined["y"], joined["survey"], sensor, noise)
    n_sensor = np.bincount(sensor, minlength=len(names))
    gain = ((n_sensor >= FEW) & (len(names) > 1)).astype(int)
    averaging = float(mean_time)
    hyper_mu, hyper_sd = _hyper(averaging, float(np.median(noise)))
    number = np.log(np.array(prior.number))
    problem = kernels.as_problem(
        node_start=node[0],
        node_x=np.tile(node[1], (len(lags), 1)),
        node_y=np.tile(node[2], (len(lags), 1)),
        node_z=node[3],
        node_w=node[4],
        node_hx=node[5],
        node_hy=node[6],
        angle=joined["angle"],
        speed=joined["speed"],
        radial=joined["radial"],
        air=air,
        survey=joined["survey"],
        block=block,
        sensor=sensor,
        y=joined["y"],
        censored=joined["censored"],
        weight=news(reduced, joined["survey"]),
        t0=(joined["start"] - t0) / span,
        t1=(joined["end"] - t0) / span,
        knot=drift[0],
        knot_f=drift[1],
        common=common[0],
        common_f=common[1],
        table_y=tables.sigma_y,
        table_z=tables.sigma_z,
        table_u=tables.speed_ratio,
        inv_step=1.0 / tables.step,
        top=tables.mixing_height,
        block_survey=block_survey,
        low=np.array([prior.x[0], prior.y[0], prior.z[0]]),
        high=np.array([prior.x[1], prior.y[1], prior.z[1]]),
        log_number=number,
        rate_mu=math.log(prior.rate_median),
        # The error of the wind speed is folded into the prior and taken out of the draws.
        rate_sd=math.hypot(math.log(prior.rate_gsd), SPEED_ERROR),
        global_sd=_global_sd(surveys, parts),
        size_mu=math.log(1.0),
        noise_mu=np.log(noise),
        hyper_mu=hyper_mu,
        hyper_sd=hyper_sd,
        background_mu=mu,
        background_sd=sd,
        window=int(span > 8.0 * averaging and span > 600.0),
        use_block=int(len(block_survey) > len(surveys)),
        use_gain=gain,
        n_common=0 if known else n_common,
        n_drift=knots,
    )
    if known:
        problem = problem._replace(common=np.full(len(sensor), -1))
    return Prepared(
        problem=problem,
        prior=prior,
        reduced=reduced,
        sensor_names=names,
        time0=t0,
        span=span,
        lags=lags,
        assumptions=(),
    )


def news(reduced: Sequence[Reduced], survey: Floats) -> Floats:
    """Return the share of each reading that is news, shape (n,).

    The errors of a plume model at one place last: m readings of one sensor within a cell of
    ``PLACE`` and a time of ``LASTING`` count as m / (1 + (m - 1) rho), the effective number of
    equally correlated values.

    Parameters
    ----------
    reduced : sequence of Reduced
        Readings of each survey.
    survey : ndarray, shape (n,)
        Survey of each reading.

    Returns
    -------
    ndarray, shape (n,)
        Between zero and one [1].

    References
    ----------
    Kish (1965), Survey Sampling, eq. 5.4.1 (design effect).
    """
    keys = [
        np.column_stack(
            [
                np.full(len(r.end), k),
                r.sensor,
                np.floor(r.x / PLACE),
                np.floor(r.y / PLACE),
                np.floor((r.end - r.end.min()) / LASTING),
            ]
        )
        for k, r in enumerate(reduced)
    ]
    _, inverse, count = np.unique(
        np.concatenate(keys), axis=0, return_inverse=True, return_counts=True
    )
    return np.asarray(1.0 / (1.0 + (count[np.asarray(inverse).ravel()] - 1) * ERROR_CORRELATION))


def _lags(surveys: Sequence[Survey]) -> Floats:
    """Return candidate lags of the gas clock [s]; one for all surveys."""
    most = max(s.clock_offset_max for s in surveys)
    if most <= 0.0:
        return np.zeros(1)
    return np.linspace(0.0, most, int(min(31, max(2, round(most) + 1))))


def _survey_arrays(k: int, survey: Survey, red: Reduced, lags: Floats) -> dict[str, Floats]:
    """Return the arrays of one survey, with a leading axis of lags where winds differ."""
    met = survey.meteorology
    unrest = direction_unrest(met)
    angle, speed, radial, state = [], [], [], []
    for lag in lags:
        wind = wind_of_windows(met, red.start - lag, red.end - lag)
        angle.append(wind.angle)
        speed.append(wind.speed)
        features = _air_state(met, wind, red, unrest)
        state.append(features)
        radial.append(_radial(features))
    n = len(red.end)
    return {
        "angle": np.array(angle),
        "speed": np.array(speed),
        "radial": np.array(radial),
        "state": np.array(state),
        "survey": np.full(n, k),
        "y": red.concentration * MICRO,
        "censored": red.censored.astype(int),
        "start": red.start,
        "end": red.end,
        "nodes": nodes(red),  # type: ignore[dict-item]
    }


def _air_state(met: Meteorology, wind: Wind, red: Reduced, unrest: Floats) -> Floats:
    """Return speed, sigma_theta, u*, 1/L, z_i, z0, class, averaging time and mast, (n, 9)."""
    rec = wind.record
    klass = np.array(
        [
            turbulence.stability_class(float(a), float(u)) if math.isfinite(a) else 3
            for a, u in zip(unrest, met.wind_speed, strict=True)
        ]
    )[rec]
    return np.column_stack(
        [
            wind.speed,
            wind.sigma_theta,
            met.friction_velocity[rec] * wind.speed / np.maximum(met.wind_speed[rec], 0.2),
            1.0 / met.obukhov_length[rec],
            met.mixing_height[rec],
            met.roughness_length[rec],
            klass,
            red.end - red.start,
            np.full(len(rec), met.measurement_height),
        ]
    )


def _radial(state: Floats) -> Floats:
    """Return the share of the plume that meander spreads all round, shape (n,).

    Below a share of .15 a light wind's meander is part of sigma_y already.
    """
    speed, theta = state[:, 0], state[:, 1]
    factor = np.clip(state[:, 7] / 600.0, 0.005, 6.0) ** 0.2
    implied = CLASS_SPREAD[state[:, 6].astype(int)] * factor
    theta = np.where(np.isfinite(theta), theta, implied)
    theta = np.maximum(theta, 0.2 / speed)
    share = 2.0 * theta**2 / (1.0 + 2.0 * theta**2)
    return np.maximum(share - 0.15, 0.0) / 0.85


def _tables(
    state: Floats, surveys: Sequence[Survey], prior: SourcePrior
) -> tuple[plume.SpreadTables, Ints]:
    """Return spread tables of the distinct states of the air, and each reading's row."""
    flat = state.reshape(-1, state.shape[-1])
    key = np.empty_like(flat)
    for col, fine in ((0, 0.15), (1, 0.2), (2, 0.15), (4, 0.3), (5, 0.2), (7, 0.4), (8, 0.01)):
        key[:, col] = np.round(np.log(np.maximum(flat[:, col], 1e-6)) / fine)
    key[:, 3] = np.round(np.arcsinh(flat[:, 3] * 50.0) / 0.1)
    key[:, 6] = flat[:, 6]
    _, first, row = np.unique(
        np.nan_to_num(key, nan=-1e9), axis=0, return_index=True, return_inverse=True
    )
    rows = flat[first]
    far = [(prior.x[1] - prior.x[0]), (prior.y[1] - prior.y[0])]
    for s in surveys:
        o = s.observations
        far += [
            float(np.nanmax(np.abs(np.concatenate([a, b]) - c)))
            for a, b, c in ((o.x, o.x2, prior.x[0]), (o.y, o.y2, prior.y[0]))
        ]
        far += [
            float(np.nanmax(np.abs(np.concatenate([a, b]) - c)))
            for a, b, c in ((o.x, o.x2, prior.x[1]), (o.y, o.y2, prior.y[1]))
        ]
    tables = plume.spread_tables(
        wind_speed=rows[:, 0],
        sigma_theta=rows[:, 1],
        friction_velocity=rows[:, 2],
        obukhov_length=1.0 / rows[:, 3],
        mixing_height=rows[:, 4],
        roughness_length=rows[:, 5],
        stability_class=rows[:, 6].astype(np.int64),
        averaging_time=rows[:, 7],
        measurement_height=float(rows[0, 8]),
        release_height=0.5 * (prior.z[0] + prior.z[1]),
        distance_max=1.5 * max(far),
    )
    return tables, np.asarray(row).reshape(state.shape[:2])


def _join_nodes(parts: Sequence[tuple[Floats, ...]]) -> list[Floats]:
    """Return the nodes of all surveys in one list of arrays."""
    start = [np.zeros(1, dtype=np.int64)]
    offset = 0
    for part in parts:
        start.append(part[0][1:] + offset)
        offset += part[0][-1]
    return [np.concatenate(start)] + [np.concatenate([p[k] for p in parts]) for k in range(1, 7)]


def _sensors(surveys: Sequence[Survey], reduced: Sequence[Reduced]) -> tuple[Ints, tuple[str, ...]]:
    """Return each reading's sensor, those with few readings pooled per survey, and names."""
    names: list[str] = []
    index = []
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


def _blocks(survey: Floats, start: Floats, end: Floats) -> tuple[Ints, Ints]:
    """Return each reading's block of time and each block's survey."""
    middle = 0.5 * (start + end)
    label = np.zeros(len(end), dtype=np.int64)
    owner: list[int] = []
    for s in np.unique(survey):
        rows = survey == s
        width = max(60.0, float(np.median((end - start)[rows])))
        t = middle[rows] - middle[rows].min()
        width = max(width, float(t.max()) / 150.0)
        _, inverse = np.unique(np.floor(t / width + 1e-9), return_inverse=True)
        label[rows] = inverse + len(owner)
        owner += [int(s)] * int(inverse.max() + 1)
    return label, np.array(owner)


def _knots(end: Floats, t0: float, span: float, spacing: float) -> tuple[tuple[Ints, Floats], int]:
    """Return left knot and weight of the right knot of each reading, and the number of knots."""
    count = max(int(span / spacing), 1)
    if span < 3.0 * spacing or count < 2:
        return (np.zeros(len(end), dtype=np.int64), np.zeros(len(end))), 1
    at = np.clip((end - t0) / span * (count - 1), 0.0, count - 1)
    left = np.minimum(at.astype(np.int64), count - 2)
    return (left, at - left), count


def _common(
    n_sensor: int, end: Floats, t0: float, span: float, averaging: float
) -> tuple[tuple[Ints, Floats], int]:
    """Return the knots of the background shared by all sensors; none with few sensors."""
    (left, right), count = _knots(end, t0, span, max(2.0 * averaging, span / 80.0))
    if n_sensor < 4 or count < 4:
        return (np.full(len(end), -1), np.zeros(len(end))), 0
    return (left, right), count


def _noise(surveys: Sequence[Survey], y: Floats, sensor: Ints, raw: Ints, count: int) -> Floats:
    """Return a first guess of each sensor's noise from successive differences [ug m-3]."""
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
        # The 30 % point of |difference| is little touched by the plume coming and going.
        quiet = float(np.quantile(step, 0.3)) / (0.385 * math.sqrt(2.0)) if step.size > 4 else 0.0
        out[k] = max(quiet, floor)
    return out


def _background(
    surveys: Sequence[Survey], y: Floats, survey: Floats, sensor: Ints, noise: Floats
) -> tuple[Floats, Floats]:
    """Return mean and sd of each sensor's background; sd is zero where it is known [ug m-3]."""
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
    return mu, sd


def _global_sd(surveys: Sequence[Survey], parts: Sequence[dict[str, Floats]]) -> Floats:
    """Return the prior sd of the errors of spread, wider where less was measured."""
    lateral, vertical = [], []
    for survey, part in zip(surveys, parts, strict=True):
        lateral.append(0.35 if np.isfinite(part["state"][..., 1]).mean() > 0.5 else 0.5)
        vertical.append(
            0.25 if np.isfinite(survey.meteorology.obukhov_length).mean() > 0.5 else 0.45
        )
    return np.array(
        [1.0] * len(surveys) + lateral + vertical + [0.15, 0.15, 0.5, math.radians(2.0)]
    )


def _hyper(averaging: float, noise: float) -> tuple[Floats, Floats]:
    """Return means and sds of the hyper-parameters, see ``kernels.HYPER``.

    Short averages scatter more: the intensity of fluctuations of a one-second plume is about
    one and falls with averaging.
    """
    short = averaging < 300.0
    mu = [
        math.log(0.6 if short else 0.35),
        math.log(math.radians(8.0 if short else 5.0)),
        math.log(0.3),
        math.log(0.3),
        -3.0 if short else -20.0,
        math.log(0.5 * noise),
        math.log(0.5 * noise),
    ]
    sd = [0.5, 0.35, 0.35, 0.35, 0.7 if short else 0.0, 1.0, 1.0]
    return np.array(mu), np.array(sd)
