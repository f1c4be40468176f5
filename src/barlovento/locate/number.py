"""Births, deaths and jumps of sources, and the times at which they start and stop.

Reversible-jump steps (Green 1995, Biometrika 82, 711, eq. 7). A birth is drawn where the readings
leave something unexplained and with a rate that would explain it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.locate.kernels import gains, likelihood, log_prior_source, reading, variances
from barlovento.locate.local import taken
from barlovento.locate.packed import Pair
from barlovento.locate.plumes import fill_source, look, one_reading, plume_at
from barlovento.locate.unknowns import LASTING, Problem, State

Floats = NDArray[np.float64]

BY_GRID = 0.66
"""Share of births that are drawn from the birth map; the others lie anywhere [1]."""

BY_GUESS = 0.6
"""Share of births whose rate is drawn near the one that explains most [1]."""

NEAR_GUESS = 0.6
"""sd of ln rate about that guess [1]."""

NO_GUESS = -90.0
"""Below this there is no rate that explains anything [1]."""

STEPS = (math.log(0.01), math.log(1.0))
"""Smallest and largest size of a step of a source's place, in logits of the box [ln 1]."""

ROOT_TWO_PI = math.sqrt(2.0 * math.pi)


class Trial:
    """The likelihood of a proposal beside that of the chain, until it is taken or left.

    Parameters
    ----------
    both : Pair
        The arrays and the chain.
    """

    def __init__(self, both: Pair) -> None:
        self.both = both
        self.lt, self.lb = np.empty_like(both.st.lt), np.empty_like(both.st.lb)

    def gained(self) -> float:
        """Return how much log likelihood the chain's sources gain over ``st.lb``."""
        st = self.both.st
        total = likelihood(*self.both.args, st.c, st.e, st.near, st.on, self.lt, self.lb)
        return float(total - st.lb.sum())

    def take(self) -> None:
        """Make the proposal's likelihood the chain's."""
        self.both.st.lb[:] = self.lb


def move_number(both: Pair, rng: np.random.Generator, beta: float) -> int:
    """Try a birth or a death; return 1 for a birth taken, -1 for a death taken.

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
    count = int(st.on.sum())
    trial = Trial(both)
    if rng.random() < 0.5:
        if count == len(st.on):
            return 0
        j = _pick(st, rng, 0)
        ratio = propose_source(both, rng, j)
        st.on[j] = 1
        prior = p.log_number[count + 1] - p.log_number[count]
        if taken(rng, beta * trial.gained() + prior - ratio):
            trial.take()
            return 1
        st.on[j] = 0
        return 0
    if count == 0:
        return 0
    j = _pick(st, rng, 1)
    st.on[j] = 0
    ratio = proposal_ratio(p, st, st.theta[j], _unit_guess(both, j))
    prior = p.log_number[count - 1] - p.log_number[count]
    if taken(rng, beta * trial.gained() + prior + ratio):
        trial.take()
        return -1
    st.on[j] = 1
    return 0


def move_jump(both: Pair, rng: np.random.Generator, beta: float) -> None:
    """Let one source jump to a place drawn as a birth would be.

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
    if not st.on.any():
        return
    trial = Trial(both)
    j = _pick(st, rng, 1)
    st.on[j] = 0
    back = proposal_ratio(p, st, st.theta[j], _unit_guess(both, j))
    kept = _keep(st, j)
    ratio = propose_source(both, rng, j)
    st.on[j] = 1
    if taken(rng, beta * trial.gained() - ratio + back):
        trial.take()
    else:
        _put_back(kept)


def _pick(st: State, rng: np.random.Generator, held: int) -> int:
    """Return one of the slots that hold a source, or of those that don't."""
    slots = [j for j, on in enumerate(st.on.tolist()) if on == held]
    return slots[int(rng.random() * len(slots))]


def _keep(st: State, j: int) -> list[tuple[Floats, Floats]]:
    """Return views of slot j with copies of what they hold."""
    views = (st.theta[j], st.window[j], st.c[j], st.e[j], st.near[j])
    return [(view, view.copy()) for view in views]


def _put_back(kept: list[tuple[Floats, Floats]]) -> None:
    """Undo what was done to a slot since it was kept."""
    for view, before in kept:
        view[...] = before


