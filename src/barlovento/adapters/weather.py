"""Reads weather for a flight: METAR as text, and wind from GRIB.

A METAR speaks for an hour from its own time. A step of a forecast speaks until the next step of
its file; the last one only ends the step before. Of a GRIB the winds at heights above ground
count, at every grid point around the route.

Sources: WMO-No. 306, volume I.1, FM 15 (METAR); volume I.2, FM 92 (GRIB); station places as the
package ``metar`` carries them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.weather import Weather
from barlovento.errors import BadInput

METAR_FOR = timedelta(hours=1)

LARGEST_GRIB = 2_000_000_000
"""[bytes]"""

COVERS_MORE_THAN_HALF = {"BKN", "OVC", "VV"}
DANGERS = {
    "TS": "thunderstorm",
    "FZ": "freezing",
    "SQ": "squalls",
    "FC": "funnel cloud",
    "GR": "hail",
    "VA": "volcanic ash",
    "SS": "sandstorm",
    "DS": "dust storm",
}
FOOT = 0.3048

Box = tuple[float, float, float, float]
"""West, south, east, north [degree]."""

_DAY = re.compile(r"\b(\d{2})(\d{2})(\d{2})Z\b")


# ---------------------------------------------------------------- METAR


def read_metar(text: str, *, box: Box, now: datetime) -> list[Weather]:
    """Read METARs, one a line.

    Parameters
    ----------
    text : str
        Lines; those that begin with # and empty ones are passed over.
    box : tuple of float
        Around the route [degree].
    now : datetime
        Aware; a report tells its day and no month.

    Returns
    -------
    list of Weather
        One for each.

    Raises
    ------
    BadInput
        A line can't be read whole: what is not understood may be what matters.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        report = line.strip().rstrip("=")
        if report and not report.startswith("#"):
            found.append(_metar(report, number, box, now.astimezone(UTC)))
    if not found:
        raise BadInput("There is no METAR in it. Give one a line.")
    return found


