"""Compiled: which patches of a route come near to the edges of an area, in a flat frame."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from barlovento.guard.geometry import FloatArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@nb.njit(cache=True, nogil=True)
def _from_line(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Return the squared distance of a place from a line [m2]."""
    dx, dy = bx - ax, by - ay
    long = dx * dx + dy * dy
    t = 0.0
    if long > 0.0:
        t = min(max(((x - ax) * dx + (y - ay) * dy) / long, 0.0), 1.0)
    u, v = x - ax - t * dx, y - ay - t * dy
    return u * u + v * v


@nb.njit(cache=True, nogil=True)
def _left(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> float:
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax)


@nb.njit(cache=True, nogil=True)
def _between(edge: FloatArray, p: FloatArray, q: FloatArray) -> float:
    """Return the squared distance of an edge from the line between two places [m2]."""
    ax, ay, bx, by = edge
    one, two = _left(ax, ay, bx, by, p[0], p[1]), _left(ax, ay, bx, by, q[0], q[1])
    three, four = _left(p[0], p[1], q[0], q[1], ax, ay), _left(p[0], p[1], q[0], q[1], bx, by)
    if ((one > 0.0) != (two > 0.0)) and ((three > 0.0) != (four > 0.0)):
        return 0.0
    return min(
        _from_line(p[0], p[1], ax, ay, bx, by),
        _from_line(q[0], q[1], ax, ay, bx, by),
        _from_line(ax, ay, p[0], p[1], q[0], q[1]),
        _from_line(bx, by, p[0], p[1], q[0], q[1]),
    )


@nb.njit(cache=True, nogil=True)
def _in_corner(a: FloatArray, b: FloatArray, c: FloatArray, x: float, y: float) -> bool:
    """Return whether a place lies in the triangle of three; one without area holds none."""
    if _left(a[0], a[1], b[0], b[1], c[0], c[1]) == 0.0:
        return False
    one = _left(a[0], a[1], b[0], b[1], x, y)
    two = _left(b[0], b[1], c[0], c[1], x, y)
    three = _left(c[0], c[1], a[0], a[1], x, y)
    return (one >= 0.0 and two >= 0.0 and three >= 0.0) or (
        one <= 0.0 and two <= 0.0 and three <= 0.0
    )


@nb.njit(cache=True, nogil=True)
def _near(edge: FloatArray, flat: FloatArray, line: bool, squared: float) -> bool:
    """Return whether an edge comes near to the hull of a patch's corners."""
    if line:
        return _between(edge, flat[0], flat[1]) <= squared
    # Sides and diagonals of four corners hold their hull's rim, whatever the corners' order, and
    # their triangles fill it.
    for i in range(4):
        for j in range(i):
            if _between(edge, flat[i], flat[j]) <= squared:
                return True
    x, y = edge[0], edge[1]
    found = False
    for i in range(4):
        found |= _in_corner(flat[i], flat[(i + 1) % 4], flat[(i + 2) % 4], x, y)
    return found


@nb.njit(cache=True, nogil=True)
def _relevant(
    edges: FloatArray, middle: FloatArray, reach: FloatArray, rows: IntArray, side: float
) -> tuple[FloatArray, float, float, float, float]:
    """Return the edges that may matter to some patches, and the box of all edges [m].

    Of a long outline most are left out: those above, below or to the left of all patches.
    """
    west, south, high, widest = math.inf, math.inf, -math.inf, 0.0
    for row in rows:
        west, south = min(west, middle[row, 0]), min(south, middle[row, 1])
        high, widest = max(high, middle[row, 1]), max(widest, reach[row] + side)
    some = np.empty(edges.shape)
    kept = 0
    left, low, right, top = math.inf, math.inf, -math.inf, -math.inf
    for k in range(len(edges)):
        x0, x1 = min(edges[k, 0], edges[k, 2]), max(edges[k, 0], edges[k, 2])
        y0, y1 = min(edges[k, 1], edges[k, 3]), max(edges[k, 1], edges[k, 3])
        left, low, right, top = min(left, x0), min(low, y0), max(right, x1), max(top, y1)
        if y1 >= south - widest and y0 <= high + widest and x1 >= west - widest:
            some[kept, 0], some[kept, 1] = edges[k, 0], edges[k, 1]
            some[kept, 2], some[kept, 3] = edges[k, 2], edges[k, 3]
            kept += 1
    return some[:kept], left, low, right, top


@nb.njit(cache=True, nogil=True)
def _slab(flat: FloatArray, line: bool, side: float, slab: FloatArray) -> None:
    """Find a turned box that holds whatever is near to a patch.

    Parameters
    ----------
    flat : ndarray, shape (4, 2)
        The patch's corners [m].
    line : bool
        Whether it is a line, there and back.
    side : float
        So near [m].
    slab : ndarray, shape (6,)
        Replaced: a direction along the patch [1], and least and greatest along it and to its
        left [m].
    """
    if line:
        dx, dy = flat[1, 0] - flat[0, 0], flat[1, 1] - flat[0, 1]
    else:
        dx = flat[2, 0] + flat[3, 0] - flat[0, 0] - flat[1, 0]
        dy = flat[2, 1] + flat[3, 1] - flat[0, 1] - flat[1, 1]
    long = math.sqrt(dx * dx + dy * dy)
    slab[0], slab[1] = (dx / long, dy / long) if long > 0.0 else (1.0, 0.0)
    slab[2] = slab[4] = math.inf
    slab[3] = slab[5] = -math.inf
    for k in range(4):
        along = flat[k, 0] * slab[0] + flat[k, 1] * slab[1]
        left = flat[k, 1] * slab[0] - flat[k, 0] * slab[1]
        slab[2], slab[3] = min(slab[2], along), max(slab[3], along)
        slab[4], slab[5] = min(slab[4], left), max(slab[5], left)
    # Sums of floats may be off by less than this where the earth is flat.
    slab[2:6:2] -= side + 1e-6
    slab[3:6:2] += side + 1e-6


