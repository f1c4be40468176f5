"""What a move is worth: a few numbers that describe the beliefs after it, and a small network.

A belief is seen from the searcher and summed up in :data:`INPUTS` numbers: its entropy, its mean
and spread, how near it is, whether hits are to be expected, how long ago the last one was.
Space-aware infotaxis takes the move after which log(D + exp(H)/2 - 1/2) is expected to be least (D
the expected Manhattan distance, H the entropy in nats); a network adds to that logarithm what
searches have shown to be missing. ``tools/fit_search_policy.py`` makes the weights.
"""

from __future__ import annotations

import math
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from barlovento.search.cases import Case
from barlovento.search.grid import MOVES, inside, moved
from barlovento.search.policies import ROUNDING

Float32Array = NDArray[np.float32]

NEAR = (1.0, 3.0, 8.0, 20.0)
"""Nearness is the mean of exp(-d / r) for these r, d being the Euclidean distance [cells]."""
TOTAL, LOGS, SQUARES, ACROSS, X, Y, XX, XY, YY, ALONG, HIT, NEARNESS = range(12)
"""Columns of what :func:`describe` fills; as many of nearness as :data:`NEAR` is long."""
COLUMNS = NEARNESS + len(NEAR)
DESCRIBED = 10 + len(NEAR)
INPUTS = DESCRIBED + 1
"""Numbers that describe a belief, and the time since the last hit."""
RARE = 1e-4
"""After hits less likely than this the network is not asked [1]."""
STRAIGHT, ASIDE, BACK = range(3)
"""How a move lies to the one before it."""
FOUND = 3
"""Where the worth of finding the source stands among the extras, after those of the turns."""
UNFOUND, MARK, WAITED, GOAL_X, GOAL_Y, LAST, SINCE = range(7)
"""What is remembered during a search: the first five by :func:`patient`, then the last move, and
the steps since the last hit."""
GAIN = 0.99
"""A search gets on when the chance of not having found falls to this share [1]."""


class Value(NamedTuple):
    """What moves are judged by.

    ``tables``, shape (2 nx - 1, 2 ny - 1, 1 + nearness): by place of the source relative to the
    searcher, the chance of a hit and each nearness. ``wind``: whether directions differ. ``first``,
    shape (inputs, width), ``first_shift``, ``second``, ``second_shift``, ``last``, ``last_shift``:
    weights of the network. ``extras``, shape (4,): added for a move straight on, aside and back,
    and for finding the source.
    """

    tables: NDArray[np.float64]
    wind: bool
    first: Float32Array
    first_shift: Float32Array
    second: Float32Array
    second_shift: Float32Array
    last: Float32Array
    last_shift: Float32Array
    extras: Float32Array


class Room(NamedTuple):
    """Space for looking ahead, and what :func:`judge` finds for each move.

    ``sums``, shape (moves, bins, columns). ``inputs``, shape (moves, bins, inputs). ``shares``,
    shape (moves, bins): how likely each is, zero where the network was not asked. ``base``, shape
    (moves,): the expected logarithm without the network. ``turns``, shape (moves,): how it lies to
    the move before. ``scores``, shape (moves,): what it is worth, the less the better, infinite off
    the grid. ``one``, ``two``: hidden layers.
    """

    sums: NDArray[np.float64]
    inputs: NDArray[np.float64]
    shares: NDArray[np.float64]
    base: NDArray[np.float64]
    turns: NDArray[np.int64]
    scores: NDArray[np.float64]
    one: NDArray[np.float64]
    two: NDArray[np.float64]


def tables(case: Case) -> NDArray[np.float64]:
    """Return the tables of a case over relative places, as :class:`Value` holds them."""
    nx, ny = case.shape
    far = np.hypot(np.arange(1.0 - nx, nx)[:, None], np.arange(1.0 - ny, ny)[None, :])
    near = [np.exp(-far / reach) for reach in NEAR]
    return np.ascontiguousarray(np.stack([1.0 - case.hits.chance[0], *near]))


