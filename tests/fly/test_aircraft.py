"""Flights: the wind triangle by hand, momentum theory's closed forms, and laws that always hold."""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.domain.flight import State
from barlovento.errors import BadInput
from barlovento.fly.aircraft import (
    catalogue,
    check_home,
    check_reach,
    find_aircraft,
    fly,
    hold,
    ready,
    time_home,
)
from barlovento.fly.aircraft_file import read_catalogue
from barlovento.fly.airframe import Rotors, rotor_power

LIGHT = find_aircraft("light-multirotor")
GAS = find_aircraft("gas-multirotor")
VTOL = find_aircraft("vtol-wing")
PLANE = replace(VTOL, wing=replace(VTOL.wing, hover_power=0.0))
SHIPPED = files("barlovento.fly").joinpath("aircraft.toml").read_text(encoding="utf-8")

numbers = st.floats(-800, 800, allow_nan=False)
places = st.lists(st.tuples(numbers, numbers, st.floats(5, 100)), min_size=1, max_size=6)
breezes = st.tuples(st.floats(-5, 5), st.floats(-5, 5))


def level(x: float, y: float, z: float = 20.0, **more: float) -> State:
    return State(x=x, y=y, z=z, energy=more.pop("energy", LIGHT.battery), **more)


# ---------------------------------------------------------------- the wind triangle, by hand


@pytest.mark.parametrize(
    ("leg", "wind", "seconds"),
    [
        ((800, 0), (0.0, 0.0), 80.0),
        ((800, 0), (0.0, 6.0), 100.0),  # 6, 8, 10: the crab leaves 8 m s-1
        ((800, 0), (-4.0, 0.0), 800 / 6),
        ((0, -1100), (6.0, -3.0), 100.0),  # 8 across the wind, 3 with it
        ((300, 400), (3.0, 4.0), 500 / 15),
        # Cruise would leave 0.5 m s-1, so it goes at its top speed of 16.1 m s-1.
        ((66, 0), (-9.5, 0.0), 10.0),
    ],
)
def test_a_straight_leg_takes_what_the_wind_triangle_says(
    leg: tuple[float, float], wind: tuple[float, float], seconds: float
) -> None:
    flown = fly(LIGHT, level(0, 0), [(*leg, 20.0)], wind)
    assert flown.arrived
    assert flown.passed[0] == pytest.approx(seconds, abs=1e-9)
    assert len(flown.places) == math.ceil(seconds - 1e-9)
    assert flown.places[-1] == pytest.approx([*leg, 20.0])


def test_a_wind_that_says_the_same_each_second_is_a_constant_wind() -> None:
    waypoints = [(300.0, 40.0, 30.0), (-100.0, 250.0, 10.0)]
    for aircraft in (LIGHT, VTOL):
        constant = fly(aircraft, level(0, 0), waypoints, (3.0, -2.0))
        called = fly(aircraft, level(0, 0), waypoints, lambda _time, _height: (3.0, -2.0))
        np.testing.assert_array_equal(constant.places, called.places)
        np.testing.assert_array_equal(constant.energies, called.energies)


def test_the_nose_points_into_the_crosswind() -> None:
    flown = fly(LIGHT, level(0, 0), [(800, 0, 20)], (0.0, 6.0))
    # East over the ground, air from the south: 36.87 degrees to the right of east.
    assert flown.headings[10] == pytest.approx(90 + 36.8699, abs=1e-3)


def test_climbing_takes_its_rate() -> None:
    up = fly(LIGHT, level(0, 0, 0.0), [(0, 0, 100)], (0.0, 0.0))
    assert up.passed[0] == pytest.approx(20.0)
    down = fly(LIGHT, level(0, 0, 90.0), [(0, 0, 0)], (0.0, 0.0))
    assert down.passed[0] == pytest.approx(30.0)
    steep = fly(LIGHT, level(0, 0, 0.0), [(10, 0, 100)], (0.0, 0.0))
    assert steep.passed[0] == pytest.approx(20.0), "the climb sets the time, not the way"


