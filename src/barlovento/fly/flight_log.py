"""What a model of flight writes down while it steps, and the record that comes of it."""

from __future__ import annotations

import numpy as np

from barlovento.domain.flight import Flown, State, Wind

NO_WAY_FOR = 60.0
"""So long without any way against the wind ends a flight [s]."""


def wind_at(wind: Wind, time: float, height: float) -> tuple[float, float]:
    """Return where the air goes, east and north [m s-1]."""
    if callable(wind):
        east, north = wind(time, height)
        return float(east), float(north)
    return wind


class FlightLog:
    """Grows by one row a second.

    Parameters
    ----------
    state : State
        Where the flight starts.
    """

    def __init__(self, state: State) -> None:
        self.places: list[tuple[float, float, float]] = []
        self.energies: list[float] = []
        self.headings: list[float] = []
        self.passed: list[float] = []
        self.misses: list[float] = []
        self._start = state

    def second(self, x: float, y: float, z: float, energy: float, heading: float) -> None:
        """Write down where a second ended."""
        self.places.append((x, y, z))
        self.energies.append(energy)
        self.headings.append(heading)

    def waypoint(self, time: float, miss: float) -> None:
        """Write down that a waypoint was passed."""
        self.passed.append(time)
        self.misses.append(miss)

    def flown(self, reason: str) -> Flown:
        """Return the record."""
        if self.places:
            x, y, z = self.places[-1]
            state = State(
                x=x,
                y=y,
                z=z,
                energy=self.energies[-1],
                time=self._start.time + len(self.places),
                heading=self.headings[-1],
            )
        else:
            state = self._start
        return Flown(
            places=np.array(self.places, dtype=np.float64).reshape(-1, 3),
            energies=np.array(self.energies, dtype=np.float64),
            headings=np.array(self.headings, dtype=np.float64),
            passed=np.array(self.passed, dtype=np.float64),
            misses=np.array(self.misses, dtype=np.float64),
            arrived=reason == "arrived",
            reason=reason,
            state=state,
        )
