"""The expected time left of a search, as a network over the belief, and the move it asks for.

The belief is seen from the searcher and shared out to a lattice of nodes, one cell apart nearby
and ever farther apart with distance. A network of two hidden layers corrects D + exp(H)/2 - 1/2,
the time that the space-aware heuristic reckons with (D the expected Manhattan distance, H the
entropy in nats). ``tools/fit_search_value.py`` makes the weights.
"""

from __future__ import annotations

import math
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.search.grid import MOVES, inside, moved
from barlovento.search.policies import STEPS, TIE, TOTAL, entropy, moments

Float32Array = NDArray[np.float32]

SCALARS = 3
"""Inputs beside the nodes: log of the heuristic time, entropy, log of the expected distance."""
GROWTH = 2.0
"""Beyond the single cells each node is farther than the one before it by this factor [1]."""
RARE = 1e-4
"""After hits less likely than this the heuristic time will do [1]."""
UNFOUND, MARK, WAITED, GOAL_X, GOAL_Y = range(5)
"""What :func:`patient` remembers."""
GAIN = 0.99
"""A search gets on when the chance of not having found falls to this share [1]."""
SINGLE = 2
"""Nodes are one cell apart up to here along each axis [cells]."""


class Value(NamedTuple):
    """A network over the belief at nodes.

    ``along``, shape (2 nx - 1,), and ``across``, shape (2 ny - 1,): the node at or before each
    relative place; ``along_share``, ``across_share``: what goes to the node after it. ``first``,
    shape (inputs, width), ``first_shift``, ``second``, ``second_shift``, ``last``, ``last_shift``:
    weights.
    """

    along: NDArray[np.int64]
    along_share: Float32Array
    across: NDArray[np.int64]
    across_share: Float32Array
    first: Float32Array
    first_shift: Float32Array
    second: Float32Array
    second_shift: Float32Array
    last: Float32Array
    last_shift: Float32Array


class Room(NamedTuple):
    """Space for looking ahead.

    ``sums`` and ``spread`` (over nodes) by move and bin, a line of nodes, the two hidden layers.
    """

    sums: NDArray[np.float64]
    spread: NDArray[np.float64]
    line: NDArray[np.float64]
    one: Float32Array
    two: Float32Array


def nodes(cells: int) -> tuple[NDArray[np.int64], Float32Array]:
    """Return the node at or before each offset on an axis of cells, and the next one's share."""
    far = list(range(min(SINGLE + 1, cells)))
    while far[-1] < cells - 1:
        far.append(min(max(round(far[-1] * GROWTH), far[-1] + 1), cells - 1))
    places = np.array([-one for one in far[:0:-1]] + far)
    offsets = np.arange(1 - cells, cells)
    before = np.clip(np.searchsorted(places, offsets, side="right") - 1, 0, len(places) - 2)
    share = (offsets - places[before]) / (places[before + 1] - places[before])
    return before.astype(np.int64), share.astype(np.float32)


@njit(cache=True, nogil=True)
def room_for(value, bins):  # type: ignore[no-untyped-def]
    """Return the space that a search with this network needs."""
    return Room(
        np.empty((MOVES, bins, 3)),
        np.empty((MOVES, bins, max(value.first.shape[0] - SCALARS, 0))),
        np.empty(value.across[-1] + 2),
        np.empty(value.first.shape[1], dtype=np.float32),
        np.empty(value.second.shape[1], dtype=np.float32),
    )


@njit(cache=True, nogil=True, fastmath=True)
def pool(belief, x, y, hit, hits, value, line, result):  # type: ignore[no-untyped-def]
    """Share belief times likelihood of a hit out to the nodes around (x, y).

    Parameters
    ----------
    line : ndarray, shape (nodes across,)
        Space.
    result : ndarray, shape (nodes,)
        Filled [1].
    """
    nx, ny = belief.chance.shape
    wide = value.across[2 * ny - 2] + 2
    result[:] = 0.0
    for i in range(nx):
        low, high = belief.reach[i, 0], belief.reach[i, 1]
        row, shift = belief.chance[i, low:high], ny - 1 - y
        law = hits.chance[hit, i - x + nx - 1, low + shift : high + shift]
        across = value.across[low + shift : high + shift]
        share = value.across_share[low + shift : high + shift]
        line[:] = 0.0
        for j in range(high - low):
            w = row[j] * law[j]
            line[across[j]] += w - w * share[j]
            line[across[j] + 1] += w * share[j]
        node, part = value.along[i - x + nx - 1] * wide, value.along_share[i - x + nx - 1]
        before, after = result[node : node + wide], result[node + wide : node + 2 * wide]
        for k in range(wide):
            before[k] += line[k] - line[k] * part
            after[k] += line[k] * part
    # The searcher's own cell is out: the source would have been found.
    result[value.along[nx - 1] * wide + value.across[ny - 1]] = 0.0


