"""Addresses, parameters, families, and ArduPilot's own item 0."""

from __future__ import annotations

import math
import struct

import pytest
from autopilot_ground import START, Ground, pilot
from flat_sortie import GROUND, HOME, flat_plan
from hypothesis import given
from hypothesis import strategies as st
from lossy_line import LossyLine
from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot import commands
from barlovento.adapters.autopilot.endpoint import Endpoint
from barlovento.adapters.autopilot.points import Point, outside, polygons
from barlovento.adapters.mavlink import parameters, upload
from barlovento.adapters.mavlink.address import parse_address
from barlovento.adapters.mavlink.families import COPTER, PX4, family_of
from barlovento.adapters.mavlink.items import MISSION, by_kind, difference
from barlovento.adapters.mavlink.sortie import Home, sortie_of
from barlovento.adapters.mavlink.station import Station
from barlovento.errors import BadInput, Refused
from barlovento.fly.plans import route_of

INT32, REAL32 = mavlink.MAV_PARAM_TYPE_INT32, mavlink.MAV_PARAM_TYPE_REAL32


# ---------------------------------------------------------------- addresses


def test_without_an_address_it_is_this_machine() -> None:
    found = parse_address("udp:14540")
    assert (found.host, found.port, found.waits, found.here) == ("127.0.0.1", 14540, False, True)
    assert parse_address("udpin:14550").waits
    assert parse_address("udp:[::1]:14540").here
    assert not parse_address("udp:192.0.2.7:14540").here
    assert str(parse_address("udp:192.0.2.7:14540")) == "udp:192.0.2.7:14540"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("udp:drone.example.org:14540", "is a name"),
        ("udp:localhost:14540", "is a name"),
        ("udpin:0.0.0.0:14550", "more than one machine"),
        ("udp:255.255.255.255:14550", "more than one machine"),
        ("udp:192.168.4.255:14550", "more than one machine"),
        ("udp:224.0.0.1:14550", "more than one machine"),
        ("tcp:127.0.0.1:5760", "no address of an autopilot"),
        ("/dev/ttyUSB0", "no address of an autopilot"),
        ("udp:", "no address of an autopilot"),
        ("udp:0", "no port 0"),
        ("udp:70000", "no port 70000"),
    ],
)
def test_what_is_no_plain_address_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        parse_address(text)


# ---------------------------------------------------------------- parameters


@given(value=st.integers(-(2**31), 2**31 - 1))
def test_whole_numbers_go_as_their_bytes_and_come_back(value: int) -> None:
    raw = struct.pack("<i", value)
    if raw[3] & 0x7F == 0x7F and 0x80 <= raw[2] < 0xC0:
        # A signalling NaN: refused below.
        return
    carried = parameters.encode(value, INT32, bytewise=True)
    message = mavlink.MAVLink_param_value_message(b"NAV_DLL_ACT", carried, INT32, 1, 0)
    packet = message.pack(mavlink.MAVLink(None))
    # The four bytes stand first in the payload, as they are in the aircraft's memory.
    assert packet[10:14].ljust(4, b"\0") == struct.pack("<i", value)
    (back,) = mavlink.MAVLink(None).parse_buffer(packet)
    assert parameters.decode(back.param_value, INT32, bytewise=True) == value


def test_where_numbers_go_as_numbers_they_do() -> None:
    assert parameters.encode(2.0, INT32, bytewise=False) == 2.0
    assert parameters.encode(2.5, REAL32, bytewise=True) == 2.5
    assert parameters.encode(2, INT32, bytewise=True) == pytest.approx(2.8e-45, abs=1e-46)
    for value, kind in ((2.5, INT32), (-4_194_305, INT32), (300.0, mavlink.MAV_PARAM_TYPE_UINT8)):
        with pytest.raises(Refused):
            parameters.encode(value, kind, bytewise=True)


def test_a_parameter_that_is_missing_or_out_of_limits_is_an_error() -> None:
    station = Station(LossyLine(Endpoint(pilot(), START)))
    upload.greet(station)
    with pytest.raises(BadInput, match="tells no parameter NONE"):
        parameters.get(station, "NONE")
    with pytest.raises(Refused, match="LINK_TIMEOUT"):
        parameters.put(station, {"LINK_TIMEOUT": 500.0})
    parameters.put(station, {"LINK_TIMEOUT": 10.0})
    assert parameters.check(station, {"LINK_TIMEOUT": 10.0}) == ""
    assert "not 11" in parameters.check(station, {"LINK_TIMEOUT": 11.0})


