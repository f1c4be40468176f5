"""Streams of readings and wind: what is read, and what is said of lines that can't be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from barlovento.errors import BadInput, SurveyError
from barlovento.fly.stream import StreamSetting, batches, stream_setting

TOML = """
schema = 1
title = "A stream"
species = "methane"
[observations]
file = "observations.csv"
position = "local"
concentration_units = "ppm"
averaging_time_s = 1
background = "unknown"
[meteorology]
file = "meteorology.csv"
measurement_height_m = 3.0
roughness_length_m = 0.03
[search]
x_m = [-100, 100]
y_m = [-100, 100]
release_height_m = [0, 2]
max_sources = 2
"""

WIND = '{"time": "2026-05-04T10:00:00Z", "wind_speed": 4, "wind_from_direction": 250}'


def gas(second: int, **more: object) -> str:
    row = {"time": f"2026-05-04T10:00:{second:02d}Z", "x": 1, "y": 2, "z": 15, "concentration": 2}
    return json.dumps({**row, **more})


@pytest.fixture
def setting(tmp_path: Path) -> StreamSetting:
    (tmp_path / "survey.toml").write_text(TOML)
    return stream_setting(tmp_path)


def test_lines_become_batches(setting: StreamSetting) -> None:
    lines = [WIND, *(gas(k) for k in range(1, 26))]
    made = list(batches(lines, setting, 10.0, name="stdin"))
    assert [len(obs) for obs, _ in made] == [10, 10, 5]
    obs, met = made[0]
    # 2 ppm of methane at 20 degrees Celsius and one atmosphere: 2e-6 x 0.016043 / 0.024055
    assert obs.concentration[0] == pytest.approx(1.3338e-6, rel=1e-3)
    assert met.wind_from_direction.tolist() == [250.0]
    assert met.roughness_length.tolist() == [0.03]


def test_csv_is_read_too(setting: StreamSetting) -> None:
    lines = [
        "time,x,y,z,concentration,wind_speed,wind_from_direction,flag",
        "2026-05-04T10:00:01Z,1,2,15,2.0,4,250,",
        "2026-05-04T12:00:02+02:00,2,2,15,2.0,,,nd",
        "2026-05-04T10:00:03Z,3,2,15,9.0,,,bad",
    ]
    ((obs, met),) = batches(lines, setting, 60.0, name="stdin")
    assert obs.x.tolist() == [1.0, 2.0]
    assert obs.censored.tolist() == [False, True]
    assert len(met) == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([WIND, gas(2), gas(1)], "line 3: Its time lies before"),
        ([WIND, gas(2, concentratoin=3)], "Unknown column 'concentratoin'"),
        ([WIND, gas(2, time="2026-05-04T10:00:02")], "has no zone"),
        ([WIND, gas(2, time="yesterday")], "can't be read"),
        ([gas(2)], "no wind"),
        ([WIND, '{"time": '], "no JSON"),
        ([WIND, gas(2, x="east")], "x is 'east'"),
        ([WIND, gas(2, x=None)], "x is absent"),
        (["time,x", "2026-05-04T10:00:01Z"], "has 1 cells"),
    ],
)
def test_bad_lines_are_told(setting: StreamSetting, lines: list[str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        list(batches(lines, setting, 30.0, name="stdin"))


def test_a_stream_needs_local_metres(tmp_path: Path) -> None:
    text = TOML.replace('"local"', '"geographic"').replace("x_m", "longitude")
    (tmp_path / "survey.toml").write_text(text.replace("y_m", "latitude"))
    with pytest.raises(SurveyError, match="local metres"):
        stream_setting(tmp_path)
