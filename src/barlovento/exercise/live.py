"""The hidden world as it goes on: wind, gas and sensors, while aircraft decide where to fly.

>>> world = World(read("flat"), seed=7)  # doctest: +SKIP
>>> sensed = world.advance(places)  # places: (drones, seconds, 3)  # doctest: +SKIP

The same seed and the same places give the same numbers, in however many pieces the flight is
flown. The truth is in :meth:`World.truth`, for scoring and the debrief only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology
from barlovento.errors import BadInput
from barlovento.exercise import air, wind
from barlovento.exercise.flights import to_survey, write_flight
from barlovento.exercise.gas import LONGEST_SPIN_UP, Gas, GasModel
from barlovento.exercise.placing import placed
from barlovento.exercise.presets import preset
from barlovento.exercise.readout import Reading, Shown, spells, wash
from barlovento.exercise.sensed import Sensed, joined, nothing, picked
from barlovento.exercise.series import ornstein_uhlenbeck
from barlovento.exercise.sites import Exercise, Faults, Site, TrueSite, Truth

__all__ = [
    "Exercise",
    "Faults",
    "Sensed",
    "Site",
    "Truth",
    "World",
    "joined",
    "to_survey",
    "write_flight",
]

FloatArray = NDArray[np.float64]

MAST_BEFORE = 600
"""So long the mast has told the wind before the flight [s]."""


class World:
    """One exercise with one seed, from the start of the flight on.

    Parameters
    ----------
    exercise : Exercise
        The scenario.
    seed : int
        Of everything that is drawn.
    gas : callable
        What makes the plumes, called as :class:`~barlovento.exercise.gas.Gas` is; another one
        flies the same exercise in another simulator's plumes.

    Attributes
    ----------
    time : float
        Since the start [s].
    """

    def __init__(self, exercise: Exercise, seed: int, gas: Callable[..., GasModel] = Gas) -> None:
        self._exercise = exercise = placed(exercise, seed)
        self._seed, self._second = seed, 0
        of_wind, of_mast, of_plume, of_eddies, of_sensor, of_fault, of_clean = (
            np.random.SeedSequence(seed, spawn_key=(part,)) for part in range(7)
        )
        state = exercise.atmosphere
        friction = air.friction_velocity(
            state.wind_speed, state.wind_height, state.roughness_length, state.obukhov_length
        )
        self._layer = air.build_layer(
            friction=friction,
            roughness_length=state.roughness_length,
            obukhov_length=state.obukhov_length,
            mixing_height=state.mixing_height,
        )
        self._history = _history(_stream(of_wind), exercise)
        self._mast = _mast(_stream(of_mast), exercise, self._layer, friction, self._history)
        self._gas = gas(
            exercise,
            self._layer,
            self._history,
            columns=any(preset(name).column for name in exercise.sensors),
            of_plume=of_plume,
            of_eddies=of_eddies,
        )
        self._clean = _clean_air(of_clean, exercise)
        self._begin_sensors(of_sensor, of_fault)

    @property
    def time(self) -> float:
        """Since the start [s]."""
        return float(self._second)

    @property
    def exercise(self) -> Exercise:
        """The exercise with everything drawn: it holds the truth, so it is for scoring only."""
        return self._exercise

    def advance(self, places: FloatArray) -> Sensed:
        """Let the world go on by some seconds while the drones fly; return what they read.

        Parameters
        ----------
        places : ndarray, shape (drones, seconds, 3)
            Where each drone is at the END of each following second: east, north, above ground
            [m].

        Returns
        -------
        Sensed
            Readings whose averaging interval has ended.

        Raises
        ------
        BadInput
            The places have another shape or are not finite, or the flight is longer than the
            exercise.
        """
        places = self._checked(places)
        drones, seconds = places.shape[:2]
        first, last = self._second, self._second + seconds
        if first == 0 and seconds:
            self._place[:, 0] = places[:, 0]
        self._place[:, first + 1 : last + 1] = places
        begin, end = self._place[:, first:last], self._place[:, first + 1 : last + 1]
        met = self._gas.met(first, begin, end)
        clean = self._clean[:, first:last]
        rows: list[Sensed] = []
        for drone in range(drones):
            height = 0.5 * (begin[drone, :, 2] + end[drone, :, 2])
            left = wash(height, self._exercise.faults)
            for number, reading in self._readings[drone]:
                # A beam looks through the wash; an inlet sits in it.
                down = reading.preset.column
                gas = met[:, drones + drone] if down else left * met[:, drone]
                shown = reading.go_on(first, clean + gas, height)
                rows.append(self._row(drone, number, reading, shown))
        self._second = last
        told = joined(rows) if rows else nothing()
        order = np.lexsort((told.species, told.sensor, told.drone, told.time))
        return picked(told, order)

    def meteorology(self) -> Meteorology:
        """Return what the mast has told up to now, from some minutes before the start on."""
        now = self._exercise.start.timestamp() + self._second
        known = int(np.searchsorted(self._mast.time, now + 1e-6, side="right"))
        return _head(self._mast, known)

    def wind(self, time: float, height: float) -> tuple[float, float]:
        """Return the mean wind that carries an aircraft: where it blows to, east and north.

        Parameters
        ----------
        time : float
            After the start [s].
        height : float
            Above ground [m].

        Returns
        -------
        tuple of float
            Without turbulence, valley, hill or buildings [m s-1].
        """
        k = LONGEST_SPIN_UP + min(max(int(time), 0), self._exercise.duration - 1)
        nodes = self._layer.top * np.linspace(0.0, 1.0, air.N_NODES) ** 2
        speed = float(np.interp(height, nodes, self._layer.table[:, air.SPEED]))
        speed *= float(self._history.factor[k])
        east, north = wind.unit_towards(self._history.direction[k : k + 1])
        return speed * float(east[0]), speed * float(north[0])

    def link(self, drone: int) -> bool:
        """Return whether a drone can be reached now."""
        return not bool(self._unlinked[drone, min(self._second, self._exercise.duration - 1)])

    def battery_left(self, drone: int) -> float:
        """Return which share of what its battery should hold a drone really has [1]."""
        when = self._exercise.faults.low_battery
        hit = when is not None and self._second >= when and drone == self._weak
        return 0.5 if hit else 1.0

    def truth(self) -> Truth:
        """Return all sites as they are; only scoring and the debrief may look."""
        on = np.arange(max(self._second, 1), dtype=np.float64) + 0.5
        sites = []
        for site in self._exercise.sites:
            lit = sum(
                share * float((v.rate_at(on) > 0.0).mean())
                for v, share in zip(site.vents, site.shares, strict=True)
            )
            sites.append(
                TrueSite(
                    name=site.name,
                    kind=site.kind,
                    x=site.x,
                    y=site.y,
                    z=sum(v.z * s for v, s in zip(site.vents, site.shares, strict=True)),
                    vents=site.vents,
                    rates=dict(site.rates),
                    mean_rates={name: rate * lit for name, rate in site.rates.items()},
                    registered=site.registered,
                )
            )
        return Truth(sites=tuple(sites), seed=self._seed)

    def _checked(self, places: FloatArray) -> FloatArray:
        """Return places as they can be flown, or say why not."""
        drones, left = len(self._exercise.aircraft), self._exercise.duration - self._second
        places = np.asarray(places, dtype=np.float64)
        if places.ndim != 3 or places.shape[0] != drones or places.shape[2] != 3:
            raise BadInput(
                f"Places have the shape {places.shape}. "
                f"Give ({drones}, seconds, 3): a place for each drone and second."
            )
        if places.shape[1] > left:
            raise BadInput(
                f"The exercise ends in {left} s, and {places.shape[1]} s were to be flown. "
                "Fly less, or raise duration_s in the scenario."
            )
        if not np.isfinite(places).all():
            raise BadInput("A place is not a finite number. Give metres east, north and above.")
        return places

    def _begin_sensors(
        self, seeds: np.random.SeedSequence, of_fault: np.random.SeedSequence
    ) -> None:
        """Draw the noise of every sensor, and everything that goes wrong."""
        exercise, faults, length = self._exercise, self._exercise.faults, self._exercise.duration
        drones = len(exercise.aircraft)
        self._place = np.zeros((drones, length + 1, 3))
        unlucky = _stream(of_fault)
        self._weak = int(unlucky.integers(drones)) if drones else 0
        self._unlinked = np.array(
            [
                spells(unlucky, length, faults.lost_links, faults.lost_link_time)
                for _ in range(drones)
            ]
        )
        self._readings: list[list[tuple[int, Reading]]] = []
        for of_drone in seeds.spawn(drones):
            carried = []
            children = of_drone.spawn(len(exercise.sensors))
            for number, (name, child) in enumerate(zip(exercise.sensors, children, strict=True)):
                kind, rng = preset(name), _stream(child)
                stuck = spells(unlucky, length, faults.stuck, faults.stuck_time)
                lost = spells(unlucky, length, faults.dropouts, faults.dropout_time)
                carried += [
                    (number, Reading(rng, kind, channel, faults, length, stuck, lost))
                    for channel in kind.channels(exercise.species)
                ]
            self._readings.append(carried)

    def _row(self, drone: int, number: int, reading: Reading, shown: Shown) -> Sensed:
        """Return the rows of one channel."""
        width, count = reading.preset.interval, shown.end.size
        middle = 0.5 * (self._place[drone, :-1] + self._place[drone, 1:])
        place = np.array([middle[e - width : e].mean(axis=0) for e in shown.end.tolist()])
        place = place.reshape(count, 3)
        return Sensed(
            time=shown.end.astype(np.float64),
            drone=np.full(count, drone),
            sensor=np.full(count, number),
            species=np.full(count, reading.channel.species),
            x=place[:, 0],
            y=place[:, 1],
            z=place[:, 2],
            mole_fraction=shown.value,
            censored=shown.censored,
            bad=shown.bad,
        )


def _stream(sequence: np.random.SeedSequence) -> np.random.Generator:
    """Return the generator of one part of the world."""
    return np.random.Generator(np.random.PCG64(sequence))


def _history(rng: np.random.Generator, exercise: Exercise) -> wind.History:
    """Return the mean wind of each second, from before the flight until its longest end."""
    before, state = LONGEST_SPIN_UP, exercise.atmosphere
    history = wind.wander(rng, state, before + exercise.duration, before)
    if not exercise.wind_record:
        return history
    record = np.array(exercise.wind_record)
    second = np.arange(before + exercise.duration) - before
    # Directions are joined the short way round.
    direction = np.rad2deg(np.unwrap(np.deg2rad(record[:, 2])))
    return wind.History(
        history.direction - state.wind_from_direction + np.interp(second, record[:, 0], direction),
        history.factor * np.interp(second, record[:, 0], record[:, 1]) / state.wind_speed,
    )


def _mast(
    rng: np.random.Generator,
    exercise: Exercise,
    layer: air.Layer,
    friction: float,
    history: wind.History,
) -> Meteorology:
    """Return what the mast will have told when the exercise ends."""
    since = LONGEST_SPIN_UP - MAST_BEFORE
    recent = wind.History(history.direction[since:], history.factor[since:])
    state, mast = exercise.atmosphere, exercise.mast
    east, north = wind.wind_at_mast(rng, state, mast, layer, recent)
    begin = exercise.start.timestamp() - MAST_BEFORE
    return wind.mast_record(rng, state, mast, friction, east, north, begin)


def _head(record: Meteorology, count: int) -> Meteorology:
    """Return the first records."""
    columns: dict[str, Any] = {
        column.name: getattr(record, column.name)[:count]
        for column in fields(record)
        if column.name != "measurement_height"
    }
    return replace(record, **columns)


def _clean_air(seeds: np.random.SeedSequence, exercise: Exercise) -> FloatArray:
    """Return clean air of every species, shape (species, seconds) [ppb]."""
    clean = np.zeros((len(exercise.species), exercise.duration))
    for row, name, child in zip(
        clean, exercise.species, seeds.spawn(len(exercise.species)), strict=True
    ):
        level = exercise.backgrounds.get(name)
        if level is not None:
            slow = ornstein_uhlenbeck(_stream(child), exercise.duration, 1.0, level.time)
            row[:] = level.mean * np.maximum(1.0 + level.deviation * slow, 0.0)
    return clean
