"""From the units of the file to kg m-3, at each reading's own temperature and pressure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.species import Species
from barlovento.domain.units import Unit, air_density_of_species, to_mass_concentration
from barlovento.fly.document import SurveyDocument
from barlovento.fly.faults import FaultList, listed
from barlovento.fly.readings import Readings
from barlovento.fly.weather import Weather

FloatArray = NDArray[np.float64]
#: Path lengths that agree within this share have one background integral.
_SAME_LENGTH = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Readings in SI units and the way back.

    Parameters
    ----------
    concentration : ndarray, shape (n,)
        Mean mass concentration, or limit of a non-detect [kg m-3].
    background : float or None
        None where unknown [kg m-3].
    to_file_units : float
        Multiply kg m-3 by this to get the file's units (the mean's, for path integrals).
    """

    concentration: FloatArray
    background: float | None
    to_file_units: float


def scale_of(
    readings: Readings, weather: Weather | None, document: SurveyDocument, faults: FaultList
) -> Scale | None:
    """Convert readings and background to kg m-3.

    Parameters
    ----------
    readings : Readings
        In the file's units.
    weather : Weather or None
        For temperature and pressure.
    document : SurveyDocument
        For unit, species and background.
    faults : FaultList
        Takes what a conversion lacks.

    Returns
    -------
    Scale or None
        None where it can't be done.
    """
    unit, species = document.unit, document.species
    if unit is None or not _paths_given(readings, unit, faults) or species is None:
        return None
    temperature = pressure = None
    density = 1.0
    if unit.mole_fraction:
        if weather is None or not _measured(weather, unit, faults):
            return None
        record = weather.meteorology
        temperature = at_times(readings.time, record.time, record.temperature)
        pressure = at_times(readings.time, record.time, record.pressure)
        density = float(np.mean(air_density_of_species(species.molar_mass, temperature, pressure)))
    concentration = to_mass_concentration(
        readings.value,
        unit,
        molar_mass=species.molar_mass,
        temperature=temperature,
        pressure=pressure,
        path_length=readings.path_length if unit.path_integral else None,
    )
    if not _possible(concentration, readings, unit, species, faults):
        return None
    per_unit = unit.factor * density
    background = document.background
    if background is not None:
        background *= per_unit
        if unit.path_integral and background:
            length = _one_length(readings, faults)
            background = background / length if length else None
    return Scale(concentration=concentration, background=background, to_file_units=1.0 / per_unit)


def at_times(times: FloatArray, record: FloatArray, values: FloatArray) -> FloatArray:
    """Return a record's values at other times: linear between rows, constant beyond the ends.

    Parameters
    ----------
    times : ndarray, shape (n,)
        When they are wanted [s].
    record : ndarray, shape (m,)
        Times of the record, ascending [s].
    values : ndarray, shape (m,)
        NaN where absent; at least one is there [any unit].

    Returns
    -------
    ndarray, shape (n,)
        In the unit of ``values``.
    """
    there = ~np.isnan(values)
    return np.interp(times, record[there], values[there])


def _paths_given(readings: Readings, unit: Unit, faults: FaultList) -> bool:
    without = ~readings.is_path
    if not unit.path_integral or not without.any():
        return True
    names = ("x2", "y2", "z2") if readings.origin is None else ("longitude2", "latitude2", "z2")
    faults.rows(
        readings.line[without],
        f"A reading in {unit.name} is an integral along a path, and the row has no path.",
        f"Give the far end of the path in {listed(names)}.",
        file=readings.file,
        column=names[0],
    )
    return False


def _measured(weather: Weather, unit: Unit, faults: FaultList) -> bool:
    record = weather.meteorology
    absent = [
        name
        for name, values in (("temperature", record.temperature), ("pressure", record.pressure))
        if np.isnan(values).all()
    ]
    if absent:
        faults.add(
            f"Readings in {unit.name} become a mass only by temperature and pressure, and the "
            f"wind record has no {' and no '.join(absent)}.",
            "Add the column temperature in K and pressure in Pa, measured or from the nearest "
            "station; no standard atmosphere is assumed.",
            file=weather.file,
            column=absent[0],
        )
    return not absent


def _possible(
    concentration: FloatArray,
    readings: Readings,
    unit: Unit,
    species: Species,
    faults: FaultList,
) -> bool:
    """Tell readings of more gas than fits into the volume, in the densest air there is."""
    most = float(air_density_of_species(species.molar_mass, 180.0, 1.1e5))
    beyond = np.abs(concentration) > most
    faults.rows(
        readings.line[beyond],
        lambda i: f"{readings.value[beyond][i]:g} {unit.name} is more than pure {species.name}.",
        "Check concentration_units; leave the cell empty where nothing was measured.",
        file=readings.file,
        column="concentration",
    )
    return not beyond.any()


def _one_length(readings: Readings, faults: FaultList) -> float | None:
    """Return the length of the paths if they all have the same."""
    length = readings.path_length
    if np.ptp(length) > _SAME_LENGTH * np.mean(length):
        faults.add(
            "The paths differ in length, so one number can't be the background of their integrals.",
            'Write background = "unknown", or take the background off the readings and write 0.',
            file="survey.toml",
            column="observations.background",
        )
        return None
    return float(np.mean(length))
