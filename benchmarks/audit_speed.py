"""Audit of 10,000 flight hours of track: time and memory, against a plain way with shapely.

    uv run --all-extras python benchmarks/audit_speed.py

Synthetic tracks with a fix every 5 s: transits, coastal patrols and circles near coasts and land
borders all over the world, so that many fixes are near a limit. The peer tests each fix with
shapely against the state's land and, at sea, takes geographiclib's distance to the nearest places
of the own and of other coasts; it runs over a few of the same tracks, and its time is scaled.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from barlovento.domain.track import Track
from barlovento.guard.audit import audit_track
from barlovento.guard.borders import Borders
from barlovento.guard.nearest import FloatArray, geodetic
from barlovento.guard.outline import SEA
from running import Progress, arguments, measure, report, table

STEP = 5.0
HOURS = 10_000
FLIGHT_HOURS = 5.0


def flight(borders: Borders, seed: int) -> tuple[Track, str]:
    """Return one flight near some state's coast or border, and that state."""
    generator = np.random.default_rng(seed)
    line = borders.outline
    pick = int(generator.integers(len(line.begin)))
    holder = int(line.left[pick]) if line.left[pick] != SEA else int(line.right[pick])
    state = line.holders[holder].state or "FR"
    lon0, lat0 = (float(v[0]) for v in geodetic(line.begin[pick : pick + 1]))
    lat0 = float(np.clip(lat0, -75.0, 75.0))
    n = int(FLIGHT_HOURS * 3600.0 / STEP)
    at = np.arange(n) * STEP
    speed = float(generator.uniform(40.0, 220.0))
    kind = generator.integers(3)
    if kind == 0:
        turn = np.full(n, generator.uniform(0.0, 2.0 * np.pi))
    elif kind == 1:
        turn = generator.uniform(0.0, 2.0 * np.pi) + np.pi * (np.floor(at / 1_800.0) % 2)
    else:
        turn = at * generator.uniform(0.002, 0.02)
    north = np.cumsum(speed * STEP * np.cos(turn)) + generator.uniform(-4e4, 4e4)
    east = np.cumsum(speed * STEP * np.sin(turn)) + generator.uniform(-4e4, 4e4)
    lat = np.clip(lat0 + north / 111_195.0, -85.0, 85.0)
    lon = lon0 + east / 111_195.0 / np.cos(np.radians(lat))
    track = Track(
        aircraft=f"{seed:06x}",
        callsign="",
        time=1.6e9 + at,
        lon=(lon + 180.0) % 360.0 - 180.0,
        lat=lat,
        height=np.full(n, 3_000.0),
        height_reference="FL",
        speed=np.full(n, speed),
        position_error=np.full(n, 92.6),
        error_stated=True,
        doubt=np.zeros(n, dtype=np.int64),
    )
    return track, state


def run_ours(first: int, count: int) -> dict[str, Any]:
    """Audit flights in this process; return the time of the audits alone."""
    borders = Borders.shipped()
    audit_track(flight(borders, 10**6)[0], borders, "FR")
    spent, verdicts = 0.0, {"inside": 0, "outside": 0, "cannot tell": 0}
    for seed in range(first, first + count):
        track, state = flight(borders, seed)
        start = time.perf_counter()
        verdicts[str(audit_track(track, borders, state).verdict)] += 1
        spent += time.perf_counter() - start
    return {"spent": spent, **verdicts}


