"""The verb: from surveys of one area to sources with regions that hold."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Survey
from barlovento.domain.regions import credible_region
from barlovento.domain.source import Diagnostics, Posterior, SensorFit, Source
from barlovento.errors import BadInput
from barlovento.locate import unknowns
from barlovento.locate.advice import advise, next_places
from barlovento.locate.assumptions import assumptions
from barlovento.locate.chains import Effort, run_chains
from barlovento.locate.detection import searched_map
from barlovento.locate.diagnose import bulk_ess, rhat
from barlovento.locate.draws import Draws
from barlovento.locate.kernels import variances
from barlovento.locate.packed import pack
from barlovento.locate.priors import MICRO
from barlovento.locate.problem import SPEED_ERROR, Prepared, prepare
from barlovento.locate.scatter import widen
from barlovento.locate.summary import Cluster, relabel

Floats = NDArray[np.float64]

Progress = Callable[[float, str], None]

REPORTED = 0.5
"""Probability above which a source is reported [1]."""


def infer(
    *surveys: Survey,
    seed: int = 1,
    progress: Progress | None = None,
    effort: Effort | None = None,
) -> Posterior:
    """Infer how many sources there are, where and how strong, with what may be wrong.

    Parameters
    ----------
    *surveys : Survey
        Of one area and one species, in one frame.
    seed : int
        The same seed gives the same answer.
    progress : callable, optional
        Called as ``progress(share_done, stage)``.
    effort : Effort, optional
        Chains and sweeps; chosen from the number of readings when absent.

    Returns
    -------
    Posterior
        Sources, draws, detection map, diagnostics and assumptions.

    Raises
    ------
    BadInput
        Without a survey, or when surveys differ in species or frame.
    """
    _check(surveys)
    begin = time.monotonic()
    tell = progress or _silent
    tell(0.0, "preparing")
    prepared = prepare(surveys)
    p = prepared.problem
    effort = effort or choose_effort(p)
    draws = run_chains(p, seed, effort, lambda share: tell(0.02 + 0.9 * share, "sampling"))
    tell(0.93, "mapping what was searched")
    searched = searched_map(p, draws.states)
    tell(0.97, "summing up")
    return _posterior(surveys, prepared, draws, searched, seed, effort, begin)


def _silent(share: float, stage: str) -> None:
    """Take progress and say nothing."""
    del share, stage


def _check(surveys: tuple[Survey, ...]) -> None:
    """Refuse surveys that don't belong together."""
    if not surveys:
        raise BadInput("No survey was given. Hand at least one Survey to infer().")
    first = surveys[0]
    for s in surveys[1:]:
        if s.species.cas != first.species.cas:
            raise BadInput(
                f"Surveys measure different species ({first.species.name}, {s.species.name}). "
                "Infer one species at a time."
            )
        if s.frame != first.frame:
            raise BadInput(
                "Surveys stand in different frames. Give local surveys the same [observations] "
                "frame, or read them together with join_frames()."
            )
    if any(len(s.observations) == 0 for s in surveys):
        raise BadInput("A survey has no usable reading. Check its flags and empty cells.")


