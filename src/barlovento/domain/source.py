"""What is inferred: sources, their prior, and the posterior over both number and place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePrior:
    """Prior of number, place and rate of the sources.

    Parameters
    ----------
    number : tuple of float
        Probability of 0, 1, 2 ... sources [1].
    x, y, z : tuple of float
        Uniform ranges [m].
    rate_median : float
        Median of the lognormal rate [kg s-1].
    rate_gsd : float
        Its geometric standard deviation [1].
    """

    number: tuple[float, ...]
    x: tuple[float, float]
    y: tuple[float, float]
    z: tuple[float, float]
    rate_median: float
    rate_gsd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One reported source; medians are for computing, the region is what is shown.

    Parameters
    ----------
    x, y, z : float
        Posterior medians east, north, above ground [m].
    probability : float
        That a source exists there [1].
    emission_rate : tuple of float
        5 %, 50 % and 95 % quantiles given existence [kg s-1].
    region90 : tuple of ndarray
        GeoJSON-like geometry in local metres (``{"type": ..., "coordinates": ...}``).
    region90_area : float
        [m2].
    longitude, latitude : float or None
        Of the median place [degree].
    active : tuple of float or None
        Start and end, seconds since 1970 UTC, where inferred to be shorter than the survey [s].
    samples : ndarray, shape (k, 4)
        Draws of x, y, z [m] and emission rate [kg s-1] given existence.
    """

    x: float
    y: float
    z: float
    probability: float
    emission_rate: tuple[float, float, float]
    region90: Mapping[str, Any]
    region90_area: float
    longitude: float | None
    latitude: float | None
    active: tuple[float, float] | None
    samples: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorFit:
    """How well one sensor is explained.

    Parameters
    ----------
    name : str
        The sensor.
    n : int
        Its readings used.
    time : ndarray, shape (n,)
        [s since 1970 UTC].
    observed, background : ndarray, shape (n,)
        Reading, and posterior-mean background [kg m-3].
    predicted : ndarray, shape (3, n)
        5 %, 50 % and 95 % of background plus plume [kg m-3].
    outlier_fraction : float
        Share of its readings farther than 3 scales from the median [1].
    trusted : bool
        False where the sensor disagrees with the rest.
    """

    name: str
    n: int
    time: FloatArray
    observed: FloatArray
    background: FloatArray
    predicted: FloatArray
    outlier_fraction: float
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """Whether the chains can be believed.

    Parameters
    ----------
    min_ess : float or None
        Smallest bulk ESS over each reported source's x, y and log rate; None without sources
        [1].
    max_rhat : float
        Largest rank-normalised split R-hat [1].
    draws : int
        Draws kept over all chains.
    warnings : tuple of str
        Sentences for people.
    widened : float
        By how much the most uncertain direction of a source was widened, because stretches of
        the survey scatter more than the model says; one where they don't [1].
    """

    min_ess: float | None
    max_rhat: float
    draws: int
    warnings: tuple[str, ...]
    widened: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """The answer to one inference.

    Parameters
    ----------
    number_of_sources : tuple of float
        Probability of 0, 1, 2 ... sources [1].
    sources : tuple of Source
        Those with a probability above one half, most probable first.
    x, y, z, emission_rate : ndarray, shape (chain, draw, source)
        Draws, NaN in empty slots [m], [m], [m], [kg s-1].
    active_from, active_until : ndarray, shape (chain, draw, source)
        Seconds since 1970 UTC, NaN in empty slots [s].
    count : ndarray of int, shape (chain, draw)
        Number of sources of each draw.
    nuisance : mapping of str to ndarray, shape (chain, draw)
        Draws of the model-error unknowns [``nuisance_units``].
    nuisance_units : mapping of str to str
        The unit of each.
    searched_x, searched_y : ndarray
        Cell centres of the detection map [m].
    searched_rate : ndarray, shape (r,)
        Emission rates of the detection map [kg s-1].
    searched : ndarray, shape (y, x, r)
        Probability that a source of that rate there would have been seen [1].
    log_evidence : float
        Log evidence against the model without any source [1].
    advice : tuple of str
        What to do next, in plain words.
    advice_places : ndarray, shape (k, 2)
        Where more readings would help most [m].
    assumptions : tuple of str
        Every assumption made, in plain words.
    elapsed : float
        Wall-clock time that the inference took [s].
    seed : int
        Of its random numbers.
    """

    number_of_sources: tuple[float, ...]
    sources: tuple[Source, ...]
    prior: SourcePrior
    x: FloatArray
    y: FloatArray
    z: FloatArray
    emission_rate: FloatArray
    active_from: FloatArray
    active_until: FloatArray
    count: NDArray[np.int64]
    nuisance: Mapping[str, FloatArray]
    nuisance_units: Mapping[str, str]
    searched_x: FloatArray
    searched_y: FloatArray
    searched_rate: FloatArray
    searched: FloatArray
    log_evidence: float
    diagnostics: Diagnostics
    fits: tuple[SensorFit, ...]
    advice: tuple[str, ...]
    advice_places: FloatArray
    assumptions: tuple[str, ...]
    elapsed: float
    seed: int
    survey_digests: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_xarray(self) -> xr.Dataset:
        """Return the draws as a Dataset with dims chain, draw, source (ArviZ's posterior group)."""
        import xarray as xr

        dims = ("chain", "draw", "source")
        units = {
            "x": "m",
            "y": "m",
            "z": "m",
            "emission_rate": "kg s-1",
            "active_from": "seconds since 1970-01-01T00:00:00Z",
            "active_until": "seconds since 1970-01-01T00:00:00Z",
        }
        data: dict[str, Any] = {
            name: (dims, getattr(self, name), {"long_name": name, "unit": unit})
            for name, unit in units.items()
        }
        data["number_of_sources"] = (("chain", "draw"), self.count)
        for name, values in self.nuisance.items():
            data[name] = (("chain", "draw"), values, {"unit": self.nuisance_units[name]})
        return xr.Dataset(
            data,
            coords={
                "chain": np.arange(self.x.shape[0]),
                "draw": np.arange(self.x.shape[1]),
                "source": np.arange(self.x.shape[2]),
            },
            attrs={"seed": self.seed},
        )

    def to_arviz(self) -> Any:
        """Return the draws as ArviZ's InferenceData with the group ``posterior``.

        Returns
        -------
        arviz.InferenceData
            NaN stands where a draw has no such source.

        Raises
        ------
        BadInput
            ArviZ is not installed.
        """
        try:
            # Optional, and slow to import: only those who ask for it wait for it.
            import arviz
        except ImportError as error:
            raise BadInput(
                "ArviZ is not installed. Install it with: pip install 'barlovento[notebook]'."
            ) from error
        return arviz.InferenceData(posterior=self.to_xarray())
