"""Files of permitted volumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from barlovento.errors import BadInput
from barlovento.fly.permitted import read_permitted

SQUARE = [[0, 0], [100, 0], [100, 50], [0, 50], [0, 0]]


def written(folder: Path, **changes: Any) -> Path:
    feature = {
        "type": "Feature",
        "properties": {"lower_m": 10, "upper_m": 60, **changes.pop("properties", {})},
        "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        **changes,
    }
    path = folder / "area.geojson"
    path.write_text(json.dumps(feature))
    return path


def test_local_metres(tmp_path: Path) -> None:
    told = read_permitted(written(tmp_path, properties={"home": [5, 5]}), None)
    assert told.ring == ((0.0, 0.0), (100.0, 0.0), (100.0, 50.0), (0.0, 50.0))
    assert (told.floor, told.ceiling, told.home) == (10.0, 60.0, (5.0, 5.0))


def test_degrees_become_metres_of_the_survey(tmp_path: Path) -> None:
    ring = [[10.0, 50.0], [10.01, 50.0], [10.01, 50.01], [10.0, 50.0]]
    path = written(tmp_path, geometry={"type": "Polygon", "coordinates": [ring]})
    told = read_permitted(path, (10.0, 50.0))
    # a hundredth of a degree at 50 degrees north: 716.9 m east and 1112.3 m north (WGS 84)
    assert told.ring[1] == (pytest.approx(716.95, abs=0.1), pytest.approx(0.05, abs=0.1))
    assert told.ring[2][1] == pytest.approx(1112.3, abs=0.2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"properties": {"lower_m": None}}, "lower_m is None"),
        ({"properties": {"axes": "polar"}}, "axes is 'polar'"),
        ({"properties": {"axes": "geographic"}}, "without a place on earth"),
        ({"geometry": {"type": "Point", "coordinates": [0, 0]}}, "'Point'"),
        ({"geometry": {"type": "Polygon", "coordinates": [[["a", 1]]]}}, "can't be read"),
        ({"type": "FeatureCollection", "features": []}, "0 features"),
        ({"type": "Polygon"}, "Feature with heights"),
    ],
)
def test_faults_are_told(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_permitted(written(tmp_path, **changes), None)


def test_no_file_and_no_json(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--permitted"):
        read_permitted(tmp_path / "none", None)
    path = tmp_path / "area.geojson"
    path.write_text("{")
    with pytest.raises(BadInput, match="no JSON"):
        read_permitted(path, None)
