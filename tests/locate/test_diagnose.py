"""Convergence numbers held to ArviZ's own."""

from typing import Any

import numpy as np
import pytest

from barlovento.locate.diagnose import agree, bulk_ess, rhat

arviz = pytest.importorskip("arviz")


def autoregressive(rho: float, shape: tuple[int, int], seed: int) -> Any:
    rng = np.random.default_rng(seed)
    out = np.empty(shape)
    out[:, 0] = rng.standard_normal(shape[0])
    for k in range(1, shape[1]):
        out[:, k] = rho * out[:, k - 1] + np.sqrt(1 - rho**2) * rng.standard_normal(shape[0])
    return out


CHAINS = {
    "independent": autoregressive(0.0, (4, 500), 1),
    "slow": autoregressive(0.9, (4, 1000), 2),
    "alternating": autoregressive(-0.5, (4, 500), 3),
    "two of odd length": autoregressive(0.6, (2, 801), 4),
    "heavy tails": np.tan(1.5 * np.tanh(autoregressive(0.5, (4, 400), 5))),
    "one elsewhere": autoregressive(0.5, (4, 400), 6) + np.array([[0.0], [0.0], [0.0], [3.0]]),
    "wider": autoregressive(0.3, (4, 400), 7) * np.array([[1.0], [1.0], [1.0], [4.0]]),
    "drifting": autoregressive(0.3, (4, 400), 8) + np.linspace(0, 3, 400),
    "counts": np.round(autoregressive(0.7, (4, 400), 9)),
}


@pytest.mark.parametrize("name", CHAINS)
def test_effective_size_is_that_of_arviz(name: str) -> None:
    expected = float(arviz.ess(CHAINS[name], method="bulk"))
    assert bulk_ess(CHAINS[name]) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("name", CHAINS)
def test_rhat_is_that_of_arviz(name: str) -> None:
    expected = float(arviz.rhat(CHAINS[name], method="rank"))
    assert rhat(CHAINS[name]) == pytest.approx(expected, rel=0.03)


def test_effective_size_of_a_known_process() -> None:
    # An AR(1) chain of n values is worth n (1 - rho) / (1 + rho): a ninth here.
    assert bulk_ess(autoregressive(0.8, (4, 4500), 10)) == pytest.approx(2000, rel=0.15)


def test_chains_stuck_apart_are_told() -> None:
    stuck = np.repeat(np.arange(4.0)[:, None], 200, axis=1)
    stuck += 1e-3 * autoregressive(0.0, (4, 200), 11)
    assert rhat(stuck) > 2.0
    assert bulk_ess(stuck) < 10


def test_chains_that_never_move_together() -> None:
    assert rhat(np.full((4, 100), 7.0)) == 1.0


def worlds(rng: np.random.Generator, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Return draws of four chains with one source, of which one lies apart from the others."""
    sources = rng.standard_normal((4, 500, 2, 7))
    sources[..., 0] = [1.0, 0.0]
    sources[3, :, 0, 1] += apart
    return sources, rng.standard_normal((4, 500, 6))


def test_chains_agree_until_one_of_them_puts_the_source_elsewhere() -> None:
    rng = np.random.default_rng(3)
    assert agree(*worlds(rng, 0.0))
    assert not agree(*worlds(rng, 2.0))
    sources, nuisance = worlds(rng, 0.0)
    sources[3, :, 0, 0] = 0.0
    assert not agree(sources, nuisance)


def test_few_independent_draws_are_no_agreement() -> None:
    rng = np.random.default_rng(4)
    sources, nuisance = worlds(rng, 0.0)
    slow = 0.97 ** np.abs(np.arange(500)[:, None] - np.arange(500))
    sources[:, :, 0, 2] = rng.standard_normal((4, 500)) @ np.linalg.cholesky(slow).T
    assert not agree(sources, nuisance)
