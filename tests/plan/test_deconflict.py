"""The closest approach is exact, conflicts are what dense sampling finds, and delays solve them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.errors import BadInput
from barlovento.plan.deconflict import (
    Separation,
    Track4,
    closest_approach,
    conflict,
    least_delay,
    traffic,
)

APART = Separation(apart=200.0, above=30.0)


def straight(
    name: str, begin: tuple[float, float, float], end: tuple[float, float, float]
) -> Track4:
    return Track4(name=name, seconds=np.array([0.0, 100.0]), places=np.array([begin, end]))


def test_crossing_ways_meet_in_the_middle() -> None:
    a = straight("a", (-1000, 0, 50), (1000, 0, 50))
    b = straight("b", (0, -1000, 60), (0, 1000, 60))
    near = closest_approach(a, b)
    assert near is not None
    assert (near.second_of, near.apart, near.above) == pytest.approx((50.0, 0.0, 10.0))
    # One that is 10 s later (200 m back) passes at 200 / sqrt 2.
    late = Track4(name="b", seconds=b.seconds + 10.0, places=b.places)
    found = closest_approach(a, late)
    assert found is not None
    assert found.apart == pytest.approx(200 / math.sqrt(2))


def test_height_alone_keeps_apart_and_so_does_time() -> None:
    a = straight("a", (-1000, 0, 50), (1000, 0, 50))
    above = straight("b", (0, -1000, 85), (0, 1000, 85))
    level = straight("b", (0, -1000, 70), (0, 1000, 70))
    later = Track4(name="b", seconds=level.seconds + 200.0, places=level.places)
    assert conflict(a, above, APART) is None
    assert conflict(a, level, APART) is not None
    assert conflict(a, later, APART) is None
    sloppy = Track4(name="a", seconds=a.seconds, places=a.places, height_margin=6.0)
    assert conflict(sloppy, above, APART) is not None
    unsure = Track4(name="b", seconds=later.seconds, places=later.places, time_margin=195.0)
    # 5 s between them are 100 m of way, 71 m apart; 50 s are 707 m.
    assert conflict(a, unsure, APART) is not None
    assert conflict(a, replace(unsure, time_margin=150.0), APART) is None


def test_waiting_solves_it() -> None:
    a = straight("a", (-1000, 0, 50), (1000, 0, 50))
    b = straight("b", (0, -1000, 50), (0, 1000, 50))
    delay = least_delay(b, [a], APART, most=300.0, step=5.0)
    assert delay is not None
    # Relative speed 20 sqrt 2, apart d sqrt(2) / 2 * 20 / 20: needs 200 sqrt 2 / 20 = 14.1 s.
    assert delay == 15.0
    assert least_delay(b, [a], APART, most=10.0, step=5.0) is None


def test_live_traffic_goes_straight_on() -> None:
    own = straight("own", (0, 0, 100), (2000, 0, 100))
    other = traffic(
        "helicopter",
        (1000, -3000, 120),
        (0, 60, 0),
        seen_at=0.0,
        until=90.0,
        spread=100.0,
        height_spread=30.0,
    )
    near = conflict(own, other, APART)
    assert near is not None
    assert 40 < near.second_of < 60
    with pytest.raises(BadInput, match="Swap"):
        traffic("x", (0, 0, 0), (0, 0, 0), seen_at=5, until=5, spread=0, height_spread=0)


def test_a_track_that_stands_still_in_time_is_refused() -> None:
    with pytest.raises(BadInput, match="rising"):
        Track4(name="a", seconds=np.array([0.0, 0.0]), places=np.zeros((2, 3)))


places = st.tuples(st.floats(-900, 900), st.floats(-900, 900), st.floats(20, 120))


@settings(max_examples=25, deadline=None)
@given(
    one=st.lists(places, min_size=2, max_size=5),
    two=st.lists(places, min_size=2, max_size=5),
    shift=st.floats(-80, 80),
)
def test_conflicts_are_those_of_dense_sampling(
    one: list[tuple[float, float, float]], two: list[tuple[float, float, float]], shift: float
) -> None:
    a = Track4(name="a", seconds=np.arange(len(one)) * 60.0, places=np.array(one))
    b = Track4(name="b", seconds=np.arange(len(two)) * 45.0 + shift, places=np.array(two))
    begin, end = max(a.seconds[0], b.seconds[0]), min(a.seconds[-1], b.seconds[-1])
    found = conflict(a, b, APART)
    if begin > end:
        assert found is None
        return
    times = np.linspace(begin, end, 4000)

    def at(track: Track4) -> np.ndarray:
        return np.stack([np.interp(times, track.seconds, c) for c in track.places.T], axis=1)

    gap = at(a) - at(b)
    side, height = np.hypot(gap[:, 0], gap[:, 1]), np.abs(gap[:, 2])
    if ((side < 199.0) & (height < 29.8)).any():
        assert found is not None
    if not ((side < 201.0) & (height < 30.2)).any():
        assert found is None
    near = closest_approach(a, b)
    assert near is not None
    assert near.apart <= side.min() + 1e-6
    assert near.apart >= side.min() - 2.0
