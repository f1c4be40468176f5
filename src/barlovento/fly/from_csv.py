"""From a logger's own file to a survey folder: names, units, clocks; whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.species import Species
from barlovento.domain.units import parse_unit
from barlovento.errors import Fault, SurveyError
from barlovento.fly import guess
from barlovento.fly.asking import (
    MARKS,
    LoggerKeys,
    Range,
    SurveyKeys,
    check_air,
    check_columns,
    check_given,
    check_keys,
    gas_of,
)
from barlovento.fly.cells import FloatArray, IndexArray
from barlovento.fly.check import check_survey
from barlovento.fly.document import DOCUMENT
from barlovento.fly.faults import FaultList
from barlovento.fly.fresh import fresh_folder
from barlovento.fly.logger import LoggerFile, LoggerTable, read_logger
from barlovento.fly.write import document_text, write_table

OBSERVATIONS_FILE, METEOROLOGY_FILE = "observations.csv", "meteorology.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromCsv:
    """A survey made from a logger's file.

    Parameters
    ----------
    path : Path
        The folder.
    said : tuple of str
        What was guessed from the headers, for the person to confirm.
    warnings : tuple of Fault
        What looks doubtful; file and row are those of the logger's files.
    """

    path: Path
    said: tuple[str, ...]
    warnings: tuple[Fault, ...]


def survey_from_csv(
    csv: str | Path,
    out: str | Path,
    *,
    wind_csv: str | Path | None = None,
    species: str | None = None,
    title: str | None = None,
    columns: Mapping[str, str] | None = None,
    wind_columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    constants: Mapping[str, float] | None = None,
    time_zone: str | None = None,
    wind_time_zone: str | None = None,
    time_pattern: str | None = None,
    wind_time_pattern: str | None = None,
    time_marks: str = "end",
    averaging_time_s: float | None = None,
    background: float | str | None = None,
    detection_limit: float | None = None,
    clock_offset_max_s: float | None = None,
    response_time_s: float | None = None,
    frame: str | None = None,
    measurement_height_m: float | None = None,
    roughness_length_m: float | None = None,
    search_x: Range | None = None,
    search_y: Range | None = None,
    release_height_m: Range | None = None,
    max_sources: int | None = None,
) -> FromCsv:
    """Make a survey folder from a logger's file.

    Columns are guessed from common headers where these leave no doubt, and every guess is said.
    What can't be known, such as a unit or a time zone, is asked for. Cells like ``NaN``, ``NA``,
    ``null`` and ``-`` count as empty.

    Parameters
    ----------
    csv : str or Path
        The readings, any delimited text.
    out : str or Path
        The new folder; it must not exist.
    wind_csv : str or Path, optional
        The wind record, where it is another file.
    species : str
        Name or CAS number.
    title : str, optional
        For people; the file's name unless given.
    columns : mapping of str to str, optional
        Our column, and the header in the logger's file: ``{"concentration": "CH4_dry"}``.
        ``"DATE+TIME"`` joins two columns; an empty text means that there is none.
    wind_columns : mapping of str to str, optional
        The same for the wind.
    units : mapping of str to str, optional
        Our column, and the unit there: ``{"wind_speed": "knots", "temperature": "degC"}``.
    constants : mapping of str to float, optional
        Our column, and the one value of all rows: ``{"z": 2.5}`` [SI unit of the column].
    time_zone, wind_time_zone : str, optional
        Zone of times that name none: ``"UTC"``, ``"+02:00"``, ``"Europe/Madrid"``. The wind's is
        that of the readings unless given.
    time_pattern, wind_time_pattern : str, optional
        As ``"%d/%m/%Y %H:%M:%S"``, where times are not ISO 8601.
    time_marks : str
        Whether a reading's time is the ``"end"``, ``"middle"`` or ``"start"`` of its interval.
    averaging_time_s : float
        [s].
    background : float or str
        As the readings, or ``"unknown"`` [unit of the readings].
    detection_limit : float, optional
        As the readings [unit of the readings].
    clock_offset_max_s, response_time_s : float, optional
        [s].
    frame : str, optional
        Name of local axes.
    measurement_height_m, roughness_length_m : float
        [m].
    search_x, search_y : tuple of float
        Ranges of x and y [m], or of longitude and latitude where positions are geographic
        [degree].
    release_height_m : tuple of float
        [m].
    max_sources : int
        Largest number of sources considered.

    Returns
    -------
    FromCsv
        The folder, and what was guessed.

    Raises
    ------
    SurveyError
        Something is wrong or can't be told; all of it at once, and nothing is written.
    BadInput
        ``out`` is there already or can't be written.
    """
    logger = LoggerKeys(
        columns=columns or {},
        wind_columns=wind_columns or {},
        units=units or {},
        constants=constants or {},
        time_zone=time_zone,
        wind_time_zone=wind_time_zone,
        time_pattern=time_pattern,
        wind_time_pattern=wind_time_pattern,
        time_marks=time_marks,
    )
    survey = SurveyKeys(
        species=species,
        title=title,
        averaging_time_s=averaging_time_s,
        background=background,
        measurement_height_m=measurement_height_m,
        roughness_length_m=roughness_length_m,
        search_x=search_x,
        search_y=search_y,
        release_height_m=release_height_m,
        max_sources=max_sources,
        detection_limit=detection_limit,
        clock_offset_max_s=clock_offset_max_s,
        response_time_s=response_time_s,
        frame=frame,
    )
    return _make(Path(csv), Path(out), Path(wind_csv) if wind_csv else None, survey, logger)


def _make(
    csv: Path, out: Path, wind_csv: Path | None, survey: SurveyKeys, keys: LoggerKeys
) -> FromCsv:
    faults = FaultList()
    gas = gas_of(survey, faults)
    check_keys(keys, faults)
    readings, wind = _read(csv, wind_csv, keys, gas, faults)
    check_columns(readings, keys, faults)
    check_air(readings, wind, keys, faults)
    check_given(survey, readings, keys, faults)
    if faults.errors or readings is None or wind is None:
        raise SurveyError(faults.errors)
    with fresh_folder(out) as folder:
        numbers = _observations(readings, keys, survey)
        write_table(folder / OBSERVATIONS_FILE, numbers, readings.table.words)
        record, kept = wind_record(wind, keys)
        write_table(folder / METEOROLOGY_FILE, record, {})
        text = document_text(_document(survey, readings, csv.stem))
        (folder / DOCUMENT).write_text(text, encoding="utf-8")
        lines = {
            OBSERVATIONS_FILE: (readings, readings.table.line),
            METEOROLOGY_FILE: (wind, wind.table.line[kept]),
        }
        found = [in_their_words(fault, lines) for fault in check_survey(folder)]
        errors = [fault for fault in found if fault.severity == "error"]
        if errors:
            raise SurveyError(errors)
    said = tuple(dict.fromkeys((*readings.said, *wind.said)))
    return FromCsv(path=out, said=said, warnings=(*faults.warnings, *found))


def _read(
    csv: Path,
    wind_csv: Path | None,
    keys: LoggerKeys,
    gas: Species | None,
    faults: FaultList,
) -> tuple[LoggerTable | None, LoggerTable | None]:
    file = LoggerFile(
        path=csv,
        names=without(guess.OBSERVATIONS, keys.constants),
        columns=keys.columns,
        units=keys.units,
        zone=keys.time_zone,
        pattern=keys.time_pattern,
    )
    readings = read_logger(file, gas=gas, faults=faults)
    wind_file = replace(
        file,
        path=wind_csv or csv,
        names=without(guess.METEOROLOGY, keys.constants),
        # In one file the time is the same column.
        columns=keys.wind_columns if wind_csv else {**keys.columns, **keys.wind_columns},
        zone=keys.wind_time_zone or keys.time_zone,
        pattern=keys.wind_time_pattern or (None if wind_csv else keys.time_pattern),
    )
    own = FaultList()
    wind = read_logger(wind_file, gas=gas, faults=own)
    told = set(faults.all)
    faults.extend(fault for fault in own.all if fault not in told)
    for name in ("wind_speed", "wind_from_direction"):
        if wind is not None and not wind.table.has(name) and name not in keys.constants:
            faults.add(
                f"No column can be told to be the {name}.",
                f"Say which among the wind's columns, as in {name}=NAME, "
                "or give the wind in a file of its own.",
                file=wind.table.file,
                column=name,
            )
    return readings, wind


def without(names: tuple[str, ...], constants: Mapping[str, float]) -> tuple[str, ...]:
    """Return the columns that have no constant in their stead.

    Parameters
    ----------
    names : tuple of str
        Columns of ours.
    constants : mapping of str to float
        Values of whole columns [unit of each].

    Returns
    -------
    tuple of str
        Those that are looked for in the file.
    """
    return tuple(name for name in names if name not in constants)


def _observations(
    readings: LoggerTable, keys: LoggerKeys, survey: SurveyKeys
) -> dict[str, FloatArray]:
    """Return the number columns of the readings."""
    table = readings.table
    numbers = {name: table.numbers[name] for name in guess.OBSERVATIONS if name in table.numbers}
    assert survey.averaging_time_s is not None
    numbers["time"] = numbers["time"] + MARKS[keys.time_marks] * survey.averaging_time_s
    for name, value in keys.constants.items():
        if name in guess.OBSERVATIONS:
            numbers[name] = np.full(len(table), float(value))
    return numbers


def wind_record(wind: LoggerTable, keys: LoggerKeys) -> tuple[dict[str, FloatArray], IndexArray]:
    """Return the columns of the wind record and which rows of the file they are."""
    table = wind.table
    numbers = {name: table.numbers[name] for name in guess.METEOROLOGY if name in table.numbers}
    # A file with many sensors repeats the wind of a moment; rows that say the same are one.
    order = np.argsort(numbers["time"], kind="stable")
    same = np.ones(max(order.size - 1, 0), dtype=bool)
    for values in numbers.values():
        ahead, behind = values[order[1:]], values[order[:-1]]
        same &= (ahead == behind) | (np.isnan(ahead) & np.isnan(behind))
    kept = np.sort(order[np.append(True, ~same)[: order.size]])
    record = {name: values[kept] for name, values in numbers.items()}
    for name, value in keys.constants.items():
        if name in guess.METEOROLOGY:
            record[name] = np.full(kept.size, float(value))
    return record, kept


def _document(survey: SurveyKeys, readings: LoggerTable, stem: str) -> dict[str, Any]:
    geographic = readings.table.has("longitude")
    unit = readings.matches["concentration"].unit
    assert unit is not None
    axes = ("longitude", "latitude") if geographic else ("x_m", "y_m")
    return {
        "schema": 1,
        "title": survey.title or stem,
        "species": survey.species,
        "observations": {
            "file": OBSERVATIONS_FILE,
            "position": "geographic" if geographic else "local",
            "frame": survey.frame,
            "concentration_units": parse_unit(unit).name,
            "averaging_time_s": survey.averaging_time_s,
            "detection_limit": survey.detection_limit,
            "background": survey.background,
            "clock_offset_max_s": survey.clock_offset_max_s,
            "response_time_s": survey.response_time_s,
        },
        "meteorology": {
            "file": METEOROLOGY_FILE,
            "measurement_height_m": survey.measurement_height_m,
            "roughness_length_m": survey.roughness_length_m,
        },
        "search": {
            axes[0]: survey.search_x,
            axes[1]: survey.search_y,
            "release_height_m": survey.release_height_m,
            "max_sources": survey.max_sources,
        },
    }


def in_their_words(fault: Fault, lines: Mapping[str, tuple[LoggerTable, IndexArray]]) -> Fault:
    """Return a fault of the new folder with the file, line and column that the person knows."""
    if fault.file is None or fault.file not in lines:
        return fault
    logger, line = lines[fault.file]
    row = None if fault.row is None else int(line[fault.row - 2])
    match = logger.matches.get(fault.column or "")
    column = match.header if match else fault.column
    return replace(fault, file=logger.table.file, row=row, column=column)
