"""The readings of an exercise as surveys: what a solver gets, without the truth."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Frame, Meteorology, Observations, Survey
from barlovento.domain.species import find_species
from barlovento.errors import BadInput
from barlovento.exercise.folder import csv_text, meteorology_text, numbers_text, times_text
from barlovento.exercise.presets import Preset, preset
from barlovento.exercise.sensed import Sensed
from barlovento.exercise.sensing import T90_OVER_TIME, mole_fraction_per_density
from barlovento.exercise.sites import Exercise
from barlovento.fly.fresh import fresh_folder

FloatArray = NDArray[np.float64]

CLOCK_STEP = 5.0
"""A solver is told the next multiple of this above the largest lag of clocks and inlets [s]."""


def to_survey(
    exercise: Exercise, rows: Sensed, meteorology: Meteorology, species: str | None = None
) -> Survey:
    """Return the survey of one species as a solver gets it.

    Where sensors average over different times, those with the shortest are taken. Rows without
    a reading are left out and counted. After its last record the wind is taken to stay as it is
    until the last reading.

    Parameters
    ----------
    exercise : Exercise
        The scenario; sites in it are not looked at.
    rows : Sensed
        What was read.
    meteorology : Meteorology
        What the mast told up to the end of the flight.
    species : str, optional
        Which; the one that is searched for by default.

    Raises
    ------
    BadInput
        The exercise doesn't measure that species, or nothing was read of it.
    """
    name = exercise.species[0] if species is None else find_species(species).name
    kinds = _told_by(exercise, rows, name)
    interval = min(kind.interval for kind in kinds.values())
    taken = [number for number, kind in kinds.items() if kind.interval == interval]
    mine = (rows.species == exercise.species.index(name)) & np.isin(rows.sensor, taken)
    kept = np.flatnonzero(mine & ~rows.bad)
    gas, state = find_species(name), exercise.atmosphere
    per_density = mole_fraction_per_density(gas.molar_mass, state.temperature, state.pressure)
    carriers = np.unique(np.column_stack([rows.drone[kept], rows.sensor[kept]]), axis=0)
    index = {(int(d), int(s)): k for k, (d, s) in enumerate(carriers)}
    pairs = zip(rows.drone[kept].tolist(), rows.sensor[kept].tolist(), strict=True)
    column = np.array([is_column(exercise, s) for s in rows.sensor[kept]], bool)
    observations = Observations(
        time=exercise.start.timestamp() + rows.time[kept],
        sensor=np.array([index[pair] for pair in pairs], dtype=np.int64),
        sensor_names=tuple(
            f"drone-{drone + 1} {exercise.sensors[sensor]}" for drone, sensor in carriers
        ),
        x=rows.x[kept],
        y=rows.y[kept],
        z=rows.z[kept],
        x2=np.where(column, rows.x[kept], math.nan),
        y2=np.where(column, rows.y[kept], math.nan),
        z2=np.where(column, 0.0, math.nan),
        concentration=rows.mole_fraction[kept] / per_density,
        censored=rows.censored[kept],
        averaging_time=float(interval),
        n_flagged=int((mine & rows.bad).sum()),
    )
    slowest = [kinds[number].rise for number in taken]
    meteorology = covering(meteorology, float(observations.time.max()))
    return Survey(
        title=exercise.title,
        species=gas,
        observations=observations,
        meteorology=meteorology,
        search=exercise.area,
        frame=_frame(exercise),
        background=None,
        clock_offset_max=_clock(exercise, [kinds[number] for number in taken]),
        digest=_digest(observations, meteorology),
        units="ppb",
        to_file_units=per_density,
        response_time=max(slowest) / T90_OVER_TIME if max(slowest) > 0.0 else None,
    )


def write_flight(
    folder: str | Path, exercise: Exercise, rows: Sensed, meteorology: Meteorology
) -> tuple[Path, ...]:
    """Write the readings as survey folders that a solver reads, all of them or none.

    Parameters
    ----------
    folder : str or Path
        Must not be there yet. It is the survey where one species is measured; else it holds one
        survey for each species of which something was read.
    exercise, rows, meteorology
        As for :func:`to_survey`.

    Returns
    -------
    tuple of Path
        The survey folders.

    Raises
    ------
    BadInput
        Nothing was read, something is there already, or it can't be written.
    """
    wanted = Path(folder)
    read = [name for k, name in enumerate(exercise.species) if (rows.species == k).any()]
    if not read:
        raise BadInput("There is no reading to write. Fly for longer than a sensor averages.")
    surveys = {name: to_survey(exercise, rows, meteorology, name) for name in read}
    with fresh_folder(wanted) as part:
        for name, survey in surveys.items():
            place = part if len(exercise.species) == 1 else part / folder_name(name)
            place.mkdir(exist_ok=True)
            for file, text in survey_files(survey).items():
                (place / file).write_text(text, encoding="utf-8", newline="\n")
    if len(exercise.species) == 1:
        return (wanted,)
    return tuple(wanted / folder_name(name) for name in surveys)


def folder_name(species: str) -> str:
    """Return the name of a species' folder."""
    return species.replace(" ", "-")


