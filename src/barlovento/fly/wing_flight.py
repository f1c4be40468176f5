"""How a fixed wing flies: arcs no tighter than its turn radius, carried by the wind.

Each half second the nose turns towards a point on the leg some way ahead (pure pursuit; Park,
Deyst and How 2004, A new nonlinear guidance logic), with the crab that the wind asks for. The turn
rate is at most airspeed over turn radius, so the path through the AIR keeps the radius; over the
ground a tail wind widens it.

What has rotors rises and sinks on them where a waypoint lies above or below the one before.
"""

from __future__ import annotations

import math

from barlovento.domain.flight import FloatArray, Flown, State, Wind
from barlovento.fly.airframe import GRAVITY, Aircraft
from barlovento.fly.flight_log import NO_WAY_FOR, FlightLog, wind_at
from barlovento.fly.legs_in_wind import LEAST_GROUND_SPEED, ground_speed

STEP = 0.5
"""[s]"""

HOVER_SPEED = 5.0
"""Over the ground, on rotors [m s-1]."""

_ABOVE = 2.0
"""A waypoint nearer to the one before than this is right above or below it [m]."""

_LEVEL = 1.0
"""So near to its height a waypoint counts as met [m]."""


class _Craft:
    """Where it is while it steps."""

    def __init__(self, aircraft: Aircraft, state: State, airspeed: float, density: float) -> None:
        self.aircraft = aircraft
        self.airspeed = airspeed
        self.density = density
        self.x, self.y, self.z = state.x, state.y, state.z
        self.energy = state.energy
        self.heading = math.radians(state.heading)
        # At the same bank the radius grows with the square of the airspeed.
        radius = aircraft.turn_radius * (airspeed / aircraft.cruise) ** 2
        self.turn_rate = airspeed / radius
        self.radius = radius

    def nose_for(self, east: float, north: float, wind: tuple[float, float]) -> float:
        """Return the heading that keeps a course, or comes nearest to it [rad]."""
        length = math.hypot(east, north)
        across = (wind[0] * north - wind[1] * east) / length
        crab = math.asin(max(-1.0, min(1.0, across / self.airspeed)))
        return math.atan2(east, north) - crab

    def step(self, nose: float, climb: float, wind: tuple[float, float], step: float) -> None:
        """Turn towards a heading for one step."""
        turn = math.remainder(nose - self.heading, math.tau)
        most = self.turn_rate * step
        turn = max(-most, min(most, turn))
        after = self.heading + turn
        if abs(turn) > 1e-9:
            arm = self.airspeed * step / turn
            self.x += arm * (math.cos(self.heading) - math.cos(after))
            self.y += arm * (math.sin(after) - math.sin(self.heading))
        else:
            self.x += self.airspeed * step * math.sin(after)
            self.y += self.airspeed * step * math.cos(after)
        self.x += wind[0] * step
        self.y += wind[1] * step
        self.z += climb * step
        self.heading = after % math.tau
        load = self.aircraft.bank_load_factor(turn / step, self.airspeed)
        power = self.aircraft.power(
            self.airspeed, climb, load_factor=load, air_density=self.density
        )
        self.energy -= power * step

    def climb_to(self, height: float, seconds: float, step: float) -> float:
        """Return the climb that reaches a height in so many seconds, within the limits."""
        rate = (height - self.z) / max(seconds, step)
        return max(-self.aircraft.descent_rate, min(self.aircraft.climb_rate, rate))

    def circle(
        self, centre: tuple[float, float], height: float, wind: tuple[float, float], step: float
    ) -> None:
        """Fly on a circle about a place, clockwise, and come to its height."""
        dx, dy = self.x - centre[0], self.y - centre[1]
        away = math.hypot(dx, dy)
        ring = 1.5 * self.radius
        bearing = math.atan2(dx, dy)
        inwards = math.atan(2.0 * (away - ring) / self.radius)
        course = bearing + math.pi / 2 + inwards
        nose = self.nose_for(math.sin(course), math.cos(course), wind)
        self.step(nose, self.climb_to(height, step, step), wind, step)

    def rise(self, place: tuple[float, float, float], left: float) -> tuple[float, bool]:
        """Go on rotors towards a place; return the seconds spent, and whether it is met."""
        dx, dy, dz = place[0] - self.x, place[1] - self.y, place[2] - self.z
        rate = self.aircraft.climb_rate if dz > 0 else self.aircraft.descent_rate
        seconds = max(math.hypot(dx, dy) / HOVER_SPEED, abs(dz) / rate)
        spent = min(seconds, left)
        share = spent / seconds if seconds > 0 else 1.0
        self.x += dx * share
        self.y += dy * share
        self.z += dz * share
        lift = self.aircraft.mass * GRAVITY * max(dz, 0.0) * share
        wing = self.aircraft.wing
        assert wing is not None
        self.energy -= wing.hover_power * spent + lift / wing.climb_efficiency
        return spent, seconds <= left


