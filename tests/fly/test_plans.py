"""Plan files become routes, with a digest of exactly what stands in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyproj import Geod

from barlovento.domain.airspace import HeightReference
from barlovento.errors import BadInput, Refused
from barlovento.fly.plans import read_plan

ROOT = Path(__file__).resolve().parents[2]
GEOD = Geod(ellps="WGS84")

PROPERTIES: dict[str, Any] = {
    "schema": 1,
    "id": "sortie-1",
    "aircraft": "XB-ABC",
    "purpose": "air sampling",
    "holder": "Example Watch",
    "sensors": ["methane analyser"],
    "height_reference": "AGL",
    "start": "2026-12-02T15:00:00Z",
    "speed_m_s": 10,
    "home": [-107.4, 24.8, 80],
    "return_speed_m_s": 12,
    "buffer": {
        "navigation_error_m": 5,
        "gust_drift_m": 5,
        "turn_radius_m": 15,
        "height_error_m": 8,
        "time_error_s": 3,
    },
}
PLACES = [[-107.4, 24.8, 80], [-107.398, 24.8, 90], [-107.398, 24.803, 95]]


def written(folder: Path, places: Any = None, **change: Any) -> Path:
    properties = {k: v for k, v in {**PROPERTIES, **change}.items() if v is not ...}
    path = folder / "plan.geojson"
    geometry = {"type": "LineString", "coordinates": places or PLACES}
    path.write_text(json.dumps({"type": "Feature", "geometry": geometry, "properties": properties}))
    return path


def test_times_follow_from_start_and_speed(tmp_path: Path) -> None:
    route = read_plan(written(tmp_path)).route
    first, second, _ = route.waypoints
    length = GEOD.inv(*PLACES[0][:2], *PLACES[1][:2])[2]
    assert (second.time - first.time).total_seconds() == pytest.approx(length / 10, abs=1e-5)
    assert first.height.reference is HeightReference.AGL
    assert route.buffer.side == 25
    assert route.home is not None


def test_the_digest_changes_with_any_edit_and_with_nothing_else(tmp_path: Path) -> None:
    digest = read_plan(written(tmp_path)).route.digest
    path = written(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=3, sort_keys=True))
    assert read_plan(path).route.digest == digest
    assert read_plan(written(tmp_path, speed_m_s=10.001)).route.digest != digest
    edited = read_plan(written(tmp_path, remark="x"))
    assert edited.route.digest != digest
    assert edited.unknown == ("remark",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "2026-12-02T15:00:00"}, "time zone"),
        ({"start": ...}, "start"),
        ({"height_reference": ...}, "height_reference"),
        ({"height_reference": "QNH"}, "QNH"),
        ({"buffer": ...}, "buffer"),
        ({"buffer": {**PROPERTIES["buffer"], "gust_drift_m": -1}}, "gust_drift_m"),
        ({"home": ...}, "home"),
        ({"speed_m_s": 0}, "speed_m_s"),
        ({"sensors": "gas"}, "sensors"),
        ({"purpose": " "}, "purpose"),
        ({"times": ["2026-12-02T15:00:00Z"]}, "1 times for 3"),
        ({"stand_off": [{"state": "ZZ", "margin_m": 5}]}, "stand_off"),
        ({"places": [[24.8, -107.4, 80], [24.8, -107.4, 90]]}, "swapped"),
        ({"places": [[-107.4, 24.8], [-107.3, 24.8]]}, "no height"),
        ({"places": [[-107.4, 24.8, 80]]}, "fewer than two"),
        ({"places": [[-107.4, 24.8, 80], [-107.4, 24.8, 90]]}, "no length"),
    ],
)
def test_a_plan_that_lacks_something_says_what(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_plan(written(tmp_path, **change))
    assert words in str(caught.value)


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_plan(written(tmp_path, purpose=..., buffer=..., home=...))
    assert len(str(caught.value).splitlines()) == 3


def test_plans_and_schema_agree(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "docs" / "schemas" / "plan.schema.json").read_text())
    check = jsonschema.Draft202012Validator(schema)
    assert list(check.iter_errors(json.loads(written(tmp_path).read_text()))) == []
    for change in ({"buffer": ...}, {"height_reference": "QNH"}, {"home": ...}):
        assert list(check.iter_errors(json.loads(written(tmp_path, **change).read_text())))


# ---------------------------------------------------------------- QGroundControl


def item(command: int, *params: Any, frame: int = 3) -> dict[str, Any]:
    return {"type": "SimpleItem", "command": command, "frame": frame, "params": list(params)}


def mission(folder: Path, *items: Any) -> tuple[Path, Path]:
    path, flight = folder / "mission.plan", folder / "flight.json"
    content = {
        "fileType": "Plan",
        "version": 1,
        "mission": {
            "cruiseSpeed": 15,
            "plannedHomePosition": [24.8, -107.4, 40],
            "items": list(items),
        },
    }
    path.write_text(json.dumps(content))
    dropped = {"height_reference", "home", "speed_m_s"}
    given = {k: v for k, v in PROPERTIES.items() if k not in dropped}
    flight.write_text(json.dumps({**given, "climb_m_s": 2}))
    return path, flight


TAKEOFF = item(22, 0, 0, 0, None, 0, 0, 60)


def test_a_mission_becomes_a_route_above_sea_level(tmp_path: Path) -> None:
    path, flight = mission(
        tmp_path,
        TAKEOFF,
        item(16, 10, 0, 0, None, 24.803, -107.4, 60),
        item(20, 0, 0, 0, 0, 0, 0, 0, frame=2),
    )
    route = read_plan(path, flight=flight).route
    # On the ground, above it, at the waypoint, after the wait, above home, on the ground.
    assert [point.height.value for point in route.waypoints] == [40, 100, 100, 100, 100, 40]
    assert route.waypoints[0].height.reference is HeightReference.AMSL
    seconds = [(p.time - route.waypoints[0].time).total_seconds() for p in route.waypoints]
    length = GEOD.inv(-107.4, 24.8, -107.4, 24.803)[2]
    wanted = [0, 30, 30 + length / 15, 40 + length / 15, 40 + 2 * length / 15]
    assert seconds[:5] == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (183, "servo"),
        (181, "relay"),
        (211, "gripper"),
        (2000, "camera"),
        (42600, "winch"),
        (206, "camera"),
        (31010, "does not navigate"),
    ],
)
def test_commands_that_do_not_navigate_are_refused(
    tmp_path: Path, command: int, words: str
) -> None:
    path, flight = mission(tmp_path, TAKEOFF, item(command, 1, 2, 3, 4, 0, 0, 0, frame=2))
    with pytest.raises(Refused, match=words):
        read_plan(path, flight=flight)


def test_patterns_are_refused(tmp_path: Path) -> None:
    survey = {"type": "ComplexItem", "complexItemType": "survey"}
    path, flight = mission(tmp_path, TAKEOFF, survey)
    with pytest.raises(Refused, match="survey"):
        read_plan(path, flight=flight)


def test_a_mission_needs_what_it_does_not_hold(tmp_path: Path) -> None:
    path, flight = mission(tmp_path, TAKEOFF, item(16, 0, 0, 0, 0, 24.803, -107.4, 60, frame=10))
    with pytest.raises(BadInput, match="--flight"):
        read_plan(path)
    with pytest.raises(BadInput, match="mixed"):
        read_plan(path, flight=flight)
