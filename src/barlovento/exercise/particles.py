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

FloatArray = NDArray[np.float64]

X, Y, Z, ALONG, ACROSS, UPDOWN, SIZE, MASS, AGE, X_OLD, Y_OLD, Z_OLD, SHARE = range(13)
"""Columns of the particle table: place [m], velocities [m s-1] (the vertical one over sigma_w),
cloud size [m], mass per unit rate [s], age [s], place before the step [m], lived share [1]."""

FIELDS = 13
SUBSTEP = 0.15
"""Longest substep of the vertical motion over its time scale [1]."""
MAX_SUBSTEPS = 24
THIN_AGES = (15.0, 60.0, 180.0)
"""Ages at which every other particle leaves its mass to its neighbour [s]: an old cloud is
wide and needs fewer particles to be drawn evenly."""
GROWTH = 0.657
"""d(size)/dt = GROWTH (eps size)^(1/3), from [2]_ [1]."""
KERNEL_H, KERNEL_V = 0.5, 0.25
"""Kernel deviation over cloud size, horizontal and vertical [1]: the shared forcing already
draws most of the cloud, and a deep kernel would lift gas off the ground."""
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
    """

    x: float
    y: float
    z: float
    size: float
    rate: FloatArray


class Readers(NamedTuple):
    """Sensors: ends of the path that each averages over in each step, shape (sensors, steps).

    Attributes
    ----------
    x0, y0, z0, x1, y1, z1 : ndarray
        For a moving point its place before and after the step, for a beam its two ends [m].
    beam : ndarray of bool, shape (sensors,)
        Whether the path is a beam.
    bounds : ndarray, shape (4,)
        West, east, south, north edge beyond which particles are forgotten [m].
    """

    x0: FloatArray
    y0: FloatArray
    z0: FloatArray
    x1: FloatArray
    y1: FloatArray
    z1: FloatArray
    beam: NDArray[np.bool_]
    bounds: FloatArray


@njit(cache=True, nogil=True, inline="always")
def node(height, layer):  # type: ignore[no-untyped-def]
    """Return table index and fraction for a height [m]."""
    last = layer.sigma_w.shape[0] - 1
    g = math.sqrt(height / layer.top) * last
    k = int(g)
    if k > last - 1:
        k = last - 1
    return k, g - k


@njit(cache=True, nogil=True, inline="always")
def read(table, k, f):  # type: ignore[no-untyped-def]
    """Return a table's value between nodes k and k + 1."""
    return table[k] + f * (table[k + 1] - table[k])


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


@njit(cache=True, nogil=True)
def met(p, i, j, readers):  # type: ignore[no-untyped-def]
    """Return the mean kernel [m-3] of one particle at sensor j during step i.

    Particle and sensor both move; only their relative path matters. For a beam the particle
    stands where it is half way through the step.
    """
    reach_h = KERNEL_REACH * KERNEL_H * p[SIZE]
    reach_v = KERNEL_REACH * KERNEL_V * p[SIZE]
    x0, x1 = readers.x0[j, i], readers.x1[j, i]
    y0, y1 = readers.y0[j, i], readers.y1[j, i]
    z0, z1 = readers.z0[j, i], readers.z1[j, i]
    if readers.beam[j]:
        px = 0.5 * (p[X_OLD] + p[X])
        py = 0.5 * (p[Y_OLD] + p[Y])
        pz = 0.5 * (p[Z_OLD] + p[Z])
        qx, qy, qz = px, py, pz
    else:
        px, py, pz = p[X_OLD], p[Y_OLD], p[Z_OLD]
        qx, qy, qz = p[X], p[Y], p[Z]
        born = 1.0 - p[SHARE]
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
    return p[SHARE] * KERNEL_NORM * h * h * v * mean


