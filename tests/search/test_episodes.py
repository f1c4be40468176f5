"""Searches and their scores: reference values, seeds, and the command."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from barlovento.cli import main
from barlovento.errors import UsageError
from barlovento.search.cases import case
from barlovento.search.episodes import Score, drawn, run, score


def scored(policy: str, *, episodes: int, seed: int) -> Score:
    which = case("isotropic-19")
    return score(run(which, policy, numbers=range(episodes), seed=seed, clock=time.process_time))


def test_draws_follow_their_weights() -> None:
    rng = np.random.default_rng(1)
    weights = np.array([0.0, 3.0, 1.0, 0.0])
    counts = np.bincount([drawn(weights, rng) for _ in range(4000)], minlength=4)
    assert counts[0] == counts[3] == 0
    # Binomial, 4,000 draws at 3/4: standard deviation 27.
    assert abs(counts[1] - 3000) < 5 * 27.4


# Mean and standard error measured with the authors' public program, 5,000 searches.
@pytest.mark.parametrize(
    ("policy", "mean", "stderr"), [("infotaxis", 13.89, 0.15), ("space-aware", 13.55, 0.15)]
)
def test_reference_values_of_the_small_case(policy: str, mean: float, stderr: float) -> None:
    ours = scored(policy, episodes=800, seed=3)
    assert abs(ours.mean - mean) < 3.0 * np.hypot(ours.stderr, stderr)
    assert ours.stderr < 1.0
    assert ours.not_found < 1e-3


def test_the_same_seed_gives_the_same_searches() -> None:
    one, same, other = (scored("space-aware", episodes=5, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(one.times, same.times)
    assert not np.array_equal(one.times, other.times)


def test_searches_run_in_two_parts_are_the_same() -> None:
    which, clock = case("isotropic-19"), time.process_time
    whole = run(which, "space-aware", numbers=range(6), seed=4, clock=clock)
    parts = [
        run(which, "space-aware", numbers=numbers, seed=4, clock=clock)
        for numbers in (range(2), range(2, 6))
    ]
    joined = parts[0].joined(parts[1])
    assert np.array_equal(whole.times, joined.times)
    assert whole.unfound == pytest.approx(joined.unfound)


def test_nothing_to_run_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        scored("infotaxis", episodes=0, seed=1)
    with pytest.raises(UsageError, match="space-aware"):
        scored("luck", episodes=1, seed=1)


def test_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "bench",
        "search",
        "--case",
        "isotropic-19",
        "--policy",
        "infotaxis",
        "--episodes",
        "3",
    ]
    assert main([*words, "--seed", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"mean", "stderr", "p99", "not_found", "ms_per_decision"} <= told.keys()
    assert told["episodes"] == 3
    # No search is faster than one whose source is known: 2.5 steps on average.
    assert 2.5 < told["mean"] < 100.0


def test_command_tells_what_cases_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "search", "--case", "stormy", "--policy", "infotaxis"]) == 2
    assert "isotropic-19" in capsys.readouterr().err
