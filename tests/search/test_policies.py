"""The heuristics: their sums against numpy's, and what they do where the answer is plain."""

from __future__ import annotations

import numpy as np
import pytest

from barlovento.search.cases import NAMES, case
from barlovento.search.grid import Belief, moved, multiply, opening
from barlovento.search.policies import INFOTAXIS, SPACE_AWARE, entropy, heuristic, moments


def certain(shape: tuple[int, int], cells: list[tuple[int, int]]) -> Belief:
    """A belief that shares itself out evenly over a few cells."""
    chance = np.zeros(shape)
    for cell in cells:
        chance[cell] = 1.0 / len(cells)
    log = np.log(chance, out=np.zeros(shape), where=chance > 0.0)
    reach = np.tile(np.array([0, shape[1]]), (shape[0], 1))
    return Belief(chance, log, chance * log, reach)


@pytest.mark.parametrize("name", NAMES)
def test_moments_are_those_of_the_updated_belief(name: str) -> None:
    which = case(name)
    x, y = which.start[0] - 1, which.start[1]
    before = opening(which.hits, which.shape, which.start, 1)
    sums = np.empty((len(which.first), 3))
    moments(before, x, y, which.hits, sums)
    far = np.abs(np.arange(which.shape[0]) - x)[:, None] + np.abs(np.arange(which.shape[1]) - y)
    for hit in range(len(which.first)):
        after = opening(which.hits, which.shape, which.start, 1)
        total = multiply(after, x, y, hit, which.hits)
        p = after.chance[after.chance > 0.0]
        assert sums[hit, 0] == pytest.approx(total, rel=1e-9)
        assert entropy(sums[hit]) == pytest.approx(-(p * np.log(p)).sum(), rel=1e-6)
        assert sums[hit, 2] / total == pytest.approx((after.chance * far).sum(), rel=1e-9)


def test_a_known_source_is_walked_to_without_detour() -> None:
    which = case("isotropic-19")
    x, y = which.start
    belief = certain(which.shape, [(3, 14)])
    sums = np.empty((len(which.first), 3))
    for _ in range(6 + 5):
        x, y = moved(x, y, heuristic(belief, x, y, which.hits, SPACE_AWARE, sums))
    assert (x, y) == (3, 14)


@pytest.mark.parametrize("kind", [INFOTAXIS, SPACE_AWARE])
def test_nobody_leaves_the_grid(kind: int) -> None:
    which = case("isotropic-19")
    sums = np.empty((len(which.first), 3))
    # All doubt lies behind the wall's end of the grid, so that the wall is where it pulls.
    belief = certain(which.shape, [(0, 0), (0, 2)])
    assert heuristic(belief, 0, 1, which.hits, kind, sums) in (2, 3)
    corner = certain(which.shape, [(0, 1), (18, 18)])
    assert heuristic(corner, 0, 0, which.hits, kind, sums) in (1, 3)
