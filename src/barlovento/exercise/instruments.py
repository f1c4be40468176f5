"""Gas instruments and where they are every second: drones, fixed points, beams."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorModel:
    """One gas instrument; mole fractions are in ppb (1e-9 mol mol-1).

    Parameters
    ----------
    name : str
        Goes into the ``sensor`` column.
    t90 : float
        Time to 90 % of a step; first order [s].
    noise : float
        White noise of a one-second reading [ppb].
    background : float
        What it shows in clean air at the start [ppb].
    drift : float
        Standard deviation of the slow wandering of that level [ppb].
    drift_time : float
        Time scale of the wandering [s].
    detection_limit : float or None
        Below it only "not detected" is told [ppb].
    saturation : float or None
        Largest reading it can show [ppb].
    clock_lag : float
        The gas is stamped this much later than it was met [s].
    gain : float
        Multiplies what it shows of any gas, one when it is set right [1].
    """

    name: str
    t90: float = 0.0
    noise: float = 0.0
    background: float = 0.0
    drift: float = 0.0
    drift_time: float = 600.0
    detection_limit: float | None = None
    saturation: float | None = None
    clock_lag: float = 0.0
    gain: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A sensor and where it is at the end of every second of the survey.

    Parameters
    ----------
    sensor : SensorModel
        What reads the gas.
    x, y, z : ndarray, shape (seconds + 1,)
        Place at 0, 1, 2 ... s after the start; one end of the path for a beam [m].
    x2, y2, z2 : ndarray, shape (seconds + 1,), or None
        Other end of a beam, along which it averages; None for a point [m].
    """

    sensor: SensorModel
    x: FloatArray
    y: FloatArray
    z: FloatArray
    x2: FloatArray | None = None
    y2: FloatArray | None = None
    z2: FloatArray | None = None

    @property
    def is_beam(self) -> bool:
        """Whether the reading is a mean along a path."""
        return self.x2 is not None


def fixed_point(sensor: SensorModel, x: float, y: float, z: float, duration: int) -> Instrument:
    """Return an instrument that stands still.

    Parameters
    ----------
    sensor : SensorModel
        What reads the gas.
    x, y, z : float
        East, north, above ground [m].
    duration : int
        Of the survey [s].
    """
    still = np.ones(duration + 1)
    return Instrument(sensor=sensor, x=x * still, y=y * still, z=z * still)


def beam(
    sensor: SensorModel,
    one: tuple[float, float, float],
    other: tuple[float, float, float],
    duration: int,
) -> Instrument:
    """Return an open path between two points.

    Parameters
    ----------
    sensor : SensorModel
        What reads the gas.
    one, other : tuple of float
        Ends: east, north, above ground [m].
    duration : int
        Of the survey [s].
    """
    still = np.ones(duration + 1)
    return Instrument(
        sensor=sensor,
        x=one[0] * still,
        y=one[1] * still,
        z=one[2] * still,
        x2=other[0] * still,
        y2=other[1] * still,
        z2=other[2] * still,
    )


def along(waypoints: FloatArray, ground_speed: float, duration: int) -> FloatArray:
    """Return places every second on a path flown there and back without end.

    Parameters
    ----------
    waypoints : ndarray, shape (n, 3)
        East, north, above ground [m].
    ground_speed : float
        [m s-1].
    duration : int
        [s].

    Returns
    -------
    ndarray, shape (duration + 1, 3)
        [m].
    """
    legs = np.linalg.norm(np.diff(waypoints, axis=0), axis=1)
    distance = np.concatenate([[0.0], np.cumsum(legs)])
    flown = ground_speed * np.arange(duration + 1)
    back_and_forth = distance[-1] - np.abs(np.mod(flown, 2.0 * distance[-1]) - distance[-1])
    return np.column_stack(
        [np.interp(back_and_forth, distance, waypoints[:, axis]) for axis in range(3)]
    )


def lawnmower(
    centre: tuple[float, float],
    side: tuple[float, float],
    wind_from_direction: float,
    spacing: float,
    heights: tuple[float, ...],
) -> FloatArray:
    """Return waypoints of transects across the wind, the farthest downwind one first.

    Parameters
    ----------
    centre : tuple of float
        East, north [m].
    side : tuple of float
        Length across and along the wind [m].
    wind_from_direction : float
        As the pilot believes it, clockwise from north [degree].
    spacing : float
        Between transects [m].
    heights : tuple of float
        Above ground, taken in turn transect by transect [m].

    Returns
    -------
    ndarray, shape (2 * transects, 3)
        [m].
    """
    angle = math.radians(wind_from_direction)
    down = np.array([-math.sin(angle), -math.cos(angle)])
    cross = np.array([-down[1], down[0]])
    count = max(2, 1 + round(side[1] / spacing))
    points = []
    for k, ahead in enumerate(np.linspace(0.5 * side[1], -0.5 * side[1], count)):
        ends = (-0.5 * side[0], 0.5 * side[0])
        for aside in ends if k % 2 == 0 else ends[::-1]:
            place = np.array(centre) + ahead * down + aside * cross
            points.append([place[0], place[1], heights[k % len(heights)]])
    return np.array(points)


def drone(
    rng: np.random.Generator,
    sensor: SensorModel,
    waypoints: FloatArray,
    ground_speed: float,
    duration: int,
    sway: float = 0.4,
) -> Instrument:
    """Return an instrument on a drone that flies a path, swaying a little.

    Parameters
    ----------
    rng : Generator
        Of the swaying.
    sensor : SensorModel
        What reads the gas.
    waypoints : ndarray, shape (n, 3)
        East, north, above ground [m].
    ground_speed : float
        [m s-1].
    duration : int
        [s].
    sway : float
        Standard deviation about the path, over some 10 s [m].
    """
    from barlovento.exercise.series import ornstein_uhlenbeck

    place = along(waypoints, ground_speed, duration)
    for axis in range(3):
        place[:, axis] += sway * ornstein_uhlenbeck(rng, duration + 1, 1.0, 10.0)
    return Instrument(sensor=sensor, x=place[:, 0], y=place[:, 1], z=np.maximum(place[:, 2], 0.5))