class _Leg:
    """A straight line to a waypoint, and how early to leave it for the next."""

    def __init__(
        self,
        start: tuple[float, float],
        place: tuple[float, float, float],
        after: tuple[float, float, float] | None,
        radius: float,
    ) -> None:
        east, north = place[0] - start[0], place[1] - start[1]
        self.length = math.hypot(east, north)
        self.start = start
        self.east, self.north = (
            (east / self.length, north / self.length) if self.length > 0 else (0.0, 1.0)
        )
        self.early = 0.0
        if after is not None and self.length > 0:
            on_east, on_north = after[0] - place[0], after[1] - place[1]
            further = math.hypot(on_east, on_north)
            if further > _ABOVE:
                bend = abs(
                    math.remainder(
                        math.atan2(on_east, on_north) - math.atan2(east, north), math.tau
                    )
                )
                # The tangent of half the bend is where an arc that touches both legs begins; a
                # turn that sharp that it would begin before the leg's half goes past the corner.
                lead = radius * math.tan(min(bend, math.pi / 2) / 2)
                self.early = min(lead, 0.5 * self.length, 0.5 * further)

    def along(self, x: float, y: float) -> float:
        """Return how far along the leg a place is [m]."""
        return (x - self.start[0]) * self.east + (y - self.start[1]) * self.north


def fly_on_wings(
    aircraft: Aircraft,
    state: State,
    waypoints: FloatArray,
    wind: Wind,
    *,
    seconds: float,
    airspeed: float,
    air_density: float,
) -> Flown:
    """Return the flight through the waypoints; see :func:`barlovento.fly.aircraft.fly`."""
    log = FlightLog(state)
    craft = _Craft(aircraft, state, airspeed, air_density)
    places = [(float(a), float(b), float(c)) for a, b, c in waypoints]
    number, stuck, farthest = 0, 0.0, -math.inf
    leg = _leg(places, 0, (state.x, state.y), craft.radius) if places else None
    while number < len(places):
        if len(log.places) >= seconds:
            return log.flown("time")
        began = state.time + len(log.places)
        air = wind_at(wind, began, craft.z)
        left = 1.0
        while left > 1e-9 and number < len(places):
            assert leg is not None
            if aircraft.hovers and leg.length < _ABOVE:
                spent, met = craft.rise(places[number], left)
            else:
                spent = min(STEP, left)
                met = _towards(craft, leg, places[number], air, spent)
                way = leg.along(craft.x, craft.y)
                stuck = 0.0 if way > farthest else stuck + spent
                farthest = max(farthest, way)
            left -= spent
            if met:
                there = places[number]
                miss = math.dist((craft.x, craft.y, craft.z), there)
                log.waypoint(began + 1.0 - left, miss)
                number += 1
                stuck, farthest = 0.0, -math.inf
                if number < len(places):
                    leg = _leg(places, number, (there[0], there[1]), craft.radius)
                    _face(craft, aircraft, leg, places, number)
        if left > 1e-9:
            _linger(craft, aircraft, places[-1], air, left)
        craft.energy = max(craft.energy, 0.0)
        log.second(craft.x, craft.y, craft.z, craft.energy, math.degrees(craft.heading))
        if craft.energy == 0.0:
            return log.flown("battery" if number < len(places) else "arrived")
        if stuck >= NO_WAY_FOR:
            return log.flown("wind")
    return log.flown("arrived")


