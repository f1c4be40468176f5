"""The simulated autopilot obeys navigation and nothing else; a mission is whole or not there."""

from __future__ import annotations

import math
import random
import struct

import pytest
from autopilot_ground import HOME, SHORT, START, Ground
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot import commands
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.errors import Refused

ACCEPTED, DENIED, UNSUPPORTED = 0, 2, 3
NAVIGATION = {16, 19, 20, 21, 22, 178}
MOVES_A_LOAD = [181, 183, 187, 205, 206, 208, 211, 94, 2004, 2005, 30001, 30002, 42600]


# ---------------------------------------------------------------- the closed list


def test_of_all_numbers_only_navigation_may_stand_in_a_mission() -> None:
    allowed = set()
    for number in range(65_536):
        try:
            MissionItem(command=number, lon=1.0, lat=1.0, height=10.0, speed=5.0)
        except Refused:
            continue
        allowed.add(number)
    assert allowed == NAVIGATION == set(commands.MISSION_COMMANDS)


@settings(max_examples=300, deadline=None)
@given(number=st.integers(0, 65_535), first=st.floats(allow_nan=True, width=32))
def test_no_other_command_does_anything(number: int, first: float) -> None:
    ground = GROUND
    result, said = ground.command(number, first, 21196.0)
    if number not in {16, 176, 193, 20, 21, 300, 400, 512}:
        assert result in {DENIED, UNSUPPORTED}
        assert f"Command {number}" in said
    # On the ground, without a mission and with a second parameter that arming does not know, the
    # listed ones come to nothing either; only a message may be asked for.
    assert result != ACCEPTED or number == 512
    assert not ground.pilot.armed
    assert ground.pilot.mode == "standby"
    assert ground.pilot.mission == ()


GROUND = Ground()


@pytest.mark.parametrize("number", MOVES_A_LOAD)
def test_what_moves_a_load_or_follows_is_refused_by_name(number: int) -> None:
    ground = Ground()
    result, said = ground.command(number, 1.0)
    assert result == DENIED
    assert commands.NAMED[number] in said
    assert ground.upload([SHORT[0], (number, 41.0005, -3.0, 15.0)]) == UNSUPPORTED
    assert ground.download() == []


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 65_535) | st.sampled_from(sorted(NAVIGATION)),
            st.floats(-90, 90),
            st.floats(-180, 180),
            st.floats(width=32),
        ),
        min_size=1,
        max_size=6,
    ),
    frame=st.sampled_from([0, 2, 3, 5, 6, 10]),
)
def test_a_fuzzed_mission_is_navigation_or_refused(rows, frame: int) -> None:
    ground = GROUND
    before = ground.pilot.mission
    (answer,) = ground.count(len(rows))
    while answer.get_type() == "MISSION_REQUEST_INT":
        answer = ground.say(ground.item(answer.seq, rows[answer.seq], frame))[-1]
    assert answer.get_type() == "MISSION_ACK"
    if answer.type == ACCEPTED:
        assert all(row[0] in NAVIGATION for row in rows)
        assert frame in {2, 3, 6}
        assert all(math.isfinite(item.height) for item in ground.pilot.mission)
        assert len(ground.pilot.mission) == len(rows)
    else:
        assert ground.pilot.mission == before


# ---------------------------------------------------------------- upload


def test_a_mission_comes_back_as_it_was_sent() -> None:
    ground = Ground()
    rows = [SHORT[0], (19, 41.0005, -3.0, 15.25), (16, 40.9991234, -2.9987654, 18.5), SHORT[3]]
    assert ground.upload(rows) == ACCEPTED
    got = ground.download()
    assert [row[0] for row in got] == [22, 19, 16, 20]
    for sent, back in zip(rows, got, strict=True):
        assert back[1:3] == pytest.approx(sent[1:3], abs=1e-9)
        assert back[3] == pytest.approx(sent[3])


