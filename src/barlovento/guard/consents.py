"""Requests and consents as GeoJSON features: read strictly, told all faults at once, and made.

A consent is a feature with ``id``, ``request``, ``authority``, ``holder``, ``purpose``,
``valid_from``, ``valid_until``, ``lower``, ``upper``, ``aircraft``, ``sensors`` and the like among
its properties. Who signed it is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from barlovento.domain.airspace import (
    Applicability,
    Area,
    Circle,
    Consent,
    DailyWindow,
    Height,
    HeightReference,
    Polygon4326,
    Volume,
)
from barlovento.domain.permission import Request
from barlovento.errors import BadInput

REQUEST, CONSENT = "barlovento/request/1", "barlovento/consent/1"
AUTHORITY = re.compile(r"[A-Z]{2}(/[A-Z0-9][A-Z0-9 _-]*)?")
ASKED = ("authority", "holder", "purpose", "valid_from", "valid_until", "lower", "upper")
LISTS = ("aircraft", "sensors")
KNOWN = {*ASKED, *LISTS, "schema", "id", "request", "windows", "timezone", "radius_m"}
KNOWN |= {"conditions", "issued_at", "asked_at", "nonce"}
METRES = {"m": 1.0, "ft": 0.3048, "FL": 30.48}
"""Metres in one unit; a flight level is a hundred feet."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def read_request(feature: Any) -> Request:
    """Read what an operator asks.

    Raises
    ------
    BadInput
        With every fault in one message.
    """
    names, volume, unknown = _read(feature)
    return Request(
        id=str(feature["properties"].get("id", "")),
        authority=names["authority"],
        holder=names["holder"],
        purpose=names["purpose"],
        volume=volume,
        aircraft=names["aircraft"],
        sensors=names["sensors"],
        unknown=unknown,
    )


def read_consent(feature: Any, *, digest: str, key_id: str) -> Consent:
    """Read what an authority signed; ``digest`` and ``key_id`` come from the signature's check.

    Raises
    ------
    BadInput
        With every fault in one message.
    """
    names, volume, _ = _read(feature)
    properties = feature["properties"]
    for name in ("id", "request"):
        if not isinstance(properties.get(name), str) or not properties[name]:
            raise BadInput(f"The consent has no {name}. Make it with `barlovento consent answer`.")
    return Consent(
        id=properties["id"],
        request_id=properties["request"],
        authority=names["authority"],
        holder=names["holder"],
        purpose=names["purpose"],
        volume=volume,
        aircraft=names["aircraft"],
        sensors=names["sensors"],
        digest=digest,
        key_id=key_id,
        conditions=str(properties.get("conditions", "")),
    )


