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
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

OUT = Path(__file__).resolve().parent.parent / "src/barlovento/guard/data/outline.npz"
SEA = -1

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

    return str(pycountry.countries.get(numeric=number).alpha_2)


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
    return np.concatenate(parts) * scale + np.array(move)


def holds(ring: NDArray[np.float64], lon: float, lat: float) -> bool:
    """Tell whether a ring holds a place, by crossings of a ray [degree]."""
    x, y = ring[:, 0], ring[:, 1]
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > lat) != (y2 > lat)
    with np.errstate(divide="ignore", invalid="ignore"):
        east = (x2 - x) * (lat - y) / (y2 - y) + x > lon
    return bool(np.count_nonzero(crosses & east) % 2)


def sides(topology: dict[str, Any]) -> tuple[list[tuple[str, bool]], NDArray[np.int16]]:
    """Return the holders, and for each arc the holder to its left and right."""
    holders: dict[tuple[str, bool], int] = {}
    side = np.full((len(topology["arcs"]), 2), SEA, dtype=np.int16)
    for geometry in topology["objects"]["countries"]["geometries"]:
        usual = holder_of(geometry["properties"], geometry.get("id"))
        for rings in polygons_of(geometry):
            holder = usual
            if usual[0] == "RU" and holds(points_of(topology, rings), *CRIMEA):
                holder = ("UA", True)
            index = holders.setdefault(holder, len(holders))
            for ring in rings:
                for arc in ring:
                    # Rings run clockwise round what they hold: it lies to the right.
                    side[arc if arc >= 0 else ~arc, 1 if arc >= 0 else 0] = index
    return list(holders), side


def main() -> None:
    """Write the outline."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("topology", type=Path, help="countries-10m.json of world-atlas")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    content = options.topology.read_bytes()
    topology = json.loads(content)
    holders, side = sides(topology)
    keep = np.flatnonzero(side[:, 0] != side[:, 1])
    steps = [np.array(topology["arcs"][arc], dtype=np.int32) for arc in keep]
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
