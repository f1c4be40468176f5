"""A bound on every plan, and sorties worth combining: column generation over groups of sorties.

The linear programme takes each sortie r of a group g with a share x_r,

    max sum_r v_r x_r   so that   sum_r a_ir x_r <= 1,  sum_(r in g) x_r <= n_g,
                                  sum_(g of crew k) sum_(r in g) x_r <= m_k,                   (1)

and for any prices u_i of cells and w_k of crews, none below zero, no plan is worth more than

    sum_i u_i + sum_k m_k w_k + sum_g n_g max(0, max_(r in g) (v_r - sum_i a_ir u_i) - w_k(g)) (2)

(Lagrange; Dantzig and Wolfe 1960, Oper. Res. 8, 101). A sortie is relaxed as in
:mod:`barlovento.plan.pricing`, so (2) is at least as tight as the programme over arcs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.plan.pricing import (
    endings,
    knapsack,
    loose_best,
    loose_route,
    rounded,
    slack_width,
    tight,
)
from barlovento.plan.problem import Problem

Floats = NDArray[np.float64]

BUCKETS, FINE_BUCKETS = 240, 960
"""Steps of time of the loose relaxation by itself, and where it cuts the tight one [1]."""
MOST_BUCKETS = 3000
MOST_TIGHT = 256
"""Cells beyond which only the loose relaxation is used [1]."""
MOST_LABELS = 40_000
NEIGHBOURS = 10
"""Cells that are remembered at each cell [1]."""
COLUMNS = 12
"""Sorties that one look at a group adds at most [1]."""
SMOOTHING, NEAR_CENTRE = 0.5, 0.85
"""Weight of the best prices so far beside those of the programme (Wentges 1997), first
and in the tight relaxation [1]."""
LOOSE = 0.5
"""Share of the time for the loose relaxation alone [1]."""
ENOUGH = 2e-4
"""The bound is let be when it is so near to the programme's value, as a share of it [1]."""


@dataclass(slots=True)
class Columns:
    """Sorties that are known, as orders of cells by group."""

    problem: Problem
    groups: list[list[int]]
    orders: list[tuple[int, ...]] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    _known: set[tuple[int, tuple[int, ...]]] = field(default_factory=set)

    def add(self, group: int, order: Sequence[int]) -> bool:
        """Add a sortie; tell whether its cells were new for its group."""
        key = (group, tuple(sorted(order)))
        if not order or key in self._known:
            return False
        self._known.add(key)
        self.orders.append(tuple(int(c) for c in order))
        self.group.append(group)
        return True

    def reduced(self, prices: Floats) -> Floats:
        """Return for each group the most that a known sortie collects beyond prices."""
        best = np.zeros(len(self.groups))
        for order, group in zip(self.orders, self.group, strict=True):
            places = list(order)
            kind = self.problem.sorties[self.groups[group][0]].kind
            gain = self.problem.values[places, kind].sum() - prices[places].sum()
            best[group] = max(best[group], gain)
        return best

    def flyable(self, number: int) -> bool:
        """Tell whether a sortie comes to no cell twice and is back in time."""
        # The loose relaxation rounds time down, so what it finds may be too long.
        order, sortie = self.orders[number], self.groups[self.group[number]][0]
        most = self.problem.sorties[sortie].endurance * (1 + 1e-9)
        return len(set(order)) == len(order) and self.problem.seconds(sortie, order) <= most

    def drop_relaxed(self) -> None:
        """Forget sorties that can't be flown: only the loose relaxation allows them."""
        keep = [k for k in range(len(self.orders)) if self.flyable(k)]
        self._known = {(self.group[k], tuple(sorted(self.orders[k]))) for k in keep}
        self.orders = [self.orders[k] for k in keep]
        self.group = [self.group[k] for k in keep]

    def worth(self, number: int) -> float:
        """Return the value of a sortie, cells that come twice counted twice."""
        return self.problem.worth(self.groups[self.group[number]][0], self.orders[number])


