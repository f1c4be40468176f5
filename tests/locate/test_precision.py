"""What the preconditioner learns from how chains moved."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from barlovento.locate.precision import learn_precision


class Chain(NamedTuple):
    """As much of a state as the preconditioner looks at: one slot, two lasting unknowns."""

    on: Any
    precision: Any


def moved(rng: Any, count: int, covariance: Any) -> Any:
    return rng.multivariate_normal(np.zeros(len(covariance)), covariance, count)


def test_widths_and_correlations_are_learnt_from_all_chains() -> None:
    rng = np.random.default_rng(2)
    width = np.array([3.0, 0.2, 1.0, 5.0, 0.7, 2.0])
    corr = np.eye(6)
    corr[0, 4] = corr[4, 0] = 0.9
    truth = corr * np.outer(width, width)
    chains = [Chain(on=np.ones(1), precision=np.eye(6)) for _ in range(4)]
    traces = [moved(rng, 2000, truth) + 10.0 * k for k in range(4)]
    learn_precision(chains, traces, [np.ones((2000, 1))] * 4)  # type: ignore[arg-type]
    got = np.linalg.inv(chains[0].precision)
    # Chains stand apart; each tells of the width about its own place.
    assert np.sqrt(np.diag(got)) == pytest.approx(width, rel=0.05)
    assert got[0, 4] / np.sqrt(got[0, 0] * got[4, 4]) == pytest.approx(0.9, abs=0.05)
    assert all(np.array_equal(c.precision, chains[0].precision) for c in chains)


def test_a_slot_without_source_keeps_what_it_had() -> None:
    rng = np.random.default_rng(4)
    before = np.diag([4.0, 4.0, 4.0, 4.0, 1.0, 1.0])
    chain = Chain(on=np.zeros(1), precision=before.copy())
    held = np.zeros((500, 1))
    learn_precision([chain], [moved(rng, 500, np.eye(6))], [held])  # type: ignore[list-item]
    assert np.diag(np.linalg.inv(chain.precision))[:4] == pytest.approx(0.25, rel=0.02)


def test_a_slot_that_is_held_half_of_the_time_is_as_wide_as_while_held() -> None:
    rng = np.random.default_rng(5)
    trace = moved(rng, 4000, 9.0 * np.eye(6))
    held = (rng.random((4000, 1)) < 0.5).astype(float)
    chain = Chain(on=np.ones(1), precision=np.eye(6))
    learn_precision([chain], [trace], [held])  # type: ignore[list-item]
    assert np.sqrt(np.diag(np.linalg.inv(chain.precision))) == pytest.approx(3.0, rel=0.06)


def test_what_never_moved_leaves_it_definite() -> None:
    chain = Chain(on=np.ones(1), precision=np.eye(6))
    learn_precision([chain], [np.zeros((100, 6))], [np.ones((100, 1))])  # type: ignore[list-item]
    assert np.linalg.eigvalsh(chain.precision).min() > 0.0
