"""Distances to borders against geographiclib, and the shipped outline against finer ones.

    npm pack @geo-maps/countries-coastline-10m @geo-maps/countries-maritime-10m
    uv run --all-extras python benchmarks/borders_distance.py --coastline A.json --maritime B.json

The first part needs nothing: distances from places to coasts, medians and borders are compared
with geographiclib's geodesics to the same line. The second compares depths from the shipped
outline with those from OpenStreetMap's coast (2017, 10 m, ODbL; not part of the repository), and
the third its verdicts with OpenStreetMap's own limits of territorial seas, straight baselines and
treaties included.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.countries import alpha2
from barlovento.guard.borders import Borders
from barlovento.guard.limit_errors import LimitErrors
from barlovento.guard.limits import TERRITORIAL_SEA, margins
from barlovento.guard.nearest import (
    NO_OWNER,
    FloatArray,
    build_tree,
    cartesian,
    geodetic,
    nearest_many,
)
from barlovento.guard.outline import SEA
from barlovento.guard.sovereignty import Sovereignty
from running import ROOT, Progress, arguments, report, table

sys.path.insert(0, str(ROOT / "tools"))
from finer_outline import HELD_BY as SOVEREIGN
from finer_outline import finer_outline


def sphere(n: int, generator: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return places spread evenly over the earth, polar caps left out [degree]."""
    lat = np.degrees(np.arcsin(generator.uniform(np.sin(-1.2), np.sin(1.4), n)))
    return generator.uniform(-180.0, 180.0, n), lat


