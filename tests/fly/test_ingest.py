"""`barlovento ingest`: from logs to a survey that can be located, or to words, never to half."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flight_logs import (
    EAST,
    HOME,
    NORTH,
    START,
    WIND,
    Flown,
    dataflash_messages,
    gas_rows,
    lawnmower,
    tlog_frames,
    ulog_bytes,
    write_csv,
    write_frames,
    write_mcap,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barlovento.cli import main
from barlovento.fly.survey import read_survey

FLOWN = lawnmower(lines=6)
OFFSET = 3.4
SURVEY = (
    *("--species", "methane", "--averaging-time", "1", "--background", "unknown"),
    *("--time-marks", "middle", "--constant", "temperature=288.15"),
    *("--roughness-length", "0.03", "--search-margin", "100"),
    *("--release-height", "0", "5", "--max-sources", "3"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_frames(tmp_path / "flight.tlog", tlog_frames(FLOWN))
    write_csv(tmp_path / "gas.csv", gas_rows(FLOWN, offset=OFFSET, position=True))
    return tmp_path


def ingest(folder: Path, *words: str, flight: str = "flight.tlog", gas: str = "gas.csv") -> int:
    out = ("--out", str(folder / "survey"))
    return main(["ingest", str(folder / flight), str(folder / gas), *out, *SURVEY, *words])


def left(folder: Path) -> set[str]:
    """What is there besides logs."""
    return {p.name for p in folder.iterdir()} - {"flight.tlog", "gas.csv"}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "survey" / "observations.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_readings_stand_where_and_when_the_gas_was(folder: Path) -> None:
    assert ingest(folder) == 0
    survey = read_survey(folder / "survey")
    seen = survey.observations
    truth = gas_rows(FLOWN, offset=0.0)
    time = np.array([float(row["time"]) for row in truth])
    assert len(seen) == time.size
    # The times are ends of intervals whose middle the logger marks.
    assert np.abs(seen.time - 0.5 - time).max() < 0.2
    found = rows(folder)
    lon = np.array([float(row["longitude"]) for row in found])
    lat = np.array([float(row["latitude"]) for row in found])
    z = np.array([float(row["z"]) for row in found])
    x, y, up = FLOWN.at(time)
    away = np.hypot((lon - HOME[0]) / EAST - x, (lat - HOME[1]) / NORTH - y)
    # A fifth of a second at 6 m/s.
    assert away.max() < 1.2
    assert np.abs(z - up).max() < 0.4
    assert [float(row["concentration"]) for row in found] == pytest.approx(
        [float(row["CH4 (ppm)"]) for row in truth]
    )


def test_the_wind_comes_from_where_the_autopilot_says(folder: Path) -> None:
    assert ingest(folder) == 0
    air = read_survey(folder / "survey").meteorology
    speed, come = np.hypot(*WIND), np.degrees(np.arctan2(-WIND[0], -WIND[1])) % 360
    assert np.allclose(air.wind_speed, speed, atol=1e-2)
    with (folder / "survey" / "meteorology.csv").open(encoding="utf-8") as file:
        found = [float(row["wind_from_direction"]) for row in csv.DictReader(file)]
    assert np.allclose(found, come, atol=0.02)
    assert 17 < air.measurement_height < 23
    assert "autopilot" in (folder / "survey" / "survey.toml").read_text(encoding="utf-8")


def test_everything_is_told_in_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ingest(folder, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    for role in printed["inputs"]:
        data = (folder / role["file"]).read_bytes()
        assert role["sha256"] == hashlib.sha256(data).hexdigest()
        assert role["bytes"] == len(data)
    clock = printed["gas_clock"]
    assert clock["low90_s"] - 0.05 < OFFSET < clock["high90_s"] + 0.05
    assert clock["by"] == "positions in the gas log"
    assert printed["counts"]["readings"] == len(rows(folder))
    written = json.loads((folder / "survey" / "ingest.json").read_text(encoding="utf-8"))
    assert written == {key: printed[key] for key in written}


def test_survey_check_finds_nothing_wrong(folder: Path) -> None:
    assert ingest(folder) == 0
    assert main(["survey", "check", str(folder / "survey")]) == 0
    assert left(folder) == {"survey"}
    assert {p.name for p in (folder / "survey").iterdir()} == {
        *("survey.toml", "observations.csv", "meteorology.csv", "ingest.json")
    }


@pytest.mark.parametrize("kind", ["bin", "ulg", "mcap"])
def test_other_logs_make_the_same_survey(folder: Path, kind: str) -> None:
    path = folder / f"flight.{kind}"
    more: tuple[str, ...] = ()
    if kind == "bin":
        path.write_bytes(b"".join(dataflash_messages(FLOWN)))
    elif kind == "ulg":
        path.write_bytes(ulog_bytes(FLOWN))
    else:
        write_mcap(path, FLOWN, form="cdr")
        wind = [
            {"time": f"{START + s}", "wind_speed (m/s)": "3", "wind_from_direction": "40"}
            for s in range(0, 300, 30)
        ]
        write_csv(folder / "wind.csv", wind)
        more = ("--height", "takeoff", "--wind", str(folder / "wind.csv"))
        more += ("--constant", "pressure=94000", "--measurement-height", "3")
    assert ingest(folder) == 0
    reference = rows(folder)
    (folder / "survey").rename(folder / "first")
    assert ingest(folder, *more, flight=path.name) == 0
    found = rows(folder)
    assert len(found) == len(reference)
    for name, close in (("longitude", 2e-6), ("latitude", 2e-6)):
        ours, theirs = ([float(row[name]) for row in one] for one in (found, reference))
        assert np.abs(np.array(ours) - theirs).max() < close


def test_readings_in_gaps_are_flagged_and_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = (FLOWN.time[300] + 0.05, FLOWN.time[400] + 0.05)
    frames = [f for f in tlog_frames(FLOWN) if not lost[0] < f[0] - 0.08 < lost[1]]
    write_frames(folder / "flight.tlog", frames)
    assert ingest(folder) == 0
    flagged = [row for row in rows(folder) if row["flag"] == "bad"]
    assert 18 <= len(flagged) <= 22
    assert all(row["longitude"] == "" for row in flagged)
    assert f"{len(flagged)} of " in capsys.readouterr().out
    assert read_survey(folder / "survey").observations.n_flagged == len(flagged)


def test_damage_is_counted_in_warnings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = FLOWN.x.copy()
    x[[200, 500]] += 2000.0
    frames = tlog_frames(Flown(FLOWN.time, x, FLOWN.y, FLOWN.z))
    frames[100], frames[400] = frames[400], frames[100]
    write_frames(folder / "flight.tlog", frames)
    data = (folder / "flight.tlog").read_bytes()
    (folder / "flight.tlog").write_bytes(data[:-7])
    assert ingest(folder) == 0
    said = capsys.readouterr().out
    assert "2 positions jump" in said
    assert "out of order" in said
    assert "last frame is cut at byte" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shift": 7200.0}, "time zone"),
        ({"shift": 40 * 86400.0}, "same flight and day"),
        ({"flight": b""}, "is empty"),
        ({"flight": b"\0" * 500}, "no flight log that is known"),
        ({"gas": b""}, "no header line"),
        ({"gas": b"\x89PNG\r\n\x1a\n" + bytes(range(256))}, "gas.csv"),
        ({"gas": b"time,other\n1778000000,2\n"}, "concentration"),
        ({"height": "terrain"}, "no heights above the ground below"),
        ({"height": "amsl"}, "--ground-elevation METRES"),
        ({"clock-offset": "400000"}, "same flight and day"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], words: str
) -> None:
    more: list[str] = []
    if "shift" in change:
        moved = gas_rows(FLOWN, offset=OFFSET - change["shift"])
        write_csv(folder / "gas.csv", moved)
    if "flight" in change:
        (folder / "flight.tlog").write_bytes(change["flight"])
    if "gas" in change:
        (folder / "gas.csv").write_bytes(change["gas"])
    for option in ("height", "clock-offset"):
        if option in change:
            more += [f"--{option}", change[option]]
    assert ingest(folder, *more) == 1
    assert words in capsys.readouterr().err
    assert left(folder) == set()


def test_all_that_is_absent_is_asked_for_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_frames(folder / "flight.tlog", tlog_frames(FLOWN, fix=1))
    out = str(folder / "survey")
    assert main(["ingest", str(folder / "flight.tlog"), str(folder / "gas.csv"), "--out", out]) == 1
    said = capsys.readouterr().err
    for words in ("fix type 1", "species", "averaging_time_s", "roughness_length_m", "search_x"):
        assert words in said
    assert left(folder) == set()


@pytest.mark.parametrize(
    "words",
    [
        ("--fastest", "0"),
        ("--longest-gap", "-1"),
        ("--wind-average", "nan"),
        ("--clock-offset", "inf"),
        ("--clock-offset-max", "-3"),
        ("--height", "amsl", "--ground-elevation", "nan"),
    ],
)
def test_numbers_that_can_not_be_meant(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert ingest(folder, *words) == 1
    assert "out of bounds" in capsys.readouterr().err
    assert left(folder) == set()


def test_a_column_for_the_clock_that_is_unclear_is_left_out_and_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read = gas_rows(FLOWN, offset=OFFSET, pressure=True)
    # A pressure without its unit.
    for row in read:
        row["pressure"] = row.pop("pressure (hPa)")
    write_csv(folder / "gas.csv", read)
    assert ingest(folder, "--clock-offset-max", "8") == 0
    said = capsys.readouterr().out
    assert "Until then the clock is told without it." in said
    (folder / "survey").rename(folder / "first")
    assert ingest(folder, "--unit", "pressure=hPa") == 0
    assert "by pressure in the gas log" in " ".join(capsys.readouterr().out.split())


def test_the_order_of_the_gas_logs_rows_changes_nothing(folder: Path) -> None:
    assert ingest(folder) == 0
    first = sorted(tuple(row.values()) for row in rows(folder))
    (folder / "survey").rename(folder / "first")
    read = gas_rows(FLOWN, offset=OFFSET, position=True)
    order = np.random.default_rng(0).permutation(len(read))
    write_csv(folder / "gas.csv", [read[i] for i in order])
    assert ingest(folder) == 0
    assert sorted(tuple(row.values()) for row in rows(folder)) == first


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    hits=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=9)), max_size=4),
)
def test_any_damage_to_both_logs_ends_in_a_survey_or_in_words(
    folder: Path, cut: tuple[float, float], hits: list[tuple[float, bytes]]
) -> None:
    for name, end in zip(("flight.tlog", "gas.csv"), cut, strict=True):
        whole = folder / f"{name}.whole"
        if not whole.exists():
            whole.write_bytes((folder / name).read_bytes())
        data = bytearray(whole.read_bytes())
        for where, what in hits:
            at = int(where * len(data))
            data[at : at + len(what)] = what
        # Mostly cut near the end.
        (folder / name).write_bytes(data[: int((1 - end**4) * len(data))])
    made = folder / "survey"
    code = ingest(folder)
    assert code in (0, 1)
    assert made.exists() == (code == 0)
    if code == 0:
        read_survey(made)
        shutil.rmtree(made)
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_a_survey_that_is_there_is_not_touched(folder: Path) -> None:
    (folder / "survey").mkdir()
    (folder / "survey" / "mine.txt").write_text("keep", encoding="utf-8")
    assert ingest(folder) == 1
    assert [p.name for p in (folder / "survey").iterdir()] == ["mine.txt"]


def test_a_log_without_wind_asks_for_a_record(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_frames(folder / "flight.tlog", tlog_frames(FLOWN, wind=False))
    assert ingest(folder) == 1
    assert "--wind FILE" in capsys.readouterr().err
    assert left(folder) == set()


def test_readings_before_the_first_wind_are_flagged(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Two minutes on the ground with everything switched on.
    seconds = np.arange(-120.0, 0.0, 0.2)
    waiting = np.zeros(seconds.size)
    flown = Flown(
        np.concatenate([FLOWN.time[0] + seconds, FLOWN.time]) + 120.0,
        *(np.concatenate([waiting, axis]) for axis in (FLOWN.x, FLOWN.y, FLOWN.z)),
    )
    write_frames(folder / "flight.tlog", tlog_frames(flown))
    write_csv(folder / "gas.csv", gas_rows(flown, offset=OFFSET, position=True))
    assert ingest(folder) == 0
    flagged = sum(row["flag"] == "bad" for row in rows(folder))
    assert 80 < flagged < 125
    assert f"{flagged} of " in capsys.readouterr().out


def test_the_same_logs_make_the_same_bytes(folder: Path) -> None:
    assert ingest(folder) == 0
    first = {p.name: p.read_bytes() for p in (folder / "survey").iterdir()}
    (folder / "survey").rename(folder / "first")
    assert ingest(folder) == 0
    assert first == {p.name: p.read_bytes() for p in (folder / "survey").iterdir()}