def test_a_wing_flies_a_leg_at_its_ground_speed() -> None:
    flown = fly(VTOL, level(0, 0, heading=90.0), [(1600, 0, 20)], (4.0, 0.0))
    assert flown.passed[0] == pytest.approx(80.0, abs=0.5)
    crossed = fly(VTOL, level(0, 0, heading=90.0), [(1600, 0, 20)], (0.0, 9.6))
    # 9.6, 12.8, 16; the turn into the crab and the way back to the line come on top.
    assert crossed.passed[0] == pytest.approx(125.0, abs=3.0)
    assert crossed.misses[0] < 7.0


# ---------------------------------------------------------------- power


def test_hover_without_payload_lasts_as_long_as_its_maker_says() -> None:
    bare = SHIPPED.replace("payload = { value = 0.2,", "payload = { value = 0.0,")
    light = read_catalogue(bare, name="bare")["light-multirotor"]
    assert light.battery / light.hover_power == pytest.approx(0.85 * 30 * 60)
    assert LIGHT.battery / LIGHT.hover_power < 0.85 * 30 * 60


def test_momentum_theory_in_its_closed_cases() -> None:
    rotors = Rotors(disc_area=0.2, drag_area=0.0, efficiency=1.0)
    hover = rotor_power(rotors, 2.0, 0.0, 0.0, air_density=1.225)
    # T = 19.6133 N, T / (2 rho A) = 40.0271, v = 6.32669 m s-1.
    assert hover == pytest.approx(124.0873, rel=1e-5)
    assert rotor_power(rotors, 4.0, 0.0, 0.0, air_density=1.225) == pytest.approx(
        hover * 2**1.5, rel=1e-9
    )
    # Axial climb at 4 m s-1: v = -2 + sqrt(4 + 40.0271) = 4.63529, so P = T (4 + v).
    assert rotor_power(rotors, 2.0, 0.0, 4.0, air_density=1.225) == pytest.approx(
        169.3666, rel=1e-5
    )
    # Fast and level, the rotor is a wing: v goes to 40.0271 / V.
    fast = rotor_power(rotors, 2.0, 100.0, 0.0, air_density=1.225)
    assert fast == pytest.approx(19.6133 * 0.400271, rel=1e-3)


def test_moving_slowly_is_cheaper_than_hover_and_fast_is_dearer() -> None:
    for aircraft in (LIGHT, GAS):
        curve = [aircraft.power(speed) for speed in np.arange(0.0, aircraft.top_speed, 0.5)]
        lowest = int(np.argmin(curve))
        assert 0 < lowest < len(curve) - 1
        assert np.all(np.diff(curve[: lowest + 1]) < 0)
        assert np.all(np.diff(curve[lowest:]) > 0)


@pytest.mark.parametrize("aircraft", [LIGHT, GAS, VTOL], ids=lambda a: a.name)
def test_climb_payload_and_thin_air_cost(aircraft: object) -> None:
    assert aircraft.power(aircraft.cruise, 2.0) > aircraft.power(aircraft.cruise)
    assert aircraft.power(aircraft.cruise, -2.0) == aircraft.power(aircraft.cruise)
    if aircraft.kind == "multirotor":
        assert aircraft.power(0.0, air_density=0.9) > aircraft.power(0.0)


def test_the_wing_spends_what_its_maker_says() -> None:
    assert VTOL.power(VTOL.cruise) == pytest.approx(167.0)
    # Ninety percent of the battery in 110 minutes; it may use 85 %.
    assert VTOL.endurance / 60 == pytest.approx(110 * 0.85 / 0.9, rel=0.01)
    banked = VTOL.power(VTOL.cruise, load_factor=2.0)
    assert banked == pytest.approx(167.0 * 2.5), "induced drag goes with the square of the lift"


# ---------------------------------------------------------------- laws


