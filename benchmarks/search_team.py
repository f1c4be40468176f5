"""Several drones from one start on the search benchmark, beside one drone.

All share a belief and move at once. One drone flies by each of the policies for one. With --runs
FILE finished searches are kept there and not run again.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.search.cases import NAMES, case
from barlovento.search.episodes import POLICIES, Score, run
from barlovento.search.grid import known_location_bound, opening
from barlovento.search.team import run_team
from running import Progress, arguments, report, table
from search_reference import CHUNK, searched

WANTED = 1.8
"""Times as fast as one drone."""


def gain_interval(one: NDArray[np.float64], team: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % interval of how many times as fast a team is, from a bootstrap."""
    rng = np.random.default_rng(1)
    rows = (rng.integers(len(one), size=len(one)) for _ in range(1000))
    drawn = [one[row].mean() / team[row].mean() for row in rows]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def row_of(name: str, team: Score, single: Score) -> dict[str, Any]:
    """Return how much faster a team is than one drone by a policy."""
    low, high = gain_interval(single.times, team.times)
    return {
        "one": name, "mean": single.mean, "stderr": single.stderr,
        "times_as_fast": single.mean / team.mean, "low": low, "high": high,
        "met": single.mean / team.mean >= WANTED,
    }  # fmt: skip


def main() -> int:
    """Run the benchmark."""
    options = arguments(
        __doc__ or "",
        case={"choices": NAMES, "default": "windy-medium", "help": "which case"},
        drones={"type": int, "default": 4, "help": "in the team"},
        episodes={"type": int, "default": 2000, "help": "searches of each"},
        seed={"type": int, "default": 1, "help": "of the searches"},
        runs={"type": Path, "help": "keep finished searches in this file, and go on from it"},
    ).parse_args()
    episodes = 20 if options.quick else options.episodes
    which = case(options.case)
    progress = Progress(-(-episodes // CHUNK) * (1 + len(POLICIES)), "parts")

    def scored(name: str, runner: Any) -> Score:
        return searched(options.case, name, runner, episodes, options.seed, options.runs, progress)

    team = scored(f"team of {options.drones}", partial(run_team, which, options.drones))
    singles = {name: scored(name, partial(run, which, name)) for name in POLICIES}
    bound = known_location_bound(
        opening(which.hits, which.shape, which.start, len(which.first) - 1), which.start
    )
    rows = [row_of(name, team, single) for name, single in singles.items()]
    text = (
        f"{options.case}, {options.drones} drones, {episodes} searches: mean search time "
        f"{team.mean:.2f} +- {team.stderr:.2f} steps, 99 % found after {team.p99}, "
        f"{team.ms_per_decision:.2f} ms for all decisions of a step. "
        f"With the source's place told: {bound:.1f}.\n\n"
    ) + table(
        (
            [
                row["one"], f"{row['mean']:.2f} +- {row['stderr']:.2f}", f">= {WANTED}",
                f"{row['times_as_fast']:.2f} ({row['low']:.2f} to {row['high']:.2f})", row["met"],
            ]
            for row in rows
        ),
        ["one drone by", "mean search time", "to reach", "team is so many times as fast", "met"],
    )  # fmt: skip
    content = {"case": options.case, "drones": options.drones, "team": team.mean, "rows": rows}
    report(options, block="search-team", content=content, text=text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