def survey_files(survey: Survey) -> dict[str, str]:
    """Return the files of a survey in ppb, by name.

    Parameters
    ----------
    survey : Survey
        As :func:`to_survey` makes it.
    """
    observations, met, search = survey.observations, survey.meteorology, survey.search
    place = ["[observations]", 'file = "observations.csv"']
    numbers: dict[str, FloatArray] = {
        name: getattr(observations, name) for name in ("x", "y", "z", "x2", "y2", "z2")
    }
    frame = survey.frame
    place += ['position = "local"', f"frame = {json.dumps(frame.name)}"]
    place += [
        'concentration_units = "ppb"',
        f"averaging_time_s = {observations.averaging_time:g}",
        'background = "unknown"',
    ]
    if survey.clock_offset_max > 0.0:
        place.append(f"clock_offset_max_s = {survey.clock_offset_max:g}")
    if survey.response_time is not None:
        place.append(f"response_time_s = {survey.response_time:.3g}")
    lines = [
        "schema = 1",
        f"title = {json.dumps(survey.title)}",
        f"species = {json.dumps(survey.species.name)}",
        "",
        *place,
        "",
        "[meteorology]",
        'file = "meteorology.csv"',
        f"measurement_height_m = {met.measurement_height:g}",
        f"roughness_length_m = {met.roughness_length[0]:.4g}",
        "",
        "[search]",
        f"x_m = [{search.x[0]:.1f}, {search.x[1]:.1f}]",
        f"y_m = [{search.y[0]:.1f}, {search.y[1]:.1f}]",
        f"release_height_m = [{search.release_height[0]:g}, {search.release_height[1]:g}]",
        f"max_sources = {search.max_sources}",
    ]
    if search.rate is not None:
        prior = f"{{ median = {search.rate.median:g}, gsd = {search.rate.gsd:g} }}"
        lines.append(f"emission_rate_kg_s = {prior}")
    columns: dict[str, Sequence[str]] = {
        "time": times_text(observations.time),
        "sensor": [observations.sensor_names[k] for k in observations.sensor],
    }
    for name, values in numbers.items():
        if np.isfinite(values).any():
            columns[name] = numbers_text(values, "{:.2f}")
    told = observations.concentration * survey.to_file_units
    columns["concentration"] = numbers_text(told, "{:.7g}")
    if observations.censored.any():
        columns["flag"] = ["nd" if nd else "" for nd in observations.censored]
    return {
        "survey.toml": "\n".join(lines) + "\n",
        "observations.csv": csv_text(columns),
        "meteorology.csv": meteorology_text(met),
    }


def covering(record: Meteorology, until: float) -> Meteorology:
    """Return a wind record that reaches up to a time, its last value kept.

    Parameters
    ----------
    record : Meteorology
        Told up to now.
    until : float
        Seconds since 1970 UTC [s].
    """
    if not len(record) or float(record.time[-1]) >= until - 1e-6:
        return record
    columns: dict[str, Any] = {
        column.name: np.append(getattr(record, column.name), getattr(record, column.name)[-1])
        for column in fields(record)
        if column.name != "measurement_height"
    }
    columns["time"][-1] = until
    return replace(record, **columns)


def is_column(exercise: Exercise, number: int) -> bool:
    """Return whether a sensor of an exercise reads the path straight down."""
    return preset(exercise.sensors[int(number)]).column


def _told_by(exercise: Exercise, rows: Sensed, name: str) -> dict[int, Preset]:
    """Return the sensors that read anything of a species, by their number."""
    if name not in exercise.species:
        raise BadInput(
            f"{name} is not measured in this exercise. "
            f"Choose one of: {', '.join(exercise.species)}."
        )
    mine = (rows.species == exercise.species.index(name)) & ~rows.bad
    if not mine.any():
        raise BadInput(f"No sensor has read {name}. Carry one that does, or fly for longer.")
    return {int(k): preset(exercise.sensors[int(k)]) for k in np.unique(rows.sensor[mine])}


def _clock(exercise: Exercise, kinds: list[Preset]) -> float:
    """Return the largest lag of clock and inlet that a solver is told to expect [s]."""
    faults = exercise.faults
    late = max(kind.lag for kind in kinds) + max(faults.clock_offset, 0.0)
    late += max(faults.clock_drift, 0.0) * exercise.duration / 3600.0
    return CLOCK_STEP * math.ceil(late / CLOCK_STEP - 1e-9)


def _frame(exercise: Exercise) -> Frame:
    """Return the axes, named after the exercise."""
    if exercise.origin is None:
        return Frame(name=exercise.name)
    return Frame(name=exercise.name, longitude=exercise.origin[0], latitude=exercise.origin[1])


def _digest(observations: Observations, meteorology: Meteorology) -> str:
    """Return a SHA-256 over all that a solver gets, hex."""
    sha = hashlib.sha256()
    for name in ("time", "x", "y", "z", "x2", "y2", "z2", "sensor", "concentration", "censored"):
        sha.update(np.ascontiguousarray(getattr(observations, name)).tobytes())
    for name in ("time", "wind_speed", "wind_from_direction", "wind_from_direction_sd"):
        sha.update(np.ascontiguousarray(getattr(meteorology, name)).tobytes())
    return sha.hexdigest()
