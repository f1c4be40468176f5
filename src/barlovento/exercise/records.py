"""Records that describe a hidden world and what is flown through it; no physics in here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Frame, Meteorology, SearchArea
from barlovento.domain.species import Species
from barlovento.errors import BadInput
from barlovento.exercise.instruments import Instrument

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Valley:
    """A straight valley that steers the wind and sends cool air down its slopes.

    Ground is drawn flat: heights stay above ground, only the air's motion knows the slopes.

    Parameters
    ----------
    x, y : float
        A point on the axis [m].
    axis_direction : float
        Where the valley falls to, clockwise from north [degree].
    half_width : float
        From the axis to the foot of the slopes [m].
    steering : float
        Share of the cross-valley wind that the slopes take away near the ground [1].
    mast_steering : float
        The same share where the mast stands, on a shoulder [1].
    depth : float
        Height over which steering fades [m].
    drainage_speed, drainage_depth : float
        Strongest down-valley drainage flow, and the height where it blows [m s-1], [m].
    slope_speed : float
        Strongest flow off the slopes towards the axis [m s-1].
    """

    x: float
    y: float
    axis_direction: float
    half_width: float
    steering: float
    mast_steering: float
    depth: float
    drainage_speed: float
    drainage_depth: float
    slope_speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Atmosphere:
    """The air of a hidden world: its mean state and how it wanders.

    Parameters
    ----------
    wind_speed : float
        Mean at ``wind_height`` [m s-1].
    wind_height : float
        Above ground [m].
    wind_from_direction : float
        Mean direction the wind comes FROM at the start, clockwise from north [degree].
    roughness_length : float
        [m].
    obukhov_length : float
        Positive in stable air, ``inf`` in neutral air [m].
    mixing_height : float
        [m].
    direction_trend : float
        Steady turning of the mean wind, clockwise [degree h-1].
    meander_direction_sd, meander_speed_sd : float
        Slow wandering of direction, and of speed as a share of its mean [degree], [1].
    meander_time : float
        Time scale of that wandering [s].
    fluctuation_intensity : float
        Standard deviation over mean of what is finer than the simulated filaments [1].
    fluctuation_length : float
        Size of those fine eddies [m].
    temperature, pressure : float
        [K], [Pa].
    valley : Valley or None
        Steering by slopes.
    """

    wind_speed: float
    wind_height: float
    wind_from_direction: float
    roughness_length: float
    obukhov_length: float
    mixing_height: float
    direction_trend: float = 0.0
    meander_direction_sd: float = 0.0
    meander_speed_sd: float = 0.0
    meander_time: float = 300.0
    fluctuation_intensity: float = 0.0
    fluctuation_length: float = 5.0
    temperature: float
    pressure: float
    valley: Valley | None = None

    def __post_init__(self) -> None:
        positive = {
            "wind_speed": self.wind_speed,
            "wind_height": self.wind_height,
            "roughness_length": self.roughness_length,
            "mixing_height": self.mixing_height,
            "meander_time": self.meander_time,
            "fluctuation_length": self.fluctuation_length,
            "temperature": self.temperature,
            "pressure": self.pressure,
        }
        for name, value in positive.items():
            if not (math.isfinite(value) and value > 0.0):
                raise BadInput(f"{name} is {value}; give a finite number above zero.")
        if self.obukhov_length == 0.0 or math.isnan(self.obukhov_length):
            raise BadInput("obukhov_length can't be 0 or NaN; give inf for neutral air.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mast:
    """The anemometer, and how its record differs from the wind.

    Parameters
    ----------
    height : float
        Above ground [m].
    interval : float
        Averaging interval of the record, a whole number of seconds [s].
    direction_bias : float
        Added to every direction (a vane set wrong, magnetic north) [degree].
    speed_factor : float
        Multiplies every speed [1].
    direction_noise, speed_noise : float
        Per record [degree], [m s-1].
    report_spread : bool
        Whether ``wind_from_direction_sd`` is recorded.
    report_turbulence : bool
        Whether friction velocity and Obukhov length are recorded.
    turbulence_error : float
        Standard deviation of the logarithm of those two [1].
    roughness_factor : float
        The roughness length that is told over the true one [1].
    """

    height: float
    interval: float = 60.0
    direction_bias: float = 0.0
    speed_factor: float = 1.0
    direction_noise: float = 0.0
    speed_noise: float = 0.0
    report_spread: bool = True
    report_turbulence: bool = False
    turbulence_error: float = 0.0
    roughness_factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenSource:
    """One hidden source of gas.

    Parameters
    ----------
    x, y, z : float
        East, north and above ground [m].
    emission_rate : float
        While it is on [kg s-1].
    size : float
        Initial radius of what it lets out (a vent, a window) [m].
    windows : tuple of (float, float)
        From when until when it is on, after the start of the survey; empty means always [s].
    duty_cycle : float
        Share of each period in which it is on [1].
    duty_period : float
        Length of that period [s].
    length, width : float
        What it covers where it is a line or an area; zero for a single opening [m].
    direction : float
        Of that length, clockwise from north [degree].
    """

    x: float
    y: float
    z: float
    emission_rate: float
    size: float = 0.5
    windows: tuple[tuple[float, float], ...] = ()
    duty_cycle: float = 1.0
    duty_period: float = 600.0
    length: float = 0.0
    width: float = 0.0
    direction: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.emission_rate) and self.emission_rate >= 0.0):
            raise BadInput(f"emission_rate is {self.emission_rate}; give zero or more.")
        if not (self.z > 0.0 and self.size > 0.0):
            raise BadInput("A source needs a height and a size above zero.")
        if not (self.length >= 0.0 and self.width >= 0.0):
            raise BadInput("The length and width of a source need zero or more.")
        if not 0.0 < self.duty_cycle <= 1.0:
            raise BadInput(f"duty_cycle is {self.duty_cycle}; give a share in (0, 1].")

    def rate_at(self, time: FloatArray) -> FloatArray:
        """Return the emission rate at these times [kg s-1].

        Parameters
        ----------
        time : ndarray, shape (n,)
            After the start of the survey [s].
        """
        on = np.mod(time, self.duty_period) < self.duty_cycle * self.duty_period
        if self.windows:
            on &= np.any([(time >= a) & (time < b) for a, b in self.windows], axis=0)
        return np.where(on, self.emission_rate, 0.0)

    @property
    def spread(self) -> tuple[float, float, float, float]:
        """Length and width [m], and the unit vector along the length, east and north [1]."""
        angle = math.radians(self.direction)
        return self.length, self.width, math.sin(angle), math.cos(angle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything needed to simulate one survey.

    Parameters
    ----------
    title : str
        For people.
    species : Species
        The gas.
    atmosphere : Atmosphere
        The air as it is.
    mast : Mast
        The wind as it is told.
    sources : sequence of HiddenSource
        The truth.
    instruments : sequence of Instrument
        What is flown or stands there; all cover the whole duration.
    duration : int
        Length of the survey [s].
    averaging_time : int
        Length of the interval that a reading averages [s].
    start : datetime
        Start of the survey, with a time zone.
    search : SearchArea
        The box that the solver is told.
    units : str
        Units of the file: "ppb" or "ppm".
    background : float or None
        What the solver is told about clean air [ppb].
    clock_offset_max : float
        What the solver is told about clocks [s].
    frame : Frame
        Axes.
    particles_per_second : int
        Particles let out per source and second, a multiple of 8 [s-1].
    """

    title: str
    species: Species
    atmosphere: Atmosphere
    mast: Mast
    sources: Sequence[HiddenSource]
    instruments: Sequence[Instrument]
    duration: int
    averaging_time: int
    start: datetime
    search: SearchArea
    units: str = "ppb"
    background: float | None = None
    clock_offset_max: float = 0.0
    frame: Frame = field(default_factory=lambda: Frame(name="local"))
    particles_per_second: int = 16

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise BadInput("start has no time zone; give one, such as UTC.")
        if self.units not in ("ppb", "ppm"):
            raise BadInput(f"units are {self.units!r}; give ppb or ppm.")
        if self.duration < self.averaging_time or self.averaging_time < 1:
            raise BadInput("averaging_time needs at least 1 s and at most the duration.")
        if self.particles_per_second < 8 or self.particles_per_second % 8:
            raise BadInput("particles_per_second needs a multiple of 8.")
        if not self.instruments:
            raise BadInput("There is no instrument; give at least one.")
        for instrument in self.instruments:
            if instrument.x.shape != (self.duration + 1,):
                raise BadInput(
                    f"Instrument {instrument.sensor.name} has {instrument.x.size} places; "
                    f"give {self.duration + 1}, one for each second and the start."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """A simulated survey with its hidden truth; rows are sorted by time, then sensor.

    Parameters
    ----------
    scenario : Scenario
        What was simulated.
    seed : int
        With which all randomness was drawn.
    time : ndarray, shape (n,)
        END of the interval, seconds since 1970-01-01 UTC [s].
    sensor : ndarray of int, shape (n,)
        Index into ``scenario.instruments``.
    x, y, z, x2, y2, z2 : ndarray, shape (n,)
        Mean place during the interval; the second end is NaN for points [m].
    mole_fraction : ndarray, shape (n,)
        The reading, or the limit where ``censored`` [ppb].
    concentration : ndarray, shape (n,)
        The same as mass concentration [kg m-3].
    censored : ndarray of bool, shape (n,)
        True for a non-detect.
    excess : ndarray, shape (sources, n)
        Truth: mean over the interval of what each source adds, before the sensor [kg m-3].
    meteorology : Meteorology
        What the mast tells.
    wind_direction_truth, wind_speed_truth : ndarray, shape (duration,)
        Truth: direction the mean wind comes from, and its speed at ``wind_height``, per second
        [degree], [m s-1].
    """

    scenario: Scenario
    seed: int
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
    meteorology: Meteorology
    wind_direction_truth: FloatArray
    wind_speed_truth: FloatArray
