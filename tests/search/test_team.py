"""A team of searchers: alone it is the known heuristic, together it is faster."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from barlovento.cli import main
from barlovento.errors import UsageError
from barlovento.search.cases import case
from barlovento.search.episodes import run, score
from barlovento.search.grid import Belief, opening
from barlovento.search.policies import LOGS, STEPS, TOTAL, moments
from barlovento.search.team import go, nearest, run_team, team_moments


def copied(belief: Belief) -> Belief:
    return Belief(*(part.copy() for part in belief))


def test_distance_is_that_of_whoever_is_nearest() -> None:
    places = np.array([[0, 0], [4, 4], [2, 0]])
    far = np.empty((5, 5))
    nearest(places, 3, 2, far)
    i, j = np.indices((5, 5))
    assert np.array_equal(far, np.minimum(i + j, 8 - i - j))


@pytest.mark.parametrize("name", ["isotropic-19", "windy-medium"])
def test_sums_are_those_of_one_when_the_others_are_far(name: str) -> None:
    which = case(name)
    belief = opening(which.hits, which.shape, which.start, 1)
    x, y = which.start[0] - 1, which.start[1]
    one, team = np.empty((2, len(which.first), 3))
    moments(belief, x, y, which.hits, one)
    team_moments(belief, x, y, which.hits, np.full(which.shape, 1e3), team)
    for column in (TOTAL, LOGS, STEPS):
        assert team[:, column] == pytest.approx(one[:, column], rel=1e-9, abs=1e-12)


def test_one_of_a_team_searches_as_the_heuristic_does() -> None:
    """The streams of both draw alike, so that the very searches are the same."""
    which, clock = case("isotropic-19"), time.process_time
    alone = run(which, "space-aware", numbers=range(40), seed=2, clock=clock)
    team = run_team(which, 1, numbers=range(40), seed=2, clock=clock)
    assert np.mean(np.isclose(alone.times, team.times)) > 0.9
    assert team.times.mean() == pytest.approx(alone.times.mean(), rel=0.2)


def test_searchers_from_one_start_part() -> None:
    which = case("isotropic-19")
    belief = opening(which.hits, which.shape, which.start, 1)
    places = np.array([which.start] * 4)
    bins = len(which.first)
    before = copied(belief)
    room, chances = np.empty((bins, 3)), np.empty(bins)
    go(belief, places, which.hits, copied(belief), np.empty(which.shape), room, chances)
    assert len({tuple(place) for place in places}) == 4
    # Nothing has been met yet: the belief that is shared stays as it was.
    assert all(np.array_equal(part, old) for part, old in zip(belief, before, strict=True))


def test_four_are_faster_than_one_but_not_than_light() -> None:
    which, clock = case("isotropic-19"), time.process_time
    one, four = (
        score(run_team(which, count, numbers=range(150), seed=1, clock=clock)) for count in (1, 4)
    )
    # Mean Manhattan distance of the source from the start, of the publication: 2.5 steps.
    assert 2.5 < four.mean < one.mean / 1.8
    assert four.not_found < 1e-5


def test_command_takes_a_team(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "search", "--case", "isotropic-19", "--policy"]
    assert main([*words, "barlovento", "--drones", "3", "--episodes", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drones"] == 3
    assert main([*words, "infotaxis", "--drones", "3"]) == 2
    assert "--policy barlovento" in capsys.readouterr().err


def test_nobody_cant_search() -> None:
    with pytest.raises(UsageError, match="at least one"):
        run_team(case("isotropic-19"), 0, numbers=range(1), seed=1, clock=time.process_time)