def test_repeated_items_and_lost_acknowledgements_do_no_harm() -> None:
    ground = Ground()
    ground.count(len(SHORT))
    answer = None
    for number, row in enumerate(SHORT):
        for _ in range(3):
            answer = ground.say(ground.item(number, row))[-1]
    assert answer.get_type() == "MISSION_ACK"
    assert answer.type == ACCEPTED
    assert len(ground.pilot.mission) == 4


@pytest.mark.parametrize("seed", range(12))
def test_upload_over_a_bad_line_is_whole_or_nothing(seed: int) -> None:
    """Loss, repetition and reorder on both ways; the station sends again what is asked for."""
    chance = random.Random(seed)
    ground = Ground()
    assert ground.upload(SHORT[:1]) == ACCEPTED
    line: list = [mavlink.MAVLink_mission_count_message(1, 1, len(SHORT), 0)]
    result = None
    for _ in range(400):
        ground.wall += 0.3
        chance.shuffle(line)
        heard = ground.read(ground.endpoint.overdue(ground.wall))
        for message in line:
            if chance.random() > 0.25:
                heard += ground.say(message)
        line = []
        for message in heard:
            if chance.random() < 0.25:
                continue
            if message.get_type() == "MISSION_REQUEST_INT":
                line += [ground.item(message.seq, SHORT[message.seq])] * chance.choice([1, 1, 2])
            elif message.get_type() == "MISSION_ACK":
                result = message.type
        if result is not None:
            break
    got = [row[0] for row in ground.download()]
    assert got in ([22], [22, 16, 16, 20])
    if result == ACCEPTED:
        assert got == [22, 16, 16, 20]


def test_an_upload_that_stops_is_given_up_and_the_mission_before_stays() -> None:
    ground = Ground()
    assert ground.upload(SHORT) == ACCEPTED
    ground.count(3)
    ground.say(ground.item(0, SHORT[0]))
    said = []
    for _ in range(20):
        ground.wall += 1.0
        said += ground.read(ground.endpoint.overdue(ground.wall))
    assert [m.get_type() for m in said] == ["MISSION_REQUEST_INT"] * 4 + ["MISSION_ACK"]
    assert said[-1].type == mavlink.MAV_MISSION_OPERATION_CANCELLED
    assert len(ground.download()) == 4


def test_a_second_station_can_not_take_part_in_an_upload() -> None:
    ground = Ground()
    other = mavlink.MAVLink(None, srcSystem=254, srcComponent=190)
    ground.count(2)
    (answer,) = ground.say(ground.item(0, (16, 10.0, 10.0, 90.0)), other)
    assert answer.type == mavlink.MAV_MISSION_DENIED
    (answer,) = ground.say(mavlink.MAVLink_mission_count_message(1, 1, 1, 0), other)
    assert answer.type == mavlink.MAV_MISSION_DENIED
    ground.say(ground.item(0, SHORT[0]))
    assert ground.say(ground.item(1, SHORT[1]))[-1].type == ACCEPTED
    assert [row[0] for row in ground.download()] == [22, 16]


@pytest.mark.parametrize(
    ("row", "more", "result"),
    [
        (SHORT[1], {"frame": 5}, mavlink.MAV_MISSION_UNSUPPORTED_FRAME),
        (SHORT[1], {"frame": 0}, mavlink.MAV_MISSION_UNSUPPORTED_FRAME),
        (SHORT[1], {"autocontinue": 0}, mavlink.MAV_MISSION_INVALID),
        (SHORT[1], {"hold": math.nan}, mavlink.MAV_MISSION_INVALID),
        ((16, 41.0, -3.0, math.nan), {}, mavlink.MAV_MISSION_INVALID),
        ((16, 41.0, -3.0, 9000.0), {}, mavlink.MAV_MISSION_INVALID),
        ((16, 91.0, -3.0, 10.0), {}, mavlink.MAV_MISSION_INVALID),
        ((16, 0.0, 0.0, 10.0), {}, mavlink.MAV_MISSION_INVALID),
    ],
)
def test_items_that_are_no_place_are_refused(row, more, result: int) -> None:
    ground = Ground()
    ground.count(1)
    assert ground.say(ground.item(0, row, **more))[-1].type == result
    assert ground.pilot.mission == ()


