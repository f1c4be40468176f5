"""What readings say of a rate, as a likelihood on one grid of log rates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from barlovento.assess.classes import Assumptions
from barlovento.domain.emitter import RateEstimate

FloatArray = NDArray[np.float64]

STEP = 0.1
GRID: FloatArray = np.arange(math.log(1e-12), math.log(1e2), STEP)
"""Natural logarithms of emission rates [ln(kg s-1)]."""

SURE = 0.999
"""No detection counts as surer than this: chains are finite [1]."""

NINETY = 1.2815515655446004
"""Standard normal quantile of nine in ten [1]."""


def likelihood(estimate: RateEstimate, assume: Assumptions, *, certain: bool = False) -> FloatArray:
    """Return how well each rate explains what was read of one gas, against no source of it.

    A source too weak to be seen explains a non-detect as well as none does, so the value is one
    at the low end; no source is so strong that it can't be missed. Of a detection, the posterior
    of the rate is divided by the prior that it was inferred with, and weighed by the odds that the
    source exists.

    Parameters
    ----------
    estimate : RateEstimate
        Of the gas.
    assume : Assumptions
        Widths.
    certain : bool
        Given that this gas is there: only its rate is open.

    Returns
    -------
    ndarray, shape (n,)
        On ``GRID``, relative to no source [1].
    """
    if certain:
        return _over_prior(estimate, assume)
    unseen = _unseen(estimate, assume)
    if not estimate.detected:
        return unseen
    probability = min(estimate.probability, SURE)
    odds = probability / (1.0 - probability)
    return unseen + odds * _over_prior(estimate, assume)


def quantiles(estimate: RateEstimate) -> tuple[float, float, float]:
    """Return 5 %, 50 % and 95 % of the rate of a gas that was found.

    Parameters
    ----------
    estimate : RateEstimate
        Detected.

    Returns
    -------
    tuple of float
        [kg s-1].
    """
    if estimate.samples:
        low, middle, high = np.quantile(np.asarray(estimate.samples), [0.05, 0.5, 0.95])
        return float(low), float(middle), float(high)
    assert estimate.q05 is not None
    assert estimate.median is not None
    assert estimate.q95 is not None
    return estimate.q05, estimate.median, estimate.q95


def _unseen(estimate: RateEstimate, assume: Assumptions) -> FloatArray:
    """Return the probability that a source of each rate would not have been seen."""
    from scipy.special import ndtr

    width = math.log(assume.limit_gsd)
    if estimate.limit is not None:
        middle = math.log(estimate.limit) - NINETY * width
    elif estimate.detected:
        # What was just seen lies near what can be seen at best.
        middle = math.log(quantiles(estimate)[0])
    else:
        return np.ones_like(GRID)
    weak = np.asarray(ndtr((middle - GRID) / width), dtype=np.float64)
    missed: FloatArray = assume.missed_anyway + (1.0 - assume.missed_anyway) * weak
    return missed


def _over_prior(estimate: RateEstimate, assume: Assumptions) -> FloatArray:
    """Return posterior over prior of the log rate, for even odds of a source beforehand."""
    # A rate beyond the grid counts as at its edge.
    edge = (float(GRID[0]) + 1.0, float(GRID[-1]) - 1.0)
    low, middle, high = (min(max(math.log(rate), edge[0]), edge[1]) for rate in quantiles(estimate))
    least = math.log(assume.least_rate_gsd)
    reach = 1.6448536269514722
    below = max((middle - low) / reach, least)
    above = max((high - middle) / reach, least)
    apart = GRID - middle
    # Two half normals that meet at the median, each holding half.
    width = np.where(apart < 0, below, above)
    posterior = np.exp(-0.5 * (apart / width) ** 2) / (math.sqrt(2 * math.pi) * width)
    prior_width = math.log(estimate.prior_gsd)
    if estimate.prior_median is None:
        return posterior * math.sqrt(2 * math.pi) * prior_width
    from_prior = (GRID - math.log(estimate.prior_median)) / prior_width
    # Far out in a prior's tail the division would run away: nobody meant that tail so exactly.
    prior = np.exp(-0.5 * np.minimum(np.abs(from_prior), 2.5) ** 2)
    ratio: FloatArray = posterior / prior * math.sqrt(2 * math.pi) * prior_width
    return ratio
