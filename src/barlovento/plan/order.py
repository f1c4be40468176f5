"""Which strip is flown when and how: exact for what little can be chosen, searched for the rest."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from barlovento.plan.dubins import shortest_turn
from barlovento.plan.passage import Passage
from barlovento.plan.strips import MODES, FloatArray, Strip

NEVER = 1e9
"""Cost of what can't be flown [m]."""
ROUNDS = 60
"""Improvements that are sought at most."""
MOST_TRIED = 4000
"""Orders that are looked at in one round at most."""


def best_order(
    strips: list[Strip],
    passage: Passage,
    start: FloatArray | None,
    end: FloatArray | None,
    *,
    turn_radius: float,
    closed: bool = False,
) -> list[tuple[Strip, int]]:
    """Return the strips in the order in which they are flown, each with its mode.

    Parameters
    ----------
    strips : list of Strip
        All that are flown.
    passage : Passage
        Where one may fly between them.
    start, end : ndarray or None
        x, y where it begins and ends [m].
    turn_radius : float
        Of the tightest turn [m].
    closed : bool
        Whether the way from the end back to the beginning counts, in place of start and end.
    """
    tables = _Tables(strips, passage, start, end, turn_radius)
    order = _nearest_first(tables)
    modes_of = tables.modes_around if closed else tables.modes_of
    cost, modes = modes_of(order)
    for _ in range(ROUNDS):
        better = None
        for tried in _neighbours(order):
            value, chosen = modes_of(tried)
            if value < cost - 1e-6:
                better, cost, modes = tried, value, chosen
                break
        if better is None:
            break
        order = better
    return [(strips[k], mode) for k, mode in zip(order, modes, strict=True)]


class _Tables:
    """What each strip costs in each mode, and the way from each mode's end to each beginning."""

    def __init__(
        self,
        strips: list[Strip],
        passage: Passage,
        start: FloatArray | None,
        end: FloatArray | None,
        radius: float,
    ) -> None:
        self.number = len(strips)
        firsts, lasts, own = [], [], []
        for strip in strips:
            for mode in range(MODES):
                possible = strip.possible(mode)
                legs = strip.flown(mode if possible else mode & 3)
                firsts.append(legs[0][0])
                lasts.append(legs[-1][1])
                flown = sum(float(np.hypot(*(leg[1] - leg[0]))) for leg in legs)
                own.append(flown + _turns(legs, radius) if possible else NEVER)
        self.own = np.array(own).reshape(-1, MODES)
        places = np.array([*firsts, *lasts, *[p for p in (start, end) if p is not None]])
        unique, where = np.unique(np.round(places, 6), axis=0, return_inverse=True)
        table = passage.distances(unique)
        where = where.reshape(-1)
        count = len(firsts)
        begin, finish = where[:count], where[count : 2 * count]
        shape = (self.number, MODES, self.number, MODES)
        self.between = table[finish[:, None], begin[None, :]].reshape(shape)
        rest = list(where[2 * count :])
        zero = np.zeros((self.number, MODES))
        self.out = zero if start is None else table[rest.pop(0)][begin].reshape(-1, MODES)
        self.back = zero if end is None else table[rest.pop(0)][finish].reshape(-1, MODES)
        if not np.isfinite(self.out).any(axis=1).all():
            # Reported by the passage itself, with places, when the way is laid.
            self.out = np.nan_to_num(self.out, posinf=NEVER)
        self.between = np.nan_to_num(self.between, posinf=NEVER)
        self.back = np.nan_to_num(self.back, posinf=NEVER)

    def modes_of(self, order: list[int]) -> tuple[float, list[int]]:
        """Return the least cost of an order, and the modes that have it."""
        cost = self.out[order[0]] + self.own[order[0]]
        came = []
        for a, b in pairwise(order):
            step = cost[:, None] + self.between[a, :, b, :]
            best = step.argmin(axis=0)
            came.append(best)
            cost = step[best, np.arange(MODES)] + self.own[b]
        cost = cost + self.back[order[-1]]
        mode = int(cost.argmin())
        value = float(cost[mode])
        modes = [mode]
        for best in reversed(came):
            modes.append(int(best[modes[-1]]))
        return value, modes[::-1]

    def modes_around(self, order: list[int]) -> tuple[float, list[int]]:
        """Return the least cost of an order that closes, and the modes that have it."""
        cost = np.where(np.eye(MODES, dtype=bool), self.own[order[0]][None, :], np.inf)
        came = []
        for a, b in pairwise(order):
            step = cost[:, :, None] + self.between[a, :, b, :][None]
            best = step.argmin(axis=1)
            came.append(best)
            cost = np.take_along_axis(step, best[:, None, :], axis=1)[:, 0] + self.own[b]
        cost = cost + self.between[order[-1], :, order[0], :].T
        first, mode = (int(k) for k in np.unravel_index(int(cost.argmin()), cost.shape))
        modes = [mode]
        for best in reversed(came):
            modes.append(int(best[first, modes[-1]]))
        return float(cost[first, mode]), modes[::-1]


def _turns(legs: list[FloatArray], radius: float) -> float:
    """Return the length of all turns between the legs of a strip."""
    total = 0.0
    for before, after in pairwise(legs):
        here, goal = before[1], after[0]
        if radius <= 0:
            total += float(np.hypot(*(goal - here)))
            continue
        out = math.atan2(*(before[1] - before[0])[::-1])
        into = math.atan2(*(after[1] - after[0])[::-1])
        total += shortest_turn((here[0], here[1], out), (goal[0], goal[1], into), radius)[0]
    return total


def _nearest_first(tables: _Tables) -> list[int]:
    least = (tables.out + tables.own).min(axis=1)
    order = [int(least.argmin())]
    near = tables.between.min(axis=(1, 3))
    left = set(range(tables.number)) - set(order)
    while left:
        nearest = min(left, key=lambda k: (near[order[-1], k], k))
        order.append(nearest)
        left.remove(nearest)
    return order


def _neighbours(order: list[int]) -> list[list[int]]:
    """Return orders that differ by one strip moved, or one stretch turned round."""
    count = len(order)
    found = []
    for i in range(count):
        for j in range(count):
            if i == j:
                continue
            rest = order[:i] + order[i + 1 :]
            found.append([*rest[:j], order[i], *rest[j:]])
            if j > i + 1:
                found.append([*order[:i], *order[i : j + 1][::-1], *order[j + 1 :]])
    return found[:MOST_TRIED]
