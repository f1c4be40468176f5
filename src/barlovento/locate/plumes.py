"""Compiled plumes: what each source adds to each reading at each turn of the wind."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.dispersion.plume import bell, coupling, ray, view
from barlovento.dispersion.puff import puff_ray
from barlovento.locate.unknowns import BEND, DIR_SD, LASTING, SIZE, TURNS, VANE

CLOSE = 3.0
"""Distance within which a source is close to a piece of path, in halves of the piece [1]."""


@njit(cache=True, nogil=True, error_model="numpy")
def position(p, theta, out):  # type: ignore[no-untyped-def]
    """Fill x, y, z [m] of one source from its unconstrained coordinates."""
    for d in range(3):
        out[d] = p.low[d] + (p.high[d] - p.low[d]) / (1.0 + math.exp(-theta[d]))


@njit(cache=True, nogil=True, error_model="numpy")
def set_wind(p, st):  # type: ignore[no-untyped-def]
    """Refresh where the wind goes to, from the lasting direction errors."""
    lag = st.lag[0]
    angle, vane, survey, sensor, phi = p.angle, p.vane, p.survey, p.sensor, st.phi
    towards, turn = st.towards, st.sensor_turn
    first = phi.shape[0] - LASTING + VANE
    for i in range(towards.shape[0]):
        a = angle[lag, i] + phi[survey[i]] + turn[sensor[i]]
        for v in range(4):
            a += phi[first + v] * vane[lag, i, v]
        towards[i] = a


@njit(cache=True, nogil=True, error_model="numpy")
def errors_of(p, phi, survey, out):  # type: ignore[no-untyped-def]
    """Fill the spread errors of one survey: ln and slope of s_y and s_z, size [m], and bend."""
    s = (p.global_sd.shape[0] - LASTING) // 3
    out[0] = phi[s + survey]
    out[1] = phi[3 * s]
    out[2] = phi[2 * s + survey]
    out[3] = phi[3 * s + 1]
    out[4] = math.exp(phi[3 * s + SIZE])
    out[5] = phi[3 * s + BEND]


@njit(cache=True, nogil=True, error_model="numpy")
def active(t0, t1, on, off):  # type: ignore[no-untyped-def]
    """Return the share of the window from t0 to t1 in which the source was on [1]."""
    if on <= 0.0 and off >= 1.0:
        return 1.0
    share = (min(off, t1) - max(on, t0)) / (t1 - t0)
    return min(max(share, 0.0), 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def look(p, lag, phi, pos, seen):  # type: ignore[no-untyped-def]
    """Fill the views of all sites from a source, shape (s, N_VIEW).

    Parameters
    ----------
    p : PackedProblem
        The arrays.
    lag : int
        Candidate clock lag.
    phi : ndarray, shape (3 s + 8,)
        Global errors.
    pos : ndarray, shape (3,)
        Place of the source [m].
    seen : ndarray, shape (s, N_VIEW)
        Filled, see :func:`barlovento.dispersion.plume.view`.
    """
    err = np.empty(6)
    site, survey, count, inv_step = p.site[lag], p.site_survey, p.table_y.shape[1], p.inv_step
    last = -1
    for s in range(site.shape[0]):
        if survey[s] != last:
            last = survey[s]
            errors_of(p, phi, last, err)
        view(
            site[s, 0] - pos[0],
            site[s, 1] - pos[1],
            site[s, 2],
            site[s, 3],
            err,
            inv_step,
            count,
            seen[s],
        )


@njit(cache=True, nogil=True, error_model="numpy")
def nodes_of(node_start, node_close, node_site, seen, i, out):  # type: ignore[no-untyped-def]
    """Fill the nodes that stand for reading i as a source sees it, and return their number.

    Next to the source a plume changes within a piece of path: the parts stand for those pieces.
    """
    first, close = node_start[i], node_close[i]
    parts = (node_start[i + 1] - close) // (close - first)
    count = 0
    for k in range(first, close):
        s = node_site[k]
        half2 = seen[s, 10] * seen[s, 10] + seen[s, 11] * seen[s, 11]
        if parts > 0 and seen[s, 0] * seen[s, 0] < CLOSE * CLOSE * half2:
            for part in range(parts):
                out[count + part] = close + (k - first) * parts + part
            count += parts
        else:
            out[count] = k
            count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def most_nodes(node_start):  # type: ignore[no-untyped-def]
    """Return how many nodes a reading can have."""
    most = 0
    for i in range(node_start.shape[0] - 1):
        most = max(most, node_start[i + 1] - node_start[i])
    return most


@njit(cache=True, nogil=True, error_model="numpy")
def one_reading(p, lag, i, h, towards, size, seen):  # type: ignore[no-untyped-def]
    """Return coupling and lever [s m-3 x 1e9] of a source at reading i, summed over nodes.

    Parameters
    ----------
    p : PackedProblem
        The arrays.
    lag, i : int
        Candidate clock lag and reading.
    h : float
        Height of the source [m].
    towards : float
        Where the wind goes to [rad].
    size : float
        Initial size [m].
    seen : ndarray, shape (s, N_VIEW)
        Views of the sites, see :func:`look`.

    Returns
    -------
    c, lever : float
        Concentration per unit rate, and its lateral lever [1e-9 s m-3].
    """
    c = 0.0
    e = 0.0
    g = p.air[lag, i]
    which = np.empty(p.node_start[i + 1] - p.node_start[i], dtype=np.int64)
    for v in range(nodes_of(p.node_start, p.node_close, p.node_site, seen, i, which)):
        k = which[v]
        ck, ek = coupling(
            seen,
            p.node_site[k],
            towards,
            p.node_z[lag, k],
            h,
            p.speed[lag, i],
            p.radial[lag, i],
            p.table_y,
            p.table_z,
            p.table_u,
            g,
            p.top[g],
            size,
        )
        c += p.node_w[k] * ck
        e += p.node_w[k] * ek
    return 1e9 * c, 1e9 * e


@njit(cache=True, nogil=True, error_model="numpy")
def turn_scale(p, st, k):  # type: ignore[no-untyped-def]
    """Return the scale of block k's turns, and the largest turn that is summed over [rad]."""
    scale = math.exp(st.hyper[DIR_SD]) * p.turn_factor[k]
    return scale, scale * abs(p.turn_node[p.turn_node.shape[0] - 1])


