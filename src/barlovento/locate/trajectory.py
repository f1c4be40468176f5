"""Hamiltonian moves of sources, global errors, and the sensors' lasting errors together.

The mass is the prior's precision plus the outer products of the blocks' scores, averaged over
states of the warm-up and held constant afterwards.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.gradient import gradient
from barlovento.locate.unknowns import DIR_SD, EPS

ACCEPT = 0.7
"""Share of trajectories taken that the step is adapted to [1]."""

LENGTH = 1.6
"""Usual length of a trajectory in units of the posterior's spread: a quarter of a turn [1]."""

LEAPS = 12
"""Most leapfrog steps of a trajectory [1]."""


@njit(cache=True, nogil=True, error_model="numpy")
def moving(p, st, index):  # type: ignore[no-untyped-def]
    """Fill the places of the unknowns that move and return their number."""
    n_slot, n_glob, n_sensor = st.on.shape[0], st.phi.shape[0], st.noise.shape[0]
    d = 0
    for j in range(n_slot):
        if st.on[j] == 1:
            for k in range(4):
                index[d] = 4 * j + k
                d += 1
    for k in range(n_glob + p.use_block):
        index[d] = 4 * n_slot + k
        d += 1
    at = 4 * n_slot + n_glob + 1
    for k in range(n_sensor):
        if p.use_gain[k] == 1:
            index[d] = at + k
            index[d + 1] = at + n_sensor + k
            d += 2
    return d


@njit(cache=True, nogil=True, error_model="numpy")
def factor(st, index, d):  # type: ignore[no-untyped-def]
    """Return the Cholesky factor of the precision over the places in ``index``."""
    chol = np.zeros((d, d))
    for a in range(d):
        for b in range(a + 1):
            s = st.precision[index[a], index[b]]
            for k in range(b):
                s -= chol[a, k] * chol[b, k]
            if a == b:
                chol[a, a] = math.sqrt(max(s, 1e-6 * st.precision[index[a], index[a]]))
            else:
                chol[a, b] = s / chol[b, b]
    return chol


@njit(cache=True, nogil=True, error_model="numpy")
def _velocity(chol, momentum, velocity):  # type: ignore[no-untyped-def]
    """Fill velocity = precision^-1 momentum and return the kinetic energy."""
    d = momentum.shape[0]
    energy = 0.0
    for a in range(d):
        s = momentum[a]
        for k in range(a):
            s -= chol[a, k] * velocity[k]
        velocity[a] = s / chol[a, a]
        energy += 0.5 * velocity[a] ** 2
    for a in range(d - 1, -1, -1):
        s = velocity[a]
        for k in range(a + 1, d):
            s -= chol[k, a] * velocity[k]
        velocity[a] = s / chol[a, a]
    return energy


@njit(cache=True, nogil=True, error_model="numpy")
def read(st, out):  # type: ignore[no-untyped-def]
    """Fill the vector of unknowns from the state, shape (D,)."""
    n_slot, n_glob, n_sensor = st.on.shape[0], st.phi.shape[0], st.noise.shape[0]
    for j in range(n_slot):
        for k in range(4):
            out[4 * j + k] = st.theta[j, k]
    at = 4 * n_slot
    for k in range(n_glob):
        out[at + k] = st.phi[k]
    at += n_glob
    out[at] = st.hyper[DIR_SD]
    for k in range(n_sensor):
        out[at + 1 + k] = st.sensor_gain[k]
        out[at + 1 + n_sensor + k] = st.sensor_turn[k]


