"""Births, deaths and jumps of sources, and the times at which they start and stop.

Reversible-jump steps (Green 1995, Biometrika 82, 711, eq. 7). A birth is drawn where the readings
leave something unexplained and with a rate that would explain it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.kernels import gains, likelihood, reading, variances
from barlovento.locate.plumes import fill_source, look, one_reading, plume_at, position
from barlovento.locate.unknowns import LASTING


@njit(cache=True, nogil=True, error_model="numpy")
def occupied(st):  # type: ignore[no-untyped-def]
    """Return the number of sources."""
    n = 0
    for j in range(st.on.shape[0]):
        n += st.on[j]
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _compare(p, st, lt, lb):  # type: ignore[no-untyped-def]
    """Return how much the sources of the state gain over ``st.lb``; fill ``lt`` and ``lb``."""
    return likelihood(p, st, st.c, st.e, st.near, st.on, lt, lb) - np.sum(st.lb)


@njit(cache=True, nogil=True, error_model="numpy")
def move_number(p, st, rng, beta):  # type: ignore[no-untyped-def]
    """Try a birth or a death; return 1 for a birth taken, -1 for a death taken."""
    n_slot = st.on.shape[0]
    count = occupied(st)
    lt, lb = np.empty_like(st.lt), np.empty_like(st.lb)
    if rng.random() < 0.5:
        if count == n_slot:
            return 0
        pick = int(rng.random() * (n_slot - count))
        j = 0
        while st.on[j] == 1 or pick > 0:
            if st.on[j] == 0:
                pick -= 1
            j += 1
        ratio = propose_source(p, st, rng, j)
        st.on[j] = 1
        prior = p.log_number[count + 1] - p.log_number[count]
        if math.log(rng.random() + 1e-300) < beta * _compare(p, st, lt, lb) + prior - ratio:
            st.lb[:] = lb
            return 1
        st.on[j] = 0
        return 0
    if count == 0:
        return 0
    j = _pick_source(st, rng, count)
    st.on[j] = 0
    ratio = proposal_ratio(p, st, st.theta[j], _unit_guess(p, st, j))
    prior = p.log_number[count - 1] - p.log_number[count]
    if math.log(rng.random() + 1e-300) < beta * _compare(p, st, lt, lb) + prior + ratio:
        st.lb[:] = lb
        return -1
    st.on[j] = 1
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def move_jump(p, st, rng, beta):  # type: ignore[no-untyped-def]
    """Let one source jump to a place drawn as a birth would be."""
    count = occupied(st)
    if count == 0:
        return 0
    lt, lb = np.empty_like(st.lt), np.empty_like(st.lb)
    j = _pick_source(st, rng, count)
    st.on[j] = 0
    back = proposal_ratio(p, st, st.theta[j], _unit_guess(p, st, j))
    theta, window = st.theta[j].copy(), st.window[j].copy()
    c, e, near = st.c[j].copy(), st.e[j].copy(), st.near[j].copy()
    ratio = propose_source(p, st, rng, j)
    st.on[j] = 1
    if math.log(rng.random() + 1e-300) < beta * _compare(p, st, lt, lb) - ratio + back:
        st.lb[:] = lb
        return 1
    st.theta[j, :] = theta
    st.window[j, :] = window
    st.c[j] = c
    st.e[j] = e
    st.near[j, :] = near
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def propose_source(p, st, rng, j):  # type: ignore[no-untyped-def]
    """Fill slot j with a new source and its contributions; return ln proposal over prior."""
    theta, window, c, e = st.theta[j], st.window[j], st.c[j], st.e[j]
    side = int(math.sqrt(st.grid.shape[0]) + 0.5)
    u, v = rng.random(), rng.random()
    if rng.random() > 0.34:
        pick = rng.random()
        k = 0
        total = st.grid[0]
        while total < pick and k < st.grid.shape[0] - 1:
            k += 1
            total += st.grid[k]
        u = (k % side + u) / side
        v = (k // side + v) / side
    w = rng.random()
    for d, s in enumerate((u, v, w)):
        share = min(max(s, 1e-9), 1.0 - 1e-9)
        theta[d] = math.log(share / (1.0 - share))
    theta[3] = 0.0
    draw_window(p, rng, window)
    fill_source(p, st, j)
    guess = _guess(p, st, j)
    if guess > -90.0 and rng.random() < 0.6:
        theta[3] = guess + 0.6 * rng.standard_normal()
    else:
        theta[3] = p.rate_mu + p.rate_sd * rng.standard_normal()
    f = math.exp(theta[3])
    for i in range(c.shape[0]):
        if st.near[j, i] == 1:
            for t in range(c.shape[1]):
                c[i, t] *= f
                e[i, t] *= f
    return proposal_ratio(p, st, theta, guess)


@njit(cache=True, nogil=True, error_model="numpy")
def proposal_ratio(p, st, theta, guess):  # type: ignore[no-untyped-def]
    """Return ln (proposal density / prior density) of a source's place and rate."""
    pos = np.empty(3)
    position(p, theta, pos)
    area = (p.high[0] - p.low[0]) * (p.high[1] - p.low[1])
    z = (theta[3] - p.rate_mu) / p.rate_sd
    prior = -0.5 * z * z - math.log(p.rate_sd * 2.5066282746310002)
    return math.log(_cell(p, st, pos[0], pos[1]) * area) + _rate_density(p, guess, theta[3]) - prior


