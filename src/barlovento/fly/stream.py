"""Readings and wind that come line by line while a drone flies.

A line is a JSON object, or a row of CSV whose first line names the columns. The names are those of
a survey's files; a line holds a reading, a wind record, or both. What a survey's ``survey.toml``
says (species, units, where to look) is given beside the stream.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.observation import Meteorology, Observations, SearchArea
from barlovento.domain.species import Species
from barlovento.domain.units import Unit, to_mass_concentration
from barlovento.errors import BadInput, SurveyError
from barlovento.fly.document import DOCUMENT, LOCAL, SurveyDocument, read_document
from barlovento.fly.faults import FaultList
from barlovento.fly.folder import document_text, open_folder
from barlovento.fly.times import ADD_ZONE, parsed, read_time

GAS = ("x", "y", "z", "concentration")
WIND = ("wind_speed", "wind_from_direction")
MORE_WIND = (
    "wind_from_direction_sd",
    "friction_velocity",
    "obukhov_length",
    "mixing_height",
    "temperature",
    "pressure",
    "roughness_length",
)
KNOWN = frozenset({"time", "sensor", "flag", *GAS, *WIND, *MORE_WIND})

ROOM_TEMPERATURE, ATMOSPHERE = 293.15, 101325.0
"""Assumed where the stream doesn't tell [K], [Pa]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSetting:
    """What is known of a stream before its first line.

    Parameters
    ----------
    species : Species
        What is measured.
    area : SearchArea
        Where sources may be.
    unit : Unit
        Of the readings.
    averaging_time : float
        Of a reading [s].
    measurement_height, roughness_length : float
        Of the anemometer, and of the ground [m].
    background, detection_limit : float or None
        [``unit``].
    response_time : float
        Of the sensors [s].
    """

    species: Species
    area: SearchArea
    unit: Unit
    averaging_time: float
    measurement_height: float
    roughness_length: float
    background: float | None
    detection_limit: float | None
    response_time: float

    def mass(self, value: float | None) -> float | None:
        """Return a value of the document as mass concentration.

        Parameters
        ----------
        value : float or None
            [``unit``].

        Returns
        -------
        float or None
            [kg m-3].
        """
        if value is None:
            return None
        return float(
            to_mass_concentration(
                [value],
                self.unit,
                molar_mass=self.species.molar_mass,
                temperature=[ROOM_TEMPERATURE],
                pressure=[ATMOSPHERE],
            )[0]
        )


def stream_setting(folder: Path) -> StreamSetting:
    """Read what is known before a stream begins from a folder's ``survey.toml``.

    Parameters
    ----------
    folder : Path
        Its files of data need not exist.

    Raises
    ------
    SurveyError
        Something is wrong or absent; the error holds every fault.
    """
    faults = FaultList()
    opened = document_text(open_folder(folder), faults)
    document = read_document(opened[0], faults) if opened else None
    if document is not None:
        _only_local(document, faults)
    if document is None or faults.errors:
        raise SurveyError(faults.errors)
    assert document.species
    assert document.unit
    assert document.search
    assert document.release_height
    assert document.averaging_time
    assert document.max_sources
    assert document.measurement_height
    assert document.roughness_length
    return StreamSetting(
        species=document.species,
        area=SearchArea(
            x=document.search[0],
            y=document.search[1],
            release_height=document.release_height,
            max_sources=document.max_sources,
            rate=document.rate,
        ),
        unit=document.unit,
        averaging_time=document.averaging_time,
        measurement_height=document.measurement_height,
        roughness_length=document.roughness_length,
        background=document.background,
        detection_limit=document.detection_limit,
        response_time=document.response_time or 0.0,
    )


def _only_local(document: SurveyDocument, faults: FaultList) -> None:
    if document.position != LOCAL:
        faults.add(
            "A stream needs local metres.",
            'Write position = "local" in [observations], and x, y and z in the stream.',
            file=DOCUMENT,
            column="observations.position",
        )
    if document.roughness_length is None:
        faults.add(
            "The roughness length of the ground is not given.",
            "Add roughness_length_m to [meteorology].",
            file=DOCUMENT,
            column="meteorology.roughness_length_m",
        )
    if document.unit is not None and document.unit.path_integral:
        faults.add(
            "A stream of path integrals can't be read yet.",
            "Give point readings.",
            file=DOCUMENT,
            column="observations.concentration_units",
        )


@dataclass(slots=True)
class _Batch:
    gas: list[dict[str, Any]] = field(default_factory=list)
    wind: list[dict[str, Any]] = field(default_factory=list)
    since: float | None = None


