"""Measure how far limits drawn from the shipped outline lie off finer ones, and write it.

    npm pack @geo-maps/countries-maritime-10m @geo-maps/countries-coastline-10m
    uv run --all-extras python tools/measure_outline.py maritime.json --coastline coastline.json

The published limits are OpenStreetMap's of 2017 (ODbL), straight baselines and treaties included.
Its coast gives limits of another kind, 12 miles off the coast and along medians. The error has to
cover both. Nothing of their lines is shipped: only, for each state and each field of 1 by 1
degree, the largest depth at which the shipped outline is wrong anywhere in it.

No place is left out. Depths change by no more than one moves, so a square about a place whose
depths are both farther from a limit than its corners holds nothing wrong; it is quartered
otherwise, until what may be wrong in it is no more than what is known to be wrong, or the square
is a few hundred metres wide. What is still open then counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from barlovento.guard.borders import Borders
from barlovento.guard.jurisdiction import BoolArray
from barlovento.guard.limit_errors import FIELD, LimitErrors
from barlovento.guard.limits import FARTHEST, Margins, Surroundings, margins
from barlovento.guard.nearest import NO_OWNER, FloatArray, IntArray, cartesian, nearest_many
from barlovento.guard.outline import SEA
from barlovento.guard.sovereignty import Finer

sys.path.insert(0, str(Path(__file__).parent))
from finer_outline import finer_outline

OUT = Path(__file__).resolve().parent.parent / "src/barlovento/guard/data/errors.json"
FIRST = 5
"""Side of the first squares [degree]."""
HALVES = 8
"""A field's side is halved so often."""
ENOUGH = 300.0
"""What is smaller is not looked for [m]."""
FARTHER, LEAST = 1.1, 250.0
"""What is written is larger: a factor [1] and a length [m], for lines that nobody has compared."""
SOUTH, NORTH = -80, 85
METRES = 111_700.0
"""More than a degree of latitude, or of longitude on the equator, is long [m]."""
INLAND = 5_000.0
"""Land by our outline, so far from its coast, is no sea in truth: where two states' rings do not
meet, the finer coast shows a gap there [m]."""
DEEPEST = 2_000_000.0
"""No place lies so deep in a state [m]."""
MOST = 2_000_000
AT_ONCE = 200_000


class Truth(NamedTuple):
    """One state's limits by another source, and its coasts where it tells of the sea alone."""

    around: Surroundings
    coasts: Borders | None


class Squares(NamedTuple):
    """Squares of one size: row and column, counted in their own size from 90 south, 180 west."""

    row: IntArray
    column: IntArray
    side: float

    def at(self, keep: FloatArray) -> Squares:
        """Return some."""
        return Squares(self.row[keep], self.column[keep], self.side)

    def parted(self, number: int) -> Squares:
        """Return each in number by number parts."""
        i, j = (part.ravel() for part in np.indices((number, number)))
        row = (self.row[:, None] * number + i).ravel()
        column = (self.column[:, None] * number + j).ravel()
        return Squares(row, column, self.side / number)

    def places(self) -> tuple[FloatArray, FloatArray]:
        """Return the middles, earth-centred, and how far each square reaches from there [m]."""
        lat = (self.row + 0.5) * self.side - 90.0
        lon = (self.column + 0.5) * self.side - 180.0
        nearest = np.maximum(np.abs(lat) - self.side / 2.0, 0.0)
        half = METRES * self.side / 2.0
        return cartesian(lon, lat), half * np.hypot(1.0, np.cos(np.radians(nearest))) + 1.0

    def fields(self) -> tuple[IntArray, IntArray]:
        """Return the rows and columns of the fields that they lie in."""
        per = round(FIELD / self.side)
        return self.row // per, self.column // per


def published(path: Path, borders: Borders) -> Borders:
    """Return borders with the published limits of every state that has any."""
    lines = finer_outline(path, borders.states, overlapping=True)
    finer = []
    for number, state in enumerate(borders.states):
        own = (lines.left == number) | (lines.right == number)
        if state and own.any():
            inside = lines.left[own] == number
            ends = {"begin": lines.begin[own], "end": lines.end[own]}
            text = {"source": "OpenStreetMap", "digest": ""}
            finer.append(Finer(state=state, inside_left=inside, error=0.0, **ends, **text))
    return borders.refined(finer)


