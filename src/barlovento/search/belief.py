"""What is believed of hidden sources while readings stream in: zero, one or several of them.

Sources that were found are modelled with the readings they explain; beside them stands one *open*
source, wherever the next one may be. Each is a cloud of weighted draws whose mean weight is its
evidence. A batch of readings multiplies weights; only where too few draws are left with weight are
new ones drawn and weighed against all readings (docs/method/search.md, decision 0021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology, Observations, SearchArea, Survey
from barlovento.domain.species import Species
from barlovento.errors import BadInput
from barlovento.search import belief_kernels as kernels
from barlovento.search import belief_rows as rows_of
from barlovento.search.belief_cloud import (
    Anchor,
    Cloud,
    Prior,
    after,
    drawn,
    drawn_anew,
    log_prior,
    prior_of,
)
from barlovento.search.belief_map import BeliefMap, Found, answer_of, map_of

Floats = NDArray[np.float64]

COUNT_RATIO = 0.1
"""Each further source is a tenth as probable beforehand as the one before, as in ``locate`` [1]."""

FIRST, AGAIN = 4096, 2048
"""Draws of a new open source, and of a cloud that is drawn anew [1]."""

BUDGET = 6.0e5
"""Most pairs of a draw and a reading that one proposal may cost [1]."""

THIN = 120.0
"""Effective draws below which a cloud is drawn anew [1]."""

ROUNDS = 5
"""Most proposals in turn [1]."""

FOUND, LOST = 0.95, 0.3
"""Probability at which the open source becomes a found one, and below which that is undone [1]."""

CLEAR = 4.0
"""Noises above the background from which on gas was met [1]."""

NEAR = 30.0
"""A source becomes a found one where its place is known to this distance [m]."""


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


def setting_of(survey: Survey) -> Setting:
    """Return what a survey says before its readings are looked at."""
    return Setting(
        species=survey.species,
        area=survey.search,
        background=survey.background,
        response_time=survey.response_time or 0.0,
    )


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
class Belief:
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
    record: rows_of.Record
    meteorology: Meteorology | None
    air: rows_of.Air
    closed: rows_of.Packed
    waiting: rows_of.Packed
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
    def map(self) -> BeliefMap:
        """Expected number of sources per area."""
        return map_of(self.slots, self.setting.area)

    def answer(self) -> tuple[Found, ...]:
        """Return the sources that are more probable than not."""
        return answer_of(self.slots, self.seed)

    def updated(self, observations: Observations, meteorology: Meteorology) -> Belief:
        """Return the belief after more readings.

        Parameters
        ----------
        observations : Observations
            New readings only.
        meteorology : Meteorology
            The wind record, all of it so far or what is new.

        Raises
        ------
        BadInput
            If a reading is not later than those taken in before, or if there is no wind.
        """
        met = _with_wind(self.meteorology, meteorology)
        record = rows_of.taken_in(self.record, observations, self.setting.response_time)
        if len(record) == 0:
            return replace(self, meteorology=met)
        rng = np.random.default_rng([self.seed, self.steps])
        after = replace(self, record=record, meteorology=met, steps=self.steps + 1)
        after = after._with_rows(met)
        after = after._weighed()
        return after._settled(rng)

    def _with_rows(self, met: Meteorology) -> Belief:
        """Return the belief with rows of new and waiting readings; closed blocks stay closed."""
        record, micro = self.record, rows_of.MICRO
        origin, width = float(record.start[0]), rows_of.block_width(record)
        middle = 0.5 * (record.start + record.end)
        ends = origin + (np.floor((middle - origin) / width) + 1.0) * width
        now = float(record.end[-1])
        over = (ends <= now) & ((ends <= met.time[-1]) | (ends < now - rows_of.LATE))
        closing = np.flatnonzero(over & (np.arange(len(record)) >= self.n_closed))
        n_closed = int(closing[-1]) + 1 if len(closing) else self.n_closed
        setting = self.setting
        background = None if setting.background is None else setting.background * micro
        limit = None if setting.detection_limit is None else setting.detection_limit * micro

        def rows(a: int, b: int, air: rows_of.Air) -> tuple[rows_of.Packed, rows_of.Air]:
            return rows_of.packed(
                record, np.arange(a, b), met, air, setting.area, background, limit, origin
            )

        fresh, air = rows(self.n_closed, n_closed, self.air)
        waiting, air = rows(n_closed, len(record), air)
        after = replace(self, air=air, waiting=waiting, n_closed=n_closed)
        return after._closing(fresh)

    def _closing(self, fresh: rows_of.Packed) -> Belief:
        """Return the belief with rows added to the closed ones, and all clouds weighed by them."""
        if len(fresh.rows) == 0:
            return self
        explained = [self._explained(slot, fresh) for slot in self.found]
        slots = []
        for k, slot in enumerate(self.slots):
            known, lever = _others(explained, k, len(fresh.rows))
            gain = self._evidence(slot.cloud.draws, fresh, known, lever)
            cloud = replace(slot.cloud, settled=slot.cloud.settled + gain)
            own = explained[k] if k < len(explained) else _nothing(len(fresh.rows))
            slots.append(
                Slot(
                    cloud=cloud,
                    known=np.concatenate([slot.known, own[0]]),
                    lever=np.concatenate([slot.lever, own[1]]),
                )
            )
        return replace(self, closed=rows_of.joined(self.closed, fresh))._with_slots(slots)

    def _with_slots(self, slots: list[Slot]) -> Belief:
        n = len(self.found)
        return replace(
            self, found=tuple(slots[:n]), spare=slots[n] if self.spare is not None else None
        )

    def _weighed(self) -> Belief:
        """Return the belief with all clouds weighed by the rows of blocks that are not over."""
        explained = [self._explained(slot, self.waiting) for slot in self.found]
        slots = []
        for k, slot in enumerate(self.slots):
            known, lever = _others(explained, k, len(self.waiting.rows))
            gain = self._evidence(slot.cloud.draws, self.waiting, known, lever)
            slots.append(replace(slot, cloud=replace(slot.cloud, open=gain)))
        return self._with_slots(slots)

    def _settled(self, rng: np.random.Generator) -> Belief:
        """Return the belief with thin clouds drawn anew, sources found, and lost ones let go."""
        belief = self
        for k in range(len(belief.slots)):
            if belief.slots[k].cloud.effective < THIN:
                belief = belief._anew(k, rng)
        lost = [slot.probability < LOST for slot in belief.found]
        if any(lost):
            kept = tuple(s for s, gone in zip(belief.found, lost, strict=True) if not gone)
            belief = replace(belief, found=kept, spare=None)._opened(rng)
        spare = belief.spare
        if spare is None or spare.probability < FOUND or spare.cloud.spread > NEAR:
            return belief
        if len(spare.cloud.draws) > AGAIN or spare.cloud.effective < THIN:
            belief = belief._anew(len(belief.found), rng)
            spare = belief.spare
            if spare is None or spare.probability < FOUND or spare.cloud.spread > NEAR:
                return belief
        for k, slot in enumerate(belief.found):
            alone = belief._alone(k, spare, rng)
            if (
                alone.log_evidence
                > slot.cloud.log_evidence + math.log(COUNT_RATIO) + spare.cloud.log_evidence
            ):
                # one source elsewhere explains what these two would
                moved = belief._explaining(replace(slot, cloud=alone))
                found = (*belief.found[:k], moved, *belief.found[k + 1 :])
                return replace(belief, found=found, spare=None)._opened(rng)
        found = (*belief.found, belief._explaining(spare))
        return replace(belief, found=found, spare=None)._opened(rng)

    def _alone(self, k: int, spare: Slot, rng: np.random.Generator) -> Cloud:
        """Return a cloud for one source in place of found one k and the open one."""
        one, two = self.found[k].cloud, spare.cloud
        draws = np.concatenate([one.draws, two.draws])
        return self._proposed(
            k, draws, np.log(np.concatenate([one.weight, two.weight]) + 1e-300), rng
        )

    def _opened(self, rng: np.random.Generator) -> Belief:
        """Return the belief with a new open source, drawn from the prior, weighed by all rows."""
        if len(self.found) >= self.setting.area.max_sources:
            return replace(self, spare=None)
        n = max(len(self.closed.rows) + len(self.waiting.rows), 1)
        count = int(min(max(2.0 * BUDGET / n, 1024), FIRST))
        prior = self.prior_for(len(self.found))
        draws = drawn(prior, count, rng)
        cloud = Cloud(
            draws=draws,
            offered=np.zeros(count),
            settled=np.zeros(count),
            open=np.zeros(count),
            prior=log_prior(prior, draws),
        )
        known = _nothing(len(self.closed.rows))
        after = replace(self, spare=Slot(cloud=cloud, known=known[0], lever=known[1]))
        return after._reweighed(len(self.found))

    def _reweighed(self, k: int) -> Belief:
        """Return the belief with slot k's draws weighed by closed and waiting rows anew."""
        slots = list(self.slots)
        closed = [(slot.known, slot.lever) for slot in self.found]
        waiting = [self._explained(slot, self.waiting) for slot in self.found]
        gains = [
            self._evidence(slots[k].cloud.draws, rows, *_others(explained, k, len(rows.rows)))
            for rows, explained in ((self.closed, closed), (self.waiting, waiting))
        ]
        slots[k] = replace(slots[k], cloud=replace(slots[k].cloud, settled=gains[0], open=gains[1]))
        return self._with_slots(slots)

    def _anew(self, k: int, rng: np.random.Generator) -> Belief:
        """Return the belief with slot k drawn anew about where it has weight."""
        old = self.slots[k].cloud
        slots = list(self.slots)
        slots[k] = replace(slots[k], cloud=self._proposed(k, old.draws, old.log_weight, rng))
        after = self._with_slots(slots)
        if k < len(self.found):
            # what the others were weighed against has changed
            slots[k] = after._explaining(slots[k])
            after = after._with_slots(slots)
            for n in range(len(slots)):
                after = after if n == k else after._reweighed(n)
        return after

    def _proposed(
        self, k: int, draws: Floats, log_weight: Floats, rng: np.random.Generator
    ) -> Cloud:
        """Return a new cloud for slot k from weighted draws, weighed by all rows."""
        both = rows_of.joined(self.closed, self.waiting)
        closed = [(slot.known, slot.lever) for slot in self.found]
        waiting = [self._explained(slot, self.waiting) for slot in self.found]
        first = _others(closed, k, len(self.closed.rows))
        second = _others(waiting, k, len(self.waiting.rows))
        known, lever = (np.concatenate(pair) for pair in zip(first, second, strict=True))
        count = int(min(max(BUDGET / max(len(both.rows), 1), 400), AGAIN))
        new = drawn_anew(
            self.prior_for(k), draws, log_weight,
            lambda draws: self._evidence(draws, both, known, lever),
            self._anchor(both.rows, known), count=count, rounds=ROUNDS, rng=rng,
        )  # fmt: skip
        gain = self._evidence(new.draws, self.waiting, *second)
        return replace(new, settled=new.settled - gain, open=gain)

    def _anchor(self, rows: Floats, known: Floats) -> Anchor | None:
        """Return where gas was met that no other source explains; None where there was none."""
        if len(rows) == 0:
            return None
        noise = np.sqrt(rows[:, kernels.VARIANCE])
        clear = (rows[:, kernels.EXCESS] - known.mean(axis=1)) / noise - CLEAR
        weight = np.where(rows[:, kernels.HIDDEN] > 0.5, 0.0, np.maximum(clear, 0.0)) ** 0.5
        if weight.sum() < CLEAR:
            return None
        weight /= weight.sum()
        towards = rows[:, kernels.TOWARDS]
        table, air = self.air.tables, int(rows[int(np.argmax(weight)), kernels.AIR])
        return Anchor(
            float(weight @ rows[:, kernels.POINT_X]),
            float(weight @ rows[:, kernels.POINT_Y]),
            float(weight @ rows[:, kernels.POINT_Z]),
            math.atan2(float(weight @ np.sin(towards)), float(weight @ np.cos(towards))),
            *self.prior_for(0).height,
            table.step * np.arange(table.sigma_y.shape[1]),
            table.sigma_y[air],
            table.sigma_z[air],
        )

    def _explaining(self, slot: Slot) -> Slot:
        """Return a slot with what it explains of the closed rows computed anew."""
        known, lever = self._explained(slot, self.closed)
        return replace(slot, known=known, lever=lever)

    def _explained(self, slot: Slot, packed: rows_of.Packed) -> tuple[Floats, Floats]:
        """Return what a source's best draw adds at each row and turn, and its lever.

        The mean over draws would be a plume that none of them has.
        """
        known, lever = _nothing(len(packed.rows))
        if len(packed.rows):
            kernels.explained(
                slot.cloud.best[None], np.ones(1), packed.rows, *self.tables, kernels.TURN_NODE,
                known, lever,
            )  # fmt: skip
        return known, lever

    def _evidence(
        self, draws: Floats, packed: rows_of.Packed, known: Floats, lever: Floats
    ) -> Floats:
        """Return the ln likelihood of each draw over that without it, shape (k,)."""
        out = np.zeros(len(draws))
        if len(packed.rows) and len(draws):
            kernels.evidence(
                np.ascontiguousarray(draws), *packed, known, lever, *self.tables,
                kernels.TURN_NODE, kernels.TURN_LOG_WEIGHT, self._scatter2, out,
            )  # fmt: skip
        return out

    @property
    def _scatter2(self) -> float:
        """Squared scatter of what is explained already [1]."""
        if not self.found:
            return 0.0
        return math.exp(2.0 * float(self.found[0].cloud.best[kernels.SCATTER]))

    @property
    def tables(self) -> tuple[Floats, Floats, Floats, Floats, float]:
        """Tables of spread as the kernels take them."""
        t = self.air.tables
        return t.sigma_y, t.sigma_z, t.speed_ratio, t.mixing_height, 1.0 / t.step


