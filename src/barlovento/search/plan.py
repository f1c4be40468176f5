"""Barlovento's policy: a beam search for the best path as long as nothing is met, compiled.

Hits are rare, so most of what happens next is that nothing is met. A path of many steps is chosen
for that course of events; at each of its steps a hit may come instead, and then counts the time
that :mod:`barlovento.search.value` expects after it. The path is followed for some steps, or until
there is a hit, and then planned anew.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.search.cases import FloatArray
from barlovento.search.grid import MOVES, Belief, inside, moved, multiply
from barlovento.search.value import GOAL_X, TOTAL, Room, fresh_memory, look, patient, room_for

IntArray = NDArray[np.int64]

WIDTH = 10
"""Paths that are followed up at once."""
DEPTH = 16
"""Steps of a path."""
FOLLOWED = 4
"""Steps that are taken before there is a new plan."""
SURE = 1e-9
"""A path is at its end when the source is unfound, and nothing met, less likely than this [1]."""
ALIKE = 1e-6
"""Paths to the same cell with times closer than this share count as one [1]."""


class Beam(NamedTuple):
    """Paths of equal length and the beliefs after them if nothing is met.

    ``chance``, ``log``, ``product``, ``reach``: a belief for each path. ``place``, shape
    (paths, 2): where it ends. ``time``: expected time, for all but what comes after the path
    without a hit [steps]. ``share``: probability that it comes to that [1]. ``moves``, shape
    (paths, depth).
    """

    chance: FloatArray
    log: FloatArray
    product: FloatArray
    reach: IntArray
    place: IntArray
    time: FloatArray
    share: FloatArray
    moves: IntArray


class Choices(NamedTuple):
    """Ways to go on from the paths of a beam.

    ``total``: expected time in all [steps]. ``time``, ``share``: as in :class:`Beam`. ``parent``,
    ``move``: which path, and what it goes on with.
    """

    total: FloatArray
    time: FloatArray
    share: FloatArray
    parent: IntArray
    move: IntArray


class Planner(NamedTuple):
    """What a search carries along: two beams, choices, the path at hand and the step it is at."""

    front: Beam
    back: Beam
    choices: Choices
    room: Room
    leaves: FloatArray
    path: IntArray
    at: IntArray
    memory: FloatArray


@njit(cache=True, nogil=True)
def _beam(nx, ny, width, depth):  # type: ignore[no-untyped-def]
    return Beam(
        np.empty((width, nx, ny)),
        np.empty((width, nx, ny)),
        np.empty((width, nx, ny)),
        np.empty((width, nx, 2), dtype=np.int64),
        np.empty((width, 2), dtype=np.int64),
        np.empty(width),
        np.empty(width),
        np.empty((width, depth), dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def planner(nx, ny, bins, value, width, depth):  # type: ignore[no-untyped-def]
    """Return a planner at the start of a search, with no path at hand."""
    most = MOVES * width
    return Planner(
        _beam(nx, ny, width, depth),
        _beam(nx, ny, width, depth),
        Choices(
            np.empty(most),
            np.empty(most),
            np.empty(most),
            np.empty(most, dtype=np.int64),
            np.empty(most, dtype=np.int64),
        ),
        room_for(value, bins),
        np.empty(bins),
        np.full(depth, -1),
        np.zeros(1, dtype=np.int64),
        fresh_memory(),
    )


@njit(cache=True, nogil=True, inline="always")
def _belief(beam, k):  # type: ignore[no-untyped-def]
    """Return the belief of path k; it shares the beam's arrays."""
    return Belief(beam.chance[k], beam.log[k], beam.product[k], beam.reach[k])


@njit(cache=True, nogil=True)
def _written(belief, beam, k):  # type: ignore[no-untyped-def]
    """Copy a belief into the place of path k, and return it there."""
    beam.chance[k] = belief.chance
    beam.log[k] = belief.log
    beam.product[k] = belief.product
    beam.reach[k] = belief.reach
    return _belief(beam, k)


