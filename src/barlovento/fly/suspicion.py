"""What looks doubtful in a survey that can be read: warnings, none of which stops anything.

The thresholds here are for telling people, never for computing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.geodesy import to_geographic, to_local
from barlovento.domain.observation import Observations, SearchArea
from barlovento.domain.units import air_density_of_species
from barlovento.fly.document import SurveyDocument
from barlovento.fly.faults import FaultList
from barlovento.fly.oddwind import look_at_wind
from barlovento.fly.readings import Readings
from barlovento.fly.times import utc
from barlovento.fly.upwind import look_upwind
from barlovento.fly.weather import Weather

FloatArray = NDArray[np.float64]

#: So many equal readings in a row are not weather; loggers with few digits repeat some dozens.
_STUCK = 50
_FILLERS = (-9999.0, -999.0, -99.99, -99.0, -9.99, 9999.0, 99999.0)
#: Above this share of pure gas no survey instrument works.
_PURE_SHARE = 0.2
_HIGH_GROUND = 150.0


def look_for_oddities(
    observations: Observations,
    readings: Readings,
    weather: Weather,
    search: SearchArea,
    document: SurveyDocument,
    faults: FaultList,
) -> None:
    """Note everything that looks doubtful.

    Parameters
    ----------
    observations : Observations
        In SI units, in the order of ``readings``.
    readings : Readings
        The same rows with their lines and in the file's units.
    weather : Weather
        The wind record.
    search : SearchArea
        In metres.
    document : SurveyDocument
        The rest.
    faults : FaultList
        Takes the warnings.
    """
    _few(observations, readings, faults)
    _values(observations, readings, document, faults)
    _stuck(observations, readings, faults)
    _spacing(observations, readings, faults)
    _heights(observations, readings, faults)
    near = _place(observations, readings, search, faults)
    look_at_wind(weather, observations.time, faults)
    if near:
        look_upwind(observations, weather, search, faults)


def _few(obs: Observations, readings: Readings, faults: FaultList) -> None:
    if len(obs) == 1:
        faults.warn(
            "The survey has one reading: it can hardly tell where a source is.",
            "Bring more readings from other places.",
            file=readings.file,
        )
    if obs.censored.all():
        faults.warn(
            "No reading detects the gas: the survey can tell where no strong source is, "
            "not where one is.",
            "Nothing, if that is right; otherwise check detection_limit and its units.",
            file=readings.file,
            column="concentration",
        )


def _values(
    obs: Observations, readings: Readings, document: SurveyDocument, faults: FaultList
) -> None:
    seen = readings.value[~obs.censored]
    lines = readings.line[~obs.censored]
    if seen.size > 2 and np.ptp(seen) == 0:
        faults.warn(
            f"All {seen.size:,} detected readings are {seen[0]:g}.",
            "Check that the column concentration is the right one and that the sensor was on.",
            file=readings.file,
            column="concentration",
        )
    odd = np.isin(seen, _FILLERS)
    faults.rows(
        lines[odd],
        lambda i: f"{seen[odd][i]:g} looks like the filler of a logger.",
        "Leave the cell empty where nothing was measured.",
        file=readings.file,
        column="concentration",
        severity="warning",
    )
    negative = seen[(seen < 0) & ~odd]
    if negative.size:
        faults.warn(
            f"{negative.size:,} readings are below zero, the lowest {negative.min():g}; "
            "they are taken as noise about zero.",
            "Nothing, if the sensor's zero drifts; otherwise give detection_limit.",
            file=readings.file,
            column="concentration",
        )
    _strength(obs, readings, document, faults)


def _strength(
    obs: Observations, readings: Readings, document: SurveyDocument, faults: FaultList
) -> None:
    assert document.species is not None
    assert document.unit is not None
    pure = float(air_density_of_species(document.species.molar_mass, 288.0, 1e5))
    most = int(np.argmax(obs.concentration))
    if obs.concentration[most] > _PURE_SHARE * pure:
        faults.warn(
            f"{readings.value[most]:g} {document.unit.name} would be "
            f"{obs.concentration[most] / pure:.0%} pure gas.",
            "Check concentration_units.",
            file=readings.file,
            row=int(readings.line[most]),
            column="concentration",
        )
    seen = readings.value[~obs.censored]
    background = document.background
    if background and seen.size and seen.max() < background:
        faults.warn(
            f"Every reading is below the background of {background:g} {document.unit.name}.",
            "Check that the background is in the units of the readings.",
            file="survey.toml",
            column="observations.background",
        )


def _by_sensor(obs: Observations) -> Iterator[tuple[str, NDArray[np.int64]]]:
    order = np.argsort(obs.sensor, kind="stable")
    edges = np.searchsorted(obs.sensor[order], np.arange(len(obs.sensor_names) + 1))
    for name, begin, end in zip(obs.sensor_names, edges[:-1], edges[1:], strict=True):
        yield name, order[begin:end]


def _stuck(obs: Observations, readings: Readings, faults: FaultList) -> None:
    for name, index in _by_sensor(obs):
        value = readings.value[index]
        # Zeros and limits repeat by nature.
        moving = (np.diff(value) != 0) | (value[1:] == 0) | obs.censored[index][1:]
        begin, length = longest_run(~moving)
        if length + 1 >= _STUCK and length + 1 < value.size:
            faults.warn(
                f"Sensor {name!r} reads {value[begin]:g} {length + 1} times one after the other, "
                f"from {utc(obs.time[index[begin]])}.",
                'Write "bad" in the flag of these rows if the sensor was stuck.',
                file=readings.file,
                row=int(readings.line[index[begin]]),
                column="concentration",
            )


def longest_run(hit: NDArray[np.bool_]) -> tuple[int, int]:
    """Return where the longest run of True begins, and its length.

    Parameters
    ----------
    hit : ndarray of bool, shape (n,)
        What to look through.

    Returns
    -------
    tuple of int
        Start and length; (0, 0) where nothing is True.
    """
    padded = np.concatenate([[False], hit, [False]]).astype(np.int8)
    change = np.diff(padded)
    begin, end = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    if not begin.size:
        return 0, 0
    best = int(np.argmax(end - begin))
    return int(begin[best]), int(end[best] - begin[best])


def _spacing(obs: Observations, readings: Readings, faults: FaultList) -> None:
    gaps = []
    for _, index in _by_sensor(obs):
        step = np.diff(obs.time[index])
        gaps.append(step[step > 0])
    step = np.concatenate(gaps) if gaps else np.empty(0)
    if step.size < 3:
        return
    usual, average = float(np.median(step)), obs.averaging_time
    if average > 1.5 * usual:
        faults.warn(
            f"Each reading is said to average {average:g} s, but a sensor's rows are "
            f"{usual:g} s apart, so that neighbours would share their air.",
            "Check averaging_time_s.",
            file="survey.toml",
            column="observations.averaging_time_s",
        )
    elif average < usual / 30:
        faults.warn(
            f"Each reading is said to average {average:g} s, but a sensor's rows are "
            f"{usual:g} s apart.",
            "Nothing, if the sensor samples that briefly; otherwise check averaging_time_s.",
            file="survey.toml",
            column="observations.averaging_time_s",
        )
    if len(obs.sensor_names) > 1000:
        faults.warn(
            f"There are {len(obs.sensor_names):,} different sensors.",
            "Check that the column sensor holds names of instruments.",
            file=readings.file,
            column="sensor",
        )


def _heights(obs: Observations, readings: Readings, faults: FaultList) -> None:
    if obs.z.min() > _HIGH_GROUND and np.ptp(obs.z) < obs.z.min():
        faults.warn(
            f"All readings are {obs.z.min():.0f} to {obs.z.max():.0f} m above ground.",
            "Check that z is not the height above the sea.",
            file=readings.file,
            column="z",
        )
    if obs.z.min() < 0:
        faults.warn(
            f"Some readings are below ground, the lowest at {obs.z.min():.2f} m.",
            "Check z.",
            file=readings.file,
            column="z",
        )


def _place(obs: Observations, readings: Readings, search: SearchArea, faults: FaultList) -> bool:
    """Note readings that lie far from the search box; return whether they are near it."""
    x, y = float(np.median(obs.x)), float(np.median(obs.y))
    away = _distance(x, y, search)
    across = float(np.hypot(search.x[1] - search.x[0], search.y[1] - search.y[0]))
    if away <= max(5 * across, 20_000.0):
        return True
    mend = "Check the search box and the positions."
    if readings.origin is not None:
        lon, lat = to_geographic(x, y, origin=readings.origin)
        if abs(float(lon)) <= 90:
            u, v = to_local(float(lat), float(lon), origin=readings.origin)
            if _distance(float(u), float(v), search) < away / 10:
                mend = "Longitude and latitude look swapped: check both columns."
    faults.warn(
        f"The readings lie {away / 1000:,.0f} km from the search box.",
        mend,
        file=readings.file,
    )
    return False


def _distance(x: float, y: float, search: SearchArea) -> float:
    dx = max(search.x[0] - x, 0.0, x - search.x[1])
    dy = max(search.y[0] - y, 0.0, y - search.y[1])
    return float(np.hypot(dx, dy))
