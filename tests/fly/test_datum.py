"""Coordinates of another datum are refused wherever they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from barlovento.errors import BadInput
from barlovento.fly.borders_file import read_borders
from barlovento.fly.datum import check_datum
from barlovento.fly.plans import read_plan
from barlovento.fly.zones import parse_zones

NAD27 = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4267"}}


@pytest.mark.parametrize(
    "name",
    ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326", "OGC:CRS84"],
)
def test_wgs_84_by_any_name_is_taken(name: str) -> None:
    check_datum({"crs": {"type": "name", "properties": {"name": name}}}, "a.geojson")
    check_datum({"features": [{"geometry": {"crs": name}}]}, "a.geojson")


@pytest.mark.parametrize(
    "document",
    [
        {"crs": NAD27},
        {"crs": "EPSG:3857"},
        {"crs": {"type": "link", "properties": {"href": "x"}}},
        {"geometry": {"crs": NAD27}},
        {"properties": {"crs": "EPSG:4267"}},
        {"features": [{}, {"crs": NAD27}]},
        {"crs": "EPSG:43260"},
    ],
)
def test_others_are_refused_by_name(document: Any) -> None:
    with pytest.raises(BadInput, match="WGS 84"):
        check_datum(document, "a.geojson")


def test_every_reader_asks(tmp_path: Path) -> None:
    text = json.dumps({"type": "FeatureCollection", "crs": NAD27, "features": []})
    (tmp_path / "plan.geojson").write_text(text)
    with pytest.raises(BadInput, match="4267"):
        read_plan(tmp_path / "plan.geojson")
    with pytest.raises(BadInput, match="4267"):
        read_borders(text.encode(), "borders.geojson")
    with pytest.raises(BadInput, match="4267"):
        parse_zones(text.encode(), "zones.json")
