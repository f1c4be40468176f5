"""A particle belief about one plume, and a planner of short flights, for `search_stonesoup.py`.

The law of readings is that of Stone Soup's world: a plume of isotropic diffusion in a steady wind
(Vergassola et al. 2007), noise in proportion to the concentration, a threshold, and readings that
are missed. Particles are rejuvenated by Metropolis-Hastings moves against all readings since the
start, so that the belief stays that of the readings.

References: ter Braak, C. J. F. (2006), Statistics and Computing 16, 239-249, for moves by the
difference of two particles; Chopin, N. (2002), Biometrika 89, 539-552, for rejuvenation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

X, Y, Z, RATE, WIND, DIRECTION, DIFFUSIVITY, LIFETIME = range(8)
SIDE, TOP = 50.0, 5.0
NOISE, MISSED, THRESHOLD = 0.5, 0.3, 5e-4
PRIORS = ((WIND, 4.0, 2.0), (DIRECTION, math.pi / 2, math.radians(10.0)),
          (DIFFUSIVITY, 1.0, 0.1), (LIFETIME, 8.0, 1.0))  # fmt: skip
"""Normal priors, cut at zero: which, mean, standard deviation."""
STRIDE = 2.0
"""Length of a move [m]."""
AHEAD = 9
"""Moves of a plan."""
SWEPT = 18
"""Moves of a plan before the first reading."""
SOONER = 0.95
"""A first reading one move later is worth so much less [1]."""
GOAL = 8.5
"""Total variance below which nothing more is to be gained, units mixed."""
LOOKED = (3, 6, 9)
"""Numbers of moves after which a plan is judged."""


def drawn(count: int, rng: np.random.Generator) -> Floats:
    """Return particles from the prior, shape (count, 8)."""
    made = np.empty((count, 8))
    made[:, X], made[:, Y] = rng.uniform(0.0, SIDE, (2, count))
    made[:, Z], made[:, RATE] = rng.uniform(0.0, TOP, count), rng.gamma(2.0, 5.0, count)
    for which, mean, spread in PRIORS:
        made[:, which] = rng.normal(mean, spread, count)
        low = made[:, which] <= 0.0
        while low.any():
            made[low, which] = rng.normal(mean, spread, int(low.sum()))
            low = made[:, which] <= 0.0
    return made


@njit(cache=True)
def log_prior(p):  # type: ignore[no-untyped-def]
    """Return the logarithm of the prior density, but for a constant."""
    if not (0.0 <= p[X] <= SIDE and 0.0 <= p[Y] <= SIDE and 0.0 <= p[Z] <= TOP):
        return -np.inf
    if p[RATE] <= 0.0:
        return -np.inf
    total = math.log(p[RATE]) - p[RATE] / 5.0
    for which, mean, spread in PRIORS:
        if p[which] <= 0.0:
            return -np.inf
        total -= 0.5 * ((p[which] - mean) / spread) ** 2
    return total


@njit(cache=True, fastmath=True)
def concentration(p, x, y):  # type: ignore[no-untyped-def]
    """Return the mean concentration of a plume at (x, y, 0)."""
    dx, dy = x - p[X], y - p[Y]
    far = max(math.sqrt(dx * dx + dy * dy + p[Z] * p[Z]), 0.1)
    wind = p[WIND] / (2.0 * p[DIFFUSIVITY])
    reach = math.sqrt(
        p[DIFFUSIVITY] * p[LIFETIME]
        / (1.0 + p[WIND] * p[WIND] * p[LIFETIME] / (4.0 * p[DIFFUSIVITY]))
    )  # fmt: skip
    lean = -dx * math.cos(p[DIRECTION]) - dy * math.sin(p[DIRECTION])
    return p[RATE] / (4.0 * math.pi * p[DIFFUSIVITY] * far) * math.exp(lean * wind - far / reach)


@njit(cache=True)
def log_missed(c):  # type: ignore[no-untyped-def]
    """Return the logarithm of the chance that nothing is read where the mean is c."""
    if c <= 0.0:
        return 0.0
    below = 0.5 * math.erfc(-(THRESHOLD - c) / (NOISE * c * math.sqrt(2.0)))
    return math.log(MISSED + (1.0 - MISSED) * below)


@njit(cache=True)
def log_likelihood(p, readings, count):  # type: ignore[no-untyped-def]
    """Return the logarithm of the density of the first readings, rows of x, y, value."""
    total = 0.0
    for k in range(count):
        c = concentration(p, readings[k, 0], readings[k, 1])
        if readings[k, 2] <= 0.0:
            total += log_missed(c)
        else:
            if c < 1e-12:
                return -np.inf
            miss = (readings[k, 2] - c) / (NOISE * c)
            total += -0.5 * miss * miss - math.log(NOISE * c)
    return total


@njit(cache=True)
def rejuvenate(particles, readings, count, rounds, rng):  # type: ignore[no-untyped-def]
    """Move equally weighted particles by Metropolis-Hastings; return the share of moves taken."""
    n = particles.shape[0]
    held = np.empty(n)
    for k in range(n):
        held[k] = log_prior(particles[k]) + log_likelihood(particles[k], readings, count)
    spread = np.empty(8)
    for d in range(8):
        spread[d] = particles[:, d].std() * 0.01 + 1e-6
    taken, wish = 0, np.empty(8)
    for _ in range(rounds):
        for k in range(n):
            a, b = rng.integers(0, n), rng.integers(0, n)
            # Long steps lead from one mode to another, short ones settle within one.
            u = rng.random()
            scale = 1.0 if u < 0.1 else (0.6 if u < 0.6 else 0.2)
            for d in range(8):
                wish[d] = particles[k, d] + scale * (particles[a, d] - particles[b, d])
                wish[d] += spread[d] * rng.normal()
            found = log_prior(wish)
            if found > -np.inf:
                found += log_likelihood(wish, readings, count)
            if math.log(rng.random() + 1e-300) < found - held[k]:
                particles[k] = wish
                held[k] = found
                taken += 1
    return taken / (rounds * n)


@njit(cache=True)
def _total_variance(particles, logs, sums):  # type: ignore[no-untyped-def]
    """Return the sum of the variances of all parameters under logarithms of weights."""
    top, total = logs.max(), 0.0
    sums[:] = 0.0
    for k in range(particles.shape[0]):
        weight = math.exp(logs[k] - top)
        total += weight
        for d in range(8):
            sums[0, d] += weight * particles[k, d]
            sums[1, d] += weight * particles[k, d] ** 2
    left = 0.0
    for d in range(8):
        left += max(sums[1, d] / total - (sums[0, d] / total) ** 2, 0.0)
    return left


@njit(cache=True)
def _flight(first, turn, bend, x, y, cells):  # type: ignore[no-untyped-def]
    """Fill the relative cells of a flight that turns after ``bend`` moves; return how many."""
    i, j = 0, 0
    for t in range(cells.shape[0]):
        move = first
        if turn and t >= bend:
            # The two moves across the first.
            move = (2 if first < 2 else 0) + turn - 1
        i += (2 * move - 1) if move < 2 else 0
        j += (2 * move - 5) if move >= 2 else 0
        if not (0.0 <= x + STRIDE * i <= SIDE and 0.0 <= y + STRIDE * j <= SIDE):
            return t
        cells[t, 0], cells[t, 1] = i + cells.shape[0], j + cells.shape[0]
    return cells.shape[0]


@njit(cache=True)
def sweep(particles, x, y, path):  # type: ignore[no-untyped-def]
    """Fill the moves that are likeliest to lead to a first reading soon; return how many.

    Flights go straight or turn once. A first reading after t moves counts :data:`SOONER` to the
    power of t.

    Parameters
    ----------
    particles : ndarray, shape (m, 8)
        Equally weighted.
    path : ndarray, shape (moves, 2)
        Filled with places [m].
    """
    m, ahead = particles.shape[0], path.shape[0]
    width = 2 * ahead + 1
    missed = np.full((width, width, m), -1.0)
    cells, silent = np.empty((ahead, 2), dtype=np.int64), np.empty(m)
    best, length = -np.inf, 0
    for first in range(4):
        for turn in range(3):
            for bend in range(1, ahead if turn else 2):
                steps = _flight(first, turn, bend, x, y, cells)
                if steps == 0 or (turn and steps <= bend):
                    continue
                silent[:] = 1.0
                worth, before = 0.0, 1.0
                for t in range(steps):
                    a, b = cells[t, 0], cells[t, 1]
                    if missed[a, b, 0] < 0.0:
                        at_x, at_y = x + STRIDE * (a - ahead), y + STRIDE * (b - ahead)
                        for k in range(m):
                            missed[a, b, k] = math.exp(
                                log_missed(concentration(particles[k], at_x, at_y))
                            )
                    silent *= missed[a, b]
                    after = silent.mean()
                    worth += SOONER ** (t + 1) * (before - after)
                    before = after
                if worth > best:
                    best, length = worth, steps
                    for t in range(steps):
                        path[t, 0] = x + STRIDE * (cells[t, 0] - ahead)
                        path[t, 1] = y + STRIDE * (cells[t, 1] - ahead)
    return length


class View(NamedTuple):
    """What a plan looks at: particles, and by relative cell what they would read there.

    ``means``, ``missed``, shape (width, width, m): the mean concentration, negative where it is not
    reckoned yet, and the logarithm of the chance that nothing is read. ``order``: the particles
    that readings are drawn for. ``noise``, ``luck``, shape (samples, moves): the same for every
    flight, so that they differ by where they lead only. ``logs``, shape (samples, m): of the
    weights. ``sums``: space.
    """

    particles: Floats
    means: Floats
    missed: Floats
    order: NDArray[np.int64]
    noise: Floats
    luck: Floats
    logs: Floats
    sums: Floats


@njit(cache=True)
def _look(view, a, b, x, y):  # type: ignore[no-untyped-def]
    """Fill what particles would read at (x, y), the relative cell (a, b), if it isn't there."""
    if view.means[a, b, 0] < 0.0:
        for k in range(view.particles.shape[0]):
            view.means[a, b, k] = concentration(view.particles[k], x, y)
            view.missed[a, b, k] = log_missed(view.means[a, b, k])


