"""Weighted draws of one source and their prior; the mean weight is the evidence for the source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import SearchArea
from barlovento.search import belief_likelihood as columns

Floats = NDArray[np.float64]

RATE_MEDIAN, RATE_GSD = 1e-3, 10.0
"""Broad prior of a rate where the survey gives none, as in ``locate`` [kg s-1], [1]."""

SPEED_ERROR = 0.15
"""sd of the ln error of the wind speed; it only widens the rate [1]."""

TURN_CORE, TURN_TAIL, TAIL_SHARE = math.radians(7.0), math.radians(20.0), 0.25
"""The wind record as a whole is off by a core or, with this share, by a tail [rad]: the record's
own five degrees, and five more for a vane that errs from sector to sector."""

LATERAL_SD, VERTICAL_SD, SCATTER_SD = 0.4, 0.35, 0.4
"""sd of ln factors on the spreads and of the ln scatter [1]."""

ELSEWHERE = np.array([math.radians(3.0), 0.15, 0.15, 0.05])
"""sd of how the errors differ between two sources: turn [rad], ln spreads and ln scatter [1]."""

SCATTER_SHORT, SCATTER_LONG = 0.6, 0.35
"""Middle of the scatter for short averages and for those of five minutes and more [1]."""


class Prior(NamedTuple):
    """Prior of one source's unknowns; place even over the box, see :mod:`belief_kernels`."""

    low: Floats  # (3,)
    high: Floats  # (3,)
    rate_mu: float
    rate_sd: float
    error_mu: Floats  # (4,) turn [rad], ln factors on s_y and s_z, ln scatter [1]
    error_sd: Floats  # (4,)
    tail: float  # share of turns that come from the wide tail

    @property
    def height(self) -> tuple[float, float]:
        """Range of heights [m]."""
        return float(self.low[2]), float(self.high[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Weighted draws of one source.

    Parameters
    ----------
    draws : ndarray, shape (k, UNKNOWNS)
        See :mod:`barlovento.search.belief_kernels`.
    offered : ndarray, shape (k,)
        ln of prior over proposal [1].
    prior : ndarray, shape (k,)
        ln of the prior's density.
    settled, open : ndarray, shape (k,)
        ln of likelihood with it over that without, over closed blocks and over open ones [1].
    """

    draws: Floats
    offered: Floats
    settled: Floats
    open: Floats
    prior: Floats

    @property
    def density(self) -> Floats:
        """Ln of the posterior density up to a constant, shape (k,)."""
        return self.prior + self.settled + self.open

    @property
    def log_weight(self) -> Floats:
        """Unnormalised ln weights [1]."""
        return self.offered + self.settled + self.open

    @property
    def weight(self) -> Floats:
        """Weights that sum to one [1]."""
        return normal(self.log_weight)

    @property
    def log_evidence(self) -> float:
        """Ln evidence of one source of this prior against none [1]."""
        value = self.log_weight
        top = float(value.max())
        return top + math.log(float(np.exp(value - top).mean()))

    @property
    def best(self) -> Floats:
        """The draw of the largest posterior density that was met, shape (UNKNOWNS,)."""
        return np.asarray(self.draws[int(np.argmax(self.density))])

    @property
    def middle(self) -> Floats:
        """Mean place, shape (2,) [m]."""
        return np.asarray(self.weight @ self.draws[:, :2])

    @property
    def spread(self) -> float:
        """Root mean square distance from it, over root two [m]."""
        square = ((self.draws[:, :2] - self.middle) ** 2).sum(axis=1)
        return math.sqrt(0.5 * float(self.weight @ square))

    @property
    def effective(self) -> float:
        """Effective number of draws (Kish) [1]."""
        return float(1.0 / (self.weight**2).sum())


def normal(log_weight: Floats) -> Floats:
    """Return weights that sum to one from their logarithms."""
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def prior_of(area: SearchArea, averaging: float) -> Prior:
    """Return the prior of one source in a search area.

    Parameters
    ----------
    area : SearchArea
        Box and prior of the rate.
    averaging : float
        Usual averaging time of a reading [s].
    """
    rate = area.rate
    median, gsd = (rate.median, rate.gsd) if rate else (RATE_MEDIAN, RATE_GSD)
    low = np.array([area.x[0], area.y[0], area.release_height[0]])
    high = np.array([area.x[1], area.y[1], area.release_height[1]])
    high[2] = max(high[2], low[2] + 0.1)
    return Prior(
        low,
        high,
        math.log(median),
        math.hypot(math.log(gsd), SPEED_ERROR),
        np.array([0.0, 0.0, 0.0, math.log(SCATTER_SHORT if averaging < 300.0 else SCATTER_LONG)]),
        np.array([TURN_CORE, LATERAL_SD, VERTICAL_SD, SCATTER_SD]),
        TAIL_SHARE,
    )


def after(prior: Prior, cloud: Cloud) -> Prior:
    """Return the prior of a further source: what is wrong with the wind is so for all.

    Parameters
    ----------
    prior : Prior
        Of the first source.
    cloud : Cloud
        Draws of the first source, from which the errors of wind and spread are known.
    """
    errors = cloud.draws[:, columns.TURN :]
    mean = cloud.best[columns.TURN :]
    var = cloud.weight @ (errors - mean) ** 2
    return prior._replace(error_mu=mean, error_sd=np.sqrt(var + ELSEWHERE**2), tail=0.0)


def drawn(prior: Prior, count: int, rng: np.random.Generator) -> Floats:
    """Return draws of the prior that fill the box evenly, shape (count, UNKNOWNS)."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    even = qmc.Sobol(columns.UNKNOWNS, rng=rng).random_base2(math.ceil(math.log2(count)))[:count]
    even = np.clip(even, 1e-9, 1.0 - 1e-9)
    out = np.empty((count, columns.UNKNOWNS))
    out[:, :3] = prior.low + even[:, :3] * (prior.high - prior.low)
    bell = ndtri(even[:, 3:])
    out[:, columns.RATE] = prior.rate_mu + prior.rate_sd * bell[:, 0]
    out[:, columns.TURN :] = prior.error_mu + prior.error_sd * bell[:, 1:]
    tail = rng.random(count) < prior.tail
    out[tail, columns.TURN] = TURN_TAIL * bell[tail, 1]
    return out


def log_prior(prior: Prior, draws: Floats) -> Floats:
    """Return the ln density of the prior, minus infinity outside the box, shape (k,)."""
    place = draws[:, :3]
    inside = np.all((place >= prior.low) & (place <= prior.high), axis=1)
    lp = np.full(len(draws), -float(np.log(prior.high - prior.low).sum()))
    root = math.sqrt(2.0 * math.pi)
    lp -= 0.5 * ((draws[:, columns.RATE] - prior.rate_mu) / prior.rate_sd) ** 2
    lp -= math.log(prior.rate_sd * root)
    off = (draws[:, columns.TURN :] - prior.error_mu) / prior.error_sd
    lp -= (0.5 * off[:, 1:] ** 2 + np.log(prior.error_sd[1:] * root)).sum(axis=1)
    turn = (1.0 - prior.tail) / prior.error_sd[0] * np.exp(-0.5 * off[:, 0] ** 2)
    turn += prior.tail / TURN_TAIL * np.exp(-0.5 * (draws[:, columns.TURN] / TURN_TAIL) ** 2)
    lp += np.log(turn / root + 1e-300)
    return np.where(inside, lp, -np.inf)


def picked(weight: Floats, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return rows drawn in proportion to weights, evenly spread (systematic), shape (count,)."""
    at = (np.arange(count) + rng.random()) / count
    found = np.searchsorted(np.cumsum(weight), at * weight.sum())
    return np.asarray(np.minimum(found, len(weight) - 1), dtype=np.int64)
