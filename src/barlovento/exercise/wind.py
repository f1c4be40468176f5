"""The wandering mean wind of a hidden world, and what a mast tells of it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology
from barlovento.exercise.air import RATE_U, RATE_V, Layer, wind_shape
from barlovento.exercise.cloud import Wander, valley_wind
from barlovento.exercise.records import Atmosphere, Mast, Valley
from barlovento.exercise.series import ornstein_uhlenbeck

FloatArray = NDArray[np.float64]

LEAST_FACTOR = 0.25
"""The mean wind never falls below this share of its mean: what moves then is turbulence [1]."""


class History(NamedTuple):
    """The mean wind of each second.

    Attributes
    ----------
    direction : ndarray, shape (steps,)
        Where it comes FROM, clockwise from north [degree].
    factor : ndarray, shape (steps,)
        Over its mean [1].
    """

    direction: FloatArray
    factor: FloatArray


def wander(rng: np.random.Generator, air: Atmosphere, steps: int, spin_up: int) -> History:
    """Return how the mean wind wanders, one value a second.

    Parameters
    ----------
    rng : Generator
        Randomness.
    air : Atmosphere
        The air.
    steps : int
        Seconds in all.
    spin_up : int
        Of these, before the survey starts [s].
    """
    after_start = np.arange(steps) - spin_up
    direction = (
        air.wind_from_direction
        + air.direction_trend * after_start / 3600.0
        + air.meander_direction_sd * ornstein_uhlenbeck(rng, steps, 1.0, air.meander_time)
    )
    factor = 1.0 + air.meander_speed_sd * ornstein_uhlenbeck(rng, steps, 1.0, air.meander_time)
    return History(direction, np.maximum(factor, LEAST_FACTOR))


def unit_towards(direction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the unit vector, east and north, that a wind FROM these directions blows to.

    Parameters
    ----------
    direction : ndarray
        Clockwise from north [degree].
    """
    angle = np.deg2rad(direction)
    return -np.sin(angle), -np.cos(angle)


def valley_numbers(valley: Valley | None, steering: float | None = None) -> FloatArray:
    """Return a valley as the flat list that the particles read, empty for none.

    Parameters
    ----------
    valley : Valley or None
        The valley.
    steering : float, optional
        In place of the valley's own [1].
    """
    if valley is None:
        return np.empty(0)
    axis = math.radians(valley.axis_direction)
    return np.array(
        [
            valley.x,
            valley.y,
            math.sin(axis),
            math.cos(axis),
            valley.half_width,
            valley.steering if steering is None else steering,
            valley.depth,
            valley.drainage_speed,
            valley.drainage_depth,
            valley.slope_speed,
        ]
    )


def as_blown(history: History, air: Atmosphere) -> Wander:
    """Return the wind history as the particles read it."""
    east, north = unit_towards(history.direction)
    return Wander(east, north, history.factor, valley_numbers(air.valley))


def wind_at_mast(
    rng: np.random.Generator, air: Atmosphere, mast: Mast, layer: Layer, history: History
) -> tuple[FloatArray, FloatArray]:
    """Return the wind at the anemometer every second, with turbulence, east and north.

    The mast stands in other small eddies than the plume: it shares with it only the wandering
    of the mean wind. Time scales are Eulerian, T_L sigma / (0.4 U) (Hanna 1981).

    Parameters
    ----------
    rng : Generator
        Randomness.
    air, mast, layer, history
        The air, the anemometer, the tables of the air, and the mean wind per second.

    Returns
    -------
    east, north : ndarray, shape (steps,)
        Where it blows to [m s-1].
    """
    steps = history.factor.size
    heights = np.array([mast.height, air.wind_height])
    shape = wind_shape(heights, air.roughness_length, air.obukhov_length)
    mean = air.wind_speed * float(shape[0] / shape[1])
    scale = 0.4 * max(mean, 0.1)
    row = layer.at(mast.height)
    time_u = float(min(1.0, layer.sigma_u / scale) / row[RATE_U])
    time_v = float(min(1.0, layer.sigma_v / scale) / row[RATE_V])
    speed = mean * history.factor + layer.sigma_u * ornstein_uhlenbeck(rng, steps, 1.0, time_u)
    across = layer.sigma_v * ornstein_uhlenbeck(rng, steps, 1.0, time_v)
    ex, ey = unit_towards(history.direction)
    east, north = speed * ex - across * ey, speed * ey + across * ex
    if air.valley is not None:
        numbers = valley_numbers(air.valley, air.valley.mast_steering)
        # The mast stands off the axis by half the valley's half width.
        x = numbers[0] - 0.5 * numbers[4] * numbers[3]
        y = numbers[1] + 0.5 * numbers[4] * numbers[2]
        blown = [
            valley_wind(x, y, mast.height, e, n, numbers) for e, n in zip(east, north, strict=True)
        ]
        east = np.array([b[0] for b in blown])
        north = np.array([b[1] for b in blown])
    return east, north


def mast_record(
    rng: np.random.Generator,
    air: Atmosphere,
    mast: Mast,
    friction: float,
    east: FloatArray,
    north: FloatArray,
    start: float,
) -> Meteorology:
    """Return what the mast tells: interval means with its errors.

    Speed is the mean of speeds, direction that of the mean vector, as cup and vane loggers do.

    Parameters
    ----------
    rng : Generator
        Randomness.
    air, mast
        The air and the anemometer.
    friction : float
        True friction velocity [m s-1].
    east, north : ndarray, shape (seconds,)
        The wind at the anemometer during the survey [m s-1].
    start : float
        Of the survey, seconds since 1970 UTC [s].
    """
    width = int(mast.interval)
    count = max(1, math.ceil(east.size / width))
    edges = [(k * width, min((k + 1) * width, east.size)) for k in range(count)]
    speed, direction, spread = np.empty(count), np.empty(count), np.empty(count)
    for k, (a, b) in enumerate(edges):
        e, n = east[a:b], north[a:b]
        each = np.hypot(e, n)
        speed[k] = each.mean()
        direction[k] = math.degrees(math.atan2(-e.mean(), -n.mean()))
        turned = np.rad2deg(np.arctan2(-e, -n)) - direction[k]
        spread[k] = np.std((turned + 180.0) % 360.0 - 180.0)
    error = mast.direction_bias + mast.direction_noise * rng.standard_normal(count)
    told = mast.speed_factor * speed + mast.speed_noise * rng.standard_normal(count)
    missing = np.full(count, math.nan)
    turbulence = (missing, missing)
    if mast.report_turbulence:
        off = np.exp(mast.turbulence_error * rng.standard_normal(2))
        length = air.obukhov_length if math.isfinite(air.obukhov_length) else 1e5
        turbulence = (np.full(count, friction * off[0]), np.full(count, length * off[1]))
    return Meteorology(
        time=start + np.array([(k + 1) * width for k in range(count)], dtype=np.float64),
        wind_speed=np.maximum(told, 0.05),
        wind_from_direction=(direction + error) % 360.0,
        wind_from_direction_sd=spread if mast.report_spread else missing,
        friction_velocity=turbulence[0],
        obukhov_length=turbulence[1],
        mixing_height=missing,
        temperature=np.full(count, air.temperature),
        pressure=np.full(count, air.pressure),
        roughness_length=np.full(count, air.roughness_length * mast.roughness_factor),
        measurement_height=mast.height,
    )
