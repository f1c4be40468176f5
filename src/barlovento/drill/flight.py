"""The state of a sortie between two choices: drones, belief, readings, faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.flight import State
from barlovento.drill.craft import FLYING, GOING_HOME, HOLDING, LANDED, Craft, margin_of
from barlovento.drill.fence import fence
from barlovento.drill.frames import BeliefShot, DroneShot, Frame
from barlovento.drill.ports import Ordered, Situation, World, chosen
from barlovento.drill.records import Decision, Orders, Sortie
from barlovento.drill.shots import blowing, largest, last_wind, named, shot_of
from barlovento.exercise.sensed import Sensed, joined

FloatArray = NDArray[np.float64]

STRETCH = 10
"""Longest time between two updates of the belief [s]."""

NOTICED = 0.5
"""A leg of a sweep is broken off when the probability of a source passes this [1]."""

HOLD = 20
"""How long a drone without a link waits for it before it comes home [s]."""

WORKING_HEIGHT = 15.0
"""Where flights begin, and stay unless a leg says otherwise, within what is permitted [m]."""

Report = Callable[[Frame], None]


class Flight:
    """The state of a sortie between two choices."""

    def __init__(self, orders: Orders, world: World, belief: Any, report: Report | None) -> None:
        exercise = orders.exercise
        self.orders, self.world, self.belief = orders, world, belief
        self.report = report
        self.began = world.time
        self.ends = self.began + float(exercise.duration)
        self.crafts = [_craft(exercise, aircraft, self.began) for aircraft in orders.aircraft]
        self.rows: list[Sensed] = []
        self.late: list[Sensed] = []
        self.frames: list[Frame] = []
        self.decisions: list[Decision] = []
        count = len(self.crafts)
        self.tracks: list[list[FloatArray]] = [[] for _ in range(count)]
        self.energies: list[list[FloatArray]] = [[] for _ in range(count)]
        self.came_home = [True] * count
        self.lost: dict[int, float] = {}
        self.phase, self.why = "sweep", ""
        self.information: float | None = None
        self.whole = False
        self.events: list[str] = []
        self.shot: BeliefShot | None = None
        self.weak: set[int] = set()
        self.told_until = self.began

    # ------------------------------------------------------------ choosing

    def free(self) -> list[int]:
        """Return which drones can still be sent."""
        return [k for k, craft in enumerate(self.crafts) if craft.status == FLYING]

    def _drone(self, k: int) -> Any:
        """Return one drone as those who choose legs see it."""
        from barlovento.search.legs import Drone

        craft = self.crafts[k]
        return Drone(
            name=f"drone-{k + 1}",
            x=craft.state.x,
            y=craft.state.y,
            z=craft.state.z,
            airspeed=craft.aircraft.cruise,
            endurance_left=craft.endurance_left,
        )

    def under_way(self) -> bool:
        """Return whether a drone flies, or waits for its link."""
        return any(craft.status in (FLYING, HOLDING) for craft in self.crafts)

    def situation(self) -> Situation:
        """Return what is known now."""
        free = self.free()
        drones = tuple(self._drone(k) for k in free)
        return Situation(
            belief=self.belief,
            drones=drones,
            numbers=tuple(free),
            clock_left=self.ends - self.world.time,
            meteorology=self.world.meteorology(),
            time=self.world.time,
        )

    def obey(self, order: Ordered) -> bool:
        """Send the drones along their legs; False when none can be sent."""
        self.phase, self.why, self.information = order.phase, order.why, order.information
        self.whole = order.whole
        self.decisions.append(
            Decision(
                time=self.world.time - self.began,
                phase=order.phase,
                why=order.why,
                information=order.information,
            )
        )
        if order.phase in ("stop", "home"):
            return False
        sent = False
        for k, waypoints in zip(self.free(), order.waypoints, strict=True):
            left = self.ends - self.world.time
            if len(waypoints) and self.crafts[k].send(
                waypoints, self.orders.wind, self.forecast(), left
            ):
                sent = True
            else:
                self.home(k)
        if sent:
            return True
        # Whoever holds may be sent later.
        return any(craft.status == HOLDING for craft in self.crafts)

    def forecast(self) -> tuple[float, float]:
        """Return the wind as the mast last told it, east and north [m s-1]."""
        return blowing(last_wind(self.world.meteorology()))

    # ------------------------------------------------------------ flying

    def go_on(self) -> None:
        """Fly until a drone has nothing more to do, or something is noticed."""
        before = self.belief.probability
        while True:
            busy = [c.seconds_queued for c in self.crafts if c.status != LANDED]
            if not self.under_way() or min(busy) == 0:
                return
            self.step(min(STRETCH, *busy))
            if self.faults():
                return
            noticed = before < NOTICED <= self.belief.probability
            if noticed and not self.whole and self.phase == "sweep":
                self.events.append("a source is likely: the sweep is broken off")
                return

    def step(self, seconds: int) -> None:
        """Let the world and all drones go on, no farther than any of them has a plan for."""
        start = self.world.time
        places = []
        airborne = [craft.status != LANDED for craft in self.crafts]
        for k, craft in enumerate(self.crafts):
            before = craft.energy_share
            path = craft.take(seconds)
            places.append(path)
            if airborne[k]:
                self._keep(k, start, path, before, craft.energy_share)
        sensed = self.world.advance(np.stack(places))
        self._sense(sensed, airborne)
        self._frame(places, sensed, airborne)

    def _keep(self, k: int, start: float, path: FloatArray, before: float, after: float) -> None:
        times = start + np.arange(1, len(path) + 1)
        self.tracks[k].append(np.column_stack([times, path]))
        self.energies[k].append(np.linspace(before, after, len(path) + 1)[1:])

    def _sense(self, sensed: Sensed, airborne: Sequence[bool]) -> None:
        """Add readings of drones in the air to the belief, late where there is no link."""
        rows = chosen(sensed, np.isin(sensed.drone, np.flatnonzero(airborne)))
        away = np.isin(rows.drone, list(self.lost))
        if away.any():
            # Kept on board until the link is back, or the drone has landed.
            self.late.append(chosen(rows, away))
            rows = chosen(rows, ~away)
        self._learn(rows)

    def _learn(self, rows: Sensed) -> None:
        if not len(rows.time):
            return
        self.rows.append(rows)
        # A belief goes on in time: what comes in late counts in the answer at home only.
        rows = chosen(rows, rows.time > self.told_until)
        if not len(rows.time):
            return
        self.told_until = float(rows.time.max())
        met = self.world.meteorology()
        observed = self.orders.observe(rows, met)
        if observed is not None and len(observed):
            self.belief = self.belief.updated(observed, met)

    def _frame(
        self, places: Sequence[FloatArray], sensed: Sensed, airborne: Sequence[bool]
    ) -> None:
        shot = shot_of(self.belief)
        fresh = shot != self.shot
        self.shot = shot
        drones = tuple(
            DroneShot(
                path=tuple(
                    (round(float(x), 1), round(float(y), 1), round(float(z), 1)) for x, y, z in path
                )
                if flew
                else (),
                energy=round(craft.energy_share, 4),
                reading=largest(sensed, k) if flew else None,
                state=craft.status,
            )
            for k, (craft, path, flew) in enumerate(zip(self.crafts, places, airborne, strict=True))
        )
        frame = Frame(
            time=round(self.world.time - self.began, 3),
            phase=self.phase,
            why=self.why,
            information=None if self.information is None else round(self.information, 4),
            drones=drones,
            wind=last_wind(self.world.meteorology()),
            probability=round(float(self.belief.probability), 4),
            belief=shot if fresh else None,
            found=named(self.belief),
            event="; ".join(self.events),
        )
        self.events.clear()
        self.frames.append(frame)
        if self.report is not None:
            self.report(frame)

    # ------------------------------------------------------------ faults and home

    def faults(self) -> bool:
        """Let happen what goes wrong with links and batteries; True when plans change by it."""
        changed = False
        now = self.world.time
        for k, craft in enumerate(self.crafts):
            if craft.status in (FLYING, HOLDING) and not self.world.link(k):
                if k not in self.lost:
                    self.lost[k] = now
                    self.events.append(f"drone {k + 1} lost its link and holds")
                    craft.status, changed = HOLDING, True
                    left = self.ends - now
                    craft.hold(HOLD, self.orders.wind, self.forecast(), left)
                if not craft.seconds_queued:
                    waited = now - self.lost[k]
                    self.events.append(
                        f"drone {k + 1} has had no link for {waited:.0f} s and comes home"
                    )
                    self.home(k)
            elif k in self.lost and self.world.link(k):
                del self.lost[k]
                changed = True
                self._deliver(k)
                if craft.status == HOLDING:
                    self.events.append(f"drone {k + 1} has its link again")
                    craft.status, craft.queue = FLYING, []
            left = self.world.battery_left(k)
            if left < 1.0 and k not in self.weak and craft.status != LANDED:
                self.weak.add(k)
                changed = True
                self.events.append(f"the battery of drone {k + 1} fell to {left:.0%} of its charge")
                flying = craft.status == FLYING
                craft.lose_battery(left)
                # Whoever can be reached gets another leg, if what is left allows one.
                if not flying:
                    craft.status = FLYING
                    self.home(k)
        return changed

    def home(self, k: int) -> None:
        """Send one drone home."""
        if self.crafts[k].status in (GOING_HOME, LANDED):
            return
        if not self.crafts[k].go_home(self.orders.wind, self.forecast()):
            self.came_home[k] = False
            self.events.append(f"drone {k + 1} can't reach home and lands on its way")

    def send_home(self, order: Ordered) -> None:
        """Send all drones home."""
        self.phase = "home"
        if order.phase not in ("stop", "home"):
            self.why = "What is left of battery or time is needed for the way home."
        for k in self.free():
            self.home(k)

    def land(self) -> None:
        """Go on until every drone has landed; readings of a lost link come in then."""
        while any(craft.status != LANDED for craft in self.crafts):
            for k in self.free():
                self.home(k)
            self.faults()
            for k in self.free():
                self.home(k)
            busy = [c.seconds_queued for c in self.crafts if c.status != LANDED]
            if busy:
                self.step(min(STRETCH, *busy))
        for k in range(len(self.crafts)):
            self._deliver(k)

    def _deliver(self, k: int) -> None:
        """Let readings that a drone has kept on board come in."""
        kept = joined(self.late)
        own = kept.drone == k
        if own.any():
            self._learn(chosen(kept, own))
            self.late = [chosen(kept, ~own)]

    def result(self) -> Sortie:
        """Return what was flown."""
        tracks = tuple(
            np.concatenate(track) if track else np.empty((0, 4)) for track in self.tracks
        )
        rows = joined(self.rows)
        rows = chosen(rows, np.argsort(rows.time, kind="stable"))
        return Sortie(
            frames=tuple(self.frames),
            rows=rows,
            tracks=tracks,
            energies=tuple(np.concatenate(e) if e else np.empty(0) for e in self.energies),
            came_home=tuple(self.came_home),
            decisions=tuple(self.decisions),
            belief=self.belief,
            meteorology=self.world.meteorology(),
            flight_time=max((float(t[-1, 0]) for t in tracks if len(t)), default=self.began)
            - self.began,
        )


def _craft(exercise: Any, aircraft: Any, time: float) -> Craft:
    """Return a drone above home, where it is let go."""
    around = fence(exercise.permitted, margin_of(aircraft), exercise.floor, exercise.ceiling)
    return Craft(
        aircraft=aircraft,
        fence=around,
        home=exercise.home,
        state=State(
            x=exercise.home[0],
            y=exercise.home[1],
            z=min(max(WORKING_HEIGHT, exercise.floor), exercise.ceiling),
            energy=aircraft.battery,
            time=time,
        ),
    )
