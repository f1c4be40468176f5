"""A logger's own file as columns of ours, in SI units and UTC, gas in the units it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.species import Species
from barlovento.domain.units import logger_unit
from barlovento.errors import BadInput
from barlovento.fly.cells import NUMBER, TIME, WORD, ColumnBuilder
from barlovento.fly.faults import FaultList
from barlovento.fly.guess import GAS, QUANTITY, Guesser, Match
from barlovento.fly.table import (
    LARGEST_FILE,
    Table,
    check_count,
    lines_of,
    make_table,
    tell_bad_cells,
    tell_mixed_decimals,
)
from barlovento.fly.textfile import DelimitedText, decoded, encodings, start_of
from barlovento.fly.times import TimeRule, parsed, zone_of

_WORDS = ("sensor", "species", "flag")
#: What loggers write where they have nothing.
ABSENT = ("", "NaN", "nan", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None", "none", "-", "--")
_SAMPLE = 50
#: Counts since 1970 between 1973 and 2286, by their unit [s].
_COUNTS = ((1e8, 1e10, 1.0), (1e11, 1e13, 1e-3), (1e14, 1e16, 1e-6), (1e17, 1e19, 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerFile:
    """What to read from one file of a logger.

    Parameters
    ----------
    path : Path
        The file.
    names : tuple of str
        Columns of ours that are looked for.
    columns : mapping of str to str
        Our name, and the header there.
    units : mapping of str to str
        Our name, and the unit there.
    zone : str or None
        Zone of times that name none.
    pattern : str or None
        How times are written, as for :meth:`datetime.datetime.strptime`.
    """

    path: Path
    names: tuple[str, ...]
    columns: Mapping[str, str]
    units: Mapping[str, str]
    zone: str | None
    pattern: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerTable:
    """Columns of ours, read from a logger's file.

    Parameters
    ----------
    table : Table
        Numbers in SI units, gas in its own.
    matches : dict of str to Match
        Where each came from.
    said : tuple of str
        What was guessed.
    """

    table: Table
    matches: Mapping[str, Match]
    said: tuple[str, ...]


def read_logger(file: LoggerFile, *, gas: Species | None, faults: FaultList) -> LoggerTable | None:
    """Read a logger's file.

    Parameters
    ----------
    file : LoggerFile
        What to read.
    gas : Species or None
        Whose name may head the column of readings.
    faults : FaultList
        Takes everything that is wrong or can't be told.

    Returns
    -------
    LoggerTable or None
        None where nothing can be read.
    """
    name = file.path.name
    try:
        candidates = _candidates(file.path)
        looked, _ = decoded(
            file.path,
            candidates,
            likely=file.names,
            faults=faults,
            use=lambda text, found: _look(text, file, gas, found),
        )
        rule = _time_rule(looked, file, faults)
        if rule is None:
            return None
        # The encoding was told by the first reading already.
        found = FaultList()
        table, _ = decoded(
            file.path,
            candidates,
            likely=file.names,
            faults=found,
            use=lambda text, found: _read(text, name, looked.matches, rule, found),
        )
    except BadInput as problem:
        faults.problem(problem, file=name)
        return None
    except OSError as problem:
        faults.add(f"The file can't be read: {problem.strerror}.", "Check it.", file=name)
        return None
    faults.extend(found.errors)
    headers = {ours: match.header for ours, match in looked.matches.items()}
    tell_bad_cells(table, faults, rule=rule, headers=headers)
    _to_si(table, looked.matches, faults)
    return LoggerTable(table=table, matches=looked.matches, said=tuple(looked.said))


def _candidates(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        raise BadInput(f"There is no file {str(path)!r}. Check the path.")
    if path.stat().st_size > LARGEST_FILE:
        raise BadInput(f"The file is larger than {LARGEST_FILE // 1024**3} GB. Split it by time.")
    start = start_of(path)
    if start[:4] == b"PAR1":
        raise BadInput("The file is Parquet, and this reads text. Export it as CSV.")
    return encodings(start)


@dataclass(slots=True)
class _Looked:
    """What the header and the first rows tell."""

    matches: dict[str, Match]
    said: list[str]
    first_times: list[str]


def _look(text: DelimitedText, file: LoggerFile, gas: Species | None, faults: FaultList) -> _Looked:
    guesser = Guesser(text.header, file=file.path.name, gas=gas, faults=faults)
    matches = guesser.match(file.names, file.columns, file.units)
    first: list[str] = []
    if "time" in matches:
        for batch in text.batches(matches["time"].places, [], absent=ABSENT):
            cells = _joined(batch, len(matches["time"].places)).to_pylist()
            first += [cell.strip() for cell in cells if cell and cell.strip()]
            if len(first) >= _SAMPLE:
                break
    else:
        faults.add(
            "No column can be told to be the time.",
            "Say which among the columns, as in time=NAME, or time=DATE+TIME for two.",
            file=file.path.name,
            row=text.header.line,
            column="time",
        )
    return _Looked(matches, guesser.said, first[:_SAMPLE])


def _joined(batch: Any, count: int) -> Any:
    """Return one column, or date and time joined by a space."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if count == 1:
        return batch.column(0)
    parts = [batch.column(i) for i in range(count)]
    return pc.binary_join_element_wise(*parts, pa.scalar(" "))


