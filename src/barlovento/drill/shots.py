"""Turns what a belief and a wind record hold into what a frame shows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from barlovento.domain.observation import Meteorology
from barlovento.drill.frames import BeliefShot, belief_shot

NAMED = 0.5
"""What the belief names has at least this probability [1]."""


def last_wind(meteorology: Meteorology) -> tuple[float, float] | None:
    """Return speed [m s-1] and direction it comes from [degree] as last told, None before."""
    if not len(meteorology):
        return None
    speed = float(meteorology.wind_speed[-1])
    direction = float(meteorology.wind_from_direction[-1])
    if not (math.isfinite(speed) and math.isfinite(direction)):
        return None
    return round(speed, 2), round(direction, 1)


def blowing(told: tuple[float, float] | None) -> tuple[float, float]:
    """Return where a wind goes, east and north; still air where none was told.

    Parameters
    ----------
    told : tuple of float or None
        Speed [m s-1] and direction it comes from [degree].

    Returns
    -------
    tuple of float
        [m s-1].
    """
    if told is None:
        return 0.0, 0.0
    angle = math.radians(told[1])
    return -told[0] * math.sin(angle), -told[0] * math.cos(angle)


def shot_of(belief: Any) -> BeliefShot:
    """Return the belief's map as a frame holds it."""
    drawn = belief.map
    x, y = np.asarray(drawn.x), np.asarray(drawn.y)
    half_x, half_y = 0.5 * float(x[1] - x[0]), 0.5 * float(y[1] - y[0])
    return belief_shot(
        (float(x[0]) - half_x, float(x[-1]) + half_x),
        (float(y[0]) - half_y, float(y[-1]) + half_y),
        np.asarray(drawn.density, dtype=np.float64) * 4.0 * half_x * half_y,
    )


def named(belief: Any) -> tuple[tuple[float, float, float], ...]:
    """Return place [m] and probability [1] of each source that the belief names."""
    return tuple(
        (round(float(a.x), 1), round(float(a.y), 1), round(float(a.probability), 3))
        for a in belief.answer()
        if a.probability >= NAMED
    )


def largest(sensed: Any, drone: int) -> float | None:
    """Return a drone's largest good reading of the first species, None without any [ppb]."""
    mine = (np.asarray(sensed.drone) == drone) & (np.asarray(sensed.species) == 0)
    values = np.asarray(sensed.mole_fraction)[mine & ~np.asarray(sensed.bad)]
    values = values[np.isfinite(values)]
    return round(float(values.max()), 3) if values.size else None
