"""Searching for good sorties: take some cells out, put better ones in, keep what pays.

Ruin and recreate under simulated annealing (Schrimpf et al. 2000, J. Comput. Phys. 159, 139), with
prizes that depend on the kind of sortie, and detours that may differ by direction.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FREE = -1
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
def look_up_after(at, s, routes, lengths, kinds, usable, leave, back, costs, transit, detour, place):  # type: ignore[no-untyped-def]
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
def best_cell(s, some, count, owner, usable, detour, left, values, kind, power, noise, rng):  # type: ignore[no-untyped-def]
    """Return the score and number of the free cell that pays most for its detour, or -1."""
    best, which = 0.0, -1
    for k in range(count):
        c = some[k]
        if owner[c] == FREE and usable[s, c] and detour[s, c] <= left:
            score = values[c, kind]
            if power == 2:
                score /= detour[s, c] + 1e-3
            elif power == 1:
                score /= math.sqrt(detour[s, c] + 1e-3)
            if score > best:
                score *= 1.0 - noise * rng.random()
                if score > best:
                    best, which = score, c
    return best, which


@njit(cache=True, nogil=True)
def recreate(  # type: ignore[no-untyped-def]
    routes, lengths, times, owner, touched, flown, values, endurance, kinds, crew, limits,
    usable, leave, back, costs, transit, detour, place, freed, loose, power, noise, rng,
):
    """Put free cells in while one fits, the most valuable for its detour first.

    ``power`` 2 weighs a value by its detour, 1 by the root of it, 0 not at all.
    Into a sortie that was not touched only a cell of ``freed`` can fit: the others were tried.
    """
    count, cells = usable.shape
    every = np.arange(cells)
    score, which = np.zeros(count), np.full(count, -1, np.int64)
    for s in range(count):
        some, many = (every, cells) if touched[s] or lengths[s] == 0 else (freed, loose)
        score[s], which[s] = best_cell(
            s, some, many, owner, usable, detour, endurance[s] - times[s], values, kinds[s],
            power, noise, rng,
        )
    while True:
        best, s = 0.0, -1
        for k in range(count):
            if which[k] < 0 or score[k] <= best or lengths[k] >= routes.shape[1]:
                continue
            if lengths[k] == 0 and crew[k] >= 0 and flown[crew[k]] >= limits[crew[k]]:
                continue
            best, s = score[k], k
        if s < 0:
            return
        cell = which[s]
        if lengths[s] == 0 and crew[s] >= 0:
            flown[crew[s]] += 1
        at = place[s, cell]
        for k in range(lengths[s], at, -1):
            routes[s, k] = routes[s, k - 1]
        routes[s, at] = cell
        lengths[s] += 1
        owner[cell] = s
        touched[s] = True
        times[s] += detour[s, cell]
        look_up_after(
            at, s, routes, lengths, kinds, usable, leave, back, costs, transit, detour, place
        )
        for k in range(count):
            if k == s or which[k] == cell:
                some, many = (every, cells) if touched[k] or lengths[k] == 0 else (freed, loose)
                score[k], which[k] = best_cell(
                    k, some, many, owner, usable, detour, endurance[k] - times[k], values,
                    kinds[k], power, noise, rng,
                )


@njit(cache=True, nogil=True)
def take_out(c, routes, lengths, owner, touched, flown, crew, freed, loose):  # type: ignore[no-untyped-def]
    """Take a cell out of its sortie; return how many cells are out now."""
    s = owner[c]
    at = 0
    while routes[s, at] != c:
        at += 1
    for k in range(at, lengths[s] - 1):
        routes[s, k] = routes[s, k + 1]
    lengths[s] -= 1
    owner[c] = FREE
    touched[s] = True
    if lengths[s] == 0 and crew[s] >= 0:
        flown[crew[s]] -= 1
    freed[loose] = c
    return loose + 1


@njit(cache=True, nogil=True)
def ruin(routes, lengths, owner, touched, flown, crew, near, freed, rng):  # type: ignore[no-untyped-def]
    """Take out cells near one another, a piece of one sortie, or a whole sortie; how many."""
    loose = 0
    count, cells = routes.shape[0], owner.shape[0]
    way = rng.random()
    if way < 0.55:
        seed = int(rng.random() * cells)
        wanted = 1 + int(rng.random() * 12)
        for c in near[seed]:
            if owner[c] != FREE:
                loose = take_out(c, routes, lengths, owner, touched, flown, crew, freed, loose)
                wanted -= 1
                if wanted == 0:
                    break
    elif way < 0.95:
        for _ in range(1 + int(rng.random() * 2.5)):
            s = int(rng.random() * count)
            if lengths[s] == 0:
                continue
            part = 1 + int(rng.random() * max(1.0, 0.6 * lengths[s]))
            first = int(rng.random() * (lengths[s] - min(part, lengths[s]) + 1))
            for _ in range(min(part, lengths[s])):
                cell = routes[s, first]
                loose = take_out(
                    cell, routes, lengths, owner, touched, flown, crew, freed, loose
                )
    else:
        s = int(rng.random() * count)
        while lengths[s] > 0:
            cell = routes[s, lengths[s] - 1]
            loose = take_out(cell, routes, lengths, owner, touched, flown, crew, freed, loose)
    return loose


@njit(cache=True, nogil=True)
def total_value(owner, kinds, values):  # type: ignore[no-untyped-def]
    """Return the value of all cells that are searched."""
    total = 0.0
    for c in range(owner.shape[0]):
        if owner[c] != FREE:
            total += values[c, kinds[owner[c]]]
    return total


@njit(cache=True, nogil=True)
def anneal(  # type: ignore[no-untyped-def]
    routes, lengths, values, endurance, kinds, crew, limits, usable, leave, back, costs, transit,
    near, rounds, warm, cold, rng, pool, pool_lengths, pool_sortie, pooled,
):
    """Improve sorties for some rounds; routes and lengths are changed into the best found.

    Parameters
    ----------
    routes, lengths : ndarray of int, shape (sorties, most) and (sorties,)
        A feasible start, and then the best.
    values, costs, transit : ndarray
        As in :class:`~barlovento.plan.problem.Problem`.
    endurance, kinds, crew : ndarray, shape (sorties,)
        [s], column of values, and number of the crew or -1.
    limits : ndarray of int, shape (crews,)
        Sorties that a crew can fly.
    usable : ndarray of bool, shape (sorties, cells)
        What a sortie can reach by itself.
    leave, back : ndarray, shape (sorties, cells)
        [s].
    near : ndarray of int, shape (cells, n)
        Cells by nearness, each first itself.
    rounds : int
        How many.
    warm, cold : float
        Temperatures at start and end, in units of value.
    rng : Generator
        Randomness.
    pool, pool_lengths, pool_sortie : ndarray of int, shape (m, most), (m,), (m,)
        Takes sorties that were seen in accepted plans.
    pooled : int
        How many it holds.

    Returns
    -------
    value : float
        Of the best.
    pooled : int
        How many sorties the pool holds.
    """
    count, cells = usable.shape
    owner = np.full(cells, FREE, np.int64)
    times, touched = np.zeros(count), np.ones(count, np.bool_)
    freed = np.empty(cells, np.int64)
    loose = 0
    flown = np.zeros(max(1, limits.shape[0]), np.int64)
    detour, place = np.full((count, cells), NEVER), np.zeros((count, cells), np.int64)
    for s in range(count):
        for a in range(lengths[s]):
            owner[routes[s, a]] = s
        if lengths[s] and crew[s] >= 0:
            flown[crew[s]] += 1
        times[s] = route_seconds(routes[s], lengths[s], s, kinds[s], leave, back, costs, transit)
        look_up(s, routes, lengths, kinds, usable, leave, back, costs, transit, detour, place)
    recreate(
        routes, lengths, times, owner, touched, flown, values, endurance, kinds, crew, limits,
        usable, leave, back, costs, transit, detour, place, freed, loose, 2, 0.0, rng,
    )
    now = total_value(owner, kinds, values)
    best, best_routes, best_lengths = now, routes.copy(), lengths.copy()
    old_routes, old_lengths, old_times = routes.copy(), lengths.copy(), times.copy()
    old_owner, old_flown = owner.copy(), flown.copy()
    old_detour, old_place = detour.copy(), place.copy()
    for step in range(rounds):
        temperature = warm * math.pow(cold / warm, step / max(rounds, 1))
        touched[:] = False
        loose = ruin(routes, lengths, owner, touched, flown, crew, near, freed, rng)
        for s in range(count):
            if touched[s]:
                times[s] = route_seconds(
                    routes[s], lengths[s], s, kinds[s], leave, back, costs, transit
                )
                look_up(
                    s, routes, lengths, kinds, usable, leave, back, costs, transit, detour, place
                )
        power = 2 if rng.random() < 0.5 else 1
        noise = 0.5 * rng.random() * rng.random()
        recreate(
            routes, lengths, times, owner, touched, flown, values, endurance, kinds, crew, limits,
            usable, leave, back, costs, transit, detour, place, freed, loose, power, noise, rng,
        )
        if rng.random() < 0.3:
            saved = False
            for s in range(count):
                if touched[s]:
                    before = times[s]
                    shorten(s, routes, lengths, kinds, leave, back, costs, transit)
                    times[s] = route_seconds(
                        routes[s], lengths[s], s, kinds[s], leave, back, costs, transit
                    )
                    if times[s] < before - 1e-6:
                        saved = True
                        look_up(
                            s, routes, lengths, kinds, usable, leave, back, costs, transit,
                            detour, place,
                        )
            if saved:
                recreate(
                    routes, lengths, times, owner, touched, flown, values, endurance, kinds, crew,
                    limits, usable, leave, back, costs, transit, detour, place, freed, loose, 2, 0.0, rng,
                )
        then = total_value(owner, kinds, values)
        if then >= now or rng.random() < math.exp((then - now) / temperature):
            for s in range(count):
                if touched[s]:
                    old_routes[s], old_lengths[s] = routes[s], lengths[s]
                    old_times[s] = times[s]
                    old_detour[s], old_place[s] = detour[s], place[s]
                    if then > now and lengths[s] and pooled < pool.shape[0]:
                        pool[pooled] = routes[s]
                        pool_lengths[pooled], pool_sortie[pooled] = lengths[s], s
                        pooled += 1
            old_owner[:], old_flown[:] = owner, flown
            now = then
            if now > best + 1e-12:
                best = now
                best_routes[:], best_lengths[:] = routes, lengths
        else:
            for s in range(count):
                if touched[s]:
                    routes[s], lengths[s] = old_routes[s], old_lengths[s]
                    times[s] = old_times[s]
                    detour[s], place[s] = old_detour[s], old_place[s]
            owner[:], flown[:] = old_owner, old_flown
    routes[:], lengths[:] = best_routes, best_lengths
    return best, pooled