@njit(cache=True, nogil=True, error_model="numpy")
def _cell(p, st, x, y):  # type: ignore[no-untyped-def]
    """Return the birth density at a place [m-2]: a third uniform, the rest by the grid."""
    side = int(math.sqrt(st.grid.shape[0]) + 0.5)
    area = (p.high[0] - p.low[0]) * (p.high[1] - p.low[1])
    a = min(int((x - p.low[0]) / (p.high[0] - p.low[0]) * side), side - 1)
    b = min(int((y - p.low[1]) / (p.high[1] - p.low[1]) * side), side - 1)
    return (0.34 + 0.66 * st.grid[b * side + a] * side * side) / area


@njit(cache=True, nogil=True, error_model="numpy")
def _guess(p, st, j):  # type: ignore[no-untyped-def]
    """Return the least-squares ln factor on slot j's plume that explains what the rest leaves.

    Plumes count as their means over the turns' prior; the slot must be off.
    """
    gain = np.empty(st.noise.shape[0])
    gains(p, st, gain)
    share = np.exp(p.turn_log_weight)
    sig2s = variances(st)
    num = 0.0
    den = 0.0
    for i in range(p.y.shape[0]):
        if st.near[j, i] == 0:
            continue
        m = 0.0
        c = 0.0
        for t in range(share.shape[0]):
            c += share[t] * st.c[j, i, t]
            for k in range(st.on.shape[0]):
                if st.on[k] == 1:
                    m += share[t] * st.c[k, i, t]
        g = gain[p.sensor[i]]
        c *= g
        r = p.y[i] - st.b[i] - g * m
        if p.censored[i] == 1:
            r = min(r, 0.0)
        w = 1.0 / (sig2s[p.sensor[i]] + 0.25 * r * r)
        num += w * r * c
        den += w * c * c
    if num <= 0.0 or den <= 0.0:
        return -99.0
    return math.log(num / den)


@njit(cache=True, nogil=True, error_model="numpy")
def _unit_guess(p, st, j):  # type: ignore[no-untyped-def]
    """Return the ln rate that a birth at source j's place would guess, with j taken out."""
    guess = _guess(p, st, j)
    if guess < -90.0:
        return guess
    return guess + st.theta[j, 3]


