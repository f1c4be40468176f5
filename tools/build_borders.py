"""Build the shipped outline of land and states from the npm package `world-atlas`.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    uv run --with pycountry python tools/build_borders.py package/countries-10m.json

The package holds Natural Earth's 1:10m countries (public domain) as a quantised topology: every
border is stored once, so it is known what lies to its left and right. What is written here keeps
the quantised numbers as they are, packs them, and says which state each side belongs to.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

OUT = Path(__file__).resolve().parent.parent / "src/barlovento/guard/data/outline.npz"
SEA = -1
LONGEST_LOOP = 20
"""A loop of more legs than this is a peninsula whose neck has closed, and stays."""

SOVEREIGN = {
    "AS": "US", "GU": "US", "MP": "US", "PR": "US", "UM": "US", "VI": "US",
    "AI": "GB", "BM": "GB", "FK": "GB", "GG": "GB", "GI": "GB", "GS": "GB", "IM": "GB",
    "IO": "GB", "JE": "GB", "KY": "GB", "MS": "GB", "PN": "GB", "SH": "GB", "TC": "GB",
    "VG": "GB", "BL": "FR", "MF": "FR", "NC": "FR", "PF": "FR", "PM": "FR", "TF": "FR",
    "WF": "FR", "AW": "NL", "CW": "NL", "SX": "NL", "FO": "DK", "GL": "DK", "AX": "FI",
    "HM": "AU", "NF": "AU", "CK": "NZ", "NU": "NZ", "HK": "CN", "MO": "CN",
}  # fmt: skip
"""Territories that ISO 3166 lists apart, and the state that they belong to."""

UNNUMBERED = {
    "Dhekelia": ("GB", False),
    "Akrotiri": ("GB", False),
    "Baikonur": ("KZ", False),
    "Indian Ocean Ter.": ("AU", False),
    "Coral Sea Is.": ("AU", False),
    "Clipperton I.": ("FR", False),
    "Kosovo": ("XK", True),
    "N. Cyprus": ("CY", True),
    "Cyprus U.N. Buffer Zone": ("CY", True),
    "Somaliland": ("SO", True),
    "USNB Guantanamo Bay": ("CU", True),
    "Bajo Nuevo Bank": ("CO", True),
    "Serranilla Bank": ("CO", True),
    "Siachen Glacier": ("", True),
    "Spratly Is.": ("", True),
    "Scarborough Reef": ("", True),
}
"""Features without an ISO number: sovereign (empty: none is taken) and whether it is disputed."""

DISPUTED = {"EH", "PS", "FK", "GS"}
"""Territories with a number whose status Natural Earth itself calls disputed or indeterminate."""

CRIMEA = (34.1, 44.95)
"""The source draws Crimea with Russia; here it is Ukraine's, disputed (UN resolution 68/262)."""


def alpha2(number: str) -> str:
    """Return ISO 3166 alpha-2 for a numeric code."""
    import pycountry

    found: Any = pycountry.countries.get(numeric=number)
    return str(found.alpha_2)


def holder_of(properties: dict[str, Any], number: str | None) -> tuple[str, bool]:
    """Return the sovereign (or nothing) of a feature and whether that is disputed."""
    if number is None:
        return UNNUMBERED[properties["name"]]
    if number == "010":
        # Claims to Antarctica are frozen by the treaty of 1959: no sovereign can be named.
        return "", True
    code = alpha2(number)
    return SOVEREIGN.get(code, code), code in DISPUTED


def polygons_of(geometry: dict[str, Any]) -> list[list[list[int]]]:
    """Return a feature's polygons, each a list of rings of arc numbers."""
    arcs: Any = geometry["arcs"]
    return [arcs] if geometry["type"] == "Polygon" else arcs


def points_of(topology: dict[str, Any], rings: list[list[int]]) -> NDArray[np.float64]:
    """Return longitude and latitude of the outer ring [degree]."""
    parts = []
    for arc in rings[0]:
        steps = np.cumsum(np.array(topology["arcs"][arc if arc >= 0 else ~arc]), axis=0)
        parts.append(steps if arc >= 0 else steps[::-1])
    scale, move = topology["transform"]["scale"], topology["transform"]["translate"]
    return np.asarray(np.concatenate(parts) * scale + np.array(move))


def holds(ring: NDArray[np.float64], lon: float, lat: float) -> bool:
    """Tell whether a ring holds a place, by crossings of a ray [degree]."""
    x, y = ring[:, 0], ring[:, 1]
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > lat) != (y2 > lat)
    with np.errstate(divide="ignore", invalid="ignore"):
        east = (x2 - x) * (lat - y) / (y2 - y) + x > lon
    return bool(np.count_nonzero(crosses & east) % 2)


def sides(
    topology: dict[str, Any],
) -> tuple[list[tuple[str, bool]], NDArray[np.int16], dict[int, bool]]:
    """Return the holders, for each arc the holder to its left and right, and where islands lie.

    An arc that goes round a whole island or enclave has it to its right (True) or left.
    """
    islands: dict[int, bool] = {}
    holders: dict[tuple[str, bool], int] = {}
    side = np.full((len(topology["arcs"]), 2), SEA, dtype=np.int16)
    for geometry in topology["objects"]["countries"]["geometries"]:
        usual = holder_of(geometry["properties"], geometry.get("id"))
        for rings in polygons_of(geometry):
            holder = usual
            if usual[0] == "RU" and holds(points_of(topology, rings), *CRIMEA):
                holder = ("UA", True)
            index = holders.setdefault(holder, len(holders))
            if len(rings[0]) == 1:
                arc = rings[0][0]
                islands[arc if arc >= 0 else ~arc] = arc >= 0
            for ring in rings:
                for arc in ring:
                    # Rings run clockwise round what they hold: it lies to the right.
                    side[arc if arc >= 0 else ~arc, 1 if arc >= 0 else 0] = index
    # Rounding has closed the hole that Italy has for the Vatican.
    vatican, italy = holders[("VA", False)], holders[("IT", False)]
    lost = (side == vatican).any(axis=1) & (side == SEA).any(axis=1)
    side[lost] = np.where(side[lost] == SEA, italy, side[lost])
    return list(holders), side, islands


