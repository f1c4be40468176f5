"""The shortest way from one place and heading to another for what turns no tighter than a radius.

Source: Dubins (1957), doi:10.2307/2372560; the six words in the normalised form of Shkel and
Lumelsky (2001), doi:10.1016/S0921-8890(00)00127-5, equations 20 to 25.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Pose = tuple[float, float, float]
"""x, y [m] and direction of travel, anticlockwise from east [rad]."""

STEP = math.radians(30.0)
"""Arcs become polygons with corners at most this far apart."""


def _words(d: float, a: float, b: float) -> list[tuple[str, float, float, float]]:
    """Return word and its three normalised lengths, for those that exist."""
    sa, sb, ca, cb, cab = math.sin(a), math.sin(b), math.cos(a), math.cos(b), math.cos(a - b)
    turn = math.tau
    found: list[tuple[str, float, float, float]] = []
    p2 = 2 + d * d - 2 * cab + 2 * d * (sa - sb)
    if p2 >= 0:
        angle = math.atan2(cb - ca, d + sa - sb)
        found.append(("LSL", (angle - a) % turn, math.sqrt(p2), (b - angle) % turn))
    p2 = 2 + d * d - 2 * cab + 2 * d * (sb - sa)
    if p2 >= 0:
        angle = math.atan2(ca - cb, d - sa + sb)
        found.append(("RSR", (a - angle) % turn, math.sqrt(p2), (angle - b) % turn))
    p2 = -2 + d * d + 2 * cab + 2 * d * (sa + sb)
    if p2 >= 0:
        p = math.sqrt(p2)
        angle = math.atan2(-ca - cb, d + sa + sb) - math.atan2(-2.0, p)
        found.append(("LSR", (angle - a) % turn, p, (angle - b) % turn))
    p2 = -2 + d * d + 2 * cab - 2 * d * (sa + sb)
    if p2 >= 0:
        p = math.sqrt(p2)
        angle = math.atan2(ca + cb, d - sa - sb) - math.atan2(2.0, p)
        found.append(("RSL", (a - angle) % turn, p, (b - angle) % turn))
    bow = (6 - d * d + 2 * cab + 2 * d * (sa - sb)) / 8
    if abs(bow) <= 1:
        p = (turn - math.acos(bow)) % turn
        t = (a - math.atan2(ca - cb, d - sa + sb) + p / 2) % turn
        found.append(("RLR", t, p, (a - b - t + p) % turn))
    bow = (6 - d * d + 2 * cab + 2 * d * (sb - sa)) / 8
    if abs(bow) <= 1:
        p = (turn - math.acos(bow)) % turn
        t = (-a + math.atan2(-ca + cb, d + sa - sb) + p / 2) % turn
        found.append(("LRL", t, p, (b - a - t + p) % turn))
    return found


def shortest_turn(start: Pose, end: Pose, radius: float) -> tuple[float, FloatArray]:
    """Return how long the shortest way is, and its corners.

    Parameters
    ----------
    start, end : tuple of float
        x, y [m] and direction of travel, anticlockwise from east [rad].
    radius : float
        Of the tightest turn; 0 turns on the spot [m].

    Returns
    -------
    tuple
        Length [m], and places between start and end, shape (n, 2) [m]; arcs are polygons around
        the circle, so that their corners lie a little outside.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    if radius <= 0:
        return math.hypot(dx, dy), np.empty((0, 2))
    way = math.atan2(dy, dx)
    distance = math.hypot(dx, dy) / radius
    words = _words(distance, (start[2] - way) % math.tau, (end[2] - way) % math.tau)
    word, *parts = min(words, key=lambda one: sum(one[1:]))
    x, y, heading = start
    corners: list[tuple[float, float]] = []
    for kind, part in zip(word, parts, strict=True):
        if kind == "S":
            corners.append((x, y))
            x, y = x + part * radius * math.cos(heading), y + part * radius * math.sin(heading)
            continue
        side = 1.0 if kind == "L" else -1.0
        number = max(1, math.ceil(part / STEP - 1e-9))
        bite = part / number
        # Corners on the tangents: the path is met half-way between two of them.
        reach = radius * math.tan(bite / 2)
        for _ in range(number):
            if part < 1e-9:
                break
            corners.append((x + reach * math.cos(heading), y + reach * math.sin(heading)))
            middle = heading + side * bite / 2
            chord = 2 * radius * math.sin(bite / 2)
            x, y = x + chord * math.cos(middle), y + chord * math.sin(middle)
            heading += side * bite
    return sum(parts) * radius, np.array(corners).reshape(-1, 2)
