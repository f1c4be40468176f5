"""Compiled moves of the sampler: each leaves the posterior unchanged.

Sources and global errors move together by Hamiltonian steps; blocks, gains, noise and
hyper-parameters by random-walk steps that are accepted one by one; the background is drawn
exactly; sources are born, die and jump by reversible-jump steps (Green 1995, Biometrika 82,
711, eq. 7). ``beta`` is the power of the likelihood, below one only while warming up.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.kernels import (
    COMMON,
    DIR_SD,
    DRIFT,
    GAIN_SD,
    GAMMA,
    MISSED,
    SENSOR_SD,
    fill_source,
    gain_of,
    gradient,
    likelihood,
    log_prior_globals,
    log_prior_local,
    log_prior_source,
    missed_share,
    one_reading,
    position,
    reading,
    refresh,
    set_wind,
)

EPS, HYPER0 = 0, 1
"""Places in ``State.step``: the Hamiltonian step, then one step per hyper-parameter."""
NOISE_STEP, GAIN_STEP, SENSOR_STEP = 8, 9, 10


@njit(cache=True, nogil=True, error_model="numpy")
def occupied(st):  # type: ignore[no-untyped-def]
    """Return the number of sources."""
    n = 0
    for j in range(st.on.shape[0]):
        n += st.on[j]
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def factor(st):  # type: ignore[no-untyped-def]
    """Factor the precision of momenta over occupied slots and globals; return their number.

    The local unknowns (turns and gains) come first and are independent of each other given
    the rest, so the matrix is an arrow: its factor is a diagonal, an edge, and the Cholesky
    factor of what the edge leaves of the rest.
    """
    n_slot, n_glob = st.on.shape[0], st.phi.shape[0]
    index = np.empty(4 * n_slot + n_glob, np.int64)
    d = 0
    for j in range(n_slot):
        if st.on[j] == 1:
            for k in range(4):
                index[d] = 4 * j + k
                d += 1
    for k in range(n_glob):
        index[d] = 4 * n_slot + k
        d += 1
    for a in range(d):
        for b in range(a + 1):
            st.chol[a, b] = st.fisher[index[a], index[b]]
    for k in range(st.local.shape[0]):
        root = math.sqrt(st.local[k])
        for a in range(d):
            st.edge[k, a] = st.arrow[k, index[a]] / root
        for a in range(d):
            if st.edge[k, a] != 0.0:
                for b in range(a + 1):
                    st.chol[a, b] -= st.edge[k, a] * st.edge[k, b]
    for a in range(d):
        for b in range(a + 1):
            s = st.chol[a, b]
            for k in range(b):
                s -= st.chol[a, k] * st.chol[b, k]
            if a == b:
                st.chol[a, a] = math.sqrt(max(s, 1e-6 + 1e-3 * st.fisher[index[a], index[a]]))
            else:
                st.chol[a, b] = s / st.chol[b, b]
    return d


@njit(cache=True, nogil=True, error_model="numpy")
def _kick(st, d, momentum, velocity):  # type: ignore[no-untyped-def]
    """Fill velocity = precision^-1 momentum and return the kinetic energy."""
    n_local = st.local.shape[0]
    energy = 0.0
    for k in range(n_local):
        velocity[k] = momentum[k] / math.sqrt(st.local[k])
        energy += 0.5 * velocity[k] * velocity[k]
    for a in range(d):
        s = momentum[n_local + a]
        for k in range(n_local):
            s -= st.edge[k, a] * velocity[k]
        for k in range(a):
            s -= st.chol[a, k] * velocity[n_local + k]
        velocity[n_local + a] = s / st.chol[a, a]
        energy += 0.5 * velocity[n_local + a] ** 2
    for a in range(d - 1, -1, -1):
        s = velocity[n_local + a]
        for k in range(a + 1, d):
            s -= st.chol[k, a] * velocity[n_local + k]
        velocity[n_local + a] = s / st.chol[a, a]
    for k in range(n_local):
        s = velocity[k]
        for a in range(d):
            s -= st.edge[k, a] * velocity[n_local + a]
        velocity[k] = s / math.sqrt(st.local[k])
    return energy


@njit(cache=True, nogil=True, error_model="numpy")
def _drift(p, st, eps, velocity):  # type: ignore[no-untyped-def]
    """Move all unknowns along the velocity; return False where they run away."""
    n_block, n_local = st.gain.shape[0], st.local.shape[0]
    for k in range(n_block):
        if p.use_block == 1:
            st.turn[k] += eps * velocity[k]
            st.gain[k] += eps * velocity[n_block + k]
            if abs(st.turn[k]) > 6.0 or abs(st.gain[k]) > 20.0:
                return False
    for k in range(st.noise.shape[0]):
        if p.use_gain[k] == 1:
            st.sensor_gain[k] += eps * velocity[2 * n_block + k]
            st.sensor_turn[k] += eps * velocity[2 * n_block + st.noise.shape[0] + k]
            if abs(st.sensor_gain[k]) > 20.0 or abs(st.sensor_turn[k]) > 6.0:
                return False
    a = n_local
    for j in range(st.on.shape[0]):
        if st.on[j] == 1:
            for k in range(4):
                st.theta[j, k] += eps * velocity[a]
                if abs(st.theta[j, k]) > 60.0:
                    return False
                a += 1
    for k in range(st.phi.shape[0]):
        st.phi[k] += eps * velocity[a]
        if abs(st.phi[k]) > 12.0:
            return False
        a += 1
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def hamiltonian(p, st, rng, beta, leaps, adapt):  # type: ignore[no-untyped-def]
    """Move sources, global errors, turns and gains by one trajectory; return 1 if accepted."""
    d = factor(st)
    n_slot, n_glob, n_local = st.on.shape[0], st.phi.shape[0], st.local.shape[0]
    theta0, phi0 = st.theta.copy(), st.phi.copy()
    turn0, gain0, sensor0 = st.turn.copy(), st.gain.copy(), st.sensor_gain.copy()
    sensor_turn0 = st.sensor_turn.copy()
    wx0, wy0 = st.wx.copy(), st.wy.copy()
    c0, e0, lp0 = st.c.copy(), st.e.copy(), st.lp.copy()
    grad, inner = np.zeros(4 * n_slot + n_glob), np.zeros(n_local)
    momentum, velocity, z = np.zeros(n_local + d), np.zeros(n_local + d), np.zeros(n_local + d)
    for a in range(n_local + d):
        z[a] = rng.standard_normal()
    for k in range(n_local):
        momentum[k] = math.sqrt(st.local[k]) * z[k]
        for a in range(d):
            momentum[n_local + a] += st.edge[k, a] * z[k]
    for a in range(d):
        for k in range(a + 1):
            momentum[n_local + a] += st.chol[a, k] * z[n_local + k]
    before = -gradient(p, st, st.theta, st.phi, beta, grad, inner, 0)
    before += _kick(st, d, momentum, velocity)
    eps = st.step[EPS] * (0.8 + 0.4 * rng.random())
    ok = True
    after = 0.0
    for _ in range(leaps):
        momentum[:n_local] += 0.5 * eps * inner
        momentum[n_local:] += 0.5 * eps * grad[:d]
        _kick(st, d, momentum, velocity)
        ok = _drift(p, st, eps, velocity)
        if not ok:
            break
        after = -gradient(p, st, st.theta, st.phi, beta, grad, inner, 0)
        if not math.isfinite(after):
            ok = False
            break
        momentum[:n_local] += 0.5 * eps * inner
        momentum[n_local:] += 0.5 * eps * grad[:d]
    accept = 0.0
    if ok:
        after += _kick(st, d, momentum, velocity)
        accept = math.exp(min(0.0, before - after))
    if adapt > 0.0:
        st.step[EPS] *= math.exp(adapt * (accept - 0.75))
        st.step[EPS] = min(max(st.step[EPS], 1e-3), 1.2)
    if rng.random() < accept:
        return 1
    st.theta[:] = theta0
    st.phi[:] = phi0
    st.turn[:] = turn0
    st.gain[:] = gain0
    st.sensor_gain[:] = sensor0
    st.sensor_turn[:] = sensor_turn0
    st.wx[:] = wx0
    st.wy[:] = wy0
    st.c[:] = c0
    st.e[:] = e0
    st.lp[:] = lp0
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def log_t4(x, scale):  # type: ignore[no-untyped-def]
    """Return the log density of a Student t with 4 degrees of freedom, without constants."""
    return -math.log(scale) - 2.5 * math.log(1.0 + 0.25 * (x / scale) ** 2)


@njit(cache=True, nogil=True, error_model="numpy")
def move_turns(p, st, rng, beta, adapt):  # type: ignore[no-untyped-def]
    """Move the direction deviation of every block, each accepted on its own."""
    n, k_all, n_slot = p.y.shape[0], st.turn.shape[0], st.on.shape[0]
    old = st.turn.copy()
    wx, wy = st.wx.copy(), st.wy.copy()
    scale = math.exp(st.hyper[DIR_SD])
    for k in range(k_all):
        if rng.random() < 0.15:
            st.turn[k] = scale * rng.standard_normal() / math.sqrt(rng.standard_gamma(2.0) / 2.0)
        else:
            st.turn[k] = old[k] + st.turn_step[k] * rng.standard_normal()
    # the independent proposal is the prior itself, so both kinds need the prior ratio of a walk
    new_turn = st.turn.copy()
    set_wind(p, st)
    c, e, lp = np.zeros((n_slot, n)), np.zeros((n_slot, n)), np.empty(n)
    for j in range(n_slot):
        if st.on[j] == 1:
            fill_source(p, st, st.theta[j], st.window[j], st.wx, st.wy, c[j], e[j])
    likelihood(p, st, c, e, st.on, lp)
    gain = np.zeros(k_all)
    for i in range(n):
        gain[p.block[i]] += lp[i] - st.lp[i]
    taken = np.zeros(k_all, np.int64)
    for k in range(k_all):
        # A mixture of prior draw and walk is not symmetric: use the walk's ratio with the
        # mixture density of both directions.
        a = log_t4(new_turn[k], scale)
        b = log_t4(old[k], scale)
        walk = math.exp(-0.5 * ((new_turn[k] - old[k]) / st.turn_step[k]) ** 2) / (
            st.turn_step[k] * 2.5066282746310002
        )
        to_new = 0.15 * 0.375 * math.exp(a) + 0.85 * walk
        to_old = 0.15 * 0.375 * math.exp(b) + 0.85 * walk
        ratio = beta * gain[k] + a - b + math.log(to_old) - math.log(to_new)
        if math.log(rng.random() + 1e-300) < ratio:
            taken[k] = 1
        if adapt > 0.0:
            st.turn_step[k] *= math.exp(adapt * (taken[k] - 0.4))
            st.turn_step[k] = min(max(st.turn_step[k], 1e-4), 1.5)
    for k in range(k_all):
        st.turn[k] = new_turn[k] if taken[k] == 1 else old[k]
    for i in range(n):
        if taken[p.block[i]] == 1:
            st.lp[i] = lp[i]
            for j in range(n_slot):
                st.c[j, i] = c[j, i]
                st.e[j, i] = e[j, i]
        else:
            st.wx[i] = wx[i]
            st.wy[i] = wy[i]


@njit(cache=True, nogil=True, error_model="numpy")
def move_gains(p, st, rng, beta, adapt, lp, by_sensor):  # type: ignore[no-untyped-def]
    """Move the ln gains of all blocks (or sensors), each accepted on its own."""
    values = st.sensor_gain if by_sensor else st.gain
    scale = math.exp(st.hyper[SENSOR_SD if by_sensor else GAIN_SD])
    slot = SENSOR_STEP if by_sensor else GAIN_STEP
    old = values.copy()
    for k in range(values.shape[0]):
        values[k] += st.step[slot] * scale * rng.standard_normal()
    likelihood(p, st, st.c, st.e, st.on, lp)
    gain = np.zeros(values.shape[0])
    for i in range(lp.shape[0]):
        gain[p.sensor[i] if by_sensor else p.block[i]] += lp[i] - st.lp[i]
    rate = 0.0
    taken = np.zeros(values.shape[0], np.int64)
    for k in range(values.shape[0]):
        ratio = beta * gain[k] - 0.5 * (values[k] ** 2 - old[k] ** 2) / scale**2
        if math.log(rng.random() + 1e-300) < ratio:
            taken[k] = 1
            rate += 1.0 / values.shape[0]
        else:
            values[k] = old[k]
    for i in range(lp.shape[0]):
        if taken[p.sensor[i] if by_sensor else p.block[i]] == 1:
            st.lp[i] = lp[i]
    if adapt > 0.0:
        st.step[slot] = min(max(st.step[slot] * math.exp(adapt * (rate - 0.4)), 0.01), 3.0)


@njit(cache=True, nogil=True, error_model="numpy")
def move_noise(p, st, rng, beta, adapt, lp):  # type: ignore[no-untyped-def]
    """Move the ln noise of every sensor, each accepted on its own."""
    old = st.noise.copy()
    count = st.noise.shape[0]
    for k in range(count):
        st.noise[k] += st.step[NOISE_STEP] * rng.standard_normal()
    likelihood(p, st, st.c, st.e, st.on, lp)
    gain = np.zeros(count)
    for i in range(lp.shape[0]):
        gain[p.sensor[i]] += lp[i] - st.lp[i]
    taken = np.zeros(count, np.int64)
    rate = 0.0
    for k in range(count):
        a, b = st.noise[k] - p.noise_mu[k], old[k] - p.noise_mu[k]
        if math.log(rng.random() + 1e-300) < beta * gain[k] - 0.5 * (a * a - b * b):
            taken[k] = 1
            rate += 1.0 / count
        else:
            st.noise[k] = old[k]
    for i in range(lp.shape[0]):
        if taken[p.sensor[i]] == 1:
            st.lp[i] = lp[i]
    if adapt > 0.0:
        st.step[NOISE_STEP] = min(
            max(st.step[NOISE_STEP] * math.exp(adapt * (rate - 0.4)), 0.005), 2.0
        )


@njit(cache=True, nogil=True, error_model="numpy")
def hyper_score(p, st, h):  # type: ignore[no-untyped-def]
    """Return log prior of hyper-parameter h and of the unknowns that it governs."""
    z = (st.hyper[h] - p.hyper_mu[h]) / p.hyper_sd[h]
    lp = -0.5 * z * z
    s = math.exp(st.hyper[h])
    if h == DIR_SD and p.use_block == 1:
        for k in range(st.turn.shape[0]):
            lp += log_t4(st.turn[k], s)
    elif h == GAIN_SD and p.use_block == 1:
        for k in range(st.gain.shape[0]):
            lp -= 0.5 * (st.gain[k] / s) ** 2 + math.log(s)
    elif h == SENSOR_SD:
        for k in range(st.sensor_gain.shape[0]):
            if p.use_gain[k] == 1:
                lp -= 0.5 * (st.sensor_gain[k] / s) ** 2 + math.log(s)
    elif h == DRIFT:
        for k in range(st.drift.shape[0]):
            if p.background_sd[k] > 0.0:
                for a in range(1, st.drift.shape[1]):
                    lp -= 0.5 * ((st.drift[k, a] - st.drift[k, a - 1]) / s) ** 2 + math.log(s)
    elif h == COMMON and p.n_common > 0:
        for a in range(st.common.shape[0]):
            mean = 0.8 * st.common[a - 1] if a > 0 else 0.0
            sd = s * (0.6 if a > 0 else 1.0)
            lp -= 0.5 * ((st.common[a] - mean) / sd) ** 2 + math.log(sd)
    return lp


@njit(cache=True, nogil=True, error_model="numpy")
def move_hyper(p, st, rng, beta, adapt, lp):  # type: ignore[no-untyped-def]
    """Move each hyper-parameter; only scatter, block gain's mean and misses touch readings."""
    for h in range(st.hyper.shape[0]):
        if h == MISSED and p.hyper_sd[MISSED] <= 0.0:
            continue
        old = st.hyper[h]
        before = hyper_score(p, st, h)
        st.hyper[h] += st.step[HYPER0 + h] * rng.standard_normal()
        ratio = hyper_score(p, st, h) - before
        touches = h == GAMMA or h == MISSED or (h == GAIN_SD and p.use_block == 1)
        if touches:
            now = 0.0
            for i in range(lp.shape[0]):
                now += st.lp[i]
            ratio += beta * (likelihood(p, st, st.c, st.e, st.on, lp) - now)
        good = math.log(rng.random() + 1e-300) < ratio
        if good:
            if touches:
                st.lp[:] = lp
        else:
            st.hyper[h] = old
        if adapt > 0.0:
            s = st.step[HYPER0 + h] * math.exp(adapt * ((1.0 if good else 0.0) - 0.4))
            st.step[HYPER0 + h] = min(max(s, 0.01), 3.0)