def around_limits(
    borders: Borders, n: int, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return places at sea between 4 and 40 km from a coast [degree]."""
    line = borders.outline
    coast = np.flatnonzero((line.left == SEA) ^ (line.right == SEA))
    lon, lat = geodetic(line.begin[generator.choice(coast, n)])
    away, bearing = generator.uniform(0.0, 40_000.0, n), generator.uniform(0.0, 2 * np.pi, n)
    lat = np.clip(lat + away * np.cos(bearing) / 111_195.0, -85.0, 85.0)
    lon = lon + away * np.sin(bearing) / 111_195.0 / np.cos(np.radians(lat))
    return lon, lat


def verdicts(borders: Borders, lon: FloatArray, lat: FloatArray) -> list[Sovereignty]:
    """Return whose airspace each place lies in, field by field: only near states are asked."""
    field = np.floor(lat / 5.0) * 1000.0 + np.floor(lon / 5.0)
    order = np.argsort(field, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(field[order])) + 1)
    found: dict[int, Sovereignty] = {}
    for rows in parts:
        found |= zip(rows.tolist(), borders.sovereigns(lon[rows], lat[rows]), strict=True)
    return [found[i] for i in range(len(lon))]


def geodesic_distance(begin: FloatArray, end: FloatArray, lon: float, lat: float) -> float:
    """Return the distance to a short geodesic line by geographiclib alone [m]."""
    from geographiclib.geodesic import Geodesic

    geod = Geodesic.WGS84
    (lon1, lon2), (lat1, lat2) = geodetic(np.stack([begin, end]))
    line = geod.InverseLine(lat1, lon1, lat2, lon2)
    low, high = 0.0, line.s13

    def away(s: float) -> float:
        at = line.Position(s)
        return float(geod.Inverse(lat, lon, at["lat2"], at["lon2"])["s12"])

    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    while high - low > 1e-3:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if away(left) < away(right):
            high = right
        else:
            low = left
    return away((low + high) / 2.0)


def compare_with_geographiclib(borders: Borders, n: int) -> dict[str, Any]:
    """Return the largest difference of distances to the same lines."""
    from scipy.spatial import cKDTree

    generator = np.random.default_rng(1)
    line = borders.outline
    tree = build_tree(
        line.begin, line.end, line.left, line.right, np.zeros(len(line.left), dtype=np.int64)
    )
    lon, lat = around_limits(borders, n, generator)
    far_lon, far_lat = sphere(n // 4, generator)
    lon, lat = np.concatenate([lon, far_lon]), np.concatenate([lat, far_lat])
    places = cartesian(lon, lat)
    distance, index = nearest_many(tree, places, 1.2e7, NO_OWNER)
    progress = Progress(10, "geographiclib")
    off = np.empty(len(lon))
    middles = cKDTree((tree.begin + tree.end) / 2.0)
    for i in range(len(lon)):
        # The nearest lines by another search, then each by geographiclib.
        close = np.atleast_1d(middles.query(places[i], k=6)[1])
        numbers = {*close.tolist(), int(index[i])}
        truth = min(geodesic_distance(tree.begin[k], tree.end[k], lon[i], lat[i]) for k in numbers)
        off[i] = abs(distance[i] - truth)
        if (i + 1) % max(1, len(lon) // 10) == 0:
            progress.step()
    near = distance < 400_000.0
    return {
        "places": len(lon),
        "largest_m": float(off[near].max()),
        "median_m": float(np.median(off[near])),
        "largest_beyond_400_km_m": float(off[~near].max()) if (~near).any() else None,
    }


def compare_outlines(borders: Borders, finer: Borders, n: int) -> dict[str, Any]:
    """Return how depths from the two outlines differ, and how often a certain verdict is wrong."""
    lon, lat = around_limits(borders, n, np.random.default_rng(2))
    places = cartesian(lon, lat)
    seen = verdicts(borders, lon, lat)
    nearest = np.array([s.state or (s.candidates[0] if s.candidates else "") for s in seen])
    sea = np.array([s.kind != "land" for s in seen])
    coast, index = nearest_many(borders.every_coast, places, 1e6, NO_OWNER)
    nearest = np.array([borders.states[borders.every_coast.owner[k]] for k in index])
    off, ours, truth, lons, lats, errors = [], [], [], [], [], []
    for state in sorted(set(nearest) - {""}):
        rows = np.flatnonzero((nearest == state) & sea & (coast < 40_000.0))
        if not len(rows):
            continue
        one = margins(borders.around(state), places[rows])
        two = margins(finer.around(state), places[rows])
        at_sea = two.holder == SEA
        outward, inward = borders.errors(state, places[rows])
        errors.append(np.where(one.margin > 0.0, inward, outward)[at_sea])
        ours.append(one.margin[at_sea])
        truth.append(two.margin[at_sea])
        lons.append(lon[rows][at_sea])
        lats.append(lat[rows][at_sea])
        off.append(one.margin[at_sea] - two.margin[at_sea])
    mine, other, gap = np.concatenate(ours), np.concatenate(truth), np.concatenate(off)
    limit = np.abs(other) < 8_000.0
    gap_there = np.abs(gap[limit])
    sure = np.abs(mine) > np.concatenate(errors)
    wrong = sure & ((mine > 0) != (other > 0))
    worst = np.argsort(-np.abs(gap) * limit)[:10]
    where = np.stack([np.concatenate(lons), np.concatenate(lats)], axis=1)
    return {
        "places": len(mine),
        "near_limit": int(limit.sum()),
        "median_m": float(np.median(gap_there)),
        "q90_m": float(np.quantile(gap_there, 0.90)),
        "q95_m": float(np.quantile(gap_there, 0.95)),
        "q99_m": float(np.quantile(gap_there, 0.99)),
        "q999_m": float(np.quantile(gap_there, 0.999)),
        "outward_q99_m": float(np.quantile(gap[limit], 0.99)),
        "inward_q99_m": float(np.quantile(-gap[limit], 0.99)),
        "certain": int(sure.sum()),
        "certain_and_wrong": int(wrong.sum()),
        "worst": [[*where[k].round(3).tolist(), round(float(gap[k]))] for k in worst],
    }


def compare_maritime(borders: Borders, path: Path, n: int) -> dict[str, Any]:
    """Return how often certain verdicts differ from published limits of territorial seas."""
    import shapely

    lon, lat = around_limits(borders, n, np.random.default_rng(3))
    lon = (lon + 180.0) % 360.0 - 180.0
    seen = verdicts(borders, lon, lat)
    points = shapely.points(lon, lat)
    truth = np.full(n, "", dtype=object)
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    for feature in features:
        shape = shapely.make_valid(shapely.from_geojson(json.dumps(feature["geometry"])))
        shapely.prepare(shape)
        code = alpha2(feature["properties"]["A3"]) or "?"
        truth[shapely.contains(shape, points)] = SOVEREIGN.get(code, code)
    kinds = {"same": 0, "cannot tell": 0, "missed": 0, "claimed": 0, "other state": 0}
    wrong: list[Any] = []
    for i, verdict in enumerate(seen):
        if not verdict.certain:
            kinds["cannot tell"] += 1
        elif (verdict.state or "") == truth[i]:
            kinds["same"] += 1
        else:
            kind = "missed" if not verdict.state else ("claimed" if not truth[i] else "other state")
            kinds[kind] += 1
            wrong.append([kind, round(lon[i], 3), round(lat[i], 3), verdict.state, truth[i]])
    return {"places": n, **kinds, "wrong": wrong}


def main() -> None:
    """Run the comparison."""
    options = arguments(
        __doc__ or "",
        coastline={"type": Path, "help": "map.geo.json of @geo-maps/countries-coastline-10m"},
        maritime={"type": Path, "help": "map.geo.json of @geo-maps/countries-maritime-10m"},
    ).parse_args()
    borders = Borders.shipped()
    content: dict[str, Any] = {}
    content["geographiclib"] = compare_with_geographiclib(borders, 100 if options.quick else 400)
    off = content["geographiclib"]["largest_m"]
    rows: list[list[Any]] = [
        ["largest difference from geographiclib, nearer than 400 km", "<= 1 m", f"{off:.2f} m"]
    ]
    many = 5_000 if options.quick else 60_000
    if options.coastline:
        finer = Borders(
            finer_outline(options.coastline, borders.states),
            errors=LimitErrors.same_everywhere(10.0),
        )
        content["coastline"] = found = compare_outlines(borders, finer, many)
        rows += [
            ["median error of a limit at sea", "reported", f"{found['median_m']:,.0f} m"],
            ["99 % of errors are below", "reported", f"{found['q99_m']:,.0f} m"],
            [
                f"certain verdicts that OpenStreetMap's coast contradicts, of {found['certain']:,}",
                "0",
                f"{found['certain_and_wrong']:,}",
            ],
        ]
    if options.maritime:
        content["maritime"] = found = compare_maritime(borders, options.maritime, many)
        rows += [
            [
                "certain `outside` that a published limit contradicts",
                "0",
                f"{found['missed']:,} of {found['places']:,}",
            ],
            ["certain `inside` beyond a published limit", "0", f"{found['claimed']:,}"],
            ["another state than published", "0", f"{found['other state']:,}"],
            ["cannot tell", "reported", f"{found['cannot tell']:,}"],
        ]
    assert TERRITORIAL_SEA == 12 * 1852
    text = table(rows, ["what", "to reach", "reached"])
    report(options, block="permission-borders", content=content, text=text)


if __name__ == "__main__":
    main()
