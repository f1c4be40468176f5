"""What is known of one source across gases, and what kind of emitter it may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from barlovento.errors import BadInput

Shape = Literal["point", "area", "line"]
SHAPES: tuple[Shape, ...] = ("point", "area", "line")

UNEXPLAINED = "unexplained"
BACKGROUND = "background"
OTHER_REGISTERED = "other_registered"
UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateEstimate:
    """What the readings say of one gas from one source.

    Parameters
    ----------
    detected : bool
        Whether a source of this gas was found there.
    median, q05, q95 : float or None
        Of the emission rate, given that it was found [kg s-1].
    samples : tuple of float
        Draws of the rate in place of the three quantiles [kg s-1].
    limit : float or None
        A source of this rate there would have been seen nine times in ten; None where that is not
        known, and then a gas that was not found says nothing [kg s-1].
    probability : float
        That there is a source of this gas at all, as `locate` tells it [1].
    prior_gsd : float
        Geometric standard deviation of the lognormal rate prior that the quantiles were inferred
        with, so that it is not counted twice [1].
    prior_median : float or None
        Its median; None where the quantiles hold no prior [kg s-1].
    """

    detected: bool
    median: float | None = None
    q05: float | None = None
    q95: float | None = None
    samples: tuple[float, ...] = ()
    limit: float | None = None
    probability: float = 1.0
    prior_gsd: float = 10.0
    prior_median: float | None = None

    def __post_init__(self) -> None:
        known = [rate for rate in (self.median, self.q05, self.q95, self.limit) if rate is not None]
        for rate in (*known, *self.samples):
            if not (math.isfinite(rate) and rate > 0):
                raise BadInput(f"{rate!r} is no emission rate. Give a number above 0 in kg s-1.")
        if not 0 <= self.probability <= 1:
            raise BadInput(f"{self.probability!r} is no probability. Give a number from 0 to 1.")
        if self.detected and not self.samples:
            if self.median is None or self.q05 is None or self.q95 is None:
                raise BadInput(
                    "A gas that was found needs its rate: give median, q05 and q95, or samples."
                )
            if not self.q05 <= self.median <= self.q95:
                raise BadInput(
                    f"The quantiles {self.q05!r}, {self.median!r}, {self.q95!r} don't ascend. "
                    "Give q05, median and q95 in kg s-1."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """How a source looks on the ground, as far as that was seen.

    Parameters
    ----------
    kind : str or None
        ``"point"``, ``"area"`` or ``"line"``; None where it was not seen.
    extent : float or None
        Across its longest side; None where it was not seen [m].
    """

    kind: Shape | None = None
    extent: float | None = None

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in SHAPES:
            raise BadInput(f"{self.kind!r} is no shape. Write point, area or line.")
        if self.extent is not None and not (math.isfinite(self.extent) and self.extent > 0):
            raise BadInput(f"{self.extent!r} is no extent. Give metres above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A known emitter near a source.

    Parameters
    ----------
    kind : str
        A class of the table, or anything else that the register calls it.
    distance : float
        Between the register's place and the source's [m].
    sigma : float
        Error of that distance along one axis: the source's place and the register's together [m].
    name : str
        As the register has it.
    """

    kind: str
    distance: float
    sigma: float
    name: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.distance) and self.distance >= 0):
            raise BadInput(f"{self.distance!r} is no distance. Give metres, 0 or more.")
        if not (math.isfinite(self.sigma) and self.sigma > 0):
            raise BadInput(f"{self.sigma!r} is no location error. Give metres above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioBand:
    """One gas's share of the reference gas: what was found, and what each class lets expect.

    Parameters
    ----------
    species, reference : str
        Gas above and below the line.
    found : tuple of float
        5 %, 50 % and 95 % of the ratio; the last alone counts where ``censored`` [1].
    censored : bool
        The gas was not found: its ratio lies below ``found[2]``.
    expected : mapping of str to tuple of float
        5 % and 95 % for each class [1].
    """

    species: str
    reference: str
    found: tuple[float, float, float]
    censored: bool
    expected: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What one source may be, and why.

    Parameters
    ----------
    probabilities : mapping of str to float
        Of each class, ``unexplained`` and ``background``; they sum to one [1].
    prior : mapping of str to float
        The same before the readings and the register [1].
    verdict : str
        What may be reported: a class, ``unexplained``, ``background`` or ``undecided``.
    evidence : mapping of str to mapping of str to float
        For each class and each thing observed (a gas, ``rate``, ``shape``, ``time``,
        ``register``): natural logarithm of how much better the class expected it than all classes
        on average [1].
    ratios : tuple of RatioBand
        Found and expected ratios between gases.
    assumptions : tuple of str
        What the answer rests on, in plain words.
    """

    probabilities: Mapping[str, float]
    prior: Mapping[str, float]
    verdict: str
    evidence: Mapping[str, Mapping[str, float]]
    ratios: tuple[RatioBand, ...]
    assumptions: tuple[str, ...]
