"""Reading a survey folder: files in, one checked :class:`Survey` in SI units out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from barlovento.domain.observation import Frame, Observations, SearchArea, Survey
from barlovento.domain.species import Species
from barlovento.domain.units import Unit
from barlovento.errors import SurveyError
from barlovento.fly import readings as gas
from barlovento.fly import weather as wind
from barlovento.fly.document import DOCUMENT, GEOGRAPHIC, SurveyDocument, read_document
from barlovento.fly.faults import FaultList
from barlovento.fly.folder import data_file, digest_of, document_text, open_folder
from barlovento.fly.merge import in_order, inside_record
from barlovento.fly.readings import Readings, read_readings
from barlovento.fly.scale import Scale, scale_of
from barlovento.fly.suspicion import look_for_oddities
from barlovento.fly.weather import Weather, read_weather


def read_survey(path: str | Path) -> Survey:
    """Read a survey folder.

    Parameters
    ----------
    path : str or Path
        Folder with ``survey.toml`` and the data files it names.

    Returns
    -------
    Survey
        Checked, sorted by time, in SI units. What looks doubtful without being wrong stands in
        its ``warnings``.

    Raises
    ------
    SurveyError
        Something is wrong; the error holds every fault that could be found at once.
    """
    survey, faults = examine(path)
    if survey is None or faults.errors:
        raise SurveyError(faults.errors)
    return survey


def examine(path: str | Path) -> tuple[Survey | None, FaultList]:
    """Read a survey folder as far as it goes, and return what is wrong with it.

    Parameters
    ----------
    path : str or Path
        The folder.

    Returns
    -------
    tuple of Survey or None, and FaultList
        The survey is None where there is an error among the faults.

    Raises
    ------
    SurveyError
        There is no such folder, or it can't be opened.
    """
    folder = open_folder(path)
    faults = FaultList()
    opened = document_text(folder, faults)
    document = read_document(opened[0], faults) if opened else None
    if opened is None or document is None:
        return None, faults
    weather, readings = _read_files(folder, document, faults)
    parts = None
    if readings is not None:
        readings, n_duplicate = in_order(readings, faults)
        if weather is not None:
            inside_record(readings, weather, document.averaging_time, faults)
        scale = scale_of(readings, weather, document, faults)
        if weather is not None and scale is not None:
            parts = _Parts(readings, weather, scale, n_duplicate)
    if parts is None or not _complete(document):
        return None, faults
    digest = digest_of(
        {
            DOCUMENT: opened[1],
            str(document.observations_file): parts.readings.sha256,
            str(document.meteorology_file): parts.weather.sha256,
        }
    )
    survey = _survey(document, parts, path=str(folder), digest=digest, faults=faults)
    return (None if faults.errors else survey), faults


def _complete(document: SurveyDocument) -> bool:
    """Whether no key that a survey needs is absent or faulty."""
    needed = (
        document.species,
        document.unit,
        document.averaging_time,
        document.search,
        document.release_height,
        document.max_sources,
    )
    return all(value is not None for value in needed)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is known to be whole."""

    readings: Readings
    weather: Weather
    scale: Scale
    n_duplicate: int


def _read_files(
    folder: Path, document: SurveyDocument, faults: FaultList
) -> tuple[Weather | None, Readings | None]:
    weather = readings = None
    # Both may stand in one file, so the columns of the other are no surprise there.
    if document.meteorology_file is not None:
        path = data_file(folder, document.meteorology_file, faults, key="meteorology.file")
        if path is not None:
            weather = read_weather(path, document, faults, ignored=frozenset(gas.KINDS))
    if document.observations_file is not None:
        path = data_file(folder, document.observations_file, faults, key="observations.file")
        if path is not None:
            readings = read_readings(path, document, faults, ignored=frozenset(wind.KINDS))
    return weather, readings


def _survey(
    document: SurveyDocument, parts: _Parts, *, path: str, digest: str, faults: FaultList
) -> Survey:
    readings, weather, scale = parts.readings, parts.weather, parts.scale
    assert isinstance(document.species, Species)
    assert isinstance(document.unit, Unit)
    assert document.averaging_time is not None
    observations = Observations(
        time=readings.time,
        sensor=readings.sensor,
        sensor_names=readings.sensor_names,
        x=readings.x,
        y=readings.y,
        z=readings.z,
        x2=readings.x2,
        y2=readings.y2,
        z2=readings.z2,
        concentration=scale.concentration,
        censored=readings.censored,
        averaging_time=document.averaging_time,
        n_flagged=readings.n_flagged,
        n_empty=readings.n_empty,
        n_duplicate=parts.n_duplicate,
        n_other_species=readings.n_other_species,
    )
    search = _search(document, readings)
    frame = _frame(document, readings)
    look_for_oddities(observations, readings, weather, search, document, faults)
    return Survey(
        title=document.title,
        species=document.species,
        observations=observations,
        meteorology=weather.meteorology,
        search=search,
        frame=frame,
        background=scale.background,
        clock_offset_max=document.clock_offset_max,
        digest=digest,
        units=document.unit.mean.name,
        to_file_units=scale.to_file_units,
        path=path,
        response_time=document.response_time,
        warnings=faults.warnings,
        extra=document.extra,
    )


def _search(document: SurveyDocument, readings: Readings) -> SearchArea:
    from barlovento.domain.geodesy import box_to_local

    assert document.search is not None
    assert document.release_height is not None
    assert document.max_sources is not None
    x, y = document.search
    if readings.origin is not None:
        x, y = box_to_local(x, y, origin=readings.origin)
    return SearchArea(
        x=x,
        y=y,
        release_height=document.release_height,
        max_sources=document.max_sources,
        rate=document.rate,
    )


def _frame(document: SurveyDocument, readings: Readings) -> Frame:
    if document.position == GEOGRAPHIC and readings.origin is not None:
        return Frame(name="wgs84", longitude=readings.origin[0], latitude=readings.origin[1])
    return Frame(name=document.frame)


def join_frames(surveys: Sequence[Survey]) -> list[Survey]:
    """Put surveys of one area into one frame, so that they can be inferred together.

    Parameters
    ----------
    surveys : sequence of Survey
        At least one.

    Returns
    -------
    list of Survey
        In the same order. Local surveys come back as they are; geographic ones stand in the plane
        of the first, their search boxes widened by what the turn of the plane asks for.

    Raises
    ------
    UsageError
        There is no survey.
    BadInput
        The surveys measured different gases, or their positions can't be brought together.
    """
    from barlovento.fly.join import in_one_frame

    return in_one_frame(surveys)
