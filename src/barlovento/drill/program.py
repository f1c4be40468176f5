"""The program as the one who chooses the legs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barlovento.drill.craft import SPARE_TIME, margin_of
from barlovento.drill.ports import Ordered, Pilot, Situation
from barlovento.drill.shots import blowing, last_wind
from barlovento.drill.sweeping import PART, Lines, lines_over, working_height
from barlovento.search.permitted import Permitted

if TYPE_CHECKING:
    from barlovento.exercise.sites import Exercise

FloatArray = NDArray[np.float64]

HEIGHT_ERROR = 2.0
"""Kept free above the floor and below the ceiling: how well a height is held (assumed) [m]."""

LIKELY, LET_GO = 0.5, 0.2
"""Probability of a source from which on it is traced, and below which it no longer is [1]."""

MOST_PASSES = 2
"""So often the area is swept by lines; after that expected information alone chooses."""


def program(exercise: Exercise, aircraft: Sequence[Any]) -> Pilot:
    """Return who sweeps by lines until a source is likely, and then asks the search.

    Parameters
    ----------
    exercise : Exercise
        For where aircraft may be, and where sources.
    aircraft : sequence of Aircraft
        For the room that they need to turn.
    """
    permitted = Permitted(
        ring=exercise.permitted,
        floor=exercise.floor,
        ceiling=exercise.ceiling,
        home=exercise.home,
    ).shrunk(max(margin_of(craft) for craft in aircraft), HEIGHT_ERROR)
    return _Program(exercise, permitted).choose


class _Program:
    """Keeps the lines that are still to be flown."""

    def __init__(self, exercise: Exercise, permitted: Permitted) -> None:
        self.area, self.permitted = exercise.area, permitted
        self.height = working_height(permitted, exercise.area)
        self.passes = 0
        self.lines: Lines | None = None
        self.tracing = False

    def choose(self, situation: Situation) -> Ordered:
        """Return the next legs of all free drones."""
        if self.lines is None:
            # Refuses where no air of the search area can be met.
            self._searched(situation)
            self._new_pass(situation)
        assert self.lines is not None
        self.lines.put_back({drone.name: (drone.x, drone.y) for drone in situation.drones})
        self.tracing = self._traces(situation)
        if not self.tracing:
            swept = self._swept(situation)
            if swept is not None:
                return swept
        return self._searched(situation)

    def _traces(self, situation: Situation) -> bool:
        """Return whether a source is to be followed now, rather than more air swept.

        Once its place is known, lines that are left come first: others may be there too.
        """
        from barlovento.search.legs import CLOSE

        belief = situation.belief
        # A ragged plume that is not met again at once may still be there.
        least = LET_GO if self.tracing else LIKELY
        open_ = belief.spare is not None and belief.spare.probability >= least
        return open_ or any(slot.cloud.spread > CLOSE for slot in belief.found)

    def _new_pass(self, situation: Situation) -> None:
        """Lay lines; those of a second pass run between those of the first."""
        drones = situation.drones
        left = min(situation.clock_left, *(drone.endurance_left for drone in drones))
        wind = blowing(last_wind(situation.meteorology))
        slowest = min(drone.airspeed for drone in drones)
        # Across the wind a part of the airspeed goes into holding the line.
        speed = float(np.sqrt(max(slowest**2 - wind[0] ** 2 - wind[1] ** 2, 0.1 * slowest**2)))
        length = PART * left * speed * len(drones)
        again = self.passes > 0
        self.lines = lines_over(self.permitted, self.area, wind, length, again=again)
        self.passes += 1

    def _swept(self, situation: Situation) -> Ordered | None:
        """Return a line for each drone, None where all are flown."""
        assert self.lines is not None
        if self.lines.done and self.passes < MOST_PASSES and not situation.belief.found:
            self._new_pass(situation)
        if self.lines.done:
            return None
        legs: list[FloatArray] = []
        on_edge = bool(self.lines.edges)
        for drone in situation.drones:
            here = _inside(drone, self.permitted)
            line = self.lines.nearest((here.x, here.y), drone.name)
            if line is None:
                legs.append(np.array([(here.x, here.y, here.z)]))
                continue
            way = [*self.permitted.way((here.x, here.y), line[0]), line[1]]
            legs.append(np.array([(x, y, self.height) for x, y in way]))
        number = f"{self.lines.flown} of {self.lines.count}"
        kind = f"across the wind, {self.lines.spacing:.0f} m apart"
        if on_edge:
            kind = "along a downwind edge that gas leaves across"
        elif self.passes > 1:
            kind += " and between those before"
        return Ordered(
            phase="sweep",
            waypoints=tuple(legs),
            why=f"Line {number}, {kind}: none of the air that sources may reach is left out.",
        )

    def _searched(self, situation: Situation) -> Ordered:
        """Return what is expected to tell most."""
        from barlovento.search.legs import next_leg

        choice = next_leg(
            situation.belief,
            [replace(_inside(drone, self.permitted), z=self.height) for drone in situation.drones],
            self.permitted,
            situation.clock_left - SPARE_TIME,
            meteorology=situation.meteorology,
            persist=True,
            tracing=self.tracing,
        )
        legs = choice.legs
        return Ordered(
            phase=choice.phase,
            waypoints=tuple(np.asarray(leg.waypoints, dtype=np.float64) for leg in legs),
            why=choice.why if choice.phase in ("stop", "home") else legs[0].why,
            information=float(sum(leg.expected_information for leg in legs)),
        )


def _inside(drone: Any, permitted: Permitted) -> Any:
    """Return a drone that braked in the strip along the edge as if it were just inside of it."""
    x, y = permitted.nearest((drone.x, drone.y))
    return replace(drone, x=x, y=y)
