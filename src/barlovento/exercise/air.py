"""Mean wind and turbulence with height for the hidden world: tables that the particles read.

Holds profiles of the surface layer and the layer above it up to the mixing height. Nothing in
here knows of plumes, and nothing is shared with the inversion, which has profiles of its own:
two different sets of constants keep the exercise an honest test of it.

References
----------
.. [1] Högström, U. (1996), Boundary-Layer Meteorology 78, 215-246: wind-gradient functions of
   the Businger-Dyer form, phi_m = (1 - 19 z/L)^(-1/4) and 1 + 5.3 z/L.
.. [2] Wilson, J. D., Thurtell, G. W. and Kidd, G. E. (1981), Boundary-Layer Meteorology 21,
   443-463, and Flesch, T. K., Wilson, J. D. and Yee, E. (1995), Journal of Applied
   Meteorology 34, 1320-1332: sigma_w and the Lagrangian time scale of the surface layer.
.. [3] Hanna, S. R. (1982), in Nieuwstadt and van Dop (eds.), Atmospheric Turbulence and Air
   Pollution Modelling, chapter 7: time scales above the surface layer.
.. [4] Panofsky, H. A., Tennekes, H., Lenschow, D. H. and Wyngaard, J. C. (1977),
   Boundary-Layer Meteorology 11, 355-361: horizontal velocity variance in unstable air.
.. [5] Panofsky, H. A. and Dutton, J. A. (1984), Atmospheric Turbulence, p. 160: neutral ratios
   of the horizontal standard deviations to the friction velocity, 2.39 along and 1.92 across.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

KARMAN = 0.40
"""von Karman constant [1]."""

N_NODES = 1024
"""Nodes of a table over height [1]."""

C0 = 3.1
"""Lagrangian structure constant that makes 2 sigma_w^2 / T_L the neutral dissipation rate [1]."""

N_SHAPE = 400
"""Nodes over the logarithm of height when the wind gradient is integrated [1]."""


class Layer(NamedTuple):
    """Wind and turbulence from the ground to the mixing height.

    Arrays have shape (N_NODES,) over heights top * (k / (N_NODES - 1))^2, fine near the ground.

    Attributes
    ----------
    floor, top : float
        Roughness length and mixing height, where particles bounce [m].
    wind_speed, sigma_w, slope_w, time_w, dissipation : ndarray
        Mean wind [m s-1], vertical velocity deviation [m s-1], its gradient [s-1], vertical
        Lagrangian time scale [s], dissipation rate [m2 s-3].
    sigma_u, sigma_v : float
        Velocity deviation along and across the wind [m s-1].
    time_u, time_v : float
        Their Lagrangian time scales [s].
    """

    floor: float
    top: float
    wind_speed: FloatArray
    sigma_w: FloatArray
    slope_w: FloatArray
    time_w: FloatArray
    dissipation: FloatArray
    sigma_u: float
    sigma_v: float
    time_u: float
    time_v: float


def wind_shape(heights: FloatArray, roughness_length: float, obukhov_length: float) -> FloatArray:
    """Return wind speed over friction velocity by integrating the wind gradient.

    du/dz = u* phi_m(z/L) / (kappa z), phi_m of [1]_; beyond z/L = 1 phi_m stays at its value
    there (Webb 1970), since the linear form has no support in measurements.

    Parameters
    ----------
    heights : ndarray, shape (n,)
        Above ground [m].
    roughness_length : float
        [m].
    obukhov_length : float
        Positive in stable air, infinite in neutral air [m].

    Returns
    -------
    ndarray, shape (n,)
        Zero at and below the roughness length [1].
    """
    highest = max(float(np.max(heights)), 2.0 * roughness_length)
    log_z = np.linspace(math.log(roughness_length), math.log(highest), N_SHAPE)
    ratio = np.exp(log_z) / obukhov_length
    if obukhov_length < 0.0:
        gradient = (1.0 - 19.0 * ratio) ** -0.25
    else:
        gradient = 1.0 + 5.3 * np.minimum(ratio, 1.0)
    steps = 0.5 * (gradient[1:] + gradient[:-1]) * np.diff(log_z)
    shape = np.concatenate([[0.0], np.cumsum(steps)]) / KARMAN
    return np.interp(np.log(np.maximum(heights, roughness_length)), log_z, shape)


def friction_velocity(
    wind_speed: float, height: float, roughness_length: float, obukhov_length: float
) -> float:
    """Return the friction velocity that gives this wind at this height [m s-1].

    Parameters
    ----------
    wind_speed : float
        Mean wind [m s-1].
    height : float
        Of the wind above ground [m].
    roughness_length : float
        [m].
    obukhov_length : float
        Positive in stable air, infinite in neutral air [m].
    """
    shape = wind_shape(np.array([height]), roughness_length, obukhov_length)
    return wind_speed / float(shape[0])


def vertical_turbulence(
    heights: FloatArray, friction: float, obukhov_length: float, mixing_height: float
) -> tuple[FloatArray, FloatArray]:
    """Return the vertical velocity deviation and its Lagrangian time scale.

    Surface layer of [2]_: sigma_w = 1.25 u* (1 - 3 z/L)^(1/3) in unstable, 1.25 u* in other
    air; T_L = 0.5 z / sigma_w times (1 - 6 z/L)^(1/4) in unstable, 1 / (1 + 5 z/L) in stable
    air. Above it sigma_w falls as 1 - 0.8 z/h (Lenschow's mixed-layer form, which the unstable
    law meets within 2 %), and T_L levels off at 0.15 h / sigma_w [3]_.

    Parameters
    ----------
    heights : ndarray, shape (n,)
        Above ground, positive [m].
    friction : float
        Friction velocity [m s-1].
    obukhov_length : float
        Positive in stable air, infinite in neutral air [m].
    mixing_height : float
        [m].

    Returns
    -------
    sigma_w, time_w : ndarray, shape (n,)
        [m s-1] and [s].
    """
    ratio = heights / obukhov_length
    if obukhov_length < 0.0:
        sigma = 1.25 * friction * (1.0 - 3.0 * ratio) ** (1.0 / 3.0)
        stability = (1.0 - 6.0 * ratio) ** 0.25
    else:
        sigma = np.full_like(heights, 1.25 * friction)
        stability = 1.0 / (1.0 + 5.0 * ratio)
    sigma = sigma * (1.0 - 0.8 * heights / mixing_height)
    near = 0.5 * heights * stability / sigma
    far = 0.15 * mixing_height / sigma
    return sigma, near / np.sqrt(1.0 + (near / far) ** 2)


def horizontal_turbulence(
    friction: float, obukhov_length: float, mixing_height: float
) -> tuple[float, float, float, float]:
    """Return sigma_u, sigma_v and their Lagrangian time scales, taken constant with height.

    Neutral ratios of [5]_; unstable air u* (12 - 0.5 h/L)^(1/3) of [4]_, kept continuous with
    the neutral ratios. Time scales of [3]_: 0.15 h / sigma, in stable air
    0.15 or 0.07 (h / sigma) (z/h)^(1/2) at 10 m (the height where this world is looked at).
    Slower motions are not turbulence here; they are the meander of the mean wind.

    Parameters
    ----------
    friction : float
        Friction velocity [m s-1].
    obukhov_length : float
        Positive in stable air, infinite in neutral air [m].
    mixing_height : float
        [m].

    Returns
    -------
    tuple of float
        sigma_u, sigma_v [m s-1], time_u, time_v [s].
    """
    buoyant = 0.5 * mixing_height / abs(obukhov_length) if obukhov_length < 0.0 else 0.0
    sigma_u = friction * (2.39**3 + buoyant) ** (1.0 / 3.0)
    sigma_v = friction * (1.92**3 + buoyant) ** (1.0 / 3.0)
    if obukhov_length > 0.0 and math.isfinite(obukhov_length):
        root = math.sqrt(min(10.0 / mixing_height, 1.0))
        return (
            sigma_u,
            sigma_v,
            0.15 * mixing_height / sigma_u * root,
            0.07 * mixing_height / sigma_v * root,
        )
    return sigma_u, sigma_v, 0.15 * mixing_height / sigma_u, 0.15 * mixing_height / sigma_v


def build_layer(
    *, friction: float, roughness_length: float, obukhov_length: float, mixing_height: float
) -> Layer:
    """Return the tables of one state of the air.

    Parameters
    ----------
    friction : float
        Friction velocity [m s-1].
    roughness_length : float
        [m].
    obukhov_length : float
        Positive in stable air, infinite in neutral air [m].
    mixing_height : float
        [m].
    """
    heights = mixing_height * (np.arange(N_NODES) / (N_NODES - 1)) ** 2
    inside = np.maximum(heights, roughness_length)
    sigma, time = vertical_turbulence(inside, friction, obukhov_length, mixing_height)
    sigma_u, sigma_v, time_u, time_v = horizontal_turbulence(
        friction, obukhov_length, mixing_height
    )
    return Layer(
        floor=roughness_length,
        top=mixing_height,
        wind_speed=friction * wind_shape(heights, roughness_length, obukhov_length),
        sigma_w=sigma,
        slope_w=np.gradient(sigma, heights),
        time_w=time,
        dissipation=2.0 * sigma**2 / (C0 * time),
        sigma_u=sigma_u,
        sigma_v=sigma_v,
        time_u=time_u,
        time_v=time_v,
    )