def choose_effort(p: unknowns.Problem) -> Effort:
    """Return how long to sample: less the more readings there are, more where chains differ.

    Parameters
    ----------
    p : Problem
        The arrays.

    Returns
    -------
    Effort
        Depends on the problem alone, so that answers repeat.
    """
    size = 3 * int((p.node_close - p.node_start[:-1]).sum()) + len(p.y) * len(p.turn_node) / 4 + 100
    sweeps = int(np.clip(2e6 / size, 300, 800) // 10 * 10)
    most = int(np.clip(4e6 / size, 2 * sweeps, 2400))
    return Effort(chains=4, warm_up=max(sweeps // 8, 40), sweeps=sweeps, most=most)


def _posterior(
    surveys: tuple[Survey, ...],
    prepared: Prepared,
    draws: Draws,
    searched: tuple[Floats, Floats, Floats, Floats],
    seed: int,
    effort: Effort,
    begin: float,
) -> Posterior:
    """Sum up the draws."""
    p = prepared.problem
    on = draws.sources[..., 0] == 1
    count = on.sum(axis=-1)
    number = np.bincount(count.ravel(), minlength=len(p.log_number)) / count.size
    log_rate = _take_out_speed(p, draws, seed)
    sources = draws.sources.copy()
    sources[..., 4] = log_rate
    sources, widened = _widened(prepared, draws, sources)
    log_rate = sources[..., 4]
    clusters = _reported(draws, sources)
    reported = tuple(_source(prepared, c, surveys[0]) for c in clusters)
    diagnostics = _diagnostics(clusters, count, widened)
    to = np.array([np.cos(p.angle[0]).mean(), np.sin(p.angle[0]).mean()])
    to = to / max(float(np.hypot(*to)), 1e-9)
    advice = advise(prepared.prior, reported, number, diagnostics, searched[3])
    spots = np.column_stack([sources[..., 1][on], sources[..., 2][on]])
    if number[0] > REPORTED:
        spots = spots[:0]
    middle = searched[3].shape[2] // 2 + 1
    places = (
        next_places(prepared.prior, spots, searched[3][:, :, middle], searched[0], searched[1], to)
        if advice
        else np.empty((0, 2))
    )
    nuisance, units = _nuisance(prepared, draws)
    empty = np.where(on, 0.0, np.nan)
    first = float(number[0])
    floor = 0.5 / count.size
    return Posterior(
        number_of_sources=tuple(float(v) for v in number),
        sources=reported,
        prior=prepared.prior,
        x=sources[..., 1] + empty,
        y=sources[..., 2] + empty,
        z=sources[..., 3] + empty,
        emission_rate=np.exp(log_rate) + empty,
        active_from=prepared.time0 + prepared.span * sources[..., 5] + empty,
        active_until=prepared.time0 + prepared.span * sources[..., 6] + empty,
        count=count.astype(np.int64),
        nuisance=nuisance,
        nuisance_units=units,
        searched_x=searched[0],
        searched_y=searched[1],
        searched_rate=searched[2],
        searched=searched[3],
        log_evidence=math.log(prepared.prior.number[0] / max(first, floor)),
        diagnostics=diagnostics,
        fits=_fits(prepared, draws),
        advice=tuple(advice),
        advice_places=places,
        assumptions=assumptions(surveys, prepared),
        elapsed=time.monotonic() - begin,
        seed=seed,
        survey_digests=tuple(s.digest for s in surveys),
        settings={
            "chains": effort.chains,
            "warm_up": effort.warm_up,
            "sweeps": draws.sources.shape[1] * effort.thin,
            "readings_used": len(p.y),
            "log_evidence_is_lower_bound": first < floor,
        },
    )


def _reported(draws: Draws, sources: Floats) -> list[Cluster]:
    """Return the sources that are reported."""
    found = relabel(sources, draws.nuisance[..., -1])
    return [c for c in found if c.probability > REPORTED]


def _widened(prepared: Prepared, draws: Draws, sources: Floats) -> tuple[Floats, float]:
    """Return draws widened to the scatter of the readings, and by how much at most."""
    prior, worst = prepared.prior, 1.0
    box = np.array([prior.x, prior.y]).T
    for cluster in _reported(draws, sources):
        sources, factor = widen(sources, draws.moved, draws.scores, cluster.values[..., 0], box)
        worst = max(worst, factor)
    return sources, worst


def _take_out_speed(p: unknowns.Problem, draws: Draws, seed: int) -> Floats:
    """Return ln rates with the wind-speed error drawn from its exact conditional.

    A speed that is wrong by a factor changes every rate by it and no reading, so the sampler
    works on their product; given the products the error is Gaussian.
    """
    on = draws.sources[..., 0]
    n = on.sum(axis=-1)
    rate_var = p.rate_sd**2 - SPEED_ERROR**2
    excess = ((draws.sources[..., 4] - p.rate_mu) * on).sum(axis=-1)
    precision = 1.0 / SPEED_ERROR**2 + n / rate_var
    mean = excess / rate_var / precision
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 77])))
    error = mean + rng.standard_normal(n.shape) / np.sqrt(precision)
    return np.asarray(draws.sources[..., 4] - error[..., None])


def _source(prepared: Prepared, cluster: Cluster, survey: Survey) -> Source:
    """Return what is reported of one source."""
    from shapely.geometry import shape

    v = cluster.values[np.isfinite(cluster.values[..., 0])]
    region = credible_region(v[:, 0], v[:, 1])
    rate = np.exp(np.quantile(v[:, 3], [0.05, 0.5, 0.95]))
    x, y, z = (float(np.median(v[:, k])) for k in range(3))
    lon = lat = None
    if survey.frame.geographic:
        from barlovento.domain.geodesy import to_geographic

        assert survey.frame.longitude is not None
        assert survey.frame.latitude is not None
        origin = (survey.frame.longitude, survey.frame.latitude)
        a, b = to_geographic(np.array([x]), np.array([y]), origin=origin)
        lon, lat = float(a[0]), float(b[0])
    active = None
    if prepared.problem.window == 1:
        start, end = np.median(v[:, 4]), np.median(v[:, 5])
        if start > 0.0 or end < 1.0:
            active = (
                prepared.time0 + prepared.span * float(start),
                prepared.time0 + prepared.span * float(end),
            )
    return Source(
        x=x,
        y=y,
        z=z,
        probability=cluster.probability,
        emission_rate=(float(rate[0]), float(rate[1]), float(rate[2])),
        region90=region,
        region90_area=float(shape(region).area),
        longitude=lon,
        latitude=lat,
        active=active,
        samples=np.column_stack([v[:, :3], np.exp(v[:, 3])]),
    )


