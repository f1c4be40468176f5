"""Compiled likelihood of a reading at all turns of the wind, and the columns that describe it.

The error story is that of ``docs/method/likelihood.md``: Student's t about background and plume, a
scatter that grows with the plume and with its lateral lever, a share of readings that miss the
plume. How readings of one eddy are counted is in ``docs/method/search.md``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

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
"""Half a path [m], zero for a point; pieces that it is cut into; row of the tables of spread;
square of the most that was read above the background within an eddy of it [ug2 m-6]; what is
gained where some plume explains that gas was read here at all [1], and the plume that half
explains it [ug m-3]."""

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

PLUME, LEVER, OWN, SLOPE, BEND, NODE, _PART, _SHARE = (TURNS * k for k in range(8))
"""Places in the scratch, which lies in one array so that loops over turns run on vectors: plume
and lever [ug m-3], then sums over readings: log likelihood less that without a plume [1], its slope
by the background [m3 ug-1], minus its mean curvature [m6 ug-2]; and the turns in units of their
scale [1]."""

SCRATCH = 8 * TURNS


@njit(cache=True, nogil=True, error_model="numpy")
def student_cdf(t):  # type: ignore[no-untyped-def]
    """Return the distribution function of Student's t with 4 degrees of freedom (closed form)."""
    q = 1.0 + 0.25 * t * t
    f = 0.5 + 0.375 * t / math.sqrt(q) * (1.0 - t * t / q / 12.0)
    if t < -30.0:
        f = 12.0 / (t * t * t * t)
    return max(f, 1e-300)


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
