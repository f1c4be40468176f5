"""Which sortie searches which cells in which order, with a bound beside the plan.

Three parts share the time: searching for good sorties (:mod:`barlovento.plan.improve`), a bound by
column generation (:mod:`barlovento.plan.bound`), and the best combination of all sorties that both
have met, by CP-SAT, from which the search goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from barlovento.plan.bound import Bound, Columns, bounded
from barlovento.plan.improve import anneal
from barlovento.plan.problem import Allocation, Problem, check_orders, groups_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEARCH, COMBINE = 0.22, 0.1
"""Shares of the time for the first search and for the combination; a bound takes most of the
rest [1]."""
CHUNK = 60.0
"""Rounds are timed on so many first."""
POOL = 20_000
LONGEST = 120
"""Cells of one sortie at most."""
NEAR = 60
"""Neighbours that are taken out together at most."""


def allocate(
    problem: Problem,
    *,
    seconds: float = 10.0,
    seed: int = 0,
    start: Sequence[Sequence[int]] | None = None,
    prices: Floats | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Allocation:
    """Return sorties that find as much as possible, and a bound on what any plan could find.

    Parameters
    ----------
    problem : Problem
        Cells, kinds and sorties.

    Other Parameters
    ----------------
    seconds : float
        How long it may take; the bound is finished for one set of prices at least [s].
    seed : int
        Of the search. How far it comes depends on the machine too.
    start : sequence, optional
        Orders to begin with, such as those of an earlier plan; cells that no longer fit are left
        out.
    prices : ndarray, shape (cells,), optional
        Of an earlier plan, for its bound.
    clock : callable
        Tells the time [s].

    Returns
    -------
    Allocation
        Orders, value and bound.
    """
    begin = clock()
    end = begin + seconds
    columns = Columns(problem=problem, groups=groups_of(problem))
    group_of = {s: g for g, members in enumerate(columns.groups) for s in members}
    search = Search(problem, seed, start)
    if not search.usable.any():
        nothing: tuple[tuple[int, ...], ...] = ((),) * len(problem.sorties)
        none = np.zeros(problem.cells)
        return Allocation(
            orders=nothing, value=0.0, bound=0.0, seconds=clock() - begin, prices=none
        )
    search.run(begin + SEARCH * seconds, clock)
    search.run(begin + 1.4 * SEARCH * seconds, clock, cold=True)
    seeds = [(group_of[s], order) for s, order in search.pooled()]
    seeds += [(group_of[s], order) for s, order in enumerate(search.orders())]
    until = end - (COMBINE + 0.06) * seconds
    bound = bounded(columns, seeds, until=until, clock=clock, start=prices, floor=search.value)
    if search.value < bound.value * (1 - 1e-6):
        combined = combine(columns, search.orders(), seconds=COMBINE * seconds)
        if combined is not None:
            search.begin(combined)
        search.run(end, clock, cold=True)
    orders = search.orders()
    check_orders(problem, orders)
    value = sum(problem.worth(s, order) for s, order in enumerate(orders))
    return Allocation(
        orders=orders,
        value=value,
        bound=max(bound.value, value),
        seconds=clock() - begin,
        prices=bound.prices,
    )


class Search:
    """The best sorties so far, and every sortie that was part of a good plan.

    Parameters
    ----------
    problem : Problem
        What is allocated.
    seed : int
        Of the search.
    start : sequence, optional
        Orders to begin with.
    """

    def __init__(
        self, problem: Problem, seed: int, start: Sequence[Sequence[int]] | None = None
    ) -> None:
        self._problem = problem
        self._rng = np.random.default_rng(seed)
        sorties = problem.sorties
        count = len(sorties)
        self.usable = np.array(
            [problem.reachable(s) for s in range(count)], dtype=np.bool_
        ).reshape(count, problem.cells)
        crews = sorted({s.crew for s in sorties} & problem.crews.keys())
        self._limits = np.array([problem.crews[name] for name in crews], dtype=np.int64)
        self._crew = np.array(
            [crews.index(s.crew) if s.crew in crews else -1 for s in sorties], dtype=np.int64
        )
        self._kinds = np.array([s.kind for s in sorties], dtype=np.int64)
        self._endurance = np.array([s.endurance for s in sorties], dtype=np.float64)
        # A detour that can't be flown is only a very long one to the search.
        self._leave = _finite(np.array([s.leave for s in sorties]).reshape(count, -1))
        self._back = _finite(np.array([s.back for s in sorties]).reshape(count, -1))
        self._costs, self._transit = _finite(problem.costs), _finite(problem.transit)
        between = self._transit.min(axis=0)
        self._near = np.argsort(between + between.T, axis=1)[:, :NEAR].astype(np.int64)
        most = min(LONGEST, problem.cells)
        self._routes = np.full((count, most), -1, np.int64)
        self._lengths = np.zeros(count, np.int64)
        self._pool = np.full((POOL, most), -1, np.int64)
        self._pool_lengths, self._pool_sortie = np.zeros(POOL, np.int64), np.zeros(POOL, np.int64)
        self._pooled, self._rate = 0, 0.0
        self.value = 0.0
        if start is not None:
            self.begin(fitting(problem, start))

    def begin(self, orders: Sequence[Sequence[int]]) -> None:
        """Go on from other orders, which must be feasible."""
        self._routes[:] = -1
        for s, order in enumerate(orders):
            self._lengths[s] = len(order)
            self._routes[s, : len(order)] = order
        self.value = sum(self._problem.worth(s, order) for s, order in enumerate(orders))

    def orders(self) -> tuple[tuple[int, ...], ...]:
        """Return the best orders so far."""
        return tuple(
            tuple(route[:n].tolist()) for route, n in zip(self._routes, self._lengths, strict=True)
        )

    def pooled(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return sortie and order of what was part of a good plan."""
        return [
            (int(self._pool_sortie[k]), tuple(self._pool[k, : self._pool_lengths[k]].tolist()))
            for k in range(self._pooled)
        ]

    def run(self, until: float, clock: Callable[[], float], *, cold: bool = False) -> None:
        """Search until a time; a cold search only takes what is hardly worse.

        Parameters
        ----------
        until : float
            On the clock [s].
        clock : callable
            Tells the time [s].
        cold : bool
            Whether to stay near the best.
        """
        scale = max(self.value, 1e-9) if self.value else float(self._problem.values.sum())
        if not self._rate:
            begin = clock()
            self._rounds(int(CHUNK), 1e-4 * scale)
            self._rate = CHUNK / max(clock() - begin, 1e-4)
            scale = max(self.value, 1e-9)
        left = until - clock()
        if left > 0:
            # A safe part of what fits, so that the end is not passed by much.
            self._rounds(max(1, int(0.9 * left * self._rate)), (2e-4 if cold else 6e-3) * scale)

    def _rounds(self, rounds: int, warm: float) -> None:
        value, self._pooled = anneal(
            self._routes, self._lengths, self._problem.values, self._endurance, self._kinds,
            self._crew, self._limits, self.usable, self._leave, self._back, self._costs,
            self._transit, self._near, rounds, warm, 0.02 * warm, self._rng, self._pool,
            self._pool_lengths, self._pool_sortie, self._pooled,
        )  # fmt: skip
        self.value = float(value)