@njit(cache=True, nogil=True, error_model="numpy")
def move_ridges(p, st, rng):  # type: ignore[no-untyped-def]
    """Slide along directions that leave every reading's prediction as it is."""
    zero = np.zeros(st.phi.shape[0])
    n_surv = st.phi.shape[0] // 3 - 1
    if p.use_block == 1:
        scale = math.exp(st.hyper[DIR_SD])
        for s in range(n_surv):
            before = log_prior_globals(p, st.phi, zero, 0)
            count = 0
            for k in range(st.turn.shape[0]):
                if p.block_survey[k] == s:
                    before += log_t4(st.turn[k], scale)
                    count += 1
            shift = rng.standard_normal() * scale / math.sqrt(max(count, 1)) * 1.5
            st.phi[s] += shift
            after = log_prior_globals(p, st.phi, zero, 0)
            for k in range(st.turn.shape[0]):
                if p.block_survey[k] == s:
                    after += log_t4(st.turn[k] - shift, scale)
            if math.log(rng.random() + 1e-300) < after - before:
                for k in range(st.turn.shape[0]):
                    if p.block_survey[k] == s:
                        st.turn[k] -= shift
            else:
                st.phi[s] -= shift
    _ridge_gain(p, st, rng, False)
    _ridge_gain(p, st, rng, True)


