"""Simulate a survey of a hidden world: the verb, and the survey that a solver would read.

The records it takes and gives are those of :mod:`barlovento.exercise.records`.
"""

from __future__ import annotations

import hashlib
import math
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Observations, Survey
from barlovento.exercise import air, cloud, following, sensing, wind
from barlovento.exercise.instruments import Instrument, SensorModel
from barlovento.exercise.records import (
    Atmosphere,
    Flown,
    HiddenSource,
    Mast,
    Scenario,
    Valley,
)

__all__ = [
    "Atmosphere",
    "Flown",
    "HiddenSource",
    "Instrument",
    "Mast",
    "Scenario",
    "SensorModel",
    "Valley",
    "simulate",
    "to_survey",
]

FloatArray = NDArray[np.float64]


class Columns(TypedDict):
    """The columns of the readings, as :class:`Flown` describes them."""

    time: FloatArray
    sensor: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    z: FloatArray
    x2: FloatArray
    y2: FloatArray
    z2: FloatArray
    mole_fraction: FloatArray
    concentration: FloatArray
    censored: NDArray[np.bool_]
    excess: FloatArray


MARGIN = 100.0
"""Particles farther than this outside all sensors are forgotten [m]: a puff that the wandering
wind brings back from there is rare and faint."""

LONGEST_SPIN_UP = 1200
"""Longest time that plumes may take to reach across the survey before it starts [s]."""


def simulate(scenario: Scenario, seed: int) -> Flown:
    """Let the gas out, let the air carry it, and read the instruments.

    Each source, the wind, and each instrument draw from streams of their own: another source
    or a doubled rate changes nothing else, and the same seed gives the same bytes.

    Parameters
    ----------
    scenario : Scenario
        The hidden world.
    seed : int
        Of all randomness.

    Returns
    -------
    Flown
        Readings, mast record and truth.
    """
    of_wind, of_mast, of_plume, of_eddies, of_sensor = (
        np.random.SeedSequence(seed, spawn_key=(part,)) for part in range(5)
    )
    atmosphere, duration = scenario.atmosphere, scenario.duration
    friction = air.friction_velocity(
        atmosphere.wind_speed,
        atmosphere.wind_height,
        atmosphere.roughness_length,
        atmosphere.obukhov_length,
    )
    layer = air.build_layer(
        friction=friction,
        roughness_length=atmosphere.roughness_length,
        obukhov_length=atmosphere.obukhov_length,
        mixing_height=atmosphere.mixing_height,
    )
    before = LONGEST_SPIN_UP
    history = wind.wander(_stream(of_wind), atmosphere, before + duration, before)
    during = wind.History(history.direction[before:], history.factor[before:])
    met = _met(scenario, layer, history, of_plume)
    met = met * _eddies(scenario, layer, during, of_eddies)
    generator = _stream(of_mast)
    east, north = wind.wind_at_mast(generator, atmosphere, scenario.mast, layer, during)
    meteorology = wind.mast_record(
        generator,
        atmosphere,
        scenario.mast,
        friction,
        east,
        north,
        scenario.start.timestamp(),
    )
    return Flown(
        scenario=scenario,
        seed=seed,
        meteorology=meteorology,
        wind_direction_truth=during.direction % 360.0,
        wind_speed_truth=atmosphere.wind_speed * during.factor,
        **_readings(scenario, met, of_sensor),
    )


def _stream(sequence: np.random.SeedSequence) -> np.random.Generator:
    """Return the generator of one part of the world."""
    return np.random.Generator(np.random.PCG64(sequence))


def _bounds(readers: cloud.Readers, source: HiddenSource) -> FloatArray:
    """Return the box beyond which particles of a source are forgotten, shape (4,) [m]."""
    x, y = readers.path[..., [0, 3]], readers.path[..., [1, 4]]
    return np.array(
        [
            min(float(x.min()), source.x) - MARGIN,
            max(float(x.max()), source.x) + MARGIN,
            min(float(y.min()), source.y) - MARGIN,
            max(float(y.max()), source.y) + MARGIN,
        ]
    )


