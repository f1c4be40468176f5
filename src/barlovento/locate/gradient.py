"""Compiled gradient of the log density by sources, global errors and the sensors' lasting errors.

Derivatives are analytic; the outer products of the blocks' scores shape the Hamiltonian moves.
Within a block a turn of the wind moves angles alone, so that sums over turns come first and the
chain rule once after them. The equations stand in docs/method/likelihood.md.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.dispersion.plume import bell, ray_gradient
from barlovento.dispersion.puff import puff_ray_gradient
from barlovento.locate.kernels import (
    gains,
    hidden_turns,
    log_prior_globals,
    log_prior_lasting,
    log_prior_source,
    missed_share,
    quiet,
    standardise,
    variances,
)
from barlovento.locate.plumes import (
    active,
    errors_of,
    look,
    most_nodes,
    nodes_of,
    position,
    set_wind,
    turn_scale,
)
from barlovento.locate.turns import (
    BY_PLUME,
    BY_SCALE,
    LEVER,
    LOG,
    PLUME,
    SCRATCH,
    add_plume,
    clear_turns,
    log_sum,
    log_turns,
)
from barlovento.locate.unknowns import BEND, GAMMA, LASTING, SIZE, TURNS, VANE

N_WORK = 46
"""Columns of a row of scratch: 40 derivatives, then what ``_node`` adds [1]."""

OUTER, SCORES = 1, 2
"""What else a gradient is asked for: outer products of the blocks' scores, or the scores."""

WEIGHT, ANGLE, SPREAD, EVEN, SLOT, READING = range(40, 46)


@njit(cache=True, nogil=True, error_model="numpy")
def gradient(p, st, beta, grad, want):  # type: ignore[no-untyped-def]
    """Return the tempered log density of what Hamiltonian moves change, and its gradient.

    Winds, contributions and the blocks' likelihoods of ``st`` are refreshed on the way. The
    vector is that of :func:`~barlovento.locate.unknowns.dimension`. With ``want == OUTER`` the
    outer products of the blocks' scores are added to ``precision``, with ``want == SCORES`` the
    scores themselves to the row of ``scores`` that each block belongs to.

    Parameters
    ----------
    p, st : PackedProblem, PackedState
        The arrays and the chain.
    beta : float
        Power of the likelihood [1].
    grad : ndarray, shape (D,)
        Filled with the gradient.
    want : int
        OUTER or SCORES for these too.

    Returns
    -------
    float
        Tempered log density [1].
    """
    n_slot, n_glob, n_sensor = st.on.shape[0], st.phi.shape[0], st.noise.shape[0]
    dim = grad.shape[0]
    grad[:] = 0.0
    set_wind(p, st)
    pos = np.empty((n_slot, 3))
    for j in range(n_slot):
        if st.on[j] == 1:
            position(p, st.theta[j], pos[j])
            look(p, st.lag[0], st.phi, pos[j], st.seen[j])
    gain = np.empty(n_sensor)
    gains(p, st, gain)
    sig2s = variances(st)
    longest = 0
    for k in range(st.lb.shape[0]):
        longest = max(longest, p.block_start[k + 1] - p.block_start[k])
    by = np.empty((longest, 3, TURNS))
    score = np.zeros(dim)
    total = 0.0
    for k in range(st.lb.shape[0]):
        rows = _nodes(p, st, k, pos)
        if rows == 0:
            base = 0.0
            for r in range(p.block_start[k], p.block_start[k + 1]):
                i = p.block_row[r]
                base += p.weight[i] * quiet(p.y[i], st.b[i], sig2s[p.sensor[i]], p.censored[i])
            st.lb[k] = base
            total += base
            continue
        total += _turns(p, st, k, gain, sig2s, by)
        score[:] = 0.0
        _score(p, st, k, rows, by, score, 4 * n_slot, 4 * n_slot + n_glob)
        standardise(p, st, score, 4 * n_slot + n_glob + 1)
        for v in range(dim):
            grad[v] += score[v]
        if want == SCORES:
            for v in range(dim):
                st.scores[p.group[k], v] += score[v]
        if want == OUTER:
            for v in range(dim):
                if score[v] != 0.0:
                    for u in range(dim):
                        st.precision[v, u] += score[v] * score[u]
    for v in range(dim):
        grad[v] *= beta
    total *= beta
    for j in range(n_slot):
        if st.on[j] == 0:
            continue
        total += log_prior_source(p, st.theta[j])
        for d in range(3):
            s = 1.0 / (1.0 + math.exp(-st.theta[j, d]))
            scale = (p.high[d] - p.low[d]) * s * (1.0 - s)
            grad[4 * j + d] = grad[4 * j + d] * scale + 1.0 - 2.0 * s
            if want == SCORES:
                for g in range(st.scores.shape[0]):
                    st.scores[g, 4 * j + d] *= scale
            if want == OUTER:
                for v in range(dim):
                    st.precision[4 * j + d, v] *= scale
                for v in range(dim):
                    st.precision[v, 4 * j + d] *= scale
        grad[4 * j + 3] -= (st.theta[j, 3] - p.rate_mu) / (p.rate_sd * p.rate_sd)
    total += log_prior_globals(p, st.phi, grad, 4 * n_slot)
    return total + log_prior_lasting(p, st, grad, 4 * n_slot + n_glob)