@njit(cache=True, nogil=True, error_model="numpy")
def _ridge_gain(p, st, rng, by_sensor):  # type: ignore[no-untyped-def]
    """Trade the mean of the ln gains for the rates of all sources."""
    values = st.sensor_gain if by_sensor else st.gain
    scale = math.exp(st.hyper[SENSOR_SD if by_sensor else GAIN_SD])
    if by_sensor:
        for k in range(values.shape[0]):
            # A sensor without a gain of its own would change its prediction.
            if p.use_gain[k] == 0:
                return
    elif p.use_block == 0:
        return
    shift = 1.5 * rng.standard_normal() * scale / math.sqrt(values.shape[0])
    ratio = 0.0
    for k in range(values.shape[0]):
        ratio -= 0.5 * ((values[k] - shift) ** 2 - values[k] ** 2) / scale**2
    for j in range(st.on.shape[0]):
        if st.on[j] == 1:
            a = (st.theta[j, 3] - p.rate_mu) / p.rate_sd
            b = (st.theta[j, 3] + shift - p.rate_mu) / p.rate_sd
            ratio -= 0.5 * (b * b - a * a)
    if math.log(rng.random() + 1e-300) < ratio:
        f = math.exp(shift)
        for k in range(values.shape[0]):
            values[k] -= shift
        for j in range(st.on.shape[0]):
            if st.on[j] == 1:
                st.theta[j, 3] += shift
                for i in range(st.c.shape[1]):
                    st.c[j, i] *= f
                    st.e[j, i] *= f


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


