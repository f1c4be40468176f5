"""Random worlds to calibrate with: a drone over a square in which sources may be anywhere."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from barlovento.domain.observation import Frame, RatePrior, SearchArea
from barlovento.domain.species import find_species
from barlovento.errors import BadInput
from barlovento.exercise import air, instruments
from barlovento.exercise.instruments import Instrument, SensorModel
from barlovento.exercise.records import Atmosphere, HiddenSource, Mast, Scenario

Stability = Literal["stable", "neutral", "unstable"]

LEAST_APART = 40.0
"""Sources nearer to each other than this would be one to anybody [m]."""

RATES = (3e-5, 3e-3)
"""Range from which a rate is drawn, evenly in its logarithm, when none is given [kg s-1]."""


def random_case(
    rng_seed: int,
    *,
    n_sources: int,
    rate_kg_s: float | None = None,
    stability: Stability = "neutral",
    noise_ppb: float = 0.3,
    box_prior: RatePrior | None = None,
) -> Scenario:
    """Return a random world with sources somewhere in a flown square, for calibration.

    Everything else is drawn: wind, roughness, meander, size of the square, flight pattern,
    background and its drift, errors of the mast. The distributions are assumptions, stated in
    the code beside each draw.

    Parameters
    ----------
    rng_seed : int
        Of the draws; give :func:`barlovento.exercise.world.simulate` a seed of its own.
    n_sources : int
        How many sources there are.
    rate_kg_s : float or None
        Emission rate of each; None draws one for each from ``RATES`` [kg s-1].
    stability : {"stable", "neutral", "unstable"}
        State of the air.
    noise_ppb : float
        White noise of a one-second reading [ppb].
    box_prior : RatePrior, optional
        What the solver is told of the rate; nothing by default.
    """
    rng = np.random.default_rng([rng_seed, 1])
    side = float(rng.uniform(400.0, 800.0))
    centre = (float(rng.uniform(-300.0, 300.0)), float(rng.uniform(-300.0, 300.0)))
    direction = float(rng.uniform(0.0, 360.0))
    atmosphere = random_air(rng, stability, direction)
    averaging = int(rng.choice([1, 2]))
    duration = int(rng.integers(900, 1001)) if averaging == 1 else 2 * int(rng.integers(570, 601))
    believed = direction + float(rng.normal(0.0, 8.0))
    flight = random_flight(rng, centre, side, believed, duration, noise_ppb)
    west, east, south, north = rng.uniform(0.0, 0.3 * side, 4) + 0.5 * side
    box = (
        (centre[0] - west, centre[0] + east),
        (centre[1] - south, centre[1] + north),
    )
    sources = scattered(rng, n_sources, centre, 0.5 * side, believed, rate_kg_s, box)
    return Scenario(
        title=f"Simulated flight {rng_seed}",
        species=find_species("acetone"),
        atmosphere=atmosphere,
        mast=random_mast(rng, height=float(rng.choice([2.0, 3.0, 10.0]))),
        sources=sources,
        instruments=(flight,),
        duration=duration,
        averaging_time=averaging,
        start=datetime(2031, 3, 4, 14, 0, tzinfo=UTC),
        search=SearchArea(
            x=box[0],
            y=box[1],
            release_height=(0.0, 8.0),
            max_sources=5,
            rate=box_prior,
        ),
        frame=Frame(name=f"simulated-{rng_seed}"),
        # Several sources are drawn with fewer particles each: a case stays near one CPU second.
        particles_per_second=16 if n_sources < 2 else 8,
    )


def random_flight(
    rng: np.random.Generator,
    centre: tuple[float, float],
    side: float,
    wind_from_direction: float,
    duration: int,
    noise: float,
) -> Instrument:
    """Return a drone that mows a square across the wind, low above ground.

    Response, background and drift are ordinary for a good solvent sensor (assumed).

    Parameters
    ----------
    rng : Generator
        Randomness.
    centre, side : tuple of float, and float
        Of the square [m].
    wind_from_direction : float
        As the pilot believes it [degree].
    duration : int
        Of the flight [s].
    noise : float
        White noise of a one-second reading [ppb].
    """
    ground_speed = float(rng.uniform(5.0, 8.0))
    # Transects as close as the flying time allows.
    count = max(4, int(ground_speed * duration / side * 0.9))
    heights = ((8.0,), (5.0, 12.0), (10.0,), (8.0, 16.0))[int(rng.integers(4))]
    spacing = side / (count - 1)
    path = instruments.lawnmower(centre, (side, side), wind_from_direction, spacing, heights)
    sensor = SensorModel(
        name="drone",
        t90=float(rng.uniform(1.0, 3.0)),
        noise=noise,
        background=float(rng.uniform(1.0, 3.0)),
        drift=float(rng.uniform(0.05, 0.3)) * max(1.0, noise),
        drift_time=float(rng.uniform(300.0, 1200.0)),
    )
    return instruments.drone(rng, sensor, path, ground_speed, duration)


def random_air(rng: np.random.Generator, stability: Stability, direction: float) -> Atmosphere:
    """Return random air of one stability.

    Ranges are ordinary surface-layer values (assumed). The mean wind wanders sideways by all
    that is too slow to be turbulence within a survey, so that light winds turn farther; with
    the turbulence this gives the ten-minute deviations of direction that are commonly measured.

    Parameters
    ----------
    rng : Generator
        Randomness.
    stability : {"stable", "neutral", "unstable"}
        State of the air.
    direction : float
        Mean direction the wind comes from [degree].
    """
    if stability == "stable":
        speed, length, top = rng.uniform(1.5, 4.0), rng.uniform(20, 120), rng.uniform(80, 250)
    elif stability == "neutral":
        speed, length, top = rng.uniform(4.0, 8.0), math.inf, rng.uniform(400, 900)
    elif stability == "unstable":
        speed, length, top = rng.uniform(2.0, 5.0), -rng.uniform(8, 60), rng.uniform(600, 1500)
    else:
        raise BadInput(f"stability is {stability!r}; give stable, neutral or unstable.")
    roughness = float(np.exp(rng.uniform(math.log(0.01), math.log(0.1))))
    friction = air.friction_velocity(float(speed), 10.0, roughness, float(length))
    convective, _ = air.convective_deviation(friction, float(length), float(top))
    # Slow shear eddies, motions of the terrain's own, and the larger half of convection.
    parts = (
        float(rng.uniform(0.6, 1.2)) * friction,
        float(rng.uniform(0.1, 0.3)),
        math.sqrt(0.5) * convective,
    )
    slow = math.degrees(math.hypot(*parts) / float(speed))
    return Atmosphere(
        wind_speed=float(speed),
        wind_height=10.0,
        wind_from_direction=direction,
        roughness_length=roughness,
        obukhov_length=float(length),
        mixing_height=float(top),
        direction_trend=float(rng.normal(0.0, 15.0)),
        meander_direction_sd=slow,
        meander_speed_sd=float(rng.uniform(0.05, 0.15)),
        meander_time=float(rng.uniform(150.0, 500.0)),
        fluctuation_intensity=float(rng.uniform(0.3, 0.8)),
        fluctuation_length=5.0,
        temperature=float(rng.uniform(283.0, 303.0)),
        pressure=float(rng.uniform(90000.0, 101500.0)),
    )


def random_mast(rng: np.random.Generator, height: float) -> Mast:
    """Return a mast with ordinary errors: some degrees, some per cent (assumed).

    Parameters
    ----------
    rng : Generator
        Randomness.
    height : float
        Of the anemometer [m].
    """
    return Mast(
        height=height,
        interval=float(rng.choice([10.0, 30.0, 60.0])),
        direction_bias=float(rng.normal(0.0, 4.0)),
        speed_factor=float(np.exp(rng.normal(0.0, 0.06))),
        direction_noise=1.0,
        speed_noise=0.05,
        report_turbulence=bool(rng.random() < 0.5),
        turbulence_error=0.15,
        roughness_factor=float(np.exp(rng.normal(0.0, 0.4))),
    )


def scattered(
    rng: np.random.Generator,
    count: int,
    centre: tuple[float, float],
    half: float,
    wind_from_direction: float,
    rate: float | None,
    box: tuple[tuple[float, float], tuple[float, float]],
) -> tuple[HiddenSource, ...]:
    """Return sources evenly over the flown square, which stands square to the wind.

    The last eighth of the square downwind is left out: behind it nobody flies. No two are
    nearer than ``LEAST_APART``.

    Parameters
    ----------
    rng : Generator
        Randomness.
    count : int
        How many.
    centre : tuple of float
        Of the square [m].
    half : float
        Half its side [m].
    wind_from_direction : float
        As the pilot believed [degree].
    rate : float or None
        Of each; None draws from ``RATES`` [kg s-1].
    box : tuple of tuple of float
        Range east and north that the solver is told; all sources are inside [m].
    """
    angle = math.radians(wind_from_direction)
    down = np.array([-math.sin(angle), -math.cos(angle)])
    cross = np.array([-down[1], down[0]])
    placed: list[HiddenSource] = []
    while len(placed) < count:
        spot = (
            np.array(centre)
            + half * rng.uniform(-1.0, 0.75) * down
            + half * rng.uniform(-0.9, 0.9) * cross
        )
        if not all(low < value < high for value, (low, high) in zip(spot, box, strict=True)):
            continue
        if any(math.hypot(spot[0] - s.x, spot[1] - s.y) < LEAST_APART for s in placed):
            continue
        drawn = float(np.exp(rng.uniform(math.log(RATES[0]), math.log(RATES[1]))))
        placed.append(
            HiddenSource(
                x=float(spot[0]),
                y=float(spot[1]),
                z=float(rng.uniform(0.5, 6.0)),
                emission_rate=drawn if rate is None else rate,
                size=float(rng.uniform(0.3, 1.5)),
            )
        )
    return tuple(placed)
