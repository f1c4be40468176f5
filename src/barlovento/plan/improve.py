"""Searching for good sorties: take some cells out, put better ones in, keep what pays.

Ruin and recreate under simulated annealing (Schrimpf et al. 2000, J. Comput. Phys. 159, 139), with
prizes that depend on the kind of sortie, and detours that may differ by direction.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.plan.detours import (
    FREE,
    NEVER,
    look_up,
    look_up_after,
    route_seconds,
    shorten,
    total_value,
)


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
    routes,
    lengths,
    times,
    owner,
    touched,
    flown,
    values,
    endurance,
    kinds,
    crew,
    limits,
    usable,
    leave,
    back,
    costs,
    transit,
    detour,
    place,
    freed,
    loose,
    power,
    noise,
    rng,
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
            s,
            some,
            many,
            owner,
            usable,
            detour,
            endurance[s] - times[s],
            values,
            kinds[s],
            power,
            noise,
            rng,
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
                    k,
                    some,
                    many,
                    owner,
                    usable,
                    detour,
                    endurance[k] - times[k],
                    values,
                    kinds[k],
                    power,
                    noise,
                    rng,
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
                loose = take_out(cell, routes, lengths, owner, touched, flown, crew, freed, loose)
    else:
        s = int(rng.random() * count)
        while lengths[s] > 0:
            cell = routes[s, lengths[s] - 1]
            loose = take_out(cell, routes, lengths, owner, touched, flown, crew, freed, loose)
    return loose


@njit(cache=True, nogil=True)
def anneal(  # type: ignore[no-untyped-def]
    routes,
    lengths,
    values,
    endurance,
    kinds,
    crew,
    limits,
    usable,
    leave,
    back,
    costs,
    transit,
    near,
    rounds,
    warm,
    cold,
    rng,
    pool,
    pool_lengths,
    pool_sortie,
    pooled,
):
    """Improve sorties for some rounds; routes and lengths are changed into the best found.

    Parameters
    ----------
    routes, lengths : ndarray of int, shape (sorties, most) and (sorties,)
        A feasible start, and then the best.
    values, endurance, kinds, crew, limits, usable, leave, back, costs, transit : ndarray
        As :class:`~barlovento.plan.allocate.Search` makes them of a problem.
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
        routes,
        lengths,
        times,
        owner,
        touched,
        flown,
        values,
        endurance,
        kinds,
        crew,
        limits,
        usable,
        leave,
        back,
        costs,
        transit,
        detour,
        place,
        freed,
        loose,
        2,
        0.0,
        rng,
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
            routes,
            lengths,
            times,
            owner,
            touched,
            flown,
            values,
            endurance,
            kinds,
            crew,
            limits,
            usable,
            leave,
            back,
            costs,
            transit,
            detour,
            place,
            freed,
            loose,
            power,
            noise,
            rng,
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
                            s,
                            routes,
                            lengths,
                            kinds,
                            usable,
                            leave,
                            back,
                            costs,
                            transit,
                            detour,
                            place,
                        )
            if saved:
                recreate(
                    routes,
                    lengths,
                    times,
                    owner,
                    touched,
                    flown,
                    values,
                    endurance,
                    kinds,
                    crew,
                    limits,
                    usable,
                    leave,
                    back,
                    costs,
                    transit,
                    detour,
                    place,
                    freed,
                    loose,
                    2,
                    0.0,
                    rng,
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