@nb.njit(cache=True, nogil=True)
def _beside(slab: FloatArray, ax: float, ay: float, bx: float, by: float) -> bool:
    """Return whether an edge lies wholly on one side of a turned box."""
    c, s = slab[0], slab[1]
    a, b = ay * c - ax * s, by * c - bx * s
    if max(a, b) < slab[4] or min(a, b) > slab[5]:
        return True
    a, b = ax * c + ay * s, bx * c + by * s
    return bool(max(a, b) < slab[2] or min(a, b) > slab[3])


@nb.njit(cache=True, nogil=True)
def near_edges(
    edges: FloatArray,
    flat: FloatArray,
    line: BoolArray,
    middle: FloatArray,
    reach: FloatArray,
    rows: IntArray,
    side: float,
) -> tuple[BoolArray, BoolArray]:
    """Return which patches have their middle inside of an area, and which are near its edges.

    Parameters
    ----------
    edges : ndarray, shape (m, 4)
        Both ends of each; all the area's rings [m].
    flat, line, middle, reach : ndarray
        As in :class:`~barlovento.guard.drawing.Patches` [m].
    rows : ndarray of int, shape (n,)
        Which of the patches are asked about.
    side : float
        So near [m].

    Returns
    -------
    tuple of ndarray of bool, shape (n,)
        Inside, near.
    """
    n = len(rows)
    inside, near = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    if n == 0:
        return inside, near
    some, west, south, east, north = _relevant(edges, middle, reach, rows, side)
    slab = np.empty(6)
    for i in range(n):
        row = rows[i]
        x, y, around = middle[row, 0], middle[row, 1], reach[row] + side
        if x + around < west or x - around > east or y + around < south or y - around > north:
            continue
        _slab(flat[row], line[row], side, slab)
        for k in range(len(some)):
            ax, ay, bx, by = some[k, 0], some[k, 1], some[k, 2], some[k, 3]
            if (ay <= y) != (by <= y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                inside[i] = not inside[i]
            if near[i] or max(ax, bx) < x - around or min(ax, bx) > x + around:
                continue
            if _beside(slab, ax, ay, bx, by):
                continue
            if _from_line(x, y, ax, ay, bx, by) <= around * around:
                near[i] = _near(some[k], flat[row], line[row], side * side)
    return inside, near


@nb.njit(cache=True, nogil=True)
def first_near(
    edges: FloatArray, start: FloatArray, end: FloatArray, side: float
) -> tuple[bool, float]:
    """Return whether a line begins inside of an area, and where it first comes near to an edge.

    Parameters
    ----------
    edges : ndarray, shape (m, 4)
        Both ends of each; all the area's rings [m].
    start, end : ndarray, shape (2,)
        Of the line [m].
    side : float
        So near [m].

    Returns
    -------
    tuple of bool and float
        The second as a share of the line; infinite if never [1].
    """
    inside, first = False, math.inf
    x, y = start
    dx, dy = end[0] - x, end[1] - y
    long = math.sqrt(dx * dx + dy * dy)
    for edge in edges:
        ax, ay, bx, by = edge
        if (ay <= y) != (by <= y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
        if _from_line(x, y, ax, ay, bx, by) <= side * side:
            first = 0.0
        elif _between(edge, start, end) <= side * side:
            first = min(first, _enters(edge, x, y, dx / long, dy / long, side) / long)
    return inside, first


@nb.njit(cache=True, nogil=True)
def _enters(edge: FloatArray, x: float, y: float, dx: float, dy: float, side: float) -> float:
    """Return how far from a place a ray meets what is near to an edge [m].

    That is a capsule: discs about the edge's ends, and a box between them.
    """
    ax, ay, bx, by = edge
    first = math.inf
    for u, v in ((x - ax, y - ay), (x - bx, y - by)):
        half = u * dx + v * dy
        rest = half * half - (u * u + v * v - side * side)
        if rest >= 0.0 and -half - math.sqrt(rest) >= 0.0:
            first = min(first, -half - math.sqrt(rest))
    ex, ey = bx - ax, by - ay
    width = math.sqrt(ex * ex + ey * ey)
    if width > 0.0:
        off, speed = ((x - ax) * ey - (y - ay) * ex) / width, (dx * ey - dy * ex) / width
        if speed != 0.0:
            away = ((side if off > 0.0 else -side) - off) / speed
            along = (x + away * dx - ax) * ex + (y + away * dy - ay) * ey
            if away >= 0.0 and 0.0 <= along <= width * width:
                first = min(first, away)
    return first
