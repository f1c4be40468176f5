"""The background's scale is weighed with the background itself integrated out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from barlovento.locate.background import Chains, _draw, _evidence, _told


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    knots=st.integers(2, 8),
    scale=st.floats(-2.0, 2.0),
    keep=st.sampled_from([1.0, 0.9, 0.3]),
)
def test_the_evidence_of_a_scale_is_that_of_a_gaussian(
    seed: int, knots: int, scale: float, keep: float
) -> None:
    rng = np.random.default_rng(seed)
    n = 12
    place = np.sort(rng.uniform(0.0, knots - 1.0 - 1e-9, n))
    left = place.astype(np.int64)
    rest = place - left
    value, noise = rng.normal(size=n), rng.uniform(0.5, 2.0, n)
    walk = keep >= 1.0
    begin = (0.4, 1.5)  # mean and sd of the first knot of a walk
    one = np.zeros(n, dtype=np.int64)
    told = _told(one, left, rest, (1, knots), noise**-2, value)
    if walk:
        told[0][0, 0] += begin[1] ** -2
        told[2][0, 0] += begin[0] * begin[1] ** -2
    chains = Chains(*told, keep=keep, free=np.ones(1, dtype=bool))

    def dense(s: float) -> float:
        """Return the log density of the values, their background drawn from its prior."""
        sd = np.exp(s)
        grow = np.zeros((knots, knots))  # knots from independent steps of unit size
        for a in range(knots):
            for b in range(a + 1):
                size = begin[1] if walk else sd
                if b > 0:
                    size = sd if walk else sd * np.sqrt(1.0 - keep**2)
                grow[a, b] = size * keep ** (a - b)
        seen = np.zeros((n, knots))
        seen[np.arange(n), left] = 1.0 - rest
        seen[np.arange(n), left + 1] += rest
        mean = seen @ np.full(knots, begin[0] if walk else 0.0)
        spread = seen @ grow
        return float(multivariate_normal(mean, spread @ spread.T + np.diag(noise**2)).logpdf(value))

    ours = _evidence(chains, scale) - _evidence(chains, 0.3)
    assert ours == pytest.approx(dense(scale) - dense(0.3), abs=1e-6)


def pairs(free: tuple[bool, bool]) -> Chains:
    """Return two chains of five knots alike."""
    diagonal = np.full((2, 5), 3.0)
    return Chains(diagonal, np.zeros((2, 5)), np.ones((2, 5)), 1.0, np.array(free))


def test_chains_that_are_known_count_for_nothing() -> None:
    one, both = pairs((True, False)), pairs((True, True))
    assert _evidence(both, 0.7) == pytest.approx(2.0 * _evidence(one, 0.7))
    assert _draw(one, 0.7, np.random.default_rng(1)).shape == (1, 5)


def test_draws_have_the_mean_and_the_spread_of_the_gaussian() -> None:
    rng = np.random.default_rng(2)
    chains = Chains(
        diagonal=np.array([[2.0, 0.5, 0.0, 1.0]]),
        beside=np.array([[0.3, 0.1, 0.0, 0.0]]),
        linear=np.array([[1.0, -0.5, 0.2, 2.0]]),
        keep=0.6,
        free=np.ones(1, dtype=bool),
    )
    scale = 0.2
    # A first-order autoregression by hand: lasting variance s2, correlation keep to the distance.
    away = np.abs(np.arange(4)[:, None] - np.arange(4))
    prior = np.exp(2.0 * scale) * 0.6**away
    precision = np.linalg.inv(prior) + np.diag(chains.diagonal[0])
    precision += np.diag(chains.beside[0, :3], 1) + np.diag(chains.beside[0, :3], -1)
    spread = np.linalg.inv(precision)
    drawn = np.array([_draw(chains, scale, rng)[0] for _ in range(20_000)])
    assert drawn.mean(axis=0) == pytest.approx(spread @ chains.linear[0], abs=0.03)
    assert np.cov(drawn.T) == pytest.approx(spread, abs=0.04)


@pytest.mark.parametrize("count", [1, 3])
def test_a_single_knot_is_a_chain_too(count: int) -> None:
    one = np.ones((count, 1))
    chains = Chains(4.0 * one, 0.0 * one, one, 1.0, np.ones(count, dtype=bool))
    drawn = np.array([_draw(chains, 0.0, np.random.default_rng(k)) for k in range(4000)])
    assert drawn.shape == (4000, count, 1)
    assert drawn.mean() == pytest.approx(0.25, abs=0.02)
    assert drawn.std() == pytest.approx(0.5, abs=0.02)
