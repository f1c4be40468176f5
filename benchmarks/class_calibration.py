"""What a source is: how often the class is right, how often unexplained is false, and calibration.

The worlds are those of ``class_worlds.py``, which shares no value with the classifier's table.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.assess.classify import classify, verdict
from class_worlds import PANELS, SHARES, World, draw
from running import Progress, arguments, report, table
from scores import wilson

KINDS = (*SHARES, "unexplained", "background")
WANTED_RIGHT, WANTED_FALSE = 0.90, 0.01
BINS = ((0.0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.98),
        (0.98, 1.0))  # fmt: skip
KNOWN = {"gases": False, "gases, shape, time, register": True}


def fly(n: int, panel: str, *, all_known: bool, seed: int) -> list[tuple[World, dict[str, float]]]:
    """Return worlds, as many of each kind, with the probabilities that the classifier gives."""
    flown = []
    for k in range(n):
        rng = np.random.default_rng([seed, k])
        world = draw(KINDS[k % len(KINDS)], panel, rng)
        if all_known:
            told = classify(
                world.rates, world.geometry, world.hour, world.weekday, world.registered
            )
        else:
            told = classify(world.rates)
        flown.append((world, told))
    return flown


def summary(flown: Sequence[tuple[World, dict[str, float]]]) -> dict[str, Any]:
    """Return the scores of one setting; flights on which no gas was found report nothing."""
    seen = [(world, told) for world, told in flown if world.found]
    alike = [(world, told) for world, told in seen if world.truth in SHARES]
    hidden = [(world, told) for world, told in seen if world.truth == "unexplained"]
    innocent = [(world, told) for world, told in flown if world.truth != "unexplained"]
    false = sum(bool(world.found) and verdict(told) == "unexplained" for world, told in innocent)
    named = [(world, told) for world, told in alike if verdict(told) != "undecided"]
    per_class = {
        name: share(
            [
                max(told, key=told.__getitem__) == name
                for world, told in alike
                if world.truth == name
            ]
        )
        for name in SHARES
    }
    return {
        "flights": len(flown),
        "seen": len(seen),
        "right": share([max(told, key=told.__getitem__) == world.truth for world, told in alike]),
        "right_named": share([verdict(told) == world.truth for world, told in named]),
        "undecided": share([verdict(told) == "undecided" for _, told in alike]),
        "false": [false, len(innocent)],
        "hidden_reported": share([verdict(told) == "unexplained" for _, told in hidden]),
        "hidden_taken_for_class": share([verdict(told) in SHARES for _, told in hidden]),
        "per_class": per_class,
        "reliability": reliability(seen),
        "log_score": float(np.mean([np.log(told[world.truth] + 1e-12) for world, told in seen])),
    }


def share(flags: Sequence[bool]) -> list[int]:
    """Return how many are true, and of how many."""
    return [int(sum(flags)), len(flags)]


def reliability(seen: Sequence[tuple[World, dict[str, float]]]) -> list[dict[str, float]]:
    """Return told probability against frequency, over every class of every flight."""
    told: NDArray[np.float64] = np.array([[p[kind] for kind in KINDS] for _, p in seen])
    true = np.array([[world.truth == kind for kind in KINDS] for world, _ in seen])
    rows = []
    for low, high in BINS:
        here = (told >= low) & (told < high if high < 1 else told <= high)
        if here.any():
            rows.append(
                {
                    "low": low,
                    "high": high,
                    "n": int(here.sum()),
                    "told": float(told[here].mean()),
                    "came_true": float(true[here].mean()),
                }
            )
    return rows


def shown(part: Sequence[int]) -> str:
    """Return a share with its 90 % interval."""
    held, n = part
    if not n:
        return "none"
    low, high = wilson(held, n)
    return f"{held}/{n} = {held / n:.3f} ({max(low, 0.0):.3f}-{high:.3f})"


def tables(settings: dict[str, dict[str, Any]]) -> str:
    """Return all tables in Markdown."""
    first = []
    for name, one in settings.items():
        right, of = one["right"]
        false, flights = one["false"]
        first += [
            [f"{name}: class right, where a gas was found", ">= 0.90", shown(one["right"]),
             right >= WANTED_RIGHT * of],
            [f"{name}: false *unexplained* reports, of flights over look-alikes and nothing",
             "<= 0.010", shown(one["false"]), false <= WANTED_FALSE * flights],
            [f"{name}: class right, where one was named", "reported", shown(one["right_named"]),
             None],
            [f"{name}: look-alikes left undecided", "reported", shown(one["undecided"]), None],
            [f"{name}: hidden sites reported as *unexplained*", "reported",
             shown(one["hidden_reported"]), None],
            [f"{name}: hidden sites taken for a class", "reported",
             shown(one["hidden_taken_for_class"]), None],
        ]  # fmt: skip
    names = list(settings)
    by_class = [
        [kind.replace("_", " "), *(shown(settings[name]["per_class"][kind]) for name in names)]
        for kind in SHARES
    ]
    bins = [
        [
            f"{low:g}-{high:g}",
            *(_bin(settings[name]["reliability"], low) for name in names),
        ]
        for low, high in BINS
    ]
    return "\n\n".join(
        (
            table(first, ["what", "to reach", "reached", "met"]),
            table(by_class, ["class right", *names]),
            table(
                bins, ["probability told", *(f"{name}: told, came true (cases)" for name in names)]
            ),
        )
    )


def _bin(rows: Sequence[dict[str, float]], low: float) -> str:
    for row in rows:
        if row["low"] == low:
            return f"{row['told']:.3f}, {row['came_true']:.3f} ({row['n']})"
    return "none"


def main() -> int:
    """Run the benchmark."""
    options = arguments(
        __doc__ or "",
        flights={"type": int, "default": 1350, "help": "of each setting"},
        seed={"type": int, "default": 1, "help": "of the worlds"},
    ).parse_args()
    flights = 90 if options.quick else options.flights
    progress = Progress(len(PANELS) * len(KNOWN), "settings")
    settings = {}
    started = time.process_time()
    for panel, gases in PANELS.items():
        for known, all_known in KNOWN.items():
            name = f"{len(gases)} gases" + (", shape, time, register" if all_known else "")
            flown = fly(flights, panel, all_known=all_known, seed=options.seed)
            settings[name] = summary(flown)
            progress.step(f"{panel}, {known}")
    took = (time.process_time() - started) / (flights * len(settings))
    content = {"settings": settings, "seed": options.seed, "cpu_s_each": took}
    text = tables(settings) + f"\n\nOne classification takes {1000 * took:.0f} ms of CPU."
    report(options, block="classes", content=content, text=text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
