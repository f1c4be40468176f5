"""Fuzzed missions at every door: files, our own items, and the simulated autopilot's.

    uv run --all-extras python benchmarks/upload_fuzz.py [--missions 10000] [--publish]

Each mission has one to six items; half of their commands are drawn from all 65,536 numbers, half
from what autopilots know (servo, relay, gripper, winch, payload, camera and so on among them).
It is offered as a .plan file, as our own items, and as packets to the simulated autopilot. The
list that it is judged by is written down here anew.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from autopilot_ground import Ground
from flat_sortie import GROUND, HOME
from pymavlink.dialects.v20 import common as mavlink

import running
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.mavlink.items import to_wire
from barlovento.adapters.mavlink.sortie import Home, sortie_of
from barlovento.errors import BadInput, PlanRefused, Refused
from barlovento.fly.plans import read_plan

NAVIGATION = {16, 19, 20, 21, 22, 178}
IN_FILES = NAVIGATION | {84, 85}
KNOWN = sorted(int(number) for number in mavlink.enums["MAV_CMD"])
FLIGHT: dict[str, Any] = {
    "id": "fuzz",
    "aircraft": "XB-ABC",
    "purpose": "air sampling",
    "holder": "Example Watch",
    "sensors": [],
    "start": "2026-12-01T10:00:00Z",
    "speed_m_s": 5,
    "climb_m_s": 2,
    "return_speed_m_s": 5,
    "buffer": {
        "navigation_error_m": 5,
        "gust_drift_m": 5,
        "turn_radius_m": 10,
        "height_error_m": 5,
        "time_error_s": 60,
    },
}


def mission(rng: random.Random) -> list[dict[str, Any]]:
    """Return the items of a mission; every third one is a good flight with one item put in."""
    items = [item(rng) for _ in range(rng.randint(1, 6))]
    if rng.random() < 1 / 3:
        frame = {"frame": 3, "p": [0.0] * 4}
        place = {"lat": HOME[1], "lon": HOME[0]}
        up = {"command": 22, "z": 40.0, **frame, **place}
        leg = {"command": 16, "z": 40.0, **frame, "lat": HOME[1], "lon": HOME[0] + 0.001}
        items = [up, leg, items[0], {"command": 20, "z": 0.0, **frame, "lat": 0, "lon": 0}]
    return items


def item(rng: random.Random) -> dict[str, Any]:
    """Return one item."""
    draw = rng.random()
    command = rng.randrange(65_536) if draw < 0.5 else rng.choice(KNOWN)
    if rng.random() < 0.3:
        command = rng.choice(sorted(NAVIGATION))
    return {
        "command": command,
        "frame": rng.choice([0, 2, 3, 3, 3, 6, 6, 10]),
        "p": [rng.choice([0.0, 1.0, -1.0, 5.0, 1e9, float("nan")]) for _ in range(4)],
        "lat": HOME[1] + rng.uniform(-0.002, 0.002),
        "lon": HOME[0] + rng.uniform(-0.002, 0.002),
        "z": rng.choice([0.0, 20.0, 40.0, 5000.0, float("nan")]),
    }


def by_file(items: list[dict[str, Any]], folder: Path) -> set[int] | None:
    """Return the commands that come through a .plan file, or None where it is refused."""
    plan = {
        "fileType": "Plan",
        "mission": {
            "plannedHomePosition": [HOME[1], HOME[0], GROUND],
            "cruiseSpeed": 5,
            "items": [
                {
                    "type": "SimpleItem",
                    "command": one["command"],
                    "frame": one["frame"],
                    "params": [
                        None if value != value else value
                        for value in (*one["p"], one["lat"], one["lon"], one["z"])
                    ],
                }
                for one in items
            ],
        },
    }
    (folder / "fuzz.plan").write_text(json.dumps(plan))
    (folder / "flight.json").write_text(json.dumps(FLIGHT))
    try:
        route = read_plan(folder / "fuzz.plan", flight=folder / "flight.json").route
    except (BadInput, Refused):
        return None
    found = {one["command"] for one in items}
    try:
        made = sortie_of(route, Home(lon=HOME[0], lat=HOME[1], altitude=GROUND))
    except (Refused, PlanRefused, BadInput):
        return found
    return found | {to_wire(one).command for one in made.mission}


def by_items(items: list[dict[str, Any]]) -> set[int] | None:
    """Return the commands that our own items let through, or None."""
    try:
        for one in items:
            MissionItem(
                command=one["command"],
                lon=one["lon"],
                lat=one["lat"],
                height=one["z"],
                seconds=0.0,
                speed=one["p"][1],
            )
    except Refused:
        return None
    return {one["command"] for one in items}


def by_packets(items: list[dict[str, Any]], ground: Ground) -> set[int] | None:
    """Return the commands that the simulated autopilot holds after it accepted, or None."""
    (answer,) = ground.count(len(items))
    while answer.get_type() == "MISSION_REQUEST_INT":
        one = items[answer.seq]
        message = mavlink.MAVLink_mission_item_int_message(
            *(1, 1, answer.seq, one["frame"], one["command"], 0, 1, *one["p"]),
            *(round(one["lat"] * 1e7), round(one["lon"] * 1e7), one["z"], 0),
        )
        answer = ground.say(message)[-1]
    if answer.type != mavlink.MAV_MISSION_ACCEPTED:
        return None
    return {held.command for held in ground.pilot.mission} | {one["command"] for one in items}


def main() -> int:
    """Run the command; return its exit code."""
    parser = running.arguments(__doc__ or "", missions={"type": int, "default": 10_000})
    chosen = parser.parse_args()
    number = 300 if chosen.quick else chosen.missions
    ground = Ground()
    doors = {"a .plan file": IN_FILES, "our own items": NAVIGATION, "packets": NAVIGATION}
    accepted = dict.fromkeys(doors, 0)
    outside = dict.fromkeys(doors, 0)
    foreign = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(number):
            items = mission(random.Random(seed))  # noqa: S311 no secret
            foreign += any(one["command"] not in NAVIGATION for one in items)
            through = (
                by_file(items, Path(folder)),
                by_items(items),
                by_packets(items, ground),
            )
            for (door, allowed), commands in zip(doors.items(), through, strict=True):
                if commands is not None:
                    accepted[door] += 1
                    outside[door] += bool(commands - allowed)
            if seed % 1000 == 999:
                print(f"{seed + 1}/{number}", file=sys.stderr)
    rows = [[door, number, foreign, accepted[door], outside[door]] for door in doors]
    head = [
        *("offered as", "missions", "of them with a command outside of the list"),
        *("accepted", "accepted with one outside of the list (0)"),
    ]
    content = {"missions": number, "foreign": foreign, "accepted": accepted, "outside": outside}
    running.report(chosen, block="upload-fuzz", content=content, text=running.table(rows, head))
    return 1 if sum(outside.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
