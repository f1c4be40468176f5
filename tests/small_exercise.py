"""A small exercise of two minutes, and a belief that learns nothing, for tests of the flight."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from barlovento.domain.observation import Meteorology, Observations, SearchArea
from barlovento.drill.ports import Ordered, Situation
from barlovento.exercise.records import Atmosphere, HiddenSource, Mast
from barlovento.exercise.sensed import Sensed
from barlovento.exercise.sites import Exercise, Level, Site

SMALL = Exercise(
    name="small",
    title="A small exercise",
    summary="for tests",
    start=datetime(2031, 1, 2, 3, tzinfo=UTC),
    duration=120,
    atmosphere=Atmosphere(
        wind_speed=4.0,
        wind_height=10.0,
        wind_from_direction=270.0,
        roughness_length=0.03,
        obukhov_length=math.inf,
        mixing_height=600.0,
        temperature=293.15,
        pressure=101325.0,
    ),
    mast=Mast(height=10.0, interval=10.0),
    sites=(
        Site(
            name="shed",
            kind="hidden",
            vents=(HiddenSource(x=-50.0, y=20.0, z=2.0, emission_rate=1.0),),
            rates={"acetone": 1e-3},
        ),
    ),
    area=SearchArea(x=(-150.0, 150.0), y=(-150.0, 150.0), release_height=(0.0, 5.0), max_sources=2),
    permitted=((-150.0, -150.0), (150.0, -150.0), (150.0, 150.0), (-150.0, 150.0)),
    floor=5.0,
    ceiling=40.0,
    home=(120.0, -120.0),
    aircraft=("light-multirotor",),
    sensors=("study-0p3",),
    species=("acetone",),
    backgrounds={"acetone": Level(mean=1.0)},
    particles_per_second=8,
)


class Map:
    """Evenly spread."""

    x = np.linspace(-145.0, 145.0, 30)
    y = np.linspace(-145.0, 145.0, 30)

    def __init__(self, level: float) -> None:
        self.density = np.full((30, 30), level)


class Dull:
    """Becomes surer with each reading, and names nothing."""

    def __init__(self, readings: int = 0) -> None:
        self.readings = readings
        self.last = -math.inf

    @property
    def probability(self) -> float:
        return min(0.9, self.readings / 200.0)

    @property
    def map(self) -> Map:
        return Map(1e-6 * (1 + self.readings))

    def answer(self) -> list[Any]:
        return []

    def updated(self, observations: Observations, meteorology: Meteorology) -> Dull:
        after = Dull(self.readings + len(observations))
        assert observations.time.min() > self.last
        assert len(meteorology)
        after.last = float(observations.time.max())
        return after


def wanderer(seed: int, half: float = 145.0) -> Callable[[Situation], Ordered]:
    """Whoever flies anywhere, high and low."""
    rng = np.random.default_rng(seed)

    def choose(situation: Situation) -> Ordered:
        return Ordered(
            phase="sweep",
            waypoints=tuple(
                np.column_stack([rng.uniform(-half, half, (2, 2)), rng.uniform(0.0, 60.0, 2)])
                for _ in situation.drones
            ),
            why="anywhere",
        )

    return choose


def steady_wind(start: float, from_direction: float = 270.0) -> Meteorology:
    time = start + np.arange(0.0, 700.0, 10.0)
    nothing = np.full(time.size, math.nan)
    return Meteorology(
        time=time,
        wind_speed=np.full(time.size, 4.0),
        wind_from_direction=np.full(time.size, from_direction),
        wind_from_direction_sd=nothing,
        friction_velocity=nothing,
        obukhov_length=nothing,
        mixing_height=nothing,
        temperature=nothing,
        pressure=nothing,
        roughness_length=nothing,
        measurement_height=10.0,
    )


def patchy_plume(ratios: tuple[float, ...], noise: float, seed: int = 1) -> Sensed:
    """A drone that goes to and fro 100 m downwind of the origin through a patchy plume."""
    rng = np.random.default_rng(seed)
    time = np.arange(1.0, 601.0)
    y = 80.0 * np.sin(time / 15.0)
    plume = 60.0 * np.exp(-0.5 * (y / 15.0) ** 2) * rng.gamma(2.0, 0.5, time.size)
    columns: dict[str, list[Any]] = {name: [] for name in Sensed._fields}
    for k, ratio in enumerate(ratios):
        level = 2.0 + 0.3 * np.sin(time / 200.0)
        columns["mole_fraction"].append(ratio * plume + level + noise * rng.standard_normal(600))
        columns["species"].append(np.full(600, k))
        columns["time"].append(time)
        columns["x"].append(np.full(600, 100.0))
        columns["y"].append(y)
        columns["z"].append(np.full(600, 15.0))
        for name in ("drone", "sensor"):
            columns[name].append(np.zeros(600, dtype=np.int64))
        for name in ("censored", "bad"):
            columns[name].append(np.zeros(600, dtype=bool))
    return Sensed(**{name: np.concatenate(parts) for name, parts in columns.items()})


SCENARIO = """\
schema = 1
title = "A small exercise"
summary = "for tests"
start = 2031-01-02T03:00:00Z
duration_s = 120
species = ["acetone"]
land_use = "rural"

[area]
x_m = [-150, 150]
y_m = [-150, 150]
release_height_m = [0, 5]
max_sources = 2

[permitted]
ring_m = [[-150, -150], [150, -150], [150, 150], [-150, 150]]
height_m = [5, 40]
home_m = [120, -120]
origin = [-30.0, 40.0]

[wind]
speed_m_s = 4
height_m = 10
from_direction_deg = 270
roughness_length_m = 0.03
obukhov_length_m = inf
mixing_height_m = 600
temperature_k = 293

[mast]
height_m = 10
interval_s = 10

[drones]
aircraft = ["light-multirotor"]
sensors = ["study-0p3"]

[random]
hidden = 1
rate_g_s = 1.0
edge_m = 60
"""
