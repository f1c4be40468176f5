"""Ratios between gases from readings that rise and fall together."""

from __future__ import annotations

from typing import Any

import pytest
from small_exercise import SMALL, patchy_plume, steady_wind

from barlovento.drill.ratios import species_rates
from barlovento.exercise.sensed import Sensed

START = SMALL.start.timestamp()
NAMES = ("acetone", "toluene", "benzene")
MASSES = (0.058, 0.092, 0.078)


def rates(readings: Sensed, places: Any = ((0.0, 0.0),), **more: Any) -> Any:
    main = [1e-4] * len(places)
    met = more.get("met", steady_wind(START))
    return species_rates(readings, places, main, NAMES, MASSES, met, START, 1)


@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_the_ratio_comes_back_as_a_rate(noise: float) -> None:
    told = rates(patchy_plume((1.0, 0.5, 0.1), noise))[0]
    # Mole fractions in the ratio .5 are masses in the ratio .5 * 92 / 58.
    assert told["toluene"].detected
    assert told["toluene"].median == pytest.approx(1e-4 * 0.5 * 92 / 58, rel=0.1)
    assert told["toluene"].q05 < told["toluene"].median < told["toluene"].q95
    if noise < 1.0:
        assert told["benzene"].median == pytest.approx(1e-4 * 0.1 * 78 / 58, rel=0.15)


def test_a_gas_that_is_not_there_gets_a_limit() -> None:
    told = rates(patchy_plume((1.0, 0.0, 0.3), 0.3))[0]
    assert not told["toluene"].detected
    assert 0.0 < told["toluene"].limit < 1e-4 * 0.05 * 92 / 58


def test_the_interval_holds_as_often_as_it_says() -> None:
    held = 0
    for seed in range(30):
        told = rates(patchy_plume((1.0, 0.3, 0.0), 1.0, seed))[0]["toluene"]
        held += told.q05 <= 1e-4 * 0.3 * 92 / 58 <= told.q95
    # Nine in ten are promised; ratios of real sources wander, so intervals are no narrower.
    assert held >= 25


def test_readings_belong_to_the_place_upwind() -> None:
    told = rates(patchy_plume((1.0, 0.5, 0.1), 0.3), places=((0.0, 0.0), (400.0, 0.0)))
    assert "toluene" in told[0]
    assert set(told[1]) == {"acetone"}
    turned = rates(patchy_plume((1.0, 0.5, 0.1), 0.3), met=steady_wind(START, 90.0))
    assert set(turned[0]) == {"acetone"}
