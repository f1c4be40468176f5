"""The readings of a survey: from table to rows that can be used, faults told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.geodesy import to_local
from barlovento.domain.species import Species, find_species
from barlovento.errors import BadInput
from barlovento.fly.cells import NUMBER, TIME, WORD, FloatArray
from barlovento.fly.document import GEOGRAPHIC, LOCAL, SurveyDocument
from barlovento.fly.faults import FaultList, listed
from barlovento.fly.table import Table, read_table, tell_bad_cells

BoolArray = NDArray[np.bool_]

_PLACES = {
    LOCAL: ("x", "y", "x2", "y2"),
    GEOGRAPHIC: ("longitude", "latitude", "longitude2", "latitude2"),
}
KINDS = {
    "time": TIME,
    "sensor": WORD,
    "species": WORD,
    "flag": WORD,
    "z": NUMBER,
    "z2": NUMBER,
    "concentration": NUMBER,
} | {name: NUMBER for names in _PLACES.values() for name in names}
_DEGREES = "Give degrees; check that longitude and latitude are not swapped."
_METRES = "Give metres from a point nearby."
#: By the beginning of a column's name.
_FARTHEST = {
    "lon": (360.0, _DEGREES),
    "lat": (90.0, _DEGREES),
    **dict.fromkeys(("x", "y", "x2", "y2"), (10000000.0, _METRES)),
}
#: Lower than this below ground is no error of a levelled instrument.
_LOWEST, _HIGHEST = -1.0, 30_000.0


@dataclass(slots=True, kw_only=True)
class Readings:
    """Usable rows in the order of the file, values still in the file's units.

    Parameters
    ----------
    line : ndarray of int, shape (n,)
        Line of each row in the file.
    time, x, y, z, x2, y2, z2 : ndarray, shape (n,)
        Seconds since 1970 UTC [s] and metres; ends of paths are NaN for points.
    value : ndarray, shape (n,)
        Reading, or the row's limit where ``censored``, in the file's units.
    censored : ndarray of bool, shape (n,)
        Non-detects.
    sensor : ndarray of int, shape (n,)
        Index into ``sensor_names``.
    sensor_names : tuple of str
        Names.
    origin : tuple of float or None
        Longitude and latitude of the plane [degree].
    n_flagged, n_empty, n_other_species : int
        Rows left out.
    file, sha256 : str
        Name and digest of the file.
    """

    line: NDArray[np.int64]
    time: FloatArray
    x: FloatArray
    y: FloatArray
    z: FloatArray
    x2: FloatArray
    y2: FloatArray
    z2: FloatArray
    value: FloatArray
    censored: BoolArray
    sensor: NDArray[np.int64]
    sensor_names: tuple[str, ...]
    origin: tuple[float, float] | None
    n_flagged: int
    n_empty: int
    n_other_species: int
    file: str
    sha256: str

    def __len__(self) -> int:
        return int(self.time.size)

    @property
    def is_path(self) -> BoolArray:
        """Which rows are means or integrals along a path."""
        return ~np.isnan(self.x2)

    @property
    def path_length(self) -> FloatArray:
        """Length of each path, NaN for points [m]."""
        return np.sqrt((self.x2 - self.x) ** 2 + (self.y2 - self.y) ** 2 + (self.z2 - self.z) ** 2)


def read_readings(
    path: Path, document: SurveyDocument, faults: FaultList, *, ignored: frozenset[str]
) -> Readings | None:
    """Read and check the readings.

    Parameters
    ----------
    path : Path
        The file.
    document : SurveyDocument
        For position, species and detection limit.
    faults : FaultList
        Takes everything that is wrong.
    ignored : frozenset of str
        Columns that may stand in the same file.

    Returns
    -------
    Readings or None
        The rows without a fault; None where there is none or a column is missing.
    """
    places = _PLACES[document.position or LOCAL]
    kinds = {
        name: kind
        for name, kind in KINDS.items()
        if name in places or not any(name in other for other in _PLACES.values())
    }
    required = ("time", *places[:2], "z", "concentration") if document.position else ()
    table = read_table(path, kinds, faults, required=required, ignored=ignored)
    if table is None:
        return None
    if not len(table):
        if all(table.has(name) for name in required):
            faults.add("There is no reading.", "Add at least one row.", file=table.file)
        return None
    bad, not_detected = _flags(table, faults)
    wrong = tell_bad_cells(table, faults, ignore=bad)
    other = _other_species(table, document.species, bad, faults)
    if not all(table.has(name) for name in ("time", *places[:2], "z", "concentration")):
        return None
    empty = _empty(table, not_detected) & ~bad & ~other
    in_use = ~(bad | other | empty)
    wrong |= _incomplete(table, in_use & ~wrong, places, faults)
    wrong |= _no_limit(table, in_use & not_detected & ~wrong, document, faults)
    keep = np.flatnonzero(in_use & ~wrong)
    counts = (int(bad.sum()), int(empty.sum()), int(other.sum()))
    if not keep.size:
        if not wrong.any():
            faults.add(
                "No reading is left: "
                f"{counts[0]:,} rows are flagged bad, {counts[1]:,} have no concentration and "
                f"{counts[2]:,} are of another species.",
                "Check the columns flag, concentration and species.",
                file=table.file,
            )
        return None
    readings = _readings(table, keep, not_detected, document, places, counts)
    return _without_short_paths(readings, faults)


def _flags(table: Table, faults: FaultList) -> tuple[BoolArray, BoolArray]:
    bad, not_detected = np.zeros((2, len(table)), dtype=bool)
    if not table.has("flag"):
        return bad, not_detected
    words = table.words["flag"]
    for code, name in enumerate(words.names):
        here = words.code == code
        if name.lower() == "bad":
            bad |= here
        elif name.lower() == "nd":
            not_detected |= here
        else:
            faults.rows(
                table.line[here],
                f"{name[:40]!r} is no known flag.",
                'Write "bad", "nd" (not detected), or leave the cell empty.',
                file=table.file,
                column="flag",
            )
    return bad, not_detected


def _other_species(
    table: Table, species: Species | None, bad: BoolArray, faults: FaultList
) -> BoolArray:
    """Return the rows of other gases; an empty cell means the survey's own."""
    other = np.zeros(len(table), dtype=bool)
    if species is None or not table.has("species"):
        return other
    words = table.words["species"]
    left_out = []
    for code, name in enumerate(words.names):
        try:
            same = find_species(name).cas == species.cas
        except BadInput:
            same = False
        if not same:
            other |= words.code == code
            left_out.append(repr(name[:40]))
    if left_out:
        faults.warn(
            f"{int((other & ~bad).sum()):,} rows of {listed(left_out[:10])} are left out: "
            f"this survey is about {species.name}.",
            "Make a survey of its own for each gas that is to be located.",
            file=table.file,
            column="species",
        )
    return other


