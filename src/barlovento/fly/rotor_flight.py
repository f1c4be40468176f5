"""How a multirotor flies: straight legs at a held airspeed, waypoints met exactly.

It turns on the spot and changes speed at once; what that leaves out is measured against the
simulated autopilot (docs, method, aircraft).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from barlovento.domain.flight import FloatArray, Flown, State, Wind
from barlovento.fly.airframe import Aircraft
from barlovento.fly.flight_log import NO_WAY_FOR, FlightLog, wind_at
from barlovento.fly.legs_in_wind import LEAST_GROUND_SPEED, ground_speed

_CREEP = 1e-3
"""Slower than this over the ground is no way at all [m s-1]."""


class Course(NamedTuple):
    """What it takes to go straight to a place: velocity over the ground, time, power, heading."""

    east: float
    north: float
    up: float
    seconds: float
    power: float
    heading: float | None


def course_to(
    aircraft: Aircraft,
    offset: tuple[float, float, float],
    wind: tuple[float, float],
    airspeed: float,
    air_density: float,
) -> Course:
    """Return the straight course to a place.

    Parameters
    ----------
    aircraft : Aircraft
        What flies, on rotors.
    offset : tuple of float
        From here to the place, east, north and up [m].
    wind : tuple of float
        Where the air goes [m s-1].
    airspeed : float
        The one to hold; less where climbing or sinking takes longer, up to the top speed where the
        wind leaves less than 1 m s-1 over the ground [m s-1].
    air_density : float
        [kg m-3].

    Returns
    -------
    Course
        With infinite seconds where the wind is too strong: it then heads into the wind at top
        speed, and is carried.
    """
    dx, dy, dz = offset
    rate = aircraft.climb_rate if dz > 0 else aircraft.descent_rate
    rise = abs(dz) / rate
    length = math.hypot(dx, dy)
    flown = airspeed
    blow = math.hypot(*wind)
    if length > 0.0:
        along = (wind[0] * dx + wind[1] * dy) / length
        across = (wind[0] * dy - wind[1] * dx) / length
        speed = ground_speed(airspeed, along, across)
        if speed < LEAST_GROUND_SPEED:
            flown = aircraft.top_speed
            speed = ground_speed(flown, along, across)
        held = speed > _CREEP
        seconds = max(length / speed, rise) if held else math.inf
    else:
        held = blow <= aircraft.top_speed
        seconds = rise if held else math.inf
    if not held:
        back = 1.0 - aircraft.top_speed / blow
        power = aircraft.power(aircraft.top_speed, air_density=air_density)
        heading = math.degrees(math.atan2(-wind[0], -wind[1])) % 360.0
        return Course(wind[0] * back, wind[1] * back, 0.0, math.inf, power, heading)
    if seconds == 0.0:
        return Course(0.0, 0.0, 0.0, 0.0, 0.0, None)
    east, north, up = dx / seconds, dy / seconds, dz / seconds
    air_east, air_north = east - wind[0], north - wind[1]
    if length == 0.0 or seconds == rise:
        flown = math.hypot(air_east, air_north)
    power = aircraft.power(flown, up, air_density=air_density)
    nose = math.degrees(math.atan2(air_east, air_north)) % 360.0 if length > 0.0 else None
    return Course(east, north, up, seconds, power, nose)


class _Craft:
    """Where it is while it steps."""

    def __init__(self, aircraft: Aircraft, state: State, air_density: float) -> None:
        self.aircraft = aircraft
        self.x, self.y, self.z = state.x, state.y, state.z
        self.energy = state.energy
        self.heading = state.heading
        self.air_density = air_density
        self.stuck = 0.0

    def go(
        self,
        place: tuple[float, float, float],
        wind: tuple[float, float],
        airspeed: float,
        left: float,
    ) -> tuple[float, bool]:
        """Fly towards a place for ``left`` seconds at most; return those spent, and whether met."""
        offset = (place[0] - self.x, place[1] - self.y, place[2] - self.z)
        course = course_to(self.aircraft, offset, wind, airspeed, self.air_density)
        spent = min(left, course.seconds)
        met = course.seconds <= left
        if met:
            self.x, self.y, self.z = place
        else:
            self.x += course.east * spent
            self.y += course.north * spent
            self.z += course.up * spent
        self.energy -= course.power * spent
        self.stuck = self.stuck + spent if math.isinf(course.seconds) else 0.0
        if course.heading is not None:
            self.heading = course.heading
        return spent, met

    def stand(self, wind: tuple[float, float], seconds: float) -> None:
        """Hold the place, as far as the wind lets it."""
        blow = math.hypot(*wind)
        speed = min(blow, self.aircraft.top_speed)
        if blow > speed:
            self.x += wind[0] * (1.0 - speed / blow) * seconds
            self.y += wind[1] * (1.0 - speed / blow) * seconds
        self.energy -= self.aircraft.power(speed, air_density=self.air_density) * seconds


def fly_on_rotors(
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
    craft = _Craft(aircraft, state, air_density)
    places = [(float(a), float(b), float(c)) for a, b, c in waypoints]
    number = 0
    while number < len(places):
        if len(log.places) >= seconds:
            return log.flown("time")
        began = state.time + len(log.places)
        air = wind_at(wind, began, craft.z)
        left = 1.0
        while left > 0.0 and number < len(places):
            spent, met = craft.go(places[number], air, airspeed, left)
            left -= spent
            if met:
                number += 1
                log.waypoint(began + 1.0 - left, 0.0)
        if left > 0.0:
            craft.stand(air, left)
        craft.energy = max(craft.energy, 0.0)
        log.second(craft.x, craft.y, craft.z, craft.energy, craft.heading)
        if craft.energy == 0.0:
            return log.flown("battery" if number < len(places) else "arrived")
        if craft.stuck >= NO_WAY_FOR:
            return log.flown("wind")
    return log.flown("arrived")


def stand_on_rotors(
    aircraft: Aircraft, state: State, wind: Wind, *, seconds: float, air_density: float
) -> Flown:
    """Return a flight that stays where it is; see :func:`barlovento.fly.aircraft.hold`."""
    log = FlightLog(state)
    craft = _Craft(aircraft, state, air_density)
    while len(log.places) < seconds:
        craft.stand(wind_at(wind, state.time + len(log.places), craft.z), 1.0)
        craft.energy = max(craft.energy, 0.0)
        log.second(craft.x, craft.y, craft.z, craft.energy, craft.heading)
        if craft.energy == 0.0:
            return log.flown("battery")
    return log.flown("time")
