"""Files of tracks: CSV, readsb JSON and raw frames, told apart by what is in them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from barlovento.errors import BadInput, Fault, SurveyError
from barlovento.fly.fixes import Fix, Found, distance, to_tracks
from barlovento.fly.times import TimeRule, read_time, zone_of
from barlovento.fly.tracks_json import fixes_of_json

FOOT, KNOT = 0.3048, 1852.0 / 3600.0
MOST_FAULTS = 20

NAMES: Mapping[str, Sequence[str]] = {
    "time": ("timestamp", "time", "datetime", "utc", "time_utc"),
    "aircraft": ("icao24", "hex", "icao", "aircraft", "id"),
    "callsign": ("callsign", "flight"),
    "lat": ("latitude", "lat"),
    "lon": ("longitude", "lon", "lng"),
    "speed": ("groundspeed", "ground_speed", "gs"),
    "error": ("position_error", "position_error_m", "epu_m"),
    "datum": ("datum", "crs"),
}
"""Headers that are understood, in any case."""

HEIGHTS: Mapping[str, tuple[float, str]] = {
    "altitude": (FOOT, "FL"),
    "altitude_ft": (FOOT, "FL"),
    "baro_altitude_m": (1.0, "FL"),
    "geoaltitude": (FOOT, "WGS84"),
    "height_wgs84_m": (1.0, "WGS84"),
    "height_amsl_m": (1.0, "AMSL"),
    "height_agl_m": (1.0, "AGL"),
}
"""Headers of heights: metres in one unit, and the reference."""

WGS84 = ("wgs84", "wgs 84", "epsg:4326", "")


def read_tracks(
    path: Path, *, timezone: str | None, assumed_error: float, aircraft: str | None = None
) -> Found:
    """Read one file of fixes.

    Parameters
    ----------
    path : Path
        CSV, readsb ``aircraft.json`` or trace, or lines of a time and a raw frame; may be gzipped.
    timezone : str or None
        Zone of times that don't tell theirs.
    assumed_error : float
        Position error of fixes that don't tell theirs [m].
    aircraft : str, optional
        Name of the aircraft, where the file doesn't tell it.

    Returns
    -------
    Found
        Tracks and warnings.

    Raises
    ------
    SurveyError
        With every fault found.
    BadInput
        The file can't be read at all.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path}: it can't be read ({error.strerror}). Check the name and the rights."
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if content[:2] == b"\x1f\x8b":
        content = _unpacked(content, path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name}: it is not UTF-8 text. Save it as CSV or JSON.") from error
    fixes = list(_fixes(text, path, timezone, aircraft))
    if not fixes:
        raise BadInput(f"{path.name}: no row has a time and a position. Check what was exported.")
    _check_swap(fixes, path.name)
    return to_tracks(fixes, assumed_error=assumed_error, source=path.name, digest=digest)


def _unpacked(content: bytes, path: Path) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise BadInput(f"{path.name}: the gzip file is damaged. Fetch it again.") from error


def _fixes(text: str, path: Path, timezone: str | None, aircraft: str | None) -> Iterator[Fix]:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        try:
            document = json.loads(text)
        except ValueError as error:
            raise BadInput(f"{path.name}: it is no JSON ({error}). Fetch it again.") from error
        return fixes_of_json(document, path.name)
    first = text.split("\n", 1)[0].lower()
    if "lat" in first and ("lon" in first or "lng" in first):
        return _csv(text, path, timezone, aircraft)
    from barlovento.fly.tracks_raw import fixes_of_frames

    return fixes_of_frames(text, path.name, timezone)


def _columns(header: Sequence[str], name: str) -> dict[str, str]:
    """Return the header that stands for each of our columns."""
    lower = {head.strip().lower(): head for head in header}
    found = {
        ours: lower[theirs]
        for ours, names in NAMES.items()
        for theirs in reversed(names)
        if theirs in lower
    }
    missing = [ours for ours in ("time", "lat", "lon") if ours not in found]
    if missing:
        raise SurveyError(
            [
                Fault(
                    what=f"There is no column for {ours}.",
                    mend=f"Name it one of: {', '.join(NAMES[ours])}.",
                    file=name,
                    row=1,
                )
                for ours in missing
            ]
        )
    for theirs in HEIGHTS:
        if theirs in lower:
            found.setdefault("height", lower[theirs])
    return found


