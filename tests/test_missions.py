"""The commands of simulated flights: what they write, print and refuse."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from barlovento import missions
from barlovento.cli import main
from barlovento.errors import BadInput

MISSION = "x,y,z\n10,5,12\n10,65,12\n50,65,12\n10,5,12\n10,5,0\n"
CALM = ("--wind-speed", "3", "--wind-from-direction", "250")


@pytest.fixture
def mission(tmp_path: Path) -> Path:
    path = tmp_path / "mission.csv"
    path.write_text(MISSION)
    return path


def test_a_mission_is_flown_and_written_whole(
    mission: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "flight"
    words = ["autopilot", "fly", mission, "--out", out, *CALM]
    words += ["--start", "2026-05-04T10:00:00Z", "--origin", "2.3", "48.8", "--json"]
    assert main([str(word) for word in words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {path.name for path in out.iterdir()} == set(missions.OUTPUTS)
    assert told["simulated"]["arrived"]
    assert told["kinematic"]["arrived"]
    assert max(told["simulated"]["misses_m"]) <= 3.0
    assert len(told["simulated"]["passed_s"]) == 5
    rows = list(csv.DictReader((out / "track.csv").read_text().splitlines()))
    assert rows[0]["time"] == "2026-05-04T10:00:01Z"
    assert len(rows) == told["simulated"]["seconds"]
    assert float(rows[0]["x"]) == pytest.approx(10, abs=0.5)
    assert float(rows[-1]["y"]) == pytest.approx(5, abs=1.5)
    assert float(rows[20]["latitude"]) == pytest.approx(48.8, abs=0.001)
    watts = told["simulated"]["energy_used_j"] / told["simulated"]["seconds"]
    assert 140 < watts < 220


def test_the_same_command_gives_the_same_tracks(mission: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        words = ["autopilot", "fly", mission, "--out", tmp_path / name, *CALM]
        main([str(word) for word in [*words, "--start", "2026-05-04T10:00:00Z"]])
    for name in ("track.csv", "kinematic.csv", "flight.tlog"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--wind-speed", "20", "--wind-from-direction", "0"), "too strong"),
        (("--wind-speed", "-2", "--wind-from-direction", "0"), "is none"),
        ((*CALM, "--start", "2026-05-04T10:00:00"), "no time with a zone"),
        ((*CALM, "--start", "noon"), "no time with a zone"),
        ((*CALM, "--origin", "0", "97"), "no place on earth"),
    ],
)
def test_what_can_not_be_flown_leaves_nothing(
    mission: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    said: str,
) -> None:
    out = tmp_path / "flight"
    assert main(["autopilot", "fly", str(mission), "--out", str(out), *more]) == 1
    assert said in capsys.readouterr().err
    assert not out.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["mission.csv"]


def test_without_the_extra_it_says_what_to_install(
    mission: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    out = tmp_path / "flight"
    assert main(["autopilot", "fly", str(mission), "--out", str(out), *CALM]) == 1
    assert "barlovento[flight]" in capsys.readouterr().err
    assert not out.exists()


def test_wind_from_the_west_goes_east() -> None:
    assert missions.wind_vector(5.0, 270.0) == pytest.approx((5.0, 0.0))
    assert missions.wind_vector(5.0, 0.0) == pytest.approx((0.0, -5.0))
    with pytest.raises(BadInput, match="is none"):
        missions.wind_vector(float("nan"), 0.0)


def test_aircraft_are_listed_with_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["aircraft", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["aircraft"]
    names = [craft["name"] for craft in told]
    assert names[:3] == ["light-multirotor", "gas-multirotor", "vtol-wing"]
    assert all(craft["sources"]["mass"] for craft in told)
    assert main(["aircraft", "list", "--sources"]) == 0
    assert "DJI, Phantom 4 Pro" in capsys.readouterr().out
    assert main(["aircraft", "list", "--catalogue", "absent.toml"]) == 1


@pytest.mark.skipif(os.name == "nt", reason="signals differ there")
def test_serving_ends_with_ctrl_c_and_leaves_its_log(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as station:
        station.bind(("127.0.0.1", 0))
        station.settimeout(30)
        log = tmp_path / "served.tlog"
        words = [*("autopilot", "serve", *CALM, "--speed", "20", "--port", "0")]
        words += ["--ground-port", str(station.getsockname()[1]), "--tlog", str(log)]
        # A shell's background job ignores Ctrl-C, and its children would too.
        code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        code += f"from barlovento.cli import main; sys.exit(main({words!r}))"
        server = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
        try:
            assert station.recv(1000)[:1] == b"\xfd"
            assert not log.exists()
            time.sleep(0.5)
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=30)
        finally:
            server.kill()
            server.wait()
            if server.stderr:
                server.stderr.close()
    assert np.frombuffer(log.read_bytes()[:8], dtype=">u8")[0] > 1e15
    assert [path.name for path in tmp_path.iterdir()] == ["served.tlog"]
