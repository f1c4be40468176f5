"""The published olfactory-search benchmark: reference values met, and our policy beside them.

The reference values were measured with the program of the benchmark's authors (Loisy and
Heinonen 2023). Search k of each policy draws from the same stream, so that differences are paired.
With --runs FILE finished searches are kept there and not run again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.search.cases import NAMES, case
from barlovento.search.episodes import LONGEST, POLICIES, Score, Searches, run, score
from running import Progress, append_line, arguments, read_lines, report, table

REFERENCE = {
    ("isotropic-19", "infotaxis"): (13.89, 0.15),
    ("isotropic-19", "space-aware"): (13.55, 0.15),
    ("isotropic-53", "infotaxis"): (38.3, 1.0),
    ("isotropic-53", "space-aware"): (33.5, 0.9),
    ("windy-medium", "infotaxis"): (73.5, 1.5),
    ("windy-medium", "space-aware"): (68.1, 1.4),
    ("windy-low", "infotaxis"): (243.0, 9.0),
    ("windy-low", "space-aware"): (297.0, 27.0),
}
"""Mean search time and its standard error [steps]."""
WANTED = {"isotropic-19": 13.1, "isotropic-53": 30.2, "windy-medium": 61.3, "windy-low": 219.0}
"""What our policy's mean is to reach [steps]."""
NOT_FOUND, MILLISECONDS = 1e-4, 5.0


CHUNK = 250
"""Searches that are run and kept at once."""
CURVE = 1e-5
"""What is left unfound by fewer than this is not kept for the percentiles [1]."""


def packed(done: Searches) -> dict[str, Any]:
    """Return searches as a record for a file; their curve ends where it is of no more use."""
    end = int(np.argmax(done.unfound <= CURVE * done.times.size)) or LONGEST
    return {
        "steps": done.steps.tolist(), "left": done.left.tolist(), "times": done.times.tolist(),
        "unfound": np.round(done.unfound[: end + 1], 6).tolist(), "seconds": done.seconds,
    }  # fmt: skip


def unpacked(record: dict[str, Any]) -> Searches:
    """Return the searches of a record."""
    curve = np.array(record["unfound"])
    return Searches(
        steps=np.array(record["steps"]),
        left=np.array(record["left"]),
        times=np.array(record["times"]),
        unfound=np.pad(curve, (0, LONGEST + 1 - curve.size), mode="edge"),
        seconds=record["seconds"],
    )


def searched(
    name: str, policy: str, runner: Callable[..., Searches], episodes: int, seed: int,
    kept: Path | None, progress: Progress,
) -> Score:  # fmt: skip
    """Run what is not kept yet and score the first so many searches.

    ``name`` and ``policy`` are what it is kept under; ``runner`` takes numbers, seed and clock.
    """
    old = {
        record["first"]: record
        for record in (read_lines(kept) if kept else [])
        if (record["case"], record["policy"], record["seed"]) == (name, policy, seed)
    }
    done: Searches | None = None
    for first in range(0, episodes, CHUNK):
        count = min(CHUNK, episodes - first)
        if first in old and len(old[first]["times"]) == count:
            part = unpacked(old[first])
        else:
            numbers = range(first, first + count)
            part = runner(numbers=numbers, seed=seed, clock=time.process_time)
            if kept:
                head = {"case": name, "policy": policy, "seed": seed, "first": first}
                append_line(kept, head | packed(part))
        done = part if done is None else done.joined(part)
        progress.step(f"{name}, {policy}")
    assert done is not None
    return score(done)


