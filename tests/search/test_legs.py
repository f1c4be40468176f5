"""The next leg: inside, in time, and where it tells most."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapely.geometry import LineString

from barlovento.errors import BadInput
from barlovento.search import legs_lattice, legs_value
from barlovento.search.belief import Belief, Setting, start
from barlovento.search.legs import Drone, next_leg, nothing_there
from barlovento.search.legs_time import ground_speed, home_of, seconds_of, seconds_of_all
from barlovento.search.permitted import Permitted

SQUARE = ((-150.0, -200.0), (250.0, -200.0), (250.0, 200.0), (-150.0, 200.0))


@pytest.fixture
def permitted() -> Permitted:
    return Permitted(ring=SQUARE, floor=10.0, ceiling=40.0, home=(-140.0, -190.0))


def drone(**changes: Any) -> Drone:
    given = {"name": "one", "x": 240.0, "y": 0.0, "z": 12.0, "airspeed": 10.0}
    return Drone(**{"endurance_left": 600.0, **given, **changes})


@pytest.fixture
def swept(flight: Callable[..., Any], setting: Setting, rows: Any) -> Belief:
    made = flight(rows[:2], [(-40.0, 30.0, 2.0, 2e-4)])
    return start(setting, 1).updated(made.readings, made.wind)


def test_a_search_begins_across_the_wind(
    flight: Callable[..., Any], setting: Setting, permitted: Permitted, rows: Any
) -> None:
    choice = next_leg(
        start(setting, 1), [drone()], permitted, 600.0, meteorology=flight(rows[:1]).wind
    )
    assert choice.phase == "sweep"
    way = choice.legs[0].waypoints
    # the wind blows from the west: a leg across it runs north and south
    assert abs(way[-1, 0] - way[-2, 0]) < 0.2 * abs(way[-1, 1] - way[-2, 1])
    assert choice.legs[0].expected_information > 0.05
    assert "nat" in choice.legs[0].why


@pytest.mark.parametrize("endurance", [150.0, 250.0, 600.0])
def test_legs_stay_inside_and_leave_time_for_home(
    swept: Belief, permitted: Permitted, endurance: float
) -> None:
    one = drone(endurance_left=endurance)
    choice = next_leg(swept, [one], permitted, 600.0)
    leg = choice.legs[0]
    assert permitted.shape.buffer(1e-6).covers(LineString([(one.x, one.y), *leg.waypoints[:, :2]]))
    assert (leg.waypoints[:, 2] >= 10.0).all()
    assert (leg.waypoints[:, 2] <= 40.0).all()
    # home by the wind triangle, written out: 4 m/s from the west
    end = leg.waypoints[-1, :2]
    far = math.dist(end, permitted.home)
    track = (np.array(permitted.home) - end) / max(far, 1e-9)
    back = far / (4.0 * track[0] + math.sqrt(100.0 - (4.0 * track[1]) ** 2))
    assert leg.seconds + back <= endurance


def test_a_drone_without_endurance_goes_home(swept: Belief, permitted: Permitted) -> None:
    choice = next_leg(swept, [drone(endurance_left=20.0)], permitted, 600.0)
    assert choice.phase == "home"
    assert tuple(choice.legs[0].waypoints[-1, :2]) == permitted.home


def test_a_source_is_traced_towards_it(swept: Belief, permitted: Permitted) -> None:
    choice = next_leg(swept, [drone()], permitted, 600.0)
    assert choice.phase in ("trace", "confirm")
    middle = choice.legs[0].waypoints[-2:, :2].mean(axis=0)
    assert math.dist(middle, (-40.0, 30.0)) < math.dist((240.0, 0.0), (-40.0, 30.0))


def test_two_drones_share_the_work(swept: Belief, permitted: Permitted) -> None:
    both = [drone(), drone(name="two", x=-140.0, y=-150.0)]
    choice = next_leg(swept, both, permitted, 600.0)
    first, second = choice.legs
    assert (first.drone, second.drone) == ("one", "two")
    assert not np.allclose(first.waypoints[-1], second.waypoints[-1])
    alone = next_leg(swept, both[1:], permitted, 600.0).legs[0]
    # what the first will tell is not told twice
    assert second.expected_information <= alone.expected_information + 0.05


def test_no_air_reaches_an_area_upwind(swept: Belief) -> None:
    upwind = Permitted(
        ring=((-900.0, -50.0), (-700.0, -50.0), (-700.0, 50.0), (-900.0, 50.0)),
        floor=10.0, ceiling=40.0, home=(-800.0, 0.0),
    )  # fmt: skip
    with pytest.raises(BadInput, match="no air of the search area"):
        next_leg(swept, [drone(x=-800.0, y=0.0)], upwind, 600.0)


def test_what_can_not_be_flown_is_told(
    swept: Belief, setting: Setting, permitted: Permitted
) -> None:
    with pytest.raises(BadInput, match="outside the permitted area"):
        next_leg(swept, [drone(x=900.0)], permitted, 600.0)
    with pytest.raises(BadInput, match="No wind is known"):
        next_leg(start(setting, 1), [drone()], permitted, 600.0)
    with pytest.raises(BadInput, match="no drone"):
        next_leg(swept, [], permitted, 600.0)


def test_times_reckoned_at_once_are_those_reckoned_alone(
    swept: Belief, permitted: Permitted
) -> None:
    view = legs_value.outlook(swept)
    legs = legs_lattice.over_area(permitted, view.downwind, [12.0, 30.0])
    one = drone(x=20.0, y=-70.0)
    there, home = seconds_of_all(one, view, legs, permitted)
    for k in range(0, len(legs), 7):
        alone = seconds_of(one, view, (one.x, one.y), one.z, legs[k], permitted)
        assert there[k] == pytest.approx(alone)
        assert home[k] == pytest.approx(home_of(one, view, legs[k].end, legs[k].z, permitted))


def test_a_leg_off_the_wind_takes_longer() -> None:
    wind = np.array([4.0, 0.0])
    assert ground_speed(10.0, wind, np.array([1.0, 0.0])) == pytest.approx(14.0)
    assert ground_speed(10.0, wind, np.array([-1.0, 0.0])) == pytest.approx(6.0)
    assert ground_speed(10.0, wind, np.array([0.0, 1.0])) == pytest.approx(math.sqrt(84.0))


def test_where_gas_was_met_is_flown_through_again(swept: Belief, permitted: Permitted) -> None:
    told = legs_value.met(swept)
    assert 1 <= len(told) <= legs_value.MOST_MET
    downwind = np.array([1.0, 0.0])
    for place, track in told:
        # the plume's axis runs along y = 30, and the rows were flown north and south
        assert abs(place[1] - 30.0) < 40.0
        assert abs(track[1]) > 0.99
        legs = legs_lattice.through(permitted, downwind, [12.0], place, track)
        assert {leg.kind for leg in legs} == {"across", "aslant"}
        for leg in legs:
            line = LineString([leg.start, leg.end])
            assert line.distance(LineString([place, place + 0.1])) < 0.2
            assert permitted.shape.buffer(1e-6).covers(line)
    assert legs_value.met(start(swept.setting, 1)) == []


def test_a_source_that_was_likely_is_traced_on(
    flight: Callable[..., Any], setting: Setting, permitted: Permitted, rows: Any
) -> None:
    made = flight(rows[:1])
    empty = start(setting, 1).updated(made.readings, made.wind)
    assert next_leg(empty, [drone()], permitted, 600.0).phase == "sweep"
    assert next_leg(empty, [drone()], permitted, 600.0, tracing=True).phase == "trace"


def test_information_has_its_bounds() -> None:
    n = 40
    worlds = legs_value.Worlds(
        weight=np.full(n, 1.0 / n), clouds=(), which=np.zeros((n, 0), dtype=np.int64),
        log_same=np.where(np.eye(n) > 0, 0.0, -1e6),
    )  # fmt: skip
    assert legs_value.information(worlds, np.zeros((n, n))) == pytest.approx(0.0, abs=1e-12)
    apart = np.where(np.eye(n) > 0, 0.0, 1e3)
    assert legs_value.information(worlds, apart) == pytest.approx(math.log(n))
    one = replace(worlds, log_same=np.zeros((n, n)))
    # worlds that are one to the search have nothing to tell apart
    assert legs_value.information(one, apart) == pytest.approx(0.0, abs=1e-12)


def test_nothing_is_there_by_the_search_alone(swept: Belief, setting: Setting) -> None:
    assert nothing_there(start(setting, 1)) == 0.5
    assert nothing_there(swept) < 0.05