def _time_rule(looked: _Looked, file: LoggerFile, faults: FaultList) -> TimeRule | None:
    """Tell how the times are written from the first of them."""
    first = looked.first_times
    if "time" not in looked.matches:
        return None
    if not first:
        faults.add("The file has no row with a time.", "Check it.", file=file.path.name)
        return None
    if file.pattern is None:
        counts = _numbers(first)
        if counts is not None:
            return _count_rule(counts, looked, file, faults)
    aware = file.pattern is None and all((w := parsed(t)) is not None and w.tzinfo for t in first)
    if file.pattern is not None:
        aware = "%z" in file.pattern
    elif all(parsed(cell) is None for cell in first):
        _complain(
            file,
            faults,
            f"The time {first[0]!r} is not ISO 8601, and which part is the day and which the "
            "month can't be told.",
            "Give time_pattern, as in '%d/%m/%Y %H:%M:%S'.",
        )
        return None
    if aware:
        return TimeRule(pattern=file.pattern)
    if file.zone is None:
        _complain(
            file,
            faults,
            f"The time {first[0]!r} does not say its zone.",
            'Give time_zone: "UTC", an offset such as "+02:00", or a name such as "Europe/Madrid".',
        )
        return None
    zone_of(file.zone)
    return TimeRule(zone=file.zone, pattern=file.pattern)


def _numbers(cells: Sequence[str]) -> list[float] | None:
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None


def _count_rule(
    counts: list[float], looked: _Looked, file: LoggerFile, faults: FaultList
) -> TimeRule | None:
    for low, high, epoch in _COUNTS:
        if all(low <= abs(count) < high for count in counts):
            looked.said.append(f"time counts units of {epoch:g} s since 1970 in UTC.")
            return TimeRule(epoch=epoch)
    _complain(
        file,
        faults,
        f"The time is a number such as {counts[0]:g}, and not one of seconds since 1970.",
        "Name the column that holds date and time, or give time_pattern.",
    )
    return None


def _complain(file: LoggerFile, faults: FaultList, what: str, mend: str) -> None:
    faults.add(what, mend, file=file.path.name, column="time")


def _read(
    text: DelimitedText,
    name: str,
    matches: Mapping[str, Match],
    rule: TimeRule,
    faults: FaultList,
) -> Table:
    kinds = {
        ours: TIME if ours == "time" else WORD if ours in _WORDS else NUMBER for ours in matches
    }
    comma = text.header.separator != ","
    builders = {
        ours: ColumnBuilder(kind, decimal_comma=comma, rule=rule) for ours, kind in kinds.items()
    }
    places = list(dict.fromkeys(place for match in matches.values() for place in match.places))
    blanks: list[NDArray[np.bool_]] = []
    misshapen: list[tuple[int, str]] = []
    for batch in text.batches(places, misshapen, absent=ABSENT):
        check_count(blanks, len(batch))
        blank = np.ones(len(batch), dtype=bool)
        for ours, match in matches.items():
            own = batch.select([places.index(place) for place in match.places])
            blank &= builders[ours].add(_joined(own, len(match.places)))
        blanks.append(blank)
    line, keep = lines_of(text.header, blanks, misshapen, name, faults)
    tell_mixed_decimals(builders, name, faults)
    return make_table(name, kinds, builders, line, keep=keep)


def _to_si(table: Table, matches: Mapping[str, Match], faults: FaultList) -> None:
    """Convert all but gas, whose unit the survey names itself."""
    for name, match in matches.items():
        quantity = QUANTITY.get(name)
        if quantity in (None, GAS) or match.unit is None:
            continue
        try:
            factor, offset = logger_unit(str(quantity), match.unit)
        except BadInput as problem:
            faults.problem(problem, file=table.file, column=name)
            continue
        if (factor, offset) != (1.0, 0.0):
            # What overflows becomes infinite, and the check of the new folder tells it. Rounding
            # takes off the noise of the last bits, which nobody wants to read.
            with np.errstate(over="ignore"):
                table.numbers[name] = np.round(table.numbers[name] * factor + offset, 10)
