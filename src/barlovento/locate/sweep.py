"""One sweep after another over all moves; each leaves the posterior unchanged.

Sources, global and lasting errors move together by Hamiltonian steps, and sources are born, die
and jump by reversible-jump steps, all with the turns of the wind summed over. Then turns are drawn,
and given them the background exactly and noise and hyper-parameters by random walk. ``beta`` is the
power of the likelihood, below one only while warming up.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from barlovento.locate.background import move_background
from barlovento.locate.kernels import (
    likelihood_at,
    log_prior_globals,
    log_prior_lasting,
    log_prior_source,
)
from barlovento.locate.local import draw_turns, move_hyper, move_lag, move_noise
from barlovento.locate.number import move_jump, move_number, move_windows
from barlovento.locate.plumes import position
from barlovento.locate.trajectory import hamiltonian
from barlovento.locate.unknowns import DIR_SD, SENSOR_SD, TURN_SD


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
    lp = np.empty(p.y.shape[0])
    pos = np.empty(3)
    n_glob = st.phi.shape[0]
    for it in range(count):
        hamiltonian(p, st, rng, beta, adapt)
        for _ in range(2):
            move_number(p, st, rng, beta)
        if it % 4 == 0:
            move_jump(p, st, rng, beta)
        if p.window == 1 and it % 3 == 0:
            move_windows(p, st, rng, beta)
        move_lag(p, st, rng, beta)
        total = np.sum(st.lb)
        draw_turns(p, st, rng)
        move_background(p, st, rng, beta)
        likelihood_at(p, st, st.lp)
        move_noise(p, st, rng, beta, adapt, lp)
        move_hyper(p, st, rng, beta, adapt, lp)
        if thin > 0 and it % thin == thin - 1:
            for j in range(st.on.shape[0]):
                out[kept, j, 0] = st.on[j]
                position(p, st.theta[j], pos)
                for d in range(3):
                    out[kept, j, 1 + d] = pos[d]
                out[kept, j, 4] = st.theta[j, 3]
                out[kept, j, 5] = st.window[j, 0]
                out[kept, j, 6] = st.window[j, 1]
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
    """Return the log prior of sources, global and lasting errors and hyper-parameters."""
    scratch = np.zeros(st.precision.shape[0])
    lp = log_prior_globals(p, st.phi, scratch, 0) + log_prior_lasting(p, st, scratch, 0)
    lp -= np.sum(p.use_gain) * (st.hyper[SENSOR_SD] + st.hyper[TURN_SD])
    for h in range(st.hyper.shape[0]):
        if h != DIR_SD and p.hyper_sd[h] > 0.0:
            lp -= 0.5 * ((st.hyper[h] - p.hyper_mu[h]) / p.hyper_sd[h]) ** 2
    for j in range(st.on.shape[0]):
        if st.on[j] == 1:
            lp += log_prior_source(p, st.theta[j])
    return lp
