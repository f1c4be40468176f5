"""The world that is shown first: a valley, two or three sources, one drone."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Frame, SearchArea
from barlovento.domain.species import find_species
from barlovento.exercise import instruments
from barlovento.exercise.instruments import SensorModel
from barlovento.exercise.records import Atmosphere, HiddenSource, Mast, Scenario, Valley

FloatArray = NDArray[np.float64]

LENGTH, WIDTH = 1200.0, 480.0
"""Of the flown stretch of the valley [m]."""

STRETCHES = ((-0.44, -0.28), (-0.12, 0.04), (0.18, 0.30))
"""One source in each stretch of the valley, from upwind, so that the demonstration shows them
apart; shares of the length about its middle [1]."""


def demo_valley(seed: int) -> Scenario:
    """Return a valley with two or three hidden solvent sources and one drone flight.

    A light evening wind follows the valley more than it does at the mast on the shoulder,
    with a drainage flow near the ground.

    Parameters
    ----------
    seed : int
        Draws sources, valley, wind and instrument errors; give
        :func:`barlovento.exercise.world.simulate` a seed of its own.
    """
    rng = np.random.default_rng([seed, 2])
    axis = float(rng.uniform(0.0, 360.0))
    atmosphere = _air(rng, axis)
    sensor = SensorModel(
        name="drone",
        t90=2.0,
        noise=float(rng.uniform(0.3, 1.0)),
        background=float(rng.uniform(1.0, 2.5)),
        drift=0.3,
        drift_time=500.0,
    )
    duration = 1020
    path = instruments.lawnmower((0.0, 0.0), (WIDTH, LENGTH), axis + 180.0, 110.0, (10.0, 16.0))
    down, cross = _axes(axis)
    reach = 0.5 * (LENGTH * np.abs(down) + WIDTH * np.abs(cross))
    off = rng.uniform(20.0, 120.0, 4)
    return Scenario(
        title="Demonstration: a valley with hidden sources",
        species=find_species("acetone"),
        atmosphere=atmosphere,
        mast=Mast(
            height=6.0,
            interval=30.0,
            direction_bias=float(rng.normal(0.0, 3.0)),
            speed_factor=float(np.exp(rng.normal(0.0, 0.05))),
            direction_noise=1.0,
            speed_noise=0.05,
        ),
        sources=_sources(rng, axis),
        instruments=(instruments.drone(rng, sensor, path, 7.5, duration),),
        duration=duration,
        averaging_time=1,
        start=datetime(2031, 5, 6, 22, 30, tzinfo=UTC),
        search=SearchArea(
            x=(-float(reach[0] + off[0]), float(reach[0] + off[1])),
            y=(-float(reach[1] + off[2]), float(reach[1] + off[3])),
            release_height=(0.0, 6.0),
            max_sources=5,
        ),
        frame=Frame(name="demo-valley"),
    )


def _axes(axis: float) -> tuple[FloatArray, FloatArray]:
    """Return unit vectors down the valley and to its left, for an axis in degrees."""
    angle = math.radians(axis)
    down = np.array([math.sin(angle), math.cos(angle)])
    return down, np.array([-down[1], down[0]])


def _air(rng: np.random.Generator, axis: float) -> Atmosphere:
    """Return light, slightly stable air that comes down the valley some degrees off its axis."""
    off = float(rng.choice([-1.0, 1.0])) * float(rng.uniform(8.0, 20.0))
    return Atmosphere(
        wind_speed=float(rng.uniform(3.0, 4.5)),
        wind_height=10.0,
        wind_from_direction=(axis + 180.0 + off) % 360.0,
        roughness_length=0.08,
        obukhov_length=float(rng.uniform(120.0, 300.0)),
        mixing_height=250.0,
        direction_trend=float(rng.uniform(-20.0, 20.0)),
        meander_direction_sd=6.0,
        meander_speed_sd=0.1,
        meander_time=240.0,
        fluctuation_intensity=0.6,
        temperature=291.0,
        pressure=91000.0,
        valley=Valley(
            x=0.0,
            y=0.0,
            axis_direction=axis,
            half_width=0.6 * WIDTH,
            steering=0.6,
            mast_steering=0.35,
            depth=60.0,
            drainage_speed=0.5,
            drainage_depth=10.0,
            slope_speed=0.15,
        ),
    )


def _sources(rng: np.random.Generator, axis: float) -> tuple[HiddenSource, ...]:
    """Return two or three sources, one in each stretch of the valley."""
    down, cross = _axes(axis)
    sources = []
    for nearest, farthest in STRETCHES[: int(rng.integers(2, 4))]:
        along = LENGTH * float(rng.uniform(nearest, farthest))
        spot = along * down + WIDTH * float(rng.uniform(-0.3, 0.3)) * cross
        rate = float(np.exp(rng.uniform(math.log(1e-4), math.log(1.5e-3))))
        height = float(rng.uniform(1.0, 4.0))
        sources.append(
            HiddenSource(x=float(spot[0]), y=float(spot[1]), z=height, emission_rate=rate, size=1.0)
        )
    return tuple(sources)
