"""The belief as a whole: it finds, it doubts, it goes on instead of beginning again."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from shapely.geometry import Point, shape

from barlovento.errors import BadInput
from barlovento.search.belief import Belief, Setting, start

SOURCE = (-40.0, 30.0, 2.0, 2e-4)


@pytest.fixture
def after(flight: Callable[..., Any], setting: Setting, rows: Any) -> Belief:
    made = flight(rows, [SOURCE])
    return start(setting, 1).updated(made.readings, made.wind)


def test_a_source_is_found_inside_its_region(after: Belief) -> None:
    assert after.probability > 0.99
    found = after.answer()[0]
    assert math.hypot(found.x - SOURCE[0], found.y - SOURCE[1]) < 60.0
    assert shape(found.region90).contains(Point(SOURCE[:2]))
    low, _, high = found.emission_rate
    assert low < SOURCE[3] < high


def test_clean_air_makes_a_source_less_probable(
    flight: Callable[..., Any], setting: Setting, rows: Any
) -> None:
    made = flight(rows)
    before = start(setting, 1)
    after = before.updated(made.readings, made.wind)
    assert after.probability < 0.6 * before.probability
    assert after.answer() == ()
    there = after.map
    # what lies upwind of the rows was searched, the corner behind them was not
    seen = there.density[:, there.x < 0.0].mean()
    assert seen < there.density.mean()


def test_the_map_holds_the_expected_number(after: Belief) -> None:
    there = after.map
    cell = (there.x[1] - there.x[0]) * (there.y[1] - there.y[0])
    expected = sum(slot.probability for slot in after.slots)
    assert there.density.sum() * cell == pytest.approx(expected, rel=1e-6)


def test_an_update_leaves_the_old_belief_and_repeats(
    flight: Callable[..., Any], setting: Setting, rows: Any
) -> None:
    made = flight(rows[:1], [SOURCE])
    before = start(setting, 3)
    log_weight = before.slots[0].cloud.log_weight.copy()
    once = before.updated(made.readings, made.wind)
    again = before.updated(made.readings, made.wind)
    assert before.readings == 0
    np.testing.assert_array_equal(before.slots[0].cloud.log_weight, log_weight)
    assert once.probability == again.probability


def test_batches_end_near_where_one_batch_ends(
    flight: Callable[..., Any], setting: Setting, rows: Any
) -> None:
    whole = flight(rows, [SOURCE], seed=5)
    belief = start(setting, 1)
    edges = [0, 40, 90, 130, whole.n]
    for a, b in itertools.pairwise(edges):
        part = _cut(whole.readings, slice(a, b))
        belief = belief.updated(part, whole.wind)
    one = start(setting, 1).updated(whole.readings, whole.wind)
    spread = math.hypot(one.slots[0].cloud.spread, belief.slots[0].cloud.spread)
    apart = belief.slots[0].cloud.middle - one.slots[0].cloud.middle
    assert float(np.hypot(*apart)) < 2.0 * spread


def _cut(obs: Any, rows: slice) -> Any:
    from dataclasses import fields, replace

    arrays = {
        f.name: getattr(obs, f.name)[rows]
        for f in fields(obs)
        if isinstance(getattr(obs, f.name), np.ndarray)
    }
    return replace(obs, **arrays)


def test_old_readings_are_refused(flight: Callable[..., Any], setting: Setting, rows: Any) -> None:
    made = flight(rows[:1])
    belief = start(setting, 1).updated(made.readings, made.wind)
    with pytest.raises(BadInput, match="not later"):
        belief.updated(made.readings, made.wind)


def test_without_wind_nothing_is_believed(
    flight: Callable[..., Any], setting: Setting, rows: Any
) -> None:
    from dataclasses import fields, replace

    made = flight(rows[:1])
    none = replace(
        made.wind,
        **{
            f.name: getattr(made.wind, f.name)[:0]
            for f in fields(made.wind)
            if f.name != "measurement_height"
        },
    )
    with pytest.raises(BadInput, match="no wind record"):
        start(setting, 1).updated(made.readings, none)


def test_one_spike_is_no_source(flight: Callable[..., Any], setting: Setting, rows: Any) -> None:
    made = flight(rows)
    made.readings.concentration[70] += 1e-7
    assert start(setting, 1).updated(made.readings, made.wind).probability < 0.9
