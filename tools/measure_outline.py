"""Measure how far limits drawn from the shipped outline lie off published ones, and write it.

    npm pack @geo-maps/countries-maritime-10m @geo-maps/countries-coastline-10m
    uv run --all-extras python tools/measure_outline.py maritime.json --coastline coastline.json

The published limits are OpenStreetMap's of 2017 (ODbL), straight baselines and treaties included.
Its coast gives limits of another kind, 12 miles off the coast and along medians. The error has to
cover both. Nothing of them is shipped: only, for each state and each field of 1 by 1 degree, the
largest depth at which the shipped outline was found to be wrong at many random places. Where they
disagree about whose land it is, that is an error too, and a large one.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from barlovento.domain.countries import alpha2
from barlovento.guard.borders import Borders
from barlovento.guard.limit_errors import LimitErrors
from barlovento.guard.limits import margins
from barlovento.guard.nearest import FloatArray, cartesian, geodetic
from barlovento.guard.outline import SEA

sys.path.insert(0, str(Path(__file__).parent))
from finer_outline import HELD_BY, finer_outline

OUT = Path(__file__).resolve().parent.parent / "src/barlovento/guard/data/errors.json"
FIELD = 1.0
"""Side of a field [degree]."""
FARTHER, LEAST = 1.1, 500.0
"""What was not hit by a random place: a factor [1] and a least error [m]."""
MOST_INSIDE_LAND = 20_000.0


def sample(borders: Borders, n: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return places up to 50 km around coasts and 20 km around borders on land [degree]."""
    generator = np.random.default_rng(seed)
    line = borders.outline
    length = np.linalg.norm(line.end - line.begin, axis=1)
    # Even along the lines, but never only where they are most winding.
    picked = generator.choice(len(length), n, p=length / length.sum())
    lon, lat = geodetic(line.begin[picked])
    land = (line.left[picked] != SEA) & (line.right[picked] != SEA)
    away = generator.uniform(0.0, np.where(land, MOST_INSIDE_LAND, 50_000.0))
    bearing = generator.uniform(0.0, 2.0 * np.pi, n)
    lat = np.clip(lat + away * np.cos(bearing) / 111_195.0, -80.0, 85.0)
    lon = lon + away * np.sin(bearing) / 111_195.0 / np.cos(np.radians(lat))
    lon = (lon + 180.0) % 360.0 - 180.0
    order = np.argsort(np.floor(lat / FIELD) * 1000 + np.floor(lon / FIELD), kind="stable")
    return lon[order], lat[order]


def published(path: Path, lon: FloatArray, lat: FloatArray) -> Any:
    """Return the state whose published airspace each place lies in; empty for none."""
    truth = np.full(len(lon), "", dtype=object)
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        code = alpha2(feature["properties"]["A3"]) or "?"
        code = HELD_BY.get(code, code)
        shape = shapely.make_valid(shapely.from_geojson(json.dumps(feature["geometry"])))
        for part in shapely.get_parts(shape):
            west, south, east, north = part.bounds
            rows = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
            if len(rows):
                shapely.prepare(part)
                truth[rows[shapely.contains_xy(part, lon[rows], lat[rows])]] = code
    return truth


def main() -> None:
    """Write the table of errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("maritime", type=Path)
    parser.add_argument("--coastline", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--places", type=int, default=3_000_000)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    borders = Borders.shipped()
    # Another error is not asked for: only the depths of this outline count.
    coast = Borders(
        finer_outline(options.coastline, borders.states), errors=LimitErrors.same_everywhere(0.0)
    )
    lon, lat = sample(borders, options.places, options.seed)
    truth = published(options.maritime, lon, lat)
    cell = np.stack([np.floor(lat / FIELD), np.floor(lon / FIELD)], axis=1).astype(int)
    edges = np.flatnonzero(np.any(np.diff(cell, axis=0) != 0, axis=1)) + 1
    table: dict[str, dict[str, list[int]]] = {}
    wrong = 0
    for rows in np.split(np.arange(len(lon)), edges):
        places = cartesian(lon[rows], lat[rows])
        name = f"{cell[rows[0], 0]},{cell[rows[0], 1]}"
        near = borders.near(places, 60_000.0)
        for state in sorted(({borders.states[k] for k in near} | set(truth[rows])) - {"", "?"}):
            if state not in borders.states:
                continue
            margin = margins(borders.around(state), places).margin
            is_its = truth[rows] == state
            if not is_its.any() and not (margin > -60_000.0).any():
                continue
            by_coast = margins(coast.around(state), places)
            # On land the coast says nothing of limits.
            at_sea, within = by_coast.holder == SEA, by_coast.margin > 0.0
            outward = float(np.max(-margin[is_its | (at_sea & within)], initial=0.0))
            inward = float(np.max(margin[~is_its | (at_sea & ~within)], initial=0.0))
            wrong += int(np.sum((margin > 0) != is_its))
            pair = [round(FARTHER * max(value, 0.0) + LEAST) for value in (outward, inward)]
            table.setdefault(state, {})[name] = [min(value, 999_000) for value in pair]
    about = "Contains information from OpenStreetMap contributors, made available under the ODbL."
    document = {"field_degrees": FIELD, "places": len(lon), "about": about, "errors": table}
    options.out.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    values = np.array([pair for cells in table.values() for pair in cells.values()])
    print(f"{len(lon)} places, {wrong} verdicts off, {len(values)} fields; outward, inward:")
    for q in (0.5, 0.9, 0.99):
        print(q, np.quantile(values, q, axis=0).round())


if __name__ == "__main__":
    main()