def _spin_up(bounds: FloatArray, layer: air.Layer) -> int:
    """Return how long a plume needs to reach across before the survey starts [s]."""
    west, east, south, north = bounds
    across = math.hypot(east - west - 2.0 * MARGIN, north - south - 2.0 * MARGIN)
    speed = float(layer.at(3.0)[air.SPEED])
    return int(min(1.1 * across / max(speed, 0.3) + 30.0, LONGEST_SPIN_UP))


def _readers(scenario: Scenario) -> cloud.Readers:
    """Return the instruments' paths of each second as the particles read them."""
    instruments = scenario.instruments
    beam = np.array([i.is_beam for i in instruments])

    def ends(axis: str) -> tuple[FloatArray, FloatArray]:
        a, b = [], []
        for instrument in instruments:
            place: FloatArray = getattr(instrument, axis)
            other: FloatArray | None = getattr(instrument, axis + "2")
            a.append(place[:-1] if other is None else 0.5 * (place[:-1] + place[1:]))
            b.append(place[1:] if other is None else 0.5 * (other[:-1] + other[1:]))
        return np.array(a), np.array(b)

    both = [ends(axis) for axis in ("x", "y", "z")]
    path = np.stack([a for a, _ in both] + [b for _, b in both], axis=-1)
    return cloud.Readers(path, beam, np.zeros(4))


def _met(
    scenario: Scenario, layer: air.Layer, history: wind.History, seeds: np.random.SeedSequence
) -> FloatArray:
    """Return what each source adds at each instrument each second.

    Returns
    -------
    ndarray, shape (sources, instruments, seconds)
        [kg m-3].
    """
    readers = _readers(scenario)
    met = np.zeros((len(scenario.sources), len(scenario.instruments), scenario.duration))
    children = seeds.spawn(len(scenario.sources))
    for source, child, result in zip(scenario.sources, children, met, strict=True):
        bounds = _bounds(readers, source)
        spin_up = _spin_up(bounds, layer)
        # Half way through each step; before the survey a duty cycle runs as it does later.
        time = np.arange(spin_up + scenario.duration, dtype=np.float64) - spin_up + 0.5
        recent = wind.History(history.direction[-time.size :], history.factor[-time.size :])
        following.follow(
            _stream(child),
            1.0,
            scenario.particles_per_second,
            spin_up,
            cloud.Vent(
                source.x, source.y, source.z, source.size, source.rate_at(time), source.spread
            ),
            layer,
            wind.as_blown(recent, scenario.atmosphere),
            readers._replace(bounds=bounds),
            result,
        )
    return met


def _eddies(
    scenario: Scenario, layer: air.Layer, history: wind.History, seeds: np.random.SeedSequence
) -> FloatArray:
    """Return the factors of eddies finer than the particles, shaped like the gas met [1]."""
    atmosphere = scenario.atmosphere
    toward = wind.unit_towards(np.array([float(np.mean(history.direction))]))
    rows = []
    for of_source in seeds.spawn(len(scenario.sources)):
        row = []
        generators = of_source.spawn(len(scenario.instruments))
        for instrument, child in zip(scenario.instruments, generators, strict=True):
            speed = float(layer.at(float(np.mean(instrument.z)))[air.SPEED])
            row.append(
                sensing.fine_eddies(
                    _stream(child),
                    instrument,
                    (speed * float(toward[0][0]), speed * float(toward[1][0])),
                    atmosphere.fluctuation_intensity,
                    atmosphere.fluctuation_length,
                )
            )
        rows.append(row)
    shape = (len(scenario.sources), len(scenario.instruments), scenario.duration)
    return np.array(rows, dtype=np.float64).reshape(shape)


