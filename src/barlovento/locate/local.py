"""Moves of what stands aside from the sources: turns, noise, hyper-parameters and clock lag.

The turn of each block is drawn from its exact distribution; given the turns, sensors are
independent, so that one pass over the readings serves all of them.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.kernels import likelihood, likelihood_at, refresh
from barlovento.locate.unknowns import (
    COMMON,
    DIR_SD,
    DRIFT,
    GAMMA,
    HYPER0,
    LOCAL,
    MISSED,
    NOISE_STEP,
    SENSOR_SD,
    TURN_SD,
)


@njit(cache=True, nogil=True, error_model="numpy")
def draw_turns(p, st, rng):  # type: ignore[no-untyped-def]
    """Draw each block's turn given everything else, and refresh the readings' likelihoods."""
    count = p.turn_node.shape[0]
    if p.use_block == 1:
        likelihood(p, st, st.c, st.e, st.near, st.on, st.lt, st.lb)
        for k in range(st.turn_at.shape[0]):
            top = st.lt[k, 0]
            for t in range(1, count):
                top = max(top, st.lt[k, t])
            total = 0.0
            for t in range(count):
                total += math.exp(st.lt[k, t] - top)
            pick = rng.random() * total
            t = 0
            total = math.exp(st.lt[k, 0] - top)
            while total < pick and t < count - 1:
                t += 1
                total += math.exp(st.lt[k, t] - top)
            st.turn_at[k] = t
    likelihood_at(p, st, st.lp)


@njit(cache=True, nogil=True, error_model="numpy")
def move_noise(p, st, rng, beta, adapt, lp):  # type: ignore[no-untyped-def]
    """Move the ln noise of every sensor, each accepted on its own."""
    old = st.noise.copy()
    count = st.noise.shape[0]
    for k in range(count):
        st.noise[k] += st.step[NOISE_STEP] * rng.standard_normal()
    likelihood_at(p, st, lp)
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
    if h == SENSOR_SD:
        for k in range(st.sensor_gain.shape[0]):
            if p.use_gain[k] == 1:
                lp -= 0.5 * (st.sensor_gain[k] / s) ** 2 + math.log(s)
    elif h == TURN_SD:
        for k in range(st.sensor_turn.shape[0]):
            if p.use_gain[k] == 1:
                lp -= 0.5 * (st.sensor_turn[k] / s) ** 2 + math.log(s)
    return lp


@njit(cache=True, nogil=True, error_model="numpy")
def move_hyper(p, st, rng, beta, adapt, lp):  # type: ignore[no-untyped-def]
    """Move hyper-parameters but those that move with what they govern; some touch readings."""
    for h in range(st.hyper.shape[0]):
        if h in (DIR_SD, DRIFT, COMMON) or p.hyper_sd[h] <= 0.0:
            continue
        old = st.hyper[h]
        before = hyper_score(p, st, h)
        st.hyper[h] += st.step[HYPER0 + h] * rng.standard_normal()
        ratio = hyper_score(p, st, h) - before
        touches = h in (GAMMA, MISSED, LOCAL)
        if touches:
            now = 0.0
            for i in range(lp.shape[0]):
                now += st.lp[i]
            ratio += beta * (likelihood_at(p, st, lp) - now)
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
    towards, c, e = st.towards.copy(), st.c.copy(), st.e.copy()
    near, lb = st.near.copy(), st.lb.copy()
    now = np.sum(st.lb)
    st.lag[0] = new
    if not math.log(rng.random() + 1e-300) < beta * (refresh(p, st) - now):
        st.lag[0] = old
        st.towards[:] = towards
        st.c[:] = c
        st.e[:] = e
        st.near[:] = near
        st.lb[:] = lb
