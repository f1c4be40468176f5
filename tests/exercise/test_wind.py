"""What the mast tells, and how a valley bends the air."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from barlovento.exercise import wind
from barlovento.exercise.cloud import valley_wind
from barlovento.exercise.records import Mast, Scenario, Valley
from barlovento.exercise.world import simulate

VALLEY = Valley(
    x=10.0,
    y=-20.0,
    axis_direction=30.0,
    half_width=250.0,
    steering=0.6,
    mast_steering=0.3,
    depth=60.0,
    drainage_speed=0.5,
    drainage_depth=10.0,
    slope_speed=0.2,
)


def test_directions_are_where_the_wind_comes_from() -> None:
    east, north = wind.unit_towards(np.array([270.0, 180.0, 45.0]))
    root = math.sqrt(0.5)
    assert east == pytest.approx([1.0, 0.0, -root], abs=1e-12)
    assert north == pytest.approx([0.0, 1.0, -root], abs=1e-12)


def test_the_mast_tells_the_wind_with_its_errors(world: Callable[..., Scenario]) -> None:
    mast = Mast(height=10.0, interval=60.0, direction_bias=5.0, speed_factor=1.1)
    scenario = world([(50.0, 0.0, 2.0)], sources=(), duration=6000, mast=mast)
    told = simulate(scenario, 3).meteorology
    assert told.time[0] - scenario.start.timestamp() == 60.0
    assert len(told) == 100
    assert told.wind_from_direction.mean() == pytest.approx(275.0, abs=0.5)
    # Speed is a mean of speeds, a little above the speed of the mean wind.
    assert told.wind_speed.mean() == pytest.approx(5.5, rel=0.03)
    # Ten-minute deviations of neutral air lie between 7.5 and 12.5 degrees (EPA-454/R-99-005,
    # class D); a minute without any meander holds about half of that.
    assert 3.0 < told.wind_from_direction_sd.mean() < 8.0
    assert np.isnan(told.friction_velocity).all()


def test_a_wind_from_north_is_averaged_across_the_gap(world: Callable[..., Scenario]) -> None:
    scenario = world([(50.0, 0.0, 2.0)], sources=(), duration=600, wind_from_direction=0.0)
    told = simulate(scenario, 3).meteorology
    off = (told.wind_from_direction + 180.0) % 360.0 - 180.0
    assert np.abs(off).max() < 10.0
    assert told.wind_from_direction_sd.max() < 15.0


def test_a_short_last_interval_still_covers_every_reading(world: Callable[..., Scenario]) -> None:
    flown = simulate(world([(50.0, 0.0, 2.0)], sources=(), duration=130), 3)
    assert len(flown.meteorology) == 3
    assert flown.meteorology.time[-1] >= flown.time[-1]


def test_turbulence_is_told_on_demand(world: Callable[..., Scenario]) -> None:
    mast = Mast(height=10.0, report_turbulence=True)
    told = simulate(world([(5.0, 0.0, 2.0)], sources=(), mast=mast, obukhov_length=-30.0), 1)
    # 5 m/s at 10 m over 3 cm: between 0.4 * 5 / ln(333) = 0.344 in neutral air and half more.
    assert 0.344 < told.meteorology.friction_velocity[0] < 0.52
    assert told.meteorology.obukhov_length[0] == pytest.approx(-30.0)


def test_meander_and_trend_turn_the_wind(world: Callable[..., Scenario]) -> None:
    scenario = world(
        [(50.0, 0.0, 2.0)],
        sources=(),
        duration=20000,
        meander_direction_sd=12.0,
        meander_time=100.0,
        direction_trend=18.0,
    )
    truth = np.unwrap(simulate(scenario, 5).wind_direction_truth, period=360.0)
    hours = np.arange(truth.size) / 3600.0
    slope, level = np.polyfit(hours, truth, 1)
    assert slope == pytest.approx(18.0, abs=2.5)
    assert level == pytest.approx(270.0, abs=4.0)
    assert np.std(truth - slope * hours) == pytest.approx(12.0, rel=0.2)


def test_a_valley_turns_the_wind_towards_its_axis_near_the_ground() -> None:
    numbers = wind.valley_numbers(VALLEY)
    # From the west, across an axis that falls to 30 degrees.
    low = valley_wind(10.0, -20.0, 5.0, 4.0, 0.0, numbers)
    high = valley_wind(10.0, -20.0, 2000.0, 4.0, 0.0, numbers)

    def towards(blown: tuple[float, float, float]) -> float:
        return math.degrees(math.atan2(blown[0], blown[1]))

    assert 30.0 < towards(low) < 70.0
    assert towards(high) == pytest.approx(90.0, abs=0.1)


def test_drainage_flows_down_the_valley_in_a_calm() -> None:
    numbers = wind.valley_numbers(VALLEY)
    east, north, up = valley_wind(10.0, -20.0, 10.0, 0.0, 0.0, numbers)
    assert (east, north) == pytest.approx((0.25, 0.433), abs=1e-3)
    assert up > 0.0


def test_valley_air_has_no_divergence() -> None:
    numbers = wind.valley_numbers(VALLEY)
    d = 1e-3
    for x, y, z in ((80.0, 40.0, 3.0), (-200.0, 90.0, 15.0), (10.0, -20.0, 40.0)):
        total = 0.0
        for axis in range(3):
            step = [d if k == axis else 0.0 for k in range(3)]
            ahead = valley_wind(x + step[0], y + step[1], z + step[2], 3.0, 1.0, numbers)
            behind = valley_wind(x - step[0], y - step[1], z - step[2], 3.0, 1.0, numbers)
            total += (ahead[axis] - behind[axis]) / (2.0 * d)
        assert abs(total) < 1e-6


def test_the_mast_on_the_shoulder_misses_the_wind_in_the_valley(
    world: Callable[..., Scenario],
) -> None:
    scenario = world([(50.0, 0.0, 2.0)], sources=(), duration=1200, valley=VALLEY)
    told = simulate(scenario, 3).meteorology.wind_from_direction.mean()
    numbers = wind.valley_numbers(VALLEY)
    east, north, _ = valley_wind(10.0, -20.0, 10.0, 5.0, 0.0, numbers)
    there = math.degrees(math.atan2(-east, -north)) % 360.0
    assert abs((told - there + 180.0) % 360.0 - 180.0) > 5.0