def batches(
    lines: Iterable[str], setting: StreamSetting, every: float, *, name: str
) -> Iterator[tuple[Observations, Meteorology]]:
    """Yield what came in each stretch of time of the stream.

    Parameters
    ----------
    lines : iterable of str
        As they come.
    setting : StreamSetting
        What is known.
    every : float
        Length of the stretch, by the times in the stream [s].
    name : str
        Of the stream, for errors.

    Raises
    ------
    BadInput
        A line can't be used; it says which, and how to mend it.
    """
    batch, last = _Batch(), -math.inf
    winds = 0
    for number, row in _rows(lines, name):
        time = _time(row, number, name)
        if time < last:
            raise _bad(
                name, number, "Its time lies before that of the line above it.",
                "Send readings in order of time.",
            )  # fmt: skip
        last = time
        record: dict[str, Any] = {
            key: _number(row, key, number, name) for key in (*GAS, *WIND, *MORE_WIND)
        }
        record["time"], record["sensor"] = time, str(row.get("sensor") or "sensor")
        record["flag"] = str(row.get("flag") or "").strip().lower()
        if _held(record, GAS, number, name) and record["flag"] != "bad":
            batch.gas.append(record)
        if _held(record, WIND, number, name):
            batch.wind.append(record)
            winds += 1
        batch.since = time if batch.since is None else batch.since
        if time - batch.since >= every and batch.gas:
            if winds == 0:
                raise _no_wind(name)
            yield _observations(batch, setting), _meteorology(batch, setting)
            batch = _Batch(since=time)
    if batch.gas:
        if winds == 0:
            raise _no_wind(name)
        yield _observations(batch, setting), _meteorology(batch, setting)


def _no_wind(name: str) -> BadInput:
    return BadInput(
        f"{name}: readings came, but no wind. Send lines with wind_speed and wind_from_direction, "
        "one before the first readings at least."
    )


def _bad(name: str, number: int, what: str, mend: str) -> BadInput:
    return BadInput(f"{name}, line {number}: {what} {mend}")


def _rows(lines: Iterable[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and content of each line; the first says whether it is JSON or CSV."""
    columns: list[str] | None = None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("{"):
            try:
                row = json.loads(text)
            except ValueError as error:
                raise _bad(name, number, f"It is no JSON ({error}).", "Mend the line.") from error
        elif columns is None:
            columns = [cell.strip() for cell in next(csv.reader([text]))]
            _check(columns, number, name)
            continue
        else:
            cells = next(csv.reader([text]))
            if len(cells) != len(columns):
                raise _bad(
                    name, number, f"It has {len(cells)} cells, the first line {len(columns)}.",
                    "Write as many cells as there are columns.",
                )  # fmt: skip
            row = {k: v.strip() for k, v in zip(columns, cells, strict=True) if v.strip()}
        _check(row, number, name)
        yield number, row


def _check(names: Iterable[str], number: int, name: str) -> None:
    unknown = sorted(set(names) - KNOWN)
    if unknown:
        raise _bad(
            name, number, f"Unknown column {', '.join(map(repr, unknown))}.",
            f"Known are: {', '.join(sorted(KNOWN))}.",
        )  # fmt: skip


def _time(row: dict[str, Any], number: int, name: str) -> float:
    text = str(row.get("time", ""))
    value = read_time(text)
    if math.isfinite(value):
        return value
    if not text:
        raise _bad(name, number, "It has no time.", "Give a time, such as 2026-05-04T10:00:00Z.")
    what = "has no zone" if parsed(text) is not None else "can't be read"
    raise _bad(name, number, f"The time {text!r} {what}.", ADD_ZONE)


def _number(row: dict[str, Any], key: str, number: int, name: str) -> float:
    value = row.get(key)
    if value is None or value == "":
        return math.nan
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.inf
    if not math.isfinite(found):
        raise _bad(name, number, f"{key} is {value!r}.", "Give a finite number, or nothing.")
    return found


def _held(record: dict[str, Any], needed: tuple[str, ...], number: int, name: str) -> bool:
    """Return whether a line holds a whole reading or wind record; none of it is fine too."""
    there = [key for key in needed if not math.isnan(record[key])]
    mark = needed[-1] if needed is GAS else needed[0]
    if math.isnan(record[mark]):
        return False
    if len(there) < len(needed):
        absent = ", ".join(sorted(set(needed) - set(there)))
        raise _bad(name, number, f"{absent} is absent.", f"Give {mark} with all of its company.")
    return True


def _observations(batch: _Batch, setting: StreamSetting) -> Observations:
    column = {key: np.array([row[key] for row in batch.gas]) for key in ("time", *GAS)}
    names = tuple(dict.fromkeys(row["sensor"] for row in batch.gas))
    none = np.full(len(batch.gas), math.nan)
    return Observations(
        time=column["time"],
        sensor=np.array([names.index(row["sensor"]) for row in batch.gas], dtype=np.int64),
        sensor_names=names,
        x=column["x"],
        y=column["y"],
        z=column["z"],
        x2=none,
        y2=none,
        z2=none,
        concentration=to_mass_concentration(
            column["concentration"],
            setting.unit,
            molar_mass=setting.species.molar_mass,
            temperature=np.full(len(none), ROOM_TEMPERATURE),
            pressure=np.full(len(none), ATMOSPHERE),
        ),
        censored=np.array([row["flag"] == "nd" for row in batch.gas]),
        averaging_time=setting.averaging_time,
    )


def _meteorology(batch: _Batch, setting: StreamSetting) -> Meteorology:
    column = {
        key: np.array([row[key] for row in batch.wind], dtype=np.float64)
        for key in ("time", *WIND, *MORE_WIND)
    }
    rough = column["roughness_length"]
    column["roughness_length"] = np.where(np.isnan(rough), setting.roughness_length, rough)
    return Meteorology(measurement_height=setting.measurement_height, **column)
