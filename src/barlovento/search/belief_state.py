"""What a search knows: its setting, its readings as rows, and its clouds of draws.

Sources that were found are modelled with the readings they explain; beside them stands one *open*
source, wherever the next one may be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology, SearchArea
from barlovento.domain.species import Species
from barlovento.search import belief_likelihood as columns
from barlovento.search.belief_cloud import Cloud, Prior, after, prior_of
from barlovento.search.belief_record import Record
from barlovento.search.belief_rows import Air, Packed

Floats = NDArray[np.float64]

COUNT_RATIO = 0.1
"""Each further source is a tenth as probable beforehand as the one before, as in ``locate`` [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known before the first reading.

    Parameters
    ----------
    species : Species
        What is measured.
    area : SearchArea
        Where sources may be, how many, how strong.
    background : float or None
        Known background [kg m-3].
    detection_limit : float or None
        Of the sensors; a least size of their noise follows from it [kg m-3].
    response_time : float
        Time constant of the sensors' lag; readings are told of the place before it [s].
    """

    species: Species
    area: SearchArea
    background: float | None = None
    detection_limit: float | None = None
    response_time: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One source and what it explains of the closed blocks.

    Parameters
    ----------
    cloud : Cloud
        Draws.
    known, lever : ndarray, shape (n, t)
        What it adds at every closed reading and turn, and its lateral lever [ug m-3].
    """

    cloud: Cloud
    known: Floats
    lever: Floats

    @property
    def probability(self) -> float:
        """That this source exists, given those before it [1]."""
        odds = math.log(COUNT_RATIO) + self.cloud.log_evidence
        return float(1.0 / (1.0 + math.exp(-min(max(odds, -700.0), 700.0))))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is believed after the readings so far; never changed, only followed by another.

    Parameters
    ----------
    setting : Setting
        What was known before.
    seed, steps : int
        Of the random numbers, and batches taken in so far.
    record : Record
        Averaged readings.
    meteorology : Meteorology or None
        Wind so far.
    air : Air
        States of the air so far.
    closed : Packed
        Rows of blocks of time that are over.
    waiting : Packed
        Rows of blocks that may still grow, or wait for their wind.
    n_closed : int
        Readings in closed blocks.
    found : tuple of Slot
        Sources that are all but sure.
    spare : Slot or None
        The open one; None once the area's largest number was found.
    """

    setting: Setting
    seed: int
    steps: int
    record: Record
    meteorology: Meteorology | None
    air: Air
    closed: Packed
    waiting: Packed
    n_closed: int
    found: tuple[Slot, ...]
    spare: Slot | None

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All sources, the open one last."""
        return self.found if self.spare is None else (*self.found, self.spare)

    @property
    def probability(self) -> float:
        """That there is at least one source [1]."""
        return 1.0 - math.prod(1.0 - slot.probability for slot in self.slots)

    @property
    def readings(self) -> int:
        """How many averaged readings were taken in."""
        return len(self.record)

    def prior_for(self, k: int) -> Prior:
        """Return the prior of slot k; errors of wind and spread are those of the first source."""
        window = self.record.end - self.record.start
        prior = prior_of(self.setting.area, float(np.median(window)) if window.size else 1.0)
        return after(prior, self.found[0].cloud) if k and self.found else prior

    @property
    def scatter2(self) -> float:
        """Squared scatter of what is explained already [1]."""
        if not self.found:
            return 0.0
        return math.exp(2.0 * float(self.found[0].cloud.best[columns.SCATTER]))

    @property
    def tables(self) -> tuple[Floats, Floats, Floats, Floats, float]:
        """Tables of spread as the kernels take them."""
        t = self.air.tables
        return t.sigma_y, t.sigma_z, t.speed_ratio, t.mixing_height, 1.0 / t.step
