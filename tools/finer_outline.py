"""Outlines of countries from finer maps than the shipped one; nothing of them is shipped."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from barlovento.domain.countries import alpha2
from barlovento.guard.nearest import FloatArray, IntArray
from barlovento.guard.outline import SEA, Holder, Outline, short_lines

sys.path.insert(0, str(Path(__file__).parent))
from build_borders import SOVEREIGN

HELD_BY = SOVEREIGN | dict.fromkeys(("GF", "GP", "MQ", "RE", "YT"), "FR") | {"BQ": "NL"}
HELD_BY |= {"SJ": "NO", "BV": "NO", "CC": "AU", "CX": "AU", "TK": "NZ", "AQ": ""}
"""Whose each territory with a code of its own is."""


def finer_outline(path: Path, states: tuple[str, ...]) -> Outline:
    """Return the outline of a GeoJSON of countries; borders on land stand there twice."""
    begin: list[FloatArray] = []
    end: list[FloatArray] = []
    owner: list[IntArray] = []
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        code = alpha2(feature["properties"]["A3"]) or ""
        code = HELD_BY.get(code, code)
        number = states.index(code) if code in states else states.index("")
        geometry = feature["geometry"]
        polygons = geometry["coordinates"]
        for polygon in polygons if geometry["type"] == "MultiPolygon" else [polygons]:
            for ring in polygon:
                places = np.array(ring, dtype=float)[:, :2]
                # Cuts of the map at the antimeridian are no coast.
                cut = (np.abs(places[:-1, 0]) > 179.9999) & (np.abs(places[1:, 0]) > 179.9999)
                begin.append(places[:-1][~cut])
                end.append(places[1:][~cut])
                x, y = places[:, 0], places[:, 1]
                turn = np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])
                inside_left = (turn > 0) == (ring is polygon[0])
                owner.append(np.full(int((~cut).sum()), number if inside_left else ~number))
    first, last, row = short_lines(np.concatenate(begin), np.concatenate(end))
    owners = np.concatenate(owner)[row]
    # The sign says on which side of its ring the holder lies; SEA is -1.
    on_left, holder = owners >= 0, np.where(owners >= 0, owners, ~owners)
    return Outline(
        begin=first,
        end=last,
        left=np.where(on_left, holder, SEA),
        right=np.where(on_left, SEA, holder),
        holders=tuple(Holder(state=state, disputed=False) for state in states),
        source="OpenStreetMap",
        licence="ODbL",
        digest="",
    )
