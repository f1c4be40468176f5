"""Compiled likelihood of the readings, given sources and everything that may be wrong.

The model of one reading is ``y = b + G sum_j c_j + e``: a background that drifts, the plumes of
all sources times a gain that differs by block of time and by sensor, and an error with heavy
tails whose scale grows with the plume's share (``s^2 = sigma^2 + gamma^2 G^2 sum_j (c_j^2 +
(c_j y_j / s_yj)^2)``), mixed with a share of readings in which the plume was missed altogether.
The equations stand in docs/method/likelihood.md.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.dispersion.plume import coupling, coupling_gradient

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NU = 4.0
"""Degrees of freedom of the reading error [1]."""

T_CONST = math.lgamma(2.5) - math.lgamma(2.0) - 0.5 * math.log(4.0 * math.pi)


class Problem(NamedTuple):
    """Everything that stays fixed while sampling; arrays only, so that kernels can take it.

    ``n`` readings, ``m`` nodes, ``l`` candidate clock lags, ``s`` surveys, ``k`` blocks,
    ``g`` states of the air. Concentrations are in ug m-3, times in units of the span.
    """

    node_start: Ints  # (n + 1,)
    node_x: Floats  # (l, m) [m]
    node_y: Floats
    node_z: Floats  # (m,)
    node_w: Floats  # (m,) weights that sum to one per reading
    node_hx: Floats  # (m,) half the piece of path that a node stands for, east [m]
    node_hy: Floats
    angle: Floats  # (l, n) where the wind goes to, anticlockwise from east [rad]
    speed: Floats  # (l, n) [m s-1]
    radial: Floats  # (l, n) share of the radial plume [1]
    air: Ints  # (l, n) row of the tables
    survey: Ints  # (n,)
    block: Ints  # (n,)
    sensor: Ints  # (n,)
    y: Floats  # (n,) [ug m-3]
    censored: Ints  # (n,)
    weight: Floats  # (n,) share of a reading that is news, see problem.news
    t0: Floats  # (n,) start of the averaging window [span]
    t1: Floats  # (n,) end [span]
    knot: Ints  # (n,) left knot of the drift
    knot_f: Floats  # (n,) weight of the right knot
    common: Ints  # (n,) left knot of the common background, -1 without
    common_f: Floats  # (n,)
    table_y: Floats  # (g, N_TABLE)
    table_z: Floats
    table_u: Floats
    inv_step: float
    top: Floats  # (g,)
    block_survey: Ints  # (k,)
    low: Floats  # (3,) search box [m]
    high: Floats  # (3,)
    log_number: Floats  # (J + 1,) log prior of the number of sources
    rate_mu: float  # mean of ln rate [ln kg s-1]
    rate_sd: float
    global_sd: Floats  # (3 s + 4,) prior sd of the global errors; direction handled apart
    size_mu: float  # mean of ln initial size [ln m]
    noise_mu: Floats  # (sensors,) mean of ln noise [ln ug m-3]
    hyper_mu: Floats  # (7,) means of the hyper-parameters, see HYPER
    hyper_sd: Floats  # (7,)
    background_mu: Floats  # (sensors,) [ug m-3]
    background_sd: Floats  # (sensors,) zero where the background is known
    window: int  # 1 where sources may start and stop
    use_block: int  # 1 with per-block unknowns
    use_gain: Ints  # (sensors,) 1 with a gain per sensor
    n_common: int
    n_drift: int


HYPER = ("scatter", "direction_sd", "block_gain_sd", "sensor_gain_sd", "missed", "drift", "common")
GAMMA, DIR_SD, GAIN_SD, SENSOR_SD, MISSED, DRIFT, COMMON = range(7)

DIRECTION_CORE = math.radians(5.0)
DIRECTION_TAIL = math.radians(20.0)
DIRECTION_TAIL_SHARE = 0.25

SENSOR_TURN = math.radians(4.0)
"""sd of the lasting direction deviation on the way to one sensor: mast and site differ [rad]."""


class State(NamedTuple):
    """One chain's unknowns; every member is an array that kernels change in place."""

    on: Ints  # (J,) 1 where a slot holds a source
    theta: Floats  # (J, 4) logit x, logit y, logit z, ln rate
    window: Floats  # (J, 2) on and off [span]
    phi: Floats  # (3 s + 4,) direction, ln s_y, ln s_z per survey; 2 slopes, ln size, bend
    turn: Floats  # (k,) direction deviation of each block [rad]
    gain: Floats  # (k,) ln gain of each block
    sensor_gain: Floats  # (sensors,)
    sensor_turn: Floats  # (sensors,) direction deviation on the way to each sensor [rad]
    drift: Floats  # (sensors, knots) [ug m-3]
    common: Floats  # (common knots,)
    noise: Floats  # (sensors,) ln noise
    hyper: Floats  # (7,) ln, but logit for MISSED
    lag: Ints  # (1,)
    wx: Floats  # (n,) wind towards, east
    wy: Floats  # (n,)
    c: Floats  # (J, n) contribution of each source, window included [ug m-3]
    e: Floats  # (J, n) its lateral lever
    b: Floats  # (n,) background
    lp: Floats  # (n,) log likelihood of each reading
    grid: Floats  # (cells,) birth density over cells, sums to one
    step: Floats  # adapted step sizes
    turn_step: Floats  # (k,)
    chol: Floats  # (d, d) factor of the preconditioner's precision
    fisher: Floats  # (D, D) over all slots and globals
    arrow: Floats  # (2 k + 2 sensors, D) information between local unknowns and those
    local: Floats  # (2 k + 2 sensors,) of turns and gains of blocks, gains and turns of sensors
    edge: Floats  # (2 k + 2 sensors, d) factor of ``arrow``


