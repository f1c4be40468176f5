"""What was not found: how surely a source of a given rate and place would have been seen."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtr

from barlovento.locate.kernels import gains, variances
from barlovento.locate.packed import pack
from barlovento.locate.plumes import look, one_reading, plume_at
from barlovento.locate.unknowns import LASTING, SIZE, Problem, State

Floats = NDArray[np.float64]

CELLS = 40
"""Cells of the map along each side [1]."""

RATES = 10.0 ** np.arange(-5.5, -0.4, 0.5)
"""Rates of the map [kg s-1]."""

THRESHOLD = 6.0
"""Log-likelihood gain that outweighs the prior odds and the freedom of place and rate [1]."""

BLOCK_CAP = 3.0
"""Most that one block of time can add, since its readings share their errors [1]."""


@njit(cache=True, nogil=True, error_model="numpy")
def _information(p, st, xs, ys, height, rates, rows, out):  # type: ignore[no-untyped-def]
    """Fill the expected log-likelihood gain of a source, shape (y, x, rate)."""
    pos = np.empty(3)
    pos[2] = height
    seen = np.empty_like(st.seen[0])
    size = math.exp(st.phi[st.phi.shape[0] - LASTING + SIZE])
    lag = st.lag[0]
    sensor = np.empty(st.noise.shape[0])
    gains(p, st, sensor)
    sig2s = variances(st)
    gam2 = math.exp(2.0 * st.hyper[0])
    per_block = np.zeros((rates.shape[0], st.lb.shape[0]))
    weight = p.y.shape[0] / rows.shape[0]
    for b in range(ys.shape[0]):
        for a in range(xs.shape[0]):
            pos[0], pos[1] = xs[a], ys[b]
            per_block[:] = 0.0
            look(p, lag, st.phi, pos, seen)
            for i in rows:
                c, _ = one_reading(p, lag, i, height, st.towards[i], size, seen)
                if c <= 0.0:
                    continue
                c *= sensor[p.sensor[i]]
                m, _ = plume_at(p, st, i)
                sig2 = sig2s[p.sensor[i]] + gam2 * m * m
                if p.censored[i] == 1:
                    # Below its limit a reading can only tell that the source is not strong.
                    sig2 += p.y[i] * p.y[i]
                for k in range(rates.shape[0]):
                    add2 = (rates[k] * c) ** 2
                    s2 = sig2 + gam2 * add2
                    gain = 2.5 * math.log(1.0 + 0.25 * add2 / s2)
                    per_block[k, p.block[i]] += weight * p.weight[i] * gain
            for k in range(rates.shape[0]):
                total = 0.0
                for g in range(per_block.shape[1]):
                    total += (
                        min(per_block[k, g], BLOCK_CAP) if p.use_block == 1 else per_block[k, g]
                    )
                out[b, a, k] = total


def searched_map(p: Problem, states: list[State]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the map of how surely a source would have been seen.

    The expected log-likelihood gain of a source over its absence, summed over readings and
    capped per block of time, is compared with ``THRESHOLD``; its own scatter is that of a
    log-likelihood ratio, variance twice the mean.

    Parameters
    ----------
    p : Problem
        The arrays.
    states : list of State
        Last states of the chains; the map is their mean.

    Returns
    -------
    x, y : ndarray, shape (CELLS,)
        Cell centres [m].
    rate : ndarray, shape (r,)
        [kg s-1].
    probability : ndarray, shape (y, x, r)
        [1].
    """
    xs = p.low[0] + (np.arange(CELLS) + 0.5) / CELLS * (p.high[0] - p.low[0])
    ys = p.low[1] + (np.arange(CELLS) + 0.5) / CELLS * (p.high[1] - p.low[1])
    n = len(p.y)
    rows = np.unique(np.linspace(0, n - 1, min(n, 400)).astype(np.int64))
    total = np.zeros((CELLS, CELLS, len(RATES)))
    for st in states[:2]:
        out = np.zeros_like(total)
        _information(pack(p), pack(st), xs, ys, 0.5 * (p.low[2] + p.high[2]), RATES, rows, out)
        total += ndtr((out - THRESHOLD) / np.sqrt(2.0 * out + 1.0)) * (out > 0.05)
    return xs, ys, RATES, total / len(states[:2])
