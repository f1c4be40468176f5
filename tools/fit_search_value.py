"""Make the tables that `barlovento bench search --policy barlovento` searches by.

    python tools/fit_search_value.py windy-medium --out windy-medium.npz

Policy iteration: search, take the time that was left at each step as what the network should have
said, fit, and repeat; first with a heuristic, then with the planner and the network as
it is. What was left is summed from one-step expectations and corrected by the surprises that
followed, so that it has the right mean whatever the network says, and little scatter where it says
well. Takes some minutes of one core; the seed decides the result up to rounding.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.search.cases import NAMES, Case, case
from barlovento.search.episodes import POLICIES, drawn
from barlovento.search.grid import MOVES, begin, inside, moved, multiply
from barlovento.search.plan import decide, planner
from barlovento.search.policies import LEARNED, ROUNDING, heuristic
from barlovento.search.value import (
    INPUTS,
    RARE,
    TOTAL,
    Value,
    blank,
    heuristic_time,
    inputs_of,
    look,
    room_for,
    save,
)

Floats = NDArray[np.float32]

WIDTHS = (24, 12)
HEURISTICS = {name: (-kind, 1, 1) for name, kind in POLICIES.items() if kind != LEARNED}
"""In place of a planner's shape: the heuristic's number, negative."""
KEPT = 10
"""Rounds whose steps are fitted together."""
BATCH = 1024
DECAY = 0.01
"""Weights shrink by this times the rate in each step [1]."""
LATE = 0.03
"""Steps are recorded as often as the source is unfound, but at least so often [1]."""
SMALL = 3.0
"""Errors count by what they are over the heuristic time plus this [steps]."""
SLOW = 0.99
"""The weights that search are an average that forgets by this in each step of fitting [1]."""
ENOUGH = 1e-4
"""A search is left when the source is unfound with this probability; the network says the rest."""


@njit(cache=True)
def collect(  # type: ignore[no-untyped-def]
    case_shape, start, hits, first, value, shape, explore, rng, inputs, guesses, times_left
):
    """Search once and record steps; return how many, the time corrected by the network, steps.

    ``shape``: width, depth and steps followed of the planner, or of :data:`HEURISTICS`.
    """
    nx, ny = case_shape
    bins = hits.chance.shape[0]
    hit = drawn(first, rng)
    x, y = start
    belief = begin(nx, ny, x, y, hit, hits)
    room, leaves, spare = room_for(value, bins), np.empty(bins), np.empty((bins, 3))
    planned = planner(nx, ny, bins, value, max(shape[0], 1), shape[1])
    most = inputs.shape[0]
    q, onward, left_said, chance_on = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
    rows = np.full(most, -1)
    steps, count, alive = 0, 0, 1.0
    while alive >= ENOUGH and steps < most:
        if shape[0] > 0:
            move = decide(belief, x, y, hit, hits, value, shape[2], planned)
        else:
            move = heuristic(belief, x, y, hits, -shape[0], spare)
        to_x, to_y = moved(x, y, move)
        q[steps] = look(belief, to_x, to_y, hits, value, room, 0, leaves)
        onward[steps] = 1.0
        if rng.random() < explore:
            # What a random move does is not held against the planner.
            onward[steps] = 0.0
            move = rng.integers(0, MOVES)
            to_x, to_y = moved(x, y, move)
            while not inside(to_x, to_y, belief.chance):
                move = rng.integers(0, MOVES)
                to_x, to_y = moved(x, y, move)
            planned.at[0] = planned.path.size
            time = look(belief, to_x, to_y, hits, value, room, 0, leaves)
            if shape[0] <= 0:
                # The heuristic's time is that with random moves.
                q[steps], onward[steps] = time, 1.0
        x, y = to_x, to_y
        sums = room.sums[0]
        total = sums[:, TOTAL].sum()
        if total <= ROUNDING:
            break
        hit = drawn(np.maximum(sums[:, TOTAL], 0.0), rng)
        chance_on[steps] = total
        left_said[steps] = leaves[hit]
        alive *= total
        steps += 1
        # The belief after this step: what is recorded for it is known one step later.
        if rng.random() < max(alive, LATE) and sums[hit, TOTAL] > RARE:
            inputs_of(sums[hit], value.wind, inputs[count])
            guesses[count] = heuristic_time(sums[hit])
            rows[steps - 1] = count
            count += 1
        multiply(belief, x, y, hit, hits)
    # From the last step back: expected one step ahead, plus the surprise that followed.
    surprise = 0.0
    for t in range(steps - 1, -1, -1):
        # The row of step t holds the belief after it, whose own time stands in step t + 1.
        if rows[t] >= 0:
            times_left[rows[t]] = left_said[t] + surprise
        surprise = q[t] + onward[t] * chance_on[t] * surprise - (left_said[t - 1] if t > 0 else 0.0)
    return count, surprise, steps


class Network:
    """Two hidden layers, fitted by Adam; inputs are standardised inside."""

    def __init__(self, inputs: int, rng: np.random.Generator) -> None:
        one, two = WIDTHS

        def draw(*shape: int) -> Floats:
            return (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)

        self.parts: list[Floats] = [
            draw(inputs, one), np.zeros(one, np.float32), draw(one, two),
            np.zeros(two, np.float32), np.zeros(two, np.float32), np.zeros(1, np.float32),
        ]  # fmt: skip
        self.slow = [part.copy() for part in self.parts]
        self.mean = np.zeros(inputs, np.float32)
        self.spread = np.ones(inputs, np.float32)
        self.first = [np.zeros_like(part) for part in self.parts]
        self.second = [np.zeros_like(part) for part in self.parts]
        self.steps = 0

    def forward(self, x: Floats) -> tuple[Floats, list[Floats]]:
        """Return the logarithm of the correction, and what the gradient needs."""
        w1, b1, w2, b2, w3, b3 = self.parts
        a1 = x @ w1 + b1
        r1 = np.sqrt(a1 * a1 + 1.0)
        h1 = 0.5 * (a1 + r1)
        a2 = h1 @ w2 + b2
        r2 = np.sqrt(a2 * a2 + 1.0)
        h2 = 0.5 * (a2 + r2)
        return np.clip(h2 @ w3 + b3[0], -3.0, 3.0), [x, a1, r1, h1, a2, r2, h2]

    def step(self, x: Floats, ratio: Floats, weight: Floats, rate: float) -> float:
        """Take one step of Adam on the squared error of the ratio; return that error."""
        w2, w3 = self.parts[2], self.parts[4]
        out, (x, a1, r1, h1, a2, r2, h2) = self.forward(x)
        said = np.exp(out)
        error = said - ratio
        d_out = 2.0 * error * weight * said / len(x)
        d_two = d_out[:, None] * w3 * (0.5 + 0.5 * a2 / r2)
        d_one = (d_two @ w2.T) * (0.5 + 0.5 * a1 / r1)
        gradients = [
            x.T @ d_one, d_one.sum(0), h1.T @ d_two, d_two.sum(0), h2.T @ d_out,
            np.array([d_out.sum()]),
        ]  # fmt: skip
        self.steps += 1
        lift1, lift2 = 1.0 - 0.9**self.steps, 1.0 - 0.999**self.steps
        for part, m, v, g in zip(self.parts, self.first, self.second, gradients, strict=True):
            m[...] += 0.1 * (g - m)
            v[...] += 0.001 * (g * g - v)
            part[...] -= rate * ((m / lift1) / (np.sqrt(v / lift2) + 1e-8) + DECAY * part)
        keep = min(SLOW, self.steps / (self.steps + 10.0))
        for slow, part in zip(self.slow, self.parts, strict=True):
            slow[...] += (1.0 - keep) * (part - slow)
        return float((weight * error**2).mean())

    def weights(self) -> list[Floats]:
        """Return the weights, averaged over the last steps, for inputs as they come."""
        w1, b1, *rest = self.slow
        scaled = w1 / self.spread[:, None]
        return [scaled, b1 - self.mean @ scaled, *rest]


class Fitting:
    """A case, its network, and the steps of the last rounds."""

    def __init__(self, which: Case, seed: int) -> None:
        self.case, self.rng = which, np.random.default_rng(seed)
        self.network = Network(INPUTS, self.rng)
        self.blank = blank(which)
        self.rounds: list[tuple[Any, Floats]] = []

    def value(self) -> Value:
        """Return the network as kernels take it."""
        weights = [np.ascontiguousarray(part, dtype=np.float32) for part in self.network.weights()]
        return Value(self.blank.tables, self.blank.wind, *weights)

    def search(self, *, wanted: int, shape: tuple[int, int, int], explore: float) -> str:
        """Search until so many steps are kept, and tell the mean time of the policy."""
        which, value = self.case, self.value()
        most, inputs = 10_000 if which.name == "windy-low" else 4000, self.network.mean.size
        room = (np.empty((most, inputs)), np.empty(most), np.empty(most))
        found, ratios, means, steps, kept = [], [], [], 0, 0
        begun = time.process_time()
        while not found or kept < wanted:
            count, mean, taken = collect(
                which.shape, which.start, which.hits, which.first, value, shape, explore,
                self.rng, *room,
            )  # fmt: skip
            found.append(room[0][:count].astype(np.float32))
            ratios.append((room[2][:count] / room[1][:count]).astype(np.float32))
            means.append(mean)
            steps += taken
            kept += count
        if wanted:
            self.rounds = [*self.rounds, (np.concatenate(found), np.concatenate(ratios))][-KEPT:]
        spread, took = np.std(means) / np.sqrt(len(means)), time.process_time() - begun
        return (
            f"{took:.0f} s, {len(means)} searches of {steps / len(means):.0f} steps, {kept} kept, "
            f"mean time {np.mean(means):.2f} +- {spread:.2f}"
        )

    def fit(self, *, batches: int, rate: float) -> str:
        """Fit to the kept steps."""
        x = np.concatenate([one[0] for one in self.rounds])
        ratio = np.clip(np.concatenate([one[1] for one in self.rounds]), 0.02, 50.0)
        net, begun = self.network, time.process_time()
        if net.steps == 0:
            some = x[:: max(1, len(x) // 20_000)].astype(np.float32)
            net.mean, net.spread = some.mean(0), np.maximum(some.std(0), 0.05)
        # The first input is the logarithm of the heuristic time.
        guess = np.exp(x[:, 0])
        weight = (guess / (guess + SMALL)) ** 2
        errors = []
        for _ in range(batches):
            rows = self.rng.integers(len(x), size=BATCH)
            batch = (x[rows] - net.mean) / net.spread
            errors.append(net.step(batch, ratio[rows], weight[rows], rate))
        tail = len(errors) // 5 + 1
        took = time.process_time() - begun
        return (
            f"{took:.0f} s, {batches} batches, "
            f"error {np.mean(errors[:tail]):.4f} to {np.mean(errors[-tail:]):.4f}"
        )


def main() -> int:
    """Fit one case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("case", choices=NAMES)
    parser.add_argument("--steps", type=int, default=5_000, help="kept in each round")
    parser.add_argument("--taught", type=int, default=15, help="rounds of the heuristic")
    parser.add_argument("--rounds", type=int, default=8, help="rounds of the planner")
    parser.add_argument("--batches", type=int, default=300, help="fitted in each round")
    parser.add_argument("--explore", type=float, default=0.005, help="share of random moves")
    parser.add_argument(
        "--plan", type=int, nargs=3, default=(6, 12, 6), help="width, depth, steps followed"
    )
    parser.add_argument(
        "--teacher",
        choices=tuple(HEURISTICS),
        default="space-aware",
        help="searches first; infotaxis where the space-aware form is trapped",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    fitting = Fitting(case(options.case), options.seed)
    # Compile first; its time is not told.
    fitting.search(wanted=0, shape=HEURISTICS[options.teacher], explore=0.0)
    total = options.taught + options.rounds
    for number in range(total):
        planned = number >= options.taught
        said = fitting.search(
            wanted=options.steps,
            shape=tuple(options.plan) if planned else HEURISTICS[options.teacher],
            explore=options.explore if planned else 0.05,
        )
        # Ever slower, so that the last fits settle.
        fitted = fitting.fit(batches=options.batches, rate=2e-3 * (1.0 - 0.9 * number / total))
        print(f"round {number}: {said}; {fitted}", file=sys.stderr, flush=True)
        save(fitting.value(), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