def _leg(
    places: list[tuple[float, float, float]], number: int, start: tuple[float, float], radius: float
) -> _Leg:
    after = places[number + 1] if number + 1 < len(places) else None
    return _Leg(start, places[number], after, radius)


def _face(
    craft: _Craft,
    aircraft: Aircraft,
    leg: _Leg,
    places: list[tuple[float, float, float]],
    number: int,
) -> None:
    """Turn on the spot to the next leg after a rise on rotors."""
    if not aircraft.hovers or leg.length < _ABOVE or number < 1:
        return
    before = places[number - 2] if number > 1 else None
    last = places[number - 1]
    if before is None or math.dist(before[:2], last[:2]) < _ABOVE:
        craft.heading = math.atan2(leg.east, leg.north) % math.tau


def _towards(
    craft: _Craft,
    leg: _Leg,
    place: tuple[float, float, float],
    wind: tuple[float, float],
    step: float,
) -> bool:
    """Fly one step of a leg; return whether its waypoint is met."""
    way = leg.along(craft.x, craft.y)
    rest = leg.length - way
    if rest <= leg.early and abs(place[2] - craft.z) > _LEVEL:
        craft.circle((place[0], place[1]), place[2], wind, step)
        return abs(place[2] - craft.z) <= _LEVEL
    ahead = way + max(1.2 * craft.radius, 2.0 * craft.airspeed)
    east = leg.start[0] + leg.east * ahead - craft.x
    north = leg.start[1] + leg.north * ahead - craft.y
    along = wind[0] * leg.east + wind[1] * leg.north
    across = wind[0] * leg.north - wind[1] * leg.east
    speed = max(ground_speed(craft.airspeed, along, across), LEAST_GROUND_SPEED)
    climb = craft.climb_to(place[2], (rest - leg.early) / speed, step)
    craft.step(craft.nose_for(east, north, wind), climb, wind, step)
    met = leg.length - leg.along(craft.x, craft.y) <= leg.early
    return met and abs(place[2] - craft.z) <= _LEVEL


def _linger(
    craft: _Craft,
    aircraft: Aircraft,
    place: tuple[float, float, float],
    wind: tuple[float, float],
    left: float,
) -> None:
    """Spend the rest of the last second: stand on rotors at a landing's end, or fly on."""
    if aircraft.hovers and math.dist((craft.x, craft.y, craft.z), place) < _LEVEL:
        wing = aircraft.wing
        assert wing is not None
        craft.energy -= wing.hover_power * left
    else:
        craft.step(craft.heading, 0.0, wind, left)


def circle_on_wings(
    aircraft: Aircraft, state: State, wind: Wind, *, seconds: float, air_density: float
) -> Flown:
    """Return a flight on a circle about the place; see :func:`barlovento.fly.aircraft.hold`."""
    log = FlightLog(state)
    craft = _Craft(aircraft, state, aircraft.cruise, air_density)
    while len(log.places) < seconds:
        air = wind_at(wind, state.time + len(log.places), craft.z)
        for _ in range(round(1.0 / STEP)):
            craft.circle((state.x, state.y), state.z, air, STEP)
        craft.energy = max(craft.energy, 0.0)
        log.second(craft.x, craft.y, craft.z, craft.energy, math.degrees(craft.heading))
        if craft.energy == 0.0:
            return log.flown("battery")
    return log.flown("time")
