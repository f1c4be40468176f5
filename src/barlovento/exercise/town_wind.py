"""How buildings bend the mean wind."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from barlovento.exercise.air import Layer
from barlovento.exercise.sites import Building
from barlovento.exercise.town import OPEN, Town

FloatArray = NDArray[np.float64]

CELL = 5.0
"""Side of a cell of the raster [m]."""

REACH = 12.0
"""Farther than a particle moves in a step [m]."""


def town_of(buildings: Sequence[Building], layer: Layer, direction: FloatArray) -> Town:
    """Return buildings as the particles see them."""
    if not buildings:
        return OPEN
    boxes = np.array([_box(b) for b in buildings])
    reach = np.hypot(boxes[:, 4], boxes[:, 5]).max() + REACH
    low = boxes[:, :2].min(axis=0) - reach
    count = np.ceil((boxes[:, :2].max(axis=0) + reach - low) / CELL).astype(int)
    near = _near(boxes, low, count)
    del layer, direction
    return OPEN._replace(
        boxes=boxes, corner=np.array([low[0], low[1], CELL]), near=near
    )


def _box(building: Building) -> list[float]:
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


def _near(boxes: FloatArray, low: FloatArray, count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which buildings a particle of each cell may run into."""
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
