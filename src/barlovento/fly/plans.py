"""A plan file -> a route: GeoJSON with times and speed, or QGroundControl's .plan.

Fields that are not understood are kept in the digest and reported. Nothing that a check needs
has a default: buffers, heights' reference and times are the planner's to know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.airspace import (
    Height,
    HeightReference,
    Route,
    RouteBuffer,
    StandOff,
    Waypoint,
)
from barlovento.domain.countries import alpha2
from barlovento.errors import BadInput
from barlovento.fly.datum import check_datum
from barlovento.fly.zones.fields import moment_of, number_of, place_of
from barlovento.guard.geometry import wgs84

BUFFER = (
    "navigation_error_m",
    "gust_drift_m",
    "turn_radius_m",
    "height_error_m",
    "time_error_s",
)
KNOWN = {
    *("schema", "id", "aircraft", "purpose", "holder", "sensors", "height_reference", "start"),
    *("speed_m_s", "climb_m_s", "times", "home", "return_speed_m_s", "lost_link", "buffer"),
    "stand_off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """A plan as it was read.

    Parameters
    ----------
    route : Route
        What it says.
    unknown : tuple of str
        Fields that mean nothing here; they count in the digest.
    """

    route: Route
    unknown: tuple[str, ...]


class _Faults:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []

    def add(self, where: str, what: str) -> None:
        self.lines.append(f"{self.file}, {where}: {what}")

    def raise_any(self) -> None:
        if self.lines:
            raise BadInput("\n".join(self.lines))


def read_plan(path: Path, *, flight: Path | None = None) -> PlanFile:
    """Read a plan.

    Parameters
    ----------
    path : Path
        GeoJSON, or QGroundControl's .plan.
    flight : Path, optional
        JSON with what a .plan does not hold: aircraft, purpose, start, buffer and so on.

    Returns
    -------
    PlanFile
        The route, with the digest of exactly this plan.

    Raises
    ------
    BadInput
        It can't be read, or something is missing; all faults at once.
    Refused
        A .plan holds a command that does not navigate.
    """
    document = _json(path)
    if document.get("fileType") == "Plan" or path.suffix.lower() == ".plan":
        from barlovento.fly.qgroundcontrol import waypoints_of

        if flight is None:
            raise BadInput(
                f"{path.name}: a .plan holds no time, aircraft or purpose. Give them with "
                "--flight FILE (see the how-to page on clearing)."
            )
        properties = _json(flight)
        coordinates, times, reference, home = waypoints_of(document, properties, path.name)
        properties = {
            "home": home,
            **properties,
            "height_reference": reference,
            "times": times,
        }
        whole: Any = {"plan": document, "flight": _json(flight)}
        name = flight.name
    else:
        check_datum(document, path.name)
        feature = _feature(document, path.name)
        properties = feature.get("properties") or {}
        coordinates = list((feature.get("geometry") or {}).get("coordinates") or [])
        whole, name = document, path.name
    route = route_of(properties, coordinates, name=name, digest=canonical_digest(whole))
    unknown = sorted(set(properties) - KNOWN)
    return PlanFile(route=route, unknown=tuple(unknown))


def canonical_digest(document: Any) -> str:
    """Return the SHA-256 of a document, whatever its spacing and order of fields."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path.name}: can't be read ({error.strerror}). Check the name.") from error
    except ValueError as error:
        raise BadInput(f"{path.name}: is no JSON ({error}). Save it again.") from error
    if not isinstance(document, dict):
        raise BadInput(f"{path.name}: is no JSON object. Give GeoJSON or a .plan.")
    return document


