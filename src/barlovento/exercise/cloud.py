"""What the particles, the air that moves them and the sensors look like to compiled code.

Also what one particle adds at one sensor: a compact kernel around it, averaged over the
relative path of the two. How particles move is in :mod:`barlovento.exercise.particles`.

Numba's cache looks at the file of the outermost function only: after a change here or to a
constant in :mod:`barlovento.exercise.air`, delete ``__pycache__`` before believing a result.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

X, Y, Z, ALONG, ACROSS, UPDOWN, SIZE, DEPTH, MASS, AGE = range(10)
X_OLD, Y_OLD, Z_OLD, SHARE, LABEL, STEP = range(10, 16)
"""Columns of the particle table: place [m], velocities [m s-1] (the vertical one over
sigma_w), cloud size across the wind to the power 2/3 [m2/3], and upward [m], mass [kg],
age [s]; place before the step [m], share of the step that it lives through [1], its number
within its step of birth and the number of that step [1]."""

FIELDS = 16
KERNEL_H, KERNEL_V = 0.35, 0.15
"""Kernel deviation over cloud size, horizontal and vertical [1]: the particles themselves draw
most of the cloud, and a deep kernel would lift gas off the ground."""
KERNEL_REACH = 3.0
"""Reach of the compact kernel over its deviation, by its second moment 1/9 [1]."""
KERNEL_NORM = 105.0 / (32.0 * math.pi)
"""1 / integral of (1 - r^2)^2 over the unit ball [1]."""


class Wander(NamedTuple):
    """The mean wind of each step: shape (steps,), or a flat list for the valley.

    Attributes
    ----------
    toward_x, toward_y : ndarray
        Unit vector the wind blows to, east and north [1].
    factor : ndarray
        Multiplies the mean wind of the layer [1].
    valley : ndarray, shape (10,) or (0,)
        Steering by slopes: x, y [m], axis east, axis north [1], half width [m], steering [1],
        depth [m], drainage speed [m s-1], its height [m], slope speed [m s-1].
    """

    toward_x: FloatArray
    toward_y: FloatArray
    factor: FloatArray
    valley: FloatArray


class Vent(NamedTuple):
    """One source as the particles see it.

    Attributes
    ----------
    x, y, z, size : float
        Place and initial radius [m].
    rate : ndarray, shape (steps,)
        Emission rate of each step [kg s-1].
    spread : tuple of float
        What it covers: full length and width, and the unit vector along its length, east and
        north; no length and width for a single opening [m], [1].
    """

    x: float
    y: float
    z: float
    size: float
    rate: FloatArray
    spread: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 0.0)


class Readers(NamedTuple):
    """Sensors: the path that each averages over in each step.

    Attributes
    ----------
    path : ndarray, shape (sensors, steps, 6)
        Both ends, x, y, z and x, y, z: for a moving point its place before and after the
        step, for a beam its two ends [m].
    beam : ndarray of bool, shape (sensors,)
        Whether the path is a beam.
    bounds : ndarray, shape (4,)
        West, east, south, north edge beyond which particles are forgotten [m].
    """

    path: FloatArray
    beam: NDArray[np.bool_]
    bounds: FloatArray


@njit(cache=True, nogil=True, inline="always")
def node(height, table, top):  # type: ignore[no-untyped-def]
    """Return table row and fraction to the next for a height [m]."""
    last = table.shape[0] - 1
    g = math.sqrt(height / top) * last
    k = int(g)
    if k > last - 1:
        k = last - 1
    return k, g - k


@njit(cache=True, nogil=True, inline="always")
def read(table, column, k, f):  # type: ignore[no-untyped-def]
    """Return a column's value between rows k and k + 1."""
    low = table[k, column]
    return low + f * (table[k + 1, column] - low)


@njit(cache=True, nogil=True, inline="always")
def fade(h):  # type: ignore[no-untyped-def]
    """Return exp(-h) for h >= 0; below one by a Pade quotient, right within 3e-5."""
    if h > 1.0:
        return math.exp(-h)
    even = 1.0 + h * h / 12.0
    return (even - 0.5 * h) / (even + 0.5 * h)


