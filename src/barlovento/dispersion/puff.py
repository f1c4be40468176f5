"""Puffs on the path that the wind has taken: what a reading sees where wind is light or turns.

A puff is written as a plume's ray is (:mod:`barlovento.dispersion.plume`): an amplitude, an angle,
an angular spread and a part that is even all round, so that sums over turns of the wind need not
know which of both they add. The kernels are compiled once and cached.
"""

from __future__ import annotations

import math

from numba import njit

from barlovento.dispersion.plume import CUT, SMEAR, TWO_PI, off_axis, vertical

N_PUFF = 8
"""Columns of a puff: distance drifted [m], turn from the reading's wind [rad], ln of the path's
length over 100 m [1], s_y and s_z [m], variance of its piece of the drift along and across [m2],
and weight [s]."""

DISTANCE, TURN, LN_LENGTH, SIGMA_Y, SIGMA_Z, ALONG, ACROSS, WEIGHT = range(N_PUFF)

SIGMA_V = 0.5
"""Sideways meander of an hour, whatever the wind: CALPUFF's least lateral turbulence over land;
Scire, Strimaitis and Yamartino (2000), A User's Guide for CALPUFF 5, input group 12 [m s-1]."""

SIGMA_W = (0.20, 0.12, 0.08, 0.06, 0.03, 0.016)
"""Least vertical turbulence of the Pasquill classes A-F, from the same table [m s-1]."""

TWO_PI_3_2 = TWO_PI**1.5

FIT = (0.6188, -0.3950, -0.0819, 0.3566)
"""Of the angular spread by the ratio of drift to size, see :func:`_lobe`; fitted so that the
angle's integral is kept to .5 % [1]."""


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _lobe(kappa):  # type: ignore[no-untyped-def]
    """Return F and dF/dkappa of the lobe that a puff shows over angles.

    exp(-kappa (1 - cos u)) = e + (1 - e) exp(-F u^2 / 2) nearly, with e = exp(-2 kappa): what is
    seen from behind is even, and the rest is a bell whose foot is at zero there. F tends to
    kappa - 1/4 for a narrow puff.
    """
    top = FIT[0] + kappa * (FIT[1] + kappa * FIT[2])
    low = 1.0 + kappa * (FIT[3] - 4.0 * FIT[2] * kappa)
    slope = (FIT[1] + 2.0 * FIT[2] * kappa - top / low * (FIT[3] - 8.0 * FIT[2] * kappa)) / low
    return kappa + top / low, 1.0 + slope


@njit(cache=True, nogil=True, error_model="numpy")
def puff_ray(seen, site, puff, node, towards, z, h, top, err, spare):  # type: ignore[no-untyped-def]
    """Return how a receptor stands to one puff: amplitude, angle, angular spread, even part.

    With d the distance that the gas drifted in the travel time and r that of receptor and source,
    the concentration per unit rate with the wind turned anticlockwise by t is
    ``w V / ((2 pi)^1.5 s_a s_c s_z) exp(-(r - d)^2 / 2 s_a^2) exp(-k (1 - cos(angle - t)))``,
    ``k = r d / s_c^2``, which is given as
    ``amplitude exp(-(angle - t)^2 / 2 spread^2) + even``.

    Parameters
    ----------
    seen, site : ndarray, shape (s, N_VIEW), and int
        Rows by :func:`~barlovento.dispersion.plume.view`, whose factors are by distance and not
        used; and which of them.
    puff, node : ndarray, shape (m, N_PUFF), and int
        See ``N_PUFF``; and which of them.
    towards : float
        Where the wind of the reading goes to, anticlockwise from east [rad].
    z, h : float
        Heights of receptor and release [m].
    top : float
        Mixing height [m].
    err : ndarray, shape (6,)
        As in :func:`~barlovento.dispersion.plume.view`.
    spare : float
        Largest turn that will be asked for; beyond the cut for it the amplitude is zero [rad].

    Returns
    -------
    amplitude, angle, spread, even : float
        [s m-3], [rad], [rad], [s m-3].

    References
    ----------
    Pasquill and Smith (1983), Atmospheric Diffusion, eq. 6.1 before it is integrated over time.
    """
    r, off = seen[site, 0], seen[site, 0] - puff[node, DISTANCE]
    angle = off_axis(seen[site, 2], towards + puff[node, TURN])
    a = puff[node, SIGMA_Y] * math.exp(err[0] + err[1] * puff[node, LN_LENGTH])
    s2 = a * a + err[4] * err[4]
    piece = SMEAR * (seen[site, 10] * seen[site, 10] + seen[site, 11] * seen[site, 11])
    along2 = s2 + puff[node, ALONG] + max(piece - seen[site, 7], 0.0)
    if off * off > CUT * CUT * along2:
        return 0.0, angle, 1.0, 0.0
    across2 = s2 + puff[node, ACROSS] + seen[site, 7]
    kappa = r * puff[node, DISTANCE] / across2
    spread = 1.0 / math.sqrt(_lobe(kappa)[0])
    inside = abs(angle) - spare < CUT * spread
    behind = 4.0 * kappa < CUT * CUT
    if not (inside or behind):
        return 0.0, angle, spread, 0.0
    b = puff[node, SIGMA_Z] * math.exp(err[2] + err[3] * puff[node, LN_LENGTH])
    szt = math.sqrt(b * b + err[4] * err[4])
    v, _, _ = vertical(z, h, szt, top)
    peak = puff[node, WEIGHT] * v / (TWO_PI_3_2 * szt * math.sqrt(along2 * across2))
    peak *= math.exp(-0.5 * off * off / along2)
    share = math.exp(-2.0 * kappa) if behind else 0.0
    return (peak * (1.0 - share) if inside else 0.0), angle, spread, peak * share


