"""Gaussian plume with reflection at the ground and at the mixing height, and its derivatives.

The spread comes from the tables of :mod:`barlovento.dispersion.spread`. The kernels are compiled
once and cached.
"""

from __future__ import annotations

import math

from numba import njit

CUT = 4.5
"""Lateral spreads beyond which the plume counts as nothing [1]."""

X_REFERENCE = 100.0
"""Distance at which the slopes of the spread errors pivot [m]."""

TWO_PI = 2.0 * math.pi


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


@njit(cache=True, nogil=True, error_model="numpy")
def lateral(y: float, half: float, s: float) -> tuple[float, float, float]:
    """Return the lateral factor of the plume, averaged over a piece of path.

    exp(-y^2 / 2 s^2) at a point; its mean over [y - half, y + half] along a path, by the error
    function.

    Parameters
    ----------
    y, half, s : float
        Crosswind distance, half the crosswind extent of the piece, lateral spread [m].

    Returns
    -------
    value, by_y, by_s : float
        Factor [1] and its derivatives [m-1].
    """
    if half < 0.1 * s:
        e = math.exp(-0.5 * y * y / (s * s))
        return e, -e * y / (s * s), e * y * y / (s * s * s)
    a, b = (y - half) / s, (y + half) / s
    ea, eb = math.exp(-0.5 * a * a), math.exp(-0.5 * b * b)
    if a > 0.0:
        area = math.erfc(a * 0.7071067811865476) - math.erfc(b * 0.7071067811865476)
    elif b < 0.0:
        area = math.erfc(-b * 0.7071067811865476) - math.erfc(-a * 0.7071067811865476)
    else:
        area = math.erf(b * 0.7071067811865476) - math.erf(a * 0.7071067811865476)
    value = 1.2533141373155003 * s / (2.0 * half) * area
    return value, (eb - ea) / (2.0 * half), value / s - (b * eb - a * ea) / (2.0 * half)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def reach(sigma_y, half, x, err):  # type: ignore[no-untyped-def]
    """Return a crosswind distance [m] beyond which the plume is surely nothing.

    Cheap on purpose: most pairs of source and reading end here.
    """
    bend = 4.0 * abs(err[5]) * x
    return CUT * (2.0 * err[6] * sigma_y + err[4]) + half + bend + 1.0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def spread_at(row, inv_step, x):  # type: ignore[no-untyped-def]
    """Return table value and slope at distance x [m] by linear interpolation in sqrt(x)."""
    g = math.sqrt(x) * inv_step
    k = int(g)
    if k > row.shape[0] - 2:
        k = row.shape[0] - 2
    f = g - k
    lo = row[k]
    d = row[k + 1] - lo
    return lo + f * d, 0.5 * d * g / x