@njit(cache=True, nogil=True, error_model="numpy")
def student_cdf(t):  # type: ignore[no-untyped-def]
    """Return the distribution function of Student's t with 4 degrees of freedom (closed form)."""
    q = 1.0 + 0.25 * t * t
    f = 0.5 + 0.375 * t / math.sqrt(q) * (1.0 - t * t / q / 12.0)
    if t < -30.0:
        # Series of the far tail, where the closed form cancels.
        f = 3.0 * 4.0 / (t * t * t * t)
    return max(f, 1e-300)


@njit(cache=True, nogil=True, error_model="numpy")
def reading(y, b, m, s2, sig2, missed, censored):  # type: ignore[no-untyped-def]
    """Return one reading's log likelihood and its derivatives by plume m and scale s2."""
    r = y - b - m
    if censored == 1:
        s = math.sqrt(s2)
        t = r / s
        f = student_cdf(t)
        pdf = math.exp(T_CONST - 2.5 * math.log(1.0 + 0.25 * t * t))
        return math.log(f), -pdf / f / s, -0.5 * pdf / f * t / s2
    a = 1.0 + 0.25 * r * r / s2
    lp = T_CONST - 0.5 * math.log(s2) - 2.5 * math.log(a)
    dm = 1.25 * r / (s2 * a)
    ds = -0.5 / s2 + 0.625 * r * r / (s2 * s2 * a)
    if m > 0.0 and missed > 0.0:
        r0 = y - b
        lp0 = T_CONST - 0.5 * math.log(sig2) - 2.5 * math.log(1.0 + 0.25 * r0 * r0 / sig2)
        top = max(lp, lp0)
        hit = (1.0 - missed) * math.exp(lp - top)
        mis = missed * math.exp(lp0 - top)
        w = hit / (hit + mis)
        return top + math.log(hit + mis), w * dm, w * ds
    return lp, dm, ds


