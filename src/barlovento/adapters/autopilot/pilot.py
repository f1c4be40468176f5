"""The pilot of the simulated autopilot: modes, mission, arming, battery; it knows no protocol.

One tick is 0.02 s of simulated time. What it measures of its place wanders about the truth as a
satellite receiver does; the wind it knows as it is, as if it had a perfect airspeed sensor.
"""

from __future__ import annotations

import math
from collections import deque
from enum import StrEnum

from barlovento.adapters.autopilot import commands
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.autopilot.control import Cascade
from barlovento.adapters.autopilot.f450 import F450, STEP
from barlovento.adapters.autopilot.guidance import (
    Limits,
    Line,
    corner_speed,
    limits_of,
    speed_along,
    stay,
)
from barlovento.adapters.autopilot.points import Point, outside, polygons
from barlovento.adapters.autopilot.receiver import INTERVAL, Receiver
from barlovento.adapters.autopilot.settings import Settings
from barlovento.adapters.autopilot.stages import (
    ON_GROUND,
    Stage,
    place_after,
    speed_for,
    stages_of,
    stopping_place,
    way_home,
)
from barlovento.domain.flight import State, Wind, wind_at
from barlovento.errors import Refused

STEPS_PER_TICK = 4
TICK = STEP * STEPS_PER_TICK
"""[s]"""

_TICKS_PER_FIX = round(INTERVAL / TICK)

_FLARE = 0.7
"""Speed over height at which a landing slows down [s-1]."""

_TOUCHDOWN = 0.4
"""[m s-1]"""


class Mode(StrEnum):
    """What it is doing."""

    STANDBY = "standby"
    MISSION = "mission"
    HOLD = "hold"
    RETURN = "return"
    LAND = "land"


