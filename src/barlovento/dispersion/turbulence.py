"""Surface-layer turbulence: wind profile, friction velocity, stability and plume spread.

Holds the physics that turns one wind record into the spread of a plume; the plume itself is
in :mod:`barlovento.dispersion.plume` and its tables in :mod:`barlovento.dispersion.spread`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

KARMAN = 0.4
"""von Karman constant [1]."""

NEUTRAL = 1e6
"""|Obukhov length| beyond which air counts as neutral [m]."""

RURAL, URBAN = 0, 1

# Briggs (1973) open-country and urban curves as collected by Gifford (1976):
# sigma = a x (1 + b x)^p for classes A-F.
BRIGGS_Y = np.array(
    [
        [[0.22, 1e-4], [0.16, 1e-4], [0.11, 1e-4], [0.08, 1e-4], [0.06, 1e-4], [0.04, 1e-4]],
        [[0.32, 4e-4], [0.32, 4e-4], [0.22, 4e-4], [0.16, 4e-4], [0.11, 4e-4], [0.11, 4e-4]],
    ]
)
BRIGGS_Z = np.array(
    [
        [
            [0.20, 0.0, 0.0],
            [0.12, 0.0, 0.0],
            [0.08, 2e-4, -0.5],
            [0.06, 1.5e-3, -0.5],
            [0.03, 3e-4, -1.0],
            [0.016, 3e-4, -1.0],
        ],
        [
            [0.24, 1e-3, 0.5],
            [0.24, 1e-3, 0.5],
            [0.20, 0.0, 0.0],
            [0.14, 3e-4, -0.5],
            [0.08, 1.5e-3, -0.5],
            [0.08, 1.5e-3, -0.5],
        ],
    ]
)


@njit(cache=True, nogil=True, error_model="numpy")
def stability_correction(height: float, obukhov_length: float) -> float:
    """Return the integrated momentum correction psi_m of the wind profile.

    Businger-Dyer form for unstable air, the linear form with 4.7 limited at z/L = 1 for
    stable air.

    Parameters
    ----------
    height : float
        Above ground [m].
    obukhov_length : float
        Positive in stable air [m].

    Returns
    -------
    float
        psi_m [1].

    References
    ----------
    Paulson (1970), J. Appl. Meteorol. 9, 857, eq. 9; Businger et al. (1971), eq. A1.
    """
    if obukhov_length > 0.0:
        return -4.7 * min(height / obukhov_length, 1.0)
    m = (1.0 - 16.0 * height / obukhov_length) ** 0.25
    return (
        2.0 * math.log(0.5 * (1.0 + m))
        + math.log(0.5 * (1.0 + m * m))
        - 2.0 * math.atan(m)
        + 0.5 * math.pi
    )


@njit(cache=True, nogil=True, error_model="numpy")
def profile(height: float, roughness_length: float, obukhov_length: float) -> float:
    """Return kappa U / u*, the dimensionless mean wind of the surface layer.

    Parameters
    ----------
    height : float
        Above ground; heights below three roughness lengths count as that [m].
    roughness_length : float
        [m].
    obukhov_length : float
        Positive in stable air [m].

    Returns
    -------
    float
        [1].

    References
    ----------
    Paulson (1970), J. Appl. Meteorol. 9, 857, eq. 2.
    """
    z = max(height, 3.0 * roughness_length)
    value = (
        math.log(z / roughness_length)
        - stability_correction(z, obukhov_length)
        + stability_correction(roughness_length, obukhov_length)
    )
    return max(value, 0.3)


def friction_velocity(
    wind_speed: FloatArray,
    measurement_height: float,
    roughness_length: FloatArray,
    obukhov_length: FloatArray,
) -> FloatArray:
    """Return u* from the wind at one height by the surface-layer profile.

    Parameters
    ----------
    wind_speed : ndarray, shape (n,)
        [m s-1].
    measurement_height : float
        [m].
    roughness_length : ndarray, shape (n,)
        [m].
    obukhov_length : ndarray, shape (n,)
        [m].

    Returns
    -------
    ndarray, shape (n,)
        [m s-1].

    References
    ----------
    Paulson (1970), J. Appl. Meteorol. 9, 857, eq. 2.
    """
    out = np.empty(len(wind_speed))
    for i, (u, z0, length) in enumerate(
        zip(wind_speed, roughness_length, obukhov_length, strict=True)
    ):
        out[i] = KARMAN * u / profile(measurement_height, z0, length)
    return out


def stability_class(sigma_theta: float, wind_speed: float) -> int:
    """Return the Pasquill class 0 (A) to 5 (F) by the sigma-theta method.

    Parameters
    ----------
    sigma_theta : float
        Standard deviation of the wind direction over about 15 minutes [degree].
    wind_speed : float
        At about 10 m [m s-1].

    Returns
    -------
    int
        0 for A to 5 for F.

    References
    ----------
    US EPA (2000), EPA-454/R-99-005, tables 6-8a and 6-8b (the daytime rows; by night the
    classes above neutral are not taken, so a very unsteady light wind counts as D).
    """
    bounds = (22.5, 17.5, 12.5, 7.5, 3.8)
    klass = sum(sigma_theta < b for b in bounds)
    # Mechanical mixing bounds the class: table 6-8b.
    if wind_speed >= 6.0:
        klass = 3
    elif wind_speed >= 4.0:
        klass = min(max(klass, 2), 3)
    elif wind_speed >= 3.0:
        klass = min(max(klass, 1), 4)
    return klass


@njit(cache=True, nogil=True, error_model="numpy")
def sigma_z_similarity(
    x: float,
    friction_velocity: float,
    roughness_length: float,
    obukhov_length: float,
    release_height: float,
) -> tuple[float, float]:
    """Return the vertical spread of a near-surface plume and the speed that carries it.

    sigma_z = .57 (u*/U) x / (1 + 3 (u*/U) (x/L)^(2/3)) in stable air and
    .57 (u*/U) x (1 + 1.5 (u*/U) x/|L|) in unstable air, where U is the wind at the mean
    height of the plume, so that both are found together by iteration.

    Parameters
    ----------
    x : float
        Distance downwind [m].
    friction_velocity : float
        [m s-1].
    roughness_length : float
        [m].
    obukhov_length : float
        Positive in stable air [m].
    release_height : float
        [m].

    Returns
    -------
    sigma_z : float
        [m].
    speed : float
        [m s-1].

    References
    ----------
    Venkatram et al. (2013), Atmos. Environ. 77, 846, eqs. 24, 25 and 28.
    """
    sigma = 0.05 * x
    speed = 1.0
    for _ in range(8):
        height = max(math.sqrt(2.0 / math.pi) * sigma, release_height)
        speed = friction_velocity / KARMAN * profile(height, roughness_length, obukhov_length)
        ratio = friction_velocity / speed
        if obukhov_length > 0.0:
            new = 0.57 * ratio * x / (1.0 + 3.0 * ratio * (x / obukhov_length) ** (2.0 / 3.0))
        else:
            new = 0.57 * ratio * x * (1.0 + 1.5 * ratio * x / -obukhov_length)
        sigma = 0.5 * (sigma + new) if sigma > 0.0 else new
    return sigma, speed


def sigma_y_from_spread(x: FloatArray, sigma_theta: float) -> FloatArray:
    """Return the lateral spread from the measured spread of wind direction.

    sigma_y = sigma_theta x / (1 + .0308 x^.4548).

    Parameters
    ----------
    x : ndarray, shape (n,)
        Distance downwind [m].
    sigma_theta : float
        Standard deviation of wind direction within the averaging interval [rad].

    Returns
    -------
    ndarray, shape (n,)
        [m].

    References
    ----------
    Pasquill (1976), EPA-600/4-76-030b, table 1, in the fit of Irwin (1979), EPA-600/4-79-022,
    eq. 3.
    """
    # Beyond about 60 degrees the plume wraps round; the radial part of the plume takes over.
    return np.asarray(min(sigma_theta, 1.0) * x / (1.0 + 0.0308 * x**0.4548))


def briggs(x: FloatArray, klass: int, terrain: int = RURAL) -> tuple[FloatArray, FloatArray]:
    """Return the spreads sigma_y and sigma_z of the Briggs curves.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Distance downwind [m].
    klass : int
        Pasquill class, 0 for A to 5 for F.
    terrain : int
        ``RURAL`` or ``URBAN``.

    Returns
    -------
    sigma_y, sigma_z : ndarray, shape (n,)
        For averages over about ten minutes [m].

    References
    ----------
    Briggs (1973), ATDL report 79; Gifford (1976), Nucl. Saf. 17, 68, tables 4 and 5.
    """
    ay, by = BRIGGS_Y[terrain, klass]
    az, bz, pz = BRIGGS_Z[terrain, klass]
    return ay * x * (1.0 + by * x) ** -0.5, az * x * (1.0 + bz * x) ** pz


def lateral_spread(
    friction_velocity: float, obukhov_length: float, mixing_height: float, wind_speed: float
) -> float:
    """Return sigma_v / U over about ten minutes where the direction's spread was not measured.

    Parameters
    ----------
    friction_velocity : float
        [m s-1].
    obukhov_length : float
        [m].
    mixing_height : float
        [m].
    wind_speed : float
        [m s-1].

    Returns
    -------
    float
        [rad].

    References
    ----------
    Panofsky et al. (1977), Boundary-Layer Meteorol. 11, 355, eq. 3 (unstable);
    Hanna (1982), in Nieuwstadt and van Dop, p. 275 (1.9 u* otherwise).
    """
    if obukhov_length < 0.0:
        sigma_v = friction_velocity * (12.0 + 0.5 * mixing_height / -obukhov_length) ** (1.0 / 3.0)
    else:
        sigma_v = 1.9 * friction_velocity
    # Air is never without meander: sigma_v does not fall below about .2 m/s in light wind.
    return float(max(sigma_v, 0.2) / max(wind_speed, 0.3))


def averaging_factor(averaging_time: float) -> float:
    """Return the factor on a ten-minute lateral spread for another averaging time.

    Parameters
    ----------
    averaging_time : float
        [s].

    Returns
    -------
    float
        (T / 600 s)^.2 below ten minutes and up to an hour [1].

    References
    ----------
    Gifford (1975), ATDL report 75/5; Hanna, Briggs and Hosker (1982), eq. 4.12.
    """
    return float((min(max(averaging_time, 3.0), 3600.0) / 600.0) ** 0.2)
