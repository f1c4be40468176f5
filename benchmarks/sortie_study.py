"""One sortie, a second one, look-alikes, and the time of a decision, in the simulator's world.

Each finished flight is one line of ``--cases``; a run that was stopped goes on where it ended.
Rows of the program and of the mower are flown in the same worlds: same seed, same sites, same air.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from lawnmower import answer as plume_answer
from lawnmower import fitted, mowing
from running import Progress, append_line, arguments, read_lines, report, table
from scores import wilson

RATES = (3e-5, 1e-4, 3e-4)
"""[kg s-1]."""

FLIGHT = 720
"""Of the study's sorties [s]."""

LANDS = ("hill", "town")
"""Of the second simulator (`pyqes_world.py`), flown with its folder of plumes only."""

HELD, HEIGHT = "sortie at 15 m", 15.0
"""The program chooses its height, as the scenario permits; here it may not [m]. The mower flies
at that height."""

CLOSE = 20.0
"""An answer this near to the site is what the time is taken to [m]."""

READINGS = 5000
"""Of the row on decisions."""

DETECTION, MEDIAN, SECOND_MEDIAN = 0.9, 25.0, 10.0
COVERAGE = (0.85, 0.95)
FALSE_PER_100, CLASS_RIGHT = 1.0, 0.9
DECISION = 1.0
ENOUGH = 100
"""Flights below which a share of one in a hundred is neither met nor missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One flight; everything about it follows from these.

    Parameters
    ----------
    row : str
        "sortie", "sortie at 15 m", "mower", "second", "second mower", "look-alikes", "nothing",
        "hill" or "town".
    rate : float
        Of the hidden site; 0 where the scenario decides [kg s-1].
    seed : int
        Counts up from one.
    """

    row: str
    rate: float
    seed: int

    @property
    def rng_seed(self) -> int:
        """Seed of the world; the same for the program and the mower."""
        level = RATES.index(self.rate) + 1 if self.rate else 0
        kind = {"look-alikes": 8, "nothing": 9}.get(self.row, 0)
        return 1_000_000 * kind + 100_000 * level + self.seed


def exercise_of(case: Case) -> Any:
    """Return the scenario of a case."""
    from barlovento.exercise.scenario_file import read_exercise

    name = case.row if case.row in ("look-alikes", "nothing") else "study"
    exercise = replace(read_exercise(name), duration=FLIGHT)
    if case.row == HELD:
        exercise = replace(exercise, floor=HEIGHT - 0.1, ceiling=HEIGHT + 0.1)
    return exercise.with_rate(case.rate) if case.rate else exercise


def land_of(case: Case, qes: Path) -> tuple[Any, Any]:
    """Return exercise and world of a case over a land of the second simulator."""
    from barlovento.drill.prepare import LATE_HOME
    from barlovento.exercise.live import World
    from pyqes_world import exercise_of as over
    from pyqes_world import gas_of

    exercise = replace(over(case.row, case.seed, case.rate), duration=FLIGHT)
    longer = replace(exercise, duration=FLIGHT + LATE_HOME)
    return exercise, World(longer, case.seed, gas=gas_of(qes, case.row, case.seed))