# ---------------------------------------------------------------- families


def test_families_are_told_by_the_heartbeat_and_others_refused() -> None:
    assert family_of(3, 2) is COPTER
    assert family_of(3, 1).name == "ArduPilot Plane"
    assert family_of(12, 2) is PX4
    with pytest.raises(Refused, match="no family"):
        family_of(8, 2)


def flat_sortie():
    document = flat_plan(START)
    route = route_of(
        document["properties"], document["geometry"]["coordinates"], name="plan", digest="d"
    )
    return sortie_of(route, Home(lon=HOME[0], lat=HOME[1], altitude=GROUND))


def test_ardupilot_gets_its_home_as_item_0_and_keeps_it_to_itself() -> None:
    sortie = flat_sortie()
    sent = by_kind(sortie, own=COPTER.home_item)[MISSION]
    assert len(sent) == len(sortie.mission) + 1
    assert (sent[0].command, sent[0].frame, sent[0].z) == (16, 0, GROUND)
    assert sent[1].command == commands.TAKEOFF
    assert difference(sent[1:], sent[1:], MISSION) == ""
    assert "came back with" in difference(sent, sent[1:], MISSION)


@pytest.mark.parametrize("family", [COPTER, PX4])
def test_what_real_autopilots_are_set_to_brings_them_home(family) -> None:
    wanted = family.parameters(flat_sortie(), 20.0)
    if family is PX4:
        assert wanted["NAV_DLL_ACT"] == 2.0
        assert wanted["RTL_RETURN_ALT"] == 20.0
    else:
        assert (wanted["FENCE_ENABLE"], wanted["FS_GCS_ENABLE"]) == (1.0, 1.0)
        assert wanted["RTL_ALT"] == 2000
        assert wanted["FENCE_ALT_MAX"] == 25.0


# ---------------------------------------------------------------- the simulated autopilot's part


def corner(x: float, y: float, corners: int = 4, command: int = 5001) -> Point:
    return Point(command=command, lon=x, lat=y, corners=corners)


SQUARE = tuple(corner(x, y) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)))
HOLE = tuple(corner(x, y, 3, 5002) for x, y in ((0.4, 0.4), (0.6, 0.4), (0.5, 0.6)))


def test_a_fence_holds_and_keeps_off() -> None:
    fence = SQUARE + HOLE
    assert not outside(fence, 0.2, 0.2)
    assert outside(fence, 0.5, 0.45)
    assert outside(fence, 1.2, 0.5)
    assert not outside((), 50.0, 50.0)
    for broken in (SQUARE[:3], (corner(0, 0, 2), corner(1, 1, 2)), (*SQUARE[:3], HOLE[0])):
        with pytest.raises(Refused, match="not whole"):
            polygons(broken)


@pytest.mark.parametrize("number", [16, 183, 5100, 5003])
def test_only_corners_may_stand_in_a_fence(number: int) -> None:
    ground = Ground()
    ground.count(1, kind=1)
    item = ground.item(0, (number, 24.8, -107.4, 0.0), hold=3.0, kind=1)
    assert ground.say(item)[-1].type == mavlink.MAV_MISSION_UNSUPPORTED
    assert ground.pilot.fence == ()


def test_it_comes_home_when_its_fence_is_left_or_nobody_is_heard() -> None:
    for change, told in (("fence", "fence left"), ("link", "link lost")):
        ground = Ground()
        assert ground.upload([(22, 0, 0, 8.0), (16, 41.003, -3.0, 8.0)]) == 0
        vehicle = ground.pilot
        if change == "fence":
            places = ((-3.001, 40.999), (-2.999, 40.999), (-2.999, 41.0001), (-3.001, 41.0001))
            vehicle.keep(fence=tuple(corner(*spot) for spot in places))
        else:
            ground.endpoint._set_parameter(
                mavlink.MAVLink_param_set_message(1, 1, b"LINK_TIMEOUT", 6.0, REAL32), 0.0
            )
        vehicle.arm()
        vehicle.start_mission()
        texts = [m.text for m in ground.wait(12.0) if m.get_type() == "STATUSTEXT"]
        assert any(told in text for text in texts)
        assert vehicle.mode == "return"
        assert math.isfinite(vehicle.energy)
