"""Along the line to a place: which velocity to wish for in this wind, with room to brake."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from barlovento.adapters.autopilot.f450 import Motion
from barlovento.adapters.autopilot.settings import Settings
from barlovento.domain.flight import LEAST_GROUND_SPEED, ground_speed

ACCELERATION = 2.5
"""Of speed along a leg [m s-2]."""

BRAKING = 1.6
"""Less than what the aircraft can, so that it never overshoots [m s-2]."""

_CREEP = 0.35
"""Wished for at the end of a leg, so that the end is met [m s-1]."""

_CROSS_GAIN = 0.9
"""[s-1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How fast it may go.

    Parameters
    ----------
    cruise, top_speed : float
        Through the air [m s-1].
    climb_rate, descent_rate : float
        Both positive [m s-1].
    over_ground : float, optional
        Held over the ground in place of cruise, as far as the top speed allows [m s-1].
    """

    cruise: float
    top_speed: float
    climb_rate: float
    descent_rate: float
    over_ground: float | None = None


def limits_of(settings: Settings, over_ground: float | None) -> Limits:
    """Return the limits that settings and a speed over the ground make.

    Parameters
    ----------
    settings : Settings
        Of the pilot.
    over_ground : float or None
        Held where it is given [m s-1].
    """
    return Limits(
        cruise=settings.cruise,
        top_speed=settings.top_speed,
        climb_rate=settings.climb_rate,
        descent_rate=settings.descent_rate,
        over_ground=over_ground,
    )


@dataclass(slots=True)
class Line:
    """A straight line from where a leg began to where it ends, and the speed along it."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    corner: float = 0.0
    speed: float = 0.0

    def wish(
        self, motion: Motion, wind: tuple[float, float], limits: Limits, seconds: float
    ) -> tuple[tuple[float, float, float], float]:
        """Return the velocity to wish for [m s-1], and what is left of the line [m].

        Parameters
        ----------
        motion : Motion
            As measured.
        wind : tuple of float
            Where the air goes [m s-1].
        limits : Limits
            Of speed.
        seconds : float
            Since the last call [s].
        """
        along = [end - start for start, end in zip(self.start, self.end, strict=True)]
        length = math.sqrt(sum(part * part for part in along))
        if length == 0.0:
            return _back(motion, self.end), 0.0
        unit = [part / length for part in along]
        gone = [here - start for here, start in zip(motion[:3], self.start, strict=True)]
        way = sum(a * b for a, b in zip(gone, unit, strict=True))
        rest = length - way
        fastest = self._fastest(unit, wind, limits)
        braked = math.sqrt(self.corner**2 + 2 * BRAKING * max(rest, 0.0)) + _CREEP
        wanted = min(fastest, braked)
        self.speed = min(wanted, self.speed + ACCELERATION * seconds)
        across = [g - way * u for g, u in zip(gone, unit, strict=True)]
        east, north, up = (
            self.speed * u - _CROSS_GAIN * off for u, off in zip(unit, across, strict=True)
        )
        return (east, north, up), rest

    @staticmethod
    def _fastest(unit: list[float], wind: tuple[float, float], limits: Limits) -> float:
        """Return the speed along the line that airspeed and climb allow."""
        level = math.hypot(unit[0], unit[1])
        fastest = math.inf
        if level > 1e-3:
            along = (wind[0] * unit[0] + wind[1] * unit[1]) / level
            across = (wind[0] * unit[1] - wind[1] * unit[0]) / level
            over_ground = ground_speed(limits.cruise, along, across)
            if over_ground < LEAST_GROUND_SPEED or limits.over_ground is not None:
                over_ground = ground_speed(limits.top_speed, along, across)
            if limits.over_ground is not None:
                over_ground = min(over_ground, limits.over_ground)
            fastest = max(over_ground, LEAST_GROUND_SPEED) / level
        if unit[2] != 0:
            rate = limits.climb_rate if unit[2] > 0 else limits.descent_rate
            fastest = min(fastest, rate / abs(unit[2]))
        return fastest


def stay(motion: Motion, place: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return the velocity that keeps a place.

    Parameters
    ----------
    motion : Motion
        As measured.
    place : tuple of float
        East, north and up [m].

    Returns
    -------
    tuple of float
        [m s-1].
    """
    return _back(motion, place)


def _back(motion: Motion, place: tuple[float, float, float]) -> tuple[float, float, float]:
    offset = [there - here for here, there in zip(motion[:3], place, strict=True)]
    length = math.sqrt(sum(part * part for part in offset))
    most = min(1.0, 3.0 / length) if length > 0 else 1.0
    east, north, up = (0.8 * most * part for part in offset)
    return east, north, up


def corner_speed(
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    after: tuple[float, float, float] | None,
    cruise: float,
) -> float:
    """Return how fast to pass the end of a leg: slower the sharper the bend, zero at a right angle.

    Parameters
    ----------
    start, end, after : tuple of float
        Of this leg, and the end of the next [m].
    cruise : float
        [m s-1].

    Returns
    -------
    float
        [m s-1].
    """
    if after is None:
        return 0.0
    one = [b - a for a, b in zip(start, end, strict=True)]
    two = [b - a for a, b in zip(end, after, strict=True)]
    lengths = math.hypot(*one) * math.hypot(*two)
    if lengths == 0.0:
        return 0.0
    cosine = sum(a * b for a, b in zip(one, two, strict=True)) / lengths
    return cruise * max(cosine, 0.0) ** 4


def speed_along(way: Sequence[float], velocity: tuple[float, float, float]) -> float:
    """Return what speed there is in a new direction already.

    Parameters
    ----------
    way : sequence of float
        From where it is to where it goes [m].
    velocity : tuple of float
        East, north and up [m s-1].

    Returns
    -------
    float
        Not negative [m s-1].
    """
    length = math.hypot(*way)
    kept = sum(a * b for a, b in zip(way, velocity, strict=True)) / length if length else 0.0
    return max(kept, 0.0)