@settings(max_examples=60, deadline=None)
@given(waypoints=places, wind=breezes, kind=st.sampled_from([LIGHT, GAS, VTOL, PLANE]))
def test_energy_never_grows_and_places_are_continuous(waypoints, wind, kind) -> None:
    start = State(x=0, y=0, z=20, energy=kind.battery, heading=30.0)
    flown = fly(kind, start, waypoints, wind, seconds=900)
    energies = np.concatenate([[start.energy], flown.energies])
    assert np.all(np.diff(energies) < 0) or flown.state.energy == 0
    steps = np.diff(np.vstack([[[0, 0, 20]], flown.places]), axis=0)
    # At least cruise, or the top speed where cruise makes no way; never more than that plus wind.
    fastest = kind.cruise + math.hypot(*wind)
    assert np.all(np.hypot(steps[:, 0], steps[:, 1]) <= fastest + 1e-9)
    assert np.all(steps[:, 2] <= kind.climb_rate + 1e-9)
    assert np.all(steps[:, 2] >= -kind.descent_rate - 1e-9)
    assert flown.state.time == len(flown.places)
    assert len(flown.passed) == len(flown.misses) <= len(waypoints)
    assert np.all(np.diff(flown.passed) >= 0)
    assert flown.arrived == (len(flown.passed) == len(waypoints))


@settings(max_examples=60, deadline=None)
@given(waypoints=places, wind=breezes)
def test_a_wing_never_turns_tighter_than_its_radius_in_the_air(waypoints, wind) -> None:
    start = State(x=0, y=0, z=20, energy=PLANE.battery, heading=0.0)
    flown = fly(PLANE, start, waypoints, wind, seconds=600)
    headings = np.radians(np.concatenate([[0.0], flown.headings]))
    turns = np.abs(np.angle(np.exp(1j * np.diff(headings))))
    assert np.all(turns <= PLANE.cruise / PLANE.turn_radius + 1e-9)
    # And through the air, without wind, it moves its airspeed each second, along an arc.
    drift = np.arange(1, len(flown.places) + 1)[:, None] * np.array(wind)
    air = np.vstack([[[0.0, 0.0]], flown.places[:, :2] - drift])
    chords = np.hypot(*np.diff(air, axis=0).T)
    assert np.all(chords <= PLANE.cruise + 1e-6)
    assert np.all(chords >= PLANE.cruise * math.cos(PLANE.cruise / PLANE.turn_radius / 2) - 1e-6)


