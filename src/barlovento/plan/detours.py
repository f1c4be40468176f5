"""Detours of one sortie: where a cell fits best, and how an order is shortened.

Numba's cache looks at the file of the outermost function only: after a change here delete
``__pycache__`` before believing a result.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FREE = -1
"""Owner of a cell that no sortie searches."""
NEVER = 1e18
"""A detour that can't be flown [s]."""


@njit(cache=True, nogil=True)
def route_seconds(route, length, s, kind, leave, back, costs, transit):  # type: ignore[no-untyped-def]
    """Return how long a sortie takes [s]."""
    if length == 0:
        return 0.0
    total = leave[s, route[0]] + back[s, route[length - 1]]
    for a in range(length):
        total += costs[route[a], kind]
        if a:
            total += transit[kind, route[a - 1], route[a]]
    return total


@njit(cache=True, nogil=True)
def best_place(cell, route, length, s, kind, leave, back, costs, transit):  # type: ignore[no-untyped-def]
    """Return the shortest detour to a cell with its search [s], and where in the order."""
    if length == 0:
        return leave[s, cell] + costs[cell, kind] + back[s, cell], 0
    least, where = NEVER, 0
    way = transit[kind]
    first = route[0]
    extra = leave[s, cell] + way[cell, first] - leave[s, first]
    if extra < least:
        least, where = extra, 0
    for a in range(length - 1):
        i, j = route[a], route[a + 1]
        extra = way[i, cell] + way[cell, j] - way[i, j]
        if extra < least:
            least, where = extra, a + 1
    last = route[length - 1]
    extra = way[last, cell] + back[s, cell] - back[s, last]
    if extra < least:
        least, where = extra, length
    return least + costs[cell, kind], where


@njit(cache=True, nogil=True)
def look_up(s, routes, lengths, kinds, usable, leave, back, costs, transit, detour, place):  # type: ignore[no-untyped-def]
    """Fill the detours of all usable cells into one sortie."""
    kind = kinds[s]
    for c in range(usable.shape[1]):
        if usable[s, c]:
            detour[s, c], place[s, c] = best_place(
                c, routes[s], lengths[s], s, kind, leave, back, costs, transit
            )


@njit(cache=True, nogil=True)
def look_up_after(  # type: ignore[no-untyped-def]
    at, s, routes, lengths, kinds, usable, leave, back, costs, transit, detour, place
):
    """Bring the detours into one sortie up to date after a cell was put in at a place."""
    kind, n = kinds[s], lengths[s]
    route, way = routes[s], transit[kind]
    x = route[at]
    for c in range(usable.shape[1]):
        if not usable[s, c]:
            continue
        if place[s, c] == at:
            # The gap that was best for it is parted now.
            detour[s, c], place[s, c] = best_place(
                c, route, n, s, kind, leave, back, costs, transit
            )
            continue
        if place[s, c] > at:
            place[s, c] += 1
        if at == 0:
            before = leave[s, c] + way[c, x] - leave[s, x]
        else:
            i = route[at - 1]
            before = way[i, c] + way[c, x] - way[i, x]
        if at == n - 1:
            after = way[x, c] + back[s, c] - back[s, x]
        else:
            j = route[at + 1]
            after = way[x, c] + way[c, j] - way[x, j]
        if before + costs[c, kind] < detour[s, c]:
            detour[s, c], place[s, c] = before + costs[c, kind], at
        if after + costs[c, kind] < detour[s, c]:
            detour[s, c], place[s, c] = after + costs[c, kind], at + 1


@njit(cache=True, nogil=True)
def shorten(s, routes, lengths, kinds, leave, back, costs, transit):  # type: ignore[no-untyped-def]
    """Turn pieces of a sortie round and move cells within it while that saves time."""
    kind, n = kinds[s], lengths[s]
    way, route = transit[kind], routes[s]
    spare = np.empty_like(route)
    # Ways up to each place, flown in order and turned round.
    on, round_ = np.zeros(n + 1), np.zeros(n + 1)
    better = n > 1
    while better:
        better = False
        for a in range(1, n):
            on[a] = on[a - 1] + way[route[a - 1], route[a]]
            round_[a] = round_[a - 1] + way[route[a], route[a - 1]]
        for a in range(n - 1):
            i = route[a]
            for b in range(a + 1, n):
                j = route[b]
                before = leave[s, i] if a == 0 else way[route[a - 1], i]
                then = leave[s, j] if a == 0 else way[route[a - 1], j]
                before += back[s, j] if b == n - 1 else way[j, route[b + 1]]
                then += back[s, i] if b == n - 1 else way[i, route[b + 1]]
                if then + round_[b] - round_[a] < before + on[b] - on[a] - 1e-6:
                    for k in range((b - a + 1) // 2):
                        route[a + k], route[b - k] = route[b - k], route[a + k]
                    better = True
                    break
            if better:
                break
        if better:
            continue
        for a in range(n):
            x = route[a]
            for k in range(n - 1):
                spare[k] = route[k] if k < a else route[k + 1]
            extra, at = best_place(x, spare, n - 1, s, kind, leave, back, costs, transit)
            start = leave[s, x] if a == 0 else way[route[a - 1], x]
            end = back[s, x] if a == n - 1 else way[x, route[a + 1]]
            if a == 0:
                past = leave[s, route[1]]
            elif a == n - 1:
                past = back[s, route[a - 1]]
            else:
                past = way[route[a - 1], route[a + 1]]
            if extra - costs[x, kind] < start + end - past - 1e-6:
                for k in range(n):
                    route[k] = spare[k] if k < at else (x if k == at else spare[k - 1])
                better = True
                break


@njit(cache=True, nogil=True)
def total_value(owner, kinds, values):  # type: ignore[no-untyped-def]
    """Return the value of all cells that are searched."""
    total = 0.0
    for c in range(owner.shape[0]):
        if owner[c] != FREE:
            total += values[c, kinds[owner[c]]]
    return total
