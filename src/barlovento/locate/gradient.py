"""Compiled gradient of the log density by sources, global errors, turns and gains.

Derivatives are analytic; with them comes the expected information, which shapes the Hamiltonian
moves. The equations stand in docs/method/likelihood.md.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.dispersion.plume import coupling_gradient
from barlovento.locate.kernels import (
    NU,
    active,
    errors_of,
    gains,
    log_prior_globals,
    log_prior_local,
    log_prior_source,
    missed_share,
    outside,
    position,
    reading,
)
from barlovento.locate.unknowns import GAMMA


@njit(cache=True, nogil=True, error_model="numpy")
def gradient(p, st, theta, phi, beta, grad, inner, want):  # type: ignore[no-untyped-def]
    """Return the tempered log density of sources and global errors, and its gradient.

    Contributions, winds and likelihoods of ``st`` are refreshed on the way. The vector holds
    4 coordinates of each occupied slot in order, then the globals; ``inner`` is the gradient
    by turns, block gains and sensor gains. With ``want == 1`` the expected information is
    added to ``fisher``, ``arrow`` and ``local`` of the state, which span ALL slots.

    Parameters
    ----------
    p, st : PackedProblem, PackedState
        The arrays and the chain.
    theta, phi : ndarray, shape (J, 4) and (3 s + 4,)
        Sources and global errors, see :class:`~barlovento.locate.unknowns.State`.
    beta : float
        Power of the likelihood [1].
    grad, inner : ndarray
        Filled with the gradient.
    want : int
        1 for the expected information too.

    Returns
    -------
    float
        Tempered log density [1].
    """
    n_slot = st.on.shape[0]
    n_glob = phi.shape[0]
    n_surv = n_glob // 3 - 1
    slots = np.empty(n_slot, np.int64)
    j_on = 0
    for j in range(n_slot):
        if st.on[j] == 1:
            slots[j_on] = j
            j_on += 1
    dim = 4 * j_on + n_glob
    for k in range(dim):
        grad[k] = 0.0
    inner[:] = 0.0
    n_block, n_sensor = st.gain.shape[0], st.noise.shape[0]
    pos = np.empty((n_slot, 3))
    for a in range(j_on):
        position(p, theta[slots[a]], pos[a])
    err = np.empty(7)
    dc = np.zeros((n_slot, 10))
    dl = np.zeros((n_slot, 10))
    d1, d2 = np.empty(10), np.empty(10)
    cs, es = np.empty(n_slot), np.empty(n_slot)
    vec = np.zeros(4 * n_slot + n_glob)
    missed = missed_share(st)
    gam2 = math.exp(2.0 * st.hyper[GAMMA])
    block = np.empty(st.gain.shape[0])
    sensor = np.empty(st.noise.shape[0])
    gains(p, st, block, sensor)
    sig2s = np.exp(2.0 * st.noise)
    lag = st.lag[0]
    total = 0.0
    last = -1
    for i in range(p.y.shape[0]):
        surv = p.survey[i]
        if surv != last:
            last = surv
            errors_of(p, phi, surv, err)
        ang = p.angle[lag, i] + phi[surv] + st.turn[p.block[i]] + st.sensor_turn[p.sensor[i]]
        wx, wy = math.cos(ang), math.sin(ang)
        st.wx[i] = wx
        st.wy[i] = wy
        sens = p.sensor[i]
        g = p.air[lag, i]
        m = 0.0
        q = 0.0
        for a in range(j_on):
            j = slots[a]
            share = active(p, i, st.window[j, 0], st.window[j, 1])
            c = 0.0
            e = 0.0
            for k in range(10):
                dc[a, k] = 0.0
                dl[a, k] = 0.0
            if share > 0.0:
                rate = share * math.exp(theta[j, 3]) * 1e9
                for k in range(p.node_start[i], p.node_start[i + 1]):
                    if p.radial[lag, i] <= 0.0 and outside(p, lag, k, pos[a], wx, wy):
                        continue
                    ck, ek = coupling_gradient(
                        p.node_x[lag, k] - pos[a, 0],
                        p.node_y[lag, k] - pos[a, 1],
                        p.node_hx[k],
                        p.node_hy[k],
                        p.node_z[k],
                        pos[a, 2],
                        wx,
                        wy,
                        p.speed[lag, i],
                        p.radial[lag, i],
                        p.table_y[g],
                        p.table_z[g],
                        p.table_u[g],
                        p.inv_step,
                        p.top[g],
                        err,
                        d1,
                        d2,
                    )
                    if ck > 0.0:
                        w = p.node_w[k] * rate
                        c += w * ck
                        e += w * ek
                        for v in range(10):
                            dc[a, v] += w * d1[v]
                            dl[a, v] += w * d2[v]
            st.c[j, i] = c
            st.e[j, i] = e
            cs[a] = c
            es[a] = e
            m += c
            q += c * c + e * e
        sig2 = sig2s[sens]
        if m <= 0.0:
            lp, _, _ = reading(p.y[i], st.b[i], 0.0, sig2, sig2, 0.0, p.censored[i])
            lp *= p.weight[i]
            st.lp[i] = lp
            total += lp
            continue
        gain = block[p.block[i]] * sensor[sens]
        s2 = sig2 + gam2 * gain * gain * q
        lp, by_m, by_s = reading(p.y[i], st.b[i], gain * m, s2, sig2, missed, p.censored[i])
        lp *= p.weight[i]
        by_m *= p.weight[i]
        by_s *= p.weight[i]
        st.lp[i] = lp
        total += lp
        wm = gain * by_m
        ws = 2.0 * gam2 * gain * gain * by_s
        for v in range(4 * n_slot + n_glob):
            vec[v] = 0.0
        off = 4 * j_on
        hof = 4 * n_slot
        by_gain = gain * m * by_m + 2.0 * gam2 * gain * gain * q * by_s
        turn = 0.0
        blk = p.block[i]
        info = p.weight[i] * gain * gain * (NU + 1.0) / (NU + 3.0) / s2
        for a in range(j_on):
            if cs[a] == 0.0:
                continue
            base = 4 * a
            hb = 4 * slots[a]
            for v in range(3):
                grad[base + v] += wm * dc[a, v] + ws * (cs[a] * dc[a, v] + es[a] * dl[a, v])
                vec[hb + v] += dc[a, v]
            grad[base + 3] += wm * cs[a] + ws * (cs[a] * cs[a] + es[a] * es[a])
            vec[hb + 3] += cs[a]
            for v in range(7):
                k = surv
                if v == 1:
                    k = n_surv + surv
                elif v == 2:
                    k = 3 * n_surv
                elif v == 3:
                    k = 2 * n_surv + surv
                elif v == 4:
                    k = 3 * n_surv + 1
                elif v > 4:
                    k = 3 * n_surv + v - 3
                d = dc[a, 3 + v]
                g_d = wm * d + ws * (cs[a] * d + es[a] * dl[a, 3 + v])
                grad[off + k] += g_d
                vec[hof + k] += d
                if v == 0:
                    turn += d
                    inner[blk] += g_d
                    inner[2 * n_block + n_sensor + sens] += g_d
        inner[n_block + blk] += by_gain
        inner[2 * n_block + sens] += by_gain
        if want == 1:
            for v in range(hof + n_glob):
                if vec[v] != 0.0:
                    for u in range(hof + n_glob):
                        st.fisher[v, u] += info * vec[v] * vec[u]
                    st.arrow[blk, v] += info * turn * vec[v]
                    st.arrow[n_block + blk, v] += info * m * vec[v]
                    st.arrow[2 * n_block + sens, v] += info * m * vec[v]
                    st.arrow[2 * n_block + n_sensor + sens, v] += info * turn * vec[v]
            st.local[blk] += info * turn * turn
            st.local[n_block + blk] += info * m * m
            st.local[2 * n_block + sens] += info * m * m
            st.local[2 * n_block + n_sensor + sens] += info * turn * turn
    for k in range(dim):
        grad[k] *= beta
    total *= beta
    for a in range(j_on):
        j = slots[a]
        total += log_prior_source(p, theta[j])
        for d in range(3):
            s = 1.0 / (1.0 + math.exp(-theta[j, d]))
            scale = (p.high[d] - p.low[d]) * s * (1.0 - s)
            grad[4 * a + d] = grad[4 * a + d] * scale + 1.0 - 2.0 * s
            if want == 1:
                st.fisher[4 * j + d, :] *= scale
                st.fisher[:, 4 * j + d] *= scale
                st.arrow[:, 4 * j + d] *= scale
        grad[4 * a + 3] -= (theta[j, 3] - p.rate_mu) / (p.rate_sd * p.rate_sd)
    total += log_prior_globals(p, phi, grad, 4 * j_on)
    return total + log_prior_local(p, st, beta, inner)
