"""What is taken from a flight log, whatever wrote it, and the columns it is gathered in."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Positions, or any other kind of entry, beyond which a log is no flight.
MOST_ENTRIES = 4_000_000


class LoggedHeight(StrEnum):
    """What a log's heights are measured from; one is never taken for another."""

    TERRAIN = "terrain"
    """Above the ground below, by a terrain model or a downward sensor."""
    HOME = "home"
    """Above the place of take-off."""
    AMSL = "amsl"
    """Above mean sea level."""
    ELLIPSOID = "ellipsoid"
    """Above the WGS 84 ellipsoid."""
    UNTYPED = "untyped"
    """The log does not say; only differences mean something."""


HEIGHTS = tuple(LoggedHeight)


@dataclass(slots=True)
class Stream:
    """Entries of one kind, in the order of the file.

    Parameters
    ----------
    names : tuple of str
        Columns; the first is the time on the log's own clock [s].
    """

    names: tuple[str, ...]
    _columns: tuple[array[float], ...] = field(init=False)

    def __post_init__(self) -> None:
        self._columns = tuple(array("d") for _ in self.names)

    def __len__(self) -> int:
        return len(self._columns[0])

    def add(self, *values: float) -> None:
        """Take one entry; NaN where a column has nothing.

        Raises
        ------
        BadInput
            There are more entries than a flight has.
        """
        if len(self) >= MOST_ENTRIES:
            raise BadInput(
                f"The log has more than {MOST_ENTRIES:,} entries of one kind. Split it by time."
            )
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)

    def extend(self, *columns: Iterable[float]) -> None:
        """Take many entries, column by column."""
        for own, values in zip(self._columns, columns, strict=True):
            own.extend(float(value) for value in values)

    def __getitem__(self, name: str) -> FloatArray:
        return np.array(self._columns[self.names.index(name)], dtype=np.float64)


@dataclass(slots=True, kw_only=True)
class Gathered:
    """A log as it was read, on its own clocks.

    Parameters
    ----------
    kind : str
        What wrote it, for people.
    places : Stream
        ``order`` is the clock that runs through the whole file [s], ``time`` the clock of the
        entry [s]; ``longitude``, ``latitude`` [degree]; a column for each
        :class:`LoggedHeight` [m].
    ground : Stream
        Heights above ground that were logged apart from places [s, m].
    fixes : Stream
        Whether the satellite receiver had a position: 3 and more is one [s, 1].
    clocks : Stream
        Moments at which both clocks are known: ``order`` [s], ``time`` [s], ``utc`` since
        1970 [s].
    wind : Stream
        The autopilot's estimate on the clock ``order``: air moving ``east``, ``north`` [m s-1].
    air : Stream
        On the clock ``order``: ``pressure`` [Pa].
    absolute : bool
        Whether ``order`` itself counts since 1970 by the computer's clock.
    one_boot : bool
        Whether the log ends with the power, so that one offset holds for all of it.
    said : list of str
        What a person should know about how it was read.
    broken : list of str
        What was broken in the file.
    """

    kind: str
    absolute: bool = False
    one_boot: bool = True
    places: Stream = field(
        default_factory=lambda: Stream(
            ("order", "time", "longitude", "latitude", *(str(h) for h in HEIGHTS))
        )
    )
    ground: Stream = field(default_factory=lambda: Stream(("order", "height")))
    fixes: Stream = field(default_factory=lambda: Stream(("order", "fix")))
    clocks: Stream = field(default_factory=lambda: Stream(("order", "time", "utc")))
    wind: Stream = field(default_factory=lambda: Stream(("order", "east", "north")))
    air: Stream = field(default_factory=lambda: Stream(("order", "pressure")))
    said: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def place(
        self,
        order: float,
        time: float,
        longitude: float,
        latitude: float,
        **heights: float,
    ) -> None:
        """Take one position.

        Parameters
        ----------
        order, time : float
            On the clock that runs through the file, and on the entry's own [s].
        longitude, latitude : float
            WGS 84 [degree].
        heights : float
            By the name of a :class:`LoggedHeight`, those that the entry holds [m].
        """
        every = (heights.get(str(h), float("nan")) for h in HEIGHTS)
        self.places.add(order, time, longitude, latitude, *every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A flight in UTC, sorted by time, with places that a vehicle can have been at.

    Parameters
    ----------
    file : str
        Name of the log.
    kind : str
        What wrote it.
    sha256 : str
        Of the log's bytes, hex.
    time : ndarray, shape (n,)
        Since 1970 UTC [s].
    longitude, latitude : ndarray, shape (n,)
        WGS 84 [degree].
    heights : dict of LoggedHeight to ndarray, shape (n,)
        NaN where the log has none [m].
    clock : str
        How UTC was told, for people.
    clock_error : float
        How far the clock pairs disagree, half of the middle 90 % [s].
    wind : tuple of ndarray, shape (m,)
        The autopilot's estimate: time since 1970 [s], air moving east and north [m s-1].
    air : tuple of ndarray, shape (k,)
        Time since 1970 [s] and pressure [Pa].
    n_no_fix, n_jumped, n_duplicate : int
        Positions left out, by reason.
    n_reordered : int
        Positions that stood before an earlier one in the file.
    said : tuple of str
        What a person should know about how it was read.
    broken : tuple of str
        What was broken in the file.
    """

    file: str
    kind: str
    sha256: str
    time: FloatArray
    longitude: FloatArray
    latitude: FloatArray
    heights: dict[LoggedHeight, FloatArray]
    clock: str
    clock_error: float
    wind: tuple[FloatArray, FloatArray, FloatArray]
    air: tuple[FloatArray, FloatArray]
    n_no_fix: int
    n_jumped: int
    n_duplicate: int
    n_reordered: int
    said: tuple[str, ...]
    broken: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.time.size)
