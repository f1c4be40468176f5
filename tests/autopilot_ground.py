"""A ground station for tests: pymavlink's own codec on the other side."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot.endpoint import Endpoint
from barlovento.adapters.autopilot.pilot import Pilot
from barlovento.adapters.autopilot.settings import Settings
from barlovento.domain.flight import State

START = datetime(2026, 5, 1, 10, tzinfo=UTC)
HOME = (-3.0, 41.0)

#: command, latitude, longitude, height: up, 56 m north, 84 m east, home.
SHORT = [
    (22, 0.0, 0.0, 15.0),
    (16, 41.0005, -3.0, 15.0),
    (16, 41.0005, -2.999, 18.0),
    (20, 0.0, 0.0, 0.0),
]


def pilot(**more) -> Pilot:
    given = {
        "lon": HOME[0],
        "lat": HOME[1],
        "altitude": 700.0,
        "state": State(x=0, y=0, z=0, energy=200_000.0),
        "wind": (2.0, 1.0),
        "seed": 3,
        "settings": Settings(),
        "position_error": 0.3,
    }
    return Pilot(**(given | more))


class Ground:
    """Talks to an endpoint without a socket."""

    def __init__(self, system: int = 255, **more) -> None:
        self.pilot = pilot(**more)
        self.endpoint = Endpoint(self.pilot, START)
        self.codec = mavlink.MAVLink(None, srcSystem=system, srcComponent=190)
        self.wall = 0.0

    def pack(self, message, codec=None) -> bytes:
        return message.pack(codec or self.codec)

    def read(self, packets: list[bytes]) -> list:
        reader = mavlink.MAVLink(None)
        return [message for packet in packets for message in reader.parse_buffer(packet) or []]

    def say(self, message, codec=None) -> list:
        return self.read(self.endpoint.handle(self.pack(message, codec), self.wall))

    def command(self, number: int, *parameters: float) -> tuple[int, str]:
        given = (*parameters, *[0.0] * (7 - len(parameters)))
        answers = self.say(mavlink.MAVLink_command_long_message(1, 1, number, 0, *given))
        assert answers[0].get_type() == "COMMAND_ACK"
        assert answers[0].command == number
        text = "".join(a.text for a in answers if a.get_type() == "STATUSTEXT")
        return answers[0].result, text

    def item(self, number: int, row, frame: int = 6, **more):
        command, lat, lon, height = row
        given = {"hold": 0.0, "autocontinue": 1, "kind": 0} | more
        return mavlink.MAVLink_mission_item_int_message(
            *(1, 1, number, frame, command, 0, given["autocontinue"]),
            *(given["hold"], 0.0, 0.0, math.nan),
            *(round(lat * 1e7), round(lon * 1e7), height, given["kind"]),
        )

    def count(self, number: int, kind: int = 0) -> list:
        return self.say(mavlink.MAVLink_mission_count_message(1, 1, number, kind))

    def upload(self, rows) -> int:
        """Send a mission as asked for; return the result."""
        answers = self.count(len(rows))
        for _ in range(len(rows) + 1):
            answer = answers[-1]
            if answer.get_type() == "MISSION_ACK":
                return answer.type
            assert answer.get_type() == "MISSION_REQUEST_INT"
            answers = self.say(self.item(answer.seq, rows[answer.seq]))
        raise AssertionError("it asks without end")

    def download(self) -> list[tuple[int, float, float, float]]:
        (answer,) = self.say(mavlink.MAVLink_mission_request_list_message(1, 1, 0))
        rows = []
        for number in range(answer.count):
            (item,) = self.say(mavlink.MAVLink_mission_request_int_message(1, 1, number, 0))
            rows.append((item.command, item.x / 1e7, item.y / 1e7, item.z))
        return rows

    def wait(self, seconds: float) -> list:
        """Let it fly; return what it told."""
        packets = []
        for _ in range(round(seconds * 50)):
            self.pilot.tick()
            packets += self.endpoint.telemetry()
        return self.read(packets)
