"""Sorties onto an autopilot over a bad line: equal or refused, and never armed on anything else."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from autopilot_ground import START, pilot
from flat_sortie import EAST, GROUND, HEIGHT, HOME, NORTH, flat_plan, place
from hypothesis import given, settings
from hypothesis import strategies as st
from lossy_line import LossyLine
from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot import commands
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.autopilot.endpoint import Endpoint
from barlovento.adapters.autopilot.points import outside
from barlovento.adapters.mavlink import transfer, upload
from barlovento.adapters.mavlink.items import MISSION, Wire, same, to_wire
from barlovento.adapters.mavlink.sortie import Home, Sortie, sortie_of
from barlovento.adapters.mavlink.station import Station
from barlovento.errors import BadInput, Refused
from barlovento.fly.plans import route_of

AUTOPILOT_HOME = Home(lon=HOME[0], lat=HOME[1], altitude=GROUND)


def route(**change):
    document = flat_plan(START, **change)
    return route_of(
        document["properties"], document["geometry"]["coordinates"], name="plan", digest="d"
    )


def line(**more) -> LossyLine:
    vehicle = pilot(lon=HOME[0], lat=HOME[1], altitude=GROUND)
    return LossyLine(Endpoint(vehicle, START), **more)


def sent(way: LossyLine) -> tuple[Station, upload.Loaded]:
    station = Station(way)
    family = upload.greet(station)
    sortie = sortie_of(route(), upload.home_of(station))
    return station, upload.load(station, sortie, family=family, reserve=20.0)


# ---------------------------------------------------------------- what is sent


def test_a_route_becomes_navigation_in_its_own_heights() -> None:
    sortie = sortie_of(route(), AUTOPILOT_HOME)
    assert [item.command for item in sortie.mission] == [22, 178, 16, 178, 16, 178, 16, 21]
    assert [item.height for item in sortie.mission if item.command == 16] == [HEIGHT] * 3
    # 80 m in 20 s with a stop at either end at 2 m/s2 takes v of v * (20 - v / 2) = 80.
    speed = sortie.mission[1].speed
    assert speed * (20 - speed / 2) == pytest.approx(80, rel=0.01)
    assert (sortie.return_height, sortie.return_speed, sortie.ceiling) == (20.0, 5.0, 25.0)
    assert sortie.climb_rate == pytest.approx(2.0)
    assert sortie.descent_rate == pytest.approx(20 / 16)


def test_the_fence_lies_in_the_swept_volume_and_holds_the_route() -> None:
    sortie = sortie_of(route(), AUTOPILOT_HOME)
    corners = [((p.lon - HOME[0]) * EAST, (p.lat - HOME[1]) * NORTH) for p in sortie.fence]
    # The volume is the triangle of the route with 20 m around it.
    for x, y in corners:
        assert _from_triangle(x, y) <= 20.0
    for spot in route().waypoints:
        assert not outside(sortie.fence, spot.lon, spot.lat)
    assert outside(sortie.fence, HOME[0], HOME[1] - 21 / NORTH)


def _from_triangle(x: float, y: float) -> float:
    corners = [(0, 0), (80, 0), (80, 45)]
    if 0 <= x <= 80 and 0 <= y <= x * 45 / 80:
        return 0.0
    found = []
    for (a, b), (c, d) in zip(corners, [*corners[1:], corners[0]], strict=True):
        length = (c - a) ** 2 + (d - b) ** 2
        share = min(max(((x - a) * (c - a) + (y - b) * (d - b)) / length, 0), 1)
        found.append(math.hypot(x - a - share * (c - a), y - b - share * (d - b)))
    return min(found)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"times": ["2026-05-01T10:00:00Z"] * 6}, "same time"),
        ({"height_reference": "AGL"}, "--terrain"),
        ({"height_reference": "WGS84"}, "--geoid"),
        ({"height_reference": "FL"}, "flight levels"),
        ({"home": place(0, 0, 80)}, "at one height"),
        ({"home": place(300, 0, HEIGHT)}, "not where it takes off"),
        ({"lost_link": [place(0, 0, 20), place(50, 0, 20)]}, "lost-link route of 2"),
        (
            {
                "coordinates": [place(0, 0, 30), *(place(x, 0, 40) for x in (9, 60, 99, 60, 0))],
            },
            "the climb to there was not cleared",
        ),
        (
            {"coordinates": [place(0, 0, 0), *(place(x, 0, 40) for x in (99, 60, 99, 60, 0))]},
            "no climb straight up",
        ),
        (
            {
                "coordinates": [
                    place(x, 0, z) for x, z in zip(range(400, 460, 10), [0] + [40] * 5, strict=True)
                ]
            },
            "m from the first waypoint",
        ),
    ],
)
def test_what_would_leave_the_cleared_volume_is_refused(change, told: str) -> None:
    with pytest.raises(Refused, match=told):
        sortie_of(route(**change), AUTOPILOT_HOME)


def test_ground_that_varies_more_than_the_height_error_allows_is_refused() -> None:
    flat = {"height_reference": "AGL", "home": [*HOME, 40]}
    spots = [[*place(x, y, z)[:2], z] for x, y, z in [(0, 0, 0), (0, 0, 40), (99, 0, 40)]]
    times = flat_plan(START)["properties"]["times"][:3]
    plan = route(**flat, coordinates=spots, times=times)
    made = sortie_of(plan, AUTOPILOT_HOME, terrain=(698.0, 702.0))
    assert made.mission[-1].command == commands.RETURN
    assert made.mission[0].height == 40.0
    with pytest.raises(Refused, match="leaves room"):
        sortie_of(plan, AUTOPILOT_HOME, terrain=(694.0, 706.0))


# ---------------------------------------------------------------- up and back


@pytest.mark.parametrize("seed", range(6))
def test_at_ten_percent_loss_it_is_equal_or_refused(seed: int) -> None:
    way = line(seed=seed, loss=0.1, repeat=0.1, delay=0.3)
    try:
        station, loaded = sent(way)
        upload.arm(station, loaded)
    except (Refused, BadInput):
        assert not way.pilot.armed
        return
    assert way.armed_on == [way.pilot.mission]
    places = [(item.lon, item.lat) for item in way.pilot.mission if item.command == 16]
    wanted = [place(*spot)[:2] for spot in ((80, 0, 20), (80, 45, 20), (0, 0, 20))]
    assert places == [pytest.approx(spot, abs=6e-8) for spot in wanted]
    assert [item.command for item in way.pilot.mission] == [22, 178, 16, 178, 16, 178, 16, 21]
    assert len(way.pilot.fence) == len(loaded.sortie.fence)
    assert [point.command for point in way.pilot.rally] == [5100]
    assert way.pilot.settings.return_height == 20.0
    assert way.pilot.settings.battery_low == 20.0


@pytest.mark.parametrize("after", [3, 30, 45, 60, 75])
def test_an_upload_that_is_cut_leaves_it_disarmed_and_no_part_behind(after: int) -> None:
    count = [0]

    def cut(way: LossyLine, _packet: bytes) -> None:
        count[0] += 1
        way.cut = way.cut or count[0] > after

    way = line(meddle=cut)
    with pytest.raises(BadInput):
        sent(way)
    # An autopilot that loads whole missions holds all of it or nothing.
    assert len(way.pilot.mission) in {0, 8}
    assert way.armed_on == []


def _other(items: tuple[MissionItem, ...]) -> tuple[MissionItem, ...]:
    return (*items[:-1], MissionItem(command=16, lon=-107.39, lat=24.81, height=40.0))


def test_an_autopilot_that_answers_with_another_mission_is_not_armed() -> None:
    way = line()
    station, loaded = sent(way)
    way.pilot.mission = _other(way.pilot.mission)
    with pytest.raises(Refused, match="Item 7 of the mission came back"):
        upload.arm(station, loaded)
    assert way.armed_on == []


def test_another_station_that_loads_between_reading_and_arming_is_noticed() -> None:
    state = {"armed": False}

    def meddle(way: LossyLine, packet: bytes) -> None:
        # The other station is quick: right before the command to arm gets there.
        if b"\x90\x01" in packet[20:45] and not state["armed"] and packet[7:10] == b"\x4c\x00\x00":
            state["armed"] = True
            way.pilot.mission = _other(way.pilot.mission)

    way = line(meddle=meddle)
    station, loaded = sent(way)
    with pytest.raises(Refused, match="came back"):
        upload.arm(station, loaded)
    assert state["armed"]
    assert not way.pilot.armed, "armed for a moment, and disarmed before it took off"
    assert way.pilot.mode == "standby"


@pytest.mark.parametrize("what", ["fence", "rally", "parameter", "home"])
def test_everything_that_was_sent_is_looked_at_before_arming(what: str) -> None:
    way = line()
    station, loaded = sent(way)
    if what == "fence":
        way.pilot.fence = ()
    elif what == "rally":
        way.pilot.rally = (replace(way.pilot.rally[0], height=90.0),)
    elif what == "parameter":
        way.pilot.settings = replace(way.pilot.settings, link_timeout=0.0)
    else:
        way.pilot.aircraft.altitude += 12.0
    with pytest.raises(Refused):
        upload.arm(station, loaded)
    assert way.armed_on == []


def test_one_that_is_armed_or_silent_is_sent_nothing() -> None:
    way = line()
    way.pilot.arm()
    with pytest.raises(Refused, match="is armed"):
        sent(way)
    assert way.pilot.mission == ()
    quiet = line()
    quiet.cut = True
    with pytest.raises(BadInput, match="No autopilot was heard"):
        sent(quiet)


# ---------------------------------------------------------------- the closed list


@settings(max_examples=200, deadline=None)
@given(number=st.integers(0, 65_535))
def test_a_station_says_no_command_that_is_not_listed(number: int) -> None:
    packets: list[bytes] = []

    class Silent:
        def now(self) -> float:
            return 0.0

        def send(self, packet: bytes) -> None:
            packets.append(packet)

        def receive(self, until: float) -> None:
            return None

    station = Station(Silent())
    if number in commands.DIRECT_COMMANDS:
        station.order(number)
        assert len(packets) == 1
    else:
        with pytest.raises(Refused, match=f"Command {number}"):
            station.order(number)
        assert packets == []


wires = st.builds(
    Wire,
    command=st.integers(0, 65_535) | st.sampled_from(sorted(commands.MISSION_COMMANDS)),
    frame=st.sampled_from([0, 2, 3, 5, 6, 10]),
    parameters=st.tuples(*[st.sampled_from([0.0, 1.0, 3.5, -1.0])] * 4),
    x=st.integers(-900_000_000, 900_000_000),
    y=st.integers(-1_800_000_000, 1_800_000_000),
    z=st.floats(-100, 3000, width=32),
)


@settings(max_examples=60, deadline=None)
@given(items=st.lists(wires, min_size=1, max_size=5))
def test_a_fuzzed_mission_is_navigation_or_refused_by_the_autopilot(items) -> None:
    way = line()
    station = Station(way)
    station.meet()
    try:
        transfer.send(station, items, MISSION)
    except (Refused, BadInput):
        assert way.pilot.mission == ()
        return
    assert all(item.command in commands.MISSION_COMMANDS for item in way.pilot.mission)
    back = transfer.read(station, MISSION)
    # What differs from what was sent is seen; what the autopilot dropped was nothing of ours.
    ours = [to_wire(item) for item in way.pilot.mission]
    assert all(same(a, b) for a, b in zip(ours, back, strict=True))


# ---------------------------------------------------------------- what means the same


def test_what_autopilots_keep_their_own_way_is_the_same_and_nothing_else_is() -> None:
    ours = to_wire(MissionItem(command=16, lon=-107.4, lat=24.8, height=40.004, seconds=3.0))
    assert same(ours, replace(ours, frame=3, z=40.0, parameters=(3.0, 0.0, 0.0, 0.0)))
    for other in (
        replace(ours, x=ours.x + 1),
        replace(ours, z=40.1),
        replace(ours, frame=0),
        replace(ours, command=17),
        replace(ours, parameters=(4.0, 0.0, 0.0, math.nan)),
        replace(ours, parameters=(3.0, 0.0, 0.0, 90.0)),
        replace(ours, parameters=(math.nan, 0.0, 0.0, math.nan)),
    ):
        assert not same(ours, other)
    assert ours.frame == mavlink.MAV_FRAME_GLOBAL_RELATIVE_ALT_INT


def test_a_sortie_says_its_own_digest() -> None:
    one = sortie_of(route(), AUTOPILOT_HOME)
    assert isinstance(one, Sortie)
    assert one.digest == sortie_of(route(), AUTOPILOT_HOME).digest
    assert one.digest != replace(one, return_speed=6.0).digest