class Master:
    """Programme (1), solved again as sorties come in."""

    def __init__(self, columns: Columns) -> None:
        from ortools.linear_solver import pywraplp

        self._columns = columns
        self._solver: Any = pywraplp.Solver.CreateSolver("GLOP")
        infinite = self._solver.infinity()
        problem, groups = columns.problem, columns.groups
        self._cells: dict[int, Any] = {}
        self._groups = [self._solver.Constraint(-infinite, len(g)) for g in groups]
        self.crews = sorted({problem.sorties[g[0]].crew for g in groups} & problem.crews.keys())
        self._crews = [self._solver.Constraint(-infinite, problem.crews[k]) for k in self.crews]
        self._crew_of = [
            self.crews.index(problem.sorties[g[0]].crew)
            if problem.sorties[g[0]].crew in self.crews
            else -1
            for g in groups
        ]
        self._objective = self._solver.Objective()
        self._objective.SetMaximization()
        self._taken = 0
        self.value = 0.0

    def solve(self, seconds: float) -> bool:
        """Take new sorties in and solve; tell whether an optimum was reached.

        Parameters
        ----------
        seconds : float
            At most [s].
        """
        columns, infinite = self._columns, self._solver.infinity()
        for number in range(self._taken, len(columns.orders)):
            share = self._solver.NumVar(0.0, infinite, "")
            self._objective.SetCoefficient(share, columns.worth(number))
            group = columns.group[number]
            self._groups[group].SetCoefficient(share, 1.0)
            if self._crew_of[group] >= 0:
                self._crews[self._crew_of[group]].SetCoefficient(share, 1.0)
            cells, times = np.unique(columns.orders[number], return_counts=True)
            for cell, count in zip(cells.tolist(), times.tolist(), strict=True):
                if cell not in self._cells:
                    self._cells[cell] = self._solver.Constraint(-infinite, 1.0)
                self._cells[cell].SetCoefficient(share, float(count))
        self._taken = len(columns.orders)
        self._solver.SetTimeLimit(max(1, int(1000 * seconds)))
        done = bool(self._solver.Solve() == self._solver.OPTIMAL)
        self.value = float(self._objective.Value())
        return done

    def prices(self) -> tuple[Floats, Floats]:
        """Return the prices of cells and crews, none below zero."""
        cells = np.zeros(self._columns.problem.cells)
        for cell, row in self._cells.items():
            cells[cell] = max(0.0, row.dual_value())
        crews = np.array([max(0.0, row.dual_value()) for row in self._crews])
        return cells, crews

    def crew_price(self, group: int, crews: Floats) -> float:
        """Return what a group's crew costs."""
        return float(crews[self._crew_of[group]]) if self._crew_of[group] >= 0 else 0.0


@dataclass(frozen=True, slots=True)
class Priced:
    """What one look at a group found."""

    best: float
    orders: list[tuple[int, ...]]
    tight: bool


def look(problem: Problem, sortie: int, prices: Floats, cutoff: float, *, exact: bool) -> Priced:
    """Return a bound on what one sortie can collect beyond prices, and sorties that collect much.

    Parameters
    ----------
    problem : Problem
        What is allocated.
    sortie : int
        Which.
    prices : ndarray, shape (cells,)
        Of the cells [1].
    cutoff : float
        Sorties that collect no more are not wanted; the bound is not below it [1].
    exact : bool
        Whether to use the tight relaxation where it is not too large.
    """
    given = problem.sorties[sortie]
    kind = given.kind
    prize = problem.values[:, kind] - prices
    # A cell that pays nothing is only a way round, unless a straight way is barred.
    reach = problem.reachable(sortie)
    if np.isfinite(problem.transit[kind][np.ix_(reach, reach)]).all():
        reach = reach & (prize > 1e-12)
    some = np.flatnonzero(reach)
    if not some.size:
        return Priced(max(0.0, cutoff), [], True)
    prize = prize[some]
    costs = problem.costs[some, kind]
    ways = problem.transit[kind][np.ix_(some, some)] + costs[None, :]
    np.fill_diagonal(ways, np.inf)
    leave, back = given.leave[some] + costs, given.back[some]
    shortest = float(min(ways.min(), leave.min()))
    buckets = max(FINE_BUCKETS if exact else BUCKETS, math.ceil(given.endurance / shortest) + 1)
    if buckets > MOST_BUCKETS:
        least = np.minimum(np.min(ways, axis=0, initial=np.inf), leave)
        return Priced(max(cutoff, knapsack(prize, least, given.endurance)), [], False)
    width = slack_width(given.endurance, buckets)
    steps = rounded(ways, width, buckets)
    start, home = rounded(leave, width, buckets), rounded(back, width, buckets)
    first, follower, second = endings(prize, steps, home, buckets)
    starts = loose_best(prize, start, first, buckets)
    best = float(starts.max())
    if best <= cutoff:
        return Priced(max(cutoff, 0.0), [], True)
    if exact and some.size <= MOST_TIGHT:
        near = _near(ways)
        found, complete, _, routes, lengths = tight(
            prize, ways, leave, back, given.endurance, near, first, width,
            0.999 * shortest, max(cutoff, 0.0), MOST_LABELS, 60,
        )  # fmt: skip
        if complete:
            orders = [tuple(some[r[:n]].tolist()) for r, n in zip(routes, lengths, strict=True)]
            return Priced(float(found), orders, True)
    orders = []
    for cell in np.argsort(-starts)[: 5 * COLUMNS]:
        if starts[cell] > cutoff + 1e-12:
            route = loose_route(cell, prize, start, steps, first, follower, second, buckets)
            orders.append(tuple(some[route].tolist()))
    return Priced(best, orders, False)


