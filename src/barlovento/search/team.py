"""Several searchers that share a belief, one for all: space-aware infotaxis of a team, compiled.

All move at once. They choose one after another: each reckons with the cells that those before it
have chosen, and with what is likeliest to be met there. What a move is worth is read from the
expected distance to the source of whoever is nearest, and from the entropy, which so many searchers
bring down so many times as fast.

References
----------
.. [1] Loisy, A. and Eloy, C. (2022), Proceedings of the Royal Society A 478, 20220118,
   doi:10.1098/rspa.2022.0118: the form for one searcher.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from barlovento.errors import UsageError
from barlovento.search.cases import Case, FloatArray
from barlovento.search.episodes import DONE, Search, Searches, drawn, gathered
from barlovento.search.grid import MOVES, Belief, begin, inside, moved, multiply, predict
from barlovento.search.policies import LOGS, ROUNDING, STEPS, TIE, TOTAL, entropy


@njit(cache=True, nogil=True)
def nearest(places, count, left_out, result):  # type: ignore[no-untyped-def]
    """Fill each cell's Manhattan distance from the nearest of the first places but one.

    Parameters
    ----------
    places : ndarray, shape (searchers, 2)
        Cells.
    count, left_out : int
        How many count, and which of them doesn't.
    result : ndarray, shape (nx, ny)
        Filled [cells].
    """
    nx, ny = result.shape
    result[:] = nx + ny
    for k in range(count):
        if k == left_out:
            continue
        for i in range(nx):
            for j in range(ny):
                steps = abs(i - places[k, 0]) + abs(j - places[k, 1])
                result[i, j] = min(result[i, j], steps)


@njit(cache=True, nogil=True, fastmath=True)
def team_moments(belief, x, y, hits, others, result):  # type: ignore[no-untyped-def]
    """Sum what a team needs over the beliefs after each bin of hits at (x, y).

    Parameters
    ----------
    others : ndarray, shape (nx, ny)
        How far each cell is from the nearest of the others [cells].
    result : ndarray, shape (bins, 3)
        As of :func:`barlovento.search.policies.moments`, but with the distance of whoever is
        nearest.
    """
    nx, ny = belief.chance.shape
    own, own_product = belief.chance[x, y], belief.product[x, y]
    belief.chance[x, y] = belief.product[x, y] = 0.0
    for hit in range(result.shape[0]):
        total, logs, steps = 0.0, 0.0, 0.0
        for i in range(nx):
            low, high = belief.reach[i, 0], belief.reach[i, 1]
            row, product = belief.chance[i, low:high], belief.product[i, low:high]
            far = others[i, low:high]
            k, first, last = i - x + nx - 1, low + ny - 1 - y, high + ny - 1 - y
            law, weighted = hits.chance[hit, k, first:last], hits.weighted[hit, k, first:last]
            along = float(abs(i - x))
            for j in range(high - low):
                w = row[j] * law[j]
                total += w
                logs += product[j] * law[j] + row[j] * weighted[j]
                steps += w * min(along + abs(j + low - y), far[j])
        result[hit, TOTAL], result[hit, LOGS], result[hit, STEPS] = total, logs, steps
    belief.chance[x, y], belief.product[x, y] = own, own_product


@njit(cache=True, nogil=True)
def _chosen(belief, places, k, hits, others, room):  # type: ignore[no-untyped-def]
    """Return the move of searcher k; the places of those before it are those they move to."""
    count = places.shape[0]
    nearest(places, count, k, others)
    least, chosen = np.inf, -1
    for move in range(MOVES):
        x, y = moved(places[k, 0], places[k, 1], move)
        if not inside(x, y, belief.chance):
            continue
        team_moments(belief, x, y, hits, others, room)
        value = 0.0
        for hit in range(room.shape[0]):
            total = room[hit, TOTAL]
            if total > ROUNDING:
                spread = np.exp(entropy(room[hit])) / count
                far = max(room[hit, STEPS] / total, 1.0)
                value += total * np.log2(max(far + 0.5 * spread - 0.5, 1.0))
        if value < least - TIE:
            least, chosen = value, move
    return chosen


@njit(cache=True, nogil=True)
def empty(belief, places):  # type: ignore[no-untyped-def]
    """Take the source out of cells; what is left sums to less than one until there are hits."""
    for k in range(places.shape[0]):
        x, y = places[k, 0], places[k, 1]
        belief.chance[x, y] = belief.log[x, y] = belief.product[x, y] = 0.0


@njit(cache=True, nogil=True)
def go(belief, places, hits, spare, others, room, chances):  # type: ignore[no-untyped-def]
    """Move all searchers.

    Parameters
    ----------
    belief : Belief
        Shared by all; not changed.
    places : ndarray, shape (searchers, 2)
        Changed.
    spare : Belief
        Space; overwritten.
    others : ndarray, shape (nx, ny)
        Space.
    room : ndarray, shape (bins, 3)
        Space.
    chances : ndarray, shape (bins,)
        Space.
    """
    spare.chance[:], spare.log[:] = belief.chance, belief.log
    spare.product[:], spare.reach[:] = belief.product, belief.reach
    for k in range(places.shape[0]):
        move = _chosen(spare, places, k, hits, others, room)
        x, y = moved(places[k, 0], places[k, 1], move)
        places[k, 0], places[k, 1] = x, y
        if k < places.shape[0] - 1:
            predict(spare, x, y, hits, chances)
            if chances.sum() > ROUNDING:
                multiply(spare, x, y, np.argmax(chances), hits)


@njit(cache=True, nogil=True)
def team_search(shape, start, hits, first, count, rng, longest, unfound):  # type: ignore[no-untyped-def]
    """Run one search of a team, as :func:`barlovento.search.episodes.search` does for one."""
    nx, ny = shape
    places = np.empty((count, 2), dtype=np.int64)
    places[:, 0], places[:, 1] = start
    belief = begin(nx, ny, start[0], start[1], drawn(first, rng), hits)
    spare = Belief(
        belief.chance.copy(), belief.log.copy(), belief.product.copy(), belief.reach.copy()
    )
    others, room, chances = np.empty((nx, ny)), np.empty((first.size, 3)), np.empty(first.size)
    left, time, steps = 1.0, 0.0, 0
    unfound[0] += 1.0
    while left >= DONE and steps < longest:
        time += left
        go(belief, places, hits, spare, others, room, chances)
        empty(belief, places)
        for k in range(count):
            x, y = places[k, 0], places[k, 1]
            predict(belief, x, y, hits, chances)
            left *= max(chances.sum(), 0.0)
            if left <= 0.0:
                break
            multiply(belief, x, y, drawn(chances, rng), hits)
        steps += 1
        unfound[steps] += left
    unfound[steps + 1 :] += left
    return Search(steps, left, time)


def run_team(
    case: Case,
    searchers: int,
    *,
    numbers: range,
    seed: int,
    clock: Callable[[], float],
    progress: Callable[[float, str], None] | None = None,
) -> Searches:
    """Run numbered searches of a team from a common start.

    Parameters
    ----------
    case : Case
        One of the benchmark's.
    searchers : int
        How many; one searches as space-aware infotaxis does [1]_.
    numbers : range
        Search number k draws from a stream of its own that depends on the seed and on k.
    seed : int
        Same seed, same searches.
    clock : callable
        Returns a time; for the cost of a decision [s].
    progress : callable, optional
        Called with the share done and what is being done.

    Raises
    ------
    UsageError
        There is nobody to search, or nothing to run.
    """
    if searchers < 1:
        raise UsageError(f"{searchers} drones can't search. Ask for at least one.")

    def one(rng: np.random.Generator, longest: int, unfound: FloatArray) -> Search:
        return Search(
            *team_search(
                case.shape, case.start, case.hits, case.first, searchers, rng, longest, unfound
            )
        )

    return gathered(one, numbers=numbers, seed=seed, clock=clock, progress=progress)
