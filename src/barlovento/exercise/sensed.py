"""What the drones of an exercise have read, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Sensed(NamedTuple):
    """Readings in order of time, drone, sensor and species.

    Attributes
    ----------
    time : ndarray, shape (n,)
        END of the averaging interval, after the start of the exercise [s].
    drone, sensor, species : ndarray of int, shape (n,)
        Index into the exercise's ``aircraft``, ``sensors`` and ``species``.
    x, y, z : ndarray, shape (n,)
        Mean place during the interval [m].
    mole_fraction : ndarray, shape (n,)
        The reading, or the limit where ``censored``; NaN where ``bad`` [ppb].
    censored, bad : ndarray of bool, shape (n,)
        Below the limit of detection; nothing was recorded.
    """

    time: FloatArray
    drone: NDArray[np.int64]
    sensor: NDArray[np.int64]
    species: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    z: FloatArray
    mole_fraction: FloatArray
    censored: BoolArray
    bad: BoolArray


def joined(parts: Sequence[Sensed]) -> Sensed:
    """Return the readings of several pieces of a flight as one."""
    if not parts:
        return nothing()
    return Sensed(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def picked(rows: Sensed, which: NDArray[np.int64] | BoolArray) -> Sensed:
    """Return some of the readings, by number or where true."""
    columns: list[Any] = [column[which] for column in rows]
    return Sensed(*columns)


def nothing() -> Sensed:
    """Return no readings."""
    none, number, no = np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_)
    return Sensed(none, number, number, number, none, none, none, none, no, no)