@njit(cache=True)
def _weigh(view, a, b, t):  # type: ignore[no-untyped-def]
    """Draw what is read at a cell after t moves and weigh the particles by it."""
    logs = view.logs
    for s in range(view.order.size):
        value = view.means[a, b, view.order[s]] * (1.0 + NOISE * view.noise[s, t])
        if value < THRESHOLD or view.luck[s, t] < MISSED:
            logs[s] += view.missed[a, b]
        else:
            for k in range(logs.shape[1]):
                other = view.means[a, b, k] + 1e-12
                miss = (value - other) / (NOISE * other)
                logs[s, k] -= 0.5 * miss * miss + math.log(other)


@njit(cache=True)
def _worth(view, cells, steps, x, y, start):  # type: ignore[no-untyped-def]
    """Return the steepest mean fall of the logarithm of the variance per move of a flight."""
    view.logs[:] = 0.0
    worth = -np.inf
    for t in range(steps):
        a, b = cells[t, 0], cells[t, 1]
        _look(view, a, b, x + STRIDE * (a - AHEAD), y + STRIDE * (b - AHEAD))
        _weigh(view, a, b, t)
        if t + 1 in LOOKED or t + 1 == steps:
            fall = 0.0
            for s in range(view.order.size):
                left = _total_variance(view.particles, view.logs[s], view.sums)
                fall += math.log(start / max(left, GOAL)) / view.order.size
            worth = max(worth, fall / (t + 1))
    return worth


