"""The search as a command: a survey folder, a stream, files, and what is said of bad input."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from barlovento.cli import main

TOML = """
schema = 1
title = "A flight"
species = "acetone"
[observations]
file = "observations.csv"
position = "local"
concentration_units = "ug m-3"
averaging_time_s = 1
background = "unknown"
[meteorology]
file = "meteorology.csv"
measurement_height_m = 10.0
roughness_length_m = 0.05
[search]
x_m = [-100, 150]
y_m = [-100, 100]
release_height_m = [0, 3]
max_sources = 2
[search.emission_rate_kg_s]
median = 1e-4
gsd = 4
"""


def lines() -> list[dict[str, Any]]:
    """Two rows across a wind from the west; gas about y = 20 from a source 100 m upwind."""
    rng = np.random.default_rng(1)
    made: list[dict[str, Any]] = []
    for k in range(60):
        x, f = (140.0, k / 30) if k < 30 else (80.0, 2.0 - k / 30)
        y = -90.0 + 180.0 * f
        width = 14.0 if k < 30 else 10.0
        value = 3.0 + 0.2 * rng.standard_normal() + 40.0 * math.exp(-0.5 * ((y - 20) / width) ** 2)
        row = {"time": f"2026-05-04T10:{k // 60:02d}:{k % 60:02d}Z", "x": x, "y": y, "z": 10.0}
        made.append({**row, "concentration": value})
        if k % 10 == 0:
            made[-1] |= {"wind_speed": 4.0, "wind_from_direction": 270.0}
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    survey = tmp_path / "survey"
    survey.mkdir()
    (survey / "survey.toml").write_text(TOML)
    rows = lines()
    gas = ["time,x,y,z,concentration"]
    gas += [",".join(str(r[k]) for k in ("time", "x", "y", "z", "concentration")) for r in rows]
    (survey / "observations.csv").write_text("\n".join(gas) + "\n")
    wind = ["time,wind_speed,wind_from_direction"]
    wind += [f"2026-05-04T10:00:{s:02d}Z,4.0,270.0" for s in range(0, 60, 10)]
    wind += ["2026-05-04T10:01:00Z,4.0,270.0"]
    (survey / "meteorology.csv").write_text("\n".join(wind) + "\n")
    ring = [[-100, -100], [150, -100], [150, 100], [-100, 100], [-100, -100]]
    feature = {
        "type": "Feature",
        "properties": {"lower_m": 8, "upper_m": 30, "home": [-90, -90]},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    (tmp_path / "area.geojson").write_text(json.dumps(feature))
    return tmp_path


def test_a_survey_gets_a_leg_and_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "next"
    words = ["search", folder / "survey", "--permitted", folder / "area.geojson"]
    assert main([str(w) for w in [*words, "--out", out, "--drones", 2, "--json"]]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["phase"] in ("trace", "confirm")
    assert told["probability"] > 0.95
    assert [leg["drone"] for leg in told["legs"]] == ["drone-1", "drone-2"]
    assert all(leg["why"] for leg in told["legs"])
    document = json.loads((out / "next-leg.geojson").read_text())
    first = document["features"][0]["geometry"]["coordinates"]
    # it begins where the readings end
    assert first[0][0] == pytest.approx(80.0, abs=4.0)
    assert [places[:2] for places in first[1:]] == [
        pytest.approx(place[:2], abs=0.01) for place in told["legs"][0]["waypoints"]
    ]
    assert (out / "belief.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_stream_gets_a_leg_after_each_batch(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(json.dumps(row) + "\n" for row in lines())
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    words = ["search", "-", "--like", folder / "survey", "--permitted", folder / "area.geojson"]
    assert main([str(w) for w in [*words, "--every", 30, "--json"]]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(told) == 2
    assert told[0]["readings"] < told[1]["readings"]
    assert told[1]["probability"] > 0.95


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["none", "--permitted", "area.geojson"], 2, "--like"),
        (["survey", "--permitted", "none.geojson"], 1, "Name a GeoJSON file"),
        (["survey", "--permitted", "area.geojson", "--home", "here"], 2, "--home"),
        (["survey", "--permitted", "area.geojson", "--home", "900,0"], 1, "outside the permitted"),
        (["survey", "--permitted", "area.geojson", "--drones", "0"], 2, "--drones"),
        (["none", "--like", "survey", "--permitted", "area.geojson"], 1, "Can't read none"),
    ],
)
def test_what_is_wrong_is_told(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(folder)
    assert main(["search", *words]) == code
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (folder / "next").exists()
