"""From the gas that a drone meets to the numbers that its sensors show, second by second.

Everything random is drawn before the flight, for its longest possible time, so that it doesn't
matter in how many pieces the flight is flown.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from barlovento.exercise.presets import Channel, Preset
from barlovento.exercise.sensing import T90_OVER_TIME
from barlovento.exercise.series import ornstein_uhlenbeck
from barlovento.exercise.sites import Faults

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WASH_DIAMETERS = 2.5
"""Height in rotor diameters below which the wash comes back to the inlet [1]."""

LEAST_COLUMN = 1.0
"""A downward sensor lower than this reads as if it were here [m]."""


class Shown(NamedTuple):
    """Readings of one channel whose averaging intervals have ended.

    Attributes
    ----------
    end : ndarray of int, shape (n,)
        Second at which the interval ends [s].
    value : ndarray, shape (n,)
        The reading, the limit where ``censored``, NaN where ``bad`` [ppb].
    censored, bad : ndarray of bool, shape (n,)
        Below the limit of detection; nothing was recorded.
    """

    end: NDArray[np.int64]
    value: FloatArray
    censored: BoolArray
    bad: BoolArray


def spells(
    rng: np.random.Generator, duration: int, per_hour: float, mean_length: float
) -> BoolArray:
    """Return in which seconds something lasts that begins at random.

    Parameters
    ----------
    rng : Generator
        Randomness.
    duration : int
        [s].
    per_hour : float
        How often it begins [h-1].
    mean_length : float
        Of one spell, exponentially distributed, at least a second [s].

    Returns
    -------
    ndarray of bool, shape (duration,)
    """
    lasting = np.zeros(duration, dtype=np.bool_)
    if per_hour <= 0.0:
        return lasting
    at = 0.0
    while True:
        at += rng.exponential(3600.0 / per_hour)
        if at >= duration:
            return lasting
        end = at + max(1.0, rng.exponential(mean_length))
        lasting[int(at) : math.ceil(end)] = True
        at = end


def wash(z: FloatArray, faults: Faults) -> FloatArray:
    """Return which share of a plume is left at the inlet in the rotors' wash [1].

    Linear from the ground to 2.5 diameters, above which nothing is lost (a simple form; only the
    height is from a source).

    Parameters
    ----------
    z : ndarray
        Above ground [m].
    faults : Faults
        Diameter and strength.
    """
    if faults.rotor_diameter <= 0.0 or faults.rotor_wash <= 0.0:
        return np.ones_like(z)
    low = 1.0 - np.clip(z / (WASH_DIAMETERS * faults.rotor_diameter), 0.0, 1.0)
    return np.asarray(1.0 - faults.rotor_wash * low)


class Reading:
    """One channel of one sensor on one drone, from the start of the flight on.

    Parameters
    ----------
    rng : Generator
        Of its noise and errors.
    preset : Preset
        What kind of sensor it is.
    channel : Channel
        Which of its numbers.
    faults : Faults
        What goes wrong.
    duration : int
        Longest flight [s].
    stuck, lost : ndarray of bool, shape (duration,)
        When it repeats itself, and when nothing is recorded.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        preset: Preset,
        channel: Channel,
        faults: Faults,
        duration: int,
        stuck: BoolArray,
        lost: BoolArray,
    ) -> None:
        self.preset, self.channel = preset, channel
        self._stuck, self._lost = stuck, lost
        second = np.arange(duration, dtype=np.float64)
        late = preset.lag + faults.clock_offset + faults.clock_drift * second / 3600.0
        self._seen_at = np.maximum(second - np.maximum(late, 0.0), 0.0)
        own = rng.standard_normal(2)
        self._zero = preset.zero * float(own[0])
        self._gain = math.exp(preset.gain * float(own[1]))
        self._drift = preset.drift * ornstein_uhlenbeck(rng, duration, 1.0, preset.drift_time)
        self._noise = rng.standard_normal((2, duration))
        self._met = np.zeros(duration)
        self._shown = np.zeros(duration)
        self._span = np.ones(duration)
        self._state: float | None = None
        self._top = min(
            math.inf if preset.saturation is None else preset.saturation,
            math.inf if faults.saturation is None else faults.saturation,
        )

    def go_on(self, first: int, met: FloatArray, height: FloatArray) -> Shown:
        """Take in some seconds of gas, and tell the readings that they complete.

        Parameters
        ----------
        first : int
            Seconds flown before.
        met : ndarray, shape (species, seconds)
            Mole fraction of each species, for a column sensor along its path [ppb].
        height : ndarray, shape (seconds,)
            Of the drone above ground [m].
        """
        last = first + height.size
        seen = np.zeros(height.size)
        for weight, one in zip(self.channel.weights, met, strict=True):
            if weight > 0.0:
                seen = seen + weight * one
        if self.preset.column:
            self._span[first:last] = np.maximum(height, LEAST_COLUMN)
            seen = seen * self._span[first:last]
        self._met[first:last] = seen
        for second in range(first, last):
            self._shown[second] = self._second(second)
        return self._readings(first, last)

    def _second(self, second: int) -> float:
        """Return what is shown in one second [ppb, or ppb m for a column]."""
        preset = self.preset
        at = float(self._seen_at[second])
        whole = int(at)
        low = float(self._met[whole])
        part = at - whole
        gas = low if part == 0.0 else low + part * (float(self._met[whole + 1]) - low)
        bent = preset.power != 1.0
        signal = (1.0 + gas / preset.bend) ** preset.power if bent else gas
        if self._state is None:
            self._state = signal
        slow = preset.rise if signal > self._state else preset.fall
        memory = math.exp(-T90_OVER_TIME / slow) if slow > 0.0 else 0.0
        self._state = memory * self._state + (1.0 - memory) * signal
        told = preset.bend * (self._state ** (1.0 / preset.power) - 1.0) if bent else self._state
        told *= self._gain
        white, shared = float(self._noise[0, second]), float(self._noise[1, second])
        told += self._zero + float(self._drift[second]) + preset.noise * white
        told += preset.noise_share * abs(told) * shared
        if self._stuck[second] and second > 0:
            return float(self._shown[second - 1])
        return float(min(told, self._top))

    def _readings(self, first: int, last: int) -> Shown:
        """Return the readings whose interval ends after ``first`` and not after ``last``."""
        width = self.preset.interval
        ends = np.arange(first // width + 1, last // width + 1, dtype=np.int64) * width
        value = np.full(ends.size, math.nan)
        censored = np.zeros(ends.size, dtype=np.bool_)
        bad = np.zeros(ends.size, dtype=np.bool_)
        for k, end in enumerate(ends.tolist()):
            kept = [s for s in range(end - width, end) if not self._lost[s]]
            if not kept:
                bad[k] = True
                continue
            # One after the other: a sum in pieces must not depend on where memory begins.
            mean = math.fsum(float(self._shown[s]) for s in kept) / len(kept)
            limit = self.preset.detection_limit
            if limit is not None and mean < limit:
                mean, censored[k] = limit, True
            if self.preset.column:
                mean /= math.fsum(float(self._span[s]) for s in kept) / len(kept)
            value[k] = mean
        return Shown(ends, value, censored, bad)
