"""What is believed of hidden sources while readings stream in: zero, one or several of them.

>>> belief = start(Setting(species=species, area=area), seed=1)  # doctest: +SKIP
>>> belief = belief.updated(new_readings, wind_so_far)  # doctest: +SKIP
>>> belief.probability, belief.answer()  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from barlovento.domain.observation import Meteorology, Observations, Survey
from barlovento.search import belief_record, belief_rows, belief_update
from barlovento.search.belief_map import BeliefMap, Found, answer_of, map_of
from barlovento.search.belief_state import Setting, Slot, State

__all__ = ["Belief", "BeliefMap", "Found", "Setting", "Slot", "setting_of", "start"]


def setting_of(survey: Survey) -> Setting:
    """Return what a survey says before its readings are looked at."""
    return Setting(
        species=survey.species,
        area=survey.search,
        background=survey.background,
        response_time=survey.response_time or 0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief(State):
    """What is believed after the readings so far; never changed, only followed by another.

    Its parts are those of :class:`barlovento.search.belief_state.State`.
    """

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
        met = belief_update.with_wind(self.meteorology, meteorology)
        record = belief_record.taken_in(self.record, observations, self.setting.response_time)
        if len(record) == 0:
            return replace(self, meteorology=met)
        rng = np.random.default_rng([self.seed, self.steps])
        after = replace(self, record=record, meteorology=met, steps=self.steps + 1)
        after = belief_update.with_rows(after, met)
        news = len(record) - len(self.record)
        return belief_update.settled(belief_update.weighed(after), rng, news)


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
        setting=setting,
        seed=seed,
        steps=0,
        record=belief_record.no_record(),
        meteorology=None,
        air=belief_rows.no_air(setting.area),
        closed=belief_rows.no_rows(),
        waiting=belief_rows.no_rows(),
        n_closed=0,
        found=(),
        spare=None,
    )
    return belief_update.opened(belief, rng)
