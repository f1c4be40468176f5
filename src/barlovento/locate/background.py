"""Exact draws of the background: a Gaussian chain per sensor and one that all share."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.kernels import gains, missed_share, reading, variances
from barlovento.locate.plumes import plume_at
from barlovento.locate.unknowns import COMMON, DRIFT, GAMMA

LOADING = 0.3
"""sd of how strongly a sensor sees the shared background: height and calibration differ [1]."""

SCALE_TRIES = 4
"""Steps that are tried for a background's scale each time that it is drawn [1]."""


@njit(cache=True, nogil=True, error_model="numpy")
def move_background(p, st, rng, beta):  # type: ignore[no-untyped-def]
    """Draw the background exactly, given plumes and turns, as a Gaussian chain per sensor.

    A Student error is a Gaussian one with a random weight; the weights, the readings hidden
    by the detection limit and the readings that missed the plume are drawn first.
    """
    n, n_sensor, n_knot = p.y.shape[0], st.drift.shape[0], st.drift.shape[1]
    value, weight = np.empty(n), np.empty(n)
    missed = missed_share(st)
    sensor = np.empty(n_sensor)
    gains(p, st, sensor)
    gam2 = math.exp(2.0 * st.hyper[GAMMA])
    sig2s = variances(st)
    for i in range(n):
        m, q = plume_at(p, st, i)
        sig2 = sig2s[p.sensor[i]]
        s2 = sig2
        if m > 0.0:
            g = sensor[p.sensor[i]]
            s2 += gam2 * g * g * (m * m + q * q)
            m *= g
            if missed > 0.0 and p.censored[i] == 0:
                hit, _, _ = reading(p.y[i], st.b[i], m, s2, sig2, 0.0, 0)
                mis, _, _ = reading(p.y[i], st.b[i], 0.0, sig2, sig2, 0.0, 0)
                odds = missed / (1.0 - missed) * math.exp(min(mis - hit, 50.0))
                if rng.random() < odds / (1.0 + odds):
                    m = 0.0
                    s2 = sig2
        y = p.y[i]
        if p.censored[i] == 1:
            lam = 1.0
            for _ in range(60):
                lam = rng.standard_gamma(2.0) / 2.0
                y = st.b[i] + m + math.sqrt(s2 / lam) * rng.standard_normal()
                if y < p.y[i]:
                    break
            y = min(y, p.y[i])
        else:
            r2 = (y - st.b[i] - m) ** 2 / s2
            lam = rng.standard_gamma(2.5) / (0.5 * (4.0 + r2))
        value[i] = y - m
        weight[i] = beta * p.weight[i] * lam / s2
    diag, off, rhs = (
        np.zeros((n_sensor, n_knot)),
        np.zeros((n_sensor, n_knot)),
        np.zeros((n_sensor, n_knot)),
    )
    for k in range(n_sensor):
        if p.background_sd[k] > 0.0:
            diag[k, 0] = 1.0 / p.background_sd[k] ** 2
            rhs[k, 0] = p.background_mu[k] * diag[k, 0]
    for i in range(n):
        k = p.sensor[i]
        v = value[i]
        if p.common[i] >= 0:
            v -= st.loading[k] * common_at(p, st, i)
        _load(diag[k], off[k], rhs[k], p.knot[i], p.knot_f[i], weight[i], v)
    keeps = (p.background_sd > 0.0).astype(np.int64)
    if n_knot > 1:
        _move_scale(p, st, rng, DRIFT, 1.0, 0.0, diag, off, rhs, keeps)
    _stiffen(diag, off, 1.0, 0.0, math.exp(-2.0 * st.hyper[DRIFT]))
    for k in range(n_sensor):
        if keeps[k] == 1:
            _chain_draw(diag[k], off[k], rhs[k], rng, st.drift[k])
    if p.n_common > 0:
        _draw_common(p, st, rng, value, weight)
        _draw_loading(p, st, rng, value, weight)
    for i in range(n):
        st.b[i] = background_at(p, st, i)


@njit(cache=True, nogil=True, error_model="numpy")
def _load(diag, off, rhs, a, f, w, v):  # type: ignore[no-untyped-def]
    """Add one reading between knots a and a + 1 to a chain's normal equations."""
    diag[a] += w * (1.0 - f) ** 2
    rhs[a] += w * (1.0 - f) * v
    if f > 0.0:
        diag[a + 1] += w * f * f
        off[a] += w * f * (1.0 - f)
        rhs[a + 1] += w * f * v


@njit(cache=True, nogil=True, error_model="numpy")
def _stiffen(diag, off, keep, first, precision):  # type: ignore[no-untyped-def]
    """Add what the prior says of chains: each knot is ``keep`` times the last, and noise.

    Parameters
    ----------
    diag, off : ndarray, shape (chains, knots)
        Added to: the tridiagonal precision.
    keep : float
        Share that lasts from one knot to the next; one is a random walk [1].
    first : float
        1 where the first knot has the chain's own lasting variance, 0 where it is let be [1].
    precision : float
        One over that variance, or for a random walk over that of a step [ug-2 m6].
    """
    step = precision if keep >= 1.0 else precision / (1.0 - keep * keep)
    for k in range(diag.shape[0]):
        diag[k, 0] += first * precision
        for a in range(1, diag.shape[1]):
            diag[k, a] += step
            diag[k, a - 1] += keep * keep * step
            off[k, a - 1] -= keep * step


