"""The scores that judge everything else are themselves held to numbers that they did not make."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name while they are made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


scores = load("scores")
running = load("running")


def answer(*sources: tuple[float, float, float]) -> dict[str, Any]:
    """A result with sources at x, y, each with a square region of half width w."""

    def square(x: float, y: float, w: float) -> list[list[float]]:
        return [[x - w, y - w], [x + w, y - w], [x + w, y + w], [x - w, y + w], [x - w, y - w]]

    return {
        "number_of_sources": {"0": 0.0, "1": 1.0},
        "elapsed_s": 1.0,
        "diagnostics": {"min_ess": 500.0, "max_rhat": 1.0},
        "sources": [
            {
                "x": x,
                "y": y,
                "emission_rate_kg_s": {"q05": 0.5, "median": 1.0, "q95": 2.0},
                "region90": {"type": "Polygon", "coordinates": [square(x, y, w)]},
                "region90_area_m2": (2 * w) ** 2,
            }
            for x, y, w in sources
        ],
    }


def truth(*places: tuple[float, float, float]) -> list[dict[str, float]]:
    return [{"x": x, "y": y, "z": 0.0, "emission_rate_kg_s": q} for x, y, q in places]


def test_matching_is_one_to_one_and_least_in_sum() -> None:
    # Nearest first would pair the true 0 with the found 1 and leave 100 m for the other.
    pairs = scores.match(np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[1.0, 0.0], [-9.0, 0.0]]))
    assert sorted((t, f) for t, f, _ in pairs) == [(0, 1), (1, 0)]


def test_a_hit_is_scored() -> None:
    row = scores.score(answer((3.0, 4.0, 5.0)), truth((0.0, 0.0, 1.5)))
    assert row["error_m"] == [5.0]
    assert row["in_region"] == [True]
    assert row["rate_in"] == [True]


def test_outside_is_outside() -> None:
    row = scores.score(answer((30.0, 0.0, 5.0)), truth((0.0, 0.0, 9.0)))
    assert row["in_region"] == [False]
    assert row["rate_in"] == [False]


def test_a_missed_source_fails_everywhere() -> None:
    row = scores.score(answer((0.0, 0.0, 5.0)), truth((0.0, 0.0, 1.0), (500.0, 0.0, 1.0)))
    assert row["error_m"] == [0.0, None]
    assert row["in_region"] == [True, False]
    assert row["rate_in"] == [True, False]
    assert scores.quantile(row["error_m"], 1.0) == math.inf


def test_nothing_found_and_nothing_there() -> None:
    row = scores.score(answer(), truth())
    assert row["error_m"] == []
    assert row["n_found"] == 0


def test_crps_of_a_normal_forecast() -> None:
    # Gneiting and Raftery (2007): CRPS of N(0, 1) at its centre is (sqrt(2) - 1) / sqrt(pi).
    draws = np.random.default_rng(1).normal(size=200_000)
    expected = (math.sqrt(2.0) - 1.0) / math.sqrt(math.pi)
    assert scores.crps(draws, 0.0) == pytest.approx(expected, abs=2e-3)


def test_crps_of_certainty_is_the_error() -> None:
    assert scores.crps(np.full(100, 3.0), 5.0) == pytest.approx(2.0)


def test_the_best_constant_is_no_worse_than_any_number() -> None:
    values = np.random.default_rng(2).normal(size=400)
    best = scores.crps_without_survey(values)
    assert all(best <= np.mean(np.abs(values - guess)) for guess in np.linspace(-2, 2, 9))


def test_dispersion_scores_of_a_model_twice_too_high() -> None:
    observed = np.array([1.0, 2.0, 4.0])
    row = scores.dispersion_scores(observed, 2.0 * observed)
    assert row["FAC2"] == 1.0
    assert row["FB"] == pytest.approx(-2.0 / 3.0)
    assert row["MG"] == pytest.approx(0.5)
    assert row["VG"] == pytest.approx(math.exp(math.log(2.0) ** 2))


def test_perfect_model_scores() -> None:
    row = scores.dispersion_scores(np.array([1.0, 3.0]), np.array([1.0, 3.0]))
    assert (row["FB"], row["NMSE"], row["MG"], row["VG"]) == (0.0, 0.0, 1.0, 1.0)


def test_bootstrap_knows_that_experiments_differ() -> None:
    even = {"a": [True] * 9 + [False], "b": [True] * 9 + [False]}
    odd = {"a": [True] * 10, "b": [True] * 8 + [False] * 2}
    width = [high - low for low, high in map(scores.bootstrap_coverage, (even, odd))]
    assert width[1] >= width[0]


def test_wilson_interval_worked_by_hand() -> None:
    # Wilson (1927) for 5 of 10: .5 -+ 1.96 / 1.38416 * sqrt(.025 + .009604) = .5 -+ .2634.
    low, high = scores.wilson(5, 10, z=1.96)
    assert (low, high) == (pytest.approx(0.2366, abs=1e-3), pytest.approx(0.7634, abs=1e-3))


def test_effective_draws_of_independent_draws() -> None:
    generator = np.random.default_rng(3)
    shape = (2, 500, 1)
    x, y = generator.normal(size=shape), generator.normal(size=shape)
    (row,) = scores.source_ess(x, y, np.exp(x * 0.1), np.zeros((1, 2)), within=50.0)
    assert row["present"] == 1.0
    assert 600 < row["ess"] < 1400
    assert row["error_m"] < 0.2


def test_a_source_that_no_draw_holds_is_absent() -> None:
    far = np.full((2, 50, 1), 1e4)
    (row,) = scores.source_ess(far, far, np.ones_like(far), np.zeros((1, 2)), within=50.0)
    assert row["present"] == 0.0
    assert row["error_m"] == math.inf


def test_solver_never_gets_the_truth(tmp_path: Path) -> None:
    survey = tmp_path / "pg99"
    survey.mkdir()
    for name in ("survey.toml", "observations.csv", "truth.json"):
        (survey / name).write_text("x")
    work = scores.copy_without_truth(survey, tmp_path / "in")
    assert sorted(p.name for p in work.iterdir()) == ["observations.csv", "survey.toml"]


def test_measured_cost_counts_children() -> None:
    busy = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(10**7))'])"
    cost = running.measure([sys.executable, "-c", busy])
    assert cost.code == 0
    assert cost.cpu > 0.05
    assert cost.memory > 1.0


def test_published_tables_land_between_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    page.write_text("a\n<!-- speed: begin -->\nold\n<!-- speed: end -->\nb\n")
    running.publish("speed", "new", page)
    assert page.read_text() == "a\n<!-- speed: begin -->\nnew\n<!-- speed: end -->\nb\n"


def test_a_line_that_a_stop_cut_off_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    running.append_line(path, {"seed": 1})
    with path.open("a") as file:
        file.write('{"seed": 2, "ra')
    assert running.read_lines(path) == [{"seed": 1}]
