"""Effective sample size and R-hat, without importing ArviZ (which takes seconds).

Rank-normalised split forms of Vehtari et al. (2021), Bayesian Analysis 16, 667; a test holds
them to ArviZ's own numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]


HELD = 0.95
"""Share of draws from which on a slot counts as a source [1]."""

ALIKE = 1.05
"""Largest R-hat of chains that agree [1]."""

ENOUGH = 200.0
"""Independent draws that the edge of a region needs [1]."""


def _split_ranks(values: Floats) -> Floats:
    """Return split chains as normal scores of their ranks, shape (2 chain, draw // 2)."""
    half = values.shape[1] // 2
    split = np.concatenate([values[:, :half], values[:, values.shape[1] - half :]])
    # Equal values share the mean of their ranks; scipy.stats would take half a second to load.
    _, inverse, count = np.unique(split, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - 0.5 * (count - 1))[inverse].reshape(split.shape)
    return np.asarray(ndtri((rank - 0.375) / (split.size + 0.25)))


def bulk_ess(values: Floats) -> float:
    """Return the bulk effective sample size.

    Parameters
    ----------
    values : ndarray, shape (chain, draw)
        Draws.

    Returns
    -------
    float
        [1].

    References
    ----------
    Vehtari et al. (2021), eqs. 10-13; Geyer's initial monotone sequence.
    """
    if values.shape[1] < 8 or np.ptp(values) == 0:
        return float(values.size)
    z = _split_ranks(values)
    m, n = z.shape
    size = 2 ** int(np.ceil(np.log2(2 * n)))
    centred = z - z.mean(axis=1, keepdims=True)
    f = np.fft.rfft(centred, n=size, axis=1)
    acov = np.fft.irfft(f * np.conj(f), n=size, axis=1)[:, :n] / n
    within = acov[:, 0].mean() * n / (n - 1.0)
    var = within * (n - 1.0) / n + z.mean(axis=1).var(ddof=1)
    rho = 1.0 - (within - acov.mean(axis=0) * n / (n - 1.0)) / var
    rho[0] = 1.0
    pairs = rho[: n - n % 2].reshape(-1, 2).sum(axis=1)
    stop = np.flatnonzero(pairs < 0)
    pairs = np.minimum.accumulate(pairs[: stop[0]] if stop.size else pairs)
    tau = max(-1.0 + 2.0 * float(pairs.sum()), 1.0 / np.log10(m * n))
    return float(m * n / tau)


def rhat(values: Floats) -> float:
    """Return the rank-normalised split R-hat.

    Parameters
    ----------
    values : ndarray, shape (chain, draw)
        Draws.

    Returns
    -------
    float
        One where chains agree [1].

    References
    ----------
    Vehtari et al. (2021), eqs. 3-4 and section 4.
    """
    if values.shape[1] < 4 or np.ptp(values) == 0:
        return 1.0

    def of(v: Floats) -> float:
        z = _split_ranks(v)
        n = z.shape[1]
        within = z.var(axis=1, ddof=1).mean()
        return float(np.sqrt((n - 1.0) / n + z.mean(axis=1).var(ddof=1) / within))

    return max(of(values), of(np.abs(values - np.median(values))))


def agree(sources: Floats, nuisance: Floats) -> bool:
    """Return whether chains tell the same of what is reported, well enough for regions.

    Parameters
    ----------
    sources : ndarray, shape (chains, draws, slots, 7)
        See :class:`~barlovento.locate.sweep.Record`.
    nuisance : ndarray, shape (chains, draws, columns)
        The last of them log likelihood and log posterior.
    """
    on = sources[..., 0]
    series = [on.sum(axis=-1), nuisance[..., -1]]
    for j in range(on.shape[-1]):
        if on[..., j].mean() > HELD:
            series += [sources[..., j, k] for k in (1, 2, 4)]
    return all(rhat(v) < ALIKE for v in series) and all(bulk_ess(v) > ENOUGH for v in series[2:])
