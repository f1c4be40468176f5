"""Compiled likelihood of the readings, given sources and everything that may be wrong.

The model of one reading is ``y = b + G m + e``: a background that drifts, the plumes of all
sources ``m = sum_j c_j`` times the sensor's gain, and an error with heavy tails whose scale grows
with the plume (``s^2 = sigma^2 + gamma^2 G^2 (m^2 + l^2)`` with the lateral lever ``l = sum_j c_j
angle_j / spread_j``), mixed with a share of readings in which the plume was missed altogether.
All readings of a block of time share one turn of the wind, which is summed over on a grid.
The equations stand in docs/method/likelihood.md.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.plumes import fill_source, plume_at, set_wind
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
from barlovento.locate.unknowns import (
    DIR_SD,
    DIRECTION_CORE,
    DIRECTION_TAIL,
    DIRECTION_TAIL_SHARE,
    GAMMA,
    LASTING,
    LOCAL,
    MISSED,
    SENSOR_SD,
    SIZE,
    TURN_SD,
    TURNS,
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
    # the density itself, so that one logarithm serves both branches
    a = s2 + 0.25 * r * r
    f = s2 * s2 / (a * a * math.sqrt(a))
    by_m = 1.25 * r / a
    by_s2 = 2.0 / s2 - 2.5 / a
    if m > 0.0 and missed > 0.0:
        r = y - b
        a = sig2 + 0.25 * r * r
        f *= 1.0 - missed
        both = f + missed * sig2 * sig2 / (a * a * math.sqrt(a))
        w = f / both
        return T_CONST + math.log(both), w * by_m, w * by_s2
    return T_CONST + math.log(f), by_m, by_s2


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
    s = (p.global_sd.shape[0] - LASTING) // 3
    lp = 0.0
    for k in range(phi.shape[0]):
        if k < s:
            v, g = direction_prior(phi[k])
            lp += v
            grad[at + k] += g
        else:
            x = phi[k]
            if k == 3 * s + SIZE:
                x -= p.size_mu
            sd = p.global_sd[k]
            lp -= 0.5 * (x / sd) ** 2
            grad[at + k] -= x / (sd * sd)
    return lp


@njit(cache=True, nogil=True, error_model="numpy")
def missed_share(st):  # type: ignore[no-untyped-def]
    """Return the share of readings in which the plume was missed [1]."""
    return 1.0 / (1.0 + math.exp(-st.hyper[MISSED]))


@njit(cache=True, nogil=True, error_model="numpy")
def variances(st):  # type: ignore[no-untyped-def]
    """Return each sensor's variance without a plume: its noise, and the air's that is its own.

    The air between sensors varies more than any of them errs. With one such part for all, no
    sensor can pass for the background that all share and be fitted to nothing.
    """
    own = math.exp(2.0 * st.hyper[LOCAL])
    out = np.empty(st.noise.shape[0])
    for k in range(out.shape[0]):
        out[k] = own + math.exp(2.0 * st.noise[k])
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def gains(p, st, sensor):  # type: ignore[no-untyped-def]
    """Fill the gain factors of all sensors [1]."""
    for k in range(sensor.shape[0]):
        sensor[k] = 1.0
        if p.use_gain[k] == 1:
            sensor[k] = math.exp(st.sensor_gain[k])


@njit(cache=True, nogil=True, error_model="numpy")
def quiet(y, b, sig2, censored):  # type: ignore[no-untyped-def]
    """Return the log likelihood of a reading without any plume [1]."""
    if censored == 1:
        return reading(y, b, 0.0, sig2, sig2, 0.0, 1)[0]
    r = y - b
    return T_CONST - 0.5 * math.log(sig2) - 2.5 * math.log(1.0 + 0.25 * r * r / sig2)


@njit(cache=True, nogil=True, error_model="numpy")
def likelihood(p, st, c, e, near, on, lt, lb):  # type: ignore[no-untyped-def]
    """Fill each block's log likelihood, summed over the turns of its wind, and return the sum.

    Parameters
    ----------
    p, st : PackedProblem, PackedState
        The arrays and the chain.
    c, e : ndarray, shape (J, n, t)
        Contributions and levers [ug m-3].
    near : ndarray, shape (J, n)
        1 where a contribution is not zero.
    on : ndarray, shape (J,)
        1 where a slot holds a source.
    lt : ndarray, shape (k, t)
        Filled with the log likelihood of each block at each turn, weight included [1].
    lb : ndarray, shape (k,)
        Filled with their log sums over turns [1].

    Returns
    -------
    float
        Sum over blocks [1].
    """
    missed = missed_share(st)
    gam2 = math.exp(2.0 * st.hyper[GAMMA])
    gain = np.empty(st.noise.shape[0])
    gains(p, st, gain)
    sig2s = variances(st)
    start, order, log_weight = p.block_start, p.block_row, p.turn_log_weight
    ys, bs, weight, sensor, censored = p.y, st.b, p.weight, p.sensor, p.censored
    s = np.empty(SCRATCH)
    bits = s.view(np.int64)
    total = 0.0
    for k in range(lb.shape[0]):
        base = 0.0
        own = lt[k]
        for t in range(TURNS):
            own[t] = log_weight[t]
        any_near = False
        for r in range(start[k], start[k + 1]):
            i = order[r]
            sig2 = sig2s[sensor[i]]
            calm = quiet(ys[i], bs[i], sig2, censored[i])
            base += weight[i] * calm
            touched = False
            for j in range(on.shape[0]):
                if on[j] == 1 and near[j, i] == 1:
                    if not touched:
                        clear_turns(s)
                    touched = True
                    add_plume(s, c[j, i], e[j, i])
            if not touched:
                continue
            any_near = True
            g = gain[sensor[i]]
            if censored[i] == 1:
                hidden_turns(s, ys[i] - bs[i], g, sig2, gam2, calm)
            else:
                log_turns(s, bits, ys[i] - bs[i], g, sig2, gam2, missed)
            for t in range(TURNS):
                own[t] += weight[i] * s[LOG + t]
        lb[k] = base
        if any_near:
            lb[k] += log_sum(own)
        total += lb[k]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def hidden_turns(s, r, gain, sig2, gam2, calm):  # type: ignore[no-untyped-def]
    """Do what ``log_turns`` does for a reading that is only known to lie below its limit."""
    for t in range(TURNS):
        m, q = s[PLUME + t], s[LEVER + t]
        s2 = sig2 + gam2 * gain * gain * (m * m + q * q)
        v, by_m, by_s2 = reading(r, 0.0, gain * m, s2, sig2, 0.0, 1)
        s[LOG + t] = v - calm
        s[BY_PLUME + t] = by_m
        s[BY_SCALE + t] = by_s2


@njit(cache=True, nogil=True, error_model="numpy")
def likelihood_at(p, st, lp):  # type: ignore[no-untyped-def]
    """Fill each reading's log likelihood at its block's turn, shape (n,); return the sum."""
    missed = missed_share(st)
    gam2 = math.exp(2.0 * st.hyper[GAMMA])
    sensor = np.empty(st.noise.shape[0])
    gains(p, st, sensor)
    sig2s = variances(st)
    total = 0.0
    for i in range(p.y.shape[0]):
        sig2 = sig2s[p.sensor[i]]
        m, q = plume_at(p, st, i)
        if m > 0.0:
            g = sensor[p.sensor[i]]
            s2 = sig2 + gam2 * g * g * (m * m + q * q)
            v, _, _ = reading(p.y[i], st.b[i], g * m, s2, sig2, missed, p.censored[i])
        else:
            v = quiet(p.y[i], st.b[i], sig2, p.censored[i])
        lp[i] = p.weight[i] * v
        total += lp[i]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def refresh(p, st):  # type: ignore[no-untyped-def]
    """Recompute wind, contributions and likelihood from the unknowns; return the sum."""
    set_wind(p, st)
    for j in range(st.on.shape[0]):
        if st.on[j] == 1:
            fill_source(p, st, j)
    return likelihood(p, st, st.c, st.e, st.near, st.on, st.lt, st.lb)


@njit(cache=True, nogil=True, error_model="numpy")
def log_prior_lasting(p, st, grad, at):  # type: ignore[no-untyped-def]
    """Return the log prior of direction scale and sensors; add its gradient from ``at`` on.

    Gains and turns of the sensors count over their standard deviations.
    """
    lp = 0.0
    if p.use_block == 1:
        z = (st.hyper[DIR_SD] - p.hyper_mu[DIR_SD]) / p.hyper_sd[DIR_SD]
        lp -= 0.5 * z * z
        grad[at] -= z / p.hyper_sd[DIR_SD]
    n_sensor = st.noise.shape[0]
    spread, turning = math.exp(st.hyper[SENSOR_SD]), math.exp(st.hyper[TURN_SD])
    ruled = False
    for k in range(n_sensor):
        if p.use_gain[k] == 1:
            ruled = True
            g = st.sensor_gain[k] / spread
            t = st.sensor_turn[k] / turning
            lp -= 0.5 * (g * g + t * t)
            grad[at + 1 + k] -= g
            grad[at + 1 + n_sensor + k] -= t
    if ruled:
        at += 1 + 2 * n_sensor
        for h in (SENSOR_SD, TURN_SD):
            z = (st.hyper[h] - p.hyper_mu[h]) / p.hyper_sd[h]
            lp -= 0.5 * z * z
            grad[at] -= z / p.hyper_sd[h]
            at += 1
    return lp


@njit(cache=True, nogil=True, error_model="numpy")
def standardise(p, st, score, at):  # type: ignore[no-untyped-def]
    """Turn derivatives by gains and turns into those over their spreads, and by ln of these."""
    n_sensor, use_gain = st.noise.shape[0], p.use_gain
    spread, turning = math.exp(st.hyper[SENSOR_SD]), math.exp(st.hyper[TURN_SD])
    last = at + 2 * n_sensor
    for k in range(n_sensor):
        if use_gain[k] == 1:
            score[last] += score[at + k] * st.sensor_gain[k]
            score[last + 1] += score[at + n_sensor + k] * st.sensor_turn[k]
            score[at + k] *= spread
            score[at + n_sensor + k] *= turning
