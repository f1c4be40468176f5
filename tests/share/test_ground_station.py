"""Exported routes read back as what they were, by our own reader and by GDAL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely

from barlovento.domain.airspace import Height, HeightReference, Route, RouteBuffer, Waypoint
from barlovento.errors import BadInput
from barlovento.fly.plans import read_plan
from barlovento.share.geopackage import geopackage
from barlovento.share.ground_station import kml, qgroundcontrol_plan

START = datetime(2027, 3, 1, 15, tzinfo=UTC)


def route(reference: HeightReference = HeightReference.AGL) -> Route:
    def at(lon: float, lat: float, height: float, seconds: float) -> Waypoint:
        return Waypoint(
            lon=lon,
            lat=lat,
            height=Height(value=height, reference=reference),
            time=START + timedelta(seconds=seconds),
        )

    points = (
        at(-107.4, 24.8, 0, 0),
        at(-107.4, 24.8, 40, 10),
        at(-107.4, 24.81, 40, 120),
        at(-107.39, 24.81, 40, 220),
        at(-107.4, 24.8, 40, 350),
        at(-107.4, 24.8, 0, 365),
    )
    return Route(
        id="sortie-<1>",
        aircraft="wing & co",
        purpose="air sampling",
        holder="Example Watch",
        sensors=(),
        waypoints=points,
        home=at(-107.4, 24.8, 40, 365),
        return_speed=10.0,
        lost_link=(),
        buffer=RouteBuffer(
            navigation_error=5, gust_drift=5, turn_radius=0, height_error=5, time_error=10
        ),
        stand_off=(),
        digest="0" * 64,
    )


def test_qgroundcontrol_plan_reads_back_as_the_same_flight(tmp_path: Path) -> None:
    (tmp_path / "a.plan").write_bytes(qgroundcontrol_plan(route(), wing=False))
    flight = {
        "id": "a",
        "aircraft": "b",
        "purpose": "c",
        "holder": "d",
        "sensors": [],
        "start": START.isoformat(),
        "climb_m_s": 4,
        "return_speed_m_s": 10,
        "buffer": dict.fromkeys(
            (
                "navigation_error_m",
                "gust_drift_m",
                "turn_radius_m",
                "height_error_m",
                "time_error_s",
            ),
            5,
        ),
    }
    (tmp_path / "flight.json").write_text(json.dumps(flight))
    read = read_plan(tmp_path / "a.plan", flight=tmp_path / "flight.json").route
    wanted = route()
    assert [(p.lon, p.lat, p.height.value) for p in read.waypoints] == [
        (p.lon, p.lat, p.height.value) for p in wanted.waypoints
    ]
    assert {p.height.reference for p in read.waypoints} == {HeightReference.AGL}
    late = [
        abs((a.time - b.time).total_seconds())
        for a, b in zip(read.waypoints, wanted.waypoints, strict=True)
    ]
    # Speeds are rounded to a hundredth; the descent is 15 s here and 10 s there.
    assert max(late[:-1]) < 0.5


def test_flight_levels_are_refused() -> None:
    with pytest.raises(BadInput, match="AGL"):
        qgroundcontrol_plan(route(HeightReference.FL), wing=True)
    with pytest.raises(BadInput, match="above ground or sea level"):
        kml([route(HeightReference.WGS84)])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_gdal_reads_what_was_written(tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    area = shapely.box(-107.5, 24.7, -107.3, 24.9).difference(
        shapely.box(-107.45, 24.75, -107.44, 24.76)
    )
    (tmp_path / "a.gpkg").write_bytes(geopackage([route()], [("unsearched", area)], written=START))
    (tmp_path / "a.kml").write_bytes(kml([route()], [("unsearched", area)]))
    layers = {name for name, _ in pyogrio.list_layers(tmp_path / "a.gpkg")}
    assert layers == {"sorties", "waypoints", "areas"}
    meta, _, shapes, fields = pyogrio.raw.read(tmp_path / "a.gpkg", layer="sorties")
    assert meta["crs"] == "EPSG:4326"
    line = shapely.from_wkb(shapes[0])
    assert shapely.get_coordinates(line, include_z=True)[2] == pytest.approx((-107.4, 24.81, 40))
    values = dict(zip(meta["fields"], fields, strict=True))
    assert values["id"][0] == "sortie-<1>"
    assert np.datetime64(values["begins"][0]).astype("datetime64[s]") == np.datetime64(
        "2027-03-01T15:00:00"
    )
    _, _, shapes, _ = pyogrio.raw.read(tmp_path / "a.gpkg", layer="areas")
    assert shapely.from_wkb(shapes[0]).equals(shapely.MultiPolygon([area]))
    meta, _, shapes, fields = pyogrio.raw.read(tmp_path / "a.kml")
    names = list(dict(zip(meta["fields"], fields, strict=True))["Name"])
    assert names == ["sortie-<1>", "sortie-<1> home", "unsearched"]
    assert shapely.get_coordinates(shapely.from_wkb(shapes[0]), include_z=True)[3] == (
        pytest.approx((-107.39, 24.81, 40))
    )
    assert shapely.from_wkb(shapes[2]).area == pytest.approx(area.area, rel=1e-5)


def test_an_empty_geopackage_is_one(tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    (tmp_path / "a.gpkg").write_bytes(geopackage([], written=START))
    assert pyogrio.read_info(tmp_path / "a.gpkg", layer="areas")["features"] == 0