@njit(cache=True, nogil=True, error_model="numpy")
def puff_ray_gradient(  # type: ignore[no-untyped-def]
    seen, site, puff, node, towards, z, h, top, err, spare, work, row
):
    """Return :func:`puff_ray` and fill the derivatives of what it returns.

    Parameters
    ----------
    seen, site, puff, node, towards, z, h, top, err, spare
        As in :func:`puff_ray`.
    work, row : ndarray, shape (rows, 40 or more), and int
        The row is filled as by :func:`~barlovento.dispersion.plume.ray_gradient`; left alone
        where both parts are zero.

    Returns
    -------
    amplitude, angle, spread, even : float
        As in :func:`puff_ray`.
    """
    r, off = seen[site, 0], seen[site, 0] - puff[node, DISTANCE]
    angle = off_axis(seen[site, 2], towards + puff[node, TURN])
    lk = puff[node, LN_LENGTH]
    a = puff[node, SIGMA_Y] * math.exp(err[0] + err[1] * lk)
    s02 = err[4] * err[4]
    s2 = a * a + s02
    piece = SMEAR * (seen[site, 10] * seen[site, 10] + seen[site, 11] * seen[site, 11])
    along2 = s2 + puff[node, ALONG] + max(piece - seen[site, 7], 0.0)
    if off * off > CUT * CUT * along2:
        return 0.0, angle, 1.0, 0.0
    across2 = s2 + puff[node, ACROSS] + seen[site, 7]
    kappa = r * puff[node, DISTANCE] / across2
    lobe, lobe_k = _lobe(kappa)
    spread = 1.0 / math.sqrt(lobe)
    inside = abs(angle) - spare < CUT * spread
    behind = 4.0 * kappa < CUT * CUT
    if not (inside or behind):
        return 0.0, angle, spread, 0.0
    b = puff[node, SIGMA_Z] * math.exp(err[2] + err[3] * lk)
    sz2 = b * b + s02
    szt = math.sqrt(sz2)
    v, v_s, v_h = vertical(z, h, szt, top)
    peak = puff[node, WEIGHT] * v / (TWO_PI_3_2 * szt * math.sqrt(along2 * across2))
    peak *= math.exp(-0.5 * off * off / along2)
    share = math.exp(-2.0 * kappa) if behind else 0.0
    even = peak * share
    for n in range(40):
        work[row, n] = 0.0
    # by ln kappa: ln (1 - share), ln spread, ln share
    lit_k = 2.0 * kappa * share / max(-math.expm1(-2.0 * kappa), 1e-300) if kappa > 0.0 else 1.0
    spread_k = -0.5 * kappa * lobe_k / lobe
    # by ln s_along, the half that the exponent adds included
    by_along = off * off / along2 - 1.0
    by_r = -off / along2
    # the pieces that depend on place: distance, and how a piece of path is seen
    ex, ey = seen[site, 8], seen[site, 9]
    rx, ry = -ex / r, -ey / r
    part = SMEAR * seen[site, 12] / (r * r)
    part_x = part * (seen[site, 11] - seen[site, 12] * rx / r)
    part_y = part * (-seen[site, 10] - seen[site, 12] * ry / r)
    by_part = -1.0 / across2 - by_along / along2
    e2 = max(ex * ex + ey * ey, 1e-12)
    angle_r = -err[5] / r
    work[row, 0], work[row, 1] = by_r * rx + by_part * part_x, by_r * ry + by_part * part_y
    work[row, 10], work[row, 11] = ey / e2 + angle_r * rx, -ex / e2 + angle_r * ry
    # ln kappa by place, kept where the derivatives of ln spread will stand
    work[row, 20] = rx / r - 2.0 * part_x / across2
    work[row, 21] = ry / r - 2.0 * part_y / across2
    # by height, turn, and the six errors
    by_sz = (v_s / v if v > 1e-300 else 0.0) * szt - 1.0
    work[row, 2] = v_h / v if v > 1e-300 else 0.0
    work[row, 13] = -1.0
    share_y = a * a / across2
    work[row, 4] = by_along * a * a / along2 - share_y
    work[row, 24] = -2.0 * share_y
    work[row, 6] = by_sz * b * b / sz2
    work[row, 5], work[row, 7], work[row, 25] = (
        lk * work[row, 4],
        lk * work[row, 6],
        lk * work[row, 24],
    )
    work[row, 8] = by_along * s02 / along2 - s02 / across2 + by_sz * s02 / sz2
    work[row, 28] = -2.0 * s02 / across2
    work[row, 19] = -seen[site, 1]
    for n in range(10):
        k = work[row, 20 + n]
        work[row, 30 + n] = even * (work[row, n] - 2.0 * kappa * k)
        work[row, n] += lit_k * k
        work[row, 20 + n] = spread_k * k
    return (peak * (1.0 - share) if inside else 0.0), angle, spread, even


@njit(cache=True, nogil=True, error_model="numpy")
def puff_coupling(seen, site, puff, node, towards, z, h, top, err):  # type: ignore[no-untyped-def]
    """Return one puff's concentration per unit rate at one place, and its lateral lever.

    Parameters
    ----------
    seen, site, puff, node, towards, z, h, top, err
        As in :func:`puff_ray`.

    Returns
    -------
    c, lever : float
        [s m-3], and the part that is not even times angle / spread [s m-3].
    """
    amplitude, angle, spread, even = puff_ray(seen, site, puff, node, towards, z, h, top, err, 0.0)
    u = angle / spread
    c = amplitude * math.exp(-0.5 * u * u)
    return c + even, c * u
