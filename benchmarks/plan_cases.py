"""Cases of the allocation benchmark, and the baselines: naive order, greedy insertion, OR-Tools.

Cells of 1 km2 on a hexagonal grid; a prior of eight patches; four kinds of aircraft with three
sorties each, each kind with a base of its own. One kind stands off: it may only search beyond a
border, and its base lies there. Closed cells may not be searched by any.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.plan.problem import Problem, Sortie

Floats = NDArray[np.float64]

KINDS = (
    # speed [m s-1], endurance [s], detection [1], time for a cell [s], stands off
    (12.0, 1600.0, 0.85, 260.0, False),
    (16.0, 2600.0, 0.70, 300.0, False),
    (28.0, 2600.0, 0.50, 240.0, False),
    (60.0, 2500.0, 0.35, 260.0, True),
)
EACH = 3
BORDER = 0.55
"""Where along the box the border lies, over its width [1]."""


def grid(cells: int, pitch: float) -> Floats:
    """Return centres of hexagonal cells in about a square, shape (cells, 2) [m]."""
    rows = math.ceil(math.sqrt(cells / 1.3))
    columns = math.ceil(cells / rows)
    places = [
        ((c + 0.5 * (r % 2)) * pitch, r * pitch * math.sqrt(0.75))
        for r in range(rows)
        for c in range(columns)
    ]
    return np.array(places[:cells])


def patches(rng: np.random.Generator, places: Floats, count: int, expected: float) -> Floats:
    """Return a prior of some patches with rough edges, shape (cells,) [1]."""
    span = places.max(axis=0)
    prior = np.zeros(len(places))
    for _ in range(count):
        middle, width = rng.random(2) * span, rng.uniform(600.0, 2500.0)
        square = ((places - middle) ** 2).sum(axis=1)
        prior += rng.lognormal(0.0, 0.7) * np.exp(-0.5 * square / width**2)
    prior = (prior + 0.05 * prior.mean()) * rng.lognormal(0.0, 0.5, len(places))
    return np.asarray(expected * prior / prior.sum())


def case(seed: int, cells: int = 200, closed: int = 10) -> tuple[Problem, Floats]:
    """Return one problem, and the centres of its cells [m]."""
    rng = np.random.default_rng(seed)
    places = grid(cells, 1000.0)
    span = places.max(axis=0)
    prior = patches(rng, places, 8, 2.0)
    open_ = np.ones(cells, np.bool_)
    open_[rng.choice(cells, closed, replace=False)] = False
    between = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    values, costs = np.zeros((cells, len(KINDS))), np.zeros((cells, len(KINDS)))
    transit = np.zeros((len(KINDS), cells, cells))
    sorties = []
    for k, (speed, endurance, detection, search, stands_off) in enumerate(KINDS):
        values[:, k] = prior * detection * rng.uniform(0.7, 1.0, cells)
        costs[:, k] = search * rng.uniform(0.8, 1.25, cells)
        transit[k] = between / speed
        beyond = places[:, 0] > BORDER * span[0]
        base = np.array([span[0] if stands_off else rng.random() * span[0], rng.random() * span[1]])
        way = np.hypot(*(places - base).T) / speed
        allowed = open_ & beyond if stands_off else open_
        sorties += [
            Sortie(
                kind=k, endurance=endurance, leave=way, back=way, allowed=allowed,
                name=f"kind {k + 1}, sortie {m + 1}",
            )
            for m in range(EACH)
        ]  # fmt: skip
    return Problem(values=values, costs=costs, transit=transit, sorties=sorties), places


def worth(problem: Problem, orders: list[list[int]]) -> float:
    """Return the value of orders."""
    return sum(problem.worth(s, order) for s, order in enumerate(orders))


def naive(problem: Problem, places: Floats) -> list[list[int]]:
    """Return the order of a lawnmower: row by row, each sortie as far as it comes."""
    rows = np.round(places[:, 1] / (places[:, 1].max() / 1e3)).astype(int)
    order = sorted(
        range(problem.cells),
        key=lambda c: (
            places[c, 1],
            places[c, 0] * (-1) ** (np.unique(rows).searchsorted(rows[c])),
        ),
    )
    left = list(order)
    found: list[list[int]] = []
    for s in range(len(problem.sorties)):
        reach, taken = problem.reachable(s), []
        for cell in list(left):
            if reach[cell] and problem.seconds(s, [*taken, cell]) <= problem.sorties[s].endurance:
                taken.append(cell)
                left.remove(cell)
            elif taken:
                break
        found.append(taken)
    return found


def greedy(problem: Problem) -> list[list[int]]:
    """Return insertion of the cell that is worth most for its detour, till none fits."""
    orders: list[list[int]] = [[] for _ in problem.sorties]
    taken: set[int] = set()
    reach = [problem.reachable(s) for s in range(len(orders))]
    while True:
        best: tuple[float, int, int, int] | None = None
        for s, order in enumerate(orders):
            sortie = problem.sorties[s]
            spent = problem.seconds(s, order)
            free = np.array([c for c in np.flatnonzero(reach[s]) if c not in taken], dtype=int)
            if not free.size:
                continue
            way = problem.transit[sortie.kind]
            for at in range(len(order) + 1):
                to = sortie.leave[free] if at == 0 else way[order[at - 1], free]
                on = sortie.back[free] if at == len(order) else way[free, order[at]]
                if not order:
                    gone = 0.0
                elif at == 0:
                    gone = sortie.leave[order[0]]
                elif at == len(order):
                    gone = sortie.back[order[-1]]
                else:
                    gone = way[order[at - 1], order[at]]
                detour = to + on - gone + problem.costs[free, sortie.kind]
                score = np.where(
                    spent + detour <= sortie.endurance,
                    problem.values[free, sortie.kind] / detour,
                    -1.0,
                )
                k = int(score.argmax())
                if score[k] > 0 and (best is None or score[k] > best[0]):
                    best = (float(score[k]), s, at, int(free[k]))
        if best is None:
            return orders
        _, s, at, cell = best
        orders[s].insert(at, cell)
        taken.add(cell)


def or_tools(problem: Problem, seconds: float) -> list[list[int]]:
    """Return the plan of OR-Tools' routing, warm-started by greedy, in CPU seconds.

    Its penalties know no vehicle: a cell's penalty is its value to the best kind, and what a
    lesser kind falls short by is added to the cost of the ways into the cell.
    """
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    cells, count = problem.cells, len(problem.sorties)
    manager = pywrapcp.RoutingIndexManager(cells + 1, count, cells)
    model = pywrapcp.RoutingModel(manager)
    scale = 1e7
    times, costs = [], []
    for s, sortie in enumerate(problem.sorties):
        k = sortie.kind
        reach = problem.reachable(s)
        long = np.zeros((cells + 1, cells + 1))
        long[:cells, :cells] = problem.transit[k] + problem.costs[None, :, k]
        long[cells, :cells] = sortie.leave + problem.costs[:, k]
        long[:cells, cells] = sortie.back
        short = np.zeros((cells + 1, cells + 1))
        short[:, :cells] = problem.values.max(axis=1) - problem.values[:, k]
        whole = np.ceil(10 * long).astype(np.int64)
        dear = np.round(scale * short).astype(np.int64)
        times.append(model.RegisterTransitMatrix(whole.tolist()))
        costs.append(model.RegisterTransitMatrix(dear.tolist()))
        model.SetArcCostEvaluatorOfVehicle(costs[-1], s)
        for cell in np.flatnonzero(~reach):
            model.VehicleVar(manager.NodeToIndex(int(cell))).RemoveValue(s)
    ends = [int(10 * sortie.endurance) for sortie in problem.sorties]
    model.AddDimensionWithVehicleTransitAndCapacity(times, 0, ends, True, "time")
    for cell in range(cells):
        model.AddDisjunction([manager.NodeToIndex(cell)], int(scale * problem.values[cell].max()))
    options = pywrapcp.DefaultRoutingSearchParameters()
    options.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    options.time_limit.seconds = max(1, math.ceil(40 * seconds))
    begin = time.process_time()
    model.AddSearchMonitor(
        model.solver().CustomLimit(lambda: time.process_time() > begin + seconds)
    )
    model.CloseModelWithParameters(options)
    first = model.ReadAssignmentFromRoutes(greedy(problem), True)
    begin = time.process_time()
    found: Any = model.SolveFromAssignmentWithParameters(first, options) if first else None
    found = found or model.SolveWithParameters(options)
    orders: list[list[int]] = []
    for s in range(count):
        index, order = model.Start(s), []
        while not model.IsEnd(index):
            if (node := manager.IndexToNode(index)) < cells:
                order.append(node)
            index = found.Value(model.NextVar(index))
        orders.append(order)
    return orders


def knapsack_bound(problem: Problem) -> float:
    """Return the bound of a linear programme that counts the shortest way into each cell only."""
    from ortools.linear_solver import pywraplp

    solver: Any = pywraplp.Solver.CreateSolver("GLOP")
    rows = [solver.Constraint(-solver.infinity(), 1.0) for _ in range(problem.cells)]
    solver.Objective().SetMaximization()
    for s, sortie in enumerate(problem.sorties):
        k = sortie.kind
        reach = problem.reachable(s)
        ways = problem.transit[k] + np.where(np.eye(problem.cells) > 0, np.inf, 0.0)
        ways = np.where(reach[:, None], ways, np.inf)
        into = np.minimum(ways.min(axis=0), sortie.leave)
        home = float(sortie.back[reach].min(initial=0.0))
        time_ = solver.Constraint(-solver.infinity(), max(0.0, sortie.endurance - home))
        for cell in np.flatnonzero(reach):
            share = solver.NumVar(0.0, 1.0, "")
            rows[cell].SetCoefficient(share, 1.0)
            time_.SetCoefficient(share, float(into[cell] + problem.costs[cell, k]))
            solver.Objective().SetCoefficient(share, float(problem.values[cell, k]))
    solver.Solve()
    return float(solver.Objective().Value())