@njit(cache=True, nogil=True, error_model="numpy")
def fill_source(p, st, j):  # type: ignore[no-untyped-def]
    """Fill contribution and lever of slot j at every reading and turn, shape (n, t) [ug m-3]."""
    pos = np.empty(3)
    position(p, st.theta[j], pos)
    # Read once: each look into a record counts references, which costs more than the look.
    c, e, near, seen = st.c[j], st.e[j], st.near[j], st.seen[j]
    lag = st.lag[0]
    look(p, lag, st.phi, pos, seen)
    rate, on, off = 1e9 * math.exp(st.theta[j, 3]), st.window[j, 0], st.window[j, 1]
    size = math.exp(st.phi[st.phi.shape[0] - LASTING + SIZE])
    node_site, node_z, node_w = p.node_site, p.node_z[lag], p.node_w
    node_start, node_close = p.node_start, p.node_close
    which = np.empty(most_nodes(node_start), dtype=np.int64)
    table_y, table_z, table_u, tops = p.table_y, p.table_z, p.table_u, p.top
    speed, radial, air, turn_node = p.speed[lag], p.radial[lag], p.air[lag], p.turn_node
    block, t0, t1, factor, towards = p.block, p.t0, p.t1, p.turn_factor, st.towards
    direction_sd = math.exp(st.hyper[DIR_SD])
    most = abs(turn_node[turn_node.shape[0] - 1])
    err = np.empty(6)
    survey, surveys = -1, p.survey
    puff_start, puff, left, gone = p.puff_start, p.puff, p.puff_from, p.puff_until
    for i in range(c.shape[0]):
        if near[i] == 1:
            c[i, :] = 0.0
            e[i, :] = 0.0
            near[i] = 0
        scale = direction_sd * factor[block[i]]
        g = air[i]
        count = nodes_of(node_start, node_close, node_site, seen, i, which)
        if puff_start[lag, i] < puff_start[lag, i + 1]:
            if surveys[i] != survey:
                survey = surveys[i]
                errors_of(p, st.phi, survey, err)
            for n in range(puff_start[lag, i], puff_start[lag, i + 1]):
                a = rate * active(left[n], gone[n], on, off)
                if a <= 0.0:
                    continue
                for v in range(count):
                    k = which[v]
                    amplitude, angle, spread, even = puff_ray(
                        seen,
                        node_site[k],
                        puff,
                        n,
                        towards[i],
                        node_z[k],
                        pos[2],
                        tops[g],
                        err,
                        scale * most,
                    )
                    w = a * node_w[k]
                    add_node(
                        turn_node, w * amplitude, angle, spread, w * even, scale, c, e, near, i
                    )
            continue
        a = rate * active(t0[i], t1[i], on, off)
        if a <= 0.0:
            continue
        for v in range(count):
            k = which[v]
            amplitude, angle, spread, even = ray(
                seen,
                node_site[k],
                towards[i],
                node_z[k],
                pos[2],
                speed[i],
                radial[i],
                table_y,
                table_z,
                table_u,
                g,
                tops[g],
                size,
                scale * most,
            )
            w = a * node_w[k]
            add_node(turn_node, w * amplitude, angle, spread, w * even, scale, c, e, near, i)


@njit(cache=True, nogil=True, error_model="numpy")
def add_node(node, amplitude, angle, spread, even, scale, c, e, near, i):  # type: ignore[no-untyped-def]
    """Add a ray or a puff to reading i at every turn: contribution and lever [ug m-3]."""
    if amplitude > 0.0:
        near[i] = 1
        u0, du = angle / spread, scale / spread
        for t in range(TURNS):
            u = u0 - du * node[t]
            v = amplitude * bell(u)
            c[i, t] += v
            e[i, t] += v * u
    if even > 0.0:
        near[i] = 1
        for t in range(TURNS):
            c[i, t] += even


@njit(cache=True, nogil=True, error_model="numpy")
def plume_at(p, st, i):  # type: ignore[no-untyped-def]
    """Return plume and lever of all sources at reading i and its block's turn [ug m-3]."""
    t = st.turn_at[p.block[i]]
    m = 0.0
    q = 0.0
    for j in range(st.on.shape[0]):
        if st.on[j] == 1 and st.near[j, i] == 1:
            m += st.c[j, i, t]
            q += st.e[j, i, t]
    return m, q
