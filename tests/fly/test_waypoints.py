"""Waypoints of a mission from a file, with every fault told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from barlovento.errors import BadInput
from barlovento.fly.waypoints import read_waypoints


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mission.csv"
    path.write_text(text)
    return path


def test_waypoints_are_read_in_their_order(tmp_path: Path) -> None:
    rows = read_waypoints(file(tmp_path, "z,y,x\n15,0,1\n20.5,-30,2\n"))
    assert rows.tolist() == [[1, 0, 15], [2, -30, 20.5]]


def test_all_faults_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_waypoints(file(tmp_path, "x,y,z\n1,2,a\n3,4,-5\n1,2,\n"))
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert any("row 2, column z" in line and "'a'" in line for line in lines)
    assert any("row 3, column z" in line and "below ground" in line for line in lines)
    assert any("row 4" in line and "empty" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,y\n1,2\n", "column 'z' is missing"),
        ("x,y,z\n", "no waypoint in it"),
        ("x,y,z\n" + "1,2,3\n" * 1001, "1001 waypoints"),
    ],
)
def test_files_that_hold_no_mission_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_waypoints(file(tmp_path, text))
