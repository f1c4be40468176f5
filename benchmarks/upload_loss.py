"""Uploads over a line that loses, repeats and reorders: equal or refused, never armed on a part.

    uv run --all-extras python benchmarks/upload_loss.py [--runs 100] [--loss 0.1] [--publish]

Each run sends another sortie of 10 to 60 waypoints to the simulated autopilot, reads mission,
fence, rally points and parameters back, arms, and compares what the autopilot holds with what was
planned, without the line in between. In every fifth run the line is cut for good half-way; in
every fifth another ground station loads a mission of its own in between. Loss is per datagram and
way; each tenth one is repeated, and delays of up to 0.3 s turn the order about.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from autopilot_ground import START, pilot
from flat_sortie import GROUND, HOME, flat_plan, place
from lossy_line import LossyLine

import running
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.autopilot.endpoint import Endpoint
from barlovento.adapters.mavlink import upload
from barlovento.adapters.mavlink.sortie import sortie_of
from barlovento.adapters.mavlink.station import Station
from barlovento.domain.route import Route
from barlovento.errors import BadInput, Refused
from barlovento.fly.plans import route_of

HEIGHT = 40.0


def lawnmower(seed: int) -> Route:
    """Return a cleared plan's route: up, legs to and fro, home, down."""
    rng = random.Random(seed)  # noqa: S311 no secret
    legs = rng.randint(4, 29)
    spots = [(0.0, 0.0, 0.0), (0.0, 0.0, HEIGHT)]
    for leg in range(legs):
        ends = [30.0, 30.0 + rng.uniform(200, 600)]
        ends = ends if leg % 2 == 0 else ends[::-1]
        spots += [(x, 20.0 * leg, HEIGHT) for x in ends]
    spots += [(0.0, 0.0, HEIGHT), (0.0, 0.0, 0.0)]
    times = [0.0]
    for (x, y, z), (u, v, w) in pairwise(spots):
        level = ((u - x) ** 2 + (v - y) ** 2) ** 0.5
        times.append(times[-1] + max(level / 6.0 + 6.0, abs(w - z) / 1.5))
    plan = flat_plan(
        datetime.now(UTC),
        coordinates=[place(*spot) for spot in spots],
        times=[(START + timedelta(seconds=second)).isoformat() for second in times],
        home=place(0, 0, HEIGHT),
    )
    return route_of(plan["properties"], plan["geometry"]["coordinates"], name="plan", digest="d")


def foreign() -> tuple[MissionItem, ...]:
    """Return what another ground station loads."""
    return (
        MissionItem(command=22, height=30.0),
        MissionItem(command=16, lon=HOME[0] + 0.01, lat=HOME[1], height=30.0),
    )


def planned(route: Route) -> list[tuple[int, int]]:
    """Return the places of a route's legs, by the plan alone [1e-7 degree]."""
    return [(round(p.lon * 1e7), round(p.lat * 1e7)) for p in route.waypoints[2:-1]]


def one(seed: int, loss: float) -> dict[str, Any]:
    """Run once."""
    kind = {3: "cut", 4: "another station"}.get(seed % 5, "bad line")
    route = lawnmower(seed)
    rng = random.Random(1000 + seed)  # noqa: S311 no secret
    at = rng.randint(20, 60 + 8 * len(route.waypoints))
    sent = [0]

    def meddle(way: LossyLine, _packet: bytes) -> None:
        sent[0] += 1
        if sent[0] == at and kind == "cut":
            way.cut = True
        if sent[0] == at and kind == "another station" and not way.pilot.armed:
            way.pilot.mission = foreign()

    vehicle = pilot(lon=HOME[0], lat=HOME[1], altitude=GROUND)
    way = LossyLine(
        Endpoint(vehicle, START), seed=seed, loss=loss, repeat=0.1, delay=0.3, meddle=meddle
    )
    station = Station(way)
    told = ""
    try:
        family = upload.greet(station)
        sortie = sortie_of(route, upload.home_of(station))
        loaded = upload.load(station, sortie, family=family, reserve=20.0)
        upload.arm(station, loaded)
    except (Refused, BadInput) as error:
        told = str(error)

    def whole(mission: tuple[MissionItem, ...]) -> bool:
        legs = [(round(i.lon * 1e7), round(i.lat * 1e7)) for i in mission if i.command == 16]
        return legs == planned(route) and mission[0].command == 22 and mission[-1].command == 21

    return {
        "seed": seed,
        "kind": kind,
        "outcome": "refused" if told else "equal" if whole(vehicle.mission) else "DIFFERENT",
        "told": told,
        "armed_on_other": sum(not whole(mission) for mission in way.armed_on),
        "seconds": way.time,
        "waypoints": len(route.waypoints),
    }


def main() -> int:
    """Run the command; return its exit code."""
    parser = running.arguments(
        __doc__ or "",
        runs={"type": int, "default": 100},
        loss={"type": float, "default": 0.1},
    )
    chosen = parser.parse_args()
    runs = 10 if chosen.quick else chosen.runs
    rows = []
    for seed in range(runs):
        rows.append(one(seed, chosen.loss))
        print(f"{seed + 1}/{runs} {rows[-1]['kind']}: {rows[-1]['outcome']}", file=sys.stderr)
    text = running.table(told(rows, chosen.loss), HEAD)
    bad = sum(row["outcome"] == "DIFFERENT" or row["armed_on_other"] > 0 for row in rows)
    running.report(chosen, block="upload-loss", content={"runs": rows, "bad": bad}, text=text)
    return 1 if bad else 0


HEAD = [
    "line",
    "runs",
    "equal and armed",
    "safely refused",
    "armed on a part",
    "median until armed",
]


def told(rows: list[dict[str, Any]], loss: float) -> list[list[Any]]:
    """Return the lines of the table."""
    lines = []
    for kind in ("bad line", "cut", "another station"):
        group = [row for row in rows if row["kind"] == kind]
        equal = sorted(row["seconds"] for row in group if row["outcome"] == "equal")
        lines.append(
            [
                f"{kind}, {loss:.0%} lost",
                len(group),
                len(equal),
                sum(row["outcome"] == "refused" for row in group),
                sum(row["armed_on_other"] for row in group),
                f"{equal[len(equal) // 2]:.0f} s" if equal else running.DASH,
            ]
        )
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
