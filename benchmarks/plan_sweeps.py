"""Sorties that sweep for one source in the exercise's filaments: what is drawn, what is seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion.spread import CLASS_LENGTH
from barlovento.domain.fleet import Sensor, Vehicle
from barlovento.domain.observation import SearchArea
from barlovento.domain.region import STABILITIES, RatePrior, Weather
from barlovento.exercise.gas import Gas
from barlovento.exercise.live import World
from barlovento.exercise.records import Atmosphere, HiddenSource, Mast
from barlovento.exercise.sites import Exercise, Level, Site
from barlovento.fly.fleet_file import catalogue
from barlovento.plan.crossing import MIXING_HEIGHT

Floats = NDArray[np.float64]

DRONES = 16
REACH, HALF = 1800.0, 450.0
"""Farthest leg downwind, and half the length of a leg [m]."""
SPACINGS = (100.0, 150.0, 200.0, 300.0, 450.0, 600.0)
SPEED_OFF, LENGTH_OFF, DIRECTION_OFF = 0.2, 0.5, 8.0
"""How far a forecast is off: logarithm of the wind speed and of the Obukhov length, and direction
[1], [1], [degree] (assumed)."""
PRIOR = RatePrior(median=5e-5, gsd=4.0)
RELEASE = 3.0
START = datetime(2026, 12, 1, 12, tzinfo=UTC)


class Listening:
    """Plumes that also keep what each drone met, free of any sensor."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self._gas = Gas(*given, **named)
        self.kept: list[Floats] = []

    def met(self, first: int, begin: Floats, end: Floats) -> Floats:
        """Return and keep what :class:`~barlovento.exercise.gas.Gas` tells."""
        told = self._gas.met(first, begin, end)
        self.kept.append(told)
        return told


def exercise(rng: np.random.Generator, weather: Weather, seconds: int) -> Exercise:
    """Return the true world of a forecast: the source at the origin, wind from about the west."""
    number = STABILITIES.index(weather.stability)
    length = CLASS_LENGTH[number]
    if abs(length) < 1e5:
        length *= math.exp(LENGTH_OFF * rng.standard_normal())
    air = Atmosphere(
        wind_speed=weather.wind_speed * math.exp(SPEED_OFF * rng.standard_normal()),
        wind_height=10.0,
        wind_from_direction=(270.0 + DIRECTION_OFF * rng.standard_normal()) % 360.0,
        roughness_length=weather.roughness_length,
        obukhov_length=length,
        mixing_height=MIXING_HEIGHT[number],
        meander_direction_sd=6.0,
        meander_speed_sd=0.15,
        temperature=288.15,
        pressure=101325.0,
    )
    vent = HiddenSource(x=0.0, y=0.0, z=RELEASE, emission_rate=1.0)
    return Exercise(
        name="plan-detection",
        title="Sweeps",
        summary="",
        start=START,
        duration=seconds,
        atmosphere=air,
        mast=Mast(height=10.0, interval=60.0),
        sites=(Site(name="s", kind="hidden", vents=(vent,), rates={"acetone": 1.0}),),
        area=SearchArea(
            x=(-100.0, REACH), y=(-HALF, HALF), release_height=(0.0, 5.0), max_sources=1
        ),
        permitted=((-100.0, -HALF), (REACH, -HALF), (REACH, HALF), (-100.0, HALF)),
        floor=2.0,
        ceiling=200.0,
        home=(0.0, -HALF),
        aircraft=("gas-multirotor",) * DRONES,
        sensors=("study-0p3",),
        species=("acetone",),
        backgrounds={"acetone": Level(mean=1.0)},
    )


def sweep(speed: float, height: float, first: float, spacing: float, *, upwind: bool) -> Floats:
    """Return the places of each second of a sweep, shape (seconds, 3) [m]."""
    legs = np.arange(first, REACH, spacing)
    legs = legs[::-1] if upwind else legs
    corners = []
    for k, x in enumerate(legs):
        side = HALF if k % 2 == 0 else -HALF
        corners += [(x, -side), (x, side)]
    ways = np.array(corners)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ways, axis=0).T))])
    at = np.arange(1, math.ceil(along[-1] / speed) + 1) * speed
    return np.column_stack(
        [
            np.interp(at, along, ways[:, 0]),
            np.interp(at, along, ways[:, 1]),
            np.full(at.size, height),
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One sortie: what it carries, how it sweeps, and how strong its source is."""

    sensor: Sensor
    height: float
    spacing: float
    rate: float
    places: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One world before it is simulated."""

    weather: Weather
    vehicle: Vehicle
    speed: float
    sweeps: list[Sweep]


def drawn(rng: np.random.Generator, number: int) -> Drawn:
    """Return the forecast and the sorties of one world."""
    stability = "BCDE"[number % 4]
    weather = Weather(
        start=START,
        until=START + timedelta(hours=2),
        wind_speed=float(rng.uniform(2.0, 6.0 if stability in "CD" else 4.0)),
        wind_from_direction=270.0,
        stability=stability,
        roughness_length=0.1,
    )
    known = catalogue()
    vehicle = replace(known.vehicles["small-multirotor"], height_range=(5.0, 120.0))
    # Limits of instruments for several gases, all taken for one that sees this gas.
    sensors = [known.sensors[n] for n in ("gas-analyser", "ptr-tof", "qcl-nh3")]
    speed = vehicle.speed_across(weather.wind_speed)
    sweeps = []
    for _ in range(DRONES):
        sensor = replace(sensors[rng.integers(3)], species=("any",))
        height = float(np.exp(rng.uniform(np.log(10.0), np.log(60.0))))
        spacing = float(rng.choice(SPACINGS))
        rate = PRIOR.median * PRIOR.gsd ** rng.standard_normal()
        places = sweep(speed, height, rng.uniform(0.0, spacing), spacing, upwind=rng.random() < 0.5)
        sweeps.append(
            Sweep(sensor=sensor, height=height, spacing=spacing, rate=float(rate), places=places)
        )
    return Drawn(weather=weather, vehicle=vehicle, speed=speed, sweeps=sweeps)


def stream(number: int) -> np.random.Generator:
    """Return the randomness of one world."""
    return np.random.default_rng([5, number])


def outcome(number: int) -> list[bool]:
    """Return which sorties of one world see the source."""
    rng = stream(number)
    plan = drawn(rng, number)
    flown = [one.places for one in plan.sweeps]
    seconds = max(len(places) for places in flown)
    everywhere = np.stack(
        [np.vstack([p, np.repeat(p[-1:], seconds - len(p), axis=0)]) for p in flown]
    )
    plumes: list[Listening] = []

    def listening(*given: Any, **named: Any) -> Listening:
        plumes.append(Listening(*given, **named))
        return plumes[-1]

    live = World(exercise(rng, plan.weather, seconds), number, gas=listening)
    live.advance(everywhere)
    met = np.concatenate(plumes[0].kept, axis=2)[0] * 1e-9
    seen = []
    for k, one in enumerate(plan.sweeps):
        signal = one.rate * met[k, : len(one.places)]
        keep = math.exp(-1.0 / max(one.sensor.response_time, 1e-6))
        shown, level = np.empty_like(signal), 0.0
        for t, value in enumerate(signal):
            level = keep * level + (1.0 - keep) * value
            shown[t] = level
        noise = one.sensor.detection_limit / 5.0 * rng.standard_normal(signal.size)
        seen.append(bool((shown + noise).max() > one.sensor.detection_limit))
    return seen
