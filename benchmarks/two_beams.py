"""Two sources at once, told apart by seven simulated laser beams with a wandering wind.

The published inversion of the real beams did not converge with two sources. Cases come from the
independent simulator, with one source too, so that a second one is not found out of habit.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from running import Progress, arguments, report, table
from simulator_study import reported, share


def run(seed: int, n_sources: int) -> dict[str, Any]:
    """Simulate one field of beams, infer, and compare."""
    from barlovento import infer
    from barlovento.exercise.scenarios import beam_case
    from barlovento.exercise.world import simulate, to_survey

    scenario = beam_case(seed, n_sources=n_sources)
    posterior = infer(to_survey(simulate(scenario, seed)), seed=1)
    true = scenario.sources
    apart = float(np.hypot(true[0].x - true[-1].x, true[0].y - true[-1].y))
    return {
        "seed": seed,
        "n_sources": n_sources,
        "apart_m": apart,
        "number": list(posterior.number_of_sources),
        "reported": reported(posterior, true),
    }


def main() -> int:
    """Run the benchmark."""
    options = arguments(
        __doc__ or "", seeds={"type": int, "default": 20, "help": "cases of each number"}
    ).parse_args()
    if options.quick:
        options.seeds = 2
    jobs = [(seed, n) for seed in range(1, options.seeds + 1) for n in (1, 2)]
    progress = Progress(len(jobs), "cases")
    rows = []
    for seed, n in jobs:
        rows.append(run(seed, n))
        progress.step(f"{len(rows[-1]['reported'])} of {n}")
    lines = []
    for n, what in ((2, "two sources told apart"), (1, "one source, and no second one claimed")):
        mine = [row for row in rows if row["n_sources"] == n]
        told = [source for row in mine for source in row["reported"]]
        errors = [source["error_m"] for source in told if "error_m" in source]
        lines.append(
            [
                what,
                share(sum(len(row["reported"]) == n for row in mine), len(mine)),
                float(np.median(errors)) if errors else None,
                max(errors, default=None),
                share(sum(source["in_region"] for source in told), len(told)),
                share(sum(source["rate_in"] for source in told), len(told)),
            ]
        )
    text = table(
        lines,
        ["what", "reached", "error, median m", "largest m", "location held", "rate held"],
    )
    report(options, block="two-beams", content={"cases": rows}, text=text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
