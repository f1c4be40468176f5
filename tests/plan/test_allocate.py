"""Plans keep their rules, the bound holds, and both are right where the best is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from barlovento.errors import BadInput
from barlovento.plan.allocate import allocate, fitting
from barlovento.plan.laying import started
from barlovento.plan.problem import Problem, Sortie, check_orders


def small(seed: int, cells: int = 7, sorties: int = 2, kinds: int = 2) -> Problem:
    rng = np.random.default_rng(seed)
    places = rng.random((cells, 2)) * 1000
    way = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    base = rng.random((sorties, 2)) * 1000
    flown = []
    for s in range(sorties):
        out = np.hypot(*(places - base[s]).T) / (10.0 + 5 * (s % kinds))
        allowed = rng.random(cells) < 0.8
        flown.append(
            Sortie(
                kind=s % kinds, endurance=400.0, leave=out, back=1.1 * out, allowed=allowed, crew="a"
            )
        )
    return Problem(
        values=rng.random((cells, kinds)),
        costs=rng.uniform(40, 90, (cells, kinds)),
        transit=np.stack([way / (10.0 + 5 * k) for k in range(kinds)]),
        sorties=flown,
    )


def best_by_hand(problem: Problem) -> float:
    """The best of all plans of two sorties, by trying every order of every subset."""
    cells = range(problem.cells)
    best: list[dict[frozenset[int], float]] = []
    for s, sortie in enumerate(problem.sorties):
        found = {frozenset[int](): 0.0}
        for size in range(1, problem.cells + 1):
            for order in permutations(cells, size):
                if all(sortie.allowed[list(order)]) and (
                    problem.seconds(s, order) <= sortie.endurance
                ):
                    found[frozenset(order)] = problem.worth(s, order)
        best.append(found)
    return max(a + b for x, a in best[0].items() for y, b in best[1].items() if not x & y)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_best_of_small_problems_is_found_and_bounded(seed: int) -> None:
    problem = small(seed, cells=6)
    plan = allocate(problem, seconds=0.5)
    check_orders(problem, plan.orders)
    truth = best_by_hand(problem)
    assert plan.value == pytest.approx(truth)
    assert plan.bound >= truth - 1e-9
    assert plan.bound <= 1.1 * truth


def test_every_rule_holds_in_a_larger_plan() -> None:
    problem = replace(small(9, cells=40, sorties=6, kinds=3), crews={"a": 4})
    plan = allocate(problem, seconds=0.5)
    check_orders(problem, plan.orders)
    assert sum(bool(order) for order in plan.orders) <= 4
    assert 0 < plan.value <= plan.bound
    assert plan.quality > 0.8


def test_closed_ways_and_cells_are_never_flown() -> None:
    problem = small(4, cells=12)
    shut = problem.transit.copy()
    shut[:, :6, 6:] = np.inf
    shut[:, 6:, :6] = np.inf
    problem = replace(problem, transit=shut)
    plan = allocate(problem, seconds=0.5)
    check_orders(problem, plan.orders)
    for order in plan.orders:
        assert len({cell < 6 for cell in order}) <= 1


def test_a_flight_under_way_is_planned_again_from_where_it_is() -> None:
    problem = small(5, cells=20)
    plan = allocate(problem, seconds=0.5)
    flying = next(s for s, order in enumerate(plan.orders) if len(order) > 1)
    done = plan.orders[flying][0]
    left = problem.sorties[flying].endurance - problem.seconds(flying, [done])
    left += float(problem.sorties[flying].back[done])
    sorties = list(problem.sorties)
    sorties[flying] = started(problem, flying, place=done, left=left, searched=[done])
    orders = [o[1:] if s == flying else o for s, o in enumerate(plan.orders)]
    again = replace(problem, sorties=[replace(s, allowed=s.allowed & (np.arange(20) != done)) for s in sorties])
    new = allocate(again, seconds=0.3, start=orders, prices=plan.prices)
    check_orders(again, new.orders)
    assert done not in {cell for order in new.orders for cell in order}
    kept = sum(again.worth(s, order) for s, order in enumerate(orders))
    assert kept - 1e-9 <= new.value <= new.bound + 1e-9


def test_nothing_to_find_is_no_plan() -> None:
    problem = small(6)
    nothing = replace(problem, values=np.zeros_like(problem.values))
    plan = allocate(nothing, seconds=0.1)
    assert plan.value == plan.bound == 0.0
    assert not any(plan.orders)
    assert plan.quality == 1.0


def test_what_no_longer_fits_is_left_out() -> None:
    problem = small(7)
    orders = [[0, 1, 2, 3, 4, 5, 6], [0, 1]]
    fit = fitting(problem, orders)
    check_orders(problem, fit)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"values": -np.ones((7, 2))}, "below zero"),
        ({"costs": np.zeros((7, 2))}, "cost"),
        ({"costs": np.ones((6, 2))}, "cells, kinds"),
        ({"crews": {"a": -1}}, "crew"),
    ],
)
def test_impossible_problems_are_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        replace(small(1), **change)


def test_orders_that_break_a_rule_are_refused() -> None:
    problem = small(1)
    open_ = [int(c) for c in np.flatnonzero(problem.reachable(0))]
    barred = [int(c) for c in np.flatnonzero(~problem.sorties[0].allowed)]
    for orders in ([open_[:1], open_[:1]], [barred[:1], []], [open_ * 2, []], [[]]):
        with pytest.raises(BadInput):
            check_orders(problem, orders)
