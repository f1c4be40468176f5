"""Mean wind and turbulence with height for the hidden world: tables that the particles read.

Holds profiles of the surface layer and the layer above it up to the mixing height. Nothing in
here knows of plumes, and nothing is shared with the inversion, which has profiles of its own:
two different sets of constants keep the exercise an honest test of it.

References
----------
.. [1] Högström, U. (1996), Boundary-Layer Meteorology 78, 215-246: wind-gradient functions of
   the Businger-Dyer form. Rodean, H. C. (1996), Stochastic Lagrangian Models of Turbulent
   Diffusion, American Meteorological Society: T_L = 2 sigma_w^2 / (C0 eps).
.. [2] Wilson, J. D., Thurtell, G. W. and Kidd, G. E. (1981), Boundary-Layer Meteorology 21,
   443-463, and Flesch, T. K., Wilson, J. D. and Yee, E. (1995), Journal of Applied
   Meteorology 34, 1320-1332: sigma_w and the Lagrangian time scale of the surface layer.
.. [3] Kaimal, J. C. and Finnigan, J. J. (1994), Atmospheric Boundary Layer Flows, chapter 1.
.. [4] Hanna, S. R. (1982), in Nieuwstadt and van Dop (eds.), Atmospheric Turbulence and Air
   Pollution Modelling, chapter 7: horizontal velocities and time scales.
.. [5] Panofsky, H. A., Tennekes, H., Lenschow, D. H. and Wyngaard, J. C. (1977),
   Boundary-Layer Meteorology 11, 355-361: horizontal velocity variance in unstable air,
   u*^2 (12 - 0.5 h/L)^(2/3).
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

SPEED, SIGMA, SLOPE, RATE, TEAR, EDDY, MIX, RATE_U, RATE_V, EDDY_V, PACE = range(11)
"""Columns of a table: mean wind [m s-1], vertical velocity deviation sigma_w [m s-1], its
gradient [s-1], one over the vertical Lagrangian time scale [s-1], cube root of the dissipation
rate [m2/3 s-1], size of eddies that lift a cloud to the power -2/3 [m-2/3], vertical
diffusivity sigma_w^2 T_L [m2 s-1], one over the time scales along and across the wind [s-1],
size of eddies that shift a cloud sideways to the power -2/3 [m-2/3], one over the time in which
vertical motion forgets itself or meets other turbulence, 2 sigma_w / z [s-1]."""

COHERENCE = 2.0
"""Size of eddies that shift a cloud as a whole, over sigma_v T_L [1]; see the test that
compares the spread at one moment with that of the mean."""

LEAST_TIME = 0.5
"""Shortest time scale along and across the wind, half a step of the particles [s]: below it
the steps would draw too little spread."""

N_SHAPE = 400
"""Nodes over the logarithm of height when the wind gradient is integrated [1]."""


class Layer(NamedTuple):
    """Wind and turbulence from the ground to the mixing height.

    Attributes
    ----------
    floor, top : float
        Roughness length and mixing height, where particles bounce [m].
    table : ndarray, shape (N_NODES, 11)
        Over heights top * (k / (N_NODES - 1))^2, fine near the ground, the columns ``SPEED``,
        ``SIGMA``, ``SLOPE``, ``RATE`` and so on. One row is one piece of memory:
        a particle reads all of it at once.
    sigma_u, sigma_v : float
        Velocity deviation along and across the wind [m s-1].
    """

    floor: float
    top: float
    table: FloatArray
    sigma_u: float
    sigma_v: float

    def at(self, height: float) -> FloatArray:
        """Return the row of the table for one height above ground [m], shape (11,).

        Parameters
        ----------
        height : float
            Above ground; the nearest end of the table beyond it [m].

        Returns
        -------
        ndarray, shape (10,)
            In the units of the columns.
        """
        nodes = self.top * (np.arange(N_NODES) / (N_NODES - 1)) ** 2
        inside = min(max(height, 0.0), self.top)
        return np.array([np.interp(inside, nodes, column) for column in self.table.T])


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


def dissipation_rate(heights: FloatArray, friction: float, obukhov_length: float) -> FloatArray:
    """Return the dissipation rate of turbulence in the surface layer.

    eps = u*^3 phi / (kappa z) with phi = (1 + 0.5 |z/L|^(2/3))^(3/2) in unstable and
    1 + 5 z/L in stable air [3]_ (eq. 1.34).

    Parameters
    ----------
    heights : ndarray, shape (n,)
        Above ground, positive [m].
    friction : float
        Friction velocity [m s-1].
    obukhov_length : float
        Positive in stable air, infinite in neutral air [m].

    Returns
    -------
    ndarray, shape (n,)
        [m2 s-3].
    """
    ratio = heights / obukhov_length
    if obukhov_length < 0.0:
        shape = (1.0 + 0.5 * np.abs(ratio) ** (2.0 / 3.0)) ** 1.5
    else:
        shape = 1.0 + 5.0 * ratio
    return np.asarray(friction**3 * shape / (KARMAN * heights))


def vertical_turbulence(
    heights: FloatArray, friction: float, obukhov_length: float, mixing_height: float
) -> tuple[FloatArray, FloatArray]:
    """Return the vertical velocity deviation and its Lagrangian time scale.

    Surface layer of [2]_: sigma_w = 1.25 u* (1 - 3 z/L)^(1/3) in unstable, 1.25 u* in other
    air. Above it sigma_w falls as 1 - 0.8 z/h (Lenschow's mixed-layer form, which the unstable
    law meets within 2 %). T_L = 2 sigma_w^2 / (C0 eps) [1]_, which in neutral and stable air
    is 0.5 z / sigma_w / (1 + 5 z/L) of [2]_; it levels off at 0.15 h / sigma_w [4]_.

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
    near_ground = np.full_like(heights, 1.25 * friction)
    if obukhov_length < 0.0:
        near_ground = near_ground * (1.0 - 3.0 * heights / obukhov_length) ** (1.0 / 3.0)
    dissipation = dissipation_rate(heights, friction, obukhov_length)
    near = 2.0 * near_ground**2 / (C0 * dissipation)
    sigma = near_ground * (1.0 - 0.8 * heights / mixing_height)
    far = 0.15 * mixing_height / sigma
    return sigma, near / np.sqrt(1.0 + (near / far) ** 2)


