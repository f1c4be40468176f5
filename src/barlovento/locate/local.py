"""Random-walk moves of blocks, gains, noise, hyper-parameters and lag, accepted one by one.

Blocks and sensors are independent given the rest, so that one pass over the readings serves all
of them. Slides along ridges leave every reading's prediction as it is.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.kernels import fill_source, likelihood, log_prior_globals, refresh, set_wind
from barlovento.locate.unknowns import (
    COMMON,
    DIR_SD,
    DRIFT,
    GAIN_SD,
    GAIN_STEP,
    GAMMA,
    HYPER0,
    MISSED,
    NOISE_STEP,
    SENSOR_SD,
    SENSOR_STEP,
)


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
        touches = h in (GAMMA, MISSED) or (h == GAIN_SD and p.use_block == 1)
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
