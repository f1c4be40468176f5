"""A train of particles let out of one source, carried on step by step, and what sensors meet.

How one particle moves is in :mod:`barlovento.exercise.particles`. Here the train is kept between
calls, so that a flight that decides on its way reads the same plume as one whose path was known
from the start.

References
----------
.. [1] Hanna, S. R. (1981), Journal of Applied Meteorology 20, 242-249: ratio of Lagrangian to
   Eulerian time scales 0.4 / (sigma / U).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.exercise.air import RATE, RATE_U, RATE_V, SIGMA, SPEED, Layer
from barlovento.exercise.cloud import (
    AGE,
    FIELDS,
    MASS,
    SHARE,
    STEP,
    Readers,
    Vent,
    Wander,
    met,
    node,
    read,
)
from barlovento.exercise.particles import MAX_SUBSTEPS, born, outside, push, thinned
from barlovento.exercise.town import OPEN, slip

FloatArray = NDArray[np.float64]

EDDY_HEIGHT = 10.0
"""Height whose eddies tell how long the train of clouds stays alike [m]: a low plume soon
reaches up to there."""


@njit(cache=True, nogil=True)
def stir(forcing, start, oldest, newest, memory, rng):  # type: ignore[no-untyped-def]
    """Draw the forcing that neighbours share in one step, and the air's velocity at the vent.

    Neighbours in the train of clouds share forcing as neighbours in the air do: its
    correlation along the train is that of the air passing a fixed point.

    Parameters
    ----------
    forcing : ndarray, shape (steps, 3)
        By step of birth; rows ``oldest`` to ``newest`` are filled, standard normal [1].
    start : ndarray, shape (3,)
        Carried on from step to step [1].
    memory : ndarray, shape (3,)
        Correlation over one step [1].
    """
    for c in range(3):
        keep = memory[c]
        fresh = math.sqrt(1.0 - keep * keep)
        start[c] = keep * start[c] + fresh * rng.standard_normal()
        last = rng.standard_normal()
        forcing[oldest, c] = last
        for g in range(oldest + 1, newest + 1):
            last = keep * last + fresh * rng.standard_normal()
            forcing[g, c] = last


@njit(cache=True, nogil=True, inline="always")
def advance(  # type: ignore[no-untyped-def]
    cloud, count, dt, mean, forcing, sky, table, valley, town, path, beam, bounds,
    met_by, j_read, rng, buffer,
):  # fmt: skip
    """Move all particles by one step and add what they bring to the sensors.

    Parameters
    ----------
    met_by : ndarray, shape (sensors, readings)
        Column ``j_read`` is added to; nothing where it is negative [kg m-3].

    Returns
    -------
    int
        How many particles are left; they stand at the head of the table.
    """
    alive = 0
    for q in range(count):
        before = cloud[q, AGE]
        g = int(cloud[q, STEP])
        common = (forcing[g, 0], forcing[g, 1], forcing[g, 2])
        push(cloud, q, dt * cloud[q, SHARE], mean, common, sky, table, valley, rng, buffer)
        if town.boxes.shape[0] > 0:
            slip(cloud, q, dt * cloud[q, SHARE], mean, town)
        if outside(cloud, q, bounds) or thinned(cloud, q, before):
            continue
        if j_read >= 0:
            for j in range(met_by.shape[0]):
                met_by[j, j_read] += cloud[q, MASS] * met(cloud, q, j_read, j, path, beam)
        cloud[q, SHARE] = 1.0
        if alive < q:
            for c in range(FIELDS):
                cloud[alive, c] = cloud[q, c]
        alive += 1
    return alive


@njit(cache=True, nogil=True)
def eulerian_memory(dt, vent, layer):  # type: ignore[no-untyped-def]
    """Return the correlation over one step of the air's velocity at a fixed point [1]_."""
    table = layer.table
    k, f = node(min(max(vent.z, EDDY_HEIGHT), layer.top), table, layer.top)
    slow = 0.4 * max(read(table, SPEED, k, f), 0.1)
    memory = np.empty(3)
    memory[0] = math.exp(-dt * read(table, RATE_U, k, f) / min(1.0, layer.sigma_u / slow))
    memory[1] = math.exp(-dt * read(table, RATE_V, k, f) / min(1.0, layer.sigma_v / slow))
    rate = read(table, RATE, k, f)
    memory[2] = math.exp(-dt * rate / min(1.0, read(table, SIGMA, k, f) / slow))
    return memory


