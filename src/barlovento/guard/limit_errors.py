"""How far a drawn limit may lie off the true one, by state and field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from barlovento.guard.nearest import FloatArray, cartesian, geodetic

FIELD = 1.0
"""Side of a field of the table that is shipped; none may be smaller [degree]."""

UNMEASURED = 30_000.0
"""Where nothing was measured: more than 99 % of what was [m]."""
AT_ONCE = 100_000
"""So many places are asked for their errors in one call, that memory stays small [1]."""


class LimitErrors:
    """Errors of limits: outward is away from the state, inward towards it.

    Parameters
    ----------
    table : mapping
        ``field_degrees``, and ``errors``: for each state and field its two errors [m].
    unmeasured : float
        Error of both kinds elsewhere [m].
    """

    def __init__(self, table: Mapping[str, Any], *, unmeasured: float = UNMEASURED) -> None:
        self._unmeasured = unmeasured
        self._side = float(table["field_degrees"])
        self._table = table["errors"]
        self._grids: dict[str, FloatArray] = {}

    @classmethod
    def same_everywhere(cls, error: float) -> LimitErrors:
        """Return one error for every limit.

        Parameters
        ----------
        error : float
            Outward and inward [m].
        """
        return cls({"field_degrees": 180.0, "errors": {}}, unmeasured=error)

    @classmethod
    def shipped(cls) -> LimitErrors:
        """Return what was measured for the outline that comes with the program."""
        return _shipped()

    def at(self, state: str, places: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the errors of a state's limit near some places.

        Parameters
        ----------
        state : str
            ISO 3166 alpha-2.
        places : ndarray, shape (n, 3)
            Earth-centred [m].

        Returns
        -------
        outward, inward : ndarray, shape (n,)
            The true limit may lie so much farther out, or in [m].
        """
        grid = self._grid(state)
        lon, lat = geodetic(places)
        row = np.floor((lat + 90.0) / self._side).astype(int)
        column = np.floor((lon + 180.0) / self._side).astype(int)
        pair = grid[np.clip(row, 0, grid.shape[0] - 1), np.clip(column, 0, grid.shape[1] - 1)]
        return pair[:, 0], pair[:, 1]

    def _grid(self, state: str) -> FloatArray:
        if state not in self._grids:
            rows, columns = int(180.0 / self._side), int(360.0 / self._side)
            grid = np.full((rows, columns, 2), self._unmeasured)
            for name, pair in self._table.get(state, {}).items():
                south, west = (int(number) for number in name.split(","))
                grid[south + rows // 2, west + columns // 2] = pair
            self._grids[state] = grid
        return self._grids[state]


def steps_around(places: FloatArray, reach: FloatArray | float) -> Iterator[FloatArray]:
    """Yield steps around places so close that no field that a reach touches is stepped over.

    Parameters
    ----------
    places : ndarray, shape (n, 3)
        Earth-centred [m].
    reach : float or ndarray, shape (n,)
        Around each [m].

    Yields
    ------
    ndarray, shape (k, n, 3)
        Some of the steps, as many as are worth one call [m].
    """
    if not np.any(np.asarray(reach) > 0.0):
        return
    lon, lat = geodetic(places)
    north = np.broadcast_to(np.asarray(reach) / 110_500, lat.shape)
    cosine = np.cos(np.radians(np.minimum(np.abs(lat) + north, 90.0)))
    east = np.minimum(north / np.maximum(cosine, 1e-9), 180.0)
    rows, columns = (
        np.linspace(-1.0, 1.0, int(2.0 * float(extent.max()) / FIELD) + 2)
        for extent in (north, east)
    )
    row, column = np.repeat(rows, len(columns))[:, None], np.tile(columns, len(rows))[:, None]
    some = max(AT_ONCE // len(places), 1)
    for first in range(0, len(row), some):
        part = slice(first, first + some)
        at = np.clip(lat + row[part] * north, -90.0, 90.0)
        yield cartesian(lon + column[part] * east, at)


@lru_cache(maxsize=1)
def _shipped() -> LimitErrors:
    file = resources.files("barlovento.guard") / "data" / "errors.json"
    return LimitErrors(json.loads(file.read_text(encoding="utf-8")))
