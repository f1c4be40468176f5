"""A searcher on a grid and its exact belief about the source, compiled.

The belief is kept with its logarithm, which is added to where the belief is multiplied, so that
no step needs logarithms of whole grids.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.search.cases import FloatArray, Hits

NOTHING = 1e-150
"""A cell less likely than this is taken as empty, far above where arithmetic grows slow [1]."""
NEGLIGIBLE = 1e-15
"""Cells less likely than this at both ends of a row are passed over by policies [1]."""
MOVES = 4
"""Back and forth along the first axis, then along the second."""


class Belief(NamedTuple):
    """Probability of the source in each cell; changed in place.

    ``chance``, shape (nx, ny): sums to one. ``log``, the same shape: its natural logarithm, zero
    in empty cells. ``product``: the two multiplied. ``reach``, shape (nx, 2): in each row, the
    first cell that is not negligible and the one after the last.
    """

    chance: FloatArray
    log: FloatArray
    product: FloatArray
    reach: NDArray[np.int64]


@njit(cache=True, nogil=True, inline="always")
def moved(x, y, move):  # type: ignore[no-untyped-def]
    """Return the cell after a move: 0 and 1 step back and forth along x, 2 and 3 along y."""
    if move < 2:
        return x + 2 * move - 1, y
    return x, y + 2 * move - 5


@njit(cache=True, nogil=True, inline="always")
def inside(x, y, chance):  # type: ignore[no-untyped-def]
    """Return whether a cell lies on the grid."""
    return 0 <= x < chance.shape[0] and 0 <= y < chance.shape[1]


@njit(cache=True, nogil=True)
def multiply(belief, x, y, hit, hits):  # type: ignore[no-untyped-def]
    """Update a belief: the source is not at (x, y), and so many hits were met there (Bayes).

    Returns
    -------
    float
        Probability that the belief gave to what was met, the empty cell included [1].
    """
    nx, ny = belief.chance.shape
    belief.chance[x, y] = 0.0
    total = 0.0
    for i in range(nx):
        row, law = belief.chance[i], hits.chance[hit, i - x + nx - 1, ny - 1 - y : 2 * ny - 1 - y]
        for j in range(ny):
            row[j] *= law[j]
            total += row[j]
    scale, shift = 1.0 / total, math.log(total)
    for i in range(nx):
        row, log, product = belief.chance[i], belief.log[i], belief.product[i]
        law = hits.log[hit, i - x + nx - 1, ny - 1 - y : 2 * ny - 1 - y]
        for j in range(ny):
            chance = row[j] * scale
            if chance < NOTHING:
                row[j] = log[j] = product[j] = 0.0
            else:
                row[j] = chance
                log[j] += law[j] - shift
                product[j] = chance * log[j]
        low, high = 0, ny
        while low < ny and row[low] < NEGLIGIBLE:
            low += 1
        while high > low and row[high - 1] < NEGLIGIBLE:
            high -= 1
        belief.reach[i, 0], belief.reach[i, 1] = low, high
    return total


@njit(cache=True, nogil=True)
def begin(nx, ny, x, y, hit, hits):  # type: ignore[no-untyped-def]
    """Return the belief at the start: uniform but for the start's own cell, then the first hit."""
    even = 1.0 / (nx * ny)
    chance = np.full((nx, ny), even)
    log, reach = np.full((nx, ny), math.log(even)), np.empty((nx, 2), dtype=np.int64)
    belief = Belief(chance, log, np.empty((nx, ny)), reach)
    multiply(belief, x, y, hit, hits)
    return belief


@njit(cache=True, nogil=True)
def predict(belief, x, y, hits, result):  # type: ignore[no-untyped-def]
    """Fill the probability of each bin of hits at (x, y), the source being found there left out.

    Parameters
    ----------
    result : ndarray, shape (bins,)
        Filled; sums to one less the probability of finding the source there [1].
    """
    nx, ny = belief.chance.shape
    for hit in range(result.shape[0]):
        total = 0.0
        for i in range(nx):
            row = belief.chance[i]
            law = hits.chance[hit, i - x + nx - 1, ny - 1 - y : 2 * ny - 1 - y]
            for j in range(ny):
                total += row[j] * law[j]
        result[hit] = total - belief.chance[x, y] * hits.chance[hit, nx - 1, ny - 1]


def opening(hits: Hits, shape: tuple[int, int], start: tuple[int, int], hit: int) -> Belief:
    """Return the belief at the start after an initial hit, for reading outside of kernels."""
    found: Belief = begin(shape[0], shape[1], start[0], start[1], hit, hits)
    return found


def known_location_bound(belief: Belief, start: tuple[int, int]) -> float:
    """Return the mean number of steps if the source's place were told at the start.

    Returns
    -------
    float
        Mean Manhattan distance, a lower bound of any policy's search time [steps].
    """
    nx, ny = belief.chance.shape
    far = np.abs(np.arange(nx) - start[0])[:, None] + np.abs(np.arange(ny) - start[1])[None, :]
    return float((belief.chance * far).sum())
