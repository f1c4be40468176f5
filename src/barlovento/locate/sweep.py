"""One sweep after another over all moves; each leaves the posterior unchanged.

Sources and global errors move together by Hamiltonian steps; blocks, gains, noise and
hyper-parameters by random-walk steps that are accepted one by one; the background is drawn
exactly; sources are born, die and jump by reversible-jump steps. ``beta`` is the power of the
likelihood, below one only while warming up.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.locate.background import move_background
from barlovento.locate.kernels import (
    log_prior_globals,
    log_prior_local,
    log_prior_source,
    position,
    set_wind,
)
from barlovento.locate.local import (
    move_gains,
    move_hyper,
    move_lag,
    move_noise,
    move_ridges,
    move_turns,
)
from barlovento.locate.number import move_jump, move_number, move_windows, occupied
from barlovento.locate.trajectory import hamiltonian
from barlovento.locate.unknowns import DIR_SD, GAIN_SD, SENSOR_SD


@njit(cache=True, nogil=True, error_model="numpy")
def sweeps(p, st, rng, count, beta, adapt, thin, out, nuisance, kept):  # type: ignore[no-untyped-def]
    """Run ``count`` sweeps of all moves; store every ``thin``-th state from row ``kept`` on.

    ``out`` has shape (draws, J, 7): on, x, y, z, ln rate, start, end; ``nuisance`` shape
    (draws, columns): globals, hyper-parameters, lag, log likelihood. Returns the next row.

    Parameters
    ----------
    p, st, rng : PackedProblem, PackedState, Generator
        The arrays, the chain and its randomness.
    count : int
        Number of sweeps.
    beta : float
        Power of the likelihood [1].
    adapt : float
        How fast steps adapt; zero leaves them [1].
    thin : int
        Every how many sweeps a draw is stored; zero for none.
    out, nuisance : ndarray, shape (draws, J, 7) and (draws, columns)
        Filled from row ``kept`` on.
    kept : int
        Rows filled before.

    Returns
    -------
    int
        Rows filled afterwards.
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