@njit(cache=True, nogil=True)
def climb(p, seconds, blow, shared, layer, wind, rng, buffer):  # type: ignore[no-untyped-def]
    """Move one particle up or down, and along the wind that blows where it is.

    d(w/s) = -(w/s) dt / T + ds/dz dt + sqrt(2/T) dW, s = sigma_w(z), T = T_L(z) [1]_, by its
    exact solution over substeps short against T. The random steps are drawn so that their sum
    has the wanted correlation with ``shared``, the forcing common to the neighbours; each step
    by itself stays independent normal.

    Parameters
    ----------
    p : ndarray, shape (FIELDS,)
        The particle.
    seconds : float
        To move [s].
    blow : tuple of float
        Mean wind factor, unit vector east and north, fluctuation along and across [m s-1].
    shared : tuple of float
        Common forcing (standard normal) and the share of it taken, as correlation [1].
    """
    factor, ex, ey, along, across = blow
    k, f = node(p[Z], layer)
    n = 1 + int(seconds / (SUBSTEP * read(layer.time_w, k, f)))
    n = min(n, MAX_SUBSTEPS)
    step = seconds / n
    total = 0.0
    for j in range(n):
        buffer[j] = rng.standard_normal()
        total += buffer[j]
    amplitude = math.sqrt(shared[1])
    shift = (
        amplitude * shared[0] + (math.sqrt(1.0 - shared[1]) - 1.0) * total / math.sqrt(n)
    ) / math.sqrt(n)
    for j in range(n):
        k, f = node(p[Z], layer)
        time = read(layer.time_w, k, f)
        decay = math.exp(-step / time)
        pull = (1.0 - decay) * time * read(layer.slope_w, k, f)
        w = p[UPDOWN] * decay + pull + math.sqrt(1.0 - decay * decay) * (buffer[j] + shift)
        speed = factor * read(layer.wind_speed, k, f) + along
        wx = speed * ex - across * ey
        wy = speed * ey + across * ex
        rise = read(layer.sigma_w, k, f) * w
        if wind.valley.shape[0] > 0:
            wx, wy, upward = valley_wind(p[X], p[Y], p[Z], wx, wy, wind.valley)
            rise += upward
        p[X] += wx * step
        p[Y] += wy * step
        z = p[Z] + rise * step
        if z < layer.floor:
            z, w = 2.0 * layer.floor - z, -w
        elif z > layer.top:
            z, w = 2.0 * layer.top - z, -w
        p[Z] = min(max(z, layer.floor), layer.top)
        p[UPDOWN] = w


@njit(cache=True, nogil=True)
def push(p, seconds, i, common, layer, wind, rng, buffer):  # type: ignore[no-untyped-def]
    """Move one particle through part of a step and let its cloud grow.

    Parameters
    ----------
    common : tuple of float
        Forcing shared with the neighbours along, across and upward, standard normal [1].
    """
    size = p[SIZE]
    p[X_OLD], p[Y_OLD], p[Z_OLD] = p[X], p[Y], p[Z]
    wide = (size / (layer.sigma_v * layer.time_v)) ** (2.0 / 3.0)
    together = 1.0 / (1.0 + wide)
    own = math.sqrt(1.0 - together)
    part = math.sqrt(together)
    decay_u = math.exp(-seconds / layer.time_u)
    decay_v = math.exp(-seconds / layer.time_v)
    along = p[ALONG] * decay_u + math.sqrt(1.0 - decay_u * decay_u) * layer.sigma_u * (
        part * common[0] + own * rng.standard_normal()
    )
    across = p[ACROSS] * decay_v + math.sqrt(1.0 - decay_v * decay_v) * layer.sigma_v * (
        part * common[1] + own * rng.standard_normal()
    )
    blow = (
        wind.factor[i],
        wind.toward_x[i],
        wind.toward_y[i],
        0.5 * (along + p[ALONG]),
        0.5 * (across + p[ACROSS]),
    )
    p[ALONG], p[ACROSS] = along, across
    upright = 1.0 / (1.0 + (size / (0.5 * max(p[Z], 1.0))) ** (2.0 / 3.0))
    climb(p, seconds, blow, (common[2], upright), layer, wind, rng, buffer)
    # Eddies at the height of the particle, or as far up as its cloud reaches, tear it apart.
    k, f = node(min(max(p[Z], size), layer.top), layer)
    rate = GROWTH * (read(layer.dissipation, k, f) * size) ** (1.0 / 3.0)
    p[SIZE] = size + seconds * min(rate, layer.sigma_v)
    p[AGE] += seconds
    p[SHARE] = seconds


