"""Gaussian plume on arcs, reflected at the ground and at the mixing height, and its derivatives.

Distance and angle from the source stand in for downwind and crosswind distance: a turn of the wind
then moves the angle alone, and a whole set of turns costs one look-up of the spreads.

The spread comes from the tables of :mod:`barlovento.dispersion.spread`. The kernels are compiled
once and cached.
"""

from __future__ import annotations

import math

from numba import njit

CUT = 4.5
"""Angular spreads beyond which the plume counts as nothing [1]."""

X_REFERENCE = 100.0
"""Distance at which the slopes of the spread errors pivot [m]."""

LN_REFERENCE = math.log(X_REFERENCE)

TWO_PI = 2.0 * math.pi

ROOT_TWO_PI = math.sqrt(TWO_PI)


@njit(cache=True, nogil=True, error_model="numpy")
def vertical(z: float, h: float, s: float, top: float) -> tuple[float, float, float]:
    """Return the vertical factor of the plume and its derivatives.

    V = sum over images of exp(-(z - h')^2 / 2 s^2), with images at -h and, when the plume
    fills a good part of the mixing layer, at 2 top -/+ h and -2 top -/+ h.

    Parameters
    ----------
    z, h, s, top : float
        Height of the receptor, of the release, vertical spread and mixing height [m].

    Returns
    -------
    value, by_sigma, by_height : float
        V [1], dV/ds [m-1], dV/dh [m-1].
    """
    if s > 1.3 * top:
        # The images have merged: the layer is filled evenly.
        return ROOT_TWO_PI * s / top, ROOT_TWO_PI / top, 0.0
    s2 = s * s
    d1, d2 = z - h, z + h
    e1 = math.exp(-0.5 * d1 * d1 / s2)
    e2 = math.exp(-0.5 * d2 * d2 / s2)
    value = e1 + e2
    by_sigma = (e1 * d1 * d1 + e2 * d2 * d2) / (s2 * s)
    by_height = (e1 * d1 - e2 * d2) / s2
    if s > 0.25 * top:
        for m in range(-2, 3):
            if m != 0:
                d1 = z - h - 2.0 * m * top
                d2 = z + h - 2.0 * m * top
                e1 = math.exp(-0.5 * d1 * d1 / s2)
                e2 = math.exp(-0.5 * d2 * d2 / s2)
                value += e1 + e2
                by_sigma += (e1 * d1 * d1 + e2 * d2 * d2) / (s2 * s)
                by_height += (e1 * d1 - e2 * d2) / s2
    return value, by_sigma, by_height


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def bell(u):  # type: ignore[no-untyped-def]
    """Return exp(-u^2 / 2) for |u| < CUT, to a part in a million of the peak, and zero beyond.

    A polynomial raised to its 32nd power: no call, so that loops over turns run on vectors.
    """
    x = -0.5 * u * u / 32.0
    e = 1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0)))))
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    return e if u * u < CUT * CUT else 0.0


SMEAR = 1.0
"""Variance of a piece of path over its squared half length. That of an even piece is a third; a
row of bells stands for an even path only when each is half a piece wide [1]."""

N_VIEW = 13
"""Columns of a view: see :func:`view` [1]."""


@njit(cache=True, nogil=True, error_model="numpy")
def view(ex, ey, hx, hy, err, inv_step, count, out):  # type: ignore[no-untyped-def]
    """Fill what a receptor's place says by itself, whatever the wind: one row serves all times.

    Parameters
    ----------
    ex, ey : float
        Receptor minus source, east and north [m].
    hx, hy : float
        Half the piece of path that the receptor stands for, zero for a point [m].
    err : ndarray, shape (6,)
        ln factor and slope on s_y, ln factor and slope on s_z [1], initial size [m], bend of
        the plume's axis per unit of ln distance [rad].
    inv_step : float
        Inverse node spacing of the tables [m^-.5].
    count : int
        Nodes of a table [1].
    out : ndarray, shape (N_VIEW,)
        Filled with distance [m], ln of it over ``X_REFERENCE``, bearing less bend [rad], factors
        on s_y and s_z, place in the tables (node and rest) [1], mean square crosswind half of the
        piece [m2], ex, ey, hx, hy [m], crosswind half times distance [m2].
    """
    # the mean square distance to a piece of path, so that nothing is singular next to it
    r2 = ex * ex + ey * ey + (hx * hx + hy * hy) / 3.0 + 1e-4
    r = math.sqrt(r2)
    lx = 0.5 * math.log(r2) - LN_REFERENCE
    g = math.sqrt(r) * inv_step
    k = min(int(g), count - 2)
    wide = hx * ey - hy * ex
    out[0] = r
    out[1] = lx
    out[2] = math.atan2(ey, ex) - err[5] * lx
    out[3] = math.exp(err[0] + err[1] * lx)
    out[4] = math.exp(err[2] + err[3] * lx)
    out[5] = k
    out[6] = g - k
    out[7] = SMEAR * wide * wide / r2
    out[8], out[9] = ex, ey
    out[10], out[11] = hx, hy
    out[12] = wide


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def off_axis(bearing, towards):  # type: ignore[no-untyped-def]
    """Return the angle from where the wind goes to, between -pi and pi [rad]."""
    angle = bearing - towards
    return angle - TWO_PI * math.floor(angle / TWO_PI + 0.5)


