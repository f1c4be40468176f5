"""Reads the region that a plan is made for: TOML, and points of roads and settlements beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from barlovento.domain.region import (
    GRADES,
    PastOutcome,
    RatePrior,
    Region,
    Ring,
    TipOff,
    Weather,
)
from barlovento.domain.species import find_species
from barlovento.errors import BadInput, Fault
from barlovento.fly.faults import FaultList
from barlovento.fly.fleet_file import moment
from barlovento.fly.keys import Keys

LARGEST_FILE = 4_000_000
"""[bytes]"""

Made = TypeVar("Made")

TEMPLATE = """\
# A region to plan flights over. Places are longitude, latitude in degrees (WGS 84).
schema = 1
title = "Upper valley"
purpose = "environmental survey"
species = "acetone"                # the gas that is looked for, name or CAS number
fleet = "fleet.toml"               # who can fly, beside this file
time_zone = "America/Bogota"       # of the authority

[area]
outline = [[-74.10, 4.58], [-74.02, 4.58], [-74.02, 4.64], [-74.10, 4.64]]
# holes = [[[-74.07, 4.60], [-74.06, 4.60], [-74.06, 4.61]]]
cell_resolution = 9                # of H3: 8 has 0.7 km2 a cell, 9 has 0.1 km2
# border = "border.geojson"        # ground that aircraft which stand off may not enter

[prior]
expected_sites = 3.0               # in the whole area, before any search
emission_rate_kg_s = { median = 5e-5, gsd = 4.0 }
release_height_m = 3.0
# share_on = 0.5                   # it lets out gas half of the time ...
# spell_s = 1800                   # ... half an hour at once
# roads = "roads.geojson"          # lines; sites lie near them
# settlements = "places.geojson"   # points or areas; sites lie away from them
# slope = "slope.geojson"          # points with a property "slope" [degree]

[flight]
lowest_m = 20                      # above terrain
highest_m = 120
terrain = "flat"                   # where heights of the ground are from; "flat" has none

[[weather]]                        # one for each time with one wind
from = "2026-12-01T07:00:00-05:00"
until = "2026-12-01T11:00:00-05:00"
wind_speed = 3.0                   # m/s at wind_height_m
wind_from_direction = 80           # degrees clockwise from true north, where it comes FROM
stability = "C"                    # Pasquill class, A to F
wind_height_m = 10
roughness_length_m = 0.1
night = false
source = "forecast of ..., issued ..."

# [[tip_off]]                      # a hint at a place, never at a person
# name = "smell of solvent"
# place = [-74.06, 4.61]
# radius_m = 500
# grade = "C"                      # of its source: A reliable to E unreliable, F not known

