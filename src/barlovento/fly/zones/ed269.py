"""One feature of ED-269 -> a zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from barlovento.domain.airspace import Applicability, Volume, Zone
from barlovento.errors import BadInput
from barlovento.fly.zones import fields
from barlovento.fly.zones.fields import Faults

UNDERSTOOD = {
    *("identifier", "country", "name", "restriction", "reason", "applicability"),
    *("zoneAuthority", "geometry"),
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
    name = str(feature.get("identifier") or "")
    try:
        if not name:
            raise BadInput("It has no identifier. Give one.")
        whens = [_when(entry) for entry in feature.get("applicability") or [{}]]
        return Zone(
            id=name,
            name=fields.words_of(feature.get("name")),
            kind=fields.kind_of(feature.get("restriction")),
            volumes=tuple(
                volume
                for geometry in _list(feature.get("geometry"))
                for volume in _volumes(geometry, whens)
            ),
            authority=fields.authority_of(feature.get("zoneAuthority")),
            country=fields.country_of(feature.get("country"), country),
            reason=tuple(str(word) for word in feature.get("reason") or ()),
            extra={key: value for key, value in feature.items() if key not in UNDERSTOOD},
            digest=fields.digest_of(feature),
        )
    except BadInput as error:
        what, _, mend = str(error).rpartition(". ")
        faults.add(number, name, what or str(error), mend)
    except (AttributeError, TypeError, KeyError) as error:
        faults.add(number, name, f"a field is of the wrong kind ({error})", "Check its types.")
    return None


def _list(geometry: Any) -> list[Any]:
    if not isinstance(geometry, list) or not geometry:
        raise BadInput("It has no geometry. Give one volume or more.")
    return geometry


def _when(entry: Mapping[str, Any]) -> Applicability:
    windows = fields.windows_of(entry.get("schedule") or entry.get("dailyPeriod"))
    if str(entry.get("permanent", "")).upper() == "YES":
        return Applicability(windows=windows)
    return fields.applicability_of(entry.get("startDateTime"), entry.get("endDateTime"), windows)


def _volumes(geometry: Mapping[str, Any], whens: list[Applicability]) -> list[Volume]:
    unit = geometry.get("uomDimensions")
    lower = fields.height_of(
        geometry.get("lowerLimit"), geometry.get("lowerVerticalReference"), unit, "lowerLimit"
    )
    upper = fields.height_of(
        geometry.get("upperLimit"), geometry.get("upperVerticalReference"), unit, "upperLimit"
    )
    shape = geometry.get("horizontalProjection") or {}
    kind = shape.get("type")
    if kind == "Polygon":
        area = (fields.polygon_of(shape.get("coordinates")),)
    elif kind == "Circle":
        scale = fields.UNITS.get(str(unit or "").upper())
        if scale is None:
            raise BadInput(f"The unit {unit!r} is unknown. Give M or FT.")
        return [
            Volume(
                area=(fields.circle_of(shape.get("center"), shape.get("radius"), scale),),
                lower=lower,
                upper=upper,
                when=when,
            )
            for when in whens
        ]
    else:
        raise BadInput(f"The shape {kind!r} is unknown. Give Polygon or Circle.")
    return [Volume(area=area, lower=lower, upper=upper, when=when) for when in whens]
