"""Run `barlovento locate` on every real survey and score it against the known sources.

The solver works on a copy of each folder without truth.json, and every case runs with the same
settings. A source that was not reported is an infinite error and outside its region.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from running import DASH, Progress, arguments, barlovento, data_folder, measure, report, table
from scores import bootstrap_coverage, copy_without_truth, quantile, read_truth, score

FAMILIES = {
    "pg": "Prairie Grass",
    "ch": "Chilbolton, seven beams",
    "gn": "Ginninderra, mixed instruments",
    "mt": "METEC, fence line",
    "ot": "OTM-33A, vehicle",
}
QUICK = ("pg00", "ch05", "gna0523", "gna0525n", "mt00")


def run_case(survey: Path, work: Path, seed: int, save: Path | None) -> dict[str, Any]:
    """Locate the sources of one survey and score the answer."""
    truth = read_truth(survey)
    out = (save or work / "out") / survey.name
    cost = measure(
        [
            *(barlovento(), "locate", copy_without_truth(survey, work / "in")),
            *("--out", out, "--seed", str(seed), "--json"),
        ]
    )
    row: dict[str, Any] = {
        "case": survey.name,
        "code": cost.code,
        "wall_s": cost.wall,
        "cpu_s": cost.cpu,
        "memory_mb": cost.memory,
    }
    if cost.code != 0 or not (out / "result.json").exists():
        # A run that failed reported nothing: its sources are missed.
        nothing = {"sources": [], "number_of_sources": {}, "elapsed_s": None}
        nothing["diagnostics"] = {"min_ess": None, "max_rhat": None}
        return row | score(nothing, truth) | {"failed": cost.stderr.strip()[-400:]}
    return row | score(json.loads((out / "result.json").read_text()), truth)


def family(case: str) -> str:
    """Return the experiment that a case belongs to."""
    return case[:2]


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the numbers of one group of cases."""
    real = [row for row in rows if row["n_true"]]
    nulls = [row for row in rows if not row["n_true"]]
    errors = [e for row in real for e in row["error_m"]]
    held = [flag for row in real for flag in row["in_region"]]
    rate_held = [flag for row in real for flag in row["rate_in"]]
    ratios = [r for row in real for r in row["rate_ratio"] if r is not None]
    areas = [a for row in real for a in row["area_m2"]]
    summary: dict[str, Any] = {
        "cases": len(rows),
        "failed": sum("failed" in row for row in rows),
        "sources": len(errors),
        "missed": sum(e is None for e in errors),
        "extra": sum(max(row["n_found"] - row["n_true"], 0) for row in real),
        "nulls": len(nulls),
        "nulls_right": sum(row["code"] == 0 and row["n_found"] == 0 for row in nulls),
        "in_region": sum(held),
        "rate_in": sum(rate_held),
        "wall_s": float(np.median([row["wall_s"] for row in rows])),
    }
    if errors:
        summary |= {
            "error_median_m": quantile(errors, 0.5),
            "error_p90_m": quantile(errors, 0.9),
            "error_max_m": quantile(errors, 1.0),
            "within_15_m": sum(e is not None and e <= 15.0 for e in errors),
            "area_median_m2": float(np.median(areas)) if areas else None,
            "rate_within_2": sum(0.5 <= r <= 2.0 for r in ratios),
        }
    return summary


