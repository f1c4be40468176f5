"""How buildings bend the mean wind: blocked in front, turned round in the lee, kept whole.

First the wind of open land is changed by hand about each building: nothing moves inside, little
in front of it, and in its lee the air turns round and is slow farther on [1]_. Then the whole
field is changed as little as possible so that no air is made or lost, and none goes through walls
[2]_ [3]_. That is done for several directions, between which the particles interpolate: a mix of
two fields that keep air also keeps it.

What is not in it: the extra turbulence behind walls (only the roughness of the town makes air
rougher), the sheltered vortex between two rows of houses as such, roofs that are not flat, heat.

References
----------
.. [1] Röckle, R. (1990), Bestimmung der Strömungsverhältnisse im Bereich komplexer
   Bebauungsstrukturen, Dissertation, Technische Hochschule Darmstadt; as given by Kaplan, H. and
   Dinar, N. (1996), Atmospheric Environment 30, 4197-4207: lengths of the displacement zone, the
   cavity and the wake, and the wind in them.
.. [2] Sherman, C. A. (1978), Journal of Applied Meteorology 17, 312-319: the least change that
   makes a wind field free of divergence.
.. [3] Young, D. M. (1971), Iterative Solution of Large Linear Systems, chapter 6: over-relaxation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.exercise.air import N_NODES, SPEED, Layer
from barlovento.exercise.sites import Building
from barlovento.exercise.town import OPEN, Town

FloatArray = NDArray[np.float64]

CELL = 5.0
"""Side of a cell of the raster [m]."""

LEVEL = 3.0
"""Height of its levels [m]."""

REACH = 12.0
"""Farther than a particle moves in a step [m]."""

AROUND = 60.0
"""Land about the buildings over which the wind is bent [m]."""

ABOVE = 2.5
"""The wind is bent up to so many times the highest building [1]."""

TURN = 15.0
"""Between two directions for which the wind is computed [degree]."""

ROUNDS, RELAXATION, CLOSE = 300, 1.8, 2e-4
"""Most rounds of the relaxation, its factor, and the change over the largest value at which it
ends [1]."""


def town_of(buildings: Sequence[Building], layer: Layer, direction: FloatArray) -> Town:
    """Return buildings as the particles see them.

    Parameters
    ----------
    buildings : sequence of Building
        The boxes.
    layer : Layer
        Wind of open land with height.
    direction : ndarray
        Where the mean wind comes from at any time of the exercise [degree].
    """
    if not buildings:
        return OPEN
    first = math.floor(float(direction.min()) / TURN)
    last = min(math.ceil(float(direction.max()) / TURN), first + round(360.0 / TURN))
    top = ABOVE * max(b.height for b in buildings)
    middle = LEVEL * (np.arange(math.ceil(top / LEVEL)) + 0.5)
    nodes = layer.top * np.linspace(0.0, 1.0, N_NODES) ** 2
    speed = np.interp(middle, nodes, layer.table[:, SPEED])
    boxes = np.array([_box(b) for b in buildings])
    low, count = _raster(boxes, AROUND)
    key = (tuple(buildings), tuple(np.round(speed, 9)))
    fields = [_field(*key, TURN * (k % 24)) for k in range(first, last + 1)]
    return Town(
        boxes=boxes,
        corner=np.array([low[0], low[1], CELL]),
        near=_near(boxes, low, count),
        bent=np.stack(fields),
        levels=np.array([LEVEL, TURN * first, TURN]),
    )


def _box(building: Building) -> list[float]:
    """Return a building as a row of ``Town.boxes``."""
    angle = math.radians(building.direction)
    return [
        building.x,
        building.y,
        math.sin(angle),
        math.cos(angle),
        0.5 * building.length,
        0.5 * building.width,
        building.height,
    ]


def _raster(boxes: FloatArray, around: float) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the south-western corner [m] and the number of cells."""
    reach = np.hypot(boxes[:, 4], boxes[:, 5])[:, None] + around
    low = (boxes[:, :2] - reach).min(axis=0)
    high = (boxes[:, :2] + reach).max(axis=0)
    return low, np.ceil((high - low) / CELL).astype(np.int64)


