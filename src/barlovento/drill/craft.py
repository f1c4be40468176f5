"""One drone of a sortie: what it has left, where it goes, and that it always gets home."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.flight import LEAST_GROUND_SPEED, State, Wind
from barlovento.drill.fence import Fence
from barlovento.errors import BadInput

if TYPE_CHECKING:
    from barlovento.fly.airframe import Aircraft

FloatArray = NDArray[np.float64]

RESERVE = 0.1
"""Share of the battery that is never planned with [1]."""

SPARE_TIME = 15.0
"""Kept free before the end of the exercise [s]."""

SHORTEST_LEG = 4
"""A leg that can be flown for less than this is not begun [s]."""

WINDS = (0.6, 1.5)
"""The way home must be possible in winds of these shares of what was told: the mast stands lower
than drones fly, and wind changes (assumed) [1]."""

FLYING, GOING_HOME, HOLDING, LANDED = "flying", "going home", "holding", "landed"

ROOM_TO_BRAKE = 5.0
"""Kept free at the edge of the permitted area by what stops on the spot [m]."""

TURNS = 2.4
"""The same for what doesn't, in radii of its turn [1]."""


def margin_of(aircraft: Aircraft) -> float:
    """Return the strip along the edge that an aircraft keeps free [m]."""
    return max(ROOM_TO_BRAKE, TURNS * aircraft.turn_radius)


