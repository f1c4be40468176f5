"""Compiled evidence of one source against none, over blocks of readings that share a turn.

The error story is that of ``docs/method/likelihood.md``: Student's t about background and plume, a
scatter that grows with the plume and with its lateral lever, a share of readings that miss the
plume, and a turn of the wind that all readings of a block share and that is summed over. What is
added here: the background's level within a block is summed over in closed form, and neighbouring
readings count fully where the sensor's noise decides and once per eddy where the plume's own
scatter does (docs/method/search.md).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from barlovento.dispersion.plume import N_VIEW, bell, ray, view

X, Y, Z, RATE, TURN, LATERAL, VERTICAL, SCATTER = range(8)
"""Columns of a hypothesis: place [m], ln rate [ln kg s-1], turn of the whole wind record [rad],
ln factors on s_y and s_z, ln scatter [1]."""

UNKNOWNS = 8

POINT_X, POINT_Y, POINT_Z, TOWARDS, SPEED, EVEN, EXCESS, VARIANCE, WEIGHT, EDDIES, HIDDEN, SCALE = (
    range(12)
)
"""Columns of a reading: place [m], where the wind goes to [rad], its speed [m s-1], share of the
even plume [1], reading less background [ug m-3], noise squared [ug2 m-6], weight [1], readings per
independent sample of the plume [1], 1 for a non-detect, scale of the block's turn [rad]."""

FAR_X, FAR_Y, PIECES, AIR = 12, 13, 14, 15
"""Half a path [m], zero for a point; pieces that it is cut into; row of the tables of spread."""

COLUMNS = 16

TURN_NODE = np.array([-3.3, -2.3, -1.6, -1.05, -0.6, -0.2, 0.2, 0.6, 1.05, 1.6, 2.3, 3.3])
"""Turns that are summed over, in units of their scale [1]."""

TURNS = TURN_NODE.shape[0]

_width = np.gradient(TURN_NODE) * (1.0 + 0.25 * TURN_NODE**2) ** -2.5
TURN_LOG_WEIGHT = np.log(_width / _width.sum())
"""Student's t with four degrees of freedom on those nodes [1]."""

SIZE = 1.0
"""Initial size of what a source lets out [m]."""

MISSED = 0.05
"""Share of short readings that miss the plume [1]."""

INFORMATION = 5.0 / 7.0
"""Mean curvature of Student's t with four degrees of freedom, in units of its scale [1]."""

LN2 = math.log(2.0)
ROOT_HALF = 0x3FE6A09E667F3BCD

KNOWN_SCATTER2 = 0.36
"""Squared scatter of plumes whose source is known already [1]."""

NOTHING = 2e-3
"""A plume fainter than this share of the noise is none [1]."""


@njit(cache=True, nogil=True, error_model="numpy")
def student_cdf(t):  # type: ignore[no-untyped-def]
    """Return the distribution function of Student's t with 4 degrees of freedom (closed form)."""
    q = 1.0 + 0.25 * t * t
    f = 0.5 + 0.375 * t / math.sqrt(q) * (1.0 - t * t / q / 12.0)
    if t < -30.0:
        f = 12.0 / (t * t * t * t)
    return max(f, 1e-300)


@njit(cache=True, nogil=True, error_model="numpy")
def add_reading(  # type: ignore[no-untyped-def]
    row, gamma2, m, q, s, bits, value, slope, bend
):
    """Add one reading at every turn.

    Parameters
    ----------
    row : ndarray, shape (COLUMNS,)
        The reading.
    gamma2 : float
        Squared scatter of the plume [1].
    m, q : ndarray, shape (t,)
        Plume and lever [ug m-3].
    s, bits : ndarray, shape (2 t,)
        Scratch, as numbers and as their bits.
    value, slope, bend : ndarray, shape (t,)
        Log likelihood less that without a plume [1], its slope by the background [m3 ug-1] and
        minus its mean curvature [m6 ug-2]; added to.
    """
    r, sig2, weight, eddies = row[EXCESS], row[VARIANCE], row[WEIGHT], row[EDDIES]
    if row[HIDDEN] > 0.5:
        calm = math.log(student_cdf(r / math.sqrt(sig2)))
        for t in range(TURNS):
            g = gamma2 * (m[t] * m[t] + q[t] * q[t])
            w = weight * (sig2 + g) / (sig2 + eddies * g)
            value[t] += w * (math.log(student_cdf((r - m[t]) / math.sqrt(sig2 + g))) - calm)
        return
    a = sig2 + 0.25 * r * r
    calm = sig2 * sig2 / (a * a * math.sqrt(a))
    rest = MISSED * calm
    for t in range(TURNS):
        g = gamma2 * (m[t] * m[t] + q[t] * q[t])
        s2 = sig2 + g
        w = weight * s2 / (sig2 + eddies * g)
        miss = r - m[t]
        inv = 1.0 / (s2 + 0.25 * miss * miss)
        f = (1.0 - MISSED) * s2 * s2 * inv * inv * math.sqrt(inv)
        both = f + rest
        slope[t] += w * f / both * 1.25 * miss * inv
        bend[t] += w * INFORMATION / s2
        s[t] = both / calm
        s[TURNS + t] = w
    # ln v = e ln 2 + ln f with f near one, and ln f by the series of the inverse tangent
    for t in range(TURNS):
        e = (bits[t] - ROOT_HALF) >> 52
        bits[t] = bits[t] - (e << 52)
        f = s[t]
        u = (f - 1.0) / (f + 1.0)
        v = u * u
        v = 1.0 + v * (1 / 3 + v * (1 / 5 + v * (1 / 7 + v * (1 / 9 + v / 11))))
        value[t] += s[TURNS + t] * (e * LN2 + 2.0 * u * v)