@njit(cache=True, nogil=True, error_model="numpy")
def position(p, theta, out):  # type: ignore[no-untyped-def]
    """Fill x, y, z [m] of one source from its unconstrained coordinates."""
    for d in range(3):
        out[d] = p.low[d] + (p.high[d] - p.low[d]) / (1.0 + math.exp(-theta[d]))


@njit(cache=True, nogil=True, error_model="numpy")
def log_prior_source(p, theta):  # type: ignore[no-untyped-def]
    """Return the log prior density of one source in unconstrained coordinates."""
    lp = 0.0
    for d in range(3):
        t = theta[d]
        lp -= abs(t) + 2.0 * math.log1p(math.exp(-abs(t)))
    z = (theta[3] - p.rate_mu) / p.rate_sd
    return lp - 0.5 * z * z - math.log(p.rate_sd) - 0.9189385332046727


@njit(cache=True, nogil=True, error_model="numpy")
def direction_prior(d):  # type: ignore[no-untyped-def]
    """Return log density and slope of the wind record's direction error d [rad]."""
    a = (1.0 - DIRECTION_TAIL_SHARE) / DIRECTION_CORE * math.exp(-0.5 * (d / DIRECTION_CORE) ** 2)
    b = DIRECTION_TAIL_SHARE / DIRECTION_TAIL * math.exp(-0.5 * (d / DIRECTION_TAIL) ** 2)
    slope = -(a * d / DIRECTION_CORE**2 + b * d / DIRECTION_TAIL**2) / (a + b + 1e-300)
    return math.log(a + b + 1e-300), slope


@njit(cache=True, nogil=True, error_model="numpy")
def log_prior_globals(p, phi, grad, at):  # type: ignore[no-untyped-def]
    """Return the log prior of the global errors and add its gradient to ``grad`` from ``at`` on."""
    s = p.global_sd.shape[0] // 3 - 1
    lp = 0.0
    for k in range(phi.shape[0]):
        if k < s:
            v, g = direction_prior(phi[k])
            lp += v
            grad[at + k] += g
        else:
            x = phi[k]
            if k == 3 * s + 2:
                x -= p.size_mu
            sd = p.global_sd[k]
            lp -= 0.5 * (x / sd) ** 2
            grad[at + k] -= x / (sd * sd)
    return lp


@njit(cache=True, nogil=True, error_model="numpy")
def set_wind(p, st):  # type: ignore[no-untyped-def]
    """Refresh the unit vectors of where the wind goes to, from the direction errors."""
    lag = st.lag[0]
    for i in range(p.y.shape[0]):
        a = p.angle[lag, i] + st.phi[p.survey[i]] + st.turn[p.block[i]]
        a += st.sensor_turn[p.sensor[i]]
        st.wx[i] = math.cos(a)
        st.wy[i] = math.sin(a)


@njit(cache=True, nogil=True, error_model="numpy")
def errors_of(p, phi, survey, out):  # type: ignore[no-untyped-def]
    """Fill the spread errors of one survey: ln and slope of s_y and s_z, and size [m]."""
    s = p.global_sd.shape[0] // 3 - 1
    out[0] = phi[s + survey]
    out[1] = phi[3 * s]
    out[2] = phi[2 * s + survey]
    out[3] = phi[3 * s + 1]
    out[4] = math.exp(phi[3 * s + 2])
    out[5] = phi[3 * s + 3]
    out[6] = math.exp(out[0])