def fitting(problem: Problem, orders: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return orders without what no longer fits: the first cells stay while there is time.

    Parameters
    ----------
    problem : Problem
        As it is now.
    orders : sequence
        Of an earlier plan.
    """
    taken: set[int] = set()
    flown: dict[str, int] = {}
    fit: list[list[int]] = []
    for number, sortie in enumerate(problem.sorties):
        kept: list[int] = []
        free = flown.get(sortie.crew, 0) < problem.crews.get(sortie.crew, len(problem.sorties))
        reach = problem.reachable(number)
        for cell in orders[number] if number < len(orders) and free else ():
            if cell in taken or not reach[cell]:
                continue
            if problem.seconds(number, [*kept, cell]) <= sortie.endurance:
                kept.append(cell)
                taken.add(cell)
        if kept:
            flown[sortie.crew] = flown.get(sortie.crew, 0) + 1
        fit.append(kept)
    return fit


def combine(
    columns: Columns, known: Sequence[Sequence[int]], *, seconds: float
) -> list[list[int]] | None:
    """Return the best combination of known sorties, by CP-SAT from a known plan.

    Parameters
    ----------
    columns : Columns
        Sorties by group.
    known : sequence
        Orders of a plan, which is the hint.
    seconds : float
        At most [s].

    Returns
    -------
    list or None
        Orders, or None where nothing better was found in the time.
    """
    from ortools.sat.python import cp_model

    problem, groups = columns.problem, columns.groups
    model = cp_model.CpModel()
    simple = [k for k in range(len(columns.orders)) if columns.flyable(k)]
    worth = {k: columns.worth(k) for k in simple}
    # The best come first; an overlong tail only slows the solver down.
    simple = sorted(simple, key=lambda k: -worth[k])[:6000]
    use = {k: model.new_bool_var("") for k in simple}
    by_cell: dict[int, list[int]] = {}
    by_group: dict[int, list[int]] = {}
    for k in simple:
        by_group.setdefault(columns.group[k], []).append(k)
        for cell in columns.orders[k]:
            by_cell.setdefault(cell, []).append(k)
    for some in by_cell.values():
        if len(some) > 1:
            model.add_at_most_one(use[k] for k in some)
    for g, some in by_group.items():
        model.add(sum(use[k] for k in some) <= len(groups[g]))
    for crew, limit in problem.crews.items():
        some = [k for k in simple if problem.sorties[groups[columns.group[k]][0]].crew == crew]
        model.add(sum(use[k] for k in some) <= limit)
    scale = 1e6 / max(max(worth.values(), default=1.0), 1e-12)
    model.maximize(sum(round(scale * worth[k]) * use[k] for k in simple))
    group_of = {s: g for g, members in enumerate(groups) for s in members}
    hinted = {(group_of[s], frozenset(order)) for s, order in enumerate(known) if order}
    for k in simple:
        model.add_hint(use[k], (columns.group[k], frozenset(columns.orders[k])) in hinted)
    solver = cp_model.CpSolver()
    # Counted in work, so that a busy machine finds the same; the clock is only a last resort.
    solver.parameters.max_deterministic_time = max(seconds, 0.1)
    solver.parameters.max_time_in_seconds = max(2.0 * seconds, 2.0)
    solver.parameters.num_workers = 1
    if solver.solve(model) not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return None
    orders: list[list[int]] = [[] for _ in problem.sorties]
    left = {g: list(members) for g, members in enumerate(groups)}
    for k in simple:
        if solver.boolean_value(use[k]):
            orders[left[columns.group[k]].pop()] = list(columns.orders[k])
    now = sum(problem.worth(s, order) for s, order in enumerate(known))
    then = sum(problem.worth(s, order) for s, order in enumerate(orders))
    return orders if then > now else None


def _finite(seconds: Floats) -> Floats:
    return np.ascontiguousarray(np.where(np.isfinite(seconds), seconds, 1e12))


__all__ = ["Allocation", "Bound", "allocate", "combine", "fitting"]