@njit(cache=True, nogil=True)
def room_for(value, bins):  # type: ignore[no-untyped-def]
    """Return the space that a search needs."""
    return Room(
        np.empty((MOVES, bins, COLUMNS)),
        np.empty((MOVES, bins, INPUTS)),
        np.empty((MOVES, bins)),
        np.empty(MOVES),
        np.empty(MOVES, dtype=np.int64),
        np.empty(MOVES),
        np.empty(value.first.shape[1]),
        np.empty(value.second.shape[1]),
    )


@njit(cache=True, nogil=True, fastmath=True)
def describe(belief, x, y, hits, table, result):  # type: ignore[no-untyped-def]
    """Sum up the beliefs after each bin of hits at (x, y), the source not being there.

    Parameters
    ----------
    result : ndarray, shape (bins, COLUMNS)
        Filled, for w = belief times likelihood: sums of w, w log w, w squared, and of w times |dy|,
        dx, dy, dx^2, dx dy, dy^2, |dx|, the chance of a hit and each nearness [1, nat, cells].
    """
    nx, ny = belief.chance.shape
    result[:] = 0.0
    # The searcher's own cell is out, for the source would have been found there.
    own, own_product = belief.chance[x, y], belief.product[x, y]
    belief.chance[x, y] = belief.product[x, y] = 0.0
    for hit in range(result.shape[0]):
        out = result[hit]
        for i in range(nx):
            low, high = belief.reach[i, 0], belief.reach[i, 1]
            if high <= low:
                continue
            row, product = belief.chance[i, low:high], belief.product[i, low:high]
            k, first, last = i - x + nx - 1, low + ny - 1 - y, high + ny - 1 - y
            law, weighted = hits.chance[hit, k, first:last], hits.weighted[hit, k, first:last]
            smell, at = table[0, k, first:last], table[1, k, first:last]
            at2, at3, at4 = (
                table[2, k, first:last],
                table[3, k, first:last],
                table[4, k, first:last],
            )
            total, logs, squares, across, ones, twos = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            met, near, near2, near3, near4 = 0.0, 0.0, 0.0, 0.0, 0.0
            for j in range(high - low):
                w, dy = row[j] * law[j], float(j + low - y)
                total += w
                logs += product[j] * law[j] + row[j] * weighted[j]
                squares += w * w
                across += w * abs(dy)
                ones += w * dy
                twos += w * dy * dy
                met += w * smell[j]
                near += w * at[j]
                near2 += w * at2[j]
                near3 += w * at3[j]
                near4 += w * at4[j]
            dx = float(i - x)
            out[TOTAL] += total
            out[LOGS] += logs
            out[SQUARES] += squares
            out[ACROSS] += across
            out[X] += total * dx
            out[Y] += ones
            out[XX] += total * dx * dx
            out[XY] += ones * dx
            out[YY] += twos
            out[ALONG] += total * abs(dx)
            out[HIT] += met
            out[NEARNESS] += near
            out[NEARNESS + 1] += near2
            out[NEARNESS + 2] += near3
            out[NEARNESS + 3] += near4
    belief.chance[x, y], belief.product[x, y] = own, own_product


@njit(cache=True, nogil=True, inline="always")
def entropy_of(row):  # type: ignore[no-untyped-def]
    """Return the entropy of a belief from its row of :func:`describe` [nat]."""
    return max(math.log(row[TOTAL]) - row[LOGS] / row[TOTAL], 0.0)


@njit(cache=True, nogil=True, inline="always")
def heuristic_time(row):  # type: ignore[no-untyped-def]
    """Return D + exp(H)/2 - 1/2 from a row of :func:`describe` [steps]."""
    distance = max((row[ALONG] + row[ACROSS]) / row[TOTAL], 1.0)
    return distance + 0.5 * math.exp(entropy_of(row)) - 0.5