def run(case: Case, answered_by: str, qes: Path = Path("qes")) -> dict[str, Any]:
    """Fly one case and keep what the scores need."""
    from barlovento.drill.documents import header_of, register_of, true_sites
    from barlovento.drill.found import score
    from barlovento.drill.prepare import belief_of, world_of
    from barlovento.exercising import answered, classed, flown, silent, wait_on_ground

    began = time.process_time()
    exercise, world = (None, None) if case.row not in LANDS else land_of(case, qes)
    if exercise is None:
        exercise = exercise_of(case)
    mower = case.row.endswith("mower")
    count = 2 if case.row.startswith("second") else 1
    if world is None:
        world = world_of(exercise, case.rng_seed, count)
    belief = NoBelief(exercise) if mower else belief_of(exercise, case.rng_seed)
    header = header_of(exercise, exercise.aircraft, "study", case.rng_seed)
    sorties: list[Any] = []
    seconds, named = 0.0, []
    for k in range(count):
        pilot = mowing(exercise) if mower else None
        sorties.append(flown(exercise, world, belief, header, pilot, silent, None))
        belief = sorties[-1].belief
        named += [(seconds + f.time, f.found) for f in sorties[-1].frames]
        seconds += sorties[-1].flight_time
        if k + 1 < count:
            wait_on_ground(world, exercise)
    truth = world.truth()
    sites = true_sites(truth, exercise.species[0])
    if mower:
        told = plume_answer(fitted(survey_of(exercise, sorties)))
        close = mower_close(exercise, sorties, sites)
    else:
        told = answered(exercise, sorties, answered_by, case.rng_seed, silent)
        told = classed(told, sorties, exercise, register_of(truth), case.rng_seed)
        close = program_close(named, sites)
    made = score(told, sites)
    return asdict(case) | {
        "answered_by": "fit" if mower else answered_by,
        "sites": len(made.pairs),
        "found": len(made.found),
        "false": len(made.false),
        "false_unexplained": len(made.false_unexplained) if len(exercise.species) > 1 else 0,
        "errors": [pair.error for pair in made.pairs],
        "inside": [pair.inside for pair in made.pairs],
        "areas": [told[pair.index].region90_area for pair in made.found],
        "class_right": [pair.class_right for pair in made.found],
        "classes": [[p.site.expected, told[p.index].kind] for p in made.found],
        "flight_s": seconds,
        "close_s": close,
        "cpu_s": time.process_time() - began,
    }


class NoBelief:
    """What a fixed pattern believes: nothing."""

    probability = 0.0

    def __init__(self, exercise: Any) -> None:
        from types import SimpleNamespace

        x = np.linspace(*exercise.area.x, 9)
        y = np.linspace(*exercise.area.y, 9)
        self.map = SimpleNamespace(x=x, y=y, density=np.zeros((9, 9)))

    def updated(self, *_: Any) -> NoBelief:
        """Learn nothing."""
        return self

    def answer(self) -> list[Any]:
        """Name nothing."""
        return []


def survey_of(exercise: Any, sorties: Sequence[Any], until: float = math.inf) -> Any:
    """Return all readings up to a time as a survey [s]."""
    from barlovento.drill.ports import chosen
    from barlovento.exercise.flights import to_survey
    from barlovento.exercise.sensed import joined

    rows = joined([sortie.rows for sortie in sorties])
    return to_survey(exercise, chosen(rows, rows.time <= until), sorties[-1].meteorology)


def program_close(named: Sequence[tuple[float, Any]], sites: Sequence[Any]) -> float | None:
    """Return the flight time from which on the belief names a place near the site [s]."""
    if not sites:
        return None
    site, since = sites[0], None
    for when, found in named:
        near = any(math.hypot(x - site.x, y - site.y) <= CLOSE for x, y, _ in found)
        since = (since if since is not None else when) if near else None
    return since


def mower_close(exercise: Any, sorties: Sequence[Any], sites: Sequence[Any]) -> float | None:
    """Return the flight time from which on the fit is near the site, looked at each minute [s]."""
    if not sites:
        return None
    site, since, flight = sites[0], None, 0.0
    for k, sortie in enumerate(sorties):
        begin = float(sortie.tracks[0][0, 0]) - 1.0
        for minute in np.arange(60.0, sortie.flight_time + 59.0, 60.0):
            told = plume_answer(fitted(survey_of(exercise, sorties[: k + 1], begin + minute)))
            near = any(math.hypot(f.x - site.x, f.y - site.y) <= CLOSE for f in told)
            now = flight + min(float(minute), sortie.flight_time)
            since = (since if since is not None else now) if near else None
        flight += sortie.flight_time
    return since


