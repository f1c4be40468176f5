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