class Pilot:
    """Flies the F450.

    Parameters
    ----------
    lon, lat, altitude : float
        Home [degree], and its height above mean sea level [m].
    state : State
        Where it stands about home, on the ground, with how much energy.
    wind : Wind
        Where the air goes [m s-1].
    seed : int
        Of the errors of its place.
    settings : Settings
        Speeds and other parameters.
    position_error : float
        Standard deviation of each coordinate of the place it measures [m].
    """

    def __init__(
        self,
        *,
        lon: float,
        lat: float,
        altitude: float,
        state: State,
        wind: Wind,
        seed: int,
        settings: Settings,
        position_error: float,
    ) -> None:
        self.aircraft = F450(lon, lat, altitude, state.heading)
        self.settings = settings
        self.wind = wind
        self.started = state.time
        self.ticks = 0
        self.energy = state.energy
        self.full = state.energy
        self.mode = Mode.STANDBY
        self.armed = False
        self.mission: tuple[MissionItem, ...] = ()
        self.current = 0
        self.reached: list[tuple[int, float, float]] = []
        self.fence: tuple[Point, ...] = ()
        self.rally: tuple[Point, ...] = ()
        self._over_ground: float | None = None
        self.notes: deque[str] = deque(maxlen=50)
        self._stages: deque[Stage] = deque()
        self._line: Line | None = None
        self._stay = 0.0
        self._place = (0.0, 0.0, 0.0)
        self._cascade = Cascade()
        self._heading = math.radians(state.heading)
        self._receiver = Receiver(position_error, seed)
        self._settled = 0.0
        self.air = wind_at(wind, state.time, 0.0)
        self.motion = self.aircraft.motion()
        self.measured = self._receiver.measured(self.motion)

    # ------------------------------------------------------------ what it is told

    @property
    def time(self) -> float:
        """Since the start of the exercise [s]."""
        return self.started + self.ticks * TICK

    def load(self, mission: tuple[MissionItem, ...]) -> None:
        """Take a whole mission in place of the one before.

        Raises
        ------
        Refused
            It flies.
        """
        if self.armed:
            raise Refused("It flies: land, then send another mission.")
        self.mission = mission
        self.current = 0
        self.reached = []

    def keep(
        self, *, fence: tuple[Point, ...] | None = None, rally: tuple[Point, ...] | None = None
    ) -> None:
        """Take a fence or rally points in place of those before.

        Parameters
        ----------
        fence, rally : tuple of Point, optional
            Rally points are given back, and not flown to.

        Raises
        ------
        Refused
            It flies, or a polygon is not whole.
        """
        if self.armed:
            raise Refused("It flies: land, then send another fence.")
        if fence is not None:
            polygons(fence)
            self.fence = fence
        if rally is not None:
            self.rally = rally

    def arm(self) -> None:
        """Start the motors' control.

        Raises
        ------
        Refused
            The battery is empty.
        """
        if self.energy <= 0:
            raise Refused("The battery is empty.")
        if not self.armed:
            self.armed = True
            self._cascade = Cascade()
            self._settled = 0.0
            self.notes.append("armed")

    def disarm(self) -> None:
        """Stop the motors, on the ground only.

        Raises
        ------
        Refused
            It is in the air.
        """
        if self.armed and self.motion.z > ON_GROUND:
            raise Refused("It is in the air: land first.")
        self._stop()

    def start_mission(self) -> None:
        """Fly the mission from its first item, or go on with it after a hold.

        Raises
        ------
        Refused
            It is not armed, or has no mission, or the mission does not begin with a takeoff.
        """
        if not self.armed:
            raise Refused("Arm it first.")
        if not self.mission:
            raise Refused("It has no mission. Send one first.")
        on_ground = self.motion.z < ON_GROUND
        if on_ground and self.mission[0].command != commands.TAKEOFF:
            raise Refused("The mission does not begin with a takeoff.")
        if on_ground or self.current >= len(self.mission):
            self.current = 0
        self.mode = Mode.MISSION
        if self.current == 0:
            self._over_ground = None
        self._stages.clear()
        self._begin_item()

    def hold(self) -> None:
        """Stay where it is.

        Raises
        ------
        Refused
            It is on the ground.
        """
        self._need_air()
        self.mode = Mode.HOLD
        self._stages = deque([Stage("stay", stopping_place(self.motion, self.measured), math.inf)])
        self._line = None

    def come_home(self) -> None:
        """Fly home, straight, and land there.

        Raises
        ------
        Refused
            It is on the ground.
        """
        self._need_air()
        self.mode = Mode.RETURN
        self._over_ground = self.settings.return_speed or None
        self._stages = deque(way_home(self.measured, self.settings.return_height, None))
        self._line = None

    def land(self) -> None:
        """Come down where it is.

        Raises
        ------
        Refused
            It is on the ground.
        """
        self._need_air()
        self.mode = Mode.LAND
        self._stages = deque([Stage("land", stopping_place(self.motion, self.measured))])
        self._line = None

    # ------------------------------------------------------------ what it does

    def tick(self) -> None:
        """Let one tick pass."""
        self.air = wind_at(self.wind, self.time, self.motion.z)
        self.aircraft.blow(*self.air)
        if self.armed:
            self._fly()
            self.energy = max(self.energy - self.aircraft.power() * TICK, 0.0)
            if self.energy == 0.0:
                self.notes.append("battery empty")
                self._stop()
            elif self.mode in {Mode.MISSION, Mode.HOLD}:
                self._keep_safe()
        else:
            self.aircraft.command(0.0, 0.0, 0.0, 0.0)
        self.aircraft.run(STEPS_PER_TICK)
        self.ticks += 1
        self.motion = self.aircraft.motion()
        if self.ticks % _TICKS_PER_FIX == 0:
            self._receiver.fix()
        self.measured = self._receiver.measured(self.motion)

    def _fly(self) -> None:
        stage = self._stages[0] if self._stages else None
        if stage is None:
            if self.motion.z < ON_GROUND:
                self.aircraft.command(0.0, 0.0, 0.0, 0.0)
                return
            self.hold()
            stage = self._stages[0]
        limits = limits_of(self.settings, self._over_ground)
        if stage.kind == "go":
            wish = self._go(stage, limits)
        elif stage.kind == "stay":
            wish = stay(self.measured, stage.place)
            self._stay += TICK
            if self._stay >= stage.seconds:
                self._done(stage)
        else:
            wish = self._come_down(stage, limits)
        if self.armed:
            self.aircraft.command(*self._cascade.step(self.measured, wish, self._heading, TICK))

    def _go(self, stage: Stage, limits: Limits) -> tuple[float, float, float]:
        if self._line is None:
            self._begin_line(stage)
        assert self._line is not None
        wish, rest = self._line.wish(self.measured, self.air, limits, TICK)
        off = math.dist(self.measured[:3], stage.place)
        radius = self.settings.waypoint_radius
        # A corner that is taken at speed is met when its plane is passed, if not far to the side.
        if off <= radius or (rest <= 0.0 and off <= 3.0 * radius):
            self._done(stage)
        return wish

    def _come_down(self, stage: Stage, limits: Limits) -> tuple[float, float, float]:
        east, north, _ = stay(self.measured, (*stage.place[:2], self.measured.z))
        # The speed goes down with the height, and what is left of it the legs take.
        down = min(limits.descent_rate, max(_FLARE * self.motion.z, _TOUCHDOWN))
        touching = self.motion.z < ON_GROUND and abs(self.motion.up) < 0.1
        self._settled = self._settled + TICK if touching else 0.0
        if self._settled > 0.3:
            self._done(stage)
            self._stop()
        return east, north, -down

    # ------------------------------------------------------------ stages

    def _begin_line(self, stage: Stage) -> None:
        start = self._place if math.dist(self._place, self.measured[:3]) < 5.0 else None
        begin = start or (self.measured.x, self.measured.y, self.measured.z)
        after = self._stages[1].place if len(self._stages) > 1 else None
        if after is None and self.mode is Mode.MISSION:
            after = place_after(self.mission, self.current, self.measured, self.aircraft.offset)
        staying = len(self._stages) > 1 and self._stages[1].kind != "go"
        speed = 0.0 if staying else corner_speed(begin, stage.place, after, self.settings.cruise)
        way = [b - a for a, b in zip(begin, stage.place, strict=True)]
        kept = speed_along(way, (self.motion.east, self.motion.north, self.motion.up))
        self._line = Line(begin, stage.place, speed, kept)
        if math.hypot(way[0], way[1]) > 2.0:
            self._heading = math.atan2(way[0], way[1])

    def _done(self, stage: Stage) -> None:
        self._stages.popleft()
        self._line = None
        self._stay = 0.0
        self._place = stage.place
        if stage.item is None:
            return
        last = not any(other.item == stage.item for other in self._stages)
        if last:
            miss = math.dist(self.motion[:3], stage.place)
            self.reached.append((stage.item, self.time, miss))
            if self.mode is Mode.MISSION:
                self.current = stage.item + 1
                self._begin_item()

    def _begin_item(self) -> None:
        self.current, self._over_ground = speed_for(
            self.mission, self.current, self._over_ground, self.settings.return_speed
        )
        if self.current >= len(self.mission):
            if not self._stages and self.motion.z > ON_GROUND:
                self.notes.append("mission done: it holds")
                self.mode = Mode.HOLD
                self._stages.append(Stage("stay", self._place, math.inf))
            return
        self._stages.extend(
            stages_of(
                self.mission[self.current],
                self.current,
                self.measured,
                self.aircraft.offset,
                self.settings.return_height,
            )
        )
        self._line = None

    def _stop(self) -> None:
        self.armed = False
        self.mode = Mode.STANDBY
        self._stages.clear()
        self._line = None
        self.notes.append("disarmed")

    def _keep_safe(self) -> None:
        """Come home where the battery is low or the fence is left."""
        if self.energy < self.settings.battery_low / 100 * self.full:
            self.notes.append("battery low: it returns")
            self.come_home()
        elif self.ticks % _TICKS_PER_FIX == 0 and self.fence and self.motion.z > ON_GROUND:
            here = self.aircraft.place_of(self.measured.x, self.measured.y)
            if outside(self.fence, *here):
                self.notes.append("fence left: it returns")
                self.come_home()

    def _need_air(self) -> None:
        if not self.armed or self.motion.z < ON_GROUND:
            raise Refused("It is on the ground.")
