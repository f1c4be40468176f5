"""The best single sortie for prizes reduced by prices: what a bound is made of.

Two relaxations of an elementary route. The loose one lets a route come back to a cell after two
others and counts time in steps that are rounded down; its value from each cell and time left bounds
how any sortie can end. The tight one remembers the cells near each cell it passes (Baldacci,
Mingozzi and Roberti 2011, Oper. Res. 59, 1269: ng-routes), in exact time, and is cut by the loose
one. A bound from either holds for all sorties that can be flown.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NOTHING = -1e30
WORD = 64


@njit(cache=True, nogil=True)
def endings(prize, steps, home, buckets):  # type: ignore[no-untyped-def]
    """Return what a sortie can still collect after each cell, by the time that is left.

    Parameters
    ----------
    prize : ndarray, shape (n,)
        Reduced by prices [1].
    steps : ndarray of int, shape (n, n)
        Time from cell to cell with the search of the second, rounded down; beyond ``buckets``
        where no way leads.
    home : ndarray of int, shape (n,)
        Time from each cell to the end, rounded down.
    buckets : int
        Time in all.

    Returns
    -------
    first, follower, second : ndarray, shape (buckets + 1, n)
        The most that can be collected, the cell that comes next then (-1: home), and the most
        with another cell next. ``NOTHING`` where there is no way home.
    """
    n = prize.shape[0]
    first = np.full((buckets + 1, n), NOTHING)
    second = np.full((buckets + 1, n), NOTHING)
    follower = np.full((buckets + 1, n), -2, np.int64)
    order = np.empty((n, n), np.int64)
    for i in range(n):
        order[i] = np.argsort(steps[i])
    for left in range(buckets + 1):
        for i in range(n):
            one, two, who = NOTHING, NOTHING, -2
            if home[i] <= left:
                one, who = 0.0, -1
            for j in order[i]:
                took = steps[i, j]
                if took > left:
                    break
                rest = left - took
                value = first[rest, j] if follower[rest, j] != i else second[rest, j]
                value += prize[j]
                if value > one:
                    two, one, who = one, value, j
                elif value > two:
                    two = value
            first[left, i], second[left, i], follower[left, i] = one, two, who
    return first, follower, second


@njit(cache=True, nogil=True)
def loose_best(prize, start, first, buckets):  # type: ignore[no-untyped-def]
    """Return the most that a sortie can collect by the loose relaxation, by its first cell."""
    best = np.zeros(prize.shape[0])
    for j in range(prize.shape[0]):
        if start[j] <= buckets:
            best[j] = max(0.0, prize[j] + first[buckets - start[j], j])
    return best


@njit(cache=True, nogil=True)
def loose_route(now, prize, start, steps, first, follower, second, buckets):  # type: ignore[no-untyped-def]
    """Return the best loose sortie that begins with a cell, in order; a cell may come again."""
    route = np.empty(buckets + 2, np.int64)
    count = 0
    left, before = buckets - start[now], -1
    while now >= 0:
        route[count] = now
        count += 1
        then = follower[left, now]
        if then == before and then >= 0:
            # The best follower is where it came from: look for the second best.
            want = second[left, now]
            then = -1
            for j in range(prize.shape[0]):
                took = steps[now, j]
                if took <= left and j not in (now, before):
                    rest = left - took
                    value = first[rest, j] if follower[rest, j] != now else second[rest, j]
                    if value + prize[j] >= want - 1e-12:
                        then = j
                        break
        if then < 0:
            break
        left -= steps[now, then]
        before, now = now, then
    return route[:count]


@njit(cache=True, nogil=True)
def tight(  # type: ignore[no-untyped-def]
    prize, ways, leave, back, endurance, near, first, width, stepping, cutoff, most, keep
):
    """Return the best ng-routes above a cut-off.

    Parameters
    ----------
    prize : ndarray, shape (n,)
        Reduced by prices, n at most 256 [1].
    ways : ndarray, shape (n, n)
        Time from cell to cell with the search of the second; infinite where none leads [s].
    leave, back : ndarray, shape (n,)
        Time to a cell with its search, and home [s].
    endurance : float
        [s].
    near : ndarray of uint64, shape (n, 4)
        Bits of the cells that are remembered at each cell.
    first : ndarray
        Of :func:`endings`.
    width : float
        A step of time of ``first`` [s].
    stepping : float
        Not more than any time in ``ways`` and ``leave`` [s].
    cutoff : float
        Routes that collect no more don't matter [1].
    most : int
        Labels at most.
    keep : int
        Routes to return at most.

    Returns
    -------
    best : float
        The most that an ng-route collects, or ``cutoff`` where none collects more.
    complete : bool
        False where there were too many labels: ``best`` is no bound then.
    values, routes, lengths : ndarray
        What was found, the best first: shape (m,), (m, longest), (m,).
    """
    n = prize.shape[0]
    slots = int(endurance / stepping) + 2
    cell = np.empty(most, np.int64)
    parent = np.empty(most, np.int64)
    time, value = np.empty(most), np.empty(most)
    seen = np.empty((most, 4), np.uint64)
    alive = np.ones(most, np.bool_)
    next_in_slot, next_at_cell = np.empty(most, np.int64), np.empty(most, np.int64)
    slot, at_cell = np.full(slots, -1, np.int64), np.full(n, -1, np.int64)
    bit, word = np.empty(n, np.uint64), np.empty(n, np.int64)
    for j in range(n):
        bit[j], word[j] = np.uint64(1) << np.uint64(j % WORD), j // WORD
    ends, end_values = np.empty(keep, np.int64), np.empty(keep)
    kept, count, best = 0, 0, cutoff
    memory = np.empty(4, np.uint64)
    for where in range(-1, slots):
        label = -1 if where < 0 else slot[where]
        while where < 0 or label >= 0:
            if where >= 0 and not alive[label]:
                label = next_in_slot[label]
                continue
            # From the start, or from a label, to each cell.
            for j in range(n):
                if where < 0:
                    then, gain = leave[j], prize[j]
                    memory[:] = np.uint64(0)
                else:
                    if j == cell[label] or seen[label, word[j]] & bit[j]:
                        continue
                    then = time[label] + ways[cell[label], j]
                    gain = value[label] + prize[j]
                    for k in range(4):
                        memory[k] = seen[label, k] & near[j, k]
                left = endurance - then
                if left < back[j] - 1e-9:
                    continue
                # A hair is given, so that a time on an edge isn't rounded the wrong way.
                rest = int((left + 1e-6) / width)
                if gain + first[rest, j] <= cutoff + 0.5 * (best - cutoff) + 1e-12:
                    continue
                memory[word[j]] |= bit[j]
                worse = False
                other = at_cell[j]
                while other >= 0:
                    if alive[other]:
                        if time[other] <= then + 1e-9 and value[other] >= gain - 1e-12:
                            inside = True
                            for k in range(4):
                                if seen[other, k] & ~memory[k]:
                                    inside = False
                                    break
                            if inside:
                                worse = True
                                break
                        elif then <= time[other] and gain >= value[other]:
                            inside = True
                            for k in range(4):
                                if memory[k] & ~seen[other, k]:
                                    inside = False
                                    break
                            if inside:
                                alive[other] = False
                    other = next_at_cell[other]
                if worse:
                    continue
                if count == most:
                    return best, False, end_values[:0], np.empty((0, 1), np.int64), ends[:0]
                cell[count], time[count], value[count] = j, then, gain
                parent[count] = label if where >= 0 else -1
                seen[count] = memory
                s = min(slots - 1, int(then / stepping))
                next_in_slot[count], slot[s] = slot[s], count
                next_at_cell[count], at_cell[j] = at_cell[j], count
                if gain > cutoff + 1e-12:
                    best = max(best, gain)
                    if kept < keep:
                        ends[kept], end_values[kept] = count, gain
                        kept += 1
                    else:
                        least = np.argmin(end_values)
                        if gain > end_values[least]:
                            ends[least], end_values[least] = count, gain
                count += 1
            if where < 0:
                break
            label = next_in_slot[label]
    order = np.argsort(-end_values[:kept])
    longest = 1
    lengths = np.empty(kept, np.int64)
    for a in range(kept):
        length, label = 0, ends[order[a]]
        while label >= 0:
            length += 1
            label = parent[label]
        lengths[a] = length
        longest = max(longest, length)
    routes = np.full((kept, longest), -1, np.int64)
    for a in range(kept):
        label = ends[order[a]]
        for k in range(lengths[a] - 1, -1, -1):
            routes[a, k] = cell[label]
            label = parent[label]
    return best, True, end_values[order], routes, lengths


def rounded(seconds: Floats, width: float, buckets: int) -> NDArray[np.int64]:
    """Return times in steps, rounded down; ``buckets + 1`` for what doesn't fit.

    Parameters
    ----------
    seconds : ndarray
        [s].
    width : float
        Of a step [s].
    buckets : int
        Steps in all.
    """
    # A hair less, so that sums of rounded times never pass the rounded sum.
    steps = np.floor((seconds - 1e-6) / width)
    return np.where(steps <= buckets, np.maximum(steps, 0), buckets + 1).astype(np.int64)


def slack_width(endurance: float, buckets: int) -> float:
    """Return the width of a step so that ``buckets`` of them cover an endurance [s].

    Parameters
    ----------
    endurance : float
        To cover [s].
    buckets : int
        Steps.
    """
    return math.nextafter(endurance / buckets, math.inf)


def knapsack(prize: Floats, weights: Floats, capacity: float) -> float:
    """Return the most that fits, the last by its part (Dantzig's bound).

    Parameters
    ----------
    prize, weights : ndarray, shape (n,)
        What each brings [1] and takes [s].
    capacity : float
        For all weights [s].
    """
    order = np.argsort(-prize / weights)
    total = np.cumsum(weights[order])
    whole = int(np.searchsorted(total, capacity, side="right"))
    value = float(prize[order[:whole]].sum())
    if whole < order.size:
        left = capacity - (total[whole - 1] if whole else 0.0)
        value += float(prize[order[whole]] * left / weights[order[whole]])
    return value
