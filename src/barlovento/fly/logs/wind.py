"""The wind as the autopilot estimates it, averaged to a record that a survey can hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput
from barlovento.fly.logs.heights import at_times
from barlovento.fly.logs.record import Flight, FloatArray

#: On the ground a filter of a flying vehicle estimates nothing [m].
_FLYING = 2.0
_GAP = 10.0


def autopilot_record(
    flight: Flight, height: FloatArray, interval: float
) -> tuple[dict[str, FloatArray], float]:
    """Return the wind record that an autopilot's estimate makes.

    Parameters
    ----------
    flight : Flight
        With an estimate of the wind.
    height : ndarray, shape (n,)
        Of its places above ground [m].
    interval : float
        Over which it is averaged [s].

    Returns
    -------
    tuple of dict and float
        Columns of a survey's wind record, times at the ends of intervals since 1970 [s], and the
        median height at which the wind was estimated [m].

    Raises
    ------
    BadInput
        The log has no estimate in flight.
    """
    time, east, north = flight.wind
    if not time.size:
        raise BadInput(
            f"{flight.file} has no estimate of the wind by the autopilot. "
            "Give a wind record with --wind FILE."
        )
    above = at_times(flight, height, time, longest_gap=_GAP)
    up = above > _FLYING
    if not up.any():
        raise BadInput(
            f"{flight.file} estimates the wind only on the ground, where it means nothing. "
            "Give a wind record with --wind FILE."
        )
    ends, bins = _bins(time[up], float(flight.time[0]), interval)
    u, v = _means(bins, east[up], ends.size), _means(bins, north[up], ends.size)
    there = np.isfinite(u)
    record = {
        "time": ends[there],
        "wind_speed": np.hypot(u, v)[there],
        "wind_from_direction": np.degrees(np.arctan2(-u, -v))[there] % 360.0,
    }
    record = {name: np.round(values, 3) for name, values in record.items()}
    record["wind_from_direction"] %= 360.0
    return record, float(np.median(above[up]))


def pressure_at(flight: Flight, ends: FloatArray, interval: float) -> FloatArray | None:
    """Return the mean pressure in the intervals that end then, None where none was logged.

    Parameters
    ----------
    flight : Flight
        The flight.
    ends : ndarray, shape (m,)
        Since 1970 UTC [s].
    interval : float
        Length of each [s].

    Returns
    -------
    ndarray, shape (m,), or None
        At the vehicle's height [Pa].
    """
    time, pressure = flight.air
    if not time.size:
        return None
    first, last = np.searchsorted(time, ends - interval), np.searchsorted(time, ends)
    sums = np.concatenate([[0.0], np.cumsum(pressure)])
    count = last - first
    mean = (sums[last] - sums[first]) / np.maximum(count, 1)
    near = np.interp(ends, time, pressure)
    return np.asarray(np.round(np.where(count > 0, mean, near), 1), dtype=np.float64)


def _bins(time: FloatArray, start: float, interval: float) -> tuple[FloatArray, NDArray[np.intp]]:
    number = np.ceil((time - start) / interval).astype(np.intp)
    lowest = int(number.min())
    ends = start + interval * np.arange(lowest, int(number.max()) + 1)
    return np.asarray(ends, dtype=np.float64), number - lowest


def _means(bins: NDArray[np.intp], values: FloatArray, size: int) -> FloatArray:
    count = np.bincount(bins, minlength=size)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(bins, weights=values, minlength=size) / count)
