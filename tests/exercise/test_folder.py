"""A simulated survey as files: whole or not at all, and without the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from barlovento.errors import BadInput
from barlovento.exercise.folder import write_survey, write_truth
from barlovento.exercise.instruments import SensorModel, beam
from barlovento.exercise.records import Flown, Mast, Scenario
from barlovento.exercise.world import simulate, to_survey
from barlovento.fly.survey import read_survey

SENSOR = SensorModel(name="nose", noise=0.4, background=2.0, detection_limit=1.9)


@pytest.fixture
def flown(world: Callable[..., Scenario]) -> Flown:
    # Beside the plume, where nothing is met for much of the time.
    scenario = world([(60.0, 14.0, 2.0)], sensor=SENSOR, mast=Mast(height=6.0, interval=20.0))
    return simulate(replace(scenario, clock_offset_max=10.0), 2)


def test_a_written_survey_is_read_back(flown: Flown, tmp_path: Path) -> None:
    survey = read_survey(write_survey(flown, tmp_path / "a"))
    direct = to_survey(flown)
    assert survey.title == direct.title
    assert survey.species == direct.species
    assert survey.frame.name == direct.frame.name
    assert survey.search == direct.search
    assert survey.background is None
    assert survey.clock_offset_max == 10.0
    for name in ("time", "x", "y", "z", "censored"):
        read, made = getattr(survey.observations, name), getattr(direct.observations, name)
        np.testing.assert_allclose(read, made, atol=0.006)
    np.testing.assert_allclose(
        survey.observations.concentration, direct.observations.concentration, rtol=1e-4
    )
    assert survey.observations.censored.any()
    np.testing.assert_allclose(survey.meteorology.time, direct.meteorology.time)
    np.testing.assert_allclose(
        survey.meteorology.wind_from_direction, direct.meteorology.wind_from_direction, atol=0.006
    )
    assert survey.meteorology.measurement_height == 6.0
    assert survey.to_file_units == pytest.approx(direct.to_file_units, rel=1e-3)
    assert survey.warnings == ()


def test_beams_in_ppm_are_read_back(world: Callable[..., Scenario], tmp_path: Path) -> None:
    path = beam(
        SensorModel(name="b", background=1900.0), (50.0, -20.0, 2.0), (50.0, 20.0, 2.0), 120
    )
    scenario = world(instruments=[path], duration=120, averaging_time=60)
    flown = simulate(replace(scenario, units="ppm", background=1900.0), 2)
    survey = read_survey(write_survey(flown, tmp_path / "a"))
    assert survey.observations.x2.tolist() == [50.0, 50.0]
    assert survey.observations.averaging_time == 60.0
    lines = (tmp_path / "a" / "observations.csv").read_text().splitlines()
    shown = [float(line.rpartition(",")[2]) for line in lines[1:]]
    assert shown == pytest.approx((flown.mole_fraction / 1000.0).tolist(), rel=1e-6)
    assert min(shown) > 1.9
    assert survey.background == pytest.approx(
        1900.0 / flown.mole_fraction[0] * flown.concentration[0]
    )


def test_the_truth_stays_out_unless_asked_for(flown: Flown, tmp_path: Path) -> None:
    folder = write_survey(flown, tmp_path / "a")
    assert sorted(p.name for p in folder.iterdir()) == [
        "meteorology.csv",
        "observations.csv",
        "survey.toml",
    ]
    truth = json.loads(write_truth(flown, tmp_path / "sealed" / "t.json").read_text())
    assert truth["sources"] == [{"x": 0.0, "y": 0.0, "z": 2.0, "emission_rate_kg_s": 1e-3}]
    inside = write_survey(flown, tmp_path / "b", include_truth=True)
    assert json.loads((inside / "truth.json").read_text()) == truth


def test_same_seed_same_bytes(world: Callable[..., Scenario], tmp_path: Path) -> None:
    scenario = world([(60.0, 3.0, 2.0)], sensor=SENSOR, meander_direction_sd=8.0)
    a, b, c = (
        write_survey(simulate(scenario, seed), tmp_path / name)
        for seed, name in ((5, "a"), (5, "b"), (6, "c"))
    )
    for name in ("survey.toml", "observations.csv", "meteorology.csv"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
    assert (a / "observations.csv").read_bytes() != (c / "observations.csv").read_bytes()
    assert to_survey(simulate(scenario, 5)).digest == to_survey(simulate(scenario, 5)).digest


def test_nothing_is_overwritten(flown: Flown, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(BadInput, match="is there already"):
        write_survey(flown, tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []


def test_a_write_that_fails_leaves_nothing(
    flown: Flown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.write_text

    def full(self: Path, *args: object, **options: object) -> int:
        if self.name == "observations.csv":
            raise OSError(28, "No space left on device")
        return real(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BadInput, match="No space left"):
        write_survey(flown, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_told(flown: Flown, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="can't be written"):
        write_survey(flown, tmp_path / "file" / "a")
    with pytest.raises(BadInput, match="can't be written"):
        write_truth(flown, tmp_path / "file" / "t.json")
