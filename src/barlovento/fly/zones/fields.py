"""Fields that files of zones share: places, heights, times, and faults that say where."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from barlovento.domain.airspace import (
    Applicability,
    Circle,
    DailyWindow,
    Height,
    HeightReference,
    Polygon4326,
    Position,
    ZoneKind,
)
from barlovento.domain.countries import alpha2
from barlovento.errors import BadInput

FOOT = 0.3048
NAUTICAL_MILE = 1852.0

DAYS = {
    name: number for number, name in enumerate(("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"))
}
EVENTS = {"BMCT": "civil dawn", "SR": "sunrise", "SS": "sunset", "EECT": "civil dusk"}
KINDS = {
    "PROHIBITED": ZoneKind.PROHIBITED,
    "REQ_AUTHORISATION": ZoneKind.REQUIRES_AUTHORISATION,
    "REQ_AUTHORIZATION": ZoneKind.REQUIRES_AUTHORISATION,
    "CONDITIONAL": ZoneKind.CONDITIONAL,
    "USPACE": ZoneKind.CONDITIONAL,
    "NO_RESTRICTION": ZoneKind.NO_RESTRICTION,
}
UNITS = {"M": 1.0, "FT": FOOT}


class Faults:
    """Everything wrong with a file of zones.

    Parameters
    ----------
    file : str
        Its name.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._lines: list[str] = []

    def add(self, number: int, name: str, what: str, mend: str) -> None:
        """Note one fault of a feature, counted from 0."""
        who = f" ({name})" if name else ""
        self._lines.append(f"{self.file}, feature {number}{who}: {what.rstrip('.')}. {mend}")

    def line(self, row: int, what: str, mend: str) -> None:
        """Note one fault of a line, counted from 1."""
        self._lines.append(f"{self.file}, line {row}: {what.rstrip('.')}. {mend}")

    def raise_any(self) -> None:
        """Raise if there was any.

        Raises
        ------
        BadInput
            With one line for each fault.
        """
        if self._lines:
            shown = self._lines[:50]
            if len(self._lines) > len(shown):
                shown.append(f"... and {len(self._lines) - len(shown)} more.")
            shown.append("Nothing of the file was taken: mend it and import it again.")
            raise BadInput("\n".join(shown))


def digest_of(feature: Any) -> str:
    """Return the SHA-256 of a feature, whatever the order of its fields."""
    text = json.dumps(feature, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def number_of(value: Any, name: str) -> float:
    """Return a finite number, also from text.

    Raises
    ------
    BadInput
        It is none.
    """
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(f"{name} is {value!r}, no number. Give a number.")
    return number


def place_of(value: Any) -> Position:
    """Return longitude and latitude.

    Raises
    ------
    BadInput
        It is no place; if it looks swapped, that is said.
    """
    if not isinstance(value, list) or len(value) < 2:
        raise BadInput(f"{value!r} is no place. Give [longitude, latitude].")
    lon, lat = number_of(value[0], "longitude"), number_of(value[1], "latitude")
    if abs(lat) > 90:
        swapped = ", longitude and latitude seem to be swapped" if abs(lon) <= 90 else ""
        raise BadInput(f"Latitude {lat:g} is beyond the pole{swapped}. Put longitude first.")
    if abs(lon) > 180:
        raise BadInput(f"Longitude {lon:g} is beyond 180 degrees. Give -180 to 180.")
    return lon, lat


def ring_of(value: Any) -> tuple[Position, ...]:
    """Return a ring without its closing place.

    Raises
    ------
    BadInput
        It is none, or is not closed.
    """
    if not isinstance(value, list) or len(value) < 4:
        raise BadInput("A ring needs four places or more, the last like the first. Mend it.")
    ring = tuple(place_of(place) for place in value)
    if ring[0] != ring[-1]:
        raise BadInput("A ring does not end where it began. Close it.")
    return ring[:-1]


def polygon_of(coordinates: Any) -> Polygon4326:
    """Return a polygon from GeoJSON coordinates."""
    if not isinstance(coordinates, list) or not coordinates:
        raise BadInput("A polygon has no coordinates. Give its rings.")
    outer, *holes = (ring_of(ring) for ring in coordinates)
    return Polygon4326(outer=outer, holes=tuple(holes))


def circle_of(centre: Any, radius: Any, unit: float) -> Circle:
    """Return a circle.

    Parameters
    ----------
    centre : list
        Longitude and latitude [degree].
    radius : number
        In ``unit``.
    unit : float
        What the radius is counted in [m].
    """
    lon, lat = place_of(centre)
    length = number_of(radius, "radius") * unit
    if length <= 0:
        raise BadInput(f"A circle has the radius {length:g} m. Give one above 0.")
    return Circle(lon=lon, lat=lat, radius=length)


def height_of(value: Any, reference: Any, unit: Any, name: str) -> Height | None:
    """Return a limit of height in metres; None where there is none.

    Raises
    ------
    BadInput
        It has no reference, or a unit that nobody knows.
    """
    if value is None:
        return None
    number = number_of(value, name)
    try:
        kind = HeightReference(str(reference).strip().upper())
    except ValueError:
        raise BadInput(
            f"{name} {number:g} has the reference {reference!r}: above what is not known. "
            "Give AGL, AMSL or WGS84."
        ) from None
    scale = UNITS.get(str(unit or "").strip().upper())
    if scale is None:
        raise BadInput(f"{name} {number:g} has the unit {unit!r}. Give M or FT.")
    return Height(value=number * scale, reference=kind)


def moment_of(value: Any, name: str) -> datetime | None:
    """Return an aware time in UTC, or None.

    Raises
    ------
    BadInput
        It can't be read, or has no zone.
    """
    if value in (None, ""):
        return None
    try:
        # Some publishers write 09:00:00.00Z, which Python reads only with three or six digits.
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"{name} {value!r} is no time. Write 2027-01-31T09:00:00Z.") from None
    if moment.tzinfo is None:
        raise BadInput(f"{name} {value!r} has no time zone. Add Z for UTC.")
    return moment.astimezone(UTC)


