"""Compiled likelihood of the readings, given sources and everything that may be wrong.

The model of one reading is ``y = b + G sum_j c_j + e``: a background that drifts, the plumes of
all sources times a gain that differs by block of time and by sensor, and an error with heavy
tails whose scale grows with the plume's share (``s^2 = sigma^2 + gamma^2 G^2 sum_j (c_j^2 +
(c_j y_j / s_yj)^2)``), mixed with a share of readings in which the plume was missed altogether.
The equations stand in docs/method/likelihood.md.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.dispersion.plume import coupling
from barlovento.locate.unknowns import (
    DIR_SD,
    DIRECTION_CORE,
    DIRECTION_TAIL,
    DIRECTION_TAIL_SHARE,
    GAIN_SD,
    GAMMA,
    MISSED,
    SENSOR_SD,
    SENSOR_TURN,
)

NU = 4.0
"""Degrees of freedom of the reading error [1]."""

T_CONST = math.lgamma(2.5) - math.lgamma(2.0) - 0.5 * math.log(4.0 * math.pi)


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
    """Return one reading's log likelihood and its derivatives by plume m and scale s2.

    Parameters
    ----------
    y, b, m : float
        Reading, background and plume [ug m-3].
    s2, sig2 : float
        Squared scale of the error with the plume and without it [ug2 m-6].
    missed : float
        Share of readings that miss the plume [1].
    censored : int
        1 where the reading is only known to lie below ``y``.

    Returns
    -------
    value, by_m, by_s2 : float
        [1], [m3 ug-1], [m6 ug-2].
    """
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
    """Return coupling and lever [s m-3 x 1e9] of a source at reading i, summed over nodes.

    Parameters
    ----------
    p : PackedProblem
        The arrays.
    lag, i : int
        Candidate clock lag and reading.
    pos : ndarray, shape (3,)
        Place of the source [m].
    wx, wy : float
        Unit vector of where the wind goes to [1].
    err : ndarray, shape (7,)
        Spread errors, see :func:`barlovento.dispersion.plume.coupling`.

    Returns
    -------
    c, lever : float
        Concentration per unit rate, and its lateral lever [1e-9 s m-3].
    """
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
    """Fill contribution and lever of one source at every reading, shape (n,) [ug m-3].

    Parameters
    ----------
    p, st : PackedProblem, PackedState
        The arrays and the chain.
    theta, window : ndarray, shape (4,) and (2,)
        The source: logits of its place, ln rate [ln kg s-1]; start and end [span].
    wx, wy : ndarray, shape (n,)
        Unit vectors of where the wind goes to [1].
    c, e : ndarray, shape (n,)
        Filled with contribution and lever [ug m-3].
    """
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
    """Fill each reading's log likelihood from contributions (J, n) and return the sum.

    Parameters
    ----------
    p, st : PackedProblem, PackedState
        The arrays and the chain.
    c, e : ndarray, shape (J, n)
        Contributions and levers [ug m-3].
    on : ndarray, shape (J,)
        1 where a slot holds a source.
    lp : ndarray, shape (n,)
        Filled with the log likelihoods [1].

    Returns
    -------
    float
        Their sum [1].
    """
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
