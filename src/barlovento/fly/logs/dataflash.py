"""ArduPilot's DataFlash logs (.bin): A3 95, a type, then fields as FMT messages define them."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from barlovento.fly.logs.bytestream import OpenLog, Window
from barlovento.fly.logs.clocks import from_gps_week, is_flight_time
from barlovento.fly.logs.record import Gathered

_HEAD = b"\xa3\x95"
_FMT, _FMT_LENGTH = 0x80, 89
_WANTED = frozenset(("GPS", "POS", "TERR", "BARO", "NKF2", "XKF2"))
Row = dict[str, float]


def looks_like(start: bytes) -> bool:
    """Whether a file begins as a DataFlash log does."""
    return start[:2] == _HEAD or bytes((*_HEAD, _FMT, _FMT, _FMT_LENGTH)) in start


@dataclass(frozen=True, slots=True)
class _Format:
    """How one type of message is laid out."""

    name: str
    length: int
    layout: struct.Struct | None
    columns: tuple[tuple[int, str, float], ...]

    def row(self, buffer: bytearray, at: int) -> Row:
        """Return the numbers of one message."""
        assert self.layout is not None
        values = self.layout.unpack_from(buffer, at)
        return {name: values[i] * factor for i, name, factor in self.columns}


def read_dataflash(
    path: Path, *, tell: Callable[[float], None] | None = None
) -> tuple[Gathered, str]:
    """Read a DataFlash log in one pass.

    Parameters
    ----------
    path : Path
        The file.
    tell : callable, optional
        Takes the share that is read.

    Returns
    -------
    tuple of Gathered and str
        The log, and the SHA-256 of its bytes.

    Raises
    ------
    BadInput
        It can't be read.
    """
    flight = _Flight()
    with OpenLog(path, tell) as log:
        broken = _read(log.window, flight)
        digest = log.window.digest()
    out = flight.finished()
    out.broken += broken
    return out, digest


def _read(window: Window, flight: _Flight) -> list[str]:
    """Take every wanted message; return what was broken."""
    formats = {_FMT: _Format("FMT", _FMT_LENGTH, struct.Struct("<BB4s16s64s"), ())}
    odd, first, cut = 0, -1, None
    while window.has(3):
        at, buffer = window.at, window.buffer
        form = formats.get(buffer[at + 2]) if buffer[at : at + 2] == _HEAD else None
        if form is None:
            first = window.offset if first < 0 else first
            following = buffer.find(_HEAD, at + 1)
            # The last byte may be the first half of a head.
            step = (following if following >= 0 else max(len(buffer) - 1, at + 1)) - at
            odd += step
            window.at += step
            continue
        if not window.has(form.length):
            cut = window.offset
            break
        at, buffer = window.at, window.buffer
        if form.name == "FMT":
            number, made = _new_format(bytes(buffer[at + 3 : at + _FMT_LENGTH]))
            # The definition of definitions never changes.
            if number != _FMT and made is not None:
                formats[number] = made
        elif form.name in _WANTED and form.layout is not None:
            flight.take(form.name, form.row(buffer, at + 3))
        window.at += form.length
    lines = []
    if odd:
        lines.append(
            f"{odd:,} bytes that belong to no message were stepped over, the first at byte "
            f"{first:,}"
        )
    if cut is not None:
        lines.append(f"the last message is cut at byte {cut:,}; everything before it was read")
    return lines


def _new_format(content: bytes) -> tuple[int, _Format | None]:
    """Return the number and layout that a FMT message defines; None where it is nonsense."""
    from pymavlink.DFReader import FORMAT_TO_STRUCT

    number, length, name, letters, labels = struct.unpack("<BB4s16s64s", content)
    text = _word(name)
    if length < 3:
        return number, None
    fields = [FORMAT_TO_STRUCT.get(letter) for letter in _word(letters)]
    names = _word(labels).split(",")
    if any(field is None for field in fields) or len(names) != len(fields):
        return number, _Format(text, length, None, ())
    layout = struct.Struct("<" + "".join(field[0] for field in fields if field))
    if layout.size != length - 3:
        return number, _Format(text, length, None, ())
    columns = tuple(
        (i, label, field[1] or 1.0)
        for i, (label, field) in enumerate(zip(names, fields, strict=True))
        if field and not field[0].endswith("s")
    )
    return number, _Format(text, length, layout, columns)


def _word(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("ascii", "replace")


class _Flight:
    """Sorts messages into columns; names are those of ArduPilot's log messages."""

    def __init__(self) -> None:
        self.out = Gathered(kind="ArduPilot DataFlash log")
        self._receiver: dict[float, list[tuple[float, ...]]] = {}

    def take(self, name: str, row: Row) -> None:
        """Sort one message into its column."""
        now = _seconds(row)
        if now is None:
            return
        if name == "POS":
            longitude, latitude = row.get("Lng", 0.0), row.get("Lat", 0.0)
            if longitude or latitude:
                self.out.place(
                    now,
                    now,
                    longitude,
                    latitude,
                    amsl=row.get("Alt", math.nan),
                    home=row.get("RelHomeAlt", math.nan),
                )
        elif name == "GPS":
            self._gps(now, row)
        elif name == "TERR" and row.get("Status") == 2:
            self.out.ground.add(now, row.get("CHeight", math.nan))
        elif name == "BARO" and not row.get("I", 0):
            pressure = row.get("Press", math.nan)
            if 1e3 < pressure < 1.2e5:
                self.out.air.add(now, pressure)
        elif name in ("NKF2", "XKF2") and not row.get("C", 0):
            east, north = row.get("VWE", math.nan), row.get("VWN", math.nan)
            if math.isfinite(east) and math.isfinite(north) and (east or north):
                self.out.wind.add(now, east, north)

    def _gps(self, now: float, row: Row) -> None:
        fix = row.get("Status", 0.0)
        instance = row.get("I", 0.0)
        utc = from_gps_week(row.get("GWk", 0.0), row.get("GMS", 0.0) / 1e3)
        longitude, latitude = row.get("Lng", 0.0), row.get("Lat", 0.0)
        sound = fix >= 3 and bool(longitude or latitude)
        self._receiver.setdefault(instance, []).append(
            (now, fix, utc, longitude if sound else math.nan, latitude, row.get("Alt", math.nan))
        )

    def finished(self) -> Gathered:
        """Return the columns, with the receiver that had a fix most often."""
        out = self.out
        if not self._receiver:
            return out
        best = max(self._receiver.values(), key=lambda rows: sum(r[1] >= 3 for r in rows))
        alone = not len(out.places)
        for now, fix, utc, longitude, latitude, amsl in best:
            out.fixes.add(now, fix)
            if fix >= 3 and is_flight_time(utc):
                out.clocks.add(now, now, utc)
            if alone and not math.isnan(longitude):
                out.place(now, now, longitude, latitude, amsl=amsl)
        if alone and len(out.places):
            out.said.append(
                "The log has no POS messages: positions are those of the receiver (GPS)."
            )
        return out


def _seconds(row: Row) -> float | None:
    """Return the time since power on [s]."""
    if "TimeUS" in row:
        return row["TimeUS"] / 1e6
    return row["TimeMS"] / 1e3 if "TimeMS" in row else None
