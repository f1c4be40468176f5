"""MAVLink telemetry logs (.tlog): eight bytes of time on the ground, then a MAVLink frame."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from barlovento.errors import BadInput
from barlovento.fly.logs.bytestream import OpenLog, Window
from barlovento.fly.logs.clocks import is_flight_time
from barlovento.fly.logs.record import Gathered

_V1, _V2 = 0xFE, 0xFD
_SIGNED = 0x01
#: Time in front of a frame, and the longest header behind it [byte].
_STAMP, _HEAD, _SHORTEST = 8, 10, 8
_LONGEST = _STAMP + _HEAD + 255 + 2 + 13
#: Messages that are decoded; all others are stepped over.
SYSTEM_TIME, GPS_RAW_INT, SCALED_PRESSURE, GLOBAL_POSITION_INT = 2, 24, 29, 33
TERRAIN_REPORT, ALTITUDE, WIND, WIND_COV = 136, 141, 168, 231
_WANTED = frozenset(
    (
        *(SYSTEM_TIME, GPS_RAW_INT, SCALED_PRESSURE, GLOBAL_POSITION_INT),
        *(TERRAIN_REPORT, ALTITUDE, WIND, WIND_COV),
    )
)
_AUTOPILOT = 1
#: A time in microseconds between 2005 and 2105, then the first byte of a frame.
_ENTRY = re.compile(rb"\x00[\x04-\x0f][\s\S]{6}[\xfd\xfe]")


def looks_like(start: bytes) -> bool:
    """Whether a file begins as a telemetry log does, perhaps after some broken bytes."""
    return any(
        _frame_length(start, at) is not None and _plausible(start, at)
        for at in range(max(len(start) - _STAMP - _HEAD, 0))
    )


def read_tlog(
    path: Path, *, vehicle: int | None, tell: Callable[[float], None] | None = None
) -> tuple[Gathered, str]:
    """Read a telemetry log in one pass.

    Parameters
    ----------
    path : Path
        The file.
    vehicle : int or None
        System number of the vehicle that is wanted; None where the log has one only.
    tell : callable, optional
        Takes the share that is read.

    Returns
    -------
    tuple of Gathered and str
        The log, and the SHA-256 of its bytes.

    Raises
    ------
    BadInput
        It is no log of one vehicle, or can't be read.
    """
    by_vehicle: dict[int, _Vehicle] = {}
    trouble = _Trouble()
    with OpenLog(path, tell) as log:
        for stamp, message in _messages(log.window, trouble):
            system = message.get_srcSystem()
            by_vehicle.setdefault(system, _Vehicle()).take(stamp, message)
        digest = log.window.digest()
    flown = {n: v for n, v in by_vehicle.items() if len(v.out.places) + len(v.raw)}
    if vehicle is not None and vehicle not in flown:
        there = ", ".join(str(n) for n in sorted(flown)) or "none"
        raise BadInput(
            f"{path.name} holds no positions of vehicle {vehicle}. It has those of: {there}."
        )
    if vehicle is None and len(flown) > 1:
        numbers = ", ".join(str(n) for n in sorted(flown))
        raise BadInput(
            f"{path.name} holds positions of several vehicles: {numbers}. "
            "Say which carried the sensor with --vehicle NUMBER."
        )
    if flown:
        chosen = flown[vehicle if vehicle is not None else next(iter(flown))]
    else:
        # Without places, what a receiver said tells why.
        seen = [*by_vehicle.values(), _Vehicle()]
        chosen = max(seen, key=lambda one: len(one.out.fixes))
    out = chosen.finished()
    out.broken += trouble.told()
    return out, digest


class _Vehicle:
    """What one system number sent."""

    def __init__(self) -> None:
        self.out = Gathered(kind="MAVLink telemetry log", absolute=True, one_boot=False)
        self.raw: list[tuple[float, float, float, float, float]] = []

    def take(self, stamp: float, message: Any) -> None:
        """Sort one message into its column [s]."""
        kind, out = message.get_msgId(), self.out
        if kind == GLOBAL_POSITION_INT:
            if message.lat or message.lon:
                out.place(
                    stamp,
                    message.time_boot_ms / 1e3,
                    message.lon / 1e7,
                    message.lat / 1e7,
                    amsl=message.alt / 1e3,
                    home=message.relative_alt / 1e3,
                )
        elif kind == GPS_RAW_INT:
            self._receiver(stamp, message)
        elif kind == SYSTEM_TIME:
            utc = message.time_unix_usec / 1e6
            if is_flight_time(utc):
                out.clocks.add(stamp, message.time_boot_ms / 1e3, utc)
        elif kind == SCALED_PRESSURE:
            if 10.0 < message.press_abs < 1200.0:
                out.air.add(stamp, message.press_abs * 100.0)
        elif kind == TERRAIN_REPORT:
            # Without loaded tiles the height is that above home.
            if message.spacing and message.loaded and not message.pending:
                out.ground.add(stamp, message.current_height)
        elif kind == ALTITUDE and message.altitude_terrain > -1000:
            out.ground.add(stamp, message.altitude_terrain)
        elif kind in (WIND, WIND_COV):
            east, north = _wind_of(message)
            if math.isfinite(east) and math.isfinite(north):
                out.wind.add(stamp, east, north)

    def _receiver(self, stamp: float, message: Any) -> None:
        self.out.fixes.add(stamp, message.fix_type)
        if message.fix_type >= 3 and (message.lat or message.lon):
            ellipsoid = getattr(message, "alt_ellipsoid", 0)
            self.raw.append(
                (
                    stamp,
                    message.lon / 1e7,
                    message.lat / 1e7,
                    message.alt / 1e3,
                    ellipsoid / 1e3 if ellipsoid else math.nan,
                )
            )

    def finished(self) -> Gathered:
        """Return the columns; positions of the receiver alone where nothing better was sent."""
        out = self.out
        if not len(out.places) and self.raw:
            out.said.append(
                "The log has no GLOBAL_POSITION_INT: positions are those of the receiver "
                "(GPS_RAW_INT), timed by their arrival on the ground."
            )
            for stamp, longitude, latitude, amsl, ellipsoid in self.raw:
                out.place(stamp, math.nan, longitude, latitude, amsl=amsl, ellipsoid=ellipsoid)
        return out


def _wind_of(message: Any) -> tuple[float, float]:
    """Return how fast the air moves east and north [m s-1]."""
    if message.get_msgId() == WIND_COV:
        return message.wind_y, message.wind_x
    # WIND says where it comes from.
    turn = math.radians(message.direction)
    return -message.speed * math.sin(turn), -message.speed * math.cos(turn)


@dataclass(slots=True)
class _Trouble:
    """What was broken, and where it began."""

    odd_bytes: int = 0
    wrong_sums: int = 0
    first: int = -1
    cut: int | None = None

    def at(self, offset: int) -> None:
        """Remember the first place [byte]."""
        self.first = offset if self.first < 0 else self.first

    def told(self) -> list[str]:
        """Return what a person should know."""
        lines = []
        if self.odd_bytes:
            lines.append(f"{self.odd_bytes:,} bytes that belong to no frame were stepped over")
        if self.wrong_sums:
            lines.append(f"{self.wrong_sums:,} frames with a wrong checksum were left out")
        if lines:
            lines[0] += f", the first at byte {self.first:,}"
        if self.cut is not None:
            lines.append(
                f"the last frame is cut at byte {self.cut:,}; everything before it was read"
            )
        return lines


def _messages(window: Window, trouble: _Trouble) -> Iterator[tuple[float, Any]]:
    """Yield time on the ground and each wanted message of an autopilot; note what is broken."""
    from pymavlink.dialects.v20 import ardupilotmega as mavlink

    # Files need no link: frames come whole or not at all.
    parser = mavlink.MAVLink(None)
    while window.has(_STAMP + _SHORTEST):
        window.has(_LONGEST)
        at, buffer = window.at, window.buffer
        length = _frame_length(buffer, at)
        if length is None or not _plausible(buffer, at):
            trouble.at(window.offset)
            step = _to_next(buffer, at)
            trouble.odd_bytes += step if trouble.cut is None else 0
            window.at += step
            continue
        if len(buffer) - at < _STAMP + length:
            # The end of the file, or odd bytes near it: if a frame follows, it was no end.
            trouble.cut = window.offset if trouble.cut is None else trouble.cut
            window.at += 1
            continue
        frame = buffer[at + _STAMP : at + _STAMP + length]
        number = frame[5] if frame[0] == _V1 else int.from_bytes(frame[7:10], "little")
        if number in _WANTED:
            try:
                message = parser.decode(bytearray(frame))
            except (mavlink.MAVError, struct.error, ValueError, IndexError, TypeError):
                trouble.at(window.offset)
                trouble.wrong_sums += 1
                window.at += 1
                continue
            component = frame[4] if frame[0] == _V1 else frame[6]
            if component == _AUTOPILOT:
                yield int.from_bytes(buffer[at : at + _STAMP], "big") / 1e6, message
        elif not _joins(buffer, at + _STAMP + length):
            # It was not checked by its sum, so what follows it must look like a frame.
            trouble.at(window.offset)
            trouble.odd_bytes += 1
            window.at += 1
            continue
        trouble.cut = None
        window.at += _STAMP + length
    if window.has(1) and trouble.cut is None:
        trouble.cut = window.offset


def _frame_length(buffer: bytes | bytearray, at: int) -> int | None:
    """Return the length of the frame behind the time, None where there is no frame [byte]."""
    begin = at + _STAMP
    if begin + 3 > len(buffer):
        return None
    magic, payload = buffer[begin], buffer[begin + 1]
    if magic == _V1:
        return 8 + payload
    if magic == _V2 and buffer[begin + 2] & ~_SIGNED == 0:
        return 12 + payload + (13 if buffer[begin + 2] & _SIGNED else 0)
    return None


def _plausible(buffer: bytes | bytearray, at: int) -> bool:
    """Whether the eight bytes in front of a frame are a time at which drones flew."""
    return is_flight_time(int.from_bytes(buffer[at : at + _STAMP], "big") / 1e6)


def _to_next(buffer: bytearray, at: int) -> int:
    """Return how far the next place is at which an entry may begin [byte]."""
    found = _ENTRY.search(buffer, at + 1)
    return (found.start() if found else max(len(buffer) - _STAMP, at + 1)) - at


def _joins(buffer: bytes | bytearray, at: int) -> bool:
    """Whether what stands here may be the next entry, or the end of what is known."""
    if len(buffer) - at < _STAMP + 3:
        return True
    return _frame_length(buffer, at) is not None and _plausible(buffer, at)
