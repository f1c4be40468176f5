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

from barlovento.dispersion.plume import TWO_PI, bell, vertical

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

FAR_X, FAR_Y, PIECES, AIR, MET2, GAS, REACH = 12, 13, 14, 15, 16, 17, 18
"""Half a path [m], zero for a point; pieces that it is cut into; row of the tables of spread; square
of the most that was read above the background within an eddy of it [ug2 m-6]; what is gained where
some plume explains that gas was read here at all [1], and the plume that half explains it
[ug m-3]."""

COLUMNS = 19

EDDY_SCATTER2 = 0.36
"""Squared scatter from eddy to eddy, by which readings of one eddy count as one [1]."""

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

NOTHING = 0.01
"""A plume fainter than this share of the noise is none [1]."""


@njit(cache=True, nogil=True, error_model="numpy")
def student_cdf(t):  # type: ignore[no-untyped-def]
    """Return the distribution function of Student's t with 4 degrees of freedom (closed form)."""
    q = 1.0 + 0.25 * t * t
    f = 0.5 + 0.375 * t / math.sqrt(q) * (1.0 - t * t / q / 12.0)
    if t < -30.0:
        f = 12.0 / (t * t * t * t)
    return max(f, 1e-300)


PLUME, LEVER, OWN, SLOPE, BEND, NODE, _PART, _SHARE = (TURNS * k for k in range(8))
"""Places in the scratch, which lies in one array so that loops over turns run on vectors: plume
and lever [ug m-3], then sums over readings: log likelihood less that without a plume [1], its slope
by the background [m3 ug-1], minus its mean curvature [m6 ug-2]; and the turns in units of their
scale [1]."""

SCRATCH = 8 * TURNS


@njit(cache=True, nogil=True, error_model="numpy")
def add_reading(rows, i, gamma2, s, bits):  # type: ignore[no-untyped-def]
    """Add one reading to the sums in the scratch, at every turn.

    Parameters
    ----------
    rows, i : ndarray, shape (n, COLUMNS), and int
        The reading.
    gamma2 : float
        Squared scatter of the plume [1].
    s, bits : ndarray, shape (SCRATCH,)
        Scratch with plume and lever, as numbers and as their bits.
    """
    r, sig2 = rows[i, EXCESS], rows[i, VARIANCE]
    weight, more, met2 = rows[i, WEIGHT], rows[i, EDDIES] - 1.0, rows[i, MET2]
    gas, reach = rows[i, GAS], rows[i, REACH]
    if rows[i, HIDDEN] > 0.5:
        calm = math.log(student_cdf(r / math.sqrt(sig2)))
        for t in range(TURNS):
            m, q = s[PLUME + t], s[LEVER + t]
            both = m * m + q * q
            g, air = gamma2 * both, EDDY_SCATTER2 * (both + met2)
            w = weight * (sig2 + air) / (sig2 + air + more * air)
            s[OWN + t] += w * (math.log(student_cdf((r - m) / math.sqrt(sig2 + g))) - calm)
        return
    a = sig2 + 0.25 * r * r
    calm = sig2 * sig2 / (a * a * math.sqrt(a))
    rest, inverse = MISSED * calm, 1.0 / calm
    for t in range(TURNS):
        m, q = s[PLUME + t], s[LEVER + t]
        strong2 = m * m + q * q
        air = EDDY_SCATTER2 * (strong2 + met2)
        s2 = sig2 + gamma2 * strong2
        w = weight * (sig2 + air) / (sig2 + air + more * air)
        miss = r - m
        inv = 1.0 / (s2 + 0.25 * miss * miss)
        f = (1.0 - MISSED) * s2 * s2 * inv * inv * math.sqrt(inv)
        both = f + rest
        s[SLOPE + t] += w * f / both * 1.25 * miss * inv
        s[BEND + t] += w * INFORMATION / s2
        s[_PART + t] = both * inverse
        s[_SHARE + t] = w
        # that there was gas at all is known from each reading, how much only from each eddy
        s[OWN + t] += (weight - w) * gas * m * m / (m * m + reach * reach)
    # ln v = e ln 2 + ln f with f near one, and ln f by the series of the inverse tangent
    for t in range(TURNS):
        e = (bits[_PART + t] - ROOT_HALF) >> 52
        bits[_PART + t] -= e << 52
        s[OWN + t] += s[_SHARE + t] * e * LN2
    for t in range(TURNS):
        f = s[_PART + t]
        u = (f - 1.0) / (f + 1.0)
        v = u * u
        v = 1.0 + v * (1 / 3 + v * (1 / 5 + v * (1 / 7 + v * (1 / 9 + v / 11))))
        s[OWN + t] += s[_SHARE + t] * 2.0 * u * v


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
def evidence(  # type: ignore[no-untyped-def]
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