@njit(cache=True, nogil=True, error_model="numpy")
def write(st, values):  # type: ignore[no-untyped-def]
    """Set the state's unknowns from their vector, shape (D,); return False where they run away."""
    n_slot, n_glob, n_sensor = st.on.shape[0], st.phi.shape[0], st.noise.shape[0]
    fine = True
    for j in range(n_slot):
        for k in range(4):
            st.theta[j, k] = values[4 * j + k]
            fine = fine and abs(values[4 * j + k]) < 60.0
    at = 4 * n_slot
    for k in range(n_glob):
        st.phi[k] = values[at + k]
        fine = fine and abs(values[at + k]) < 12.0
    at += n_glob
    st.hyper[DIR_SD] = values[at]
    fine = fine and abs(values[at]) < 12.0
    for k in range(n_sensor):
        st.sensor_gain[k] = values[at + 1 + k]
        st.sensor_turn[k] = values[at + 1 + n_sensor + k]
        fine = fine and abs(st.sensor_gain[k]) < 20.0 and abs(st.sensor_turn[k]) < 6.0
    return fine


@njit(cache=True, nogil=True, error_model="numpy")
def hamiltonian(p, st, rng, beta, adapt):  # type: ignore[no-untyped-def]
    """Move sources, global errors and sensors by one trajectory; return 1 if accepted.

    Parameters
    ----------
    p, st, rng : PackedProblem, PackedState, Generator
        The arrays, the chain and its randomness.
    beta : float
        Power of the likelihood [1].
    adapt : float
        How fast the step adapts; zero leaves it [1].

    Returns
    -------
    int
        1 where the trajectory was taken.
    """
    dim = st.precision.shape[0]
    index = np.empty(dim, np.int64)
    d = moving(p, st, index)
    chol = factor(st, index, d)
    start, here, grad = np.empty(dim), np.empty(dim), np.empty(dim)
    momentum, velocity = np.zeros(d), np.empty(d)
    read(st, start)
    here[:] = start
    for a in range(d):
        z = rng.standard_normal()
        for b in range(a, d):
            momentum[b] += chol[b, a] * z
    plain = np.int64(0)  # a bare 0 would compile the gradient once more
    before = -gradient(p, st, beta, grad, plain)
    lb0, towards0 = st.lb.copy(), st.towards.copy()
    near0 = st.near.copy()
    c0, e0 = _copies(st)
    before += _velocity(chol, momentum, velocity)
    eps = st.step[EPS] * (0.8 + 0.4 * rng.random())
    leaps = int(min(max(LENGTH * (0.5 + rng.random()) / eps, 1.0), LEAPS))
    fine = True
    after = 0.0
    for _ in range(leaps):
        for a in range(d):
            momentum[a] += 0.5 * eps * grad[index[a]]
        _velocity(chol, momentum, velocity)
        for a in range(d):
            here[index[a]] += eps * velocity[a]
        fine = write(st, here)
        if not fine:
            break
        after = -gradient(p, st, beta, grad, plain)
        if not math.isfinite(after) or after > before + 1000.0:
            fine = False
            break
        for a in range(d):
            momentum[a] += 0.5 * eps * grad[index[a]]
    accept = 0.0
    if fine:
        after += _velocity(chol, momentum, velocity)
        accept = math.exp(min(0.0, before - after))
    if adapt > 0.0:
        st.step[EPS] *= math.exp(adapt * (accept - ACCEPT))
        st.step[EPS] = min(max(st.step[EPS], 1e-3), 1.2)
    if rng.random() < accept:
        return 1
    write(st, start)
    st.lb[:] = lb0
    st.towards[:] = towards0
    st.near[:] = near0
    a = 0
    for j in range(st.on.shape[0]):
        if st.on[j] == 1:
            st.c[j] = c0[a]
            st.e[j] = e0[a]
            a += 1
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _copies(st):  # type: ignore[no-untyped-def]
    """Return copies of the occupied slots' contributions and levers."""
    count = 0
    for j in range(st.on.shape[0]):
        count += st.on[j]
    c = np.empty((count, st.c.shape[1], st.c.shape[2]))
    e = np.empty_like(c)
    a = 0
    for j in range(st.on.shape[0]):
        if st.on[j] == 1:
            c[a] = st.c[j]
            e[a] = st.e[j]
            a += 1
    return c, e
