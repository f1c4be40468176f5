"""One height reference is never taken for another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flight_logs import GEOID, GROUND, lawnmower, tlog_frames, ulog_bytes, write_frames, write_mcap

from barlovento.errors import BadInput
from barlovento.fly.logs.flight import read_flight
from barlovento.fly.logs.heights import above_ground, at_times
from barlovento.fly.logs.record import Flight, LoggedHeight

FLOWN = lawnmower(lines=2, length=60.0, rate=2.0)


@pytest.fixture
def ulog(tmp_path: Path) -> Flight:
    path = tmp_path / "a.ulg"
    path.write_bytes(ulog_bytes(FLOWN))
    return read_flight(path)


@pytest.fixture
def recording(tmp_path: Path) -> Flight:
    return read_flight(write_mcap(tmp_path / "a.mcap", FLOWN, form="cdr"))


def test_auto_takes_home_never_the_sea(ulog: Flight) -> None:
    above = above_ground(ulog, "auto", None)
    assert np.allclose(above.height, FLOWN.z, atol=0.01)
    assert "take-off" in above.told


def test_auto_prefers_terrain(tmp_path: Path) -> None:
    path = tmp_path / "a.ulg"
    path.write_bytes(ulog_bytes(FLOWN, terrain=True))
    above = above_ground(read_flight(path), "auto", None)
    assert np.allclose(above.height, FLOWN.z + 4.0, atol=0.01)


def test_auto_refuses_what_only_the_ellipsoid_measures(recording: Flight) -> None:
    with pytest.raises(BadInput, match=r"ellipsoid.*--ground-elevation.*--height takeoff"):
        above_ground(recording, "auto", None)


@pytest.mark.parametrize(("choice", "ground"), [("amsl", GROUND), ("ellipsoid", GROUND + GEOID)])
def test_a_given_ground_in_the_same_reference(ulog: Flight, choice: str, ground: float) -> None:
    above = above_ground(ulog, choice, ground)  # type: ignore[arg-type]
    assert np.allclose(above.height, FLOWN.z, atol=0.01)
    with pytest.raises(BadInput, match="--ground-elevation METRES"):
        above_ground(ulog, choice, None)  # type: ignore[arg-type]


def test_the_seas_height_is_not_made_from_the_ellipsoids(recording: Flight) -> None:
    with pytest.raises(BadInput, match="no heights above mean sea level"):
        above_ground(recording, "amsl", GROUND)


def test_a_ground_without_its_reference_is_refused(ulog: Flight) -> None:
    with pytest.raises(BadInput, match="means nothing with heights by 'home'"):
        above_ground(ulog, "home", GROUND)


def test_takeoff_needs_no_reference(recording: Flight) -> None:
    above = above_ground(recording, "takeoff", None)
    # In its first five seconds the vehicle has climbed already.
    start = float(np.median(FLOWN.z[FLOWN.time <= FLOWN.time[0] + 5]))
    assert np.allclose(above.height, FLOWN.z - start, atol=0.01)


def test_gaps_are_not_bridged(tmp_path: Path) -> None:
    frames = tlog_frames(FLOWN)
    begin, end = FLOWN.time[40], FLOWN.time[60]
    frames = [f for f in frames if not begin + 0.1 < f[0] < end + 0.05]
    flight = read_flight(write_frames(tmp_path / "a.tlog", frames))
    home = flight.heights[LoggedHeight.HOME]
    wanted = np.array([begin - 1, (begin + end) / 2, end + 1, flight.time[-1] + 1])
    found = at_times(flight, home, wanted, longest_gap=3.0)
    assert np.isnan(found).tolist() == [False, True, False, True]
    assert not np.isnan(at_times(flight, home, wanted[:3], longest_gap=20.0)).any()
