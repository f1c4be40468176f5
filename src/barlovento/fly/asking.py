"""What a person says about a logger's file, and whether it is enough to make a survey of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from barlovento.domain.species import Species, find_species
from barlovento.domain.units import parse_unit
from barlovento.errors import BadInput
from barlovento.fly import guess
from barlovento.fly.faults import FaultList, listed
from barlovento.fly.logger import LoggerTable

Range = tuple[float, float]
#: How far the mark of an interval is from its end, in intervals.
MARKS = {"end": 0.0, "middle": 0.5, "start": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyKeys:
    """What no logger's file says and a survey needs; None where it is not given.

    The fields are the parameters of :func:`barlovento.fly.from_csv.survey_from_csv`.
    """

    species: str | None = None
    title: str | None = None
    averaging_time_s: float | None = None
    background: float | str | None = None
    measurement_height_m: float | None = None
    roughness_length_m: float | None = None
    search_x: Range | None = None
    search_y: Range | None = None
    release_height_m: Range | None = None
    max_sources: int | None = None
    detection_limit: float | None = None
    clock_offset_max_s: float | None = None
    response_time_s: float | None = None
    frame: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerKeys:
    """How a logger writes; what is absent is guessed where names leave no doubt.

    The fields are the parameters of :func:`barlovento.fly.from_csv.survey_from_csv`.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    wind_columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)
    time_zone: str | None = None
    wind_time_zone: str | None = None
    time_pattern: str | None = None
    wind_time_pattern: str | None = None
    time_marks: str = "end"


def gas_of(survey: SurveyKeys, faults: FaultList) -> Species | None:
    """Return the gas that is named, telling a name that nobody knows."""
    if survey.species is None:
        return None
    try:
        return find_species(survey.species)
    except BadInput as problem:
        faults.problem(problem, column="species")
        return None


def check_keys(keys: LoggerKeys, faults: FaultList, *, more: Sequence[str] = ()) -> None:
    """Tell names that are not ours, nor among ``more``: a slip there would go unnoticed."""
    ours = set(guess.OBSERVATIONS) | set(guess.METEOROLOGY) | set(more)
    for kind in ("columns", "wind_columns", "units", "constants"):
        for name in getattr(keys, kind):
            if name not in ours:
                faults.add(
                    f"There is no column {name!r} in a survey.",
                    f"Columns are {listed(sorted(ours))}.",
                    column=kind,
                )
    if keys.time_marks not in MARKS:
        faults.add(
            f"{keys.time_marks!r} is no place in an interval.",
            f"Write {listed(list(MARKS))}.".replace(" and ", " or "),
            column="time_marks",
        )


def check_columns(readings: LoggerTable | None, keys: LoggerKeys, faults: FaultList) -> None:
    """Tell positions, heights and readings that have no column."""
    if readings is None:
        return
    table, file = readings.table, readings.table.file
    local, globe = (
        all(table.has(n) or n in keys.constants for n in pair)
        for pair in (("x", "y"), ("longitude", "latitude"))
    )
    if local and globe:
        faults.add(
            "The file has both x and y, and longitude and latitude.",
            "Take one pair out with x= and y=, or longitude= and latitude=, among the columns.",
            file=file,
        )
    elif not local and not globe:
        faults.add(
            "No columns can be told to be the position.",
            "Say which among the columns: longitude and latitude, or x and y in metres.",
            file=file,
        )
    for name, mend in (
        ("z", "or give one height for all rows among the constants, as in z=2.5 (metres)."),
        ("concentration", "and its unit among the units, as in concentration=ppb."),
    ):
        told = any(f.column == name for f in faults.errors)
        if not table.has(name) and name not in keys.constants and not told:
            faults.add(
                f"No column can be told to be the {name}.",
                f"Say which among the columns, as in {name}=NAME, {mend}",
                file=file,
                column=name,
            )


def check_air(
    readings: LoggerTable | None, wind: LoggerTable | None, keys: LoggerKeys, faults: FaultList
) -> None:
    """Tell parts per volume that come without temperature and pressure."""
    match = readings.matches.get("concentration") if readings is not None else None
    if match is None or match.unit is None:
        return
    unit = match.unit
    try:
        parts = parse_unit(unit).mole_fraction
    except BadInput as problem:
        faults.problem(problem, column="concentration")
        return
    lacking = [
        name
        for name in ("temperature", "pressure")
        if not (wind is not None and wind.table.has(name)) and name not in keys.constants
    ]
    if parts and lacking and wind is not None:
        faults.add(
            f"Readings in {unit} need {' and '.join(lacking)} to become a mass.",
            "Say which columns of the wind's file hold them, or give one value among the "
            "constants, as in temperature=288.15 (K) or pressure=101325 (Pa).",
            file=wind.table.file,
            column=lacking[0],
        )


def check_given(
    survey: SurveyKeys, readings: LoggerTable | None, keys: LoggerKeys, faults: FaultList
) -> None:
    """Tell what a survey needs and nobody has said, with what the readings hint at."""
    hints = {
        "species": "name the gas, or give its CAS number.",
        "averaging_time_s": f"give the seconds that each reading averages{_spacing(readings)}.",
        "background": 'give the background in the units of the readings, 0 or "unknown".',
        "measurement_height_m": "give the height of the anemometer above ground in metres.",
        "search_x": f"give the range of {_axis(readings, 0)} where sources may be"
        f"{_spread(readings, 0)}.",
        "search_y": f"give the range of {_axis(readings, 1)} where sources may be"
        f"{_spread(readings, 1)}.",
        "release_height_m": "give the lowest and highest place of an outlet above ground, "
        "as in 0 and 5.",
        "max_sources": "give the largest number of sources to consider, for example 3.",
    }
    if "roughness_length" not in keys.constants:
        hints["roughness_length_m"] = (
            "give the roughness length in metres: 0.03 grass, 0.1 crops, 1 town or wood."
        )
    for name, hint in hints.items():
        if getattr(survey, name) is None:
            faults.add(
                f"{name} is not given and can't be told from the file.",
                hint[0].upper() + hint[1:],
                column=name,
            )


def _axis(readings: LoggerTable | None, which: int) -> str:
    if readings is not None and readings.table.has("longitude"):
        return ("longitude", "latitude")[which]
    return ("x", "y")[which]


def _spread(readings: LoggerTable | None, which: int) -> str:
    name = _axis(readings, which)
    values = readings.table.numbers.get(name) if readings is not None else None
    if values is None or np.isnan(values).all():
        return ""
    return f"; the readings run from {np.nanmin(values):.6g} to {np.nanmax(values):.6g}"


def _spacing(readings: LoggerTable | None) -> str:
    time = readings.table.numbers.get("time") if readings is not None else None
    steps = np.diff(np.unique(time[~np.isnan(time)])) if time is not None else np.empty(0)
    return f"; the rows are {np.median(steps):g} s apart" if steps.size else ""