@njit(cache=True, nogil=True, error_model="numpy")
def move_background(p, st, rng, beta):  # type: ignore[no-untyped-def]
    """Draw the background exactly, given the plumes, as a Gaussian chain per sensor.

    A Student error is a Gaussian one with a random weight; the weights, the readings hidden
    by the detection limit and the readings that missed the plume are drawn first.
    """
    n, n_sensor, n_knot = p.y.shape[0], st.drift.shape[0], st.drift.shape[1]
    value, weight = np.empty(n), np.empty(n)
    missed = missed_share(st)
    gam2 = math.exp(2.0 * st.hyper[GAMMA])
    for i in range(n):
        m = 0.0
        q = 0.0
        for j in range(st.on.shape[0]):
            if st.on[j] == 1:
                m += st.c[j, i]
                q += st.c[j, i] ** 2 + st.e[j, i] ** 2
        sig2 = math.exp(2.0 * st.noise[p.sensor[i]])
        s2 = sig2
        if m > 0.0:
            g = gain_of(p, st, i)
            m *= g
            s2 += gam2 * g * g * q
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
    drift2 = math.exp(-2.0 * st.hyper[DRIFT])
    diag, off, rhs = (
        np.zeros((n_sensor, n_knot)),
        np.zeros((n_sensor, n_knot)),
        np.zeros((n_sensor, n_knot)),
    )
    for k in range(n_sensor):
        if p.background_sd[k] > 0.0:
            diag[k, 0] = 1.0 / p.background_sd[k] ** 2
            rhs[k, 0] = p.background_mu[k] * diag[k, 0]
            for a in range(1, n_knot):
                diag[k, a] += drift2
                diag[k, a - 1] += drift2
                off[k, a - 1] -= drift2
    for i in range(n):
        k = p.sensor[i]
        v = value[i]
        if p.common[i] >= 0:
            a = p.common[i]
            v -= (1.0 - p.common_f[i]) * st.common[a]
            if p.common_f[i] > 0.0:
                v -= p.common_f[i] * st.common[a + 1]
        _load(diag[k], off[k], rhs[k], p.knot[i], p.knot_f[i], weight[i], v)
    for k in range(n_sensor):
        if p.background_sd[k] > 0.0:
            _chain_draw(diag[k], off[k], rhs[k], rng, st.drift[k])
    if p.n_common > 0:
        _draw_common(p, st, rng, value, weight)
    for i in range(n):
        st.b[i] = background_at(p, st, i)
    likelihood(p, st, st.c, st.e, st.on, st.lp)


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
def _draw_common(p, st, rng, value, weight):  # type: ignore[no-untyped-def]
    """Draw the background that all sensors share, a first-order autoregression round zero."""
    n_knot = st.common.shape[0]
    prec = math.exp(-2.0 * st.hyper[COMMON])
    diag, off, rhs = np.zeros(n_knot), np.zeros(n_knot), np.zeros(n_knot)
    diag[0] = prec
    for a in range(1, n_knot):
        q = prec / 0.36
        diag[a] += q
        diag[a - 1] += 0.64 * q
        off[a - 1] -= 0.8 * q
    for i in range(value.shape[0]):
        k, a, f = p.sensor[i], p.knot[i], p.knot_f[i]
        v = value[i] - (1.0 - f) * st.drift[k, a]
        if f > 0.0:
            v -= f * st.drift[k, a + 1]
        _load(diag, off, rhs, p.common[i], p.common_f[i], weight[i], v)
    _chain_draw(diag, off, rhs, rng, st.common)


