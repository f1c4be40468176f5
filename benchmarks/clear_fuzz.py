"""Random plans close to the limits: `clear` against a slow check that shares no geometry with it.

    uv run --all-extras python benchmarks/clear_fuzz.py [--plans 20000] [--quick] [--publish]

Both get the same plan, consents, zones and border. What `clear` permits and the slow check
refuses must not exist; what only `clear` refuses is counted as refused without need. Times are
measured apart, on plans of 50 legs among 200 zones.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import running
from barlovento.errors import PlanRefused
from barlovento.guard.airspace import clear
from barlovento.guard.borders import Borders
from barlovento.guard.nearest import cartesian
from barlovento.guard.outline import Holder, Outline
from barlovento.guard.zones import ZoneIndex
from clear_slow import AZIMUTHS, HOME_STEP, LEG_STEP, WAY_STEP, Slow
from clear_worlds import GEOD, OTHER, STATE, Line, Maker, World

HALF = 60_000.0
"""A border reaches this far both ways [m]."""


class Same:
    """One error for every limit.

    Parameters
    ----------
    error : float
        [m].
    """

    def __init__(self, error: float) -> None:
        self.error = error

    def at(self, _state: str, places: Any) -> tuple[Any, Any]:
        """Return the error away from a state and towards it [m]."""
        return np.full(len(places), self.error), np.full(len(places), self.error)


def borders_of(line: Line) -> Borders:
    """Return borders that know one line on land, a state on either side."""
    along = np.linspace(-HALF, HALF, 61)
    n = np.ones(len(along))
    lon, lat, _ = GEOD.fwd(line.lon * n, line.lat * n, line.azimuth * n, along)
    places = cartesian(lon, lat)
    parts = len(along) - 1
    return Borders(
        Outline(
            begin=places[:-1],
            end=places[1:],
            left=np.zeros(parts, dtype=np.int64),
            right=np.ones(parts, dtype=np.int64),
            holders=(Holder(state=STATE, disputed=False), Holder(state=OTHER, disputed=False)),
            source="fuzz",
            licence="",
            digest="fuzz",
        ),
        errors=Same(line.error),
    )


def fast(world: World, zones: Any, borders: Any) -> tuple[str | None, float, bool]:
    """Return what `clear` finds missing, its CPU time [s], and whether it names whom to ask.

    A check has one thread, so on an idle machine that is the time that passes.
    """
    start = time.thread_time()
    try:
        clear(
            world.route,
            consents=world.consents,
            zones=zones,
            borders=borders,
            now=world.now,
            revoked=world.revoked,
        )
    except PlanRefused as refusal:
        took = time.thread_time() - start
        named = all(s.lacks and s.detail and s.ask and s.leg for s in refusal.shortfalls)
        return refusal.shortfalls[0].lacks, took, named and bool(refusal.shortfalls)
    return None, time.thread_time() - start, True


CHUNK = 250


def compare(plans: int, seed: int, journal: running.Journal) -> dict[str, Any]:
    """Return counts over many worlds."""
    starts = range(0, plans, CHUNK)
    left = [start for start in starts if start not in journal.done]
    progress = running.Progress(len(left), f"{CHUNK} plans each")
    for start in left:
        journal.keep(start, some(range(start, min(start + CHUNK, plans)), seed))
        progress.step()
    tally: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    wrong: list[dict[str, Any]] = []
    for start in starts:
        part = journal.done[start]
        tally.update(part["tally"])
        kinds.update(part["lacking"])
        wrong += part["differences"]
    return {"tally": dict(tally), "lacking": dict(kinds), "differences": wrong}


def some(plans: range, seed: int) -> dict[str, Any]:
    """Return counts over some worlds."""
    maker = Maker(seed)
    tally: Counter[str] = Counter()
    wrong: list[dict[str, Any]] = []
    kinds: Counter[str] = Counter()
    for number in plans:
        world = maker.world(number)
        quick, _, named = fast(world, world.zones, borders_of(world.line))
        slow = Slow(world).verdict()
        tally["near"] += world.near
        tally["permitted"] += quick is None
        tally["refused"] += quick is not None
        tally["unnamed"] += not named
        tally["permitted, slow check refuses"] += quick is None and slow is not None
        tally["refused, slow check permits"] += quick is not None and slow is None
        if quick:
            kinds[quick.split(" zone")[0]] += 1
        if (quick is None) != (slow is None):
            wrong.append(
                {
                    "seed": seed,
                    "plan": number,
                    "clear": quick,
                    "slow": slow,
                    "gap": min((abs(gap) for gap in world.gaps), default=None),
                }
            )
    return {"tally": dict(tally), "lacking": dict(kinds), "differences": wrong}


def speed(plans: int, seed: int) -> dict[str, Any]:
    """Return the CPU time of checks of 50 legs against 200 zones [ms]."""
    maker = Maker(seed, legs=50, zones=200)
    worlds = [maker.world(number) for number in range(plans)]
    times: dict[bool, list[float]] = {True: [], False: []}
    prepared = []
    for number, world in enumerate(worlds):
        start = time.thread_time()
        index = ZoneIndex(world.zones)
        prepared.append(time.thread_time() - start)
        borders = borders_of(world.line)
        fast(world, index, borders)
        # The first call builds trees of this border; programs keep borders and zones.
        best = min(fast(world, index, borders)[1] for _ in range(3))
        lacks = fast(world, index, borders)[0]
        times[lacks is None].append(1e3 * best)
        if number % 50 == 49:
            sys.stderr.write(f"timing {number + 1}/{plans}\n")
    every = times[True] + times[False]
    return {
        "median_ms": statistics.median(every),
        "p95_ms": float(np.quantile(every, 0.95)),
        "median_permitted_ms": statistics.median(times[True]) if times[True] else None,
        "median_refused_ms": statistics.median(times[False]) if times[False] else None,
        "permitted": len(times[True]),
        "refused": len(times[False]),
        "preparing_zones_ms": 1e3 * statistics.median(prepared),
    }


def table(found: dict[str, Any], timed: dict[str, Any], plans: int) -> str:
    """Return both as Markdown."""
    tally = found["tally"]
    need = tally["refused, slow check permits"]
    rows = [
        ("plans", plans, ""),
        ("within 5 m or 5 s of a limit", f"{100 * tally['near'] / plans:.1f} %", ">= 40 %"),
        ("permitted / refused", f"{tally['permitted']} / {tally['refused']}", "both common"),
        ("permitted, slow check refuses", tally["permitted, slow check refuses"], "0"),
        ("refused without need", f"{need} ({100 * need / plans:.2f} %)", "<= 1 %"),
        ("refusals that don't name what is missing and whom to ask", tally["unnamed"], "0"),
        ("check of 50 legs, 200 zones: median CPU time", f"{timed['median_ms']:.2f} ms", "<= 3 ms"),
        (
            "... permitted / refused",
            f"{timed['median_permitted_ms'] or 0:.2f} / {timed['median_refused_ms'] or 0:.2f} ms",
            "",
        ),
        ("... 95th percentile", f"{timed['p95_ms']:.2f} ms", ""),
        ("preparing 200 zones, once", f"{timed['preparing_zones_ms']:.0f} ms", ""),
    ]
    text = running.table(rows, ("what", "measured", "to reach"))
    return text + (
        f"\n\nThe slow check samples legs every {LEG_STEP:g} m, ways home every {HOME_STEP:g} m of "
        f"leg and {WAY_STEP:g} m of way, and the rim of every second place at {AZIMUTHS} azimuths; "
        "what is narrower it does not see."
    )


def main() -> None:
    """Run the comparison and the timing."""
    parser = running.arguments(
        __doc__ or "",
        plans={"type": int, "default": 20_000, "help": "number of plans"},
        timed={"type": int, "default": 300, "help": "number of plans that are timed"},
        seed={"type": int, "default": 1, "help": "another seed, other plans"},
        journal={"type": Path, "help": "keep what is done in this file, and go on from there"},
    )
    options = parser.parse_args()
    plans = 300 if options.quick else options.plans
    scripts = (Path(__file__).name, "clear_worlds.py", "clear_slow.py")
    journal = running.Journal(options.journal, scripts, plans=plans, seed=options.seed)
    found = compare(plans, options.seed, journal)
    timed = speed(30 if options.quick else options.timed, options.seed + 1)
    for line in found["differences"][:20]:
        sys.stderr.write(json.dumps(line) + "\n")
    running.report(
        options,
        block="permission-fuzz",
        content={"plans": plans, **found, "speed": timed},
        text=table(found, timed, plans),
    )


if __name__ == "__main__":
    main()
