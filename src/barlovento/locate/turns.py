"""One reading at all turns of its block's wind: its log likelihood and slopes, on vectors.

The turns lie side by side in one array of scratch at fixed places, so that the compiler sees
that nothing overlaps and works on several turns at once; the logarithm is a series for the same
reason.
"""

from __future__ import annotations

import math

from numba import njit

from barlovento.locate.unknowns import TURNS

PLUME, LEVER, LOG, BY_PLUME, BY_SCALE, _PART, _REST = (TURNS * k for k in range(7))
"""Places in the scratch: plume and lever [ug m-3]; log likelihood [1] and its slopes."""

SCRATCH = 7 * TURNS
"""Length of the scratch [1]."""

LN2 = math.log(2.0)

ROOT_HALF = 0x3FE6A09E667F3BCD
"""Bits of the square root of one half, above which a mantissa counts to the next power of two."""


@njit(cache=True, nogil=True, error_model="numpy")
def clear_turns(s):  # type: ignore[no-untyped-def]
    """Set plume and lever to zero at every turn."""
    for t in range(2 * TURNS):
        s[t] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def add_plume(s, c, e):  # type: ignore[no-untyped-def]
    """Add one source's contribution and lever at every turn, shape (t,) [ug m-3]."""
    for t in range(TURNS):
        s[PLUME + t] += c[t]
    for t in range(TURNS):
        s[LEVER + t] += e[t]


@njit(cache=True, nogil=True, error_model="numpy")
def log_turns(s, bits, r, gain, sig2, gam2, missed):  # type: ignore[no-untyped-def]
    """Fill the log likelihood of one reading at every turn, less that without a plume.

    The density is a mixture of Student's t with four degrees of freedom about background and
    plume, and one about the background alone; see ``kernels.reading`` for a single turn.

    Parameters
    ----------
    s, bits : ndarray, shape (SCRATCH,)
        Scratch that holds plume and lever, as numbers and as their bits.
    r : float
        Reading less background [ug m-3].
    gain : float
        Of the sensor [1].
    sig2 : float
        Squared noise [ug2 m-6].
    gam2 : float
        Squared scatter of the plume [1].
    missed : float
        Share of readings that miss the plume [1].
    """
    a = sig2 + 0.25 * r * r
    calm = sig2 * sig2 / (a * a * math.sqrt(a))
    rest = missed * calm
    hit = 1.0 - missed
    k2 = gam2 * gain * gain
    for t in range(TURNS):
        m, q = s[PLUME + t], s[LEVER + t]
        s2 = sig2 + k2 * (m * m + q * q)
        miss = r - gain * m
        inv = 1.0 / (s2 + 0.25 * miss * miss)
        f = hit * s2 * s2 * inv * inv * math.sqrt(inv)
        both = f + rest
        share = f / both
        s[BY_PLUME + t] = share * 1.25 * miss * inv
        s[BY_SCALE + t] = share * (2.0 / s2 - 2.5 * inv)
        s[_PART + t] = both / calm
    # ln v = e ln 2 + ln f with f near one, and ln f by the series of the inverse tangent
    for t in range(TURNS):
        e = (bits[_PART + t] - ROOT_HALF) >> 52
        bits[_REST + t] = bits[_PART + t] - (e << 52)
        s[LOG + t] = e * LN2
    for t in range(TURNS):
        f = s[_REST + t]
        u = (f - 1.0) / (f + 1.0)
        v = u * u
        v = 1.0 + v * (1 / 3 + v * (1 / 5 + v * (1 / 7 + v * (1 / 9 + v * (1 / 11 + v / 13)))))
        s[LOG + t] += 2.0 * u * v


@njit(cache=True, nogil=True, error_model="numpy")
def log_sum(values):  # type: ignore[no-untyped-def]
    """Return the log of the sum of exponentials."""
    top = values[0]
    for t in range(1, values.shape[0]):
        top = max(top, values[t])
    total = 0.0
    for t in range(values.shape[0]):
        total += math.exp(values[t] - top)
    return top + math.log(total)
