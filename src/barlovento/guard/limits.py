"""How deep a place lies in a state's sovereign space, from distances to coasts and borders.

A state's space is its land, and at sea all that is no farther than 12 nautical miles from its
coast and no nearer to another's (UN Convention on the Law of the Sea, articles 3 and 15).
What the numbers here promise is a lower bound: the limit is at least that far away. From outside,
where no median line is near, it is exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np

from barlovento.guard.nearest import (
    NO_OWNER,
    FloatArray,
    IntArray,
    Tree,
    nearest,
    side_of,
    to_metres,
)

TERRITORIAL_SEA = 22_224.0
"""Twelve nautical miles, the most that a state may claim [m]."""
FARTHEST = 1.3e7
"""More than the earth's diameter: nothing is beyond it [m]."""
SEA = -1


class Surroundings(NamedTuple):
    """The lines that decide about one state.

    ``every``: all lines, with the state on each side. ``coast``: the state's own coast.
    ``coasts``: everybody's coast, whose owner is the state. ``border``: its limits on land.
    """

    every: Tree
    coast: Tree
    coasts: Tree
    border: Tree
    state: int


class Margins(NamedTuple):
    """What is known of each of n places about one state; all in metres.

    ``margin``: at least so far inside the limit, negative outside. ``own``, ``other``: distance to
    the state's and to the nearest other coast, infinite where it doesn't matter. ``holder``: number
    of the state that holds the land there, or :data:`SEA`.
    """

    margin: FloatArray
    own: FloatArray
    other: FloatArray
    holder: IntArray


@nb.njit(cache=True, nogil=True)
def sea_margin(own: float, other: float) -> float:
    """Return the least distance from a place at sea to the limit; negative outside [m].

    Parameters
    ----------
    own, other : float
        Distance to the state's and to the nearest other coast [m].
    """
    # Moving by s changes each distance by s at most, and their difference by 2 s.
    return min(TERRITORIAL_SEA - own, 0.5 * (other - own))


@nb.njit(cache=True, nogil=True)
def _within(tree: Tree, p: FloatArray, bound: float, skip: int) -> float:
    """Return the distance to the nearest line, infinite beyond the bound [m]."""
    if bound <= 0.0:
        return np.inf
    squared, index = nearest(tree, p, bound * bound, skip)
    return to_metres(squared) if index >= 0 else np.inf


@nb.njit(cache=True, nogil=True)
def margin_at(
    around: Surroundings, p: FloatArray, bounds: FloatArray
) -> tuple[float, float, float, int]:
    """Return margin, distance to the own and to another coast [m], and who holds the land.

    Parameters
    ----------
    around : Surroundings
        Of the state.
    p : ndarray, shape (3,)
        The place, earth-centred [m].
    bounds : ndarray, shape (3,)
        Chords within which the nearest of all lines, of the own coast and of the own border are
        known to lie; replaced by those found here [m].
    """
    squared, index = nearest(around.every, p, bounds[0] ** 2, NO_OWNER)
    bounds[0] = np.sqrt(squared)
    holder = side_of(around.every, index, p)
    squared, index = nearest(around.coast, p, bounds[1] ** 2, NO_OWNER)
    bounds[1] = np.sqrt(squared) if index >= 0 else FARTHEST
    own = to_metres(squared) if index >= 0 else np.inf
    if holder == SEA and own < np.inf:
        # A farther coast of others can't bring the median nearer than the other limits.
        other = _within(around.coasts, p, 2.0 * TERRITORIAL_SEA - own, around.state)
        margin = sea_margin(own, other)
        # Behind a narrow strip of land begins the next state, nearer than any limit at sea.
        border = _within(around.border, p, abs(margin), NO_OWNER)
        return (min(margin, border) if margin >= 0.0 else max(margin, -border)), own, other, holder
    squared, index = nearest(around.border, p, bounds[2] ** 2, NO_OWNER)
    bounds[2] = np.sqrt(squared) if index >= 0 else FARTHEST
    border = to_metres(squared) if index >= 0 else np.inf
    if holder == around.state:
        reach = max(TERRITORIAL_SEA, own)
        reach = min(reach, border)
        other = _within(around.coasts, p, 2.0 * reach, around.state)
        return min(reach, 0.5 * other), own, other, holder
    if own == np.inf:
        return -border, own, np.inf, holder
    return -min(border, max(0.5 * own, own - TERRITORIAL_SEA)), own, np.inf, holder


@nb.njit(cache=True, nogil=True)
def margins(around: Surroundings, places: FloatArray) -> Margins:
    """Return the margins of many places.

    Parameters
    ----------
    around : Surroundings
        Of the state.
    places : ndarray, shape (n, 3)
        Earth-centred; neighbours that follow each other are faster [m].

    Returns
    -------
    Margins
        One number for each place.
    """
    n = len(places)
    margin, own, other = np.empty(n), np.empty(n), np.empty(n)
    holder = np.empty(n, dtype=np.int64)
    bounds = np.full(3, FARTHEST)
    for i in range(n):
        if i:
            moved = 2.0
            for axis in range(3):
                moved += abs(places[i, axis] - places[i - 1, axis])
            bounds = np.minimum(bounds + moved, FARTHEST)
        margin[i], own[i], other[i], holder[i] = margin_at(around, places[i], bounds)
    return Margins(margin, own, other, holder)
