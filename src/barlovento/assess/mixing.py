"""How well each class explains the rates of several gases: sums over what isn't known of it.

The latent quantity is the logarithm g of a class's whole rate. Given g, a sign of the class has a
level b about g, a gas of the sign a rate x about b, any other gas a rate about g; every x is
seen through its likelihood. All are summed over one grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from barlovento.assess.classes import KILOGRAMS, Assumptions, ClassTable, EmitterClass, Sign
from barlovento.assess.rates import GRID
from barlovento.domain.emitter import UNEXPLAINED

FloatArray = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)
PRESENT: FloatArray = (_NODES + 1) / 2
"""Share of the gases that a class does not name of which there is a trace: none to all [1]."""
PRESENT_WEIGHT: FloatArray = _WEIGHTS / 2

LEAST_GSD = 1.12
"""Narrower than this a spread falls between the grid's points [1]."""


class Evidence:
    """The readings of several gases, ready to be held against each class.

    Parameters
    ----------
    table : ClassTable
        The classes.
    likelihoods : mapping of str to ndarray, shape (n,)
        For each gas, on ``GRID``, relative to no source [1].
    """

    def __init__(self, table: ClassTable, likelihoods: Mapping[str, FloatArray]) -> None:
        self._table = table
        self._gases = tuple(likelihoods)
        self._likelihood = [likelihoods[gas] for gas in self._gases]
        self._parts: dict[tuple[int, float, float], FloatArray] = {}

    def of(self, without: Iterable[str] = ()) -> dict[str, float]:
        """Return the probability of the readings under each class, over that under no source.

        Parameters
        ----------
        without : iterable of str
            Gases to leave out.

        Returns
        -------
        dict of str to float
            For each class and ``unexplained`` [1].
        """
        left_out = set(without)
        gases = {gas: k for k, gas in enumerate(self._gases) if gas not in left_out}
        found = {one.name: self._of_class(one, gases) for one in self._table.classes}
        return {**found, UNEXPLAINED: self._of_unexplained(gases)}

    def _of_class(self, one: EmitterClass, gases: Mapping[str, int]) -> float:
        assume = self._table.assume
        total = _whole_rate(one.rate, one.rate_gsd, assume)
        named = {gas for sign in one.signs for gas in sign.offsets}
        for sign in one.signs:
            total = total * self._of_sign(sign, gases)
        rest = np.ones((2, GRID.size, PRESENT.size))
        chance = np.array(assume.foreign)[:, None, None]
        for gas, k in gases.items():
            if gas not in named:
                foreign = self._part(k, assume.any_share, assume.any_share_gsd)[:, None]
                trace = self._part(k, one.rest_share, assume.rest_gsd)[:, None]
                usual = PRESENT * trace + (1 - PRESENT) * self._likelihood[k][0]
                rest *= (1 - chance) * usual + chance * foreign
        summed = rest @ PRESENT_WEIGHT
        return float(np.sum(total * ((1 - assume.mixed) * summed[0] + assume.mixed * summed[1])))

    def _of_sign(self, sign: Sign, gases: Mapping[str, int]) -> FloatArray:
        """Return the sign's factor for each whole rate."""
        assume = self._table.assume
        level = np.ones_like(GRID)
        for gas, offset in sign.offsets.items():
            if gas in gases:
                there = self._part(gases[gas], math.exp(offset), sign.within_gsd)
                missing = self._part(gases[gas], assume.rest_share, assume.rest_gsd)
                level *= (1 - sign.missing) * there + sign.missing * missing
        factor: FloatArray = spread(sign.share, sign.share_gsd, assume.tail) @ level
        return factor

    def _of_unexplained(self, gases: Mapping[str, int]) -> float:
        """Any number of gases is there, any of them alike, in any share."""
        assume = self._table.assume
        # Row k: summed over all choices of k gases that are there.
        chosen = np.zeros((len(gases) + 1, GRID.size))
        chosen[0] = 1.0
        for k in gases.values():
            with_it = chosen[:-1] * self._part(k, assume.any_share, assume.any_share_gsd)
            chosen *= self._likelihood[k][0]
            chosen[1:] += with_it
        numbers = np.arange(len(gases) + 1)
        weights = 1.0 / np.maximum(numbers, 1)
        weights /= weights.sum()
        choices = np.array([math.comb(len(gases), number) for number in numbers], dtype=float)
        median = assume.unexplained_rate_g_s * KILOGRAMS
        rate = _whole_rate(median, assume.unexplained_rate_gsd, assume)
        return float(np.sum(rate * ((weights / choices) @ chosen)))

    def _part(self, k: int, share: float, gsd: float) -> FloatArray:
        """Return a gas's likelihood, summed over its part, for each level of the whole."""
        key = (k, share, gsd)
        if key not in self._parts:
            matrix = spread(share, gsd, self._table.assume.tail)
            self._parts[key] = matrix @ self._likelihood[k]
        return self._parts[key]


def _whole_rate(median: float, gsd: float, assume: Assumptions) -> FloatArray:
    """Return the weight of each log rate of the grid, with heavy tails."""
    # An error that all gases share moves the whole and no ratio.
    width = math.hypot(math.log(gsd), math.log(assume.shared_rate_gsd))
    apart = GRID - math.log(median)
    return _normalised(_heavy(apart, width, assume.tail))


@lru_cache(maxsize=64)
def spread(share: float, gsd: float, tail: float) -> FloatArray:
    """Return the transition from a log rate to that of a part of it, about ``share`` of it.

    Parameters
    ----------
    share : float
        Expected part [1].
    gsd : float
        Geometric standard deviation of the part [1].
    tail : float
        Share of widths that are three times as wide [1].

    Returns
    -------
    ndarray, shape (n, n)
        Row: of the whole, column: of the part; rows sum to one [1].
    """
    apart = GRID[None, :] - GRID[:, None] - math.log(share)
    return _normalised(_heavy(apart, math.log(max(gsd, LEAST_GSD)), tail))


def _heavy(apart: FloatArray, width: float, tail: float) -> FloatArray:
    narrow = np.exp(-0.5 * (apart / width) ** 2)
    wide = np.exp(-0.5 * (apart / (3 * width)) ** 2) / 3
    both: FloatArray = (1 - tail) * narrow + tail * wide
    return both


def _normalised(weights: FloatArray) -> FloatArray:
    total: FloatArray = weights.sum(axis=-1, keepdims=True)
    # A row whose part lies wholly beyond the grid has no say.
    scaled: FloatArray = weights / np.maximum(total, 1e-300)
    return scaled
