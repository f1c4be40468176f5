"""Ground stations of others fly the simulated autopilot over UDP on this machine."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from autopilot_ground import SHORT, START, pilot

from barlovento.adapters.autopilot.pilot import Pilot
from barlovento.adapters.autopilot.service import serve
from barlovento.errors import BadInput

SPEED = 25.0
PATIENCE = 30.0


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


@contextmanager
def flying(ground_port: int, log: io.BytesIO | None = None) -> Iterator[Pilot]:
    vehicle = pilot()
    stop = threading.Event()
    thread = threading.Thread(
        target=serve,
        args=(vehicle, START),
        kwargs={
            "port": 0,
            "ground_port": ground_port,
            "speed": SPEED,
            "clock": time.monotonic,
            "sleep": time.sleep,
            "stop": stop.is_set,
            "tlog": log,
        },
    )
    thread.start()
    try:
        yield vehicle
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def test_pymavlinks_ground_station_flies_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAVLINK20", "1")
    from pymavlink import mavutil

    port = free_port()
    log = io.BytesIO()
    station = mavutil.mavlink_connection(f"udpin:127.0.0.1:{port}", dialect="common")
    with flying(port, log) as vehicle:
        assert station.wait_heartbeat(timeout=PATIENCE).type == 2
        station.mav.mission_count_send(1, 1, len(SHORT), 0)
        for _ in range(len(SHORT)):
            asked = station.recv_match(type="MISSION_REQUEST_INT", blocking=True, timeout=PATIENCE)
            command, lat, lon, height = SHORT[asked.seq]
            station.mav.mission_item_int_send(
                *(1, 1, asked.seq, 6, command, 0, 1, 0.0, 0.0, 0.0, 0.0),
                *(round(lat * 1e7), round(lon * 1e7), height, 0),
            )
        assert station.recv_match(type="MISSION_ACK", blocking=True, timeout=PATIENCE).type == 0
        results = []
        for command, first in ((183, 1.0), (211, 1.0), (400, 1.0), (300, 0.0)):
            station.mav.command_long_send(1, 1, command, 0, first, 0, 0, 0, 0, 0, 0)
            answer = station.recv_match(type="COMMAND_ACK", blocking=True, timeout=PATIENCE)
            results.append((answer.command, answer.result))
        assert results == [(183, 2), (211, 2), (400, 0), (300, 0)]
        reached = [
            station.recv_match(type="MISSION_ITEM_REACHED", blocking=True, timeout=PATIENCE).seq
            for _ in SHORT
        ]
        assert reached == [0, 1, 2, 3]
        assert not vehicle.armed
    station.close()
    assert log.getvalue().count(b"\xfd") > 100


STATION = """
import sys, time, os
from mavsdk import Mavsdk, Configuration, ComponentType
from mavsdk.plugins.mission_raw.mission_raw import MissionRaw, MissionRawError, MissionItem
from mavsdk.plugins.action.action import Action, ActionError, RelayCommand
from mavsdk.plugins.telemetry.telemetry import Telemetry

def item(number, row):
    command, lat, lon, height = row
    return MissionItem(seq=number, frame=6, command=command, current=int(number == 0),
                       autocontinue=1, param4=float("nan"), x=round(lat * 1e7),
                       y=round(lon * 1e7), z=height)

def refused(call, *given):
    try:
        call(*given)
    except (ActionError, MissionRawError):
        return True
    return False

station = Mavsdk(Configuration.create_with_component_type(ComponentType.GROUND_STATION))
station.add_any_connection(f"udpin://127.0.0.1:{sys.argv[1]}")
system = station.first_autopilot(20.0)
raw, action, telemetry = MissionRaw(system), Action(system), Telemetry(system)
rows = eval(sys.argv[2])
raw.upload_mission([item(n, row) for n, row in enumerate(rows)])
back = [(i.command, i.x / 1e7, i.y / 1e7, i.z) for i in raw.download_mission()]
assert all(abs(a - b) < 1e-6 for s, t in zip(rows, back) for a, b in zip(s, t)), back
assert refused(raw.upload_mission, [item(0, rows[0]), item(1, (183, 41.0, -3.0, 9.0))])
assert len(raw.download_mission()) == len(rows)
assert refused(action.set_relay, 0, RelayCommand.ON)
assert refused(action.set_actuator, 1, 0.5)
assert refused(action.arm_force)
action.arm()
raw.start_mission()
until = time.time() + 20
while telemetry.position().relative_altitude_m < 12 and time.time() < until:
    time.sleep(0.05)
assert telemetry.position().relative_altitude_m >= 12
action.hold()
action.return_to_launch()
while telemetry.armed() and time.time() < until:
    time.sleep(0.1)
assert not telemetry.armed()
print("flown", flush=True)
os._exit(0)
"""


def test_mavsdk_flies_it(tmp_path: Path) -> None:
    pytest.importorskip("mavsdk")
    port = free_port()
    script = tmp_path / "station.py"
    script.write_text(STATION)
    with flying(port) as vehicle:
        done = subprocess.run(
            [sys.executable, str(script), str(port), repr(SHORT)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=dict(os.environ),
        )
    assert done.stdout.splitlines()[-1:] == ["flown"], done.stdout + done.stderr
    assert not vehicle.armed
    assert vehicle.energy < vehicle.full


def test_a_port_that_is_taken_and_a_speed_that_is_none_are_refused() -> None:
    given = {
        "ground_port": 14_550,
        "clock": time.monotonic,
        "sleep": time.sleep,
        "stop": lambda: True,
    }
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        with pytest.raises(BadInput, match="Can't open UDP port"):
            serve(pilot(), START, port=line.getsockname()[1], speed=1.0, **given)
    for speed in (0.0, -1.0, 1000.0, float("nan")):
        with pytest.raises(BadInput, match="can't be run"):
            serve(pilot(), START, port=0, speed=speed, **given)
