"""The gas logger's own file, and what in it may tell its clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from barlovento.domain.species import Species
from barlovento.errors import Fault
from barlovento.fly import guess
from barlovento.fly.asking import MARKS, LoggerKeys
from barlovento.fly.faults import FaultList, listed
from barlovento.fly.logger import LoggerFile, LoggerTable, read_logger
from barlovento.fly.logs.offset import GasSignals
from barlovento.fly.logs.record import FloatArray

_READINGS = ("time", "concentration", "sensor", "species", "flag")


@dataclass(frozen=True, slots=True, kw_only=True)
class GasLog:
    """Readings on the logger's clock.

    Parameters
    ----------
    table : LoggerTable
        As it was read.
    signals : GasSignals
        What may tell the clock.
    """

    table: LoggerTable
    signals: GasSignals

    @property
    def stamp(self) -> FloatArray:
        """Return the logger's times since 1970 [s]."""
        return self.table.table.numbers["time"]


def read_gas(path: Path, keys: LoggerKeys, gas: Species | None, faults: FaultList) -> GasLog | None:
    """Read a gas logger's file.

    Parameters
    ----------
    path : Path
        Delimited text.
    keys : LoggerKeys
        What the person says about it.
    gas : Species or None
        Whose name may head the column of readings.
    faults : FaultList
        Takes everything that is wrong.

    Returns
    -------
    GasLog or None
        None where it can't be read.
    """
    file = LoggerFile(
        path=path,
        names=(*_READINGS, *guess.CLOCK),
        columns=keys.columns,
        units=keys.units,
        zone=keys.time_zone,
        pattern=keys.time_pattern,
    )
    found = FaultList()
    read = read_logger(file, gas=gas, faults=found)
    unclear = [f for f in found.errors if f.column in guess.CLOCK and f.column not in keys.columns]
    if unclear:
        # Only the clock would be better for them: the readings don't hang on that.
        found = FaultList()
        names = {str(fault.column) for fault in unclear}
        kept = tuple(name for name in file.names if name not in names)
        read = read_logger(replace(file, names=kept), gas=gas, faults=found)
        found.extend(_doubt(fault) for fault in unclear)
    faults.extend(found.all)
    if read is None:
        return None
    if not read.table.has("concentration"):
        if not any(fault.column == "concentration" for fault in found.errors):
            faults.add(
                "No column can be told to be the concentration.",
                "Say which, as in --column concentration=NAME, and its unit, as in "
                "--unit concentration=ppb.",
                file=path.name,
                column="concentration",
            )
        return None
    if not np.isfinite(read.table.numbers["time"]).any():
        faults.add("The file has no row with a time.", "Check it.", file=path.name)
        return None
    return GasLog(table=read, signals=_signals(read))


def _doubt(fault: Fault) -> Fault:
    mend = f"{fault.mend} Until then the clock is told without it."
    return replace(fault, severity="warning", mend=mend)


def _signals(read: LoggerTable) -> GasSignals:
    numbers = read.table.numbers
    order = np.argsort(numbers["time"], kind="stable")
    order = order[np.isfinite(numbers["time"][order])]
    there = {
        name: values[order]
        for name in guess.CLOCK
        if (values := numbers.get(name)) is not None and np.isfinite(values).sum() >= 10
    }
    both = "longitude" in there and "latitude" in there
    return GasSignals(
        time=numbers["time"][order],
        longitude=there["longitude"] if both else None,
        latitude=there["latitude"] if both else None,
        pressure=there.get("pressure"),
        height=there.get("altitude"),
    )


def ends_of(gas: GasLog, keys: LoggerKeys, averaging_time: float) -> FloatArray:
    """Return the end of each reading's interval.

    Parameters
    ----------
    gas : GasLog
        The readings.
    keys : LoggerKeys
        Which end of an interval the logger's times mark.
    averaging_time : float
        Of each reading [s].

    Returns
    -------
    ndarray, shape (n,)
        Since 1970 by the logger's clock [s].
    """
    return gas.stamp + MARKS[keys.time_marks] * averaging_time


def said_of(gas: GasLog) -> list[str]:
    """Return what was guessed, in the person's words."""
    told = [
        name
        for name, value in (
            ("positions", gas.signals.longitude),
            ("pressure", gas.signals.pressure),
            ("heights", gas.signals.height),
        )
        if value is not None
    ]
    lines = [line for line in gas.table.said if not line.startswith(guess.CLOCK)]
    if told:
        lines.append(f"The gas log holds {listed(told)} too, used for its clock only.")
    return lines
