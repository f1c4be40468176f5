"""Allocation beside OR-Tools, greedy insertion and a lawnmower's order, and a large region.

Fifty cases of 200 cells (ten closed), twelve sorties, four kinds of aircraft with their endurance,
one of which stands off behind a border: see plan_cases.py. Every method gets CPU seconds of one
core, for machines are shared: ours ten, OR-Tools two from greedy's plan. All plans are checked by
the same rules. Values are over our bound, and over the bound of a plain linear programme (shortest
way into each cell), which ours is never above. Then a plan is made again in flight: one aircraft of
each kind is away, a tenth of the cells changed their value, with a limit of 1.5 s.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.plan.allocate import allocate
from barlovento.plan.laying import started
from barlovento.plan.problem import Problem, Sortie, check_orders
from plan_cases import case, greedy, grid, knapsack_bound, naive, or_tools, patches, worth
from running import Journal, Progress, arguments, report, table

CLOCK = time.process_time


def one(seed: int, seconds: float) -> dict[str, float]:
    """Return what each method reaches in one case."""
    problem, places = case(seed)
    plan = allocate(problem, seconds=seconds, seed=seed, clock=CLOCK)
    others = {
        "or_tools": or_tools(problem, 2.0),
        "greedy": greedy(problem),
        "naive": naive(problem, places),
    }
    for orders in others.values():
        check_orders(problem, orders)
    again, changed = in_flight(problem, plan.orders, seed)
    begin = CLOCK()
    new = allocate(again, seconds=1.5, seed=seed, start=changed, prices=plan.prices, clock=CLOCK)
    return {
        "ours": plan.value,
        "bound": plan.bound,
        "programme": knapsack_bound(problem),
        "seconds": plan.seconds,
        "replan_seconds": CLOCK() - begin,
        "replan": new.quality,
        "replan_kept": worth(again, changed) / new.value,
        **{name: worth(problem, orders) for name, orders in others.items()},
    }


def in_flight(
    problem: Problem, orders: tuple[tuple[int, ...], ...], seed: int
) -> tuple[Problem, list[list[int]]]:
    """Return the problem when every third sortie has done half, and what is left of the orders."""
    rng = np.random.default_rng([seed, 1])
    sorties: list[Sortie] = list(problem.sorties)
    rest = [list(order) for order in orders]
    done = [c for s in range(0, len(rest), 3) for c in rest[s][: len(rest[s]) // 2]]
    for s in range(0, len(rest), 3):
        half = rest[s][: len(rest[s]) // 2]
        if half:
            spent = problem.seconds(s, half) - float(sorties[s].back[half[-1]])
            left = sorties[s].endurance - spent
            sorties[s] = started(problem, s, place=half[-1], left=left, searched=done)
            rest[s] = rest[s][len(half) :]
    open_ = np.ones(problem.cells, np.bool_)
    open_[done] = False
    sorties = [replace(sortie, allowed=sortie.allowed & open_) for sortie in sorties]
    values = problem.values.copy()
    some = rng.choice(problem.cells, problem.cells // 10, replace=False)
    values[some] *= rng.lognormal(0.0, 1.0, (some.size, 1))
    return replace(problem, values=values, sorties=sorties), rest


def large(seed: int, cells: int = 5000) -> Problem:
    """Return 2,000 km2 in 5,000 cells, forty sorties of six aircraft."""
    rng = np.random.default_rng(seed)
    places = grid(cells, 680.0)
    span = places.max(axis=0)
    prior = patches(rng, places, 40, 10.0)
    kinds = ((12.0, 1600.0, 0.85, 110.0), (16.0, 5000.0, 0.7, 90.0), (30.0, 15000.0, 0.5, 50.0))
    values = np.stack([prior * k[2] for k in kinds], axis=1)
    costs = np.tile([k[3] for k in kinds], (cells, 1))
    transit = np.stack(
        [np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) / k[0] for k in kinds]
    )
    sorties = []
    for aircraft, (kind, flights) in enumerate([(0, 9), (0, 9), (0, 8), (1, 6), (1, 5), (2, 3)]):
        way = np.hypot(*(places - rng.random(2) * span).T) / kinds[kind][0]
        sorties += [
            Sortie(
                kind=kind, endurance=kinds[kind][1], leave=way, back=way,
                allowed=np.ones(cells, np.bool_), name=f"aircraft {aircraft + 1}, flight {m + 1}",
            )
            for m in range(flights)
        ]  # fmt: skip
    return Problem(values=values, costs=costs, transit=transit, sorties=sorties)


def main() -> int:
    """Run the benchmark; return its exit code."""
    parser = arguments(
        __doc__ or "",
        seeds={"type": int, "default": 50, "help": "cases"},
        seconds={"type": float, "default": 10.0, "help": "CPU seconds for a plan"},
        no_large={"action": "store_true", "help": "leave the large region out"},
        journal={"type": Path, "help": "file that keeps finished cases; a stopped run goes on"},
    )
    options = parser.parse_args()
    count = 2 if options.quick else options.seeds
    allocate(case(10_000)[0], seconds=1.0, clock=CLOCK)
    journal = Journal(
        options.journal, ["plan_allocation.py", "plan_cases.py"], seconds=options.seconds
    )
    progress = Progress(count, "cases")
    for seed in range(count):
        if seed not in journal.done:
            journal.keep(seed, one(seed, options.seconds))
        progress.step()
    rows = [journal.done[seed] for seed in range(count)]

    def column(name: str, over: str) -> Any:
        return np.array([row[name] / row[over] for row in rows])

    lines = [
        [
            label,
            float(column(name, "bound").mean()),
            float(column(name, "bound").min()),
            float(column(name, "programme").mean()),
        ]
        for label, name in (
            ("ours, 10 s", "ours"),
            ("OR-Tools, 2 s from greedy", "or_tools"),
            ("greedy insertion", "greedy"),
            ("lawnmower's order", "naive"),
        )
    ]
    text = table(lines, ["method", "of our bound", "worst case", "of the plain programme"])
    text += (
        f"\n\n{count} cases. Our bound is {column('bound', 'programme').mean():.3f} of the plain "
        f"programme's on average, {column('bound', 'programme').max():.3f} at most. A plan took "
        f"{np.mean([r['seconds'] for r in rows]):.1f} CPU seconds, at most "
        f"{max(r['seconds'] for r in rows):.1f}; a new plan in flight "
        f"{max(r['replan_seconds'] for r in rows):.2f} at most, and reached "
        f"{np.mean([r['replan'] for r in rows]):.3f} of its bound."
    )
    content: dict[str, Any] = {"rows": rows}
    if not options.no_large and not options.quick:
        problem = large(0)
        begin = CLOCK()
        plan = allocate(problem, seconds=45.0, clock=CLOCK)
        took = CLOCK() - begin
        check_orders(problem, plan.orders)
        content["large"] = {"seconds": took, "quality": plan.quality}
        text += (
            f"\n\n2,000 km2 in 5,000 cells, 40 sorties of 6 aircraft: {took:.0f} CPU seconds of "
            f"one core, {plan.quality:.3f} of its bound."
        )
    report(options, block="plan-allocation", content=content, text=text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
