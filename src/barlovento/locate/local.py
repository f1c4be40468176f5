"""Moves of what stands aside from the sources: turns, noise, hyper-parameters and clock lag.

The turn of each block is drawn from its exact distribution; given the turns, sensors are
independent, so that one pass over the readings serves all of them.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.background import background_at
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
    elif h == DRIFT:
        for k in range(st.drift.shape[0]):
            if p.background_sd[k] > 0.0:
                for a in range(1, st.drift.shape[1]):
                    lp -= 0.5 * ((st.drift[k, a] - st.drift[k, a - 1]) / s) ** 2 + math.log(s)
    elif h == COMMON and p.n_common > 0:
        for a in range(st.common.shape[0]):
            mean = p.common_keep * st.common[a - 1] if a > 0 else 0.0
            sd = s * (math.sqrt(1.0 - p.common_keep**2) if a > 0 else 1.0)
            lp -= 0.5 * ((st.common[a] - mean) / sd) ** 2 + math.log(sd)
    return lp


@njit(cache=True, nogil=True, error_model="numpy")
def move_hyper(p, st, rng, beta, adapt, lp):  # type: ignore[no-untyped-def]
    """Move each hyper-parameter but the direction scale; scatter and misses touch readings."""
    for h in range(st.hyper.shape[0]):
        if h == DIR_SD or p.hyper_sd[h] <= 0.0:
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
def move_scales(p, st, rng, beta, lp):  # type: ignore[no-untyped-def]
    """Stretch the backgrounds together with the scales that govern them.

    Given a field, its scale hardly moves, and given the scale hardly the field; stretched
    together they keep their prior, and the readings alone decide.
    """
    for h in (DRIFT, COMMON):
        if p.hyper_sd[h] <= 0.0 or (h == COMMON and p.n_common == 0):
            continue
        # Two sizes of step serve short and long records without being adapted.
        step = (0.1 if rng.random() < 0.5 else 0.5) * rng.standard_normal()
        field = st.drift if h == DRIFT else st.common.reshape(1, -1)
        old = field.copy()
        z0 = (st.hyper[h] - p.hyper_mu[h]) / p.hyper_sd[h]
        z1 = z0 + step / p.hyper_sd[h]
        for k in range(field.shape[0]):
            if h == COMMON:
                field[k] *= math.exp(step)
            elif p.background_sd[k] > 0.0:
                field[k] = old[k, 0] + (old[k] - old[k, 0]) * math.exp(step)
        for i in range(st.b.shape[0]):
            st.b[i] = background_at(p, st, i)
        now = np.sum(st.lp)
        ratio = beta * (likelihood_at(p, st, lp) - now) - 0.5 * (z1 * z1 - z0 * z0)
        if math.log(rng.random() + 1e-300) < ratio:
            st.hyper[h] += step
            st.lp[:] = lp
            continue
        field[:] = old
        for i in range(st.b.shape[0]):
            st.b[i] = background_at(p, st, i)


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