@njit(cache=True)
def plan(particles, x, y, samples, rng, path):  # type: ignore[no-untyped-def]
    """Fill the moves on which the belief is expected to shrink fastest; return how many.

    Flights go straight or turn once. What would be read on each is drawn for some particles; all
    particles are weighed by it, and the total variance that is left is taken.

    Parameters
    ----------
    particles : ndarray, shape (m, 8)
        Equally weighted.
    samples : int
        How many particles readings are drawn for.
    path : ndarray, shape (AHEAD, 2)
        Filled with places [m].
    """
    m, width = particles.shape[0], 2 * AHEAD + 1
    view = View(
        particles,
        np.full((width, width, m), -1.0),
        np.empty((width, width, m)),
        rng.permutation(m)[:samples],
        rng.normal(0.0, 1.0, (samples, AHEAD)),
        rng.random((samples, AHEAD)),
        np.zeros((samples, m)),
        np.empty((2, 8)),
    )
    cells = np.empty((AHEAD, 2), dtype=np.int64)
    start = _total_variance(particles, view.logs[0], view.sums)
    best, length = -np.inf, 0
    for first in range(4):
        for turn in range(3):
            for bend in range(1, AHEAD if turn else 2):
                steps = _flight(first, turn, bend, x, y, cells)
                if steps == 0 or (turn and steps <= bend):
                    continue
                worth = _worth(view, cells, steps, x, y, start)
                if worth > best:
                    best, length = worth, steps
                    for t in range(steps):
                        path[t, 0] = x + STRIDE * (cells[t, 0] - AHEAD)
                        path[t, 1] = y + STRIDE * (cells[t, 1] - AHEAD)
    return length


@dataclass
class Cloud:
    """Particles, their weights and all readings so far."""

    particles: Floats
    rng: np.random.Generator
    logs: Floats = field(init=False)
    readings: Floats = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.logs = np.zeros(len(self.particles))
        self.readings = np.zeros((200, 3))

    def weights(self) -> Floats:
        """Return the weights; they sum to one."""
        raw = np.exp(self.logs - self.logs.max())
        return np.asarray(raw / raw.sum())

    def read(self, x: float, y: float, value: float) -> None:
        """Take one reading in, and rejuvenate when few particles are left that count."""
        self.readings[self.count] = x, y, value
        self.count += 1
        last = self.readings[self.count - 1 : self.count]
        self.logs += [log_likelihood(one, last, 1) for one in self.particles]
        weights = self.weights()
        if 1.0 / (weights**2).sum() < 0.5 * len(weights):
            self.particles = np.ascontiguousarray(self.equal(len(weights)))
            self.logs[:] = 0.0
            rejuvenate(self.particles, self.readings, self.count, 4, self.rng)

    def equal(self, count: int) -> Floats:
        """Return so many equally weighted particles, drawn systematically."""
        weights = self.weights()
        rungs = (np.arange(count) + self.rng.random()) / count
        rows = np.minimum(np.searchsorted(np.cumsum(weights), rungs), len(weights) - 1)
        return np.asarray(self.particles[rows])

    def mean(self) -> Floats:
        """Return the mean of each parameter."""
        return np.asarray(self.weights() @ self.particles)

    def spread(self) -> float:
        """Return the root of the total variance of all eight parameters, units mixed."""
        weights = self.weights()
        mean = weights @ self.particles
        return float(np.sqrt((weights @ (self.particles - mean) ** 2).sum()))
