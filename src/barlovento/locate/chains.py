"""Several chains on all cores: start, warm-up, births that follow the data, and the draws."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.locate.background import move_background
from barlovento.locate.gradient import gradient
from barlovento.locate.kernels import gains, refresh
from barlovento.locate.number import gain_map
from barlovento.locate.packed import pack
from barlovento.locate.sweep import sweeps
from barlovento.locate.unknowns import DIR_SD, EPS, GAIN_SD, SENSOR_SD, SENSOR_TURN, Problem, State

Floats = NDArray[np.float64]

GRID = 32
"""Cells along each side of the birth map [1]."""

BETAS = (0.03, 0.1, 0.3, 0.6, 1.0)
"""Powers of the likelihood while warming up [1]."""


PER_READING = (
    *("angle", "speed", "radial", "air", "survey", "block", "sensor", "y", "censored", "weight"),
    *("t0", "t1", "knot", "knot_f", "common", "common_f"),
)
"""Members of a problem whose last axis is the readings."""


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
    """Raw draws of all chains; see ``sweep.sweeps`` for the columns."""

    sources: Floats
    nuisance: Floats
    states: list[State]
    background: Floats
    plume: Floats


def start_state(p: Problem) -> State:
    """Return a chain's first state: no source, the priors' middles."""
    n, slots = len(p.y), len(p.log_number) - 1
    n_sensor, blocks, n_glob = len(p.noise_mu), len(p.block_survey), len(p.global_sd)
    dim = 4 * slots + n_glob
    phi = np.zeros(n_glob)
    phi[-2] = p.size_mu
    drift = np.repeat(p.background_mu[:, None], p.n_drift, axis=1)
    state = State(
        on=np.zeros(slots, dtype=np.int64),
        theta=np.zeros((slots, 4)),
        window=np.tile([0.0, 1.0], (slots, 1)),
        phi=phi,
        turn=np.zeros(blocks),
        gain=np.zeros(blocks),
        sensor_gain=np.zeros(n_sensor),
        sensor_turn=np.zeros(n_sensor),
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
        arrow=np.zeros((2 * (blocks + n_sensor), dim)),
        local=np.ones(2 * (blocks + n_sensor)),
        edge=np.zeros((2 * (blocks + n_sensor), dim)),
    )
    refresh(pack(p), pack(state))
    set_precision(p, state)
    return state


def set_precision(p: Problem, st: State) -> None:
    """Set the preconditioner to the expected information at the state, plus the prior's."""
    slots, n_glob = len(st.on), len(st.phi)
    st.fisher[:], st.arrow[:], st.local[:] = 0.0, 0.0, 0.0
    grad, inner = np.zeros(4 * slots + n_glob), np.zeros(len(st.local))
    gradient(pack(p), pack(st), st.theta, st.phi, 1.0, grad, inner, 1)
    prior = np.concatenate(
        [np.tile([0.3, 0.3, 0.3, 1.0 / p.rate_sd**2], slots), 1 / p.global_sd**2]
    )
    surveys = n_glob // 3 - 1
    prior[4 * slots : 4 * slots + surveys] = 1.0 / math.radians(8.0) ** 2
    # Slots that are empty get the information of a source that is hardly seen.
    for j in range(slots):
        if st.on[j] == 0:
            prior[4 * j : 4 * j + 4] += [1.0, 1.0, 0.0, 0.5]
    st.fisher[:] += np.diag(prior)
    spread = np.exp(st.hyper)
    blocks = len(st.turn)
    st.local[:blocks] += 1.25 / spread[DIR_SD] ** 2
    st.local[blocks : 2 * blocks] += 1.0 / spread[GAIN_SD] ** 2
    sensors = 2 * blocks + len(st.noise)
    st.local[2 * blocks : sensors] += 1.0 / spread[SENSOR_SD] ** 2
    st.local[sensors:] += 1.0 / SENSOR_TURN**2
    if p.use_block == 0:
        st.arrow[: 2 * blocks] = 0.0
    # Turn and gain of a block are taken as independent, and sensors as known, or the arrow
    # would take more from the rest than is there.
    st.arrow[:] *= 0.9
    st.arrow[2 * blocks :] = 0.0


def set_birth_map(p: Problem, st: State, others: list[Floats]) -> Floats:
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
    gain_map(pack(small), pack(sub), x, y, 0.5 * (p.low[2] + p.high[2]), rates, out)
    gain = np.maximum(out - out.max(), -700.0)
    density = np.zeros(GRID * GRID)
    for power in (0.5, 0.1):
        w = np.exp(power * gain).ravel()
        density += w / w.sum()
    return np.asarray(sum([density / density.sum(), *others]) / (1 + len(others)))


def subset(p: Problem, rows: NDArray[np.int64]) -> Problem:
    """Return the problem with the readings ``rows`` alone."""
    counts = (p.node_start[1:] - p.node_start[:-1])[rows]
    index = np.concatenate([np.arange(p.node_start[r], p.node_start[r + 1]) for r in rows])
    per_reading: dict[str, Any] = {
        name: np.ascontiguousarray(getattr(p, name)[..., rows]) for name in PER_READING
    }
    return p._replace(
        node_start=np.concatenate([[0], np.cumsum(counts)]),
        node_x=np.ascontiguousarray(p.node_x[:, index]),
        node_y=np.ascontiguousarray(p.node_y[:, index]),
        node_z=p.node_z[index],
        node_w=p.node_w[index],
        node_hx=p.node_hx[index],
        node_hy=p.node_hy[index],
        **per_reading,
    )