@njit(cache=True, nogil=True)
def inputs_of(row, wind, result):  # type: ignore[no-untyped-def]
    """Fill the inputs of the network from a row of :func:`describe`."""
    total = row[TOTAL]
    mean_x, mean_y = row[X] / total, row[Y] / total
    xx = max(row[XX] / total - mean_x * mean_x, 0.0)
    yy = max(row[YY] / total - mean_y * mean_y, 0.0)
    xy = row[XY] / total - mean_x * mean_y
    result[0] = math.log(heuristic_time(row))
    result[1] = entropy_of(row)
    result[2] = math.log(max((row[ALONG] + row[ACROSS]) / total, 1.0))
    result[3] = -math.log(max(row[SQUARES], 1e-300) / (total * total))
    result[4] = math.log(1e-3 + max(row[HIT], 0.0) / total)
    if wind:
        result[5], result[6] = 0.1 * mean_x, math.log(1.0 + abs(mean_y))
        result[7], result[8] = math.log(1.0 + math.sqrt(xx)), math.log(1.0 + math.sqrt(yy))
        # Whether the belief leans away from the searcher's side as it goes upwind.
        result[9] = xy * (1.0 if mean_y > 0.0 else -1.0) / (1.0 + math.sqrt(xx * yy))
    else:
        # Without wind only what a turn of the whole leaves as it is.
        far = math.sqrt(mean_x * mean_x + mean_y * mean_y)
        half, skew = 0.5 * (xx + yy), math.sqrt(0.25 * (xx - yy) ** 2 + xy * xy)
        radial = (mean_x * mean_x * xx + 2.0 * mean_x * mean_y * xy + mean_y * mean_y * yy) / (
            far * far + 1e-9
        )
        result[5], result[6] = 0.1 * far, math.log(1.0 + far)
        result[7] = math.log(1.0 + math.sqrt(half + skew))
        result[8] = math.log(1.0 + math.sqrt(max(half - skew, 0.0)))
        result[9] = (radial - half) / (1.0 + half)
    for k in range(len(NEAR)):
        result[10 + k] = math.log(1e-3 + max(row[NEARNESS + k], 0.0) / total)


@njit(cache=True, nogil=True, inline="always")
def bend(x):  # type: ignore[no-untyped-def]
    """Return a smooth ramp, (x + sqrt(x^2 + 1)) / 2."""
    return 0.5 * (x + math.sqrt(x * x + 1.0))


@njit(cache=True, nogil=True, fastmath=True)
def correction(inputs, value, one, two):  # type: ignore[no-untyped-def]
    """Return what the network says to :data:`INPUTS` numbers [ln]."""
    for c in range(one.size):
        one[c] = value.first_shift[c]
    for k in range(INPUTS):
        for c in range(one.size):
            one[c] += inputs[k] * value.first[k, c]
    for c in range(two.size):
        two[c] = value.second_shift[c]
    for k in range(one.size):
        scale = bend(one[k])
        for c in range(two.size):
            two[c] += scale * value.second[k, c]
    out = float(value.last_shift[0])
    for k in range(two.size):
        out += bend(two[k]) * value.last[k]
    return out


@njit(cache=True, nogil=True, inline="always")
def turn_of(move, last):  # type: ignore[no-untyped-def]
    """Return how a move lies to the last one; the first move of a search counts as aside."""
    if move == last:
        return STRAIGHT
    return BACK if last >= 0 and move // 2 == last // 2 else ASIDE