def kind_of(word: Any) -> ZoneKind:
    """Return what a zone asks.

    Raises
    ------
    BadInput
        The word is unknown; nothing is assumed.
    """
    kind = KINDS.get(str(word))
    if kind is None:
        raise BadInput(f"The restriction {word!r} is unknown. Give one of {', '.join(KINDS)}.")
    return kind


def country_of(word: Any, otherwise: str) -> str:
    """Return the two-letter code of a country; empty where none is named.

    Raises
    ------
    BadInput
        There is no such country.
    """
    text = str(word or otherwise or "")
    if not text:
        return ""
    code = alpha2(text)
    if code is None:
        raise BadInput(f"The country {text!r} is unknown. Give its ISO 3166 code.")
    return code


def windows_of(schedule: Any) -> tuple[DailyWindow, ...]:
    """Return daily windows from the schedules of ED-269 and ED-318; none means always.

    Times carry their zone (Z); days that depend on holidays count as every day.

    Raises
    ------
    BadInput
        A day or time can't be read.
    """
    found = []
    for entry in schedule or ():
        if not isinstance(entry, Mapping):
            raise BadInput(f"A schedule holds {entry!r}. Give days and times.")
        names = [str(name).upper() for name in entry.get("day") or ["ANY"]]
        days = frozenset(DAYS[name] for name in names if name in DAYS)
        if not days or len(days) < len(set(names)):
            days = frozenset(range(7))
        start = _time_of(entry, "start", "00:00")
        end = _time_of(entry, "end", "24:00")
        if (start, end) != ("00:00", "24:00") or len(days) < 7:
            found.append(DailyWindow(days=days, start=start, end=end))
        else:
            return ()
    return tuple(found)


def _time_of(entry: Mapping[str, Any], which: str, otherwise: str) -> str:
    event = entry.get(f"{which}Event")
    if event:
        if str(event) not in EVENTS:
            raise BadInput(f"{which}Event {event!r} is unknown. Give {', '.join(EVENTS)}.")
        return EVENTS[str(event)]
    word = entry.get(f"{which}Time")
    if word in (None, ""):
        return otherwise
    text = str(word).strip()
    # Windows are read in UTC: a file that writes another offset would be misread.
    zoned = text.endswith(("Z", "z", "+00:00"))
    clock = text.removesuffix("+00:00").rstrip("Zz")
    if not zoned and any(sign in clock for sign in "+-"):
        raise BadInput(f"{which}Time {text!r} has an offset of its own. Give it in UTC (Z).")
    clock = clock.split(".")[0]
    # The last second of the day is meant as its end: no zone opens for one second.
    return "24:00" if which == "end" and clock in {"23:59:59", "23:59", "24:00"} else clock


def applicability_of(start: Any, end: Any, windows: tuple[DailyWindow, ...]) -> Applicability:
    """Return when something applies, windows told in UTC."""
    return Applicability(
        valid_from=moment_of(start, "startDateTime"),
        valid_until=moment_of(end, "endDateTime"),
        windows=windows,
        timezone="UTC",
    )


def words_of(value: Any) -> str:
    """Return a text; of texts in several languages the English, else the first."""
    if isinstance(value, list):
        texts = [v for v in value if isinstance(v, Mapping) and v.get("text")]
        english = [v for v in texts if str(v.get("lang", "")).lower().startswith("en")]
        chosen = (english or texts)[:1]
        return str(chosen[0]["text"]) if chosen else ""
    return "" if value is None else str(value)


def authority_of(authorities: Any) -> str:
    """Return who may authorise: the first that is named for it, else the first."""
    named = [a for a in authorities or () if isinstance(a, Mapping)]
    fit = [a for a in named if str(a.get("purpose", "")).upper().startswith("AUTHORI")]
    chosen = (fit or named)[:1]
    return words_of(chosen[0].get("name")) if chosen else ""