@njit(cache=True, nogil=True, error_model="numpy")
def ray(  # type: ignore[no-untyped-def]
    seen, site, towards, z, h, speed, radial, tab_y, tab_z, tab_u, air, top, size, spare
):
    """Return how a receptor stands in the plume: amplitude, angle, angular spread, even part.

    The concentration per unit rate with the wind turned anticlockwise by d is
    ``amplitude exp(-(angle - d)^2 / 2 spread^2) + even``, with
    ``amplitude = (1 - radial) V / (2 pi s_y s_z U)`` and ``spread = s_y / r``.

    Parameters
    ----------
    seen, site : ndarray, shape (s, N_VIEW), and int
        Rows by :func:`view`, and which of them. Whole arrays with a place in them are handed
        in, for a slice of an array costs more than the look at it.
    towards : float
        Where the wind goes to, anticlockwise from east [rad].
    z, h : float
        Heights of receptor and release [m].
    speed : float
        At the anemometer [m s-1].
    radial : float
        Share of the plume that the meander of a light wind spreads in all directions [1].
    tab_y, tab_z, tab_u, air : ndarray, shape (g, N_TABLE), and int
        Of :class:`~barlovento.dispersion.spread.SpreadTables`, and the state of the air.
    top : float
        Mixing height [m].
    size : float
        Initial size [m].
    spare : float
        Largest turn that will be asked for; beyond the cut for it the amplitude is zero [rad].

    Returns
    -------
    amplitude, angle, spread, even : float
        [s m-3], [rad], [rad], [s m-3].

    References
    ----------
    Pasquill and Smith (1983), Atmospheric Diffusion, eq. 6.1; Cimorelli et al. (2005),
    J. Appl. Meteorol. 44, 682, eq. 19 (even part).
    """
    s02 = size * size
    r = seen[site, 0]
    k, f = int(seen[site, 5]), seen[site, 6]
    sy = seen[site, 3] * (tab_y[air, k] + f * (tab_y[air, k + 1] - tab_y[air, k]))
    spread = math.sqrt(sy * sy + s02 + seen[site, 7]) / r
    angle = off_axis(seen[site, 2], towards)
    inside = abs(angle) - spare < CUT * spread
    amplitude = 0.0
    even = 0.0
    if inside or radial > 0.0:
        sz = seen[site, 4] * (tab_z[air, k] + f * (tab_z[air, k + 1] - tab_z[air, k]))
        ratio = tab_u[air, k] + f * (tab_u[air, k + 1] - tab_u[air, k])
        szt = math.sqrt(sz * sz + s02)
        v, _, _ = vertical(z, h, szt, top)
        both = v / (TWO_PI * szt * speed * ratio)
        if inside:
            amplitude = (1.0 - radial) * both / (spread * r)
        if radial > 0.0:
            even = radial * both / math.sqrt(TWO_PI * (r * r + s02))
    return amplitude, angle, spread, even


