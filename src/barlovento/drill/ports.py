"""What a sortie needs of the world it flies in and of whoever chooses its legs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology

FloatArray = NDArray[np.float64]


class Rows(NamedTuple):
    """Readings in order of time, one row for each drone, sensor, species and interval.

    Attributes
    ----------
    time : ndarray, shape (n,)
        END of the interval, since the start of the exercise [s].
    drone, sensor, species : ndarray of int, shape (n,)
        Places in the lists of the exercise.
    x, y, z : ndarray, shape (n,)
        [m].
    mole_fraction : ndarray, shape (n,)
        [ppb].
    censored, bad : ndarray of bool, shape (n,)
        A non-detect; a reading that the instrument itself calls wrong.
    """

    time: FloatArray
    drone: NDArray[np.int64]
    sensor: NDArray[np.int64]
    species: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    z: FloatArray
    mole_fraction: FloatArray
    censored: NDArray[np.bool_]
    bad: NDArray[np.bool_]


def joined(parts: Sequence[Any]) -> Rows:
    """Return the rows of several stretches as one; ``parts`` have the columns of ``Rows``."""
    if not parts:
        none, no = np.zeros(0), np.zeros(0, dtype=bool)
        number = np.zeros(0, dtype=np.int64)
        return Rows(none, number, number, number, none, none, none, none, no, no)
    return Rows(*(np.concatenate([getattr(p, name) for p in parts]) for name in Rows._fields))


def chosen(rows: Any, keep: NDArray[np.bool_]) -> Rows:
    """Return those rows where ``keep`` is true."""
    return Rows(*(np.asarray(getattr(rows, name))[keep] for name in Rows._fields))


class World(Protocol):
    """A world that goes on while drones are in it; :class:`barlovento.exercise.live.World`."""

    @property
    def time(self) -> float:
        """Since the start of the exercise [s]."""

    def advance(self, places: FloatArray) -> Any:
        """Go on by as many seconds as there are places, and return rows."""

    def meteorology(self) -> Meteorology:
        """Return what the mast has told up to now."""

    def wind(self, time: float, height: float) -> tuple[float, float]:
        """Return where the air carries an aircraft, east and north [m s-1]."""

    def link(self, drone: int) -> bool:
        """Return whether a drone can be reached now."""

    def battery_left(self, drone: int) -> float:
        """Return which share of what its battery should hold a drone really has [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known when a leg has to be chosen.

    Parameters
    ----------
    belief : object
        :class:`barlovento.search.belief.Belief`.
    drones : tuple
        Those that can still be sent, as :class:`barlovento.search.legs.Drone`.
    numbers : tuple of int
        Which drones those are.
    clock_left : float
        Until the drones must be home [s].
    meteorology : Meteorology
        As told up to now.
    time : float
        Since the start of the exercise [s].
    """

    belief: Any
    drones: tuple[Any, ...]
    numbers: tuple[int, ...]
    clock_left: float
    meteorology: Meteorology
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What was chosen.

    Parameters
    ----------
    phase : str
        "sweep", "trace", "confirm", "stop" or "home".
    waypoints : tuple of ndarray, each of shape (n, 3)
        One leg for each drone of the situation [m]; empty to wait.
    why : str
        In words.
    information : float or None
        Expected in all [nat].
    whole : bool
        Whether the legs are flown to their ends even when something is noticed on the way.
    """

    phase: str
    waypoints: tuple[FloatArray, ...]
    why: str
    information: float | None = None
    whole: bool = False


Pilot = Callable[[Situation], Ordered]
