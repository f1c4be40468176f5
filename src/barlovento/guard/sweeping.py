"""Compiled loops over the pieces of a route: the boxes that hold them, and what is near to them."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from barlovento.guard.geometry import FloatArray

Boxes = tuple[FloatArray, FloatArray]
EARTH = 6.33e6
"""Less than every radius of curvature [m]."""


@nb.njit(cache=True, nogil=True)
def _apart(a: FloatArray, b: FloatArray) -> float:
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return math.sqrt(x * x + y * y + z * z)


@nb.njit(cache=True, nogil=True)
def way_boxes(
    first: FloatArray,
    last: FloatArray,
    known: FloatArray,
    share: FloatArray,
    end: FloatArray,
    goal: FloatArray,
) -> Boxes:
    """Return the times and heights that hold patches of ways home.

    Parameters
    ----------
    first, last : ndarray, shape (n, 3)
        Beginning and end of each patch's stretch of the leg [m].
    known : ndarray, shape (n, 4)
        Time at both [s since 1970], then height at both [m].
    share : ndarray, shape (n, 4)
        From and until where along the leg, and along the way home [1].
    end : ndarray, shape (3,)
        Where the ways lead [m].
    goal : ndarray, shape (4,)
        Height there [m], speed [m s-1], error of time [s], error of height [m].

    Returns
    -------
    tuple of ndarray, shape (n, 2)
        First and last moment, lowest and highest.
    """
    n = len(share)
    time, height = np.empty((n, 2)), np.empty((n, 2))
    high, speed, late, off = goal
    for i in range(n):
        a, b = _apart(first[i], end), _apart(last[i], end)
        # Chords, with what an arc may be longer than its chord.
        along_a = a * (1 + (a / EARTH) ** 2 / 20) + 0.01
        along_b = b * (1 + (b / EARTH) ** 2 / 20) + 0.01
        nearest = max((a + b - _apart(first[i], last[i]) * 1.0001) / 2 - 0.01, 0.0)
        time[i, 0] = known[i, 0] + share[i, 2] * nearest / speed - late
        time[i, 1] = known[i, 1] + share[i, 3] * max(along_a, along_b) / speed + late
        low, top = math.inf, -math.inf
        for level in (known[i, 2], known[i, 3]):
            for part in (share[i, 2], share[i, 3]):
                there = level + part * (high - level)
                low, top = min(low, there), max(top, there)
        height[i, 0], height[i, 1] = low - off, top + off
    return time, height


@nb.njit(cache=True, nogil=True)
def farthest(knots: FloatArray, end: FloatArray) -> float:
    """Return the longest chord between a place and some others [m].

    Parameters
    ----------
    knots : ndarray, shape (n, 3)
        [m].
    end : ndarray, shape (3,)
        [m].
    """
    most = 0.0
    for k in range(len(knots)):
        most = max(most, _apart(knots[k], end))
    return most


@nb.njit(cache=True, nogil=True)
def fan_of(
    knots: FloatArray,
    profile: FloatArray,
    between: FloatArray,
    lines: FloatArray,
    end: FloatArray,
    goal: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the patches between each stretch of a route and one place.

    Parameters
    ----------
    knots : ndarray, shape (n + 1, 3)
        Places [m].
    profile : ndarray, shape (n + 1, 4)
        As in :func:`stretches_of`, times [s since 1970] and heights [m].
    between : ndarray, shape (n + 1, m - 1, 3)
        Places on the way from each knot to the end [m].
    lines : ndarray, shape (m + 1,)
        Where along the way they lie, beginning and end included [1].
    end : ndarray, shape (3,)
        Where the ways lead [m].
    goal : ndarray, shape (4,)
        As in :func:`way_boxes`: height [m], speed [m s-1], errors of time [s] and height [m].

    Returns
    -------
    tuple of ndarray
        Corners (m n, 4, 3), time (m n, 2), height (m n, 2) and share (m n, 4) as in
        :class:`~barlovento.guard.path.Pieces`; those that begin at the route come first.
    """
    n, m = len(knots) - 1, len(lines) - 1
    corners, share = np.empty((m * n, 4, 3)), np.empty((m * n, 4))
    first, last, known = np.empty((m * n, 3)), np.empty((m * n, 3)), np.empty((m * n, 4))
    for j in range(m):
        for k in range(n):
            i = j * n + k
            share[i, 0], share[i, 1] = profile[k, 2], profile[k, 3]
            share[i, 2], share[i, 3] = lines[j], lines[j + 1]
            known[i, 0], known[i, 1] = profile[k, 0], profile[k + 1, 0]
            known[i, 2], known[i, 3] = profile[k, 1], profile[k + 1, 1]
            first[i], last[i] = knots[k], knots[k + 1]
            corners[i, 0] = knots[k] if j == 0 else between[k, j - 1]
            corners[i, 1] = knots[k + 1] if j == 0 else between[k + 1, j - 1]
            corners[i, 2] = end if j == m - 1 else between[k + 1, j]
            corners[i, 3] = end if j == m - 1 else between[k, j]
    time, height = way_boxes(first, last, known, share, end, goal)
    return corners, time, height, share


@nb.njit(cache=True, nogil=True)
def boxes_in(
    time: FloatArray, height: FloatArray, spans: FloatArray, level: FloatArray, slack: float
) -> NDArray[np.bool_]:
    """Return which boxes of time and height lie in one of some spans, and in a layer.

    Parameters
    ----------
    time, height : ndarray, shape (n, 2)
        Of pieces [s since 1970], [m].
    spans : ndarray, shape (k, 2)
        In any order [s since 1970].
    level : ndarray, shape (2,)
        Lowest and highest; NaN holds nothing [m].
    slack : float
        What may be off [s or m].
    """
    found = np.zeros(len(time), dtype=np.bool_)
    for i in range(len(time)):
        if height[i, 0] >= level[0] - slack and height[i, 1] <= level[1] + slack:
            for k in range(len(spans)):
                if time[i, 0] >= spans[k, 0] - slack and time[i, 1] <= spans[k, 1] + slack:
                    found[i] = True
    return found


