"""The same mission on the kinematic model and on the simulated autopilot, within bounds."""

from __future__ import annotations

import io
import math
import struct
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from autopilot_ground import SHORT, Ground

from barlovento.adapters.autopilot.f450 import F450, STEP
from barlovento.adapters.autopilot.flying import fly_mission
from barlovento.adapters.autopilot.settings import Settings
from barlovento.domain.flight import Flown, State
from barlovento.errors import BadInput
from barlovento.fly.aircraft import find_aircraft, fly, ready

AIRCRAFT = find_aircraft("f450")
MISSION = [(0, 0, 15), (0, 90, 15), (70, 90, 20), (70, 0, 20), (0, 0, 15), (0, 0, 0)]

CORNER = 4.5
"""Slower than the kinematic model by at most this at each waypoint, for braking [s]."""

LANDING = 7.0
"""And by this for the last metres [s]."""


def simulated(wind: object, **more: object) -> Flown:
    given = {"state": ready(AIRCRAFT, 0, 0), "seed": 5} | more
    return fly_mission(MISSION, wind, **given)


def off_the_line(flown: Flown, mission: list[tuple[float, float, float]]) -> float:
    """Greatest distance of a place from the polyline of the mission, takeoff and landing in it."""
    corners = np.array([(0, 0, 0), *mission], dtype=float)
    worst = 0.0
    for place in flown.places:
        nearest = math.inf
        for one, two in pairwise(corners):
            along = two - one
            share = np.clip((place - one) @ along / max(along @ along, 1e-9), 0, 1)
            nearest = min(nearest, float(np.linalg.norm(place - one - share * along)))
        worst = max(worst, nearest)
    return worst


@pytest.mark.parametrize("wind", [(0.0, 0.0), (5.0, -3.0), (-7.0, 7.0)])
def test_the_same_mission_on_both_models(wind: tuple[float, float]) -> None:
    quick = fly(AIRCRAFT, ready(AIRCRAFT, 0, 0), MISSION, wind)
    real = simulated(wind)
    assert quick.arrived
    assert real.arrived
    late = real.passed - quick.passed
    assert np.all(late >= -0.5), "nothing is faster than a model without acceleration"
    assert np.all(late[:-1] <= CORNER * np.arange(1, len(late)))
    assert late[-1] <= CORNER * (len(late) - 1) + LANDING
    assert np.all(real.misses <= 3.0)
    assert off_the_line(real, MISSION) <= 3.0
    assert off_the_line(quick, MISSION) <= 1e-6
    spent = (AIRCRAFT.battery - real.state.energy) / real.passed[-1]
    reckoned = (AIRCRAFT.battery - quick.state.energy) / quick.passed[-1]
    # JSBSim's rotors gain nothing from forward flight, so it spends more than momentum theory.
    assert 1.0 <= spent / reckoned <= 1.4


def test_a_flight_that_holds_the_laws_of_every_flight() -> None:
    wind = (4.0, 3.0)
    flown = simulated(wind)
    assert np.all(np.diff(flown.energies) < 0)
    steps = np.linalg.norm(np.diff(flown.places, axis=0), axis=1)
    assert steps.max() <= Settings().cruise + math.hypot(*wind) + 1.0
    assert flown.state.time == len(flown.places) == len(flown.energies)
    assert flown.places[-1] == pytest.approx([0, 0, 0], abs=1.5)


def test_the_seed_alone_decides() -> None:
    one, two = simulated((3.0, 0.0), seconds=25), simulated((3.0, 0.0), seconds=25)
    np.testing.assert_array_equal(one.places, two.places)
    np.testing.assert_array_equal(one.energies, two.energies)
    other = simulated((3.0, 0.0), seconds=25, seed=6)
    assert not np.array_equal(one.places, other.places)
    exact = simulated((3.0, 0.0), seconds=25, position_error=0.0)
    again = simulated((3.0, 0.0), seconds=25, position_error=0.0, seed=6)
    np.testing.assert_array_equal(exact.places, again.places)


def test_gusts_are_met() -> None:
    def gusts(time: float, height: float) -> tuple[float, float]:
        return 5.0 + 3.0 * math.sin(time / 3.0), 2.0 * math.cos(time / 5.0) + height / 20.0

    flown = simulated(gusts)
    assert flown.arrived
    assert off_the_line(flown, MISSION) <= 3.0


def test_a_place_far_from_the_start_is_where_it_should_be() -> None:
    flown = fly_mission(
        [(500, -800, 20), (520, -1200, 20)],
        (0.0, 0.0),
        state=ready(AIRCRAFT, 480, -800),
        seed=1,
        origin=(2.3, 48.8),
        position_error=0.0,
    )
    assert flown.arrived
    assert flown.places[-1] == pytest.approx([520, -1200, 20], abs=2.0)
    assert flown.places[0, :2] == pytest.approx([480, -800], abs=0.1)


