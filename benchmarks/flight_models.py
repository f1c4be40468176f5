"""The kinematic model of flight beside the simulated autopilot: the same missions on both.

Each mission is a small survey: parallel legs of 80 to 300 m, 20 to 60 m apart, at 12 to 40 m,
turned at random, flown by the F450 with 0.3 m of position error. The wind is still, steady, or
gusty (an Ornstein-Uhlenbeck process of 1.5 m s-1 and 5 s about its mean). The peer is JSBSim's
flight dynamics.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from barlovento.adapters.autopilot.flying import fly_mission
from barlovento.domain.flight import FloatArray, Flown
from barlovento.fly.aircraft import find_aircraft, fly, ready
from running import Progress, arguments, report, table

WINDS: dict[str, tuple[float, float]] = {
    "still": (0.0, 0.0),
    "5 m/s steady": (5.0, 0.0),
    "5 m/s gusty": (5.0, 1.5),
    "10 m/s steady": (10.0, 0.0),
    "10 m/s gusty": (10.0, 1.5),
}
"""Mean and standard deviation [m s-1]."""

MISSIONS = 5
NEAR = 3.0
"""What the issue of planning asks of waypoints [m]."""


def survey(random: np.random.Generator) -> FloatArray:
    """Return the waypoints of one small survey, takeoff and landing in it."""
    length, apart = random.uniform(80, 300), random.uniform(20, 60)
    height, angle = random.uniform(12, 40), random.uniform(0, math.tau)
    rows = [(0.0, 0.0)]
    for number in range(int(random.integers(3, 6))):
        ends = [(number * apart, 0.0), (number * apart, length)]
        rows += ends if number % 2 == 0 else ends[::-1]
    turned = np.array(rows) @ np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    turned = np.vstack([turned, [[0.0, 0.0], [0.0, 0.0]]])
    heights = np.full(len(turned), height)
    heights[-1] = 0.0
    return np.column_stack([turned, heights])


def wind_of(
    mean: float, spread: float, random: np.random.Generator
) -> Callable[[float, float], tuple[float, float]]:
    """Return a wind from a random direction that is the same whenever it is asked."""
    angle = random.uniform(0, math.tau)
    series = np.zeros((2, 3600))
    keep = math.exp(-1 / 5.0)
    for second in range(1, 3600):
        noise = random.standard_normal(2)
        series[:, second] = keep * series[:, second - 1] + math.sqrt(1 - keep**2) * noise

    def wind(now: float, _height: float) -> tuple[float, float]:
        first = min(int(now), 3598)
        share = now - first
        gust = spread * (series[:, first] * (1 - share) + series[:, first + 1] * share)
        return (
            float(mean * math.cos(angle) + gust[0]),
            float(mean * math.sin(angle) + gust[1]),
        )

    return wind


def off_line(flown: Flown, corners: FloatArray) -> FloatArray:
    """Return how far each place is from the polyline of the mission [m]."""
    nearest = np.full(len(flown.places), np.inf)
    for one, two in pairwise(corners):
        along = two - one
        squared = float(along @ along)
        if squared == 0.0:
            continue
        share = np.clip((flown.places - one) @ along / squared, 0.0, 1.0)
        gap = flown.places - one - share[:, None] * along
        nearest = np.minimum(nearest, np.linalg.norm(gap, axis=1))
    return nearest


def both(name: str, number: int) -> dict[str, Any]:
    """Fly one mission on both models and return what differs."""
    random = np.random.default_rng([number, sorted(WINDS).index(name)])
    aircraft = find_aircraft("f450")
    waypoints = survey(random)
    wind = wind_of(*WINDS[name], random)
    start = ready(aircraft, 0.0, 0.0)
    began = time.process_time()
    quick = fly(aircraft, start, waypoints, wind)
    middle = time.process_time()
    real = fly_mission(waypoints, wind, state=start, seed=number)
    ended = time.process_time()
    corners = np.vstack([[[0.0, 0.0, 0.0]], waypoints])
    off = off_line(real, corners)
    bends = len(waypoints) - 1
    return {
        "wind": name,
        "mission": number,
        "arrived": bool(quick.arrived and real.arrived),
        "misses": real.misses.tolist(),
        "off_p95": float(np.quantile(off, 0.95)),
        "off_max": float(off.max()),
        "ratio": float(real.passed[-1] / quick.passed[-1]) if real.arrived else math.nan,
        "late_per_waypoint": float((real.passed[-1] - quick.passed[-1]) / bends)
        if real.arrived
        else math.nan,
        "power": float(
            (start.energy - real.state.energy)
            / len(real.places)
            / ((start.energy - quick.state.energy) / len(quick.places))
        ),
        "kinematic_us": 1e6 * (middle - began) / len(quick.places),
        "faster": len(real.places) / (ended - middle),
    }


def main() -> int:
    """Run the benchmark."""
    options = arguments(__doc__ or "").parse_args()
    missions = 2 if options.quick else MISSIONS
    progress = Progress(len(WINDS) * missions, "missions")
    rows = []
    for name in WINDS:
        for number in range(missions):
            rows.append(both(name, number))
            progress.step(name)
    lines = []
    for name in WINDS:
        members = [row for row in rows if row["wind"] == name]
        misses = np.concatenate([row["misses"] for row in members])
        lines.append(
            [
                name,
                f"{sum(row['arrived'] for row in members)} of {len(members)}",
                f"{np.median(misses):.2f} m, {misses.max():.2f} m",
                (
                    f"{np.median([row['off_p95'] for row in members]):.2f} m, "
                    f"{max(row['off_max'] for row in members):.2f} m"
                ),
                f"{np.nanmedian([row['ratio'] for row in members]):.3f}",
                f"{np.nanmedian([row['late_per_waypoint'] for row in members]):.1f} s",
                f"{np.median([row['power'] for row in members]):.2f}",
            ]
        )
    detail = table(
        lines,
        [
            "wind",
            "both arrived",
            "waypoints missed by: median, largest",
            "off the line: 95th percentile, largest",
            "time, autopilot / kinematic",
            "later at each waypoint",
            "power, autopilot / kinematic",
        ],
    )
    every = np.concatenate([row["misses"] for row in rows])
    cost = float(np.median([row["kinematic_us"] for row in rows]))
    goals = table(
        [
            [
                f"all waypoints within {NEAR:g} m, in up to 10 m/s",
                f"<= {NEAR:g} m",
                f"{every.max():.2f} m in {len(rows)} missions",
                bool(every.max() <= NEAR),
            ],
            [
                "kinematic flight of 12 minutes, CPU",
                "milliseconds",
                f"{cost * 720 / 1000:.0f} ms",
                None,
            ],
            [
                "simulated autopilot, simulated seconds per CPU second",
                "faster than real",
                f"{np.median([row['faster'] for row in rows]):.0f}",
                bool(min(row["faster"] for row in rows) > 1),
            ],
        ],
        ["what", "to reach", "reached", "met"],
    )
    report(
        options,
        block="flight-models",
        content={"missions": rows},
        text=f"{goals}\n\n{detail}",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
