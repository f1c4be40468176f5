"""The background's scale is weighed with the background itself integrated out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from barlovento.locate.background import _evidence, _load


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
    diag, off, rhs = np.zeros((1, knots)), np.zeros((1, knots)), np.zeros((1, knots))
    if walk:
        diag[0, 0], rhs[0, 0] = begin[1] ** -2, begin[0] * begin[1] ** -2
    for i in range(n):
        _load(diag[0], off[0], rhs[0], left[i], rest[i], noise[i] ** -2, value[i])

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

    every = np.ones(1, np.int64)
    first = 0.0 if walk else 1.0

    def ours(s: float) -> float:
        return float(_evidence(diag, off, rhs, every, keep, first, s))

    assert ours(scale) - ours(0.3) == pytest.approx(dense(scale) - dense(0.3), abs=1e-6)


def test_chains_that_are_known_count_for_nothing() -> None:
    diag, off, rhs = np.full((2, 5), 3.0), np.zeros((2, 5)), np.ones((2, 5))
    one = _evidence(diag, off, rhs, np.array([1, 0]), 1.0, 0.0, 0.7)
    both = _evidence(diag, off, rhs, np.array([1, 1]), 1.0, 0.0, 0.7)
    assert both == pytest.approx(2.0 * one)
