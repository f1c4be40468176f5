"""Gas let out of one source, followed as particles through meandering, turbulent air.

A forward Lagrangian stochastic model. Each particle obeys Thomson's well-mixed Langevin
equation by itself, so the long-term mean plume is that of a one-particle model; particles let
out close together share a part of their random forcing, so that at any moment the plume is a
narrow, snaking filament rather than its mean. What is met at a sensor is a sum of compact
kernels over the particles near it. No closed form of a mean plume occurs here.

References
----------
.. [1] Thomson, D. J. (1987), Journal of Fluid Mechanics 180, 529-556: eq. (28) with Gaussian
   velocities gives the drift d sigma_w / dz of w / sigma_w used below.
.. [2] Richardson-Obukhov law as in Sawford, B. (2001), Annual Review of Fluid Mechanics 33,
   289-317: mean square separation g eps t^3, here with g = 0.5 (Ott and Mann 2000, Journal of
   Fluid Mechanics 422, 207-223), of which one sixth is the variance of a cloud along one axis.
.. [3] Hanna, S. R. (1981), Journal of Applied Meteorology 20, 242-249: ratio of Lagrangian to
   Eulerian time scales 0.4 / (sigma / U).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.exercise.air import EDDY, MIX, RATE, SIGMA, SLOPE, SPEED, TEAR

FloatArray = NDArray[np.float64]

X, Y, Z, ALONG, ACROSS, UPDOWN, SIZE, DEPTH, MASS, AGE, X_OLD, Y_OLD, Z_OLD, SHARE = range(14)
"""Columns of the particle table: place [m], velocities [m s-1] (the vertical one over sigma_w),
cloud size across and upward [m], mass per unit rate [s], age [s], place before the step [m], lived share [1]."""

FIELDS = 14
SUBSTEP = 0.15
"""Longest substep of the vertical motion over its time scale [1]."""
MAX_SUBSTEPS = 24
THIN_AGES = (12.0, 40.0, 120.0)
"""Ages at which every other particle leaves its mass to its neighbour [s]: an old cloud is
wide and needs fewer particles to be drawn evenly."""
GROWTH = 0.657
"""d(size)/dt = GROWTH (eps size)^(1/3), from [2]_ [1]."""
KERNEL_H, KERNEL_V = 0.5, 0.15
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
    lateral : float
        Size of eddies across the wind, sigma_v T_Lv, to the power -2/3 [m-2/3].
    valley : ndarray, shape (10,) or (0,)
        Steering by slopes: x, y [m], axis east, axis north [1], half width [m], steering [1],
        depth [m], drainage speed [m s-1], its height [m], slope speed [m s-1].
    """

    toward_x: FloatArray
    toward_y: FloatArray
    factor: FloatArray
    lateral: float
    valley: FloatArray


class Vent(NamedTuple):
    """One source as the particles see it.

    Attributes
    ----------
    x, y, z, size : float
        Place and initial radius [m].
    rate : ndarray, shape (steps,)
        Emission rate of each step [kg s-1].
    """

    x: float
    y: float
    z: float
    size: float
    rate: FloatArray


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
    reach_h = KERNEL_REACH * KERNEL_H * cloud[q, SIZE]
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


