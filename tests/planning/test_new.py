"""Whole plans: every sortie is cleared, keeps its battery and its distance, and files agree."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import permission_path as shared
import pytest
import shapely

from barlovento.adapters import keys as key_files
from barlovento.clearing import clear_plan
from barlovento.errors import BadInput
from barlovento.fly.plans import read_plan
from barlovento.guard.consents import read_request
from barlovento.planning.example import AREA, example
from barlovento.planning.export import export_plan
from barlovento.planning.new import plan_again, plan_new


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        assert key_files.write_key.__kwdefaults__ is not None
        patch.setitem(key_files.write_key.__kwdefaults__, "cost", shared.CHEAP)
        yield example(tmp_path_factory.mktemp("plan") / "practice")


@pytest.fixture(scope="module")
def made(practice: Path) -> tuple[Path, dict[str, Any]]:
    out = practice / "plan"
    document = plan_new(
        practice / "region.toml", out, workspace=practice / "workspace", seconds=1.0
    )
    return out, document


def test_every_sortie_is_cleared_as_its_file_stands(
    practice: Path, made: tuple[Path, dict[str, Any]]
) -> None:
    out, document = made
    assert len(document["sorties"]) >= 5
    for sortie in document["sorties"]:
        file = out / sortie["file"]
        proof = json.loads((out / sortie["clearance"]).read_text())
        read = read_plan(file)
        assert read.unknown == ()
        assert proof["schema"] == "barlovento/clearance/1"
        assert proof["plan_digest"] == read.route.digest == sortie["plan_digest"]
        assert len(sortie["sensing"]) == len(read.route.waypoints) - 1
    first = clear_plan(out / document["sorties"][0]["file"], workspace=practice / "workspace")
    assert first.clearance is not None


def test_nothing_leads_out_of_what_is_consented_or_into_a_closed_zone(
    made: tuple[Path, dict[str, Any]],
) -> None:
    out, document = made
    room = shapely.Polygon(AREA)
    # 900 m around the dam; degrees of longitude are shorter here by cos 24.8.
    scale = np.array([111_320 * np.cos(np.radians(24.8)), 110_700])
    for sortie in document["sorties"]:
        route = read_plan(out / sortie["file"]).route
        places = np.array([(p.lon, p.lat) for p in route.waypoints])
        assert room.covers(shapely.LineString(places))
        away = shapely.LineString((places - [-107.515, 24.795]) * scale)
        assert away.distance(shapely.Point(0, 0)) > 900.0
        # Nor does the straight way home, from anywhere.
        for place in places:
            back = shapely.LineString(([place, places[0]] - np.array([-107.515, 24.795])) * scale)
            assert back.distance(shapely.Point(0, 0)) > 900.0


def test_batteries_last_and_crews_are_in_one_place_at_a_time(
    made: tuple[Path, dict[str, Any]],
) -> None:
    _, document = made
    flown: dict[str, list[tuple[datetime, datetime]]] = {}
    for sortie in document["sorties"]:
        assert sortie["duration_s"] <= sortie["endurance_s"]
        begin, end = (datetime.fromisoformat(sortie[key]) for key in ("takeoff", "back"))
        flown.setdefault(sortie["aircraft"], []).append((begin, end))
    for times in flown.values():
        for (_, end), (begin, _) in zip(sorted(times), sorted(times)[1:], strict=False):
            # The least turnaround of the two kinds of aircraft.
            assert (begin - end).total_seconds() >= 15 * 60


def test_aircraft_keep_apart(made: tuple[Path, dict[str, Any]]) -> None:
    out, document = made
    routes = [read_plan(out / one["file"]).route for one in document["sorties"]]
    scale = np.array([111_320 * np.cos(np.radians(24.8)), 110_700, 1.0])

    def track(route: Any) -> tuple[np.ndarray, np.ndarray]:
        times = np.array([p.time.timestamp() for p in route.waypoints])
        places = np.array([(p.lon, p.lat, p.height.value) for p in route.waypoints]) * scale
        return times, places

    for k, one in enumerate(routes):
        for other in routes[:k]:
            (ta, a), (tb, b) = track(one), track(other)
            times = np.arange(max(ta[0], tb[0]), min(ta[-1], tb[-1]), 2.0)
            if not len(times) or one.aircraft == other.aircraft:
                continue
            pa, pb = (
                np.stack([np.interp(times, t, c) for c in p.T], axis=1)
                for t, p in ((ta, a), (tb, b))
            )
            gap = pa - pb
            near = (np.hypot(gap[:, 0], gap[:, 1]) < 50.0) & (np.abs(gap[:, 2]) < 15.0)
            assert not near.any(), (one.id, other.id)


def test_legs_lie_across_the_wind(made: tuple[Path, dict[str, Any]]) -> None:
    out, document = made
    scale = np.array([111_320 * np.cos(np.radians(24.8)), 110_700])
    for sortie in document["sorties"]:
        places = np.array([(p.lon, p.lat) for p in read_plan(out / sortie["file"]).route.waypoints])
        steps = np.diff(places * scale, axis=0)[np.array(sortie["sensing"])]
        bearing = np.degrees(np.arctan2(steps[:, 0], steps[:, 1])) % 180
        assert np.abs(bearing - 160).max() < 0.7


def test_what_is_missing_is_asked_for(made: tuple[Path, dict[str, Any]]) -> None:
    out, document = made
    assert "requests/MX-PRACTICE-RESERVE.geojson" in document["requests"]
    for name in document["requests"]:
        asked = read_request(json.loads((out / name).read_text()))
        assert "valley-team-1" in asked.aircraft


def test_pages_hold_every_flight_of_their_crew(made: tuple[Path, dict[str, Any]]) -> None:
    out, document = made
    page = (out / "plan.html").read_text(encoding="utf-8")
    for sortie in document["sorties"]:
        brief = (out / f"brief-{sortie['aircraft']}.html").read_text(encoding="utf-8")
        assert f"<td>{sortie['name']}</td>" in brief
        assert f"<td>{sortie['name']}</td>" in page
    pdf = (out / "brief-wing-team-1.pdf").read_bytes()
    # One page is what a crew takes along.
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    assert (out / "map.png").read_bytes()[:4] == b"\x89PNG"


def test_the_search_that_was_flown_lowers_the_prior(
    practice: Path, made: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, _ = made
    found = tmp_path / "found"
    found.mkdir()
    # All west of -107.48 was searched so well that nothing could have hidden there.
    lon, lat = np.meshgrid(np.arange(-107.61, -107.48, 0.003), np.arange(24.71, 24.87, 0.003))
    with h5netcdf.File(found / "searched.nc", "w") as file:
        file.dimensions = {"y": lon.shape[0], "x": lon.shape[1], "emission_rate": 2}
        for name, dims, values in (
            ("x", ("x",), np.arange(lon.shape[1]) * 303.0),
            ("y", ("y",), np.arange(lon.shape[0]) * 332.0),
            ("emission_rate", ("emission_rate",), np.array([1e-6, 1e-3])),
            ("longitude", ("y", "x"), lon),
            ("latitude", ("y", "x"), lat),
            ("searched", ("y", "x", "emission_rate"), np.ones((*lon.shape, 2))),
        ):
            file.create_variable(name, dims, data=values)
        crs = file.create_variable("crs", (), data=np.int32(0))
        crs.attrs["grid_mapping_name"] = "azimuthal_equidistant"
        crs.attrs["longitude_of_projection_origin"] = -107.61
        crs.attrs["latitude_of_projection_origin"] = 24.71
    again = plan_again(
        out,
        tmp_path / "plan-2",
        region=None,
        searched=[found],
        workspace=practice / "workspace",
        seconds=1.0,
        language="es",
    )
    assert again["searched"] == ["searched-1.nc"]
    cells = json.loads((tmp_path / "plan-2" / "cells.geojson").read_text())["features"]
    before = json.loads((out / "cells.geojson").read_text())["features"]
    west = [
        (a["properties"]["prior"], b["properties"]["prior"])
        for a, b in zip(before, cells, strict=True)
        if max(x for x, _ in a["geometry"]["coordinates"][0]) < -107.50
    ]
    assert len(west) > 20
    assert sum(b for _, b in west) < 0.1 * sum(a for a, _ in west)
    assert "Hoja de la tripulación" in next((tmp_path / "plan-2").glob("brief-*.html")).read_text(
        encoding="utf-8"
    )


def test_export_writes_what_other_programs_read(
    made: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, document = made
    names = export_plan(out, tmp_path / "exported", form="all")
    assert names[-2:] == ["plan.kml", "plan.gpkg"]
    assert len(names) == len(document["sorties"]) + 2
    mission = json.loads((tmp_path / "exported" / "sortie-1.plan").read_text())
    places = len(read_plan(out / "sortie-1.geojson").route.waypoints)
    commands = [item["command"] for item in mission["mission"]["items"]]
    assert commands[0] == 22
    assert commands[-1] == 21
    assert commands.count(16) == places - 3
    with pytest.raises(BadInput, match="no sortie"):
        export_plan(tmp_path, tmp_path / "no", form="kml")


def changed(practice: Path, tmp_path: Path, old: str, new: str) -> Path:
    """Copy the example with one text changed."""
    text = (practice / "region.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "region.toml").write_text(text.replace(old, new), encoding="utf-8")
    for name in ("fleet.toml",):
        (tmp_path / name).write_bytes((practice / name).read_bytes())
    return tmp_path / "region.toml"


def test_weather_that_is_over_is_refused(practice: Path, tmp_path: Path) -> None:
    text = tomllib.loads((practice / "region.toml").read_text(encoding="utf-8"))
    begin = text["weather"][0]["from"]
    region = changed(practice, tmp_path, begin[:4], "2020")
    with pytest.raises(BadInput, match="lies ahead"):
        plan_new(region, tmp_path / "plan", workspace=practice / "workspace")
    assert not (tmp_path / "plan").exists()


def test_without_consent_nothing_is_planned_and_it_is_asked_for(
    practice: Path, tmp_path: Path
) -> None:
    region = changed(practice, tmp_path, "environmental survey", "leak survey")
    done = plan_new(region, tmp_path / "plan", workspace=practice / "workspace", seconds=0.5)
    assert done["sorties"] == []
    assert not list((tmp_path / "plan").glob("sortie-*"))
    assert "requests/MX.geojson" in done["requests"]
    assert any("leak survey" in note for note in done["notes"])


def test_a_folder_with_an_older_plan_is_left_alone(
    practice: Path, made: tuple[Path, dict[str, Any]]
) -> None:
    out, _ = made
    with pytest.raises(BadInput, match="new folder"):
        plan_new(practice / "region.toml", out, workspace=practice / "workspace")
    with pytest.raises(BadInput, match="Nothing is new"):
        plan_again(out, out / "x", region=None, searched=[], workspace=practice / "workspace")
