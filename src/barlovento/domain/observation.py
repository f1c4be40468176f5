"""What was measured: gas readings, weather and the area to search, in SI units.

Reading files is done in :mod:`barlovento.fly.survey`; this module only holds the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

    from barlovento.domain.species import Species
    from barlovento.errors import Fault

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """Gas readings, sorted by time, as mass concentration.

    Parameters
    ----------
    time : ndarray, shape (n,)
        END of each averaging interval, seconds since 1970-01-01 UTC [s].
    sensor : ndarray of int, shape (n,)
        Index into ``sensor_names``.
    sensor_names : tuple of str
        Name of each sensor.
    x, y, z : ndarray, shape (n,)
        Position east, north and above ground [m].
    x2, y2, z2 : ndarray, shape (n,)
        Other end of a path, NaN for a point reading [m].
    concentration : ndarray, shape (n,)
        Mean mass concentration at the point or along the path, or the detection limit
        of that row where ``censored`` [kg m-3].
    censored : ndarray of bool, shape (n,)
        True for a non-detect.
    averaging_time : float
        Length of the interval that each reading averages [s].
    n_flagged : int
        Rows that were marked bad and left out.
    n_empty : int
        Rows without a concentration, left out.
    n_duplicate : int
        Rows that said the same as another, left out.
    n_other_species : int
        Rows of other species, left out.
    """

    time: FloatArray
    sensor: NDArray[np.int64]
    sensor_names: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    z: FloatArray
    x2: FloatArray
    y2: FloatArray
    z2: FloatArray
    concentration: FloatArray
    censored: NDArray[np.bool_]
    averaging_time: float
    n_flagged: int = 0
    n_empty: int = 0
    n_duplicate: int = 0
    n_other_species: int = 0

    def __len__(self) -> int:
        return int(self.time.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meteorology:
    """The wind record, sorted by time; optional columns are NaN where absent.

    Parameters
    ----------
    time : ndarray, shape (m,)
        END of each averaging interval, seconds since 1970-01-01 UTC [s].
    wind_speed : ndarray, shape (m,)
        At ``measurement_height`` [m s-1].
    wind_from_direction : ndarray, shape (m,)
        Where the wind comes FROM, clockwise from true north [degree].
    wind_from_direction_sd : ndarray, shape (m,)
        Standard deviation of the direction within the interval [degree].
    friction_velocity : ndarray, shape (m,)
        [m s-1].
    obukhov_length : ndarray, shape (m,)
        Positive in stable air [m].
    mixing_height : ndarray, shape (m,)
        Above ground [m].
    temperature : ndarray, shape (m,)
        [K].
    pressure : ndarray, shape (m,)
        [Pa].
    roughness_length : ndarray, shape (m,)
        [m].
    measurement_height : float
        Height of the anemometer above ground [m].
    """

    time: FloatArray
    wind_speed: FloatArray
    wind_from_direction: FloatArray
    wind_from_direction_sd: FloatArray
    friction_velocity: FloatArray
    obukhov_length: FloatArray
    mixing_height: FloatArray
    temperature: FloatArray
    pressure: FloatArray
    roughness_length: FloatArray
    measurement_height: float

    def __len__(self) -> int:
        return int(self.time.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePrior:
    """Lognormal prior of one source's emission rate.

    Parameters
    ----------
    median : float
        [kg s-1].
    gsd : float
        Geometric standard deviation [1].
    """

    median: float
    gsd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchArea:
    """Where sources may be, and how many.

    Parameters
    ----------
    x, y : tuple of float
        Range east and north in the survey's local frame [m].
    release_height : tuple of float
        Range above ground [m].
    max_sources : int
        Largest number of sources considered.
    rate : RatePrior or None
        None means the broad default prior.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    release_height: tuple[float, float]
    max_sources: int
    rate: RatePrior | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How local metres map onto the globe.

    Parameters
    ----------
    name : str
        Name of the axes; surveys inferred together must share it. Empty for local axes that
        the survey gives no name.
    longitude, latitude : float or None
        WGS 84 origin of an azimuthal equidistant plane (x east, y north), or None for
        local axes without a known place [degree].
    """

    name: str
    longitude: float | None = None
    latitude: float | None = None

    @property
    def geographic(self) -> bool:
        """Whether positions have a longitude and latitude."""
        return self.longitude is not None and self.latitude is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One survey: readings of one species, the wind and where to look.

    Parameters
    ----------
    title : str
        For people.
    species : Species
        What was measured.
    observations : Observations
        The readings.
    meteorology : Meteorology
        The wind record, covering every reading.
    search : SearchArea
        Where sources may be.
    frame : Frame
        The axes.
    background : float or None
        Known background mass concentration, None where unknown [kg m-3].
    clock_offset_max : float
        The gas clock may lag the position clock by up to this [s].
    digest : str
        SHA-256 over the survey's files, hex.
    units : str
        Units of the file, for display only; where the file holds path integrals, the unit of
        the mean along the path (``"ppm"`` for ``"ppm m"``).
    to_file_units : float
        Multiply kg m-3 by this to get ``units``, at mean temperature and pressure
        [``units`` per kg m-3].
    path : str or None
        The folder it was read from.
    response_time : float or None
        Time constant of the sensors' first-order lag, None where unknown [s].
    warnings : tuple of Fault
        What looked doubtful when the survey was read, and did not stop it.
    extra : mapping
        Keys of ``survey.toml`` that this version does not know, as ``"section.key"``.
    """

    title: str
    species: Species
    observations: Observations
    meteorology: Meteorology
    search: SearchArea
    frame: Frame
    background: float | None
    clock_offset_max: float
    digest: str
    units: str
    to_file_units: float
    path: str | None = None
    response_time: float | None = None
    warnings: tuple[Fault, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_xarray(self) -> xr.Dataset:
        """Return the readings as an xarray Dataset with CF names and units."""
        import xarray as xr

        obs = self.observations
        time = (obs.time * 1e9).astype("int64").astype("datetime64[ns]")
        dims = "observation"
        return xr.Dataset(
            {
                "concentration": (dims, obs.concentration, {"units": "kg m-3"}),
                "censored": (dims, obs.censored),
                "x": (dims, obs.x, {"units": "m"}),
                "y": (dims, obs.y, {"units": "m"}),
                "z": (dims, obs.z, {"units": "m", "positive": "up"}),
                "x2": (dims, obs.x2, {"units": "m"}),
                "y2": (dims, obs.y2, {"units": "m"}),
                "z2": (dims, obs.z2, {"units": "m", "positive": "up"}),
                "sensor": (dims, np.asarray(obs.sensor_names)[obs.sensor]),
            },
            coords={"time": (dims, time, {"standard_name": "time"})},
            attrs={"title": self.title, "species": self.species.name, "digest": self.digest},
        )
