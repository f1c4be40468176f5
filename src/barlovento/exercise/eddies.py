"""Eddies finer than the particles draw: factors by which they change what a drone meets.

They last as long as an eddy takes to pass, so they depend on how the drone flies.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from barlovento.exercise import air, sensing, wind
from barlovento.exercise.records import Atmosphere

FloatArray = NDArray[np.float64]

COLUMN_HEIGHT = 15.0
"""Height of a downward path over which fine eddies are averaged [m]."""


class Eddies:
    """Correlated series of clipped-gamma factors of mean one, carried on with the flight.

    Parameters
    ----------
    rng : Generator
        Of the series.
    state : Atmosphere
        Intensity and size of the eddies.
    layer : Layer
        Wind with height.
    history : History
        The mean wind of each second of the flight.
    plumes, readers : int
        How many series: one for each of both. Readers after the first drones read the path
        straight down.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        state: Atmosphere,
        layer: air.Layer,
        history: wind.History,
        *,
        plumes: int,
        readers: int,
    ) -> None:
        self._state = state
        self._heights = layer.top * np.linspace(0.0, 1.0, air.N_NODES) ** 2
        self._speeds = layer.table[:, air.SPEED]
        self._factor = history.factor
        self._toward = wind.unit_towards(history.direction)
        self._noise = rng.standard_normal((plumes, readers, history.factor.size))
        self._level = self._noise[:, :, 0].copy()

    def factors(self, first: int, begin: FloatArray, end: FloatArray) -> FloatArray:
        """Return the factors of some seconds, one piece of the flight after the other.

        Parameters
        ----------
        first : int
            Seconds flown before.
        begin, end : ndarray, shape (drones, seconds, 3)
            Where each drone is at the beginning and end of each second [m].

        Returns
        -------
        ndarray, shape (plumes, readers, seconds)
            [1].
        """
        from scipy.special import gammaincinv, ndtr

        state, (drones, seconds) = self._state, begin.shape[:2]
        plumes, readers = self._level.shape
        result = np.ones((plumes, readers, seconds))
        if state.fluctuation_intensity <= 0.0 or not plumes:
            return result
        memory = np.exp(-self._passing(first, begin, end) / state.fluctuation_length)
        thinner = math.sqrt(1.0 + COLUMN_HEIGHT / state.fluctuation_length)
        for t in range(seconds):
            if first + t > 0:
                keep = np.resize(memory[:, t], readers)
                fresh = np.sqrt(1.0 - keep * keep)
                self._level = keep * self._level + fresh * self._noise[:, :, first + t]
            level = np.minimum(ndtr(self._level), 1.0 - 1e-12)
            for part, weaker in ((slice(0, drones), 1.0), (slice(drones, readers), thinner)):
                shape, scale, clip = sensing.clipped_gamma(state.fluctuation_intensity / weaker)
                drawn = scale * gammaincinv(shape, level[:, part]) - clip
                result[:, part, t] = np.maximum(drawn, 0.0)
        return result

    def _passing(self, first: int, begin: FloatArray, end: FloatArray) -> FloatArray:
        """Return how fast each drone moves against the air, shape (drones, seconds) [m s-1]."""
        k = slice(first, first + begin.shape[1])
        middle = 0.5 * (begin[:, :, 2] + end[:, :, 2])
        speed = np.interp(middle, self._heights, self._speeds) * self._factor[k]
        along = end[:, :, 0] - begin[:, :, 0] - speed * self._toward[0][k]
        aside = end[:, :, 1] - begin[:, :, 1] - speed * self._toward[1][k]
        return np.asarray(np.maximum(np.hypot(along, aside), 0.1))
