"""Exact draws of the background: a Gaussian chain per sensor and one that all share.

Chains are tridiagonal systems, laid end to end and left to LAPACK.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.linalg.lapack import dpttrf, dpttrs, dtbtrs

from barlovento.locate.kernels import NU, gains, variances
from barlovento.locate.packed import Pair
from barlovento.locate.plumes import plume_at
from barlovento.locate.unknowns import COMMON, DRIFT, GAMMA, MISSED, Problem, State

Floats = NDArray[np.float64]

LOADING = 0.3
"""sd of how strongly a sensor sees the shared background: height and calibration differ [1]."""

SCALE_STEPS = (0.1, 0.5, 0.1, 0.5)
"""Steps of ln scale that are tried each time a background is drawn; two sizes serve short and
long records without being adapted [1]."""

TRIES = 60
"""Draws of a value below its limit before the limit itself is taken [1]."""


class Chains(NamedTuple):
    """Gaussian chains of one length, as the readings tell them: precision and linear term.

    ``diagonal``, ``beside``, ``linear``: shape (chains, knots), the last column of ``beside``
    being zero. ``keep``: share that lasts from knot to knot, 1 in a random walk. ``free``: True
    where a chain is drawn, shape (chains,).
    """

    diagonal: Floats
    beside: Floats
    linear: Floats
    keep: float
    free: NDArray[np.bool_]


def move_background(both: Pair, rng: np.random.Generator, beta: float) -> None:
    """Draw the background and its scales, given plumes and turns, as Gaussian chains.

    A Student error is a Gaussian one with a random weight; the weights, the readings hidden
    by the detection limit and the readings that missed the plume are drawn first.

    Parameters
    ----------
    both : Pair
        The arrays and the chain.
    rng : Generator
        The chain's randomness.
    beta : float
        Power of the likelihood [1].
    """
    p, st = both.p, both.st
    value, weight = _values(both, rng, beta)
    loading = st.loading[p.sensor]
    shared = common_at(p, st)
    drift = _told(p.sensor, p.knot, p.knot_f, st.drift.shape, weight, value - loading * shared)
    free = p.background_sd > 0.0
    first = np.where(free, p.background_sd, 1.0) ** -2.0
    drift[0][:, 0] += first
    drift[2][:, 0] += first * p.background_mu
    chains = Chains(*drift, keep=1.0, free=free)
    _move_scale(p, st, rng, DRIFT, chains)
    st.drift[free] = _draw(chains, st.hyper[DRIFT], rng)
    if p.n_common > 0:
        own = drift_at(p, st)
        rest = (value - own) / loading
        one = np.zeros_like(p.sensor)
        told = _told(one, p.common, p.common_f, (1, len(st.common)), weight * loading**2, rest)
        chains = Chains(*told, keep=p.common_keep, free=np.ones(1, dtype=bool))
        _move_scale(p, st, rng, COMMON, chains)
        st.common[:] = _draw(chains, st.hyper[COMMON], rng)[0]
        _draw_loading(p, st, rng, value - own, weight)
    st.b[:] = background_at(p, st)


@njit(cache=True, nogil=True, error_model="numpy")
def _plumes(p, st, plume, s2, odds):  # type: ignore[no-untyped-def]
    """Fill each reading's plume, gain included, its squared scale, and the odds of a miss."""
    gain = np.empty(st.noise.shape[0])
    gains(p, st, gain)
    sig2s = variances(st)
    gam2 = math.exp(2.0 * st.hyper[GAMMA])
    for i in range(plume.shape[0]):
        m, q = plume_at(p, st, i)
        g, sig2 = gain[p.sensor[i]], sig2s[p.sensor[i]]
        plume[i] = g * m
        s2[i] = sig2 + gam2 * g * g * (m * m + q * q)
        odds[i] = 0.0
        if m > 0.0 and p.censored[i] == 0:
            # Student's densities: (s2^2 / (s2 + r^2 / 4)^(5/2)) each
            r = p.y[i] - st.b[i]
            hit = s2[i] + 0.25 * (r - plume[i]) ** 2
            calm = sig2 + 0.25 * r * r
            odds[i] = (sig2 / s2[i]) ** 2 * (hit / calm) ** 2 * math.sqrt(hit / calm)


def _values(both: Pair, rng: np.random.Generator, beta: float) -> tuple[Floats, Floats]:
    """Return what the readings say of the background, and with which weight, shape (n,)."""
    p, st = both.p, both.st
    n = len(p.y)
    plume, s2, odds = np.empty(n), np.empty(n), np.empty(n)
    _plumes(*both.args, plume, s2, odds)
    odds *= math.exp(st.hyper[MISSED])
    gone = rng.random(n) * (1.0 + odds) < odds
    if gone.any():
        plume[gone] = 0.0
        s2[gone] = variances(both.args[1])[p.sensor[gone]]
    off2 = (p.y - st.b - plume) ** 2 / s2
    share = rng.standard_gamma(0.5 * (NU + 1.0), n) / (0.5 * (NU + off2))
    y = p.y.copy()
    left = np.flatnonzero(p.censored)
    for _ in range(TRIES):
        if len(left) == 0:
            break
        share[left] = rng.standard_gamma(0.5 * NU, len(left)) / (0.5 * NU)
        wide = np.sqrt(s2[left] / share[left])
        y[left] = st.b[left] + plume[left] + wide * rng.standard_normal(len(left))
        left = left[y[left] >= p.y[left]]
    y[left] = p.y[left]
    return y - plume, beta * p.weight * share / s2


