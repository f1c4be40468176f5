"""From surveys to the arrays that the sampler works on, with every prior stated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion import spread
from barlovento.dispersion.winds import (
    air_key,
    air_state,
    direction_unrest,
    even_share,
    wind_of_windows,
)
from barlovento.domain.observation import Survey
from barlovento.domain.source import SourcePrior
from barlovento.locate import unknowns
from barlovento.locate.priors import (
    BACKGROUND_TIME,
    FEW,
    MICRO,
    background_prior,
    common_knots,
    guess_noise,
    hyper_prior,
    no_turns,
    place_knots,
    pool_sensors,
    spread_sd,
    time_blocks,
    turn_factor,
    turn_grid,
)
from barlovento.locate.puff_set import puffs_of_all
from barlovento.locate.readings import Reduced, at_lag, nodes, pieces, reduce_readings
from barlovento.locate.scatter import groups_of
from barlovento.locate.weights import fresh, news, trust

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATE_MEDIAN, RATE_GSD = 1e-3, 10.0
"""Broad default prior of a source's rate: 90 % from .02 to 44 g/s [kg s-1], [1]."""

COUNT_RATIO = 0.1
"""Each further source is a tenth as probable beforehand as the one before [1]."""

SPEED_ERROR = 0.15
"""sd of the ln error of the wind speed; it only widens the rate [1]."""


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

    problem: unknowns.Problem
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
    classes = [part["state"][..., 6].astype(np.int64) for part in parts]
    puffs = puffs_of_all(
        surveys, reduced, lags=lags, classes=classes, tables=tables, air=air, x=prior.x, y=prior.y
    )
    node = _join_nodes([part["nodes"] for part in parts])
    site, node_site, site_survey = _sites(node, joined["survey"])
    sensor, names = pool_sensors(surveys, reduced)
    block, blocks = time_blocks(joined["survey"], joined["start"], joined["end"])
    use_block = blocks > len(surveys)
    if use_block:
        turn_node, turn_log_weight = turn_grid()
    else:
        # The wind's error is that of the whole survey: nothing is shared by some readings alone.
        block, blocks = np.arange(len(block)), len(block)
        turn_node, turn_log_weight = no_turns()
    t0, t1 = float(joined["start"].min()), float(joined["end"].max())
    span = max(t1 - t0, 1.0)
    mean_time = np.median(joined["end"] - joined["start"])
    drift, knots = place_knots(joined["end"], t0, span, max(5.0 * float(mean_time), span / 16.0))
    common, n_common = common_knots(len(names), joined["end"], t0, span, float(mean_time))
    raw = np.concatenate([r.sensor for r in reduced])
    noise = guess_noise(surveys, joined["y"], sensor, raw, len(names))
    known = all(s.background is not None for s in surveys)
    mu, sd = background_prior(surveys, joined["y"], joined["survey"], sensor, noise)
    n_sensor = np.bincount(sensor, minlength=len(names))
    gain = ((n_sensor >= FEW) & (len(names) > 1)).astype(int)
    averaging = float(mean_time)
    hyper_mu, hyper_sd = hyper_prior(averaging, float(np.median(noise)), float(np.median(mu)))
    if n_common == 0:
        # Without a shared background a sensor's noise is all there is.
        hyper_mu[unknowns.LOCAL], hyper_sd[unknowns.LOCAL] = -50.0, 0.0
    number = np.log(np.array(prior.number))
    problem = unknowns.as_problem(
        node_start=node[0],
        node_close=node[1],
        node_site=node_site,
        node_z=node[2][2],
        node_w=node[2][3, 0],
        site=site,
        site_survey=site_survey,
        angle=joined["angle"],
        vane=np.stack([f(k * joined["angle"]) for k in (1, 2) for f in (np.cos, np.sin)], axis=-1),
        speed=joined["speed"],
        radial=joined["radial"],
        air=air,
        survey=joined["survey"],
        block=block,
        block_start=np.concatenate([[0], np.cumsum(np.bincount(block, minlength=blocks))]),
        block_row=np.argsort(block, kind="stable"),
        group=groups_of(blocks),
        turn_node=turn_node,
        turn_log_weight=turn_log_weight,
        turn_factor=turn_factor(joined["speed"][0], block),
        sensor=sensor,
        y=joined["y"],
        censored=joined["censored"],
        weight=news(reduced) * fresh(reduced) * trust(joined["speed"][0]),
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
        low=np.array([prior.x[0], prior.y[0], prior.z[0]]),
        high=np.array([prior.x[1], prior.y[1], prior.z[1]]),
        puff_start=puffs.start,
        puff=puffs.node,
        puff_from=(puffs.released_from - t0) / span,
        puff_until=(puffs.released_until - t0) / span,
        log_number=number,
        rate_mu=math.log(prior.rate_median),
        # The error of the wind speed is folded into the prior and taken out of the draws.
        rate_sd=math.hypot(math.log(prior.rate_gsd), SPEED_ERROR),
        global_sd=spread_sd(surveys, parts),
        size_mu=math.log(1.0),
        noise_mu=np.log(noise),
        hyper_mu=hyper_mu,
        hyper_sd=hyper_sd,
        background_mu=mu,
        background_sd=sd,
        window=int(span > 8.0 * averaging and span > 600.0),
        use_block=int(use_block),
        use_gain=gain,
        n_common=0 if known else n_common,
        common_keep=math.exp(-span / max(n_common - 1, 1) / BACKGROUND_TIME),
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


def _lags(surveys: Sequence[Survey]) -> Floats:
    """Return candidate lags of the gas clock [s]; one for all surveys."""
    most = max(s.clock_offset_max for s in surveys)
    if most <= 0.0:
        return np.zeros(1)
    return np.linspace(0.0, most, int(min(31, max(2, round(most) + 1))))


def _survey_arrays(k: int, survey: Survey, red: Reduced, lags: Floats) -> dict[str, Any]:
    """Return the arrays of one survey, with a leading axis of lags where winds differ."""
    met = survey.meteorology
    unrest = direction_unrest(met)
    angle, speed, radial, state = [], [], [], []
    for lag in lags:
        wind = wind_of_windows(met, red.start - lag, red.end - lag)
        angle.append(wind.angle)
        speed.append(wind.speed)
        features = air_state(met, wind, red.end - red.start, unrest)
        state.append(features)
        radial.append(even_share(features))
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
        "nodes": _nodes(survey, red, lags),
    }


