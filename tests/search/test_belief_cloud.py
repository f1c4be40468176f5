"""Draws, their prior and proposals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from barlovento.domain.observation import SearchArea
from barlovento.search import belief_cloud as cloud
from barlovento.search import belief_likelihood as columns
from barlovento.search import belief_proposals as proposals

AREA = SearchArea(x=(-400.0, 400.0), y=(-300.0, 300.0), release_height=(0.0, 6.0), max_sources=3)


def anchor() -> proposals.Anchor:
    root = np.linspace(0.0, 40.0, 100)
    return proposals.Anchor(
        100.0, -250.0, 15.0, -1.5, 0.0, 6.0, root, 0.08 * root**2, 0.05 * root**2
    )


def test_draws_of_the_prior_follow_it() -> None:
    prior = cloud.prior_of(AREA, 1.0)
    draws = cloud.drawn(prior, 8192, np.random.default_rng(1))
    assert stats.kstest(draws[:, 0], stats.uniform(-400.0, 800.0).cdf).pvalue > 0.001
    ln_rate = stats.norm(math.log(1e-3), math.hypot(math.log(10.0), 0.15))
    assert stats.kstest(draws[:, columns.RATE], ln_rate.cdf).pvalue > 0.001
    core, tail = stats.norm(0, cloud.TURN_CORE), stats.norm(0, cloud.TURN_TAIL)

    def turned(x: np.ndarray) -> np.ndarray:
        return np.asarray(0.75 * core.cdf(x) + 0.25 * tail.cdf(x))

    assert stats.kstest(draws[:, columns.TURN], turned).pvalue > 0.001


def test_straightened_draws_come_back() -> None:
    draws = cloud.drawn(cloud.prior_of(AREA, 1.0), 500, np.random.default_rng(2))
    places, _ = anchor().straightened(draws)
    assert anchor().bent(places) == pytest.approx(draws, abs=1e-8)


def test_stretching_is_the_jacobian() -> None:
    draws = cloud.drawn(cloud.prior_of(AREA, 1.0), 6, np.random.default_rng(3))
    _, stretch = anchor().straightened(draws)
    for k in range(len(draws)):
        rows: list[np.ndarray] = []
        for n in range(columns.UNKNOWNS):
            step = np.zeros(columns.UNKNOWNS)
            step[n] = 1e-4
            high, _ = anchor().straightened((draws[k] + step)[None])
            low, _ = anchor().straightened((draws[k] - step)[None])
            rows.append((high[0] - low[0]) / 2e-4)
        sign, logdet = np.linalg.slogdet(np.array(rows))
        assert sign != 0
        assert logdet == pytest.approx(stretch[k], abs=2e-3)


@pytest.mark.parametrize("where", [None, anchor()])
def test_a_new_cloud_has_the_evidence_and_moments_of_a_known_likelihood(
    where: proposals.Anchor | None,
) -> None:
    prior = cloud.prior_of(AREA, 1.0)
    rng = np.random.default_rng(4)
    middle, sd = np.array([40.0, -60.0]), 25.0

    def log_likelihood(draws: np.ndarray) -> np.ndarray:
        square = ((draws[:, :2] - middle) ** 2).sum(axis=1) / sd**2
        return np.asarray(-0.5 * square)

    draws = cloud.drawn(prior, 2048, rng)
    new = proposals.drawn_anew(
        prior, draws, log_likelihood(draws), log_likelihood, where, count=4096, rounds=6, rng=rng
    )
    # a Gaussian bump in an even box
    expected = math.log(2.0 * math.pi * sd**2 / (800.0 * 600.0))
    assert new.log_evidence == pytest.approx(expected, abs=0.25)
    assert new.middle == pytest.approx(middle, abs=6.0)
    assert new.spread == pytest.approx(sd, rel=0.2)
    assert new.effective > 100.0


def test_tempering_leaves_enough_draws() -> None:
    weight = proposals.tempered(np.linspace(0.0, 500.0, 1000), 100.0)
    assert 1.0 / (weight**2).sum() == pytest.approx(100.0, rel=0.05)
