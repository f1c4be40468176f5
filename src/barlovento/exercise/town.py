"""Buildings in the way of particles: walls and roofs that throw them back, and bent wind.

Only box-shaped buildings. A particle moves as in open land first; then it is shifted by what the
buildings change of the mean wind (:mod:`barlovento.exercise.town_wind`), and thrown back where it
would be inside of one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.exercise.cloud import ACROSS, ALONG, UPDOWN, X_OLD, Y_OLD, Z_OLD, X, Y, Z

FloatArray = NDArray[np.float64]

ROUNDS = 4
"""How often a particle may be thrown from wall to wall within a step before it stays behind."""


class Town(NamedTuple):
    """Buildings as the particles see them; no rows in ``boxes`` for open land.

    Attributes
    ----------
    boxes : ndarray, shape (buildings, 7)
        Middle east and north [m], unit vector along the length east and north [1], half length,
        half width and height [m].
    corner : ndarray, shape (3,)
        West and south edge of the raster, and the side of its cells [m].
    near : ndarray of int, shape (cells east, cells north, most)
        Buildings within a step's reach of each cell, -1 where there are no more.
    bent : ndarray of float32, shape (directions, cells east, cells north, levels, 3)
        What the buildings add to the mean wind, east, north and upward, at the middle of each
        cell, for one wind direction after the other; no directions where nothing is added
        [m s-1].
    levels : ndarray, shape (3,)
        Height of a level [m], the lowest direction and the step of the directions, where the wind
        comes from [degree].
    """

    boxes: FloatArray
    corner: FloatArray
    near: NDArray[np.int64]
    bent: NDArray[np.float32]
    levels: FloatArray


OPEN = Town(
    np.empty((0, 7)),
    np.array([0.0, 0.0, 1.0]),
    np.empty((0, 0, 0), dtype=np.int64),
    np.empty((0, 0, 0, 0, 3), dtype=np.float32),
    np.array([1.0, 0.0, 1.0]),
)
"""Land without buildings."""


@njit(cache=True, nogil=True)
def shift(x, y, z, mean, town):  # type: ignore[no-untyped-def]
    """Return what buildings add to the mean wind at a place: east, north, upward [m s-1].

    Linear between levels and between wind directions, the same within a cell.
    """
    bent = town.bent
    east, north, up = 0.0, 0.0, 0.0
    if bent.shape[0] == 0:
        return east, north, up
    a = math.floor((x - town.corner[0]) / town.corner[2])
    b = math.floor((y - town.corner[1]) / town.corner[2])
    if a < 0 or b < 0 or a >= bent.shape[1] or b >= bent.shape[2]:
        return east, north, up
    level = z / town.levels[0] - 0.5
    c = math.floor(level)
    if c >= bent.shape[3] - 1:
        return east, north, up
    upper = level - c
    if c < 0:
        c, upper = 0, 0.0
    degrees = math.degrees(math.atan2(-mean[1], -mean[2]))
    turned = ((degrees - town.levels[1]) % 360.0) / town.levels[2]
    # A little below the first direction, by rounding, is the first and not the last.
    if turned > 359.0 / town.levels[2]:
        turned = 0.0
    d = min(int(turned), bent.shape[0] - 1)
    later = min(turned - d, 1.0) if d < bent.shape[0] - 1 else 0.0
    after = min(d + 1, bent.shape[0] - 1)
    for k, side in ((d, 1.0 - later), (after, later)):
        for m, share in ((c, 1.0 - upper), (c + 1, upper)):
            weight = side * share * mean[0]
            east += weight * bent[k, a, b, m, 0]
            north += weight * bent[k, a, b, m, 1]
            up += weight * bent[k, a, b, m, 2]
    return east, north, up


@njit(cache=True, nogil=True)
def inside(x, y, z, town):  # type: ignore[no-untyped-def]
    """Return the number of the building that holds a place, -1 for none."""
    a = math.floor((x - town.corner[0]) / town.corner[2])
    b = math.floor((y - town.corner[1]) / town.corner[2])
    near = town.near
    if a < 0 or b < 0 or a >= near.shape[0] or b >= near.shape[1]:
        return -1
    for m in range(near.shape[2]):
        k = near[a, b, m]
        if k < 0:
            return -1
        box = town.boxes[k]
        dx, dy = x - box[0], y - box[1]
        if (
            z < box[6]
            and abs(dx * box[2] + dy * box[3]) < box[4]
            and abs(-dx * box[3] + dy * box[2]) < box[5]
        ):
            return k
    return -1


@njit(cache=True, nogil=True)
def slip(cloud, q, seconds, mean, town):  # type: ignore[no-untyped-def]
    """Shift one particle by the bent wind, and throw it back from walls and roofs.

    Parameters
    ----------
    cloud, q : ndarray, shape (particles, FIELDS), and int
        The particles after their step, and which one.
    seconds : float
        Length of that step [s].
    mean : tuple of float
        Factor of the mean wind and the unit vector it blows to, east and north [1].
    town : Town
        The buildings.
    """
    x0, y0, z0 = cloud[q, X_OLD], cloud[q, Y_OLD], cloud[q, Z_OLD]
    held = inside(x0, y0, z0, town)
    if held >= 0:
        # Let out under a roof: it leaves through the roof.
        cloud[q, X], cloud[q, Y], cloud[q, Z] = x0, y0, town.boxes[held, 6] + 0.5
        cloud[q, Z_OLD] = cloud[q, Z]
        return
    x, y, z = cloud[q, X], cloud[q, Y], cloud[q, Z]
    east, north, up = shift(x0, y0, z0, mean, town)
    x, y, z = x + seconds * east, y + seconds * north, max(z + seconds * up, 0.02)
    for _ in range(ROUNDS):
        k = inside(x, y, z, town)
        if k < 0:
            break
        box = town.boxes[k]
        ax, ay, long, wide, high = box[2], box[3], box[4], box[5], box[6]
        dx, dy = x - box[0], y - box[1]
        p, s = dx * ax + dy * ay, -dx * ay + dy * ax
        dx, dy = x0 - box[0], y0 - box[1]
        p0, s0 = dx * ax + dy * ay, -dx * ay + dy * ax
        # Through the face outside of which it stood, the one it would have met last.
        when, face = -1.0, 0
        if abs(p0) >= long and abs(p0 - p) > 0.0:
            when, face = (abs(p0) - long) / abs(p0 - p), 1
        if abs(s0) >= wide and abs(s0 - s) > 0.0 and (abs(s0) - wide) / abs(s0 - s) > when:
            when, face = (abs(s0) - wide) / abs(s0 - s), 2
        if z0 >= high and z0 - z > 0.0 and (z0 - high) / (z0 - z) > when:
            face = 3
        along, across = cloud[q, ALONG], cloud[q, ACROSS]
        vx = along * mean[1] - across * mean[2]
        vy = along * mean[2] + across * mean[1]
        nx, ny = 0.0, 0.0
        if face == 1:
            p = math.copysign(2.0 * long, p0) - p
            nx, ny = ax, ay
        elif face == 2:
            s = math.copysign(2.0 * wide, s0) - s
            nx, ny = -ay, ax
        elif face == 3:
            z = 2.0 * high - z
            cloud[q, UPDOWN] = -cloud[q, UPDOWN]
        else:
            break
        through = vx * nx + vy * ny
        vx, vy = vx - 2.0 * through * nx, vy - 2.0 * through * ny
        cloud[q, ALONG] = vx * mean[1] + vy * mean[2]
        cloud[q, ACROSS] = -vx * mean[2] + vy * mean[1]
        x, y = box[0] + p * ax - s * ay, box[1] + p * ay + s * ax
    if inside(x, y, z, town) >= 0:
        x, y, z = x0, y0, z0
    cloud[q, X], cloud[q, Y], cloud[q, Z] = x, y, z
