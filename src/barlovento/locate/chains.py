"""Several chains on all cores: start, warm-up, births that follow the data, and the draws."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.locate import kernels, moves
from barlovento.locate.packed import pack

Floats = NDArray[np.float64]

GRID = 32
"""Cells along each side of the birth map [1]."""

BETAS = (0.03, 0.1, 0.3, 0.6, 1.0)
"""Powers of the likelihood while warming up [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to sample.

    Parameters
    ----------
    chains : int
        Number of chains.
    warm_up : int
        Sweeps at each power of the likelihood below one; at one, three times as many.
    sweeps : int
        Sweeps kept from, per chain.
    thin : int
        Every how many sweeps a draw is kept.
    """

    chains: int = 4
    warm_up: int = 60
    sweeps: int = 1000
    thin: int = 1


@dataclass(slots=True)
class Draws:
    """Raw draws of all chains; see ``moves.sweeps`` for the columns."""

    sources: Floats
    nuisance: Floats
    states: list[kernels.State]
    step_accept: float = math.nan


def start_state(p: kernels.Problem) -> kernels.State:
    """Return a chain's first state: no source, the priors' middles."""
    n, slots = len(p.y), len(p.log_number) - 1
    n_sensor, blocks, n_glob = len(p.noise_mu), len(p.block_survey), len(p.global_sd)
    dim = 4 * slots + n_glob
    phi = np.zeros(n_glob)
    phi[-1] = p.size_mu
    drift = np.repeat(p.background_mu[:, None], p.n_drift, axis=1)
    state = kernels.State(
        on=np.zeros(slots, dtype=np.int64),
        theta=np.zeros((slots, 4)),
        window=np.tile([0.0, 1.0], (slots, 1)),
        phi=phi,
        turn=np.zeros(blocks),
        gain=np.zeros(blocks),
        sensor_gain=np.zeros(n_sensor),
        drift=np.ascontiguousarray(drift),
        common=np.zeros(max(p.n_common, 1)),
        noise=p.noise_mu.copy(),
        hyper=p.hyper_mu.copy(),
        lag=np.zeros(1, dtype=np.int64),
        wx=np.zeros(n),
        wy=np.zeros(n),
        c=np.zeros((slots, n)),
        e=np.zeros((slots, n)),
        b=p.background_mu[p.sensor].astype(float),
        lp=np.zeros(n),
        grid=np.full(GRID * GRID, 1.0 / GRID**2),
        step=np.array([0.3] + [0.3] * 7 + [0.1, 0.5, 0.5]),
        turn_step=np.full(blocks, 0.05),
        chol=np.zeros((dim, dim)),
        fisher=np.zeros((dim, dim)),
    )
    moves.refresh(pack(p), pack(state))
    set_precision(p, state)
    return state


def set_precision(p: kernels.Problem, st: kernels.State) -> None:
    """Set the preconditioner to the expected information at the state, plus the prior's."""
    slots, n_glob = len(st.on), len(st.phi)
    dim = 4 * slots + n_glob
    hess = np.zeros((dim, dim))
    grad = np.zeros(dim)
    kernels.gradient(pack(p), pack(st), st.theta, st.phi, 1.0, grad, hess, 1)
    prior = np.concatenate([np.tile([0.3, 0.3, 0.3, 1.0 / p.rate_sd**2], slots), 1 / p.global_sd**2])
    surveys = n_glob // 3 - 1
    prior[4 * slots : 4 * slots + surveys] = 1.0 / math.radians(8.0) ** 2
    # Slots that are empty get the information of a source that is hardly seen.
    for j in range(slots):
        if st.on[j] == 0:
            hess[4 * j : 4 * j + 4] = 0.0
            hess[:, 4 * j : 4 * j + 4] = 0.0
            prior[4 * j : 4 * j + 4] += [1.0, 1.0, 0.0, 0.5]
    st.fisher[:] = hess + np.diag(prior)


def set_birth_map(p: kernels.Problem, st: kernels.State, others: list[Floats]) -> Floats:
    """Return a birth density over cells from what the state leaves unexplained, sum one."""
    n = len(p.y)
    pick = np.arange(n) if n <= 500 else np.linspace(0, n - 1, 500).astype(int)
    small = subset(p, pick)
    sub = st._replace(
        c=np.ascontiguousarray(st.c[:, pick]),
        e=np.ascontiguousarray(st.e[:, pick]),
        b=st.b[pick],
        wx=st.wx[pick],
        wy=st.wy[pick],
    )
    x = p.low[0] + (np.arange(GRID) + 0.5) / GRID * (p.high[0] - p.low[0])
    y = p.low[1] + (np.arange(GRID) + 0.5) / GRID * (p.high[1] - p.low[1])
    out = np.zeros((GRID, GRID))
    rates = np.exp(p.rate_mu + p.rate_sd * np.array([-1.5, -0.75, 0.0, 0.75, 1.5]))
    moves.gain_map(pack(small), pack(sub), x, y, 0.5 * (p.low[2] + p.high[2]), rates, out)
    gain = np.maximum(out - out.max(), -700.0)
    density = np.zeros(GRID * GRID)
    for power in (0.5, 0.1):
        w = np.exp(power * gain).ravel()
        density += w / w.sum()
    return np.asarray(sum([density / density.sum(), *others]) / (1 + len(others)))


def subset(p: kernels.Problem, rows: NDArray[np.int64]) -> kernels.Problem:
    """Return the problem with the readings ``rows`` alone."""
    counts = (p.node_start[1:] - p.node_start[:-1])[rows]
    index = np.concatenate([np.arange(p.node_start[r], p.node_start[r + 1]) for r in rows])
    per_reading = {
        name: np.ascontiguousarray(getattr(p, name)[..., rows])
        for name in (
            "angle speed radial air survey block sensor y censored t0 t1 knot knot_f common common_f"
        ).split()
    }
    return p._replace(
        node_start=np.concatenate([[0], np.cumsum(counts)]),
        node_x=np.ascontiguousarray(p.node_x[:, index]),
        node_y=np.ascontiguousarray(p.node_y[:, index]),
        node_z=p.node_z[index],
        node_w=p.node_w[index],
        **per_reading,
    )


def run_chain(
    p: kernels.Problem,
    seed: np.random.SeedSequence,
    effort: Effort,
    tell: Callable[[float], None],
) -> tuple[Floats, Floats, kernels.State]:
    """Run one chain and return its draws, nuisance draws and last state."""
    rng = np.random.Generator(np.random.PCG64(seed))
    st = start_state(p)
    pp, ps = pack(p), pack(st)
    none, none2 = np.zeros((1, len(st.on), 7)), np.zeros((1, len(st.phi) + 9))
    maps: list[Floats] = []
    total = effort.warm_up * (len(BETAS) - 1) + 3 * effort.warm_up + effort.sweeps
    done = 0
    for _ in range(20):
        moves.move_background(pp, ps, rng, 0.5)
    for beta in BETAS:
        rounds = 3 if beta == 1.0 else 1
        if len(maps) < 3 or beta == 1.0:
            maps = maps[-2:] + [set_birth_map(p, st, [])]
        for _ in range(rounds):
            st.grid[:] = sum(maps) / len(maps)
            moves.sweeps(pp, ps, rng, effort.warm_up, beta, 0.15, 0, none, none2, 0)
            set_precision(p, st)
            st.step[moves.EPS] = max(st.step[moves.EPS], 0.1)
            done += effort.warm_up
            tell(done / total)
        maps = maps[-2:] + [set_birth_map(p, st, [])]
    st.grid[:] = sum(maps) / len(maps)
    moves.sweeps(pp, ps, rng, effort.warm_up, 1.0, 0.08, 0, none, none2, 0)
    keep = effort.sweeps // effort.thin
    out, nuisance = np.zeros((keep, len(st.on), 7)), np.zeros((keep, len(st.phi) + 9))
    kept = 0
    for _ in range(10):
        todo = effort.sweeps // 10
        kept = moves.sweeps(pp, ps, rng, todo, 1.0, 0.0, effort.thin, out, nuisance, kept)
        done += todo
        tell(done / total)
    return out[:kept], nuisance[:kept], st


def run_chains(
    p: kernels.Problem, seed: int, effort: Effort, tell: Callable[[float], None]
) -> Draws:
    """Run all chains on all cores; the same seed gives the same draws.

    Parameters
    ----------
    p : Problem
        The arrays.
    seed : int
        Seed of all randomness.
    effort : Effort
        How long.
    tell : callable
        Called with the share done.

    Returns
    -------
    Draws
        Draws of all chains.
    """
    seeds = np.random.SeedSequence(seed).spawn(effort.chains)
    share = [0.0] * effort.chains

    def one(k: int) -> tuple[Floats, Floats, kernels.State]:
        def note(done: float) -> None:
            share[k] = done
            tell(sum(share) / effort.chains)

        return run_chain(p, seeds[k], effort, note)

    workers = min(effort.chains, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(one, range(effort.chains)))
    return Draws(
        sources=np.array([a for a, _, _ in parts]),
        nuisance=np.array([b for _, b, _ in parts]),
        states=[c for _, _, c in parts],
    )
