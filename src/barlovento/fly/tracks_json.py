"""Fixes from the JSON of readsb: snapshots (`aircraft.json`) and traces of one aircraft."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from barlovento.errors import BadInput
from barlovento.fly.fixes import Fix

FOOT, KNOT = 0.3048, 1852.0 / 3600.0

NACP = {11: 3.0, 10: 10.0, 9: 30.0, 8: 92.6, 7: 185.2, 6: 555.6, 5: 926.0, 4: 1852.0}
NACP |= {3: 3704.0, 2: 7408.0, 1: 18520.0}
"""Navigation accuracy category for position, and the 95 % error that it stands for [m].

RTCA DO-260B, section 2.2.3.2.7.2.7; category 0 is unknown.
"""


def fixes_of_json(document: Any, name: str) -> Iterator[Fix]:
    """Return the fixes of a snapshot, a list of snapshots or a trace.

    Parameters
    ----------
    document : dict or list
        As read.
    name : str
        Of the file, for complaints.

    Returns
    -------
    iterator of Fix
        Positions only.

    Raises
    ------
    BadInput
        It is none of these.
    """
    if isinstance(document, list):
        return (fix for one in document for fix in fixes_of_json(one, name))
    if isinstance(document, dict) and "trace" in document:
        return _trace(document, name)
    if isinstance(document, dict) and "aircraft" in document:
        return _snapshot(document, name)
    raise BadInput(
        f"{name}: this JSON is neither a readsb aircraft.json nor a trace. It needs `now` and "
        "`aircraft`, or `icao`, `timestamp` and `trace`."
    )


def _value(value: Any, unit: float = 1.0) -> float:
    """Return a number in our unit; NaN for words such as "ground" and for nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) * unit


def _place(lon: Any, lat: Any, name: str) -> tuple[float, float] | None:
    """Return a position, nothing where there is none."""
    x, y = _value(lon), _value(lat)
    if math.isnan(x) or math.isnan(y):
        return None
    if abs(x) > 180.0 or abs(y) > 90.0:
        raise BadInput(f"{name}: {x:g}, {y:g} is no position in degrees. Fetch the file again.")
    return x, y


def _snapshot(document: dict[str, Any], name: str) -> Iterator[Fix]:
    now = _value(document.get("now"))
    if math.isnan(now):
        raise BadInput(f"{name}: the snapshot has no time `now`. Fetch it again.")
    for one in document["aircraft"]:
        place = _place(one.get("lon"), one.get("lat"), name)
        if place is None:
            continue
        seen = _value(one.get("seen_pos", 0.0))
        height, reference = _height(one.get("alt_baro"), one.get("alt_geom"))
        yield Fix(
            aircraft=str(one.get("hex", "")).lower(),
            callsign=str(one.get("flight", "")).strip(),
            # Times are rounded, so that one fix in two snapshots is one moment.
            time=round(now - (0.0 if math.isnan(seen) else seen), 1),
            lon=place[0],
            lat=place[1],
            height=height,
            height_reference=reference,
            speed=_value(one.get("gs"), KNOT),
            error=NACP.get(one.get("nac_p", -1), math.nan),
        )


def _height(pressure: Any, geometric: Any) -> tuple[float, str]:
    height = _value(pressure, FOOT)
    if not math.isnan(height):
        return height, "FL"
    return _value(geometric, FOOT), "WGS84"


def _trace(document: dict[str, Any], name: str) -> Iterator[Fix]:
    start = _value(document.get("timestamp"))
    if math.isnan(start):
        raise BadInput(f"{name}: the trace has no `timestamp`. Fetch it again.")
    for number, row in enumerate(document["trace"], start=1):
        if not isinstance(row, list) or len(row) < 7:
            raise BadInput(f"{name}: entry {number} of the trace is cut short. Fetch it again.")
        place = _place(row[2], row[1], name)
        if place is None:
            continue
        detail = row[8] if len(row) > 8 and isinstance(row[8], dict) else {}
        height, reference = _height(row[3], row[10] if len(row) > 10 else None)
        yield Fix(
            aircraft=str(document.get("icao", "")).lower(),
            callsign=str(detail.get("flight", "")).strip(),
            time=round(start + _value(row[0]), 2),
            lon=place[0],
            lat=place[1],
            height=height,
            height_reference=reference,
            speed=_value(row[4], KNOT),
            error=NACP.get(detail.get("nac_p", -1), math.nan),
            stale=bool(int(_value(row[6]) or 0) & 1),
        )