@njit(cache=True, nogil=True, error_model="numpy")
def _rate_density(p, guess, rate):  # type: ignore[no-untyped-def]
    """Return the log density with which a birth proposes ln rate."""
    z = (rate - p.rate_mu) / p.rate_sd
    prior = math.exp(-0.5 * z * z) / (p.rate_sd * 2.5066282746310002)
    if guess < -90.0:
        return math.log(prior + 1e-300)
    z = (rate - guess) / 0.6
    return math.log(
        0.4 * prior + 0.6 * math.exp(-0.5 * z * z) / (0.6 * 2.5066282746310002) + 1e-300
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _pick_source(st, rng, count):  # type: ignore[no-untyped-def]
    """Return the slot of a source chosen evenly."""
    pick = int(rng.random() * count)
    j = 0
    while st.on[j] == 0 or pick > 0:
        if st.on[j] == 1:
            pick -= 1
        j += 1
    return j


@njit(cache=True, nogil=True, error_model="numpy")
def draw_window(p, rng, window):  # type: ignore[no-untyped-def]
    """Draw the time a source is on from its prior: mostly the whole survey."""
    window[0], window[1] = 0.0, 1.0
    if p.window == 0:
        return
    kind = rng.random()
    if kind > 0.7:
        while True:
            a, b = rng.random(), rng.random()
            if kind < 0.8:
                b = 1.0
            elif kind < 0.9:
                a = 0.0
            if b > a:
                window[0], window[1] = a, b
                return


@njit(cache=True, nogil=True, error_model="numpy")
def move_windows(p, st, rng, beta):  # type: ignore[no-untyped-def]
    """Propose another time of start or stop for each source."""
    lt, lb = np.empty_like(st.lt), np.empty_like(st.lb)
    for j in range(st.on.shape[0]):
        if st.on[j] == 0:
            continue
        old0, old1 = st.window[j, 0], st.window[j, 1]
        if rng.random() < 0.4:
            # small move of the ends that are free, symmetric
            if old0 > 0.0:
                st.window[j, 0] += 0.03 * rng.standard_normal()
            if old1 < 1.0:
                st.window[j, 1] += 0.03 * rng.standard_normal()
            bad = (old0 > 0.0 and not 0.0 < st.window[j, 0] < 1.0) or (
                old1 < 1.0 and not 0.0 < st.window[j, 1] < 1.0
            )
            if bad or (old0 <= 0.0 and old1 >= 1.0) or st.window[j, 1] <= st.window[j, 0]:
                st.window[j, 0], st.window[j, 1] = old0, old1
                continue
        else:
            draw_window(p, rng, st.window[j])
        c, e, near = st.c[j].copy(), st.e[j].copy(), st.near[j].copy()
        fill_source(p, st, j)
        if math.log(rng.random() + 1e-300) < beta * _compare(p, st, lt, lb):
            st.lb[:] = lb
        else:
            st.window[j, 0], st.window[j, 1] = old0, old1
            st.c[j] = c
            st.e[j] = e
            st.near[j, :] = near


@njit(cache=True, nogil=True, error_model="numpy")
def gain_map(p, st, grid_x, grid_y, height, rates, out):  # type: ignore[no-untyped-def]
    """Fill the best log-likelihood gain of one more source at each cell, shape (y, x).

    The plume is taken wide (the wind may be off) and the scatter as large as the plume.

    Parameters
    ----------
    p, st : PackedProblem, PackedState
        The arrays and the chain.
    grid_x, grid_y : ndarray, shape (a,) and (b,)
        Cell centres [m].
    height : float
        Of the release [m].
    rates : ndarray, shape (r,)
        To try [kg s-1].
    out : ndarray, shape (b, a)
        Filled with the gain [1].
    """
    wide = np.zeros_like(st.phi)
    surveys = (st.phi.shape[0] - LASTING) // 3
    wide[surveys : 2 * surveys] = 0.35
    wide[2 * surveys : 3 * surveys] = 0.2
    seen = np.empty_like(st.seen[0])
    pos = np.empty(3)
    pos[2] = height
    lag = st.lag[0]
    best = np.empty(rates.shape[0])
    sig2s = variances(st)
    for b in range(grid_y.shape[0]):
        for a in range(grid_x.shape[0]):
            pos[0], pos[1] = grid_x[a], grid_y[b]
            look(p, wide, pos, seen)
            best[:] = 0.0
            for i in range(p.y.shape[0]):
                c, e = one_reading(p, lag, i, height, st.towards[i], 1.0, seen)
                if c <= 0.0:
                    continue
                m, q = plume_at(p, st, i)
                q = m * m + q * q
                sig2 = sig2s[p.sensor[i]]
                base, _, _ = reading(p.y[i], st.b[i], m, sig2 + 0.25 * q, sig2, 0.0, p.censored[i])
                for k in range(rates.shape[0]):
                    add = rates[k] * c
                    if add * add > 1e-4 * sig2:
                        s2 = sig2 + 0.25 * q + 0.36 * rates[k] ** 2 * (c * c + e * e)
                        v, _, _ = reading(p.y[i], st.b[i], m + add, s2, sig2, 0.0, p.censored[i])
                        best[k] += p.weight[i] * (v - base)
            out[b, a] = np.max(best)
