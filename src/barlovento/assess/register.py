"""A register of known emitters: GeoJSON or CSV, and how far each lies from a source."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shapely import transform
from shapely.errors import ShapelyError
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from barlovento.assess.classes import ClassTable
from barlovento.domain.emitter import Registered
from barlovento.domain.geodesy import to_local
from barlovento.domain.observation import Frame
from barlovento.errors import BadInput, Fault

GEOGRAPHIC, LOCAL = ("longitude", "latitude"), ("x", "y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One known emitter.

    Parameters
    ----------
    kind : str
        A class of the table, or what the register calls it.
    name : str
        As the register has it.
    where : BaseGeometry
        A point, or its ground [degree or m].
    geographic : bool
        Whether that is longitude and latitude.
    accuracy : float or None
        Error of the place along one axis [m].
    """

    kind: str
    name: str
    where: BaseGeometry
    geographic: bool
    accuracy: float | None


def parse_register(text: str, *, file: str, table: ClassTable) -> tuple[Entry, ...]:
    """Return the emitters of a register.

    GeoJSON features carry `kind`, optionally `name` and `accuracy_m`; a CSV has columns of those
    names and `longitude`, `latitude` or `x`, `y`. Everything else in it is left unread.

    Parameters
    ----------
    text : str
        Content of the file.
    file : str
        Its name, for messages; one that ends in ``.csv`` is read as CSV.
    table : ClassTable
        Words of the classes.

    Raises
    ------
    BadInput
        With every fault that was found.
    """
    faults: list[Fault] = []
    rows = _csv(text, file, faults) if file.lower().endswith(".csv") else _geojson(text, file)
    entries = []
    for number, row in rows:
        try:
            entries.append(_entry(row, table))
        except (BadInput, ShapelyError, ValueError, TypeError, KeyError) as error:
            what, _, mend = str(error).rpartition(". ")
            if not what:
                what, mend = f"its place can't be read ({error})", "Give a GeoJSON geometry."
            faults.append(Fault(what=f"{what}.", mend=mend, file=file, row=number))
    if not entries and not faults:
        raise BadInput(f"{file}: it holds no emitter. Leave --register out if none is known.")
    if faults:
        raise BadInput("\n".join(str(fault) for fault in faults))
    return tuple(entries)


def around(
    entries: Sequence[Entry],
    *,
    x: float,
    y: float,
    sigma: float,
    frame: Frame,
    table: ClassTable,
) -> tuple[Registered, ...]:
    """Return how far each known emitter lies from a place, the nearest first.

    Parameters
    ----------
    entries : sequence of Entry
        The register.
    x, y : float
        The place [m].
    sigma : float
        Its error along one axis [m].
    frame : Frame
        Its axes.
    table : ClassTable
        With what is assumed.

    Raises
    ------
    BadInput
        The register is in longitude and latitude and the axes have no place on the globe, or the
        reverse.
    """
    found = []
    for entry in entries:
        where = entry.where
        if entry.geographic != frame.geographic:
            raise BadInput(
                f"{entry.name or entry.kind}: the register gives "
                f"{'longitude and latitude' if entry.geographic else 'local metres'}, the results "
                "do not. Give the register in the coordinates of the results: local metres as a "
                "table with columns x and y."
            )
        if frame.longitude is not None and frame.latitude is not None:
            origin = (frame.longitude, frame.latitude)
            where = transform(
                where,
                lambda lon, lat, o=origin: to_local(lon, lat, origin=o),
                interleaved=False,
            )
        accuracy = table.assume.register_place_m if entry.accuracy is None else entry.accuracy
        found.append(
            Registered(
                kind=entry.kind,
                name=entry.name,
                distance=float(where.distance(Point(x, y))),
                # Anywhere on its own ground alike: as wide as a normal of the same area.
                sigma=math.sqrt(sigma**2 + accuracy**2 + where.area / (2 * math.pi)),
            )
        )
    return tuple(sorted(found, key=lambda one: one.distance))


def _csv(text: str, file: str, faults: list[Fault]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    columns = {name.strip().lower(): name for name in reader.fieldnames or () if name}
    pair = next((p for p in (GEOGRAPHIC, LOCAL) if set(p) <= set(columns)), None)
    if pair is None or "kind" not in columns:
        missing = "kind" if pair else "longitude, latitude (or x, y)"
        raise BadInput(f"{file}: column {missing} is missing. Add it to the first line.")
    for row in reader:
        values = {key: (row[name] or "").strip() for key, name in columns.items()}
        number = reader.line_num
        try:
            east, north = (float(values[key]) for key in pair)
        except ValueError:
            faults.append(
                Fault(
                    what=f"{values[pair[0]]!r}, {values[pair[1]]!r} are no place.",
                    mend="Give two numbers with a decimal point.",
                    file=file,
                    row=number,
                    column=f"{pair[0]}, {pair[1]}",
                )
            )
            continue
        yield (
            number,
            {
                **values,
                "geometry": {"type": "Point", "coordinates": [east, north]},
                "geographic": pair == GEOGRAPHIC,
            },
        )


def _geojson(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"{file}: it is no JSON (line {error.lineno}: {error.msg}). Give GeoJSON, or a table "
            "whose name ends in .csv."
        ) from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise BadInput(f"{file}: it is no GeoJSON FeatureCollection. Give one with features.")
    for number, feature in enumerate(features, 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            properties = {}
        place = feature.get("geometry") if isinstance(feature, dict) else None
        yield number, {**properties, "geometry": place, "geographic": True}


def _entry(row: Mapping[str, Any], table: ClassTable) -> Entry:
    kind = str(row.get("kind") or "").strip()
    if not kind:
        raise BadInput(
            f"The emitter has no kind. Give one, such as {', '.join(table.names[:3])}, or any "
            "other word."
        )
    if not isinstance(row["geometry"], dict):
        raise BadInput("The emitter has no place. Give a point or a polygon.")
    where = shape(row["geometry"])
    if where.is_empty or not all(math.isfinite(value) for value in where.bounds):
        raise BadInput("Its place is empty. Give a point or a polygon.")
    west, south, east, north = where.bounds
    if row["geographic"] and not (-180 <= west <= east <= 540 and -90 <= south <= north <= 90):
        raise BadInput("Its place is not on the globe. Give longitude, then latitude, in degrees.")
    told = row.get("accuracy_m")
    accuracy = None if told in {None, ""} else float(told)
    if accuracy is not None and not (math.isfinite(accuracy) and accuracy >= 0):
        raise BadInput(f"{told!r} is no accuracy. Give metres, 0 or more.")
    return Entry(
        kind=table.word(kind),
        name=str(row.get("name") or ""),
        where=where,
        geographic=bool(row["geographic"]),
        accuracy=accuracy,
    )
