"""OpenAir text -> zones: polygons, arcs (DA, DB), circles (DC), and heights of every kind.

Source: the OpenAir description, version 1.0 (1998), and its extension by Naviter (2024).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import numpy as np

from barlovento.domain.airspace import (
    Area,
    Circle,
    Height,
    HeightReference,
    Polygon4326,
    Position,
    Volume,
    Zone,
    ZoneKind,
)
from barlovento.errors import BadInput
from barlovento.fly.zones import fields
from barlovento.fly.zones.fields import FOOT, NAUTICAL_MILE, Faults
from barlovento.guard.geometry import SAGITTA, wgs84

ASKING = {"A", "B", "C", "D", "E", "F", "R", "Q", "CTR", "CTA", "TMA", "TMZ", "RMZ", "W"}
"""Classes in which somebody must agree; P and GP are prohibited, G is free."""

_PLACE = re.compile(
    r"(\d+(?:[:.]\d+){0,3})\s*([NS])[\s,]*(\d+(?:[:.]\d+){0,3})\s*([EW])", re.IGNORECASE
)
_HEIGHT = re.compile(
    r"^(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>FT|F|M|MT|)\s*"
    r"(?P<reference>AMSL|MSL|ALT|AGL|AGND|ASFC|GND|SFC|STD|)$"
)


@dataclass(slots=True)
class Block:
    """One airspace while it is read."""

    row: int
    kind: str = ""
    name: str = ""
    ident: str = ""
    lower: str | None = None
    upper: str | None = None
    places: list[Position] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    centre: Position | None = None
    clockwise: bool = True
    lines: list[str] = field(default_factory=list)


def zones(content: str, faults: Faults, *, country: str) -> list[Zone]:
    """Return every airspace of a text.

    Parameters
    ----------
    content : str
        Of the file.
    faults : Faults
        Takes what is wrong, with its line.
    country : str
        ISO 3166 code; OpenAir names none.
    """
    found: list[Zone] = []
    block: Block | None = None
    number = 0
    for row, raw in enumerate(content.splitlines(), start=1):
        line = raw.split("*", 1)[0].strip()
        if not line:
            continue
        key, _, rest = line.partition(" ")
        key, rest = key.upper(), rest.strip()
        if key.startswith("V") and "=" in line:
            key, rest = "V", line[1:].strip()
        if key == "AC":
            number += _finish(block, number, found, faults, country)
            block = Block(row=row, kind=rest.upper())
        if block is None:
            if key in {"AN", "AL", "AH", "DP", "DA", "DB", "DC", "V"}:
                faults.line(row, f"{key} comes before any AC", "Begin each airspace with AC.")
                return found
            continue
        block.lines.append(line)
        try:
            _take(block, key, rest)
        except BadInput as error:
            what, _, mend = str(error).rpartition(". ")
            faults.line(row, f"{block.name or 'airspace'}: {what or error}", mend)
    _finish(block, number, found, faults, country)
    return found


def _take(block: Block, key: str, rest: str) -> None:
    """Read one line into the block."""
    if key == "AN":
        block.name = rest
    elif key == "AI":
        block.ident = rest
    elif key == "AL":
        block.lower = rest
    elif key == "AH":
        block.upper = rest
    elif key == "V":
        _variable(block, rest)
    elif key == "DP":
        block.places.append(_place(rest))
    elif key == "DC":
        radius = fields.number_of(rest.partition(" ")[0], "radius") * NAUTICAL_MILE
        if radius <= 0:
            raise BadInput(f"The radius {rest!r} is not above 0. Give nautical miles.")
        lon, lat = _centre(block)
        block.circles.append(Circle(lon=lon, lat=lat, radius=radius))
    elif key == "DA":
        _arc_by_angles(block, rest)
    elif key == "DB":
        _arc_by_places(block, rest)
    elif key == "DY":
        raise BadInput("Airways (DY) have no agreed form. Draw it as a polygon.")


def _variable(block: Block, rest: str) -> None:
    name, _, value = (part.strip() for part in rest.partition("="))
    if name.upper() == "X":
        block.centre = _place(value)
    elif name.upper() == "D":
        if value not in {"+", "-"}:
            raise BadInput(f"The direction {value!r} is unknown. Give + or -.")
        block.clockwise = value == "+"


def _place(text: str) -> Position:
    match = _PLACE.search(text)
    if match is None:
        raise BadInput(f"{text!r} is no place. Write 46:30:00 N 007:15:30 E.")
    lat, lon = _angle(match[1]), _angle(match[3])
    if match[2].upper() == "S":
        lat = -lat
    if match[4].upper() == "W":
        lon = -lon
    if abs(lat) > 90 or abs(lon) > 180:
        raise BadInput(f"{text!r} is beyond the pole or 180 degrees. Latitude comes first.")
    return lon, lat


def _angle(text: str) -> float:
    parts = [float(part) for part in text.split(":")]
    if any(part >= 60 for part in parts[1:]) or len(parts) > 3:
        raise BadInput(f"{text!r} has 60 minutes or seconds, or more. Write DD:MM:SS.")
    return float(sum(part / 60.0**i for i, part in enumerate(parts)))


def _centre(block: Block) -> Position:
    if block.centre is None:
        raise BadInput("It has no centre. Give V X= before it.")
    return block.centre


def _arc_by_angles(block: Block, rest: str) -> None:
    parts = [part for part in re.split(r"[,\s]+", rest) if part]
    if len(parts) != 3:
        raise BadInput(f"DA {rest!r} needs radius, first and last angle. Give all three.")
    radius, first, last = (fields.number_of(part, "DA") for part in parts)
    if radius <= 0:
        raise BadInput(f"The radius {radius:g} is not above 0. Give nautical miles.")
    _arc(block, (radius * NAUTICAL_MILE, radius * NAUTICAL_MILE), first, last, None)


def _arc_by_places(block: Block, rest: str) -> None:
    found = list(_PLACE.finditer(rest))
    if len(found) != 2:
        raise BadInput(f"DB {rest!r} needs two places. Give both.")
    start, end = (_place(match[0]) for match in found)
    lon, lat = _centre(block)
    azimuth, _, radius = wgs84().inv([lon, lon], [lat, lat], [start[0], end[0]], [start[1], end[1]])
    if min(radius) <= 0 or abs(radius[0] - radius[1]) > max(0.02 * max(radius), 200):
        raise BadInput(
            f"DB begins {radius[0]:.0f} m from its centre and ends {radius[1]:.0f} m from it. "
            "Check the places and V X=."
        )
    _arc(block, (radius[0], radius[1]), azimuth[0], azimuth[1], (start, end))


def _arc(
    block: Block,
    radii: tuple[float, float],
    first: float,
    last: float,
    ends: tuple[Position, Position] | None,
) -> None:
    """Add places along an arc, near enough that it is met within :data:`SAGITTA`."""
    sweep = (last - first) % 360 if block.clockwise else -((first - last) % 360)
    if sweep == 0:
        sweep = 360 if block.clockwise else -360
    step = math.degrees(2 * math.sqrt(2 * SAGITTA / max(radii)))
    number = max(2, math.ceil(abs(sweep) / step))
    share = np.linspace(0, 1, number + 1)
    radius = radii[0] + share * (radii[1] - radii[0])
    lon, lat = _centre(block)
    n = len(share)
    lons, lats, _ = wgs84().fwd(np.full(n, lon), np.full(n, lat), first + share * sweep, radius)
    arc = list(zip(map(float, lons), map(float, lats), strict=True))
    if ends is not None:
        arc[0], arc[-1] = ends
    block.places += arc


def _height(text: str | None, name: str, *, lower: bool) -> Height | None:
    """Return a limit; None where nothing limits.

    Raises
    ------
    BadInput
        It is missing, or is above nothing that is named.
    """
    if text is None:
        raise BadInput(f"{name} is missing. Give a height, SFC or UNL.")
    word = " ".join(text.upper().split())
    if word in {"SFC", "GND", "0", "SURFACE"} and lower:
        return None
    if word.startswith("UNL") and not lower:
        return None
    level = re.match(r"^FL\s*(\d+)$", word)
    if level:
        return Height(value=int(level[1]) * 100 * FOOT, reference=HeightReference.FL)
    match = _HEIGHT.match(word)
    if match is None or not match["reference"]:
        raise BadInput(
            f"{name} {text!r} does not say above what. Write 4500FT AMSL, 500FT AGL, FL95."
        )
    unit = 1.0 if match["unit"] in {"M", "MT"} else FOOT
    kind = {"STD": HeightReference.FL}.get(match["reference"])
    if kind is None:
        above_sea = match["reference"] in {"AMSL", "MSL", "ALT"}
        kind = HeightReference.AMSL if above_sea else HeightReference.AGL
    return Height(value=float(match["number"]) * unit, reference=kind)


def _finish(
    block: Block | None, number: int, found: list[Zone], faults: Faults, country: str
) -> int:
    """Make a zone of a block that ended; return 1 where there was one."""
    if block is None:
        return 0
    name = block.ident or block.name
    try:
        lower = _height(block.lower, "AL", lower=True)
        upper = _height(block.upper, "AH", lower=False)
        area: Area = tuple(block.circles)
        if block.places:
            area = (Polygon4326(outer=tuple(block.places)), *area)
        if not area:
            raise BadInput("It has no places. Give DP, DA, DB or DC.")
        text = "\n".join(block.lines)
        found.append(
            Zone(
                id=name or f"airspace at line {block.row}",
                name=block.name,
                kind=_kind(block.kind),
                volumes=(Volume(area=area, lower=lower, upper=upper),),
                authority="",
                country=fields.country_of(country, ""),
                reason=(block.kind,),
                extra={},
                digest=fields.digest_of(text),
            )
        )
    except BadInput as error:
        what, _, mend = str(error).rpartition(". ")
        faults.add(number, name or f"line {block.row}", what or str(error), mend)
    return 1


def _kind(word: str) -> ZoneKind:
    """Return what a class asks; one that is not known asks for agreement."""
    if word in {"P", "GP"}:
        return ZoneKind.PROHIBITED
    if word == "G":
        return ZoneKind.NO_RESTRICTION
    return ZoneKind.REQUIRES_AUTHORISATION if word in ASKING else ZoneKind.CONDITIONAL
