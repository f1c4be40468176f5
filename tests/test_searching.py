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


def told_by(folder: Path, capsys: pytest.CaptureFixture[str], *words: Any) -> dict[str, Any]:
    given = ["search", folder / "survey", "--permitted", folder / "area.geojson", "--json", *words]
    assert main([str(word) for word in given]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_an_aircraft_brings_speed_battery_and_its_turn(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = told_by(folder, capsys, "--aircraft", "light-multirotor")["legs"][0]
    fast = told_by(folder, capsys, "--aircraft", "light-multirotor", "--airspeed", "16")["legs"][0]
    assert slow["seconds"] > 0
    assert fast["seconds"] != slow["seconds"]
    wing = told_by(folder, capsys, "--aircraft", "gas-multirotor")["legs"][0]
    # five metres to brake in are kept free along the edge
    for x, y, _ in wing["waypoints"]:
        assert -95.01 <= x <= 145.01
        assert -95.01 <= y <= 95.01
    assert main(["search", "survey", "--permitted", "area", "--aircraft", "none-such"]) == 1
    assert "No aircraft is called 'none-such'" in " ".join(capsys.readouterr().err.split())


def test_an_aircraft_is_not_sent_into_more_wind_than_it_bears(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    met = folder / "survey" / "meteorology.csv"
    met.write_text(met.read_text().replace(",4.0,", ",11.0,"))
    words = ["search", folder / "survey", "--permitted", folder / "area.geojson"]
    assert main([str(w) for w in [*words, "--aircraft", "light-multirotor"]]) == 1
    assert "at most 10 m/s" in " ".join(capsys.readouterr().err.split())


def test_what_an_aircraft_can_not_be_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["search", str(folder / "survey"), "--permitted", str(folder / "area.geojson")]
    assert main([*base, "--aircraft", "light-multirotor", "--airspeed", "30"]) == 1
    assert "flies at most" in " ".join(capsys.readouterr().err.split())
    assert main([*base, "--catalogue", "mine.toml"]) == 2
    assert "--aircraft" in capsys.readouterr().err


@pytest.mark.parametrize("ended", [False, True])
def test_a_consent_is_where_legs_stay(
    folder: Path, capsys: pytest.CaptureFixture[str], ended: bool
) -> None:
    survey = folder / "survey"
    toml = (survey / "survey.toml").read_text()
    toml = toml.replace('position = "local"', 'position = "geographic"')
    toml = toml.replace("x_m = [-100, 150]", "longitude = [9.9986, 10.0021]")
    toml = toml.replace("y_m = [-100, 100]", "latitude = [49.9991, 50.0009]")
    (survey / "survey.toml").write_text(toml)
    # metres to degrees at 50 degrees north
    gas = ["time,longitude,latitude,z,concentration"]
    for row in lines():
        lon, lat = 10.0 + row["x"] / 71695.0, 50.0 + row["y"] / 111238.0
        gas.append(f"{row['time']},{lon},{lat},{row['z']},{row['concentration']}")
    (survey / "observations.csv").write_text("\n".join(gas) + "\n")
    ring = [[9.9986, 49.9991], [10.0021, 49.9991], [10.0021, 50.0009], [9.9986, 50.0009]]
    consent = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "properties": {
            "id": "C-1", "request": "R-1", "authority": "DE", "holder": "Example Watch",
            "purpose": "air sampling", "valid_from": "2026-05-01T00:00:00Z",
            "valid_until": "2026-05-02T00:00:00Z" if ended else "2026-06-01T00:00:00Z",
            "lower": None, "upper": {"value": 9, "unit": "m", "reference": "AGL"},
            "aircraft": ["D-1"], "sensors": ["analyser"],
        },
    }  # fmt: skip
    (folder / "consent.json").write_text(json.dumps(consent))
    words = ["search", survey, "--permitted", folder / "consent.json", "--json"]
    assert main([str(word) for word in words]) == (1 if ended else 0)
    done = capsys.readouterr()
    said = " ".join(done.err.split())
    if ended:
        assert "ended on 2026-05-02" in said
        return
    assert "nobody has signed it" in said
    told = json.loads(done.out)
    assert told["consent"]["id"] == "C-1"
    assert told["consent"]["signature_checked"] is False
    assert all(z <= 9.0 for leg in told["legs"] for _, _, z in leg["waypoints"])
