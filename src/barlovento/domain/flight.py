"""What an aircraft is doing, and what came of a flight; any model of flight gives the same record.

The frame is local: x east, y north, z above ground [m]. A heading is where the nose points,
clockwise from true north [degree].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]

Wind = tuple[float, float] | Callable[[float, float], tuple[float, float]]
"""Where the air goes, east and north [m s-1]: constant, or from time [s] and height [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where an aircraft is, and what it has left.

    Parameters
    ----------
    x, y, z : float
        East, north and above ground [m].
    energy : float
        Left in the battery, of what may be used [J].
    time : float
        Since the start of the exercise [s].
    heading : float
        Where the nose points, clockwise from true north [degree].

    Raises
    ------
    BadInput
        A number is not finite, or the energy is negative.
    """

    x: float
    y: float
    z: float
    energy: float
    time: float = 0.0
    heading: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.x, self.y, self.z, self.energy, self.time, self.heading)
        if not all(math.isfinite(number) for number in numbers) or self.energy < 0:
            raise BadInput(
                f"{self} is no state of an aircraft. "
                "Give finite numbers, and an energy that is not negative."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """A flight, second by second.

    Parameters
    ----------
    places : ndarray
        x, y, z at the END of each second, shape (seconds, 3) [m].
    energies : ndarray
        Left in the battery at the same instants, shape (seconds,) [J].
    headings : ndarray
        Where the nose points then, clockwise from true north, shape (seconds,) [degree].
    passed : ndarray
        When each waypoint that was reached was passed, shape (reached,) [s].
    misses : ndarray
        How far from each of them the aircraft was when it passed, shape (reached,) [m].
    arrived : bool
        Whether all waypoints were passed.
    reason : str
        Why the flight ended: ``"arrived"``, ``"battery"`` (empty), ``"wind"`` (no way against it)
        or ``"time"`` (the seconds that were asked for are over).
    state : State
        At the end of the last second.
    """

    places: FloatArray
    energies: FloatArray
    headings: FloatArray
    passed: FloatArray
    misses: FloatArray
    arrived: bool
    reason: str
    state: State


def checked_waypoints(waypoints: object) -> FloatArray:
    """Return waypoints as an array of shape (n, 3) [m].

    Raises
    ------
    BadInput
        Another shape, or a number is not finite.
    """
    array = np.asarray(waypoints, dtype=np.float64)
    if array.size == 0:
        return np.empty((0, 3))
    if array.ndim != 2 or array.shape[1] != 3:
        raise BadInput(
            f"Waypoints have the shape {array.shape}. Give one row of x, y, z [m] for each."
        )
    wrong = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if wrong.size:
        raise BadInput(
            f"Waypoint {wrong[0] + 1} of {len(array)} is not finite: {array[wrong[0]].tolist()}. "
            "Give x, y and z in metres."
        )
    return array