def test_what_ends_a_flight() -> None:
    empty = simulated((0.0, 0.0), state=State(x=0, y=0, z=0, energy=3000.0))
    assert (empty.reason, empty.arrived, empty.state.energy) == ("battery", False, 0.0)
    low = simulated(
        (0.0, 0.0), settings=Settings(battery_low=90.0), state=State(x=0, y=0, z=0, energy=40_000.0)
    )
    assert (low.reason, low.arrived) == ("battery", False)
    assert low.state.energy > 30_000.0
    assert low.places[-1] == pytest.approx([0, 0, 0], abs=1.5)
    late = simulated((0.0, 0.0), seconds=12)
    assert (late.reason, len(late.places)) == ("time", 12)
    blown = fly_mission(
        [(0, 0, 10), (0, 300, 10)], (0.0, -14.5), state=ready(AIRCRAFT, 0, 0), seed=1, seconds=240
    )
    assert not blown.arrived


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": State(x=0, y=0, z=30, energy=1e5)}, "starts on the ground"),
        ({"tlog": io.BytesIO()}, "needs the start's time"),
        ({"tlog": io.BytesIO(), "start": datetime(2026, 1, 1)}, "with its zone"),  # noqa: DTZ001
    ],
)
def test_what_can_not_be_flown_is_refused(change: dict, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        simulated((0, 0), **change)
    with pytest.raises(BadInput, match="at least one waypoint"):
        fly_mission([], (0, 0), state=ready(AIRCRAFT, 0, 0), seed=1)
    ground = [(0, 0, 9), (9, 0, 0), (0, 0, 0)]
    with pytest.raises(BadInput, match="Waypoint 2 is on the ground"):
        fly_mission(ground, (0, 0), state=ready(AIRCRAFT, 0, 0), seed=1)


def test_the_telemetry_log_is_read_by_others(tmp_path: Path) -> None:
    from pymavlink import mavutil

    start = datetime(2026, 5, 1, 10, tzinfo=UTC)
    path = tmp_path / "flight.tlog"
    with path.open("wb") as file:
        flown = simulated((4.0, -2.0), tlog=file, start=start, altitude=640.0)
    (first,) = struct.unpack(">Q", path.read_bytes()[:8])
    assert abs(first / 1e6 - start.timestamp()) < 1.0
    log = mavutil.mavlink_connection(str(path), dialect="common")
    rows, kinds = [], set()
    while (message := log.recv_match()) is not None:
        kinds.add(message.get_type())
        if message.get_type() == "GLOBAL_POSITION_INT":
            rows.append(
                (message._timestamp, message.lat / 1e7, message.lon / 1e7, message.alt / 1e3)
            )
    log.close()
    assert {"HEARTBEAT", "SYSTEM_TIME", "GPS_RAW_INT", "WIND_COV", "SYS_STATUS"} <= kinds
    assert "BAD_DATA" not in kinds
    table = np.array(rows)
    assert len(table) == 5 * len(flown.places)
    np.testing.assert_allclose(np.diff(table[:, 0]), 0.2, atol=1e-5)
    # Each fifth is at the end of a second: where it was, but for the error of its place.
    seconds = table[4::5]
    np.testing.assert_allclose(seconds[:, 0], start.timestamp() + np.arange(1, len(seconds) + 1))
    north = (seconds[:, 1] - 41.0) * 111_058.0  # metres in a degree at 41 north
    assert np.abs(north - flown.places[:, 1]).max() < 1.5
    assert np.abs(seconds[:, 3] - 640.0 - flown.places[:, 2]).max() < 1.5


# ---------------------------------------------------------------- the dynamics by themselves


def test_it_weighs_and_falls_as_it_should() -> None:
    craft = F450(-3.0, 41.0, 0.0, 0.0)
    craft.command(0.0, 0.0, 0.0, 0.7)
    craft.run(round(3.0 / STEP))
    high = craft.motion()
    assert high.z > 10
    craft.command(0.0, 0.0, 0.0, 0.0)
    craft.run(round(0.2 / STEP))
    before = craft.motion()
    craft.run(round(0.1 / STEP))
    # The rotors run down; nothing else holds it but its drag while it still rises.
    assert -11.5 < (craft.motion().up - before.up) / 0.1 < -6.0


def test_the_wind_blows_where_it_goes() -> None:
    craft = F450(-3.0, 41.0, 0.0, 0.0)
    craft.blow(6.0, 0.0)
    craft.command(0.0, 0.0, 0.0, 0.5)
    craft.run(round(4.0 / STEP))
    motion = craft.motion()
    assert motion.east > 0.5
    assert abs(motion.north) < 0.3 * motion.east


def test_hover_takes_the_power_of_the_catalogue() -> None:
    ground = Ground(wind=(0.0, 0.0), position_error=0.0)
    ground.upload([SHORT[0], (19, 41.0, -3.0, 15.0)])
    ground.command(400, 1.0)
    ground.command(300)
    ground.wait(20)
    before = ground.pilot.energy
    ground.wait(10)
    assert (before - ground.pilot.energy) / 10 == pytest.approx(AIRCRAFT.hover_power, rel=0.02)
    assert math.dist(ground.pilot.motion[:3], (0, 0, 15)) < 0.3
