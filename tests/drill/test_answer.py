"""From readings of several gases at a found place to what it is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from small_exercise import SMALL, patchy_plume, steady_wind

from barlovento.drill.answer import from_belief, with_classes
from barlovento.drill.found import Found

GASES = (
    *("toluene", "benzene", "xylene", "pentane", "acetone", "dichloromethane"),
    *("tetrachloroethylene", "ammonia", "methane", "carbon monoxide"),
)
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[-20, -20], [20, -20], [20, 20], [-20, 20], [-20, -20]]],
}

REPORT = Found(
    x=0.0,
    y=0.0,
    probability=0.99,
    emission_rate=(4e-5, 5e-5, 7e-5),
    region90=SQUARE,
    region90_area=1600.0,
)


def judged(ratios: tuple[float, ...], register: Any = ()) -> Found:
    exercise = replace(SMALL, species=GASES)
    sortie: Any = SimpleNamespace(
        rows=patchy_plume(ratios, 0.2), meteorology=steady_wind(SMALL.start.timestamp())
    )
    return with_classes([REPORT], sortie, exercise, register, 1)[0]


def test_petrol_is_a_fuel_station() -> None:
    # Toluene : benzene : xylenes with light alkanes above all, and none of the solvents.
    told = judged((1.0, 0.4, 0.5, 6.0, *(0.0,) * 6))
    assert told.kind == "fuel_station"
    assert sum(told.classes.values()) == pytest.approx(1.0)


def test_a_mix_that_no_class_gives_off_is_unexplained() -> None:
    told = judged((1.0, 0.0, 0.0, 0.0, 3.0, 5.0, *(0.0,) * 4))
    assert told.kind == "unexplained", told.classes


def test_one_gas_tells_no_class() -> None:
    told = with_classes([REPORT], None, SMALL, (), 1)  # type: ignore[arg-type]
    assert told == [REPORT]


def test_only_what_is_likely_is_reported() -> None:
    def source(probability: float) -> Any:
        return SimpleNamespace(
            x=1.0, y=2.0, probability=probability, emission_rate=(1e-5, 2e-5, 4e-5), region90=SQUARE
        )

    belief = SimpleNamespace(answer=lambda: [source(0.9), source(0.3)])
    told = from_belief(belief)
    assert [report.probability for report in told] == [0.9]
    assert told[0].region90_area == pytest.approx(1600.0)