@njit(cache=True, nogil=True, error_model="numpy")
def active(p, i, on, off):  # type: ignore[no-untyped-def]
    """Return the share of reading i's window in which the source was on [1]."""
    if on <= 0.0 and off >= 1.0:
        return 1.0
    w = p.t1[i] - p.t0[i]
    share = (min(off, p.t1[i]) - max(on, p.t0[i])) / w
    return min(max(share, 0.0), 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def outside(p, lag, k, pos, wx, wy):  # type: ignore[no-untyped-def]
    """Tell whether a node is surely upwind of a source, path piece included."""
    ex, ey = p.node_x[lag, k] - pos[0], p.node_y[lag, k] - pos[1]
    return ex * wx + ey * wy <= 0.01


@njit(cache=True, nogil=True, error_model="numpy")
def one_reading(p, lag, i, pos, wx, wy, err):  # type: ignore[no-untyped-def]
    """Return coupling and lever [s m-3 x 1e9] of a source at reading i, summed over nodes."""
    c = 0.0
    e = 0.0
    g = p.air[lag, i]
    for k in range(p.node_start[i], p.node_start[i + 1]):
        if p.radial[lag, i] <= 0.0 and outside(p, lag, k, pos, wx, wy):
            continue
        ck, ek = coupling(
            p.node_x[lag, k] - pos[0],
            p.node_y[lag, k] - pos[1],
            p.node_hx[k],
            p.node_hy[k],
            p.node_z[k],
            pos[2],
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
        )
        c += p.node_w[k] * ck
        e += p.node_w[k] * ek
    return 1e9 * c, 1e9 * e


@njit(cache=True, nogil=True, error_model="numpy")
def fill_source(p, st, theta, window, wx, wy, c, e):  # type: ignore[no-untyped-def]
    """Fill contribution and lever of one source at every reading, shape (n,) [ug m-3]."""
    pos = np.empty(3)
    position(p, theta, pos)
    rate = math.exp(theta[3])
    err = np.empty(7)
    lag = st.lag[0]
    last = -1
    for i in range(p.y.shape[0]):
        if p.survey[i] != last:
            last = p.survey[i]
            errors_of(p, st.phi, last, err)
        a = active(p, i, window[0], window[1])
        if a > 0.0:
            ci, ei = one_reading(p, lag, i, pos, wx[i], wy[i], err)
            c[i] = a * rate * ci
            e[i] = a * rate * ei
        else:
            c[i] = 0.0
            e[i] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def gain_of(p, st, i):  # type: ignore[no-untyped-def]
    """Return the gain of reading i: block times sensor, each with mean one [1]."""
    g = 0.0
    if p.use_block == 1:
        g += st.gain[p.block[i]] - 0.5 * math.exp(2.0 * st.hyper[GAIN_SD])
    if p.use_gain[p.sensor[i]] == 1:
        g += st.sensor_gain[p.sensor[i]]
    return math.exp(g)


@njit(cache=True, nogil=True, error_model="numpy")
def missed_share(st):  # type: ignore[no-untyped-def]
    """Return the share of readings in which the plume was missed [1]."""
    return 1.0 / (1.0 + math.exp(-st.hyper[MISSED]))


@njit(cache=True, nogil=True, error_model="numpy")
def gains(p, st, block, sensor):  # type: ignore[no-untyped-def]
    """Fill the gain factors of all blocks and all sensors [1]."""
    for k in range(block.shape[0]):
        block[k] = 1.0
        if p.use_block == 1:
            block[k] = math.exp(st.gain[k] - 0.5 * math.exp(2.0 * st.hyper[GAIN_SD]))
    for k in range(sensor.shape[0]):
        sensor[k] = 1.0
        if p.use_gain[k] == 1:
            sensor[k] = math.exp(st.sensor_gain[k])


@njit(cache=True, nogil=True, error_model="numpy")
def likelihood(p, st, c, e, on, lp):  # type: ignore[no-untyped-def]
    """Fill each reading's log likelihood from contributions (J, n) and return the sum."""
    missed = missed_share(st)
    gam2 = math.exp(2.0 * st.hyper[GAMMA])
    block = np.empty(st.gain.shape[0])
    sensor = np.empty(st.noise.shape[0])
    gains(p, st, block, sensor)
    sig2s = np.exp(2.0 * st.noise)
    total = 0.0
    y, b, sens, cens, blk = p.y, st.b, p.sensor, p.censored, p.block
    for i in range(y.shape[0]):
        m = 0.0
        q = 0.0
        for j in range(on.shape[0]):
            if on[j] == 1:
                m += c[j, i]
                q += c[j, i] * c[j, i] + e[j, i] * e[j, i]
        sig2 = sig2s[sens[i]]
        if m > 0.0:
            gain = block[blk[i]] * sensor[sens[i]]
            v, _, _ = reading(
                y[i], b[i], gain * m, sig2 + gam2 * gain * gain * q, sig2, missed, cens[i]
            )
        elif cens[i] == 1:
            v, _, _ = reading(y[i], b[i], 0.0, sig2, sig2, 0.0, 1)
        else:
            r = y[i] - b[i]
            v = T_CONST - st.noise[sens[i]] - 2.5 * math.log(1.0 + 0.25 * r * r / sig2)
        v *= p.weight[i]
        lp[i] = v
        total += v
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def refresh(p, st):  # type: ignore[no-untyped-def]
    """Recompute wind, contributions and likelihood from the unknowns; return the sum."""
    set_wind(p, st)
    for j in range(st.on.shape[0]):
        if st.on[j] == 1:
            fill_source(p, st, st.theta[j], st.window[j], st.wx, st.wy, st.c[j], st.e[j])
    return likelihood(p, st, st.c, st.e, st.on, st.lp)


@njit(cache=True, nogil=True, error_model="numpy")
def gradient(p, st, theta, phi, beta, grad, inner, want):  # type: ignore[no-untyped-def]
    """Return the tempered log density of sources and global errors, and its gradient.

    Contributions, winds and likelihoods of ``st`` are refreshed on the way. The vector holds
    4 coordinates of each occupied slot in order, then the globals; ``inner`` is the gradient
    by turns, block gains and sensor gains. With ``want == 1`` the expected information is
    added to ``fisher``, ``arrow`` and ``local`` of the state, which span ALL slots.
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


@njit(cache=True, nogil=True, error_model="numpy")
def log_prior_local(p, st, beta, inner):  # type: ignore[no-untyped-def]
    """Return the log prior of turns and gains; temper ``inner`` and add its gradient.

    Unknowns that the problem leaves out get no gradient, so that they stay where they are.
    """
    n_block, n_sensor = st.gain.shape[0], st.noise.shape[0]
    lp = 0.0
    scale = math.exp(st.hyper[DIR_SD])
    spread = math.exp(st.hyper[GAIN_SD])
    for k in range(n_block):
        if p.use_block == 0:
            inner[k] = 0.0
            inner[n_block + k] = 0.0
            continue
        t = st.turn[k] / scale
        lp -= 2.5 * math.log(1.0 + 0.25 * t * t)
        inner[k] = beta * inner[k] - 1.25 * t / scale / (1.0 + 0.25 * t * t)
        g = st.gain[k] / spread
        lp -= 0.5 * g * g
        inner[n_block + k] = beta * inner[n_block + k] - g / spread
    spread = math.exp(st.hyper[SENSOR_SD])
    for k in range(n_sensor):
        if p.use_gain[k] == 0:
            inner[2 * n_block + k] = 0.0
            inner[2 * n_block + n_sensor + k] = 0.0
            continue
        t = st.sensor_turn[k] / SENSOR_TURN
        lp -= 0.5 * t * t
        at = 2 * n_block + n_sensor + k
        inner[at] = beta * inner[at] - t / SENSOR_TURN
        g = st.sensor_gain[k] / spread
        lp -= 0.5 * g * g
        inner[2 * n_block + k] = beta * inner[2 * n_block + k] - g / spread
    return lp


def as_problem(**arrays: Any) -> Problem:
    """Return a Problem with contiguous arrays of the types that the kernels expect."""
    out = {}
    for name, value in arrays.items():
        if isinstance(value, np.ndarray):
            kind = np.int64 if value.dtype.kind in "iub" else np.float64
            out[name] = np.ascontiguousarray(value, dtype=kind)
        else:
            out[name] = value
    return Problem(**out)