@njit(cache=True, nogil=True, inline="always")
def climb(cloud, q, seconds, blow, shared, sky, table, valley, rng, buffer):  # type: ignore[no-untyped-def]
    """Move one particle up or down, and along the wind that blows where it is.

    d(w/s) = -(w/s) dt / T + ds/dz dt + sqrt(2/T) dW, s = sigma_w(z), T = T_L(z) [1]_, by its
    exact solution over substeps short against T. The random steps are drawn so that their sum
    has the wanted correlation with ``shared``, the forcing common to the neighbours; each step
    by itself stays independent normal.

    Parameters
    ----------
    cloud, q : ndarray, shape (particles, FIELDS), and int
        The particles, and which one to move.
    seconds : float
        To move [s].
    blow : tuple of float
        Mean wind factor, unit vector east and north, fluctuation along and across [m s-1].
    shared : tuple of float
        Common forcing (standard normal) and the share of it taken, as correlation [1].
    sky : tuple of float
        Floor, top [m], sigma_u, sigma_v [m s-1], time_u, time_v [s] of the layer, and the
        size of eddies across the wind to the power -2/3 [m-2/3].
    table, valley : ndarray
        As in ``Layer`` and ``Wander``.
    """
    floor, top = sky[0], sky[1]
    factor, ex, ey, along, across = blow
    x, y, z, w = cloud[q, X], cloud[q, Y], cloud[q, Z], cloud[q, UPDOWN]
    k, f = node(z, table, top)
    n = min(1 + int(seconds * read(table, RATE, k, f) / SUBSTEP), MAX_SUBSTEPS)
    step = seconds / n
    total = 0.0
    for j in range(n):
        buffer[j] = rng.standard_normal()
        total += buffer[j]
    root = math.sqrt(n)
    shift = math.sqrt(shared[1]) * shared[0] + (math.sqrt(1.0 - shared[1]) - 1.0) * total / root
    shift /= root
    for j in range(n):
        k, f = node(z, table, top)
        rate = read(table, RATE, k, f)
        decay = fade(step * rate)
        w = (
            w * decay
            + (1.0 - decay) * read(table, SLOPE, k, f) / rate
            + math.sqrt(1.0 - decay * decay) * (buffer[j] + shift)
        )
        speed = factor * read(table, SPEED, k, f) + along
        wx = speed * ex - across * ey
        wy = speed * ey + across * ex
        rise = read(table, SIGMA, k, f) * w
        if valley.shape[0] > 0:
            wx, wy, upward = valley_wind(x, y, z, wx, wy, valley)
            rise += upward
        x += wx * step
        y += wy * step
        z += rise * step
        if z < floor:
            z, w = 2.0 * floor - z, -w
        elif z > top:
            z, w = 2.0 * top - z, -w
        z = min(max(z, floor), top)
    cloud[q, X], cloud[q, Y], cloud[q, Z], cloud[q, UPDOWN] = x, y, z, w


@njit(cache=True, nogil=True, inline="always")
def push(cloud, q, seconds, mean, common, sky, table, valley, rng, buffer):  # type: ignore[no-untyped-def]
    """Move one particle through part of a step and let its cloud grow.

    Parameters
    ----------
    cloud, q : ndarray, shape (particles, FIELDS), and int
        The particles, and which one to move.
    seconds : float
        To move [s].
    mean : tuple of float
        Factor of the mean wind and the unit vector it blows to, east and north [1].
    common : tuple of float
        Forcing shared with the neighbours along, across and upward, standard normal [1].
    sky, table, valley, rng, buffer
        As in :func:`climb`.
    """
    top, sigma_u, sigma_v = sky[1], sky[2], sky[3]
    size = cloud[q, SIZE]
    third = size ** (1.0 / 3.0)
    cloud[q, X_OLD], cloud[q, Y_OLD], cloud[q, Z_OLD] = cloud[q, X], cloud[q, Y], cloud[q, Z]
    together = 1.0 / (1.0 + third * third * sky[6])
    part, own = math.sqrt(together), math.sqrt(1.0 - together)
    decay_u = fade(seconds / sky[4])
    decay_v = fade(seconds / sky[5])
    along = cloud[q, ALONG] * decay_u + math.sqrt(1.0 - decay_u * decay_u) * sigma_u * (
        part * common[0] + own * rng.standard_normal()
    )
    across = cloud[q, ACROSS] * decay_v + math.sqrt(1.0 - decay_v * decay_v) * sigma_v * (
        part * common[1] + own * rng.standard_normal()
    )
    blow = (
        mean[0],
        mean[1],
        mean[2],
        0.5 * (along + cloud[q, ALONG]),
        0.5 * (across + cloud[q, ACROSS]),
    )
    cloud[q, ALONG], cloud[q, ACROSS] = along, across
    k, f = node(cloud[q, Z], table, top)
    upright = 1.0 / (1.0 + third * third * read(table, EDDY, k, f))
    climb(cloud, q, seconds, blow, (common[2], upright), sky, table, valley, rng, buffer)
    # Eddies at the height of the particle, or as far up as its cloud reaches, tear it apart.
    k, f = node(min(max(cloud[q, Z], size), top), table, top)
    growth = min(GROWTH * read(table, TEAR, k, f) * third, sigma_v)
    cloud[q, SIZE] = size + seconds * growth
    # Upward it grows no faster than the mixing that lifts a plume off the ground.
    depth = cloud[q, DEPTH]
    k, f = node(min(depth, top), table, top)
    cloud[q, DEPTH] = min(depth + seconds * min(growth, read(table, MIX, k, f) / depth), top)
    cloud[q, AGE] += seconds


