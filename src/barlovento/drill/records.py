"""What a sortie is flown with, and what comes of it; no truth in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.flight import Wind
from barlovento.domain.observation import Meteorology, Observations
from barlovento.drill.frames import Frame
from barlovento.exercise.sensed import Sensed

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One choice of legs.

    Parameters
    ----------
    time : float
        Since the start of the sortie [s].
    phase, why : str
        As chosen.
    information : float or None
        Expected [nat].
    """

    time: float
    phase: str
    why: str
    information: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sortie:
    """A whole sortie, without the truth.

    Parameters
    ----------
    frames : tuple of Frame
        What was seen of it.
    rows : Sensed
        Every reading that reached home.
    tracks : tuple of ndarray, each of shape (n, 4)
        Time [s] and place [m] of each drone, second by second.
    energies : tuple of ndarray, each of shape (n,)
        Share of the battery left at those times [1].
    came_home : tuple of bool
        One for each drone.
    decisions : tuple of Decision
        In order.
    belief : object
        At the end.
    meteorology : Meteorology
        As the mast told it.
    flight_time : float
        Until the last drone landed [s].
    """

    frames: tuple[Frame, ...]
    rows: Sensed
    tracks: tuple[FloatArray, ...]
    energies: tuple[FloatArray, ...]
    came_home: tuple[bool, ...]
    decisions: tuple[Decision, ...]
    belief: Any
    meteorology: Meteorology
    flight_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a sortie is flown with.

    Parameters
    ----------
    exercise : Exercise
        The scenario: area, home, sensors, faults; its sites are not looked at.
    aircraft : tuple of Aircraft
        One for each drone.
    observe : callable
        Makes :class:`Observations` of the first species from rows and a wind record.
    wind : Wind
        As it really blows where the drones are.
    """

    exercise: Any
    aircraft: tuple[Any, ...]
    observe: Callable[[Sensed, Meteorology], Observations | None]
    wind: Wind