def ratio_interval(
    ours: NDArray[np.float64], theirs: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the ratio of two paired means, and its 95 % interval from a bootstrap of searches."""
    rng = np.random.default_rng(1)
    rows = (rng.integers(len(ours), size=len(ours)) for _ in range(1000))
    drawn = [ours[row].mean() / theirs[row].mean() for row in rows]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(ours.mean() / theirs.mean()), float(low), float(high)


def reference_row(name: str, policy: str, done: Score) -> dict[str, Any]:
    """Return how one heuristic compares with its reference value."""
    mean, stderr = REFERENCE[name, policy]
    apart = (done.mean - mean) / float(np.hypot(done.stderr, stderr))
    return {
        "case": name, "policy": policy, "episodes": done.episodes,
        "reference": mean, "reference_stderr": stderr,
        "mean": done.mean, "stderr": done.stderr, "p99": done.p99, "not_found": done.not_found,
        "trapped": done.trapped, "ms_per_decision": done.ms_per_decision,
        "combined_errors_apart": apart, "met": abs(apart) <= 3.0,
    }  # fmt: skip


def our_row(name: str, scores: dict[str, Score]) -> dict[str, Any]:
    """Return how our policy compares with the better heuristic."""
    ours = scores["barlovento"]
    better = min(("infotaxis", "space-aware"), key=lambda policy: scores[policy].mean)
    ratio, low, high = ratio_interval(ours.times, scores[better].times)
    met = (
        ours.mean <= WANTED[name]
        and ours.not_found <= NOT_FOUND
        and ours.ms_per_decision <= MILLISECONDS
    )
    return {
        "case": name, "episodes": ours.episodes, "wanted": WANTED[name],
        "mean": ours.mean, "stderr": ours.stderr, "p99": ours.p99, "not_found": ours.not_found,
        "ms_per_decision": ours.ms_per_decision, "better": better,
        "ratio": ratio, "ratio_low": low, "ratio_high": high, "met": met,
    }  # fmt: skip


def tables(references: list[dict[str, Any]], ours: list[dict[str, Any]]) -> str:
    """Return both tables in Markdown."""
    first = table(
        (
            [
                f"{row['case']}, {row['policy']}", row["episodes"],
                f"{row['reference']} +- {row['reference_stderr']}",
                f"{row['mean']:.2f} +- {row['stderr']:.2f}", row["p99"],
                f"{row['not_found']:.1e}", row["ms_per_decision"],
                f"{row['combined_errors_apart']:+.1f}", row["met"],
            ]
            for row in references
        ),
        ["reference", "searches", "published program", "here", "p99", "not found", "ms a decision",
         "combined errors apart", "within 3"],
    )  # fmt: skip
    second = table(
        (
            [
                row["case"], row["episodes"], f"<= {row['wanted']}",
                f"{row['mean']:.2f} +- {row['stderr']:.2f}", row["p99"],
                f"{row['not_found']:.1e}", row["ms_per_decision"],
                f"{row['ratio']:.3f} ({row['ratio_low']:.3f} to {row['ratio_high']:.3f})",
                row["better"], row["met"],
            ]
            for row in ours
        ),
        ["barlovento", "searches", "to reach", "mean", "p99", "not found", "ms a decision",
         "paired ratio, cap counted", "to the better of two", "met"],
    )  # fmt: skip
    return f"{first}\n\n{second}"


def main() -> int:
    """Run the benchmark."""
    options = arguments(
        __doc__ or "",
        share={
            "type": float,
            "nargs": "+",
            "default": [1.0],
            "help": "of the publication's number of searches; one for all cases, or one for each",
        },
        seed={"type": int, "default": 1, "help": "of the searches"},
        cases={"nargs": "+", "choices": NAMES, "default": list(NAMES), "help": "which cases"},
        policies={"nargs": "+", "choices": tuple(POLICIES), "default": list(POLICIES)},
        runs={"type": Path, "help": "keep finished searches in this file, and go on from it"},
    ).parse_args()
    if len(options.share) not in (1, len(options.cases)):
        raise SystemExit(f"{len(options.share)} shares for {len(options.cases)} cases")
    shares = options.share * len(options.cases) if len(options.share) == 1 else options.share
    episodes = {
        name: 20 if options.quick else max(1, round(share * case(name).episodes))
        for name, share in zip(options.cases, shares, strict=True)
    }
    chunks = sum(-(-count // CHUNK) for count in episodes.values())
    progress = Progress(chunks * len(options.policies), "parts")
    references, ours = [], []
    for name in options.cases:
        scores = {
            policy: searched(
                name, policy, partial(run, case(name), policy), episodes[name], options.seed,
                options.runs, progress,
            )
            for policy in options.policies
        }  # fmt: skip
        references += [
            reference_row(name, policy, done)
            for policy, done in scores.items()
            if policy != "barlovento"
        ]
        if len(scores) == len(POLICIES):
            ours.append(our_row(name, scores))
    content = {"references": references, "barlovento": ours}
    report(options, block="search", content=content, text=tables(references, ours))
    return 0


if __name__ == "__main__":
    sys.exit(main())
