"""`audit flown`: a flight in the log, bound to its clearance, and proved to an outsider."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from permission_path import PLAN, START, Run, asked

from barlovento.guard.exported import verify_file

At = Callable[[datetime], None]
HEAD = "time,longitude,latitude,height_agl_m,position_error_m\n"
AFTER = START + timedelta(hours=1)


@pytest.fixture
def watch(pinned: Run) -> Run:
    """A workspace with a living consent of MX, and the plan."""
    asked(pinned)
    assert pinned("consent", "sign", "R-1", "--by", "keys/mx.key")[0] == 0
    Path("plan.geojson").write_text(json.dumps(PLAN))
    return pinned


def track(
    *, north: float = 0.0, late: float = 0.0, up: float = 0.0, name: str = "track.csv"
) -> Path:
    """Fixes every two seconds along the plan's first leg, moved by metres and seconds.

    The leg runs from -107.4 to -107.398 degrees at 24.8 N: 202.2 m (a degree of longitude is
    101.1 km there), flown in 16.85 s, climbing from 80 to 90 m.
    """
    rows = []
    for second in np.arange(0.0, 16.0, 2.0):
        share = second / 16.85
        time = START + timedelta(seconds=float(second) + late)
        rows.append(
            f"{time.isoformat()},{-107.4 + 0.002 * share:.8f},{24.8 + north / 110_776:.8f},"
            f"{80 + 10 * share + up:.2f},3"
        )
    path = Path(name)
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return path


def test_a_flown_plan_is_logged_and_proved(watch: Run, at: At) -> None:
    _, cleared = watch("clear", "plan.geojson")
    at(AFTER)
    code, told = watch("audit", "flown", track(), "--plan", "plan.geojson", "--id", "F-7")
    assert (code, told["verdict"], told["clearance"]) == (0, "inside", cleared["entry"])
    assert (told["fixes"], told["fixes_outside"], told["fixes_not_told"]) == (8, 0, 0)
    assert watch("audit", "flight", "F-7", "--proof", "p.json")[0] == 0
    key = Path("watch/log.pub").read_text().strip()
    assert watch("audit", "log", "verify", "p.json", "--key", key)[1]["flight"] == "F-7"
    _, report = watch("audit", "report")
    assert report["without_clearance"] == []
    assert report["flights"][0]["track_digest"] == told["track_digest"]


@pytest.mark.parametrize(
    ("moved", "verdict"),
    [
        # 25 m to the side are the plan's, less 3 m that the position may be off.
        ({"north": 21.0}, "inside"),
        ({"north": 25.0}, "cannot tell"),
        ({"north": 31.0}, "left the cleared volume"),
        ({"up": 7.0}, "inside"),
        ({"up": 12.0}, "left the cleared volume"),
    ],
)
def test_a_flight_beside_its_plan_is_told(
    watch: Run, at: At, moved: dict[str, float], verdict: str
) -> None:
    watch("clear", "plan.geojson")
    at(AFTER)
    code, told = watch("audit", "flown", track(**moved), "--plan", "plan.geojson")
    assert told["verdict"] == verdict
    assert code == (3 if verdict.startswith("left") else 0)
    _, report = watch("audit", "report")
    assert len(report["without_clearance"]) == int(verdict.startswith("left"))


def test_a_flight_before_its_time_has_left_the_volume(watch: Run, at: At) -> None:
    watch("clear", "plan.geojson")
    at(AFTER)
    _, told = watch("audit", "flown", track(late=-600.0), "--plan", "plan.geojson")
    # What stands at home, 25 m around, has not flown yet.
    assert told["verdict"] == "left the cleared volume"
    assert 0 < told["fixes_outside"] < told["fixes"]


def test_a_way_home_is_part_of_what_was_cleared(watch: Run, at: At) -> None:
    watch("clear", "plan.geojson")
    at(AFTER)
    # Out to 10 s, then straight home at the plan's 12 m/s.
    rows = []
    for second in range(0, 20, 2):
        east = 12.0 * min(second, 20 - second)
        level = 80 + 10 * min(second, 10) / 16.85
        time = START + timedelta(seconds=second)
        rows.append(f"{time.isoformat()},{-107.4 + east / 101_130:.8f},24.8,{level:.2f},3")
    Path("home.csv").write_text(HEAD + "\n".join(rows) + "\n")
    code, told = watch("audit", "flown", "home.csv", "--plan", "plan.geojson")
    assert (code, told["verdict"]) == (0, "inside")


def test_a_flight_without_clearance_is_logged_and_not_proved(watch: Run, at: At) -> None:
    at(AFTER)
    code, told = watch("audit", "flown", track(), "--plan", "plan.geojson", "--id", "F-8")
    assert (code, told["clearance"], told["exit_code"]) == (3, None, 3)
    assert watch("audit", "flight", "F-8", "--proof", "p.json")[0] == 3
    assert [e["id"] for e in watch("audit", "report")[1]["without_clearance"]] == ["F-8"]


def test_an_edited_plan_was_not_cleared(watch: Run, at: At) -> None:
    watch("clear", "plan.geojson")
    edited = {**PLAN, "properties": {**PLAN["properties"], "return_speed_m_s": 13}}
    Path("plan.geojson").write_text(json.dumps(edited))
    at(AFTER)
    code, told = watch("audit", "flown", track(), "--plan", "plan.geojson")
    assert (code, told["clearance"]) == (3, None)
    assert "exactly this plan" in told["error"]


def test_a_consent_withdrawn_before_take_off_leaves_no_clearance(watch: Run, at: At) -> None:
    watch("clear", "plan.geojson")
    living = watch("consent", "list")[1]["living"][0]["id"]
    assert watch("consent", "revoke", living, "--by", "keys/mx.key")[0] == 0
    at(AFTER)
    code, told = watch("audit", "flown", track(), "--plan", "plan.geojson")
    assert code == 3
    assert "withdrawn" in told["error"]


def test_a_flight_is_logged_once_and_only_after_it(watch: Run, at: At) -> None:
    watch("clear", "plan.geojson")
    words = ("--plan", "plan.geojson", "--id")
    code, told = watch("audit", "flown", track(), *words, "F-7")
    assert code == 1
    assert "yet to come" in told["error"]
    at(AFTER)
    assert watch("audit", "flown", track(), *words, "F-7")[0] == 0
    assert watch("audit", "flown", track(), *words, "F-9")[0] == 3
    assert watch("audit", "flown", track(north=1.0), *words, "F-7")[0] == 3


def test_a_proof_bound_to_another_clearance_is_broken(watch: Run, at: At) -> None:
    watch("clear", "plan.geojson")
    at(AFTER)
    watch("audit", "flown", track(), "--plan", "plan.geojson", "--id", "F-7")
    watch("audit", "flight", "F-7", "--proof", "p.json")
    found = verify_file(Path("p.json").read_bytes())
    kinds = [entry.kind for entry in found.entries]
    assert kinds.count("flight") == kinds.count("clearance") == 1
    changed = Path("p.json").read_text().replace('\\"clearance\\":', '\\"clearance\\":1')
    assert changed != Path("p.json").read_text()
    Path("p.json").write_text(changed)
    assert watch("audit", "log", "verify", "p.json")[0] == 4
