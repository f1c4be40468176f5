"""A drone's readings of one source by hand: a Gaussian plume written here, with noise and gusts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from barlovento.domain.observation import Meteorology, Observations, RatePrior, SearchArea
from barlovento.domain.species import find_species
from barlovento.search.belief import Setting

START = 1.8e9


def wind(seconds: float, direction: float = 270.0, speed: float = 4.0) -> Meteorology:
    n = int(seconds / 10) + 1
    none = np.full(n, math.nan)
    return Meteorology(
        time=START + 10.0 * np.arange(1, n + 1),
        wind_speed=np.full(n, speed),
        wind_from_direction=np.full(n, direction),
        wind_from_direction_sd=np.full(n, 5.0),
        friction_velocity=none,
        obukhov_length=none,
        mixing_height=none,
        temperature=none,
        pressure=none,
        roughness_length=np.full(n, 0.05),
        measurement_height=10.0,
    )


def plume(x: Any, y: Any, z: Any, source: tuple[float, float, float, float]) -> Any:
    """Briggs class D over open country, wind from the west at 4 m/s [kg m-3]."""
    down, cross = x - source[0], y - source[1]
    far = np.maximum(down, 1.0)
    sy = 0.45 * 0.08 * far / np.sqrt(1 + 1e-4 * far) + 1.0
    sz = 0.06 * far / np.sqrt(1 + 1.5e-3 * far) + 1.0
    high = np.exp(-0.5 * ((z - source[2]) / sz) ** 2) + np.exp(-0.5 * ((z + source[2]) / sz) ** 2)
    c = source[3] * np.exp(-0.5 * (cross / sy) ** 2) * high / (2 * math.pi * sy * sz * 4.0)
    return np.where(down > 0.0, c, 0.0)


class Flight:
    """Readings along legs at 10 m/s, one each second, with their wind."""

    def __init__(self, legs: Any, sources: Any, seed: int, first: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        parts = []
        for a, b in legs:
            n = max(int(math.dist(a, b) / 10.0), 2)
            f = (np.arange(n) + 0.5) / n
            parts.append(np.array(a) + f[:, None] * (np.array(b) - np.array(a)))
        place = np.concatenate(parts)
        self.n = len(place)
        self.time = START + first + 1.0 + np.arange(self.n)
        z = np.full(self.n, 12.0)
        clean = 3.0e-9 + 0.5e-9 * rng.standard_normal(self.n)
        value = clean.copy()
        for source in sources:
            # each crossing sees the axis a little off, as a gust turns it
            off = np.repeat(rng.normal(0.0, 0.05, len(parts)), [len(p) for p in parts])
            far = place[:, 0] - source[0]
            scatter = np.exp(0.3 * rng.standard_normal(self.n))
            value += scatter * plume(place[:, 0], place[:, 1] + off * far, z, source)
        none = np.full(self.n, math.nan)
        self.readings = Observations(
            time=self.time, sensor=np.zeros(self.n, dtype=np.int64), sensor_names=("drone",),
            x=place[:, 0], y=place[:, 1], z=z, x2=none, y2=none, z2=none, concentration=value,
            censored=np.zeros(self.n, dtype=bool), averaging_time=1.0,
        )  # fmt: skip
        self.wind = wind(first + self.n)


@pytest.fixture
def flight() -> Callable[..., Flight]:
    def make(legs: Any, sources: Any = (), seed: int = 1, first: float = 0.0) -> Flight:
        return Flight(legs, sources, seed, first)

    return make


@pytest.fixture
def setting() -> Setting:
    return Setting(
        species=find_species("acetone"),
        area=SearchArea(
            x=(-150.0, 250.0),
            y=(-200.0, 200.0),
            release_height=(0.0, 5.0),
            max_sources=3,
            rate=RatePrior(median=1e-4, gsd=5.0),
        ),
    )


ROWS = [((x, -180.0), (x, 180.0)) for x in (240.0, 180.0, 120.0, 90.0, 60.0)]
"""Five rows across a wind from the west."""


@pytest.fixture
def rows() -> Any:
    return ROWS