@nb.njit(cache=True, nogil=True)
def boxes_meet(
    time: FloatArray, height: FloatArray, spans: FloatArray, level: FloatArray, slack: float
) -> NDArray[np.bool_]:
    """Return which boxes of time and height meet one of some spans, and a layer.

    Parameters
    ----------
    time, height, spans, level, slack
        As in :func:`boxes_in`, where NaN meets everything [s since 1970], [m].
    """
    found = np.zeros(len(time), dtype=np.bool_)
    for i in range(len(time)):
        if not (height[i, 1] < level[0] or height[i, 0] > level[1]):
            for k in range(len(spans)):
                if time[i, 1] > spans[k, 0] + slack and time[i, 0] < spans[k, 1] - slack:
                    found[i] = True
    return found


@nb.njit(cache=True, nogil=True)
def cuts(
    time: FloatArray, height: FloatArray, moments: FloatArray, levels: FloatArray
) -> FloatArray:
    """Return the moments at which legs are parted, in order.

    Parameters
    ----------
    time, height : ndarray, shape (n,)
        Of the route's knots [s since 1970], [m].
    moments, levels : ndarray
        Where they are parted besides, errors counted in [s since 1970], [m].
    """
    found = list(moments[(moments > time[0]) & (moments < time[-1])])
    for k in range(len(time) - 1):
        rise = height[k + 1] - height[k]
        if rise != 0.0:
            for level in levels:
                share = (level - height[k]) / rise
                if 0.0 < share < 1.0:
                    found.append(time[k] + share * (time[k + 1] - time[k]))
    return np.unique(np.concatenate((time, np.array(found, dtype=np.float64))))


@nb.njit(cache=True, nogil=True)
def stretches_of(
    knots: FloatArray, profile: FloatArray, every: FloatArray, late: float, off: float
) -> tuple[NDArray[np.int64], FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the stretches of a route between moments.

    Parameters
    ----------
    knots : ndarray, shape (n + 1, 3)
        Places [m].
    profile : ndarray, shape (n + 1, 4)
        Of each knot its time [s since 1970] and height [m], and where along their legs the
        stretch after it begins and ends [1].
    every : ndarray, shape (m + 1,)
        Moments in order [s since 1970].
    late, off : float
        Errors of time [s] and height [m].

    Returns
    -------
    tuple of ndarray
        After which knot each lies, shape (m,); corners (m, 4, 3), time (m, 2), height (m, 2) and
        share (m, 4) as in :class:`~barlovento.guard.path.Pieces`.
    """
    m = len(every) - 1
    after = np.empty(m, dtype=np.int64)
    corners, share = np.empty((m, 4, 3)), np.zeros((m, 4))
    time, height = np.empty((m, 2)), np.empty((m, 2))
    k = 0
    for i in range(m):
        middle = (every[i] + every[i + 1]) / 2
        while k < len(knots) - 2 and profile[k + 1, 0] <= middle:
            k += 1
        after[i] = k
        begin, step = profile[k, 0], profile[k + 1, 0] - profile[k, 0]
        rise, long = profile[k + 1, 1] - profile[k, 1], profile[k, 3] - profile[k, 2]
        for side in range(2):
            part = min(max((every[i + side] - begin) / step, 0.0), 1.0)
            share[i, side] = profile[k, 2] + part * long
            height[i, side] = profile[k, 1] + part * rise
            for axis in range(3):
                spot = knots[k, axis] + part * (knots[k + 1, axis] - knots[k, axis])
                corners[i, side, axis] = corners[i, 3 - side, axis] = spot
        low, top = min(height[i, 0], height[i, 1]), max(height[i, 0], height[i, 1])
        height[i, 0], height[i, 1] = low - off, top + off
        time[i, 0], time[i, 1] = every[i] - late, every[i + 1] + late
    return after, corners, time, height, share


@nb.njit(cache=True, nogil=True)
def flattened(
    corners: FloatArray, origin: FloatArray, axes: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return patches in a frame, their middles, and how far they reach from there.

    Parameters
    ----------
    corners : ndarray, shape (n, 4, 3)
        [m].
    origin, axes : ndarray, shape (3,) and (3, 3)
        Of the frame [m], [1].

    Returns
    -------
    tuple of ndarray, shape (n, 4, 2), (n, 2) and (n,)
        [m].
    """
    n = len(corners)
    flat, middle, reach = np.empty((n, 4, 2)), np.zeros((n, 2)), np.zeros(n)
    base = np.zeros(3)
    for i in range(3):
        for j in range(3):
            base[i] += axes[i, j] * origin[j]
    for i in range(n):
        for k in range(4):
            c = corners[i, k]
            up = axes[2, 0] * c[0] + axes[2, 1] * c[1] + axes[2, 2] * c[2]
            for j in range(2):
                side = axes[j, 0] * c[0] + axes[j, 1] * c[1] + axes[j, 2] * c[2]
                flat[i, k, j] = side * (base[2] / up) - base[j]
                middle[i, j] += flat[i, k, j] / 4
        for k in range(4):
            x, y = flat[i, k, 0] - middle[i, 0], flat[i, k, 1] - middle[i, 1]
            reach[i] = max(reach[i], math.sqrt(x * x + y * y))
    return flat, middle, reach