@njit(cache=True, nogil=True)
def born(cloud, count, i, n, dt, vent, start, layer, lateral, rng):  # type: ignore[no-untyped-def]
    """Add the n particles of step i, spread evenly over it; return the new count.

    Parameters
    ----------
    start : ndarray, shape (3,)
        Velocity of the air at the vent over its deviation, along, across, upward [1].
    """
    together = 1.0 / (1.0 + vent.size ** (2.0 / 3.0) * lateral)
    part, own = math.sqrt(together), math.sqrt(1.0 - together)
    for j in range(n):
        p = cloud[count]
        p[X] = vent.x
        p[Y] = vent.y
        p[Z] = max(vent.z, layer.floor)
        p[ALONG] = layer.sigma_u * (part * start[0] + own * rng.standard_normal())
        p[ACROSS] = layer.sigma_v * (part * start[1] + own * rng.standard_normal())
        p[UPDOWN] = part * start[2] + own * rng.standard_normal()
        p[SIZE] = vent.size
        p[DEPTH] = vent.size
        p[MASS] = vent.rate[i] * dt / n
        p[AGE] = 0.0
        # It lives through the rest of the step in which it is let out.
        p[SHARE] = 1.0 - (j + rng.random()) / n
        count += 1
    return count


@njit(cache=True, nogil=True, inline="always")
def thinned(cloud, q, before, label):  # type: ignore[no-untyped-def]
    """Return whether a particle dies of age; a survivor takes over its neighbour's mass.

    Parameters
    ----------
    cloud, q : ndarray, shape (particles, FIELDS), and int
        The particles, and which one.
    before : float
        Its age before the step [s].
    label : int
        Its number within its step; each age of thinning asks one of the last three bits.
    """
    age = cloud[q, AGE]
    if before < THIN_AGES[0] <= age:
        cloud[q, MASS] *= 2.0
        return label & 1 == 1
    if before < THIN_AGES[1] <= age:
        cloud[q, MASS] *= 2.0
        return label & 2 == 2
    if before < THIN_AGES[2] <= age:
        cloud[q, MASS] *= 2.0
        return label & 4 == 4
    return False


@njit(cache=True, nogil=True, inline="always")
def outside(cloud, q, bounds):  # type: ignore[no-untyped-def]
    """Return whether a particle is too far from all sensors to matter again."""
    x, y = cloud[q, X], cloud[q, Y]
    return x < bounds[0] or x > bounds[1] or y < bounds[2] or y > bounds[3]