@dataclass(slots=True, kw_only=True)
class Craft:
    """One drone while it flies.

    Parameters
    ----------
    aircraft : Aircraft
        How it flies.
    fence : Fence
        Where it may be.
    home : tuple of float
        [m].
    state : State
        Now.
    """

    aircraft: Aircraft
    fence: Fence
    home: tuple[float, float]
    state: State
    status: str = FLYING
    queue: list[tuple[FloatArray, FloatArray, FloatArray]] = field(default_factory=list)
    """Stretches ahead: places (n, 3), energies (n,), headings (n,)."""

    @property
    def energy_share(self) -> float:
        """Battery that is left over a full one [1]."""
        return self.state.energy / self.aircraft.battery

    @property
    def endurance_left(self) -> float:
        """How long it can still cruise without touching the reserve [s]."""
        usable = self.state.energy - RESERVE * self.aircraft.battery
        return max(usable, 0.0) / self.aircraft.power(self.aircraft.cruise)

    @property
    def seconds_queued(self) -> int:
        """Seconds until the drone has nothing more to do."""
        return sum(len(places) for places, _, _ in self.queue)

    @property
    def place(self) -> tuple[float, float, float]:
        """Now [m]."""
        return self.state.x, self.state.y, self.state.z

    def send(
        self, waypoints: FloatArray, wind: Wind, forecast: tuple[float, float], clock_left: float
    ) -> bool:
        """Fly along waypoints as far as the way home allows, and say whether it is worth it.

        Parameters
        ----------
        waypoints : ndarray, shape (n, 3)
            [m].
        wind : Wind
            As it really blows.
        forecast : tuple of float
            As it was last told, east and north [m s-1].
        clock_left : float
            Until the drone must be home [s].
        """
        from barlovento.fly.aircraft import fly

        ahead = np.array(waypoints, dtype=np.float64)
        ahead[:, 2] = np.clip(ahead[:, 2], self.fence.floor, self.fence.ceiling)
        flown = fly(self.aircraft, self.state, ahead, wind)
        last = self.fence.stretch(flown.places) if len(flown.places) else 0
        places, energies = flown.places[:last], flown.energies[:last]
        last = self._returnable(places, energies, flown.headings, forecast, clock_left)
        if last < min(SHORTEST_LEG, len(flown.places)) or last == 0:
            return False
        self.queue = [(flown.places[:last], flown.energies[:last], flown.headings[:last])]
        return True

    def hold(
        self, seconds: int, wind: Wind, forecast: tuple[float, float], clock_left: float
    ) -> bool:
        """Wait where it is as long as the way home allows, and say whether that is worth it.

        Parameters
        ----------
        seconds : int
            At most so long [s].
        wind, forecast
            As for :meth:`send` [m s-1].
        clock_left : float
            Until the drone must be home [s].
        """
        from barlovento.fly.aircraft import hold

        flown = hold(self.aircraft, self.state, float(seconds), wind)
        last = self._returnable(flown.places, flown.energies, flown.headings, forecast, clock_left)
        self.queue = [(flown.places[:last], flown.energies[:last], flown.headings[:last])]
        return last > 0

    def go_home(self, wind: Wind, forecast: tuple[float, float]) -> bool:
        """Take the shortest permitted way home, and say whether it gets there.

        One whose battery a fault has emptied lands on its way.

        Parameters
        ----------
        wind, forecast
            As for :meth:`send` [m s-1].
        """
        from barlovento.fly.aircraft import fly

        self.status = GOING_HOME
        speed = self._speed_home(forecast)
        flown = fly(self.aircraft, self.state, self._way(self.place), wind, airspeed=speed)
        self.queue = [(flown.places, flown.energies, flown.headings)]
        if not len(flown.places):
            self.queue, self.status = [], LANDED
        return bool(flown.arrived)

    def take(self, seconds: int) -> FloatArray:
        """Go on by that many seconds and return the places, shape (seconds, 3) [m].

        Parameters
        ----------
        seconds : int
            At most what is queued, unless landed [s].
        """
        if self.status == LANDED:
            return np.tile((self.state.x, self.state.y, 0.0), (seconds, 1))
        taken: list[FloatArray] = []
        need = seconds
        while need > 0:
            places, energies, headings = self.queue.pop(0)
            use = min(need, len(places))
            taken.append(places[:use])
            self.state = replace(
                self.state,
                x=float(places[use - 1, 0]),
                y=float(places[use - 1, 1]),
                z=float(places[use - 1, 2]),
                energy=float(energies[use - 1]),
                heading=float(headings[use - 1]),
                time=self.state.time + use,
            )
            if use < len(places):
                self.queue.insert(0, (places[use:], energies[use:], headings[use:]))
            need -= use
        if self.status == GOING_HOME and not self.queue:
            self.status = LANDED
        return np.concatenate(taken)

    def lose_battery(self, share: float) -> None:
        """Let a fault leave a share of what is in the battery; plans are void then.

        Parameters
        ----------
        share : float
            [1].
        """
        self.state = replace(self.state, energy=share * self.state.energy)
        self.queue = []

    def _way(self, place: tuple[float, float, float]) -> FloatArray:
        way = self.fence.way(place[:2], self.home)
        height = min(max(place[2], self.fence.floor), self.fence.ceiling)
        return np.array([(x, y, height) for x, y in way])

    def _speed_home(self, forecast: tuple[float, float]) -> float:
        """Return the airspeed of the way home: cruise, or all it has in strong wind [m s-1].

        It is the same for all winds that the way is checked in: over the ground it is then
        slowest in the least or the strongest of them, never between.
        """
        strongest = max(WINDS) * math.hypot(*forecast)
        if self.aircraft.kind == "multirotor" and (
            self.aircraft.cruise < strongest + LEAST_GROUND_SPEED
        ):
            return self.aircraft.top_speed
        return self.aircraft.cruise

    def _home_from(
        self,
        place: FloatArray,
        energy: float,
        heading: float,
        wind: tuple[float, float],
        airspeed: float,
    ) -> tuple[float, float] | None:
        """Return time [s] and energy [J] of the way home, None where it can't be flown."""
        from barlovento.fly.aircraft import fly

        x, y, z = (float(value) for value in place)
        state = State(x=x, y=y, z=z, energy=energy, heading=heading, time=self.state.time)
        way = self._way((x, y, z))
        try:
            flown = fly(self.aircraft, state, way, wind, airspeed=airspeed)
        except BadInput:
            # The wind is too strong for the way home from there.
            return None
        if not flown.arrived:
            return None
        left = float(flown.energies[-1]) if len(flown.energies) else energy
        return float(len(flown.places)), energy - left

    def _returnable(
        self,
        places: FloatArray,
        energies: FloatArray,
        headings: FloatArray,
        forecast: tuple[float, float],
        clock_left: float,
    ) -> int:
        """Return how many seconds of a leg leave enough for the way home with the reserve."""
        reserve = RESERVE * self.aircraft.battery
        speed = self._speed_home(forecast)

        def good(count: int) -> bool:
            k = count - 1
            for share in WINDS:
                wind = (share * forecast[0], share * forecast[1])
                home = self._home_from(
                    places[k], float(energies[k]), float(headings[k]), wind, speed
                )
                if home is None:
                    return False
                seconds, joules = home
                if energies[k] - joules < reserve or count + seconds + SPARE_TIME > clock_left:
                    return False
            return True

        low, high = 0, len(places)
        if high and good(high):
            return high
        # What is left for the way home shrinks along a leg that leads away, and the cut is
        # checked again where it doesn't.
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if good(middle) else (low, middle)
        return low