@settings(max_examples=40, deadline=None)
@given(waypoints=places, wind=breezes)
def test_a_multirotor_meets_each_waypoint_and_a_turned_world_turns_the_flight(
    waypoints, wind
) -> None:
    start = level(0, 0, energy=1e9)
    flown = fly(LIGHT, start, waypoints, wind)
    assert flown.arrived
    assert np.all(flown.misses == 0)
    turned = fly(LIGHT, start, [(-y, x, z) for x, y, z in waypoints], (-wind[1], wind[0]))
    np.testing.assert_allclose(turned.passed, flown.passed, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(turned.places[-1, 0], -flown.places[-1, 1], atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(-600, 600),
    y=st.floats(-600, 600),
    wind=breezes,
    aircraft=st.sampled_from([LIGHT, GAS, VTOL]),
)
def test_the_way_home_is_enough_to_come_home(x, y, wind, aircraft) -> None:
    out = State(x=x, y=y, z=25.0, energy=aircraft.battery, heading=77.0)
    seconds, joules = time_home(aircraft, out, (0.0, 0.0), wind)
    back = fly(aircraft, out, [(0, 0, 25), (0, 0, 0)], wind)
    assert back.arrived
    spent = out.energy - back.state.energy
    if aircraft.kind == "multirotor":
        assert back.passed[-1] == pytest.approx(seconds, abs=1e-6)
    # The last started second is flown to its end, which the way home doesn't count; a wing near
    # home that heads away from it is not covered by one circle in a wind.
    if aircraft.kind == "multirotor" or math.hypot(x, y) > 300:
        assert spent <= joules + aircraft.hover_power * 1.0 + 0.05 * joules


def test_same_flight_twice_is_the_same_flight() -> None:
    one = fly(VTOL, level(0, 0), [(500, 200, 30), (0, 0, 30)], (2.0, 1.0))
    two = fly(VTOL, level(0, 0), [(500, 200, 30), (0, 0, 30)], (2.0, 1.0))
    np.testing.assert_array_equal(one.places, two.places)


def test_flights_follow_on_from_each_other() -> None:
    whole = fly(LIGHT, level(0, 0), [(600, 100, 20)], (1.0, 2.0))
    first = fly(LIGHT, level(0, 0), [(600, 100, 20)], (1.0, 2.0), seconds=20)
    assert (first.reason, first.arrived, len(first.places)) == ("time", False, 20)
    second = fly(LIGHT, first.state, [(600, 100, 20)], (1.0, 2.0))
    np.testing.assert_allclose(np.vstack([first.places, second.places]), whole.places, atol=1e-9)
    assert second.passed[0] == pytest.approx(whole.passed[0])


# ---------------------------------------------------------------- waiting, and vertical landing


def test_holding_stays_and_costs() -> None:
    stood = hold(LIGHT, level(5, 6), 30, (3.0, 0.0))
    assert np.all(stood.places == [5, 6, 20])
    assert stood.energies[-1] == pytest.approx(LIGHT.battery - 30 * LIGHT.power(3.0))
    circled = hold(VTOL, level(5, 6), 300, (4.0, 3.0))
    away = np.hypot(circled.places[60:, 0] - 5, circled.places[60:, 1] - 6)
    assert away.max() < 3 * VTOL.turn_radius
    assert circled.reason == "time"


def test_what_has_rotors_rises_and_lands_on_the_spot() -> None:
    flown = fly(VTOL, ready(VTOL, 0, 0), [(0, 0, 30), (900, 0, 30), (0, 0, 30), (0, 0, 0)], (0, 0))
    assert flown.arrived
    assert np.all(np.abs(flown.places[:10, :2]) < 1e-9)
    assert flown.places[-1] == pytest.approx([0, 0, 0], abs=1e-9)


def test_a_plane_circles_up_where_the_leg_is_too_steep() -> None:
    flown = fly(PLANE, level(0, 0), [(300, 0, 320)], (0, 0))
    assert flown.arrived
    assert flown.passed[0] >= 299 / PLANE.climb_rate
    assert np.abs(flown.places[:, 1]).max() < 4 * PLANE.turn_radius


# ---------------------------------------------------------------- bad input


def test_an_empty_battery_ends_the_flight() -> None:
    flown = fly(LIGHT, level(0, 0, energy=5000.0), [(5000, 0, 20)], (0, 0))
    assert (flown.reason, flown.arrived, flown.state.energy) == ("battery", False, 0.0)
    assert 20 < len(flown.places) < 30


def test_a_wind_above_the_airspeed_is_refused_or_carries() -> None:
    with pytest.raises(BadInput, match=r"Leg 2 of 2: The wind of 18.0 m s-1 is too strong"):
        fly(LIGHT, level(0, 0), [(500, 0, 20), (0, 0, 20)], (18.0, 0.0))
    carried = fly(LIGHT, level(0, 0), [(-500, 0, 20)], lambda _t, _z: (18.0, 0.0))
    assert carried.reason == "wind"
    assert carried.state.x == pytest.approx(60 * (18.0 - LIGHT.top_speed))
    with pytest.raises(BadInput, match="too strong"):
        check_home(LIGHT, level(500, 0), (0, 0), (20.0, 0.0))
    wing = fly(VTOL, level(0, 0), [(-500, 0, 20)], lambda _t, _z: (18.0, 0.0), seconds=300)
    assert wing.reason == "wind"


def test_an_endurance_shorter_than_the_way_home_is_refused() -> None:
    check_home(LIGHT, level(1000, 0, energy=25_000), (0, 0), (0, 0))
    with pytest.raises(BadInput, match=r"needs \d+ kJ for the way home"):
        check_home(LIGHT, level(1000, 0, energy=15_000), (0, 0), (0, 0))


def test_an_area_out_of_reach_is_refused() -> None:
    near = [(400, 400), (-400, 400)]
    check_reach(LIGHT, (0, 0), near, 15.0, (3.0, 0.0))
    with pytest.raises(BadInput, match=r"can't reach x 9000, y 0 m from home and come back"):
        check_reach(LIGHT, (0, 0), [*near, (9000, 0)], 15.0, (3.0, 0.0))
    with pytest.raises(BadInput, match=r"flies in up to 10 m s-1"):
        check_reach(LIGHT, (0, 0), near, 15.0, (11.0, 0.0))
    with pytest.raises(BadInput, match="above the ceiling"):
        check_reach(LIGHT, (0, 0), near, 7000.0, (0.0, 0.0))


@pytest.mark.parametrize(
    ("waypoints", "message"),
    [
        ([(1, 2)], "shape"),
        ([(0, 0, 10), (math.nan, 0, 10)], "Waypoint 2 of 2 is not finite"),
        ([(0, 0, 6500)], "above the ceiling"),
    ],
)
def test_waypoints_that_are_none_are_refused(waypoints: object, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        fly(LIGHT, level(0, 0), waypoints, (0, 0))


def test_speeds_that_it_has_not_are_refused() -> None:
    with pytest.raises(BadInput, match="can't fly at 30"):
        fly(LIGHT, level(0, 0), [(1, 1, 20)], (0, 0), airspeed=30)
    with pytest.raises(BadInput, match="slower than"):
        fly(VTOL, level(0, 0), [(1, 1, 20)], (0, 0), airspeed=8)
    with pytest.raises(BadInput, match="no state"):
        level(math.inf, 0)


# ---------------------------------------------------------------- the catalogue


def test_every_figure_says_where_it_is_from() -> None:
    for table in tomllib.loads(SHIPPED).values():
        for key, figure in table.items():
            if key not in {"title", "kind"}:
                assert figure["unit"]
                assert len(figure["source"]) > 5
    assert set(catalogue()) == {"light-multirotor", "gas-multirotor", "vtol-wing"}
    assert 1.3 <= LIGHT.mass <= 1.7
    assert 6.0 <= GAS.mass <= 7.1


def test_own_aircraft_stand_beside_the_shipped(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = SHIPPED.split("[gas-multirotor]", 1)[0].replace("[light-multirotor]", "[mine]")
    own.write_text(text.replace('value = 10.0, unit = "m s-1"', 'value = 36, unit = "km h-1"'))
    found = catalogue(own)
    assert list(found) == ["light-multirotor", "gas-multirotor", "vtol-wing", "mine"]
    assert found["mine"].cruise == pytest.approx(10.0)
    with pytest.raises(BadInput, match=r"No aircraft is called 'nine'\. There are light"):
        find_aircraft("nine", own)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('value = 10.0, unit = "m s-1"', 'value = 10.0, unit = "mph"', "'mph' does not fit"),
        ('value = 10.0, unit = "m s-1"', 'value = 1000.0, unit = "m s-1"', "not between"),
        ('value = 10.0, unit = "m s-1"', 'value = "ten", unit = "m s-1"', "is no number"),
        ('value = 10.0, unit = "m s-1"', 'value = nan, unit = "m s-1"', "is no number"),
        ('value = 10.0, unit = "m s-1"', 'value = 20.0, unit = "m s-1"', "below cruise"),
        ("value = 30.0", "value = 300.0", "less than an ideal rotor"),
        ('kind = "multirotor"', 'kind = "kite"', "'kite' is no kind"),
        ("rotor_diameter =", "rotor_diametre =", "Write 'rotor_diameter' if"),
        ('source = "DJI, Phantom 4 Pro, specifications" }', 'source = " " }', "source is empty"),
        ("payload = { value", "payload = [1]  # { value", "not a figure with value"),
        ("[light-multirotor]", "[light-multirotor", "is not TOML"),
        ("[light-multirotor]", "size = 3\n[light-multirotor]", "outside of any aircraft"),
    ],
)
def test_a_faulty_catalogue_is_refused(old: str, new: str, said: str) -> None:
    text = SHIPPED.split("[gas-multirotor]", 1)[0]
    assert old in text
    with pytest.raises(BadInput, match=said):
        read_catalogue(text.replace(old, new, 1), name="own.toml")


def test_all_faults_are_told_at_once() -> None:
    text = SHIPPED.replace("value = 0.85", "value = 1.85").replace("value = 548.0", "value = -1")
    with pytest.raises(BadInput) as caught:
        read_catalogue(text, name="own.toml")
    assert len(str(caught.value).splitlines()) == 4
    assert "own.toml, column gas-multirotor.battery" in str(caught.value)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Can't read"):
        catalogue(tmp_path / "absent.toml")
    with pytest.raises(BadInput, match="No aircraft in it"):
        read_catalogue("", name="own.toml")
    big = tmp_path / "big.toml"
    big.write_text("#" * 1_000_001)
    with pytest.raises(BadInput, match="larger than 1 MB"):
        catalogue(big)
