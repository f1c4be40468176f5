"""Posteriors and surveys that no inference made, for testing what is written about them.

Every number is drawn by hand-chosen recipes so that the writers can be tested alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from shapely.geometry import MultiPoint, mapping
from shapely.ops import unary_union

from barlovento.domain.observation import (
    Frame,
    Meteorology,
    Observations,
    RatePrior,
    SearchArea,
    Survey,
)
from barlovento.domain.source import Diagnostics, Posterior, SensorFit, Source, SourcePrior
from barlovento.domain.species import Species

START = 1_760_000_000.0
CHAINS, DRAWS, SLOTS = 4, 400, 3
BACKGROUND = 2.0e-9
NAN = float("nan")


def imagined(
    name: str = "two", *, n: int = 900, title: str | None = None, seed: int = 5
) -> tuple[tuple[Survey, ...], Posterior]:
    """Return surveys and posterior of one of the cases in ``CASES``."""
    rng = np.random.default_rng(seed)
    build = CASES[name]
    surveys, posterior = build(rng, n)
    if title is not None:
        surveys = tuple(_replace(survey, title=title) for survey in surveys)
    return surveys, posterior


def _two(rng: np.random.Generator, n: int) -> tuple[tuple[Survey, ...], Posterior]:
    clouds = [
        rng.normal([-85.0, 60.0], [6.0, 9.0], (CHAINS * DRAWS, 2)),
        np.where(
            rng.random((CHAINS * DRAWS, 1)) < 0.7,
            rng.normal([120.0, -40.0], [10.0, 7.0], (CHAINS * DRAWS, 2)),
            rng.normal([200.0, 10.0], [9.0, 9.0], (CHAINS * DRAWS, 2)),
        ),
    ]
    rates = [
        rng.lognormal(np.log(3.4e-4), 0.22, CHAINS * DRAWS),
        rng.lognormal(np.log(9e-5), 0.45, CHAINS * DRAWS),
    ]
    survey = _survey(rng, n, sources=[(-85.0, 60.0, 3.4e-4), (120.0, -40.0, 9e-5)])
    active = (START + 900.0, START + 2700.0)
    sources = (
        _source(clouds[0], rates[0], 0.98, survey, None),
        _source(clouds[1], rates[1], 0.81, survey, active),
    )
    return (survey,), _posterior(
        rng,
        survey,
        (0.0, 0.19, 0.76, 0.05),
        sources,
        clouds,
        rates,
        advice=("More readings 50 to 150 m downwind of B would tell its two places apart.",),
        places=[(150.0, 30.0), (70.0, -120.0)],
        warnings=("The sensor fence-2 disagrees with the others and was given little weight.",),
    )


def _none(rng: np.random.Generator, n: int) -> tuple[tuple[Survey, ...], Posterior]:
    survey = _survey(rng, n, sources=[])
    return (survey,), _posterior(rng, survey, (0.94, 0.05, 0.01, 0.0), (), [], [])


def _poor(rng: np.random.Generator, n: int) -> tuple[tuple[Survey, ...], Posterior]:
    survey = _survey(rng, min(n, 24), sources=[(30.0, 20.0, 2e-4)])
    clouds = [rng.uniform([-250, -180], [250, 180], (CHAINS * DRAWS, 2))]
    rates = [rng.lognormal(np.log(3e-4), 1.6, CHAINS * DRAWS)]
    return (survey,), _posterior(
        rng,
        survey,
        (0.42, 0.38, 0.15, 0.05),
        (),
        clouds,
        rates,
        advice=("The readings can't tell: fly across the wind, 100 to 200 m downwind.",),
        places=[(60.0, -130.0), (-120.0, -120.0), (180.0, 40.0)],
        warnings=("The chains disagree (R-hat 1.09): run with another --seed and compare.",),
        rhat=1.09,
    )


def _geographic(rng: np.random.Generator, n: int) -> tuple[tuple[Survey, ...], Posterior]:
    clouds = [rng.normal([40.0, 35.0], [12.0, 8.0], (CHAINS * DRAWS, 2))]
    rates = [rng.lognormal(np.log(2.2e-4), 0.3, CHAINS * DRAWS)]
    frame = Frame(name="geographic", longitude=-3.7042, latitude=40.4168)
    first = _survey(rng, n, sources=[(40.0, 35.0, 2.2e-4)], frame=frame, paths=True)
    second = _survey(rng, n // 3, sources=[(40.0, 35.0, 2.2e-4)], frame=frame)
    second = _replace(second, title="Second flight", digest="b" * 64)
    sources = (_source(clouds[0], rates[0], 0.97, first, None),)
    return (first, second), _posterior(
        rng,
        first,
        (0.02, 0.93, 0.05, 0.0),
        sources,
        clouds,
        rates,
        digests=(first.digest, second.digest),
    )


CASES: dict[str, Callable[[np.random.Generator, int], tuple[tuple[Survey, ...], Posterior]]] = {
    "two": _two,
    "none": _none,
    "poor": _poor,
    "geographic": _geographic,
}


def _survey(
    rng: np.random.Generator,
    n: int,
    *,
    sources: list[tuple[float, float, float]],
    frame: Frame | None = None,
    paths: bool = False,
) -> Survey:
    """Return a lawn-mower flight with two fixed sensors and, on request, two light paths."""
    time = START + 3600.0 * np.sort(rng.random(n))
    kind = rng.choice(
        5 if paths else 3, n, p=[0.76, 0.06, 0.06, 0.06, 0.06] if paths else [0.8, 0.1, 0.1]
    )
    s = (time - START) / 3600.0
    leg = 8 * s
    x = np.where(np.floor(leg) % 2 == 0, leg % 1, 1 - leg % 1) * 480 - 240
    y = -170 + 340 * s
    fixed = {1: (-200.0, -60.0), 2: (150.0, -150.0), 3: (-100.0, -150.0), 4: (60.0, 150.0)}
    for sensor, (fx, fy) in fixed.items():
        x, y = np.where(kind == sensor, fx, x), np.where(kind == sensor, fy, y)
    ends = np.isin(kind, (3, 4))
    x2, y2 = np.where(ends, x + 160.0, NAN), np.where(ends, y + 25.0, NAN)
    z = np.where(kind == 0, 12.0, 2.0)
    excess = np.zeros(n)
    for sx, sy, rate in sources:
        along, across = -(y - sy), x - sx
        width = 4 + 0.12 * np.clip(along, 1, None)
        excess += np.where(
            along > 0, rate / (3 * 3.0 * width**2) * np.exp(-0.5 * (across / width) ** 2), 0.0
        )
    excess *= rng.gamma(0.7, 1 / 0.7, n)
    concentration = BACKGROUND + excess + rng.normal(0, 4e-10, n)
    censored = concentration < 1.2e-9
    concentration = np.where(censored, 1.2e-9, concentration)
    m = 60
    direction = (rng.normal(352.0, 11.0, m)) % 360
    return Survey(
        title="Imagined flight over the orchard",
        species=Species(name="toluene", cas="108-88-3", molar_mass=0.09214),
        observations=Observations(
            time=time,
            sensor=kind.astype(np.int64),
            sensor_names=("drone", "fence-1", "fence-2", "beam-1", "beam-2")[: 5 if paths else 3],
            x=x,
            y=y,
            z=z,
            x2=x2,
            y2=y2,
            z2=np.where(ends, 2.0, NAN),
            concentration=concentration,
            censored=censored,
            averaging_time=1.0,
            n_flagged=4,
        ),
        meteorology=_wind(rng, m, direction),
        search=SearchArea(
            x=(-260.0, 260.0),
            y=(-190.0, 190.0),
            release_height=(0.0, 6.0),
            max_sources=3,
            rate=None if paths else RatePrior(median=5e-5, gsd=4.0),
        ),
        frame=frame or Frame(name="orchard"),
        background=None,
        clock_offset_max=5.0,
        digest="a" * 64,
        units="ppb",
        to_file_units=2.61e8,
    )


def _wind(rng: np.random.Generator, m: int, direction: np.ndarray[Any, Any]) -> Meteorology:
    empty = np.full(m, NAN)
    return Meteorology(
        time=START + np.arange(1, m + 1) * 60.0,
        wind_speed=rng.gamma(20, 0.16, m),
        wind_from_direction=direction,
        wind_from_direction_sd=np.full(m, 9.0),
        friction_velocity=empty,
        obukhov_length=empty,
        mixing_height=empty,
        temperature=np.full(m, 291.0),
        pressure=np.full(m, 95_000.0),
        roughness_length=np.full(m, 0.1),
        measurement_height=10.0,
    )


def _source(
    cloud: np.ndarray[Any, Any],
    rate: np.ndarray[Any, Any],
    probability: float,
    survey: Survey,
    active: tuple[float, float] | None,
) -> Source:
    centre = np.median(cloud, axis=0)
    # Discs around nine tenths of the draws: round, with holes and parts as they come.
    shape = unary_union([point.buffer(4.0) for point in MultiPoint(cloud[: len(cloud) // 3]).geoms])
    shape = shape.buffer(3).buffer(-5).simplify(0.5)
    longitude = latitude = None
    if survey.frame.geographic:
        assert survey.frame.longitude is not None
        assert survey.frame.latitude is not None
        longitude = survey.frame.longitude + centre[0] / 84_800
        latitude = survey.frame.latitude + centre[1] / 111_000
    return Source(
        x=float(centre[0]),
        y=float(centre[1]),
        z=1.4,
        probability=probability,
        emission_rate=tuple(np.quantile(rate, [0.05, 0.5, 0.95])),
        region90=mapping(shape),
        region90_area=float(shape.area),
        longitude=longitude,
        latitude=latitude,
        active=active,
        samples=np.column_stack([cloud, np.full(len(cloud), 1.4), rate]),
    )


def _posterior(
    rng: np.random.Generator,
    survey: Survey,
    number: tuple[float, ...],
    sources: tuple[Source, ...],
    clouds: list[np.ndarray[Any, Any]],
    rates: list[np.ndarray[Any, Any]],
    *,
    advice: tuple[str, ...] = (),
    places: list[tuple[float, float]] | None = None,
    warnings: tuple[str, ...] = (),
    rhat: float = 1.004,
    digests: tuple[str, ...] | None = None,
) -> Posterior:
    shape = (CHAINS, DRAWS, SLOTS)
    draws = {key: np.full(shape, NAN) for key in ("x", "y", "z", "emission_rate", "from", "until")}
    count = rng.choice(len(number), shape[:2], p=number)
    for slot, (cloud, rate) in enumerate(zip(clouds, rates, strict=True)):
        there = count > slot
        draws["x"][..., slot] = np.where(there, cloud[:, 0].reshape(shape[:2]), NAN)
        draws["y"][..., slot] = np.where(there, cloud[:, 1].reshape(shape[:2]), NAN)
        draws["z"][..., slot] = np.where(there, 1.4, NAN)
        draws["emission_rate"][..., slot] = np.where(there, rate.reshape(shape[:2]), NAN)
        draws["from"][..., slot] = np.where(there, START, NAN)
        draws["until"][..., slot] = np.where(there, START + 3600.0, NAN)
    gx, gy = np.linspace(-255, 255, 52), np.linspace(-185, 185, 38)
    rate_axis = np.array([1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3])
    obs = survey.observations
    near = np.min(
        np.hypot(gx[None, :, None] - obs.x[::7], (gy[:, None, None] - 40) - obs.y[::7]), axis=-1
    )
    seen = 1 / (1 + np.exp(-(np.log(rate_axis / 2e-5) * 1.6 - near[..., None] / 25 + 1)))
    nuisance = {
        "wind_direction_bias": rng.normal(2.0, 1.0, shape[:2]),
        "dispersion_scale": rng.lognormal(0.1, 0.2, shape[:2]),
    }
    return Posterior(
        number_of_sources=number,
        sources=sources,
        prior=SourcePrior(
            number=(0.4, 0.3, 0.2, 0.1),
            x=survey.search.x,
            y=survey.search.y,
            z=survey.search.release_height,
            rate_median=5e-5,
            rate_gsd=4.0,
        ),
        x=draws["x"],
        y=draws["y"],
        z=draws["z"],
        emission_rate=draws["emission_rate"],
        active_from=draws["from"],
        active_until=draws["until"],
        count=count.astype(np.int64),
        nuisance=nuisance,
        nuisance_units={"wind_direction_bias": "degree", "dispersion_scale": "1"},
        searched_x=gx,
        searched_y=gy,
        searched_rate=rate_axis,
        searched=seen,
        log_evidence=41.7 if sources else -1.2,
        diagnostics=Diagnostics(
            min_ess=812.0 if sources else None,
            max_rhat=rhat,
            draws=CHAINS * DRAWS,
            warnings=warnings,
        ),
        fits=tuple(_fit(rng, survey, index) for index in range(len(obs.sensor_names))),
        advice=advice,
        advice_places=np.array(places or []).reshape(-1, 2),
        assumptions=(
            "The plume is Gaussian on average, reflected at the ground.",
            "Wind direction may be off by a few degrees, the same for the whole survey.",
            "Each source emits steadily while it is active.",
        ),
        elapsed=1.23,
        seed=1,
        survey_digests=digests or (survey.digest,),
    )


def _fit(rng: np.random.Generator, survey: Survey, index: int) -> SensorFit:
    obs = survey.observations
    mine = obs.sensor == index
    background = BACKGROUND * (1 + 0.1 * np.sin((obs.time[mine] - START) / 900))
    middle = background + np.clip(obs.concentration[mine] - BACKGROUND, 0, None) * 0.7
    name = obs.sensor_names[index]
    return SensorFit(
        name=name,
        n=int(mine.sum()),
        time=obs.time[mine],
        observed=obs.concentration[mine],
        background=background,
        predicted=np.stack([middle * 0.6, middle, middle * 1.5 + 8e-10]),
        outlier_fraction=0.31 if name == "fence-2" else 0.012,
        trusted=name != "fence-2",
    )


def _replace(record: Any, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(record, **changes)
