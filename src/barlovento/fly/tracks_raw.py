"""Fixes from raw Mode S frames, each with the time at which it was received."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from barlovento.errors import BadInput, Fault, SurveyError
from barlovento.fly.fixes import Fix
from barlovento.fly.times import TimeRule, read_time
from barlovento.fly.tracks_json import FOOT, KNOT, NACP

_FRAME = re.compile(r"^(.+?)[\s,;]+\*?([0-9a-fA-F]{14}|[0-9a-fA-F]{28});?$")
_BARE = re.compile(r"^[*@]?[0-9a-fA-F]{14,40};?$")
MOST_FAULTS = 20
LASTING = 60.0
"""A speed or an accuracy that was told longer ago than this says nothing about now [s]."""


def fixes_of_frames(text: str, name: str, timezone: str | None) -> Iterator[Fix]:
    """Decode lines of a time and a frame in hexadecimal.

    Parameters
    ----------
    text : str
        Each line a time (ISO 8601 or seconds since 1970), a space or comma, and 14 or 28 digits.
    name : str
        Of the file, for complaints.
    timezone : str or None
        Zone of times that don't tell theirs.

    Returns
    -------
    iterator of Fix
        Positions only.

    Raises
    ------
    SurveyError
        Lines can't be read.
    """
    times, frames = _lines(text, name, timezone)
    return _decoded(times, frames)


def _lines(text: str, name: str, timezone: str | None) -> tuple[list[float], list[str]]:
    faults: list[Fault] = []
    found: list[tuple[float, str]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _FRAME.match(line)
        what = mend = ""
        if match is None and _BARE.match(line):
            what, mend = "The frame has no time.", "Record each frame with the time of its arrival."
        elif match is None:
            what = "This is neither a table with lat and lon, nor JSON, nor a time with a frame."
            mend = "Export CSV with a header, readsb JSON, or lines of a time and a frame."
        else:
            when = _time(match[1], timezone)
            if math.isnan(when):
                what = f"{match[1]!r} is no time with a zone."
                mend = "Write seconds since 1970 or ISO 8601 with Z, or give --timezone."
            else:
                found.append((when, match[2].lower()))
        if what:
            faults.append(Fault(what=what, mend=mend, file=name, row=number))
            if len(faults) >= MOST_FAULTS:
                break
    if faults:
        raise SurveyError(faults)
    found.sort()
    return [when for when, _ in found], [frame for _, frame in found]


def _time(text: str, timezone: str | None) -> float:
    try:
        return float(text)
    except ValueError:
        return read_time(text, TimeRule(zone=timezone))


def _decoded(times: list[float], frames: list[str]) -> Iterator[Fix]:
    try:
        import rs1090
    except ImportError as error:
        raise BadInput(
            "Raw frames are decoded by rs1090, which is not installed. "
            "Install barlovento[permission]."
        ) from error
    if not frames:
        return
    told: dict[str, dict[str, tuple[float, Any]]] = {}
    # Its types leave out what most messages don't carry.
    messages: list[dict[str, Any]] = list(map(dict, rs1090.decode(frames, times)))
    for message in messages:
        aircraft, when = message.get("icao24"), float(message["timestamp"])
        if aircraft is None:
            continue
        known = told.setdefault(str(aircraft), {})
        for key in ("groundspeed", "NACp", "callsign"):
            if message.get(key) is not None:
                known[key] = (when, message[key])
        lon, lat = message.get("longitude"), message.get("latitude")
        if lon is None or lat is None:
            continue
        altitude = message.get("altitude")
        geometric = message.get("source") == "GNSS"
        yield Fix(
            aircraft=str(aircraft).lower(),
            callsign=str(known.get("callsign", (0.0, ""))[1]).strip(),
            time=when,
            lon=float(lon),
            lat=float(lat),
            height=math.nan if altitude is None else float(altitude) * FOOT,
            height_reference="WGS84" if geometric else "FL",
            speed=float(_recent(known, "groundspeed", when)) * KNOT,
            error=NACP.get(_recent(known, "NACp", when), math.nan),
        )


def _recent(known: dict[str, tuple[float, Any]], key: str, now: float) -> Any:
    when, value = known.get(key, (-math.inf, math.nan))
    return value if now - when <= LASTING else math.nan