def _block_mean(values: FloatArray, width: int) -> FloatArray:
    """Return means over ``width`` values along the last axis; a broken last block is dropped."""
    count = values.shape[-1] // width
    head = values[..., : count * width]
    return np.asarray(head.reshape(*values.shape[:-1], count, width).mean(axis=-1))


def _readings(scenario: Scenario, met: FloatArray, seeds: np.random.SeedSequence) -> Columns:
    """Return the columns of the readings, sorted by time, then instrument."""
    width, instruments = scenario.averaging_time, scenario.instruments
    per_density = sensing.mole_fraction_per_density(
        scenario.species.molar_mass, scenario.atmosphere.temperature, scenario.atmosphere.pressure
    )
    value, censored = [], []
    for j, child in enumerate(seeds.spawn(len(instruments))):
        told = sensing.shown(
            _stream(child), per_density * met[:, j].sum(axis=0), instruments[j].sensor, width
        )
        value.append(told[0])
        censored.append(told[1])
    count = value[0].size

    def place(axis: str) -> FloatArray:
        rows = []
        for instrument in instruments:
            each: FloatArray | None = getattr(instrument, axis)
            rows.append(
                np.full(count, math.nan)
                if each is None
                else _block_mean(0.5 * (each[:-1] + each[1:]), width)
            )
        return np.array(rows).T.ravel()

    ends = scenario.start.timestamp() + width * np.arange(1, count + 1, dtype=np.float64)
    mole_fraction = np.array(value).T.ravel()
    excess = _block_mean(met, width)
    return Columns(
        x=place("x"),
        y=place("y"),
        z=place("z"),
        x2=place("x2"),
        y2=place("y2"),
        z2=place("z2"),
        time=np.repeat(ends, len(instruments)),
        sensor=np.tile(np.arange(len(instruments), dtype=np.int64), count),
        mole_fraction=mole_fraction,
        concentration=mole_fraction / per_density,
        censored=np.array(censored).T.ravel(),
        excess=np.swapaxes(excess, 1, 2).reshape(excess.shape[0], count * len(instruments)),
    )


def to_survey(flown: Flown) -> Survey:
    """Return the simulated survey as a solver gets it, without the truth.

    Parameters
    ----------
    flown : Flown
        What was simulated.

    Returns
    -------
    Survey
        In SI units; times of a sensor with a clock lag are those it was stamped with.
    """
    scenario = flown.scenario
    atmosphere = scenario.atmosphere
    per_density = sensing.mole_fraction_per_density(
        scenario.species.molar_mass, atmosphere.temperature, atmosphere.pressure
    )
    observations = Observations(
        time=flown.time,
        sensor=flown.sensor,
        sensor_names=tuple(i.sensor.name for i in scenario.instruments),
        x=flown.x,
        y=flown.y,
        z=flown.z,
        x2=flown.x2,
        y2=flown.y2,
        z2=flown.z2,
        concentration=flown.concentration,
        censored=flown.censored,
        averaging_time=float(scenario.averaging_time),
    )
    background = scenario.background
    return Survey(
        title=scenario.title,
        species=scenario.species,
        observations=observations,
        meteorology=flown.meteorology,
        search=scenario.search,
        frame=scenario.frame,
        background=None if background is None else background / per_density,
        clock_offset_max=scenario.clock_offset_max,
        digest=_digest(flown),
        units=scenario.units,
        to_file_units=per_density * (1e-3 if scenario.units == "ppm" else 1.0),
    )


def _digest(flown: Flown) -> str:
    """Return a SHA-256 over all that the solver gets, hex."""
    sha = hashlib.sha256()
    met = flown.meteorology
    arrays = [getattr(flown, name) for name in ("time", "x", "y", "z", "x2", "y2", "z2")]
    arrays += [flown.sensor, flown.concentration, flown.censored]
    arrays += [met.time, met.wind_speed, met.wind_from_direction, met.wind_from_direction_sd]
    for array in arrays:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
