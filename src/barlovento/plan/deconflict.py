"""How near flights come to each other and to live traffic, and how late to start to keep apart.

Flights go straight and evenly between their places, so the closest approach is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]

SHIFT = 10.0
"""Longest step between delays that are looked at where times are uncertain [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track4:
    """Where something is when.

    Parameters
    ----------
    name : str
        For messages.
    seconds : ndarray
        Rising, shape (n,) [s].
    places : ndarray
        x, y and height, all heights from the same level, shape (n, 3) [m].
    margin : float
        How far it may be to the side of where this says [m].
    height_margin : float
        The same above and below [m].
    time_margin : float
        How early or late it may be [s].
    """

    name: str
    seconds: FloatArray
    places: FloatArray
    margin: float = 0.0
    height_margin: float = 0.0
    time_margin: float = 0.0

    def __post_init__(self) -> None:
        times, places = np.asarray(self.seconds), np.asarray(self.places)
        if len(times) < 2 or places.shape != (len(times), 3) or (np.diff(times) <= 0).any():
            raise BadInput(f"{self.name}: a track needs two places or more, at rising times.")
        if not (np.isfinite(times).all() and np.isfinite(places).all()):
            raise BadInput(f"{self.name}: a place or time of the track is not finite.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """When two tracks are nearest.

    Parameters
    ----------
    first, second : str
        Names.
    second_of : float
        When [s].
    apart : float
        To the side [m].
    above : float
        Of height between them, at that moment [m].
    """

    first: str
    second: str
    second_of: float
    apart: float
    above: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """What has to lie between two aircraft: the one or the other.

    Parameters
    ----------
    apart : float
        To the side [m].
    above : float
        Of height [m].
    """

    apart: float
    above: float


def closest_approach(a: Track4, b: Track4) -> Approach | None:
    """Return where two tracks are nearest to the side, or None where they share no time.

    Parameters
    ----------
    a, b : Track4
        Heights from the same level.
    """
    times, step, rel, speed = _relative(a, b)
    if times is None:
        return None
    square = (speed[:, :2] ** 2).sum(axis=1)
    along = -(rel[:, :2] * speed[:, :2]).sum(axis=1)
    moment = np.clip(np.where(square > 0, along / np.where(square > 0, square, 1.0), 0.0), 0, step)
    near = rel + moment[:, None] * speed
    apart = np.hypot(near[:, 0], near[:, 1])
    k = int(apart.argmin())
    return Approach(
        first=a.name,
        second=b.name,
        second_of=float(times[k] + moment[k]),
        apart=float(apart[k]),
        above=float(abs(near[k, 2])),
    )


def conflict(a: Track4, b: Track4, apart: Separation) -> Approach | None:
    """Return the first moment at which two tracks are too near, or None.

    Parameters
    ----------
    a, b : Track4
        Their margins are added to the separation. By so much as their time margins add up to
        either may be late against the other.
    apart : Separation
        To the side or in height, one of the two is enough.

    Returns
    -------
    Approach or None
        The nearest they come within the first stretch in which both are undercut.
    """
    late = a.time_margin + b.time_margin
    number = math.ceil(late / SHIFT)
    # Between two shifts that are looked at, either is at most half a shift away from one.
    more = (_fastest(a) + _fastest(b)) * late / number / 2 if number else 0.0
    found = None
    for shift in np.linspace(-late, late, 2 * number + 1):
        near = _conflict(a, replace(b, seconds=b.seconds + shift), apart, more)
        if near is not None and (found is None or near.apart < found.apart):
            found = near
    return found


def _conflict(a: Track4, b: Track4, apart: Separation, more: float) -> Approach | None:
    times, step, rel, speed = _relative(a, b)
    if times is None:
        return None
    side = apart.apart + a.margin + b.margin + more
    height = apart.above + a.height_margin + b.height_margin
    low, high = _within_disc(rel, speed, side, step)
    under, over = _within_band(rel[:, 2], speed[:, 2], height, step)
    begin, finish = np.maximum(low, under), np.minimum(high, over)
    hit = np.flatnonzero(begin <= finish)
    if not len(hit):
        return None
    k = int(hit[0])
    square = float((speed[k, :2] ** 2).sum())
    best = -float((rel[k, :2] * speed[k, :2]).sum()) / square if square > 0 else float(begin[k])
    moment = min(max(best, float(begin[k])), float(finish[k]))
    near = rel[k] + moment * speed[k]
    return Approach(
        first=a.name,
        second=b.name,
        second_of=float(times[k]) + moment,
        apart=float(math.hypot(near[0], near[1])),
        above=float(abs(near[2])),
    )


def least_delay(
    track: Track4, others: Sequence[Track4], apart: Separation, *, most: float, step: float = 30.0
) -> float | None:
    """Return how much later a flight has to start so that it keeps apart from others.

    Parameters
    ----------
    track : Track4
        That may wait.
    others : sequence of Track4
        That don't.
    apart : Separation
        What has to lie between.
    most : float
        Longest delay [s].
    step : float
        Delays that are tried are multiples of this [s].

    Returns
    -------
    float or None
        None when no delay up to the longest does it [s].
    """
    for delay in np.arange(0.0, most + 1e-9, step):
        moved = replace(track, seconds=track.seconds + delay)
        if not any(conflict(moved, other, apart) for other in others):
            return float(delay)
    return None


def traffic(
    name: str,
    place: ArrayLike,
    velocity: ArrayLike,
    *,
    seen_at: float,
    until: float,
    spread: float,
    height_spread: float,
) -> Track4:
    """Return live traffic as a track that goes straight on.

    Parameters
    ----------
    name : str
        As it calls itself.
    place, velocity : array_like
        x, y, height [m], and their rates [m s-1].
    seen_at, until : float
        When it was there, and how far ahead it is looked [s].
    spread, height_spread : float
        How far it may be from that by the end, to the side and in height [m].
    """
    if not until > seen_at:
        raise BadInput(f"{name}: seen at {seen_at:g} s, looked for until {until:g} s. Swap them.")
    here, rate = np.asarray(place, float), np.asarray(velocity, float)
    return Track4(
        name=name,
        seconds=np.array([seen_at, until]),
        places=np.stack([here, here + (until - seen_at) * rate]),
        margin=spread,
        height_margin=height_spread,
    )


def _fastest(track: Track4) -> float:
    moved = np.hypot(*np.diff(track.places[:, :2], axis=0).T)
    return float((moved / np.diff(track.seconds)).max())


def _relative(a: Track4, b: Track4) -> tuple[FloatArray | None, FloatArray, FloatArray, FloatArray]:
    """Return begin and length of stretches in which both fly straight, and b seen from a."""
    begin = max(float(a.seconds[0]), float(b.seconds[0]))
    finish = min(float(a.seconds[-1]), float(b.seconds[-1]))
    empty = np.empty((0, 3))
    if begin > finish:
        return None, empty[:, 0], empty, empty
    knots = np.concatenate([[begin, finish], a.seconds, b.seconds])
    times = np.unique(knots[(knots >= begin) & (knots <= finish)])
    if len(times) == 1:
        times = np.repeat(times, 2)
    rel = _at(b, times) - _at(a, times)
    step = np.diff(times)
    speed = np.diff(rel, axis=0) / np.where(step > 0, step, 1.0)[:, None]
    return times[:-1], step, rel[:-1], speed


def _at(track: Track4, times: FloatArray) -> FloatArray:
    return np.stack([np.interp(times, track.seconds, c) for c in track.places.T], axis=1)


def _within_disc(
    rel: FloatArray, speed: FloatArray, radius: float, step: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return from when to when something is within a radius; the first after the last if never."""
    a = (speed[:, :2] ** 2).sum(axis=1)
    b = (rel[:, :2] * speed[:, :2]).sum(axis=1)
    c = (rel[:, :2] ** 2).sum(axis=1) - radius**2
    root = b * b - a * c
    still = a < 1e-12
    safe = np.where(still, 1.0, a)
    wide = np.sqrt(np.maximum(root, 0.0))
    low = np.where(still, 0.0, (-b - wide) / safe)
    high = np.where(still, step, (-b + wide) / safe)
    never = np.where(still, c >= 0, root <= 0)
    low, high = np.maximum(low, 0.0), np.minimum(high, step)
    return np.where(never, 1.0, low), np.where(never, -1.0, high)


def _within_band(
    rel: FloatArray, speed: FloatArray, half: float, step: FloatArray
) -> tuple[FloatArray, FloatArray]:
    still = np.abs(speed) < 1e-12
    safe = np.where(still, 1.0, speed)
    one, two = (-half - rel) / safe, (half - rel) / safe
    low = np.where(still, 0.0, np.minimum(one, two))
    high = np.where(still, step, np.maximum(one, two))
    never = still & (np.abs(rel) >= half)
    low, high = np.maximum(low, 0.0), np.minimum(high, step)
    return np.where(never, 1.0, low), np.where(never, -1.0, high)