def convective_deviation(
    friction: float, obukhov_length: float, mixing_height: float
) -> tuple[float, float]:
    """Return the horizontal velocity deviation of convection, and its time scale.

    sigma = u* (0.5 h / |L|)^(1/3), the convective part of [5]_; T_L = 0.15 h / sigma [4]_.

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
    sigma, time : float
        [m s-1] and [s]; zero and infinity without convection.
    """
    if obukhov_length >= 0.0 or not math.isfinite(obukhov_length):
        return 0.0, math.inf
    sigma = friction * (0.5 * mixing_height / -obukhov_length) ** (1.0 / 3.0)
    return sigma, 0.15 * mixing_height / sigma


def horizontal_turbulence(
    heights: FloatArray, friction: float, obukhov_length: float, mixing_height: float
) -> tuple[tuple[float, FloatArray], tuple[float, FloatArray]]:
    """Return velocity deviation and Lagrangian time scale, along and across the wind.

    Mechanical part 2.0 u* and 1.3 u*, constant with height, with T_L = 0.5 z / sigma, in
    stable air 0.15 and 0.07 (h / sigma) (z/h)^(1/2) [4]_. Half of the convective variance
    comes on top, with a third of its time scale. The other half, and the slow motions that
    bring measured ten-minute deviations to 1.9 u* and more, are eddies about as large as a
    survey: they belong to the meander of the mean wind, which the mast shares (an assumption;
    nothing measured tells the share).

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
    along, across : tuple of float and ndarray, shape (n,)
        Deviation [m s-1] and time scale [s].
    """
    convective, slow = convective_deviation(friction, obukhov_length, mixing_height)
    stable = obukhov_length > 0.0 and math.isfinite(obukhov_length)
    both = []
    for mechanical, slowness in ((2.0 * friction, 0.15), (1.3 * friction, 0.07)):
        if stable:
            time = slowness * np.sqrt(heights * mixing_height) / mechanical
        else:
            time = 0.5 * heights / mechanical
        variance = mechanical**2 + 0.5 * convective**2
        heavy = 0.5 * convective**2 / variance
        if heavy > 0.0:
            time = (1.0 - heavy) * np.minimum(time, slow / 3.0) + heavy * slow / 3.0
        both.append((math.sqrt(variance), np.maximum(time, LEAST_TIME)))
    return both[0], both[1]


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
    along, across = horizontal_turbulence(inside, friction, obukhov_length, mixing_height)
    dissipation = 2.0 * sigma**2 / (C0 * time)
    # Eddies that lift a cloud as a whole: half the height, but not thinner than a breath.
    eddy = 0.5 * np.maximum(heights, 1.0)
    columns = (
        friction * wind_shape(heights, roughness_length, obukhov_length),
        sigma,
        np.gradient(sigma, heights),
        1.0 / time,
        np.cbrt(dissipation),
        eddy ** (-2.0 / 3.0),
        sigma**2 * time,
        1.0 / along[1],
        1.0 / across[1],
        (COHERENCE * np.maximum(across[0] * across[1], 1.0)) ** (-2.0 / 3.0),
        np.maximum(1.0 / time, 2.0 * sigma / inside),
    )
    return Layer(
        floor=roughness_length,
        top=mixing_height,
        table=np.column_stack(columns),
        sigma_u=along[0],
        sigma_v=across[0],
    )
