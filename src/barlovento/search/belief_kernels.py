"""Compiled evidence of one source against none, over blocks of readings that share a turn.

The turn of the wind in a block is summed over on a grid, as in ``docs/method/likelihood.md``; the
background's level within a block is summed over in closed form (docs/method/search.md).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.dispersion.plume import TWO_PI, bell, vertical
from barlovento.search.belief_likelihood import (
    AIR,
    BEND,
    EVEN,
    FAR_X,
    FAR_Y,
    LATERAL,
    LEVER,
    NODE,
    NOTHING,
    OWN,
    PIECES,
    PLUME,
    POINT_X,
    POINT_Y,
    POINT_Z,
    RATE,
    SCALE,
    SCATTER,
    SCRATCH,
    SIZE,
    SLOPE,
    SPEED,
    TOWARDS,
    TURN,
    TURNS,
    VARIANCE,
    VERTICAL,
    X,
    Y,
    Z,
    add_reading,
    level_summed,
    log_sum,
)


@njit(cache=True, nogil=True, error_model="numpy")
def shape_of(  # type: ignore[no-untyped-def]
    x, y, z, turn, wider, higher, rows, i, part, tab_y, tab_z, tab_u, top, inv_step
):
    """Return how a piece of a reading stands in the plume of a source, per unit rate.

    What :func:`barlovento.dispersion.plume.ray` returns, without its arrays: whole arrays are
    handed in with a place in them, since slices and views cost more than the sums. A test holds
    the two together.

    Parameters
    ----------
    x, y, z : float
        Place of the source [m].
    turn : float
        Of the wind record [rad].
    wider, higher : float
        Factors on s_y and s_z [1].
    rows, i, part : ndarray, shape (n, COLUMNS), and int
        The reading, and which piece of its path.
    tab_y, tab_z, tab_u, top, inv_step
        Tables of spread.

    Returns
    -------
    amplitude, angle, spread, even : float
        [1e-9 s m-3], [rad], [rad], [1e-9 s m-3].
    """
    ex, ey = rows[i, POINT_X] - x, rows[i, POINT_Y] - y
    wide2 = 0.0
    path2 = 0.0
    pieces = rows[i, PIECES]
    if rows[i, FAR_X] != 0.0 or rows[i, FAR_Y] != 0.0:
        along = (2.0 * part + 1.0) / pieces - 1.0
        ex += along * rows[i, FAR_X]
        ey += along * rows[i, FAR_Y]
        hx, hy = rows[i, FAR_X] / pieces, rows[i, FAR_Y] / pieces
        path2 = (hx * hx + hy * hy) / 3.0
        wide2 = (hx * ey - hy * ex) ** 2 / 3.0
    towards = rows[i, TOWARDS] + turn
    c, s = math.cos(towards), math.sin(towards)
    down, cross = ex * c + ey * s, ey * c - ex * s
    radial = rows[i, EVEN]
    if radial <= 0.0 and down < -20.0:
        return 0.0, 0.0, 1.0, 0.0
    r2 = ex * ex + ey * ey + path2 + 1e-4
    r = math.sqrt(r2)
    g = math.sqrt(r) * inv_step
    k = min(int(g), tab_y.shape[1] - 2)
    f = g - k
    air = int(rows[i, AIR])
    sy = wider * (tab_y[air, k] + f * (tab_y[air, k + 1] - tab_y[air, k]))
    spread = math.sqrt(sy * sy + SIZE * SIZE + wide2 / r2) / r
    angle = math.atan2(cross, down)
    sz = higher * (tab_z[air, k] + f * (tab_z[air, k + 1] - tab_z[air, k]))
    ratio = tab_u[air, k] + f * (tab_u[air, k + 1] - tab_u[air, k])
    szt = math.sqrt(sz * sz + SIZE * SIZE)
    v, _, _ = vertical(rows[i, POINT_Z], z, szt, top[air])
    both = 1e9 * v / (TWO_PI * szt * rows[i, SPEED] * ratio * pieces)
    even = 0.0
    if radial > 0.0:
        even = radial * both / math.sqrt(TWO_PI * (r2 + SIZE * SIZE))
    return (1.0 - radial) * both / (spread * r), angle, spread, even


@njit(cache=True, nogil=True, error_model="numpy")
def plume_of(  # type: ignore[no-untyped-def]
    x, y, z, rate, turn, wider, higher, rows, i, tab_y, tab_z, tab_u, top, inv_step, s
):
    """Fill plume and lever of a source at every turn; return whether there is any.

    Parameters
    ----------
    x, y, z, turn, wider, higher, rows, i, tab_y, tab_z, tab_u, top, inv_step
        As in :func:`shape_of`.
    rate : float
        [kg s-1].
    s : ndarray, shape (SCRATCH,)
        Scratch with the turns; filled.
    """
    scale = rows[i, SCALE]
    least = NOTHING * math.sqrt(rows[i, VARIANCE])
    some = False
    for part in range(int(rows[i, PIECES])):
        amplitude, angle, spread, even = shape_of(
            x, y, z, turn, wider, higher, rows, i, part, tab_y, tab_z, tab_u, top, inv_step
        )
        amplitude *= rate
        even *= rate
        if amplitude + even < least:
            continue
        u0, du = angle / spread, scale / spread
        if even < least:
            off = max(abs(u0) - du * s[NODE + TURNS - 1], 0.0)
            if amplitude * bell(off) < least:
                continue
        if not some:
            for t in range(2 * TURNS):
                s[PLUME + t] = 0.0
            some = True
        for t in range(TURNS):
            u = u0 - du * s[NODE + t]
            v = amplitude * bell(u)
            s[PLUME + t] += v + even
            s[LEVER + t] += v * u
    return some


@njit(cache=True, nogil=True, error_model="numpy")
def without(rows, seg_start, seg_sd, block_start, known, lever, log_weight, known_scatter2):  # type: ignore[no-untyped-def]
    """Return what is so without a further source: of each reading, segment and block.

    Parameters
    ----------
    rows, seg_start, seg_sd, block_start, known, lever, log_weight, known_scatter2
        As in :func:`evidence`.

    Returns
    -------
    calm : ndarray, shape (3, n, t)
        Log likelihood, slope and curvature of each reading, see :func:`add_reading`.
    seg_slope, seg_bend : ndarray, shape (g, t)
        Sums over segments.
    base : ndarray, shape (b, t)
        Log likelihood of each block at each turn [1].
    total : ndarray, shape (b,)
        Its log sum over turns [1].
    """
    s = np.empty(SCRATCH)
    bits = s.view(np.int64)
    segments, blocks = seg_sd.shape[0], block_start.shape[0] - 1
    calm = np.zeros((3, rows.shape[0], TURNS))
    seg_slope, seg_bend = np.zeros((segments, TURNS)), np.zeros((segments, TURNS))
    base, total = np.zeros((blocks, TURNS)), np.zeros(blocks)
    for b in range(blocks):
        base[b] = log_weight
        for g in range(block_start[b], block_start[b + 1]):
            for i in range(seg_start[g], seg_start[g + 1]):
                for t in range(TURNS):
                    s[PLUME + t] = known[i, t]
                    s[LEVER + t] = lever[i, t]
                    s[OWN + t] = s[SLOPE + t] = s[BEND + t] = 0.0
                add_reading(rows, i, known_scatter2, s, bits)
                for t in range(TURNS):
                    calm[0, i, t] = s[OWN + t]
                    calm[1, i, t] = s[SLOPE + t]
                    calm[2, i, t] = s[BEND + t]
                base[b] += calm[0, i]
                seg_slope[g] += calm[1, i]
                seg_bend[g] += calm[2, i]
            for t in range(TURNS):
                base[b, t] += level_summed(seg_slope[g, t], seg_bend[g, t], seg_sd[g] ** 2)
        total[b] = log_sum(base[b])
    return calm, seg_slope, seg_bend, base, total


@njit(cache=True, nogil=True, error_model="numpy")
def evidence(  # type: ignore[no-untyped-def]  # noqa: C901
    cloud, rows, seg_start, seg_sd, block_start, known, lever, tab_y, tab_z, tab_u, top,
    inv_step, node, log_weight, known_scatter2, out,
):  # fmt: skip
    """Add each hypothesis' log likelihood less that without it.

    Parameters
    ----------
    cloud : ndarray, shape (k, UNKNOWNS)
        Hypotheses of one source.
    rows : ndarray, shape (n, COLUMNS)
        Readings, sorted by block and sensor.
    seg_start : ndarray of int, shape (g + 1,)
        First reading of each segment: one sensor within one block.
    seg_sd : ndarray, shape (g,)
        sd of the background's level within the segment [ug m-3].
    block_start : ndarray of int, shape (b + 1,)
        First segment of each block.
    known, lever : ndarray, shape (n, t)
        What other sources add at every turn, and its lateral lever [ug m-3].
    tab_y, tab_z, tab_u, top, inv_step
        Tables of spread, see :class:`barlovento.dispersion.spread.SpreadTables`.
    node, log_weight : ndarray, shape (t,)
        Turns that are summed over, and their weights [1].
    known_scatter2 : float
        Squared scatter of what other sources add [1].
    out : ndarray, shape (k,)
        Added to [1].
    """
    s = np.empty(SCRATCH)
    bits = s.view(np.int64)
    own = np.empty(TURNS)
    s[NODE : NODE + TURNS] = node
    blocks = block_start.shape[0] - 1
    calm, seg_slope, seg_bend, base, total = without(
        rows, seg_start, seg_sd, block_start, known, lever, log_weight, known_scatter2
    )
    for p in range(cloud.shape[0]):
        x, y, z, turn = cloud[p, X], cloud[p, Y], cloud[p, Z], cloud[p, TURN]
        rate, scatter2 = math.exp(cloud[p, RATE]), math.exp(2.0 * cloud[p, SCATTER])
        wider, higher = math.exp(cloud[p, LATERAL]), math.exp(cloud[p, VERTICAL])
        for b in range(blocks):
            near = False
            for g in range(block_start[b], block_start[b + 1]):
                met = False
                for i in range(seg_start[g], seg_start[g + 1]):
                    if not plume_of(
                        x,
                        y,
                        z,
                        rate,
                        turn,
                        wider,
                        higher,
                        rows,
                        i,
                        tab_y,
                        tab_z,
                        tab_u,
                        top,
                        inv_step,
                        s,
                    ):
                        continue
                    if not near:
                        near = True
                        for t in range(TURNS):
                            s[OWN + t] = base[b, t]
                    if not met:
                        met = True
                        for t in range(TURNS):
                            s[SLOPE + t] = seg_slope[g, t]
                            s[BEND + t] = seg_bend[g, t]
                    for t in range(TURNS):
                        s[PLUME + t] += known[i, t]
                        s[LEVER + t] += lever[i, t]
                        s[OWN + t] -= calm[0, i, t]
                        s[SLOPE + t] -= calm[1, i, t]
                        s[BEND + t] -= calm[2, i, t]
                    add_reading(rows, i, scatter2, s, bits)
                if met:
                    var = seg_sd[g] ** 2
                    for t in range(TURNS):
                        s[OWN + t] += level_summed(s[SLOPE + t], s[BEND + t], var) - level_summed(
                            seg_slope[g, t], seg_bend[g, t], var
                        )
            if near:
                for t in range(TURNS):
                    own[t] = s[OWN + t]
                out[p] += log_sum(own) - total[b]


@njit(cache=True, nogil=True, error_model="numpy")
def explained(  # type: ignore[no-untyped-def]
    cloud, weight, rows, tab_y, tab_z, tab_u, top, inv_step, node, known, lever
):
    """Add what a source is expected to add at every reading and turn, and its lever [ug m-3].

    Parameters
    ----------
    cloud, weight : ndarray, shape (k, UNKNOWNS), (k,)
        Draws of the source and their weights [1].
    rows, tab_y, tab_z, tab_u, top, inv_step, node
        As in :func:`evidence`.
    known, lever : ndarray, shape (n, t)
        Added to.
    """
    s = np.empty(SCRATCH)
    s[NODE : NODE + TURNS] = node
    for p in range(cloud.shape[0]):
        x, y, z, turn = cloud[p, X], cloud[p, Y], cloud[p, Z], cloud[p, TURN]
        rate = math.exp(cloud[p, RATE])
        wider, higher = math.exp(cloud[p, LATERAL]), math.exp(cloud[p, VERTICAL])
        for i in range(rows.shape[0]):
            if plume_of(
                x, y, z, rate, turn, wider, higher, rows, i, tab_y, tab_z, tab_u, top, inv_step, s,
            ):  # fmt: skip
                for t in range(TURNS):
                    known[i, t] += weight[p] * s[PLUME + t]
                    lever[i, t] += weight[p] * s[LEVER + t]


@njit(cache=True, nogil=True, error_model="numpy")
def foreseen(cloud, rows, tab_y, tab_z, tab_u, top, inv_step, out):  # type: ignore[no-untyped-def]
    """Fill the mean plume of each hypothesis at each place, widened by the turns [ug m-3].

    Parameters
    ----------
    cloud : ndarray, shape (k, UNKNOWNS)
        Hypotheses.
    rows : ndarray, shape (n, COLUMNS)
        Places as readings.
    tab_y, tab_z, tab_u, top, inv_step
        As in :func:`evidence`.
    out : ndarray, shape (k, n)
        Filled.
    """
    for p in range(cloud.shape[0]):
        x, y, z, turn = cloud[p, X], cloud[p, Y], cloud[p, Z], cloud[p, TURN]
        rate = math.exp(cloud[p, RATE])
        wider, higher = math.exp(cloud[p, LATERAL]), math.exp(cloud[p, VERTICAL])
        for i in range(rows.shape[0]):
            amplitude, angle, spread, even = shape_of(
                x, y, z, turn, wider, higher, rows, i, 0, tab_y, tab_z, tab_u, top, inv_step
            )
            wide = math.hypot(spread, rows[i, SCALE])
            out[p, i] = rate * (amplitude * spread / wide * bell(angle / wide) + even)