def _metar(report: str, number: int, box: Box, now: datetime) -> Weather:
    from metar.Metar import Metar, ParserError

    where = f"METAR, line {number}"
    time = _DAY.search(report)
    if time is None:
        raise BadInput(f"{where}: tells no time (DDHHMMZ). Give the whole report.")
    moment = _moment(*(int(part) for part in time.groups()), now=now, where=where)
    words = report if report.startswith(("METAR", "SPECI")) else f"METAR {report}"
    try:
        read = Metar(words, month=moment.month, year=moment.year)
    except (ParserError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise BadInput(
            f"{where}: {error}. Mend it, or leave it out: without it is no go."
        ) from error
    return Weather(
        source=f"METAR {read.station_id} {moment:%d %H:%M}Z",
        issued_at=moment,
        valid_from=moment,
        valid_until=moment + METAR_FOR,
        wind_speed=None if read.wind_speed is None else float(read.wind_speed.value("MPS")),
        gust=None if read.wind_gust is None else float(read.wind_gust.value("MPS")),
        wind_height=10.0,
        wind_from_direction=None if read.wind_dir is None else float(read.wind_dir.value()),
        visibility=None if read.vis is None else float(read.vis.value("M")),
        cloud_base=_cloud_base(read.sky),
        dangers=_dangers(read.weather),
        distance=_away(str(read.station_id), box),
    )


def _moment(day: int, hour: int, minute: int, *, now: datetime, where: str) -> datetime:
    """Return the last such moment that is not in the future."""
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(3):
        try:
            moment = month.replace(day=day, hour=hour, minute=minute)
        except ValueError:
            moment = None
        if moment is not None and moment <= now + timedelta(hours=12):
            return moment
        month = (month - timedelta(days=1)).replace(day=1)
    raise BadInput(f"{where}: there is no time {day:02d}{hour:02d}{minute:02d}Z. Mend it.")


def _cloud_base(sky: Any) -> float | None:
    heights = [layer[1] for layer in sky if layer[0] in COVERS_MORE_THAN_HALF]
    if any(height is None for height in heights):
        # Covered, and nobody knows from which height.
        return 0.0
    return min((float(height.value("M")) for height in heights), default=None)


def _dangers(weather: Any) -> tuple[str, ...]:
    codes = ["".join(part or "" for part in group) for group in weather]
    return tuple(sorted({word for code in codes for key, word in DANGERS.items() if key in code}))


@lru_cache(maxsize=1)
def _stations() -> dict[str, tuple[float, float]]:
    """Return longitude and latitude of weather stations by their ICAO code [degree]."""
    from importlib.resources import files

    text = files("metar").joinpath("nsd_cccc.txt").read_text(encoding="latin-1")
    found = {}
    for line in text.splitlines():
        fields = line.split(";")
        if len(fields) > 8:
            lat, lon = _degrees(fields[7]), _degrees(fields[8])
            if lat is not None and lon is not None:
                found[fields[0]] = (lon, lat)
    return found


def _degrees(text: str) -> float | None:
    match = re.fullmatch(r"(\d+)-(\d+)(?:-(\d+))?([NSEW])", text.strip())
    if match is None:
        return None
    degrees, minutes, seconds, side = match.groups()
    value = int(degrees) + int(minutes) / 60 + int(seconds or 0) / 3600
    return -value if side in "SW" else value


def _away(station: str, box: Box) -> float | None:
    """Return how far a station is from a box [m]; None where nobody knows where it is."""
    from pyproj import Geod

    place = _stations().get(station)
    if place is None:
        return None
    lon = min(max(place[0], box[0]), box[2])
    lat = min(max(place[1], box[1]), box[3])
    return float(Geod(ellps="WGS84").inv(place[0], place[1], lon, lat)[2])


# ---------------------------------------------------------------- GRIB


def read_grib(path: Path, *, box: Box) -> list[Weather]:
    """Read the wind around a route from a GRIB file.

    Parameters
    ----------
    path : Path
        Editions 1 or 2, with u and v at heights above ground, and gusts if there are any.
    box : tuple of float
        Around the route [degree].

    Returns
    -------
    list of Weather
        One for each step and height, with the strongest wind of the grid points around the box.

    Raises
    ------
    BadInput
        It can't be read, holds no such wind, or does not reach around the box.
    """
    steps: dict[datetime, dict[str, Any]] = {}
    try:
        if path.stat().st_size > LARGEST_GRIB:
            raise BadInput(f"{path.name} is larger than 2 GB. Cut the area out.")
        for field in _fields(path):
            _sort(field, steps, box, path.name)
    except OSError as error:
        raise BadInput(f"Can't read {path}: {error.strerror or error}.") from error
    moments = sorted(moment for moment, step in steps.items() if step["pairs"])
    if not moments:
        raise BadInput(
            f"{path.name} holds no wind (u and v) at a height above ground. Fetch it with 10 m or "
            "100 m winds."
        )
    if len(moments) < 2:
        raise BadInput(
            f"{path.name} holds one step only, so nothing says until when it holds. Fetch the "
            "steps before and after the flight."
        )
    # What is in force between two steps is the stronger of both.
    return [
        _between(path.name, moment, after, height, steps)
        for moment, after in pairwise(moments)
        for height in sorted(steps[moment]["pairs"])
    ]


def _between(
    name: str, moment: datetime, after: datetime, height: float, steps: dict[datetime, Any]
) -> Weather:
    one, other = steps[moment], steps[after]
    winds = [step["pairs"][height] for step in (one, other) if height in step["pairs"]]
    gusts = [step["gust"] for step in (one, other) if step["gust"] is not None]
    strongest = max(winds, key=lambda wind: float(wind[0]))
    return Weather(
        source=f"{name} {moment:%d %H:%M}Z at {height:g} m",
        issued_at=one["issued"],
        valid_from=moment,
        valid_until=after,
        wind_speed=strongest[0],
        gust=max(gusts, default=None),
        wind_height=height,
        wind_from_direction=strongest[1],
        visibility=None,
        cloud_base=None,
        dangers=(),
        distance=0.0,
    )


def _fields(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the wind fields of a file."""
    import eccodes

    with path.open("rb") as file:
        while True:
            try:
                handle = eccodes.codes_grib_new_from_file(file)
            except eccodes.CodesInternalError as error:
                raise BadInput(f"{path.name}: {error}. Fetch it again: it is cut short.") from error
            if handle is None:
                return
            try:
                field = _field(handle)
            except eccodes.CodesInternalError as error:
                raise BadInput(f"{path.name}: a message can't be read ({error}).") from error
            finally:
                eccodes.codes_release(handle)
            if field is not None:
                yield field


_WINDS = {
    "u": "u",
    "v": "v",
    "10u": "u",
    "10v": "v",
    "100u": "u",
    "100v": "v",
    "200u": "u",
    "200v": "v",
    "gust": "gust",
    "10fg": "gust",
    "i10fg": "gust",
    "max_i10fg": "gust",
}


def _field(handle: Any) -> dict[str, Any] | None:
    import eccodes

    part = _WINDS.get(eccodes.codes_get(handle, "shortName"))
    kind = eccodes.codes_get(handle, "typeOfLevel")
    level = float(eccodes.codes_get(handle, "level"))
    if part is None or (part != "gust" and (kind != "heightAboveGround" or level <= 0)):
        return None
    missing = float(eccodes.codes_get(handle, "missingValue"))
    values = np.asarray(eccodes.codes_get_values(handle), dtype=np.float64)
    return {
        "part": part,
        "level": level,
        "issued": _stamp(handle, "dataDate", "dataTime"),
        "valid": _stamp(handle, "validityDate", "validityTime"),
        "values": np.where(values == missing, np.nan, values),
        "lat": np.asarray(eccodes.codes_get_array(handle, "latitudes"), dtype=np.float64),
        "lon": np.asarray(eccodes.codes_get_array(handle, "longitudes"), dtype=np.float64),
    }


def _stamp(handle: Any, day: str, time: str) -> datetime:
    import eccodes

    date, clock = int(eccodes.codes_get(handle, day)), int(eccodes.codes_get(handle, time))
    stamp = f"{date:08d}{clock:04d}"
    return datetime.strptime(stamp, "%Y%m%d%H%M").replace(tzinfo=UTC)


def _sort(
    field: dict[str, Any], steps: dict[datetime, dict[str, Any]], box: Box, name: str
) -> None:
    """Take a field into its step; u waits for its v."""
    near = _around(field["lon"], field["lat"], box, name)
    values = field["values"][near]
    if not np.isfinite(values).all():
        raise BadInput(f"{name}: a value is missing around the route. Fetch another forecast.")
    step = steps.setdefault(
        field["valid"], {"issued": field["issued"], "pairs": {}, "gust": None, "waits": {}}
    )
    step["issued"] = min(step["issued"], field["issued"])
    if field["part"] == "gust":
        step["gust"] = max(float(values.max()), step["gust"] or 0.0)
        return
    level = field["level"]
    other = step["waits"].pop(level, None)
    if other is None or other[0] == field["part"] or len(other[1]) != len(values):
        step["waits"][level] = (field["part"], values)
        return
    u, v = (values, other[1]) if field["part"] == "u" else (other[1], values)
    speed = np.hypot(u, v)
    most = int(speed.argmax())
    heading = math.degrees(math.atan2(-u[most], -v[most])) % 360.0
    step["pairs"][level] = (float(speed[most]), heading)


def _around(lon: Any, lat: Any, box: Box, name: str) -> Any:
    """Return which grid points lie around a box: in it, and the next ones outside."""
    east = (lon - box[0] + 180.0) % 360.0 - 180.0 + box[0]
    wide = _spacing(np.unique(np.round(east, 6)))
    high = _spacing(np.unique(np.round(lat, 6)))
    near = (
        (east >= box[0] - wide)
        & (east <= box[2] + wide)
        & (lat >= box[1] - high)
        & (lat <= box[3] + high)
    )
    holds = (
        near.any()
        and east[near].min() <= box[0]
        and east[near].max() >= box[2]
        and lat[near].min() <= box[1]
        and lat[near].max() >= box[3]
    )
    if not holds:
        raise BadInput(f"{name} does not reach around the route. Fetch a larger area.")
    return near


def _spacing(values: Any) -> float:
    steps = np.diff(np.asarray(values))
    return float(np.median(steps)) * 1.001 if len(steps) else 0.0