@njit(cache=True, nogil=True, inline="always")
def bend(x):  # type: ignore[no-untyped-def]
    """Return a smooth ramp, (x + sqrt(x^2 + 1)) / 2."""
    return np.float32(0.5) * (x + math.sqrt(x * x + np.float32(1.0)))


@njit(cache=True, nogil=True, inline="always")
def heuristic_time(row):  # type: ignore[no-untyped-def]
    """Return D + exp(H)/2 - 1/2 from a row of :func:`moments` [steps]."""
    return max(row[STEPS] / row[TOTAL], 1.0) + 0.5 * math.exp(entropy(row)) - 0.5


@njit(cache=True, nogil=True, inline="always")
def scalars_of(row):  # type: ignore[no-untyped-def]
    """Return the inputs beside the nodes, from a row of :func:`moments`."""
    distance = max(row[STEPS] / row[TOTAL], 1.0)
    return math.log(heuristic_time(row)), entropy(row), math.log(distance)


@njit(cache=True, nogil=True, fastmath=True)
def time_left(sums, spread, value, one, two):  # type: ignore[no-untyped-def]
    """Return the expected time left of a belief, from its moments and its nodes [steps].

    Parameters
    ----------
    sums : ndarray, shape (3,)
        A row of :func:`moments` [1, nat, cells].
    spread : ndarray, shape (nodes,)
        A row of :func:`pool`; need not sum to one [1].
    """
    count = spread.shape[0]
    guess, scalars = heuristic_time(sums), scalars_of(sums)
    one[:] = value.first_shift
    for k in range(SCALARS):
        scale = np.float32(scalars[k])
        row = value.first[count + k]
        for c in range(one.shape[0]):
            one[c] += scale * row[c]
    for k in range(count):
        if spread[k] > 0.0:
            scale = np.float32(math.sqrt(spread[k] / sums[TOTAL]))
            row = value.first[k]
            for c in range(one.shape[0]):
                one[c] += scale * row[c]
    two[:] = value.second_shift
    for k in range(one.shape[0]):
        scale = bend(one[k])
        row = value.second[k]
        for c in range(two.shape[0]):
            two[c] += scale * row[c]
    out = value.last_shift[0]
    for k in range(two.shape[0]):
        out += bend(two[k]) * value.last[k]
    return guess * math.exp(min(max(out, -3.0), 3.0))


@njit(cache=True, nogil=True)
def look(belief, x, y, hits, value, room, move, leaves):  # type: ignore[no-untyped-def]
    """Return the expected time left when the searcher moves to (x, y) [steps].

    Parameters
    ----------
    move : int
        Which part of the room is filled.
    leaves : ndarray, shape (bins,)
        Filled with the time left after each bin of hits there [steps].
    """
    moments(belief, x, y, hits, room.sums[move])
    result = 1.0
    for hit in range(leaves.shape[0]):
        sums, spread = room.sums[move, hit], room.spread[move, hit]
        leaves[hit] = 0.0
        if sums[TOTAL] > RARE:
            pool(belief, x, y, hit, hits, value, room.line, spread)
            leaves[hit] = time_left(sums, spread, value, room.one, room.two)
        elif sums[TOTAL] > 0.0:
            leaves[hit] = heuristic_time(sums)
        result += sums[TOTAL] * leaves[hit]
    return result


