"""One sweep after another over all moves; each leaves the posterior unchanged.

Sources, global and lasting errors move together by Hamiltonian steps, and sources are born, die
and jump by reversible-jump steps, all with the turns of the wind summed over. Then turns are drawn,
and given them the background exactly and noise and hyper-parameters by random walk. ``beta`` is the
power of the likelihood, below one only while warming up.

Moves are plain Python about compiled kernels: a kernel that held a move would compile once more
all that the move calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.locate.background import move_background
from barlovento.locate.kernels import (
    likelihood_at,
    log_prior_globals,
    log_prior_lasting,
    log_prior_source,
)
from barlovento.locate.local import draw_turns, move_hyper, move_lag, move_noise
from barlovento.locate.number import move_jump, move_number, move_places, move_windows
from barlovento.locate.packed import pair
from barlovento.locate.trajectory import PLAIN, hamiltonian, read
from barlovento.locate.unknowns import DIR_SD, SENSOR_SD, TURN_SD, Problem, State

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Record:
    """Draws of one chain.

    Parameters
    ----------
    sources : ndarray, shape (draws, J, 7)
        On, x, y, z [m], ln rate, start and end [span].
    nuisance : ndarray, shape (draws, columns)
        Globals, hyper-parameters, lag, log likelihood, and log posterior.
    moved : ndarray, shape (draws, D)
        What Hamiltonian moves change.
    kept : int
        Rows filled.
    """

    sources: Floats
    nuisance: Floats
    moved: Floats
    kept: int = 0


def record(st: State, count: int) -> Record:
    """Return an empty record for ``count`` draws of a chain."""
    return Record(
        sources=np.zeros((count, len(st.on), 7)),
        nuisance=np.zeros((count, len(st.phi) + len(st.hyper) + 3)),
        moved=np.zeros((count, len(st.precision))),
    )


def sweeps(
    p: Problem,
    st: State,
    rng: np.random.Generator,
    count: int,
    *,
    beta: float = 1.0,
    adapt: float = 0.0,
    thin: int = 1,
    into: Record | None = None,
) -> None:
    """Run ``count`` sweeps of all moves; keep every ``thin``-th state where a record is given.

    Parameters
    ----------
    p, st, rng : Problem, State, Generator
        The arrays, the chain and its randomness.
    count : int
        Number of sweeps.
    beta : float
        Power of the likelihood [1].
    adapt : float
        How fast steps adapt; zero leaves them [1].
    thin : int
        Every how many sweeps a draw is kept.
    into : Record, optional
        Filled on from its last row.
    """
    both = pair(p, st)
    for it in range(count):
        hamiltonian(both, rng, beta, adapt)
        move_number(both, rng, beta)
        move_number(both, rng, beta)
        if it % 4 == 0:
            move_jump(both, rng, beta)
        move_places(both, rng, beta)
        if p.window == 1 and it % 3 == 0:
            move_windows(both, rng, beta)
        if len(p.angle) > 1:
            move_lag(both, rng, beta)
        total = float(st.lb.sum())
        draw_turns(both, rng)
        move_background(both, rng, beta)
        likelihood_at(*both.args, st.lp)
        move_noise(both, rng, beta, adapt)
        move_hyper(both, rng, beta, adapt)
        if into is not None and it % thin == thin - 1:
            _keep(p, st, into, total, total + log_prior(p, st, both.args))
            read(st, into.moved[into.kept])
            into.kept += 1


def _keep(p: Problem, st: State, into: Record, total: float, posterior: float) -> None:
    """Write the chain's state into the next row."""
    row = into.sources[into.kept]
    row[:, 0] = st.on
    row[:, 1:4] = p.low + (p.high - p.low) / (1.0 + np.exp(-st.theta[:, :3]))
    row[:, 4] = st.theta[:, 3]
    row[:, 5:7] = st.window
    into.nuisance[into.kept] = np.concatenate(
        [st.phi, st.hyper, [float(st.lag[0]), total, posterior]]
    )


def log_prior(p: Problem, st: State, args: tuple[Any, Any]) -> float:
    """Return the log prior of sources, global and lasting errors and hyper-parameters."""
    scratch = np.zeros(len(st.precision))
    lp = log_prior_globals(args[0], st.phi, scratch, PLAIN)
    lp += log_prior_lasting(*args, scratch, PLAIN)
    lp -= p.use_gain.sum() * (st.hyper[SENSOR_SD] + st.hyper[TURN_SD])
    free = p.hyper_sd > 0.0
    free[[DIR_SD, SENSOR_SD, TURN_SD]] = False
    lp -= 0.5 * (((st.hyper - p.hyper_mu)[free] / p.hyper_sd[free]) ** 2).sum()
    for j in np.flatnonzero(st.on == 1):
        lp += log_prior_source(args[0], st.theta[j])
    return float(lp)
