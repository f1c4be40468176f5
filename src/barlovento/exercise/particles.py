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
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.exercise.air import (
    EDDY,
    EDDY_V,
    MIX,
    PACE,
    RATE,
    RATE_U,
    RATE_V,
    SIGMA,
    SLOPE,
    SPEED,
    TEAR,
)
from barlovento.exercise.cloud import (
    ACROSS,
    AGE,
    ALONG,
    DEPTH,
    LABEL,
    MASS,
    SHARE,
    SIZE,
    STEP,
    UPDOWN,
    X_OLD,
    Y_OLD,
    Z_OLD,
    X,
    Y,
    Z,
    fade,
    node,
    read,
    valley_wind,
)

SUBSTEP = 0.08
"""Longest substep of the vertical motion over the time in which its turbulence changes [1]."""
MAX_SUBSTEPS = 24
THIN_AGES = (12.0, 40.0, 120.0)
"""Ages at which every other particle leaves its mass to its neighbour [s]: an old cloud is
wide and needs fewer particles to be drawn evenly."""
GROWTH = 0.657
"""d(size)/dt = GROWTH (eps size)^(1/3), from [2]_ [1]."""


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
        Floor, top [m], sigma_u, sigma_v [m s-1] of the layer.
    table, valley : ndarray
        As in ``Layer`` and ``Wander``.
    """
    floor, top = sky[0], sky[1]
    factor, ex, ey, along, across = blow
    x, y, z, w = cloud[q, X], cloud[q, Y], cloud[q, Z], cloud[q, UPDOWN]
    k, f = node(z, table, top)
    n = min(1 + int(seconds * read(table, PACE, k, f) / SUBSTEP), MAX_SUBSTEPS)
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
    # The cloud's size is kept as its power 2/3, which Richardson's law lets grow evenly.
    power = cloud[q, SIZE]
    third = math.sqrt(power)
    size = power * third
    cloud[q, X_OLD], cloud[q, Y_OLD], cloud[q, Z_OLD] = cloud[q, X], cloud[q, Y], cloud[q, Z]
    k, f = node(cloud[q, Z], table, top)
    together = 1.0 / (1.0 + power * read(table, EDDY_V, k, f))
    part, own = math.sqrt(together), math.sqrt(1.0 - together)
    decay_u = fade(seconds * read(table, RATE_U, k, f))
    decay_v = fade(seconds * read(table, RATE_V, k, f))
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
    upright = 1.0 / (1.0 + power * read(table, EDDY, k, f))
    climb(cloud, q, seconds, blow, (common[2], upright), sky, table, valley, rng, buffer)
    # Eddies at the height of the particle, or as far up as its cloud reaches, tear it apart.
    k, f = node(min(max(cloud[q, Z], size), top), table, top)
    growth = min(GROWTH * read(table, TEAR, k, f) * third, sigma_v)
    cloud[q, SIZE] = power + seconds * growth / (1.5 * third)
    # Upward it grows no faster than the mixing that lifts a plume off the ground.
    depth = cloud[q, DEPTH]
    k, f = node(min(depth, top), table, top)
    cloud[q, DEPTH] = min(depth + seconds * min(growth, read(table, MIX, k, f) / depth), top)
    cloud[q, AGE] += seconds


@njit(cache=True, nogil=True)
def born(cloud, count, i, n, mass, vent, start, layer, rng):  # type: ignore[no-untyped-def]
    """Add the n particles of step i, spread evenly over it.

    Parameters
    ----------
    cloud, count : ndarray, shape (particles, FIELDS), and int
        The particles, and how many of its rows hold one.
    mass : float
        Of each [kg].
    start : ndarray, shape (3,)
        Velocity of the air at the vent over its deviation, along, across, upward [1].

    Returns
    -------
    cloud, count
        The same, or a longer table when it was full.
    """
    if count + n > cloud.shape[0]:
        cloud = np.concatenate((cloud, np.empty_like(cloud)))
    k, f = node(min(max(vent.z, layer.floor), layer.top), layer.table, layer.top)
    together = 1.0 / (1.0 + vent.size ** (2.0 / 3.0) * read(layer.table, EDDY_V, k, f))
    part, own = math.sqrt(together), math.sqrt(1.0 - together)
    for j in range(n):
        p = cloud[count + j]
        p[X], p[Y], p[Z] = vent.x, vent.y, min(max(vent.z, layer.floor), layer.top)
        p[ALONG] = layer.sigma_u * (part * start[0] + own * rng.standard_normal())
        p[ACROSS] = layer.sigma_v * (part * start[1] + own * rng.standard_normal())
        p[UPDOWN] = part * start[2] + own * rng.standard_normal()
        p[SIZE], p[DEPTH] = vent.size ** (2.0 / 3.0), vent.size
        p[MASS] = mass
        p[AGE] = 0.0
        # It lives through the rest of the step in which it is let out.
        p[SHARE] = 1.0 - (j + rng.random()) / n
        p[LABEL], p[STEP] = j, i
        length, width, ex, ey = vent.spread
        if length > 0.0 or width > 0.0:
            ahead = length * (rng.random() - 0.5)
            aside = width * (rng.random() - 0.5)
            p[X] += ahead * ex - aside * ey
            p[Y] += ahead * ey + aside * ex
    return cloud, count + n


@njit(cache=True, nogil=True, inline="always")
def thinned(cloud, q, before):  # type: ignore[no-untyped-def]
    """Return whether a particle dies of age; a survivor takes over its neighbour's mass.

    Each age of thinning asks one of the last three bits of the particle's number.

    Parameters
    ----------
    cloud, q : ndarray, shape (particles, FIELDS), and int
        The particles, and which one.
    before : float
        Its age before the step [s].
    """
    age, label = cloud[q, AGE], int(cloud[q, LABEL])
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
