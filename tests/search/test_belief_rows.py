"""Rows of readings: noise, level, and neighbours that become one in a long search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from barlovento.search import belief_likelihood as columns
from barlovento.search import belief_record as record_of
from barlovento.search import belief_rows as rows_of
from barlovento.search.belief import Setting


def test_noise_and_level_are_those_that_were_put_in(flight: Callable[..., Any], rows: Any) -> None:
    made = flight(rows, [(-40.0, 30.0, 2.0, 2e-4)])
    record = record_of.taken_in(record_of.no_record(), made.readings, 0.0)
    noise = record_of.noise_of(record, None)
    # .5 ug m-3 about 3 ug m-3, see the fixture
    assert noise[0] == pytest.approx(0.5, rel=0.4)
    level, sd = record_of.level_at(record.end, record.value, 0.5, float(record.end.mean()), 60.0)
    assert abs(level - 3.0) < 3.0 * sd
    assert sd < 0.5


def test_a_lag_moves_places_back_along_the_path(flight: Callable[..., Any], rows: Any) -> None:
    made = flight(rows[:1])
    plain = record_of.taken_in(record_of.no_record(), made.readings, 0.0)
    late = record_of.taken_in(record_of.no_record(), made.readings, 2.0)
    # 10 m/s northwards: two seconds are 20 m
    assert late.y - plain.y == pytest.approx(-20.0, abs=0.5)


def test_neighbours_become_one(flight: Callable[..., Any], setting: Setting, rows: Any) -> None:
    made = flight(rows)
    record = record_of.taken_in(record_of.no_record(), made.readings, 0.0)
    packed, _ = rows_of.packed(
        record, np.arange(len(record)), made.wind, rows_of.no_air(setting.area), setting.area,
        None, None, float(record.start[0]),
    )  # fmt: skip
    half, one, two = rows_of.halved(packed)
    assert len(half.rows) < 0.6 * len(packed.rows)
    alone = one == two
    assert alone.sum() + 2 * (~alone).sum() == len(packed.rows)
    assert half.rows[:, columns.EXCESS] == pytest.approx(
        0.5 * (packed.rows[one] + packed.rows[two])[:, columns.EXCESS]
    )
    # the mean of two has half the variance
    assert half.rows[~alone, columns.VARIANCE] == pytest.approx(
        0.5 * packed.rows[one[~alone], columns.VARIANCE]
    )
    assert half.seg_start[-1] == len(half.rows)
    assert (np.diff(half.seg_start) > 0).all()