@dataclass(slots=True)
class _Chain:
    """One chain between its stages."""

    rng: np.random.Generator
    state: State
    maps: list[Floats]
    planted: bool
    level: float = -math.inf


def warm_up(p: Problem, chain: _Chain, effort: Effort, tell: Callable[[], None]) -> None:
    """Bring one chain to the posterior through powers of the likelihood that rise to one."""
    st, rng = chain.state, chain.rng
    pp, ps = pack(p), pack(st)
    none, none2 = (
        np.zeros((effort.warm_up, len(st.on), 7)),
        np.zeros((effort.warm_up, len(st.phi) + 10)),
    )
    for _ in range(20):
        move_background(pp, ps, rng, 0.5)
    if chain.planted:
        plant(p, st)
    for beta in BETAS[2:] if chain.planted else BETAS:
        chain.maps = [*chain.maps[-2:], set_birth_map(p, st, [])]
        for _ in range(2):
            st.grid[:] = sum(chain.maps) / len(chain.maps)
            sweeps(pp, ps, rng, effort.warm_up, beta, 0.15, 1, none, none2, 0)
            set_precision(p, st)
            st.step[EPS] = max(st.step[EPS], 0.1)
            tell()
    chain.level = float(none2[:, -1].mean())


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
    set_precision(p, st)


def settle(p: Problem, chain: _Chain, effort: Effort, tell: Callable[[], None]) -> None:
    """Adapt births and steps at the posterior, then leave them as they are."""
    st, rng = chain.state, chain.rng
    pp, ps = pack(p), pack(st)
    none, none2 = np.zeros((1, len(st.on), 7)), np.zeros((1, len(st.phi) + 10))
    chain.maps = [*chain.maps[-2:], set_birth_map(p, st, [])]
    st.grid[:] = sum(chain.maps) / len(chain.maps)
    for rate in (0.15, 0.05):
        set_precision(p, st)
        sweeps(pp, ps, rng, effort.warm_up, 1.0, rate, 0, none, none2, 0)
        tell()


def sample(
    p: Problem, chain: _Chain, effort: Effort, tell: Callable[[], None]
) -> tuple[Floats, Floats, list[Floats], list[Floats]]:
    """Return the chain's draws, and snapshots of background and plume at every reading."""
    st = chain.state
    pp, ps = pack(p), pack(st)
    keep = effort.sweeps // effort.thin
    out, nuisance = np.zeros((keep, len(st.on), 7)), np.zeros((keep, len(st.phi) + 10))
    kept = 0
    background: list[Floats] = []
    plume: list[Floats] = []
    for _ in range(10):
        todo = effort.sweeps // 10
        kept = sweeps(pp, ps, chain.rng, todo, 1.0, 0.0, effort.thin, out, nuisance, kept)
        background.append(st.b.copy())
        plume.append(plume_of(p, st))
        tell()
    return out[:kept], nuisance[:kept], background, plume


def plume_of(p: Problem, st: State) -> Floats:
    """Return what all plumes add to each reading, gains included, shape (n,) [ug m-3]."""
    block, sensor = np.empty(len(st.gain)), np.empty(len(st.noise))
    gains(pack(p), pack(st), block, sensor)
    total = (st.c * st.on[:, None]).sum(axis=0)
    return np.asarray(total * block[p.block] * sensor[p.sensor])


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
    chains = [
        _Chain(
            rng=np.random.Generator(np.random.PCG64(s)),
            state=start_state(p),
            maps=[],
            planted=k % 2 == 0,
        )
        for k, s in enumerate(np.random.SeedSequence(seed).spawn(effort.chains))
    ]
    total = effort.chains * (effort.warm_up * (2 * len(BETAS) + 2) + effort.sweeps)
    done = [0]

    def step(size: int) -> Callable[[], None]:
        def add() -> None:
            done[0] += size
            tell(min(done[0] / total, 1.0))

        return add

    with ThreadPoolExecutor(min(effort.chains, os.cpu_count() or 1)) as pool:
        list(pool.map(lambda c: warm_up(p, c, effort, step(effort.warm_up)), chains))
        best = max(chains, key=lambda c: c.level)
        for chain in chains:
            if chain.level < best.level - BEHIND:
                for mine, its in zip(chain.state, best.state, strict=True):
                    mine[...] = its
                chain.maps = list(best.maps)
        list(pool.map(lambda c: settle(p, c, effort, step(effort.warm_up)), chains))
        parts = list(pool.map(lambda c: sample(p, c, effort, step(effort.sweeps // 10)), chains))
    return Draws(
        sources=np.array([part[0] for part in parts]),
        nuisance=np.array([part[1] for part in parts]),
        states=[c.state for c in chains],
        background=np.array([row for part in parts for row in part[2]]),
        plume=np.array([row for part in parts for row in part[3]]),
    )
