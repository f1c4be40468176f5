"""Tables of a plume's spread over distance, one row for each distinct state of the air.

They stand over the square root of distance, so that a kernel costs one square root and two
look-ups instead of an iteration; the plume itself is in :mod:`barlovento.dispersion.plume`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion import turbulence as turb

FloatArray = NDArray[np.float64]

N_TABLE = 128
"""Nodes of a spread table [1]."""

CLASS_LENGTH = (-8.0, -15.0, -50.0, turb.NEUTRAL, 50.0, 15.0)
"""Obukhov lengths that stand for the Pasquill classes A-F in the wind profile alone: the middle of
the bands of Golder (1972), Boundary-Layer Meteorol. 3, 47, fig. 5, at z0 = .05 m [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadTables:
    """Spread and transport of plumes over distance, one row per state of the air.

    Parameters
    ----------
    step : float
        Spacing of the nodes in the square root of distance [m^.5].
    sigma_y, sigma_z : ndarray, shape (g, N_TABLE)
        Spreads of a point release [m].
    speed_ratio : ndarray, shape (g, N_TABLE)
        Speed that carries the plume over the speed at the anemometer [1].
    mixing_height : ndarray, shape (g,)
        Infinite where not known [m].
    """

    step: float
    sigma_y: FloatArray
    sigma_z: FloatArray
    speed_ratio: FloatArray
    mixing_height: FloatArray


def spread_tables(
    *,
    wind_speed: FloatArray,
    sigma_theta: FloatArray,
    friction_velocity: FloatArray,
    obukhov_length: FloatArray,
    mixing_height: FloatArray,
    roughness_length: FloatArray,
    stability_class: NDArray[np.int64],
    averaging_time: FloatArray,
    measurement_height: float,
    release_height: float,
    distance_max: float,
) -> SpreadTables:
    """Tabulate the spread of plumes for each state of the air.

    sigma_z follows Monin-Obukhov similarity where ``obukhov_length`` is finite and the Briggs
    curve of ``stability_class`` elsewhere; sigma_y follows ``sigma_theta`` where finite,
    the spread implied by u* where only the Obukhov length is known, and Briggs elsewhere,
    brought to the averaging time.

    Parameters
    ----------
    wind_speed, sigma_theta, friction_velocity, obukhov_length : ndarray, shape (g,)
        At the anemometer [m s-1], [rad], [m s-1], [m]; NaN where absent.
    mixing_height, roughness_length : ndarray, shape (g,)
        [m]; mixing height NaN where absent.
    stability_class : ndarray of int, shape (g,)
        0 for A to 5 for F; used where the Obukhov length is absent.
    averaging_time : ndarray, shape (g,)
        [s].
    measurement_height, release_height, distance_max : float
        [m].

    Returns
    -------
    SpreadTables
        Tables out to ``distance_max``.
    """
    step = math.sqrt(distance_max) / (N_TABLE - 1)
    x = np.asarray((np.arange(N_TABLE) * step) ** 2, dtype=np.float64)
    shape = (len(wind_speed), N_TABLE)
    sigma_y, sigma_z, ratio = np.empty(shape), np.empty(shape), np.empty(shape)
    top = np.where(np.isfinite(mixing_height), mixing_height, np.inf)
    for g in range(shape[0]):
        u = max(float(wind_speed[g]), 0.1)
        length = float(obukhov_length[g])
        z0 = float(roughness_length[g])
        terrain = turb.URBAN if z0 >= 0.5 else turb.RURAL
        klass = int(stability_class[g])
        known = math.isfinite(length)
        if not known:
            length = CLASS_LENGTH[klass]
        anemometer = turb.profile(measurement_height, z0, length)
        u_star = float(friction_velocity[g])
        if not math.isfinite(u_star):
            u_star = turb.KARMAN * u / anemometer
        factor = turb.averaging_factor(float(averaging_time[g]))
        if known:
            sigma_z[g], ratio[g] = _similarity(x, u_star, z0, length, release_height, u)
        else:
            sigma_z[g] = turb.briggs(x, klass, terrain)[1]
            height = np.maximum(math.sqrt(2.0 / math.pi) * sigma_z[g], release_height)
            ratio[g] = [turb.profile(float(h), z0, length) / anemometer for h in height]
        if math.isfinite(sigma_theta[g]):
            sigma_y[g] = turb.sigma_y_from_spread(x, float(sigma_theta[g]))
        elif known:
            depth = float(top[g]) if math.isfinite(top[g]) else 1000.0
            spread = turb.lateral_spread(u_star, length, depth, u)
            sigma_y[g] = factor * turb.sigma_y_from_spread(x, spread)
        else:
            sigma_y[g] = factor * turb.briggs(x, klass, terrain)[0]
    return SpreadTables(
        step=step, sigma_y=sigma_y, sigma_z=sigma_z, speed_ratio=ratio, mixing_height=top
    )


def _similarity(
    x: FloatArray, u_star: float, z0: float, length: float, release_height: float, u: float
) -> tuple[FloatArray, FloatArray]:
    """Return sigma_z [m] and U/U_anemometer [1], each shape (N_TABLE,), by similarity."""
    sigma, ratio = np.empty(len(x)), np.empty(len(x))
    for k, distance in enumerate(x):
        sigma[k], speed = turb.sigma_z_similarity(
            max(float(distance), 1e-3), u_star, z0, length, release_height
        )
        ratio[k] = speed / u
    sigma[0] = 0.0
    return sigma, ratio
