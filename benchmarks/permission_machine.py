"""Random sequences of pin, sign, revoke, rotate, steal, replay, forge, wait, clear and fly.

A clearance that the book of what was really agreed does not explain ends the run, and so does a
plan that is refused although everybody had agreed to it.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from permission_world import World, opened, step, tell_coarsely
from running import Journal, Progress, arguments, report, table

CHUNK = 250


def sequences(first: int, count: int, steps: int) -> dict[str, Any]:
    """Run some sequences and return what happened in them."""
    tell_coarsely()
    done: dict[str, Any] = {"sequences": 0, "steps": 0, "given": 0, "refused": 0, "faults": []}
    for seed in range(first, first + count):
        random = Random(seed)  # noqa: S311
        world = opened() if random.random() < 0.9 else World()
        told = []
        try:
            left = random.randrange(4, steps)
            while left := left - 1:
                told.append(step(world, random))
        except AssertionError as error:
            done["faults"].append({"seed": seed, "steps": told, "error": str(error)})
        done["sequences"] += 1
        done["steps"] += len(told)
        done["given"] += world.given
        done["refused"] += world.refused
    return done


def main() -> int:
    """Run the benchmark."""
    parser = arguments(
        __doc__ or "",
        sequences={"type": int, "default": 100_000, "help": "how many"},
        steps={"type": int, "default": 24, "help": "most steps of one"},
        workers={"type": int, "default": 1, "help": "processes"},
        journal={"type": Path, "help": "keep what is done in this file, and go on from there"},
    )
    options = parser.parse_args()
    total = 500 if options.quick else options.sequences
    starts = range(0, total, CHUNK)
    scripts = (Path(__file__).name, "permission_world.py")
    journal = Journal(options.journal, scripts, total=total, steps=options.steps)
    left = [start for start in starts if start not in journal.done]
    progress, begun = Progress(len(left), "chunks"), time.monotonic()
    with ProcessPoolExecutor(options.workers) as pool:
        counts = [min(CHUNK, total - start) for start in left]
        parts = pool.map(sequences, left, counts, [options.steps] * len(left))
        for start, part in zip(left, parts, strict=True):
            journal.keep(start, part)
            progress.step()
    found: dict[str, Any] = {"sequences": 0, "steps": 0, "given": 0, "refused": 0, "faults": []}
    for start in starts:
        for key, value in journal.done[start].items():
            found[key] += value
    found["elapsed_s"] = time.monotonic() - begun
    wrong = sum("refused although" not in fault["error"] for fault in found["faults"])
    needless = len(found["faults"]) - wrong
    text = table(
        [
            ["sequences", "100,000", f"{found['sequences']:,}", found["sequences"] >= 100_000],
            ["steps in them", None, f"{found['steps']:,}", None],
            ["clearances given", None, f"{found['given']:,}", None],
            ["plans refused", None, f"{found['refused']:,}", None],
            ["cleared or flown without living consent of every sovereign", "0", wrong, wrong == 0],
            ["refused although every sovereign had agreed", "0", needless, needless == 0],
        ],
        ["what", "to reach", "reached", "met"],
    )
    report(options, block="permission-machine", content=found, text=text)
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