def decision_time(readings: int) -> dict[str, Any]:
    """Return the CPU time of an update by ten readings and the next leg, after many readings."""
    from barlovento.drill.prepare import belief_of, orders_of, world_of
    from barlovento.exercise.instruments import along
    from barlovento.search.legs import Drone, next_leg
    from barlovento.search.permitted import Permitted

    exercise = replace(exercise_of(Case(row="sortie", rate=1e-4, seed=1)), duration=readings + 100)
    world = world_of(exercise, 1)
    orders = orders_of(exercise, world)
    rng = np.random.default_rng(1)
    places = np.column_stack([rng.uniform(-380.0, 380.0, (400, 2)), np.full(400, 15.0)])
    path = along(places, 12.0, readings)[1:]
    belief = belief_of(exercise, 1)
    permitted = Permitted(
        ring=exercise.permitted, floor=exercise.floor, ceiling=exercise.ceiling, home=exercise.home
    )
    taken: list[float] = []
    starts = [*range(0, readings - 100, 100), *range(readings - 100, readings, 10)]
    for start, end in pairwise([*starts, readings]):
        sensed = world.advance(path[None, start:end])
        met = world.meteorology()
        observed = orders.observe(sensed, met)
        before = time.process_time()
        if observed is not None:
            belief = belief.updated(observed, met)
        update = time.process_time() - before
        if start >= readings - 100:
            x, y, z = path[end - 1]
            drone = Drone(name="one", x=x, y=y, z=z, airspeed=12.0, endurance_left=900.0)
            before = time.process_time()
            next_leg(belief, [drone], permitted, 900.0)
            taken.append(update + time.process_time() - before)
    return {"row": "decision", "rate": 0.0, "seed": 0, "readings": readings, "seconds": taken}


def median_with_misses(rows: Sequence[dict[str, Any]]) -> float:
    """Return the median error, misses being infinitely far [m]."""
    errors = [math.inf if e is None else e for row in rows for e in row["errors"]]
    return float(np.median(errors)) if errors else math.nan


