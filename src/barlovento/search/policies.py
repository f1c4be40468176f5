"""The two heuristics of the literature: infotaxis and its space-aware form, compiled.

Both look one step ahead and take the move after which a quantity is expected to be smallest.

References
----------
.. [1] Vergassola, M., Villermaux, E. and Shraiman, B. I. (2007), Nature 445, 406-409,
   doi:10.1038/nature05464: infotaxis.
.. [2] Loisy, A. and Eloy, C. (2022), Proceedings of the Royal Society A 478, 20220118,
   doi:10.1098/rspa.2022.0118: space-aware infotaxis.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.search.grid import MOVES, inside, moved

INFOTAXIS, SPACE_AWARE, LEARNED = 0, 1, 2
"""How kernels tell the policies apart."""
TIE = 1e-10
"""Differences below this don't decide; the first of equal moves is taken [1]."""
ROUNDING = 1e-12
"""A sum below this is what rounding left of nothing [1]."""
TOTAL, LOGS, STEPS = 0, 1, 2
"""Columns of what :func:`moments` fills."""


@njit(cache=True, nogil=True, fastmath=True)
def moments(belief, x, y, hits, result):  # type: ignore[no-untyped-def]
    """Sum what the heuristics need over the beliefs after each bin of hits at (x, y).

    Parameters
    ----------
    result : ndarray, shape (bins, 3)
        Filled, for w = belief times likelihood without the searcher's own cell: the sum of w, of
        w log w, and of w times the Manhattan distance from (x, y) [1, nat, cells].
    """
    nx, ny = belief.chance.shape
    for hit in range(result.shape[0]):
        total, logs, steps = 0.0, 0.0, 0.0
        for i in range(nx):
            low, high = belief.reach[i, 0], belief.reach[i, 1]
            row, product = belief.chance[i, low:high], belief.product[i, low:high]
            first, last = low + ny - 1 - y, high + ny - 1 - y
            law = hits.chance[hit, i - x + nx - 1, first:last]
            weighted = hits.weighted[hit, i - x + nx - 1, first:last]
            here, across = 0.0, 0.0
            for j in range(high - low):
                w = row[j] * law[j]
                here += w
                across += w * abs(j + low - y)
                logs += product[j] * law[j] + row[j] * weighted[j]
            total += here
            steps += across + here * abs(i - x)
        # The searcher's own cell is out: the source would have been found.
        w = belief.chance[x, y] * hits.chance[hit, nx - 1, ny - 1]
        result[hit, TOTAL] = total - w
        result[hit, LOGS] = (
            logs
            - belief.product[x, y] * hits.chance[hit, nx - 1, ny - 1]
            - (belief.chance[x, y] * hits.weighted[hit, nx - 1, ny - 1])
        )
        result[hit, STEPS] = steps


@njit(cache=True, nogil=True, inline="always")
def entropy(row):  # type: ignore[no-untyped-def]
    """Return the entropy of a belief from its row of :func:`moments` [nat]."""
    return max(math.log(row[TOTAL]) - row[LOGS] / row[TOTAL], 0.0)


@njit(cache=True, nogil=True)
def heuristic(belief, x, y, hits, kind, room):  # type: ignore[no-untyped-def]
    """Return the move that infotaxis or space-aware infotaxis takes.

    Infotaxis [1]_ minimises the expected entropy H; the space-aware form [2]_ the expectation of
    log2(D + 2^(H - 1) - 1/2), with H in bits and D the expected Manhattan distance. Where the
    source is found both are taken as zero.

    Parameters
    ----------
    kind : int
        :data:`INFOTAXIS` or :data:`SPACE_AWARE`.
    room : ndarray, shape (bins, 3)
        Space for :func:`moments`.
    """
    least, chosen = np.inf, -1
    for move in range(MOVES):
        to_x, to_y = moved(x, y, move)
        if not inside(to_x, to_y, belief.chance):
            continue
        moments(belief, to_x, to_y, hits, room)
        value = 0.0
        for hit in range(room.shape[0]):
            total = room[hit, TOTAL]
            if total <= ROUNDING:
                continue
            nats = entropy(room[hit])
            if kind == INFOTAXIS:
                value += total * nats / math.log(2.0)
            else:
                value += total * math.log2(
                    max(room[hit, STEPS] / total, 1.0) + 0.5 * math.exp(nats) - 0.5
                )
        if value < least - TIE:
            least, chosen = value, move
    return chosen