@njit(cache=True, nogil=True, error_model="numpy")
def background_at(p, st, i):  # type: ignore[no-untyped-def]
    """Return the background of reading i [ug m-3]."""
    k, a, f = p.sensor[i], p.knot[i], p.knot_f[i]
    v = (1.0 - f) * st.drift[k, a]
    if f > 0.0:
        v += f * st.drift[k, a + 1]
    if p.common[i] >= 0:
        a, f = p.common[i], p.common_f[i]
        v += (1.0 - f) * st.common[a]
        if f > 0.0:
            v += f * st.common[a + 1]
    return v


@njit(cache=True, nogil=True, error_model="numpy")
def move_windows(p, st, rng, beta, lp):  # type: ignore[no-untyped-def]
    """Propose another time of start or stop for each source."""
    n = p.y.shape[0]
    c, e = st.c.copy(), st.e.copy()
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
        fill_source(p, st, st.theta[j], st.window[j], st.wx, st.wy, c[j], e[j])
        now = 0.0
        for i in range(n):
            now += st.lp[i]
        if math.log(rng.random() + 1e-300) < beta * (likelihood(p, st, c, e, st.on, lp) - now):
            st.c[j, :] = c[j]
            st.e[j, :] = e[j]
            st.lp[:] = lp
        else:
            st.window[j, 0], st.window[j, 1] = old0, old1
            c[j, :] = st.c[j]
            e[j, :] = st.e[j]


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
def _cell(p, st, x, y):  # type: ignore[no-untyped-def]
    """Return the birth density at a place [m-2]: a third uniform, the rest by the grid."""
    side = int(math.sqrt(st.grid.shape[0]) + 0.5)
    area = (p.high[0] - p.low[0]) * (p.high[1] - p.low[1])
    a = min(int((x - p.low[0]) / (p.high[0] - p.low[0]) * side), side - 1)
    b = min(int((y - p.low[1]) / (p.high[1] - p.low[1]) * side), side - 1)
    return (0.34 + 0.66 * st.grid[b * side + a] * side * side) / area


