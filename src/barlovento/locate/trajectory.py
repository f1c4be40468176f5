"""Hamiltonian moves of sources, global errors, turns and gains together.

The mass is the expected information at one state of the warm-up, held constant afterwards and
factored as an arrow: local unknowns touch the rest, but not each other.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.gradient import gradient
from barlovento.locate.unknowns import EPS


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
    """Move sources, global errors, turns and gains by one trajectory; return 1 if accepted.

    Parameters
    ----------
    p, st, rng : PackedProblem, PackedState, Generator
        The arrays, the chain and its randomness.
    beta : float
        Power of the likelihood [1].
    leaps : int
        Leapfrog steps.
    adapt : float
        How fast the step adapts; zero leaves it [1].

    Returns
    -------
    int
        1 where the trajectory was taken.
    """
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