@njit(cache=True, nogil=True, error_model="numpy")
def _evidence(diag, off, rhs, keeps, keep, first, scale):  # type: ignore[no-untyped-def]
    """Return the log density of what chains were seen to be, given ln of their scale."""
    d, o = diag.copy(), off.copy()
    _stiffen(d, o, keep, first, math.exp(-2.0 * scale))
    n = d.shape[1]
    total = 0.0
    for k in range(d.shape[0]):
        if keeps[k] == 0:
            continue
        total -= (n - 1.0 + first) * scale
        root = math.sqrt(d[k, 0])
        v = rhs[k, 0] / root
        total += 0.5 * v * v - math.log(root)
        for a in range(1, n):
            low = o[k, a - 1] / root
            root = math.sqrt(max(d[k, a] - low * low, 1e-12 * d[k, a]))
            v = (rhs[k, a] - low * v) / root
            total += 0.5 * v * v - math.log(root)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _move_scale(p, st, rng, h, keep, first, diag, off, rhs, keeps):  # type: ignore[no-untyped-def]
    """Move the scale of chains with the chains themselves integrated out.

    Given the chains their scale hardly moves, for hundreds of knots tell it.
    """
    if p.hyper_sd[h] <= 0.0:
        return
    now = _evidence(diag, off, rhs, keeps, keep, first, st.hyper[h])
    for turn in range(SCALE_TRIES):
        # Two sizes of step serve short and long records without being adapted.
        new = st.hyper[h] + (0.1 if turn % 2 == 0 else 0.5) * rng.standard_normal()
        z0 = (st.hyper[h] - p.hyper_mu[h]) / p.hyper_sd[h]
        z1 = (new - p.hyper_mu[h]) / p.hyper_sd[h]
        then = _evidence(diag, off, rhs, keeps, keep, first, new)
        if math.log(rng.random() + 1e-300) < then - now - 0.5 * (z1 * z1 - z0 * z0):
            st.hyper[h] = new
            now = then


@njit(cache=True, nogil=True, error_model="numpy")
def _draw_common(p, st, rng, value, weight):  # type: ignore[no-untyped-def]
    """Draw the background that all sensors share, a first-order autoregression round zero."""
    n_knot = st.common.shape[0]
    diag, off, rhs = np.zeros((1, n_knot)), np.zeros((1, n_knot)), np.zeros((1, n_knot))
    for i in range(value.shape[0]):
        k = p.sensor[i]
        v = (value[i] - drift_at(p, st, i)) / st.loading[k]
        w = weight[i] * st.loading[k] ** 2
        _load(diag[0], off[0], rhs[0], p.common[i], p.common_f[i], w, v)
    keep = p.common_keep
    _move_scale(p, st, rng, COMMON, keep, 1.0, diag, off, rhs, np.ones(1, np.int64))
    _stiffen(diag, off, keep, 1.0, math.exp(-2.0 * st.hyper[COMMON]))
    _chain_draw(diag[0], off[0], rhs[0], rng, st.common)


@njit(cache=True, nogil=True, error_model="numpy")
def _draw_loading(p, st, rng, value, weight):  # type: ignore[no-untyped-def]
    """Draw how strongly each sensor sees the shared background, Gaussian about one."""
    n_sensor = st.loading.shape[0]
    prec, rhs = np.full(n_sensor, LOADING**-2), np.full(n_sensor, LOADING**-2)
    for i in range(value.shape[0]):
        k, c = p.sensor[i], common_at(p, st, i)
        prec[k] += weight[i] * c * c
        rhs[k] += weight[i] * c * (value[i] - drift_at(p, st, i))
    for k in range(n_sensor):
        v = rhs[k] / prec[k] + rng.standard_normal() / math.sqrt(prec[k])
        # A share near zero has no meaning; the prior puts three sd between it and one.
        st.loading[k] = max(v, 0.05)


@njit(cache=True, nogil=True, error_model="numpy")
def drift_at(p, st, i):  # type: ignore[no-untyped-def]
    """Return the sensor's own part of the background of reading i [ug m-3]."""
    k, a, f = p.sensor[i], p.knot[i], p.knot_f[i]
    v = (1.0 - f) * st.drift[k, a]
    if f > 0.0:
        v += f * st.drift[k, a + 1]
    return v


@njit(cache=True, nogil=True, error_model="numpy")
def common_at(p, st, i):  # type: ignore[no-untyped-def]
    """Return the shared part of the background at the time of reading i [ug m-3]."""
    a, f = p.common[i], p.common_f[i]
    v = (1.0 - f) * st.common[a]
    if f > 0.0:
        v += f * st.common[a + 1]
    return v


@njit(cache=True, nogil=True, error_model="numpy")
def background_at(p, st, i):  # type: ignore[no-untyped-def]
    """Return the background of reading i [ug m-3]."""
    v = drift_at(p, st, i)
    if p.common[i] >= 0:
        v += st.loading[p.sensor[i]] * common_at(p, st, i)
    return v


@njit(cache=True, nogil=True, error_model="numpy")
def _chain_draw(diag, off, rhs, rng, out):  # type: ignore[no-untyped-def]
    """Draw from the Gaussian with tridiagonal precision and linear term rhs, in place."""
    n = diag.shape[0]
    low = np.empty(n)
    d = np.empty(n)
    d[0] = math.sqrt(diag[0])
    for k in range(1, n):
        low[k] = off[k - 1] / d[k - 1]
        d[k] = math.sqrt(max(diag[k] - low[k] * low[k], 1e-12 * diag[k]))
    v = np.empty(n)
    for k in range(n):
        s = rhs[k]
        if k > 0:
            s -= low[k] * v[k - 1]
        v[k] = s / d[k]
    for k in range(n):
        v[k] += rng.standard_normal()
    for k in range(n - 1, -1, -1):
        s = v[k]
        if k < n - 1:
            s -= low[k + 1] * out[k + 1]
        out[k] = s / d[k]