def _empty(table: Table, not_detected: BoolArray) -> BoolArray:
    """Return the rows that hold no reading."""
    empty = np.isnan(table.numbers["concentration"])
    unreadable = table.bad["concentration"].index
    empty[unreadable] = False
    # A non-detect needs no number of its own where the survey has a limit; without one its
    # missing limit is a fault, not an absent reading.
    return empty & ~not_detected


def _incomplete(
    table: Table, rows: BoolArray, places: tuple[str, str, str, str], faults: FaultList
) -> BoolArray:
    """Tell rows without time or place, with half a path, or off the earth."""
    wrong = np.zeros(len(table), dtype=bool)

    def tell(hit: BoolArray, column: str, what: str, mend: str) -> None:
        hit = hit & rows
        faults.rows(table.line[hit], what, mend, file=table.file, column=column)
        wrong[hit] = True

    for name in ("time", places[0], places[1], "z"):
        tell(
            np.isnan(table.numbers[name]),
            name,
            f"The row has a concentration but no {name}.",
            'Fill it in, or write "bad" in the column flag.',
        )
    ends = (places[2], places[3], "z2")
    there = [~np.isnan(table.numbers[n]) if table.has(n) else np.zeros_like(rows) for n in ends]
    some, every = np.logical_or.reduce(there), np.logical_and.reduce(there)
    for name, has in zip(ends, there, strict=True):
        tell(
            some & ~every & ~has,
            name,
            f"The far end of the path has no {name}.",
            f"Give {listed(ends)}, or none of them for a point reading.",
        )
    for name in ("z", "z2"):
        if table.has(name):
            z = table.numbers[name]
            tell(
                (z < _LOWEST) | (z > _HIGHEST),
                name,
                f"{name} is not a height above ground in metres.",
                "Give metres above ground, not above the sea.",
            )
    for name in places:
        if table.has(name):
            most, mend = _FARTHEST[name[:3]]
            beyond = np.abs(table.numbers[name]) > most
            tell(beyond, name, f"The {name} is outside -{most:g} to {most:g}.", mend)
    return wrong


