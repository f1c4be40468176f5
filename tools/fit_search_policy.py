"""Make the tables that `barlovento bench search --policy barlovento` searches by.

    python tools/fit_search_policy.py windy-medium --state windy-medium.pkl --out windy-medium.npz

Policy gradients: search with moves drawn at random, the better ones more often; see how each move
turned out beside what was expected; make the better ones likelier; repeat. It starts as space-aware
infotaxis. What was expected comes from a second network, the critic, which is fitted to the times
that were left; since the law of hits is known, its expectation over hits is used instead of the hit
that came, so that an advantage has the right mean and little scatter. With --state the work can
stop and go on.

References: Schulman, J. et al. (2017), arXiv:1707.06347, for the clipped objective.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.search.cases import NAMES, Case, case
from barlovento.search.episodes import drawn
from barlovento.search.grid import MOVES, begin, moved, multiply
from barlovento.search.policies import ROUNDING
from barlovento.search.value import (
    FOUND,
    INPUTS,
    RARE,
    TOTAL,
    Value,
    blank,
    correction,
    fresh_memory,
    heuristic_time,
    judge,
    remember,
    room_for,
    save,
)

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

WIDTHS = (24, 12)
LARGEST = 3.0
"""The critic corrects the heuristic time by no more than this [ln]."""
ENOUGH = 1e-3
"""A search is left when the source is unfound with this probability; the critic says the rest."""
LATE = 0.03
"""Steps are kept as often as the source is unfound, but at least so often [1]."""
ROUNDS = 6
"""The critic is fitted to the steps of so many rounds."""
SMALL = 3.0
"""Its errors count by what they are over the heuristic time plus this [steps]."""
CLIP = 0.2
"""A move is made likelier by no more than this share in a round [1]."""
WILD = 6.0
"""Advantages count no more than so many standard deviations."""
BATCH, CRITIC_BATCH = 2048, 1024


class Record(NamedTuple):
    """What is kept of each step, one row each.

    ``inputs``, ``shares``, ``base``, ``turns``: as of :class:`barlovento.search.value.Room`.
    ``move``: taken. ``log``: logarithm of its probability. ``weight``: chance that the source was
    unfound. ``gain``: time beyond what was expected [steps]. ``left``: time that was left after the
    step [steps]. ``met``: bin of hits.
    """

    inputs: Doubles
    shares: Doubles
    base: Doubles
    turns: Integers
    move: Integers
    log: Doubles
    weight: Doubles
    gain: Doubles
    left: Doubles
    met: Integers


def record_for(most: int, bins: int) -> Record:
    """Return space for so many steps."""
    doubles = (np.empty(most) for _ in range(4))
    log, weight, gain, left = doubles
    return Record(
        np.empty((most, MOVES, bins, INPUTS)), np.empty((most, MOVES, bins)),
        np.empty((most, MOVES)), np.empty((most, MOVES), np.int64), np.empty(most, np.int64),
        log, weight, gain, left, np.empty(most, np.int64),
    )  # fmt: skip


@njit(cache=True)
def critic_time(row, inputs, critic, room):  # type: ignore[no-untyped-def]
    """Return the time left that the critic expects [steps]."""
    guess = heuristic_time(row)
    if row[TOTAL] > RARE:
        out = correction(inputs, critic, room.one, room.two)
        guess *= np.exp(min(max(out, -LARGEST), LARGEST))
    return guess


@njit(cache=True)
def _softmax(scores, sharpness, rng, chances):  # type: ignore[no-untyped-def]
    """Draw a move, the smaller its score the likelier; fill the chances."""
    best = scores.min()
    for move in range(MOVES):
        chances[move] = np.exp(-sharpness * (scores[move] - best))
    chances /= chances.sum()
    return drawn(chances, rng)


@njit(cache=True)
def play(shape, start, hits, first, value, critic, sharpness, rng, enough, kept):  # type: ignore[no-untyped-def]
    """Search once; return steps, the search time, and its low-variance estimate [steps]."""
    nx, ny = shape
    x, y = start
    belief = begin(nx, ny, x, y, drawn(first, rng), hits)
    memory, room, chances = fresh_memory(), room_for(value, first.size), np.empty(MOVES)
    most = kept.move.size
    expected, onward, said = np.zeros(most), np.zeros(most), np.zeros(most)
    alive, time, steps = 1.0, 0.0, 0
    while alive >= enough and steps < most:
        time += alive
        judge(belief, x, y, hits, value, memory, room)
        move = _softmax(room.scores, sharpness, rng, chances)
        kept.inputs[steps], kept.shares[steps] = room.inputs, room.shares
        kept.base[steps], kept.turns[steps] = room.base, room.turns
        for k in range(MOVES):
            if room.scores[k] == np.inf:
                kept.turns[steps, k] = FOUND
        kept.move[steps], kept.weight[steps] = move, alive
        kept.log[steps] = np.log(chances[move])
        rows, wait = room.sums[move], 1.0
        for hit in range(first.size):
            if rows[hit, TOTAL] > ROUNDING:
                wait += rows[hit, TOTAL] * critic_time(
                    rows[hit], room.inputs[move, hit], critic, room
                )
        weights = np.maximum(rows[:, TOTAL], 0.0)
        expected[steps], onward[steps] = wait, weights.sum()
        if onward[steps] <= ROUNDING:
            alive, onward[steps] = 0.0, 0.0
            kept.met[steps] = 0
            steps += 1
            break
        hit = drawn(weights, rng)
        said[steps] = critic_time(rows[hit], room.inputs[move, hit], critic, room)
        kept.met[steps] = hit
        alive *= onward[steps]
        x, y = moved(x, y, move)
        multiply(belief, x, y, hit, hits)
        remember(memory, move, hit)
        steps += 1
    time += alive * said[steps - 1]
    # From the last step back: what came beyond the critic's expectation, hits averaged over.
    later = 0.0
    for t in range(steps - 1, -1, -1):
        kept.left[t] = said[t] + later
        later = expected[t] + onward[t] * later - (said[t - 1] if t > 0 else expected[0])
        kept.gain[t] = later
    return steps, time, expected[0] + later


class Network:
    """Two hidden layers and Adam; inputs are standardised inside."""

    def __init__(self, rng: np.random.Generator, extras: int = 0) -> None:
        one, two = WIDTHS

        def draw(*shape: int) -> Floats:
            return (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)

        self.parts: list[Floats] = [
            draw(INPUTS, one), np.zeros(one, np.float32), draw(one, two),
            np.zeros(two, np.float32), np.zeros(two, np.float32), np.zeros(1, np.float32),
            np.zeros(extras, np.float32),
        ]  # fmt: skip
        self.mean = np.zeros(INPUTS, np.float32)
        self.spread = np.ones(INPUTS, np.float32)
        self.first = [np.zeros_like(part) for part in self.parts]
        self.second = [np.zeros_like(part) for part in self.parts]
        self.steps = 0

    def forward(self, inputs: Floats) -> tuple[Floats, list[Floats]]:
        """Return what the network says to each row, and what the gradient needs."""
        w1, b1, w2, b2, w3, b3, _ = self.parts
        x = (inputs - self.mean) / self.spread
        a1 = x @ w1 + b1
        r1 = np.sqrt(a1 * a1 + 1.0)
        h1 = 0.5 * (a1 + r1)
        a2 = h1 @ w2 + b2
        r2 = np.sqrt(a2 * a2 + 1.0)
        h2 = 0.5 * (a2 + r2)
        return h2 @ w3 + b3[0], [x, a1, r1, h1, a2, r2, h2]

    def step(
        self, d_out: Floats, cache: list[Floats], rate: float, extras: Sequence[float] = ()
    ) -> None:
        """Take one step of Adam, given the gradient by what the network said."""
        x, a1, r1, h1, a2, r2, h2 = cache
        w2, w3 = self.parts[2], self.parts[4]
        d_two = d_out[:, None] * w3 * (0.5 + 0.5 * a2 / r2)
        d_one = (d_two @ w2.T) * (0.5 + 0.5 * a1 / r1)
        gradients = [
            x.T @ d_one, d_one.sum(0), h1.T @ d_two, d_two.sum(0), h2.T @ d_out,
            np.array([d_out.sum()]), np.array(extras, np.float32),
        ]  # fmt: skip
        self.steps += 1
        lift1, lift2 = 1.0 - 0.9**self.steps, 1.0 - 0.999**self.steps
        for part, m, v, g in zip(self.parts, self.first, self.second, gradients, strict=True):
            m[...] += 0.1 * (g - m)
            v[...] += 0.001 * (g * g - v)
            part[...] -= rate * (m / lift1) / (np.sqrt(v / lift2) + 1e-8)

    def value(self, like: Value) -> Value:
        """Return the network as kernels take it, for inputs as they come."""
        w1, b1, *rest, extras = self.parts
        scaled = w1 / self.spread[:, None]
        weights = [scaled, b1 - self.mean @ scaled, *rest, extras if extras.size else like.extras]
        return Value(
            like.tables, like.wind, *(np.ascontiguousarray(w, dtype=np.float32) for w in weights)
        )


class Steps(NamedTuple):
    """Kept steps of a round, for the actor and for the critic."""

    record: Record
    inputs: Floats
    ratio: Floats


@dataclass
class Fitting:
    """A case, the network that chooses, the critic, and the steps of the last rounds."""

    case: Case
    rng: np.random.Generator
    sharpness: float
    most: int
    actor: Network = field(init=False)
    critic: Network = field(init=False)
    past: list[Steps] = field(default_factory=list)
    done: int = 0

    def __post_init__(self) -> None:
        self.actor, self.critic = Network(self.rng, extras=4), Network(self.rng)
        self.blank = blank(self.case)

    def search(self, count: int) -> str:
        """Search so many times, keep steps, and tell the mean time of the policy."""
        which, value, critic = (
            self.case,
            self.actor.value(self.blank),
            self.critic.value(self.blank),
        )
        room = record_for(self.most, len(which.first))
        kept, means = [], []
        for _ in range(count):
            steps, _, mean = play(
                which.shape, which.start, which.hits, which.first, value, critic, self.sharpness,
                self.rng, ENOUGH, room,
            )  # fmt: skip
            means.append(mean)
            often = np.maximum(room.weight[:steps], LATE)
            rows = np.flatnonzero(self.rng.random(steps) < often)
            part = Record(*(column[rows].copy() for column in room))
            kept.append(part._replace(weight=part.weight / often[rows]))
        columns = (np.concatenate(column) for column in zip(*kept, strict=True))
        record = Record(*columns)
        rows = np.arange(len(record.move))
        inputs = record.inputs[rows, record.move, record.met].astype(np.float32)
        asked = record.shares[rows, record.move, record.met] > 0.0
        ratio = (record.left / np.exp(inputs[:, 0]))[asked].astype(np.float32)
        self.past = [*self.past, Steps(record, inputs[asked], np.clip(ratio, 0.02, 50.0))][-ROUNDS:]
        if self.done == 0:
            for network in (self.actor, self.critic):
                network.mean[:] = inputs[asked].mean(0)
                network.spread[:] = np.maximum(inputs[asked].std(0), 0.05)
        spread = np.std(means) / np.sqrt(count)
        return f"mean time {np.mean(means):.2f} +- {spread:.2f}, {len(rows)} steps kept"

    def fit_critic(self, batches: int) -> str:
        """Fit the critic to the kept steps."""
        x = np.concatenate([one.inputs for one in self.past])
        ratio = np.concatenate([one.ratio for one in self.past])
        # The first input is the logarithm of the heuristic time.
        guess = np.exp(x[:, 0])
        weight = (guess / (guess + SMALL)) ** 2
        error = 0.0
        for _ in range(batches):
            rows = self.rng.integers(len(x), size=CRITIC_BATCH)
            out, cache = self.critic.forward(x[rows])
            said = np.exp(np.clip(out, -LARGEST, LARGEST))
            off = said - ratio[rows]
            error = float((weight[rows] * off**2).mean())
            self.critic.step(2.0 * off * weight[rows] * said / CRITIC_BATCH, cache, 2e-3)
        return f"critic's error {error:.4f}"

    def improve(self, passes: int, rate: float) -> str:
        """Make moves that turned out well likelier; tell how much the policy has changed."""
        record = self.past[-1].record
        spread = np.sqrt((record.weight * record.gain**2).sum() / record.weight.sum())
        gains, changes, plain = np.clip(record.gain / spread, -WILD, WILD), [], []
        for _ in range(passes):
            order = self.rng.permutation(len(gains))
            for at in range(0, len(gains) - BATCH // 2, BATCH):
                rows = order[at : at + BATCH]
                change, entropy = self._step(Record(*(c[rows] for c in record)), gains[rows], rate)
                changes.append(change)
                plain.append(entropy)
        return (
            f"gains of {spread:.1f} steps, changed by {np.mean(changes[-5:]):.4f} nat, "
            f"entropy {np.mean(plain):.2f}"
        )

    def _step(self, record: Record, gains: Doubles, rate: float) -> tuple[float, float]:
        asked = record.shares > 0.0
        out, cache = self.actor.forward(record.inputs[asked].astype(np.float32))
        said = np.zeros(record.shares.shape)
        said[asked] = out
        extras, found = self.actor.parts[-1], 1.0 - record.shares.sum(2)
        scores = record.base + (record.shares * said).sum(2) + extras[FOUND] * found
        # Moves off the grid are marked by a turn of FOUND.
        off = record.turns == FOUND
        scores = np.where(off, np.inf, scores + extras[record.turns])
        chances = np.exp(-self.sharpness * (scores - scores.min(1, keepdims=True)))
        chances /= chances.sum(1, keepdims=True)
        rows = np.arange(len(gains))
        log = np.log(np.maximum(chances[rows, record.move], 1e-30))
        ratio = np.exp(log - record.log)
        open_ = np.where(gains > 0.0, ratio > 1.0 - CLIP, ratio < 1.0 + CLIP)
        push = record.weight * gains * ratio * open_ / len(gains)
        taken = np.zeros_like(chances)
        taken[rows, record.move] = 1.0
        by_score = -self.sharpness * push[:, None] * (taken - chances)
        d_extras = [float(by_score[record.turns == turn].sum()) for turn in range(FOUND)]
        d_extras.append(float((by_score * found)[~off].sum()))
        d_out = (by_score[:, :, None] * record.shares)[asked].astype(np.float32)
        self.actor.step(d_out, cache, rate, d_extras)
        total = record.weight.sum()
        plain = -(chances * np.log(np.maximum(chances, 1e-30))).sum(1)
        change = (record.weight * (record.log - log)).sum() / total
        return float(change), float((record.weight * plain).sum() / total)


def opened(options: argparse.Namespace) -> Fitting:
    """Return the fit as it was left, or a new one."""
    if options.state and options.state.exists():
        with options.state.open("rb") as file:
            left: Fitting = pickle.load(file)  # noqa: S301 -- written by this tool
        return left
    fitting = Fitting(
        case(options.case), np.random.default_rng(options.seed), options.sharpness, options.longest
    )
    if options.like:
        with options.like.open("rb") as file:
            other: Fitting = pickle.load(file)  # noqa: S301 -- written by this tool
        fitting.actor, fitting.critic, fitting.done = other.actor, other.critic, 1
    return fitting


def main() -> int:
    """Fit one case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", choices=NAMES)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--searches", type=int, default=400, help="in each round")
    parser.add_argument(
        "--sharpness", type=float, default=400.0, help="how rarely worse moves are taken"
    )
    parser.add_argument("--longest", type=int, default=3000, help="steps of a search")
    parser.add_argument("--passes", type=int, default=6, help="over the steps of a round")
    parser.add_argument("--rate", type=float, default=6e-3, help="of learning, at the start")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="keep the work here, and go on from it")
    parser.add_argument("--like", type=Path, help="start as another case's --state ended")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    fitting = opened(options)
    for number in range(fitting.done, options.rounds):
        begun = time.process_time()
        told = [fitting.search(options.searches), fitting.fit_critic(600 if number < 3 else 200)]
        if number >= 2:
            # Ever slower, so that the last rounds settle.
            rate = options.rate * (1.0 - 0.8 * number / options.rounds)
            told.append(fitting.improve(options.passes, rate))
        fitting.done = number + 1
        took = time.process_time() - begun
        print(f"round {number}: {', '.join(told)}, {took:.0f} s", file=sys.stderr, flush=True)
        save(fitting.actor.value(fitting.blank), options.out)
        if options.state:
            new = options.state.with_suffix(".new")
            new.write_bytes(pickle.dumps(fitting))
            new.replace(options.state)
    return 0


if __name__ == "__main__":
    sys.exit(main())