def _tables(
    state: Floats, surveys: Sequence[Survey], prior: SourcePrior
) -> tuple[spread.SpreadTables, Ints]:
    """Return spread tables of the distinct states of the air, and each reading's row."""
    flat = state.reshape(-1, state.shape[-1])
    _, first, row = np.unique(air_key(flat), axis=0, return_index=True, return_inverse=True)
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
    tables = spread.spread_tables(
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


def _nodes(survey: Survey, red: Reduced, lags: Floats) -> tuple[Ints, Ints, Floats]:
    """Return where each reading's nodes start and those of the finer cut, and the nodes.

    These are x, y, z, weight and halves, shape (6, l, m).
    """
    counts = pieces(red)
    owner = np.concatenate([np.repeat(2 * np.arange(len(c)) + k, c) for k, c in enumerate(counts)])
    order = np.argsort(owner, kind="stable")
    each = []
    for lag in lags:
        there = at_lag(survey.observations, red, float(lag))
        cut = [nodes(there, count)[1:] for count in counts]
        each.append([np.concatenate(both)[order] for both in zip(*cut, strict=True)])
    start = np.concatenate([[0], np.cumsum(counts[0] + counts[1])])
    return start, start[:-1] + counts[0], np.array(each).swapaxes(0, 1)


def _join_nodes(parts: Sequence[tuple[Ints, Ints, Floats]]) -> tuple[Ints, Ints, Floats]:
    """Return the nodes of all surveys in one set of arrays."""
    start, close = [np.zeros(1, dtype=np.int64)], []
    for part in parts:
        close.append(part[1] + start[-1][-1])
        start.append(part[0][1:] + start[-1][-1])
    return (
        np.concatenate(start),
        np.concatenate(close),
        np.concatenate([part[2] for part in parts], axis=-1),
    )


def _sites(node: tuple[Ints, Ints, Floats], survey: Ints) -> tuple[Floats, Ints, Ints]:
    """Return the distinct places over all lags, (l, s, 4), each node's place, and its survey."""
    x, y, _, _, half_x, half_y = node[2]
    owner = np.repeat(survey, np.diff(node[0]))
    rows = np.concatenate([x, y, half_x, half_y, owner[None]]).T
    site, which = np.unique(rows, axis=0, return_inverse=True)
    place = site[:, :-1].reshape(len(site), 4, len(x)).transpose(2, 0, 1)
    return place, np.asarray(which).ravel(), site[:, -1].astype(np.int64)
