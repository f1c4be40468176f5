"""The particle belief of the source-term benchmark, where numbers are known without it."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def cloud() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("plume_particles")


def test_downwind_of_a_source_on_the_ground(cloud: ModuleType) -> None:
    """Q = 4 pi, no wind: exp(-d / sqrt(D tau)) / d; a wind adds exp(u d / 2 D) on its axis."""
    calm = np.array([0.0, 0.0, 0.0, 4.0 * math.pi, 1e-9, math.pi / 2, 1.0, 4.0])
    assert cloud.concentration(calm, 3.0, 0.0) == pytest.approx(math.exp(-1.5) / 3.0)
    windy = calm.copy()
    # u = 2, D = 1, tau = 3: lambda = sqrt(3 / (1 + 3)); the wind blows towards -y.
    windy[cloud.WIND], windy[cloud.LIFETIME] = 2.0, 3.0
    axis = math.exp(5.0 - 5.0 / math.sqrt(0.75)) / 5.0
    assert cloud.concentration(windy, 0.0, -5.0) == pytest.approx(axis)
    assert cloud.concentration(windy, 0.0, 5.0) < 1e-4 * axis


def test_chance_of_reading_nothing(cloud: ModuleType) -> None:
    assert cloud.log_missed(1e-9) == pytest.approx(0.0)
    # Far above the threshold: missed, or noise of half the mean takes it below zero, Phi(-2).
    strong = 0.3 + 0.7 * 0.022750
    assert math.exp(cloud.log_missed(100.0)) == pytest.approx(strong, abs=1e-4)


def test_without_readings_particles_stay_with_the_prior(cloud: ModuleType) -> None:
    rng = np.random.default_rng(1)
    particles = cloud.drawn(1500, rng)
    taken = cloud.rejuvenate(particles, np.zeros((1, 3)), 0, 10, rng)
    assert taken > 0.05
    # Gamma(2, 5) has mean 10 and deviation 7.07; the place is uniform over 50 m.
    assert particles[:, cloud.RATE].mean() == pytest.approx(10.0, abs=1.2)
    assert particles[:, cloud.X].mean() == pytest.approx(25.0, abs=2.5)
    assert particles[:, cloud.X].std() == pytest.approx(50.0 / math.sqrt(12.0), abs=1.5)
    assert particles[:, cloud.Z].min() >= 0.0


def test_flights_stay_inside_and_go_by_one_move(cloud: ModuleType) -> None:
    rng = np.random.default_rng(2)
    particles = cloud.drawn(200, rng)
    for x, y in ((1.0, 49.0), (25.0, 25.0), (49.0, 1.0)):
        far, near = np.empty((cloud.SWEPT, 2)), np.empty((cloud.AHEAD, 2))
        ways = [
            far[: cloud.sweep(particles, x, y, far)],
            near[: cloud.plan(particles, x, y, 6, rng, near)],
        ]
        for way in ways:
            assert len(way) >= 1
            assert way.min() >= 0.0
            assert way.max() <= 50.0
            steps = np.abs(np.diff(np.vstack(((x, y), way)), axis=0)).sum(1)
            assert steps == pytest.approx(np.full(len(way), 2.0))


def test_a_strong_reading_brings_the_source_near(cloud: ModuleType) -> None:
    rng = np.random.default_rng(3)
    belief = cloud.Cloud(cloud.drawn(1500, rng), rng)
    before = belief.spread()
    belief.read(20.0, 20.0, 0.05)
    assert belief.spread() < before
    # The wind blows towards -y within some tens of degrees: the source lies on the other side.
    assert belief.mean()[cloud.Y] > 20.0
    assert abs(belief.mean()[cloud.X] - 20.0) < 5.0