@njit(cache=True, nogil=True, error_model="numpy")
def coupling(  # type: ignore[no-untyped-def]
    ex, ey, hx, hy, z, h, wx, wy, speed, radial, tab_y, tab_z, tab_u, inv_step, top, err
):
    """Return the concentration per unit rate at one place, and its lateral lever.

    c = exp(-y^2 / 2 s_y^2) V / (2 pi s_y s_z U), plus ``radial`` times the concentration of
    a source that spreads evenly in all directions (meander of a light wind).

    Parameters
    ----------
    ex, ey : float
        Receptor minus source, east and north [m].
    hx, hy : float
        Half the piece of path that the receptor stands for, zero for a point [m].
    z, h : float
        Heights of receptor and release [m].
    wx, wy : float
        Unit vector of where the wind goes to [1].
    speed : float
        At the anemometer [m s-1].
    radial : float
        Share of the radial part, over its speed-up by meander [1].
    tab_y, tab_z, tab_u : ndarray, shape (N_TABLE,)
        Rows of :class:`~barlovento.dispersion.spread.SpreadTables`.
    inv_step, top : float
        Inverse node spacing [m^-.5], mixing height [m].
    err : ndarray, shape (7,)
        ln factor and slope on s_y, ln factor and slope on s_z [1], initial size [m], bend of
        the plume's axis per unit of ln distance [rad], and the factor on s_y [1].

    Returns
    -------
    c, lever : float
        [s m-3], and c y / s_y [s m-3].

    References
    ----------
    Pasquill and Smith (1983), Atmospheric Diffusion, eq. 6.1; Cimorelli et al. (2005),
    J. Appl. Meteorol. 44, 682, eq. 19 (radial part).
    """
    c = 0.0
    lever = 0.0
    yd = 0.0
    half = 0.0
    sy = 0.0
    s02 = err[4] * err[4]
    xd = ex * wx + ey * wy
    if xd > 0.01:
        yd = ey * wx - ex * wy
        half = abs(hy * wx - hx * wy)
        sy, _ = spread_at(tab_y, inv_step, xd)
        if abs(yd) > reach(sy, half, xd, err):
            xd = -1.0
    if xd > 0.01:
        lx = math.log(xd / X_REFERENCE)
        yd -= err[5] * xd * lx
        sy *= math.exp(err[0] + err[1] * lx)
        sy2 = sy * sy + s02
        near = max(abs(yd) - half, 0.0)
        if near * near < CUT * CUT * sy2:
            sz, _ = spread_at(tab_z, inv_step, xd)
            ratio, _ = spread_at(tab_u, inv_step, xd)
            sz *= math.exp(err[2] + err[3] * lx)
            sz2 = sz * sz + s02
            v, _, _ = vertical(z, h, math.sqrt(sz2), top)
            sy = math.sqrt(sy2)
            shape, by_y, _ = lateral(yd, half, sy)
            c = (1.0 - radial) * shape * v / (TWO_PI * sy * math.sqrt(sz2) * speed * ratio)
            lever = -c * by_y * sy / shape if shape > 1e-300 else 0.0
    if radial > 0.0:
        r = math.sqrt(ex * ex + ey * ey + s02 + (hx * hx + hy * hy) / 3.0)
        sz, _ = spread_at(tab_z, inv_step, r)
        ratio, _ = spread_at(tab_u, inv_step, r)
        sz *= math.exp(err[2] + err[3] * math.log(r / X_REFERENCE))
        szt = math.sqrt(sz * sz + s02)
        v, _, _ = vertical(z, h, szt, top)
        c += radial * v / (TWO_PI**1.5 * r * szt * speed * ratio)
    return c, lever


