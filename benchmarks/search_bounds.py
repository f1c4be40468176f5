"""Bounds on what any search policy can do: a point-based solution of the search benchmark.

The value of a belief is the mean of 0.98^T, T being the steps to the source. Alpha vectors over
the source's place relative to the searcher bound it from below: each belongs to a finite plan and
counts only where that plan stays on the grid, and what a plan leaves undone counts as never found.
From above it is bounded by a source whose place is told, improved at visited beliefs and carried
to others by the sawtooth rule. Trials walk from the start into the widest gap and improve both on
the way back.

References: Smith, T. and Simmons, R. (2004), heuristic search value iteration, UAI 20, 520-527;
Hauskrecht, M. (2000), Journal of Artificial Intelligence Research 13, 33-94, for the sawtooth.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.search.cases import NAMES, Case, case
from barlovento.search.grid import MOVES, known_location_bound, moved, opening
from running import Progress, arguments, report, table

DISCOUNT = 0.98
MOST = 1500
"""Vectors that are kept; the search ends when the table is full."""
DEEPEST = 150
"""Steps of a trial."""

Floats = NDArray[np.float64]


@njit(cache=True)
def best_vector(p, x, y, vectors, boxes, count):  # type: ignore[no-untyped-def]
    """Return the vector of greatest value for an unnormalised belief at (x, y), and that value."""
    nx, ny = p.shape
    chosen, most = -1, 0.0
    for k in range(count):
        if (
            x + boxes[k, 0] < 0
            or x + boxes[k, 1] >= nx
            or y + boxes[k, 2] < 0
            or y + boxes[k, 3] >= ny
        ):
            continue
        value = 0.0
        for i in range(nx):
            row = p[i]
            part = vectors[k, i - x + nx - 1, ny - 1 - y : 2 * ny - 1 - y]
            for j in range(ny):
                value += row[j] * part[j]
        if value > most:
            chosen, most = k, value
    return chosen, most


@njit(cache=True)
def sawtooth(p, x, y, points, values, corners, count, far):  # type: ignore[no-untyped-def]
    """Return the upper bound of an unnormalised belief at (x, y).

    ``points``: beliefs at this very cell, ``values`` their bounds, ``corners`` the bounds that told
    places give them. ``far``: the discount over each Manhattan distance.
    """
    nx, ny = p.shape
    base = 0.0
    for i in range(nx):
        for j in range(ny):
            base += p[i, j] * far[abs(i - x) + abs(j - y)]
    least = base
    for k in range(count):
        share = np.inf
        for i in range(nx):
            for j in range(ny):
                if points[k, i, j] > 1e-12 and p[i, j] < share * points[k, i, j]:
                    share = p[i, j] / points[k, i, j]
        least = min(least, base + share * (values[k] - corners[k]))
    return least


@dataclass
class Solver:
    """Both bounds of one case, and how to improve them."""

    case: Case
    vectors: NDArray[np.float32] = field(init=False)
    boxes: NDArray[np.int64] = field(init=False)
    count: int = 0
    points: dict[tuple[int, int], list[tuple[Floats, float, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        nx, ny = self.case.shape
        self.vectors = np.zeros((MOST, 2 * nx - 1, 2 * ny - 1), np.float32)
        self.boxes = np.zeros((MOST, 4), np.int64)
        self.count = 1
        self.far = DISCOUNT ** np.arange(nx + ny, dtype=float)

    def lower(self, p: Floats, x: int, y: int) -> tuple[int, float]:
        """Return the best vector and the lower bound."""
        chosen, value = best_vector(p, x, y, self.vectors, self.boxes, self.count)
        # Vector 0 is the plan to give up.
        return max(int(chosen), 0), float(value)

    def upper(self, p: Floats, x: int, y: int) -> float:
        """Return the upper bound."""
        known = self.points.get((x, y), [])
        points = np.array([one[0] for one in known]).reshape(-1, *p.shape)
        values, corners = (np.array([one[k] for one in known], dtype=float) for k in (1, 2))
        return float(sawtooth(p, x, y, points, values, corners, len(known), self.far))

    def after(self, p: Floats, x: int, y: int) -> tuple[float, list[Floats]]:
        """Return the chance of finding at (x, y), and unnormalised beliefs for each bin of hits."""
        nx, ny = self.case.shape
        law = self.case.hits.chance[:, nx - 1 - x : 2 * nx - 1 - x, ny - 1 - y : 2 * ny - 1 - y]
        rest = p.copy()
        rest[x, y] = 0.0
        return float(p[x, y]), [np.ascontiguousarray(rest * one) for one in law]

    def moves(self, x: int, y: int) -> list[tuple[int, int, int]]:
        """Return the moves that stay on the grid, with where they lead."""
        reached = [(move, *moved(x, y, move)) for move in range(MOVES)]
        nx, ny = self.case.shape
        return [one for one in reached if 0 <= one[1] < nx and 0 <= one[2] < ny]

    def improve(self, p: Floats, x: int, y: int) -> tuple[float, float]:
        """Back both bounds up at a belief that sums to one; return them."""
        lows, highs, plans = [], [], []
        for _, to_x, to_y in self.moves(x, y):
            found, nexts = self.after(p, to_x, to_y)
            pairs = [self.lower(one, to_x, to_y) for one in nexts]
            lows.append(found + sum(value for _, value in pairs))
            highs.append(found + sum(self.upper(one, to_x, to_y) for one in nexts))
            plans.append((to_x - x, to_y - y, [chosen for chosen, _ in pairs]))
        low, high = DISCOUNT * max(lows), DISCOUNT * max(highs)
        if low > self.lower(p, x, y)[1] + 1e-7 and self.count < MOST:
            self._add(*plans[int(np.argmax(lows))])
        reach = np.abs(np.arange(p.shape[0]) - x)[:, None] + np.abs(np.arange(p.shape[1]) - y)
        corner = float((p * self.far[reach]).sum())
        if high < self.upper(p, x, y) - 1e-7:
            self.points.setdefault((x, y), []).append((p, high, corner))
        return low, high

    def _add(self, dx: int, dy: int, plans: list[int]) -> None:
        """Add the vector of: move by (dx, dy), then go on by what is met there."""
        nx, ny = self.case.shape
        wide = np.zeros((2 * nx + 1, 2 * ny + 1))
        inner = sum(
            self.case.hits.chance[hit] * self.vectors[plan] for hit, plan in enumerate(plans)
        )
        wide[1:-1, 1:-1] = inner
        # The source stands at s before the move and at s - d after it; at zero it is found.
        wide[nx, ny] = 1.0
        shifted = wide[1 - dx : 2 * nx - dx, 1 - dy : 2 * ny - dy]
        self.vectors[self.count] = DISCOUNT * shifted
        boxes = self.boxes[plans]
        self.boxes[self.count] = (
            min(0, dx + boxes[:, 0].min()), max(0, dx + boxes[:, 1].max()),
            min(0, dy + boxes[:, 2].min()), max(0, dy + boxes[:, 3].max()),
        )  # fmt: skip
        self.count += 1

    def trial(self, p: Floats, x: int, y: int) -> None:
        """Walk into the widest gap and improve on the way back."""
        path = []
        for depth in range(DEEPEST):
            path.append((p, x, y))
            options = []
            for _, to_x, to_y in self.moves(x, y):
                found, nexts = self.after(p, to_x, to_y)
                highs = [self.upper(one, to_x, to_y) for one in nexts]
                options.append((found + sum(highs), to_x, to_y, nexts, highs))
            _, x, y, nexts, highs = max(options, key=lambda one: one[0])
            gaps = [high - self.lower(one, x, y)[1] for one, high in zip(nexts, highs, strict=True)]
            widest = int(np.argmax(gaps))
            total = float(nexts[widest].sum())
            if total < 1e-9 or gaps[widest] < 1e-3 / DISCOUNT**depth:
                break
            p = nexts[widest] / total
        for one in reversed(path):
            self.improve(*one)


def solve(which: Case, seconds: float, progress: Progress) -> dict[str, Any]:
    """Improve the bounds of a case for so many CPU seconds."""
    solver, begun = Solver(which), time.process_time()
    firsts = [
        (weight, opening(which.hits, which.shape, which.start, hit).chance)
        for hit, weight in enumerate(which.first)
        if weight > 0.0
    ]
    trials = 0
    while time.process_time() - begun < seconds and solver.count < MOST:
        _, p = firsts[trials % len(firsts)]
        solver.trial(p, *which.start)
        trials += 1
    low = sum(weight * solver.lower(p, *which.start)[1] for weight, p in firsts)
    high = sum(weight * solver.upper(p, *which.start) for weight, p in firsts)
    bound = sum(
        weight
        * known_location_bound(opening(which.hits, which.shape, which.start, hit), which.start)
        for hit, weight in enumerate(which.first)
        if weight > 0.0
    )
    progress.step(f"{which.name}: {low:.4f} to {high:.4f}")
    return {
        "case": which.name, "trials": trials, "vectors": solver.count,
        "points": sum(len(one) for one in solver.points.values()),
        "lower": low, "upper": high, "told_place_steps": bound,
        "cpu_s": time.process_time() - begun,
    }  # fmt: skip


def main() -> int:
    """Run the benchmark."""
    options = arguments(
        __doc__ or "",
        cases={"nargs": "+", "choices": NAMES, "default": list(NAMES), "help": "which cases"},
        cpu_seconds={"type": float, "default": 600.0, "help": "for each case"},
    ).parse_args()
    progress = Progress(len(options.cases), "cases")
    seconds = 10.0 if options.quick else options.cpu_seconds
    rows = [solve(case(name), seconds, progress) for name in options.cases]
    text = table(
        (
            [
                row["case"], f"{row['lower']:.3f}", f"{row['upper']:.3f}", row["vectors"],
                row["points"], f"{row['told_place_steps']:.1f}", f"{row['cpu_s']:.0f}",
            ]
            for row in rows
        ),
        ["case", "mean of 0.98^T, at least", "at most", "vectors", "points",
         "steps if the place were told", "CPU s"],
    )  # fmt: skip
    report(options, block="search-bounds", content={"cases": rows}, text=text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