def _csv(text: str, path: Path, timezone: str | None, aircraft: str | None) -> Iterator[Fix]:
    rows = csv.DictReader(io.StringIO(text))
    columns = _columns(rows.fieldnames or (), path.name)
    unit, reference = HEIGHTS.get(columns.get("height", "").strip().lower(), (1.0, ""))
    if timezone is not None:
        zone_of(timezone)
    rule = TimeRule(zone=timezone)
    faults: list[Fault] = []
    for number, row in enumerate(rows, start=2):
        if len(faults) >= MOST_FAULTS:
            break
        fault = _row_fault(row, columns, number, path.name, rule)
        if fault is not None:
            faults.append(fault)
            if "zone" in fault.what:
                break
            continue
        lon, lat = _number(row[columns["lon"]]), _number(row[columns["lat"]])
        if math.isnan(lon) or math.isnan(lat):
            continue
        yield Fix(
            aircraft=(_text(row, columns, "aircraft") or aircraft or path.stem).lower(),
            callsign=_text(row, columns, "callsign"),
            time=read_time(row[columns["time"]], rule),
            lon=lon,
            lat=lat,
            height=_number(_text(row, columns, "height")) * unit,
            height_reference=reference,
            speed=_number(_text(row, columns, "speed")) * KNOT,
            error=_number(_text(row, columns, "error")),
        )
    if faults:
        raise SurveyError(faults)


def _row_fault(
    row: Mapping[str, str], columns: Mapping[str, str], number: int, name: str, rule: TimeRule
) -> Fault | None:
    """Return what is wrong with a row, or nothing."""

    def fault(column: str, what: str, mend: str) -> Fault:
        return Fault(what=what, mend=mend, file=name, row=number, column=columns[column])

    cell = row[columns["time"]] or ""
    if math.isnan(read_time(cell, rule)):
        if not math.isnan(read_time(cell, TimeRule(zone="UTC"))):
            return fault(
                "time",
                f"The time {cell!r} tells no zone.",
                "Say which it is with --timezone, such as --timezone UTC.",
            )
        return fault("time", f"{cell!r} is no time.", "Write ISO 8601: 2026-05-04T10:00:00Z.")
    for column, most in (("lon", 180.0), ("lat", 90.0)):
        text = (row[columns[column]] or "").strip()
        value = _number(text)
        if text and math.isnan(value):
            return fault(column, f"{text!r} is no number.", "Correct the cell or empty it.")
        if abs(value) > most:
            return fault(
                column,
                f"{value:g} degrees is no {'longitude' if column == 'lon' else 'latitude'}.",
                "Are latitude and longitude swapped, or is it a count of metres?",
            )
    if "datum" in columns and (row[columns["datum"]] or "").strip().lower() not in WGS84:
        return fault(
            "datum", f"The datum is {row[columns['datum']]!r}.", "Convert the positions to WGS 84."
        )
    return None


def _text(row: Mapping[str, str], columns: Mapping[str, str], column: str) -> str:
    return (row[columns[column]] or "").strip() if column in columns else ""


def _number(text: str | None) -> float:
    """Return a number, NaN for nothing and for what is none."""
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _check_swap(fixes: Sequence[Fix], name: str) -> None:
    """Refuse positions whose steps fit the told speed only with latitude and longitude swapped."""
    plain, swapped = [], []
    for a, b in pairwise(fixes):
        took = b.time - a.time
        if a.aircraft != b.aircraft or not 0.0 < took <= 30.0 or not a.speed > 20.0:
            continue
        if abs(a.lon) > 90.0 or abs(b.lon) > 90.0:
            return
        told = a.speed * took
        plain.append(distance(a.lon, a.lat, b.lon, b.lat) / told)
        swapped.append(distance(a.lat, a.lon, b.lat, b.lon) / told)
    if len(plain) < 20:
        return
    off, off_swapped = (
        float(np.median(np.abs(np.log(np.maximum(r, 1e-3))))) for r in (plain, swapped)
    )
    if off > 0.1 and off_swapped < off / 3.0:
        raise BadInput(
            f"{name}: latitude and longitude look swapped: the steps between fixes fit the told "
            "ground speed only the other way round. Correct the headers."
        )