@njit(cache=True, nogil=True, error_model="numpy")
def _nodes(p, st, k, pos):  # type: ignore[no-untyped-def]
    """Fill contributions of block k at every turn and the scratch rows; return their number."""
    err = np.empty(6)
    lag = st.lag[0]
    scale, spare = turn_scale(p, st, k)
    node_site, node_z, node_w = p.node_site, p.node_z[lag], p.node_w
    node_start, node_close = p.node_start, p.node_close
    which = np.empty(most_nodes(node_start), dtype=np.int64)
    table_y, table_z, table_u, tops = p.table_y, p.table_z, p.table_u, p.top
    speed, radial, air, turn_node = p.speed[lag], p.radial[lag], p.air[lag], p.turn_node
    order, t0, t1, towards = p.block_row, p.t0, p.t1, st.towards
    c, e, near, on, seen = st.c, st.e, st.near, st.on, st.seen
    theta, window, work, work_c = st.theta, st.window, st.work, st.work_c
    rate = 1e9 * np.exp(theta[:, 3])
    puff_start, puff, left, gone = p.puff_start, p.puff, p.puff_from, p.puff_until
    first = p.block_start[k]
    errors_of(p, st.phi, p.survey[order[first]], err)
    # A plain 0 would be a type of its own, and compile what it is handed to once more.
    rows = np.int64(0)
    for r in range(first, p.block_start[k + 1]):
        i = order[r]
        g = air[i]
        for j in range(on.shape[0]):
            if on[j] == 0:
                continue
            if near[j, i] == 1:
                c[j, i, :] = 0.0
                e[j, i, :] = 0.0
                near[j, i] = 0
            views = seen[j]
            first_puff, last_puff = puff_start[lag, i], puff_start[lag, i + 1]
            puffs = last_puff > first_puff
            count = nodes_of(node_start, node_close, node_site, views, i, which)
            for n in range(first_puff, max(last_puff, first_puff + 1)):
                if puffs:
                    a = rate[j] * active(left[n], gone[n], window[j, 0], window[j, 1])
                else:
                    a = rate[j] * active(t0[i], t1[i], window[j, 0], window[j, 1])
                if a <= 0.0:
                    continue
                for v in range(count):
                    node = which[v]
                    if puffs:
                        amplitude, angle, spread, even = puff_ray_gradient(
                            views,
                            node_site[node],
                            puff,
                            n,
                            towards[i],
                            node_z[node],
                            pos[j, 2],
                            tops[g],
                            err,
                            spare,
                            work,
                            rows,
                        )
                    else:
                        amplitude, angle, spread, even = ray_gradient(
                            views,
                            node_site[node],
                            towards[i],
                            node_z[node],
                            pos[j, 2],
                            speed[i],
                            radial[i],
                            table_y,
                            table_z,
                            table_u,
                            g,
                            tops[g],
                            err,
                            spare,
                            work,
                            rows,
                        )
                    if amplitude <= 0.0 and even <= 0.0:
                        continue
                    near[j, i] = 1
                    w = a * node_w[node]
                    work[rows, WEIGHT], work[rows, ANGLE], work[rows, SPREAD] = w, angle, spread
                    work[rows, EVEN], work[rows, SLOT] = w * even, j
                    work[rows, READING] = r - first
                    _spread_turns(
                        turn_node,
                        angle / spread,
                        scale / spread,
                        w * amplitude,
                        w * even,
                        c,
                        e,
                        j,
                        i,
                        work_c,
                        rows,
                    )
                    rows += 1
    return rows


@njit(cache=True, nogil=True, error_model="numpy")
def _spread_turns(node, u0, du, w, even, c, e, j, i, own, row):  # type: ignore[no-untyped-def]
    """Add a node's plume and lever at every turn, and keep its own share, shape (t,)."""
    for t in range(TURNS):
        u = u0 - du * node[t]
        v = w * bell(u)
        own[row, t] = v
        c[j, i, t] += v + even
        e[j, i, t] += v * u


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _moments(node, u0, du, c, by, out):  # type: ignore[no-untyped-def]
    """Fill the sums over turns by ln amplitude, angle / spread, ln spread, ln scale and plume."""
    s0 = 0.0
    s1 = 0.0
    s2 = 0.0
    turned = 0.0
    even = 0.0
    for t in range(TURNS):
        d, e = by[0, t], by[1, t]
        u = u0 - du * node[t]
        a = c[t] * (e * (1.0 - u * u) - d * u)
        even += d
        s0 += c[t] * (d + e * u)
        s1 += a
        s2 += c[t] * u * (d * u + e * (u * u - 1.0))
        turned -= a * du * node[t]
    out[0], out[1], out[2], out[3], out[4] = s0, s1, s2, turned, even