def test_other_transfers_are_refused() -> None:
    ground = Ground()
    assert ground.count(2, kind=3)[-1].type == mavlink.MAV_MISSION_UNSUPPORTED
    assert ground.count(1001)[-1].type == mavlink.MAV_MISSION_NO_SPACE
    ground.count(1)
    floats = mavlink.MAVLink_mission_item_message(1, 1, 0, 3, 16, 0, 1, 0, 0, 0, 0, 41, -3, 10, 0)
    assert ground.say(floats)[-1].type == mavlink.MAV_MISSION_UNSUPPORTED
    (late,) = ground.say(ground.item(0, SHORT[0]))
    assert late.type == mavlink.MAV_MISSION_INVALID_SEQUENCE


# ---------------------------------------------------------------- flying


def test_it_flies_a_mission_that_was_sent() -> None:
    ground = Ground()
    assert ground.command(400, 1.0)[0] == ACCEPTED
    assert ground.command(300)[0] == DENIED, "no mission yet"
    assert ground.command(400, 0.0)[0] == ACCEPTED
    assert ground.upload(SHORT) == ACCEPTED
    assert ground.command(300)[0] == DENIED, "not armed"
    assert ground.command(400, 1.0)[0] == ACCEPTED
    assert ground.command(300)[0] == ACCEPTED
    told = ground.wait(10)
    beats = [m for m in told if m.get_type() == "HEARTBEAT"]
    assert len(beats) == 10
    assert beats[-1].base_mode & mavlink.MAV_MODE_FLAG_SAFETY_ARMED
    assert ground.count(2)[-1].type == mavlink.MAV_MISSION_DENIED, "it flies"
    assert ground.command(400, 0.0)[0] == DENIED, "in the air"
    told += ground.wait(80)
    assert [m.seq for m in told if m.get_type() == "MISSION_ITEM_REACHED"] == [0, 1, 2, 3]
    places = [m for m in told if m.get_type() == "GLOBAL_POSITION_INT"]
    assert len(places) == 5 * 90
    north = max(place.lat / 1e7 for place in places)
    assert north == pytest.approx(41.0005, abs=3e-5)
    assert all(abs(place.alt - place.relative_alt - 700_000) <= 1 for place in places)
    left = [m.battery_remaining for m in told if m.get_type() == "SYS_STATUS"]
    assert left == sorted(left, reverse=True)
    assert left[-1] < left[0]
    clocks = [m for m in told if m.get_type() == "SYSTEM_TIME"]
    assert clocks[5].time_unix_usec - clocks[5].time_boot_ms * 1000 == START.timestamp() * 1e6
    wind = next(m for m in told if m.get_type() == "WIND_COV")
    assert (wind.wind_x, wind.wind_y) == (1.0, 2.0), "north, then east"
    assert not ground.pilot.armed
    assert math.hypot(ground.pilot.motion.x, ground.pilot.motion.y) < 1.5


def test_hold_go_on_return_and_land() -> None:
    ground = Ground()
    for number in (193, 20, 21):
        assert ground.command(number)[0] == DENIED, "it is on the ground"
    ground.upload([SHORT[0], (16, 41.003, -3.0, 15.0)])
    ground.command(400, 1.0)
    ground.command(300)
    ground.wait(15)
    assert ground.command(193, 0.0)[0] == ACCEPTED
    ground.wait(6)
    there = ground.pilot.motion
    ground.wait(10)
    assert math.dist(ground.pilot.motion[:3], there[:3]) < 0.5
    assert ground.command(193, 1.0)[0] == ACCEPTED
    ground.wait(8)
    assert ground.pilot.motion.y > there.y + 30
    assert ground.command(176, 1.0, 4.0, 3.0)[0] == ACCEPTED, "hold, by PX4's number of the mode"
    assert ground.pilot.mode == "hold"
    assert ground.command(176, 1.0, 6.0, 0.0)[0] == DENIED, "offboard is not there"
    assert ground.command(20)[0] == ACCEPTED
    ground.wait(60)
    assert not ground.pilot.armed
    assert math.hypot(*ground.pilot.motion[:2]) < 1.5
    ground.command(400, 1.0)
    ground.command(300)
    ground.wait(12)
    assert ground.command(21)[0] == ACCEPTED
    ground.wait(20)
    assert not ground.pilot.armed


