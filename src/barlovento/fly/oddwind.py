"""What looks doubtful in the wind record: calms, gaps, radians, a stuck vane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from barlovento.fly.faults import FaultList
from barlovento.fly.times import utc
from barlovento.fly.weather import Weather

FloatArray = NDArray[np.float64]
_GAP_INTERVALS = 3.0
#: Fewer rows may well have all their directions between north and north-north-east.
_ENOUGH_FOR_RADIANS = 8
_STUCK_VANE = 100
_LIGHT = 0.3


def look_at_wind(weather: Weather, times: FloatArray, faults: FaultList) -> None:
    """Note what is doubtful in the wind record.

    Parameters
    ----------
    weather : Weather
        The record.
    times : ndarray, shape (n,)
        Of the readings, sorted [s].
    faults : FaultList
        Takes the warnings.
    """
    record, file = weather.meteorology, weather.file
    if (record.wind_speed == 0).all():
        faults.warn(
            "The wind is zero throughout: nothing tells where the air came from.",
            "Check the column wind_speed.",
            file=file,
            column="wind_speed",
        )
    elif np.median(record.wind_speed) < _LIGHT:
        faults.warn(
            f"The wind is {np.median(record.wind_speed):.2g} m/s in the median, so light that "
            "its direction says little.",
            "Nothing, if that is right; expect wide regions.",
            file=file,
            column="wind_speed",
        )
    direction = record.wind_from_direction
    if direction.size >= _ENOUGH_FOR_RADIANS and direction.max() <= 2 * np.pi + 0.01:
        faults.warn(
            f"All wind directions lie between {direction.min():.2g} and {direction.max():.2g}.",
            "If these are radians, multiply by 57.2958; the column must hold degrees.",
            file=file,
            column="wind_from_direction",
        )
    same = (np.diff(direction) == 0) & (record.wind_speed[1:] > 0)
    if direction.size > _STUCK_VANE and same.mean() > 0.9:
        faults.warn(
            "The wind direction hardly ever changes.",
            "Check that the vane was free; one mean wind may stand in one row.",
            file=file,
            column="wind_from_direction",
        )
    _gaps(weather, times, faults)


def _gaps(weather: Weather, times: FloatArray, faults: FaultList) -> None:
    record = weather.meteorology.time
    if record.size < 2:
        return
    step = np.diff(record)
    long = np.flatnonzero(step > _GAP_INTERVALS * weather.interval)
    # A gap matters where readings fall into it.
    inside = [
        i
        for i in long.tolist()
        if np.searchsorted(times, record[i + 1]) > np.searchsorted(times, record[i], side="right")
    ]
    if not inside:
        return
    worst = max(inside, key=lambda i: float(step[i]))
    faults.warn(
        f"The wind record has {len(inside)} gap{'s' if len(inside) > 1 else ''} of more than "
        f"{_GAP_INTERVALS:g} intervals with readings in them, the longest of {step[worst]:,.0f} s "
        f"from {utc(record[worst])}.",
        "Fill in the wind of that time, or take these readings out.",
        file=weather.file,
        column="time",
    )