# [[outcome]]                      # what was found on the ground before
# place = [-74.05, 4.62]
# found = true
"""


def read_region(path: Path) -> tuple[Region, tuple[Fault, ...]]:
    """Return a region and what is doubtful about its file.

    Parameters
    ----------
    path : Path
        TOML as in :data:`TEMPLATE`.

    Returns
    -------
    region : Region
        What to plan for.
    warnings : tuple of Fault
        Unknown keys and the like.

    Raises
    ------
    BadInput
        The file can't be read, or something is missing or impossible; holds all faults.
    """
    return parse_region(_text(path), name=str(path))


def parse_region(text: str, *, name: str) -> tuple[Region, tuple[Fault, ...]]:
    """Return the region that a text describes; see :func:`read_region`."""
    faults = FaultList()
    keys = Keys(text, file=name, faults=faults)
    keys.get("schema", None)
    given: dict[str, Any] = {
        "title": keys.text("title", "Give the region a title."),
        "purpose": keys.text("purpose", "Say what it is flown for: consents are asked for it."),
        "fleet": keys.text("fleet", "Name the file of the fleet."),
        "species": _species(keys),
        "time_zone": _zone(keys),
        "area": _area(keys),
        "cell_resolution": keys.whole(
            "area.cell_resolution", "Write a resolution of H3, such as 9.", least=5, most=11
        ),
        "border": keys.text("area.border", None),
        "expected_sites": keys.number(
            "prior.expected_sites",
            "Say how many sites you expect in the area; nobody else can know.",
            above=0.0,
        ),
        "rate": _rate(keys),
        "release_height": keys.number(
            "prior.release_height_m", "Say how high gas is let out.", least=0.1, most=200.0
        ),
        "terrain_source": keys.text(
            "flight.terrain", 'Say where heights of the ground are from, or "flat".'
        ),
        "weather": _each(keys, "weather", _weather),
        "tip_offs": _each(keys, "tip_off", _tip_off),
        "outcomes": _each(keys, "outcome", _outcome),
    }
    for file in ("roads", "settlements", "slope"):
        given[file] = keys.text(f"prior.{file}", None)
    low = keys.number("flight.lowest_m", "Give the lowest height above terrain.", above=0.0)
    high = keys.number("flight.highest_m", "Give the highest height above terrain.", above=0.0)
    if not given["weather"]:
        keys.complain(
            "weather", "The region has no weather.", "Add [[weather]] with its time and wind."
        )
    unknown = keys.unknown()
    if not faults.errors:
        given["height_range"] = (low, high)
        try:
            return Region(unknown=tuple(unknown), **given), faults.warnings
        except BadInput as error:
            faults.problem(error, file=name)
    raise BadInput("\n".join(str(fault) for fault in faults.errors))


def read_shapes(path: Path) -> tuple[tuple[Any, Mapping[str, Any]], ...]:
    """Return the shapes of a GeoJSON file with their properties, in degrees.

    Parameters
    ----------
    path : Path
        A feature collection, a feature or a geometry: roads, settlements, slope or a border.

    Returns
    -------
    tuple
        A shapely geometry and the properties of each.

    Raises
    ------
    BadInput
        It is no GeoJSON, or has no shape in it.
    """
    import shapely

    try:
        document = json.loads(_text(path))
        features = document.get("features", [document])
        found = []
        for feature in features:
            geometry = feature.get("geometry", feature)
            shape = shapely.geometry.shape(geometry)
            if not shape.is_empty:
                found.append((shape, feature.get("properties") or {}))
    except (ValueError, AttributeError, KeyError, TypeError, shapely.errors.ShapelyError) as error:
        raise BadInput(f"{path} is no GeoJSON: {error}. Write a feature collection.") from error
    if not found:
        raise BadInput(f"{path} holds no shape. Write at least one feature with a geometry.")
    for shape, _ in found:
        west, south, east, north = shape.bounds
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise BadInput(
                f"{path} has places outside of the earth ({west:g}, {south:g}). "
                "Write longitude, latitude in degrees (WGS 84)."
            )
    return tuple(found)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{path} is larger than 4 MB. Cut it to the region.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"Can't read {path}: {error}. Name a file that is there.") from error


def _species(keys: Keys) -> str | None:
    told = keys.text("species", "Name the gas that is looked for.")
    if told is None:
        return None
    try:
        return find_species(told).name
    except BadInput as error:
        keys.problem("species", error)
        return None


def _zone(keys: Keys) -> str | None:
    told = keys.text("time_zone", "Name the authority's time zone, such as America/Bogota.")
    if told is None:
        return None
    try:
        ZoneInfo(told)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        keys.complain("time_zone", f"{told!r} is no time zone.", "Write one such as Europe/Madrid.")
        return None
    return told


def _rate(keys: Keys) -> RatePrior | None:
    mend = "Write emission_rate_kg_s = { median = 5e-5, gsd = 4.0 }."
    table = keys.get("prior.emission_rate_kg_s", mend)
    share = keys.number("prior.share_on", None, above=0.0, most=1.0)
    spell = keys.number("prior.spell_s", None, above=0.0)
    if table is None:
        return None
    if not isinstance(table, Mapping) or set(table) != {"median", "gsd"}:
        keys.complain("prior.emission_rate_kg_s", "It is no prior of a rate.", mend)
        return None
    try:
        return RatePrior(
            median=_number(table["median"]),
            gsd=_number(table["gsd"]),
            share_on=1.0 if share is None else share,
            spell=3600.0 if spell is None else spell,
        )
    except BadInput as error:
        keys.problem("prior.emission_rate_kg_s", error)
        return None


def _area(keys: Keys) -> tuple[Ring, ...]:
    mend = "Write outline = [[longitude, latitude], ...] with at least three corners."
    outline = keys.get("area.outline", mend)
    holes = keys.get("area.holes", None) or []
    if outline is None:
        return ()
    try:
        rings = tuple(_ring(ring) for ring in [outline, *holes])
    except (BadInput, TypeError):
        keys.complain("area.outline", "It is no list of places.", mend)
        return ()
    import shapely

    if any(len(ring) < 3 for ring in rings):
        keys.complain("area.outline", "A ring has fewer than three corners.", mend)
        return ()
    shape = shapely.Polygon(rings[0], rings[1:])
    if not shape.is_valid:
        keys.complain(
            "area.outline",
            f"The area is not whole: {shapely.is_valid_reason(shape)}.",
            "List the corners in order round the area, and holes inside it.",
        )
        return ()
    return rings


def _ring(ring: Any) -> Ring:
    places = tuple(_place(place) for place in ring)
    return places[:-1] if len(places) > 1 and places[0] == places[-1] else places


def _place(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise BadInput(f"{value!r} is no place. Write [longitude, latitude].")
    lon, lat = _number(value[0]), _number(value[1])
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadInput(f"({lon}, {lat}) is no place on earth. Write [longitude, latitude].")
    return lon, lat


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{value!r} is no number. Write one.")
    return float(value)


def _each(keys: Keys, name: str, make: Callable[[Mapping[str, Any]], Made]) -> tuple[Made, ...]:
    """Return what stands under ``[[name]]``; faults tell which one it is."""
    tables = keys.get(name, None)
    if tables is None:
        return ()
    if not isinstance(tables, list):
        keys.complain(name, f"{name} is no list.", f"Write [[{name}]] with two brackets.")
        return ()
    found = []
    for number, table in enumerate(tables, start=1):
        try:
            found.append(make(table))
        except KeyError as error:
            keys.complain(
                name, f"{name} {number} lacks {error.args[0]}.", "Add it; the template shows how."
            )
        except BadInput as error:
            what, _, mend = str(error).rpartition(". ")
            keys.complain(name, f"{name} {number}: {what}.", mend)
    return tuple(found)


def _known(table: Mapping[str, Any], names: set[str]) -> None:
    unknown = sorted(table.keys() - names)
    if unknown:
        raise BadInput(f"The key {unknown[0]!r} is not known. Write one of {', '.join(names)}.")


def _weather(table: Mapping[str, Any]) -> Weather:
    _known(
        table,
        {
            *("from", "until", "wind_speed", "wind_from_direction", "stability"),
            *("wind_height_m", "roughness_length_m", "night", "source"),
        },
    )
    night = table.get("night", False)
    if not isinstance(night, bool):
        raise BadInput(f"night is {night!r}. Write true or false.")
    return Weather(
        start=moment(table["from"]),
        until=moment(table["until"]),
        wind_speed=_number(table["wind_speed"]),
        wind_from_direction=_number(table["wind_from_direction"]),
        stability=str(table["stability"]),
        wind_height=_number(table["wind_height_m"]),
        roughness_length=_number(table["roughness_length_m"]),
        night=night,
        source=str(table.get("source", "")),
    )


def _tip_off(table: Mapping[str, Any]) -> TipOff:
    _known(table, {"name", "place", "radius_m", "grade"})
    grade = str(table["grade"])
    if grade not in GRADES:
        raise BadInput(f"{grade!r} is no grade. Write one of {', '.join(GRADES)}.")
    return TipOff(
        name=str(table["name"]),
        place=_place(table["place"]),
        radius=_number(table["radius_m"]),
        grade=grade,
    )


def _outcome(table: Mapping[str, Any]) -> PastOutcome:
    _known(table, {"place", "found"})
    if not isinstance(table["found"], bool):
        raise BadInput(f"found is {table['found']!r}. Write true or false.")
    return PastOutcome(place=_place(table["place"]), found=table["found"])