@njit(cache=True, nogil=True, error_model="numpy")
def _guess(p, st, c, on):  # type: ignore[no-untyped-def]
    """Return the least-squares ln factor on contribution c that explains what is left."""
    num = 0.0
    den = 0.0
    for i in range(c.shape[0]):
        if c[i] > 0.0:
            m = 0.0
            for j in range(on.shape[0]):
                if on[j] == 1:
                    m += st.c[j, i]
            g = gain_of(p, st, i)
            r = p.y[i] - st.b[i] - g * m
            if p.censored[i] == 1:
                r = min(r, 0.0)
            s2 = math.exp(2.0 * st.noise[p.sensor[i]])
            w = 1.0 / (s2 + 0.25 * r * r)
            num += w * r * g * c[i]
            den += w * g * g * c[i] * c[i]
    if num <= 0.0 or den <= 0.0:
        return -99.0
    return math.log(num / den)


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
def propose_source(p, st, rng, on, theta, window, c, e):  # type: ignore[no-untyped-def]
    """Fill a new source and its contributions; return its log proposal density over prior."""
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
        s = min(max(s, 1e-9), 1.0 - 1e-9)
        theta[d] = math.log(s / (1.0 - s))
    theta[3] = 0.0
    draw_window(p, rng, window)
    fill_source(p, st, theta, window, st.wx, st.wy, c, e)
    guess = _guess(p, st, c, on)
    if guess > -90.0 and rng.random() < 0.6:
        theta[3] = guess + 0.6 * rng.standard_normal()
    else:
        theta[3] = p.rate_mu + p.rate_sd * rng.standard_normal()
    f = math.exp(theta[3])
    for i in range(c.shape[0]):
        c[i] *= f
        e[i] *= f
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
def move_number(p, st, rng, beta, lp):  # type: ignore[no-untyped-def]
    """Try a birth or a death; return 1 for a birth taken, -1 for a death taken."""
    n_slot, n = st.on.shape[0], p.y.shape[0]
    count = occupied(st)
    now = 0.0
    for i in range(n):
        now += st.lp[i]
    if rng.random() < 0.5:
        if count == n_slot:
            return 0
        pick = int(rng.random() * (n_slot - count))
        j = 0
        while st.on[j] == 1 or pick > 0:
            if st.on[j] == 0:
                pick -= 1
            j += 1
        ratio = propose_source(p, st, rng, st.on, st.theta[j], st.window[j], st.c[j], st.e[j])
        st.on[j] = 1
        change = likelihood(p, st, st.c, st.e, st.on, lp) - now
        prior = p.log_number[count + 1] - p.log_number[count]
        if math.log(rng.random() + 1e-300) < beta * change + prior - ratio:
            st.lp[:] = lp
            return 1
        st.on[j] = 0
        return 0
    if count == 0:
        return 0
    j = _pick_source(st, rng, count)
    st.on[j] = 0
    guess = _unit_guess(p, st, j)
    ratio = proposal_ratio(p, st, st.theta[j], guess)
    change = likelihood(p, st, st.c, st.e, st.on, lp) - now
    prior = p.log_number[count - 1] - p.log_number[count]
    if math.log(rng.random() + 1e-300) < beta * change + prior + ratio:
        st.lp[:] = lp
        return -1
    st.on[j] = 1
    return 0


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
def _unit_guess(p, st, j):  # type: ignore[no-untyped-def]
    """Return the ln rate that a birth at source j's place would guess, with j taken out."""
    guess = _guess(p, st, st.c[j], st.on)
    if guess < -90.0:
        return guess
    return guess + st.theta[j, 3]


