"""Planned paths: the shortest to a known source, none off the grid, and new ones after a hit."""

from __future__ import annotations

import numpy as np
import pytest

from barlovento.search.cases import Case, case
from barlovento.search.grid import Belief, moved, multiply, opening
from barlovento.search.plan import decide, plan, planner
from barlovento.search.value import blank


def sure_of(which: Case, cells: dict[tuple[int, int], float]) -> Belief:
    chance = np.zeros(which.shape)
    for cell, share in cells.items():
        chance[cell] = share
    log = np.log(chance, out=np.zeros(which.shape), where=chance > 0.0)
    reach = np.tile(np.array([0, which.shape[1]]), (which.shape[0], 1))
    return Belief(chance, log, chance * log, reach)


def ready(which: Case, *, width: int = 8, depth: int = 12):
    value = blank(which)
    return value, planner(*which.shape, len(which.first), value, width, depth)


@pytest.mark.parametrize("source", [(9, 12), (4, 7), (18, 12)])
def test_a_known_source_takes_its_manhattan_distance(source: tuple[int, int]) -> None:
    which = case("isotropic-19")
    value, planned = ready(which)
    time = plan(sure_of(which, {source: 1.0}), 9, 9, which.hits, value, planned)
    steps = abs(source[0] - 9) + abs(source[1] - 9)
    assert time == pytest.approx(steps, abs=1e-6)
    x, y = 9, 9
    for move in planned.path[:steps]:
        x, y = moved(x, y, move)
    assert (x, y) == source


def test_of_two_places_the_likelier_comes_first_when_both_are_near() -> None:
    """Three steps to one side, two to the other: 3/4 * 3 + 1/4 * 8 < 1/4 * 2 + 3/4 * 7."""
    which = case("isotropic-19")
    value, planned = ready(which)
    # Farther than hits reach, so that only visiting tells: the law of this case fades with 1 cell.
    belief = sure_of(which, {(9, 12): 0.75, (9, 7): 0.25})
    plan(belief, 9, 9, which.hits, value, planned)
    assert planned.path[0] == 3


def test_a_plan_is_followed_until_there_is_a_hit() -> None:
    which = case("windy-medium")
    value, planned = ready(which, width=3, depth=6)
    belief = opening(which.hits, which.shape, which.start, 1)
    x, y = which.start
    hit, places = 1, []
    for _ in range(3):
        move = decide(belief, x, y, hit, which.hits, value, 4, planned)
        places.append(planned.at[0])
        x, y, hit = *moved(x, y, move), 0
        multiply(belief, x, y, hit, which.hits)
    assert places == [1, 2, 3]
    decide(belief, x, y, 1, which.hits, value, 4, planned)
    assert planned.at[0] == 1