@njit(cache=True, nogil=True)
def follow(rng, dt, n, first, vent, layer, wind, readers, result):  # type: ignore[no-untyped-def]
    """Let out gas and follow it; fill what each sensor meets.

    Parameters
    ----------
    rng : numpy.random.Generator
        All randomness.
    dt : float
        Length of a step [s].
    n : int
        Particles let out each step, a multiple of 8.
    first : int
        Step at which the readings begin.
    vent : Vent
        The source.
    layer : Layer
        Wind and turbulence with height.
    wind : Wander
        The mean wind of each step.
    readers : Readers
        The sensors, from step ``first`` on.
    result : ndarray, shape (sensors, steps - first)
        Filled with the mean concentration of each step [kg m-3].

    Returns
    -------
    ndarray, shape (particles, FIELDS)
        Where the particles are in the end.
    """
    steps = wind.factor.shape[0]
    cloud = np.empty((16 * n, FIELDS))
    label = np.empty(16 * n, np.int64)
    group = np.empty(16 * n, np.int64)
    forcing = np.empty((steps, 3))
    buffer = np.empty(MAX_SUBSTEPS)
    start = np.array([rng.standard_normal(), rng.standard_normal(), rng.standard_normal()])
    memory = eulerian_memory(dt, vent, layer)
    count, oldest = 0, 0
    # Arrays taken out of their records once: inside the loop each look into a record costs
    # more than the arithmetic.
    table, valley, bounds, path, beam = (
        layer.table,
        wind.valley,
        readers.bounds,
        readers.path,
        readers.beam,
    )
    toward_x, toward_y, factor, rate = wind.toward_x, wind.toward_y, wind.factor, vent.rate
    sky = (
        layer.floor,
        layer.top,
        layer.sigma_u,
        layer.sigma_v,
        layer.time_u,
        layer.time_v,
        wind.lateral,
    )
    for i in range(steps):
        for c in range(3):
            fresh = math.sqrt(1.0 - memory[c] ** 2)
            start[c] = memory[c] * start[c] + fresh * rng.standard_normal()
            # Neighbours in the train of clouds share forcing as neighbours in the air do.
            forcing[oldest, c] = rng.standard_normal()
            for g in range(oldest + 1, i + 1):
                forcing[g, c] = memory[c] * forcing[g - 1, c] + fresh * rng.standard_normal()
        if count + n > cloud.shape[0]:
            cloud = np.concatenate((cloud, np.empty_like(cloud)))
            label = np.concatenate((label, np.empty_like(label)))
            group = np.concatenate((group, np.empty_like(group)))
        if rate[i] > 0.0:
            for j in range(n):
                label[count + j] = j
                group[count + j] = i
            count = born(cloud, count, i, n, dt, vent, start, layer, wind.lateral, rng)
        mean = (factor[i], toward_x[i], toward_y[i])
        alive, oldest_now = 0, i
        for q in range(count):
            before = cloud[q, AGE]
            seconds = dt * cloud[q, SHARE]
            g = group[q]
            common = (forcing[g, 0], forcing[g, 1], forcing[g, 2])
            push(cloud, q, seconds, mean, common, sky, table, valley, rng, buffer)
            if outside(cloud, q, bounds) or thinned(cloud, q, before, label[q]):
                continue
            if i >= first:
                for j in range(result.shape[0]):
                    result[j, i - first] += cloud[q, MASS] * met(cloud, q, i - first, j, path, beam)
            cloud[q, SHARE] = 1.0
            if alive < q:
                for c in range(FIELDS):
                    cloud[alive, c] = cloud[q, c]
                label[alive] = label[q]
                group[alive] = g
            oldest_now = min(oldest_now, g)
            alive += 1
        count, oldest = alive, oldest_now
    return cloud[:count].copy()


@njit(cache=True, nogil=True)
def eulerian_memory(dt, vent, layer):  # type: ignore[no-untyped-def]
    """Return the correlation over one step of the air's velocity at a fixed point [3]_."""
    table = layer.table
    k, f = node(min(max(vent.z, 2.0), layer.top), table, layer.top)
    slow = 0.4 * max(read(table, SPEED, k, f), 0.1)
    sigma, rate = read(table, SIGMA, k, f), read(table, RATE, k, f)
    memory = np.empty(3)
    memory[0] = math.exp(-dt / (layer.time_u * min(1.0, layer.sigma_u / slow)))
    memory[1] = math.exp(-dt / (layer.time_v * min(1.0, layer.sigma_v / slow)))
    memory[2] = math.exp(-dt * rate / min(1.0, sigma / slow))
    return memory