def test_a_low_battery_brings_it_home() -> None:
    ground = Ground()
    say = mavlink.MAVLink_param_set_message(1, 1, b"BATTERY_LOW", 97.0, 9)
    (refused, value) = ground.say(say)
    assert refused.get_type() == "STATUSTEXT"
    assert value.param_value == 0.0
    say = mavlink.MAVLink_param_set_message(1, 1, b"BATTERY_LOW", 90.0, 9)
    assert ground.say(say)[-1].param_value == 90.0
    ground.pilot.full = ground.pilot.energy = 30_000.0
    ground.upload([SHORT[0], (16, 41.003, -3.0, 15.0)])
    ground.command(400, 1.0)
    ground.command(300)
    texts = [m.text for m in ground.wait(60) if m.get_type() == "STATUSTEXT"]
    assert "battery low: it returns" in texts
    assert not ground.pilot.armed
    assert math.hypot(*ground.pilot.motion[:2]) < 1.5


def test_parameters_are_few_and_bounded() -> None:
    ground = Ground()
    every = ground.say(mavlink.MAVLink_param_request_list_message(1, 1))
    assert [value.param_id for value in every] == [
        *("CRUISE", "TOP_SPEED", "CLIMB_RATE", "DESCENT_RATE"),
        *("WP_RADIUS", "RTL_HEIGHT", "RTL_SPEED", "BATTERY_LOW", "LINK_TIMEOUT"),
    ]
    (one,) = ground.say(mavlink.MAVLink_param_request_read_message(1, 1, b"CRUISE", -1))
    assert one.param_value == 8.0
    assert ground.say(mavlink.MAVLink_param_request_read_message(1, 1, b"SERVO1", -1)) == []
    assert ground.say(mavlink.MAVLink_param_request_read_message(1, 1, b"\xff\xfe", -1)) == []
    for value in (math.nan, math.inf, -1.0, 99.0):
        say = mavlink.MAVLink_param_set_message(1, 1, b"CRUISE", value, 9)
        assert ground.say(say)[-1].param_value == 8.0


# ---------------------------------------------------------------- what is no message


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400))
def test_noise_on_the_line_does_nothing(data: bytes) -> None:
    assert GROUND.endpoint.handle(data, 0.0) == []
    # And the next packet is understood.
    assert GROUND.command(512, 242.0)[0] == ACCEPTED


@settings(max_examples=300, deadline=None)
@given(
    number=st.sampled_from(sorted(mavlink.mavlink_map)),
    payload=st.binary(max_size=255),
)
def test_well_formed_packets_of_any_content_are_survived(number: int, payload: bytes) -> None:
    kind = mavlink.mavlink_map[number]
    codec = mavlink.MAVLink(None, srcSystem=255, srcComponent=190)
    message = kind.__new__(kind)
    mavlink.MAVLink_message.__init__(message, number, kind.msgname)
    size = struct.calcsize(kind.unpacker.format)
    content = payload.ljust(size, b"\x00")[:size]
    packet = mavlink.MAVLink_message._pack(message, codec, kind.crc_extra, content)
    before = (GROUND.pilot.mission, GROUND.pilot.armed)
    for answer in GROUND.read(GROUND.endpoint.handle(packet, 0.0)):
        assert answer.get_type() != "BAD_DATA"
    assert (GROUND.pilot.mission, GROUND.pilot.armed) == before or number in {44, 45, 73}


def test_messages_for_others_are_not_answered() -> None:
    ground = Ground()
    assert ground.say(mavlink.MAVLink_command_long_message(7, 1, 400, 0, *[1.0] + [0.0] * 6)) == []
    assert not ground.pilot.armed
    assert (ground.pilot.aircraft.lon, ground.pilot.aircraft.lat) == HOME
