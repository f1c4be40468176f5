"""Kinematic models of flight and the catalogue of aircraft: fast, and the same each time.

    catalogue()             what aircraft there are
    fly(...)                a flight through waypoints, second by second
    hold(...)               waiting where it is
    time_home(...)          what the way home takes
    check_home, check_reach refuse what can't come back

One step is a second; the wind is asked for once a second. What is left out: acceleration, gusts
within a second, and everything that an autopilot does (see `barlovento.adapters.autopilot`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from barlovento.domain.flight import Flown, State, Wind, checked_waypoints
from barlovento.errors import BadInput
from barlovento.fly.aircraft_file import read_catalogue
from barlovento.fly.airframe import SEA_LEVEL_DENSITY, Aircraft
from barlovento.fly.flight_log import wind_at
from barlovento.fly.legs_in_wind import leg_seconds
from barlovento.fly.rotor_flight import fly_on_rotors, stand_on_rotors
from barlovento.fly.wing_flight import circle_on_wings, fly_on_wings

__all__ = [
    "Aircraft",
    "Flown",
    "State",
    "Wind",
    "catalogue",
    "check_home",
    "check_reach",
    "find_aircraft",
    "fly",
    "hold",
    "ready",
    "time_home",
]

LARGEST_CATALOGUE = 1_000_000
"""[bytes]"""


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Aircraft]:
    text = files("barlovento.fly").joinpath("aircraft.toml").read_text(encoding="utf-8")
    return read_catalogue(text, name="aircraft.toml")


def catalogue(own: Path | None = None) -> Mapping[str, Aircraft]:
    """Return the aircraft by name.

    Parameters
    ----------
    own : Path, optional
        A catalogue of the user's; its aircraft stand beside the shipped ones, and replace those of
        the same name.

    Returns
    -------
    mapping of str to Aircraft
        In the order of the files.

    Raises
    ------
    BadInput
        The file can't be read, or an aircraft in it is incomplete or impossible.
    """
    if own is None:
        return _shipped()
    try:
        if own.stat().st_size > LARGEST_CATALOGUE:
            raise BadInput(f"{own} is larger than 1 MB. Name a catalogue of aircraft.")
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"Can't read {own}: {error}. Name a TOML file of aircraft.") from error
    return {**_shipped(), **read_catalogue(text, name=str(own))}


def find_aircraft(name: str, own: Path | None = None) -> Aircraft:
    """Return one aircraft of the catalogue.

    Raises
    ------
    BadInput
        There is none of that name.
    """
    found = catalogue(own)
    if name not in found:
        raise BadInput(f"No aircraft is called {name!r}. There are {', '.join(found)}.")
    return found[name]


def ready(
    aircraft: Aircraft, x: float, y: float, *, z: float = 0.0, time: float = 0.0, heading: float = 0
) -> State:
    """Return the state with a full battery at a place [m], time [s] and heading [degree]."""
    return State(x=x, y=y, z=z, energy=aircraft.battery, time=time, heading=heading)


def fly(
    aircraft: Aircraft,
    state: State,
    waypoints: ArrayLike,
    wind: Wind,
    *,
    seconds: float = math.inf,
    airspeed: float | None = None,
    air_density: float = SEA_LEVEL_DENSITY,
) -> Flown:
    """Return a flight through waypoints.

    A multirotor flies straight lines and meets each waypoint exactly. A fixed wing turns before a
    corner, by at most its turn radius, and sharper corners it rounds outside.

    Parameters
    ----------
    aircraft : Aircraft
        What flies.
    state : State
        Where it starts, and with how much energy.
    waypoints : array_like
        x, y, z, shape (n, 3) [m].
    wind : tuple or callable
        Where the air goes, east and north: constant, or from time [s] and height [m] [m s-1].

    Other Parameters
    ----------------
    seconds : float
        The flight ends at the latest after so many [s].
    airspeed : float, optional
        Another one than cruise, up to the top speed [m s-1].
    air_density : float
        For the power; by default that of the standard atmosphere at sea level [kg m-3].

    Returns
    -------
    Flown
        Whole seconds; an empty one where there is no waypoint.

    Raises
    ------
    BadInput
        A waypoint is not finite or above the ceiling, or a constant wind is too strong for a leg.
    """
    places = checked_waypoints(waypoints)
    speed = _airspeed(aircraft, airspeed)
    _check_ceiling(aircraft, float(places[:, 2].max(initial=0.0)))
    if not callable(wind):
        _check_legs(aircraft, state, places, wind, speed)
    run = fly_on_rotors if aircraft.kind == "multirotor" else fly_on_wings
    return run(
        aircraft, state, places, wind, seconds=seconds, airspeed=speed, air_density=air_density
    )


def hold(
    aircraft: Aircraft,
    state: State,
    seconds: float,
    wind: Wind,
    *,
    air_density: float = SEA_LEVEL_DENSITY,
) -> Flown:
    """Return a flight that waits: a multirotor stands, a fixed wing circles about the place.

    Parameters
    ----------
    aircraft, state
        What waits, and where.
    seconds : float
        How long, finite [s].
    wind : tuple or callable
        As in :func:`fly` [m s-1].
    air_density : float
        [kg m-3].

    Returns
    -------
    Flown
        Ends for the reason ``"time"``, or ``"battery"``.
    """
    if not math.isfinite(seconds) or seconds < 0:
        raise BadInput(f"Can't hold for {seconds} s. Give a number of seconds.")
    run = stand_on_rotors if aircraft.kind == "multirotor" else circle_on_wings
    return run(aircraft, state, wind, seconds=seconds, air_density=air_density)


def time_home(
    aircraft: Aircraft,
    state: State,
    home: tuple[float, float],
    wind: Wind,
    *,
    air_density: float = SEA_LEVEL_DENSITY,
) -> tuple[float, float]:
    """Return what the way home takes: straight at the present height, then down to the ground.

    A wind that changes is taken as it is now. For a fixed wing a full circle is added, which is
    more than turning round takes; coming down is on rotors where it has them.

    Parameters
    ----------
    aircraft, state
        What comes home, and from where.
    home : tuple of float
        x, y [m].
    wind : tuple or callable
        As in :func:`fly` [m s-1].
    air_density : float
        [kg m-3].

    Returns
    -------
    tuple of float
        Seconds and joules; infinite where the wind is too strong.
    """
    air = wind_at(wind, state.time, state.z)
    east, north = home[0] - state.x, home[1] - state.y
    level = float(leg_seconds(aircraft.cruise, aircraft.top_speed, east, north, air))
    if math.isinf(level):
        return math.inf, math.inf
    slow = float(leg_seconds(aircraft.cruise, aircraft.cruise, east, north, air))
    speed = aircraft.cruise if math.isfinite(slow) else aircraft.top_speed
    down = state.z / aircraft.descent_rate
    power = aircraft.power(speed, air_density=air_density)
    if aircraft.kind == "multirotor":
        landing = aircraft.power(min(math.hypot(*air), speed), air_density=air_density)
        return level + down, level * power + down * max(landing, aircraft.hover_power)
    turning = math.tau * aircraft.turn_radius / aircraft.cruise
    banked = aircraft.power(
        aircraft.cruise,
        load_factor=aircraft.bank_load_factor(
            aircraft.cruise / aircraft.turn_radius, aircraft.cruise
        ),
        air_density=air_density,
    )
    landing = aircraft.hover_power if aircraft.hovers else power
    return level + turning + down, level * power + turning * banked + down * landing


def check_home(aircraft: Aircraft, state: State, home: tuple[float, float], wind: Wind) -> None:
    """Refuse a state from which the energy doesn't last for the way home.

    Raises
    ------
    BadInput
        The wind is too strong, or the endurance shorter than the way home.
    """
    seconds, joules = time_home(aircraft, state, home, wind)
    if math.isinf(seconds):
        raise BadInput(_too_windy(aircraft, wind_at(wind, state.time, state.z)))
    if joules > state.energy:
        raise BadInput(
            f"{aircraft.name} needs {joules / 1000:.0f} kJ for the way home "
            f"({seconds:.0f} s from x {state.x:.0f}, y {state.y:.0f} m) and has "
            f"{state.energy / 1000:.0f} kJ. Start nearer to home or with a fuller battery."
        )


def check_reach(
    aircraft: Aircraft, home: tuple[float, float], points: ArrayLike, height: float, wind: Wind
) -> None:
    """Refuse an aircraft that can't fly from home to every point and back.

    Parameters
    ----------
    aircraft : Aircraft
        What shall fly.
    home : tuple of float
        x, y; on the ground [m].
    points : array_like
        x, y that it has to reach, such as an area's corners, shape (n, 2) [m].
    height : float
        Above ground [m].
    wind : tuple or callable
        As in :func:`fly`; a changing one is taken at time 0 [m s-1].

    Raises
    ------
    BadInput
        Height above the ceiling, wind above the limit, or a point too far away.
    """
    _check_ceiling(aircraft, height)
    air = wind_at(wind, 0.0, height)
    if math.hypot(*air) > aircraft.wind_limit:
        raise BadInput(
            f"The wind is {math.hypot(*air):.1f} m s-1; {aircraft.name} flies in up to "
            f"{aircraft.wind_limit:g} m s-1. Take another aircraft, or a calmer hour."
        )
    up = height / aircraft.climb_rate
    rise = aircraft.power(0.0 if aircraft.rotors else aircraft.cruise, aircraft.climb_rate) * up
    if aircraft.wing is not None and aircraft.hovers:
        rise = max(rise, aircraft.hover_power * up)
    for x, y in np.asarray(points, dtype=np.float64).reshape(-1, 2):
        out = float(leg_seconds(aircraft.cruise, aircraft.top_speed, x - home[0], y - home[1], air))
        there = State(x=float(x), y=float(y), z=height, energy=aircraft.battery)
        back, joules = time_home(aircraft, there, home, air)
        if math.isinf(out) or math.isinf(back):
            raise BadInput(_too_windy(aircraft, air))
        needed = rise + out * aircraft.power(aircraft.cruise) + joules
        if needed > aircraft.battery:
            raise BadInput(
                f"{aircraft.name} can't reach x {x:.0f}, y {y:.0f} m from home and come back: that "
                f"takes {(up + out + back) / 60:.0f} min and {needed / 1000:.0f} kJ of the "
                f"{aircraft.battery / 1000:.0f} kJ it may use. "
                "Move home nearer, make the area smaller, or take another aircraft."
            )


def _airspeed(aircraft: Aircraft, wanted: float | None) -> float:
    if wanted is None:
        return aircraft.cruise
    if not 0.0 < wanted <= aircraft.top_speed:
        raise BadInput(
            f"{aircraft.name} can't fly at {wanted:g} m s-1. "
            f"Give more than 0 and at most {aircraft.top_speed:g} m s-1."
        )
    if aircraft.kind == "fixed_wing" and wanted < aircraft.cruise:
        raise BadInput(
            f"{aircraft.name} can't fly slower than its {aircraft.cruise:g} m s-1: nothing is "
            "known about where it stalls. Give at least that."
        )
    return wanted


def _check_ceiling(aircraft: Aircraft, height: float) -> None:
    # The ceiling is above the sea, the height above ground, which in nearly all places lies
    # higher: more than the ceiling above ground is out of reach for sure.
    if height > aircraft.ceiling:
        raise BadInput(
            f"{height:.0f} m above ground is above the ceiling of {aircraft.name}, "
            f"{aircraft.ceiling:.0f} m above the sea. Fly lower."
        )


def _check_legs(
    aircraft: Aircraft,
    state: State,
    places: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    wind: tuple[float, float],
    airspeed: float,
) -> None:
    """Refuse legs that a constant wind forbids."""
    line = np.vstack([[[state.x, state.y]], places[:, :2]])
    steps = np.diff(line, axis=0)
    top = aircraft.top_speed if aircraft.kind == "multirotor" else airspeed
    seconds = leg_seconds(airspeed, top, steps[:, 0], steps[:, 1], wind)
    wrong = np.flatnonzero(np.isinf(seconds))
    if wrong.size:
        raise BadInput(f"Leg {wrong[0] + 1} of {len(steps)}: {_too_windy(aircraft, wind)}")


def _too_windy(aircraft: Aircraft, wind: tuple[float, float]) -> str:
    return (
        f"The wind of {math.hypot(*wind):.1f} m s-1 is too strong for {aircraft.name}, which flies "
        f"at {aircraft.cruise:g} and at most {aircraft.top_speed:g} m s-1. "
        "Take a faster aircraft, or wait for less wind."
    )
