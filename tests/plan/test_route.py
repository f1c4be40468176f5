"""A battery lasts for every sortie, nothing between two of them is left out, and all comes home."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.errors import BadInput
from barlovento.plan.coverage import lay_legs
from barlovento.plan.route import Manner, remaining, split_at_batteries
from barlovento.plan.sight_lines import visible_from

AREA = shapely.box(500, 500, 3500, 2500)
BASE = (0.0, 0.0)


def manner(endurance: float = 1500.0, wind: tuple[float, float] = (0.0, 0.0)) -> Manner:
    return Manner(
        airspeed=12.0,
        climb_rate=4.0,
        descent_rate=3.0,
        turn_radius=0.0,
        height=40.0,
        endurance=endurance,
        wind=wind,
        overlap=50.0,
    )


def coverage(area: object = AREA, heading: float = 90.0) -> object:
    return lay_legs(area, heading_deg=heading, spacing=200.0, turn_radius=0.0)


def test_time_along_a_leg_is_the_wind_triangle() -> None:
    # 12 through the air, 5 from the side: sqrt(144 - 25) over ground; 3 behind: 15.
    crossing = manner(wind=(0.0, 5.0)).seconds((0, 0), (1000, 0))
    pushed = manner(wind=(3.0, 0.0)).seconds((0, 0), (1500, 0))
    assert float(crossing) == pytest.approx(1000 / math.sqrt(119))
    assert float(pushed) == pytest.approx(100.0)
    assert math.isinf(manner(wind=(-12.0, 0.0)).seconds((0, 0), (1000, 0)))


@settings(max_examples=10, deadline=None)
@given(
    endurance=st.floats(900, 4000),
    angle=st.floats(0, math.tau),
    speed=st.floats(0, 7),
    heading=st.floats(0, 180),
)
def test_sorties_keep_to_the_battery_and_fly_every_leg(
    endurance: float, angle: float, speed: float, heading: float
) -> None:
    how = manner(endurance, (speed * math.cos(angle), speed * math.sin(angle)))
    laid = coverage(heading=heading)
    try:
        sorties = split_at_batteries(laid, how, base=BASE)
    except BadInput:
        # 4.3 km there and back against the worst of the wind.
        assert endurance < 2 * 4400 / (12 - speed) + 100
        return
    for path in sorties:
        assert path.duration <= endurance + 1e-6
        assert (np.diff(path.seconds) > 0).all()
        assert path.places[0] == pytest.approx(BASE)
        assert path.places[-1] == pytest.approx(BASE)
        assert path.heights[0] == path.heights[-1] == 0.0
    legs = shapely.MultiLineString([list(leg) for path in sorties for leg in path.legs()])
    wanted = [
        pair
        for pair, leg in zip(
            zip(laid.waypoints[:-1], laid.waypoints[1:], strict=True), laid.sensing, strict=True
        )
        if leg
    ]
    missing = shapely.MultiLineString(wanted).difference(legs.buffer(0.5))
    assert missing.length < 1e-6
    flown = sum(path.leg_length for path in sorties)
    # Overlap: no more than 50 m at each change.
    assert flown <= laid.leg_length + 50.0 * (len(sorties) - 1) + 1e-3


def test_too_short_a_battery_and_too_much_wind_are_refused() -> None:
    with pytest.raises(BadInput, match="too short"):
        split_at_batteries(coverage(), manner(endurance=100.0), base=BASE)
    with pytest.raises(BadInput, match="wind"):
        split_at_batteries(coverage(), manner(wind=(0.0, -13.0)), base=BASE)


def test_what_was_not_flown_can_be_resumed() -> None:
    path = split_at_batteries(coverage(), manner(), base=BASE)[0]
    rest = remaining(path, 0.5 * path.duration)
    assert rest is not None
    here = path.at([0.5 * path.duration])[0, :2]
    assert np.hypot(*(rest.waypoints[0] - here)) <= 50.0 + 1e-6
    flown = float(np.hypot(*np.diff(path.places, axis=0)[path.sensing].T).sum())
    assert 0 < rest.leg_length < flown
    assert remaining(path, path.duration) is None
    whole = remaining(path, 0.0)
    assert whole is not None
    assert whole.leg_length == pytest.approx(flown)
    resumed = split_at_batteries(rest, manner(), base=BASE)
    assert sum(p.leg_length for p in resumed) == pytest.approx(rest.leg_length)


def test_what_lies_behind_a_hole_is_not_seen_from_the_base() -> None:
    room = shapely.box(0, 0, 1000, 1000).difference(shapely.box(400, 400, 600, 600))
    seen = visible_from(room, (100.0, 500.0))
    assert not seen.intersects(shapely.Point(900, 500))
    assert seen.contains(shapely.Point(500, 800))
    # Behind a box 200 m wide, 300 m away, the shadow opens as 1 to 3 on both sides; by hand:
    # from x = 400 to 1000 it is 200 to 600 m wide, less the box itself.
    shadow = 0.5 * (200 + 600) * 600 - 200 * 200
    assert seen.area == pytest.approx(1e6 - 200 * 200 - shadow, rel=1e-3)


@settings(max_examples=10, deadline=None)
@given(x=st.floats(10, 990), y=st.floats(10, 990), px=st.floats(0, 1000), py=st.floats(0, 1000))
def test_seen_means_a_free_straight_way(x: float, y: float, px: float, py: float) -> None:
    hole = shapely.Polygon([(300, 300), (700, 350), (500, 420), (650, 800), (320, 600)])
    room = shapely.box(0, 0, 1000, 1000).difference(hole)
    seen = visible_from(room, (x, y))
    if not room.contains(shapely.Point(x, y)):
        return
    way = shapely.LineString([(x, y), (px, py)])
    if seen.buffer(-1.0).intersects(shapely.Point(px, py)):
        assert room.buffer(1e-6).covers(way)
    if not seen.buffer(1.0).intersects(shapely.Point(px, py)):
        assert not room.buffer(-1e-6).covers(way)
