"""Several chains on all cores: start, warm-up, births that follow the data, and the draws."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion.plume import N_VIEW
from barlovento.locate.background import move_background
from barlovento.locate.birth_map import GRID, set_birth_map
from barlovento.locate.diagnose import agree
from barlovento.locate.draws import Draws, Look, append, look
from barlovento.locate.gradient import N_WORK
from barlovento.locate.kernels import refresh
from barlovento.locate.packed import pack, pair
from barlovento.locate.precision import learn_precision, prior_precision, set_precision
from barlovento.locate.scatter import Scores
from barlovento.locate.sweep import Record, record, sweeps
from barlovento.locate.unknowns import (
    EPS,
    LASTING,
    SIZE,
    TOGETHER,
    Problem,
    State,
    copied,
    dimension,
)

Floats = NDArray[np.float64]

BETAS = (0.05, 0.2, 0.5, 1.0)
"""Powers of the likelihood while warming up [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to sample.

    Parameters
    ----------
    chains : int
        Number of chains.
    warm_up : int
        Sweeps at each power of the likelihood; at one, six times as many.
    sweeps : int
        Sweeps kept from, per chain.
    most : int
        Sweeps after which chains that don't agree yet are left as they are; at least ``sweeps``.
    thin : int
        Every how many sweeps a draw is kept.
    """

    chains: int = 4
    warm_up: int = 60
    sweeps: int = 1000
    most: int = 0
    thin: int = 1


def start_state(p: Problem) -> State:
    """Return a chain's first state: no source, the priors' middles."""
    n, slots = len(p.y), len(p.log_number) - 1
    n_sensor, blocks, n_glob = len(p.noise_mu), len(p.block_start) - 1, len(p.global_sd)
    turns = len(p.turn_node)
    dim = dimension(slots, n_glob, n_sensor)
    phi = np.zeros(n_glob)
    phi[SIZE - LASTING] = p.size_mu
    puffs = np.maximum(np.diff(p.puff_start, axis=1).max(axis=0), 1)
    nodes = (np.diff(p.node_start) * puffs)[p.block_row]
    rows = slots * int(np.add.reduceat(nodes, p.block_start[:-1]).max())
    state = State(
        on=np.zeros(slots, dtype=np.int64),
        theta=np.zeros((slots, 4)),
        window=np.tile([0.0, 1.0], (slots, 1)),
        phi=phi,
        sensor_gain=np.zeros(n_sensor),
        sensor_turn=np.zeros(n_sensor),
        drift=np.ascontiguousarray(np.repeat(p.background_mu[:, None], p.n_drift, axis=1)),
        common=np.zeros(max(p.n_common, 1)),
        loading=np.ones(n_sensor),
        noise=p.noise_mu.copy(),
        hyper=p.hyper_mu.copy(),
        lag=np.zeros(1, dtype=np.int64),
        towards=np.zeros(n),
        c=np.zeros((slots, n, turns)),
        e=np.zeros((slots, n, turns)),
        near=np.zeros((slots, n), dtype=np.int64),
        b=p.background_mu[p.sensor].astype(float),
        turn_at=np.full(blocks, turns // 2, dtype=np.int64),
        lt=np.zeros((blocks, turns)),
        lb=np.zeros(blocks),
        lp=np.zeros(n),
        grid=np.full(GRID * GRID, 1.0 / GRID**2),
        step=np.array([0.3] * 9 + [0.1] + [0.3] * (1 + slots)),
        precision=np.zeros((dim, dim)),
        scores=np.zeros((int(p.group[-1]) + 1, dim)),
        seen=np.zeros((slots, p.site.shape[1], N_VIEW)),
        work=np.zeros((rows, N_WORK)),
        work_c=np.zeros((rows, turns)),
    )
    refresh(pack(p), pack(state))
    set_precision(p, [state])
    return state


@dataclass(slots=True)
class _Chain:
    """One chain between its stages."""

    problem: Problem
    rng: np.random.Generator
    state: State
    maps: list[Floats]
    planted: bool
    level: float = -math.inf


def warm_up(p: Problem, chain: _Chain, effort: Effort, tell: Callable[[], None]) -> None:
    """Bring one chain to the posterior through powers of the likelihood that rise to one."""
    st, rng = chain.state, chain.rng
    both = pair(p, st)
    for _ in range(20):
        move_background(both, rng, 0.5)
    if chain.planted:
        plant(p, st)
    half = max(effort.warm_up // 2, 1)
    for beta in BETAS[2:] if chain.planted else BETAS:
        chain.maps = [*chain.maps[-2:], set_birth_map(p, st, [])]
        for _ in range(2):
            st.grid[:] = sum(chain.maps) / len(chain.maps)
            last = record(st, half)
            sweeps(p, st, rng, half, beta=beta, adapt=0.15, into=last)
            set_precision(p, [st], curved=beta == 1.0)
            try_anew(st)
            tell()
    chain.level = float(last.nuisance[:, -1].mean())


def plant(p: Problem, st: State) -> None:
    """Start a chain with one source where it explains most.

    From an empty start the background and the noise may swallow a plume before a source is
    born; a source that is not there dies within a few sweeps.
    """
    density = set_birth_map(p, st, [])
    cell = int(np.argmax(density))
    share = np.array([(cell % GRID + 0.5) / GRID, (cell // GRID + 0.5) / GRID, 0.5])
    st.on[0] = 1
    st.theta[0, :3] = np.log(share / (1.0 - share))
    rates = p.rate_mu + p.rate_sd * np.linspace(-2.5, 2.5, 21)
    score = []
    for rate in rates:
        st.theta[0, 3] = rate
        score.append(refresh(pack(p), pack(st)))
    st.theta[0, 3] = rates[int(np.argmax(score))]
    refresh(pack(p), pack(st))
    set_precision(p, [st])


def try_anew(st: State) -> None:
    """Set the Hamiltonian steps to what a new preconditioner is tried with."""
    st.step[EPS] = FRESH
    st.step[TOGETHER:] = FRESH


def settle(p: Problem, chain: _Chain, effort: Effort, tell: Callable[[], None]) -> None:
    """Take the curvature at a few states of the posterior, and adapt steps to it."""
    st, rng = chain.state, chain.rng
    chain.maps = [*chain.maps[-2:], set_birth_map(p, st, [])]
    st.grid[:] = sum(chain.maps) / len(chain.maps)
    seen: list[State] = []
    for _ in range(LOOKS):
        seen.append(copied(st))
        set_precision(p, [*seen[:-1], st], curved=True)
        try_anew(st)
        sweeps(p, st, rng, effort.warm_up // 2, adapt=0.1)
        tell()


def listen(p: Problem, chain: _Chain, count: int, tell: Callable[[], None]) -> Record:
    """Run some sweeps while steps adapt, and return where they went."""
    told = record(chain.state, count)
    sweeps(p, chain.state, chain.rng, count, adapt=0.1, into=told)
    tell()
    return told


def align(chains: list[_Chain]) -> None:
    """Put the slots of all chains in one order, by the sources' places in the likeliest chain."""
    from scipy.optimize import linear_sum_assignment

    best = max(chains, key=lambda c: c.level).state
    for chain in chains:
        st = chain.state
        far = np.hypot(*(st.theta[:, None, :2] - best.theta[None, :, :2]).transpose(2, 0, 1))
        far = far + 1e3 * (st.on[:, None] != best.on[None])
        rows, cols = linear_sum_assignment(far)
        order = rows[np.argsort(cols)]
        for array in (st.on, st.theta, st.window, st.c, st.e, st.near, st.seen):
            array[...] = array[order]


def catch_up(chains: list[_Chain]) -> list[int]:
    """Let chains that lag far behind start again from the best; return those that don't."""
    best = max(chains, key=lambda c: c.level)
    kept = [k for k, chain in enumerate(chains) if chain.level >= best.level - BEHIND]
    for k, chain in enumerate(chains):
        if k not in kept:
            for mine, its in zip(chain.state, best.state, strict=True):
                mine[...] = its
            chain.maps = list(best.maps)
    return kept


def sample(
    p: Problem, chain: _Chain, effort: Effort, tell: Callable[[], None]
) -> tuple[Record, list[Look]]:
    """Return the chain's draws, and snapshots of background, plume and scores."""
    st = chain.state
    out = record(st, effort.sweeps // effort.thin)
    looks: list[Look] = []
    for _ in range(10):
        sweeps(p, st, chain.rng, effort.sweeps // 10, thin=effort.thin, into=out)
        looks.append(look(p, st))
        tell()
    return out, looks


FRESH = 0.4
"""Hamiltonian step that a new preconditioner is tried with; it shrinks faster than it grows [1]."""

LOOKS = 2
"""States from which the preconditioner that is kept is made [1]."""

BEHIND = 15.0
"""A chain whose log posterior lags the best by more starts again from the best [1]."""


def run_chains(p: Problem, seed: int, effort: Effort, tell: Callable[[float], None]) -> Draws:
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
    # Chains that shared the arrays would wait for each other's reference counts.
    own = [copied(p) for _ in seeds]
    chains = [
        _Chain(
            problem=q,
            rng=np.random.Generator(np.random.PCG64(s)),
            state=start_state(p),
            maps=[],
            planted=k % 2 == 0,
        )
        for k, (s, q) in enumerate(zip(seeds, own, strict=True))
    ]
    before = effort.warm_up * (len(BETAS) + LOOKS / 2 + 4)
    total = effort.chains * (before + max(effort.most, effort.sweeps))
    done = [0]

    def step(size: int) -> Callable[[], None]:
        def add() -> None:
            done[0] += size
            tell(min(done[0] / total, 1.0))

        return add

    with ThreadPoolExecutor(min(effort.chains, os.cpu_count() or 1)) as pool:
        list(pool.map(lambda c: warm_up(c.problem, c, effort, step(effort.warm_up // 2)), chains))
        catch_up(chains)
        align(chains)
        list(pool.map(lambda c: settle(c.problem, c, effort, step(effort.warm_up // 2)), chains))
        for times in (1, 2):
            many = times * effort.warm_up
            heard = partial(listen, count=many, tell=step(many))
            told = list(pool.map(lambda c, f=heard: f(c.problem, c), chains))
            learn_precision(
                [c.state for c in chains],
                [t.moved for t in told],
                [t.sources[..., 0] for t in told],
            )
        # The steps settle on the last preconditioner, and stay as they are while sampling.
        list(pool.map(lambda c: listen(c.problem, c, effort.warm_up, step(effort.warm_up)), chains))
        tell_draws = step(effort.sweeps // 10)
        draws = _draw(pool, chains, effort, tell_draws)
        done_with = effort.sweeps
        while done_with + effort.sweeps <= effort.most and not agree(draws.sources, draws.nuisance):
            if done_with == effort.sweeps:
                # The first draws have shown better than the warm-up how wide everything is, and
                # who is behind. They serve to move faster from here on, and count no more.
                for chain, rows in zip(chains, draws.nuisance, strict=True):
                    chain.level = float(rows[:, -1].mean())
                kept = catch_up(chains)
                learn_precision(
                    [c.state for c in chains],
                    [draws.moved[k] for k in kept],
                    [draws.sources[k, ..., 0] for k in kept],
                )
                list(pool.map(lambda c: listen(c.problem, c, effort.warm_up, _still), chains))
                draws = _draw(pool, chains, effort, tell_draws)
            else:
                draws = append(draws, _draw(pool, chains, effort, tell_draws))
            done_with += effort.sweeps
    return draws


def _still() -> None:
    """Tell nothing."""


def _draw(
    pool: ThreadPoolExecutor, chains: list[_Chain], effort: Effort, tell: Callable[[], None]
) -> Draws:
    """Sample all chains once."""
    parts = list(pool.map(lambda c: sample(c.problem, c, effort, tell), chains))
    looks = [look for part in parts for look in part[1]]
    return Draws(
        sources=np.array([part[0].sources[: part[0].kept] for part in parts]),
        nuisance=np.array([part[0].nuisance[: part[0].kept] for part in parts]),
        moved=np.array([part[0].moved[: part[0].kept] for part in parts]),
        states=[c.state for c in chains],
        background=np.array([look.background for look in looks]),
        plume=np.array([look.plume for look in looks]),
        scores=Scores(
            values=np.array([look.scores for look in looks]),
            held=np.array([look.held for look in looks]),
            prior=prior_precision(chains[0].problem, chains[0].state),
        ),
    )
