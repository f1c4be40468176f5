"""Beliefs: normalised, exact, and without a source where the searcher has been."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.search.cases import NAMES, case
from barlovento.search.grid import MOVES, inside, moved, multiply, opening, predict

WALKS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=1, max_size=30)


def test_moves_are_the_four_neighbours() -> None:
    reached = {moved(5, 7, move) for move in range(MOVES)}
    assert reached == {(4, 7), (6, 7), (5, 6), (5, 8)}


@pytest.mark.parametrize("name", NAMES)
def test_start_is_empty_and_the_rest_sums_to_one(name: str) -> None:
    which = case(name)
    belief = opening(which.hits, which.shape, which.start, 1)
    assert belief.chance[which.start] == 0.0
    assert belief.chance.sum() == pytest.approx(1.0, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(walk=WALKS, name=st.sampled_from(NAMES))
def test_walks_keep_the_belief_whole(walk: list[tuple[int, int]], name: str) -> None:
    which = case(name)
    belief = opening(which.hits, which.shape, which.start, 1)
    x, y = which.start
    chances = np.empty(len(which.first))
    for move, hit in walk:
        to = moved(x, y, move)
        if not inside(*to, belief.chance):
            continue
        x, y = to
        found = belief.chance[x, y]
        predict(belief, x, y, which.hits, chances)
        assert chances.sum() + found == pytest.approx(1.0, abs=1e-9)
        expected = chances[hit]
        if expected < 1e-100:
            break
        total = multiply(belief, x, y, hit, which.hits)
        assert total == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert belief.chance[x, y] == 0.0
        assert belief.chance.sum() == pytest.approx(1.0, abs=1e-9)
        some = belief.chance > 0.0
        assert np.log(belief.chance[some]) == pytest.approx(belief.log[some], abs=1e-6)


def test_bayes_by_hand() -> None:
    """Odds of two cells change by the ratio of their likelihoods (a hit favours the nearer)."""
    which = case("isotropic-19")
    belief = opening(which.hits, which.shape, which.start, 1)
    near, far = (9, 11), (9, 15)
    before = belief.chance[near] / belief.chance[far]
    # One step along y; the source would be one or five cells off. Mean hits: K0(d) / ln 2 with
    # K0(1) = .42102, K0(5) = .0036911 (Abramowitz and Stegun); one hit: m exp(-m).
    means = np.array([0.42102, 0.0036911]) / 0.693147
    ratio = (means[0] * np.exp(-means[0])) / (means[1] * np.exp(-means[1]))
    multiply(belief, 9, 10, 1, which.hits)
    assert belief.chance[near] / belief.chance[far] == pytest.approx(before * ratio, rel=1e-4)


def test_mirror_images_have_mirrored_beliefs() -> None:
    which = case("windy-low")
    left, right = (opening(which.hits, which.shape, which.start, 1) for _ in range(2))
    for step, hit in enumerate([0, 1, 0, 0], start=1):
        multiply(left, 65, 20 - step, hit, which.hits)
        multiply(right, 65, 20 + step, hit, which.hits)
    assert left.chance == pytest.approx(right.chance[:, ::-1], rel=1e-9)