@njit(cache=True, nogil=True, error_model="numpy")
def level_summed(slope, bend, variance):  # type: ignore[no-untyped-def]
    """Return the gain in log likelihood when a block's level is summed over, to second order [1].

    The level of the background is Gaussian about its estimate with this variance [ug2 m-6].
    """
    return 0.5 * slope * slope / (bend + 1.0 / variance) - 0.5 * math.log1p(variance * bend)


@njit(cache=True, nogil=True, error_model="numpy")
def log_sum(values):  # type: ignore[no-untyped-def]
    """Return the log of the sum of exponentials."""
    top = np.max(values)
    total = 0.0
    for t in range(values.shape[0]):
        total += math.exp(values[t] - top)
    return top + math.log(total)


@njit(cache=True, nogil=True, error_model="numpy")
def shape_of(h, row, part, tab_y, tab_z, tab_u, top, inv_step, seen, err, spare):  # type: ignore[no-untyped-def]
    """Return amplitude, angle, spread and even part of a hypothesis at a piece of a reading.

    Concentrations are per rate [1e-9 s m-3], angles in [rad].
    """
    pieces = row[PIECES]
    along = (2.0 * part + 1.0) / pieces - 1.0
    ex = row[POINT_X] + along * row[FAR_X] - h[X]
    ey = row[POINT_Y] + along * row[FAR_Y] - h[Y]
    towards = row[TOWARDS] + h[TURN]
    if row[EVEN] <= 0.0 and ex * math.cos(towards) + ey * math.sin(towards) < -20.0:
        return 0.0, 0.0, 1.0, 0.0
    err[0], err[2], err[4] = h[LATERAL], h[VERTICAL], SIZE
    view(
        ex, ey, row[FAR_X] / pieces, row[FAR_Y] / pieces, err, inv_step, tab_y.shape[1], seen[0]
    )  # fmt: skip
    air = int(row[AIR])
    amplitude, angle, spread, even = ray(
        seen, 0, towards, row[POINT_Z], h[Z], row[SPEED], row[EVEN],
        tab_y, tab_z, tab_u, air, top[air], SIZE, spare,
    )  # fmt: skip
    return 1e9 * amplitude / pieces, angle, spread, 1e9 * even / pieces


@njit(cache=True, nogil=True, error_model="numpy")
def plume_of(h, rate, row, node, tab_y, tab_z, tab_u, top, inv_step, seen, err, m, q):  # type: ignore[no-untyped-def]
    """Fill plume and lever of a hypothesis at every turn; return whether there is any [ug m-3]."""
    scale = row[SCALE]
    least = NOTHING * math.sqrt(row[VARIANCE])
    some = False
    for part in range(int(row[PIECES])):
        amplitude, angle, spread, even = shape_of(
            h, row, part, tab_y, tab_z, tab_u, top, inv_step, seen, err, scale * node[TURNS - 1]
        )
        amplitude *= rate
        even *= rate
        if amplitude + even < least:
            continue
        if not some:
            m[:] = 0.0
            q[:] = 0.0
            some = True
        u0, du = angle / spread, scale / spread
        for t in range(TURNS):
            u = u0 - du * node[t]
            v = amplitude * bell(u)
            m[t] += v + even
            q[t] += v * u
    return some