def _diagnostics(clusters: list[Cluster], count: NDArray[Any], widened: float) -> Diagnostics:
    """Return how far the chains agree."""
    ess, worst = [], [rhat(count.astype(float) + 0.0)]
    for cluster in clusters:
        complete = np.isfinite(cluster.values[..., 0])
        for k in (0, 1, 3):
            v = cluster.values[..., k]
            if complete.all():
                series = v
            else:
                # Draws without the source are left out; chains are cut to the shortest.
                rows = [row[ok] for row, ok in zip(v, complete, strict=True)]
                short = min(len(r) for r in rows)
                if short < 8:
                    continue
                series = np.array([r[:short] for r in rows])
            ess.append(bulk_ess(series))
            worst.append(rhat(series))
    warnings = []
    if max(worst) > 1.1:
        warnings.append(
            f"The chains differ (R-hat {max(worst):.2f}, should be below 1.1): treat regions and "
            "probabilities as rough."
        )
    if ess and min(ess) < 100:
        warnings.append(
            f"Few independent draws ({min(ess):.0f}): the edge of the regions is rough."
        )
    return Diagnostics(
        min_ess=float(min(ess)) if ess else None,
        max_rhat=float(max(worst)),
        draws=int(count.size),
        widened=widened,
        warnings=tuple(warnings),
    )


def _nuisance(prepared: Prepared, draws: Draws) -> tuple[dict[str, Floats], dict[str, str]]:
    """Return the draws of what may be wrong, with names and units."""
    p = prepared.problem
    s = (len(p.global_sd) - unknowns.LASTING) // 3
    raw = draws.nuisance
    out: dict[str, Floats] = {}
    units: dict[str, str] = {}

    def put(name: str, values: Floats, unit: str) -> None:
        out[name], units[name] = np.asarray(values), unit

    for k in range(s):
        tail = f"_{k + 1}" if s > 1 else ""
        # The model turns the wind anticlockwise; a compass turns the other way.
        put("wind_direction_error" + tail, -np.rad2deg(raw[..., k]), "degree")
        put("sigma_y_factor" + tail, np.exp(raw[..., s + k]), "1")
        put("sigma_z_factor" + tail, np.exp(raw[..., 2 * s + k]), "1")
    g = 3 * s
    put("sigma_y_slope", raw[..., g], "1")
    put("sigma_z_slope", raw[..., g + 1], "1")
    put("initial_size", np.exp(raw[..., g + 2]), "m")
    put("axis_bend", np.rad2deg(raw[..., g + 3]), "degree")
    for k, name in enumerate(("cos", "sin", "cos_2", "sin_2")):
        put("wind_direction_error_" + name, np.rad2deg(raw[..., g + unknowns.VANE + k]), "degree")
    h = g + unknowns.LASTING
    put("scatter", np.exp(raw[..., h]), "1")
    if p.use_block == 1:
        put("block_direction_sd", np.rad2deg(np.exp(raw[..., h + 1])), "degree")
    if p.use_gain.any():
        put("sensor_gain_sd", np.exp(raw[..., h + 2]), "1")
        put("sensor_direction_sd", np.rad2deg(np.exp(raw[..., h + 6])), "degree")
    if p.hyper_sd[unknowns.MISSED] > 0:
        put("missed_share", 1.0 / (1.0 + np.exp(-raw[..., h + 3])), "1")
    if len(prepared.lags) > 1:
        put("clock_lag", prepared.lags[raw[..., h + 8].astype(int)], "s")
    put("log_likelihood", raw[..., -2], "1")
    return out, units


def _fits(prepared: Prepared, draws: Draws) -> tuple[SensorFit, ...]:
    """Return how each sensor is explained, from snapshots of the chains."""
    p = prepared.problem
    total = draws.background + draws.plume
    band = np.quantile(total, [0.05, 0.5, 0.95], axis=0)
    background = draws.background.mean(axis=0)
    noise = np.sqrt(np.mean([variances(pack(st)) for st in draws.states], axis=0))
    scatter = math.exp(float(np.mean([st.hyper[0] for st in draws.states])))
    end = np.concatenate([r.end for r in prepared.reduced])
    usual = float(np.median(noise))
    out = []
    for k, name in enumerate(prepared.sensor_names):
        rows = np.flatnonzero(p.sensor == k)
        scale = np.hypot(noise[k], scatter * (band[1] - background)[rows])
        far = np.abs(p.y[rows] - band[1][rows]) > 3.0 * scale
        share = float((far & (p.censored[rows] == 0)).mean())
        trusted = share < 0.2 and noise[k] < 8.0 * usual
        out.append(
            SensorFit(
                name=name,
                n=len(rows),
                time=end[rows],
                observed=p.y[rows] / MICRO,
                background=background[rows] / MICRO,
                predicted=band[:, rows] / MICRO,
                outlier_fraction=share,
                trusted=bool(trusted),
            )
        )
    return tuple(out)