def _told(
    chain: NDArray[np.int64],
    knot: NDArray[np.int64],
    between: Floats,
    shape: tuple[int, ...],
    weight: Floats,
    value: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Return the normal equations of chains whose knots the values lie between."""
    size = shape[0] * shape[1]
    at = chain * shape[1] + knot
    near, far = 1.0 - between, between
    # What lies on a last knot has none behind it, and a share of nothing in it.
    behind = np.minimum(at + 1, size - 1)

    def add(places: NDArray[np.int64], amounts: Floats) -> Floats:
        return np.asarray(np.bincount(places, amounts, minlength=size), dtype=np.float64)

    diagonal = add(at, weight * near * near) + add(behind, weight * far * far)
    linear = add(at, weight * near * value) + add(behind, weight * far * value)
    beside = add(at, weight * near * far)
    return diagonal.reshape(shape), beside.reshape(shape), linear.reshape(shape)


def _stiffened(chains: Chains, scale: float) -> tuple[Floats, Floats]:
    """Return diagonal and side of the free chains' precision, end to end, with their prior.

    A chain that keeps less than all begins with its own lasting variance; the first knot of a
    random walk has what it was told.
    """
    keep, precision = chains.keep, math.exp(-2.0 * scale)
    walk = keep >= 1.0
    step = precision if walk else precision / (1.0 - keep * keep)
    diagonal, beside = chains.diagonal[chains.free], chains.beside[chains.free]
    if not walk:
        diagonal[:, 0] += precision
    diagonal[:, 1:] += step
    diagonal[:, :-1] += keep * keep * step
    beside[:, :-1] -= keep * step
    # LAPACK asks for a side even where there is one knot.
    return diagonal.ravel(), beside.ravel()[: max(diagonal.size - 1, 1)]


def _evidence(chains: Chains, scale: float) -> float:
    """Return the log density of what chains were seen to be, given ln of their scale."""
    diagonal, beside = _stiffened(chains, scale)
    d, e, _ = dpttrf(diagonal, beside)
    linear = chains.linear[chains.free].ravel()
    middle, _ = dpttrs(d, e, linear)
    steps = chains.diagonal.shape[1] - (1.0 if chains.keep >= 1.0 else 0.0)
    prior = int(chains.free.sum()) * steps * scale
    return float(0.5 * linear @ middle - 0.5 * np.log(d).sum() - prior)


def _move_scale(p: Problem, st: State, rng: np.random.Generator, h: int, chains: Chains) -> None:
    """Move the scale of chains with the chains themselves integrated out.

    Given the chains their scale hardly moves, for hundreds of knots tell it.
    """
    if p.hyper_sd[h] <= 0.0 or not chains.free.any() or chains.diagonal.shape[1] < 2:
        return

    def score(scale: float) -> float:
        z = (scale - p.hyper_mu[h]) / p.hyper_sd[h]
        return _evidence(chains, scale) - 0.5 * float(z * z)

    now = score(st.hyper[h])
    for size in SCALE_STEPS:
        new = st.hyper[h] + size * rng.standard_normal()
        then = score(new)
        if math.log(rng.random() + 1e-300) < then - now:
            st.hyper[h], now = new, then


def _draw(chains: Chains, scale: float, rng: np.random.Generator) -> Floats:
    """Return a draw of the free chains, shape (free, knots)."""
    diagonal, beside = _stiffened(chains, scale)
    if len(diagonal) == 0:
        return np.empty((0, chains.diagonal.shape[1]))
    d, e, _ = dpttrf(diagonal, beside)
    middle, _ = dpttrs(d, e, chains.linear[chains.free].ravel())
    # precision = L D L': L' turns independent noise into the chains'
    band = np.vstack([np.ones_like(d), np.append(e, 0.0)[: len(d)]])
    noise = rng.standard_normal(len(d)) / np.sqrt(d)
    turned, _ = dtbtrs(band, noise[:, None], uplo="L", trans="T", diag="U")
    return np.asarray((middle + turned[:, 0]).reshape(-1, chains.diagonal.shape[1]))


def _draw_loading(
    p: Problem, st: State, rng: np.random.Generator, value: Floats, weight: Floats
) -> None:
    """Draw how strongly each sensor sees the shared background, Gaussian about one."""
    count = len(st.loading)
    shared = common_at(p, st)
    precision = LOADING**-2 + np.bincount(p.sensor, weight * shared**2, minlength=count)
    linear = LOADING**-2 + np.bincount(p.sensor, weight * shared * value, minlength=count)
    drawn = linear / precision + rng.standard_normal(count) / np.sqrt(precision)
    # A share near zero has no meaning; the prior puts three sd between it and one.
    st.loading[:] = np.maximum(drawn, 0.05)


def _between(knots: Floats, left: NDArray[np.int64], share: Floats) -> Floats:
    """Return knots read between the left one and the next, of which there may be none."""
    right = np.minimum(left + 1, knots.shape[-1] - 1)
    return np.asarray((1.0 - share) * knots[..., left] + share * knots[..., right])


def drift_at(p: Problem, st: State) -> Floats:
    """Return the sensors' own part of the background at the readings, shape (n,) [ug m-3]."""
    right = np.minimum(p.knot + 1, st.drift.shape[1] - 1)
    return np.asarray(
        (1.0 - p.knot_f) * st.drift[p.sensor, p.knot] + p.knot_f * st.drift[p.sensor, right]
    )


def common_at(p: Problem, st: State) -> Floats:
    """Return the shared part of the background at the readings, shape (n,) [ug m-3]."""
    if p.n_common == 0:
        return np.zeros(len(p.y))
    return _between(st.common, p.common, p.common_f)


def background_at(p: Problem, st: State) -> Floats:
    """Return the background at the readings, shape (n,) [ug m-3]."""
    return drift_at(p, st) + st.loading[p.sensor] * common_at(p, st)
