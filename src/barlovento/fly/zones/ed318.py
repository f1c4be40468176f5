"""One feature of ED-318 (GeoJSON with layers) -> a zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from barlovento.domain.airspace import Applicability, Area, Volume, Zone
from barlovento.errors import BadInput
from barlovento.fly.zones import fields
from barlovento.fly.zones.fields import Faults

UNDERSTOOD = {
    *("identifier", "country", "name", "type", "reason", "limitedApplicability"),
    "zoneAuthority",
}


def zone(feature: Mapping[str, Any], number: int, faults: Faults, country: str) -> Zone | None:
    """Return a feature as a zone, or None where it is broken and that was noted.

    Parameters
    ----------
    feature : mapping
        As in the file.
    number : int
        Its place in the file, counted from 0.
    faults : Faults
        Takes what is wrong.
    country : str
        For features that name none.
    """
    properties = feature["properties"]
    name = str(properties.get("identifier") or feature.get("id") or "")
    try:
        if not name:
            raise BadInput("It has no identifier. Give one.")
        whens = _whens(properties)
        return Zone(
            id=name,
            name=fields.words_of(properties.get("name")),
            kind=fields.kind_of(properties.get("type")),
            volumes=tuple(
                Volume(area=area, lower=lower, upper=upper, when=when)
                for area, lower, upper in _layers(feature.get("geometry"), None)
                for when in whens
            ),
            authority=fields.authority_of(properties.get("zoneAuthority")),
            country=fields.country_of(properties.get("country"), country),
            reason=tuple(str(word) for word in properties.get("reason") or ()),
            extra={key: value for key, value in properties.items() if key not in UNDERSTOOD},
            digest=fields.digest_of(feature),
        )
    except BadInput as error:
        what, _, mend = str(error).rpartition(". ")
        faults.add(number, name, what or str(error), mend)
    except (AttributeError, TypeError, KeyError) as error:
        faults.add(number, name, f"a field is of the wrong kind ({error})", "Check its types.")
    return None


def _whens(properties: Mapping[str, Any]) -> list[Applicability]:
    return [
        fields.applicability_of(
            entry.get("startDateTime"),
            entry.get("endDateTime"),
            fields.windows_of(entry.get("schedule")),
        )
        for entry in properties.get("limitedApplicability") or [{}]
    ]


def _layers(geometry: Any, above: Any) -> Iterator[tuple[Area, Any, Any]]:
    """Yield each part of a geometry with its lower and upper limit."""
    if not isinstance(geometry, Mapping):
        raise BadInput("It has no geometry. Give a polygon or a circle.")
    layer = geometry.get("layer", above)
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        parts = geometry.get("geometries") or []
        if not parts:
            raise BadInput("Its collection of geometries is empty. Give one or more.")
        for part in parts:
            yield from _layers(part, layer)
        return
    if not isinstance(layer, Mapping):
        raise BadInput("It has no layer, so its heights are not known. Give lower and upper.")
    unit = layer.get("uom")
    lower = fields.height_of(layer.get("lower"), layer.get("lowerReference"), unit, "lower")
    upper = fields.height_of(layer.get("upper"), layer.get("upperReference"), unit, "upper")
    yield _area(geometry, str(kind)), lower, upper


def _area(geometry: Mapping[str, Any], kind: str) -> Area:
    coordinates = geometry.get("coordinates")
    if kind == "Polygon":
        return (fields.polygon_of(coordinates),)
    if kind == "MultiPolygon":
        return tuple(fields.polygon_of(part) for part in coordinates or ())
    if kind == "Point":
        extent = geometry.get("extent") or {}
        if str(extent.get("subType", "")).lower() != "circle":
            raise BadInput("A point has no extent. Give subType Circle and a radius in metres.")
        return (fields.circle_of(coordinates, extent.get("radius"), 1.0),)
    raise BadInput(f"The geometry {kind!r} is unknown. Give Polygon, or Point with a radius.")