@njit(cache=True, nogil=True, error_model="numpy")
def coupling_gradient(  # type: ignore[no-untyped-def]
    ex, ey, hx, hy, z, h, wx, wy, speed, radial, tab_y, tab_z, tab_u, inv_step, top, err, dc, dl
):
    """Return :func:`coupling` and fill its derivatives.

    Derivatives are by source x, y, height [m], wind direction turned anticlockwise [rad],
    and the six members of ``err`` (the size by its logarithm).

    Parameters
    ----------
    ex, ey, hx, hy, z, h, wx, wy, speed, radial, tab_y, tab_z, tab_u, inv_step, top, err
        As in :func:`coupling`.
    dc, dl : ndarray, shape (10,)
        Filled with the derivatives of c and of the lever (of a piece of path: nearly).

    Returns
    -------
    c, lever : float
        [s m-3].
    """
    for k in range(10):
        dc[k] = 0.0
        dl[k] = 0.0
    c = 0.0
    lever = 0.0
    yd = 0.0
    half = 0.0
    sy0 = 0.0
    sy0x = 0.0
    s02 = err[4] * err[4]
    xd = ex * wx + ey * wy
    if xd > 0.01:
        yd = ey * wx - ex * wy
        half = abs(hy * wx - hx * wy)
        sy0, sy0x = spread_at(tab_y, inv_step, xd)
        if abs(yd) > reach(sy0, half, xd, err):
            xd = -1.0
    if xd > 0.01:
        lx = math.log(xd / X_REFERENCE)
        yd -= err[5] * xd * lx
        fy = math.exp(err[0] + err[1] * lx)
        a = sy0 * fy
        sy2 = a * a + s02
        near = max(abs(yd) - half, 0.0)
        if near * near < CUT * CUT * sy2:
            sz0, sz0x = spread_at(tab_z, inv_step, xd)
            ratio, ratio_x = spread_at(tab_u, inv_step, xd)
            fz = math.exp(err[2] + err[3] * lx)
            b = sz0 * fz
            sz2 = b * b + s02
            sy, sz = math.sqrt(sy2), math.sqrt(sz2)
            v, v_s, v_h = vertical(z, h, sz, top)
            shape, shape_y, shape_s = lateral(yd, half, sy)
            c = (1.0 - radial) * shape * v / (TWO_PI * sy * sz * speed * ratio)
            # d ln c by crosswind distance and the two spreads, and the spreads by x
            by_y = shape_y / shape if shape > 1e-300 else 0.0
            by_sy = (shape_s / shape if shape > 1e-300 else 0.0) - 1.0 / sy
            by_sz = -1.0 / sz + (v_s / v if v > 1e-300 else 0.0)
            u = -by_y * sy
            lever = c * u
            a_x = sy0x * fy + a * err[1] / xd
            b_x = sz0x * fz + b * err[3] / xd
            sy_x, sz_x = a * a_x / sy, b * b_x / sz
            bend_x = err[5] * (lx + 1.0)
            by_x = by_sy * sy_x + by_sz * sz_x - ratio_x / ratio - by_y * bend_x
            # d u (the scaled crosswind distance) by the same
            u_x, u_y = -u / sy * sy_x - bend_x / sy, 1.0 / sy
            _put(dc, dl, 0, c, u, -by_x * wx + by_y * wy, -u_x * wx + u_y * wy)
            _put(dc, dl, 1, c, u, -by_x * wy - by_y * wx, -u_x * wy - u_y * wx)
            _put(dc, dl, 2, c, u, v_h / v if v > 1e-300 else 0.0, 0.0)
            turn = ey * wx - ex * wy
            _put(dc, dl, 3, c, u, by_x * turn - by_y * xd, u_x * turn - u_y * xd)
            g = a * a / sy
            _put(dc, dl, 4, c, u, by_sy * g, -u / sy * g)
            _put(dc, dl, 5, c, u, by_sy * g * lx, -u / sy * g * lx)
            g = b * b / sz
            _put(dc, dl, 6, c, u, by_sz * g, 0.0)
            _put(dc, dl, 7, c, u, by_sz * g * lx, 0.0)
            _put(dc, dl, 8, c, u, by_sy * s02 / sy + by_sz * s02 / sz, -u / sy * s02 / sy)
            _put(dc, dl, 9, c, u, -by_y * xd * lx, -u_y * xd * lx)
    if radial > 0.0:
        r = math.sqrt(ex * ex + ey * ey + s02 + (hx * hx + hy * hy) / 3.0)
        sz0, sz0x = spread_at(tab_z, inv_step, r)
        ratio, ratio_x = spread_at(tab_u, inv_step, r)
        lx = math.log(r / X_REFERENCE)
        fz = math.exp(err[2] + err[3] * lx)
        b = sz0 * fz
        sz2 = b * b + s02
        sz = math.sqrt(sz2)
        v, v_s, v_h = vertical(z, h, sz, top)
        cr = radial * v / (TWO_PI**1.5 * r * sz * speed * ratio)
        c += cr
        if v > 1e-300:
            by_sz = -1.0 / sz + v_s / v
            by_r = -1.0 / r + by_sz * b * (sz0x * fz + b * err[3] / r) / sz - ratio_x / ratio
            dc[0] -= cr * by_r * ex / r
            dc[1] -= cr * by_r * ey / r
            dc[2] += cr * v_h / v
            dc[6] += cr * by_sz * b * b / sz
            dc[7] += cr * by_sz * b * b / sz * lx
            dc[8] += cr * (by_sz * s02 / sz + by_r * s02 / r)
    return c, lever


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _put(dc, dl, k, c, u, dlnc, du):  # type: ignore[no-untyped-def]
    """Set derivative k of c [d c] and of the lever c u from d ln c and d u."""
    dc[k] = c * dlnc
    dl[k] = c * (dlnc * u + du)