def without_spikes(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a line that nowhere runs back along itself.

    Coordinates were rounded, so that narrow tongues have become lines there and back, which have
    no inside; the nearest of them would tell the wrong side.
    """
    kept: list[tuple[int, int]] = []
    for place in places:
        while len(kept) > 1 and turns_back(kept[-2], kept[-1], place):
            kept.pop()
        if not kept or kept[-1] != place:
            kept.append(place)
    return kept


def without_loops(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a border that nowhere crosses itself: small loops, made by rounding, are cut off."""
    while not shapely.LineString(places).is_simple:
        legs = shapely.linestrings(np.array([places[:-1], places[1:]]).swapaxes(0, 1))
        one, two = shapely.STRtree(legs).query(legs, predicate="intersects")
        after = (two - one > 1) & (two - one <= LONGEST_LOOP)
        if not after.any():
            return places
        # The shortest loop first: what is left may be simple then.
        first = int(np.argmin(np.where(after, two - one, len(places))))
        places = without_spikes(places[: one[first] + 1] + places[two[first] + 1 :])
    return places


def turns_back(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    """Tell whether the way from b to c runs straight back towards a."""
    x1, y1, x2, y2 = b[0] - a[0], b[1] - a[1], c[0] - b[0], c[1] - b[1]
    return x1 * y2 == x2 * y1 and x1 * x2 + y1 * y2 < 0


def cleaned(steps: list[list[int]], *, land_right: bool | None) -> list[NDArray[np.int32]]:
    """Return an arc without spikes, as one or more arcs.

    An island whose coast crosses itself after rounding is parted, and one that has shrunk to a
    line or a point gets a width: its sea is as wide as that of any other.

    Parameters
    ----------
    steps : list of list of int
        Quantised differences.
    land_right : bool
        An island's or enclave's land lies to the right of its coast; None where it is neither.
    """
    places = [(int(x), int(y)) for x, y in np.cumsum(np.array(steps), axis=0)]
    if places[0] != places[-1]:
        return [differences(without_loops(without_spikes(places)))]
    shape = shapely.Polygon(places) if len(set(places)) > 2 else shapely.Polygon()
    turn = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(places))
    # Where the coast crosses itself, its turn may tell the wrong lobe.
    clockwise = land_right if land_right is not None else turn < 0
    if shape.is_valid and shape.area > 0.0:
        # Rounding can turn a small triangle over.
        return [differences(places if (turn < 0) == clockwise else places[::-1])]
    found: list[NDArray[np.int32]] = []
    whole = shapely.set_precision(shapely.make_valid(shape), 1.0)
    # A collection may hold a multipolygon.
    for part in shapely.get_parts(shapely.get_parts(whole)):
        if part.geom_type == "Polygon" and part.area > 0.0:
            turned = shapely.orient_polygons(part, exterior_cw=clockwise)
            found += [
                differences([(round(x), round(y)) for x, y in ring.coords])
                for ring in (turned.exterior, *turned.interiors)
            ]
    return found or [differences(speck(places, clockwise=clockwise))]


def differences(places: list[tuple[int, int]]) -> NDArray[np.int32]:
    """Return the first place and the steps that follow."""
    return np.diff(np.array([(0, 0), *places]), axis=0).astype(np.int32)


def speck(places: list[tuple[int, int]], *, clockwise: bool) -> list[tuple[int, int]]:
    """Return a triangle for an island that is smaller than the rounding."""
    (x1, y1), (x2, y2) = min(places), max(places)
    if (x1, y1) == (x2, y2):
        x2 += 1
    x3, y3 = (x1, y1 + 1) if x1 != x2 else (x1 + 1, y1)
    turn = (x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1)
    ring = [(x1, y1), (x2, y2), (x3, y3), (x1, y1)]
    return ring[::-1] if (turn > 0) == clockwise else ring


def main() -> None:
    """Write the outline."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("topology", type=Path, help="countries-10m.json of world-atlas")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    content = options.topology.read_bytes()
    topology = json.loads(content)
    holders, side, islands = sides(topology)
    keep = np.flatnonzero(side[:, 0] != side[:, 1])
    parts = [cleaned(topology["arcs"][arc], land_right=islands.get(arc)) for arc in keep]
    keep = np.repeat(keep, [len(part) for part in parts])
    steps = [arc for part in parts for arc in part]
    about = {
        "source": "Natural Earth 1:10m admin 0 countries, from npm world-atlas 2.0.2",
        "licence": "public domain",
        "digest": hashlib.sha256(content).hexdigest(),
        "holders": [{"state": state, "disputed": disputed} for state, disputed in holders],
        "scale": topology["transform"]["scale"],
        "translate": topology["transform"]["translate"],
    }
    with options.out.open("wb") as file:
        np.savez_compressed(
            file,
            steps=np.concatenate(steps),
            lengths=np.array([len(arc) for arc in steps], dtype=np.int32),
            left=side[keep, 0],
            right=side[keep, 1],
            about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
        )
    print(f"{options.out.name}: {len(keep)} arcs, {sum(map(len, steps))} points, ", end="")
    print(f"{options.out.stat().st_size / 1e6:.2f} MB, {len(holders)} holders")


if __name__ == "__main__":
    main()
