"""The four cases of the published olfactory-search benchmark: grids, starts and laws of hits.

References
----------
.. [1] Loisy, A. and Heinonen, R. A. (2023), European Physical Journal E 46, 17,
   doi:10.1140/epje/s10189-023-00277-8.
.. [2] Vergassola, M., Villermaux, E. and Shraiman, B. I. (2007), Nature 445, 406-409,
   doi:10.1038/nature05464: the law of the mean number of hits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaln, k0

from barlovento.errors import UsageError

FloatArray = NDArray[np.float64]

TINY = 1e-300
"""Stands for a probability of zero under a logarithm [1]."""
FAR = 1000.0
"""First hits are weighed out to this many correlation lengths, where no hit reaches [1]."""


class Hits(NamedTuple):
    """Probability of each bin of hits, by place of the source relative to the searcher.

    All have the shape (bins, 2 nx - 1, 2 ny - 1), the searcher being at (nx - 1, ny - 1).
    ``chance``: the probability. ``log``: its natural logarithm. ``weighted``: their product.
    """

    chance: FloatArray
    log: FloatArray
    weighted: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A grid, where the searcher starts, and the law of hits.

    Parameters
    ----------
    name : str
        As in the benchmark.
    shape : tuple of int
        Cells along and across the wind.
    start : tuple of int
        Cell of the searcher's start.
    hits : Hits
        Probability of each bin of hits.
    first : ndarray, shape (bins,)
        Probability of each initial hit [1].
    episodes : int
        How many the publication ran.
    """

    name: str
    shape: tuple[int, int]
    start: tuple[int, int]
    hits: Hits
    first: FloatArray
    episodes: int


def poisson_bins(mean: FloatArray, bins: int) -> FloatArray:
    """Return Poisson probabilities of 0, 1, ... hits, the last bin collecting the tail.

    Parameters
    ----------
    mean : ndarray, shape (...)
        Mean number of hits [1].
    bins : int
        How many bins, two or more.

    Returns
    -------
    ndarray, shape (bins, ...)
        Probabilities; they sum to one over the bins [1].
    """
    counts = np.arange(bins - 1).reshape((bins - 1,) + (1,) * mean.ndim)
    log = counts * np.log(np.maximum(mean, TINY)) - mean - gammaln(counts + 1.0)
    # The tail by the incomplete gamma function: one minus the rest would lose small ones.
    return np.concatenate((np.exp(log), gammainc(bins - 1.0, mean)[None]))


def isotropic_mean(distance: FloatArray, length: float, radius: float) -> FloatArray:
    """Return the mean number of hits without wind, two-dimensional case of [2]_.

    Parameters
    ----------
    distance : ndarray
        From the searcher to the source [cells].
    length : float
        How far hits reach before they fade [cells].
    radius : float
        Emission rate times the time of a step [1].

    Returns
    -------
    ndarray
        Mean number of hits in a step [1].
    """
    return np.asarray(radius * k0(distance / length) / math.log(2.0 * length))


def windy_mean(
    distance: FloatArray, along: FloatArray, rate: float, speed: float, lifetime: float
) -> FloatArray:
    """Return the mean number of hits in a wind along the first axis, three dimensions in [2]_.

    Parameters
    ----------
    distance : ndarray
        From the searcher to the source [cells].
    along : ndarray
        The searcher's place less the source's along the wind [cells].
    rate : float
        Emission rate times the time of a step [1].
    speed, lifetime : float
        Of the wind and of what is smelled, in the benchmark's own units [1].

    Returns
    -------
    ndarray
        Mean number of hits in a step [1].
    """
    reach = math.sqrt(lifetime / speed**2 / (1.0 + lifetime / 4.0))
    return np.asarray(rate / distance * np.exp(0.5 * speed * along - distance / reach))


def _offsets(shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Return the distance of every relative place, one cell at zero, and its first component."""
    nx, ny = shape
    dx = np.arange(1.0 - nx, nx)[:, None]
    dy = np.arange(1.0 - ny, ny)[None, :]
    distance = np.hypot(dx, dy)
    distance[nx - 1, ny - 1] = 1.0
    return distance, np.broadcast_to(dx, distance.shape)


def _hits(mean: FloatArray, bins: int) -> Hits:
    chance = poisson_bins(mean, bins)
    log = np.log(np.maximum(chance, TINY))
    return Hits(*(np.ascontiguousarray(part) for part in (chance, log, chance * log)))


def isotropic(*, name: str, size: int, length: float, radius: float, episodes: int) -> Case:
    """Return a case without wind, the searcher starting in the middle.

    Parameters
    ----------
    name : str
        Of the case.
    size : int
        Cells along each side, odd.
    length, radius : float
        As in :func:`isotropic_mean` [cells, 1].
    episodes : int
        How many the publication ran.
    """
    nearest = float(isotropic_mean(np.array(1.0), length, radius))
    bins = math.ceil(nearest + math.sqrt(nearest)) + 1
    distance, _ = _offsets((size, size))
    # Rings of one cell's width, each as likely to hold the source as its area is large.
    radii = np.arange(1.0, FAR * length)
    rings = 2.0 * math.pi * radii
    first = poisson_bins(isotropic_mean(radii, length, radius), bins) @ rings
    first[0] = 0.0
    return Case(
        name=name,
        shape=(size, size),
        start=(size // 2, size // 2),
        hits=_hits(isotropic_mean(distance, length, radius), bins),
        first=first / first.sum(),
        episodes=episodes,
    )


def windy(*, name: str, rate: float, episodes: int) -> Case:
    """Return a case with wind along the first axis, the searcher starting far downwind.

    Parameters
    ----------
    name : str
        Of the case.
    rate : float
        Emission rate times the time of a step [1].
    episodes : int
        How many the publication ran.
    """
    shape = (81, 41)
    distance, toward = _offsets(shape)
    mean = windy_mean(distance, -toward, rate, speed=2.0, lifetime=150.0)
    return Case(
        name=name,
        shape=shape,
        start=(65, 20),
        hits=_hits(mean, 2),
        first=np.array([0.0, 1.0]),
        episodes=episodes,
    )


_MAKERS: dict[str, Callable[..., Case]] = {
    "isotropic-19": partial(isotropic, size=19, length=1.0, radius=1.0, episodes=50_000),
    "isotropic-53": partial(isotropic, size=53, length=3.0, radius=2.0, episodes=20_000),
    "windy-medium": partial(windy, rate=2.5, episodes=10_000),
    "windy-low": partial(windy, rate=0.25, episodes=10_000),
}
NAMES = tuple(_MAKERS)


def case(name: str) -> Case:
    """Return a case by its name.

    Raises
    ------
    UsageError
        There is no such case.
    """
    if name not in _MAKERS:
        raise UsageError(f"There is no case {name!r}. Choose one of: {', '.join(NAMES)}.")
    return _MAKERS[name](name=name)