@njit(cache=True, nogil=True)
def judge(belief, x, y, hits, value, memory, room):  # type: ignore[no-untyped-def]
    """Fill what each move from (x, y) is worth.

    Parameters
    ----------
    memory : ndarray, shape (7,)
        As from :func:`fresh_memory`.
    room : Room
        Filled.
    """
    last, since = int(memory[LAST]), memory[SINCE]
    room.shares[:] = 0.0
    for move in range(MOVES):
        to_x, to_y = moved(x, y, move)
        room.scores[move] = np.inf
        if not inside(to_x, to_y, belief.chance):
            continue
        describe(belief, to_x, to_y, hits, value.tables, room.sums[move])
        base, added, unfound = 0.0, 0.0, 0.0
        for hit in range(room.shares.shape[1]):
            row = room.sums[move, hit]
            if row[TOTAL] <= ROUNDING:
                continue
            unfound += row[TOTAL]
            base += row[TOTAL] * math.log(heuristic_time(row))
            if row[TOTAL] > RARE:
                inputs = room.inputs[move, hit]
                inputs_of(row, value.wind, inputs)
                inputs[DESCRIBED] = 0.0 if hit > 0 else math.log(2.0 + since)
                room.shares[move, hit] = row[TOTAL]
                added += row[TOTAL] * correction(inputs, value, room.one, room.two)
        turn = turn_of(move, last)
        room.base[move], room.turns[move] = base, turn
        extra = value.extras[turn] + value.extras[FOUND] * (1.0 - unfound)
        room.scores[move] = base + added + extra


@njit(cache=True, nogil=True)
def fresh_memory():  # type: ignore[no-untyped-def]
    """Return what is remembered at the start of a search."""
    memory = np.zeros(7)
    memory[UNFOUND] = memory[MARK] = 1.0
    memory[GOAL_X] = memory[LAST] = -1.0
    return memory


@njit(cache=True, nogil=True)
def remember(memory, move, hit):  # type: ignore[no-untyped-def]
    """Note a move and what was met after it."""
    memory[LAST] = move
    memory[SINCE] = 0.0 if hit > 0 else memory[SINCE] + 1.0


@njit(cache=True, nogil=True)
def decide(belief, x, y, hits, value, memory, room):  # type: ignore[no-untyped-def]
    """Return the move of Barlovento's policy; :func:`remember` is to be told what came of it.

    Parameters
    ----------
    memory : ndarray, shape (7,)
        Changed.
    room : Room
        Space.
    """
    judge(belief, x, y, hits, value, memory, room)
    return patient(belief, x, y, np.argmin(room.scores), memory)


@njit(cache=True, nogil=True)
def patient(belief, x, y, wished, memory):  # type: ignore[no-untyped-def]
    """Return the wished move, or one towards the likeliest cell when a search has come to nothing.

    A network may send the searcher to and fro for ever. When the chance of not having found the
    source has hardly fallen in as many steps as the grid is long and wide, the searcher walks to
    the cell that is likeliest then, and goes on from there.

    Parameters
    ----------
    memory : ndarray, shape (7,)
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


def save(value: Value, path: Path) -> None:
    """Write the weights of a network into a file."""
    names = Value._fields[2:]
    np.savez(path, **{name: getattr(value, name) for name in names})


def load(case: Case, path: Path) -> Value:
    """Read the weights that :func:`save` wrote, for the case they were made for."""
    with np.load(path) as parts:
        weights = [parts[name] for name in Value._fields[2:]]
    return Value(tables(case), not is_round(case), *weights)


def is_round(case: Case) -> bool:
    """Return whether a case is the same in all directions."""
    chance = case.hits.chance
    return case.shape[0] == case.shape[1] and np.array_equal(chance, chance.transpose(0, 2, 1))


def shipped(case: Case) -> Value:
    """Return the network that comes with the program for a case, or a blank one if none does."""
    with as_file(files("barlovento.search") / "data" / f"{case.name}.npz") as path:
        return load(case, path) if path.exists() else blank(case)


def blank(case: Case) -> Value:
    """Return a network that adds nothing, so that moves are those of space-aware infotaxis."""
    layer, shift = np.zeros((INPUTS, 1), np.float32), np.zeros(1, np.float32)
    second, extras = np.zeros((1, 1), np.float32), np.zeros(4, np.float32)
    return Value(
        tables(case), not is_round(case), layer, shift, second, shift, shift, shift, extras
    )