def unknown_fields(feature: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of fields that are kept and not understood."""
    outside = set(feature) - {"type", "geometry", "properties", "id", "bbox"}
    return tuple(sorted(outside | (set(feature.get("properties") or {}) - KNOWN)))


def draft(
    request: Mapping[str, Any],
    changes: Mapping[str, Any],
    *,
    consent_id: str,
    now: datetime,
    conditions: str = "",
) -> dict[str, Any]:
    """Return the consent that answers a request, with changes laid over it, yet unsigned."""
    asked = {k: v for k, v in request["properties"].items() if k not in ("asked_at", "nonce")}
    laid = dict(changes.get("properties") or {})
    properties = asked | laid
    if changes.get("geometry") and "radius_m" not in laid:
        properties.pop("radius_m", None)
    properties |= {
        "schema": CONSENT,
        "id": consent_id,
        "request": request["properties"]["id"],
        "authority": request["properties"]["authority"],
        "issued_at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    if conditions:
        properties["conditions"] = conditions
    return {
        "type": "Feature",
        "geometry": changes.get("geometry") or request["geometry"],
        "properties": properties,
    }


# ---------------------------------------------------------------- reading


def _read(feature: Any) -> tuple[dict[str, Any], Volume, tuple[str, ...]]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise BadInput("This is not a GeoJSON Feature. Write one with geometry and properties.")
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        raise BadInput("The feature has no properties: say for whom, for what, how high and when.")
    faults: list[str] = []

    def attempt(name: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except BadInput as error:
            faults.append(f"{name}: {error}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            faults.append(f"{name}: {error!r} is not what should stand there.")
        return None

    names = {n: attempt(n, lambda n=n: _text(properties, n)) for n in ASKED[:3]}  # type: ignore[misc]
    names |= {n: attempt(n, lambda n=n: _texts(properties, n)) for n in LISTS}  # type: ignore[misc]
    if names["authority"] and not AUTHORITY.fullmatch(names["authority"]):
        faults.append(
            f"authority: {names['authority']!r} is not a country code such as MX, nor one with an "
            "authority below it such as FR/PARIS."
        )
    heights = [attempt(n, lambda n=n: _height(properties, n)) for n in ("lower", "upper")]  # type: ignore[misc]
    times = [attempt(n, lambda n=n: _time(properties, n)) for n in ("valid_from", "valid_until")]  # type: ignore[misc]
    windows = attempt("windows", lambda: _windows(properties))
    zone = attempt("timezone", lambda: _zone(properties))
    area = attempt("geometry", lambda: _area(feature.get("geometry"), properties))
    if heights[1] is None and not any(fault.startswith("upper") for fault in faults):
        faults.append("upper: A consent without an upper limit is not asked for here.")
    volume = None
    if not faults:
        volume = attempt(
            "volume",
            lambda: Volume(
                area=area,
                lower=heights[0],
                upper=heights[1],
                when=Applicability(
                    valid_from=times[0], valid_until=times[1], windows=windows, timezone=zone
                ),
            ),
        )
    if faults or volume is None:
        raise BadInput("\n".join(faults))
    return names, volume, unknown_fields(feature)


def _text(properties: Mapping[str, Any], name: str) -> str:
    value = properties.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadInput("It is missing. Write a text.")
    return value


def _texts(properties: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = properties.get(name)
    good = isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)
    if not good or (name == "aircraft" and not value):
        raise BadInput("It is missing. Write a list of texts.")
    assert isinstance(value, list)
    if len(set(value)) != len(value):
        raise BadInput("Something stands twice in it.")
    return tuple(value)


def _height(properties: Mapping[str, Any], name: str) -> Height | None:
    if name not in properties:
        raise BadInput('It is missing. Write {"value": 120, "unit": "m", "reference": "AGL"}.')
    value = properties[name]
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"value", "unit", "reference"}:
        raise BadInput("A height has value, unit and reference, and nothing else.")
    number, unit, reference = value["value"], value["unit"], value["reference"]
    if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > 1e6:
        raise BadInput(f"{number!r} is not a height.")
    if unit not in METRES or reference not in set(HeightReference):
        raise BadInput("The unit is m, ft or FL; the reference AGL, AMSL, WGS84 or FL.")
    if (unit == "FL") != (reference == "FL"):
        raise BadInput("A flight level has FL both as unit and as reference.")
    return Height(value=number * METRES[unit], reference=HeightReference(reference))


def _time(properties: Mapping[str, Any], name: str) -> datetime:
    value = _text(properties, name)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadInput(f"{value!r} is not a time. Write 2026-11-23T18:00:00Z.") from error
    if moment.tzinfo is None:
        raise BadInput(f"{value!r} has no time zone. Add Z for UTC or an offset like -06:00.")
    return moment.astimezone(UTC)


def _windows(properties: Mapping[str, Any]) -> tuple[DailyWindow, ...]:
    from barlovento.guard.times import check_window

    found = []
    for window in properties.get("windows", []):
        if set(window) - {"days", "start", "end"}:
            raise BadInput("A window has days, start and end, and nothing else.")
        days = frozenset(DAYS.index(day) for day in window.get("days", DAYS))
        made = DailyWindow(days=days, start=window["start"], end=window["end"])
        check_window(made)
        found.append(made)
    return tuple(found)


def _zone(properties: Mapping[str, Any]) -> str:
    from barlovento.guard.times import zone_of

    name = properties.get("timezone", "UTC")
    zone_of(name)
    return str(name)


def _area(geometry: Any, properties: Mapping[str, Any]) -> Area:
    from barlovento.guard.geometry import shapes_of

    kind, places = geometry["type"], geometry["coordinates"]
    members: list[Polygon4326 | Circle]
    if kind == "Point":
        if "radius_m" not in properties:
            raise BadInput("A point is no area. Give radius_m, or draw a polygon.")
        lon, lat = _place(places)
        members = [Circle(lon=lon, lat=lat, radius=float(properties["radius_m"]))]
    elif kind in ("Polygon", "MultiPolygon"):
        polygons = [places] if kind == "Polygon" else places
        members = [
            Polygon4326(outer=_ring(rings[0]), holes=tuple(_ring(ring) for ring in rings[1:]))
            for rings in polygons
        ]
    else:
        raise BadInput(f"{kind} is no area. Draw a Polygon or MultiPolygon, or a Point.")
    area = tuple(members)
    shapes_of(area, outward=False)
    return area


def _ring(ring: Any) -> tuple[tuple[float, float], ...]:
    places = [_place(place) for place in ring]
    if len(places) < 4 or places[0] != places[-1]:
        raise BadInput("A ring has four places or more, and ends where it begins.")
    return tuple(places[:-1])


def _place(place: Any) -> tuple[float, float]:
    lon, lat = (float(part) for part in place[:2])
    if abs(lat) > 90 >= abs(lon):
        raise BadInput(
            f"{place} has a latitude beyond 90: latitude and longitude look swapped. GeoJSON puts "
            "longitude first."
        )
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise BadInput(f"{place} is not on the globe. Give longitude, then latitude, in degrees.")
    return lon, lat
