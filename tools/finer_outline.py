"""Outlines of countries from finer maps than the shipped one; nothing of them is shipped."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import shapely

from barlovento.domain.countries import alpha2
from barlovento.guard.nearest import FloatArray, IntArray
from barlovento.guard.outline import SEA, Holder, Outline, short_lines

sys.path.insert(0, str(Path(__file__).parent))
from build_borders import SOVEREIGN

HELD_BY = SOVEREIGN | dict.fromkeys(("GF", "GP", "MQ", "RE", "YT"), "FR") | {"BQ": "NL"}
HELD_BY |= {"SJ": "NO", "BV": "NO", "CC": "AU", "CX": "AU", "TK": "NZ", "AQ": ""}
"""Whose each territory with a code of its own is."""


def finer_outline(path: Path, states: tuple[str, ...], *, overlapping: bool = False) -> Outline:
    """Return the outline of a GeoJSON of countries; of overlapping ones each has its own lines."""
    begin: list[FloatArray] = []
    end: list[FloatArray] = []
    owner: list[IntArray] = []
    shapes: dict[int, list[object]] = {}
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        code = alpha2(feature["properties"]["A3"]) or ""
        code = HELD_BY.get(code, code)
        number = states.index(code) if code in states else states.index("")
        # Some holes stand there as parts of their own: what lies in two parts is a hole.
        shape = shapely.make_valid(shapely.from_geojson(json.dumps(feature["geometry"])))
        shapes.setdefault(number, []).append(shape)
    for number, several in shapes.items():
        shape = shapely.union_all(several) if len(several) > 1 else several[0]
        for part in shapely.get_parts(shapely.get_parts(shape)):
            if shapely.get_type_id(part) != shapely.GeometryType.POLYGON:
                continue
            for hole, ring in enumerate((part.exterior, *part.interiors)):
                places = shapely.get_coordinates(ring)
                # Cuts of the map at the antimeridian are no coast.
                cut = (np.abs(places[:-1, 0]) > 179.9999) & (np.abs(places[1:, 0]) > 179.9999)
                begin.append(places[:-1][~cut])
                end.append(places[1:][~cut])
                inside_left = shapely.is_ccw(ring) == (hole == 0)
                owner.append(np.full(int((~cut).sum()), number if inside_left else ~number))
    owners = np.concatenate(owner)
    # The sign says on which side of its ring the holder lies; SEA is -1.
    on_left, holder = owners >= 0, np.where(owners >= 0, owners, ~owners)
    left, right = np.where(on_left, holder, SEA), np.where(on_left, SEA, holder)
    starts, ends = np.concatenate(begin), np.concatenate(end)
    if not overlapping:
        starts, ends, left, right = _once(starts, ends, left, right)
    first, last, row = short_lines(starts, ends)
    return Outline(
        begin=first,
        end=last,
        left=left[row],
        right=right[row],
        holders=tuple(Holder(state=state, disputed=False) for state in states),
        source="OpenStreetMap",
        licence="ODbL",
        digest="",
    )


def _once(
    begin: FloatArray, end: FloatArray, left: IntArray, right: IntArray
) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Return lines with both their holders; a border stands in the rings of both."""
    one, two = (np.round(ends * 1e7).astype(np.int64) for ends in (begin, end))
    turned = (one[:, 0] > two[:, 0]) | ((one[:, 0] == two[:, 0]) & (one[:, 1] > two[:, 1]))
    low, high = np.where(turned[:, None], two, one), np.where(turned[:, None], one, two)
    # Four numbers in one; that two lines share it by chance is as good as impossible.
    key = np.zeros(len(low), dtype=np.uint64)
    for part in (low[:, 0], low[:, 1], high[:, 0], high[:, 1]):
        key = (key ^ part.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    _, row, group = np.unique(key, return_index=True, return_inverse=True)
    both = np.full((2, len(row)), SEA)
    np.maximum.at(both[0], group, np.where(turned, right, left))
    np.maximum.at(both[1], group, np.where(turned, left, right))
    flip = turned[row]
    # Each is returned as its first ring runs.
    sides = np.where(flip, both[1], both[0]), np.where(flip, both[0], both[1])
    return begin[row], end[row], *sides
