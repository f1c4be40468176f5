"""The narrow plume that a leg crosses, and what an instrument keeps of its peak.

Equation 1 of :mod:`barlovento.plan.detection`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion import turbulence as turb
from barlovento.dispersion.plume import vertical
from barlovento.dispersion.spread import CLASS_LENGTH, SpreadTables, spread_tables
from barlovento.domain.fleet import Sensor
from barlovento.domain.region import STABILITIES, Weather
from barlovento.domain.species import find_species
from barlovento.domain.units import air_density_of_species

Floats = NDArray[np.float64]

TEMPERATURE, PRESSURE = 288.15, 101_325.0
"""The standard atmosphere, to turn mass into mole fraction: within 15 % at places where people
live, little beside the rest [K], [Pa]."""
MIXING_HEIGHT = (1500.0, 1500.0, 1200.0, 800.0, 400.0, 200.0)
"""By stability class (assumed) [m]."""
MEANDER = 0.75
"""Share of the variance of both spreads in the wandering, m of (1) (assumed) [1]."""


def kept_of_peak(width: Floats, lag: float, interval: float) -> Floats:
    """Return the share of a Gaussian pulse's peak that a lagging, averaging instrument shows.

    Parameters
    ----------
    width : ndarray, shape (n,)
        Deviation of the pulse in time [s].
    lag : float
        Time constant of the first-order response [s].
    interval : float
        Each reading is the mean over so long [s].

    Returns
    -------
    ndarray, shape (n,)
        The greatest of a Gaussian convolved with an exponential, over the Gaussian's own [1].
    """
    from scipy.special import erfcx

    # Averaging adds the variance of a box; it keeps the area, so the peak falls by the width.
    wide = np.sqrt(width**2 + interval**2 / 12.0)
    share = width / wide
    if lag <= 0:
        return np.asarray(share)
    ratio = np.maximum(wide / lag, 1e-3)
    # Peaks lie between the pulse's own and some time constants later.
    late = np.linspace(-1.0, 6.0, 141)
    # exp(-late^2/2) erfcx(u) is the convolution, free of overflow.
    u = (ratio[:, None] - late) / math.sqrt(2.0)
    shape = np.exp(-0.5 * late**2) * erfcx(np.maximum(u, -5.0))
    peak = math.sqrt(math.pi / 2.0) * ratio * shape.max(axis=1)
    return np.asarray(share * np.minimum(peak, 1.0))


class Excess:
    """The narrow plume on a leg over distance, for a unit rate."""

    def __init__(
        self,
        sensor: Sensor,
        x: Floats,
        height: float,
        release_height: float,
        weather: Weather,
        species: str,
        speed: float,
    ) -> None:
        tables = plume_tables(weather, release_height, float(x[-1]))
        place = np.sqrt(x) / tables.step
        nodes = np.arange(tables.sigma_y.shape[1])
        s_y = np.interp(place, nodes, tables.sigma_y[0])
        s_z = np.interp(place, nodes, tables.sigma_z[0])
        wind = weather.wind_speed * np.interp(place, nodes, tables.speed_ratio[0])
        top = float(tables.mixing_height[0])
        narrow = math.sqrt(1.0 - MEANDER)
        r_y, r_z = np.maximum(narrow * s_y, 0.3), np.maximum(narrow * s_z, 0.3)
        centres, self.weights = normal_nodes(9)
        axis = np.abs(release_height + math.sqrt(MEANDER) * s_z[:, None] * centres)
        axis = np.minimum(axis, top)
        part = _vertical(sensor, height, axis, r_z[:, None], top)
        whole = _vertical(sensor, height, np.full((len(x), 1), release_height), s_z[:, None], top)[
            :, 0
        ]
        per_mass = 1.0 / float(
            air_density_of_species(find_species(species).molar_mass, TEMPERATURE, PRESSURE)
        )
        across = per_mass / (math.sqrt(2.0 * math.pi) * wind)
        kept = kept_of_peak(r_y / speed, sensor.response_time, sensor.interval)
        if sensor.sees == "image":
            kept = np.ones_like(kept)
        self.peaks: Floats = (across / r_y * kept)[:, None] * part
        self.mean: Floats = across / s_y * whole


def _vertical(sensor: Sensor, height: float, axis: Floats, s: Floats, top: float) -> Floats:
    """Return the plume's density at a height [m-1], or its share below it [1]."""
    if sensor.sees == "point":
        s = np.broadcast_to(s, axis.shape)
        told = [
            vertical(height, float(h), float(w), top)[0] / (math.sqrt(2.0 * math.pi) * w)
            for h, w in zip(axis.ravel(), s.ravel(), strict=True)
        ]
        return np.reshape(np.array(told), axis.shape)
    from scipy.special import ndtr

    # What lies between ground and aircraft of the plume and of its image below the ground.
    return np.asarray(
        np.minimum(ndtr((height - axis) / s) - ndtr(-axis / s), 1.0)
        + np.minimum(ndtr((height + axis) / s) - ndtr(axis / s), 1.0)
    )


def plume_tables(weather: Weather, release_height: float, distance: float) -> SpreadTables:
    """Return the spread of ten-minute mean plumes in one state of the air.

    Parameters
    ----------
    weather : Weather
        Wind and stability.
    release_height, distance : float
        Of the source, and as far as the tables go [m].
    """
    number = STABILITIES.index(weather.stability)
    absent = np.array([math.nan])
    return spread_tables(
        wind_speed=np.array([weather.wind_speed]),
        sigma_theta=absent,
        friction_velocity=absent,
        obukhov_length=np.array([min(CLASS_LENGTH[number], turb.NEUTRAL)]),
        mixing_height=np.array([MIXING_HEIGHT[number]]),
        roughness_length=np.array([weather.roughness_length]),
        stability_class=np.array([number], dtype=np.int64),
        averaging_time=np.array([600.0]),
        measurement_height=weather.wind_height,
        release_height=release_height,
        distance_max=distance,
    )


def normal_nodes(count: int) -> tuple[Floats, Floats]:
    """Return nodes and weights of a standard normal, shape (count,) each."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()