@njit(cache=True, nogil=True, error_model="numpy")
def _turns(p, st, k, gain, sig2s, by):  # type: ignore[no-untyped-def]
    """Return block k's log likelihood; fill its derivatives by plume, lever and ln gain.

    ``by`` has shape (readings, 3, t); it holds the posterior weight of each turn already.
    """
    missed = missed_share(st)
    gam2 = math.exp(2.0 * st.hyper[GAMMA])
    order, ys, bs, weight, censored = p.block_row, p.y, st.b, p.weight, p.censored
    sensor, on, near, c, e, lt = p.sensor, st.on, st.near, st.c, st.e, st.lt[k]
    first, last = p.block_start[k], p.block_start[k + 1]
    s = np.empty(SCRATCH)
    bits = s.view(np.int64)
    base = 0.0
    log_weight = p.turn_log_weight
    for t in range(TURNS):
        lt[t] = log_weight[t]
    for r in range(first, last):
        i = order[r]
        sig2 = sig2s[sensor[i]]
        calm = quiet(ys[i], bs[i], sig2, censored[i])
        base += weight[i] * calm
        slopes = by[r - first]
        touched = False
        for j in range(on.shape[0]):
            if on[j] == 1 and near[j, i] == 1:
                if not touched:
                    clear_turns(s)
                touched = True
                add_plume(s, c[j, i], e[j, i])
        if not touched:
            slopes[:] = 0.0
            continue
        g, w = gain[sensor[i]], weight[i]
        if censored[i] == 1:
            hidden_turns(s, ys[i] - bs[i], g, sig2, gam2, calm)
        else:
            log_turns(s, bits, ys[i] - bs[i], g, sig2, gam2, missed)
        two = 2.0 * gam2 * g * g
        for t in range(TURNS):
            m, q = s[PLUME + t], s[LEVER + t]
            by_m, by_s = w * g * s[BY_PLUME + t], w * two * s[BY_SCALE + t]
            slopes[0, t] = by_m + m * by_s
            slopes[1, t] = q * by_s
            slopes[2, t] = m * by_m + (m * m + q * q) * by_s
        for t in range(TURNS):
            lt[t] += w * s[LOG + t]
    log_total = log_sum(lt)
    share = np.exp(lt - log_total)
    for r in range(last - first):
        for v in range(3):
            for t in range(TURNS):
                by[r, v, t] *= share[t]
    st.lb[k] = base + log_total
    return st.lb[k]


@njit(cache=True, nogil=True, error_model="numpy")
def _score(p, st, k, rows, by, score, glob, lasting):  # type: ignore[no-untyped-def]
    """Add block k's derivatives to ``score``, shape (D,).

    With u = (angle - turn) / spread a node's plume is c = A exp(-u^2 / 2), so that its share is
    (D + E u) c by ln A, c (-D u + E (1 - u^2)) by angle / spread, and c (D u^2 + E (u^3 - u))
    by ln spread, where D and E are the derivatives by plume and lever.
    """
    n_surv = (st.phi.shape[0] - LASTING) // 3
    n_sensor = st.noise.shape[0]
    scale, _ = turn_scale(p, st, k)
    surv = p.survey[p.block_row[p.block_start[k]]]
    place = (
        surv,
        n_surv + surv,
        3 * n_surv,
        2 * n_surv + surv,
        3 * n_surv + 1,
        3 * n_surv + SIZE,
        3 * n_surv + BEND,
    )
    work, work_c, turn_node, sensors = st.work, st.work_c, p.turn_node, p.sensor
    order, use_gain, first = p.block_row, p.use_gain, p.block_start[k]
    moment = np.empty(5)
    lag, vane = st.lag[0], p.vane
    for r in range(rows):
        row = work[r]
        j, local = int(row[SLOT]), int(row[READING])
        sensor = sensors[order[first + local]]
        u0, du = row[ANGLE] / row[SPREAD], scale / row[SPREAD]
        _moments(turn_node, u0, du, work_c[r], by[local], moment)
        s0, s1, s2, even = moment[0], moment[1] / row[SPREAD], moment[2], moment[4]
        score[lasting] += moment[3]
        score[4 * j + 3] += s0 + even * row[EVEN]
        for v in range(10):
            x = s0 * row[v] + s1 * row[10 + v] + s2 * row[20 + v]
            if row[EVEN] > 0.0:
                x += even * row[WEIGHT] * row[30 + v]
            if v < 3:
                score[4 * j + v] += x
            else:
                score[glob + place[v - 3]] += x
                if v == 3:
                    for h in range(4):
                        score[glob + 3 * n_surv + VANE + h] += (
                            x * vane[lag, order[first + local], h]
                        )
                    if use_gain[sensor] == 1:
                        score[lasting + 1 + n_sensor + sensor] += x
    for local in range(p.block_start[k + 1] - first):
        sensor = sensors[order[first + local]]
        if use_gain[sensor] == 1:
            score[lasting + 1 + sensor] += np.sum(by[local, 2])
    if p.use_block == 0:
        score[lasting] = 0.0
