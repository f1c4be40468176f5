"""What a sortie needs of the world it flies in and of whoever chooses its legs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology
from barlovento.exercise.sensed import Sensed

FloatArray = NDArray[np.float64]


def chosen(rows: Sensed, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Sensed:
    """Return those rows where ``keep`` is true, or which it names."""
    return Sensed(
        time=rows.time[keep],
        drone=rows.drone[keep],
        sensor=rows.sensor[keep],
        species=rows.species[keep],
        x=rows.x[keep],
        y=rows.y[keep],
        z=rows.z[keep],
        mole_fraction=rows.mole_fraction[keep],
        censored=rows.censored[keep],
        bad=rows.bad[keep],
    )


class World(Protocol):
    """A world that goes on while drones are in it; :class:`barlovento.exercise.live.World`."""

    @property
    def time(self) -> float:
        """Since the start of the exercise [s]."""

    def advance(self, places: FloatArray) -> Sensed:
        """Go on by as many seconds as there are places, and return rows.

        Parameters
        ----------
        places : ndarray, shape (drones, seconds, 3)
            At the end of each second [m].
        """

    def meteorology(self) -> Meteorology:
        """Return what the mast has told up to now."""

    def wind(self, time: float, height: float) -> tuple[float, float]:
        """Return where the air carries an aircraft, east and north.

        Parameters
        ----------
        time : float
            Since the start of the exercise [s].
        height : float
            Above ground [m].

        Returns
        -------
        tuple of float
            [m s-1].
        """

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