@njit(cache=True, nogil=True)
def ahead(belief, x, y, hits, value, room, leaves, times):  # type: ignore[no-untyped-def]
    """Return the move with the least expected time left, looking one step ahead.

    Parameters
    ----------
    leaves : ndarray, shape (moves, bins)
        Filled as by :func:`look` [steps].
    times : ndarray, shape (moves,)
        Filled with the expected time left of each move, infinite off the grid [steps].
    """
    chosen = -1
    for move in range(MOVES):
        to_x, to_y = moved(x, y, move)
        times[move] = np.inf
        if inside(to_x, to_y, belief.chance):
            times[move] = look(belief, to_x, to_y, hits, value, room, move, leaves[move])
            if chosen < 0 or times[move] < times[chosen] - TIE:
                chosen = move
    return chosen


@njit(cache=True, nogil=True)
def fresh_memory():  # type: ignore[no-untyped-def]
    """Return what :func:`patient` remembers, at the start of a search."""
    memory = np.zeros(5)
    memory[UNFOUND] = memory[MARK] = 1.0
    memory[GOAL_X] = -1.0
    return memory


@njit(cache=True, nogil=True)
def patient(belief, x, y, wished, memory):  # type: ignore[no-untyped-def]
    """Return the wished move, or one towards the likeliest cell when a search has come to nothing.

    A network may send the searcher to and fro for ever. When the chance of not having found the
    source has hardly fallen in as many steps as the grid is long and wide, the searcher walks to
    the cell that is likeliest then, and goes on from there.

    Parameters
    ----------
    memory : ndarray, shape (5,)
        As from :func:`fresh_memory`; changed.
    """
    nx, ny = belief.chance.shape
    memory[WAITED] += 1.0
    if memory[UNFOUND] < GAIN * memory[MARK]:
        memory[MARK], memory[WAITED] = memory[UNFOUND], 0.0
    if memory[WAITED] > nx + ny and memory[GOAL_X] < 0.0:
        likeliest = np.argmax(belief.chance)
        memory[GOAL_X], memory[GOAL_Y] = likeliest // ny, likeliest % ny
        memory[WAITED] = 0.0
    move = wished
    if memory[GOAL_X] >= 0.0:
        dx, dy = int(memory[GOAL_X]) - x, int(memory[GOAL_Y]) - y
        move = (1 if dx > 0 else 0) if abs(dx) >= abs(dy) else (3 if dy > 0 else 2)
        if abs(dx) + abs(dy) == 1:
            memory[GOAL_X] = -1.0
    to_x, to_y = moved(x, y, move)
    memory[UNFOUND] *= 1.0 - belief.chance[to_x, to_y]
    return move


@njit(cache=True, nogil=True)
def decide(belief, x, y, hits, value, room, memory):  # type: ignore[no-untyped-def]
    """Return the move of Barlovento's policy; changes what it remembers."""
    leaves, times = np.empty((MOVES, hits.chance.shape[0])), np.empty(MOVES)
    wished = ahead(belief, x, y, hits, value, room, leaves, times)
    return patient(belief, x, y, wished, memory)


def save(value: Value, path: Path) -> None:
    """Write a network into a compressed file, weights in half precision."""
    parts = {
        name: part.astype(np.float16 if part.dtype == np.float32 else np.int16)
        for name, part in value._asdict().items()
    }
    np.savez_compressed(path, **parts)


def load(path: Path) -> Value:
    """Read a network that :func:`save` wrote."""
    with np.load(path) as parts:
        kept = {name: parts[name] for name in Value._fields}
    return Value(
        **{
            name: part.astype(np.float32 if part.dtype == np.float16 else np.int64)
            for name, part in kept.items()
        }
    )


def shipped(name: str) -> Value:
    """Return the network that comes with the program for a case of the benchmark."""
    with as_file(files("barlovento.search") / "data" / f"{name}.npz") as path:
        return load(path)


def blank(shape: tuple[int, int]) -> Value:
    """Return a network without weights, for kernels that must be given one and don't use it."""
    layer, shift = np.zeros((0, 0), np.float32), np.zeros(0, np.float32)
    return Value(
        *nodes(shape[0]),
        *nodes(shape[1]),
        layer,
        shift,
        layer,
        shift,
        shift,
        np.zeros(1, np.float32),
    )