def depths(
    truth: Truth, places: FloatArray, reach: FloatArray
) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Return depths by another source [m], and in which squares and middles it tells anything."""
    found = margins(truth.around, places)
    everywhere = np.ones(len(places), dtype=bool)
    if truth.coasts is None:
        return found.margin, everywhere, everywhere
    # On land a coast says nothing of limits.
    tells = near_sea(truth.coasts, found.holder, places, reach)
    return found.margin, tells, found.holder == SEA


def near_sea(
    borders: Borders, holder: IntArray, places: FloatArray, reach: FloatArray
) -> BoolArray:
    """Return which places are at sea, or no farther than a reach from a coast."""
    found: BoolArray = holder == SEA
    land = np.flatnonzero(~found)
    away = nearest_many(borders.every_coast, places[land], FARTHEST, NO_OWNER)[0]
    found[land] = away <= reach[land]
    return found


def worst(borders: Borders, state: str, truths: list[Truth]) -> dict[tuple[int, int], list[float]]:
    """Return for each field how far a state's limit may have to move, outward and inward [m]."""
    found: dict[tuple[int, int], list[float]] = {}
    own = borders.around(state)
    known = np.zeros((2, round(180 / FIELD), round(360 / FIELD)))
    rows, columns = np.indices(((NORTH - SOUTH) // FIRST, 360 // FIRST))
    first = Squares(rows.ravel() + (SOUTH + 90) // FIRST, columns.ravel(), float(FIRST))
    waiting = [first]
    while waiting:
        some = waiting.pop()
        if len(some.row) > AT_ONCE:
            waiting += [some.at(slice(AT_ONCE, None)), some.at(slice(AT_ONCE))]  # type: ignore[arg-type]
            continue
        places, reach = some.places()
        seen = margins(own, places)
        if some.side <= FIELD:
            # Whatever the truth is there, some are not worse than what is known already.
            most = np.stack([reach - seen.margin, reach + seen.margin])
            matters = np.any(most > np.maximum(1.05 * known[:, *some.fields()], ENOUGH), axis=0)
            some, places, reach = some.at(matters), places[matters], reach[matters]
            seen = Margins(*(part[matters] for part in seen))
        ours, maybe_sea = seen.margin, near_sea(borders, seen.holder, places, INLAND + reach)
        within = some.side <= FIELD
        field = some.fields() if within else (some.row, some.column)
        outward, inward = np.zeros(len(ours)), np.zeros(len(ours))
        for truth in truths:
            # Only where our own limit and theirs may lie on two sides of a place.
            depth, tells, there = depths(truth, places, reach)
            # From the other side of the earth the side of a corner can't be told.
            tells &= np.abs(depth) < DEEPEST + reach
            there = there & tells
            if truth.coasts is not None:
                tells, there = tells & maybe_sea, there & maybe_sea
            out = tells & (depth > -reach) & (ours < reach)
            into = tells & (depth < reach) & (ours > -reach)
            outward[out], inward[into] = (reach - ours)[out], (reach + ours)[into]
            if within:
                sure = there & ((depth > 0.0) != (ours > 0.0))
                which = (ours[sure] > 0.0).astype(int)
                place = which, field[0][sure], field[1][sure]
                np.maximum.at(known, place, np.abs(ours[sure]))
        if within:
            worse = np.stack([outward, inward])
            enough = np.maximum(1.05 * known[:, *field], ENOUGH)
            open_ = np.any(worse > enough, axis=0)
            if some.side == FIELD:
                for i in np.flatnonzero(np.any(worse > 0.0, axis=0)):
                    found[int(field[0][i]), int(field[1][i])] = [0.0, 0.0]
            if some.side <= FIELD / 2**HALVES:
                for way in (0, 1):
                    still = np.where(worse[way] > enough[way], worse[way], 0.0)
                    np.maximum.at(known[way], field, still)
                continue
        else:
            open_ = (outward > 0.0) | (inward > 0.0)
        if open_.any():
            waiting.append(some.at(open_).parted(2 if within else FIRST))
    for place in found:
        found[place] = [max(1.05 * float(known[way][place]), ENOUGH) for way in (0, 1)]
    return found


def main() -> None:
    """Write the table of errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("maritime", type=Path)
    parser.add_argument("--coastline", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--states", nargs="*", help="these alone; other states stay as they are")
    options = parser.parse_args()
    borders = Borders.shipped()
    limits = published(options.maritime, borders)
    # Another error is not asked for: only the depths of this outline count.
    coast = Borders(
        finer_outline(options.coastline, borders.states), errors=LimitErrors.same_everywhere(0.0)
    )
    table: dict[str, dict[str, list[int]]] = {}
    asked = options.states or [state for state in borders.states if state]
    for count, state in enumerate(asked, 1):
        truths = [Truth(limits.around(state), None), Truth(coast.around(state), coast)]
        fields = worst(borders, state, truths)
        table[state] = {
            f"{row - 90},{column - 180}": [
                min(round(FARTHER * value + LEAST), MOST) for value in fields[row, column]
            ]
            for row, column in sorted(fields)
        }
        sys.stderr.write(f"{count}/{len(asked)} {state}, {len(fields)} fields\n")
    values = np.array([pair for cells in table.values() for pair in cells.values()])
    print(f"{len(values)} fields; outward, inward:")
    for q in (0.5, 0.9, 0.99):
        print(q, np.quantile(values, q, axis=0).round())
    if options.states and options.out.exists():
        table = json.loads(options.out.read_text(encoding="utf-8"))["errors"] | table
    about = (
        "Made from OpenStreetMap's limits and coast of 2017, (c) OpenStreetMap contributors. "
        "This file is available under the Open Database License 1.0 (ODbL)."
    )
    document = {"field_degrees": FIELD, "about": about, "errors": dict(sorted(table.items()))}
    options.out.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
