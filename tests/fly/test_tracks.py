"""Tracks: formats, clocks, swapped axes, and fixes that can't be believed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from barlovento.domain.track import Doubt
from barlovento.errors import BadInput, SurveyError
from barlovento.fly.fixes import Fix, to_tracks
from barlovento.fly.tracks import read_tracks

HEAD = "timestamp,icao24,callsign,latitude,longitude,altitude,groundspeed\n"


def read(path: Path, text: str, timezone: str | None = None) -> object:
    path.write_text(text, encoding="utf-8")
    return read_tracks(path, timezone=timezone, assumed_error=185.2)


def test_a_clock_without_zone_is_asked_for(tmp_path: Path) -> None:
    row = "2020-04-17 03:40:50,407918,GTEKV,50.95,0.94,125,36\n"
    with pytest.raises(SurveyError, match="--timezone UTC"):
        read(tmp_path / "a.csv", HEAD + row)
    found = read_tracks(tmp_path / "a.csv", timezone="UTC", assumed_error=185.2)
    one = found.tracks[0]
    assert one.time[0] == 1587094850.0
    assert one.height[0] == pytest.approx(38.1)
    assert (one.height_reference, one.error_stated) == ("FL", False)
    assert one.speed[0] == pytest.approx(18.52)


def test_every_bad_row_is_told(tmp_path: Path) -> None:
    rows = "2020-04-17T03:40:50Z,a,,95,0,,\n2020-04-17T03:40:51Z,a,,north,0,,\nsoon,a,,1,1,,\n"
    with pytest.raises(SurveyError) as caught:
        read(tmp_path / "a.csv", HEAD + rows)
    assert [fault.row for fault in caught.value.faults] == [2, 3, 4]
    assert "swapped" in str(caught.value)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="column for time"):
        read(tmp_path / "a.csv", "lat,lon\n1,2\n")


def test_another_datum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="WGS 84"):
        read(tmp_path / "a.csv", "time,lat,lon,datum\n2020-01-01T00:00:00Z,1,2,ED50\n")


def test_axes_swapped_everywhere_are_suspected_from_the_speed(tmp_path: Path) -> None:
    # Flying east at 60 N, where a degree of longitude is half as long as one of latitude.
    step = 100.0 * 10.0 / 111_195.0 / np.cos(np.radians(60.0))
    rows = "".join(
        f"2020-01-01T00:{i // 6:02d}:{i % 6 * 10:02d}Z,a,,{20 + i * step},60.0,0,194.4\n"
        for i in range(40)
    )
    with pytest.raises(BadInput, match="swapped"):
        read(tmp_path / "a.csv", HEAD + rows)


def fixes(lon: list[float], step: float = 5.0, speed: float = 80.0) -> list[Fix]:
    return [
        Fix(aircraft="a", time=1e9 + step * i, lon=x, lat=10.0, speed=speed)
        for i, x in enumerate(lon)
    ]


def doubts(lon: list[float], step: float = 5.0, speed: float = 80.0) -> list[int]:
    found = to_tracks(fixes(lon, step, speed), assumed_error=100.0, source="", digest="")
    return [int(value) for value in found.tracks[0].doubt]


def test_a_position_that_repeats_while_the_aircraft_moves_is_stale() -> None:
    stale = int(Doubt.STALE)
    assert doubts([0.0, 0.0, 0.0, 0.01]) == [0, stale, stale, 0]
    assert doubts([0.0, 0.0, 0.0, 0.0], speed=0.0) == [0, 0, 0, 0]


def test_a_spoofed_place_is_a_jump_and_a_lasting_one_a_break() -> None:
    assert doubts([0.0, 0.004, 30.0, 0.012, 0.016]) == [0, 0, int(Doubt.JUMP), 0, 0]
    lasting = doubts([0.0, 0.004, 30.0, 30.004, 30.008, 30.012])
    assert lasting == [0, 0, int(Doubt.BREAK), 0, 0, 0]


def test_a_snapshot_and_a_trace_of_readsb(tmp_path: Path) -> None:
    one = {"hex": "~AB1234", "lat": 1.5, "lon": 2.5, "alt_baro": "ground", "alt_geom": 100}
    snapshot = {"now": 1000.0, "aircraft": [one | {"seen_pos": 2.5, "nac_p": 9}, {"hex": "b"}]}
    found = read_tracks(
        _json(tmp_path / "aircraft.json", snapshot), timezone=None, assumed_error=185.2
    ).tracks
    assert len(found) == 1
    assert (found[0].time[0], found[0].position_error[0]) == (997.5, 30.0)
    assert (found[0].height[0], found[0].height_reference) == (pytest.approx(30.48), "WGS84")
    rows = [[0, 1.0, 2.0, 1000, 100, 0, 0, 0, {"flight": "X "}], [9, 1.1, 2.1, 1000, 100, 0, 1, 0]]
    trace = {"icao": "AB1234", "timestamp": 1000.0, "trace": rows}
    path = tmp_path / "trace_full_ab1234.json"
    path.write_bytes(gzip.compress(json.dumps(trace).encode()))
    track = read_tracks(path, timezone=None, assumed_error=185.2).tracks[0]
    assert track.callsign == "X"
    assert track.doubt.tolist() == [0, int(Doubt.STALE)]


def _json(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_raw_frames_decode_to_the_published_position(tmp_path: Path) -> None:
    pytest.importorskip("rs1090")
    # J. Sun, The 1090 Megahertz Riddle (2nd edition), section 5.3: the even frame is the newer.
    path = tmp_path / "frames.txt"
    path.write_text(
        "1457996400.0 *8D40621D58C386435CC412692AD6;\n1457996402.0 8D40621D58C382D690C8AC2863A7\n",
        encoding="utf-8",
    )
    track = read_tracks(path, timezone=None, assumed_error=185.2).tracks[0]
    assert track.aircraft == "40621d"
    assert track.lat[-1] == pytest.approx(52.2572, abs=1e-4)
    assert track.lon[-1] == pytest.approx(3.91937, abs=1e-4)
    assert track.height[-1] == pytest.approx(38_000 * 0.3048)


def test_frames_without_a_time_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="no time"):
        read(tmp_path / "frames.txt", "*8D40621D58C382D690C8AC2863A7;\n")