@njit(cache=True, nogil=True)
def _expand(beam, paths, hits, value, room, leaves, choices):  # type: ignore[no-untyped-def]
    """Fill the ways to go on from the first paths of a beam; return how many there are."""
    count = 0
    for k in range(paths):
        belief = _belief(beam, k)
        for move in range(MOVES):
            x, y = moved(beam.place[k, 0], beam.place[k, 1], move)
            if not inside(x, y, belief.chance):
                continue
            time = look(belief, x, y, hits, value, room, 0, leaves)
            silent = max(room.sums[0, 0, TOTAL], 0.0)
            choices.total[count] = beam.time[k] + beam.share[k] * time
            choices.time[count] = beam.time[k] + beam.share[k] * (time - silent * leaves[0])
            choices.share[count] = beam.share[k] * silent
            choices.parent[count], choices.move[count] = k, move
            count += 1
    return count


@njit(cache=True, nogil=True)
def _known(other, kept, x, y, total, totals):  # type: ignore[no-untyped-def]
    """Return whether a path to (x, y) of the same time has been kept."""
    for k in range(kept):
        same = other.place[k, 0] == x and other.place[k, 1] == y
        if same and abs(totals[k] - total) < ALIKE * total:
            return True
    return False


@njit(cache=True, nogil=True)
def _keep(beam, choices, order, depth, hits, other):  # type: ignore[no-untyped-def]
    """Write the best choices into the other beam, each with its belief; return how many."""
    kept = 0
    totals = np.empty(other.time.size)
    for choice in order:
        if kept == other.time.size:
            break
        parent, share = choices.parent[choice], choices.share[choice]
        x, y = moved(beam.place[parent, 0], beam.place[parent, 1], choices.move[choice])
        total = choices.total[choice]
        if share < SURE or _known(other, kept, x, y, total, totals):
            continue
        belief = _written(_belief(beam, parent), other, kept)
        multiply(belief, x, y, 0, hits)
        other.place[kept, 0], other.place[kept, 1] = x, y
        other.time[kept], other.share[kept] = choices.time[choice], share
        totals[kept] = total
        other.moves[kept, :depth] = beam.moves[parent, :depth]
        other.moves[kept, depth] = choices.move[choice]
        kept += 1
    return kept


@njit(cache=True, nogil=True)
def plan(belief, x, y, hits, value, p):  # type: ignore[no-untyped-def]
    """Fill the planner's path with the moves of least expected time; -1 stands after its end.

    Parameters
    ----------
    p : Planner
        Changed.

    Returns
    -------
    float
        The expected time [steps].
    """
    beam, other, choices = p.front, p.back, p.choices
    _written(belief, beam, 0)
    beam.place[0, 0], beam.place[0, 1] = x, y
    beam.time[0], beam.share[0] = 0.0, 1.0
    paths, least, last = 1, np.inf, p.path.size - 1
    for depth in range(last + 1):
        count = _expand(beam, paths, hits, value, p.room, p.leaves, choices)
        order = np.argsort(choices.total[:count])
        for choice in order:
            # A path that surely finds needs no more steps; the others are compared at the end.
            ended = depth == last or choices.share[choice] < SURE
            if ended and choices.total[choice] < least:
                least = choices.total[choice]
                p.path[:] = -1
                p.path[:depth] = beam.moves[choices.parent[choice], :depth]
                p.path[depth] = choices.move[choice]
        if depth < last:
            paths = _keep(beam, choices, order, depth, hits, other)
            beam, other = other, beam
        if paths == 0:
            break
    p.at[0] = 0
    return least


@njit(cache=True, nogil=True)
def decide(belief, x, y, hit, hits, value, followed, p):  # type: ignore[no-untyped-def]
    """Return the move of Barlovento's policy.

    Parameters
    ----------
    hit : int
        What was met at (x, y); after a hit there is a new plan.
    followed : int
        Steps of a plan that are taken before there is a new one.
    p : Planner
        Changed.
    """
    at = p.at[0]
    walking = p.memory[GOAL_X] >= 0.0
    if hit > 0 or walking or at >= followed or at >= p.path.size or p.path[at] < 0:
        plan(belief, x, y, hits, value, p)
        at = 0
    move = patient(belief, x, y, p.path[at], p.memory)
    # Off the path there is no path.
    p.at[0] = at + 1 if move == p.path[at] else p.path.size
    return move
