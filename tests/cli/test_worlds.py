"""``barlovento exercise list``, ``new`` and ``check``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from barlovento.cli import main
from barlovento.exercise import library


def test_list_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercise", "list", "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)["scenarios"]
    assert [entry["name"] for entry in found] == list(library.names())
    study = next(entry for entry in found if entry["name"] == "study")
    assert study["permitted_area_m2"] == 64e4
    assert "look-alikes" in told.err


def test_new_writes_what_check_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = str(tmp_path / "mine.toml")
    assert main(["exercise", "new", mine, "--like", "valley"]) == 0
    assert main(["exercise", "check", mine]) == 0
    assert main(["exercise", "new", mine]) == 1
    told = capsys.readouterr()
    assert "can be flown" in told.out
    assert "already" in told.err


def test_check_tells_every_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = library.template("flat").replace("roughness_length_m = 0.05", "roughness_length_m = -1")
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace('["study-0p3"]', '["nose"]'))
    assert main(["exercise", "check", str(mine), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert document["exit_code"] == 1
    columns = {fault["column"] for fault in document["faults"]}
    assert columns == {"wind.roughness_length_m", "drones.sensors"}
    assert all(fault["mend"] for fault in document["faults"])