@njit(cache=True, nogil=True)
def valley_wind(x, y, z, wind_x, wind_y, valley):  # type: ignore[no-untyped-def]
    """Return the wind inside a valley: east, north and upward part [m s-1].

    Slope flow and its return come from one stream function, steering depends on height only,
    and drainage on height only: the flow has no divergence, so nothing piles up by itself.
    """
    ax, ay = valley[2], valley[3]
    along = wind_x * ax + wind_y * ay
    across = (-wind_x * ay + wind_y * ax) * (1.0 - valley[5] * math.exp(-z / valley[6]))
    depth = valley[8]
    along += valley[7] * (z / depth) * math.exp(1.0 - z / depth)
    b = (-(x - valley[0]) * ay + (y - valley[1]) * ax) / valley[4]
    bell = math.exp(0.5 - 0.5 * b * b)
    decay = math.exp(-0.5 * z / depth)
    across -= valley[9] * b * bell * (1.0 - 0.5 * z / depth) * decay
    upward = valley[9] * (1.0 - b * b) / valley[4] * bell * z * decay
    return along * ax - across * ay, along * ay + across * ax, upward


@njit(cache=True, nogil=True)
def path_mean(ax, ay, az, bx, by, bz):  # type: ignore[no-untyped-def]
    """Return the mean of (1 - r^2)^2 inside the unit ball over the straight path a to b.

    With r^2 = C + 2 B s + A s^2 along the path, the square of the quadratic is integrated
    exactly between the points where the path enters and leaves the ball.
    """
    dx, dy, dz = bx - ax, by - ay, bz - az
    c = ax * ax + ay * ay + az * az
    a = dx * dx + dy * dy + dz * dz
    if a < 1e-9:
        return (1.0 - c) ** 2 if c < 1.0 else 0.0
    b = ax * dx + ay * dy + az * dz
    disc = b * b - a * (c - 1.0)
    if disc <= 0.0:
        return 0.0
    root = math.sqrt(disc)
    # Measured from the closest point the quadratic is even, which keeps digits when the
    # path is much longer than the kernel is wide.
    mid = -b / a
    lo = max(0.0, mid - root / a) - mid
    hi = min(1.0, mid + root / a) - mid
    if hi <= lo:
        return 0.0
    peak = disc / a
    total = peak * peak * (hi - lo)
    total -= 2.0 * peak * a * (hi**3 - lo**3) / 3.0
    return total + a * a * (hi**5 - lo**5) / 5.0


@njit(cache=True, nogil=True, inline="always")
def met(cloud, q, i, j, path, beam):  # type: ignore[no-untyped-def]
    """Return the mean kernel [m-3] of one particle at sensor j during reading step i.

    Particle and sensor both move; only their relative path matters. For a beam the particle
    stands where it is half way through the step.
    """
    reach_h = KERNEL_REACH * KERNEL_H * cloud[q, SIZE] * math.sqrt(cloud[q, SIZE])
    reach_v = KERNEL_REACH * KERNEL_V * cloud[q, DEPTH]
    x0, x1 = path[j, i, 0], path[j, i, 3]
    y0, y1 = path[j, i, 1], path[j, i, 4]
    z0, z1 = path[j, i, 2], path[j, i, 5]
    if beam[j]:
        px = 0.5 * (cloud[q, X_OLD] + cloud[q, X])
        py = 0.5 * (cloud[q, Y_OLD] + cloud[q, Y])
        pz = 0.5 * (cloud[q, Z_OLD] + cloud[q, Z])
        qx, qy, qz = px, py, pz
    else:
        px, py, pz = cloud[q, X_OLD], cloud[q, Y_OLD], cloud[q, Z_OLD]
        qx, qy, qz = cloud[q, X], cloud[q, Y], cloud[q, Z]
        born = 1.0 - cloud[q, SHARE]
        x0, y0, z0 = x0 + born * (x1 - x0), y0 + born * (y1 - y0), z0 + born * (z1 - z0)
    ax, bx = x0 - px, x1 - qx
    if min(ax, bx) > reach_h or max(ax, bx) < -reach_h:
        return 0.0
    ay, by = y0 - py, y1 - qy
    if min(ay, by) > reach_h or max(ay, by) < -reach_h:
        return 0.0
    h, v = 1.0 / reach_h, 1.0 / reach_v
    ax, bx, ay, by = ax * h, bx * h, ay * h, by * h
    mean = path_mean(ax, ay, (z0 - pz) * v, bx, by, (z1 - qz) * v)
    # The ground reflects: a mirror particle below it.
    if min(z0 + pz, z1 + qz) < reach_v:
        mean += path_mean(ax, ay, (z0 + pz) * v, bx, by, (z1 + qz) * v)
    return cloud[q, SHARE] * KERNEL_NORM * h * h * v * mean
