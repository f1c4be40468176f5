"""Hamiltonian moves of sources, global errors, and the sensors' lasting errors together.

The mass is the prior's precision plus the outer products of the blocks' scores, averaged over
states of the warm-up and held constant afterwards. The gradient is compiled and the trajectory
is not: it costs little beside it, and a kernel that held the gradient would compile all of it
once more.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.locate.gradient import gradient
from barlovento.locate.packed import Pair
from barlovento.locate.unknowns import (
    DIR_SD,
    EPS,
    SENSOR_SD,
    TOGETHER,
    TURN_SD,
    WITHOUT,
    Problem,
    State,
)

Floats = NDArray[np.float64]

ACCEPT = 0.7
"""Share of trajectories taken that the step is adapted to [1]."""

LENGTH = 1.6
"""Usual length of a trajectory in units of the posterior's spread: a quarter of a turn [1]."""

LEAPS = 12
"""Most leapfrog steps of a trajectory [1]."""

ASTRAY = 1000.0
"""A trajectory that has lost this much log density is given up [1]."""

PLAIN = np.int64(0)
"""Asks for the gradient alone; a bare 0 would compile it once more."""


ALONE = 0.6
"""Share of trajectories that leave one of several sources where it is [1]."""

NONE = -1
"""No source is left out."""


def moving(p: Problem, st: State, left_out: int = NONE) -> NDArray[np.int64]:
    """Return the places of the unknowns that move, shape (d,).

    Parameters
    ----------
    p, st : Problem, State
        The arrays and the chain.
    left_out : int
        Slot of a source that stays where it is.
    """
    n_slot, n_glob, n_sensor = len(st.on), len(st.phi), len(st.noise)
    at = 4 * n_slot + n_glob + 1
    sensors = at + np.flatnonzero(p.use_gain == 1)
    spreads = at + 2 * n_sensor + np.arange(2 if len(sensors) else 0)
    slots = np.flatnonzero((st.on == 1) & (np.arange(n_slot) != left_out))
    return np.concatenate(
        [
            (4 * slots[:, None] + np.arange(4)).ravel(),
            4 * n_slot + np.arange(n_glob + p.use_block),
            sensors,
            sensors + n_sensor,
            spreads,
        ]
    )


def read(st: State, out: Floats) -> None:
    """Fill the vector of unknowns from the state, shape (D,)."""
    n_slot, n_glob, n_sensor = len(st.on), len(st.phi), len(st.noise)
    at = 4 * n_slot
    out[:at] = st.theta.ravel()
    out[at : at + n_glob] = st.phi
    at += n_glob
    out[at] = st.hyper[DIR_SD]
    at += 1
    out[at : at + n_sensor] = st.sensor_gain * math.exp(-st.hyper[SENSOR_SD])
    at += n_sensor
    out[at : at + n_sensor] = st.sensor_turn * math.exp(-st.hyper[TURN_SD])
    out[at + n_sensor :] = st.hyper[[SENSOR_SD, TURN_SD]]


@njit(cache=True, nogil=True, error_model="numpy")
def write(st, values):  # type: ignore[no-untyped-def]
    """Set the packed state's unknowns from their vector; return False where they run away."""
    n_slot, n_glob, n_sensor = st.on.shape[0], st.phi.shape[0], st.noise.shape[0]
    theta, phi, gain, turn = st.theta, st.phi, st.sensor_gain, st.sensor_turn
    fine = True
    at = 0
    for j in range(n_slot):
        for k in range(4):
            theta[j, k] = values[at]
            fine = fine and abs(values[at]) < 60.0
            at += 1
    for k in range(n_glob):
        phi[k] = values[at]
        fine = fine and abs(values[at]) < 12.0
        at += 1
    st.hyper[DIR_SD] = values[at]
    fine = fine and abs(values[at]) < 12.0
    at += 1
    last = at + 2 * n_sensor
    st.hyper[SENSOR_SD], st.hyper[TURN_SD] = values[last], values[last + 1]
    fine = fine and abs(values[last]) < 12.0 and abs(values[last + 1]) < 12.0
    spread, turning = math.exp(values[last]), math.exp(values[last + 1])
    for k in range(n_sensor):
        gain[k], turn[k] = spread * values[at + k], turning * values[at + n_sensor + k]
        fine = fine and abs(gain[k]) < 20.0 and abs(turn[k]) < 6.0
    return fine


def hamiltonian(both: Pair, rng: np.random.Generator, beta: float, adapt: float) -> bool:
    """Move sources, global errors and sensors by one trajectory; return whether it was taken.

    A source that is no more than a passing thought of the chain can lie anywhere, and no
    preconditioner suits all those places. One of several sources is therefore left out at times,
    each choice with a step of its own, so that such a source does not hold back the others.

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

    Returns
    -------
    bool
        True where the trajectory was taken.
    """
    p, st = both.p, both.st
    held = np.flatnonzero(st.on == 1)
    left_out = NONE
    if len(held) > 1 and rng.random() < ALONE:
        left_out = int(held[int(rng.random() * len(held))])
    size = EPS if len(held) < 2 else TOGETHER if left_out == NONE else WITHOUT + left_out
    index = moving(p, st, left_out)
    precision = st.precision[index[:, None], index]
    covariance = np.linalg.inv(precision)
    start, grad = np.empty(len(st.precision)), np.empty(len(st.precision))
    read(st, start)
    here = start.copy()
    place = start[index]
    momentum = np.linalg.cholesky(precision) @ rng.standard_normal(len(index))
    before = -gradient(*both.args, beta, grad, PLAIN)
    lb0, towards0, near0 = st.lb.copy(), st.towards.copy(), st.near.copy()
    c0, e0 = st.c[held], st.e[held]
    before += 0.5 * float(momentum @ (covariance @ momentum))
    eps = st.step[size] * (0.8 + 0.4 * rng.random())
    leaps = int(min(max(LENGTH * (0.5 + rng.random()) / eps, 1.0), LEAPS))
    scaled = eps * covariance
    momentum += 0.5 * eps * grad[index]
    accept = 0.0
    for leap in range(1, leaps + 1):
        place += scaled @ momentum
        here[index] = place
        if not write(both.args[1], here):
            break
        after = -gradient(*both.args, beta, grad, PLAIN)
        if not after <= before + ASTRAY:
            break
        # half a step at both ends, whole ones between
        momentum += (eps if leap < leaps else 0.5 * eps) * grad[index]
        if leap == leaps:
            after += 0.5 * float(momentum @ (covariance @ momentum))
            accept = math.exp(min(0.0, before - after))
    if adapt > 0.0:
        st.step[size] *= math.exp(adapt * (accept - ACCEPT))
        st.step[size] = min(max(st.step[size], 1e-3), 1.2)
    if rng.random() < accept:
        return True
    write(both.args[1], start)
    st.lb[:], st.towards[:], st.near[:] = lb0, towards0, near0
    st.c[held], st.e[held] = c0, e0
    return False