@njit(cache=True, nogil=True, error_model="numpy")
def without(rows, seg_start, seg_sd, block_start, known, lever, log_weight):  # type: ignore[no-untyped-def]
    """Return what is so without a further source: of each reading, segment and block.

    Parameters
    ----------
    rows, seg_start, seg_sd, block_start, known, lever, log_weight
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
    s = np.empty(2 * TURNS)
    bits = s.view(np.int64)
    segments, blocks = seg_sd.shape[0], block_start.shape[0] - 1
    calm = np.zeros((3, rows.shape[0], TURNS))
    seg_slope, seg_bend = np.zeros((segments, TURNS)), np.zeros((segments, TURNS))
    base, total = np.zeros((blocks, TURNS)), np.zeros(blocks)
    for b in range(blocks):
        base[b] = log_weight
        for g in range(block_start[b], block_start[b + 1]):
            for i in range(seg_start[g], seg_start[g + 1]):
                add_reading(
                    rows[i], KNOWN_SCATTER2, known[i], lever[i], s, bits,
                    calm[0, i], calm[1, i], calm[2, i],
                )  # fmt: skip
                base[b] += calm[0, i]
                seg_slope[g] += calm[1, i]
                seg_bend[g] += calm[2, i]
            for t in range(TURNS):
                base[b, t] += level_summed(seg_slope[g, t], seg_bend[g, t], seg_sd[g] ** 2)
        total[b] = log_sum(base[b])
    return calm, seg_slope, seg_bend, base, total


@njit(cache=True, nogil=True, error_model="numpy")
def evidence(  # type: ignore[no-untyped-def]
    cloud, rows, seg_start, seg_sd, block_start, known, lever, tab_y, tab_z, tab_u, top,
    inv_step, node, log_weight, out,
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
    out : ndarray, shape (k,)
        Added to [1].
    """
    s = np.empty(2 * TURNS)
    bits = s.view(np.int64)
    m, q = np.empty(TURNS), np.empty(TURNS)
    seen, err = np.empty((1, N_VIEW)), np.zeros(6)
    slope, bend, own = np.empty(TURNS), np.empty(TURNS), np.empty(TURNS)
    blocks = block_start.shape[0] - 1
    calm, seg_slope, seg_bend, base, total = without(
        rows, seg_start, seg_sd, block_start, known, lever, log_weight
    )
    for p in range(cloud.shape[0]):
        h = cloud[p]
        scatter2, rate = math.exp(2.0 * h[SCATTER]), math.exp(h[RATE])
        for b in range(blocks):
            near = False
            for g in range(block_start[b], block_start[b + 1]):
                met = False
                for i in range(seg_start[g], seg_start[g + 1]):
                    row = rows[i]
                    if not plume_of(
                        h, rate, row, node, tab_y, tab_z, tab_u, top, inv_step, seen, err, m, q
                    ):
                        continue
                    if not met:
                        met = True
                        if not near:
                            near = True
                            own[:] = base[b]
                        slope[:] = seg_slope[g]
                        bend[:] = seg_bend[g]
                    for t in range(TURNS):
                        own[t] -= calm[0, i, t]
                        slope[t] -= calm[1, i, t]
                        bend[t] -= calm[2, i, t]
                        m[t] += known[i, t]
                        q[t] += lever[i, t]
                    add_reading(row, scatter2, m, q, s, bits, own, slope, bend)
                if met:
                    var = seg_sd[g] ** 2
                    for t in range(TURNS):
                        own[t] += level_summed(slope[t], bend[t], var) - level_summed(
                            seg_slope[g, t], seg_bend[g, t], var
                        )
            if near:
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
    m, q = np.empty(TURNS), np.empty(TURNS)
    seen, err = np.empty((1, N_VIEW)), np.zeros(6)
    for i in range(rows.shape[0]):
        for p in range(cloud.shape[0]):
            if plume_of(
                cloud[p],
                math.exp(cloud[p, RATE]),
                rows[i],
                node,
                tab_y,
                tab_z,
                tab_u,
                top,
                inv_step,
                seen,
                err,
                m,
                q,
            ):
                for t in range(TURNS):
                    known[i, t] += weight[p] * m[t]
                    lever[i, t] += weight[p] * q[t]


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
    seen, err = np.empty((1, N_VIEW)), np.zeros(6)
    for p in range(cloud.shape[0]):
        rate = math.exp(cloud[p, RATE])
        for i in range(rows.shape[0]):
            amplitude, angle, spread, even = shape_of(
                cloud[p], rows[i], 0, tab_y, tab_z, tab_u, top, inv_step, seen, err,
                rows[i, SCALE] * 3.3,
            )  # fmt: skip
            wide = math.hypot(spread, rows[i, SCALE])
            out[p, i] = rate * (amplitude * spread / wide * bell(angle / wide) + even)
