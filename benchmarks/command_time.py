"""Time, CPU and memory of the whole `barlovento locate` command on synthetic flights.

"First time" starts with empty caches of compiled kernels, bytecode and fonts, as after an install.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from flights import fly, to_survey, write_folder
from running import Progress, arguments, barlovento, measure, report, table

CASES = {
    # name: readings, empty caches, limit of wall seconds, limit of memory in MB
    "1,000 readings, first time after install": (1000, True, 15.0, None),
    "1,000 readings, warm": (1000, False, 3.0, None),
    "100,000 readings": (100_000, False, 60.0, 2000.0),
}


def locate(survey: Path, out: Path, caches: Path | None) -> dict[str, Any]:
    """Run the command once and return what it took."""
    environment = {}
    if caches:
        names = ("NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX", "MPLCONFIGDIR")
        environment = {name: str(caches / name.lower()) for name in names}
    cost = measure([barlovento(), "locate", survey, "--out", out, "--seed", "1"], **environment)
    row = {"wall_s": cost.wall, "cpu_s": cost.cpu, "memory_mb": cost.memory}
    return row if cost.code == 0 else row | {"failed": cost.stderr.strip()[-400:]}


def main() -> int:
    """Run the benchmark."""
    parser = arguments(
        __doc__ or "", repeats={"type": int, "default": 3, "help": "runs of each case"}
    )
    options = parser.parse_args()
    cases = dict(CASES)
    if options.quick:
        options.repeats = 1
        cases.pop("100,000 readings")
    progress = Progress(len(cases) * options.repeats, "runs")
    rows = []
    for name, (readings, fresh, limit, memory) in cases.items():
        flight = fly(readings=readings, sources=2, seed=1)
        survey = to_survey(flight, noise_ppm=0.02, background_ppm=2.0, seed=1, exact=False)
        with tempfile.TemporaryDirectory(prefix="barlovento-") as folder:
            root = Path(folder)
            write_folder(survey, root / "survey")
            runs = []
            if not fresh:
                locate(root / "survey", root / "warm", None)
            for k in range(options.repeats):
                caches = root / f"caches{k}" if fresh else None
                runs.append(locate(root / "survey", root / f"out{k}", caches))
                progress.step(f"{name}: {runs[-1]}")
        failed = [run["failed"] for run in runs if "failed" in run]
        keys = ("wall_s", "cpu_s", "memory_mb")
        row: dict[str, Any] = {key: statistics.median(run[key] for run in runs) for key in keys}
        met = row["wall_s"] <= limit and (memory is None or row["memory_mb"] <= memory)
        row |= {"case": name, "limit_s": limit, "limit_mb": memory, "runs": runs}
        row |= {"met": met and not failed, "failed": failed}
        rows.append(row)
    text = table(
        (
            [
                row["case"],
                f"<= {row['limit_s']:g} s" + (", <= 2 GB" if row["limit_mb"] else ""),
                "failed" if row["failed"] else f"{row['wall_s']:.1f} s",
                row["cpu_s"],
                f"{row['memory_mb']:.0f}",
                row["met"],
            ]
            for row in rows
        ),
        ["what", "to reach", f"wall (median of {options.repeats})", "CPU s", "peak MB", "met"],
    )
    report(options, block="command", content={"cases": rows}, text=text)
    return 1 if any(row["failed"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