def _feature(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the one line of a GeoJSON document."""
    features = [document] if document.get("type") == "Feature" else document.get("features") or []
    lines = [
        feature
        for feature in features
        if isinstance(feature, Mapping)
        and (feature.get("geometry") or {}).get("type") == "LineString"
    ]
    if len(lines) != 1:
        raise BadInput(
            f"{name}: holds {len(lines)} lines. Give one Feature with a LineString of "
            "[longitude, latitude, height]."
        )
    return lines[0]


def route_of(properties: Mapping[str, Any], coordinates: Any, *, name: str, digest: str) -> Route:
    """Return a route from a plan's properties and places.

    Parameters
    ----------
    properties : mapping
        As the JSON schema ``plan.schema.json`` has them.
    coordinates : list
        Longitude, latitude [degree] and height [m] of each waypoint.
    name : str
        Of the file, for messages.
    digest : str
        Of the whole plan.

    Raises
    ------
    BadInput
        With every fault.
    """
    faults = _Faults(name)
    reference = _reference(properties, faults)
    texts = {key: _text(properties, key, faults) for key in ("id", "aircraft", "purpose", "holder")}
    buffer = _buffer(properties, faults)
    speed = _number(properties, "return_speed_m_s", faults)
    places = _places(coordinates, "coordinates", faults)
    home = _places([properties["home"]], "home", faults) if properties.get("home") else []
    if not home:
        faults.add(
            "home", "is missing. Give [longitude, latitude, height]: where it flies back to."
        )
    link = _places(properties.get("lost_link") or [], "lost_link", faults)
    stand_off = _stand_off(properties, faults)
    sensors = properties.get("sensors")
    if not isinstance(sensors, list) or not all(isinstance(sensor, str) for sensor in sensors):
        faults.add("sensors", "is no list of names. Give [] for none.")
    times = _times(properties, places, faults)
    faults.raise_any()
    assert reference is not None
    assert buffer is not None

    def waypoint(place: tuple[float, float, float], moment: datetime) -> Waypoint:
        height = Height(value=place[2], reference=reference)
        return Waypoint(lon=place[0], lat=place[1], height=height, time=moment)

    back = times[-1] + timedelta(seconds=_way([places[-1], home[0]]) / speed)
    ends = [times[-1]] * len(link)
    return Route(
        **texts,
        sensors=tuple(sensors or ()),
        waypoints=tuple(waypoint(*pair) for pair in zip(places, times, strict=True)),
        home=waypoint(home[0], back),
        return_speed=speed,
        lost_link=tuple(waypoint(*pair) for pair in zip(link, ends, strict=True)),
        buffer=buffer,
        stand_off=stand_off,
        digest=digest,
    )


def _way(places: list[tuple[float, float, float]]) -> float:
    lon, lat, _ = (np.array(values) for values in zip(*places, strict=True))
    return float(wgs84().line_length(lon, lat))


def _reference(properties: Mapping[str, Any], faults: _Faults) -> HeightReference | None:
    try:
        return HeightReference(str(properties.get("height_reference")))
    except ValueError:
        faults.add(
            "height_reference",
            f"is {properties.get('height_reference')!r}. Give AGL, AMSL, WGS84 or FL (with "
            "heights in metres of pressure altitude).",
        )
        return None


def _text(properties: Mapping[str, Any], key: str, faults: _Faults) -> str:
    value = properties.get(key)
    if not isinstance(value, str) or not value.strip():
        faults.add(key, f"is {value!r}. Give a text.")
        return ""
    return value


def _number(properties: Mapping[str, Any], key: str, faults: _Faults, *, least: float = 0) -> float:
    try:
        value = number_of(properties.get(key), key)
    except BadInput as error:
        faults.add(key, str(error))
        return 1.0
    if value < least or (value == 0 and key.endswith("_m_s")):
        faults.add(key, f"is {value:g}. Give a number above 0.")
        return 1.0
    return value


def _buffer(properties: Mapping[str, Any], faults: _Faults) -> RouteBuffer | None:
    given = properties.get("buffer")
    if not isinstance(given, Mapping):
        faults.add("buffer", f"is missing. Give {', '.join(BUFFER)}.")
        return None
    values = [_number(given, key, faults) for key in BUFFER]
    return RouteBuffer(
        navigation_error=values[0],
        gust_drift=values[1],
        turn_radius=values[2],
        height_error=values[3],
        time_error=values[4],
    )


def _places(given: Any, where: str, faults: _Faults) -> list[tuple[float, float, float]]:
    found = []
    if not isinstance(given, list):
        faults.add(where, "is no list of places. Give [[longitude, latitude, height], ...].")
        return []
    for number, place in enumerate(given):
        spot = f"{where}[{number}]"
        try:
            lon, lat = place_of(place)
        except BadInput as error:
            faults.add(spot, str(error))
            continue
        if len(place) < 3:
            faults.add(spot, "has no height. Give [longitude, latitude, height].")
            continue
        try:
            found.append((lon, lat, number_of(place[2], "height")))
        except BadInput as error:
            faults.add(spot, str(error))
    if where == "coordinates" and len(given) < 2:
        faults.add(where, "holds fewer than two places. Give two or more.")
    return found


def _stand_off(properties: Mapping[str, Any], faults: _Faults) -> tuple[StandOff, ...]:
    found = []
    for number, entry in enumerate(properties.get("stand_off") or []):
        state = alpha2(str(entry.get("state", ""))) if isinstance(entry, Mapping) else None
        if state is None:
            faults.add(f"stand_off[{number}]", "names no state. Give {state, margin_m}.")
            continue
        found.append(StandOff(state=state, margin=_number(entry, "margin_m", faults)))
    return tuple(found)


def _times(
    properties: Mapping[str, Any], places: list[tuple[float, float, float]], faults: _Faults
) -> list[datetime]:
    """Return when each waypoint is passed: as given, or from a start and a speed."""
    given = properties.get("times")
    if given is not None:
        times = []
        for number, word in enumerate(given if isinstance(given, list) else []):
            try:
                moment = moment_of(word, "time")
            except BadInput as error:
                faults.add(f"times[{number}]", str(error))
                continue
            if moment is not None:
                times.append(moment)
        if len(times) != len(places):
            faults.add(
                "times", f"holds {len(times)} times for {len(places)} places. Give each one."
            )
        return times
    try:
        start = moment_of(properties.get("start"), "start")
    except BadInput as error:
        faults.add("start", str(error))
        return []
    if start is None:
        faults.add("start", "is missing. Give `start` and `speed_m_s`, or `times`.")
        return []
    speed = _number(properties, "speed_m_s", faults)
    if len(places) < 2:
        return []
    lon, lat, _ = (np.array(values) for values in zip(*places, strict=True))
    lengths = wgs84().line_lengths(lon, lat)
    if (lengths == 0).any():
        faults.add(
            "coordinates",
            "a leg has no length, so its speed says nothing. Give `times` for climbs and waits.",
        )
    passed = np.concatenate([[0.0], np.cumsum(lengths) / speed])
    return [start + timedelta(seconds=float(seconds)) for seconds in passed]
