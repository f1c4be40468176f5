"""Moves of what stands aside from the sources: turns, noise, hyper-parameters and clock lag.

The turn of each block is drawn from its exact distribution; given the turns, sensors are
independent, so that one pass over the readings serves all of them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from barlovento.locate.kernels import likelihood, likelihood_at, refresh
from barlovento.locate.packed import Pair
from barlovento.locate.unknowns import (
    GAMMA,
    HYPER0,
    LOCAL,
    MISSED,
    NOISE_STEP,
    SENSOR_SD,
    TURN_SD,
    Problem,
    State,
)

Floats = NDArray[np.float64]

TOUCHING = (GAMMA, MISSED, LOCAL)
"""Hyper-parameters on which the likelihood of the readings depends."""

HELD_BACK = (SENSOR_SD, TURN_SD)
"""Those that rule the sensors' gains and turns; the others move with what they rule."""

ADAPTED = 0.4
"""Share of random-walk steps taken that their size is adapted to [1]."""


def taken(rng: np.random.Generator, log_ratio: float) -> bool:
    """Return whether a step is taken; never where its ratio is NaN.

    Parameters
    ----------
    rng : Generator
        The chain's randomness.
    log_ratio : float
        Log of the acceptance ratio [1].
    """
    return math.log(rng.random() + 1e-300) < log_ratio


def draw_turns(both: Pair, rng: np.random.Generator) -> None:
    """Draw each block's turn given everything else, and refresh the readings' likelihoods."""
    p, st = both.p, both.st
    if p.use_block == 1:
        likelihood(*both.args, st.c, st.e, st.near, st.on, st.lt, st.lb)
        share = np.exp(st.lt - st.lt.max(axis=1, keepdims=True)).cumsum(axis=1)
        pick = rng.random(len(share)) * share[:, -1]
        st.turn_at[:] = np.minimum((share < pick[:, None]).sum(axis=1), share.shape[1] - 1)
    likelihood_at(*both.args, st.lp)


def move_noise(both: Pair, rng: np.random.Generator, beta: float, adapt: float) -> None:
    """Move the ln noise of every sensor, each accepted on its own.

    Parameters
    ----------
    both : Pair
        The arrays and the chain.
    rng : Generator
        The chain's randomness.
    beta : float
        Power of the likelihood [1].
    adapt : float
        How fast the step adapts; zero leaves it [1].
    """
    p, st = both.p, both.st
    old, lp = st.noise.copy(), np.empty_like(st.lp)
    count = len(old)
    st.noise[:] = old + st.step[NOISE_STEP] * rng.standard_normal(count)
    likelihood_at(*both.args, lp)
    gain = np.bincount(p.sensor, lp - st.lp, minlength=count)
    a, b = st.noise - p.noise_mu, old - p.noise_mu
    good = np.log(rng.random(count) + 1e-300) < beta * gain - 0.5 * (a * a - b * b)
    st.noise[~good] = old[~good]
    st.lp[:] = np.where(good[p.sensor], lp, st.lp)
    if adapt > 0.0:
        size = st.step[NOISE_STEP] * math.exp(adapt * (float(good.mean()) - ADAPTED))
        st.step[NOISE_STEP] = min(max(size, 0.005), 2.0)


def hyper_score(p: Problem, st: State, h: int) -> float:
    """Return log prior of hyper-parameter h and of the unknowns that it governs."""
    z = (st.hyper[h] - p.hyper_mu[h]) / p.hyper_sd[h]
    lp = -0.5 * z * z
    if h in HELD_BACK:
        ruled = (st.sensor_gain if h == SENSOR_SD else st.sensor_turn)[p.use_gain == 1]
        lp -= 0.5 * float((ruled**2).sum()) * math.exp(-2.0 * st.hyper[h])
        lp -= len(ruled) * st.hyper[h]
    return float(lp)


def move_hyper(both: Pair, rng: np.random.Generator, beta: float, adapt: float) -> None:
    """Move hyper-parameters but those that move with what they govern; some touch readings.

    Parameters
    ----------
    both : Pair
        The arrays and the chain.
    rng : Generator
        The chain's randomness.
    beta : float
        Power of the likelihood [1].
    adapt : float
        How fast the step adapts; zero leaves it [1].
    """
    p, st = both.p, both.st
    lp = np.empty_like(st.lp)
    for h in (*TOUCHING, *HELD_BACK):
        if p.hyper_sd[h] <= 0.0:
            continue
        old = st.hyper[h]
        before = hyper_score(p, st, h)
        st.hyper[h] += st.step[HYPER0 + h] * rng.standard_normal()
        ratio = hyper_score(p, st, h) - before
        if h in TOUCHING:
            ratio += beta * (likelihood_at(*both.args, lp) - float(st.lp.sum()))
        good = taken(rng, ratio)
        if not good:
            st.hyper[h] = old
        elif h in TOUCHING:
            st.lp[:] = lp
        if adapt > 0.0:
            size = st.step[HYPER0 + h] * math.exp(adapt * (float(good) - ADAPTED))
            st.step[HYPER0 + h] = min(max(size, 0.01), 3.0)


def move_lag(both: Pair, rng: np.random.Generator, beta: float) -> None:
    """Propose another clock lag among the candidates.

    Parameters
    ----------
    both : Pair
        The arrays and the chain.
    rng : Generator
        The chain's randomness.
    beta : float
        Power of the likelihood [1].
    """
    p, st = both.p, both.st
    count = len(p.angle)
    old = int(st.lag[0])
    new = int(rng.random() * count)
    if rng.random() < 0.6:
        new = old + (1 if rng.random() < 0.5 else -1) * (1 + int(rng.random() * 2))
    if new < 0 or new >= count or new == old:
        return
    kept = [(a, a.copy()) for a in (st.lag, st.towards, st.c, st.e, st.near, st.lb)]
    now = float(st.lb.sum())
    st.lag[0] = new
    if not taken(rng, beta * (refresh(*both.args) - now)):
        for array, before in kept:
            array[...] = before