class Peer:
    """The plain way: land by shapely, distances by geographiclib to the nearest coast places."""

    def __init__(self, borders: Borders) -> None:
        from scipy.spatial import cKDTree

        self.borders = borders
        left, right = borders.outline.left, borders.outline.right
        coast = (left == SEA) ^ (right == SEA)
        self.places = borders.outline.begin[coast]
        self.owner = np.maximum(left, right)[coast]
        self.trees: dict[int, Any] = {}
        self.tree = cKDTree
        self.land = self._land()

    def _land(self) -> Any:
        import shapely

        lon1, lat1 = geodetic(self.borders.outline.begin)
        lon2, lat2 = geodetic(self.borders.outline.end)
        same = np.abs(lon1 - lon2) < 180.0
        ends = np.stack([np.stack([lon1, lat1], 1), np.stack([lon2, lat2], 1)], 1)[same]
        faces = shapely.get_parts(shapely.polygonize(shapely.linestrings(ends)))
        return shapely.STRtree(faces)

    def margins(self, lon: FloatArray, lat: FloatArray, state: str) -> int:
        """Return how many fixes are within the state's limits, one at a time."""
        import shapely
        from geographiclib.geodesic import Geodesic

        from barlovento.guard.nearest import cartesian

        holders = self.borders.outline.holders
        own = np.array([h.state == state for h in holders])[self.owner]
        mine, others = self.tree(self.places[own]), self.tree(self.places[~own])
        count = 0
        for x, y in zip(lon, lat, strict=True):
            on_land = len(self.land.query(shapely.Point(x, y), predicate="within"))
            place = cartesian(np.array([x]), np.array([y]))[0]
            best = []
            for tree, kept in ((mine, self.places[own]), (others, self.places[~own])):
                if not len(kept):
                    best.append(np.inf)
                    continue
                near = kept[tree.query(place, k=3)[1]]
                to_lon, to_lat = geodetic(near)
                best.append(
                    min(
                        Geodesic.WGS84.Inverse(y, x, b, a)["s12"]
                        for a, b in zip(to_lon, to_lat, strict=True)
                    )
                )
            count += bool(on_land) or (best[0] <= 22_224.0 and best[0] <= best[1])
        return count


def run_peer(count: int, fixes: int) -> float:
    """Return the peer's seconds for each fix."""
    borders = Borders.shipped()
    peer = Peer(borders)
    spent = 0.0
    for seed in range(count):
        track, state = flight(borders, seed)
        rows = np.linspace(0, len(track) - 1, fixes).astype(int)
        start = time.perf_counter()
        peer.margins(track.lon[rows], track.lat[rows], state)
        spent += time.perf_counter() - start
    return spent / (count * fixes)


def main() -> None:
    """Run the benchmark; with --part it is one of its own processes."""
    parser = arguments(__doc__ or "", part={"help": "flights FIRST:COUNT, for its own processes"})
    options = parser.parse_args()
    if options.part:
        first, count = (int(word) for word in options.part.split(":"))
        import json

        print(json.dumps(run_ours(first, count)))
        return
    hours = 200 if options.quick else HOURS
    flights = int(hours / FLIGHT_HOURS)
    progress = Progress(2, "audit")
    # One process, as the command has it, measured with all that it uses.
    import json

    cost = measure([sys.executable, __file__, f"--part=0:{flights}"])
    if cost.code:
        raise SystemExit(cost.stderr)
    told = json.loads(cost.stdout.splitlines()[-1])
    progress.step()
    each = run_peer(3 if options.quick else 10, 20)
    progress.step()
    fixes = flights * int(FLIGHT_HOURS * 3600.0 / STEP)
    ours = told["spent"]
    content = {
        "hours": hours,
        "fixes": fixes,
        "wall_s": cost.wall,
        "cpu_s": cost.cpu,
        "audit_s": ours,
        "memory_mb": cost.memory,
        "peer_s": each * fixes,
        "ratio": each * fixes / ours,
        "verdicts": {k: told[k] for k in ("inside", "outside", "cannot tell")},
    }
    rows = [
        [
            f"{hours:,} hours, {fixes:,} fixes: wall time, one process",
            "<= 60 s",
            f"{cost.wall:.0f} s",
        ],
        ["CPU time, start and synthetic tracks included", "reported", f"{content['cpu_s']:.0f} s"],
        ["of which the audits", "reported", f"{ours:.0f} s"],
        ["memory", "<= 1 GB", f"{content['memory_mb'] / 1000:.2f} GB"],
        ["plain way with shapely and geographiclib, scaled", "reported", f"{each * fixes:,.0f} s"],
        ["ratio", "reported", f"{content['ratio']:.0f}"],
    ]
    text = table(rows, ["what", "to reach", "reached"])
    report(options, block="permission-audit", content=content, text=text)


if __name__ == "__main__":
    main()
