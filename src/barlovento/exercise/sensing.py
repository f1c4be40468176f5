"""From the gas that is there to the numbers that an instrument shows.

Small eddies that the particles don't draw, sensor lag, drift, noise, averaging, clock lag and
limits, in the order in which they happen.

References
----------
.. [1] Yee, E. (2008), Journal of Applied Meteorology and Climatology 47, 2176-2186, and Yee,
   E. and Chan, R. (1997), Boundary-Layer Meteorology 84, 83-118: the clipped-gamma
   distribution of concentration, c = max(0, g - a) with g gamma distributed.
.. [2] Wilson, D. J. (1995), Concentration Fluctuations and Averaging Time in Vapor Clouds,
   chapter 4: the share of time with gas, 3 / (1 + intensity^2) when intensity^2 > 2.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from barlovento.exercise.instruments import Instrument, SensorModel
from barlovento.exercise.series import ornstein_uhlenbeck

FloatArray = NDArray[np.float64]

GAS_CONSTANT = 8.314462618
"""[J mol-1 K-1]."""

T90_OVER_TIME = math.log(10.0)
"""Time to 90 % of a step over the time constant of a first-order response [1]."""


def mole_fraction_per_density(molar_mass: float, temperature: float, pressure: float) -> float:
    """Return ppb per kg m-3 of an ideal gas.

    Parameters
    ----------
    molar_mass : float
        [kg mol-1].
    temperature, pressure : float
        [K], [Pa].
    """
    return 1e9 * GAS_CONSTANT * temperature / (pressure * molar_mass)


@lru_cache(maxsize=64)
def clipped_gamma(intensity: float) -> tuple[float, float, float]:
    """Return shape, scale and clip of a clipped gamma of mean 1 and given intensity.

    Up to intensity sqrt(2) nothing is clipped; beyond it the share of non-zero values is that
    of [2]_, and shape and scale are solved for mean and variance.

    Parameters
    ----------
    intensity : float
        Standard deviation over mean, above zero [1].
    """
    from scipy.optimize import brentq
    from scipy.special import gammaincc, gammainccinv

    square = intensity * intensity
    present = min(1.0, 3.0 / (1.0 + square))
    if present >= 1.0:
        return 1.0 / square, square, 0.0

    def moments(shape: float) -> tuple[float, float, float]:
        clip = float(gammainccinv(shape, present))
        # Integrals of g and g^2 above the clip are gamma tails of higher shape.
        first = shape * float(gammaincc(shape + 1.0, clip))
        second = shape * (shape + 1.0) * float(gammaincc(shape + 2.0, clip))
        mean = first - clip * present
        return clip, mean, second - 2.0 * clip * first + clip * clip * present

    def excess(shape: float) -> float:
        _, mean, mean_square = moments(shape)
        return mean_square / mean**2 - 1.0 - square

    shape = float(brentq(excess, 1e-3, 50.0))
    clip, mean, _ = moments(shape)
    return shape, 1.0 / mean, clip / mean


def fluctuations(
    rng: np.random.Generator, steps: int, time_scale: FloatArray | float, intensity: float
) -> FloatArray:
    """Return a correlated series of clipped-gamma factors of mean 1.

    Parameters
    ----------
    rng : Generator
        Randomness.
    steps : int
        Seconds.
    time_scale : float or ndarray, shape (steps,)
        After which the correlation is 1/e [s].
    intensity : float
        Standard deviation over mean; zero gives ones [1].

    Returns
    -------
    ndarray, shape (steps,)
        [1].
    """
    from scipy.special import gammaincinv, ndtr

    if intensity <= 0.0:
        return np.ones(steps)
    memory = np.exp(-1.0 / np.broadcast_to(time_scale, (steps,)))
    noise = rng.standard_normal(steps)
    normal = np.empty(steps)
    last = noise[0]
    normal[0] = last
    for i in range(1, steps):
        last = memory[i] * last + math.sqrt(1.0 - memory[i] ** 2) * noise[i]
        normal[i] = last
    shape, scale, clip = clipped_gamma(intensity)
    level = np.minimum(ndtr(normal), 1.0 - 1e-12)
    return np.asarray(np.maximum(scale * gammaincinv(shape, level) - clip, 0.0))


def fine_eddies(
    rng: np.random.Generator,
    instrument: Instrument,
    wind: tuple[float, float],
    intensity: float,
    length: float,
) -> FloatArray:
    """Return the factors by which fine eddies change what one instrument meets of one plume.

    They last as long as an eddy takes to pass: its length over the speed of the instrument
    against the air. A beam averages over as many of them as fit on it.

    Parameters
    ----------
    rng : Generator
        Randomness.
    instrument : Instrument
        Where it is every second.
    wind : tuple of float
        Mean wind at its height, where it blows to, east and north [m s-1].
    intensity : float
        Of a point reading [1].
    length : float
        Of an eddy [m].

    Returns
    -------
    ndarray, shape (seconds,)
        [1].
    """
    x, y = np.diff(instrument.x), np.diff(instrument.y)
    passing = np.maximum(np.hypot(x - wind[0], y - wind[1]), 0.1)
    if instrument.x2 is not None and instrument.y2 is not None:
        span = float(np.hypot(instrument.x2 - instrument.x, instrument.y2 - instrument.y).mean())
        intensity = intensity / math.sqrt(1.0 + span / length)
    return fluctuations(rng, x.size, length / passing, intensity)


def shown(
    rng: np.random.Generator, met: FloatArray, sensor: SensorModel, averaging_time: int
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return what a sensor shows for the gas it meets.

    Parameters
    ----------
    rng : Generator
        Randomness.
    met : ndarray, shape (seconds,)
        Added mole fraction, mean of each second [ppb].
    sensor : SensorModel
        The sensor.
    averaging_time : int
        Seconds per reading; a last broken interval is dropped [s].

    Returns
    -------
    value : ndarray, shape (readings,)
        The reading, or the limit of detection where ``censored`` [ppb].
    censored : ndarray of bool, shape (readings,)
        True where only the limit is told.
    """
    from scipy.signal import lfilter

    seconds = met.size
    level = sensor.background + sensor.drift * (
        ornstein_uhlenbeck(rng, seconds, 1.0, sensor.drift_time)
    )
    gas = sensor.gain * met
    if sensor.t90 > 0.0:
        memory = math.exp(-T90_OVER_TIME / sensor.t90)
        gas = np.asarray(lfilter([1.0 - memory], [1.0, -memory], gas))
    if sensor.clock_lag > 0.0:
        second = np.arange(seconds, dtype=np.float64)
        gas = np.interp(second - sensor.clock_lag, second, gas)
    value = level + gas + sensor.noise * rng.standard_normal(seconds)
    if sensor.saturation is not None:
        value = np.minimum(value, sensor.saturation)
    readings = seconds // averaging_time
    value = value[: readings * averaging_time].reshape(readings, averaging_time).mean(axis=1)
    if sensor.detection_limit is None:
        return value, np.zeros(readings, dtype=np.bool_)
    censored = value < sensor.detection_limit
    return np.where(censored, sensor.detection_limit, value), censored