def verdicts(groups: dict[str, dict[str, Any]], rows: list[dict[str, Any]]) -> list[list[Any]]:
    """Return what was to be reached beside what was."""
    lines: list[list[Any]] = []

    def add(what: str, goal: str, reached: str, met: bool | None) -> None:
        lines.append([what, goal, reached, {True: "yes", False: "no", None: DASH}[met]])

    def metres(value: float) -> str:
        return f"{value:.1f} m" if np.isfinite(value) else "missed"

    if g := groups.get("pg"):
        add(
            f"`pg` ({g['sources']}): location error, median and 90th percentile",
            "<= 15 m, <= 45 m",
            f"{metres(g['error_median_m'])}, {metres(g['error_p90_m'])}",
            g["error_median_m"] <= 15 and g["error_p90_m"] <= 45,
        )
    if g := groups.get("ch"):
        add(
            f"`ch` ({g['sources']}): location error, median and largest",
            "<= 5 m, <= 12 m",
            f"{metres(g['error_median_m'])}, {metres(g['error_max_m'])}",
            g["error_median_m"] <= 5 and g["error_max_m"] <= 12,
        )
    if g := groups.get("gn"):
        add(
            f"`gn` ({g['sources']} sources): location error, median; missed",
            "<= 8 m; at most 1",
            f"{metres(g['error_median_m'])}; {g['missed']}",
            g["error_median_m"] <= 8 and g["missed"] <= 1,
        )
        add(
            f"`gn` ({g['nulls']} days without): no source claimed",
            f"{g['nulls']} of {g['nulls']}",
            f"{g['nulls_right']} of {g['nulls']}",
            g["nulls_right"] == g["nulls"],
        )
    if g := groups.get("mt"):
        add(
            f"`mt` ({g['sources']}): within 15 m",
            ">= 5",
            f"{g['within_15_m']} (median {metres(g['error_median_m'])})",
            g["within_15_m"] >= 5,
        )
    if g := groups.get("ot"):
        add(
            f"`ot` ({g['sources']}): location error; truth inside the region",
            "reported; yes",
            f"{metres(g['error_median_m'])}; {'yes' if g['in_region'] else 'no'}",
            bool(g["in_region"]),
        )
    everything = groups["all"]
    n = everything["sources"]
    if n:
        for key, flag, what in (
            ("in_region", "in_region", "truth inside the 90 % region"),
            ("rate_in", "rate_in", "rate inside its 5-95 % interval"),
        ):
            flags = {
                name: [f for row in rows if family(row["case"]) == name for f in row[flag]]
                for name in FAMILIES
            }
            low, high = bootstrap_coverage(flags)
            share = everything[key] / n
            add(
                f"all: {what}",
                "82-97 %",
                f"{everything[key]} of {n} = {share:.0%} ({low:.0%}-{high:.0%})",
                0.82 <= share <= 0.97,
            )
        area = everything["area_median_m2"]
        reached = DASH if area is None else f"{area:,.0f} m2"
        add("all: median area of the 90 % region", "reported", reached, None)
    return lines


def markdown(groups: dict[str, dict[str, Any]], rows: list[dict[str, Any]]) -> str:
    """Return the tables for docs/results.md."""
    goals = table(verdicts(groups, rows), ["what", "to reach", "reached", "met"])
    columns = {
        "cases": "cases",
        "failed": "failed",
        "missed": "missed",
        "extra": "extra",
        "error_median_m": "error, median m",
        "error_p90_m": "p90 m",
        "in_region": "in region",
        "rate_in": "rate in",
        "rate_within_2": "rate within 2x",
        "area_median_m2": "area, median m2",
        "wall_s": "wall s",
    }
    summary = table(
        ([name, *(g.get(key) for key in columns)] for name, g in groups.items()),
        ["group", *columns.values()],
    )
    cases = table(
        (
            [
                row["case"],
                f"{row['n_found']}/{row['n_true']}",
                ", ".join("missed" if e is None else f"{e:.1f}" for e in row["error_m"]),
                ", ".join("yes" if f else "no" for f in row["in_region"]),
                ", ".join(f"{a:,.0f}" for a in row["area_m2"]),
                ", ".join(DASH if r is None else f"{r:.2f}" for r in row["rate_ratio"]),
                ", ".join("yes" if f else "no" for f in row["rate_in"]),
                row["wall_s"],
            ]
            for row in rows
        ),
        ["case", "found/true", "error m", "in region", "area m2", "rate/true", "rate in", "wall s"],
    )
    note = (
        "Intervals of coverage are 90 %, from a bootstrap that draws whole experiments. "
        "Extra: sources reported beyond the true number."
    )
    return f"{goals}\n\n{note}\n\n{summary}\n\n### Every case\n\n{cases}"


def main() -> int:
    """Run the benchmark."""
    parser = arguments(
        __doc__ or "",
        jobs={"type": int, "default": 2, "help": "surveys at once"},
        seed={"type": int, "default": 1, "help": "seed of every run"},
        save={"type": Path, "help": "keep every result below this folder"},
        only={"nargs": "*", "default": [], "help": "prefixes of the cases to run; not for results"},
    )
    options: argparse.Namespace = parser.parse_args()
    surveys = sorted(
        p for p in (data_folder() / "surveys").iterdir() if (p / "truth.json").exists()
    )
    if options.quick:
        surveys = [p for p in surveys if p.name in QUICK]
    if options.only:
        surveys = [p for p in surveys if p.name.startswith(tuple(options.only))]
        options.publish = False
    progress = Progress(len(surveys), "surveys")

    def work(survey: Path) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="barlovento-") as folder:
            row = run_case(survey, Path(folder), options.seed, options.save)
        progress.step(f"{row['case']} {row.get('failed', row['error_m'])}")
        return row

    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(work, surveys))
    groups = {
        name: summarise(members)
        for name in FAMILIES
        if (members := [row for row in rows if family(row["case"]) == name])
    }
    groups["all"] = summarise(rows)
    report(
        options,
        block="real-surveys",
        content={"seed": options.seed, "groups": groups, "cases": rows},
        text=markdown(groups, rows),
    )
    return 1 if any("failed" in row for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
