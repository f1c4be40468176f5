"""Legs to choose from: across the wind, along it and aslant, cut to the permitted area."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.search.legs_value import SPACING
from barlovento.search.permitted import Permitted, Place

Floats = NDArray[np.float64]

ROWS = 18
"""Rows of a lattice over the whole area [1]."""

LENGTHS = (120.0, 260.0)
"""Lengths of parts of a row, beside the whole of it [m]."""

CLOSE_SPACING, CLOSE_BACK, CLOSE_FORTH, CLOSE_SIDE = 25.0, 60.0, 260.0, 130.0
"""Rows about a source that is being traced: their spacing, how far upwind and downwind of it, and
how far to the sides [m]."""

SHORTEST = 40.0
"""No leg is shorter [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A straight leg to choose.

    Parameters
    ----------
    start, end : tuple of float
        Its ends [m].
    z : float
        Height above ground [m].
    kind : str
        "across", "along" or "aslant" to the wind.
    """

    start: Place
    end: Place
    z: float
    kind: str

    @property
    def length(self) -> float:
        """From end to end [m]."""
        return math.dist(self.start, self.end)

    @property
    def places(self) -> Floats:
        """Where readings are foreseen, shape (n, 3) [m]."""
        n = max(round(self.length / SPACING), 2)
        f = (np.arange(n) + 0.5) / n
        out = np.empty((n, 3))
        for k in range(2):
            out[:, k] = self.start[k] + f * (self.end[k] - self.start[k])
        out[:, 2] = self.z
        return out


def over_area(permitted: Permitted, downwind: Floats, heights: Sequence[float]) -> list[Candidate]:
    """Return rows across the wind over the whole area, whole and in parts, and some along it.

    Parameters
    ----------
    permitted : Permitted
        Where legs may be.
    downwind : ndarray, shape (2,)
        Unit vector.
    heights : sequence of float
        At which to fly [m].
    """
    across = np.array([-downwind[1], downwind[0]])
    corners = np.array(permitted.ring)
    u, v = corners @ downwind, corners @ across
    out = []
    step = max((u.max() - u.min()) / ROWS, CLOSE_SPACING)
    for at in np.arange(u.min() + 0.35 * step, u.max(), step):
        for part in _cut(permitted, at, (v.min(), v.max()), downwind, across):
            out += _parts(part, heights, "across", LENGTHS)
    side = max((v.max() - v.min()) / (0.5 * ROWS), 2.0 * CLOSE_SPACING)
    for at in np.arange(v.min() + 0.5 * side, v.max(), side):
        for part in _cut(permitted, at, (u.min(), u.max()), across, downwind):
            out += _parts(part, heights, "along", ())
    return out


def about_source(
    permitted: Permitted, downwind: Floats, heights: Sequence[float], place: Floats, spread: float
) -> list[Candidate]:
    """Return short legs about a place where a source may be, mostly downwind of it.

    Parameters
    ----------
    permitted : Permitted
        Where legs may be.
    downwind : ndarray, shape (2,)
        Unit vector [1].
    heights : sequence of float
        At which to fly [m].
    place : ndarray, shape (2,)
        Of the source [m].
    spread : float
        sd of that place [m].
    """
    across = np.array([-downwind[1], downwind[0]])
    u0, v0 = float(place @ downwind), float(place @ across)
    out = []
    step = CLOSE_SPACING
    for at in np.arange(u0 - CLOSE_BACK - spread, u0 + CLOSE_FORTH + spread, step):
        for half in (CLOSE_SIDE / 2.0, CLOSE_SIDE):
            reach = half + spread
            for part in _cut(permitted, at, (v0 - reach, v0 + reach), downwind, across):
                out += _parts(part, heights, "across", ())
    for at in np.arange(v0 - 2.0 * step, v0 + 2.1 * step, step):
        ends = (u0 - CLOSE_BACK - spread, u0 + CLOSE_FORTH + spread)
        for part in _cut(permitted, at, ends, across, downwind):
            out += _parts(part, heights, "along", ())
    for turn in (-0.7, 0.7):
        slant = math.cos(turn) * downwind + math.sin(turn) * across
        normal = np.array([-slant[1], slant[0]])
        middle = place + 80.0 * downwind
        w0, t0 = float(middle @ normal), float(middle @ slant)
        reach = CLOSE_SIDE + spread
        for part in _cut(permitted, w0, (t0 - reach, t0 + reach), normal, slant):
            out += _parts(part, heights, "aslant", ())
    return out


def through(
    permitted: Permitted, downwind: Floats, heights: Sequence[float], place: Floats, track: Floats
) -> list[Candidate]:
    """Return legs through a place where gas was met: as it was flown, and across the wind.

    Near the downwind edge no leg about the source itself may meet its plume, and the way on which
    it was met does.

    Parameters
    ----------
    permitted : Permitted
        Where legs may be.
    downwind : ndarray, shape (2,)
        Unit vector [1].
    heights : sequence of float
        At which to fly [m].
    place : ndarray, shape (2,)
        Where gas was met [m].
    track : ndarray, shape (2,)
        Unit vector of the way on which it was met [1].
    """
    across = np.array([-downwind[1], downwind[0]])
    out = []
    for along, kind in ((across, "across"), (track, "aslant")):
        normal = np.array([-along[1], along[0]])
        at, middle = float(place @ normal), float(place @ along)
        for half in (CLOSE_SIDE / 2.0, CLOSE_SIDE):
            for part in _cut(permitted, at, (middle - half, middle + half), normal, along):
                out += _parts(part, heights, kind, ())
    return out


def _cut(
    permitted: Permitted, at: float, ends: tuple[float, float], normal: Floats, along: Floats
) -> list[tuple[Place, Place]]:
    """Return what is permitted of a straight line."""
    a, b = at * normal + ends[0] * along, at * normal + ends[1] * along
    return permitted.clipped((float(a[0]), float(a[1])), (float(b[0]), float(b[1])))


def _parts(
    line: tuple[Place, Place], heights: Sequence[float], kind: str, lengths: Sequence[float]
) -> list[Candidate]:
    """Return a line as a whole and in overlapping parts, at all heights."""
    whole = math.dist(*line)
    if whole < SHORTEST:
        return []
    a, b = np.array(line[0]), np.array(line[1])
    cuts = [(0.0, 1.0)]
    for length in lengths:
        if length < 0.8 * whole:
            n = math.ceil(2.0 * whole / length) - 1
            first = np.linspace(0.0, whole - length, max(n, 2))
            cuts += [(s / whole, (s + length) / whole) for s in first]
    out = []
    for f, g in cuts:
        p, q = a + f * (b - a), a + g * (b - a)
        start, end = (float(p[0]), float(p[1])), (float(q[0]), float(q[1]))
        out += [Candidate(start=start, end=end, z=z, kind=kind) for z in heights]
    return out