def start(setting: Setting, seed: int) -> Belief:
    """Return the belief before any reading.

    Parameters
    ----------
    setting : Setting
        What is known.
    seed : int
        Same seed and readings, same belief.
    """
    rng = np.random.default_rng([seed, 2**31])
    belief = Belief(
        setting=setting, seed=seed, steps=0, record=rows_of.no_record(), meteorology=None,
        air=rows_of.no_air(setting.area), closed=rows_of.no_rows(), waiting=rows_of.no_rows(),
        n_closed=0, found=(), spare=None,
    )  # fmt: skip
    return belief._opened(rng)


def _nothing(n: int) -> tuple[Floats, Floats]:
    """Return no plume at n rows, with its lever."""
    return np.zeros((n, kernels.TURNS)), np.zeros((n, kernels.TURNS))


def _others(explained: list[tuple[Floats, Floats]], own: int, n: int) -> tuple[Floats, Floats]:
    """Return the sum of what all sources but one explain."""
    known, lever = _nothing(n)
    for k, (a, b) in enumerate(explained):
        if k != own:
            known += a
            lever += b
    return known, lever


def _with_wind(old: Meteorology | None, new: Meteorology) -> Meteorology:
    """Return the wind record with new records behind the old ones."""
    if old is None or len(new) == 0:
        met = new if old is None else old
    else:
        later = new.time > old.time[-1]
        if not later.any():
            return old
        joined = {
            name: np.concatenate([getattr(old, name), getattr(new, name)[later]])
            for name in (
                "time", "wind_speed", "wind_from_direction", "wind_from_direction_sd",
                "friction_velocity", "obukhov_length", "mixing_height", "temperature", "pressure",
                "roughness_length",
            )
        }  # fmt: skip
        met = replace(old, **joined)
    if len(met) == 0:
        raise BadInput("There is no wind record. Give at least one, not later than the readings.")
    return met
