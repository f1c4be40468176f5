"""The wind record of a survey: from table to rows that can be used, faults told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology
from barlovento.fly.cells import NUMBER, TIME, FloatArray
from barlovento.fly.document import SurveyDocument
from barlovento.fly.faults import FaultList
from barlovento.fly.table import Table, read_table, tell_bad_cells
from barlovento.fly.times import utc

REQUIRED = ("time", "wind_speed", "wind_from_direction")
OPTIONAL = (
    "wind_from_direction_sd",
    "friction_velocity",
    "obukhov_length",
    "mixing_height",
    "temperature",
    "pressure",
    "roughness_length",
)
KINDS = {name: TIME if name == "time" else NUMBER for name in (*REQUIRED, *OPTIONAL)}


@dataclass(frozen=True, slots=True)
class _Limits:
    """What a column may hold, ends included, and what a value outside most likely is."""

    least: float
    most: float
    mend: str


_FILLER = "Leave the cell empty where nothing was measured."
_LIMITS = {
    # The fastest wind ever measured near the ground outside a tornado was 113 m/s in a gust;
    # means above 75 m/s are hurricanes of the strongest class.
    "wind_speed": _Limits(0.0, 75.0, "Give m/s; leave the cell empty where nothing was measured."),
    "wind_from_direction_sd": _Limits(0.0, 180.0, _FILLER),
    "friction_velocity": _Limits(1e-4, 5.0, _FILLER),
    "mixing_height": _Limits(1.0, 20_000.0, f"Give metres above ground. {_FILLER}"),
    "temperature": _Limits(180.0, 340.0, "Give kelvin: if these are degrees Celsius, add 273.15."),
    "pressure": _Limits(3e4, 1.1e5, "Give pascal: if these are hectopascal, multiply by 100."),
    "roughness_length": _Limits(1e-7, 10.0, f"Give metres. {_FILLER}"),
}
#: Zero is no length at all, and nothing measured comes as near to it as this.
_SHORTEST_OBUKHOV = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """The wind record with what the checks need to know.

    Parameters
    ----------
    meteorology : Meteorology
        The record.
    interval : float
        Usual distance of its rows, NaN where it has only one [s].
    file : str
        Its name.
    sha256 : str
        Of the file's bytes.
    """

    meteorology: Meteorology
    interval: float
    file: str
    sha256: str


def read_weather(
    path: Path, document: SurveyDocument, faults: FaultList, *, ignored: frozenset[str]
) -> Weather | None:
    """Read and check the wind record.

    Parameters
    ----------
    path : Path
        The file.
    document : SurveyDocument
        For the anemometer's height and the roughness.
    faults : FaultList
        Takes everything that is wrong.
    ignored : frozenset of str
        Columns that may stand in the same file.

    Returns
    -------
    Weather or None
        None where nothing of it is usable.
    """
    table = read_table(path, KINDS, faults, required=REQUIRED, ignored=ignored)
    if table is None or not all(table.has(name) for name in REQUIRED):
        return None
    if not len(table):
        faults.add("The wind record has no row.", "Add at least one.", file=table.file)
        return None
    wrong = tell_bad_cells(table, faults)
    wrong |= _out_of_bounds(table, faults)
    keep = _with_wind(table, wrong, faults)
    keep = _in_order(table, keep, faults)
    if not keep.size:
        if not wrong.any():
            faults.add(
                "No row of the wind record has a wind.", "Fill in the wind.", file=table.file
            )
        return None
    columns = {name: _column(table, name, keep) for name in KINDS}
    _roughness(table, columns, document, faults)
    time = columns["time"]
    return Weather(
        meteorology=Meteorology(
            **columns, measurement_height=document.measurement_height or float("nan")
        ),
        interval=float(np.median(np.diff(time))) if time.size > 1 else float("nan"),
        file=table.file,
        sha256=table.sha256,
    )


def _column(table: Table, name: str, keep: NDArray[np.int64]) -> FloatArray:
    if not table.has(name):
        return np.full(keep.size, np.nan)
    return table.numbers[name][keep]


def _out_of_bounds(table: Table, faults: FaultList) -> NDArray[np.bool_]:
    """Tell values that no instrument measures, and wrap directions into [0, 360)."""
    wrong = np.zeros(len(table), dtype=bool)

    def tell(hit: NDArray[np.bool_], name: str, what: str, mend: str) -> None:
        index = np.flatnonzero(hit)
        values = table.numbers[name][index[:10]]
        faults.rows(
            table.line[index],
            lambda i: f"{values[i]:g} {what}",
            mend,
            file=table.file,
            column=name,
        )
        wrong[index] = True

    for name, limits in _LIMITS.items():
        if table.has(name):
            value = table.numbers[name]
            what = f"is outside {limits.least:g} to {limits.most:g}."
            tell((value < limits.least) | (value > limits.most), name, what, limits.mend)
    if table.has("obukhov_length"):
        short = np.abs(table.numbers["obukhov_length"]) < _SHORTEST_OBUKHOV
        tell(short, "obukhov_length", "is no Obukhov length.", _FILLER)
    direction = table.numbers["wind_from_direction"]
    tell(
        (direction < -360) | (direction > 720),
        "wind_from_direction",
        "is no direction in degrees.",
        _FILLER,
    )
    beyond = ((direction < 0) | (direction > 360)) & ~wrong
    faults.rows(
        table.line[beyond],
        lambda i: f"{direction[beyond][i]:g} is outside 0 to 360; it was turned by full circles.",
        "Check that the column holds where the wind comes FROM, clockwise from true north.",
        file=table.file,
        column="wind_from_direction",
        severity="warning",
    )
    table.numbers["wind_from_direction"] = np.where(wrong, direction, np.mod(direction, 360.0))
    return wrong


def _with_wind(table: Table, wrong: NDArray[np.bool_], faults: FaultList) -> NDArray[np.int64]:
    """Return the rows that have time and wind; a calm keeps the last direction known."""
    time = table.numbers["time"]
    no_time = np.isnan(time) & ~wrong
    faults.rows(
        table.line[no_time],
        "The row has no time.",
        "Fill in the time, or take the row out.",
        file=table.file,
        column="time",
    )
    usable = ~wrong & ~no_time
    speed = table.numbers["wind_speed"]
    direction = table.numbers["wind_from_direction"]
    calm = usable & (speed == 0) & np.isnan(direction)
    if calm.any():
        direction = _carried(time, direction, calm)
        table.numbers["wind_from_direction"] = direction
        faults.rows(
            table.line[calm],
            "A calm has no direction; the last one known before it was taken.",
            "Nothing, if that is right.",
            file=table.file,
            column="wind_from_direction",
            severity="warning",
        )
    empty = usable & (np.isnan(speed) | np.isnan(direction))
    faults.rows(
        table.line[empty],
        "The row has no wind and was left out.",
        "Fill in wind_speed and wind_from_direction if they are known.",
        file=table.file,
        severity="warning",
    )
    return np.flatnonzero(usable & ~empty)


def _carried(time: FloatArray, direction: FloatArray, calm: NDArray[np.bool_]) -> FloatArray:
    known = np.flatnonzero(~np.isnan(direction) & ~np.isnan(time))
    if not known.size:
        # Nobody knows it; at no speed at all any direction says the same.
        return np.where(calm, 0.0, direction)
    order = known[np.argsort(time[known], kind="stable")]
    before = np.searchsorted(time[order], time[calm], side="right") - 1
    result = direction.copy()
    result[calm] = direction[order[np.maximum(before, 0)]]
    return result


def _in_order(table: Table, keep: NDArray[np.int64], faults: FaultList) -> NDArray[np.int64]:
    """Sort by time; equal rows become one, rows that contradict each other are a fault."""
    time = table.numbers["time"]
    keep = keep[np.argsort(time[keep], kind="stable")]
    again = np.flatnonzero(np.diff(time[keep]) == 0) + 1
    if not again.size:
        return keep
    same = np.ones(again.size, dtype=bool)
    for values in table.numbers.values():
        a, b = values[keep[again]], values[keep[again - 1]]
        same &= (a == b) | (np.isnan(a) & np.isnan(b))
    for hit, what, mend, severity in (
        (same, "The row says the same as another and was left out.", "Nothing.", "warning"),
        (
            ~same,
            "Two rows of the wind record have this time and different values.",
            "Keep one of them; a survey has one wind record.",
            "error",
        ),
    ):
        index = keep[again[hit]]
        faults.rows(
            table.line[index],
            lambda i, index=index, what=what: f"{what[:-1]} ({utc(time[index[i]])}).",  # type: ignore[misc]
            mend,
            file=table.file,
            column="time",
            severity=severity,
        )
    return np.delete(keep, again)


def _roughness(
    table: Table,
    columns: dict[str, FloatArray],
    document: SurveyDocument,
    faults: FaultList,
) -> None:
    """Fill the roughness from the document where the record has none."""
    column = columns["roughness_length"]
    absent = np.isnan(column)
    if absent.any() and document.roughness_length is None:
        faults.add(
            "The roughness length of the ground is not given.",
            "Add roughness_length_m to [meteorology] (0.0002 open water, 0.03 grass, 0.1 crops, "
            "0.5 bushes, 1 town or wood) or a column roughness_length.",
            file=table.file if table.has("roughness_length") else "survey.toml",
            column="meteorology.roughness_length_m",
        )
    elif absent.any():
        column[absent] = document.roughness_length
    height = document.measurement_height
    if height is not None and np.nanmax(column, initial=0.0) >= height:
        faults.add(
            f"The roughness length is {np.nanmax(column):g} m, "
            f"not below the anemometer at {height:g} m.",
            "Check both; the roughness length is about a tenth of what stands on the ground.",
            file="survey.toml",
            column="meteorology.roughness_length_m",
        )
