"""What an autopilot tells, gathered into one record; and what it holds, asked for bit by bit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.mavlink.families import Family
from barlovento.adapters.mavlink.items import MISSION, NAMES, Wire, from_message, same
from barlovento.adapters.mavlink.station import Station
from barlovento.domain.traffic import Intruder
from barlovento.domain.watched import Seen

_FORGOTTEN = 20.0
"""Another aircraft that was not heard for so long is gone [s]."""

_VALID_PLACE, _VALID_HEIGHT, _VALID_HEADING, _VALID_SPEED = 1, 2, 4, 8


class Telemetry:
    """The last of everything that an autopilot told.

    Parameters
    ----------
    station : Station
        Whom it tells.
    family : Family
        Of the autopilot.
    position_error : float
        Where it tells none [m].
    """

    def __init__(self, station: Station, family: Family, *, position_error: float) -> None:
        self._station = station
        self._family = family
        self._error = position_error
        self.fixed = False
        self.fix_at = -math.inf
        self.place = (math.nan, math.nan, math.nan)
        self.above_home = math.nan
        self.velocity = (0.0, 0.0)
        self.battery: float | None = None
        self._clock: tuple[float, float] | None = None
        self.in_air: bool | None = None
        self.item = 0
        self._others: dict[int, tuple[float, Intruder]] = {}

    @property
    def complete(self) -> bool:
        """Return whether place, fix, battery and ground were told."""
        heard = self.battery is not None and self.in_air is not None
        return heard and self.fixed and math.isfinite(self.place[0])

    def take(self, message: Any) -> None:
        """Take a message in."""
        now = self._station.line.now()
        name = message.get_type()
        if name == "GLOBAL_POSITION_INT":
            self.place = (message.lon / 1e7, message.lat / 1e7, message.alt / 1e3)
            self.above_home = message.relative_alt / 1e3
            self.velocity = (message.vy / 100, message.vx / 100)
            self.fix_at = now
        elif name == "GPS_RAW_INT":
            self.fixed = message.fix_type >= mavlink.GPS_FIX_TYPE_3D_FIX
            accuracy = getattr(message, "h_acc", 0) / 1e3
            self._error = max(self._error, accuracy) if accuracy else self._error
        elif name == "SYS_STATUS":
            left = message.battery_remaining
            self.battery = float(left) if 0 <= left <= 100 else None
        elif name == "SYSTEM_TIME" and message.time_unix_usec:
            self._clock = (message.time_unix_usec / 1e6, now)
        elif name == "EXTENDED_SYS_STATE":
            self.in_air = message.landed_state != mavlink.MAV_LANDED_STATE_ON_GROUND
        elif name == "MISSION_CURRENT":
            self.item = int(message.seq)
        elif name == "ADSB_VEHICLE" and message.flags & _VALID_PLACE:
            self._others[int(message.ICAO_address)] = (now, _intruder(message))

    def seen(self, clock: float, *, withdrawn: str, changed: str) -> Seen:
        """Return what is known now.

        Parameters
        ----------
        clock : float
            What this machine's clock says, since 1970 [s].
        withdrawn, changed : str
            As in :class:`barlovento.domain.watched.Seen`.
        """
        station = self._station
        now = station.line.now()
        others = tuple(one for at, one in self._others.values() if now - at < _FORGOTTEN)
        mode = station.mode[1]
        landed = self.in_air is False or (self.in_air is None and self.above_home < 1.0)
        return Seen(
            steady=now,
            clock=clock,
            vehicle_clock=None if self._clock is None else self._clock[0] + now - self._clock[1],
            heard=station.last_heard,
            fix_at=self.fix_at,
            fixed=self.fixed and math.isfinite(self.place[0]),
            lon=self.place[0],
            lat=self.place[1],
            height=self.place[2],
            velocity=self.velocity,
            position_error=self._error,
            battery=self.battery,
            flying=station.armed and not landed,
            returning=mode in self._family.returning,
            holding=mode in self._family.holding,
            intruders=others,
            withdrawn=withdrawn,
            changed=changed,
        )


class Reader:
    """Reads a mission and a fence back while it flies, a question at a time.

    Parameters
    ----------
    station : Station
        Whom it asks through.
    wires : mapping of int to sequence of Wire
        What was sent, by kind; item 0 of ArduPilot's mission is its own.
    own : bool
        Whether item 0 of the mission is the autopilot's own.
    """

    def __init__(self, station: Station, wires: Mapping[int, Sequence[Wire]], *, own: bool) -> None:
        self._station = station
        self._wires = wires
        self._own = own
        self._steps = [
            (kind, number) for kind, items in wires.items() for number in (-1, *range(len(items)))
        ]
        self._at = 0
        self.changed = ""
        self.rounds = 0

    def ask(self) -> None:
        """Ask the next question; it is asked again where no answer came."""
        if not self._steps:
            return
        kind, number = self._steps[self._at]
        to = (self._station.system, self._station.component)
        if number < 0:
            self._station.say(mavlink.MAVLink_mission_request_list_message(*to, kind))
        else:
            self._station.say(mavlink.MAVLink_mission_request_int_message(*to, number, kind))

    def take(self, message: Any) -> None:
        """Take an answer in."""
        if not self._steps or getattr(message, "mission_type", -1) not in self._wires:
            return
        kind, number = self._steps[self._at]
        name = message.get_type()
        if message.mission_type != kind:
            return
        if name == "MISSION_COUNT" and number < 0:
            wanted = len(self._wires[kind])
            if message.count != wanted:
                self._differs(kind, f"holds {message.count} items, {wanted} were sent")
            self._go_on()
        elif name == "MISSION_ITEM_INT" and message.seq == number:
            own = self._own and kind == MISSION and number == 0
            if not own and not same(self._wires[kind][number], from_message(message)):
                self._differs(kind, f"has another item {number} than was sent")
            self._go_on()

    def _differs(self, kind: int, how: str) -> None:
        self.changed = f"The {NAMES[kind]} on the autopilot {how}."

    def _go_on(self) -> None:
        self._at += 1
        if self._at == len(self._steps):
            self._at = 0
            self.rounds += 1


def _intruder(message: Any) -> Intruder:
    flags = message.flags
    speed = message.hor_velocity / 100 if flags & _VALID_SPEED else 0.0
    heading = math.radians(message.heading / 100) if flags & _VALID_HEADING else 0.0
    call = message.callsign
    text = call.decode("ascii", "replace") if isinstance(call, bytes) else str(call)
    name = "".join(c for c in text if c.isalnum()) or "another aircraft"
    return Intruder(
        name=name,
        lon=message.lon / 1e7,
        lat=message.lat / 1e7,
        height=message.altitude / 1e3 if flags & _VALID_HEIGHT else None,
        velocity=(speed * math.sin(heading), speed * math.cos(heading)),
        climb=message.ver_velocity / 100,
    )
