"""How often regions, rates and counts hold in the independent simulator's world.

For each rate, ``--seeds`` random worlds: 1 to 4 sources, stable and unstable air, sensors with
.3 and 5 ppb of noise, evenly mixed over the seeds; and as many worlds without any source. Each
finished world is one line of ``--cases``; a run that was stopped goes on where it ended.
"""

from __future__ import annotations

import math
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import Point, shape

from running import Progress, append_line, arguments, read_lines, report, table
from scores import crps, crps_without_survey, match, wilson

RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
"""[kg s-1]."""

STABILITY = ("stable", "unstable")
NOISE = (0.3, 5.0)
"""[ppb]."""

SEEN = 0.9
"""A source counts as searched for above this probability [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One random world; everything about it follows from these.

    Parameters
    ----------
    rate : float
        Of every source; zero in a world without any [kg s-1].
    seed : int
        Counts up from one.
    """

    rate: float
    seed: int

    @property
    def n_sources(self) -> int:
        """Number of sources."""
        return 1 + (self.seed - 1) % 4 if self.rate > 0 else 0

    @property
    def stability(self) -> str:
        """State of the air."""
        return STABILITY[(self.seed - 1) // 4 % 2]

    @property
    def noise(self) -> float:
        """Noise of a one-second reading [ppb]."""
        return NOISE[(self.seed - 1) // 8 % 2]

    @property
    def rng_seed(self) -> int:
        """Seed of the world: no two cases share one."""
        level = 1 + RATES.index(self.rate) if self.rate > 0 else 0
        return 100_000 * level + self.seed


def run(case: Case) -> dict[str, Any]:
    """Make one world, infer, and keep what the scores need."""
    from barlovento import infer
    from barlovento.exercise.scenarios import random_case
    from barlovento.exercise.world import simulate, to_survey

    start = time.monotonic()
    row: dict[str, Any] = asdict(case) | {
        "n_sources": case.n_sources,
        "stability": case.stability,
        "noise": case.noise,
    }
    scenario = random_case(
        case.rng_seed,
        n_sources=case.n_sources,
        rate_kg_s=case.rate or None,
        stability=case.stability,
        noise_ppb=case.noise,
    )
    survey = to_survey(simulate(scenario, case.rng_seed))
    made = time.monotonic()
    posterior = infer(survey, seed=1)
    row |= {"simulate_s": made - start, "infer_s": time.monotonic() - made}
    truth = scenario.sources
    searched = [seen(posterior, source.x, source.y, source.emission_rate) for source in truth]
    return row | {
        "number": list(posterior.number_of_sources),
        "searched": searched,
        "reported": reported(posterior, truth),
        "max_rhat": posterior.diagnostics.max_rhat,
        "min_ess": posterior.diagnostics.min_ess,
    }


def seen(posterior: Any, x: float, y: float, rate: float) -> float:
    """Return the searched probability at a place and rate, between the map's rates in log.

    Parameters
    ----------
    posterior : Posterior
        Holds the map.
    x, y : float
        Place [m].
    rate : float
        [kg s-1].

    Returns
    -------
    float
        [1].
    """
    column = int(np.argmin(np.abs(posterior.searched_x - x)))
    row = int(np.argmin(np.abs(posterior.searched_y - y)))
    levels = np.log(posterior.searched_rate)
    return float(np.interp(math.log(rate), levels, posterior.searched[row, column]))


def reported(posterior: Any, truth: Any) -> list[dict[str, Any]]:
    """Return each reported source beside the true one that it is paired with, if any."""
    found = posterior.sources
    pairs = {
        f: (t, distance)
        for t, f, distance in match(
            np.array([[s.x, s.y] for s in truth]).reshape(-1, 2),
            np.array([[s.x, s.y] for s in found]).reshape(-1, 2),
        )
    }
    rows = []
    for f, source in enumerate(found):
        row: dict[str, Any] = {
            "probability": source.probability,
            "area_m2": source.region90_area,
            "in_region": False,
            "rate_in": False,
        }
        if f in pairs:
            t, distance = pairs[f]
            true = truth[t]
            low, middle, high = source.emission_rate
            row |= {
                "error_m": distance,
                "in_region": bool(
                    shape(source.region90).buffer(1e-6).contains(Point(true.x, true.y))
                ),
                "rate_in": low <= true.emission_rate <= high,
                "rate_ratio": middle / true.emission_rate,
                "log_rate": math.log(true.emission_rate),
                "crps": crps(np.log(source.samples[:, 3]), math.log(true.emission_rate)),
            }
        rows.append(row)
    return rows


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the scores for each rate and over all."""
    done = [row for row in rows if "failed" not in row]
    by_rate = {}
    for rate in sorted({row["rate"] for row in done if row["rate"] > 0}):
        mine = [row for row in done if row["rate"] == rate]
        told = [source for row in mine for source in row["reported"]]
        clear = [row for row in mine if row["searched"] and min(row["searched"]) > SEEN]
        by_rate[f"{rate * 1000:g}"] = {
            "worlds": len(mine),
            "sources": sum(row["n_sources"] for row in mine),
            "reported": len(told),
            "extra": sum("error_m" not in source for source in told),
            "in_region": sum(source["in_region"] for source in told),
            "rate_in": sum(source["rate_in"] for source in told),
            "clear": len(clear),
            "clear_right": sum(len(row["reported"]) == row["n_sources"] for row in clear),
            "area_median_m2": float(np.median([s["area_m2"] for s in told])) if told else None,
            "error_median_m": float(np.median([s.get("error_m", math.inf) for s in told]))
            if told
            else None,
            "infer_median_s": float(np.median([row["infer_s"] for row in mine])),
        }
    paired = [s for row in done for s in row["reported"] if "crps" in s]
    nulls = [row for row in done if row["rate"] == 0]
    ratio = None
    if len(paired) > 1:
        constant = crps_without_survey(np.array([s["log_rate"] for s in paired]))
        ratio = float(np.mean([s["crps"] for s in paired])) / constant if constant > 0 else None
    return {
        "failed": sum("failed" in row for row in rows),
        "by_rate": by_rate,
        "crps_ratio": ratio,
        "crps_sources": len(paired),
        "nulls": len(nulls),
        "nulls_right": sum(not row["reported"] for row in nulls),
        "groups": {
            f"{name} {value}": group(
                [row for row in done if row["rate"] > 0 and row[name] == value]
            )
            for name in ("stability", "noise", "n_sources")
            for value in sorted({row[name] for row in done if row["rate"] > 0}, key=str)
        },
    }


def group(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return coverage over the reported sources of some worlds."""
    told = [source for row in rows for source in row["reported"]]
    return {
        "reported": len(told),
        "in_region": sum(source["in_region"] for source in told),
        "rate_in": sum(source["rate_in"] for source in told),
    }


def share(held: int, n: int) -> str:
    """Return a share with its count and 90 % interval."""
    if n == 0:
        return "none"
    low, high = wilson(held, n)
    return f"{held}/{n} = {held / n:.3f} ({low:.2f}-{high:.2f})"


def markdown(summary: dict[str, Any]) -> str:
    """Return the tables for docs/results.md."""
    rates = summary["by_rate"]

    def every(key: str) -> tuple[str, bool | None]:
        values = [g[key] / g["reported"] for g in rates.values() if g["reported"]]
        if not values:
            return "none reported", None
        return f"{min(values):.3f} to {max(values):.3f}", all(0.85 <= v <= 0.95 for v in values)

    clear = sum(g["clear"] for g in rates.values())
    right = sum(g["clear_right"] for g in rates.values())
    ratio, nulls = summary["crps_ratio"], summary["nulls"]
    place, place_met = every("in_region")
    strength, strength_met = every("rate_in")
    goals = table(
        [
            ["coverage of location, at every rate", ".85-.95", place, place_met],
            ["coverage of rate, at every rate", ".85-.95", strength, strength_met],
            [
                "number right, where each source's `searched` exceeds .9",
                ">= 80 %",
                share(right, clear),
                right >= 0.8 * clear if clear else None,
            ],
            [
                "CRPS of log rate over that of the best constant",
                "<= .7",
                ratio,
                None if ratio is None else ratio <= 0.7,
            ],
            [
                "no source reported when there is none",
                ">= 97 %",
                share(summary["nulls_right"], nulls),
                summary["nulls_right"] >= 0.97 * nulls if nulls else None,
            ],
        ],
        ["what", "to reach", "reached", "met"],
    )
    detail = table(
        (
            [
                rate,
                g["worlds"],
                f"{g['reported']}/{g['sources']}",
                g["extra"],
                share(g["in_region"], g["reported"]),
                share(g["rate_in"], g["reported"]),
                share(g["clear_right"], g["clear"]),
                g["error_median_m"],
                g["area_median_m2"],
                g["infer_median_s"],
            ]
            for rate, g in rates.items()
        ),
        [
            *("rate g/s", "worlds", "reported/true", "extra", "location held", "rate held"),
            *("number right where searched", "error, median m", "area, median m2", "infer s"),
        ],
    )
    split = table(
        (
            [name, share(g["in_region"], g["reported"]), share(g["rate_in"], g["reported"])]
            for name, g in summary["groups"].items()
        ),
        ["group", "location held", "rate held"],
    )
    note = (
        "Coverage is over reported sources; one without a true partner (extra) counts as not "
        f"held. Intervals are Wilson's 90 %. Failed runs: {summary['failed']}."
    )
    return f"{goals}\n\n{note}\n\n{detail}\n\n{split}"


def main() -> int:
    """Run the benchmark."""
    parser = arguments(
        __doc__ or "",
        seeds={"type": int, "default": 400, "help": "worlds of each rate, and of none"},
        jobs={"type": int, "default": os.cpu_count() or 1, "help": "processes"},
        cases={"type": Path, "default": Path("study.jsonl"), "help": "finished worlds"},
        rates={"type": float, "nargs": "+", "default": list(RATES), "help": "kg/s; 0 for none"},
        summary_only={"action": "store_true", "help": "don't run, score what is there"},
    )
    options = parser.parse_args()
    if options.quick:
        options.seeds = min(options.seeds, 2)
    levels = [*options.rates, *([] if 0.0 in options.rates else [0.0])]
    # Seeds outermost: a run that is stopped has covered all rates alike.
    wanted = [Case(rate=r, seed=s) for s in range(1, options.seeds + 1) for r in levels]
    finished = {(row["rate"], row["seed"]) for row in read_lines(options.cases)}
    todo = [case for case in wanted if (case.rate, case.seed) not in finished]
    if not options.summary_only and todo:
        # One thread for each process: the pool fills the cores. Spawned processes read this
        # before they load anything.
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        progress = Progress(len(todo), "worlds")
        with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
            futures = {pool.submit(run, case): case for case in todo}
            for future in as_completed(futures):
                case = futures[future]
                try:
                    row = future.result()
                except Exception as error:  # noqa: BLE001  one bad world must not end the study
                    row = asdict(case) | {"failed": repr(error)}
                append_line(options.cases, row)
                progress.step(row.get("failed", ""))
    keys = {(case.rate, case.seed) for case in wanted}
    rows = [row for row in read_lines(options.cases) if (row["rate"], row["seed"]) in keys]
    summary = summarise(rows)
    report(options, block="simulator", content=summary, text=markdown(summary))
    return 1 if summary["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
