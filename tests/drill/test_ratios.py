"""Ratios between gases from readings that rise and fall together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from small_exercise import SMALL

from barlovento.domain.observation import Meteorology
from barlovento.drill.ratios import species_rates
from barlovento.exercise.sensed import Sensed

START = SMALL.start.timestamp()
NAMES = ("acetone", "toluene", "benzene")
MASSES = (0.058, 0.092, 0.078)


def wind(from_direction: float = 270.0) -> Meteorology:
    time = START + np.arange(0.0, 700.0, 10.0)
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


def rows(ratios: tuple[float, ...], noise: float, seed: int = 1) -> Sensed:
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


def rates(readings: Sensed, places: Any = ((0.0, 0.0),), **more: Any) -> Any:
    main = [1e-4] * len(places)
    met = more.get("met", wind())
    return species_rates(readings, places, main, NAMES, MASSES, met, START, 1)


@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_the_ratio_comes_back_as_a_rate(noise: float) -> None:
    told = rates(rows((1.0, 0.5, 0.1), noise))[0]
    # Mole fractions in the ratio .5 are masses in the ratio .5 * 92 / 58.
    assert told["toluene"].detected
    assert told["toluene"].median == pytest.approx(1e-4 * 0.5 * 92 / 58, rel=0.1)
    assert told["toluene"].q05 < told["toluene"].median < told["toluene"].q95
    if noise < 1.0:
        assert told["benzene"].median == pytest.approx(1e-4 * 0.1 * 78 / 58, rel=0.15)


def test_a_gas_that_is_not_there_gets_a_limit() -> None:
    told = rates(rows((1.0, 0.0, 0.3), 0.3))[0]
    assert not told["toluene"].detected
    assert 0.0 < told["toluene"].limit < 1e-4 * 0.05 * 92 / 58


def test_the_interval_holds_as_often_as_it_says() -> None:
    held = 0
    for seed in range(30):
        told = rates(rows((1.0, 0.3, 0.0), 1.0, seed))[0]["toluene"]
        held += told.q05 <= 1e-4 * 0.3 * 92 / 58 <= told.q95
    # Nine in ten are promised; ratios of real sources wander, so intervals are no narrower.
    assert held >= 25


def test_readings_belong_to_the_place_upwind() -> None:
    told = rates(rows((1.0, 0.5, 0.1), 0.3), places=((0.0, 0.0), (400.0, 0.0)))
    assert "toluene" in told[0]
    assert set(told[1]) == {"acetone"}
    turned = rates(rows((1.0, 0.5, 0.1), 0.3), met=wind(90.0))
    assert set(turned[0]) == {"acetone"}
