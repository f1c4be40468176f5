"""Reads the waypoints of a mission: a CSV with x, y, z in metres, one row for each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.flight import FloatArray
from barlovento.errors import BadInput
from barlovento.fly.faults import FaultList
from barlovento.fly.table import read_table, tell_bad_cells

_COLUMNS = ("x", "y", "z")

MOST_WAYPOINTS = 1000


def read_waypoints(path: Path) -> FloatArray:
    """Return the waypoints of a file.

    Parameters
    ----------
    path : Path
        CSV with the columns x (east), y (north) and z (above ground) in metres.

    Returns
    -------
    ndarray
        Shape (n, 3) [m].

    Raises
    ------
    BadInput
        The file can't be read, a column is missing, or a cell is no number; holds all faults.
    """
    faults = FaultList()
    table = read_table(path, dict.fromkeys(_COLUMNS, "number"), faults, required=_COLUMNS)
    if table is not None and not faults.errors:
        bad = tell_bad_cells(table, faults)
        rows = np.column_stack([table.numbers[name] for name in _COLUMNS])
        _check(table.line, rows, bad, path.name, faults)
        if not faults.errors:
            return rows
    raise BadInput("\n".join(str(fault) for fault in faults.errors))


def _check(
    lines: NDArray[np.int64],
    rows: FloatArray,
    bad: NDArray[np.bool_],
    file: str,
    faults: FaultList,
) -> None:
    if not len(rows):
        faults.add("There is no waypoint in it.", "Write one row for each.", file=file)
    if len(rows) > MOST_WAYPOINTS:
        faults.add(
            f"There are {len(rows)} waypoints; a mission holds {MOST_WAYPOINTS}.",
            "Part the mission.",
            file=file,
        )
    empty = ~np.isfinite(rows).all(axis=1) & ~bad
    faults.rows(
        lines[empty],
        "A coordinate is empty or not finite.",
        "Give x, y and z in metres.",
        file=file,
    )
    faults.rows(
        lines[rows[:, 2] < 0],
        "The waypoint lies below ground.",
        "Give its height above ground.",
        file=file,
        column="z",
    )