@njit(cache=True, nogil=True, error_model="numpy")
def ray_gradient(  # type: ignore[no-untyped-def]
    seen, site, towards, z, h, speed, radial, tab_y, tab_z, tab_u, air, top, err, spare, work, row
):
    """Return :func:`ray` and fill the derivatives of what it returns.

    Derivatives are by source x, y, height [m], wind direction turned anticlockwise [rad],
    and the six members of ``err`` (the size by its logarithm).

    Parameters
    ----------
    seen, site, towards, z, h, speed, radial, tab_y, tab_z, tab_u, air, top, spare
        As in :func:`ray`.
    err : ndarray, shape (6,)
        As in :func:`view`.
    work, row : ndarray, shape (rows, 40 or more), and int
        The row is filled with ten derivatives each of ln amplitude, of the angle, of ln spread,
        and of the even part [s m-3].

    Returns
    -------
    amplitude, angle, spread, even : float
        As in :func:`ray`.
    """
    s02 = err[4] * err[4]
    r, lx = seen[site, 0], seen[site, 1]
    r2 = r * r
    k, f = int(seen[site, 5]), seen[site, 6]
    a = seen[site, 3] * (tab_y[air, k] + f * (tab_y[air, k + 1] - tab_y[air, k]))
    sy2 = a * a + s02 + seen[site, 7]
    spread = math.sqrt(sy2) / r
    angle = off_axis(seen[site, 2], towards)
    inside = abs(angle) - spare < CUT * spread
    amplitude = 0.0
    even = 0.0
    if not (inside or radial > 0.0):
        return amplitude, angle, spread, even
    b = seen[site, 4] * (tab_z[air, k] + f * (tab_z[air, k + 1] - tab_z[air, k]))
    ratio = tab_u[air, k] + f * (tab_u[air, k + 1] - tab_u[air, k])
    slope = 0.5 * (k + f) / r
    sz2 = b * b + s02
    szt = math.sqrt(sz2)
    v, v_s, v_h = vertical(z, h, szt, top)
    both = v / (TWO_PI * szt * speed * ratio)
    if inside:
        amplitude = (1.0 - radial) * both / (spread * r)
    if radial > 0.0:
        even = radial * both / math.sqrt(TWO_PI * (r2 + s02))
    for n in range(40):
        work[row, n] = 0.0
    # by distance: ln s_y, then what amplitude and even part share
    share_y, share_z = a * a / sy2, b * b / sz2
    sy_r = (
        a * seen[site, 3] * slope * (tab_y[air, k + 1] - tab_y[air, k]) + a * a * err[1] / r
    ) / sy2
    by_sz = (v_s / v if v > 1e-300 else 0.0) * szt - 1.0
    sz_r = (
        b * seen[site, 4] * slope * (tab_z[air, k + 1] - tab_z[air, k]) + b * b * err[3] / r
    ) / sz2
    both_r = by_sz * sz_r - slope * (tab_u[air, k + 1] - tab_u[air, k]) / ratio
    amp_r = both_r - sy_r
    angle_r = -err[5] / r
    spread_r = sy_r - 1.0 / r
    ex, ey = seen[site, 8], seen[site, 9]
    rx, ry = -ex / r, -ey / r
    # a piece of path is seen at another angle from another place
    part = SMEAR * seen[site, 12] / (r2 * sy2)
    part_x = part * (seen[site, 11] - seen[site, 12] * rx / r)
    part_y = part * (-seen[site, 10] - seen[site, 12] * ry / r)
    e2 = max(ex * ex + ey * ey, 1e-12)
    work[row, 0], work[row, 1] = amp_r * rx - part_x, amp_r * ry - part_y
    work[row, 10], work[row, 11] = ey / e2 + angle_r * rx, -ex / e2 + angle_r * ry
    work[row, 20], work[row, 21] = spread_r * rx + part_x, spread_r * ry + part_y
    # by height, turn, and the six errors
    work[row, 2] = v_h / v if v > 1e-300 else 0.0
    work[row, 13] = -1.0
    work[row, 4], work[row, 24] = -share_y, share_y
    work[row, 5], work[row, 25] = -share_y * lx, share_y * lx
    work[row, 6], work[row, 7] = by_sz * share_z, by_sz * share_z * lx
    size_y, size_z = s02 / sy2, by_sz * s02 / sz2
    work[row, 8], work[row, 28] = size_z - size_y, size_y
    work[row, 19] = -lx
    if even > 0.0:
        wide2 = r2 + s02
        even_r = both_r - r / wide2
        work[row, 30], work[row, 31] = even * even_r * rx, even * even_r * ry
        work[row, 32] = even * work[row, 2]
        work[row, 36], work[row, 37] = even * work[row, 6], even * work[row, 7]
        work[row, 38] = even * (size_z - s02 / wide2)
    return amplitude, angle, spread, even


@njit(cache=True, nogil=True, error_model="numpy")
def coupling(seen, site, towards, z, h, speed, radial, tab_y, tab_z, tab_u, air, top, size):  # type: ignore[no-untyped-def]
    """Return the concentration per unit rate at one place, and its lateral lever.

    Parameters
    ----------
    seen, site, towards, z, h, speed, radial, tab_y, tab_z, tab_u, air, top, size
        As in :func:`ray`.

    Returns
    -------
    c, lever : float
        [s m-3], and the part that is not even times angle / spread [s m-3].
    """
    amplitude, angle, spread, even = ray(
        seen, site, towards, z, h, speed, radial, tab_y, tab_z, tab_u, air, top, size, 0.0
    )
    u = angle / spread
    c = amplitude * bell(u)
    return c + even, c * u
