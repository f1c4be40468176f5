"""Peers of others: MAVSDK on the autopilot's side, and a user's own ArduPilot or PX4 simulator."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from autopilot_ground import START
from flat_sortie import EAST, HEIGHT, NORTH, PLACES, SECONDS, flat_plan

from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.mavlink import transfer, upload
from barlovento.adapters.mavlink.address import parse_address
from barlovento.adapters.mavlink.items import MISSION, by_kind, difference, to_wire
from barlovento.adapters.mavlink.line import UdpLine
from barlovento.adapters.mavlink.sortie import Home, sortie_of
from barlovento.adapters.mavlink.station import Station
from barlovento.fly.plans import route_of

SITL = "BARLOVENTO_SITL"
"""Address of a user's own simulator, such as udpin:14550; see the how-to page on upload."""

AUTOPILOT = """
import os, sys, time
from mavsdk import Mavsdk, Configuration, ComponentType
from mavsdk.plugins.mission_raw_server.mission_raw_server import MissionRawServer

vehicle = Mavsdk(Configuration.create_with_component_type(ComponentType.AUTOPILOT))
vehicle.add_any_connection(f"udpout://127.0.0.1:{sys.argv[1]}")
server = MissionRawServer(vehicle.server_component())
print("ready", flush=True)
until = time.time() + 60
while time.time() < until:
    time.sleep(0.1)
os._exit(0)
"""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


def test_mavsdk_as_autopilot_takes_a_mission_and_gives_it_back(tmp_path: Path) -> None:
    pytest.importorskip("mavsdk")
    port = free_port()
    script = tmp_path / "vehicle.py"
    script.write_text(AUTOPILOT)
    items = [
        to_wire(MissionItem(command=22, lon=-107.4, lat=24.8, height=20.0)),
        to_wire(MissionItem(command=178, speed=4.5)),
        to_wire(MissionItem(command=16, lon=-107.399, lat=24.8, height=20.0, seconds=3.0)),
        to_wire(MissionItem(command=20)),
    ]
    with (
        UdpLine(parse_address(f"udpin:{port}")) as line,
        subprocess.Popen(
            [sys.executable, str(script), str(port)], stdout=subprocess.PIPE, text=True
        ) as peer,
    ):
        try:
            station = Station(line)
            station.meet(30.0)
            transfer.send(station, items, MISSION)
            assert difference(items, transfer.read(station, MISSION), MISSION) == ""
        finally:
            peer.kill()


@pytest.mark.skipif(SITL not in os.environ, reason=f"set {SITL} to your simulator's address")
def test_a_users_own_simulator_holds_what_it_was_sent() -> None:
    with UdpLine(parse_address(os.environ[SITL])) as line:
        station = Station(line)
        family = upload.greet(station, 30.0)
        home = upload.home_of(station)
        spots = [
            [home.lon + x / EAST, home.lat + y / NORTH, home.altitude + z] for x, y, z in PLACES
        ]
        document = flat_plan(
            START,
            coordinates=spots,
            home=[home.lon, home.lat, home.altitude + HEIGHT],
        )
        route = route_of(
            document["properties"], document["geometry"]["coordinates"], name="plan", digest="d"
        )
        sortie = sortie_of(route, Home(lon=home.lon, lat=home.lat, altitude=home.altitude))
        loaded = upload.load(station, sortie, family=family, reserve=20.0)
        upload.check(station, loaded)
        assert loaded.wires == by_kind(sortie, own=family.home_item)
        assert len(SECONDS) == len(PLACES)
        # Nothing of a test stays behind, and nothing was armed.
        assert transfer.clear(station, MISSION)
        assert not station.armed
