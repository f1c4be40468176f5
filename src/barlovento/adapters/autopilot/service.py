"""The simulated autopilot behind a UDP port of this machine; no other machine can reach it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO

from barlovento.adapters.autopilot.endpoint import Endpoint
from barlovento.adapters.autopilot.pilot import TICK, Pilot
from barlovento.adapters.autopilot.tlog import TelemetryLog
from barlovento.errors import BadInput

LOOPBACK = "127.0.0.1"

_LONGEST_DATAGRAM = 65_536
_MOST_STATIONS = 4
_MOST_BEHIND = 25
"""Ticks that are made up for at once; more than that is a machine that can't keep up."""

_NAP = 0.002
"""[s]"""


def serve(
    pilot: Pilot,
    start: datetime,
    *,
    port: int,
    ground_port: int,
    speed: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    stop: Callable[[], bool],
    tlog: BinaryIO | None = None,
) -> None:
    """Let a ground station on this machine fly the simulated autopilot.

    Parameters
    ----------
    pilot : Pilot
        Who flies.
    start : datetime
        The time 0 of the exercise, aware.
    port : int
        UDP port of the autopilot; 0 lets the system choose.
    ground_port : int
        Port of the ground station, which gets the first heartbeats.
    speed : float
        Simulated seconds in a second [1].
    clock : callable
        Seconds that go on by themselves [s].
    sleep : callable
        Waits so many seconds [s].
    stop : callable
        Asked often; true ends it.
    tlog : binary file, optional
        Gets what is sent and received.

    Raises
    ------
    BadInput
        The port is taken, or the speed is none.
    """
    if not 0 < speed <= 200:
        raise BadInput(f"A speed of {speed} can't be run. Give more than 0 and at most 200.")
    endpoint = Endpoint(pilot, start)
    log = TelemetryLog(tlog, start) if tlog is not None else None
    stations = [(LOOPBACK, ground_port)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.bind((LOOPBACK, port))
        except OSError as error:
            raise BadInput(f"Can't open UDP port {port}: {error}. Take another.") from error
        line.setblocking(False)

        def send(packets: list[bytes], to: list[tuple[str, int]]) -> None:
            for packet in packets:
                if log is not None:
                    log.packet(pilot.time, packet)
                for address in to:
                    _sent(line, packet, address)

        began, first = clock(), pilot.ticks
        while not stop():
            for data, address in _received(line):
                if address not in stations and len(stations) < _MOST_STATIONS:
                    stations.append(address)
                if log is not None:
                    log.packet(pilot.time, data)
                send(endpoint.handle(data, clock()), [address])
            send(endpoint.overdue(clock()), stations)
            behind = int((clock() - began) * speed / TICK) - (pilot.ticks - first)
            if behind > _MOST_BEHIND:
                # The clock of the flight waits rather than jumps.
                began += (behind - _MOST_BEHIND) * TICK / speed
                behind = _MOST_BEHIND
            for _ in range(behind):
                pilot.tick()
                send(endpoint.telemetry(), stations)
            if behind <= 0:
                sleep(_NAP)


def _received(line: socket.socket) -> list[tuple[bytes, tuple[str, int]]]:
    found = []
    for _ in range(100):
        try:
            found.append(line.recvfrom(_LONGEST_DATAGRAM))
        except BlockingIOError:
            break
        except ConnectionError:
            # Nobody listens at an address that was written to; the next one may be there.
            continue
    return found


def _sent(line: socket.socket, packet: bytes, address: tuple[str, int]) -> None:
    try:
        line.sendto(packet, address)
    except (BlockingIOError, ConnectionError):
        # Telemetry is lost on a full or closed line, as on any radio.
        return
