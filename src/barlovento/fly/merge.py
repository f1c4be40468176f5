"""Readings in order of time: duplicates, and whether the wind record covers them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.fly.faults import FaultList
from barlovento.fly.readings import Readings, select
from barlovento.fly.times import utc
from barlovento.fly.weather import Weather

_PLACE = ("x", "y", "z", "x2", "y2", "z2")
#: Times come from text with a limited number of decimals.
_ROUNDING = 1e-3


def in_order(readings: Readings, faults: FaultList) -> tuple[Readings, int]:
    """Sort by time (stable) and take out rows that say the same as another.

    Parameters
    ----------
    readings : Readings
        In the order of the file.
    faults : FaultList
        Takes rows that contradict each other.

    Returns
    -------
    tuple of Readings and int
        Sorted rows, and how many were left out.
    """
    again = _repeated(readings)
    drop = np.zeros(len(readings), dtype=bool)
    if again is not None:
        first, second = again
        same = (readings.value[first] == readings.value[second]) & (
            readings.censored[first] == readings.censored[second]
        )
        drop[second[same]] = True
        faults.rows(
            np.sort(readings.line[second[same]]),
            "The row says the same as another and was left out.",
            "Nothing.",
            file=readings.file,
            severity="warning",
        )
        _tell_contradictions(readings, first[~same], second[~same], faults)
    order = np.argsort(readings.time, kind="stable")
    if drop.any():
        order = order[~drop[order]]
    elif np.array_equal(order, np.arange(order.size)):
        return readings, 0
    return select(readings, order), int(drop.sum())


def _tell_contradictions(
    readings: Readings, first: NDArray[np.int64], second: NDArray[np.int64], faults: FaultList
) -> None:
    faults.rows(
        readings.line[second],
        lambda i: (
            f"Sensor {readings.sensor_names[readings.sensor[second[i]]]!r} reads "
            f"{readings.value[second[i]]:g} here and {readings.value[first[i]]:g} in row "
            f"{readings.line[first[i]]}, at the same time and place."
        ),
        'Keep one of them, write "bad" in the flag of the other, or name the sensors apart.',
        file=readings.file,
        column="concentration",
    )


def _repeated(readings: Readings) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return pairs of rows of one sensor at one time and place, the earlier line first."""
    # Only rows that share time and sensor are compared further: they are few.
    order = np.lexsort((readings.sensor, readings.time))
    time, sensor = readings.time[order], readings.sensor[order]
    tie = (np.diff(time) == 0) & (np.diff(sensor) == 0)
    if not tie.any():
        return None
    near = order[np.flatnonzero(np.append(tie, False) | np.append(False, tie))]
    keys: list[NDArray[Any]] = [readings.line[near]]
    # NaN is never equal to itself, but two absent path ends are the same.
    keys += [np.nan_to_num(getattr(readings, name)[near], nan=np.inf) for name in _PLACE]
    keys += [readings.sensor[near], readings.time[near]]
    sorted_near = near[np.lexsort(keys)]
    same = np.ones(sorted_near.size - 1, dtype=bool)
    for name in ("time", "sensor", *_PLACE):
        values = getattr(readings, name)[sorted_near]
        same &= np.diff(np.nan_to_num(values.astype(np.float64), nan=1e300)) == 0
    if not same.any():
        return None
    # Every row of a group is compared with the first one of it.
    start = np.flatnonzero(np.append(True, ~same))
    group = np.cumsum(np.append(True, ~same)) - 1
    second = np.flatnonzero(np.append(False, same))
    return sorted_near[start[group[second]]], sorted_near[second]


def inside_record(
    readings: Readings, weather: Weather, averaging_time: float | None, faults: FaultList
) -> None:
    """Tell readings that end more than one interval outside the wind record.

    Parameters
    ----------
    readings : Readings
        Sorted or not.
    weather : Weather
        The record.
    averaging_time : float or None
        Of the readings; stands for the interval of a record that has one row [s].
    faults : FaultList
        Takes them.
    """
    record = weather.meteorology.time
    interval = weather.interval if record.size > 1 else averaging_time or 0.0
    margin = interval + _ROUNDING
    begin, end = float(record[0]), float(record[-1])
    outside = (readings.time < begin - margin) | (readings.time > end + margin)
    if not outside.any():
        return
    when = readings.time[outside]
    faults.rows(
        readings.line[outside],
        lambda i: (
            f"The reading ends {utc(when[i])}, outside the wind record, which runs from "
            f"{utc(begin)} to {utc(end)}."
        ),
        "Bring the wind of that time, take the readings out, or mend the clock "
        f"({_offset(when, begin, end)}).",
        file=readings.file,
        column="time",
    )


def _offset(when: NDArray[np.float64], begin: float, end: float) -> str:
    """Say how far outside the readings are; whole hours point to a time zone."""
    off = float(np.median(np.where(when < begin, begin - when, when - end)))
    if off >= 5400:
        return f"they are {off / 3600:.1f} hours off: is one of the files in local time?"
    return f"they are {off:.0f} seconds off"