def _near(ways: Floats) -> NDArray[np.uint64]:
    """Return the bits of the cells that each cell remembers, itself among them."""
    n = len(ways)
    both = np.minimum(ways, ways.T)
    np.fill_diagonal(both, -1.0)
    count = min(NEIGHBOURS, n)
    bits = np.zeros((n, 4), np.uint64)
    for i, some in enumerate(np.argpartition(both, count - 1, axis=1)[:, :count]):
        for j in some:
            bits[i, j // 64] |= np.uint64(1) << np.uint64(j % 64)
    return bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What the bounding came to.

    Parameters
    ----------
    value : float
        No plan is worth more [1].
    prices : ndarray, shape (cells,)
        Of the cells, at the bound [1].
    """

    value: float
    prices: Floats


def bounded(
    columns: Columns,
    seeds: Iterable[tuple[int, Sequence[int]]],
    *,
    until: float,
    clock: Callable[[], float],
    start: Floats | None = None,
    floor: float = 0.0,
) -> Bound:
    """Return a bound, and leave the sorties that it found in ``columns``.

    Parameters
    ----------
    columns : Columns
        Takes sorties.
    seeds : iterable
        Group and order of sorties to begin with.
    until : float
        When to stop, on the clock [s].
    clock : callable
        Tells the time [s].
    start : ndarray, optional
        Prices to try first.
    floor : float
        Value of a known plan: the bound can't fall below it, and stops there [1].
    """
    problem = columns.problem
    for group, order in seeds:
        columns.add(group, order)
    centre = Centre(np.zeros(problem.cells), np.zeros(0))
    master = Master(columns)
    centre.crews = np.zeros(len(master.crews))
    if start is not None:
        centre.prices = start
        centre.value, _ = _lagrange(columns, master, start, centre.crews, exact=True)
    # First the loose relaxation alone: it is quick, and brings the prices near.
    half = until - (1 - LOOSE) * max(0.0, until - clock())
    centre = _descend(columns, master, centre, until=half, clock=clock, floor=floor, exact=False)
    if clock() < until and centre.value > floor * (1 + ENOUGH):
        # Sorties that can't be flown would hold the programme up.
        columns.drop_relaxed()
        value, _ = _lagrange(columns, master, centre.prices, centre.crews, exact=True)
        centre.value = min(centre.value, value)
        master = Master(columns)
        centre = _descend(
            columns, master, centre, until=until, clock=clock, floor=floor, exact=True
        )
    return Bound(value=max(centre.value, floor), prices=centre.prices)


@dataclass(slots=True)
class Centre:
    """The best prices so far, and the bound that they give."""

    prices: Floats
    crews: Floats
    value: float = math.inf


def _descend(
    columns: Columns,
    master: Master,
    centre: Centre,
    *,
    until: float,
    clock: Callable[[], float],
    floor: float,
    exact: bool,
) -> Centre:
    """Try prices and take sorties in until the time is over or nothing is gained."""
    usual = NEAR_CENTRE if exact else SMOOTHING
    took, smoothing = 0.0, usual
    while math.isinf(centre.value) or clock() + took < until:
        before = clock()
        if not master.solve(max(0.5, until - before)):
            break
        cells, crews = master.prices()
        if math.isinf(centre.value):
            smoothing = 0.0
        at = (
            smoothing * centre.prices + (1 - smoothing) * cells,
            smoothing * centre.crews + (1 - smoothing) * crews,
        )
        value, added = _lagrange(columns, master, *at, exact=exact)
        # Where nothing new was met, the programme's own prices are next.
        if value < centre.value:
            centre = Centre(at[0], at[1], value)
        smoothing = usual if added else 0.0
        took = clock() - before
        gap = centre.value - max(master.value, floor)
        if gap <= ENOUGH * centre.value or (not added and np.array_equal(at[0], cells)):
            break
    return centre


def _lagrange(
    columns: Columns,
    master: Master,
    cells: Floats,
    crews: Floats,
    *,
    exact: bool,
) -> tuple[float, int]:
    """Return bound (2) at some prices, and how many new sorties were met."""
    problem = columns.problem
    limits = np.array([problem.crews[name] for name in master.crews], dtype=np.float64)
    value, added = float(cells.sum() + limits @ crews), 0
    known = columns.reduced(cells)
    for number, group in enumerate(columns.groups):
        crew = master.crew_price(number, crews)
        # What collects no more than a known sortie changes nothing, so the look is cut there.
        seen = look(problem, group[0], cells, float(known[number]), exact=exact)
        value += len(group) * max(0.0, seen.best - crew)
        for order in _different(seen.orders):
            added += columns.add(number, order)
    return value, added


def _different(orders: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return a few sorties that have not too many cells in common."""
    chosen: list[tuple[int, ...]] = []
    sets: list[set[int]] = []
    for order in orders:
        cells = set(order)
        if all(len(cells & other) <= 0.7 * len(cells) for other in sets):
            chosen.append(order)
            sets.append(cells)
        if len(chosen) == COLUMNS:
            break
    return chosen