def _near(boxes: FloatArray, low: FloatArray, count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which buildings stand in each cell, -1 where there are no more."""
    lists: list[list[list[int]]] = [[[] for _ in range(count[1])] for _ in range(count[0])]
    x = low[0] + (np.arange(count[0]) + 0.5) * CELL
    y = low[1] + (np.arange(count[1]) + 0.5) * CELL
    for k, box in enumerate(boxes):
        dx, dy = x[:, None] - box[0], y[None, :] - box[1]
        along, across = np.abs(dx * box[2] + dy * box[3]), np.abs(-dx * box[3] + dy * box[2])
        for a, b in np.argwhere((along < box[4] + CELL) & (across < box[5] + CELL)):
            lists[a][b].append(k)
    most = max(len(cell) for row in lists for cell in row)
    near = np.full((count[0], count[1], most), -1, dtype=np.int64)
    for a, row in enumerate(lists):
        for b, cell in enumerate(row):
            near[a, b, : len(cell)] = cell
    return near


@lru_cache(maxsize=48)
def _field(
    buildings: tuple[Building, ...], speed: tuple[float, ...], direction: float
) -> NDArray[np.float32]:
    """Return what buildings add to a wind of one direction.

    Returns
    -------
    ndarray of float32, shape (cells east, cells north, levels, 3)
        [m s-1].
    """
    boxes = np.array([_box(b) for b in buildings])
    low, count = _raster(boxes, AROUND)
    angle = math.radians(direction)
    toward = np.array([-math.sin(angle), -math.cos(angle)])
    profile = np.array(speed)
    solid, pace = _by_hand(boxes, low, count, profile, toward)
    shape = solid.shape
    # Wind through the faces of the cells, the mean of the cells on both sides.
    u = np.empty((shape[0] + 1, shape[1], shape[2]))
    v = np.empty((shape[0], shape[1] + 1, shape[2]))
    w = np.zeros((shape[0], shape[1], shape[2] + 1))
    u[1:-1] = 0.5 * (pace[1:] + pace[:-1])
    v[:, 1:-1] = 0.5 * (pace[:, 1:] + pace[:, :-1])
    u[0], u[-1], v[:, 0], v[:, -1] = pace[0], pace[-1], pace[:, 0], pace[:, -1]
    u *= toward[0]
    v *= toward[1]
    u[1:][solid], u[:-1][solid] = 0.0, 0.0
    v[:, 1:][solid], v[:, :-1][solid] = 0.0, 0.0
    _make_whole(u, v, w, solid)
    field = np.stack(
        [0.5 * (u[1:] + u[:-1]), 0.5 * (v[:, 1:] + v[:, :-1]), 0.5 * (w[..., 1:] + w[..., :-1])],
        axis=-1,
    )
    field[..., 0] -= profile * toward[0]
    field[..., 1] -= profile * toward[1]
    field[solid] = 0.0
    return np.asarray(field, dtype=np.float32)


def _by_hand(
    boxes: FloatArray,
    low: FloatArray,
    count: NDArray[np.int64],
    profile: FloatArray,
    toward: FloatArray,
) -> tuple[NDArray[np.bool_], FloatArray]:
    """Return which cells are inside of buildings, and the wind along the mean wind [1]_."""
    x = (low[0] + (np.arange(count[0]) + 0.5) * CELL)[:, None, None]
    y = (low[1] + (np.arange(count[1]) + 0.5) * CELL)[None, :, None]
    z = (LEVEL * (np.arange(profile.size) + 0.5))[None, None, :]
    solid = np.zeros((count[0], count[1], profile.size), dtype=np.bool_)
    pace = np.broadcast_to(profile, solid.shape).copy()
    for box in sorted(boxes.tolist(), key=lambda row: row[0] * toward[0] + row[1] * toward[1]):
        cx, cy, ax, ay, half_long, half_wide, high = box
        dx, dy = x - cx, y - cy
        along, across = dx * ax + dy * ay, -dx * ay + dy * ax
        solid |= (np.abs(along) < half_long) & (np.abs(across) < half_wide) & (z < high)
        # The building as the wind sees it: so long downwind and so wide across.
        ahead, aside = dx * toward[0] + dy * toward[1], -dx * toward[1] + dy * toward[0]
        c, s = abs(ax * toward[0] + ay * toward[1]), abs(-ax * toward[1] + ay * toward[0])
        length = 2.0 * (half_long * c + half_wide * s)
        width = 2.0 * (half_long * s + half_wide * c)
        cavity = 1.8 * width / ((length / high) ** 0.3 * (1.0 + 0.24 * width / high))
        front = 2.0 * width / (1.0 + 0.8 * width / high)
        side = 1.0 - np.minimum((2.0 * aside / width) ** 2, 1.0)
        lift = 1.0 - np.minimum((z / high) ** 2, 1.0)
        behind = ahead - 0.5 * length
        reach = cavity * np.sqrt(side * lift)
        at_roof = float(np.interp(high, z[0, 0], profile))
        with np.errstate(divide="ignore", invalid="ignore"):
            slow = np.broadcast_to(profile, solid.shape) * (1.0 - (reach / behind) ** 1.5)
            turned = -at_roof * (1.0 - behind / reach) ** 2
            before = -(ahead + 0.5 * length)
            bow = front * np.sqrt(side * (1.0 - np.minimum((z / (0.6 * high)) ** 2, 1.0)))
        wake = (behind > 0.0) & (behind < 3.0 * reach) & (behind >= reach)
        pace = np.where(wake, np.minimum(pace, slow), pace)
        pace = np.where((behind > 0.0) & (behind < reach), turned, pace)
        pace = np.where((before > 0.0) & (before < bow), 0.0, pace)
    pace[solid] = 0.0
    return solid, pace


def _make_whole(u: FloatArray, v: FloatArray, w: FloatArray, solid: NDArray[np.bool_]) -> None:
    """Change the wind through faces as little as possible so that no air is made or lost [2]_."""
    ahead = np.zeros((solid.shape[0] + 2, solid.shape[1] + 2, solid.shape[2] + 2))
    # Weights of the six faces: none through walls and the ground, all through the outer edges.
    fluid = np.pad(~solid, 1, constant_values=True)
    fluid[:, :, 0] = False
    _relax(ahead, u, v, w, fluid, CELL, LEVEL, RELAXATION, ROUNDS, CLOSE)
    open_u = fluid[1:, 1:-1, 1:-1] & fluid[:-1, 1:-1, 1:-1]
    open_v = fluid[1:-1, 1:, 1:-1] & fluid[1:-1, :-1, 1:-1]
    open_w = fluid[1:-1, 1:-1, 1:] & fluid[1:-1, 1:-1, :-1]
    u += open_u * (ahead[1:, 1:-1, 1:-1] - ahead[:-1, 1:-1, 1:-1]) / CELL
    v += open_v * (ahead[1:-1, 1:, 1:-1] - ahead[1:-1, :-1, 1:-1]) / CELL
    w += open_w * (ahead[1:-1, 1:-1, 1:] - ahead[1:-1, 1:-1, :-1]) / LEVEL


@njit(cache=True, nogil=True)
def _relax(p, u, v, w, fluid, dx, dz, factor, rounds, close):  # type: ignore[no-untyped-def]
    """Solve div(grad p) = -div(u, v, w) in the fluid cells, p = 0 outside, by relaxation [3]_."""
    nx, ny, nz = p.shape[0] - 2, p.shape[1] - 2, p.shape[2] - 2
    flat, steep = 1.0 / (dx * dx), 1.0 / (dz * dz)
    for _ in range(rounds):
        change, largest = 0.0, 1e-12
        for i in range(1, nx + 1):
            for j in range(1, ny + 1):
                for k in range(1, nz + 1):
                    if not fluid[i, j, k]:
                        continue
                    total, weight = 0.0, 0.0
                    if fluid[i - 1, j, k]:
                        total, weight = total + flat * p[i - 1, j, k], weight + flat
                    if fluid[i + 1, j, k]:
                        total, weight = total + flat * p[i + 1, j, k], weight + flat
                    if fluid[i, j - 1, k]:
                        total, weight = total + flat * p[i, j - 1, k], weight + flat
                    if fluid[i, j + 1, k]:
                        total, weight = total + flat * p[i, j + 1, k], weight + flat
                    if fluid[i, j, k - 1]:
                        total, weight = total + steep * p[i, j, k - 1], weight + steep
                    if fluid[i, j, k + 1]:
                        total, weight = total + steep * p[i, j, k + 1], weight + steep
                    if weight == 0.0:
                        continue
                    lost = (u[i, j - 1, k - 1] - u[i - 1, j - 1, k - 1]) / dx
                    lost += (v[i - 1, j, k - 1] - v[i - 1, j - 1, k - 1]) / dx
                    lost += (w[i - 1, j - 1, k] - w[i - 1, j - 1, k - 1]) / dz
                    step = factor * ((total + lost) / weight - p[i, j, k])
                    p[i, j, k] += step
                    change = max(change, abs(step))
                    largest = max(largest, abs(p[i, j, k]))
        if change < close * largest:
            break