@njit(cache=True, nogil=True, error_model="numpy")
def move_jump(p, st, rng, beta, lp):  # type: ignore[no-untyped-def]
    """Let one source jump to a place drawn as a birth would be."""
    count = occupied(st)
    if count == 0:
        return 0
    n = p.y.shape[0]
    now = 0.0
    for i in range(n):
        now += st.lp[i]
    j = _pick_source(st, rng, count)
    st.on[j] = 0
    back = proposal_ratio(p, st, st.theta[j], _unit_guess(p, st, j))
    theta, window = st.theta[j].copy(), st.window[j].copy()
    c, e = st.c[j].copy(), st.e[j].copy()
    ratio = propose_source(p, st, rng, st.on, st.theta[j], st.window[j], st.c[j], st.e[j])
    st.on[j] = 1
    change = likelihood(p, st, st.c, st.e, st.on, lp) - now
    if math.log(rng.random() + 1e-300) < beta * change - ratio + back:
        st.lp[:] = lp
        return 1
    st.theta[j, :] = theta
    st.window[j, :] = window
    st.c[j, :] = c
    st.e[j, :] = e
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def move_lag(p, st, rng, beta):  # type: ignore[no-untyped-def]
    """Propose another clock lag among the candidates."""
    count = p.angle.shape[0]
    if count == 1:
        return
    old = st.lag[0]
    new = int(rng.random() * count)
    if rng.random() < 0.6:
        new = old + (1 if rng.random() < 0.5 else -1) * (1 + int(rng.random() * 2))
    if new < 0 or new >= count or new == old:
        return
    wx, wy, c, e, lp = st.wx.copy(), st.wy.copy(), st.c.copy(), st.e.copy(), st.lp.copy()
    now = 0.0
    for i in range(lp.shape[0]):
        now += lp[i]
    st.lag[0] = new
    if not math.log(rng.random() + 1e-300) < beta * (refresh(p, st) - now):
        st.lag[0] = old
        st.wx[:] = wx
        st.wy[:] = wy
        st.c[:] = c
        st.e[:] = e
        st.lp[:] = lp


