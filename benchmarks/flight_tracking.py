"""A whole sortie in 10 m/s of wind on the simulated autopilot, by way of upload and read-back.

    uv run --all-extras python benchmarks/flight_tracking.py [--publish]

JSBSim's F450 flies five legs of 150 m from eight wind directions, gusting by 2 m/s. The plan's
times are those of the kinematic wind triangle at 12.5 m/s through the air. Sent over a line that
loses 2 % of its packets, armed at the plan's start, never told anything afterwards. The flown
track is the true one of the dynamics, compared with the swept volume as `audit flown` does it;
the miss of a waypoint is where the true track passes nearest to it.
"""

from __future__ import annotations

import math
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from autopilot_ground import START, pilot
from flat_sortie import GROUND, HOME, flat_plan, place
from lossy_line import LossyLine

import running
from barlovento.adapters.autopilot.endpoint import Endpoint
from barlovento.adapters.mavlink import upload
from barlovento.adapters.mavlink.sortie import sortie_of
from barlovento.adapters.mavlink.station import Station
from barlovento.domain.flight import ground_speed
from barlovento.domain.route import Route
from barlovento.fly.aircraft import find_aircraft, ready
from barlovento.fly.plans import route_of
from barlovento.guard.flown import IN, Volume
from barlovento.guard.geometry import places

WIND, GUST, AIRSPEED = 10.0, 2.0, 12.5
HEIGHT, SPACING, LENGTH, LEGS = 40.0, 30.0, 150.0, 5
RESERVE = 20.0
EARLY = 60.0
CORNER = 5.0
"""What a plan gives each corner [s]."""


def plan(wind: tuple[float, float]) -> Route:
    """Return the plan for a wind."""
    spots = [(0.0, 0.0, 0.0), (0.0, 0.0, HEIGHT)]
    for leg in range(LEGS):
        ends = [40.0, 40.0 + LENGTH]
        ends = ends if leg % 2 == 0 else ends[::-1]
        spots += [(x, SPACING * leg, HEIGHT) for x in ends]
    spots += [(0.0, 0.0, HEIGHT), (0.0, 0.0, 0.0)]
    times = [0.0]
    for a, b in pairwise(spots):
        way = (b[0] - a[0], b[1] - a[1])
        level = math.hypot(*way)
        took = abs(b[2] - a[2]) / 1.5
        if level:
            along = (wind[0] * way[0] + wind[1] * way[1]) / level
            across = (wind[0] * way[1] - wind[1] * way[0]) / level
            took = level / min(ground_speed(AIRSPEED, along, across), 8.0) + CORNER
        times.append(times[-1] + took)
    document = flat_plan(
        START,
        coordinates=[place(*spot) for spot in spots],
        times=[(START + timedelta(seconds=second)).isoformat() for second in times],
        home=place(0, 0, HEIGHT),
        return_speed_m_s=2.5,
    )
    made = document["properties"], document["geometry"]["coordinates"]
    return route_of(*made, name="plan", digest="d")


def fly(bearing: float, seed: int) -> dict[str, Any]:
    """Fly one sortie; the wind comes from ``bearing`` [degree]."""
    angle = math.radians(bearing)
    unit = (-math.sin(angle), -math.cos(angle))

    def wind(time: float, _height: float) -> tuple[float, float]:
        speed = WIND + GUST * math.sin(time / 7.0) * math.sin(time / 1.9)
        return speed * unit[0], speed * unit[1]

    route = plan((WIND * unit[0], WIND * unit[1]))
    craft = ready(find_aircraft("f450"), 0.0, 0.0)
    vehicle = pilot(lon=HOME[0], lat=HOME[1], altitude=GROUND, wind=wind, state=craft, seed=seed)
    begin = START - timedelta(seconds=EARLY)
    line = LossyLine(Endpoint(vehicle, begin), seed=seed, loss=0.02)
    station = Station(line)
    family = upload.greet(station)
    sortie = sortie_of(route, upload.home_of(station))
    loaded = upload.load(station, sortie, family=family, reserve=RESERVE)

    def until(moment: float) -> None:
        while line.time < moment:
            for _ in station.listen(min(moment, line.time + 1.0)):
                continue

    until(EARLY - 5.0)
    upload.arm(station, loaded, lambda: until(EARLY))
    track = []
    while vehicle.armed and line.time < EARLY + 1200.0:
        until(line.time + 0.2)
        lon, lat = vehicle.aircraft.geographic()
        track.append((line.time - EARLY, lon, lat, GROUND + vehicle.motion.z))
    return judged(route, np.array(track), vehicle, bearing)


def judged(route: Route, track: Any, vehicle: Any, bearing: float) -> dict[str, Any]:
    """Return how a true track compares with its plan."""
    volume = Volume(route, terrain=None, geoid=None)
    spots = places(track[:, 1], track[:, 2])
    inside = [
        volume.status(spot, START.timestamp() + row[0], volume.height(row[3], "AMSL"), 0.0) == IN
        for spot, row in zip(spots, track, strict=True)
    ]
    misses = []
    for point in route.waypoints[1:-1]:
        goal = places([point.lon], [point.lat])[0]
        away = np.linalg.norm(spots - goal, axis=1)
        misses.append(float(np.hypot(away, track[:, 3] - point.height.value).min()))
    late = float(track[-1, 0]) - (route.waypoints[-1].time - START).total_seconds()
    return {
        "bearing": bearing,
        "fixes": len(track),
        "outside": inside.count(False),
        "median_miss_m": float(np.median(misses)),
        "largest_miss_m": max(misses),
        "battery_percent": 100 * vehicle.energy / vehicle.full,
        "late_s": late,
        "seconds": float(track[-1, 0]),
        "landed": not vehicle.armed,
    }


def main() -> int:
    """Run the command; return its exit code."""
    parser = running.arguments(__doc__ or "")
    chosen = parser.parse_args()
    rows = []
    for number in range(1 if chosen.quick else 8):
        rows.append(fly(45.0 * number, seed=number))
        print(rows[-1], file=sys.stderr)
    bad = [
        row
        for row in rows
        if row["outside"]
        or row["largest_miss_m"] > 3.0
        or row["battery_percent"] < RESERVE
        or not row["landed"]
    ]
    lines = [
        [
            f"{row['bearing']:.0f} degrees",
            f"{row['median_miss_m']:.2f}, {row['largest_miss_m']:.2f} m",
            f"{row['outside']} of {row['fixes']}",
            f"{row['battery_percent']:.0f} %",
            f"{row['late_s']:+.0f} of {row['seconds']:.0f} s",
        ]
        for row in rows
    ]
    lines.insert(0, ["to reach", "<= 3 m", "0", f">= {RESERVE:.0f} %", "within 15 s"])
    head = [
        "wind from",
        "miss: median, largest",
        "looks outside",
        "battery left",
        "late at the end",
    ]
    running.report(
        chosen,
        block="flight-tracking",
        content={"flights": rows, "bad": len(bad)},
        text=running.table(lines, head),
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
