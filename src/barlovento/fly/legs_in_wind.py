"""The wind triangle: how fast over the ground, and how long and dear a straight leg is.

With airspeed V, and the wind's parts along (w_a) and across (w_c) the course,

    ground speed = w_a + sqrt(V^2 - w_c^2).                                                (1)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from barlovento.domain.flight import FloatArray

LEAST_GROUND_SPEED = 1.0
"""Below this a leg counts as one that can't be flown [m s-1]."""


def ground_speed(airspeed: float, along: float, across: float) -> float:
    """Return the speed over the ground on a held course, equation 1; negative where none is held.

    Parameters
    ----------
    airspeed : float
        [m s-1].
    along, across : float
        The wind's parts [m s-1].

    Returns
    -------
    float
        [m s-1].
    """
    rest = airspeed * airspeed - across * across
    return along + math.sqrt(rest) if rest >= 0.0 else -abs(across)


def leg_seconds(
    airspeed: float,
    top_speed: float,
    east: ArrayLike,
    north: ArrayLike,
    wind: tuple[float, float],
) -> FloatArray:
    """Return how long level straight legs take in a constant wind.

    Parameters
    ----------
    airspeed, top_speed : float
        The one that is held, and the one that is tried where the first can't hold the course
        [m s-1].
    east, north : array_like
        The legs [m].
    wind : tuple of float
        Where the air goes, east and north [m s-1].

    Returns
    -------
    ndarray
        Infinite where even the top speed makes no way; broadcast shape of the legs [s].
    """
    east, north = np.broadcast_arrays(
        np.asarray(east, dtype=np.float64), np.asarray(north, dtype=np.float64)
    )
    length = np.hypot(east, north)
    safe = np.where(length > 0, length, 1.0)
    along = (wind[0] * east + wind[1] * north) / safe
    across = (wind[0] * north - wind[1] * east) / safe
    seconds = np.full(length.shape, np.inf)
    for speed in (top_speed, airspeed):
        rest = speed * speed - across * across
        over_ground = along + np.sqrt(np.maximum(rest, 0.0))
        flown = (rest >= 0) & (over_ground >= LEAST_GROUND_SPEED)
        seconds = np.where(flown, length / np.where(flown, over_ground, 1.0), seconds)
    return np.where(length > 0, seconds, 0.0)
