"""The gas of all openings of an exercise, carried on while the flight goes on.

One train of particles serves all species of an opening: it is let out at 1 kg/s while the opening
is on, and the rates of the species multiply what is met.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.species import find_species
from barlovento.exercise import air, cloud, following, sensing, wind
from barlovento.exercise.eddies import Eddies
from barlovento.exercise.sites import Exercise
from barlovento.exercise.town_wind import town_of

FloatArray = NDArray[np.float64]

MARGIN = 100.0
"""Particles farther than this outside of all that matters are forgotten [m]."""

LONGEST_SPIN_UP = 1200
"""Longest time that plumes may take to reach across before the flight [s]."""

MANY_VENTS = 2
"""A site with more openings than this lets out fewer particles from each [1]."""


class GasModel(Protocol):
    """What a world needs of its plumes."""

    def met(self, first: int, begin: FloatArray, end: FloatArray) -> FloatArray:
        """Return what sites add to clean air, as :meth:`Gas.met` does.

        Parameters
        ----------
        first : int
            Seconds flown before.
        begin, end : ndarray, shape (drones, seconds, 3)
            Where each drone is at the beginning and end of each second [m].
        """


class _Plume(NamedTuple):
    """The gas of one opening, let out at 1 kg/s while it is on."""

    site: int
    share: float
    vent: cloud.Vent
    rng: np.random.Generator
    particles: int
    train: following.Train


class Gas:
    """All plumes of an exercise, from the start of the flight on.

    Parameters
    ----------
    exercise : Exercise
        With everything drawn.
    layer : Layer
        Wind and turbulence with height.
    history : History
        The mean wind, from ``LONGEST_SPIN_UP`` before the start on.
    columns : bool
        Whether each drone also reads the path straight down.
    of_plume, of_eddies : SeedSequence
        Of the particles, and of eddies finer than they draw.
    """

    def __init__(
        self,
        exercise: Exercise,
        layer: air.Layer,
        history: wind.History,
        *,
        columns: bool,
        of_plume: np.random.SeedSequence,
        of_eddies: np.random.SeedSequence,
    ) -> None:
        self._exercise, self._layer, self._columns = exercise, layer, columns
        state = exercise.atmosphere
        self._per_density = [
            sensing.mole_fraction_per_density(
                find_species(name).molar_mass, state.temperature, state.pressure
            )
            for name in exercise.species
        ]
        self._bounds = _bounds(exercise)
        self._spin_up = self._needed(history)
        since = LONGEST_SPIN_UP - self._spin_up
        recent = wind.History(history.direction[since:], history.factor[since:])
        self._blown = wind.as_blown(recent, state)
        self._town = town_of(exercise.buildings, layer, recent.direction)
        self._plumes = self._let_out(of_plume)
        nobody = cloud.Readers(np.empty((0, 0, 6)), np.empty(0, dtype=np.bool_), self._bounds)
        steps = (0, self._spin_up, self._spin_up)
        self._carry(steps, nobody, np.empty((len(self._plumes), 0, 0)))
        during = wind.History(history.direction[LONGEST_SPIN_UP:], history.factor[LONGEST_SPIN_UP:])
        readers = len(exercise.aircraft) * (2 if columns else 1)
        self._eddies = Eddies(
            _stream(of_eddies), state, layer, during, plumes=len(self._plumes), readers=readers
        )

    @property
    def particles(self) -> FloatArray:
        """Where all particles are now, shape (particles, 3) [m]."""
        places = [p.train.cloud[: p.train.alive, [cloud.X, cloud.Y, cloud.Z]] for p in self._plumes]
        return np.concatenate([*places, np.empty((0, 3))])

    def met(self, first: int, begin: FloatArray, end: FloatArray) -> FloatArray:
        """Let the gas go on while drones fly, and return what sites add to clean air.

        Parameters
        ----------
        first : int
            Seconds flown before.
        begin, end : ndarray, shape (drones, seconds, 3)
            Where each drone is at the beginning and end of each second [m].

        Returns
        -------
        ndarray, shape (species, readers, seconds)
            Mean mole fraction: at each drone, then, with ``columns``, along each drone's path
            straight down [ppb].
        """
        path = np.concatenate([begin, end], axis=2)
        if self._columns:
            middle = 0.5 * (begin + end)
            ground = middle * [1.0, 1.0, 0.0]
            path = np.concatenate([path, np.concatenate([middle, ground], axis=2)])
        beam = np.arange(path.shape[0]) >= begin.shape[0]
        readers = cloud.Readers(np.ascontiguousarray(path), beam, self._bounds)
        met = np.zeros((len(self._plumes), *path.shape[:2]))
        ahead = self._spin_up + first
        self._carry((ahead, ahead + path.shape[1], ahead), readers, met)
        met *= self._eddies.factors(first, begin, end)
        total = np.zeros((len(self._exercise.species), *path.shape[:2]))
        for plume, one in zip(self._plumes, met, strict=True):
            rates = self._exercise.sites[plume.site].rates
            for s, name in enumerate(self._exercise.species):
                rate = rates.get(name, 0.0) * plume.share
                if rate > 0.0:
                    total[s] += rate * self._per_density[s] * one
        return total

    def _needed(self, history: wind.History) -> int:
        """Return how long plumes need to reach across before the flight [s]."""
        west, east, south, north = self._bounds
        across = math.hypot(east - west - 2.0 * MARGIN, north - south - 2.0 * MARGIN)
        speed = float(self._layer.at(3.0)[air.SPEED])
        speed *= float(history.factor[:LONGEST_SPIN_UP].mean())
        return int(min(1.1 * across / max(speed, 0.3) + 30.0, LONGEST_SPIN_UP))

    def _let_out(self, seeds: np.random.SeedSequence) -> list[_Plume]:
        """Return a plume without particles for each opening."""
        time = np.arange(self._blown.factor.size, dtype=np.float64) - self._spin_up + 0.5
        plumes = []
        for k, (site, of_site) in enumerate(
            zip(
                self._exercise.sites,
                seeds.spawn(len(self._exercise.sites)),
                strict=True,
            )
        ):
            several = len(site.vents) > MANY_VENTS
            count = 8 if several else self._exercise.particles_per_second
            for source, share, child in zip(
                site.vents, site.shares, of_site.spawn(len(site.vents)), strict=True
            ):
                rate = replace(source, emission_rate=1.0).rate_at(time)
                vent = cloud.Vent(source.x, source.y, source.z, source.size, rate, source.spread)
                rng = _stream(child)
                train = following.begin(rng, 1.0, count, vent, self._layer)
                plumes.append(_Plume(k, share, vent, rng, count, train))
        return plumes

    def _carry(self, steps: tuple[int, int, int], readers: cloud.Readers, met: FloatArray) -> None:
        """Carry all particles through some steps; add up what each reader meets of each plume."""
        for k, plume in enumerate(self._plumes):
            particles, count = following.carry(
                plume.rng,
                1.0,
                plume.particles,
                steps,
                plume.train,
                plume.vent,
                self._layer,
                self._blown,
                self._town,
                readers,
                met[k],
            )
            train = plume.train._replace(cloud=particles, alive=count)
            self._plumes[k] = plume._replace(train=train)


def _stream(sequence: np.random.SeedSequence) -> np.random.Generator:
    """Return the generator of one part of the world."""
    return np.random.Generator(np.random.PCG64(sequence))


def _bounds(exercise: Exercise) -> FloatArray:
    """Return west, east, south and north edge beyond which particles are forgotten [m]."""
    vents = [(v.x, v.y) for site in exercise.sites for v in site.vents]
    places = np.array([*exercise.permitted, exercise.home, *vents])
    low, high = places.min(axis=0) - MARGIN, places.max(axis=0) + MARGIN
    return np.array([low[0], high[0], low[1], high[1]])