def propose_source(both: Pair, rng: np.random.Generator, j: int) -> float:
    """Fill slot j with a new source and its contributions; return ln proposal over prior."""
    p, st = both.p, both.st
    side = math.isqrt(len(st.grid))
    u, v, w = rng.random(3)
    if rng.random() < BY_GRID:
        total = st.grid.cumsum()
        k = min(int(np.searchsorted(total, rng.random() * total[-1])), len(total) - 1)
        u, v = (k % side + u) / side, (k // side + v) / side
    share = np.clip([u, v, w], 1e-9, 1.0 - 1e-9)
    st.theta[j, :3] = np.log(share / (1.0 - share))
    st.theta[j, 3] = 0.0
    st.window[j] = draw_window(p, rng)
    fill_source(*both.args, j)
    guess = _guess(*both.args, j)
    if guess > NO_GUESS and rng.random() < BY_GUESS:
        rate = guess + NEAR_GUESS * rng.standard_normal()
    else:
        rate = p.rate_mu + p.rate_sd * rng.standard_normal()
    st.theta[j, 3] = rate
    st.c[j] *= math.exp(rate)
    st.e[j] *= math.exp(rate)
    return proposal_ratio(p, st, st.theta[j], guess)


def proposal_ratio(p: Problem, st: State, theta: Floats, guess: float) -> float:
    """Return ln (proposal density / prior density) of a source's place and rate.

    Parameters
    ----------
    p, st : Problem, State
        The arrays and the chain.
    theta : ndarray, shape (4,)
        Logits of the place and ln rate [1], [ln kg s-1].
    guess : float
        Rate that explains most of what the others leave [ln kg s-1].
    """
    side = math.isqrt(len(st.grid))
    a, b = (min(int(side / (1.0 + math.exp(-t))), side - 1) for t in theta[:2].tolist())
    place = 1.0 - BY_GRID + BY_GRID * float(st.grid[b * side + a]) * side * side
    rate = float(theta[3])
    z = (rate - p.rate_mu) / p.rate_sd
    prior = math.exp(-0.5 * z * z) / (p.rate_sd * ROOT_TWO_PI)
    drawn = prior
    if guess > NO_GUESS:
        z = (rate - guess) / NEAR_GUESS
        near = math.exp(-0.5 * z * z) / (NEAR_GUESS * ROOT_TWO_PI)
        drawn = (1.0 - BY_GUESS) * prior + BY_GUESS * near
    return math.log(place) + math.log(drawn + 1e-300) - math.log(prior + 1e-300)


@njit(cache=True, nogil=True, error_model="numpy")
def _guess(p, st, j):  # type: ignore[no-untyped-def]
    """Return the least-squares ln factor on slot j's plume that explains what the rest leaves.

    Plumes count as their means over the turns' prior; the slot must be off.
    """
    gain = np.empty(st.noise.shape[0])
    gains(p, st, gain)
    share = np.exp(p.turn_log_weight)
    sig2s = variances(st)
    num = 0.0
    den = 0.0
    for i in range(p.y.shape[0]):
        if st.near[j, i] == 0:
            continue
        m = 0.0
        c = 0.0
        for t in range(share.shape[0]):
            c += share[t] * st.c[j, i, t]
            for k in range(st.on.shape[0]):
                if st.on[k] == 1:
                    m += share[t] * st.c[k, i, t]
        g = gain[p.sensor[i]]
        c *= g
        r = p.y[i] - st.b[i] - g * m
        if p.censored[i] == 1:
            r = min(r, 0.0)
        w = 1.0 / (sig2s[p.sensor[i]] + 0.25 * r * r)
        num += w * r * c
        den += w * c * c
    if num <= 0.0 or den <= 0.0:
        return -99.0
    return math.log(num / den)


def _unit_guess(both: Pair, j: int) -> float:
    """Return the ln rate that a birth at source j's place would guess, with j taken out."""
    guess = float(_guess(*both.args, j))
    return guess + float(both.st.theta[j, 3]) if guess > NO_GUESS else guess


def draw_window(p: Problem, rng: np.random.Generator) -> tuple[float, float]:
    """Return the time a source is on, drawn from its prior: mostly the whole survey [span]."""
    kind = rng.random()
    if p.window == 0 or kind < 0.7:
        return 0.0, 1.0
    while True:
        a, b = rng.random(2)
        if kind < 0.8:
            b = 1.0
        elif kind < 0.9:
            a = 0.0
        if b > a:
            return float(a), float(b)


def move_places(both: Pair, rng: np.random.Generator, beta: float) -> None:
    """Let each of several sources take a step of any size, drawn anew each time.

    Parameters
    ----------
    both : Pair
        The arrays and the chain.
    rng : Generator
        The chain's randomness.
    beta : float
        Power of the likelihood [1].
    """
    st = both.st
    held = np.flatnonzero(st.on == 1).tolist()
    if len(held) < 2:
        return
    trial = Trial(both)
    for j in held:
        kept = _keep(st, j)
        before = log_prior_source(both.args[0], st.theta[j])
        size = math.exp(rng.uniform(*STEPS))
        st.theta[j] += size * np.array([1.0, 1.0, 1.0, 0.5]) * rng.standard_normal(4)
        fill_source(*both.args, j)
        change = log_prior_source(both.args[0], st.theta[j]) - before
        if taken(rng, beta * trial.gained() + change):
            trial.take()
        else:
            _put_back(kept)


def move_windows(both: Pair, rng: np.random.Generator, beta: float) -> None:
    """Propose another time of start or stop for each source.

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
    trial = Trial(both)
    for j in np.flatnonzero(st.on == 1).tolist():
        start, stop = st.window[j]
        if rng.random() < 0.4:
            # small move of the ends that are free, symmetric
            a = start + 0.03 * rng.standard_normal() if start > 0.0 else start
            b = stop + 0.03 * rng.standard_normal() if stop < 1.0 else stop
            inside = (start <= 0.0 or 0.0 < a < 1.0) and (stop >= 1.0 or 0.0 < b < 1.0)
            if not inside or (start <= 0.0 and stop >= 1.0) or b <= a:
                continue
        else:
            a, b = draw_window(p, rng)
        kept = _keep(st, j)
        st.window[j] = a, b
        fill_source(*both.args, j)
        if taken(rng, beta * trial.gained()):
            trial.take()
        else:
            _put_back(kept)


@njit(cache=True, nogil=True, error_model="numpy")
def gain_map(p, st, grid_x, grid_y, height, rates, out):  # type: ignore[no-untyped-def]
    """Fill the best log-likelihood gain of one more source at each cell, shape (y, x).

    The plume is taken wide (the wind may be off) and the scatter as large as the plume.

    Parameters
    ----------
    p, st : PackedProblem, PackedState
        The arrays and the chain.
    grid_x, grid_y : ndarray, shape (a,) and (b,)
        Cell centres [m].
    height : float
        Of the release [m].
    rates : ndarray, shape (r,)
        To try [kg s-1].
    out : ndarray, shape (b, a)
        Filled with the gain [1].
    """
    wide = np.zeros_like(st.phi)
    surveys = (st.phi.shape[0] - LASTING) // 3
    wide[surveys : 2 * surveys] = 0.35
    wide[2 * surveys : 3 * surveys] = 0.2
    seen = np.empty_like(st.seen[0])
    pos = np.empty(3)
    pos[2] = height
    lag = st.lag[0]
    best = np.empty(rates.shape[0])
    sig2s = variances(st)
    for b in range(grid_y.shape[0]):
        for a in range(grid_x.shape[0]):
            pos[0], pos[1] = grid_x[a], grid_y[b]
            look(p, lag, wide, pos, seen)
            best[:] = 0.0
            for i in range(p.y.shape[0]):
                c, e = one_reading(p, lag, i, height, st.towards[i], 1.0, seen)
                if c <= 0.0:
                    continue
                m, q = plume_at(p, st, i)
                q = m * m + q * q
                sig2 = sig2s[p.sensor[i]]
                base, _, _ = reading(p.y[i], st.b[i], m, sig2 + 0.25 * q, sig2, 0.0, p.censored[i])
                for k in range(rates.shape[0]):
                    add = rates[k] * c
                    if add * add > 1e-4 * sig2:
                        s2 = sig2 + 0.25 * q + 0.36 * rates[k] ** 2 * (c * c + e * e)
                        v, _, _ = reading(p.y[i], st.b[i], m + add, s2, sig2, 0.0, p.censored[i])
                        best[k] += p.weight[i] * (v - base)
            out[b, a] = np.max(best)
