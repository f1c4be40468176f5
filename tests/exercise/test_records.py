"""Records refuse what can't be simulated, and paths are flown as drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from barlovento.errors import BadInput
from barlovento.exercise import instruments
from barlovento.exercise.instruments import SensorModel
from barlovento.exercise.records import HiddenSource, Scenario


@pytest.mark.parametrize(
    ("air", "told"),
    [
        ({"wind_speed": 0.0}, "wind_speed"),
        ({"wind_speed": math.nan}, "wind_speed"),
        ({"roughness_length": -1.0}, "roughness_length"),
        ({"mixing_height": math.inf}, "mixing_height"),
        ({"obukhov_length": 0.0}, "obukhov_length"),
        ({"pressure": 0.0}, "pressure"),
    ],
)
def test_impossible_air(world: Callable[..., Scenario], air: dict[str, float], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        world([(1.0, 1.0, 1.0)], **air)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"emission_rate": -1.0}, "emission_rate"),
        ({"emission_rate": math.nan}, "emission_rate"),
        ({"z": 0.0}, "height"),
        ({"size": 0.0}, "size"),
        ({"duty_cycle": 0.0}, "duty_cycle"),
    ],
)
def test_impossible_sources(source: dict[str, float], told: str) -> None:
    good = HiddenSource(x=0.0, y=0.0, z=1.0, emission_rate=1.0)
    with pytest.raises(BadInput, match=told):
        replace(good, **source)


def test_impossible_scenarios(world: Callable[..., Scenario]) -> None:
    good = world([(1.0, 1.0, 1.0)])
    for change, told in (
        ({"start": datetime(2031, 1, 1)}, "time zone"),  # noqa: DTZ001
        ({"units": "mg"}, "units"),
        ({"averaging_time": 0}, "averaging_time"),
        ({"averaging_time": 61}, "averaging_time"),
        ({"duration": 70}, "places"),
        ({"particles_per_second": 12}, "multiple of 8"),
        ({"instruments": ()}, "instrument"),
    ):
        with pytest.raises(BadInput, match=told):
            replace(good, **change)  # type: ignore[arg-type]


def test_transects_cross_the_wind_from_downwind_on() -> None:
    # Wind from the west: transects run north and south, the first one in the east.
    path = instruments.lawnmower((10.0, 20.0), (100.0, 60.0), 270.0, 30.0, (8.0, 12.0))
    assert path[:, 0] == pytest.approx([40.0, 40.0, 10.0, 10.0, -20.0, -20.0])
    assert sorted({round(float(y)) for y in path[:, 1]}) == [-30, 70]
    assert path[:, 2].tolist() == [8.0, 8.0, 12.0, 12.0, 8.0, 8.0]


def test_a_path_is_flown_at_its_speed_and_back() -> None:
    place = instruments.along(np.array([[0.0, 0.0, 5.0], [100.0, 0.0, 5.0]]), 10.0, 30)
    assert place[3].tolist() == [30.0, 0.0, 5.0]
    assert place[10].tolist() == [100.0, 0.0, 5.0]
    assert place[15].tolist() == [50.0, 0.0, 5.0]
    assert place[20].tolist() == [0.0, 0.0, 5.0]


def test_a_drone_sways_but_keeps_off_the_ground() -> None:
    path = np.array([[0.0, 0.0, 1.0], [500.0, 0.0, 1.0]])
    rng = np.random.default_rng(1)
    flight = instruments.drone(rng, SensorModel(name="d"), path, 5.0, 100, sway=1.0)
    assert flight.z.min() >= 0.5
    assert 0.2 < np.std(flight.y) < 2.5
    assert not flight.is_beam