@njit(cache=True, nogil=True)
def carry(  # type: ignore[no-untyped-def]
    rng, dt, n, steps, train, vent, layer, wind, town, readers, result
):
    """Carry a train of particles through some steps; add up what each sensor meets.

    Parameters
    ----------
    rng : numpy.random.Generator
        All randomness of this train, always the same object.
    dt : float
        Length of a step [s].
    n : int
        Particles let out each step, a multiple of 8.
    steps : tuple of int
        First step, step after the last, and the step at which ``readers`` and ``result`` begin.
    train : Train
        The particles after the step before.
    vent, layer, wind, town
        The source, the air, the mean wind of each step, and what stands in its way.
    readers : Readers
        The sensors, one place for each step from ``steps[2]`` on.
    result : ndarray, shape (sensors, readings)
        Added to: mean concentration of each step [kg m-3].

    Returns
    -------
    cloud, count
        The particles: the table may be a longer one than before.
    """
    # Arrays taken out of their records once: inside the loop each look into a record costs
    # more than the arithmetic.
    cloud, count, start, memory, forcing, buffer = train
    table, valley, rate = layer.table, wind.valley, vent.rate
    bounds, path, beam = readers.bounds, readers.path, readers.beam
    toward_x, toward_y, factor = wind.toward_x, wind.toward_y, wind.factor
    sky = (layer.floor, layer.top, layer.sigma_u, layer.sigma_v)
    for i in range(steps[0], steps[1]):
        # Particles stay in the order of their birth, so the first is the oldest.
        oldest = int(cloud[0, STEP]) if count > 0 else i
        stir(forcing, start, oldest, i, memory, rng)
        if rate[i] > 0.0:
            mass = rate[i] * dt / n
            cloud, count = born(cloud, count, i, n, mass, vent, start, layer, rng)
        mean = (factor[i], toward_x[i], toward_y[i])
        count = advance(
            cloud, count, dt, mean, forcing, sky, table, valley, town, path, beam, bounds,
            result, i - steps[2], rng, buffer,
        )  # fmt: skip
    return cloud, count


class Train(NamedTuple):
    """The particles of one source between two steps.

    Attributes
    ----------
    cloud, alive : ndarray, shape (particles, FIELDS), and int
        The table, and how many of its rows hold a particle.
    start : ndarray, shape (3,)
        Velocity of the air at the vent over its deviation, along, across, upward [1].
    memory : ndarray, shape (3,)
        Its correlation over one step [1].
    forcing, buffer : ndarray, shape (steps, 3) and (MAX_SUBSTEPS,)
        Room to work in.
    """

    cloud: FloatArray
    alive: int
    start: FloatArray
    memory: FloatArray
    forcing: FloatArray
    buffer: FloatArray


def begin(rng: np.random.Generator, dt: float, n: int, vent: Vent, layer: Layer) -> Train:
    """Return a train without particles.

    Parameters
    ----------
    rng : Generator
        That of the train.
    dt : float
        Length of a step [s].
    n : int
        Particles let out each step.
    vent, layer
        The source and the air.
    """
    return Train(
        cloud=np.empty((16 * n, FIELDS)),
        alive=0,
        start=np.array([rng.standard_normal() for _ in range(3)]),
        memory=eulerian_memory(dt, vent, layer),
        forcing=np.empty((vent.rate.size, 3)),
        buffer=np.empty(MAX_SUBSTEPS),
    )


def follow(
    rng: np.random.Generator,
    dt: float,
    n: int,
    first: int,
    vent: Vent,
    layer: Layer,
    wind: Wander,
    readers: Readers,
    result: FloatArray,
) -> FloatArray:
    """Let out gas and follow it to the end; fill what each sensor meets.

    Parameters
    ----------
    rng, n, vent, layer, wind
        As in :func:`carry`.
    dt : float
        Length of a step [s].
    first : int
        Step at which the readings begin.
    readers : Readers
        The sensors, from step ``first`` on.
    result : ndarray, shape (sensors, steps - first)
        Filled with the mean concentration of each step [kg m-3].

    Returns
    -------
    ndarray, shape (particles, FIELDS) [units of the columns]
        Where the particles are in the end.
    """
    train = begin(rng, dt, n, vent, layer)
    steps = (0, wind.factor.size, first)
    cloud, count = carry(rng, dt, n, steps, train, vent, layer, wind, OPEN, readers, result)
    return np.asarray(cloud[:count].copy())