@njit(cache=True, nogil=True)
def born(cloud, count, i, n, dt, vent, start, layer, rng):  # type: ignore[no-untyped-def]
    """Add the n particles of step i, spread evenly over it; return the new count.

    Parameters
    ----------
    start : ndarray, shape (3,)
        Velocity of the air at the vent over its deviation, along, across, upward [1].
    """
    reach = vent.size / (layer.sigma_v * layer.time_v)
    together = 1.0 / (1.0 + reach ** (2.0 / 3.0))
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
        p[MASS] = vent.rate[i] * dt / n
        p[AGE] = 0.0
        # It lives through the rest of the step in which it is let out.
        p[SHARE] = 1.0 - (j + rng.random()) / n
        count += 1
    return count


@njit(cache=True, nogil=True)
def keep(p, label, bounds):  # type: ignore[no-untyped-def]
    """Return whether a particle lives on; a thinned one leaves its mass to its neighbour."""
    if p[X] < bounds[0] or p[X] > bounds[1] or p[Y] < bounds[2] or p[Y] > bounds[3]:
        return False
    gone = False
    for b in range(3):
        gone = gone or (p[AGE] >= THIN_AGES[b] and (label >> b) & 1 == 1)
    return not gone


@njit(cache=True, nogil=True)
def fatten(p, before):  # type: ignore[no-untyped-def]
    """Double the mass of a particle for each age of thinning that it has passed."""
    for b in range(3):
        if before < THIN_AGES[b] <= p[AGE]:
            p[MASS] *= 2.0


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
        if vent.rate[i] > 0.0:
            for j in range(n):
                label[count + j] = j
                group[count + j] = i
            count = born(cloud, count, i, n, dt, vent, start, layer, rng)
        alive, oldest_now = 0, i
        for q in range(count):
            p = cloud[q]
            before = p[AGE]
            seconds = dt * p[SHARE] if group[q] == i else dt
            g = group[q]
            common = (forcing[g, 0], forcing[g, 1], forcing[g, 2])
            push(p, seconds, i, common, layer, wind, rng, buffer)
            p[SHARE] = seconds / dt
            if not keep(p, label[q], readers.bounds):
                continue
            fatten(p, before)
            if i >= first:
                for j in range(result.shape[0]):
                    result[j, i - first] += p[MASS] * met(p, i - first, j, readers)
            cloud[alive] = p
            label[alive] = label[q]
            group[alive] = g
            oldest_now = min(oldest_now, g)
            alive += 1
        count, oldest = alive, oldest_now
    return cloud[:count].copy()


@njit(cache=True, nogil=True)
def eulerian_memory(dt, vent, layer):  # type: ignore[no-untyped-def]
    """Return the correlation over one step of the air's velocity at a fixed point [3]_."""
    height = min(max(vent.z, 2.0), layer.top)
    k, f = node(height, layer)
    speed = max(read(layer.wind_speed, k, f), 0.1)
    sigma_w = read(layer.sigma_w, k, f)
    memory = np.empty(3)
    memory[0] = math.exp(-dt / (layer.time_u * min(1.0, layer.sigma_u / (0.4 * speed))))
    memory[1] = math.exp(-dt / (layer.time_v * min(1.0, layer.sigma_v / (0.4 * speed))))
    memory[2] = math.exp(-dt / (read(layer.time_w, k, f) * min(1.0, sigma_w / (0.4 * speed))))
    return memory