def _no_limit(
    table: Table, rows: BoolArray, document: SurveyDocument, faults: FaultList
) -> BoolArray:
    """Tell non-detects whose limit nobody gives."""
    value = table.numbers["concentration"]
    without = rows & ~(value > 0)
    if document.detection_limit is None:
        faults.rows(
            table.line[without],
            "A reading that is not detected has no limit.",
            "Write its limit as the concentration, or give detection_limit in survey.toml.",
            file=table.file,
            column="concentration",
        )
        return without
    odd = without & ~np.isnan(value)
    faults.rows(
        table.line[odd],
        "The limit of a non-detect is not above zero; detection_limit was taken for it.",
        "Write its own limit, or leave the cell empty.",
        file=table.file,
        column="concentration",
        severity="warning",
    )
    return np.zeros_like(rows)


def _readings(
    table: Table,
    keep: NDArray[np.int64],
    not_detected: BoolArray,
    document: SurveyDocument,
    places: tuple[str, str, str, str],
    counts: tuple[int, int, int],
) -> Readings:
    def column(name: str) -> FloatArray:
        return table.numbers[name][keep] if table.has(name) else np.full(keep.size, np.nan)

    a, b, a2, b2 = (column(name) for name in places)
    origin = None
    if document.position == GEOGRAPHIC:
        origin = _origin(document, a, b)
        a, b = to_local(a, b, origin=origin)
        a2, b2 = to_local(a2, b2, origin=origin)
    value, censored = column("concentration"), not_detected[keep]
    if document.detection_limit is not None:
        limit = document.detection_limit
        value[censored & ~(value > 0)] = limit
        below = ~censored & (value < limit)
        value[below] = limit
        censored |= below
    sensor, names = _sensors(table, keep)
    return Readings(
        line=table.line[keep],
        time=column("time"),
        x=a,
        y=b,
        z=column("z"),
        x2=a2,
        y2=b2,
        z2=column("z2"),
        value=value,
        censored=censored,
        sensor=sensor,
        sensor_names=names,
        origin=origin,
        n_flagged=counts[0],
        n_empty=counts[1],
        n_other_species=counts[2],
        file=table.file,
        sha256=table.sha256,
    )


def _origin(
    document: SurveyDocument, longitude: FloatArray, latitude: FloatArray
) -> tuple[float, float]:
    """Return the centre of the search box, or of the readings where it is faulty."""
    if document.search is None:
        return float(np.median(longitude)), float(np.median(latitude))
    (west, east), (south, north) = document.search
    centre = (west + east) / 2
    return (centre - 360 if centre > 180 else centre), (south + north) / 2


def _sensors(table: Table, keep: NDArray[np.int64]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the sensors that are in use, in the order in which they first appear."""
    if not table.has("sensor"):
        return np.zeros(keep.size, dtype=np.int64), ("sensor",)
    words = table.words["sensor"]
    # An empty cell is -1, which numpy takes as the last of these.
    names = (*words.names, "sensor")
    used, index = np.unique(words.code[keep], return_inverse=True)
    return index.astype(np.int64), tuple(names[code] for code in used)


def _without_short_paths(readings: Readings, faults: FaultList) -> Readings | None:
    """Tell paths without a length."""
    short = readings.path_length < 0.01
    if not short.any():
        return readings
    faults.rows(
        readings.line[short],
        "Both ends of the path are the same place.",
        "Give the far end, or leave it empty for a point reading.",
        file=readings.file,
        column="x2" if readings.origin is None else "longitude2",
    )
    return None if short.all() else select(readings, np.flatnonzero(~short))


def select(readings: Readings, index: NDArray[np.int64]) -> Readings:
    """Return some of the rows, in that order."""
    rows = ("line", "time", "x", "y", "z", "x2", "y2", "z2", "value", "censored", "sensor")
    same = ("sensor_names", "origin", "n_flagged", "n_empty", "n_other_species", "file", "sha256")
    return Readings(
        **{name: getattr(readings, name)[index] for name in rows},
        **{name: getattr(readings, name) for name in same},
    )