def share(held: int, n: int) -> str:
    """Return a share with its count and 90 % interval."""
    if n == 0:
        return "none"
    low, high = wilson(held, n)
    return f"{held}/{n} = {held / n:.2f} ({low:.2f}-{high:.2f})"


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what each row of flights came to."""
    done = [row for row in rows if "failed" not in row]
    groups: dict[str, Any] = {}
    for row in ("sortie", HELD, *LANDS, "mower", "second", "second mower"):
        for rate in RATES:
            mine = [r for r in done if r["row"] == row and r["rate"] == rate]
            if not mine:
                continue
            areas = [a for r in mine for a in r["areas"]]
            groups[f"{row} {rate:g}"] = {
                "flights": len(mine),
                "detected": sum(r["found"] > 0 for r in mine),
                "false": sum(r["false"] for r in mine),
                "median_m": median_with_misses(mine),
                "median_found_m": _median([e for r in mine for e in r["errors"] if e is not None]),
                "reported": sum(r["found"] + r["false"] for r in mine),
                "inside": sum(sum(r["inside"]) for r in mine),
                "area_m2": _median(areas),
                "flight_s": _median([r["flight_s"] for r in mine]),
                "close_s": _median([r["close_s"] or math.inf for r in mine]),
                "close": sum(r["close_s"] is not None for r in mine),
                "cpu_s": _median([r["cpu_s"] for r in mine]),
            }
    others = [r for r in done if r["row"] in ("look-alikes", "nothing")]
    judged = [right for r in others for right in r["class_right"] if right is not None]
    decisions = [r for r in done if r["row"] == "decision"]
    return {
        "failed": sum("failed" in row for row in rows),
        "groups": groups,
        "others": len(others),
        "others_nothing": sum(r["row"] == "nothing" for r in others),
        "false_unexplained": sum(
            r["false_unexplained"] + (r["false"] if r["row"] == "nothing" else 0) for r in others
        ),
        "class_judged": len(judged),
        "class_right": sum(judged),
        "decision_s": max((max(r["seconds"]) for r in decisions), default=None),
        "decision_median_s": _median([s for r in decisions for s in r["seconds"]]),
        "answered_by": sorted({r["answered_by"] for r in done if "answered_by" in r} - {"fit"}),
    }


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if len(values) else None


def markdown(summary: dict[str, Any]) -> str:
    """Return the tables for docs/results.md."""
    g = summary["groups"]
    main, mower = g.get("sortie 0.0001"), g.get("mower 0.0001")
    held_height = g.get(f"{HELD} 0.0001")
    second, repeat = g.get("second 0.0001"), g.get("second mower 0.0001")
    goals = []
    for group, height in ((main, "at its own height"), (held_height, "height held at 15 m")):
        if group is None:
            continue
        # What is asked is asked of 15 m: what is reached at another height meets nothing.
        asked = group is held_height
        rate = group["detected"] / group["flights"]
        held = group["inside"] / group["reported"] if group["reported"] else math.nan
        goals += [
            [
                f"one sortie, {height}: detected at 0.1 g/s", ">= .90",
                share(group["detected"], group["flights"]), _by(mower, "detected"),
                rate >= DETECTION if asked else None,
            ],
            [
                "its median error, misses as failures, m", "<= 25",
                group["median_m"], _of(mower, "median_m"),
                group["median_m"] <= MEDIAN if asked else None,
            ],
            [
                "its coverage of the 90 % region over reports", ".85-.95",
                share(group["inside"], group["reported"]), _by(mower, "inside", "reported"),
                COVERAGE[0] <= held <= COVERAGE[1] if asked else None,
            ],
            [
                "its median area of the region, m2", "given",
                group["area_m2"], _of(mower, "area_m2"), None,
            ],
        ]  # fmt: skip
    if second:
        goals += [
            [
                "second sortie: median error at 0.1 g/s, m", "<= 10",
                second["median_m"], _of(repeat, "median_m"),
                second["median_m"] <= SECOND_MEDIAN,
            ],
            [
                "flight time to a 20 m answer, median, s", "half",
                second["close_s"], _of(repeat, "close_s"),
                None if repeat is None or not math.isfinite(repeat["close_s"] or math.inf)
                else second["close_s"] <= 0.5 * repeat["close_s"],
            ],
        ]  # fmt: skip
    if summary["others"]:
        per = 100.0 * summary["false_unexplained"] / summary["others"]
        right, judged = summary["class_right"], summary["class_judged"]
        flown = f"{summary['others']} flown"
        goals += [
            [
                f"false *unexplained* in 100 flights over look-alikes and nothing ({flown})",
                "<= 1", per, None, per <= FALSE_PER_100 if summary["others"] >= ENOUGH else None,
            ],
            [
                "class right", ">= .90", share(right, judged), None,
                right >= CLASS_RIGHT * judged if judged else None,
            ],
        ]  # fmt: skip
    if summary["decision_s"] is not None:
        goals.append(
            [
                "belief update and next leg after 5,000 readings, CPU s, median and worst", "<= 1",
                f"{summary['decision_median_s']:.2f} and {summary['decision_s']:.2f}", None,
                summary["decision_s"] <= DECISION,
            ]
        )  # fmt: skip
    head = ["what", "to reach", "reached", "mower and plume fit, same worlds", "met"]
    detail = table(
        (
            [
                name.rsplit(" ", 1)[0], 1000.0 * float(name.rsplit(" ", 1)[1]), v["flights"],
                share(v["detected"], v["flights"]), v["false"], v["median_m"],
                v["median_found_m"], share(v["inside"], v["reported"]), v["area_m2"],
                v["flight_s"], f"{v['close']}/{v['flights']}", v["close_s"], v["cpu_s"],
            ]
            for name, v in g.items()
        ),
        [
            *("flown", "rate g/s", "flights", "detected", "false reports", "median error m"),
            *("of those found m", "region held", "region m2", "flight s"),
            *("came within 20 m", "after, median s", "CPU s"),
        ],
    )  # fmt: skip
    note = (
        f"The program's answers are those of: {', '.join(summary['answered_by']) or 'nobody'}. "
        "A report counts as the site's when it lies within 100 m of it or its region holds it. "
        "Coverage is over all reports: a false one counts as not held. A median is infinite where "
        "half of the flights or more missed. Intervals are Wilson's 90 %. "
        f"Failed runs: {summary['failed']}."
    )
    return f"{table(goals, head)}\n\n{note}\n\n{detail}"


def _of(group: dict[str, Any] | None, key: str) -> Any:
    return None if group is None else group[key]


def _by(group: dict[str, Any] | None, key: str, total: str = "flights") -> Any:
    return None if group is None else share(group[key], group[total])


def cases(seeds: int, rows: Sequence[str]) -> list[Case]:
    """Return the flights that are wanted, seeds outermost: a stopped run covers all alike."""
    wanted = []
    for seed in range(1, seeds + 1):
        for row in ("sortie", HELD, "mower"):
            wanted += [Case(row=row, rate=rate, seed=seed) for rate in (1e-4, 3e-5, 3e-4)]
        wanted += [Case(row=row, rate=1e-4, seed=seed) for row in LANDS]
        wanted += [Case(row=row, rate=1e-4, seed=seed) for row in ("second", "second mower")]
        wanted += [Case(row=row, rate=0.0, seed=seed) for row in ("look-alikes", "nothing")]
    return [case for case in wanted if case.row in rows]


ROWS = ("sortie", HELD, "mower", "second", "second mower", "look-alikes", "nothing", *LANDS)


def main() -> int:
    """Run the benchmark."""
    parser = arguments(
        __doc__ or "",
        seeds={"type": int, "default": 200, "help": "worlds of each row and rate"},
        rows={"nargs": "+", "choices": ROWS, "default": list(ROWS[:-2]), "help": "what is flown"},
        rates={"nargs": "+", "type": float, "default": list(RATES), "help": "kg/s"},
        answer={"choices": ("locate", "belief"), "default": "locate", "help": "who answers"},
        qes={"type": Path, "default": Path("qes"), "help": "folder of pyqes_world.py"},
        decision={"action": "store_true", "help": "measure the time of a decision too"},
        cases={"type": Path, "default": Path("sorties.jsonl"), "help": "finished flights"},
        summary_only={"action": "store_true", "help": "don't fly, score what is there"},
    )
    options = parser.parse_args()
    if options.quick:
        options.seeds = min(options.seeds, 1)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    wanted = cases(options.seeds, options.rows)
    wanted = [case for case in wanted if case.rate == 0.0 or case.rate in options.rates]
    finished = {(r["row"], r["rate"], r["seed"]) for r in read_lines(options.cases)}
    if set(options.rows) & set(LANDS):
        from pyqes_world import ready

        wanted = [c for c in wanted if c.row not in LANDS or ready(options.qes, c.row, c.seed)]
    todo = [case for case in wanted if (case.row, case.rate, case.seed) not in finished]
    if not options.summary_only:
        if options.decision and ("decision", 0.0, 0) not in finished:
            append_line(options.cases, decision_time(READINGS))
        progress = Progress(len(todo), "flights")
        for case in todo:
            try:
                row = run(case, options.answer, options.qes)
            except Exception as error:  # noqa: BLE001  one bad world must not end the study
                row = asdict(case) | {"failed": repr(error)}
            append_line(options.cases, row)
            progress.step(row.get("failed", ""))
    keys = {(case.row, case.rate, case.seed) for case in wanted} | {("decision", 0.0, 0)}
    rows = [r for r in read_lines(options.cases) if (r["row"], r["rate"], r["seed"]) in keys]
    summary = summarise(rows)
    report(options, block="sortie", content=summary, text=markdown(summary))
    return 1 if summary["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
