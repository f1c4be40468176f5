"""Draws are widened where stretches of a survey scatter more than the model says, else left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st_

from barlovento.locate.scatter import (
    FARTHEST,
    STRETCHES,
    Scores,
    beyond_chance,
    groups_of,
    widen,
    widening,
)

DRAWS = 2000


@given(st_.integers(1, 5000))
def test_stretches_follow_each_other_and_none_is_empty(blocks: int) -> None:
    group = groups_of(blocks)
    assert len(group) == blocks
    assert set(group) == set(range(min(blocks, STRETCHES)))
    assert np.all(np.diff(group) >= 0)
    sizes = np.bincount(group)
    assert sizes.max() - sizes.min() <= 1


def survey(rng: np.random.Generator, lasting: float) -> tuple[np.ndarray, np.ndarray]:
    """Draws of the mean of 200 readings of noise one, whose stretches share errors besides."""
    shared = np.repeat(rng.normal(0.0, lasting, STRETCHES), 10)
    y = rng.normal(0.0, 1.0, 200) + shared
    drawn = rng.normal(y.mean(), 1.0 / np.sqrt(200.0), (DRAWS, 1))
    at = rng.choice(drawn[:, 0], 20)
    scores = (y.reshape(STRETCHES, 10)[None] - at[:, None, None]).sum(axis=2)
    return drawn, scores[..., None]


@pytest.mark.parametrize("lasting", [0.0, 0.3, 1.0])
def test_intervals_hold_the_truth_as_often_as_they_say(lasting: float) -> None:
    # The model knows independent errors only. Without widening, 90 % intervals would hold the
    # truth in 90, 77 and 38 % (normal quantiles of 1.645 over the true scale of the mean).
    rng = np.random.default_rng(5)
    held, factors = [], []
    for _ in range(300):
        drawn, scores = survey(rng, lasting)
        turn, factor = widening(drawn, drawn, scores, np.zeros(1))
        wide = np.median(drawn) + (drawn - np.median(drawn)) @ turn.T
        low, high = np.quantile(wide, [0.05, 0.95])
        held.append(low <= 0.0 <= high)
        factors.append(factor)
    assert 0.84 <= np.mean(held) <= 0.97
    true = np.sqrt(1.0 + 10.0 * lasting**2)
    assert np.median(factors) == pytest.approx(true, rel=0.15)


def test_chance_alone_widens_little() -> None:
    # Twenty stretches and three directions: the largest eigenvalue of pure chance is near two.
    rng = np.random.default_rng(11)
    factors = []
    for _ in range(300):
        drawn = rng.normal(0.0, 1.0, (DRAWS // 4, 3))
        pulls = rng.normal(0.0, 1.0 / np.sqrt(STRETCHES), (STRETCHES, 3))
        factors.append(widening(drawn, drawn, np.stack([pulls] * 2), np.zeros(3))[1])
    assert np.mean(factors) < 1.1
    assert np.median(factors) == pytest.approx(1.0, abs=0.01)


def test_variances_beyond_chance_are_those_of_the_spiked_model() -> None:
    # A true variance l shows as l + ratio l / (l - 1) (Baik and Silverstein 2006, eq. 1.10).
    ratio = 3.0 / 19.0
    for true in (1.5, 2.0, 4.0, 25.0):
        seen = true + ratio * true / (true - 1.0)
        assert beyond_chance(np.array([seen]), ratio)[0] == pytest.approx(true)
    assert list(beyond_chance(np.array([0.2, 1.0, 1.9]), ratio)) == [1.0, 1.0, 1.0]


def test_widths_grow_by_no_more_than_is_known() -> None:
    rng = np.random.default_rng(12)
    drawn = rng.normal(0.0, 1.0, (DRAWS, 1))
    pulls = np.repeat(rng.normal(0.0, 100.0, (1, STRETCHES, 1)), 4, axis=0)
    assert widening(drawn, drawn, pulls, np.zeros(1))[1] == FARTHEST


def test_draws_are_never_drawn_together() -> None:
    rng = np.random.default_rng(6)
    drawn = rng.normal(0.0, [1.0, 5.0], (DRAWS, 2))
    turn, factor = widening(drawn, drawn, np.zeros((20, STRETCHES, 2)), np.zeros(2))
    np.testing.assert_allclose(turn, np.eye(2), atol=1e-12)
    assert factor == pytest.approx(1.0)


def two_sources(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Scores]:
    """Four chains with two sources; only the first is pulled about by the stretches."""
    moved = rng.normal(0.0, 1.0, (4, 500, 9))
    sources = np.zeros((4, 500, 2, 7))
    sources[..., 0] = 1.0
    for k in range(2):
        sources[..., k, 1:5] = moved[..., 4 * k : 4 * k + 4] + 100.0 * k
    values = np.zeros((40, STRETCHES, 9))
    values[:, :, 0] = rng.normal(0.0, 3.0 / np.sqrt(STRETCHES), STRETCHES)
    held = np.ones((40, 2), dtype=np.int64)
    return sources, moved, Scores(values=values, held=held, prior=np.zeros(9))


def test_one_source_is_widened_and_the_other_left() -> None:
    sources, moved, scores = two_sources(np.random.default_rng(7))
    box = np.array([[-1e3, -1e3], [1e3, 1e3]])
    out, factor = widen(sources, moved, scores, sources[..., 0, 1], box)
    assert factor == pytest.approx(3.0, rel=0.5)
    assert out[..., 0, 1].std() == pytest.approx(factor, rel=0.1)
    np.testing.assert_array_equal(out[..., 1, :], sources[..., 1, :])
    np.testing.assert_array_equal(out[..., 0, [0, 3, 5, 6]], sources[..., 0, [0, 3, 5, 6]])
    same, calm = widen(sources, moved, scores, sources[..., 1, 1], box)
    assert calm == pytest.approx(1.0, abs=0.1)
    np.testing.assert_allclose(same[..., 1, 1:5], sources[..., 1, 1:5], atol=0.5)


def test_draws_stay_in_the_box_and_the_middle_where_it_was() -> None:
    sources, moved, scores = two_sources(np.random.default_rng(8))
    box = np.array([[-2.0, -2.0], [2.0, 2.0]])
    out, _ = widen(sources, moved, scores, sources[..., 0, 1], box)
    assert np.abs(out[..., 0, 1:3]).max() <= 2.0
    assert np.median(out[..., 0, 1]) == pytest.approx(np.median(sources[..., 0, 1]), abs=1e-9)


def test_few_stretches_or_few_draws_leave_everything() -> None:
    sources, moved, scores = two_sources(np.random.default_rng(9))
    box = np.array([[-1e3, -1e3], [1e3, 1e3]])
    few = Scores(values=scores.values[:, :9], held=scores.held, prior=scores.prior)
    assert widen(sources, moved, few, sources[..., 0, 1], box)[1] == 1.0
    seldom = np.where(np.arange(500) < 5, sources[..., 0, 1], np.nan)
    assert widen(sources, moved, scores, seldom, box)[1] == 1.0
    gone = Scores(values=scores.values, held=0 * scores.held, prior=scores.prior)
    assert widen(sources, moved, gone, sources[..., 0, 1], box)[1] == 1.0
