"""A belief as a map over the search area, and as an answer: places with regions, rates, numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import SearchArea
from barlovento.domain.regions import credible_region
from barlovento.search import belief_likelihood as columns
from barlovento.search.belief_cloud import picked

if TYPE_CHECKING:
    from barlovento.search.belief_state import Slot

Floats = NDArray[np.float64]

CELLS = 80
"""Cells along the longer side of a map [1]."""

DRAWS = 2000
"""Draws that a region is made from [1]."""

TOLD = 0.5
"""Probability from which on a source is told in the answer [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefMap:
    """Where sources are believed to be.

    Parameters
    ----------
    x, y : ndarray
        Middles of the cells [m].
    density : ndarray, shape (y, x)
        Expected number of sources per area [m-2].
    expected_number : float
        Over the whole area [1].
    """

    x: Floats
    y: Floats
    density: Floats
    expected_number: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One source of an answer.

    Parameters
    ----------
    x, y : float
        Medians [m].
    probability : float
        That it exists [1].
    emission_rate : tuple of float
        5 %, 50 % and 95 % quantiles given that it exists [kg s-1].
    region90 : mapping
        The smallest region that holds 90 %, GeoJSON in local metres.
    region90_area : float
        [m2].
    """

    x: float
    y: float
    probability: float
    emission_rate: tuple[float, float, float]
    region90: Mapping[str, Any]
    region90_area: float


def map_of(slots: Sequence[Slot], area: SearchArea) -> BeliefMap:
    """Return the expected number of sources per area.

    Parameters
    ----------
    slots : sequence of Slot
        All sources, the open one too.
    area : SearchArea
        Whose box is mapped.
    """
    wide, high = area.x[1] - area.x[0], area.y[1] - area.y[0]
    cell = max(wide, high) / CELLS
    nx, ny = max(round(wide / cell), 1), max(round(high / cell), 1)
    total = np.zeros((ny, nx))
    for slot in slots:
        weight = slot.cloud.weight * slot.probability
        draws = slot.cloud.draws
        each, _, _ = np.histogram2d(
            draws[:, 1], draws[:, 0], bins=(ny, nx), range=(area.y, area.x), weights=weight
        )
        # as wide as the draws are apart, so that few draws don't speckle
        count = slot.cloud.effective
        middle = slot.cloud.weight @ draws[:, :2]
        spread = math.sqrt(
            0.5 * float(slot.cloud.weight @ ((draws[:, :2] - middle) ** 2).sum(axis=1))
        )
        total += _blurred(each, max(spread / cell * count ** (-1.0 / 6.0), 0.3))
    number = sum(slot.probability for slot in slots)
    total *= number / max(float(total.sum()), 1e-300)
    return BeliefMap(
        x=area.x[0] + (np.arange(nx) + 0.5) * wide / nx,
        y=area.y[0] + (np.arange(ny) + 0.5) * high / ny,
        density=total / (wide / nx * high / ny),
        expected_number=number,
    )


def _blurred(values: Floats, cells: float) -> Floats:
    """Return a Gaussian blur along both axes."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(values, cells, mode="nearest"))


def answer_of(slots: Sequence[Slot], seed: int, least: float = TOLD) -> tuple[Found, ...]:
    """Return the sources that are more probable than not, most probable first.

    Parameters
    ----------
    slots : sequence of Slot
        All sources.
    seed : int
        Of the draws that regions are made from.
    least : float
        Least probability that is told [1].
    """
    from shapely.geometry import shape

    rng = np.random.default_rng([seed, 7])
    out = []
    for slot in slots:
        if slot.probability < least:
            continue
        weight = slot.cloud.weight
        draws = slot.cloud.draws[picked(weight, DRAWS, rng)]
        # draws that were picked twice would make spikes of no width
        spread = draws[:, :2].std(axis=0) * max(slot.cloud.effective, 8.0) ** (-1.0 / 6.0)
        place = draws[:, :2] + 0.5 * spread * rng.standard_normal((DRAWS, 2))
        rate = np.quantile(np.exp(draws[:, columns.RATE]), [0.05, 0.5, 0.95])
        region = credible_region(place[:, 0], place[:, 1])
        out.append(
            Found(
                x=float(np.median(draws[:, 0])),
                y=float(np.median(draws[:, 1])),
                probability=slot.probability,
                emission_rate=(float(rate[0]), float(rate[1]), float(rate[2])),
                region90=region,
                region90_area=float(shape(region).area),
            )
        )
    return tuple(sorted(out, key=lambda found: -found.probability))