@njit(cache=True, nogil=True, error_model="numpy")
def sweeps(p, st, rng, count, beta, adapt, thin, out, nuisance, kept):  # type: ignore[no-untyped-def]
    """Run ``count`` sweeps of all moves; store every ``thin``-th state from row ``kept`` on.

    ``out`` has shape (draws, J, 7): on, x, y, z, ln rate, start, end; ``nuisance`` shape
    (draws, columns): globals, hyper-parameters, lag, log likelihood. Returns the next row.
    """
    n = p.y.shape[0]
    lp = np.empty(n)
    pos = np.empty(3)
    n_glob = st.phi.shape[0]
    for it in range(count):
        hamiltonian(p, st, rng, beta, 2 + int(rng.random() * 4), adapt)
        move_number(p, st, rng, beta, lp)
        if it % 4 == 0:
            move_jump(p, st, rng, beta, lp)
        if p.window == 1 and it % 3 == 0:
            move_windows(p, st, rng, beta, lp)
        if p.use_block == 1:
            if occupied(st) == 0:
                _prior_blocks(st, rng)
                set_wind(p, st)
            elif it % 3 == 1:
                move_turns(p, st, rng, beta, adapt)
                move_gains(p, st, rng, beta, adapt, lp, False)
        move_background(p, st, rng, beta)
        if it % 2 == 0:
            move_gains(p, st, rng, beta, adapt, lp, True)
            move_noise(p, st, rng, beta, adapt, lp)
            move_hyper(p, st, rng, beta, adapt, lp)
        move_ridges(p, st, rng)
        move_lag(p, st, rng, beta)
        if thin > 0 and it % thin == thin - 1:
            for j in range(st.on.shape[0]):
                out[kept, j, 0] = st.on[j]
                position(p, st.theta[j], pos)
                for d in range(3):
                    out[kept, j, 1 + d] = pos[d]
                out[kept, j, 4] = st.theta[j, 3]
                out[kept, j, 5] = st.window[j, 0]
                out[kept, j, 6] = st.window[j, 1]
            total = 0.0
            for i in range(n):
                total += st.lp[i]
            for k in range(n_glob):
                nuisance[kept, k] = st.phi[k]
            for k in range(st.hyper.shape[0]):
                nuisance[kept, n_glob + k] = st.hyper[k]
            nuisance[kept, n_glob + st.hyper.shape[0]] = st.lag[0]
            nuisance[kept, n_glob + st.hyper.shape[0] + 1] = total
            nuisance[kept, n_glob + st.hyper.shape[0] + 2] = total + log_prior(p, st)
            kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def log_prior(p, st):  # type: ignore[no-untyped-def]
    """Return the log prior of sources, global and local unknowns and hyper-parameters."""
    scratch = np.zeros(max(st.phi.shape[0], st.local.shape[0]))
    lp = log_prior_globals(p, st.phi, scratch, 0) + log_prior_local(p, st, 1.0, scratch)
    blocks = st.gain.shape[0] if p.use_block == 1 else 0
    lp -= blocks * (st.hyper[DIR_SD] + st.hyper[GAIN_SD]) + np.sum(p.use_gain) * st.hyper[SENSOR_SD]
    for h in range(st.hyper.shape[0]):
        if p.hyper_sd[h] > 0.0:
            lp -= 0.5 * ((st.hyper[h] - p.hyper_mu[h]) / p.hyper_sd[h]) ** 2
    for j in range(st.on.shape[0]):
        if st.on[j] == 1:
            lp += log_prior_source(p, st.theta[j])
    return lp


@njit(cache=True, nogil=True, error_model="numpy")
def _prior_blocks(st, rng):  # type: ignore[no-untyped-def]
    """Draw block unknowns from their prior where no source lets the readings speak of them."""
    scale, gain = math.exp(st.hyper[DIR_SD]), math.exp(st.hyper[GAIN_SD])
    for k in range(st.turn.shape[0]):
        st.turn[k] = scale * rng.standard_normal() / math.sqrt(rng.standard_gamma(2.0) / 2.0)
        st.gain[k] = gain * rng.standard_normal()


@njit(cache=True, nogil=True, error_model="numpy")
def gain_map(p, st, grid_x, grid_y, height, rates, out):  # type: ignore[no-untyped-def]
    """Fill the best log-likelihood gain of one more source at each cell, shape (y, x).

    The plume is taken wide (the wind may be off) and the scatter as large as the plume.
    """
    err = np.array([0.35, 0.0, 0.2, 0.0, 1.0, 0.0, 1.42])
    pos = np.empty(3)
    pos[2] = height
    lag = st.lag[0]
    best = np.empty(rates.shape[0])
    for b in range(grid_y.shape[0]):
        for a in range(grid_x.shape[0]):
            pos[0], pos[1] = grid_x[a], grid_y[b]
            best[:] = 0.0
            for i in range(p.y.shape[0]):
                c, e = one_reading(p, lag, i, pos, st.wx[i], st.wy[i], err)
                if c <= 0.0:
                    continue
                m = 0.0
                q = 0.0
                for j in range(st.on.shape[0]):
                    if st.on[j] == 1:
                        m += st.c[j, i]
                        q += st.c[j, i] ** 2 + st.e[j, i] ** 2
                sig2 = math.exp(2.0 * st.noise[p.sensor[i]])
                base, _, _ = reading(p.y[i], st.b[i], m, sig2 + 0.25 * q, sig2, 0.0, p.censored[i])
                for k in range(rates.shape[0]):
                    add = rates[k] * c
                    if add * add > 1e-4 * sig2:
                        s2 = sig2 + 0.25 * q + 0.36 * rates[k] ** 2 * (c * c + e * e)
                        v, _, _ = reading(p.y[i], st.b[i], m + add, s2, sig2, 0.0, p.censored[i])
                        best[k] += p.weight[i] * (v - base)
            out[b, a] = np.max(best)
